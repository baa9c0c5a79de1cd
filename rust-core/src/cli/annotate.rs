//! `goabi annotate`: the report in the form that was asked for.

use super::analysis::Input;
use super::args::{Annotate, Format};
use super::exit::{Exit, Failure};
use super::output::Output;
use super::sigs;
use crate::emit;
use crate::report::{Confidence, Report};
use std::io::{self, Write};
use std::path::Path;

pub(super) fn run(args: &Annotate) -> Exit {
    match args.files.as_slice() {
        [file] => one(args, file).map_or_else(Failure::report, |()| Exit::Done),
        files if args.output.as_os_str() == "-" => several(args, files),
        _ => Failure::usage("several FILEs need an output each: leave -o out, or name one FILE").report(),
    }
}

fn several(args: &Annotate, files: &[std::path::PathBuf]) -> Exit {
    let mut exit = Exit::Done;
    for file in files {
        match one(args, file).map_err(Failure::report) {
            Ok(()) => {}
            Err(Exit::Interrupted) => return Exit::Interrupted,
            Err(Exit::Done) => break, // the reader has gone
            Err(_) => exit = Exit::Failed,
        }
    }
    exit
}

fn one(args: &Annotate, file: &Path) -> Result<(), Failure> {
    let output = Output::open(&args.output)?;
    let mut options = args.analysis.options()?;
    options.only = args.only.clone();
    options.evidence = args.evidence || args.format == Format::Html;
    options.listing = args.listing;
    options.data = args.data;
    let input = Input::read(file, &args.analysis)?;
    let mut missing = Vec::new();
    if args.fetch_sigs {
        let fetched = sigs::fetch(&input, &options)?;
        options.packs.extend(fetched.pack);
        missing = fetched.missing;
    }
    let mut report = input.analyse(&options)?;
    report.packs.extend(missing);
    output.write(|out| emit(&report, args.format, args.min_confidence.into(), out))
}

fn emit(report: &Report, format: Format, min: Confidence, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Text => emit::text::write(report, out, min),
        Format::Json => emit::json::write(report, out, min),
        Format::IdaPlan => emit::ida::write(report, out, min),
        Format::GhidraPlan => emit::ghidra::write(report, out, min),
        Format::Idapython => emit::idapython::write(report, out, min),
        Format::Html => emit::html::write(report, out, min),
        Format::Header => emit::header::write(report, out, min),
    }
}
