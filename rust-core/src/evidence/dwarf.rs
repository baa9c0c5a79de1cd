//! Debug information: every function's types and their order, as the compiler wrote them.
//!
//! *What it reads.* `.debug_info` (DWARF 4, and 5 from Go 1.25): subprograms, their formal parameters, and types.
//! Locations there are not used: they follow from the types by the assignment.
//!
//! *Why it can be trusted.* The compiler lists what it compiled. [`confirm`] asks two witnesses besides: `_func.args`,
//! which is the size of everything that is assigned, and FUNCDATA_ArgInfo, which lists every parameter's pieces.
//!
//! *Where it lies.* Releases leave out blank parameters, results in registers, results of wrappers, the dictionary of
//! shaped code and the result of loop bodies, unnamed results of functions with range-over-func loops, list results twice, or list a part in the abstract function and a part in
//! the concrete one. [`merge`] undoes what can be undone; the rest is in [`DwarfFunction::doubts`].

mod functions;
mod info;
mod listing;
mod loops;
mod merge;
mod types;

use crate::abi::assign::{Assignment, assign};
use crate::abi::registers::Convention;
use crate::evidence::Typed;
use crate::golang::Metadata;
use crate::golang::arg_info::Item;
use crate::golang::pclntab::{Func, Pclntab};
use crate::image::Image;
use crate::report::{Confidence, Source};
use crate::types::{Kind, Param, Role, Signature, Type, TypeId, Types};
use functions::{Functions, Listed};
use info::{Buffers, Info};
use loops::Loops;
use merge::{MAX_FORMALS, Merged, Value};
use std::sync::Arc;
use types::TypeReader;

/// A function of the debug information.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DwarfFunction {
    /// First instruction.
    pub entry: u64,
    /// Behind the last instruction.
    pub end: u64,
    /// The compiler's name for it. Shaped code has its shapes in it.
    pub name: String,
    /// Its types, the dictionary included.
    pub signature: Signature,
    /// Whether the results are known too.
    pub complete: bool,
    /// Whether its release lists blank parameters. Where it does not, one may hide in the padding behind another.
    pub blanks: bool,
    /// What speaks against it, before any witness was asked.
    pub doubts: Vec<Doubt>,
}

/// What speaks against a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Doubt {
    /// Its release does not list the results of such functions.
    Results,
    /// Numbers in the names of blank values contradict the order.
    Order,
    /// Nothing is listed: it has no parameters and no results, or it is assembly.
    Nothing,
    /// `_func.args` is not the size of what was assigned.
    Size,
    /// FUNCDATA_ArgInfo lists other pieces.
    Pieces,
}

/// Adds the signature of every function that debug information speaks of and no witness refutes, and returns what could
/// not be read. `explain`: in words too.
pub fn collect(
    image: &Image<'_>,
    meta: &Metadata,
    types: &mut Types,
    explain: bool,
    out: &mut Vec<Typed>,
) -> Vec<String> {
    let dwarf = read(image, types);
    let internal = Convention::abi_internal(image.arch, image.os, u32::from(meta.version.minor()));
    let conventions = [internal, Convention::abi0(image.arch)];
    for function in dwarf.functions {
        let Some(func) = meta.pclntab.at(function.entry) else { continue };
        let pieces = listed_pieces(image, &meta.pclntab, func);
        let witness = Witness { args: func.args, pieces: pieces.as_deref(), is_asm: func.flags.asm() };
        let refutes = |doubt: Doubt| match doubt {
            Doubt::Results => false,
            // Results that are not listed may be on the stack.
            Doubt::Size => function.complete,
            Doubt::Nothing | Doubt::Order | Doubt::Pieces => true,
        };
        let holds = |convention| !confirm(&function, types, convention, &witness).into_iter().any(refutes);
        if !conventions.iter().any(holds) {
            continue;
        }
        out.push(Typed {
            entry: function.entry,
            source: Source::Dwarf,
            signature: function.signature.into(),
            has_results: function.complete,
            confidence: Confidence::Exact,
            text: explain.then(|| Arc::new(format!("debug information of {}", function.name))),
            at: function.entry,
        });
    }
    dwarf.notes
}

/// Offset and size of each piece that FUNCDATA_ArgInfo lists, in bytes, up to where it was cut.
pub fn listed_pieces(image: &Image<'_>, pclntab: &Pclntab, func: &Func) -> Option<Vec<(u32, u32)>> {
    let info = pclntab.arg_info(image, func)?;
    let known = info.items.iter().take_while(|item| !matches!(item, Item::DotDotDot | Item::ComponentTooFar));
    let piece = |item: &Item| match item {
        Item::Component { offset, size } => Some((u32::from(*offset), u32::from(*size))),
        _ => None,
    };
    Some(known.filter_map(piece).collect())
}

/// What is known of a function without debug information.
#[derive(Debug, Clone, Copy, Default)]
pub struct Witness<'a> {
    /// `_func.args`, in bytes, when the function has a known size.
    pub args: Option<u32>,
    /// Offset and size of each piece that ArgInfo lists, in bytes, up to where it was cut.
    pub pieces: Option<&'a [(u32, u32)]>,
    /// Whether it was written in assembly.
    pub is_asm: bool,
}

/// Everything that was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dwarf {
    /// By address.
    pub functions: Vec<DwarfFunction>,
    /// What could not be read.
    pub notes: Vec<String>,
}

/// Reads the debug information of `image`, adding its types to `types`. Time and memory are linear in its size.
pub fn read(image: &Image<'_>, types: &mut Types) -> Dwarf {
    let Some(buffers) = Buffers::load(image) else { return Dwarf::default() };
    let mut info = Info::new(&buffers);
    let listed = functions::list(&mut info);
    let names = listed.concrete.iter().chain(listed.origins.values()).map(|function| function.name);
    let loops = Loops::of(names.filter_map(|name| std::str::from_utf8(name).ok()));
    let hidden = Hidden::intern(types, image.arch.ptr_size());
    let mut reader = TypeReader::new(&info, types, image.arch);
    let mut out: Vec<DwarfFunction> =
        listed.concrete.iter().filter_map(|function| build(function, &listed, &loops, &hidden, &mut reader)).collect();
    reader.finish();
    out.sort_by_key(|function| function.entry);
    out.dedup_by_key(|function| function.entry);
    let left_out = listed.concrete.len() - out.len();
    if left_out > 0 {
        info.note(format!("{left_out} functions of the debug information could not be read"));
    }
    Dwarf { functions: out, notes: info.notes }
}

/// Types of what is never listed.
struct Hidden {
    dict: TypeId,
    goes_on: TypeId,
}

impl Hidden {
    fn intern(types: &mut Types, ptr: u32) -> Hidden {
        let ty = |name: &str, size: u32, kind| Type { name: name.to_owned(), size: u64::from(size), align: size, kind };
        let word = types.intern(ty("uintptr", ptr, Kind::Uintptr));
        let dict = types.intern(ty("*uintptr", ptr, Kind::Pointer(Some(word))));
        Hidden { dict, goes_on: types.intern(ty("bool", 1, Kind::Bool)) }
    }
}

fn build<'d>(
    function: &Listed<'d>,
    listed: &Functions<'d>,
    loops: &Loops<'_>,
    hidden: &Hidden,
    reader: &mut TypeReader<'_, '_, 'd>,
) -> Option<DwarfFunction> {
    let (entry, end) = function.range?;
    let origin = function.origin.and_then(|offset| listed.origins.get(&offset));
    let name = match origin {
        Some(origin) if function.name.is_empty() => origin.name,
        _ => function.name,
    };
    if function.formals.len() > MAX_FORMALS {
        return None;
    }
    let name = String::from_utf8_lossy(name).into_owned();
    let merged = merge::merge(function, origin, &name, loops);
    let signature = signature(&merged, hidden, reader)?;
    let nothing = signature.params.is_empty() && signature.results.is_empty();
    let doubts =
        [(!merged.results_listed, Doubt::Results), (!merged.in_order, Doubt::Order), (nothing, Doubt::Nothing)];
    let doubts = doubts.into_iter().filter(|(doubtful, _)| *doubtful).map(|(_, doubt)| doubt).collect();
    let (complete, blanks) = (merged.results_listed, merged.blanks_listed);
    Some(DwarfFunction { entry, end, name, signature, complete, blanks, doubts })
}

fn signature<'d>(merged: &Merged<'d>, hidden: &Hidden, reader: &mut TypeReader<'_, '_, 'd>) -> Option<Signature> {
    let mut param = |value: &Value<'d>, unlisted: TypeId| {
        let ty = match value.ty {
            Some(offset) => reader.at(offset)?,
            None => unlisted,
        };
        let name = if value.name.starts_with(b"~") { "" } else { &*String::from_utf8_lossy(value.name) };
        let role = value.is_dict.then_some(Role::Dict);
        Some(Param { name: name.to_owned(), ty, role })
    };
    let mut params: Vec<Param> =
        merged.params.iter().map(|value| param(value, hidden.dict)).collect::<Option<Vec<_>>>()?;
    let results = merged.results.iter().map(|value| param(value, hidden.goes_on)).collect::<Option<Vec<_>>>()?;
    let receiver = params.iter_mut().find(|param| param.role.is_none()).filter(|_| merged.is_method);
    if let Some(receiver) = receiver {
        receiver.role = Some(Role::Receiver);
    }
    Some(Signature { params, results, variadic: false })
}

/// What speaks against `function` after the witnesses were asked. Empty: parameters, results and their order hold.
pub fn confirm(function: &DwarfFunction, types: &Types, convention: &Convention, witness: &Witness<'_>) -> Vec<Doubt> {
    let assigned = assign(types, &function.signature, convention);
    let mut doubts = function.doubts.clone();
    if !witness.is_asm && function.complete {
        doubts.retain(|doubt| *doubt != Doubt::Nothing);
    }
    if witness.args.is_some_and(|args| args != assigned.area.args_size) {
        doubts.push(Doubt::Size);
    }
    // The compiler means to hide the dictionary and takes every name with a bracket for shaped code.
    let hidden = usize::from(function.name.contains('['));
    let homes = homes(&assigned, hidden);
    let no_blank_hides = |pieces: &[(u32, u32)]| function.blanks || is_tight(&assigned, hidden, pieces.len());
    if witness.pieces.is_some_and(|pieces| !agrees(pieces, &homes) || !no_blank_hides(pieces)) {
        doubts.push(Doubt::Pieces);
    }
    doubts
}

/// Whether there is no room for another parameter behind the first `listed` pieces.
fn is_tight(assigned: &Assignment, hidden: usize, listed: usize) -> bool {
    let (mut stack, mut spill, mut seen) = (0, 0, 0);
    for (at, value) in assigned.params.iter().enumerate() {
        seen += if at < hidden { 0 } else { value.pieces.len() };
        let (start, end) = match value.spill {
            Some(slot) => (slot, &mut spill),
            None => (value.stack.unwrap_or(0), &mut stack),
        };
        if seen > listed && value.size > 0 && start != *end {
            return false;
        }
        *end = start.saturating_add(value.size).max(*end);
    }
    seen <= listed || (spill == assigned.area.spill_size && stack == assigned.area.stack_args)
}

/// Whether the places of parameters begin with the pieces that ArgInfo lists. A value of very many pieces is one place.
pub fn agrees(listed: &[(u32, u32)], homes: &[(u32, u32)]) -> bool {
    let mut homes = homes.iter().copied().peekable();
    let mut inside = (0, 0);
    listed.iter().all(|&(offset, size)| {
        if offset >= inside.0 && offset.saturating_add(size) <= inside.1 {
            return true;
        }
        let Some(home) = homes.next() else { return false };
        inside = if home.1 > WIDEST { (home.0, home.0.saturating_add(home.1)) } else { (0, 0) };
        home.0 == offset && (home.1 == size || home.1 > WIDEST)
    })
}

/// Bytes of the widest scalar, a SIMD vector.
const WIDEST: u32 = 64;

/// Offset and size in the argument area of every parameter's pieces but the first `hidden` parameters': where it is, or
/// where it is spilled.
pub fn homes(assigned: &Assignment, hidden: usize) -> Vec<(u32, u32)> {
    let params = assigned.params.iter().skip(hidden);
    let pieces = params.flat_map(|placed| {
        let spilled = placed.spill.map(|slot| assigned.area.spill_offset.saturating_add(slot));
        let start = spilled.or(placed.stack).unwrap_or(0);
        placed.pieces.iter().map(move |piece| (start.saturating_add(piece.off), piece.size))
    });
    pieces.collect()
}
