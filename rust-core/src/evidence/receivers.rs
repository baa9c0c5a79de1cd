//! Receivers: what the first parameter of a method is when nothing says the rest of its signature.
//!
//! *Reads* method tables, in which the linker drops the func type of a method that is called directly only but keeps its
//! code address, and the names of methods. *Can be trusted*: a table as all runtime types, a name as far as the
//! compiler wrote it. *Lies* when names were changed; so it counts only where the first parameter lies as such a receiver
//! would. *Example*: `os.(*File).copyFileRange` takes a `*os.File` first.

use super::Value;
use crate::abi::assign::assign;
use crate::abi::registers::Convention;
use crate::golang::rtype::TypeReader;
use crate::golang::symbol_name::{NameKind, SymbolName, split_package};
use crate::types::{Kind, Param, Role, Signature, Type, TypeId, Types};
use foldhash::{HashMap, HashMapExt};

/// Bytes of a receiver's name for which a type is made up.
const LONGEST: usize = 256;

/// Named types: by import path, and then by name.
pub type NamedTypes<'a> = HashMap<&'a str, HashMap<&'a str, TypeId>>;

/// Receiver types by code address. `known` are the [`named_types`]; `names` are functions' names, none when they are not to
/// be looked at; `tables` is what method tables say.
pub fn collect<'n>(
    reader: &mut TypeReader<'_>,
    types: &mut Types,
    known: &NamedTypes<'_>,
    tables: Vec<(u64, TypeId)>,
    names: impl Iterator<Item = (u64, &'n str)>,
) -> HashMap<u64, TypeId> {
    let mut out: HashMap<u64, TypeId> = tables.into_iter().collect();
    for (addr, name) in names {
        if out.contains_key(&addr) {
            continue;
        }
        // A method's name has a dot behind the one of its package.
        if !split_package(name).is_some_and(|(_, rest)| rest.contains('.')) {
            continue;
        }
        let name = SymbolName::parse(name);
        out.extend(by_name(&name, known, reader, types).map(|ty| (addr, ty)));
    }
    out
}

/// The named ones of the types whose descriptors are `known`.
pub fn named_types<'a>(reader: &TypeReader<'a>, known: &[(u64, TypeId)]) -> NamedTypes<'a> {
    let mut out = NamedTypes::new();
    for (addr, id) in known {
        if let Some((path, name)) = reader.named(*addr) {
            out.entry(path).or_default().insert(name.rsplit('.').next().unwrap_or_default(), *id);
        }
    }
    out
}

fn by_name(
    name: &SymbolName<'_>,
    known: &NamedTypes<'_>,
    reader: &mut TypeReader<'_>,
    types: &mut Types,
) -> Option<TypeId> {
    // package `go` has the methods of unnamed structs
    if name.kind != NameKind::Func || name.type_args.is_some() || name.package == "go" {
        return None;
    }
    let receiver = name.receiver?;
    match known.get(&*name.package).and_then(|package| package.get(receiver)) {
        Some(id) if name.pointer => Some(reader.pointer_to(*id, types)),
        Some(id) => Some(*id),
        None if name.pointer && receiver.len() <= LONGEST => {
            let package = name.package.rsplit('/').next().unwrap_or_default();
            let word = reader.ptr_size();
            let name = format!("*{package}.{receiver}");
            Some(types.intern(Type { name, size: word.into(), align: word, kind: Kind::Pointer(None) }))
        }
        None => None,
    }
}

/// Makes the first of a method's parameters a receiver of type `ty`, if it lies where such a receiver would.
pub fn refine(values: &mut [Value], ty: TypeId, types: &Types, convention: &Convention) {
    let receiver = Param { name: String::new(), ty, role: Some(Role::Receiver) };
    let signature = Signature { params: vec![receiver], ..Signature::default() };
    let placed = assign(types, &signature, convention).params.into_iter().next();
    if let (Some(first), Some(placed)) = (values.first_mut(), placed) {
        let places = |pieces: &[crate::abi::location::Piece]| -> Vec<_> {
            pieces.iter().map(|p| (p.off, p.size, p.loc)).collect()
        };
        if !placed.pieces.is_empty() && places(&first.pieces) == places(&placed.pieces) {
            (first.ty, first.role, first.pieces) = (Some(ty), Some(Role::Receiver), placed.pieces);
        }
    }
}
