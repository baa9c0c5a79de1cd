//! `goabi explain`: one function, every piece, every claim, and who won.

mod assembly;
mod calls;
mod frame;
mod listing;
mod marks;
mod page;
mod values;

use super::analysis::Input;
use super::args::Explain;
use super::exit::{Exit, Failure};
use super::info::word;
use super::output::Output;
use crate::report::{Abi, Addr, Evidence, Function, Loc, Report, Value};
pub(crate) use page::Look;
use page::{Page, faint, plain, strong};
use std::io::{self, Write};
use std::path::Path;

pub(super) fn run(args: &Explain) -> Exit {
    show(args).map_or_else(Failure::report, |()| Exit::Done)
}

fn show(args: &Explain) -> Result<(), Failure> {
    let mut options = args.analysis.options()?;
    options.only = Some(args.function.clone());
    options.evidence = true;
    options.listing = args.listing;
    let report = Input::read(&args.file, &args.analysis)?.analyse(&options)?;
    let look = Look::of_stdout(args.width, args.color);
    Output::open(Path::new("-"))?.write(|out| write(&report, look, out))
}

/// Writes every function of the report.
pub(crate) fn write(report: &Report, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(out, look);
    for (n, function) in report.functions.iter().enumerate() {
        if n > 0 {
            page.line(&[])?;
        }
        explain(report, function, &mut page)?;
    }
    Ok(())
}

fn explain(report: &Report, function: &Function, page: &mut Page<'_>) -> io::Result<()> {
    head(function, page)?;
    values::write(report, function, page)?;
    if !function.clobbers.is_empty() {
        page.heading("destroyed by a call")?;
        page.text(2, &[plain(format!("  {}", function.clobbers.join(" ")))])?;
    }
    frame::write(report, function, page)?;
    page.block(|out| assembly::write(&report.binary.arch, function, out))?;
    page.block(|out| marks::write(report, function, out))?;
    claims(&function.evidence, page)?;
    listing::write(function, page)?;
    calls::write(function, page)?;
    function.notes.iter().try_for_each(|note| page.text(2, &[plain(format!("note: {note}"))]))
}

fn head(function: &Function, page: &mut Page<'_>) -> io::Result<()> {
    let end = function.end.map_or(String::new(), |end| format!("..{end}"));
    let name = if function.name.is_empty() { "(no name)" } else { &function.name };
    let noreturn = if function.noreturn { ", does not return" } else { "" };
    let what = format!("  {}{end}  {} {}{noreturn}", function.entry, word(&function.kind), word(&function.abi));
    page.line(&[strong(name), plain(what)])?;
    if !function.file.is_empty() {
        page.line(&[plain(format!("  {}:{}", function.file, function.line))])?;
    }
    if let Some(pair) = &function.pair {
        let way = if pair.role == "wrapper" { "forwards to" } else { "called through" };
        page.line(&[plain(format!("  {way} {}", pair.target))])?;
    }
    // Prototypes are for copying: they stay on one line.
    page.line(&[plain(format!("  {}", function.prototype))])?;
    match &function.usercall {
        Some(usercall) => page.line(&[plain(format!("  {}", without_spoils(usercall)))])?,
        None => page.line(&[plain("  (no __usercall: a side is unknown)")])?,
    }
    if is_golang(function) {
        let said = "  in IDA 9.2 and later, __golang in its stack form puts every value in the same place";
        page.text(2, &[plain(said)])?;
    }
    Ok(())
}

/// Whether IDA's own convention for Go without registers says the same: parameters word by word from the first stack
/// argument, results behind them. It is not said of values that share a word.
fn is_golang(function: &Function) -> bool {
    let word = u64::from(function.arg_base);
    let starts_word = |value: &Value| match value.pieces.first().map(|piece| &piece.loc) {
        Some(Loc::Stack(at)) => word > 0 && at % word == 0,
        _ => false,
    };
    let mut values = function.params.iter().chain(&function.results).peekable();
    function.abi == Abi::ABI0 && function.usercall.is_some() && values.peek().is_some() && values.all(starts_word)
}

/// The prototype without the list of destroyed registers, which has a line of its own.
pub(super) fn without_spoils(usercall: &str) -> String {
    match usercall.split_once("__spoils<").and_then(|(before, rest)| Some((before, rest.split_once("> ")?.1))) {
        Some((before, after)) => format!("{before}{after}"),
        None => usercall.to_owned(),
    }
}

fn claims(evidence: &[Evidence], page: &mut Page<'_>) -> io::Result<()> {
    /// Columns before a claim.
    const INDENT: usize = 14;
    if evidence.is_empty() {
        return page.heading("evidence: none");
    }
    page.heading("evidence (* decides, + agrees with what was decided, - does not)")?;
    for claim in evidence {
        let sign = match claim {
            Evidence { decides: true, .. } => '*',
            Evidence { agrees: true, .. } => '+',
            _ => '-',
        };
        let mut spans = vec![plain(format!("  {sign} {:<9} ", word(&claim.source))), plain(claim.claim.clone())];
        if !claim.at.is_empty() {
            spans.push(faint(format!("  at {}", addresses(&claim.at))));
        }
        page.text(INDENT, &spans)?;
        if !claim.why.is_empty() {
            page.text(INDENT, &[plain(format!("{:INDENT$}{}", "", claim.why))])?;
        }
    }
    Ok(())
}

fn addresses(at: &[Addr]) -> String {
    at.iter().map(Addr::to_string).collect::<Vec<_>>().join(", ")
}
