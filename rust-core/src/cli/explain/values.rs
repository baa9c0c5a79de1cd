//! Parameters, results and registers of one function as tables.

use crate::cli::info::word;
use crate::report::{Confidence, Function, Piece, Report, Source, Value};
use std::io::{self, Write};

/// Writes who decided what, every value, and what each register is on the way in and out.
pub(super) fn write(report: &Report, function: &Function, out: &mut dyn Write) -> io::Result<()> {
    let decided = |confidence: Confidence, source: Option<Source>| match source {
        Some(source) => format!("{}, from {}", word(&confidence), word(&source)),
        None => word(&confidence),
    };
    let (confidence, source) = (&function.confidence, &function.source);
    writeln!(out, "\nparameters ({})", decided(confidence.params, source.params))?;
    table(report, &function.params, "p", out)?;
    writeln!(out, "\nresults ({})", decided(confidence.results, source.results))?;
    table(report, &function.results, "r", out)?;
    registers(function, out)
}

fn table(report: &Report, values: &[Value], prefix: &str, out: &mut dyn Write) -> io::Result<()> {
    for (n, value) in values.iter().enumerate() {
        let role = value.role.as_ref().map_or(String::new(), |role| format!(" ({role})"));
        let pieces: Vec<_> = value.pieces.iter().map(|piece| piece_text(value, piece)).collect();
        let place = if pieces.is_empty() { "nowhere: it has no bytes".into() } else { pieces.join(", ") };
        writeln!(
            out,
            "  {:<12} {:<24} {:>4} bytes  {place}{role}",
            name(value, prefix, n),
            ty(report, value),
            value.size
        )?;
    }
    Ok(())
}

fn name(value: &Value, prefix: &str, n: usize) -> String {
    if value.name.is_empty() { format!("{prefix}{n}") } else { value.name.clone() }
}

fn ty<'a>(report: &'a Report, value: &Value) -> &'a str {
    let ty = value.ty.and_then(|id| report.types.get(id as usize));
    ty.map_or("?", |ty| &ty.go_name)
}

/// `RAX`, or `8:RBX` for a part of a value, with the class of the scalar.
fn piece_text(value: &Value, piece: &Piece) -> String {
    let whole = piece.off == 0 && piece.size == value.size;
    let part = if whole { String::new() } else { format!("{}:", piece.off) };
    format!("{part}{} {}", piece.loc, piece.kind)
}

/// One line per register that carries something.
fn registers(function: &Function, out: &mut dyn Write) -> io::Result<()> {
    let mut rows: Vec<(&str, String, String)> = Vec::new();
    for (values, prefix, incoming) in [(&function.params, "p", true), (&function.results, "r", false)] {
        for (n, value) in values.iter().enumerate() {
            for piece in value.pieces.iter().filter(|p| !p.loc.starts_with("stack")) {
                let what = part_of(value, piece, &name(value, prefix, n));
                let at = rows.iter().position(|(reg, ..)| *reg == piece.loc).unwrap_or(rows.len());
                if at == rows.len() {
                    rows.push((&piece.loc, String::new(), String::new()));
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
