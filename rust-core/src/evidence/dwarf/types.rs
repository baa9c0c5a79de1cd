//! Type entries → [`Types`]. Each entry is converted once, however often it is referred to.

use super::info::{Die, Info, Raw, Unit};
use crate::arch::Arch;
use crate::limits::{MAX_MEMBERS, MAX_TYPE_DEPTH, MAX_TYPES};
use crate::types::{Field, Kind, Param, Signature, Type, TypeId, Types};
use gimli::constants as dw;
use std::collections::HashMap;

/// Converts types on demand; [`TypeReader::finish`] completes what was asked for.
pub(super) struct TypeReader<'t, 'i, 'd> {
    info: &'i Info<'d>,
    types: &'t mut Types,
    arch: Arch,
    known: HashMap<usize, Option<TypeId>>,
    queue: Vec<(Die<'d>, TypeId)>,
    made: Vec<TypeId>,
    /// Bytes of entries that may still be read. An honest file needs each entry once.
    fuel: usize,
}

impl<'t, 'i, 'd> TypeReader<'t, 'i, 'd> {
    pub(super) fn new(info: &'i Info<'d>, types: &'t mut Types, arch: Arch) -> Self {
        let fuel = info.size.saturating_mul(2);
        TypeReader { info, types, arch, known: HashMap::new(), queue: Vec::new(), made: Vec::new(), fuel }
    }

    /// The type whose entry is at `offset`. Its contents are there after [`TypeReader::finish`].
    pub(super) fn at(&mut self, offset: usize) -> Option<TypeId> {
        if let Some(known) = self.known.get(&offset) {
            return *known;
        }
        let id = self.resolve(offset);
        self.known.insert(offset, id);
        id
    }

    fn resolve(&mut self, offset: usize) -> Option<TypeId> {
        let die = self.named(offset)?;
        if let (true, Some(known)) = (die.offset != offset, self.known.get(&die.offset)) {
            return *known;
        }
        if self.made.len() >= MAX_TYPES {
            return None;
        }
        let name = String::from_utf8_lossy(die.name).into_owned();
        let id = self.types.push(Type { name, size: 0, align: 1, kind: Kind::Uintptr });
        self.made.push(id);
        self.known.insert(die.offset, Some(id));
        self.queue.push((die, id));
        Some(id)
    }

    /// The entry at `offset`, past typedefs that only rename: Go writes one for every type, and one for every type
    /// parameter.
    fn named(&mut self, mut offset: usize) -> Option<Die<'d>> {
        for _ in 0..MAX_TYPE_DEPTH {
            let unit = self.info.unit_at(offset)?;
            let mut raw = unit.raw(Some(offset))?;
            let die = self.read(unit, &mut raw)??;
            if die.tag != dw::DW_TAG_typedef.0 || die.go_kind != 0 {
                return Some(die);
            }
            offset = die.ty?;
        }
        None
    }

    fn read(&mut self, unit: &Unit<'d>, raw: &mut Raw<'_, 'd>) -> Option<Option<Die<'d>>> {
        let before = unit.offset(raw);
        let die = self.info.next(unit, raw)?;
        self.fuel = self.fuel.checked_sub(unit.offset(raw) - before)?;
        Some(die)
    }

    /// Direct children of `parent`.
    fn children(&mut self, parent: &Die<'d>) -> Vec<Die<'d>> {
        let mut out = Vec::new();
        if let Some(unit) = self.info.unit_at(parent.offset).filter(|_| parent.has_children) {
            let _ = self.children_in(unit, parent.offset, &mut out);
        }
        out
    }

    fn children_in(&mut self, unit: &Unit<'d>, offset: usize, out: &mut Vec<Die<'d>>) -> Option<()> {
        let mut raw = unit.raw(Some(offset))?;
        self.read(unit, &mut raw)?;
        while raw.next_depth() > 0 && out.len() < MAX_MEMBERS {
            let depth = raw.next_depth();
            if let Some(die) = self.read(unit, &mut raw)?.filter(|_| depth == 1) {
                out.push(die);
            }
        }
        Some(())
    }

    /// Converts everything that was asked for, and what it refers to.
    pub(super) fn finish(mut self) {
        while let Some((die, id)) = self.queue.pop() {
            let ty = self.convert(&die);
            self.types.set(id, ty);
        }
        let mut aligned = HashMap::new();
        for id in std::mem::take(&mut self.made) {
            let align = self.align(id, 0, &mut aligned);
            if let Some(ty) = self.types.get(id).filter(|ty| ty.align != align) {
                let ty = Type { align, ..ty.clone() };
                self.types.set(id, ty);
            }
        }
    }

    fn convert(&mut self, die: &Die<'d>) -> Type {
        let kind = self.kind(die);
        let ptr = u64::from(self.arch.ptr_size());
        let size = match &kind {
            Kind::Pointer(_) | Kind::UnsafePointer | Kind::Map { .. } | Kind::Chan(_) | Kind::Func(_) => ptr,
            Kind::Interface { .. } => 2 * ptr,
            Kind::Array { elem, len } => {
                let size = die.byte_size.or_else(|| self.types.get(*elem)?.size.checked_mul(*len));
                size.unwrap_or(u64::MAX)
            }
            _ => die.byte_size.unwrap_or(0),
        };
        Type { name: String::from_utf8_lossy(die.name).into_owned(), size, align: 1, kind }
    }

    /// By `DW_AT_go_kind`, which holds `reflect.Kind`; without one, by tag.
    fn kind(&mut self, die: &Die<'d>) -> Kind {
        match (die.go_kind, dw::DwTag(die.tag)) {
            (1, _) => Kind::Bool,
            (2..=6, _) => Kind::Int { signed: true },
            (7..=11, _) => Kind::Int { signed: false },
            (12, _) => Kind::Uintptr,
            (13 | 14, _) => Kind::Float,
            (15 | 16, _) => Kind::Complex,
            (17, _) | (_, dw::DW_TAG_array_type) => self.array(die),
            (18, _) => Kind::Chan(self.maybe(die.go_elem)),
            (19, _) | (_, dw::DW_TAG_subroutine_type) => Kind::Func(self.func(die)),
            (20, _) => Kind::Interface { methods: Vec::new() },
            (21, _) => Kind::Map { key: self.maybe(die.go_key), elem: self.maybe(die.go_elem) },
            (23, _) => Kind::Slice(self.maybe(die.go_elem)),
            (24, _) => Kind::String,
            (25, _) | (_, dw::DW_TAG_structure_type) => self.structure(die),
            (22 | 26, _) | (_, dw::DW_TAG_pointer_type) => match self.maybe(die.ty) {
                None => Kind::UnsafePointer,
                elem => Kind::Pointer(elem),
            },
            _ => base_kind(die),
        }
    }

    fn maybe(&mut self, offset: Option<usize>) -> Option<TypeId> {
        self.at(offset?)
    }

    fn array(&mut self, die: &Die<'d>) -> Kind {
        let len = self.children(die).iter().find_map(|child| child.count).unwrap_or(0);
        match self.maybe(die.ty) {
            Some(elem) => Kind::Array { elem, len },
            None => Kind::Struct(Vec::new()),
        }
    }

    fn structure(&mut self, die: &Die<'d>) -> Kind {
        let children = self.children(die);
        let members = children.iter().filter(|child| child.tag == dw::DW_TAG_member.0);
        let field = |member: &Die<'d>| {
            let name = String::from_utf8_lossy(member.name).into_owned();
            Some(Field { name, offset: member.member_offset, ty: self.maybe(member.ty)? })
        };
        Kind::Struct(members.filter_map(field).collect())
    }

    /// From Go 1.27 results are marked. Before, they follow the parameters, each as a pointer to its type, and only
    /// the type's name tells where they begin.
    fn func(&mut self, die: &Die<'d>) -> Signature {
        let children = self.children(die);
        let variadic = children.iter().any(|child| child.tag == dw::DW_TAG_unspecified_parameters.0);
        let formals: Vec<&Die<'d>> =
            children.iter().filter(|child| child.tag == dw::DW_TAG_formal_parameter.0).collect();
        let marked = formals.iter().position(|formal| formal.is_result);
        let first_result = marked.or_else(|| params_in_name(die.name)).unwrap_or(formals.len()).min(formals.len());
        let (params, results) = formals.split_at(first_result);
        let params = params.iter().filter_map(|formal| self.maybe(formal.ty)).map(unnamed).collect();
        let results = results.iter().filter_map(|formal| self.result(formal, marked.is_some())).map(unnamed).collect();
        Signature { params, results, variadic }
    }

    fn result(&mut self, formal: &Die<'d>, marked: bool) -> Option<TypeId> {
        let target = if marked { formal.ty } else { self.named(formal.ty?)?.ty };
        self.maybe(target)
    }

    /// Bytes that a value's address is a multiple of; DWARF does not say it.
    fn align(&self, id: TypeId, depth: usize, known: &mut HashMap<TypeId, u32>) -> u32 {
        if let Some(align) = known.get(&id) {
            return *align;
        }
        let most = self.arch.info().max_align;
        let own = |size: u64| u32::try_from(size).unwrap_or(most).clamp(1, most);
        let Some(ty) = self.types.get(id).filter(|_| depth < MAX_TYPE_DEPTH) else { return 1 };
        let align = match &ty.kind {
            Kind::Struct(fields) => {
                fields.iter().map(|field| self.align(field.ty, depth + 1, known)).max().unwrap_or(1)
            }
            Kind::Array { elem, .. } => self.align(*elem, depth + 1, known),
            Kind::Bool | Kind::Int { .. } | Kind::Float => own(ty.size),
            Kind::Complex => own(ty.size / 2),
            Kind::Vector => 8,
            _ => self.arch.ptr_size(),
        };
        known.insert(id, align);
        align
    }
}

fn unnamed(ty: TypeId) -> Param {
    Param { name: String::new(), ty, role: None }
}

fn base_kind(die: &Die<'_>) -> Kind {
    match gimli::DwAte(die.encoding) {
        dw::DW_ATE_boolean => Kind::Bool,
        dw::DW_ATE_float => Kind::Float,
        dw::DW_ATE_complex_float => Kind::Complex,
        dw::DW_ATE_signed | dw::DW_ATE_signed_char => Kind::Int { signed: true },
        _ => Kind::Int { signed: false },
    }
}

/// Parameters in the spelling of a func type: `func(int, []string) error` → 2.
fn params_in_name(name: &[u8]) -> Option<usize> {
    let rest = name.strip_prefix(b"func(")?;
    let (mut depth, mut commas, mut any) = (0usize, 0, false);
    for byte in rest {
        match byte {
            b')' if depth == 0 => return Some(if any { commas + 1 } else { 0 }),
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.checked_sub(1)?,
            b',' if depth == 0 => commas += 1,
            _ => {}
        }
        any = true;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::params_in_name;

    #[test]
    fn counts_parameters_of_a_spelled_func_type() {
        for (name, count) in [
            ("func()", Some(0)),
            ("func() (int, error)", Some(0)),
            ("func(int) string", Some(1)),
            ("func(func(int, int) bool, map[string]struct { A, B int }, ...interface {})", Some(3)),
            ("main.Handler", None),
            ("func(int", None),
        ] {
            assert_eq!(params_in_name(name.as_bytes()), count, "{name}");
        }
    }
}
