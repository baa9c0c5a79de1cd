//! What the Go runtime left in the binary: version, functions, types, read from pclntab and moduledata.
//!
//! Byte layouts differ by Go version. Each is an ordered field list with version ranges ([`layout`]), offsets fall out of
//! it, and the choice is confirmed against the bytes, so an unknown future version degrades with a note.

pub mod arg_info;
pub mod buildinfo;
pub mod func_id;
pub mod funcdata;
mod infer;
pub mod itab;
pub mod layout;
pub mod methods;
pub mod moduledata;
pub mod pclntab;
pub mod pcvalue;
pub mod rtype;
pub mod stack_maps;
pub mod symbol_name;
pub mod version;

pub use buildinfo::BuildInfo;
pub use func_id::FuncId;
pub use funcdata::{FuncData, PcData};
pub use moduledata::ModuleData;
pub use pclntab::{Func, FuncFlags, Pclntab};
pub use version::{Version, VersionSource};

use crate::error::{Error, Result};
use crate::image::Image;
use pclntab::{Header, RecordLayout, Span};

/// The runtime's metadata, without types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// The version that built the file.
    pub version: Version,
    /// The build info, empty if there is none.
    pub build: BuildInfo,
    /// The function table.
    pub pclntab: Pclntab,
    /// Modules, the program's own first; none before Go 1.5 or if it was destroyed.
    pub modules: Vec<ModuleData>,
    /// Whether an obfuscator was at work.
    pub obfuscated: bool,
    /// What was not possible or does not fit.
    pub notes: Vec<String>,
}

/// A function table with all that confirms it.
struct Found {
    header: Header,
    layout: RecordLayout,
    modules: Vec<ModuleData>,
    span: Span,
}

impl Metadata {
    /// Reads version, functions and modules. Fails when neither a function table nor another trace of Go is there.
    pub fn read(image: &Image) -> Result<Metadata> {
        let build = buildinfo::read(image);
        let named = Found::best(image, pclntab::named(image));
        let scan = || Found::best(image, pclntab::scan(image)).filter(|found| found.is_own(image));
        let best = if named.as_ref().is_some_and(Found::is_confirmed) { named } else { scan().or(named) };
        match (best, build) {
            (Some(found), build) => Ok(found.metadata(image, build.unwrap_or_default())),
            (None, Some(build)) => Ok(Metadata::without_functions(build)),
            (None, None) => {
                Err(Error::NotGo { reason: "no function table (pclntab) and no build info were found".to_owned() })
            }
        }
    }

    fn without_functions(build: BuildInfo) -> Metadata {
        Metadata {
            version: build.version().unwrap_or(Version::inferred(0, layout::OPEN)),
            build,
            pclntab: Pclntab::none(),
            modules: Vec::new(),
            obfuscated: false,
            notes: vec![
                "build info, but no function table (pclntab): the program is packed or damaged, or carries another"
                    .to_owned(),
            ],
        }
    }

    /// The function that the closure of a `go` or `defer` statement calls (FUNCDATA_WrapInfo, Go 1.18).
    pub fn wrapped(&self, image: &Image, func: &Func) -> Option<u64> {
        let offset = image.u32(self.pclntab.funcdata(image, func, FuncData::WrapInfo)?)?;
        Some(self.module()?.text_addr(offset))
    }

    /// The program's own moduledata.
    pub fn module(&self) -> Option<&ModuleData> {
        self.modules.first()
    }
}

impl Found {
    /// Of several tables (a program may carry others as data) the one that a moduledata points at, or the largest.
    fn best(image: &Image, headers: Vec<Header>) -> Option<Found> {
        let spans: Vec<(Header, Span)> =
            headers.into_iter().filter_map(|h| Some((h.layout(image)?.1, h)).map(|(s, h)| (h, s))).collect();
        let mut modules = moduledata::find(image, &spans);
        let rank = |(header, _): &(Header, Span)| {
            (modules.iter().any(|m| m.header == header.addr), header.known_magic, header.count)
        };
        let (header, span) = spans.into_iter().max_by_key(rank)?;
        let (layout, _) = header.layout(image)?;
        let own = modules.iter().position(|m| m.header == header.addr).map(|i| modules.swap_remove(i));
        let (modules, span) = own.map_or((Vec::new(), span), |own| (own.all, own.span));
        Some(Found { header, layout, modules, span })
    }

    /// Whether there is a moduledata, or none to expect.
    fn is_confirmed(&self) -> bool {
        !self.modules.is_empty() || moduledata::NONE.and(self.span).is_some()
    }

    /// Whether the table is this program's, and not of one that it carries as data: a moduledata points at it, or its
    /// functions are code and one of them is the entry point (or there is none, or no moduledata to expect).
    fn is_own(&self, image: &Image) -> bool {
        if !self.modules.is_empty() {
            return true;
        }
        let stored = || self.header.text_start.unwrap_or_else(|| guess_text(image, &self.header));
        let text = if self.header.is_relative { stored() } else { 0 };
        let tab = image.reader(self.header.functab);
        let pc = |i| self.header.functab_entry(image, tab, i).map(|(pc, _)| text.wrapping_add(pc));
        let is_code = pc(0).is_some_and(|entry| image.is_exec(entry));
        let is_started = || image.entry == 0 || (0..self.header.count).any(|i| pc(i) == Some(image.entry));
        is_code && (self.is_confirmed() || is_started())
    }

    /// The versions that header, records and moduledata (or that there is none) allow.
    fn span(&self) -> Span {
        let early = moduledata::NONE.and(self.span).filter(|_| self.modules.is_empty());
        early.unwrap_or(self.span)
    }

    fn metadata(self, image: &Image, build: BuildInfo) -> Metadata {
        let mut notes = Vec::new();
        let span = self.span();
        let module = self.modules.first();
        let text = module.map(|m| m.text).or(self.header.text_start);
        if !self.header.known_magic {
            notes.push(format!("pclntab: magic number {:#010x} is not Go's; found by structure", self.header.magic));
        }
        if !self.is_confirmed() {
            notes.push("moduledata was not found: types, and tables that refer to it, are missing".to_owned());
        }
        if self.header.is_relative && text.is_none() {
            notes.push("the start of text is not stored: function addresses are inferred".to_owned());
        }
        let text = text.unwrap_or_else(|| guess_text(image, &self.header));
        let address = |offset| module.map_or(text.wrapping_add(u64::from(offset)), |m| m.text_addr(offset));
        let known_magic = self.header.known_magic;
        let mut pclntab = Pclntab::read(image, self.header, self.layout, address);
        if pclntab.damaged > 0 {
            notes.push(format!("pclntab: {} function records are damaged", pclntab.damaged));
        }
        let span = infer::narrow(span, &pclntab);
        let obfuscated = !known_magic || build.go_version == "unknown";
        let by_names = || if obfuscated { span } else { infer::by_names(image, span, &pclntab) };
        let version = settle_version(image, &build, span, by_names, &mut notes);
        pclntab.settle(image, version.minor(), module);
        Metadata { version, build, pclntab, modules: self.modules, obfuscated, notes }
    }
}

/// The stored version if the structure can be of it, or else what structure and names allow.
fn settle_version(
    image: &Image,
    build: &BuildInfo,
    span: Span,
    by_names: impl Fn() -> Span,
    notes: &mut Vec<String>,
) -> Version {
    let stored = build.version().or_else(|| version::build_version(image, span));
    let misfit = match stored {
        Some(stored) if span.and(Span { min: stored.min, max: stored.max }).is_some() => return stored,
        stored => stored.map(|stored| stored.text),
    };
    let Span { min, max } = by_names();
    let inferred = Version::inferred(min, max);
    notes.extend(
        misfit.map(|text| format!("the version is given as {text}, the structure is that of {}", inferred.text)),
    );
    inferred
}

/// Where text may start when nothing says so: the place from which the program's entry point is a function's entry.
fn guess_text(image: &Image, header: &Header) -> u64 {
    let named = ["runtime.text"].iter().filter_map(|name| image.symbol(name)).map(|s| s.addr);
    let sections = image.section(".text").map(|s| s.addr);
    let segments = image.segments.iter().filter(|s| s.exec).map(|s| s.addr);
    let pages = segments.clone().map(|addr| addr.saturating_add(0x1000));
    let all: Vec<u64> = named.chain(sections).chain(segments).chain(pages).collect();
    let tab = image.reader(header.functab);
    let offsets = (0..header.count).filter_map(|i| header.functab_entry(image, tab, i)).map(|(pc, _)| pc);
    let wanted: Vec<u64> = all.iter().map(|text| image.entry.wrapping_sub(*text)).collect();
    let hit = offsets.filter_map(|pc| wanted.iter().position(|w| *w == pc)).min();
    hit.or(Some(0)).and_then(|i| all.get(i)).copied().unwrap_or(image.base)
}
