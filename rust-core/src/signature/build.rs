//! Makes types with the sizes, alignments and offsets that the Go compiler gives them (`cmd/compile/internal/types`,
//! `size.go`).

use crate::abi::assign::round_up;
use crate::arch::Arch;
use crate::limits::{MAX_NAME, MAX_VALUE_SIZE};
use crate::types::{Field, Kind, Method, Signature, Type, TypeId, Types};

/// A type as an element of another one: unknown types are fine behind a pointer.
#[derive(Debug, Clone)]
pub(crate) struct Ref {
    pub(crate) name: String,
    pub(crate) id: Option<TypeId>,
}

/// Adds types for one machine.
pub(crate) struct Builder<'t> {
    pub(crate) types: &'t mut Types,
    pub(crate) arch: Arch,
}

impl Builder<'_> {
    /// A predeclared type that is not a composite.
    pub(crate) fn basic(&mut self, name: &str) -> Option<Ref> {
        let word = u64::from(self.arch.ptr_size());
        let (size, kind) = match name {
            "bool" => (1, Kind::Bool),
            "int8" => (1, Kind::Int { signed: true }),
            "int16" => (2, Kind::Int { signed: true }),
            "int32" | "rune" => (4, Kind::Int { signed: true }),
            "int64" => (8, Kind::Int { signed: true }),
            "int" => (word, Kind::Int { signed: true }),
            "uint8" | "byte" => (1, Kind::Int { signed: false }),
            "uint16" => (2, Kind::Int { signed: false }),
            "uint32" => (4, Kind::Int { signed: false }),
            "uint64" => (8, Kind::Int { signed: false }),
            "uint" => (word, Kind::Int { signed: false }),
            "uintptr" => (word, Kind::Uintptr),
            "float32" => (4, Kind::Float),
            "float64" => (8, Kind::Float),
            "complex64" => return Some(self.add(name.into(), 8, 4, Kind::Complex)),
            "complex128" => (16, Kind::Complex),
            "string" => (2 * word, Kind::String),
            "unsafe.Pointer" => (word, Kind::UnsafePointer),
            _ => return None,
        };
        let name = match name {
            "byte" => "uint8",
            "rune" => "int32",
            _ => name,
        };
        Some(self.add(name.into(), size, size.min(word) as u32, kind))
    }

    pub(crate) fn pointer(&mut self, elem: &Ref) -> Ref {
        self.word(format!("*{}", elem.name), Kind::Pointer(elem.id))
    }

    pub(crate) fn slice(&mut self, elem: &Ref) -> Ref {
        let word = self.arch.ptr_size();
        self.add(format!("[]{}", elem.name), 3 * u64::from(word), word, Kind::Slice(elem.id))
    }

    pub(crate) fn map(&mut self, key: &Ref, elem: &Ref) -> Ref {
        self.word(format!("map[{}]{}", key.name, elem.name), Kind::Map { key: key.id, elem: elem.id })
    }

    /// `direction` is `chan`, `<-chan` or `chan<-`.
    pub(crate) fn chan(&mut self, direction: &str, elem: &Ref) -> Ref {
        self.word(format!("{direction} {}", elem.name), Kind::Chan(elem.id))
    }

    pub(crate) fn func(&mut self, signature: Signature) -> Ref {
        let name = format!("func{}", self.spell_signature(&signature));
        self.word(name, Kind::Func(signature))
    }

    /// `None` when it would be too large.
    pub(crate) fn array(&mut self, elem: &Ref, len: u64) -> Option<Ref> {
        let (size, align) = self.measure(elem.id?)?;
        let size = size.checked_mul(len).filter(|size| *size <= MAX_VALUE_SIZE)?;
        Some(self.add(format!("[{len}]{}", elem.name), size, align, Kind::Array { elem: elem.id?, len }))
    }

    /// A struct of (name, type) in order; `None` when it would be too large.
    pub(crate) fn structure(&mut self, members: &[(String, TypeId)]) -> Option<Ref> {
        let (mut end, mut align, mut ends_in_nothing) = (0u64, 1, false);
        let mut fields = Vec::with_capacity(members.len());
        for (name, ty) in members {
            let (size, field_align) = self.measure(*ty)?;
            let offset = up(end, field_align);
            fields.push(Field { name: name.clone(), offset, ty: *ty });
            end = offset.checked_add(size).filter(|end| *end <= MAX_VALUE_SIZE)?;
            align = align.max(field_align);
            ends_in_nothing = size == 0;
        }
        // A pointer to a last field of no size must not point behind the struct.
        let size = up(end + u64::from(ends_in_nothing && end > 0), align);
        let name = spell("struct", members.iter().map(|(name, ty)| self.spell_field(name, *ty)));
        Some(self.add(name, size, align, Kind::Struct(fields)))
    }

    pub(crate) fn interface(&mut self, mut methods: Vec<Method>) -> Ref {
        methods.sort_by(|a, b| a.name.cmp(&b.name));
        methods.dedup_by(|a, b| a.name == b.name);
        let name = spell("interface", methods.iter().map(|method| self.spell_method(method)));
        let word = self.arch.ptr_size();
        self.add(name, 2 * u64::from(word), word, Kind::Interface { methods })
    }

    /// Size and alignment of a value, as the compiler counts them.
    pub(crate) fn measure(&self, id: TypeId) -> Option<(u64, u32)> {
        self.types.get(id).map(|t| (t.size, t.align.max(1)))
    }

    fn word(&mut self, name: String, kind: Kind) -> Ref {
        let word = self.arch.ptr_size();
        self.add(name, u64::from(word), word, kind)
    }

    fn add(&mut self, mut name: String, size: u64, align: u32, kind: Kind) -> Ref {
        let end = (0..=name.len().min(MAX_NAME)).rev().find(|end| name.is_char_boundary(*end));
        name.truncate(end.unwrap_or(0));
        let id = self.types.intern(Type { name: name.clone(), size, align, kind });
        Ref { name, id: Some(id) }
    }

    fn name_of(&self, id: TypeId) -> &str {
        self.types.get(id).map_or("?", |t| t.name.as_str())
    }

    fn spell_field(&self, name: &str, ty: TypeId) -> String {
        format!("{name} {}", self.name_of(ty))
    }

    fn spell_method(&self, method: &Method) -> String {
        let ty = method.ty.map_or("func()", |ty| self.name_of(ty));
        format!("{}{}", method.name, ty.strip_prefix("func").unwrap_or("()"))
    }

    /// `(int, ...string) (bool, error)`, without names as `reflect` has it.
    fn spell_signature(&self, signature: &Signature) -> String {
        let mut params: Vec<String> = signature.params.iter().map(|p| self.name_of(p.ty).to_string()).collect();
        if let Some(last) = params.last_mut().filter(|_| signature.variadic) {
            *last = last.replacen("[]", "...", 1);
        }
        let results: Vec<&str> = signature.results.iter().map(|p| self.name_of(p.ty)).collect();
        let results = match results.as_slice() {
            [] => String::new(),
            [one] => format!(" {one}"),
            many => format!(" ({})", many.join(", ")),
        };
        format!("({}){results}", params.join(", "))
    }
}

fn up(n: u64, align: u32) -> u64 {
    // Values are at most MAX_VALUE_SIZE, which is far below u32::MAX.
    u64::from(round_up(n as u32, align))
}

/// `struct { a int; b bool }`. Ends early when it has become longer than any name is kept.
fn spell(keyword: &str, members: impl Iterator<Item = String>) -> String {
    let mut text = format!("{keyword} {{");
    for (i, member) in members.enumerate() {
        text.push_str(if i == 0 { " " } else { "; " });
        text.push_str(&member);
        if text.len() > MAX_NAME {
            break;
        }
    }
    text.push_str(if text.ends_with('{') { "}" } else { " }" });
    text
}
