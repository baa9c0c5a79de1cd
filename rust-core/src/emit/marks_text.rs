//! Bridges and call sites for people: grouped, a line each.

use super::text::escape;
use crate::report::{Addr, Annotation, CallSite, Datum, DatumKind, Report};
use std::io::{self, Write};

/// Kinds of call sites with the heading that each is listed under; others are only counted.
const GROUPS: &[(&str, &[&str])] = &[
    ("calls into the system", &["stdcall", "syscall", "libc", "vdso", "import"]),
    ("functions that Windows calls back", &["callback"]),
    ("calls of C", &["cgo"]),
    ("goroutines, deferred calls and panics", &["go", "defer", "panic"]),
];

/// Writes both, or nothing when there are none.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if !report.annotations.is_empty() {
        writeln!(out, "\nbetween Go and C")?;
        report.annotations.iter().try_for_each(|annotation| line(annotation, out))?;
    }
    for (heading, kinds) in GROUPS {
        let mut sites = report.call_sites.iter().filter(|site| kinds.contains(&&*site.kind)).peekable();
        if sites.peek().is_some() {
            writeln!(out, "\n{heading}")?;
            sites.try_for_each(|site| site_line(site, report, out))?;
        }
    }
    if !report.data.is_empty() {
        writeln!(out, "\ntypes, itabs, strings and stack-growth blocks")?;
        report.data.iter().try_for_each(|datum| datum_line(datum, out))?;
    }
    Ok(())
}

fn datum_line(datum: &Datum, out: &mut dyn Write) -> io::Result<()> {
    let (at, what) = (datum.at, describe(datum));
    writeln!(out, "{at}  {:<12}  {}", datum_role(datum.kind), escape(&what))
}

/// The word for what lies at a place.
pub(super) fn datum_role(kind: DatumKind) -> &'static str {
    match kind {
        DatumKind::Type => "type",
        DatumKind::Itab => "itab",
        DatumKind::Moduledata => "moduledata",
        DatumKind::String => "string",
        DatumKind::StackGrowth => "stack growth",
    }
}

/// What lies there, in words.
pub(super) fn describe(datum: &Datum) -> String {
    let Datum { size, kind, text, .. } = datum;
    match kind {
        DatumKind::Type => format!("runtime type {text}"),
        DatumKind::Itab => match text.split_once(',') {
            Some((concrete, interface)) => format!("itab of {concrete} as {interface}, {size} bytes"),
            None => format!("itab of {text}, {size} bytes"),
        },
        DatumKind::Moduledata => "the runtime's table of a module".to_string(),
        DatumKind::String => format!("{text:?}, {size} bytes"),
        DatumKind::StackGrowth => {
            format!("saves the register parameters, calls morestack, starts the function again; {size} bytes")
        }
    }
}

/// The linker's name of it, empty where it has none.
pub(super) fn symbol(datum: &Datum) -> String {
    match datum.kind {
        DatumKind::Type => format!("type:{}", datum.text),
        DatumKind::Itab => format!("go:itab.{}", datum.text),
        DatumKind::Moduledata | DatumKind::String | DatumKind::StackGrowth => String::new(),
    }
}

fn line(annotation: &Annotation, out: &mut dyn Write) -> io::Result<()> {
    let Annotation { at, role, name, comment, next, frame_type, .. } = annotation;
    let next: Vec<String> = next.iter().map(Addr::to_string).collect();
    let next = if next.is_empty() { String::new() } else { format!("  -> {}", next.join(", ")) };
    let frame = frame_type.as_ref().map(|frame| format!("  frame {}", escape(frame))).unwrap_or_default();
    writeln!(out, "{at}  {role:<22} {:<32}{frame}{next}  // {}", escape(name), escape(comment))
}

fn site_line(site: &CallSite, report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let within = name(report, site.within);
    writeln!(out, "{}  {:<9} {}  // in {}", site.at, site.kind, call(site, report), escape(&within))
}

/// A call site as a call: what it reaches, and with which values. Safe for a terminal.
pub(crate) fn call(site: &CallSite, report: &Report) -> String {
    let reached = if site.kind == "panic" { "panic".to_string() } else { callee(site, report) };
    format!("{}({})", escape(&reached), escape(&values(site)))
}

/// The function's name, or its address if it has none.
fn name(report: &Report, entry: Addr) -> String {
    let found = report.functions.binary_search_by_key(&entry, |f| f.entry).ok().map(|at| &report.functions[at].name);
    found.filter(|name| !name.is_empty()).map_or_else(|| entry.to_string(), Clone::clone)
}

/// What a call site reaches, in a word.
pub(super) fn callee(site: &CallSite, report: &Report) -> String {
    let api = site.api.as_ref().map(|api| match api.dll.is_empty() {
        true => api.name.clone(),
        false => format!("{}!{}", api.dll, api.name),
    });
    let interface = || site.interface.as_ref().map(|i| format!("{}.{}", i.ty, i.method));
    let targets = || site.targets.first().map(|target| name(report, *target));
    api.or_else(interface).or_else(targets).unwrap_or_else(|| "?".to_string())
}

/// What a call carries out that the source has a statement for, or what it passes as `...any`.
pub(super) fn statement(site: &CallSite, report: &Report) -> Option<String> {
    match &*site.kind {
        "go" | "defer" => site.targets.first().map(|target| format!("{} {}", site.kind, name(report, *target))),
        "panic" if site.values != ["?"] => Some(format!("panic({})", values(site))),
        "variadic" if !site.values.is_empty() => Some(format!("passes {}", values(site))),
        _ => None,
    }
}

fn values(site: &CallSite) -> String {
    site.values.join(", ")
}
