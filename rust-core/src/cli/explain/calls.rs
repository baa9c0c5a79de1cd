//! What callers make of a function's results, and what it makes of those of others.

use super::page::{Page, plain, strong};
use crate::report::{Call, Calls, Confidence, Function, Loc};
use std::io;

pub(super) fn write(function: &Function, page: &mut Page<'_>) -> io::Result<()> {
    if let Some(callers) = &function.callers {
        page.heading(&format!("called from {}", places(callers.count)))?;
        page.text(4, &[plain(format!("  {}", behind(function, callers)))])?;
        list(callers, "in", page)?;
    }
    if let Some(callees) = &function.callees {
        page.heading(&format!("calls others at {}", places(callees.count)))?;
        list(callees, "of", page)?;
    }
    Ok(())
}

fn places(count: u32) -> String {
    if count == 1 { "1 place".into() } else { format!("{count} places") }
}

/// What callers read, set against what was decided.
fn behind(function: &Function, callers: &Calls) -> String {
    let counted = |result: bool| -> Vec<String> {
        callers.reads.iter().filter(|r| r.result == result).map(|r| format!("{} ({})", r.loc, r.calls)).collect()
    };
    let (expected, more) = (counted(true), counted(false));
    let ignored: Vec<String> = function
        .results
        .iter()
        .flat_map(|value| &value.pieces)
        .filter(|piece| callers.reads.iter().all(|read| read.loc != piece.loc))
        .map(|piece| piece.loc.to_string())
        .collect();
    let known = function.confidence.results > Confidence::Unknown;
    let mut said = Vec::new();
    if !expected.is_empty() {
        said.push(format!("they read {}, which the results are in", expected.join(", ")));
    }
    if !ignored.is_empty() {
        said.push(format!("none reads {}", ignored.join(", ")));
    }
    if !more.is_empty() {
        let doubt = if known { ", where no result is: a conflict" } else { "" };
        said.push(format!("they read {}{doubt}", more.join(", ")));
    }
    if said.is_empty() { "none reads anything behind the call".into() } else { said.join("; ") }
}

fn list(calls: &Calls, word: &str, page: &mut Page<'_>) -> io::Result<()> {
    for Call { at, function, name, reads } in &calls.list {
        let name = if name.is_empty() { function.to_string() } else { name.clone() };
        let reads: Vec<String> = reads.iter().map(Loc::to_string).collect();
        let reads = if reads.is_empty() { "reads nothing".into() } else { format!("reads {}", reads.join(", ")) };
        page.text(6, &[plain(format!("  {at}  {word} ")), strong(name), plain(format!("  {reads}"))])?;
    }
    let more = (calls.count as usize).saturating_sub(calls.list.len());
    if more > 0 { page.line(&[plain(format!("  and {more} more"))]) } else { Ok(()) }
}
