//! IDA prototypes: `RET __usercall __spoils<…> f@<LOC>(TYPE name@<LOC>, …)`.
//!
//! The grammar is that of IDA's "scattered argument locations". What is chosen within it:
//! offsets are decimal; a value in one register names the part that it fills (`n@<r8b>`); a value in several parts
//! names whole registers, with a size where a part is smaller (`s@<0:rax, 8:rbx.1>`); padding has no location; a value
//! on the stack is one run, padding included (`s@<^0.16>`), counted from the first stack argument; several results are
//! one tuple; the closure is the last argument. A value of no size is left out. The function's name is `f`.

use foldhash::HashSet;
use std::fmt::Write;
use std::sync::Arc;

use crate::abi::location::{Reg, RegSet};
use crate::report::{Abi, CallSite, Confidence, Function, Role, Type, Value};

use super::c_types::{CTypes, MAX_DEFINED};
use super::names::{self, Scope};
use super::place::{self, At, Part, Place};
use super::registers::Registers;

/// Parameters that IDA allows (`MAX_FUNC_ARGS`).
const MAX_ARGS: usize = 256;
/// Offsets and sizes of parts are 16-bit in IDA.
const MAX_PART: u64 = u16::MAX as u64;

/// What every prototype of a report needs.
pub(crate) struct Context<'a> {
    pub(crate) regs: Registers,
    pub(crate) types: &'a [Type],
    pub(crate) c: CTypes,
    /// Names that no parameter may have.
    reserved: HashSet<String>,
    /// Lists of clobbered registers that many functions share.
    clobbers: Vec<(Arc<Vec<String>>, Vec<Reg>)>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(regs: Registers, types: &'a [Type], c: CTypes) -> Context<'a> {
        let reserved = names::register_names(regs.arch);
        Context { regs, types, c, reserved, clobbers: Vec::new() }
    }

    /// Reads lists of clobbered registers once that many functions share.
    pub(crate) fn share<'l>(&mut self, lists: impl Iterator<Item = &'l Arc<Vec<String>>>) {
        const MOST: usize = 8;
        for list in lists {
            if self.clobbers.len() < MOST && !self.clobbers.iter().any(|(known, _)| Arc::ptr_eq(known, list)) {
                self.clobbers.push((list.clone(), self.registers(list)));
            }
        }
    }

    fn registers(&self, names: &[String]) -> Vec<Reg> {
        match self.clobbers.iter().find(|(known, _)| std::ptr::eq(known.as_slice(), names)) {
            Some((_, registers)) => registers.clone(),
            None => names.iter().filter_map(|name| self.regs.named(name)).collect(),
        }
    }

    /// C spelling of the type at `id`.
    pub(crate) fn spelled(&self, id: u32) -> &str {
        self.types.get(id as usize).map_or("void *", |ty| &ty.c_name)
    }
}

/// What is called: a function, or whatever a call site reaches.
pub(crate) struct Callee<'a> {
    pub(crate) params: &'a [Value],
    pub(crate) results: &'a [Value],
    pub(crate) tuple: Option<u32>,
    pub(crate) closure_context: Option<&'a str>,
    pub(crate) clobbers: &'a [String],
    pub(crate) abi: Abi,
    pub(crate) c_abi: Option<&'a str>,
}

impl<'a> Callee<'a> {
    pub(crate) fn of_function(f: &'a Function) -> Callee<'a> {
        Callee {
            params: &f.params,
            results: &f.results,
            tuple: f.tuple,
            closure_context: f.closure_context.as_deref(),
            clobbers: &f.clobbers,
            abi: f.abi,
            c_abi: f.c_abi.as_deref(),
        }
    }

    pub(crate) fn of_call_site(site: &'a CallSite) -> Callee<'a> {
        Callee {
            params: &site.params,
            results: &site.results,
            tuple: site.tuple,
            closure_context: None,
            clobbers: &site.clobbers,
            abi: Abi::Custom,
            c_abi: None,
        }
    }
}

/// Whether both sides of a function are known, so that a prototype can be claimed.
pub(crate) fn is_claimed(f: &Function) -> bool {
    f.confidence.params > Confidence::Unknown && f.confidence.results > Confidence::Unknown
}

/// A convention in IDA's terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Prototype {
    /// `__usercall`, or the platform's word; then hosts know the places themselves and none are written.
    pub(crate) word: &'static str,
    /// The result's type and place, `None` for void.
    pub(crate) result: Option<(u32, Place)>,
    /// Arguments in order.
    pub(crate) args: Vec<Arg>,
    /// Registers that a call destroys.
    pub(crate) spoils: Vec<Reg>,
}

/// An argument of a [`Prototype`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arg {
    /// A C identifier, unique in the prototype.
    pub(crate) name: String,
    /// Its type; the closure has none and is a `void *`.
    pub(crate) ty: Option<u32>,
    /// Where it is.
    pub(crate) place: Place,
}

impl Prototype {
    /// The prototype of a callee whose values have their shapes, or why there is none.
    pub(crate) fn of(context: &Context<'_>, callee: &Callee<'_>) -> Result<Prototype, String> {
        let mut scope = Scope::default();
        // Names that are made up here cannot clash with each other.
        let named = callee.params.iter().any(|value| !value.name.is_empty() || value.role.is_some());
        let mut args = Vec::with_capacity(callee.params.len() + 1);
        for (n, value) in callee.params.iter().enumerate() {
            let name = param_name(context, value, n);
            let name = if named { scope.unique(name) } else { name };
            if let Some((ty, place)) = located(context, value).map_err(|why| format!("parameter {}: {why}", n + 1))? {
                args.push(Arg { name, ty: Some(ty), place });
            }
        }
        if let Some(loc) = callee.closure_context {
            args.push(closure(context, loc, scope.unique("ctx".into()))?);
        }
        if args.len() > MAX_ARGS {
            return Err(format!("{} parameters, IDA allows {MAX_ARGS}", args.len()));
        }
        let word = convention_word(callee);
        let result = result(context, callee)?;
        if word == USERCALL {
            check_apart(args.iter().map(|arg| &arg.place))?;
            check_apart(result.iter().map(|(_, place)| place))?;
        }
        Ok(Prototype { word, result, args, spoils: context.registers(callee.clobbers) })
    }

    /// Writes it to `text` alone, with `f` as declarator, or `(__usercall *f)` for a pointer.
    pub(crate) fn write<'t>(&self, context: &Context<'_>, pointer: bool, text: &'t mut String) -> &'t str {
        text.clear();
        let ret = self.result.as_ref().map_or("void", |(ty, _)| context.spelled(*ty));
        text.push_str(ret);
        if !ret.ends_with('*') {
            text.push(' ');
        }
        self.declarator(context, text, pointer);
        let written = self.word == USERCALL;
        if let Some((_, place)) = self.result.as_ref().filter(|_| written) {
            location(&context.regs, place, text);
        }
        text.push('(');
        for (n, arg) in self.args.iter().enumerate() {
            if n > 0 {
                text.push_str(", ");
            }
            let ty = arg.ty.map_or("void *", |id| context.spelled(id));
            let space = if ty.ends_with('*') { "" } else { " " };
            let _ = write!(text, "{ty}{space}{}", arg.name);
            if written {
                location(&context.regs, &arg.place, text);
            }
        }
        text.push_str(if self.args.is_empty() { "void)" } else { ")" });
        text
    }

    fn declarator(&self, context: &Context<'_>, text: &mut String, pointer: bool) {
        text.push_str(if pointer { "(" } else { "" });
        text.push_str(self.word);
        if !self.spoils.is_empty() && self.word == USERCALL {
            text.push_str(" __spoils<");
            for (n, reg) in self.spoils.iter().enumerate() {
                text.push_str(if n == 0 { "" } else { ", " });
                text.push_str(context.regs.whole(*reg));
            }
            text.push('>');
        }
        text.push_str(if pointer { " *f)" } else { " f" });
    }
}

/// The convention in which every place is written out.
pub(crate) const USERCALL: &str = "__usercall";

fn convention_word(callee: &Callee<'_>) -> &'static str {
    match (callee.abi, callee.c_abi) {
        (Abi::C, Some("cdecl")) => "__cdecl",
        (Abi::C, Some("stdcall")) => "__stdcall",
        (Abi::C, Some("sysv" | "win64" | "aapcs64")) => "__fastcall",
        _ => USERCALL,
    }
}

fn param_name(context: &Context<'_>, value: &Value, index: usize) -> String {
    let ident = match value.role {
        Some(Role::Dict) => "dict".to_string(),
        _ => names::member_ident(&value.name),
    };
    if ident.is_empty() {
        return format!("a{}", index + 1);
    }
    if context.reserved.contains(&ident.to_ascii_lowercase()) { format!("{ident}_") } else { ident }
}

fn closure(context: &Context<'_>, loc: &str, name: String) -> Result<Arg, String> {
    let reg = context.regs.named(loc).ok_or_else(|| format!("the closure is in {loc}, which is no register"))?;
    let place = Place::Reg(reg, u64::from(context.regs.arch.ptr_size()));
    Ok(Arg { name, ty: None, place })
}

/// The type that hosts give to a value.
pub(crate) fn host_type(value: &Value) -> Option<u32> {
    if value.size == 0 || value.pieces.is_empty() { None } else { value.shape.or(value.ty) }
}

/// Type and place of a value; nothing for one of no size.
fn located(context: &Context<'_>, value: &Value) -> Result<Option<(u32, Place)>, String> {
    if value.size == 0 {
        return Ok(None);
    }
    let ty = host_type(value).ok_or("its place is not known")?;
    let c = context.c.get(ty).filter(|c| c.size <= MAX_DEFINED).ok_or("its type has no definition")?;
    if let Some(at) = place::stack_start(&context.regs, value) {
        let aligned = at.is_multiple_of(c.align);
        return if aligned { Ok(Some((ty, Place::Stack(at, c.size)))) } else { Err("its slot is not aligned".into()) };
    }
    let parts = value_parts(context, ty, value)?;
    let held = |part: &Part| matches!(part.at, At::Reg(reg) if (1..=context.regs.whole_size(reg)).contains(&part.size));
    if !parts.iter().all(held) {
        return Err("a register does not hold that many bytes".into());
    }
    Ok(Some((ty, Place::simplest(parts, c.size))))
}

/// The parts of a value in registers. A shape has its pieces at its own fields' offsets.
fn value_parts(context: &Context<'_>, ty: u32, value: &Value) -> Result<Vec<Part>, String> {
    if value.shape != Some(ty) {
        return place::register_parts(&context.regs, &context.c, ty, value)
            .ok_or_else(|| "its type does not fit its places".into());
    }
    let fields = context.types.get(ty as usize).map_or(&[][..], |ty| &ty.fields);
    let offsets = fields.iter().map(|field| field.offset).chain(fields.is_empty().then_some(0));
    let mut parts = Vec::with_capacity(value.pieces.len());
    for (piece, off) in value.pieces.iter().zip(offsets) {
        match context.regs.at(piece.loc) {
            Some(at @ At::Reg(_)) => parts.push(Part { off, size: u64::from(piece.size), at }),
            _ => return Err(format!("it is partly in {}, partly in registers", piece.loc)),
        }
    }
    if parts.len() == value.pieces.len() { Ok(parts) } else { Err("its shape has other parts".into()) }
}

/// The results as one type and place.
fn result(context: &Context<'_>, callee: &Callee<'_>) -> Result<Option<(u32, Place)>, String> {
    let why = |n: usize, why: String| format!("result {}: {why}", n + 1);
    let mut found = Vec::new();
    for (n, value) in callee.results.iter().enumerate() {
        found.extend(located(context, value).map_err(|text| why(n, text))?);
    }
    match (callee.tuple, found.len()) {
        (_, 0 | 1) => Ok(found.pop()),
        (None, _) => Err("several results without a tuple".into()),
        (Some(tuple), _) => tuple_place(context, tuple, found).map(|place| Some((tuple, place))),
    }
}

fn tuple_place(context: &Context<'_>, tuple: u32, found: Vec<(u32, Place)>) -> Result<Place, String> {
    let fields = context.types.get(tuple as usize).map_or(&[][..], |ty| &ty.fields);
    let size = context.c.get(tuple).map_or(0, |c| c.size);
    if fields.len() != found.len() {
        return Err("the tuple has other members".into());
    }
    let placed = || found.iter().zip(fields);
    let start = |place: &Place, offset: u64| match place {
        Place::Stack(at, _) => at.checked_sub(offset),
        _ => None,
    };
    let starts: HashSet<Option<u64>> = placed().map(|((_, place), field)| start(place, field.offset)).collect();
    if let [Some(at)] = starts.iter().copied().collect::<Vec<_>>()[..] {
        return Ok(Place::Stack(at, size));
    }
    let mut parts = Vec::new();
    for ((ty, place), field) in placed() {
        add_parts(context, *ty, place, field.offset, &mut parts)?;
    }
    let too_far = parts.iter().any(|part| part.off > MAX_PART || part.size > MAX_PART);
    if too_far { Err("results beyond 64 KiB of a tuple".into()) } else { Ok(Place::simplest(parts, size)) }
}

/// Adds a member's parts to a tuple's. A member on the stack leaves out its padding there.
fn add_parts(context: &Context<'_>, ty: u32, place: &Place, off: u64, out: &mut Vec<Part>) -> Result<(), String> {
    match place {
        Place::Stack(at, _) => {
            let ranges = context.c.ranges(ty).ok_or("a result with too much padding")?;
            out.extend(ranges.iter().map(|(from, to)| Part {
                off: off + from,
                size: to - from,
                at: At::Stack(at + from),
            }));
        }
        Place::Reg(..) | Place::Parts(_) => {
            out.extend(place.parts().into_iter().map(|part| Part { off: off + part.off, ..part }));
        }
    }
    Ok(())
}

/// No register and no byte of the stack may be in two places.
fn check_apart<'p>(places: impl Iterator<Item = &'p Place>) -> Result<(), String> {
    let mut regs = RegSet::NONE;
    let mut stack: Vec<(u64, u64)> = Vec::new();
    for part in places.flat_map(Place::parts) {
        match part.at {
            At::Reg(reg) if regs.has(reg) => return Err("one register has two values".into()),
            At::Reg(reg) => regs |= RegSet::of(reg),
            At::Stack(at) => stack.push((at, at.saturating_add(part.size))),
        }
    }
    stack.sort_unstable();
    let overlap = stack.windows(2).any(|pair| pair[0].1 > pair[1].0);
    if overlap { Err("values overlap on the stack".into()) } else { Ok(()) }
}

/// `@<rax>`, `@<^0.16>` or `@<0:rax, 8:rbx.1>`.
pub(crate) fn location(regs: &Registers, place: &Place, text: &mut String) {
    text.push_str("@<");
    match place {
        Place::Reg(reg, size) => text.push_str(regs.alone(*reg, *size)),
        Place::Stack(at, size) => {
            let _ = write!(text, "^{at}.{size}");
        }
        Place::Parts(parts) => {
            for (n, part) in parts.iter().enumerate() {
                let comma = if n == 0 { "" } else { ", " };
                let _ = write!(text, "{comma}{}:", part.off);
                part_location(regs, part, text);
            }
        }
    }
    text.push('>');
}

fn part_location(regs: &Registers, part: &Part, text: &mut String) {
    let _ = match part.at {
        At::Stack(at) => write!(text, "^{at}.{}", part.size),
        At::Reg(reg) => {
            let (name, whole) = regs.part(reg, part.size);
            if whole == part.size { write!(text, "{name}") } else { write!(text, "{name}.{}", part.size) }
        }
    };
}
