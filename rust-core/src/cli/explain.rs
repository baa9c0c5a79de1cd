//! `goabi explain`: one function, every piece, every claim, and who won.

mod assembly;
mod frame;
mod marks;
mod values;

use super::analysis::Input;
use super::args::Explain;
use super::exit::{Exit, Failure, printable};
use super::info::word;
use super::output::Output;
use crate::report::{Abi, Addr, Evidence, Function, Loc, Report, Value};
use std::io::{self, Write};
use std::path::Path;

pub(super) fn run(args: &Explain) -> Exit {
    show(args).map_or_else(Failure::report, |()| Exit::Done)
}

fn show(args: &Explain) -> Result<(), Failure> {
    let mut options = args.analysis.options()?;
    options.only = Some(args.function.clone());
    options.evidence = true;
    let report = Input::read(&args.file, &args.analysis)?.analyse(&options)?;
    Output::open(Path::new("-"))?.write(|out| write(&report, out))
}

/// Writes every function of the report.
pub(crate) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for (n, function) in report.functions.iter().enumerate() {
        if n > 0 {
            writeln!(out)?;
        }
        let mut text = Vec::new();
        explain(report, function, &mut text)?;
        // Names come from the sample, and a terminal may be reading.
        for line in String::from_utf8_lossy(&text).lines() {
            writeln!(out, "{}", printable(line).trim_end())?;
        }
    }
    Ok(())
}

fn explain(report: &Report, function: &Function, out: &mut dyn Write) -> io::Result<()> {
    head(function, out)?;
    values::write(report, function, out)?;
    if !function.clobbers.is_empty() {
        writeln!(out, "\ndestroyed by a call\n  {}", function.clobbers.join(" "))?;
    }
    frame::write(function, out)?;
    assembly::write(&report.binary.arch, function, out)?;
    marks::write(report, function, out)?;
    claims(&function.evidence, out)?;
    for note in &function.notes {
        writeln!(out, "note: {note}")?;
    }
    Ok(())
}

fn head(function: &Function, out: &mut dyn Write) -> io::Result<()> {
    let end = function.end.map_or(String::new(), |end| format!("..{end}"));
    let name = if function.name.is_empty() { "(no name)" } else { &function.name };
    let noreturn = if function.noreturn { ", does not return" } else { "" };
    writeln!(out, "{name}  {}{end}  {} {}{noreturn}", function.entry, word(&function.kind), word(&function.abi))?;
    if !function.file.is_empty() {
        writeln!(out, "  {}:{}", function.file, function.line)?;
    }
    if let Some(pair) = &function.pair {
        writeln!(out, "  {} {}", if pair.role == "wrapper" { "forwards to" } else { "called through" }, pair.target)?;
    }
    writeln!(out, "  {}", function.prototype)?;
    match &function.usercall {
        Some(usercall) => writeln!(out, "  {}", without_spoils(usercall))?,
        None => writeln!(out, "  (no __usercall: a side is unknown)")?,
    }
    if is_golang(function) {
        writeln!(out, "  in IDA 9.2 and later, __golang in its stack form puts every value in the same place")?;
    }
    Ok(())
}

/// Whether IDA's own convention for Go without registers says the same: parameters word by word from the first stack
/// argument, results behind them. It is not said of values that share a word.
fn is_golang(function: &Function) -> bool {
    let word = u64::from(function.arg_base);
    let starts_word = |value: &Value| match value.pieces.first().map(|piece| &piece.loc) {
        Some(Loc::Stack(at)) => word > 0 && at % word == 0,
        _ => false,
    };
    let mut values = function.params.iter().chain(&function.results).peekable();
    function.abi == Abi::ABI0 && function.usercall.is_some() && values.peek().is_some() && values.all(starts_word)
}

/// The prototype without the list of destroyed registers, which has a line of its own.
fn without_spoils(usercall: &str) -> String {
    match usercall.split_once("__spoils<").and_then(|(before, rest)| Some((before, rest.split_once("> ")?.1))) {
        Some((before, after)) => format!("{before}{after}"),
        None => usercall.to_owned(),
    }
}

fn claims(evidence: &[Evidence], out: &mut dyn Write) -> io::Result<()> {
    if evidence.is_empty() {
        return writeln!(out, "\nevidence: none");
    }
    writeln!(out, "\nevidence (+ agrees with what was decided, - does not)")?;
    for claim in evidence {
        let at = if claim.at.is_empty() { String::new() } else { format!("  at {}", addresses(&claim.at)) };
        let sign = if claim.agrees { '+' } else { '-' };
        writeln!(out, "  {sign} {:<9} {}{at}", word(&claim.source), claim.claim)?;
    }
    Ok(())
}

fn addresses(at: &[Addr]) -> String {
    at.iter().map(Addr::to_string).collect::<Vec<_>>().join(", ")
}
