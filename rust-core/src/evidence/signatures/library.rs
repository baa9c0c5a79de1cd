//! The packs of one analysis: which of them has a package, and for which release and system.

use crate::report::Source;
use crate::signature::pack::{Block, Definition, Listed, Pack, System};
use foldhash::{HashMap, HashMapExt};
use std::rc::Rc;

/// How well a pack's system fits the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    /// Another minor version, system or machine.
    Far,
    /// Another patch release of the same minor version.
    Near,
    /// The same release, system and machine; of a module its very version.
    Exact,
}

/// What a program was built for.
#[derive(Debug, Clone)]
pub(super) struct Target<'a> {
    /// `go1.24.11`.
    pub(super) release: &'a str,
    /// The minor version.
    pub(super) minor: u16,
    /// `GOOS`.
    pub(super) os: &'a str,
    /// `GOARCH`.
    pub(super) arch: &'a str,
    /// Bytes in a word.
    pub(super) ptr_size: u32,
}

/// A pack and the system of it that fits best.
struct Used<'d> {
    pack: Pack<'d>,
    system: usize,
    fit: Fit,
    source: Source,
}

/// A package that was looked at.
pub(super) struct Loaded {
    /// Its import path.
    pub(super) path: String,
    /// Its name.
    pub(super) name: String,
    /// How well its system fits.
    pub(super) fit: Fit,
    /// The standard library, or a module.
    pub(super) source: Source,
    block: Rc<Block>,
    pack: usize,
}

/// Number of a [`Loaded`] package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct PackageId(usize);

/// All packs.
pub(super) struct Library<'d> {
    packs: Vec<Used<'d>>,
    loaded: Vec<Loaded>,
    by_path: HashMap<String, Option<PackageId>>,
}

impl<'d> Library<'d> {
    /// A library for a program.
    pub(super) fn new() -> Self {
        Library { packs: Vec::new(), loaded: Vec::new(), by_path: HashMap::new() }
    }

    /// Adds a pack; earlier ones have precedence. Says how well it fits, `None` when it is not for this word size.
    pub(super) fn add(&mut self, pack: Pack<'d>, target: &Target<'_>) -> Option<Fit> {
        let distance = |s: &System| minor(&s.release).map_or(u16::MAX, |own| own.abs_diff(target.minor));
        let systems = pack.systems.iter().enumerate().filter(|(_, s)| word(&s.arch) == target.ptr_size);
        // Of systems that do not fit, Linux is closest to most.
        let (system, chosen) =
            systems.min_by_key(|(_, s)| (distance(s), s.arch != target.arch, s.os != target.os, s.os != "linux"))?;
        let of_modules = !pack.modules.is_empty();
        let fit = match () {
            () if chosen.os != target.os || chosen.arch != target.arch => Fit::Far,
            () if of_modules || chosen.release == target.release => Fit::Exact,
            () if distance(chosen) == 0 => Fit::Near,
            () => Fit::Far,
        };
        let source = if of_modules { Source::Module } else { Source::Std };
        self.packs.push(Used { pack, system, fit, source });
        Some(fit)
    }

    /// The package with this path, read when it is first asked for.
    pub(super) fn package(&mut self, path: &str) -> Option<PackageId> {
        if let Some(known) = self.by_path.get(path) {
            return *known;
        }
        let found = self.load(path);
        self.by_path.insert(path.to_string(), found);
        found
    }

    fn load(&mut self, path: &str) -> Option<PackageId> {
        let (pack, used, listed) = self.packs.iter().enumerate().find_map(|(i, used)| {
            let listed: &Listed = used.pack.packages.get(path)?;
            Some((i, used, listed))
        })?;
        let block = Rc::new(used.pack.block(listed)?);
        let (fit, source) = (used.fit, used.source);
        self.loaded.push(Loaded { path: path.to_string(), name: listed.name.clone(), fit, source, block, pack });
        Some(PackageId(self.loaded.len() - 1))
    }

    /// What was looked at.
    pub(super) fn get(&self, id: PackageId) -> &Loaded {
        &self.loaded[id.0]
    }

    /// The package's block.
    pub(super) fn block(&self, id: PackageId) -> Rc<Block> {
        self.get(id).block.clone()
    }

    /// What a name is in a package, in the system that fits.
    pub(super) fn find(&self, id: PackageId, name: &str) -> Option<Definition> {
        let loaded = self.get(id);
        let used = self.packs.get(loaded.pack)?;
        loaded.block.find(name, |set| used.pack.has(set, used.system))
    }
}

/// Bytes in a word of a machine.
fn word(arch: &str) -> u32 {
    crate::arch::Arch::from_name(arch).map_or(8, |arch| arch.ptr_size())
}

/// Minor version of `go1.24.11`.
fn minor(release: &str) -> Option<u16> {
    release.strip_prefix("go1.")?.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}
