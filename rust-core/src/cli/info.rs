//! `goabi info`: what a binary is and what can be learnt from it.

use super::analysis::Input;
use super::args::Info;
use super::exit::{Exit, Failure, printable};
use super::output::Output;
use crate::emit::text::evidence;
use crate::report::{Confidence, Function, Go, Report, Source};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

pub(super) fn run(args: &Info) -> Exit {
    show(args).map_or_else(Failure::report, |()| Exit::Done)
}

fn show(args: &Info) -> Result<(), Failure> {
    let report = Input::read(&args.file, &args.analysis)?.analyse(&args.analysis.options()?)?;
    Output::open(Path::new("-"))?.write(|out| write(&report, out))
}

fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    binary(report, out)?;
    go(&report.go, out)?;
    counts(report, out)?;
    notes(report, out)
}

/// One `name   value` line.
fn line(out: &mut dyn Write, name: &str, value: impl std::fmt::Display) -> io::Result<()> {
    writeln!(out, "{name:<12} {}", printable(&value.to_string()))
}

fn binary(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let binary = &report.binary;
    line(out, "file", format_args!("{} {}/{}, {} bytes", binary.format, binary.os, binary.arch, binary.size))?;
    line(out, "sha256", &binary.sha256)?;
    line(out, "image base", binary.image_base)?;
    line(out, "entry", binary.entry)
}

fn go(go: &Go, out: &mut dyn Write) -> io::Result<()> {
    line(out, "go", format_args!("{} (from {})", go.version, go.version_source))?;
    line(out, "abi", &go.abi)?;
    line(out, "module", if go.module.is_empty() { "unknown" } else { &go.module })?;
    for dep in &go.deps {
        line(out, "dep", format_args!("{} {}", dep.path, dep.version))?;
    }
    for (key, value) in &go.settings {
        line(out, "setting", format_args!("{key}={value}"))?;
    }
    line(out, "pclntab", go.pclntab.map_or("none".into(), |at| at.to_string()))?;
    go.moduledata.iter().try_for_each(|at| line(out, "moduledata", at))
}

fn counts(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let all = report.functions.len();
    let named = report.functions.iter().filter(|f| !f.name.is_empty()).count();
    line(out, "functions", format_args!("{all}, {named} with a name"))?;
    line(out, "types", report.types.len())?;
    line(out, "evidence", evidence(report).join(", "))?;
    line(out, "parameters", tally(&report.functions, |f| (f.confidence.params, f.source.params)))?;
    line(out, "results", tally(&report.functions, |f| (f.confidence.results, f.source.results)))
}

/// `exact 120 (dwarf 100, spill 20), unknown 3`.
fn tally(functions: &[Function], side: impl Fn(&Function) -> (Confidence, Option<Source>)) -> String {
    let mut levels: BTreeMap<_, (usize, BTreeMap<Source, usize>)> = BTreeMap::new();
    for (confidence, source) in functions.iter().map(side) {
        let (count, sources) = levels.entry(std::cmp::Reverse(confidence)).or_default();
        *count += 1;
        if let Some(source) = source {
            *sources.entry(source).or_default() += 1;
        }
    }
    let level = |(level, (count, sources)): (&std::cmp::Reverse<Confidence>, &(usize, BTreeMap<Source, usize>))| {
        let sources: Vec<_> = sources.iter().map(|(source, n)| format!("{} {n}", word(source))).collect();
        let sources = if sources.is_empty() { String::new() } else { format!(" ({})", sources.join(", ")) };
        format!("{} {count}{sources}", word(&level.0))
    };
    levels.iter().map(level).collect::<Vec<_>>().join("; ")
}

/// A source's or level's name as the report spells it.
pub(super) fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

fn notes(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for note in &report.notes {
        let place = note.at.map_or(String::new(), |at| format!("{at}: "));
        line(out, "note", format_args!("{place}{}", note.text))?;
    }
    Ok(())
}
