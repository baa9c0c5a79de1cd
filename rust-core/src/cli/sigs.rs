//! `goabi sigs`: signature packs. The Go command gets modules and reads them; goabi only asks it to.

mod cache;
mod go;
mod wanted;

use super::analysis::Input;
use super::args::{Build, List, Sigs, Verify};
use super::exit::{Exit, Failure, printable};
use super::input;
use super::output::Output;
use super::progress::Progress;
use crate::report::Pack as Status;
use crate::signature::pack::Pack;
use crate::{Observer, Options};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wanted::Wanted;

pub(super) fn run(args: &Sigs) -> Exit {
    let done = match args {
        Sigs::Build(args) => build(args),
        Sigs::List(args) => list(args),
        Sigs::Verify(args) => verify(args),
    };
    done.map_or_else(Failure::report, |()| Exit::Done)
}

/// What was fetched for one binary.
pub(super) struct Fetched {
    /// The pack's contents, `None` when no module could be had.
    pub(super) pack: Option<Arc<[u8]>>,
    /// Modules that are not in it, and why.
    pub(super) missing: Vec<Status>,
}

/// The pack of the modules that a binary names, from the cache or made now.
pub(super) fn fetch(input: &Input, options: &Options) -> Result<Fetched, Failure> {
    let wanted = Wanted::of(&names(input, options)?);
    make(wanted, None).map(|(made, missing)| Fetched { pack: made.map(|(_, data)| data.into()), missing })
}

/// What a binary says of itself; nothing else is needed of this analysis.
fn names(input: &Input, options: &Options) -> Result<crate::report::Report, Failure> {
    let quick = Options { dwarf: false, signatures: false, evidence: false, only: None, ..options.clone() };
    input.analyse(&quick)
}

type Made = (PathBuf, Vec<u8>);

/// Takes a pack from the cache, or makes it and puts it there; `output` is where it goes instead.
fn make(mut wanted: Wanted, output: Option<&Path>) -> Result<(Option<Made>, Vec<Status>), Failure> {
    if wanted.modules.is_empty() {
        return Ok((None, wanted.missing));
    }
    let cached = cache::file(&wanted.key());
    let kept =
        cached.as_ref().filter(|_| output.is_none()).and_then(|file| Some((file.clone(), std::fs::read(file).ok()?)));
    if let Some((file, data)) = kept.filter(|(_, data)| Pack::is_whole(data)) {
        wanted.note_absent(&data);
        return Ok((Some((file, data)), wanted.missing));
    }
    let place = output.map(Path::to_path_buf).or(cached);
    let place = place.ok_or_else(|| Failure::usage("there is no cache folder: say where the pack goes with -o"))?;
    let progress = Progress::new("signatures");
    progress.progress("fetching modules", 0, wanted.modules.len());
    let folders = go::download(&mut wanted)?;
    if folders.is_empty() {
        return Ok((None, wanted.missing));
    }
    progress.progress("reading sources", 0, folders.len());
    let data = go::generate(&wanted, &folders)?;
    if let Some(folder) = place.parent().filter(|_| output.is_none()) {
        // What cannot be kept is made again next time.
        let _ = std::fs::create_dir_all(folder);
    }
    Output::open(&place)?.write(|out| out.write_all(&data))?;
    Ok((Some((place, data)), wanted.missing))
}

fn build(args: &Build) -> Result<(), Failure> {
    let wanted = match args.what.as_slice() {
        [file] if Path::new(file).exists() => {
            let analysis = super::args::Analysis::default();
            let input = Input::read(Path::new(file), &analysis)?;
            Wanted::of(&names(&input, &analysis.options()?)?)
        }
        modules => Wanted::modules(modules, &args.system).map_err(Failure::usage)?,
    };
    let (made, missing) = make(wanted, args.output.as_deref())?;
    let none = made.is_none();
    Output::open(Path::new("-"))?.write(|out| {
        if let Some((path, data)) = &made {
            writeln!(out, "{}", printable(&path.display().to_string()))?;
            Pack::read(data).map_or(Ok(()), |pack| describe(&pack, out))?;
        }
        missing.iter().try_for_each(|m| {
            writeln!(out, "missing  {}", printable(&format!("{} {}: {}", m.module, m.version, m.status)))
        })
    })?;
    if none { Err(Failure::new("sigs", "no module to make a pack of")) } else { Ok(()) }
}

/// Systems, modules and size of a pack.
fn describe(pack: &Pack<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut line = |name: &str, text: String| writeln!(out, "{name:<8} {}", printable(&text));
    for system in &pack.systems {
        line("system", format!("{} {}/{}", system.release, system.os, system.arch))?;
    }
    pack.modules.iter().try_for_each(|(path, version)| line("module", format!("{path} {version}")))?;
    line("packages", pack.packages.len().to_string())
}

fn list(args: &List) -> Result<(), Failure> {
    let files = match &args.pack {
        Some(file) => vec![file.clone()],
        None => cache::all(),
    };
    let mut text = Vec::new();
    for file in &files {
        let data = checked(file)?;
        let Some(pack) = Pack::read(&data) else { continue };
        let written = match &args.package {
            Some(package) => entries(&pack, package, &mut text),
            None => {
                writeln!(text, "{}", printable(&file.display().to_string())).and_then(|()| describe(&pack, &mut text))
            }
        };
        written.map_err(|error| Failure::new(input::label(file), error))?;
    }
    Output::open(Path::new("-"))?.write(|out| out.write_all(&text))
}

/// The names that a pack has of a package.
fn entries(pack: &Pack<'_>, package: &str, out: &mut dyn Write) -> io::Result<()> {
    let block = pack.packages.get(package).and_then(|listed| pack.block(listed));
    let block = block.ok_or_else(|| io::Error::other(format!("no package {package}")))?;
    block.starting("", |_| true).try_for_each(|(name, def)| {
        let what = if def.flags.is_type() { "type" } else { "func" };
        writeln!(out, "{what} {}", printable(name))
    })
}

fn verify(args: &Verify) -> Result<(), Failure> {
    args.packs.iter().try_for_each(|file| checked(file).map(drop))
}

/// The contents of a pack that is whole.
fn checked(file: &Path) -> Result<Vec<u8>, Failure> {
    let data = input::read(file)?;
    let readable = Pack::read(&data).is_some_and(|pack| pack.packages.values().all(|p| pack.block(p).is_some()));
    if Pack::is_whole(&data) && readable {
        return Ok(data);
    }
    Err(Failure::new(input::label(file), "not a signature pack, or a damaged one"))
}
