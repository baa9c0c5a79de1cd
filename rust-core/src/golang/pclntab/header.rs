//! The pclntab header: finding it, and where the tables behind it are.
//!
//! Source: `runtime/symtab.go` (pcHeader), `cmd/link/internal/ld/pcln.go`; `cmd/ld/pcln.c` up to Go 1.4.

use super::record::{RecordLayout, Span};
use crate::golang::layout::{Field, Layout, OPEN, Size, field};
use crate::image::{Image, Segment};
use crate::limits::{MAX_CANDIDATES, MAX_FUNCTIONS, MIN_FUNCTION_BYTES};
use crate::reader::Reader;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item {
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

/// The shapes that a header may have on one machine.
pub(super) struct Shapes {
    min_lc: &'static [u8],
    ptr_size: u8,
    all: Vec<(Span, Layout<Item>)>,
}

impl Shapes {
    pub(super) fn new(image: &Image) -> Shapes {
        let info = image.arch.info();
        let layout = |span: &Span| Layout::new(HEADER, span.min, u32::from(info.ptr_size));
        let all = SHAPES.iter().map(|span| (*span, layout(span))).collect();
        Shapes { min_lc: info.min_lc, ptr_size: info.ptr_size, all }
    }

    /// Headers that may be at `addr`: first what the magic number says, then what its structure allows.
    fn read<'s>(&'s self, image: &'s Image, addr: u64) -> impl Iterator<Item = Header> + 's {
        let bytes = image.reader(addr);
        let by_magic = bytes.clone().u32().and_then(magic_span);
        let said = move |shape: &Span| by_magic.is_some_and(|span| shape.and(span).is_some());
        let promised = self.all.iter().filter(move |(shape, _)| said(shape));
        let others = self.all.iter().filter(move |(shape, _)| !said(shape));
        promised.chain(others).filter_map(move |(shape, layout)| {
            let known = by_magic.and_then(|span| shape.and(span));
            self.header(addr, bytes, known.unwrap_or(*shape), known.is_some(), layout)
        })
    }

    fn header(
        &self,
        addr: u64,
        mut bytes: Reader<'_>,
        span: Span,
        known_magic: bool,
        layout: &Layout<Item>,
    ) -> Option<Header> {
        let len = bytes.rest().len() as u64;
        let word = |item| layout.offset(item).and_then(|offset| bytes.at(offset as usize).word());
        let table = |item| word(item).filter(|offset| *offset < len).and_then(|offset| addr.checked_add(offset));
        let count = word(Item::FuncCount).filter(|n| (1..MAX_FUNCTIONS as u64).contains(n))? as usize;
        let functab = if layout.offset(Item::FuncTab).is_some() { Some(table(Item::FuncTab)?) } else { None };
        let text_start = word(Item::TextStart).filter(|text| *text != 0);
        let [names, cu, files, pctab] =
            [Item::Names, Item::Cu, Item::Files, Item::PcTab].map(|item| table(item).unwrap_or(addr));
        let (magic, pad, min_lc, ptr_size) = (bytes.u32()?, bytes.u16()?, bytes.u8()?, bytes.u8()?);
        let header = Header {
            addr,
            magic,
            known_magic,
            span,
            min_lc,
            count,
            is_relative: layout.offset(Item::TextStart).is_some(),
            text_start,
            names,
            cu,
            files,
            pctab,
            functab: functab.unwrap_or(addr.saturating_add(u64::from(layout.size))),
            records: functab.unwrap_or(addr),
        };
        let fits = pad == 0 && ptr_size == self.ptr_size && self.min_lc.contains(&min_lc);
        (fits && header.is_in_order(addr.saturating_add(len), u32::from(ptr_size))).then_some(header)
    }
}

impl Header {
    /// Reads the header at `addr`, if one can be there.
    pub fn read(image: &Image, addr: u64) -> Option<Header> {
        Shapes::new(image).read(image, addr).find(|h| h.is_plausible(image))
    }

    /// Whether the tables follow each other and end before `end`, with room for the functions that they promise.
    fn is_in_order(&self, end: u64, ptr_size: u32) -> bool {
        let room = end.saturating_sub(self.addr) / MIN_FUNCTION_BYTES;
        let bytes = (2 * self.count as u64 + 1) * self.functab_width(ptr_size) as u64;
        let order = [self.addr, self.names, self.cu, self.files, self.pctab, self.functab];
        self.count as u64 <= room
            && order.is_sorted()
            && self.functab.checked_add(bytes).is_some_and(|functab_end| functab_end <= end)
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
        self.sample_is_sorted(image) && self.layout(image).is_some()
    }

    /// Whether function addresses ascend, and mostly differ, at some places all over the table.
    fn sample_is_sorted(&self, image: &Image) -> bool {
        let tab = image.reader(self.functab);
        let pcs: Option<Vec<u64>> =
            self.sample().map(|i| self.functab_entry(image, tab, i).map(|(pc, _)| pc)).collect();
        let rises = |pcs: &[u64]| pcs.windows(2).filter(|pair| pair[0] < pair[1]).count() * 2 >= pcs.len() - 1;
        pcs.is_some_and(|pcs| pcs.is_sorted() && !pcs.is_empty() && rises(&pcs))
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

/// The versions that write a magic number.
fn magic_span(magic: u32) -> Option<Span> {
    let index = MAGICS.iter().position(|(_, known)| *known == magic)?;
    let end = MAGICS.get(index + 1).map_or(OPEN, |(next, _)| next - 1);
    MAGICS.get(index).map(|(since, _)| Span { min: *since, max: end })
}

/// The headers at which sections and symbols point.
pub fn named(image: &Image) -> Vec<Header> {
    let sections = SECTIONS.iter().filter_map(|name| image.section(name)).map(|s| s.addr);
    let symbols = image.symbol("runtime.pclntab").into_iter().map(|s| s.addr);
    let mut found: Vec<Header> = sections.chain(symbols).filter_map(|addr| Header::read(image, addr)).collect();
    found.dedup_by_key(|h| h.addr);
    found
}

/// Every header in the image, wherever it is and whatever its magic number.
pub fn scan(image: &Image) -> Vec<Header> {
    let shapes = Shapes::new(image);
    let mut search = Search { image, shapes: &shapes, found: Vec::new(), budget: MAX_CANDIDATES };
    for segment in &image.segments {
        search.segment(segment);
    }
    search.found.sort_by_key(|header| header.addr);
    search.found
}

/// A search through all memory.
struct Search<'s, 'd> {
    image: &'s Image<'d>,
    shapes: &'s Shapes,
    found: Vec<Header>,
    budget: usize,
}

impl Search<'_, '_> {
    /// Looks at every place in a segment at which the four bytes behind the magic number are those of a header.
    fn segment(&mut self, segment: &Segment<'_>) {
        for min_lc in self.shapes.min_lc {
            let tail = [0, 0, *min_lc, self.shapes.ptr_size];
            for at in memchr::memmem::find_iter(segment.data.as_ref(), &tail) {
                let addr = segment.addr.saturating_add(at as u64);
                if at >= 4 && addr.is_multiple_of(4) {
                    self.place(addr - 4);
                }
            }
        }
    }

    fn place(&mut self, addr: u64) {
        for header in self.shapes.read(self.image, addr) {
            self.budget = self.budget.saturating_sub(1);
            if self.budget > 0 && header.is_plausible(self.image) {
                self.found.push(header);
                return;
            }
        }
    }
}
