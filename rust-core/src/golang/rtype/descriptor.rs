//! One type descriptor as it is in the file: addresses and numbers, bounds-checked, not yet [`crate::types`].

use super::layout::{Direct, Equal, Head, Layouts, Map, Names};
use crate::golang::moduledata::ModuleData;
use crate::image::Image;
use crate::limits::{MAX_MEMBERS, MAX_NAME};
use crate::reader::Reader;
use std::cell::Cell;

/// `reflect.Kind`, in Go's numbering; unchanged since Go 1.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum RKind {
    Bool,
    Int(u8),
    Uint(u8),
    Uintptr,
    Float(u8),
    Complex(u8),
    Array,
    Chan,
    Func,
    Interface,
    Map,
    Pointer,
    Slice,
    String,
    Struct,
    UnsafePointer,
}

impl RKind {
    /// The kind with that number. Widths are in bytes, 0 stands for a word.
    fn new(number: u8) -> Option<RKind> {
        use RKind::*;
        const KINDS: [RKind; 26] = [
            Bool,
            Int(0),
            Int(1),
            Int(2),
            Int(4),
            Int(8),
            Uint(0),
            Uint(1),
            Uint(2),
            Uint(4),
            Uint(8),
            Uintptr,
            Float(4),
            Float(8),
            Complex(8),
            Complex(16),
            Array,
            Chan,
            Func,
            Interface,
            Map,
            Pointer,
            Slice,
            String,
            Struct,
            UnsafePointer,
        ];
        KINDS.get(usize::from(number).checked_sub(1)?).copied()
    }

    /// Bytes of a value, when the kind alone says it.
    fn size(self, ptr: u64) -> Option<u64> {
        use RKind::*;
        Some(match self {
            Bool => 1,
            Int(0) | Uint(0) | Uintptr | Chan | Func | Map | Pointer | UnsafePointer => ptr,
            Int(n) | Uint(n) | Float(n) | Complex(n) => u64::from(n),
            String | Interface => 2 * ptr,
            Slice => 3 * ptr,
            Array | Struct => return None,
        })
    }

    /// How the Go spelling of an unnamed type of this kind begins.
    fn prefix(self) -> &'static [&'static str] {
        match self {
            RKind::Array => &["["],
            RKind::Slice => &["[]"],
            RKind::Chan => &["chan", "<-chan"],
            RKind::Func => &["func("],
            RKind::Interface => &["interface {"],
            RKind::Map => &["map["],
            RKind::Pointer => &["*"],
            RKind::Struct => &["struct {"],
            _ => &[""],
        }
    }
}

/// The common header.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    /// Bytes of a value.
    pub size: u64,
    /// Alignment of a value.
    pub align: u32,
    /// Its kind.
    pub kind: RKind,
    /// Whether an interface's data word is the value itself.
    pub direct: bool,
    /// Go spelling.
    pub name: &'a str,
    /// Whether the type has a name of its own (`tflagNamed`).
    pub named: bool,
    /// The func value of `==` and the one of the hash (Go ≤ 1.13), 0 when there is none.
    pub equal: (u64, u64),
    /// Descriptor of the pointer to this type, 0 when there is none.
    pub ptr_to_this: u64,
    uncommon: Uncommon,
}

#[derive(Debug, Clone, Copy)]
enum Uncommon {
    None,
    Behind,
    At(u64),
}

/// What follows the header. Addresses are of descriptors.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub enum Tail<'a> {
    Scalar,
    Elem(u64),
    Array { elem: u64, len: u64 },
    Map { key: u64, elem: u64, hasher: u64 },
    Func { params: Vec<u64>, results: Vec<u64>, variadic: bool },
    Interface(Vec<(&'a str, u64)>),
    Struct(Vec<(&'a str, u64, u64)>),
}

/// A method of a type's own method table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawMethod<'a> {
    /// Go name.
    pub name: &'a str,
    /// Descriptor of its func type without receiver, 0 when the linker dropped it.
    pub mtyp: u64,
    /// Code for calls through an interface, 0 when the linker dropped it.
    pub ifn: u64,
    /// Code for direct calls, 0 when the linker dropped it.
    pub tfn: u64,
}

/// The uncommon part of a type.
#[derive(Debug, Clone, Default)]
pub struct RawUncommon<'a> {
    /// Import path of the package, empty for predeclared and unnamed types.
    pub path: &'a str,
    /// The method table, sorted by name.
    pub methods: Vec<RawMethod<'a>>,
}

/// Reads descriptors.
#[derive(Debug)]
pub(crate) struct Raw<'a> {
    pub(crate) image: &'a Image<'a>,
    pub(crate) modules: &'a [ModuleData],
    pub(crate) layouts: Layouts,
    /// Bytes of names and lists that may still be read: overlapping structures must not multiply the work.
    pub(crate) budget: Cell<u64>,
}

impl<'a> Raw<'a> {
    fn reader(&self, addr: u64) -> Reader<'a> {
        self.image.reader(addr)
    }

    fn ptr(&self) -> u64 {
        self.layouts.ptr
    }

    fn word(&self, addr: u64) -> Option<u64> {
        self.image.word(addr)
    }

    fn spend(&self, bytes: u64) -> Option<()> {
        self.budget.set(self.budget.get().checked_sub(bytes)?);
        Some(())
    }

    /// The module whose type data holds `addr`.
    fn module(&self, addr: u64) -> Option<&'a ModuleData> {
        let held = self.modules.iter().find(|m| m.types <= addr && addr < m.etypes);
        held.or_else(|| self.modules.first())
    }

    /// The address of a nameOff or typeOff found in the descriptor at `addr`; 0 and −1 stand for none.
    fn offset_addr(&self, addr: u64, offset: i32) -> Option<u64> {
        let offset = u64::try_from(offset).ok().filter(|o| *o != 0)?;
        self.module(addr)?.types.checked_add(offset)
    }

    /// The code at a textOff; 0 when there is none.
    fn text(&self, addr: u64, offset: i32) -> u64 {
        let offset = u32::try_from(offset).ok().filter(|o| *o != 0);
        let code = offset.and_then(|o| Some(self.module(addr)?.text_addr(o)));
        code.filter(|c| self.image.is_exec(*c)).unwrap_or(0)
    }

    /// The code that a func value points at; 0 when there is none.
    pub(crate) fn func_value(&self, addr: u64) -> u64 {
        let code = if addr == 0 { None } else { self.word(addr) };
        code.filter(|c| self.image.is_exec(*c)).unwrap_or(0)
    }

    fn text_of(&self, bytes: &'a [u8]) -> Option<&'a str> {
        self.spend(bytes.len() as u64)?;
        let text = std::str::from_utf8(bytes).ok()?;
        text.bytes().all(|b| b >= b' ').then_some(text)
    }

    /// The Go string whose header is at `addr`.
    fn go_string(&self, addr: u64) -> Option<&'a str> {
        let len = usize::try_from(self.reader(addr.checked_add(self.ptr())?).word()?).ok()?;
        self.text_of(self.image.bytes(self.word(addr)?, len.min(MAX_NAME))?)
    }

    /// The name at `addr`: a Go string header up to 1.6, flag byte, length and bytes from 1.7.
    pub(crate) fn name(&self, addr: u64) -> Option<&'a str> {
        let mut r = self.reader(addr);
        let len = match self.layouts.names {
            Names::Strings if addr == 0 => return Some(""),
            Names::Strings => return self.go_string(addr),
            Names::Two => {
                r.skip(1)?;
                u64::from(r.u8()?) << 8 | u64::from(r.u8()?)
            }
            Names::Varint => {
                r.skip(1)?;
                r.uvarint()?
            }
        };
        let bytes = r.bytes(usize::try_from(len).ok()?)?;
        self.text_of(bytes.get(..MAX_NAME).unwrap_or(bytes))
    }

    /// The name whose offset or pointer is at `at`, in a structure of the descriptor at `addr`.
    fn name_at(&self, addr: u64, at: u64) -> Option<&'a str> {
        match self.layouts.names {
            Names::Strings => self.name(self.word(at)?),
            _ => self.offset_addr(addr, self.reader(at).i32()?).map_or(Some(""), |n| self.name(n)),
        }
    }

    /// The descriptor whose offset or pointer is at `at`; 0 when there is none.
    fn type_at(&self, addr: u64, at: u64) -> Option<u64> {
        match self.layouts.names {
            Names::Strings => self.word(at),
            _ => Some(self.offset_addr(addr, self.reader(at).i32()?).unwrap_or(0)),
        }
    }

    /// The header at `addr`, `None` when it cannot be one.
    pub(crate) fn header(&self, addr: u64) -> Option<Header<'a>> {
        let (l, ptr) = (&self.layouts, self.ptr());
        let r = self.reader(addr);
        let at = |field| l.head.offset(field).map(|o| o as usize);
        let byte = |field| r.at(at(field)?).u8();
        let size = r.at(at(Head::Size)?).word()?;
        let (flags, tflag) = (byte(Head::Kind)?, if l.names == Names::Strings { 0 } else { byte(Head::TFlag)? });
        let kind = RKind::new(flags & 0x1f)?;
        let align = u32::from(byte(Head::Align)?);
        let fits = align.is_power_of_two() && align <= 16 && size.is_multiple_of(u64::from(align));
        let pointers = at(Head::PtrData).map_or(Some(0), |o| r.at(o).word())?;
        if !fits || kind.size(ptr).is_some_and(|s| s != size) || pointers > size || !pointers.is_multiple_of(ptr) {
            return None;
        }
        let direct = match l.direct {
            Direct::Fits => size <= ptr,
            Direct::Kind => flags & 0x20 != 0,
            Direct::TFlag => tflag & 0x20 != 0,
        };
        let (name, named, uncommon) = self.spelling(addr, tflag)?;
        let equal = self.equal(addr)?;
        let ptr_to_this = self.type_at(addr, addr + u64::from(l.head.offset(Head::PtrToThis)?)).unwrap_or(0);
        Some(Header { size, align, kind, direct, name, named, equal, ptr_to_this, uncommon })
    }

    fn spelling(&self, addr: u64, tflag: u8) -> Option<(&'a str, bool, Uncommon)> {
        let name = self.name_at(addr, addr.checked_add(u64::from(self.layouts.head.offset(Head::Str)?))?)?;
        if let Some(at) = self.layouts.head.offset(Head::Uncommon) {
            let uncommon = self.word(addr + u64::from(at))?;
            let named = uncommon != 0 && self.word(uncommon)? != 0;
            return Some((name, named, if uncommon == 0 { Uncommon::None } else { Uncommon::At(uncommon) }));
        }
        // tflag: 1 uncommon, 2 extra star, 4 named
        let name = if tflag & 2 != 0 { name.strip_prefix('*')? } else { name };
        let uncommon = if tflag & 1 != 0 { Uncommon::Behind } else { Uncommon::None };
        (!name.is_empty()).then_some((name, tflag & 4 != 0, uncommon))
    }

    /// Func values of `==` and, up to 1.13, of the hash. `None` when the field cannot be what it should be.
    fn equal(&self, addr: u64) -> Option<(u64, u64)> {
        let field = self.word(addr.checked_add(u64::from(self.layouts.head.offset(Head::Equal)?))?)?;
        let code_or_none = |f: u64| (f == 0 || self.func_value(f) != 0).then_some(f);
        match self.layouts.equal {
            _ if field == 0 => Some((0, 0)),
            Equal::Other => Some((0, 0)),
            Equal::Alg => {
                let (hash, equal) = (self.word(field)?, self.word(field.checked_add(self.ptr())?)?);
                Some((code_or_none(equal)?, code_or_none(hash)?))
            }
            Equal::Func => Some((code_or_none(field)?, 0)),
        }
    }

    /// Where the kind's own fields begin.
    fn tail_addr(&self, addr: u64) -> u64 {
        addr.saturating_add(u64::from(self.layouts.head.size))
    }

    /// Bytes of the kind's own fields, from Go 1.7 on.
    fn tail_len(&self, kind: RKind) -> u64 {
        let ptr = self.ptr();
        match kind {
            RKind::Pointer | RKind::Slice | RKind::Func => ptr,
            RKind::Chan => 2 * ptr,
            RKind::Array => 3 * ptr,
            RKind::Interface | RKind::Struct => 4 * ptr,
            RKind::Map => u64::from(self.layouts.map.size),
            _ => 0,
        }
    }

    /// Bytes of header, tail and uncommon part.
    pub(crate) fn len(&self, header: &Header) -> u64 {
        let uncommon = if matches!(header.uncommon, Uncommon::Behind) { 16 } else { 0 };
        u64::from(self.layouts.head.size) + self.tail_len(header.kind) + uncommon
    }

    /// What follows the header at `addr`.
    pub(crate) fn tail(&self, addr: u64, header: &Header) -> Option<Tail<'a>> {
        let (at, ptr) = (self.tail_addr(addr), self.ptr());
        Some(match header.kind {
            RKind::Pointer | RKind::Slice | RKind::Chan => Tail::Elem(self.word(at)?),
            RKind::Array => Tail::Array { elem: self.word(at)?, len: self.reader(at).at(2 * ptr as usize).word()? },
            RKind::Map => {
                let field = |f| self.word(at + u64::from(self.layouts.map.offset(f)?));
                let hasher = field(Map::Hasher).unwrap_or(0);
                Tail::Map { key: field(Map::Key)?, elem: field(Map::Elem)?, hasher }
            }
            RKind::Func => self.func(addr, header)?,
            RKind::Interface => Tail::Interface(self.imethods(addr)?),
            RKind::Struct => Tail::Struct(self.fields(addr)?),
            _ => Tail::Scalar,
        })
    }

    /// The slice whose header is at `at`: address and length, for elements of `size` bytes.
    fn slice(&self, at: u64, size: u64) -> Option<(u64, u64)> {
        let len = self.reader(at.checked_add(self.ptr())?).word()?;
        if len > MAX_MEMBERS as u64 {
            return None;
        }
        self.spend(len * size)?;
        let data = self.word(at)?;
        data.checked_add(len * size)?;
        Some((data, len))
    }

    fn words(&self, start: u64, n: u64) -> Option<Vec<u64>> {
        self.spend(n * self.ptr())?;
        (0..n).map(|i| self.word(start.checked_add(i * self.ptr())?)).collect()
    }

    fn func(&self, addr: u64, header: &Header) -> Option<Tail<'a>> {
        let (at, ptr) = (self.tail_addr(addr), self.ptr());
        let mut r = self.reader(at);
        if self.layouts.names == Names::Strings {
            let variadic = r.u8()? != 0;
            let list = |at| self.slice(at, ptr).and_then(|(start, n)| self.words(start, n));
            return Some(Tail::Func { params: list(at + ptr)?, results: list(at + 4 * ptr)?, variadic });
        }
        let (params, results) = (u64::from(r.u16()?), r.u16()?);
        let (variadic, results) = (results >> 15 != 0, u64::from(results & 0x7fff));
        let start = addr.checked_add(self.len(header))?;
        Some(Tail::Func {
            params: self.words(start, params)?,
            results: self.words(start.checked_add(params * ptr)?, results)?,
            variadic,
        })
    }

    fn imethods(&self, addr: u64) -> Option<Vec<(&'a str, u64)>> {
        let (at, ptr) = (self.tail_addr(addr), self.ptr());
        let (slice, size, typ) = match self.layouts.names {
            Names::Strings => (at, 3 * ptr, 2 * ptr), // name, pkgPath, typ
            _ => (at.checked_add(ptr)?, 8, 4),        // nameOff, typeOff
        };
        let (start, n) = self.slice(slice, size)?;
        let entry = |e: u64| Some((self.name_at(addr, e)?, self.type_at(addr, e + typ)?));
        (0..n).map(|i| entry(start + i * size)).collect()
    }

    fn fields(&self, addr: u64) -> Option<Vec<(&'a str, u64, u64)>> {
        let (at, ptr) = (self.tail_addr(addr), self.ptr());
        let (slice, size, typ) = match self.layouts.names {
            Names::Strings => (at, 5 * ptr, 2 * ptr),  // name, pkgPath, typ, tag, offset
            _ => (at.checked_add(ptr)?, 3 * ptr, ptr), // name, typ, offset
        };
        let (start, n) = self.slice(slice, size)?;
        let entry = |e: u64| {
            let offset = self.reader(e + size - ptr).word()? >> self.layouts.field_shift;
            Some((self.name(self.word(e)?)?, self.word(e + typ)?, offset))
        };
        (0..n).map(|i| entry(start + i * size)).collect()
    }

    /// The uncommon part of the descriptor at `addr`, when it has one.
    pub(crate) fn uncommon(&self, addr: u64, header: &Header) -> Option<RawUncommon<'a>> {
        match header.uncommon {
            Uncommon::None => None,
            Uncommon::At(at) => self.uncommon_by_pointer(at),
            Uncommon::Behind => {
                self.uncommon_behind(addr, self.tail_addr(addr).checked_add(self.tail_len(header.kind))?)
            }
        }
    }

    /// Go ≤ 1.6: name, pkgPath, methods {name, pkgPath, mtyp, typ, ifn, tfn}, all pointers.
    fn uncommon_by_pointer(&self, at: u64) -> Option<RawUncommon<'a>> {
        let ptr = self.ptr();
        let path = self.name(self.word(at.checked_add(ptr)?)?)?;
        let (start, n) = self.slice(at.checked_add(2 * ptr)?, 6 * ptr)?;
        let code = |at| self.word(at).map(|c| if self.image.is_exec(c) { c } else { 0 });
        let method = |m: u64| {
            let field = |i: u64| self.word(m + i * ptr);
            Some(RawMethod {
                name: self.name(field(0)?)?,
                mtyp: field(2)?,
                ifn: code(m + 4 * ptr)?,
                tfn: code(m + 5 * ptr)?,
            })
        };
        Some(RawUncommon { path, methods: (0..n).map(|i| method(start + i * 6 * ptr)).collect::<Option<_>>()? })
    }

    /// Go ≥ 1.7: pkgPath, mcount, xcount, moff; methods {name, mtyp, ifn, tfn}, all 4-byte offsets.
    fn uncommon_behind(&self, addr: u64, at: u64) -> Option<RawUncommon<'a>> {
        let mut r = self.reader(at);
        let path = self.name_at(addr, at)?;
        r.skip(4)?;
        let (count, _) = (u64::from(r.u16()?), r.u16()?);
        let start = at.checked_add(u64::from(r.u32()?))?;
        self.spend(count * 16)?;
        let method = |m: u64| {
            let mut r = self.reader(m.checked_add(8)?);
            let (ifn, tfn) = (self.text(addr, r.i32()?), self.text(addr, r.i32()?));
            Some(RawMethod { name: self.name_at(addr, m)?, mtyp: self.type_at(addr, m + 4)?, ifn, tfn })
        };
        let methods = (0..count).map(|i| method(start.checked_add(i * 16)?)).collect::<Option<_>>()?;
        Some(RawUncommon { path, methods })
    }

    /// Whether what is at `addr` can only be a descriptor: the test for places that nothing points at.
    pub(crate) fn surely(&self, addr: u64) -> Option<Header<'a>> {
        let header = self.header(addr)?;
        let spelled = header.named || header.kind.prefix().iter().any(|p| header.name.starts_with(p));
        let word_kinds = matches!(header.kind, RKind::Map | RKind::Chan | RKind::Func | RKind::UnsafePointer);
        let scalar = header.kind.size(self.ptr()).is_some() && !word_kinds && header.kind != RKind::Pointer;
        let boxed = if word_kinds { header.direct } else { !(header.direct && (scalar || header.size != self.ptr())) };
        // before 1.4 the size decides, not a flag
        let boxed = boxed || self.layouts.direct == Direct::Fits;
        (spelled && boxed && self.tail_fits(addr, &header)).then_some(header)
    }

    fn tail_fits(&self, addr: u64, header: &Header) -> bool {
        let known = |at: u64| self.header(at);
        match self.tail(addr, header) {
            None => false,
            Some(Tail::Scalar) => true,
            Some(Tail::Elem(elem)) => known(elem).is_some(),
            Some(Tail::Array { elem, len }) => {
                known(elem).is_some_and(|e| e.size.checked_mul(len) == Some(header.size))
            }
            Some(Tail::Map { key, elem, hasher }) => {
                known(key).is_some() && known(elem).is_some() && (hasher == 0 || self.func_value(hasher) != 0)
            }
            Some(Tail::Func { params, results, .. }) => params.iter().chain(&results).all(|p| known(*p).is_some()),
            Some(Tail::Interface(methods)) => methods.iter().all(|(name, ty)| !name.is_empty() && *ty != 0),
            Some(Tail::Struct(fields)) => fields.iter().all(|(_, ty, at)| {
                known(*ty).is_some_and(|t| at.checked_add(t.size).is_some_and(|e| e <= header.size))
            }),
        }
    }
}
