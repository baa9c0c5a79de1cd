//! Looking things up by address. Called millions of times: segments are searched by halving, nothing is copied.

use super::{Image, Import, Section, Segment, Symbol};
use crate::reader::Reader;
use std::borrow::Cow;

impl<'a> Image<'a> {
    /// The segment that holds `addr`, zero fill included.
    pub fn segment_at(&self, addr: u64) -> Option<&Segment<'a>> {
        let index = self.segments.partition_point(|s| s.addr <= addr).checked_sub(1)?;
        self.segments.get(index).filter(|s| addr - s.addr < s.size)
    }

    pub(super) fn segment_at_mut(&mut self, addr: u64) -> Option<&mut Segment<'a>> {
        let index = self.segments.partition_point(|s| s.addr <= addr).checked_sub(1)?;
        self.segments.get_mut(index).filter(|s| addr - s.addr < s.size)
    }

    /// The file's bytes from `addr` to the end of the segment; none if `addr` is not mapped or is zero fill.
    pub fn tail(&self, addr: u64) -> &[u8] {
        self.segment_at(addr).and_then(|s| s.data.get((addr - s.addr) as usize..)).unwrap_or_default()
    }

    /// The file's own bytes from `addr` on, as long as no relocation has changed the segment.
    pub(super) fn stored(&self, addr: u64) -> &'a [u8] {
        match self.segment_at(addr).map(|s| (s.addr, &s.data)) {
            Some((start, Cow::Borrowed(data))) => data.get((addr - start) as usize..).unwrap_or_default(),
            _ => &[],
        }
    }

    /// `len` of the file's bytes at `addr`, all in one segment.
    pub fn bytes(&self, addr: u64, len: usize) -> Option<&[u8]> {
        self.tail(addr).get(..len)
    }

    /// A cursor over `tail(addr)` in the target's byte order and pointer size.
    pub fn reader(&self, addr: u64) -> Reader<'_> {
        self.read(self.tail(addr))
    }

    pub(super) fn read<'b>(&self, bytes: &'b [u8]) -> Reader<'b> {
        let info = self.arch.info();
        Reader::new(bytes, info.big_endian, info.ptr_size)
    }

    /// The pointer-sized word at `addr`, relocated. Zero fill reads as 0.
    pub fn word(&self, addr: u64) -> Option<u64> {
        self.reader(addr).word().or_else(|| self.zero_fill(addr))
    }

    /// The four bytes at `addr`. Zero fill reads as 0.
    pub fn u32(&self, addr: u64) -> Option<u32> {
        self.reader(addr).u32().or_else(|| self.zero_fill(addr).map(|_| 0))
    }

    fn zero_fill(&self, addr: u64) -> Option<u64> {
        self.segment_at(addr).filter(|s| addr - s.addr >= s.data.len() as u64).map(|_| 0)
    }

    /// Whether `addr` is in memory, zero fill included.
    pub fn is_mapped(&self, addr: u64) -> bool {
        self.segment_at(addr).is_some()
    }

    /// Whether `addr` is in an executable segment.
    pub fn is_exec(&self, addr: u64) -> bool {
        self.segment_at(addr).is_some_and(|s| s.exec)
    }

    /// Whether `addr` is in a segment that the program cannot write to.
    pub fn is_constant(&self, addr: u64) -> bool {
        self.segment_at(addr).is_some_and(|s| !s.write)
    }

    /// Every address in the segments' file bytes, ascending, at which `needle` lies, if it is a multiple of `align`.
    pub fn find<'s>(&'s self, needle: &'s [u8], align: u64) -> impl Iterator<Item = u64> + 's {
        self.segments.iter().flat_map(move |s| find_in(s, needle, align.max(1)))
    }

    /// The section called `name`, in ELF's spelling (`.gopclntab`) or the container's own (`__gopclntab`).
    pub fn section(&self, name: &str) -> Option<&Section<'a>> {
        let other = self.own_name(name);
        self.sections.iter().find(|s| s.name == name || s.name == other)
    }

    /// The first symbol called `name`. Looks at all of them.
    pub fn symbol(&self, name: &str) -> Option<&Symbol<'a>> {
        self.symbols.iter().find(|s| s.name == name)
    }

    /// The symbols at exactly `addr`.
    pub fn symbols_at(&self, addr: u64) -> &[Symbol<'a>] {
        let from = self.symbols.partition_point(|s| s.addr < addr);
        let rest = self.symbols.get(from..).unwrap_or_default();
        rest.get(..rest.partition_point(|s| s.addr == addr)).unwrap_or_default()
    }

    /// The import whose pointer lies at `slot`.
    pub fn import_at(&self, slot: u64) -> Option<&Import<'a>> {
        self.imports.binary_search_by_key(&slot, |i| i.slot).ok().and_then(|i| self.imports.get(i))
    }
}

fn find_in<'s>(segment: &'s Segment<'_>, needle: &'s [u8], align: u64) -> impl Iterator<Item = u64> + 's {
    let first = segment.addr.checked_next_multiple_of(align).map_or(u64::MAX, |a| a - segment.addr);
    let data = usize::try_from(first).ok().and_then(|f| segment.data.get(f..)).unwrap_or_default();
    let starts = data.iter().step_by(align as usize).enumerate();
    let head = needle.first().copied();
    starts.filter_map(move |(i, byte)| {
        let offset = i as u64 * align;
        let hit = Some(*byte) == head && data.get(offset as usize..).is_some_and(|d| d.starts_with(needle));
        hit.then_some(segment.addr + first + offset)
    })
}
