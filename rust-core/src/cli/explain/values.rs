//! Parameters, results and registers of one function as tables.

use crate::cli::info::word;
use crate::report::{Confidence, Function, Loc, Piece, Report, Source, Value};
use std::io::{self, Write};

/// Writes who decided what, every value, and what each register is on the way in and out.
pub(super) fn write(report: &Report, function: &Function, out: &mut dyn Write) -> io::Result<()> {
    let decided = |confidence: Confidence, source: Option<Source>| match source {
        Some(source) => format!("{}, from {}", word(&confidence), word(&source)),
        None => word(&confidence),
    };
    let (confidence, source) = (&function.confidence, &function.source);
    writeln!(out, "\nparameters ({})", decided(confidence.params, source.params))?;
    table(report, &function.params, "a", out)?;
    writeln!(out, "\nresults ({})", decided(confidence.results, source.results))?;
    table(report, &function.results, "r", out)?;
    registers(function, out)
}

fn table(report: &Report, values: &[Value], prefix: &str, out: &mut dyn Write) -> io::Result<()> {
    if values.is_empty() {
        writeln!(out, "  none")?;
    }
    let rows: Vec<_> = values.iter().enumerate().map(|(n, v)| (name(v, prefix, n), ty(report, v), v)).collect();
    let width = |cell: fn(&(String, &str, &Value)) -> usize| rows.iter().map(cell).max().unwrap_or(0);
    let (names, types) = (width(|row| row.0.chars().count()), width(|row| row.1.chars().count()));
    for (name, ty, value) in &rows {
        let role = value.role.as_ref().map_or(String::new(), |role| format!(" ({})", role.name()));
        let pieces: Vec<_> = value.pieces.iter().map(|piece| piece_text(value, piece)).collect();
        let place = if pieces.is_empty() { "nowhere: it has no bytes".into() } else { pieces.join(", ") };
        writeln!(out, "  {name:names$}  {ty:types$}  {:>4} bytes  {place}{role}", value.size)?;
    }
    Ok(())
}

/// The value's name, or the one that its place in the list gives it in prototypes.
pub(super) fn name(value: &Value, prefix: &str, n: usize) -> String {
    if value.name.is_empty() { format!("{prefix}{}", n + 1) } else { value.name.clone() }
}

/// Go's name of the type, or the C name of the one that hosts are given instead.
fn ty<'a>(report: &'a Report, value: &Value) -> &'a str {
    let of = |id: Option<u32>| id.and_then(|id| report.types.get(id as usize));
    let made = || of(value.shape).map(|ty| ty.c_name.as_str());
    of(value.ty).map(|ty| ty.go_name.as_str()).or_else(made).unwrap_or("?")
}

/// `RAX`, or `8:RBX` for a part of a value, with the class of the scalar.
fn piece_text(value: &Value, piece: &Piece) -> String {
    let whole = piece.off == 0 && piece.size == value.size;
    let part = if whole { String::new() } else { format!("{}:", piece.off) };
    format!("{part}{} {}", piece.loc, piece.kind.name())
}

/// One line per register that carries something.
fn registers(function: &Function, out: &mut dyn Write) -> io::Result<()> {
    let mut rows: Vec<(&str, String, String)> = Vec::new();
    for (values, prefix, incoming) in [(&function.params, "a", true), (&function.results, "r", false)] {
        for (n, value) in values.iter().enumerate() {
            for piece in &value.pieces {
                let Loc::Register(register) = piece.loc else { continue };
                let what = part_of(value, piece, &name(value, prefix, n));
                let at = rows.iter().position(|(reg, ..)| *reg == register).unwrap_or(rows.len());
                if at == rows.len() {
                    rows.push((register, String::new(), String::new()));
                }
                if let Some(row) = rows.get_mut(at) {
                    if incoming { row.1 = what } else { row.2 = what }
                }
            }
        }
    }
    if let Some(context) = &function.closure_context {
        rows.push((context, "closure context".into(), String::new()));
    }
    if !rows.is_empty() {
        writeln!(out, "\nregisters    {:<24} at return", "at entry")?;
    }
    rows.iter().try_for_each(|(reg, before, after)| writeln!(out, "  {reg:<10} {before:<24} {after}"))
}

/// `s`, or `s[8:16]` for some bytes of it.
pub(super) fn part_of(value: &Value, piece: &Piece, name: &str) -> String {
    if piece.off == 0 && piece.size == value.size {
        return name.to_owned();
    }
    format!("{name}[{}:{}]", piece.off, piece.off + piece.size)
}
