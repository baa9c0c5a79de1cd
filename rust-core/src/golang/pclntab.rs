//! pclntab: the function table. Every function with its bounds, name, sizes and tables.
//!
//! Source: `runtime/symtab.go`; the table starts with a [`Header`], `functab` gives entries and offsets of `_func`
//! records. Entries are taken from functab alone: obfuscators encrypt the copy in the record.

mod header;
mod record;

pub use header::{Header, named, scan};
pub use record::{RecordLayout, Span};

use super::func_id::FuncId;
use super::funcdata::{self, FuncData, PcData};
use super::moduledata::ModuleData;
use super::pcvalue::PcValues;
use crate::image::{Image, Segment};
use crate::limits::{MAX_NAME, MAX_NAMES, MAX_PATH, MIN_NAME};
use std::borrow::Cow;

/// `funcFlag` bits (`internal/abi/symtab.go`); none before Go 1.17, [`FuncFlags::asm`] from 1.18 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FuncFlags(pub u8);

impl FuncFlags {
    /// Outermost frame of a stack (`TOPFRAME`).
    pub fn top_frame(self) -> bool {
        self.0 & 1 != 0
    }

    /// Writes SP in ways that the tables don't tell (`SPWRITE`).
    pub fn sp_write(self) -> bool {
        self.0 & 2 != 0
    }

    /// Written in assembly.
    pub fn asm(self) -> bool {
        self.0 & 4 != 0
    }
}

/// One function. Offsets are meaningful to [`Pclntab`] only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Func {
    /// Address of the first instruction.
    pub entry: u64,
    /// Address behind the function and the padding that follows it.
    pub end: u64,
    /// Bytes of arguments (stack arguments and results, and the spill area); `None` is `ArgsSizeUnknown`.
    pub args: Option<u32>,
    /// Offset of the deferreturn sequence from the entry, 0 if there is none; always 0 before Go 1.12.
    pub deferreturn: u32,
    /// Line of the `func` keyword, 0 before Go 1.20.
    pub start_line: u32,
    /// What the runtime knows it as.
    pub id: FuncId,
    /// Properties that the assembler noted.
    pub flags: FuncFlags,
    raw_id: u8,
    pcdata_count: u8,
    funcdata_count: u8,
    name: u32,
    pcsp: u32,
    pcfile: u32,
    pcline: u32,
    cu_offset: u32,
    record: u32,
}

impl Func {
    /// Bytes from the entry to the next function.
    pub fn size(&self) -> u32 {
        u32::try_from(self.end.saturating_sub(self.entry)).unwrap_or(u32::MAX)
    }
}

/// The function table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pclntab {
    /// Where it is and where its tables are.
    pub header: Header,
    /// All functions, by entry.
    pub funcs: Vec<Func>,
    /// Records that could not be read; their functions have bounds only.
    pub damaged: usize,
    layout: RecordLayout,
    pub(super) minor: u16,
    gofunc: Option<u64>,
    pub(super) rodata: u64,
    names_start_at_zero: bool,
}

impl Pclntab {
    /// A table without functions.
    pub fn none() -> Pclntab {
        Pclntab {
            header: Header::default(),
            funcs: Vec::new(),
            damaged: 0,
            layout: RecordLayout::default(),
            minor: 0,
            gofunc: None,
            rodata: 0,
            names_start_at_zero: true,
        }
    }

    /// Reads all functions. `address` turns an offset from the start of text into an address; it is asked from Go 1.18 on.
    pub fn read(image: &Image, header: Header, layout: RecordLayout, address: impl Fn(u32) -> u64) -> Pclntab {
        let mut table = Pclntab {
            funcs: Vec::with_capacity(header.count),
            damaged: 0,
            layout,
            minor: header.span.max,
            gofunc: None,
            rodata: 0,
            names_start_at_zero: true,
            header,
        };
        table.read_functab(image, address);
        table.bound(image);
        table.names_start_at_zero = table.funcs.iter().filter(|f| f.name == 0).take(2).count() < 2;
        table
    }

    fn read_functab(&mut self, image: &Image, address: impl Fn(u32) -> u64) {
        let tab = image.reader(self.header.functab);
        let entry = |index| {
            let (pc, record) = self.header.functab_entry(image, tab, index)?;
            Some((if self.header.is_relative { address(pc as u32) } else { pc }, record as u32))
        };
        let records = image.reader(self.header.records);
        let mut next = entry(0);
        let (mut funcs, mut damaged) = (std::mem::take(&mut self.funcs), 0);
        for index in 0..self.header.count {
            let Some((start, record)) = next else { break };
            next = entry(index + 1);
            let end = next.map_or(start, |(pc, _)| pc.max(start));
            let read = self.layout.read(records.at(record as usize));
            damaged += usize::from(read.is_none());
            funcs.push(Func::new(start, end, record, read.unwrap_or_default()));
        }
        (self.funcs, self.damaged) = (funcs, damaged);
    }

    /// Sorts functions and cuts them where the next one starts or the file's bytes end, so that all together they are
    /// no longer than the file.
    fn bound(&mut self, image: &Image) {
        if !self.funcs.is_sorted_by_key(|f| f.entry) {
            self.funcs.sort_by_key(|f| f.entry);
        }
        let mut next = u64::MAX;
        let mut segment = (0, 0);
        for func in self.funcs.iter_mut().rev() {
            if !(segment.0..segment.1).contains(&func.entry) {
                let bytes = |s: &Segment| (s.addr, s.addr.saturating_add(s.data.len() as u64));
                segment = image.segment_at(func.entry).map_or((0, 0), bytes);
            }
            func.end = func.end.min(next).min(segment.1).max(func.entry);
            next = func.entry;
        }
    }

    /// Fixes what depends on the version: ids, and which table is which; and what offsets are from.
    pub(super) fn settle(&mut self, image: &Image, minor: u16, module: Option<&ModuleData>) {
        (self.minor, self.gofunc) = (minor, module.map(|m| m.gofunc));
        self.rodata = module.map_or(0, |m| m.rodata);
        let mut funcs = std::mem::take(&mut self.funcs);
        let by_name = FuncId::by_name_only(minor);
        for func in &mut funcs {
            let named = || FuncId::from_name(&self.name(image, func));
            func.id = if by_name { named() } else { FuncId::from_raw(func.raw_id, minor) };
        }
        self.funcs = funcs;
    }

    /// The function that starts at `entry`.
    pub fn at(&self, entry: u64) -> Option<&Func> {
        self.funcs.binary_search_by_key(&entry, |f| f.entry).ok().and_then(|i| self.funcs.get(i))
    }

    /// The function whose bytes include `pc`.
    pub fn containing(&self, pc: u64) -> Option<&Func> {
        let index = self.funcs.partition_point(|f| f.entry <= pc).checked_sub(1)?;
        self.funcs.get(index).filter(|f| pc < f.end)
    }

    /// A function's name; empty when an obfuscator removed it.
    pub fn name<'i>(&self, image: &'i Image, func: &Func) -> Cow<'i, str> {
        if func.name == 0 && !self.names_start_at_zero {
            return Cow::Borrowed("");
        }
        self.name_at(image, func.name)
    }

    /// The name at an offset, as inline trees give it.
    pub(super) fn name_at<'i>(&self, image: &'i Image, offset: u32) -> Cow<'i, str> {
        // Functions may share one long name: what all names together take must have a bound as well.
        let most = (MAX_NAMES / self.funcs.len().max(1)).clamp(MIN_NAME, MAX_NAME);
        text(image.tail(self.header.names.saturating_add(u64::from(offset))), most)
    }

    /// A function's file and the line at which it starts; an empty name and 0 when unknown.
    pub fn file_line<'i>(&self, image: &'i Image, func: &Func) -> (Cow<'i, str>, u32) {
        let first = |table| self.values(image, func, table).and_then(|mut v| v.next()).map(|v| v.value);
        let file = first(func.pcfile).and_then(|index| self.file(image, func, index)).unwrap_or_default();
        let line =
            if func.start_line > 0 { Some(func.start_line) } else { first(func.pcline).map(|l| l.max(0) as u32) };
        (file, line.unwrap_or_default())
    }

    fn file<'i>(&self, image: &'i Image, func: &Func, index: i32) -> Option<Cow<'i, str>> {
        let index = u64::try_from(index).ok()?;
        if self.header.cu == self.header.addr {
            let table = self.old_file_table(image)?;
            let offset = image.u32(table.checked_add(4 * index)?)?;
            return Some(text(image.tail(self.header.addr.checked_add(u64::from(offset))?), MAX_PATH));
        }
        let offset = image.u32(self.header.cu.checked_add(4 * (u64::from(func.cu_offset) + index))?)?;
        (offset != u32::MAX).then(|| text(image.tail(self.header.files.saturating_add(u64::from(offset))), MAX_PATH))
    }

    /// Address of the file table before Go 1.16: its offset follows the last pc of functab.
    fn old_file_table(&self, image: &Image) -> Option<u64> {
        let words = 2 * self.header.count as u64 + 1;
        let at = self.header.functab.checked_add(words * u64::from(image.arch.ptr_size()))?;
        self.header.addr.checked_add(u64::from(image.u32(at)?))
    }

    fn values<'i>(&self, image: &'i Image, func: &Func, offset: u32) -> Option<PcValues<'i>> {
        let table = image.tail(self.header.pctab.checked_add(u64::from(offset))?);
        (offset != 0).then(|| PcValues::new(table, self.header.min_lc, func.size()))
    }

    /// How far SP is below its value at entry, in bytes, by pc. Meaningless behind SP writes.
    pub fn sp_deltas<'i>(&self, image: &'i Image, func: &Func) -> Option<PcValues<'i>> {
        self.values(image, func, func.pcsp)
    }

    /// A PCDATA table; `None` when the version or the function lacks it (the value is -1 everywhere then).
    pub fn pcdata<'i>(&self, image: &'i Image, func: &Func, kind: PcData) -> Option<PcValues<'i>> {
        let index = funcdata::pcdata_index(kind, self.minor)?;
        let known = index < u32::from(func.pcdata_count);
        let at = self.record_addr(func)?.checked_add(u64::from(self.layout.pcdata_at() + 4 * index))?;
        if known { self.values(image, func, image.u32(at)?) } else { None }
    }

    /// The address of a FUNCDATA table; `None` when the version or the function lacks it.
    pub fn funcdata(&self, image: &Image, func: &Func, kind: FuncData) -> Option<u64> {
        let index = funcdata::funcdata_index(kind, self.minor)?;
        if index >= u32::from(func.funcdata_count) {
            return None;
        }
        let references = self.layout.funcdata_at(self.record_addr(func)?, u32::from(func.pcdata_count));
        let at = references.checked_add(u64::from(self.layout.funcdata_width * index))?;
        if self.header.is_relative {
            let offset = image.u32(at).filter(|offset| *offset != u32::MAX)?;
            return self.gofunc?.checked_add(u64::from(offset));
        }
        image.word(at).filter(|addr| *addr != 0)
    }

    fn record_addr(&self, func: &Func) -> Option<u64> {
        self.header.records.checked_add(u64::from(func.record))
    }

    /// What tells versions apart.
    pub(super) fn census(&self) -> Census {
        let mut census = Census { ids: [0; 256], pcdata: 0, funcdata: 0 };
        for func in &self.funcs {
            census.ids[usize::from(func.raw_id)] += 1;
            census.pcdata = census.pcdata.max(func.pcdata_count);
            census.funcdata = census.funcdata.max(func.funcdata_count);
        }
        census
    }
}

/// Counts over all functions.
pub(super) struct Census {
    /// Functions by `funcID` as stored.
    pub(super) ids: [u32; 256],
    /// PCDATA tables that one function has at most.
    pub(super) pcdata: u8,
    /// FUNCDATA tables that one function has at most.
    pub(super) funcdata: u8,
}

impl Func {
    fn new(entry: u64, end: u64, record: u32, raw: record::Record) -> Func {
        Func {
            entry,
            end,
            args: raw.args,
            deferreturn: raw.deferreturn,
            start_line: raw.start_line,
            id: FuncId::Normal,
            flags: FuncFlags(raw.flags),
            raw_id: raw.id,
            pcdata_count: raw.pcdata_count.min(255) as u8,
            funcdata_count: raw.funcdata_count.min(255) as u8,
            name: raw.name,
            pcsp: raw.pcsp,
            pcfile: raw.pcfile,
            pcline: raw.pcline,
            cu_offset: raw.cu_offset,
            record,
        }
    }
}

/// The text up to the next NUL, of at most `most` bytes.
fn text(bytes: &[u8], most: usize) -> Cow<'_, str> {
    let bytes = bytes.get(..bytes.len().min(most)).unwrap_or_default();
    let text = &bytes[..memchr::memchr(0, bytes).unwrap_or(bytes.len())];
    // Nearly all are text, which is checked much faster than it is mended.
    std::str::from_utf8(text).map_or_else(|_| String::from_utf8_lossy(text), Cow::Borrowed)
}
