//! The scalars of a value by the names that assembly gives them.

use crate::abi::location::Scalar;
use crate::arch::Arch;
use crate::limits::{MAX_COMPONENTS, MAX_SHAPE_VISITS, MAX_TYPE_DEPTH};
use crate::types::{Kind, Param, TypeId, Types};

/// A scalar, or half of one that is wider than a register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Leaf {
    /// What follows the value's name: `_base`, `_x_len`, or nothing.
    pub(super) suffix: String,
    /// Bytes from the start of the value.
    pub(super) off: u32,
    /// Bytes.
    pub(super) size: u32,
    /// What it is.
    pub(super) kind: Scalar,
    /// Whether it is in a blank field, for which there is no name that is sure to be its own.
    pub(super) blank: bool,
}

/// The scalars of a type in memory order, and whether that is all of them.
pub(super) fn leaves(types: &Types, id: TypeId, arch: Arch) -> (Vec<Leaf>, bool) {
    let mut walk = Walk { types, arch, found: Vec::new(), visits: 0, whole: true, blank: false };
    walk.value(id, 0, String::new(), 0);
    walk.found.truncate(MAX_COMPONENTS);
    (walk.found, walk.whole)
}

struct Walk<'t> {
    types: &'t Types,
    arch: Arch,
    found: Vec<Leaf>,
    visits: usize,
    whole: bool,
    blank: bool,
}

impl Walk<'_> {
    fn value(&mut self, id: TypeId, off: u32, suffix: String, depth: usize) {
        self.visits += 1;
        if depth > MAX_TYPE_DEPTH || self.visits > MAX_SHAPE_VISITS || self.found.len() > MAX_COMPONENTS {
            self.whole = false;
            return;
        }
        let types = self.types;
        let Some(ty) = types.get(id) else { return };
        let (size, word, blank) = (saturate(ty.size), self.arch.ptr_size(), self.blank);
        let each = |size: u32, kinds: &[(&str, Scalar)]| -> Vec<Leaf> {
            let place = |(i, (name, kind)): (u32, &(&str, Scalar))| Leaf {
                suffix: format!("{suffix}{name}"),
                off: off.saturating_add(i.saturating_mul(size)),
                size,
                kind: *kind,
                blank,
            };
            (0u32..).zip(kinds).map(place).collect()
        };
        let parts = match &ty.kind {
            Kind::Struct(fields) => {
                for field in fields {
                    self.blank = blank || field.name == "_";
                    let name = format!("{suffix}_{}", field.name);
                    self.value(field.ty, off.saturating_add(saturate(field.offset)), name, depth + 1);
                    self.blank = blank;
                }
                return;
            }
            Kind::Array { elem, len } => return self.array((*elem, *len), off, &suffix, depth),
            Kind::Complex => each(size / 2, &[("_real", Scalar::Float), ("_imag", Scalar::Float)]),
            Kind::String => each(word, &[("_base", Scalar::Ptr), ("_len", Scalar::Int)]),
            Kind::Slice(_) => each(word, &[("_base", Scalar::Ptr), ("_len", Scalar::Int), ("_cap", Scalar::Int)]),
            Kind::Interface { methods } => {
                let first = if methods.is_empty() { "_type" } else { "_itable" };
                each(word, &[(first, Scalar::Ptr), ("_data", Scalar::Ptr)])
            }
            Kind::Bool => each(size, &[("", Scalar::Bool)]),
            Kind::Int { signed } => self.halves(size, each, if *signed { Scalar::Int } else { Scalar::Uint }),
            Kind::Uintptr => each(size, &[("", Scalar::Uint)]),
            Kind::Float => each(size, &[("", Scalar::Float)]),
            Kind::Vector => each(size, &[("", Scalar::Vector)]),
            Kind::UnsafePointer | Kind::Pointer(_) | Kind::Map { .. } | Kind::Chan(_) | Kind::Func(_) => {
                each(word, &[("", Scalar::Ptr)])
            }
        };
        self.found.extend(parts.into_iter().filter(|leaf| leaf.size > 0));
    }

    /// An integer that is wider than a register is two.
    fn halves(&self, size: u32, each: impl Fn(u32, &[(&str, Scalar)]) -> Vec<Leaf>, kind: Scalar) -> Vec<Leaf> {
        match (size > self.arch.ptr_size(), self.arch.info().big_endian) {
            (false, _) => each(size, &[("", kind)]),
            (true, false) => each(size / 2, &[("_lo", Scalar::Uint), ("_hi", kind)]),
            (true, true) => each(size / 2, &[("_hi", kind), ("_lo", Scalar::Uint)]),
        }
    }

    fn array(&mut self, (elem, len): (TypeId, u64), off: u32, suffix: &str, depth: usize) {
        let stride = self.types.get(elem).map_or(0, |t| saturate(t.size));
        for i in 0..len.min(MAX_COMPONENTS as u64 + 1) {
            let at = off.saturating_add(saturate(i).saturating_mul(stride));
            self.value(elem, at, format!("{suffix}_{i}"), depth + 1);
        }
    }
}

/// Names of all values of one side: those that were written, or else `arg`, `arg1`, … and `ret`, `ret1`, ….
pub(super) fn values(side: &[Param], unnamed: &str) -> Vec<String> {
    let name = |(i, param): (usize, &Param)| match (param.name.as_str(), i) {
        ("", 0) => unnamed.to_string(),
        ("", i) => format!("{unnamed}{i}"),
        (name, _) => name.to_string(),
    };
    side.iter().enumerate().map(name).collect()
}

pub(super) fn saturate(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
