//! The instructions that show the convention, marked among those beside them.

use super::page::{Page, faint, pad, plain, strong};
use crate::report::{Function, Line};
use std::io;

/// Columns of an instruction's text beside which its meaning is.
const TEXT: usize = 34;
/// Bytes of an instruction that are shown, and columns from which on there is room for them.
const BYTES: usize = 8;
const ROOM: usize = 96;

pub(super) fn write(function: &Function, page: &mut Page<'_>) -> io::Result<()> {
    if function.listing.is_empty() {
        return Ok(());
    }
    page.heading("instructions (> shows where something is)")?;
    let mut expected = function.listing.first().map(|line| line.at.0);
    for line in &function.listing {
        if expected != Some(line.at.0) {
            page.line(&[faint("    ...")])?;
        }
        expected = line.at.0.checked_add(line.bytes.len() as u64 / 2);
        instruction(line, page)?;
    }
    Ok(())
}

fn instruction(line: &Line, page: &mut Page<'_>) -> io::Result<()> {
    let mut head = format!("{} {}  ", if line.shows.is_empty() { ' ' } else { '>' }, line.at);
    if page.width() >= ROOM {
        let bytes: String = line.bytes.chars().take(2 * BYTES).collect();
        let more = if bytes.len() < line.bytes.len() { "+" } else { "" };
        head += &format!("{:<17} ", bytes + more);
    }
    let indent = 2 + head.len() + TEXT;
    let mut spans = vec![plain("  "), plain(head)];
    if line.shows.is_empty() {
        spans.push(faint(line.text.clone()));
        return page.line(&spans);
    }
    spans.push(strong(line.text.clone()));
    pad(&mut spans, indent);
    spans.push(plain(format!(" ; {}", line.shows)));
    page.text(indent + 3, &spans)
}
