//! How C spells each type: a word for a number, a unique identifier for a struct, either with stars for a pointer.

use crate::report::Type;

use super::builtin::{BUILTINS, EFACE, FUNC, IFACE};
use super::c_types::{CTypes, Form};
use super::made::SHAPE;
use super::names::{self, Scope};

/// Stars that are written; a pointer to more is a `void *`.
const MAX_STARS: usize = 4;

/// Sets every `c_name`. Names of made types stay as they are; the scope knows all names afterwards.
pub(crate) fn name_all(types: &mut [Type], c: &CTypes, scope: &mut Scope) {
    for builtin in BUILTINS {
        scope.reserve(builtin.name);
    }
    for ty in types.iter().filter(|ty| ty.source == SHAPE) {
        scope.reserve(&ty.c_name);
    }
    for (id, ty) in (0..).zip(types.iter_mut()) {
        if ty.source != SHAPE {
            ty.c_name = own_name(ty, c.get(id).map(|c| &c.form), scope);
        }
    }
    for id in 0..types.len() {
        let is_pointer = c.get(id as u32).is_some_and(|c| matches!(c.form, Form::Pointer(_)));
        if is_pointer && types[id].source != SHAPE {
            types[id].c_name = pointer(types, c, id);
        }
    }
}

/// The name of a type that does not depend on another's; empty for pointers.
fn own_name(ty: &Type, form: Option<&Form>, scope: &mut Scope) -> String {
    let identifier = |scope: &mut Scope| {
        let ident = ident(ty, scope);
        scope.unique(ident)
    };
    match form {
        Some(Form::Pointer(_)) => String::new(),
        Some(Form::Handle) if ty.kind == "func" => format!("{} *", FUNC.name),
        Some(Form::Handle) => format!("{} *", identifier(scope)),
        Some(Form::Word(word)) if is_predeclared(&ty.go_name) => word.to_string(),
        Some(Form::Builtin(builtin)) if is_predeclared(&ty.go_name) => builtin.name.to_string(),
        Some(Form::Builtin(builtin)) if [&IFACE, &EFACE].contains(builtin) && is_unnamed(&ty.go_name) => {
            builtin.name.to_string()
        }
        _ => identifier(scope),
    }
}

fn ident(ty: &Type, scope: &Scope) -> String {
    let mut ident = names::type_ident(&ty.go_name);
    if scope.has(&ident) && ty.go_name.contains('/') {
        ident = names::long_type_ident(&ty.go_name);
    }
    if ident == "go_" || names::is_keyword(&ident) { fallback(ty) } else { ident }
}

/// A name for a type whose own says nothing.
fn fallback(ty: &Type) -> String {
    names::type_ident(&format!("{} {}", ty.kind.replace('.', " "), ty.id))
}

fn pointer(types: &[Type], c: &CTypes, id: usize) -> String {
    let mut at = id as u32;
    for stars in 1..=MAX_STARS {
        let Some(Form::Pointer(Some(elem))) = c.get(at).map(|c| &c.form) else { break };
        let Some(target) = c.get(*elem) else { break };
        if matches!(target.form, Form::Pointer(_)) {
            at = *elem;
            continue;
        }
        let name = &types[*elem as usize].c_name;
        let space = if name.ends_with('*') { "" } else { " " };
        return format!("{name}{space}{}", "*".repeat(stars));
    }
    "void *".into()
}

/// Go's own names for types, which need no name of their own in C.
fn is_predeclared(go_name: &str) -> bool {
    const NAMES: &[&str] = &[
        "bool",
        "int",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "uintptr",
        "byte",
        "rune",
        "float32",
        "float64",
        "complex64",
        "complex128",
        "string",
        "unsafe.Pointer",
        "any",
        "interface {}",
        "interface{}",
    ];
    NAMES.contains(&go_name)
}

/// Whether an interface type is written out where it is used.
fn is_unnamed(go_name: &str) -> bool {
    go_name.is_empty() || go_name.starts_with("interface")
}
