//! The uncommon part of a type: package path and method table.

use super::descriptor::{Header, Raw, Uncommon};
use super::whole;

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

impl<'a> Raw<'a> {
    /// Where the uncommon part of the descriptor at `addr` is, when it has one.
    fn uncommon_addr(&self, addr: u64, header: &Header) -> Option<u64> {
        match header.uncommon {
            Uncommon::None => None,
            Uncommon::At(at) => Some(at),
            Uncommon::Behind => self.tail_addr(addr).checked_add(self.tail_len(header.kind)),
        }
    }

    /// The package path in the uncommon part.
    pub(super) fn path(&self, addr: u64, header: &Header) -> Option<&'a str> {
        let at = self.uncommon_addr(addr, header)?;
        match header.uncommon {
            Uncommon::At(_) => self.name(self.word(at.checked_add(self.ptr())?)?),
            _ => self.name_at(addr, at),
        }
    }

    /// The uncommon part of the descriptor at `addr`, when it has one.
    pub(crate) fn uncommon(&self, addr: u64, header: &Header) -> Option<RawUncommon<'a>> {
        let (at, path) = (self.uncommon_addr(addr, header)?, self.path(addr, header)?);
        let methods = match header.uncommon {
            Uncommon::At(_) => self.methods_by_pointer(at)?,
            _ => self.methods_by_offset(addr, at)?,
        };
        Some(RawUncommon { path, methods })
    }

    /// Go ≤ 1.6: name, pkgPath, methods {name, pkgPath, mtyp, typ, ifn, tfn}, all pointers.
    fn methods_by_pointer(&self, at: u64) -> Option<Vec<RawMethod<'a>>> {
        let ptr = self.ptr();
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
        whole(n as usize, (0..n).map(|i| method(start + i * 6 * ptr)))
    }

    /// Go ≥ 1.7: pkgPath, mcount, xcount, moff; methods {name, mtyp, ifn, tfn}, all 4-byte offsets.
    fn methods_by_offset(&self, addr: u64, at: u64) -> Option<Vec<RawMethod<'a>>> {
        let mut r = self.reader(at);
        r.skip(4)?;
        let (count, _) = (u64::from(r.u16()?), r.u16()?);
        let start = at.checked_add(u64::from(r.u32()?))?;
        self.spend(count * 16)?;
        let method = |m: u64| {
            let mut r = self.reader(m.checked_add(8)?);
            let (ifn, tfn) = (self.text(addr, r.i32()?), self.text(addr, r.i32()?));
            Some(RawMethod { name: self.name_at(addr, m)?, mtyp: self.type_at(addr, m + 4)?, ifn, tfn })
        };
        whole(count as usize, (0..count).map(|i| method(start.checked_add(i * 16)?)))
    }
}
