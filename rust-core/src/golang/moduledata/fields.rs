//! moduledata's fields in every version, and reading them.

use super::{Bounds, ModuleData, TextSection};
use crate::golang::layout::{Field, Layout, Size, field};
use crate::golang::pclntab::Header;
use crate::image::Image;
use crate::limits::{MAX_NAME, MAX_SECTIONS};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item {
    PcHeader,
    FuncNameTab,
    CuTab,
    PclnTable,
    FTab,
    FileTab,
    PcTab,
    FindFuncTab,
    MinPc,
    MaxPc,
    Text,
    EText,
    NoPtrData,
    ENoPtrData,
    Data,
    EData,
    Bss,
    EBss,
    NoPtrBss,
    ENoPtrBss,
    CovCtrs,
    ECovCtrs,
    End,
    GcData,
    GcBss,
    Types,
    TypeDescLen,
    ETypes,
    ItabOffset,
    ItabSize,
    RoData,
    GoFunc,
    EPclnTab,
    TextSectMap,
    TypeLinks,
    ItabLinks,
    PTab,
    PluginPath,
    PkgHashes,
    InitTasks,
    ModuleName,
    ModuleHashes,
    HasMain,
    Bad,
    GcDataMask,
    GcBssMask,
    TypeMap,
    Next,
}

/// Two words: a length in 32 bits, and a pointer.
const BIT_VECTOR: Size = Size::Str;

pub(super) const MODULE: &[Field<Item>] = &[
    field(Item::PcHeader, Size::Word).since(16),
    field(Item::FuncNameTab, Size::Slice).since(16),
    field(Item::CuTab, Size::Slice).since(16),
    field(Item::PclnTable, Size::Slice).until(15),
    field(Item::FTab, Size::Slice).until(15),
    field(Item::FileTab, Size::Slice),
    field(Item::PcTab, Size::Slice).since(16),
    field(Item::PclnTable, Size::Slice).since(16),
    field(Item::FTab, Size::Slice).since(16),
    field(Item::FindFuncTab, Size::Word),
    field(Item::MinPc, Size::Word),
    field(Item::MaxPc, Size::Word),
    field(Item::Text, Size::Word),
    field(Item::EText, Size::Word),
    field(Item::NoPtrData, Size::Word),
    field(Item::ENoPtrData, Size::Word),
    field(Item::Data, Size::Word),
    field(Item::EData, Size::Word),
    field(Item::Bss, Size::Word),
    field(Item::EBss, Size::Word),
    field(Item::NoPtrBss, Size::Word),
    field(Item::ENoPtrBss, Size::Word),
    field(Item::CovCtrs, Size::Word).since(20),
    field(Item::ECovCtrs, Size::Word).since(20),
    field(Item::End, Size::Word),
    field(Item::GcData, Size::Word),
    field(Item::GcBss, Size::Word),
    field(Item::Types, Size::Word).since(7),
    field(Item::TypeDescLen, Size::Word).since(27),
    field(Item::ETypes, Size::Word).since(7),
    field(Item::ItabOffset, Size::Word).since(27),
    field(Item::ItabSize, Size::Word).since(27),
    field(Item::RoData, Size::Word).since(18),
    field(Item::GoFunc, Size::Word).since(18),
    field(Item::EPclnTab, Size::Word).since(26),
    field(Item::TextSectMap, Size::Slice).since(8),
    field(Item::TypeLinks, Size::Slice).until(26),
    field(Item::ItabLinks, Size::Slice).since(7).until(26),
    field(Item::PTab, Size::Slice).since(8),
    field(Item::PluginPath, Size::Str).since(8),
    field(Item::PkgHashes, Size::Slice).since(8),
    field(Item::InitTasks, Size::Slice).since(21),
    field(Item::ModuleName, Size::Str),
    field(Item::ModuleHashes, Size::Slice),
    field(Item::HasMain, Size::U8).since(10),
    field(Item::Bad, Size::U8).since(23),
    field(Item::GcDataMask, BIT_VECTOR),
    field(Item::GcBssMask, BIT_VECTOR),
    field(Item::TypeMap, Size::Word).since(7),
    field(Item::Bad, Size::U8).since(10).until(22),
    field(Item::Next, Size::Word),
];

/// A moduledata's words in one layout.
pub(super) struct View<'i, 'd> {
    image: &'i Image<'d>,
    addr: u64,
    layout: Layout<Item>,
}

impl<'i, 'd> View<'i, 'd> {
    /// The words at `addr` as Go 1.`minor` has them.
    pub(super) fn new(image: &'i Image<'d>, addr: u64, minor: u16) -> Self {
        View { image, addr, layout: Layout::new(MODULE, minor, image.arch.ptr_size()) }
    }

    fn at(&self, item: Item) -> Option<u64> {
        self.addr.checked_add(u64::from(self.layout.offset(item)?))
    }

    fn word(&self, item: Item) -> Option<u64> {
        self.image.word(self.at(item)?)
    }

    fn bounds(&self, start: Item, end: Item) -> Bounds {
        (self.word(start).unwrap_or_default(), self.word(end).unwrap_or_default())
    }

    /// Pointer, length and capacity; of a string the pointer and length.
    fn words<const N: usize>(&self, item: Item) -> Option<[u64; N]> {
        let mut reader = self.image.reader(self.at(item)?);
        let mut out = [0; N];
        for word in &mut out {
            *word = reader.word()?;
        }
        Some(out)
    }

    /// Address and length of a slice that can be one: `unit` bytes per element, all in the image.
    fn slice(&self, item: Item, unit: u64) -> Option<(u64, u64)> {
        let [addr, len, cap] = self.words(item)?;
        let fits = len.checked_mul(unit).is_some_and(|bytes| self.image.tail(addr).len() as u64 >= bytes);
        (len == cap && (fits || len == 0)).then_some((addr, len))
    }

    /// Whether the pclntab fields are those of `header`: the check that no other structure passes.
    pub(super) fn matches(&self, header: &Header) -> bool {
        let pclntable = if self.at(Item::PcHeader).is_some() { header.functab } else { header.addr };
        let tables = [
            (Item::PcHeader, header.addr),
            (Item::FuncNameTab, header.names),
            (Item::CuTab, header.cu),
            (Item::PcTab, header.pctab),
            (Item::PclnTable, pclntable),
            (Item::FTab, header.functab),
        ];
        let count = self.words::<3>(Item::FTab).map(|[_, len, _]| len);
        tables.iter().all(|(item, addr)| self.at(*item).is_none() || self.word(*item) == Some(*addr))
            && count == Some(header.count as u64 + 1)
            && self.word(Item::Text) <= self.word(Item::MinPc)
            && self.word(Item::MinPc) < self.word(Item::MaxPc)
    }

    /// How many of the fields whose place changes look right; `None` if one is impossible.
    pub(super) fn score(&self) -> Option<u32> {
        let mut score = 0;
        for ordered in [(Item::Types, Item::ETypes), (Item::CovCtrs, Item::ECovCtrs), (Item::Bss, Item::EBss)] {
            let (start, end) = self.bounds(ordered.0, ordered.1);
            score += u32::from((start <= end).then_some(start < end)?);
        }
        let ptr = u64::from(self.image.arch.ptr_size());
        let links = if self.layout.offset(Item::Types).is_some() { 4 } else { ptr };
        let slices = [
            (Item::TextSectMap, 3 * ptr),
            (Item::TypeLinks, links),
            (Item::ItabLinks, ptr),
            (Item::PTab, 8),
            (Item::PkgHashes, 5 * ptr),
            (Item::InitTasks, ptr),
            (Item::ModuleHashes, 5 * ptr),
        ];
        for (item, unit) in slices.into_iter().filter(|(item, _)| self.at(*item).is_some()) {
            let (_, len) = self.slice(item, unit)?;
            score += u32::from(len > 0);
        }
        for item in [Item::HasMain, Item::Bad].into_iter().filter(|item| self.at(*item).is_some()) {
            let byte = self.image.reader(self.at(item)?).u8().filter(|b| *b < 2)?;
            score += u32::from(byte);
        }
        let itabs_end = self.word(Item::ItabOffset).unwrap_or(0).checked_add(self.word(Item::ItabSize).unwrap_or(0))?;
        let (types, etypes) = self.bounds(Item::Types, Item::ETypes);
        (itabs_end <= etypes.saturating_sub(types)).then_some(score + u32::from(self.maps_text()) * 4)
    }

    /// Whether the first entry of the text section map is the start of text.
    fn maps_text(&self) -> bool {
        self.text_sections().first().is_some_and(|s| s.start == 0 && Some(s.addr) == self.word(Item::Text))
    }

    fn text_sections(&self) -> Vec<TextSection> {
        let ptr = u64::from(self.image.arch.ptr_size());
        let Some((addr, len)) = self.slice(Item::TextSectMap, 3 * ptr) else { return Vec::new() };
        let mut reader = self.image.reader(addr);
        let mut next = || Some(TextSection { start: reader.word()?, end: reader.word()?, addr: reader.word()? });
        let all: Vec<TextSection> = (0..len.min(MAX_SECTIONS as u64)).map_while(|_| next()).collect();
        if self.layout.offset(Item::GoFunc).is_some() { all } else { all.into_iter().map(with_end).collect() }
    }

    fn name(&self) -> Option<String> {
        let [addr, len] = self.words(Item::ModuleName)?;
        let bytes = self.image.bytes(addr, usize::try_from(len).ok()?.min(MAX_NAME))?;
        Some(String::from_utf8_lossy(bytes).into_owned())
    }

    pub(super) fn read(&self) -> ModuleData {
        let word = |item| self.word(item).unwrap_or_default();
        let ptr = u64::from(self.image.arch.ptr_size());
        let links = if self.layout.offset(Item::Types).is_some() { 4 } else { ptr };
        let itabs = self.word(Item::ItabOffset).and_then(|o| word(Item::Types).checked_add(o));
        ModuleData {
            addr: self.addr,
            text: word(Item::Text),
            etext: word(Item::EText),
            minpc: word(Item::MinPc),
            maxpc: word(Item::MaxPc),
            types: word(Item::Types),
            etypes: word(Item::ETypes),
            rodata: word(Item::RoData),
            gofunc: word(Item::GoFunc),
            typelinks: self.slice(Item::TypeLinks, links),
            itablinks: self.slice(Item::ItabLinks, ptr),
            type_desc_len: self.word(Item::TypeDescLen),
            itabs: itabs.map(|addr| (addr, word(Item::ItabSize))),
            noptrdata: self.bounds(Item::NoPtrData, Item::ENoPtrData),
            data: self.bounds(Item::Data, Item::EData),
            bss: self.bounds(Item::Bss, Item::EBss),
            noptrbss: self.bounds(Item::NoPtrBss, Item::ENoPtrBss),
            text_sections: self.text_sections(),
            name: self.name().unwrap_or_default(),
            next: word(Item::Next),
        }
    }
}

/// Up to Go 1.17 the second word of a text section is its length.
fn with_end(section: TextSection) -> TextSection {
    TextSection { end: section.start.saturating_add(section.end), ..section }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Word index of a field in a version.
    fn index(item: Item, minor: u16) -> Option<u32> {
        Layout::new(MODULE, minor, 8).offset(item).map(|offset| offset / 8)
    }

    #[test]
    fn every_version_has_the_size_that_its_runtime_has() {
        let sizes = [5, 7, 8, 10, 16, 18, 20, 21, 23, 26, 27].map(|minor| Layout::new(MODULE, minor, 8).size / 8);
        assert_eq!(sizes, [38, 44, 55, 57, 67, 69, 71, 74, 73, 74, 71]);
    }

    #[test]
    fn fields_are_where_each_version_has_them() {
        let row = |item| [6, 7, 9, 15, 17, 19, 20, 22, 25, 26, 27].map(|minor| index(item, minor).unwrap_or(0));
        assert_eq!(row(Item::FTab), [3, 3, 3, 3, 16, 16, 16, 16, 16, 16, 16]);
        assert_eq!(row(Item::Text), [12, 12, 12, 12, 22, 22, 22, 22, 22, 22, 22]);
        assert_eq!(row(Item::Types), [0, 25, 25, 25, 35, 35, 37, 37, 37, 37, 37]);
        assert_eq!(row(Item::GoFunc), [0, 0, 0, 0, 0, 38, 40, 40, 40, 40, 43]);
        assert_eq!(row(Item::TextSectMap), [0, 0, 27, 27, 37, 39, 41, 41, 41, 42, 45]);
        assert_eq!(row(Item::TypeLinks), [25, 27, 30, 30, 40, 42, 44, 44, 44, 45, 0]);
        assert_eq!(row(Item::ModuleName), [28, 33, 44, 44, 54, 56, 58, 61, 61, 62, 59]);
        assert_eq!(row(Item::Next), [37, 43, 54, 56, 66, 68, 70, 73, 72, 73, 70]);
    }
}
