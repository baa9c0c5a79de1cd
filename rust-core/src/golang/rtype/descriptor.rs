//! One type descriptor as it is in the file: addresses and numbers, bounds-checked, not yet [`crate::types`].

use super::kind::RKind;
use super::layout::{Direct, Equal, Head, Layouts, Map, Names, is_align};
use super::whole;
use crate::golang::moduledata::ModuleData;
use crate::image::Image;
use crate::limits::MAX_MEMBERS;
use crate::reader::Reader;
use std::cell::Cell;

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
    pub(super) uncommon: Uncommon,
}

/// Where the uncommon part is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Uncommon {
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
    pub(super) fn reader(&self, addr: u64) -> Reader<'a> {
        self.image.reader(addr)
    }

    pub(super) fn ptr(&self) -> u64 {
        self.layouts.ptr
    }

    pub(super) fn word(&self, addr: u64) -> Option<u64> {
        self.image.word(addr)
    }

    pub(crate) fn spend(&self, bytes: u64) -> Option<()> {
        self.budget.set(self.budget.get().checked_sub(bytes)?);
        Some(())
    }

    /// The module whose type data holds `addr`.
    fn module(&self, addr: u64) -> Option<&'a ModuleData> {
        let held = self.modules.iter().find(|m| m.types <= addr && addr < m.etypes);
        held.or_else(|| self.modules.first())
    }

    /// The address of a nameOff or typeOff found in the descriptor at `addr`; 0 and −1 stand for none.
    pub(super) fn offset_addr(&self, addr: u64, offset: i32) -> Option<u64> {
        let offset = u64::try_from(offset).ok().filter(|o| *o != 0)?;
        self.module(addr)?.types.checked_add(offset)
    }

    /// The code at a textOff; 0 when there is none.
    pub(super) fn text(&self, addr: u64, offset: i32) -> u64 {
        let offset = u32::try_from(offset).ok().filter(|o| *o != 0);
        let code = offset.and_then(|o| Some(self.module(addr)?.text_addr(o)));
        code.filter(|c| self.image.is_exec(*c)).unwrap_or(0)
    }

    /// The code that a func value points at; 0 when there is none.
    pub(crate) fn func_value(&self, addr: u64) -> u64 {
        let code = if addr == 0 { None } else { self.word(addr) };
        code.filter(|c| self.image.is_exec(*c)).unwrap_or(0)
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
        let align = byte(Head::Align).filter(|align| is_align(*align))?.into();
        let fits = size.is_multiple_of(u64::from(align));
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
        let pointer = addr.saturating_add(u64::from(l.head.offset(Head::PtrToThis)?));
        let ptr_to_this = self.type_at(addr, pointer).unwrap_or(0);
        Some(Header { size, align, kind, direct, name, named, equal, ptr_to_this, uncommon })
    }

    fn spelling(&self, addr: u64, tflag: u8) -> Option<(&'a str, bool, Uncommon)> {
        let name = self.name_at(addr, addr.checked_add(u64::from(self.layouts.head.offset(Head::Str)?))?)?;
        if let Some(at) = self.layouts.head.offset(Head::Uncommon) {
            let uncommon = self.word(addr.saturating_add(u64::from(at)))?;
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
    pub(super) fn tail_addr(&self, addr: u64) -> u64 {
        addr.saturating_add(u64::from(self.layouts.head.size))
    }

    /// Bytes of the kind's own fields, from Go 1.7 on.
    pub(super) fn tail_len(&self, kind: RKind) -> u64 {
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
                let field = |f| self.word(at.saturating_add(u64::from(self.layouts.map.offset(f)?)));
                let hasher = field(Map::Hasher).unwrap_or(0);
                Tail::Map { key: field(Map::Key)?, elem: field(Map::Elem)?, hasher }
            }
            RKind::Func => self.func(addr, header)?,
            RKind::Interface => Tail::Interface(self.imethods(addr)?),
            RKind::Struct => Tail::Struct(self.fields(addr)?),
            _ => Tail::Scalar,
        })
    }

    /// Bytes of the lists in a tail and of the names in them.
    pub(super) fn tail_bytes(&self, tail: &Tail) -> u64 {
        let names = |n: usize, bytes: usize| (n as u64 * 2) * self.ptr() + bytes as u64;
        match tail {
            Tail::Func { params, results, .. } => names(params.len() + results.len(), 0),
            Tail::Interface(list) => names(list.len(), list.iter().map(|m| m.0.len()).sum()),
            Tail::Struct(list) => names(list.len(), list.iter().map(|f| f.0.len()).sum()),
            _ => 0,
        }
    }

    /// The slice whose header is at `at`: address and length, for elements of `size` bytes.
    pub(super) fn slice(&self, at: u64, size: u64) -> Option<(u64, u64)> {
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
        whole(n as usize, (0..n).map(|i| self.word(start.checked_add(i * self.ptr())?)))
    }

    fn func(&self, addr: u64, header: &Header) -> Option<Tail<'a>> {
        let (at, ptr) = (self.tail_addr(addr), self.ptr());
        let mut r = self.reader(at);
        if self.layouts.names == Names::Strings {
            let variadic = r.u8()? != 0;
            let list =
                |words: u64| self.slice(at.checked_add(words * ptr)?, ptr).and_then(|(start, n)| self.words(start, n));
            return Some(Tail::Func { params: list(1)?, results: list(4)?, variadic });
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
        whole(n as usize, (0..n).map(|i| entry(start + i * size)))
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
        whole(n as usize, (0..n).map(|i| entry(start + i * size)))
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
        let whole = matches!(header.uncommon, Uncommon::None) || self.uncommon(addr, &header).is_some();
        (spelled && boxed && whole && self.tail_fits(addr, &header)).then_some(header)
    }

    /// Whether this is a map type whose sizes agree with the layout: groups are a control word and eight slots.
    pub(super) fn map_fits(&self, addr: u64, header: &Header) -> bool {
        let at = |field| Some(self.tail_addr(addr).saturating_add(u64::from(self.layouts.map.offset(field)?)));
        let word = |field| at(field).and_then(|at| self.reader(at).word());
        let key = self.word(self.tail_addr(addr)).and_then(|key| self.header(key)).map(|key| key.size);
        let key_size = at(Map::KeySize).and_then(|at| self.reader(at).u8()).map(u64::from);
        let fits = match (word(Map::GroupSize), word(Map::SlotSize), word(Map::KeysOff)) {
            (Some(group), Some(slot), _) => slot.checked_mul(8).and_then(|s| s.checked_add(8)) == Some(group),
            (Some(_), _, keys) => keys == Some(8),
            _ => key_size == key || key_size == Some(self.ptr()),
        };
        header.kind == RKind::Map && fits
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
