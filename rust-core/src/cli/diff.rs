//! `goabi diff`: two builds, or the reports of two builds.

use super::analysis::Input;
use super::args::{Diff, DiffFormat};
use super::exit::{Exit, Failure};
use super::output::Output;
use crate::emit;
use crate::report::Report;
use std::path::Path;

pub(super) fn run(args: &Diff) -> Exit {
    compare(args).map_or_else(Failure::report, |()| Exit::Done)
}

fn compare(args: &Diff) -> Result<(), Failure> {
    let output = Output::open(&args.output)?;
    let diff = crate::diff::compare(&report(args, &args.old)?, &report(args, &args.new)?);
    output.write(|out| match args.format {
        DiffFormat::Text => emit::diff::text(&diff, out),
        DiffFormat::Json => emit::diff::json(&diff, out),
        DiffFormat::Html => emit::diff::page(&diff, out),
    })
}

fn report(args: &Diff, file: &Path) -> Result<Report, Failure> {
    let mut options = args.analysis.options()?;
    // What code is the same, and who calls whom, is part of the evidence.
    (options.evidence, options.listing) = (true, 0);
    Input::read(file, &args.analysis)?.analyse(&options)
}
