//! The types that a report's functions refer to, renumbered in the order of first use.

use crate::types::{Kind, TypeId, Types};
use foldhash::{HashMap, HashMapExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A type. References are ids, so types may recurse.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Type {
    /// Index in `types`.
    pub id: u32,
    /// Go spelling.
    pub go_name: String,
    /// How C spells it: a word of IDA's C for a number, an identifier that is unique in the report for what has a
    /// declaration, either with `*` for a pointer. Set by `emit::fill`.
    pub c_name: String,
    /// `reflect.Kind`'s name in lower case: `int64`, `string`, `struct`, …; `tuple` for several results.
    pub kind: String,
    /// Bytes.
    pub size: u64,
    /// Bytes.
    pub align: u32,
    /// Of a struct or tuple.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
    /// Of a pointer, slice, array, map or chan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elem: Option<u32>,
    /// Of an array.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub len: Option<u64>,
    /// Of a map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<u32>,
    /// Of a func.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<u32>,
    /// Of a func.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<u32>,
    /// Of an interface, in slot order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<Method>,
    /// `dwarf`, `rtype`, `std`, `module` or `shape` (made from what is known of a value without a type).
    pub source: String,
}

/// A field of a [`Type`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Field {
    /// Go name.
    pub name: String,
    /// Bytes from the start.
    pub offset: u64,
    /// Id of its type.
    #[serde(rename = "type")]
    pub ty: u32,
}

/// A method of an interface [`Type`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Method {
    /// Go name.
    pub name: String,
    /// Id of its func type, without receiver.
    #[serde(rename = "type")]
    pub ty: Option<u32>,
}

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

    /// The types that this list is of.
    pub(super) fn known(&self) -> &'t Types {
        self.types
    }

    /// The report's id of a type; `None` for an index that is not in the table.
    pub(super) fn id(&mut self, id: TypeId) -> Option<u32> {
        self.types.get(id)?;
        Some(*self.ids.entry(id).or_insert_with(|| {
            self.order.push(id);
            self.order.len() as u32 - 1
        }))
    }

    /// The report's id of a type that has one already.
    pub(super) fn known_id(&self, id: TypeId) -> Option<u32> {
        self.ids.get(&id).copied()
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
