//! The `_func` record, whose layout changed six times.
//!
//! Source: `runtime/runtime2.go` (`runtime.h` up to Go 1.4); writer in `cmd/link/internal/ld/pcln.go`.

use super::header::Header;
use crate::golang::layout::{Field, Layout, OPEN, Size, changes, field, row};
use crate::image::Image;
use crate::reader::Reader;

/// A range of Go 1 minor versions, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// Oldest.
    pub min: u16,
    /// Newest, [`OPEN`] when there is no bound.
    pub max: u16,
}

impl Span {
    /// What both have, if anything.
    #[must_use]
    pub fn and(self, other: Span) -> Option<Span> {
        let both = Span { min: self.min.max(other.min), max: self.max.min(other.max) };
        (both.min <= both.max).then_some(both)
    }

    /// The parts of `self` between versions at which something changes (sorted).
    pub fn split(self, changes: &[u16]) -> impl Iterator<Item = Span> {
        let starts = std::iter::once(0).chain(changes.iter().copied());
        let ends = changes.iter().map(|c| c.saturating_sub(1)).chain([OPEN]);
        starts.zip(ends).filter_map(move |(min, max)| self.and(Span { min, max }))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Item {
    Entry,
    Name,
    Args,
    Frame,
    WideId,
    DeferReturn,
    PcSp,
    PcFile,
    PcLine,
    PcDataCount,
    WideFuncDataCount,
    CuOffset,
    StartLine,
    Id,
    Flags,
    Pad,
    FuncDataCount,
}

const RECORD: &[Field<Item>] = &[
    field(Item::Entry, Size::Word).until(17),
    field(Item::Entry, Size::U32).since(18), // an offset; obfuscators encrypt it, functab has the truth
    field(Item::Name, Size::U32),
    field(Item::Args, Size::U32),
    field(Item::Frame, Size::U32).until(9),
    field(Item::WideId, Size::U32).since(10).until(11),
    field(Item::DeferReturn, Size::U32).since(12),
    field(Item::PcSp, Size::U32),
    field(Item::PcFile, Size::U32),
    field(Item::PcLine, Size::U32),
    field(Item::PcDataCount, Size::U32),
    field(Item::WideFuncDataCount, Size::U32).until(11),
    field(Item::CuOffset, Size::U32).since(16),
    field(Item::StartLine, Size::U32).since(20),
    field(Item::Id, Size::U8).since(12),
    field(Item::Pad, Size::U8).since(12).until(16),
    field(Item::Flags, Size::U8).since(17),
    field(Item::Pad, Size::U8).since(12),
    field(Item::FuncDataCount, Size::U8).since(12),
];

/// FUNCDATA references: addresses, and later offsets from moduledata's gofunc.
const FUNCDATA: &[(u16, Size)] = &[(2, Size::Word), (18, Size::U32)];

/// `ArgsSizeUnknown`: assembly without a declared size, or C varargs.
const ARGS_UNKNOWN: u32 = 0x8000_0000;

/// More PCDATA or FUNCDATA tables than any version has.
const MAX_TABLES: u32 = 32;

/// A record as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Record {
    /// From the start of names.
    pub name: u32,
    /// Bytes of arguments.
    pub args: Option<u32>,
    /// Offset of the deferreturn sequence in the function, or 0.
    pub deferreturn: u32,
    /// Offset of the table of SP distances.
    pub pcsp: u32,
    /// Offset of the table of files.
    pub pcfile: u32,
    /// Offset of the table of lines.
    pub pcline: u32,
    /// Where this function's files start in the table of its unit.
    pub cu_offset: u32,
    /// Line of the `func` keyword, or 0.
    pub start_line: u32,
    /// `funcID` as stored.
    pub id: u8,
    /// `funcFlag` bits.
    pub flags: u8,
    /// PCDATA tables.
    pub pcdata_count: u32,
    /// FUNCDATA pointers.
    pub funcdata_count: u32,
}

/// Field offsets of one version's record.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecordLayout {
    at: [Option<u32>; READ.len()],
    /// Bytes before the arrays.
    size: u32,
    /// Bytes of a FUNCDATA reference: a pointer up to Go 1.17, an offset since.
    pub funcdata_width: u32,
}

/// The items of a [`Record`], in the order in which [`RecordLayout::read`] takes them.
const READ: [Item; 14] = [
    Item::Name,
    Item::Args,
    Item::DeferReturn,
    Item::PcSp,
    Item::PcFile,
    Item::PcLine,
    Item::CuOffset,
    Item::StartLine,
    Item::PcDataCount,
    Item::WideFuncDataCount,
    Item::WideId,
    Item::Id,
    Item::Flags,
    Item::FuncDataCount,
];

impl RecordLayout {
    /// The layout of Go 1.`minor`.
    pub fn new(minor: u16, ptr_size: u32) -> RecordLayout {
        let items = Layout::new(RECORD, minor, ptr_size);
        let ends = [(Item::FuncDataCount, 1), (Item::WideFuncDataCount, 4)];
        let size = ends.iter().find_map(|(item, bytes)| items.offset(*item).map(|offset| offset + bytes));
        let funcdata_width = row(FUNCDATA, minor).map_or(ptr_size, |width| width.bytes(ptr_size).0);
        RecordLayout { at: READ.map(|item| items.offset(item)), size: size.unwrap_or_default(), funcdata_width }
    }

    /// Reads the record at the position of `bytes`.
    pub fn read(&self, bytes: Reader<'_>) -> Option<Record> {
        let [
            name,
            args,
            deferreturn,
            pcsp,
            pcfile,
            pcline,
            cu,
            line,
            pcdata,
            wide_funcdata,
            wide_id,
            id,
            flags,
            funcdata,
        ] = self.at;
        let field = |offset: u32| bytes.at(bytes.pos().saturating_add(offset as usize));
        let u32_at = |at: Option<u32>| at.map_or(Some(0), |offset| field(offset).u32());
        let u8_at = |at: Option<u32>| at.map_or(Some(0), |offset| field(offset).u8());
        Some(Record {
            name: u32_at(name)?,
            args: u32_at(args).map(|args| (args != ARGS_UNKNOWN).then_some(args))?,
            deferreturn: u32_at(deferreturn)?,
            pcsp: u32_at(pcsp)?,
            pcfile: u32_at(pcfile)?,
            pcline: u32_at(pcline)?,
            cu_offset: u32_at(cu)?,
            start_line: u32_at(line)?,
            pcdata_count: u32_at(pcdata)?,
            funcdata_count: u32_at(wide_funcdata)?.max(u32::from(u8_at(funcdata)?)),
            id: u8_at(id)?.max(u32_at(wide_id)?.min(255) as u8),
            flags: u8_at(flags)?,
        })
    }

    /// Bytes from the record to its PCDATA offsets.
    pub fn pcdata_at(&self) -> u32 {
        self.size
    }

    /// Address of the FUNCDATA references of the record at `addr`.
    pub fn funcdata_at(&self, addr: u64, pcdata_count: u32) -> u64 {
        let end = addr.saturating_add(u64::from(self.size + 4 * pcdata_count));
        end.checked_next_multiple_of(u64::from(self.funcdata_width)).unwrap_or(end)
    }

    /// The layout that fits the sampled records best, with all minor versions that fit as well.
    pub(super) fn fitting(image: &Image, header: &Header) -> Option<(RecordLayout, Span)> {
        let tab = image.reader(header.functab);
        let offset = |i: usize| header.functab_entry(image, tab, i).map(|(_, record)| record);
        let sample: Vec<(u64, u64)> = header.sample().filter_map(|i| Some((offset(i)?, offset(i + 1)?))).collect();
        let mut best: Option<(u32, RecordLayout, Span)> = None;
        for span in header.span.split(&changes(RECORD)) {
            let layout = RecordLayout::new(span.min, image.arch.ptr_size());
            let score = sample.iter().map(|(at, next)| layout.score(image, header, *at, *next)).sum();
            best = Some(match best {
                Some((top, _, older)) if top == score => (score, layout, Span { min: older.min, max: span.max }),
                Some(best) if best.0 > score => best,
                _ => (score, layout, span),
            });
        }
        best.filter(|(score, ..)| *score as usize * 2 > sample.len()).map(|(_, layout, span)| (layout, span))
    }

    /// How well the record at offset `at` fits: 0 when it can't be one.
    fn score(&self, image: &Image, header: &Header, at: u64, next: u64) -> u32 {
        let Some(addr) = header.records.checked_add(at) else { return 0 };
        let Some(record) = self.read(image.reader(addr)) else { return 0 };
        if record.pcdata_count > MAX_TABLES || record.funcdata_count > MAX_TABLES || record.id > MAX_ID {
            return 0;
        }
        let name = header.names.saturating_add(u64::from(record.name));
        if !is_name(image.tail(name)) {
            return 0;
        }
        let funcdata = u64::from(self.funcdata_width * record.funcdata_count);
        let end = self.funcdata_at(addr, record.pcdata_count).saturating_add(funcdata) - header.records;
        let touches = end.checked_next_multiple_of(u64::from(image.arch.ptr_size())) == Some(next);
        1 + u32::from(record.funcdata_count > 0) + u32::from(touches)
    }
}

/// More than any version's `funcID`.
const MAX_ID: u8 = 64;

/// Whether a name can start here: no control characters up to its end or for a while.
fn is_name(bytes: &[u8]) -> bool {
    let name = bytes.iter().take(64).take_while(|b| **b != 0);
    !bytes.is_empty() && name.clone().all(|b| *b >= b' ' && *b != 0x7f)
}
