//! The stack around a function's entry as a picture, low addresses first.

use super::values::{name, part_of};
use crate::report::{Function, Loc, Value};
use std::io::{self, Write};

/// A run of bytes: from, to (both from SP at entry), and what is there.
type Slot = (i64, i64, String);

/// Writes the caller's argument area, the return address and the function's own frame.
pub(super) fn write(function: &Function, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\nframe, in bytes from SP at entry")?;
    let mut slots = slots(function);
    slots.sort_by_key(|(from, ..)| *from);
    let width = slots.iter().map(|(.., what)| what.chars().count()).max().unwrap_or(0);
    let edge = "─".repeat(width + 2);
    for (n, (from, to, what)) in slots.iter().enumerate() {
        let (left, right) = if n == 0 { ('┌', '┐') } else { ('├', '┤') };
        writeln!(out, "          {left}{edge}{right}")?;
        writeln!(out, "  {from:>+7} │ {what:width$} │ {:>5}", to - from)?;
    }
    writeln!(out, "          └{edge}┘")?;
    if let Some((_, highest, _)) = slots.last() {
        writeln!(out, "  {highest:>+7}")?;
    }
    Ok(())
}

fn slots(function: &Function) -> Vec<Slot> {
    let frame = &function.frame;
    let base = i64::from(function.arg_base);
    let mut slots: Vec<Slot> = vec![(0, base, "return address".into())];
    slots.extend(on_stack(&function.params, "a", base));
    slots.extend(on_stack(&function.results, "r", base));
    if frame.size > 0 {
        slots.push((-i64::from(frame.size), 0, "locals and saved registers".into()));
    }
    if frame.spill > 0 {
        let from = base + i64::from(frame.stack_args) + i64::from(frame.stack_results);
        slots.push((from, from + i64::from(frame.spill), "spill area of registers".into()));
    }
    slots
}

fn on_stack<'a>(values: &'a [Value], prefix: &'a str, base: i64) -> impl Iterator<Item = Slot> + 'a {
    values.iter().enumerate().flat_map(move |(n, value)| {
        let name = name(value, prefix, n);
        value.pieces.iter().filter_map(move |piece| {
            let Loc::Stack(offset) = piece.loc else { return None };
            let at = base.saturating_add(i64::try_from(offset).ok()?);
            Some((at, at + i64::from(piece.size), part_of(value, piece, &name)))
        })
    })
}
