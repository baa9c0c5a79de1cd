//! Go types as the recovery needs them: size, alignment, and what a value is made of.
//!
//! Filled by whoever knows types (DWARF, rtypes, written signatures) and read by `abi` and `report`. References are
//! indices, so types may recurse.

use foldhash::HashMap;
use foldhash::fast::RandomState;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::hash::BuildHasher;

/// Index of a type in its [`Types`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeId(pub u32);

/// A value for each type, the default one where none was set.
#[derive(Debug, Default)]
pub(crate) struct PerType<T>(Vec<T>);

impl<T: Copy + Default> PerType<T> {
    pub(crate) fn get(&self, id: TypeId) -> T {
        self.0.get(id.0 as usize).copied().unwrap_or_default()
    }

    pub(crate) fn set(&mut self, id: TypeId, value: T) {
        let at = id.0 as usize;
        if self.0.len() <= at {
            self.0.resize(at + 1, T::default());
        }
        self.0[at] = value;
    }
}

/// What a type is. The names are those of Go's `reflect.Kind`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Kind {
    Bool,
    Int {
        signed: bool,
    },
    Uintptr,
    Float,
    Complex,
    String,
    UnsafePointer,
    Pointer(Option<TypeId>),
    Slice(Option<TypeId>),
    Array {
        elem: TypeId,
        len: u64,
    },
    Struct(Vec<Field>),
    /// `methods` in interface order, which is the order of an itab's slots.
    Interface {
        methods: Vec<Method>,
    },
    Map {
        key: Option<TypeId>,
        elem: Option<TypeId>,
    },
    Chan(Option<TypeId>),
    Func(Signature),
    /// A SIMD vector (`GOEXPERIMENT=simd`, Go 1.26).
    Vector,
}

/// A struct's field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Go name, `_` when blank.
    pub name: String,
    /// Bytes from the start of the struct.
    pub offset: u64,
    /// Its type.
    pub ty: TypeId,
}

/// A method of an interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Method {
    /// Go name.
    pub name: String,
    /// Its func type, without receiver.
    pub ty: Option<TypeId>,
}

/// One type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Type {
    /// Go spelling (`*net/http.Request`, `[]uint8`, `struct { F int }`); may be obfuscated or empty.
    pub name: String,
    /// Bytes of a value.
    pub size: u64,
    /// Alignment of a value in memory, in bytes.
    pub align: u32,
    /// What it is.
    pub kind: Kind,
}

impl Type {
    /// The kind as `reflect.Kind` calls it, `vector` for SIMD vectors. `int` and `uint` only for the predeclared types
    /// themselves, otherwise integers are named by their size.
    pub fn kind_name(&self) -> &'static str {
        let sized = |names: [&'static str; 5]| {
            let at = [1, 2, 4, 8, 16].iter().position(|size| *size == self.size).unwrap_or(3);
            names.get(at).copied().unwrap_or_default()
        };
        match &self.kind {
            Kind::Bool => "bool",
            Kind::Int { signed: true } if self.name == "int" => "int",
            Kind::Int { signed: false } if self.name == "uint" => "uint",
            Kind::Int { signed: true } => sized(["int8", "int16", "int32", "int64", "int128"]),
            Kind::Int { signed: false } => sized(["uint8", "uint16", "uint32", "uint64", "uint128"]),
            Kind::Uintptr => "uintptr",
            Kind::Float => sized(["float8", "float16", "float32", "float64", "float128"]),
            Kind::Complex => sized(["complex8", "complex16", "complex32", "complex64", "complex128"]),
            Kind::String => "string",
            Kind::UnsafePointer => "unsafe.Pointer",
            Kind::Pointer(_) => "ptr",
            Kind::Slice(_) => "slice",
            Kind::Array { .. } => "array",
            Kind::Struct(_) => "struct",
            Kind::Interface { .. } => "interface",
            Kind::Map { .. } => "map",
            Kind::Chan(_) => "chan",
            Kind::Func(_) => "func",
            Kind::Vector => "vector",
        }
    }
}

/// Parameters (the receiver first, if any) and results of a function.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Signature {
    /// Receiver, dictionary and declared parameters, in the order in which the compiler assigns them.
    pub params: Vec<Param>,
    /// Results, in order.
    pub results: Vec<Param>,
    /// Whether the last parameter was written `...T` (its type here is the slice).
    pub variadic: bool,
}

/// What a parameter is besides an ordinary one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A method's receiver.
    Receiver,
    /// The hidden type dictionary of shaped generic code.
    Dict,
}

impl Role {
    /// The report's word for it.
    pub fn name(self) -> &'static str {
        match self {
            Role::Receiver => "receiver",
            Role::Dict => "dict",
        }
    }
}

/// A parameter or result of a [`Signature`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Param {
    /// Go name, empty when there is none.
    pub name: String,
    /// Its type.
    pub ty: TypeId,
    /// What it is besides an ordinary one.
    pub role: Option<Role>,
}

/// All types of one analysis. Equal types are stored once when they come through [`Types::intern`].
#[derive(Debug, Default, Clone)]
pub struct Types {
    all: Vec<Type>,
    /// First and last in `links` of the types with a name of that hash: names are long, and each is kept once.
    by_name: HashMap<u64, (u32, u32)>,
    links: Vec<Link>,
    hasher: RandomState,
}

/// An entry of the list of types with one name.
#[derive(Debug, Clone)]
struct Link {
    id: TypeId,
    next: Option<u32>,
}

impl Types {
    /// The type at `id`, `None` for an index that is not of this table.
    pub fn get(&self, id: TypeId) -> Option<&Type> {
        self.all.get(id.0 as usize)
    }

    /// Makes room for `more` types, of which so many have a name of their own.
    pub fn reserve(&mut self, more: usize, names: usize) {
        self.all.reserve(more);
        self.links.reserve(more);
        self.by_name.reserve(names);
    }

    /// Adds a type and returns its index.
    pub fn push(&mut self, ty: Type) -> TypeId {
        let id = TypeId(self.all.len() as u32);
        self.list(id, &ty.name);
        self.all.push(ty);
        id
    }

    /// Puts a type at the end of the list of that name.
    fn list(&mut self, id: TypeId, name: &str) {
        let new = self.links.len() as u32;
        self.links.push(Link { id, next: None });
        let (_, last) = self.by_name.entry(self.hasher.hash_one(name)).or_insert((new, new));
        let before = std::mem::replace(last, new);
        if let Some(link) = self.links.get_mut(before as usize).filter(|_| before != new) {
            link.next = Some(new);
        }
    }

    /// The index of an equal type, added if it is new.
    pub fn intern(&mut self, ty: Type) -> TypeId {
        let known = self.named(&ty.name).find(|id| self.get(*id) == Some(&ty));
        known.unwrap_or_else(|| self.push(ty))
    }

    /// Replaces a type, for builders that need an index before they know the contents (recursion).
    pub fn set(&mut self, id: TypeId, ty: Type) {
        let Some(old) = self.all.get_mut(id.0 as usize).map(|slot| std::mem::replace(slot, ty)) else { return };
        let renamed = self.get(id).filter(|ty| ty.name != old.name).map(|ty| ty.name.clone());
        renamed.into_iter().for_each(|name| self.list(id, &name));
    }

    /// Says what a type is, of which the rest was known before.
    pub fn set_kind(&mut self, id: TypeId, kind: Kind) {
        if let Some(ty) = self.all.get_mut(id.0 as usize) {
            ty.kind = kind;
        }
    }

    /// Types with that Go name, in the order in which they were added.
    pub fn named(&self, name: &str) -> impl Iterator<Item = TypeId> {
        let link = |at: &u32| self.links.get(*at as usize);
        let first = self.by_name.get(&self.hasher.hash_one(name)).map(|(first, _)| *first);
        std::iter::successors(first, move |at| link(at)?.next)
            .filter_map(move |at| Some(link(&at)?.id))
            .filter(move |id| self.get(*id).is_some_and(|t| t.name == name))
    }

    /// All types with their indices.
    pub fn iter(&self) -> impl Iterator<Item = (TypeId, &Type)> {
        (0..).map(TypeId).zip(&self.all)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}
