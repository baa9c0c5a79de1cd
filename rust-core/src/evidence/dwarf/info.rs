//! `.debug_info` as entries: units, abbreviations, and the attributes that Go writes. Knows nothing of Go's meaning.

use crate::image::Image;
use crate::limits::{MAX_NAME, MAX_NOTES};
use gimli::{AttributeValue, DebugAddrBase, DebugAddrIndex, EndianSlice, RunTimeEndian, UnitOffset, constants};
use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

type Slice<'d> = EndianSlice<'d, RunTimeEndian>;
/// A cursor over entries.
pub(super) type Raw<'u, 'd> = gimli::EntriesRaw<'u, Slice<'d>>;

/// Attributes of Go's own (`cmd/internal/dwarf`).
const GO_KIND: gimli::DwAt = gimli::DwAt(0x2900);
const GO_KEY: gimli::DwAt = gimli::DwAt(0x2901);
const GO_ELEM: gimli::DwAt = gimli::DwAt(0x2902);

/// The sections, inflated.
pub(super) struct Buffers<'a> {
    info: Cow<'a, [u8]>,
    abbrev: Cow<'a, [u8]>,
    addr: Cow<'a, [u8]>,
    str: Cow<'a, [u8]>,
    big_endian: bool,
}

impl<'a> Buffers<'a> {
    /// The sections of `image`, `None` if it has no debug information.
    pub(super) fn load(image: &Image<'a>) -> Option<Buffers<'a>> {
        let section = |name| image.debug_section(name);
        let (info, abbrev) = (section(".debug_info")?, section(".debug_abbrev")?);
        let (addr, str) = (section(".debug_addr").unwrap_or_default(), section(".debug_str").unwrap_or_default());
        Some(Buffers { info, abbrev, addr, str, big_endian: image.arch.info().big_endian })
    }
}

/// One compilation unit.
pub(super) struct Unit<'d> {
    header: gimli::UnitHeader<Slice<'d>>,
    abbreviations: Rc<gimli::Abbreviations>,
    addr_base: usize,
    /// Offsets in `.debug_info` of the unit's first byte and behind its last.
    start: usize,
    end: usize,
    /// `go1.24.11` and what follows, from the producer.
    pub(super) producer: &'d [u8],
    /// Whether the Go compiler wrote it (with cgo, C compilers write units too).
    pub(super) is_go: bool,
}

/// An entry with the attributes that matter here. Offsets are those of `.debug_info`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Die<'d> {
    pub(super) offset: usize,
    pub(super) tag: u16,
    pub(super) has_children: bool,
    pub(super) name: &'d [u8],
    pub(super) ty: Option<usize>,
    pub(super) origin: Option<usize>,
    pub(super) low_pc: Option<u64>,
    pub(super) high_pc: u64,
    pub(super) is_result: bool,
    pub(super) is_wrapper: bool,
    pub(super) go_kind: u8,
    pub(super) go_key: Option<usize>,
    pub(super) go_elem: Option<usize>,
    pub(super) byte_size: Option<u64>,
    pub(super) count: Option<u64>,
    pub(super) member_offset: u64,
    pub(super) encoding: u8,
    /// Bytes from the start of the argument area, when the location is a fixed place there.
    pub(super) frame_offset: Option<i64>,
    language: u16,
    producer: &'d [u8],
    addr_base: usize,
}

/// All units of a file.
pub(super) struct Info<'d> {
    pub(super) units: Vec<Unit<'d>>,
    pub(super) notes: Vec<String>,
    /// Bytes of `.debug_info`.
    pub(super) size: usize,
    addr: gimli::DebugAddr<Slice<'d>>,
    str: &'d [u8],
}

impl<'d> Info<'d> {
    /// Finds the units. What is damaged costs the rest of the section, with a note.
    pub(super) fn new(buffers: &'d Buffers<'_>) -> Info<'d> {
        let endian = if buffers.big_endian { RunTimeEndian::Big } else { RunTimeEndian::Little };
        let section = EndianSlice::new(&buffers.info, endian);
        let addr = gimli::DebugAddr::from(EndianSlice::new(&buffers.addr, endian));
        let abbrevs = gimli::DebugAbbrev::new(&buffers.abbrev, endian);
        let mut info = Info { units: Vec::new(), notes: Vec::new(), size: buffers.info.len(), addr, str: &buffers.str };
        let mut headers = gimli::DebugInfo::from(section).units();
        let mut tables = HashMap::new();
        loop {
            match headers.next() {
                Ok(Some(header)) => info.add_unit(header, &abbrevs, &mut tables),
                Ok(None) => return info,
                Err(error) => {
                    info.note(format!("debug information ends early: {error}"));
                    return info;
                }
            }
        }
    }

    fn add_unit(
        &mut self,
        header: gimli::UnitHeader<Slice<'d>>,
        abbrevs: &gimli::DebugAbbrev<Slice<'d>>,
        tables: &mut HashMap<usize, Option<Rc<gimli::Abbreviations>>>,
    ) {
        let table = tables.entry(header.debug_abbrev_offset().0);
        let table = table.or_insert_with(|| header.abbreviations(abbrevs).ok().map(Rc::new));
        let Some(abbreviations) = table.clone() else {
            return self.note(format!("debug unit at {:#x}: no abbreviations", header.offset().0));
        };
        let start = header.offset().0;
        let end = start + header.length_including_self();
        let mut unit = Unit { header, abbreviations, addr_base: 0, start, end, producer: &[], is_go: false };
        let root = unit.raw(None).and_then(|mut raw| self.next(&unit, &mut raw));
        if let Some(Some(root)) = root {
            unit.is_go = root.language == constants::DW_LANG_Go.0;
            (unit.producer, unit.addr_base) = (root.producer, root.addr_base);
        }
        self.units.push(unit);
    }

    /// The unit that the entry at `offset` belongs to.
    pub(super) fn unit_at(&self, offset: usize) -> Option<&Unit<'d>> {
        let after = self.units.partition_point(|unit| unit.start <= offset);
        self.units.get(after.checked_sub(1)?).filter(|unit| offset < unit.end)
    }

    /// Reads the next entry: `Some(None)` at the end of a list of children, `None` where it is damaged.
    pub(super) fn next(&self, unit: &Unit<'d>, raw: &mut Raw<'_, 'd>) -> Option<Option<Die<'d>>> {
        let offset = unit.start + raw.next_offset().0;
        let Some(abbreviation) = raw.read_abbreviation().ok()? else { return Some(None) };
        self.attributes(unit, raw, offset, abbreviation).map(Some)
    }

    /// Reads the attributes of an entry that [`Raw::read_abbreviation`] has just begun.
    pub(super) fn attributes(
        &self,
        unit: &Unit<'d>,
        raw: &mut Raw<'_, 'd>,
        offset: usize,
        abbreviation: &gimli::Abbreviation,
    ) -> Option<Die<'d>> {
        let (tag, has_children) = (abbreviation.tag().0, abbreviation.has_children());
        let mut die = Die { offset, tag, has_children, ..Die::default() };
        let mut high_is_size = false;
        for spec in abbreviation.attributes() {
            let attribute = raw.read_attribute(*spec).ok()?;
            if attribute.name() == constants::DW_AT_high_pc {
                high_is_size = !matches!(attribute.value(), AttributeValue::Addr(_));
            }
            self.set(unit, &mut die, attribute.name(), attribute.value());
        }
        if high_is_size {
            die.high_pc = die.low_pc.unwrap_or(0).saturating_add(die.high_pc);
        }
        Some(die)
    }

    fn set(&self, unit: &Unit<'d>, die: &mut Die<'d>, name: gimli::DwAt, value: AttributeValue<Slice<'d>>) {
        let number = || value.udata_value().unwrap_or(0);
        let flag = || matches!(value, AttributeValue::Flag(true)) || number() != 0;
        match name {
            constants::DW_AT_name => die.name = self.string(value),
            constants::DW_AT_producer => die.producer = self.string(value),
            constants::DW_AT_type => die.ty = unit.reference(value),
            constants::DW_AT_abstract_origin => die.origin = unit.reference(value),
            constants::DW_AT_low_pc => die.low_pc = self.address(unit, value),
            constants::DW_AT_high_pc => die.high_pc = self.address(unit, value).unwrap_or_else(number),
            constants::DW_AT_variable_parameter => die.is_result = flag(),
            constants::DW_AT_trampoline => die.is_wrapper = true,
            constants::DW_AT_byte_size => die.byte_size = value.udata_value(),
            constants::DW_AT_count => die.count = value.udata_value(),
            constants::DW_AT_encoding => die.encoding = encoding(value),
            constants::DW_AT_data_member_location => die.member_offset = member_offset(value),
            constants::DW_AT_location => die.frame_offset = frame_offset(value),
            constants::DW_AT_language => die.language = language(value),
            constants::DW_AT_addr_base => die.addr_base = addr_base(value),
            GO_KIND => die.go_kind = (number() & 0x1f) as u8,
            GO_KEY => die.go_key = unit.reference(value),
            GO_ELEM => die.go_elem = unit.reference(value),
            _ => {}
        }
    }

    fn address(&self, unit: &Unit<'d>, value: AttributeValue<Slice<'d>>) -> Option<u64> {
        match value {
            AttributeValue::Addr(address) => Some(address),
            AttributeValue::DebugAddrIndex(DebugAddrIndex(index)) => {
                let base = DebugAddrBase(unit.addr_base);
                self.addr.get_address(unit.header.address_size(), base, DebugAddrIndex(index)).ok()
            }
            _ => None,
        }
    }

    /// Names are in the entry itself (Go) or in `.debug_str` (after a linker or `dsymutil` rewrote it).
    fn string(&self, value: AttributeValue<Slice<'d>>) -> &'d [u8] {
        match value {
            AttributeValue::String(text) => cut(text.slice()),
            AttributeValue::DebugStrRef(offset) => {
                let rest = cut(self.str.get(offset.0..).unwrap_or_default());
                rest.split(|byte| *byte == 0).next().unwrap_or_default()
            }
            _ => &[],
        }
    }

    /// Keeps a note, as long as there are not too many.
    pub(super) fn note(&mut self, text: String) {
        if self.notes.len() < MAX_NOTES {
            self.notes.push(text);
        }
    }
}

impl<'d> Unit<'d> {
    /// A cursor at the entry at `offset`, or at the unit's root.
    pub(super) fn raw(&self, offset: Option<usize>) -> Option<Raw<'_, 'd>> {
        let offset = match offset {
            Some(offset) => Some(UnitOffset(offset.checked_sub(self.start)?)),
            None => None,
        };
        self.header.entries_raw(&self.abbreviations, offset).ok()
    }

    /// The offset in `.debug_info` of the cursor's next entry.
    pub(super) fn offset(&self, raw: &Raw<'_, 'd>) -> usize {
        self.start + raw.next_offset().0
    }

    fn reference(&self, value: AttributeValue<Slice<'d>>) -> Option<usize> {
        match value {
            AttributeValue::UnitRef(offset) => self.start.checked_add(offset.0),
            AttributeValue::DebugInfoRef(offset) => Some(offset.0),
            _ => None,
        }
    }
}

fn cut(bytes: &[u8]) -> &[u8] {
    bytes.get(..MAX_NAME).unwrap_or(bytes)
}

fn encoding(value: AttributeValue<Slice<'_>>) -> u8 {
    if let AttributeValue::Encoding(encoding) = value { encoding.0 } else { 0 }
}

fn language(value: AttributeValue<Slice<'_>>) -> u16 {
    if let AttributeValue::Language(language) = value { language.0 } else { 0 }
}

fn addr_base(value: AttributeValue<Slice<'_>>) -> usize {
    if let AttributeValue::DebugAddrBase(base) = value { base.0 } else { 0 }
}

/// A number, or before DWARF 3 the expression "add so much".
fn member_offset(value: AttributeValue<Slice<'_>>) -> u64 {
    let Some(bytes) = expression(value) else { return value.udata_value().unwrap_or(0) };
    match bytes.split_first() {
        Some((&0x23, rest)) => Slice::new(rest, RunTimeEndian::Little).read_uleb().unwrap_or(0),
        _ => 0,
    }
}

/// `DW_OP_call_frame_cfa`, alone or with a constant added, or `DW_OP_fbreg`: all of them count from the argument area.
fn frame_offset(value: AttributeValue<Slice<'_>>) -> Option<i64> {
    const CALL_FRAME_CFA: u8 = 0x9c;
    const FBREG: u8 = 0x91;
    const CONSTS: u8 = 0x11;
    const PLUS: u8 = 0x22;
    match expression(value)? {
        [CALL_FRAME_CFA] => Some(0),
        [FBREG, rest @ ..] | [CALL_FRAME_CFA, CONSTS, rest @ .., PLUS] => {
            Slice::new(rest, RunTimeEndian::Little).read_sleb()
        }
        _ => None,
    }
}

fn expression<'d>(value: AttributeValue<Slice<'d>>) -> Option<&'d [u8]> {
    match value {
        AttributeValue::Exprloc(expression) => Some(expression.0.slice()),
        AttributeValue::Block(block) => Some(block.slice()),
        _ => None,
    }
}

/// LEB128 numbers of short expressions.
trait Leb {
    fn read_uleb(self) -> Option<u64>;
    fn read_sleb(self) -> Option<i64>;
}

impl Leb for Slice<'_> {
    fn read_uleb(mut self) -> Option<u64> {
        gimli::Reader::read_uleb128(&mut self).ok()
    }

    fn read_sleb(mut self) -> Option<i64> {
        gimli::Reader::read_sleb128(&mut self).ok()
    }
}
