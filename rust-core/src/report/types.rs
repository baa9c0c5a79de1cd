//! The types that a report's functions refer to, renumbered in the order of first use.

use super::{Field, Method, Type};
use crate::types::{Kind, TypeId, Types};
use std::collections::HashMap;

/// Collects types by use.
pub(super) struct TypeList<'t> {
    types: &'t Types,
    ids: HashMap<TypeId, u32>,
    order: Vec<TypeId>,
}

impl<'t> TypeList<'t> {
    /// Nothing is used yet.
    pub(super) fn new(types: &'t Types) -> Self {
        TypeList { types, ids: HashMap::new(), order: Vec::new() }
    }

    /// The report's id of a type; `None` for an index that is not in the table.
    pub(super) fn id(&mut self, id: TypeId) -> Option<u32> {
        self.types.get(id)?;
        Some(*self.ids.entry(id).or_insert_with(|| {
            self.order.push(id);
            self.order.len() as u32 - 1
        }))
    }

    /// All used types, and those that they refer to.
    pub(super) fn finish(mut self) -> Vec<Type> {
        let mut out = Vec::new();
        while let Some(id) = self.order.get(out.len()).copied() {
            let number = out.len() as u32;
            out.extend(self.convert(id, number));
        }
        out
    }

    fn convert(&mut self, id: TypeId, number: u32) -> Option<Type> {
        let types = self.types;
        let ty = types.get(id)?;
        let mut out = Type {
            id: number,
            go_name: ty.name.clone(),
            kind: ty.kind_name().to_string(),
            size: ty.size,
            align: ty.align,
            source: "rtype".to_string(),
            ..Type::default()
        };
        match &ty.kind {
            Kind::Pointer(elem) | Kind::Slice(elem) | Kind::Chan(elem) => out.elem = elem.and_then(|e| self.id(e)),
            Kind::Array { elem, len } => (out.elem, out.len) = (self.id(*elem), Some(*len)),
            Kind::Map { key, elem } => {
                (out.key, out.elem) = (key.and_then(|k| self.id(k)), elem.and_then(|e| self.id(e)));
            }
            Kind::Struct(fields) => {
                let field = |f: &crate::types::Field| {
                    Some(Field { name: f.name.clone(), offset: f.offset, ty: self.id(f.ty)? })
                };
                out.fields = fields.iter().filter_map(field).collect();
            }
            Kind::Interface { methods } => {
                let method =
                    |m: &crate::types::Method| Method { name: m.name.clone(), ty: m.ty.and_then(|t| self.id(t)) };
                out.methods = methods.iter().map(method).collect();
            }
            Kind::Func(signature) => {
                out.params = signature.params.iter().filter_map(|p| self.id(p.ty)).collect();
                out.results = signature.results.iter().filter_map(|p| self.id(p.ty)).collect();
            }
            _ => {}
        }
        Some(out)
    }
}
