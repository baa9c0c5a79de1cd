//! moduledata: where everything else is. There is one per module, which usually means per file.
//!
//! Source: `runtime/symtab.go`; writer in `cmd/link/internal/ld/symtab.go`. There is none before Go 1.5.

mod fields;

use super::layout::changes;
use super::pclntab::{Header, Span};
use crate::image::Image;
use crate::limits::{MAX_CANDIDATES, MAX_MODULES};
use fields::{MODULE, View};

/// The versions that have one, and those that don't.
const SOME: Span = Span { min: 5, max: super::layout::OPEN };
pub(super) const NONE: Span = Span { min: 0, max: 4 };

/// Sections that are a moduledata and nothing else (Go 1.26 and later).
const SECTION: &str = ".go.module";

/// Start and end of a range of addresses.
pub type Bounds = (u64, u64);

/// A part of text that was moved by the linker. There is one part unless text is huge or linked externally.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextSection {
    /// Offset of its start, as functab and method tables count.
    pub start: u64,
    /// Offset of its end.
    pub end: u64,
    /// Address of its start.
    pub addr: u64,
}

/// One module's moduledata. Fields that a version lacks are 0 or `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleData {
    /// Where it is.
    pub addr: u64,
    /// Start of Go text; text offsets are from here.
    pub text: u64,
    /// End of Go text.
    pub etext: u64,
    /// First function.
    pub minpc: u64,
    /// End of the last function.
    pub maxpc: u64,
    /// Type, name and method offsets are from here (Go 1.7).
    pub types: u64,
    /// End of types.
    pub etypes: u64,
    /// Stack object offsets are from here (Go 1.18).
    pub rodata: u64,
    /// FUNCDATA offsets are from here (Go 1.18).
    pub gofunc: u64,
    /// Address and number of type links: pointers in Go 1.5 and 1.6, then 32-bit offsets from `types`, none from 1.27.
    pub typelinks: Option<(u64, u64)>,
    /// Address and number of itab pointers (Go 1.7 to 1.26).
    pub itablinks: Option<(u64, u64)>,
    /// Bytes of type descriptors behind `types` (Go 1.27).
    pub type_desc_len: Option<u64>,
    /// Address and bytes of the itabs, which lie side by side (Go 1.27).
    pub itabs: Option<(u64, u64)>,
    /// Data without pointers.
    pub noptrdata: Bounds,
    /// Data.
    pub data: Bounds,
    /// Zeroed data.
    pub bss: Bounds,
    /// Zeroed data without pointers.
    pub noptrbss: Bounds,
    /// Parts of text.
    pub text_sections: Vec<TextSection>,
    /// Name of a shared module; empty for a program.
    pub name: String,
    /// Address of the next module's, or 0.
    pub next: u64,
}

impl ModuleData {
    /// The address at an offset from the start of text.
    pub fn text_addr(&self, offset: u32) -> u64 {
        let offset = u64::from(offset);
        let moved = if self.text_sections.len() > 1 { self.text_section(offset) } else { None };
        moved.map_or(self.text.wrapping_add(offset), |s| s.addr.wrapping_add(offset - s.start))
    }

    /// The section that an offset is in. The end of text belongs to the last one, as `runtime.textAddr` has it.
    fn text_section(&self, offset: u64) -> Option<&TextSection> {
        let index = self.text_sections.partition_point(|s| s.start <= offset).checked_sub(1)?;
        let last = index + 1 == self.text_sections.len();
        let inside = |s: &&TextSection| s.start <= offset && (offset < s.end || last && offset == s.end);
        self.text_sections.get(index).filter(inside)
    }
}

/// The moduledata at `addr` in the layout that fits best, with all versions of `span` that fit as well as it.
pub fn read(image: &Image, addr: u64, header: &Header, span: Span) -> Option<(ModuleData, Span)> {
    let mut best: Option<(u32, View, Span)> = None;
    for span in span.and(SOME)?.split(&changes(MODULE)) {
        let view = View::new(image, addr, span.min);
        let Some(score) = Some(&view).filter(|v| v.matches(header)).and_then(View::score) else { continue };
        best = Some(match best {
            Some((top, view, older)) if top == score => (top, view, Span { min: older.min, max: span.max }),
            Some(best) if best.0 > score => best,
            _ => (score, view, span),
        });
    }
    best.map(|(_, view, span)| (view.read(), span))
}

/// Places of words that point at one of `targets` (sorted), where a moduledata is more likely first.
fn pointers_to<'i>(image: &'i Image, targets: &'i [u64]) -> impl Iterator<Item = (u64, u64)> + 'i {
    let is_target = move |word: &u64| targets.binary_search(word).is_ok();
    let section = image.section(SECTION).and_then(|s| Some((s.addr, image.word(s.addr)?)));
    let ptr = u64::from(image.arch.ptr_size());
    let mut segments: Vec<_> = image.segments.iter().collect();
    segments.sort_by_key(|segment| (segment.exec, !segment.write));
    let first = targets.first().copied().unwrap_or_default();
    let span = targets.last().map_or(0, |last| last - first);
    let hits = segments.into_iter().flat_map(move |segment| {
        let skip = segment.addr.wrapping_neg() % ptr;
        let bytes = segment.data.get(skip as usize..).unwrap_or_default();
        let mut from = 0;
        let words = std::iter::from_fn(move || {
            let (i, word) = next_within(image, bytes, from, (first, span))?;
            from = i + 1;
            Some((segment.addr + skip + i as u64 * ptr, word))
        });
        words.filter(move |(_, word)| is_target(word))
    });
    section.filter(|(_, word)| is_target(word)).into_iter().chain(hits)
}

/// The first pointer-sized word from the one at index `from` on that is no more than `span` above `first`, with its index.
/// Everything in memory passes here, hence no cursor.
fn next_within(image: &Image, bytes: &[u8], from: usize, (first, span): (u64, u64)) -> Option<(usize, u64)> {
    fn seek<const N: usize>(bytes: &[u8], from: usize, read: impl Fn([u8; N]) -> Option<u64>) -> Option<(usize, u64)> {
        let words = bytes.as_chunks::<N>().0.get(from..)?;
        words.iter().enumerate().find_map(|(i, word)| Some((from + i, read(*word)?)))
    }
    let near = |word: u64| (word.wrapping_sub(first) <= span).then_some(word);
    let info = image.arch.info();
    match (info.ptr_size, info.big_endian) {
        (8, false) => seek(bytes, from, |word| near(u64::from_le_bytes(word))),
        (8, true) => seek(bytes, from, |word| near(u64::from_be_bytes(word))),
        (_, false) => seek(bytes, from, |word| near(u32::from_le_bytes(word).into())),
        (_, true) => seek(bytes, from, |word| near(u32::from_be_bytes(word).into())),
    }
}

/// What was found of one program.
pub struct Modules {
    /// Which header it is for.
    pub header: u64,
    /// The modules; the first one points at the header.
    pub all: Vec<ModuleData>,
    /// Versions whose layout fits.
    pub span: Span,
}

/// The modules of each header whose moduledata is found, in one pass over the memory.
pub fn find(image: &Image, headers: &[(Header, Span)]) -> Vec<Modules> {
    let mut targets: Vec<u64> = headers.iter().map(|(header, _)| header.addr).collect();
    targets.sort_unstable();
    let mut found: Vec<Modules> = Vec::new();
    if targets.is_empty() {
        return found;
    }
    for (addr, target) in pointers_to(image, &targets).take(MAX_CANDIDATES) {
        let known = found.iter().any(|modules| modules.header == target);
        let mut of_target = headers.iter().filter(|(header, _)| header.addr == target && !known);
        if let Some((first, span)) = of_target.find_map(|(header, span)| read(image, addr, header, *span)) {
            found.push(Modules { header: target, all: chain(image, first, span), span });
        }
        if found.len() == headers.len() {
            break;
        }
    }
    found
}

/// A module and those that follow it.
fn chain(image: &Image, first: ModuleData, span: Span) -> Vec<ModuleData> {
    let mut modules = vec![first];
    while let Some(next) = modules.last().map(|m| m.next).filter(|next| *next != 0) {
        let known = modules.len() >= MAX_MODULES || modules.iter().any(|m| m.addr == next);
        let Some((module, _)) = Some(next).filter(|_| !known).and_then(|addr| read_next(image, addr, span)) else {
            break;
        };
        modules.push(module);
    }
    modules
}

/// A further module, with the pclntab that it names itself.
fn read_next(image: &Image, addr: u64, span: Span) -> Option<(ModuleData, Span)> {
    let header = Header::read(image, image.word(addr)?)?;
    read(image, addr, &header, span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_offsets_go_through_the_section_map() {
        let section = |start, end, addr| TextSection { start, end, addr };
        let sections = vec![section(0, 0x100, 0x1000), section(0x100, 0x200, 0x5000)];
        let mut module = tests_module();
        module.text_sections = sections;
        assert_eq!([0, 0xff, 0x100, 0x200].map(|o| module.text_addr(o)), [0x1000, 0x10ff, 0x5000, 0x5100]);
        module.text_sections.pop();
        assert_eq!(module.text_addr(0x180), 0x1180);
    }

    fn tests_module() -> ModuleData {
        ModuleData {
            addr: 0,
            text: 0x1000,
            etext: 0,
            minpc: 0,
            maxpc: 0,
            types: 0,
            etypes: 0,
            rodata: 0,
            gofunc: 0,
            typelinks: None,
            itablinks: None,
            type_desc_len: None,
            itabs: None,
            noptrdata: (0, 0),
            data: (0, 0),
            bss: (0, 0),
            noptrbss: (0, 0),
            text_sections: Vec::new(),
            name: String::new(),
            next: 0,
        }
    }
}
