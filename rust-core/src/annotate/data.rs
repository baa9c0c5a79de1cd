//! Runtime types, itabs, moduledata, string literals and stack-growth blocks: places that hosts show as bytes or split at the
//! wrong places.

use super::known::Known;
use super::texts;
use crate::program::Program;
use crate::report::{Addr, Datum, DatumKind};
use crate::resolve::Resolved;
use crate::types::{Kind, TypeId, Types};
use crate::watch::Tick;

/// All of them, by address; `None` when interrupted.
pub(super) fn find(
    program: &Program<'_>,
    types: &Types,
    resolved: &[Resolved],
    known: &Known,
    tick: &Tick<'_>,
) -> Option<Vec<Datum>> {
    let datum = |at: u64, size: u64, kind, text: String| Datum { at: Addr(at), size, kind, text };
    let name = |ty: TypeId| types.get(ty).map_or("?", |ty| ty.name.as_str());
    let mut found = texts::find(program, tick)?;
    found.extend(known.types.iter().map(|&(at, ty)| datum(at, 0, DatumKind::Type, name(ty).to_string())));
    let word = u64::from(program.image.arch.ptr_size());
    let itab = |&(at, interface, concrete): &(u64, Option<TypeId>, Option<TypeId>)| {
        let (interface, concrete) = (interface?, concrete?);
        let methods = match types.get(interface).map(|ty| &ty.kind) {
            Some(Kind::Interface { methods }) => methods.len() as u64,
            _ => return None,
        };
        let size = u64::from(known.first_method) + methods * word;
        Some(datum(at, size, DatumKind::Itab, format!("{},{}", name(concrete), name(interface))))
    };
    found.extend(known.itabs.iter().filter_map(itab));
    let modules = program.meta.modules.iter().map(|module| datum(module.addr, 0, DatumKind::Moduledata, String::new()));
    found.extend(modules);
    let blocks = program.funcs().iter().zip(resolved).filter_map(|(func, resolved)| {
        let (start, end) = resolved.growth?;
        let size = u64::from(end.saturating_sub(start));
        Some(datum(func.entry.saturating_add(start.into()), size, DatumKind::StackGrowth, String::new()))
    });
    found.extend(blocks);
    found.sort_by_key(|datum| datum.at);
    Some(found)
}
