//! `goabi diff`: two builds, or the reports of two builds.

use super::analysis::Input;
use super::args::{Diff, DiffFormat};
use super::exit::{Exit, Failure};
use super::lookup;
use super::output::Output;
use crate::report::{Function, Report};
use crate::{Options, emit};
use std::path::Path;

pub(super) fn run(args: &Diff) -> Exit {
    compare(args).map_or_else(Failure::report, |()| Exit::Done)
}

fn compare(args: &Diff) -> Result<(), Failure> {
    let output = Output::open(&args.output)?;
    let (old, new) = (report(args, &args.old)?, report(args, &args.new)?);
    let diff = only(args, &old, &new)?;
    output.write(|out| match args.format {
        DiffFormat::Text => emit::diff::text(&diff, out),
        DiffFormat::Json => emit::diff::json(&diff, out),
        DiffFormat::Html => emit::diff::page(&diff, out),
    })
}

/// The comparison of all functions, or of the one that is asked for. That none is found is a failure.
fn only(args: &Diff, old: &Report, new: &Report) -> Result<crate::diff::Diff, Failure> {
    let Some(wanted) = &args.only else { return Ok(crate::diff::compare(old, new)) };
    let options = Options { only: Some(wanted.clone()), ..Options::default() };
    let in_old = |f: &Function| f.name == *wanted;
    let in_new = |f: &Function| options.wants(lookup::code(f), &f.name);
    if !old.functions.iter().any(in_old) && !new.functions.iter().any(in_new) {
        return Err(Failure::new(args.new.display(), lookup::not_found(wanted, new)));
    }
    Ok(crate::diff::compare_some(old, new, in_old, in_new))
}

fn report(args: &Diff, file: &Path) -> Result<Report, Failure> {
    let mut options = args.analysis.options()?;
    // What code is the same, and who calls whom, is part of the evidence.
    (options.evidence, options.listing) = (true, 0);
    Input::read(file, &args.analysis)?.analyse(&options)
}
