//! The stack around a function's entry as a picture, low addresses first.

use super::assembly::operand;
use super::page::{Page, Span, faint, pad, plain, tone, width};
use super::values::{named, part_of};
use crate::emit::argument_names;
use crate::report::{Function, Loc, Report};
use std::io;

/// A run of bytes.
struct Slot {
    /// From SP at entry.
    from: i64,
    to: i64,
    /// What is there.
    what: Span,
    /// How Go's assembler and the hosts call it.
    names: String,
}

/// Writes the caller's argument area, the return address and the function's own frame.
pub(super) fn write(report: &Report, function: &Function, page: &mut Page<'_>) -> io::Result<()> {
    page.heading("frame, in bytes from SP at entry, lower addresses on top")?;
    let slots = with_padding(slots(report, function));
    let columns = slots.iter().map(|slot| width(std::slice::from_ref(&slot.what))).max().unwrap_or(0);
    let edge = "─".repeat(columns + 2);
    for (n, slot) in slots.iter().enumerate() {
        let (left, right) = if n == 0 { ('┌', '┐') } else { ('├', '┤') };
        page.line(&[plain(format!("          {left}{edge}{right}"))])?;
        let mut line = vec![plain(format!("  {:>+7} │ ", slot.from)), slot.what.clone()];
        pad(&mut line, 12 + columns);
        line.push(plain(format!(" │ {:>5}  ", slot.to - slot.from)));
        line.push(faint(slot.names.clone()));
        page.line(&line)?;
    }
    page.line(&[plain(format!("          └{edge}┘"))])?;
    match slots.last() {
        Some(slot) => page.line(&[plain(format!("  {:>+7}", slot.to))]),
        None => Ok(()),
    }
}

fn slots(report: &Report, function: &Function) -> Vec<Slot> {
    let frame = &function.frame;
    let base = i64::from(function.arg_base);
    let slot =
        |from: i64, size: i64, what: &str| Slot { from, to: from + size, what: plain(what), names: String::new() };
    let mut slots = vec![slot(0, base, "return address")];
    for v in named(function) {
        for (i, piece) in v.value.pieces.iter().enumerate() {
            let Loc::Stack(offset) = piece.loc else { continue };
            let Some(from) = i64::try_from(offset).ok().and_then(|off| base.checked_add(off)) else { continue };
            slots.push(Slot {
                from,
                to: from.saturating_add(i64::from(piece.size)),
                what: tone(v.tone, part_of(v.value, piece, &v.name)),
                names: argument_names(report, function, &operand(&v.name, v.value, i, offset), offset),
            });
        }
    }
    if frame.size > 0 {
        slots.push(slot(-i64::from(frame.size), i64::from(frame.size), "locals and saved registers"));
    }
    if frame.spill > 0 {
        let from = base + i64::from(frame.stack_args) + i64::from(frame.stack_results);
        slots.push(slot(from, i64::from(frame.spill), "spill area of registers"));
    }
    slots.sort_by_key(|slot| slot.from);
    slots
}

/// Fills the gaps.
fn with_padding(slots: Vec<Slot>) -> Vec<Slot> {
    let mut out: Vec<Slot> = Vec::with_capacity(slots.len());
    for slot in slots {
        if let Some(gap) = out.last().map(|last| last.to).filter(|end| *end < slot.from) {
            out.push(Slot { from: gap, to: slot.from, what: faint("padding"), names: String::new() });
        }
        out.push(slot);
    }
    out
}
