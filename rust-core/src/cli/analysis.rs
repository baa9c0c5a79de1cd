//! One input, read once and analysed as the command line says.

use super::args::Analysis;
use super::exit::Failure;
use super::manifest::Memory;
use super::progress::Progress;
use super::{input, lookup, saved};
use crate::report::Report;
use crate::signature::pack::Pack;
use crate::{Options, analyze_observed, analyze_segments};
use std::path::{Path, PathBuf};
use std::sync::Arc;

impl Analysis {
    /// The core's options.
    pub(super) fn options(&self) -> Result<Options, Failure> {
        Ok(Options {
            dwarf: !self.no_dwarf,
            symbols: !self.no_symbols,
            names: !self.no_names,
            signatures: !self.no_signatures,
            packs: packs(&self.sigs)?,
            threads: self.threads,
            arch: self.arch,
            ..Options::default()
        })
    }
}

/// The contents of signature packs, checked.
fn packs(files: &[PathBuf]) -> Result<Vec<Arc<[u8]>>, Failure> {
    let read = |file: &PathBuf| {
        let data = input::read(file)?;
        match Pack::is_whole(&data) && Pack::read(&data).is_some() {
            true => Ok(data.into()),
            false => Err(Failure::new(input::label(file), "not a signature pack, or a damaged one")),
        }
    };
    files.iter().map(read).collect()
}

/// An input in memory.
pub(super) struct Input {
    label: String,
    contents: Contents,
}

enum Contents {
    File(Vec<u8>),
    Memory(Memory),
}

impl Input {
    /// Reads the file at `path`, or the memory that a manifest describes.
    pub(super) fn read(path: &Path, args: &Analysis) -> Result<Input, Failure> {
        let contents = match &args.segments {
            Some(manifest) => Contents::Memory(Memory::read(manifest, path)?),
            None => Contents::File(input::read(path)?),
        };
        Ok(Input { label: input::label(path), contents })
    }

    /// What is known of every function, or of the one that `options` asks for. That none is found is a failure.
    pub(super) fn analyse(&self, options: &Options) -> Result<Report, Failure> {
        let report = self.run(options)?;
        match &options.only {
            Some(wanted) if report.functions.is_empty() => {
                let all = self.run(&Options { only: None, evidence: false, ..options.clone() })?;
                Err(Failure::new(&self.label, lookup::not_found(wanted, &all)))
            }
            _ => Ok(report),
        }
    }

    fn run(&self, options: &Options) -> Result<Report, Failure> {
        if let Contents::File(bytes) = &self.contents
            && saved::is_report(bytes)
        {
            return saved::read(&self.label, bytes, options);
        }
        let progress = Progress::new(&self.label);
        let report = match &self.contents {
            Contents::File(bytes) => analyze_observed(bytes, options, &progress),
            Contents::Memory(memory) => analyze_segments(memory.info(), memory.segments(), options, &progress),
        };
        report.map_err(|error| Failure::analysis(&self.label, &error))
    }
}
