//! The pclntab header: finding it, and where the tables behind it are.
//!
//! Source: `runtime/symtab.go` (pcHeader), `cmd/link/internal/ld/pcln.go`; `cmd/ld/pcln.c` up to Go 1.4.

use super::record::{RecordLayout, Span};
use crate::golang::layout::{Field, Layout, OPEN, Size, field};
use crate::image::Image;
use crate::limits::{MAX_CANDIDATES, MAX_FUNCTIONS};
use crate::reader::Reader;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Item {
    Magic,
    Pad,
    MinLc,
    PtrSize,
    FuncCount,
    FileCount,
    TextStart,
    Names,
    Cu,
    Files,
    PcTab,
    FuncTab,
}

/// Offsets are from the header's start. Up to Go 1.15 functab follows at once.
const HEADER: &[Field<Item>] = &[
    field(Item::Magic, Size::U32),
    field(Item::Pad, Size::U16),
    field(Item::MinLc, Size::U8),
    field(Item::PtrSize, Size::U8),
    field(Item::FuncCount, Size::Word),
    field(Item::FileCount, Size::Word).since(16),
    field(Item::TextStart, Size::Word).since(18), // zero from Go 1.26 on
    field(Item::Names, Size::Word).since(16),
    field(Item::Cu, Size::Word).since(16),
    field(Item::Files, Size::Word).since(16),
    field(Item::PcTab, Size::Word).since(16),
    field(Item::FuncTab, Size::Word).since(16),
];

/// Magic numbers from the Go 1 minor version on.
const MAGICS: &[(u16, u32)] = &[(2, 0xffff_fffb), (16, 0xffff_fffa), (18, 0xffff_fff0), (20, 0xffff_fff1)];

/// Minor versions by shape of the header, newest first.
const SHAPES: [Span; 3] = [Span { min: 18, max: OPEN }, Span { min: 16, max: 17 }, Span { min: 2, max: 15 }];

/// Sections that hold pclntab; the newest name first.
const SECTIONS: [&str; 2] = [".gopclntab", ".data.rel.ro.gopclntab"];

/// A header and the addresses that follow from it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Header {
    /// Address of the header.
    pub addr: u64,
    /// First four bytes, as a number in target order.
    pub magic: u32,
    /// Whether the magic number is one that Go uses for this shape.
    pub known_magic: bool,
    /// Minor versions that write such a header.
    pub span: Span,
    /// Unit of pc distances, in bytes.
    pub min_lc: u8,
    /// Functions.
    pub count: usize,
    /// Whether functab and FUNCDATA hold offsets instead of addresses (Go 1.18 and later).
    pub is_relative: bool,
    /// Address that function offsets are from, as the header says; `None` when it doesn't (before Go 1.18) or is 0.
    pub text_start: Option<u64>,
    /// Address that name offsets are from.
    pub names: u64,
    /// Address of the table of file name offsets by compilation unit (Go 1.16 and later).
    pub cu: u64,
    /// Address of the file names (Go 1.16 and later).
    pub files: u64,
    /// Address that pcvalue offsets are from.
    pub pctab: u64,
    /// Address of the function table.
    pub functab: u64,
    /// Address that offsets of `_func` records are from.
    pub records: u64,
}

impl Header {
    /// Reads the header at `addr`, if one can be there.
    pub fn read(image: &Image, addr: u64) -> Option<Header> {
        let magic = image.u32(addr)?;
        let of_magic = MAGICS.iter().position(|(_, m)| *m == magic).map(magic_span);
        let shapes = SHAPES.iter().map(|shape| (*shape, false));
        let all = of_magic.map(|span| (span, true)).into_iter().chain(shapes);
        all.filter_map(|(span, known)| Header::shaped(image, addr, span, known)).find(|h| h.is_plausible(image))
    }

    fn shaped(image: &Image, addr: u64, span: Span, known_magic: bool) -> Option<Header> {
        let info = image.arch.info();
        let layout = Layout::new(HEADER, span.min, u32::from(info.ptr_size));
        let mut fixed = image.reader(addr);
        let (magic, pad, min_lc, ptr_size) = (fixed.u32()?, fixed.u16()?, fixed.u8()?, fixed.u8()?);
        if pad != 0 || ptr_size != info.ptr_size || !info.min_lc.contains(&min_lc) {
            return None;
        }
        let word = |item| layout.offset(item).and_then(|offset| fixed.at(offset as usize).word());
        let table = |item| word(item).and_then(|offset| addr.checked_add(offset));
        let functab = table(Item::FuncTab);
        Some(Header {
            addr,
            magic,
            known_magic,
            span,
            min_lc,
            count: word(Item::FuncCount).and_then(|n| usize::try_from(n).ok()).filter(|n| *n <= MAX_FUNCTIONS)?,
            is_relative: layout.offset(Item::TextStart).is_some(),
            text_start: word(Item::TextStart).filter(|text| *text != 0),
            names: table(Item::Names).unwrap_or(addr),
            cu: table(Item::Cu).unwrap_or(addr),
            files: table(Item::Files).unwrap_or(addr),
            pctab: table(Item::PcTab).unwrap_or(addr),
            functab: functab.unwrap_or(addr.saturating_add(u64::from(layout.size))),
            records: functab.unwrap_or(addr),
        })
    }

    /// Bytes of one number in functab.
    fn functab_width(&self, ptr_size: u32) -> usize {
        if self.is_relative { 4 } else { ptr_size as usize }
    }

    /// The (pc, record offset) pair of function `index`, or the end pc and nothing sensible behind the last.
    pub fn functab_entry(&self, image: &Image, tab: Reader<'_>, index: usize) -> Option<(u64, u64)> {
        let width = self.functab_width(image.arch.ptr_size());
        let mut at = tab.at(index.checked_mul(2 * width)?);
        let mut number = || if width == 4 { at.u32().map(u64::from) } else { at.word() };
        Some((number()?, number().unwrap_or_default()))
    }

    fn is_plausible(&self, image: &Image) -> bool {
        let order = [self.addr, self.names, self.cu, self.files, self.pctab, self.functab];
        let end = self.addr.saturating_add(image.tail(self.addr).len() as u64);
        let bytes = (2 * self.count as u64 + 1) * self.functab_width(image.arch.ptr_size()) as u64;
        let tables = order.is_sorted() && self.functab.checked_add(bytes).is_some_and(|e| e <= end);
        self.count > 0 && tables && self.sample_is_sorted(image) && self.layout(image).is_some()
    }

    /// Whether function addresses ascend, at some places all over the table.
    fn sample_is_sorted(&self, image: &Image) -> bool {
        let tab = image.reader(self.functab);
        let pcs: Option<Vec<u64>> =
            self.sample().map(|i| self.functab_entry(image, tab, i).map(|(pc, _)| pc)).collect();
        pcs.is_some_and(|pcs| pcs.is_sorted())
    }

    /// Some function indices: the first ones, and others spread over the table.
    pub(super) fn sample(&self) -> impl Iterator<Item = usize> + use<> {
        let (count, dense) = (self.count, 32);
        let step = (count / 256).max(1);
        (0..count.min(dense)).chain((dense..count).step_by(step))
    }

    /// The `_func` layout that fits the bytes best, with the minor versions that have it.
    pub fn layout(&self, image: &Image) -> Option<(RecordLayout, Span)> {
        RecordLayout::fitting(image, self)
    }
}

fn magic_span(index: usize) -> Span {
    let min = MAGICS.get(index).map_or(0, |(since, _)| *since);
    Span { min, max: MAGICS.get(index + 1).map_or(OPEN, |(since, _)| since - 1) }
}

/// Every header in the image: first what sections promise, then known magic numbers, then structure alone.
pub fn find(image: &Image) -> Vec<Header> {
    let mut found: Vec<Header> = Vec::new();
    let sections = SECTIONS.iter().filter_map(|name| image.section(name)).map(|s| s.addr);
    let symbols = ["runtime.pclntab", "pclntab"].iter().filter_map(|name| image.symbol(name)).map(|s| s.addr);
    for addr in sections.chain(symbols) {
        found.extend(Header::read(image, addr));
    }
    if found.is_empty() {
        let (known, unknown): (Vec<u64>, Vec<u64>) = scan(image).partition(|addr| has_known_magic(image, *addr));
        found = known.iter().chain(&unknown).take(MAX_CANDIDATES).filter_map(|a| Header::read(image, *a)).collect();
    }
    found.dedup_by_key(|h| h.addr);
    found
}

fn has_known_magic(image: &Image, addr: u64) -> bool {
    image.u32(addr).is_some_and(|magic| MAGICS.iter().any(|(_, m)| *m == magic))
}

/// Addresses at which the four bytes behind the magic number are those of a header.
fn scan<'s>(image: &'s Image) -> impl Iterator<Item = u64> + 's {
    let info = image.arch.info();
    let tails = info.min_lc.iter().map(|min_lc| [0, 0, *min_lc, info.ptr_size]).collect::<Vec<_>>();
    image.segments.iter().flat_map(move |segment| {
        let tails = tails.clone();
        let skip = (segment.addr.wrapping_neg() % 4) as usize;
        let words = segment.data.get(skip..).unwrap_or_default().as_chunks::<4>().0;
        let hits = words.iter().enumerate().skip(1).filter(move |(_, word)| tails.contains(word));
        hits.map(move |(i, _)| segment.addr + skip as u64 + 4 * (i as u64 - 1))
    })
}
