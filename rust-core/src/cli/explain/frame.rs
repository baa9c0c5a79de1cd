//! The stack around a function's entry as a picture, low addresses first.

use super::page::{Page, Span, faint, pad, plain, tone, width};
use crate::emit::frame::{Slot, slots};
use crate::report::{Function, Report};
use std::io;

/// Writes the caller's argument area, the return address and the function's own frame.
pub(super) fn write(report: &Report, function: &Function, page: &mut Page<'_>) -> io::Result<()> {
    page.heading("frame, in bytes from SP at entry, lower addresses on top")?;
    let slots = slots(report, function);
    let columns = slots.iter().map(|slot| width(&[what(slot)])).max().unwrap_or(0);
    let edge = "─".repeat(columns + 2);
    for (n, slot) in slots.iter().enumerate() {
        let (left, right) = if n == 0 { ('┌', '┐') } else { ('├', '┤') };
        page.line(&[plain(format!("          {left}{edge}{right}"))])?;
        let mut line = vec![plain(format!("  {:>+7} │ ", slot.from)), what(slot)];
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

/// What is in a slot, in the colour of its value.
fn what(slot: &Slot) -> Span {
    match slot.value {
        Some(n) => tone(n, slot.what.clone()),
        None if slot.padding => faint(slot.what.clone()),
        None => plain(slot.what.clone()),
    }
}
