//! The plan for IDA (`goabi.ida-plan/1`): declarations to parse, and the places that must come out of it.
//!
//! One function per line. A host parses `decl`, reads the places back and compares them with `ret` and `args`; when they
//! differ it builds the type from these, and when that fails too it skips the function. In a place, `reg` is the whole
//! register and `as` the name that `decl` uses when that is another; `stack` counts from the first stack argument.
//! Addresses are the file's: add the difference between the database's image base and `image_base`. A call's `decl` is of a
//! pointer to what it calls; a call without one has a `comment` only.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;

use crate::report::{Addr, Annotation, CallSite, Confidence, Datum, Entry, Function, Report, Sides, Source};

use super::c_types::{self, CTypes};
use super::declare::{self, Declaration, Kind};
use super::place::{At, Part, Place};
use super::registers::Registers;
use super::usercall::{Callee, Context, Prototype, USERCALL};
use super::{arch, json, marks_text, sure_usercall};

/// The `schema` field of a plan.
pub const SCHEMA: &str = "goabi.ida-plan/1";

#[derive(Serialize)]
struct Head<'a> {
    schema: &'static str,
    tool: &'a crate::report::Tool,
    sha256: &'a str,
    arch: &'a str,
    go: &'a str,
    image_base: Addr,
    /// `#pragma pack` of all declarations.
    pack: u64,
}

#[derive(Serialize)]
struct TypeLine<'a> {
    name: &'a str,
    kind: &'static str,
    /// Bytes, 0 for a mere declaration.
    size: u64,
    decl: &'a str,
}

#[derive(Serialize)]
struct FunctionLine<'a> {
    entry: Addr,
    /// Behind the last instruction, when that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<Addr>,
    #[serde(skip_serializing_if = "<[Entry]>::is_empty")]
    entries: &'a [Entry],
    name: &'a str,
    comment: String,
    confidence: Sides<Confidence>,
    source: Sides<Option<Source>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    noreturn: bool,
    #[serde(flatten)]
    apply: Option<Apply<'a>>,
    /// Why there is nothing to apply.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

#[derive(Serialize)]
struct SiteLine<'a> {
    at: Addr,
    kind: &'a str,
    confidence: Confidence,
    source: Source,
    #[serde(skip_serializing_if = "<[Addr]>::is_empty")]
    targets: &'a [Addr],
    /// What is called, with what; empty when the type says it all.
    #[serde(skip_serializing_if = "String::is_empty")]
    comment: String,
    #[serde(flatten)]
    apply: Option<Apply<'a>>,
}

#[derive(Serialize)]
struct AnnotationLine<'a> {
    at: Addr,
    role: &'a str,
    name: Cow<'a, str>,
    comment: Cow<'a, str>,
}

/// What to apply, as text and as data.
#[derive(Serialize)]
struct Apply<'a> {
    decl: String,
    cc: &'static str,
    ret: Option<ValueLine<'a>>,
    args: Vec<ValueLine<'a>>,
    spoils: Vec<String>,
}

#[derive(Serialize)]
struct ValueLine<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    name: String,
    #[serde(rename = "type")]
    ty: &'a str,
    size: u64,
    /// Empty under a convention that has its own places.
    parts: Vec<PartLine>,
}

#[derive(Serialize)]
struct PartLine {
    off: u64,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    reg: Option<String>,
    #[serde(rename = "as", skip_serializing_if = "Option::is_none")]
    alias: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stack: Option<u64>,
}

/// Writes the plan.
pub fn write(report: &Report, out: &mut dyn Write, min: Confidence) -> io::Result<()> {
    let plan = Plan::new(report, min);
    json::lines(out, &plan.head(), |section| {
        section.list("types", plan.types.iter().map(type_line))?;
        section.list("functions", report.functions.iter().map(|f| plan.function(f)))?;
        section.list("call_sites", plan.call_sites().map(|site| plan.site(site)))?;
        let data = report.data.iter().map(datum_line);
        section.list("annotations", report.annotations.iter().map(annotation_line).chain(data))
    })
}

/// What the plan's lines are made from.
struct Plan<'a> {
    report: &'a Report,
    context: Context<'a>,
    types: Vec<Declaration>,
    min: Confidence,
}

impl<'a> Plan<'a> {
    fn new(report: &'a Report, min: Confidence) -> Plan<'a> {
        let arch = arch(report);
        let context = Context::new(Registers::new(arch), &report.types, CTypes::new(&report.types, arch));
        Plan { report, context, types: declare::all(report, min), min }
    }

    fn head(&self) -> impl Serialize {
        let Report { tool, binary, go, .. } = self.report;
        let pack = c_types::pack(self.context.regs.arch);
        let (sha256, arch, go) = (binary.sha256.as_str(), binary.arch.as_str(), go.version.as_str());
        Head { schema: SCHEMA, tool, sha256, arch, go, image_base: binary.image_base, pack }
    }

    fn function(&self, f: &'a Function) -> impl Serialize + use<'a> {
        let apply = sure_usercall(f, self.min).and_then(|_| self.apply(&Callee::of_function(f), false));
        let why = if apply.is_none() { super::missing(f, self.min) } else { None };
        FunctionLine {
            entry: f.entry,
            end: f.end,
            entries: &f.entries,
            name: &f.name,
            comment: comment(f),
            confidence: f.confidence,
            source: f.source,
            noreturn: f.noreturn,
            apply,
            why,
        }
    }

    fn call_sites(&self) -> impl Iterator<Item = &'a CallSite> {
        let min = self.min;
        let says = move |site: &CallSite| {
            site.usercall.is_some()
                || site.api.is_some()
                || site.interface.is_some()
                || marks_text::statement(site, self.report).is_some()
        };
        self.report.call_sites.iter().filter(move |site| site.confidence >= min && says(site))
    }

    fn site(&self, site: &'a CallSite) -> impl Serialize + use<'a> {
        let apply = site.usercall.as_ref().and_then(|_| self.apply(&Callee::of_call_site(site), true));
        SiteLine {
            at: site.at,
            kind: &site.kind,
            confidence: site.confidence,
            source: site.source,
            targets: &site.targets,
            comment: site_comment(site, self.report),
            apply,
        }
    }

    fn apply(&self, callee: &Callee<'_>, pointer: bool) -> Option<Apply<'a>> {
        let prototype = Prototype::of(&self.context, callee).ok()?;
        let mut decl = String::new();
        prototype.write(&self.context, pointer, &mut decl);
        decl.push(';');
        let located = prototype.word == USERCALL;
        let value = |name: String, ty: Option<u32>, place: &Place| {
            let size = ty.and_then(|id| self.context.c.get(id)).map_or(self.ptr_size(), |c| c.size);
            let parts = if located { part_lines(&self.context.regs, place) } else { Vec::new() };
            ValueLine { name, ty: ty.map_or("void *", |id| self.spelled(id)), size, parts }
        };
        Some(Apply {
            decl,
            cc: prototype.word,
            ret: prototype.result.as_ref().map(|(ty, place)| value(String::new(), Some(*ty), place)),
            args: prototype.args.iter().map(|arg| value(arg.name.clone(), arg.ty, &arg.place)).collect(),
            spoils: prototype
                .spoils
                .iter()
                .filter(|_| located)
                .map(|reg| self.context.regs.whole(*reg).into())
                .collect(),
        })
    }

    fn ptr_size(&self) -> u64 {
        u64::from(self.context.regs.arch.ptr_size())
    }

    fn spelled(&self, id: u32) -> &'a str {
        self.report.types.get(id as usize).map_or("void *", |ty| &ty.c_name)
    }
}

fn type_line(one: &Declaration) -> impl Serialize {
    let kind = match one.kind {
        Kind::Forward => "forward",
        Kind::Alias => "alias",
        Kind::Define => "define",
    };
    TypeLine { name: &one.name, kind, size: one.size, decl: &one.text }
}

/// `kernel32.dll!CreateFileW("a", 0x80000000)`, `io.Writer.Write`; nothing for a call of which only the type is known.
fn site_comment(site: &CallSite, report: &Report) -> String {
    if let Some(statement) = marks_text::statement(site, report) {
        return statement;
    }
    if site.api.is_none() && site.interface.is_none() {
        return String::new();
    }
    let values = if site.values.is_empty() { String::new() } else { format!("({})", site.values.join(", ")) };
    format!("calls {}{values}", marks_text::callee(site, report))
}

fn annotation_line(annotation: &Annotation) -> AnnotationLine<'_> {
    let Annotation { at, role, name, comment, .. } = annotation;
    AnnotationLine { at: *at, role, name: name.into(), comment: comment.into() }
}

fn datum_line(datum: &Datum) -> AnnotationLine<'_> {
    let (name, comment) = (marks_text::symbol(datum).into(), marks_text::describe(datum).into());
    AnnotationLine { at: datum.at, role: marks_text::datum_role(datum.kind), name, comment }
}

/// The line that a host shows at the function; it starts with the tool's name so that a later run knows its own.
fn comment(f: &Function) -> String {
    let sides = [("params", f.confidence.params, f.source.params), ("results", f.confidence.results, f.source.results)];
    let sure = sides.map(|(side, confidence, source)| {
        let (confidence, source) = (super::text::confidence_word(confidence), super::text::source_word(source));
        format!("{side} {confidence}, {source}")
    });
    format!("goabi: {} [{}]", f.prototype, sure.join("; "))
}

fn part_lines(regs: &Registers, place: &Place) -> Vec<PartLine> {
    let alone = matches!(place, Place::Reg(..));
    place.parts().iter().map(|part| part_line(regs, part, alone)).collect()
}

fn part_line(regs: &Registers, part: &Part, alone: bool) -> PartLine {
    let Part { off, size, at } = *part;
    let line = PartLine { off, size, reg: None, alias: None, stack: None };
    match at {
        At::Stack(at) => PartLine { stack: Some(at), ..line },
        At::Reg(reg) => {
            let whole = regs.whole(reg);
            let named = if alone { regs.alone(reg, size) } else { regs.part(reg, size).0 };
            let alias = (named != whole).then(|| named.to_string());
            PartLine { alias, reg: Some(whole.to_string()), ..line }
        }
    }
}
