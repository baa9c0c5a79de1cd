//! The report in the forms that people and hosts read. Emitters decide nothing: they spell what the report says.
//!
//! [`fill`] is the last step of building a report. It gives every type a C name and every function its two prototypes.
//! The writers only write: `write(report, out, min)`, where functions with a side below the confidence `min` are listed
//! but hosts get no prototype of them.

use rayon::prelude::*;

use crate::arch::Arch;
use crate::report::{CallSite, Confidence, Function, Report, Value};

pub mod assembly;
mod builtin;
mod c_types;
mod declare;
pub mod diff;
pub(crate) mod frame;
pub mod ghidra;
pub mod header;
pub mod html;
pub mod ida;
pub mod idapython;
pub mod json;
pub mod layout;
mod layout_text;
mod made;
mod marks_text;
mod names;
mod place;
mod prototype;
mod registers;
mod spell;
pub mod text;
mod usercall;

use c_types::CTypes;
use made::Made;
#[cfg(feature = "cli")]
pub(crate) use marks_text::call;
use names::Scope;
use prototype::Prototypes;
use registers::Registers;
use usercall::{Callee, Context, Prototype};

/// The function's IDA prototype, when both sides of it are at least that sure.
pub(crate) fn sure_usercall(f: &Function, min: Confidence) -> Option<&str> {
    f.usercall.as_deref().filter(|_| confidence(f) >= min)
}

/// Why hosts get no prototype of a function, `None` when they get one.
pub(crate) fn missing(f: &Function, min: Confidence) -> Option<String> {
    let unknown = Confidence::Unknown;
    Some(match (&f.usercall, f.confidence.params > unknown, f.confidence.results > unknown) {
        (Some(_), ..) if confidence(f) >= min => return None,
        (Some(_), ..) => format!("only a {}", text::confidence_word(confidence(f))),
        (None, false, false) => "nothing is known".into(),
        (None, false, true) => "the parameters are not known".into(),
        (None, true, false) => "the results are not known".into(),
        (None, true, true) => f.notes.iter().find_map(|note| note.strip_prefix(NO_PROTOTYPE)).unwrap_or("?").into(),
    })
}

/// How the note begins that says why a function of known sides has no prototype.
const NO_PROTOTYPE: &str = "no IDA prototype: ";

/// The lower of a function's two confidences.
pub(crate) fn confidence(f: &Function) -> Confidence {
    f.confidence.params.min(f.confidence.results)
}

/// How Go's assembler, IDA and Ghidra call the place that is `offset` bytes into the argument area; `operand` is the first.
pub(crate) fn argument_names(report: &Report, f: &Function, operand: &str, offset: u64) -> String {
    format!("{operand}  {}", host_names(report, f, offset))
}

/// How IDA and Ghidra call that place.
pub(crate) fn host_names(report: &Report, f: &Function, offset: u64) -> String {
    let info = arch(report).info();
    // IDA counts from behind the return address that a call pushes, Ghidra from SP at entry.
    let pushed = u64::from(info.arg_base.saturating_sub(info.outgoing));
    let from_entry = offset.saturating_add(f.arg_base.into());
    format!("arg_{:X}  Stack[{from_entry:#x}]", from_entry.saturating_sub(pushed))
}

/// The machine of a report; an unknown one is taken for amd64.
pub(crate) fn arch(report: &Report) -> Arch {
    Arch::from_name(&report.binary.arch).unwrap_or(Arch::Amd64)
}

/// Fills what follows from the rest of the report: `c_name`s, shapes of values, tuples of results, `prototype`s and
/// `usercall`s. Types that it makes are added at the end of `types`. Filling twice changes nothing.
pub fn fill(report: &mut Report) {
    let arch = arch(report);
    drop_dangling(report);
    let mut scope = Scope::default();
    let c = CTypes::new(&report.types, arch);
    spell::name_all(&mut report.types, &c, &mut scope);
    let mut made = Made::new(&mut report.types, c, &mut scope, Registers::new(arch));
    for f in &mut report.functions {
        f.tuple = make_types(&mut made, &mut f.params, &mut f.results);
    }
    for site in &mut report.call_sites {
        site.tuple = make_types(&mut made, &mut site.params, &mut site.results);
    }
    let (c, regs) = (made.c, made.regs);
    let mut context = Context::new(regs, &report.types, c);
    let functions = report.functions.iter().map(|f| &f.clobbers);
    context.share(functions.chain(report.call_sites.iter().map(|site| &site.clobbers)));
    let prototypes = Prototypes::new(&report.types, arch);
    // Texts are written where there is room, so that what is kept has none to spare.
    report.functions.par_iter_mut().for_each_init(String::new, |text, f| {
        f.prototype = prototypes.write(f, text).into();
        f.usercall = function_usercall(&context, f, text);
    });
    let sites = report.call_sites.par_iter_mut();
    sites.for_each_init(String::new, |text, site| site.usercall = site_usercall(&context, site, text));
}

/// Drops references to types that are not there, as they would mean the types that are made here.
fn drop_dangling(report: &mut Report) {
    let count = report.types.len() as u32;
    for ty in &mut report.types {
        ty.elem = ty.elem.filter(|id| *id < count);
        ty.key = ty.key.filter(|id| *id < count);
        ty.fields.retain(|field| field.ty < count);
    }
    let functions = report.functions.iter_mut().flat_map(|f| f.params.iter_mut().chain(&mut f.results));
    let sites = report.call_sites.iter_mut().flat_map(|site| site.params.iter_mut().chain(&mut site.results));
    for value in functions.chain(sites) {
        value.ty = value.ty.filter(|id| *id < count);
    }
}

/// Gives every value the type that hosts use, and several results their tuple.
fn make_types(made: &mut Made<'_>, params: &mut [Value], results: &mut [Value]) -> Option<u32> {
    let mut held = Vec::with_capacity(results.len());
    for value in params {
        let ty = made.of_value(value);
        value.shape = ty.filter(|_| ty != value.ty);
    }
    for value in results {
        let ty = made.of_value(value);
        value.shape = ty.filter(|_| ty != value.ty);
        held.extend(ty.map(|ty| (ty, place::stack_start(&made.regs, value))));
    }
    (held.len() > 1).then(|| made.tuple(&held))
}

fn function_usercall(context: &Context<'_>, f: &mut Function, text: &mut String) -> Option<Box<str>> {
    if !usercall::is_claimed(f) {
        return None;
    }
    match Prototype::of(context, &Callee::of_function(f)) {
        Ok(prototype) => Some(prototype.write(context, false, text).into()),
        Err(why) => {
            let note = format!("{NO_PROTOTYPE}{why}");
            if !f.notes.contains(&note) {
                f.notes.push(note);
            }
            None
        }
    }
}

fn site_usercall(context: &Context<'_>, site: &CallSite, text: &mut String) -> Option<Box<str>> {
    let known = site.confidence > Confidence::Unknown && !(site.params.is_empty() && site.results.is_empty());
    let prototype = known.then(|| Prototype::of(context, &Callee::of_call_site(site)).ok())?;
    prototype.map(|prototype| prototype.write(context, true, text).into())
}
