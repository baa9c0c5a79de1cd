//! The functions of one program as a part of the table of all functions: compressed CSV.

use crate::emit::text::escape;
use crate::report::{Abi, Confidence, Function, FunctionKind, Report, Source};
use serde::Serialize;
use std::borrow::Cow;
use std::io::{self, Write};

/// One row. The columns have the fields' names and this order.
#[derive(Serialize)]
struct Row<'r> {
    sha256: &'r str,
    entry: String,
    end: Option<String>,
    name: Cow<'r, str>,
    package: Cow<'r, str>,
    kind: FunctionKind,
    abi: Abi,
    params_source: Option<Source>,
    params_confidence: Confidence,
    results_source: Option<Source>,
    results_confidence: Confidence,
    params: usize,
    results: usize,
    prototype: Cow<'r, str>,
    usercall: Option<Cow<'r, str>>,
    frame: u32,
    stack_args: u32,
    stack_results: u32,
    spill: u32,
    noreturn: bool,
    file: Cow<'r, str>,
    line: u32,
}

/// Writes the part of `report`.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut table = csv::Writer::from_writer(out);
    for function in &report.functions {
        table.serialize(row(report, function)).map_err(io::Error::other)?;
    }
    table.flush()
}

/// Text of the sample, which a spreadsheet shows and does not take for a formula: an apostrophe goes before what begins one.
fn cell(text: &str) -> Cow<'_, str> {
    match escape(text) {
        text if text.trim_start().starts_with(['=', '+', '-', '@']) => Cow::Owned(format!("'{text}")),
        text => text,
    }
}

fn row<'r>(report: &'r Report, f: &'r Function) -> Row<'r> {
    Row {
        sha256: &report.binary.sha256,
        entry: f.entry.to_string(),
        end: f.end.map(|end| end.to_string()),
        name: cell(&f.name),
        package: cell(&f.package),
        kind: f.kind,
        abi: f.abi,
        params_source: f.source.params,
        params_confidence: f.confidence.params,
        results_source: f.source.results,
        results_confidence: f.confidence.results,
        params: f.params.len(),
        results: f.results.len(),
        prototype: cell(&f.prototype),
        usercall: f.usercall.as_deref().map(cell),
        frame: f.frame.size,
        stack_args: f.frame.stack_args,
        stack_results: f.frame.stack_results,
        spill: f.frame.spill,
        noreturn: f.noreturn,
        file: cell(&f.file),
        line: f.line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for text in ["=cmd|' /C calc'!A0", "+1", "-2+3", "@SUM(1)", " =1", "\t=1", "\r=1", "\u{a0}=1"] {
            let cell = cell(text);
            assert!(cell.starts_with(['\'', '\\', '\u{fffd}']), "{cell:?}");
        }
        assert_eq!(cell("main.(*T).f"), "main.(*T).f");
        assert_eq!(cell("func(a int) (b int)"), "func(a int) (b int)");
    }
}
