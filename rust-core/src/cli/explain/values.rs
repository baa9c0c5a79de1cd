//! Parameters, results and registers of one function as tables.

use super::page::{Page, Span, pad, plain, tone, width};
use crate::cli::info::word;
use crate::emit::frame::{self, part_of};
use crate::report::{Confidence, Function, Loc, Piece, Report, Source, Value};
use std::io;

/// Writes who decided what, every value, and what each register is on the way in and out.
pub(super) fn write(report: &Report, function: &Function, page: &mut Page<'_>) -> io::Result<()> {
    let decided = |confidence: Confidence, source: Option<Source>| match source {
        Some(source) => format!("{}, from {}", word(&confidence), word(&source)),
        None => word(&confidence),
    };
    let (confidence, source) = (&function.confidence, &function.source);
    let all = named(function);
    let (params, results) = all.split_at(function.params.len().min(all.len()));
    page.heading(&format!("parameters ({})", decided(confidence.params, source.params)))?;
    table(report, params, page)?;
    page.heading(&format!("results ({})", decided(confidence.results, source.results)))?;
    table(report, results, page)?;
    registers(function, &all, page)
}

/// A parameter or result with its name and its number, which chooses the colour.
struct Named<'r> {
    name: String,
    value: &'r Value,
    tone: usize,
    incoming: bool,
}

/// Parameters, then results.
fn named(function: &Function) -> Vec<Named<'_>> {
    let all = frame::named(function).enumerate();
    all.map(|(tone, (name, value))| Named { name, value, tone, incoming: tone < function.params.len() }).collect()
}

fn table(report: &Report, values: &[Named<'_>], page: &mut Page<'_>) -> io::Result<()> {
    if values.is_empty() {
        page.line(&[plain("  none")])?;
    }
    let widest = |cell: fn(&Report, &Named<'_>) -> String| {
        values.iter().map(|v| width(&[plain(cell(report, v))])).max().unwrap_or(0)
    };
    let names = widest(|_, v| v.name.clone());
    // What does not fit goes on in the next line, under its own start.
    let types = widest(|report, v| ty(report, v.value).to_string()).min(page.width() / 2);
    for v in values {
        let role = v.value.role.as_ref().map_or(String::new(), |role| format!(" ({})", role.name()));
        let mut line = vec![plain("  "), tone(v.tone, v.name.clone())];
        pad(&mut line, 2 + names + 2);
        line.push(plain(ty(report, v.value)));
        pad(&mut line, 2 + names + 2 + types + 2);
        line.push(plain(format!("{:>4} bytes  ", v.value.size)));
        let pieces: Vec<_> = v.value.pieces.iter().map(|piece| piece_text(v.value, piece)).collect();
        let place = if pieces.is_empty() { "nowhere: it has no bytes".into() } else { pieces.join(", ") };
        line.extend([tone(v.tone, place), plain(role)]);
        page.text(2 + names + 2 + types + 2 + 12, &line)?;
    }
    Ok(())
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
fn registers(function: &Function, values: &[Named<'_>], page: &mut Page<'_>) -> io::Result<()> {
    let nothing = || plain("");
    let mut rows: Vec<(&str, Span, Span)> = Vec::new();
    for v in values {
        for piece in &v.value.pieces {
            let Loc::Register(register) = piece.loc else { continue };
            let what = tone(v.tone, part_of(v.value, piece, &v.name));
            let at = rows.iter().position(|(reg, ..)| *reg == register).unwrap_or(rows.len());
            if at == rows.len() {
                rows.push((register, nothing(), nothing()));
            }
            if let Some(row) = rows.get_mut(at) {
                if v.incoming { row.1 = what } else { row.2 = what }
            }
        }
    }
    if let Some(context) = &function.closure_context {
        rows.push((context, plain("closure context"), nothing()));
    }
    if !rows.is_empty() {
        page.heading(&format!("registers    {:<24} at return", "at entry"))?;
    }
    for (register, before, after) in rows {
        let mut line = vec![plain(format!("  {register:<10} ")), before];
        pad(&mut line, 38);
        line.push(after);
        page.line(&line)?;
    }
    Ok(())
}
