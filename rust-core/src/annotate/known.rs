//! What the type data says of addresses, and how types lead from one value to the next.

use crate::abi::assign::{Assignment, assign_shapes};
use crate::abi::location::{Loc, Scalar};
use crate::abi::registers::Convention;
use crate::abi::shape::Shape;
use crate::code::values::Value;
use crate::golang::{self, rtype::TypeReader};
use crate::limits::MAX_TYPE_DEPTH;
use crate::types::{Kind, Param, Signature, TypeId, Types};

/// Addresses of runtime types and itabs.
#[derive(Debug, Default)]
pub struct Known {
    /// Runtime types, by address.
    pub types: Vec<(u64, TypeId)>,
    /// Itabs with the interface's type, and the one of the values, by address.
    pub itabs: Vec<(u64, Option<TypeId>, Option<TypeId>)>,
    /// Bytes from an itab to the code of its first method.
    pub first_method: u32,
}

impl Known {
    /// What has been read of the type data.
    pub fn new(reader: &TypeReader<'_>) -> Known {
        let itabs = golang::itab::enumerate(reader).into_iter();
        let mut itabs: Vec<_> =
            itabs.map(|itab| (itab.addr, reader.lookup(itab.interface), reader.lookup(itab.concrete))).collect();
        itabs.sort_unstable();
        Known { types: reader.known(), itabs, first_method: reader.raw().layouts.itab.size }
    }

    /// All of them.
    pub fn addresses(&self) -> impl Iterator<Item = u64> {
        self.types.iter().map(|known| known.0).chain(self.itabs.iter().map(|known| known.0))
    }

    /// The runtime type at `addr`.
    pub(super) fn ty(&self, addr: u64) -> Option<TypeId> {
        self.types.binary_search_by_key(&addr, |known| known.0).ok().map(|i| self.types[i].1)
    }

    /// The method whose code is at an offset in an itab.
    pub(super) fn slot(&self, offset: u32) -> Option<u32> {
        offset.checked_sub(self.first_method).filter(|offset| offset % 8 == 0).map(|offset| offset / 8)
    }

    /// The itab at `addr`: its interface.
    pub(super) fn itab_at(&self, addr: u64) -> Option<TypeId> {
        self.itab(addr).filter(|(_, offset)| *offset == 0).map(|(ty, _)| ty)
    }

    /// The itab that `addr` is in: its interface and the offset.
    pub(super) fn itab(&self, addr: u64) -> Option<(TypeId, u32)> {
        let index = self.itabs.partition_point(|known| known.0 <= addr).checked_sub(1)?;
        let (start, ty, _) = self.itabs[index];
        u32::try_from(addr - start).ok().zip(ty).map(|(offset, ty)| (ty, offset))
    }
}

/// The word at `off` of a value, where it is a pointer or a part of something that holds one. What lies behind the value
/// is the next element of the same type.
pub(super) fn part(types: &Types, ty: TypeId, off: u32) -> Value {
    let leads_on = |ty: TypeId| {
        let kind = types.get(ty).map(|t| &t.kind);
        let plain = matches!(kind, Some(Kind::Pointer(_) | Kind::Interface { .. } | Kind::Func(_) | Kind::Slice(_)));
        plain || matches!(kind, Some(Kind::Map { .. } | Kind::Chan(_)))
    };
    let Some(size) = types.get(ty).and_then(|t| u32::try_from(t.size).ok()).filter(|size| *size > 0) else {
        return Value::Unknown;
    };
    leaf(types, ty, off % size).filter(|(ty, _)| leads_on(*ty)).map_or(Value::Unknown, |(ty, off)| Value::Part(ty, off))
}

/// What is at `off` of a value: the innermost type, neither struct nor array, and the offset in it.
pub(super) fn leaf(types: &Types, ty: TypeId, off: u32) -> Option<(TypeId, u32)> {
    let (mut ty, mut off) = (ty, u64::from(off));
    for _ in 0..MAX_TYPE_DEPTH {
        match &types.get(ty)?.kind {
            Kind::Struct(fields) => {
                let size = |f: &crate::types::Field| types.get(f.ty).map_or(0, |t| t.size);
                let holds = |f: &&crate::types::Field| (f.offset..f.offset.saturating_add(size(f))).contains(&off);
                let field = fields.iter().find(holds)?;
                (ty, off) = (field.ty, off - field.offset);
            }
            Kind::Array { elem, .. } => {
                let size = types.get(*elem).map(|t| t.size).filter(|size| *size > 0)?;
                (ty, off) = (*elem, off % size);
            }
            _ => return Some((ty, off as u32)),
        }
    }
    None
}

/// What a word is that one path says `a` of, and another one `b`. It is one variable, so one type; what only one path
/// knows of its type is true of both.
pub(super) fn join(known: &Known, types: &Types, a: Value, b: Value) -> Value {
    let itab = |value: Value| match value {
        Value::Const(at) => known.itab_at(at).map_or(value, |ty| Value::Part(ty, 0)),
        _ => value,
    };
    let size = |ty: TypeId| types.get(ty).map_or(0, |t| t.size) as u32;
    match (itab(a), itab(b)) {
        (Value::Into(one, at), Value::Into(other, off)) if one == other && size(one) > 0 => {
            let at = at % size(one);
            if at == off % size(one) { Value::Into(one, at) } else { Value::Unknown }
        }
        (Value::Into(elem, 0), Value::Part(ty, 0)) | (Value::Part(ty, 0), Value::Into(elem, 0)) if matches!(types.get(ty).map(|t| &t.kind), Some(Kind::Pointer(Some(of))) if *of == elem) => {
            Value::Part(ty, 0)
        }
        (a, b) if a == b => a,
        (a, b) if a.is_typed() && !b.is_typed() => a,
        (a, b) if b.is_typed() && !a.is_typed() => b,
        // What stands for the type of another place does so on both paths.
        (a, Value::Unknown | Value::Loaded(_) | Value::Const(0)) if a.is_steady() => a,
        (Value::Unknown | Value::Loaded(_) | Value::Const(0), b) if b.is_steady() => b,
        _ => Value::Unknown,
    }
}

/// What an address is after something unknown was added to it.
pub(super) fn element(types: &Types, base: Value) -> Value {
    match base {
        Value::Part(ty, 0) => match types.get(ty).map(|t| &t.kind) {
            Some(Kind::Slice(Some(elem)) | Kind::Pointer(Some(elem))) => Value::Into(*elem, 0),
            _ => Value::Unknown,
        },
        Value::Into(..) => base,
        _ => Value::Unknown,
    }
}

/// The interface type, or the one of the same name that lists its methods: debug information does not, and writes the
/// whole import path where type data writes its last part. Several that could be meant are none.
fn with_methods(types: &Types, ty: TypeId) -> Option<TypeId> {
    let lists = |id: &TypeId| {
        types.get(*id).is_some_and(|t| matches!(&t.kind, Kind::Interface { methods } if !methods.is_empty()))
    };
    if lists(&ty) {
        return Some(ty);
    }
    let name = &types.get(ty)?.name;
    let short = name.rsplit('/').next().unwrap_or_default();
    let mut all = types.named(name).filter(lists).chain(types.named(short).filter(lists));
    let found = all.next()?;
    all.all(|other| types.get(other).map(|t| &t.kind) == types.get(found).map(|t| &t.kind)).then_some(found)
}

/// What a load at `disp` from a word of that type gives.
pub(super) fn load(types: &Types, (ty, off): (TypeId, u32), disp: i64) -> Value {
    let Ok(disp) = u32::try_from(disp) else { return Value::Unknown };
    match types.get(ty).map(|t| &t.kind) {
        Some(Kind::Pointer(Some(elem))) if off == 0 => part(types, *elem, disp),
        Some(Kind::Slice(Some(elem))) if off == 0 => part(types, *elem, disp),
        Some(Kind::Interface { .. }) if off == 0 => {
            // Without methods, the name of the type and the slot are better than nothing.
            Value::Method(with_methods(types, ty).unwrap_or(ty), disp)
        }
        Some(Kind::Func(_)) if off == 0 && disp == 0 => Value::Method(ty, 0),
        _ => Value::Unknown,
    }
}

/// What a call of an interface's method, or through a func value, has for a signature.
fn called(types: &Types, ty: TypeId, slot: Option<u32>) -> Option<&Signature> {
    let func = match &types.get(ty)?.kind {
        Kind::Interface { methods } => methods.get(slot? as usize)?.ty?,
        _ => ty,
    };
    match &types.get(func)?.kind {
        Kind::Func(signature) => Some(signature),
        _ => None,
    }
}

/// Where the values of such a call are. An interface's data word, the receiver, is not among the parameters.
fn placed(types: &Types, ty: TypeId, signature: &Signature, convention: &Convention) -> Assignment {
    let is_method = matches!(types.get(ty).map(|t| &t.kind), Some(Kind::Interface { .. }));
    let receiver = is_method.then(|| Shape::scalar(convention.arch.ptr_size(), Scalar::Ptr, convention.arch));
    let shape = |param: &Param| Shape::of(types, param.ty, convention.arch);
    let params: Vec<Shape> = receiver.into_iter().chain(signature.params.iter().map(shape)).collect();
    let results: Vec<Shape> = signature.results.iter().map(shape).collect();
    let mut placed = assign_shapes(&params, &results, convention);
    placed.params.drain(..usize::from(is_method));
    placed
}

/// The parameters of such a call: places and words that lead on.
pub(super) fn params(types: &Types, ty: TypeId, slot: Option<u32>, convention: &Convention) -> Vec<(Loc, Value)> {
    let Some(signature) = called(types, ty, slot) else { return Vec::new() };
    let placed = placed(types, ty, signature, convention).params.into_iter().zip(&signature.params);
    let words = placed.flat_map(|(placed, param)| {
        placed.pieces.into_iter().map(|piece| (piece.loc, part(types, param.ty, piece.off)))
    });
    words.filter(|(_, word)| *word != Value::Unknown).collect()
}

/// The results of a call through an interface's method, or through a func value: places and words that lead on.
pub(super) fn results(types: &Types, ty: TypeId, slot: Option<u32>, convention: &Convention) -> Vec<(Loc, Value)> {
    let words = result_words(types, ty, slot, convention).into_iter().map(|(loc, ty, off)| (loc, part(types, ty, off)));
    words.filter(|(_, word)| *word != Value::Unknown).collect()
}

/// The same with each result's type and the word's offset in it.
pub(super) fn result_words(
    types: &Types,
    ty: TypeId,
    slot: Option<u32>,
    convention: &Convention,
) -> Vec<(Loc, TypeId, u32)> {
    let Some(signature) = called(types, ty, slot).filter(|s| convention.uses_registers() && !s.results.is_empty())
    else {
        return Vec::new();
    };
    let placed = placed(types, ty, signature, convention).results.into_iter().zip(&signature.results);
    placed.flat_map(|(placed, result)| placed.pieces.into_iter().map(|p| (p.loc, result.ty, p.off))).collect()
}
