//! What the garbage collector knows of frames: pointer maps, stack objects, and the functions inlined into a body.
//!
//! Source: `cmd/compile/internal/liveness/plive.go`, `runtime/symtab.go`, `runtime/symtabinl.go`, `runtime/stack.go`.

use super::func_id::FuncId;
use super::funcdata::{FuncData, PcData};
use super::layout::{Field, Layout, Size, field, row};
use super::pclntab::{Func, Pclntab};
use crate::image::Image;
use crate::limits::MAX_MEMBERS;
use crate::reader::Reader;
use std::borrow::Cow;

/// How bitmaps are stored: bits for each word, and the bits that each map is padded to. Go 1.2 has another format.
const MAPS: &[(u16, Option<(u32, u32)>)] = &[(2, None), (3, Some((2, 32))), (5, Some((1, 32))), (8, Some((1, 8)))];

/// FUNCDATA_ArgsPointerMaps or FUNCDATA_LocalsPointerMaps: which words hold live pointers, by PCDATA_StackMapIndex.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PointerMaps<'i> {
    /// How many maps there are.
    pub count: u32,
    /// Words that each describes, from the argument area's start.
    pub words: u32,
    width: u32,
    stride: usize,
    bits: &'i [u8],
}

impl<'i> PointerMaps<'i> {
    /// Reads the maps at `table`; `None` when they can't be maps.
    pub fn read(mut table: Reader<'i>, minor: u16) -> Option<PointerMaps<'i>> {
        let (width, pad) = (*row(MAPS, minor)?)?;
        let (count, bits) = (table.u32()?, table.u32()?);
        let stride = bits.checked_next_multiple_of(pad)? as usize / 8;
        let bytes = stride.checked_mul(count as usize)?;
        Some(PointerMaps { count, words: bits / width, width, stride, bits: table.bytes(bytes)? })
    }

    /// Whether `word` holds a live pointer in the map `index`; words outside do not.
    pub fn is_pointer(&self, index: u32, word: u32) -> bool {
        let bit = word as usize * self.width as usize;
        let byte = self.bits.get(index as usize * self.stride + bit / 8).filter(|_| word < self.words);
        // Two-bit values: 0 dead, 1 scalar, 2 pointer, 3 start of a string, slice or interface.
        byte.is_some_and(|byte| byte >> (bit % 8 + self.width as usize - 1) & 1 != 0)
    }

    /// The words that hold live pointers in the map `index`.
    pub fn pointers(&self, index: u32) -> impl Iterator<Item = u32> + use<'i> {
        let maps = *self;
        let words = if index < self.count { self.words } else { 0 };
        (0..words).filter(move |word| maps.is_pointer(index, *word))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Object {
    WideOffset,
    Type,
    Offset,
    Size,
    PtrData,
    GcAddr,
    GcOffset,
}

const OBJECT: &[Field<Object>] = &[
    field(Object::WideOffset, Size::Word).since(12).until(16),
    field(Object::Type, Size::Word).since(12).until(16),
    field(Object::Offset, Size::U32).since(17),
    field(Object::Size, Size::U32).since(17),
    field(Object::PtrData, Size::U32).since(17),
    field(Object::GcAddr, Size::Word).since(17).until(17),
    field(Object::GcOffset, Size::U32).since(18),
];

/// A variable whose address is taken, in the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StackObject {
    /// Bytes from the argument area's start if not negative (a parameter, result or spill slot), or else from the top
    /// of the locals.
    pub offset: i64,
    /// Its size, and the bytes up to the end of its last pointer (Go 1.17).
    pub size: Option<(u32, u32)>,
    /// Address of its pointer bitmap, or of the program that makes it (Go 1.17).
    pub gcdata: Option<u64>,
    /// Whether `gcdata` is a program (up to Go 1.23).
    pub gc_program: bool,
    /// Address of its type (up to Go 1.16).
    pub ty: Option<u64>,
}

/// A struct in the image, read field by field.
struct Fields<'i, F> {
    bytes: Reader<'i>,
    layout: &'i Layout<F>,
}

impl<'i, F: Copy + PartialEq> Fields<'i, F> {
    fn at(&self, item: F) -> Option<Reader<'i>> {
        self.layout.offset(item).map(|offset| self.bytes.at(self.bytes.pos().saturating_add(offset as usize)))
    }

    fn i32(&self, item: F) -> Option<i32> {
        self.at(item)?.i32()
    }

    fn word(&self, item: F) -> Option<u64> {
        self.at(item)?.word()
    }
}

impl StackObject {
    fn read(fields: &Fields<'_, Object>, rodata: u64, ptr_size: u32) -> Option<StackObject> {
        let wide = fields.word(Object::WideOffset).map(|word| sign_extended(word, ptr_size));
        let ptr_data = fields.i32(Object::PtrData);
        let gc_offset = fields.i32(Object::GcOffset).map(|offset| rodata.wrapping_add(offset as u32 as u64));
        Some(StackObject {
            offset: wide.or(fields.i32(Object::Offset).map(i64::from))?,
            size: fields.i32(Object::Size).zip(ptr_data).map(|(size, ptrs)| (size.unsigned_abs(), ptrs.unsigned_abs())),
            gcdata: fields.word(Object::GcAddr).or(gc_offset),
            gc_program: ptr_data.is_some_and(|bytes| bytes < 0),
            ty: fields.word(Object::Type),
        })
    }
}

fn sign_extended(word: u64, ptr_size: u32) -> i64 {
    let unused = 64 - 8 * ptr_size.min(8);
    (word << unused) as i64 >> unused
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Parent,
    Id,
    WideParent,
    Pad,
    File,
    Line,
    Name,
    ParentPc,
    StartLine,
}

const CALL: &[Field<Call>] = &[
    field(Call::WideParent, Size::U32).since(9).until(11),
    field(Call::Parent, Size::U16).since(12).until(19),
    field(Call::Id, Size::U8).since(12),
    field(Call::Pad, Size::U8).since(12),
    field(Call::File, Size::U32).since(9).until(19),
    field(Call::Line, Size::U32).since(9).until(19),
    field(Call::Name, Size::U32).since(9),
    field(Call::ParentPc, Size::U32).since(12),
    field(Call::StartLine, Size::U32).since(20),
];

/// A call that was inlined, from FUNCDATA_InlTree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InlinedCall<'i> {
    /// The function that was inlined.
    pub name: Cow<'i, str>,
    /// What the runtime knows it as.
    pub id: FuncId,
    /// Offset in the function of an instruction that stands for the call, 0 before Go 1.12.
    pub parent_pc: u32,
}

impl Pclntab {
    /// A function's pointer maps, of arguments or of locals.
    pub fn pointer_maps<'i>(&self, image: &'i Image, func: &Func, kind: FuncData) -> Option<PointerMaps<'i>> {
        PointerMaps::read(image.reader(self.funcdata(image, func, kind)?), self.minor)
    }

    /// Variables whose address is taken. None before Go 1.12.
    pub fn stack_objects(&self, image: &Image, func: &Func) -> Vec<StackObject> {
        let Some(table) = self.funcdata(image, func, FuncData::StackObjects) else { return Vec::new() };
        let ptr_size = image.arch.ptr_size();
        let layout = Layout::new(OBJECT, self.minor, ptr_size);
        // Each takes an instruction to make, which bounds them for all functions together.
        let most = MAX_MEMBERS.min(func.size() as usize) as u64;
        let count = image.word(table).unwrap_or_default().min(most) as usize;
        let object = |i: usize| {
            let at = ptr_size as usize + i * layout.size as usize;
            let fields = Fields { bytes: image.reader(table).at(at), layout: &layout };
            StackObject::read(&fields, self.rodata, ptr_size)
        };
        (0..count).map_while(object).collect()
    }

    /// Calls that were inlined into a function, by PCDATA_InlTreeIndex. None before Go 1.9.
    pub fn inlined<'i>(&self, image: &'i Image, func: &Func) -> Vec<InlinedCall<'i>> {
        let Some(table) = self.funcdata(image, func, FuncData::InlTree) else { return Vec::new() };
        let layout = Layout::new(CALL, self.minor, image.arch.ptr_size());
        let used = self.pcdata(image, func, PcData::InlTreeIndex).into_iter().flatten().map(|v| v.value).max();
        let most = MAX_MEMBERS.min(func.size() as usize);
        let count = used.map_or(0, |last| last.saturating_add(1).clamp(0, MAX_MEMBERS as i32) as usize).min(most);
        let call = |i: usize| {
            let fields = Fields { bytes: image.reader(table).at(i * layout.size as usize), layout: &layout };
            let id = fields.at(Call::Id).and_then(|mut r| r.u8()).unwrap_or_default();
            Some(InlinedCall {
                name: self.name_at(image, fields.i32(Call::Name)? as u32),
                id: FuncId::from_raw(id, self.minor),
                parent_pc: fields.i32(Call::ParentPc).unwrap_or_default().max(0) as u32,
            })
        };
        (0..count).map_while(call).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golang::layout::OPEN;

    fn maps(bytes: &[u8], minor: u16) -> Option<Vec<Vec<u32>>> {
        let maps = PointerMaps::read(Reader::new(bytes, false, 8), minor)?;
        Some((0..maps.count + 1).map(|i| maps.pointers(i).collect()).collect())
    }

    #[test]
    fn pointer_maps_of_every_version() {
        let bytes = [2, 0, 0, 0, 10, 0, 0, 0, 0b101, 0b10, 0b1000, 0, 9];
        assert_eq!(maps(&bytes, OPEN), Some(vec![vec![0, 2, 9], vec![3], vec![]]));
        let padded = [1, 0, 0, 0, 10, 0, 0, 0, 0b101, 0b10, 0, 0];
        assert_eq!(maps(&padded, 7), Some(vec![vec![0, 2, 9], vec![]]));
        let pairs = [1, 0, 0, 0, 8, 0, 0, 0, 0b1110_0100, 0, 0, 0];
        assert_eq!(maps(&pairs, 4), Some(vec![vec![2, 3], vec![]]));
        assert_eq!(maps(&bytes, 2), None);
        assert_eq!(maps(&[255; 64], OPEN), None);
    }

    #[test]
    fn sizes_are_those_of_the_runtime() {
        let size = |minor| (Layout::new(OBJECT, minor, 8).size, Layout::new(CALL, minor, 8).size);
        assert_eq!([9, 12, 17, 18, 20, OPEN].map(size), [(0, 16), (16, 20), (24, 20), (16, 20), (16, 16), (16, 16)]);
        assert_eq!(sign_extended(0xffff_fff0, 4), -16);
        assert_eq!(sign_extended(u64::MAX, 8), -1);
    }
}
