//! A script that applies the plan in IDA with nothing else installed.
//!
//! The plan's items are JSON in string literals, in ASCII and one per line, so that nothing of a sample is ever code.

use std::io::{self, Write};

use serde::Serialize;

use crate::report::{Confidence, Report};

use super::ida::Plan;
use super::json;

const SCRIPT: &str = include_str!("idapython.py");
/// The lines of [`SCRIPT`] between which the plan stands.
const MARKS: (&str, &str) = ("# <plan>\n", "# </plan>\n");

/// Writes the script.
pub fn write(report: &Report, out: &mut dyn Write, min: Confidence) -> io::Result<()> {
    let (before, rest) = SCRIPT.split_once(MARKS.0).unwrap_or((SCRIPT, ""));
    let after = rest.split_once(MARKS.1).map_or(rest, |(_, after)| after);
    let plan = Plan::new(report, min);
    out.write_all(before.as_bytes())?;
    write!(out, "HEAD = ")?;
    literal(&plan.head(), out)?;
    writeln!(out)?;
    list("TYPES", plan.types(), out)?;
    list("FUNCTIONS", report.functions.iter().map(|f| plan.function(f)), out)?;
    out.write_all(after.as_bytes())
}

fn list(name: &str, items: impl Iterator<Item = impl Serialize>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{name} = [")?;
    for item in items {
        write!(out, "    ")?;
        literal(&item, out)?;
        writeln!(out, ",")?;
    }
    writeln!(out, "]")
}

/// A Python string literal with the value as JSON: JSON twice over, as its escapes are Python's too.
fn literal(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let mut text = Vec::new();
    json::line(value, &mut text, true)?;
    json::line(&String::from_utf8_lossy(&text), out, true)
}
