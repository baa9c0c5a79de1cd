//! The plan for Ghidra (`goabi.ghidra-plan/1`): data types with explicit offsets, custom storage, comments, call sites.
//!
//! One item per line; addresses are the file's, a host adds the difference of the image bases. Types refer to each other
//! by `id`. The plan is complete: a host looks up, compares and writes, but works nothing out.
//!
//! `storage` is in the order that Ghidra wants: on little-endian machines the last bytes of a value come first, on
//! big-endian ones its first bytes. Its sizes add up to the type's size, so padding belongs to the part before it (or to
//! the first part, when a value starts with it). Stack offsets are from SP at entry, return address included.
//!
//! `conventions` of the plan are prototypes for compiler specifications that lack them, in Ghidra's XML. Those of a
//! function are names, best first; a host takes the first that it has.

use std::io::{self, Write};

use serde::Serialize;

use crate::report::{Abi, Addr, Confidence, Entry, Function, FunctionKind, Report, Sides, Source};

use super::c_types::CTypes;
use super::declare;
use super::registers::Registers;
use super::usercall::{Callee, Context, Prototype};
use super::{arch, json, sure_usercall};

mod sites;
mod spec;
mod storage;
mod types;
mod words;

use storage::{Partial, ValueLine};

/// The `schema` field of a plan.
pub const SCHEMA: &str = "goabi.ghidra-plan/1";

#[derive(Serialize)]
struct Head<'a> {
    schema: &'static str,
    tool: &'a crate::report::Tool,
    sha256: &'a str,
    arch: &'a str,
    go: &'a str,
    /// What compiled functions use.
    abi: &'a str,
    image_base: Addr,
    pointer_size: u32,
    big_endian: bool,
    conventions: Vec<spec::Spec>,
    notes: Vec<String>,
}

#[derive(Serialize)]
struct FunctionLine<'a> {
    entry: Addr,
    /// Behind the last instruction.
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<Addr>,
    #[serde(skip_serializing_if = "<[Entry]>::is_empty")]
    entries: &'a [Entry],
    name: &'a str,
    /// Name to show: no blanks, and not longer than Ghidra allows.
    symbol: String,
    prototype: &'a str,
    kind: FunctionKind,
    abi: Abi,
    conventions: &'static [&'static str],
    confidence: Sides<Confidence>,
    source: Sides<Option<Source>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    noreturn: bool,
    /// Lines above the function.
    comment: Vec<String>,
    /// What to say at each call: where results are that Ghidra does not follow to the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    at_calls: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<&'static str>,
    #[serde(flatten)]
    apply: Option<Apply>,
    /// Why there is nothing to apply.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

#[derive(Serialize)]
struct Apply {
    /// `null` is void.
    ret: Option<ValueLine>,
    params: Vec<ValueLine>,
    /// The results that are in registers, for a host that can't hold `ret`.
    #[serde(skip_serializing_if = "Option::is_none")]
    partial: Option<Partial>,
    /// What to say then.
    #[serde(skip_serializing_if = "Option::is_none")]
    places: Option<String>,
}

/// Writes the plan.
pub fn write(report: &Report, out: &mut dyn Write, min: Confidence) -> io::Result<()> {
    let arch = arch(report);
    let context = Context::new(Registers::new(arch), &report.types, CTypes::new(&report.types, arch));
    let used = declare::used_types(report, &context.c, min);
    let plan = Plan { report, context, min };
    json::lines(out, &plan.head(), |section| {
        section.list("types", used.iter().filter_map(|id| types::line(&report.types, &plan.context.c, *id)))?;
        section.list("functions", report.functions.iter().map(|f| plan.function(f)))?;
        section.list("call_sites", plan.call_sites())?;
        section.list("marks", report.annotations.iter().map(sites::mark).chain(report.data.iter().map(sites::datum)))
    })
}

struct Plan<'a> {
    report: &'a Report,
    context: Context<'a>,
    min: Confidence,
}

impl<'a> Plan<'a> {
    fn head(&self) -> Head<'a> {
        let Report { tool, binary, go, notes, .. } = self.report;
        let arch = self.context.regs.arch;
        Head {
            schema: SCHEMA,
            tool,
            sha256: &binary.sha256,
            arch: &binary.arch,
            go: &go.version,
            abi: &go.abi,
            image_base: binary.image_base,
            pointer_size: arch.ptr_size(),
            big_endian: arch.info().big_endian,
            conventions: spec::all(arch),
            notes: notes.iter().map(words::note).collect(),
        }
    }

    fn function(&self, f: &'a Function) -> FunctionLine<'a> {
        let made = match sure_usercall(f, self.min) {
            Some(_) => self.apply(f),
            None => Err(super::missing(f, self.min).unwrap_or_default()),
        };
        let (apply, why) = match made {
            Ok(apply) => (Some(apply), None),
            Err(why) => (None, Some(why)),
        };
        let pushed = spec::pushed(self.context.regs.arch);
        let stack_program = self.report.go.abi == "ABI0";
        FunctionLine {
            entry: f.entry,
            end: f.end,
            entries: &f.entries,
            name: &f.name,
            symbol: words::symbol(&f.name),
            prototype: &f.prototype,
            kind: f.kind,
            abi: f.abi,
            conventions: conventions(f),
            confidence: f.confidence,
            source: f.source,
            noreturn: f.noreturn,
            comment: words::function(f, why.as_deref()),
            at_calls: words::at_calls(f, pushed).filter(|_| apply.is_some() && !stack_program),
            tags: words::tags(f, stack_program),
            apply,
            why,
        }
    }

    fn apply(&self, f: &Function) -> Result<Apply, String> {
        let prototype = Prototype::of(&self.context, &Callee::of_function(f))?;
        let base = u64::from(f.arg_base);
        let result = prototype.result.as_ref();
        let ret = result.map(|(ty, place)| ValueLine::new(&self.context, "", Some(*ty), &place.parts(), base));
        let ret = ret.transpose()?;
        let params = prototype.args.iter();
        let params = params.map(|arg| ValueLine::new(&self.context, &arg.name, arg.ty, &arg.place.parts(), base));
        let mixed = result.filter(|_| ret.as_ref().is_some_and(|ret| ret.mixed));
        let partial = mixed.and_then(|(ty, place)| Partial::of_tuple(&self.context, *ty, &place.parts()));
        let places = mixed.map(|_| format!("results in {}", words::places(&f.results, f.arg_base)));
        Ok(Apply { ret, params: params.collect::<Result<_, _>>()?, partial, places })
    }
}

fn conventions(f: &Function) -> &'static [&'static str] {
    match (f.abi, f.c_abi.as_deref()) {
        (Abi::ABIInternal, _) => &["abi-internal"],
        (Abi::ABI0, _) => &["abi0"],
        (Abi::C, Some("win64")) => &["MSABI", "__fastcall"],
        (Abi::C, Some("stdcall")) => &["__stdcall"],
        (Abi::C, Some("sysv" | "aapcs64")) => &["__stdcall", "__cdecl"],
        (Abi::C, _) => &["__cdecl"],
        (Abi::Custom, _) => match f.name.as_str() {
            "runtime.duffzero" => &["duffzero", "abi-internal"],
            "runtime.duffcopy" => &["duffcopy", "abi-internal"],
            _ => &["abi-internal"],
        },
    }
}
