//! Types that are made for hosts: shapes of values without a usable type, and tuples of several results.

use foldhash::{HashMap, HashMapExt};

use crate::report::{Field, Piece, Scalar, Type, Value};

use super::c_types::CTypes;
use super::names::{self, Scope};
use super::place;
use super::registers::Registers;

/// `source` of every type made here.
pub(crate) const SHAPE: &str = "shape";

/// The types of a report, and more of them as values need them. One type per shape.
pub(crate) struct Made<'a> {
    pub(crate) types: &'a mut Vec<Type>,
    pub(crate) c: CTypes,
    pub(crate) regs: Registers,
    scope: &'a mut Scope,
    words: HashMap<(String, u64), u32>,
    /// What [`Made::word`] answered.
    scalars: HashMap<(Scalar, u64), u32>,
    structs: HashMap<Key, u32>,
}

/// What makes two structs the same.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    tuple: bool,
    fields: Vec<(u64, u32)>,
    size: u64,
}

impl Key {
    fn of(ty: &Type) -> Key {
        let fields = ty.fields.iter().map(|field| (field.offset, field.ty)).collect();
        Key { tuple: ty.kind == "tuple", fields, size: ty.size }
    }
}

impl<'a> Made<'a> {
    /// Starts from a report's types, made ones among them.
    pub(crate) fn new(types: &'a mut Vec<Type>, c: CTypes, scope: &'a mut Scope, regs: Registers) -> Made<'a> {
        let mut made =
            Made { types, c, regs, scope, words: HashMap::new(), scalars: HashMap::new(), structs: HashMap::new() };
        for id in 0..made.types.len() {
            made.remember(id as u32);
        }
        made
    }

    fn remember(&mut self, id: u32) {
        let Some(ty) = self.types.get(id as usize) else { return };
        if ty.source != SHAPE {
            // Go's own int64 is the shape of one: two tuples that differ in nothing else would be one type by two names.
            if ty.go_name == ty.kind && super::c_types::number(&ty.kind, ty.size) == Some(&ty.c_name) {
                self.words.entry((ty.kind.clone(), ty.size)).or_insert(id);
            }
        } else if ty.kind == "struct" || ty.kind == "tuple" {
            self.structs.insert(Key::of(ty), id);
        } else {
            self.words.insert((ty.kind.clone(), ty.size), id);
        }
    }

    fn push(&mut self, mut ty: Type) -> u32 {
        let id = self.types.len() as u32;
        ty.id = id;
        ty.source = SHAPE.into();
        self.types.push(ty);
        self.c.push(self.types);
        self.remember(id);
        id
    }

    /// The type that hosts give to a value: its own if that fits, or else a shape; `None` for a value of no size.
    pub(crate) fn of_value(&mut self, value: &Value) -> Option<u32> {
        if value.size == 0 || value.pieces.is_empty() {
            return None;
        }
        let own = value.ty.filter(|id| self.fits(*id, value));
        Some(own.unwrap_or_else(|| self.shape(value)))
    }

    /// Whether the C form of a type has the value's bytes in the value's places.
    fn fits(&self, id: u32, value: &Value) -> bool {
        let sized = self.c.get(id).is_some_and(|ty| ty.size == u64::from(value.size));
        let stack = || place::stack_start(&self.regs, value).is_some();
        sized && (stack() || place::register_parts(&self.regs, &self.c, id, value).is_some())
    }

    fn shape(&mut self, value: &Value) -> u32 {
        let on_stack = place::stack_start(&self.regs, value).is_some();
        let alone = |piece: &Piece| piece.off == 0 && (piece.size == value.size || !on_stack);
        if let [piece] = &value.pieces[..]
            && alone(piece)
        {
            return self.word(piece.kind, u64::from(piece.size));
        }
        let mut fields = Vec::with_capacity(value.pieces.len());
        let mut end = 0;
        let mut align = 1;
        for piece in &value.pieces {
            let ty = self.word(piece.kind, u64::from(piece.size));
            let (size, at_most) = self.c.get(ty).map_or((1, 1), |c| (c.size, c.align));
            let natural = next_multiple(end, at_most);
            let offset = if on_stack { u64::from(piece.off) } else { natural };
            fields.push((offset, ty));
            end = offset + size;
            align = align.max(at_most);
        }
        let size = if on_stack { end.max(u64::from(value.size)) } else { next_multiple(end, align) };
        let natural = next_multiple(end, align) == size;
        let rest = if natural { String::new() } else { format!("_to{size}") };
        let key = Key { tuple: false, fields, size };
        self.structure(key, align, |made, key| format!("go_{}{rest}", made.codes(&key.fields, &value.pieces)))
    }

    /// One scalar by kind and size, or bytes when C has no such scalar.
    fn word(&mut self, scalar: Scalar, size: u64) -> u32 {
        if let Some(id) = self.scalars.get(&(scalar, size)) {
            return *id;
        }
        let id = match self.number_kind(scalar, size) {
            Some(kind) => self.number(kind, size),
            None => self.run_of_bytes(size),
        };
        self.scalars.insert((scalar, size), id);
        id
    }

    /// The kind of number that C has for a scalar; `None` when it has none.
    fn number_kind(&self, scalar: Scalar, size: u64) -> Option<String> {
        let is_pointer = size == u64::from(self.regs.arch.ptr_size());
        match (scalar, size) {
            (Scalar::Ptr, _) if is_pointer => Some("unsafe.Pointer".to_string()),
            (Scalar::Float, 4 | 8) => Some(format!("float{}", 8 * size)),
            (Scalar::Bool, 1) => Some("bool".to_string()),
            (Scalar::Uint | Scalar::Bool, 1 | 2 | 4 | 8) => Some(format!("uint{}", 8 * size)),
            (Scalar::Vector, _) => None,
            (_, 1 | 2 | 4 | 8) => Some(format!("int{}", 8 * size)),
            _ => None,
        }
    }

    fn number(&mut self, kind: String, size: u64) -> u32 {
        if let Some(id) = self.words.get(&(kind.clone(), size)) {
            return *id;
        }
        let c_name = super::c_types::number(&kind, size).unwrap_or("void *").to_string();
        let align = size.min(super::c_types::pack(self.regs.arch)) as u32;
        self.push(Type { go_name: kind.clone(), c_name, kind, size, align, ..Type::default() })
    }

    fn run_of_bytes(&mut self, size: u64) -> u32 {
        if let Some(id) = self.words.get(&("array".to_string(), size)) {
            return *id;
        }
        let elem = self.word(Scalar::Uint, 1);
        let c_name = self.scope.unique(format!("go_bytes{size}"));
        let go_name = format!("[{size}]uint8");
        let array = Type { go_name, c_name, kind: "array".into(), size, align: 1, ..Type::default() };
        self.push(Type { elem: Some(elem), len: Some(size), ..array })
    }

    /// `i64x2`, `p_i64`, with `_at16` before a field that is not where C would put it.
    fn codes(&self, fields: &[(u64, u32)], pieces: &[Piece]) -> String {
        let mut words: Vec<(String, u32)> = Vec::new();
        let mut end = 0;
        for ((offset, ty), piece) in fields.iter().zip(pieces) {
            let align = self.c.get(*ty).map_or(1, |c| c.align);
            let here = if next_multiple(end, align) == *offset { String::new() } else { format!("at{offset}_") };
            let word = format!("{here}{}", code(piece.kind, piece.size));
            match words.last_mut() {
                Some((last, times)) if *last == word => *times += 1,
                _ => words.push((word, 1)),
            }
            end = offset + u64::from(piece.size);
        }
        let text = words.into_iter().map(|(word, times)| if times == 1 { word } else { format!("{word}x{times}") });
        names::shorten(text.collect::<Vec<_>>().join("_"))
    }

    /// The type with that key, which is made, with a name, when it is not there yet.
    fn structure(&mut self, key: Key, align: u64, name: impl FnOnce(&Self, &Key) -> String) -> u32 {
        if let Some(id) = self.structs.get(&key) {
            return *id;
        }
        let (kind, prefix) = if key.tuple { ("tuple", "r") } else { ("struct", "f") };
        let named = key.fields.iter().enumerate();
        let fields: Vec<Field> =
            named.map(|(n, (offset, ty))| Field { name: format!("{prefix}{n}"), offset: *offset, ty: *ty }).collect();
        let members: Vec<&str> = key.fields.iter().map(|(_, ty)| self.go_name(*ty)).collect();
        let go_name =
            if key.tuple { format!("({})", members.join(", ")) } else { format!("struct{{{}}}", members.join("; ")) };
        let c_name = name(self, &key);
        let c_name = self.scope.unique(c_name);
        let (kind, size) = (kind.to_string(), key.size);
        self.push(Type { go_name, c_name, kind, size, align: align as u32, fields, ..Type::default() })
    }

    fn go_name(&self, id: u32) -> &str {
        self.types.get(id as usize).map_or("?", |ty| &ty.go_name)
    }

    /// The tuple of several results, each given with its type and, when all of them are on the stack, its place there.
    pub(crate) fn tuple(&mut self, results: &[(u32, Option<u64>)]) -> u32 {
        let first = results.first().and_then(|(_, at)| *at);
        let stacked: Option<Vec<u64>> = results.iter().map(|(_, at)| at.zip(first)?.0.checked_sub(first?)).collect();
        let mut fields = Vec::with_capacity(results.len());
        let (mut end, mut align) = (0, 1);
        for (n, (ty, _)) in results.iter().enumerate() {
            let (size, at_most) = self.c.get(*ty).map_or((1, 1), |c| (c.size, c.align));
            let natural = next_multiple(end, at_most);
            let offset = stacked.as_ref().and_then(|at| at.get(n).copied()).filter(|at| *at >= end).unwrap_or(natural);
            fields.push((offset, *ty));
            end = offset.saturating_add(size);
            align = align.max(at_most);
        }
        self.structure(Key { tuple: true, fields, size: next_multiple(end, align) }, align, |made, key| {
            let words: Vec<String> = key.fields.iter().map(|(_, ty)| made.tuple_word(*ty)).collect();
            names::shorten(format!("go_ret_{}", words.join("_")))
        })
    }

    fn tuple_word(&self, id: u32) -> String {
        let Some(ty) = self.types.get(id as usize) else { return "x".into() };
        let ident =
            if ty.source == SHAPE && ty.kind == "struct" { ty.c_name.clone() } else { names::type_ident(&ty.go_name) };
        match ident.strip_prefix("go_") {
            Some("unsafe_Pointer") => "ptr".into(),
            Some("") => "x".into(),
            Some(rest) => rest.into(),
            None => ident,
        }
    }
}

/// A scalar in the name of a shape: `i64`, `u8`, `p`, `f64`.
fn code(kind: Scalar, size: u32) -> String {
    match kind {
        Scalar::Ptr => "p".into(),
        Scalar::Bool if size == 1 => "bool".into(),
        Scalar::Float => format!("f{}", 8 * u64::from(size)),
        Scalar::Uint | Scalar::Bool => format!("u{}", 8 * u64::from(size)),
        Scalar::Vector => format!("v{}", 8 * u64::from(size)),
        _ => format!("i{}", 8 * u64::from(size)),
    }
}

fn next_multiple(n: u64, of: u64) -> u64 {
    n.checked_next_multiple_of(of.max(1)).unwrap_or(u64::MAX)
}
