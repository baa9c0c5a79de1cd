//! goabi recovers where every parameter and every result of a Go function lives, from the binary alone.
//!
//! ```text
//! bytes → image → golang (runtime metadata) → program
//!                     abi (pure assignment) ┐
//! program → evidence (one file per source) ─┴→ resolve → annotate → witness → report → emit → { CLI, Python, IDA, Ghidra }
//! ```
//!
//! A folder is a stage, and no arrow points back. Failures are of two kinds: an [`Error`] when there is nothing to
//! analyse, and notes in the [`report::Report`] for everything else.

pub mod abi;
pub mod annotate;
pub mod arch;
#[cfg(feature = "cli")]
pub mod cli;
pub mod code;
pub mod diff;
pub mod emit;
pub mod error;
pub mod evidence;
pub mod golang;
pub mod image;
pub mod limits;
pub mod options;
pub mod program;
#[cfg(feature = "python")]
mod python;
pub mod reader;
pub mod report;
pub mod resolve;
mod said;
pub mod signature;
pub mod types;
pub mod watch;
pub mod witness;

pub use error::{Error, Result};
pub use options::{Observer, Options};

use image::{Image, Segment, SegmentsInfo};
use report::Report;
use said::Said;

/// Analyses a file.
pub fn analyze(data: &[u8], options: &Options) -> Result<Report> {
    analyze_observed(data, options, &())
}

/// Analyses a file and tells `observer` how far it is.
pub fn analyze_observed(data: &[u8], options: &Options, observer: &dyn Observer) -> Result<Report> {
    on_threads(options, || run(Image::parse_arch(data, options.arch)?, data, options, observer))
}

/// Analyses memory that a host hands over.
pub fn analyze_segments(
    info: SegmentsInfo,
    segments: Vec<Segment<'_>>,
    options: &Options,
    observer: &dyn Observer,
) -> Result<Report> {
    on_threads(options, || run(Image::from_segments(info, segments)?, &[], options, observer))
}

/// Runs on as many threads as asked for, or on the pool that there is.
fn on_threads<T: Send>(options: &Options, work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    let pool = (options.threads > 0).then(|| rayon::ThreadPoolBuilder::new().num_threads(options.threads).build());
    match pool {
        Some(Ok(pool)) => pool.install(work),
        _ => work(),
    }
}

/// The pipeline. What the report is made from is gone before its prototypes are spelled.
fn run(image: Image<'_>, data: &[u8], options: &Options, observer: &dyn Observer) -> Result<Report> {
    let mut report = recover(image, data, options, observer)?;
    emit::fill(&mut report);
    Ok(report)
}

/// The report without what follows from the rest of it.
fn recover(mut image: Image<'_>, data: &[u8], options: &Options, observer: &dyn Observer) -> Result<Report> {
    let watch = watch::Watch::new(observer);
    if !options.symbols {
        image.symbols.clear();
    }
    let meta = golang::Metadata::read(&image)?;
    let mut program = program::Program::new(&image, &meta, options);
    // What is said of functions, and what they show at first sight, need nothing of each other.
    let (said, looked) = rayon::join(|| Said::gather(&image, &meta, options), || resolve::look(&program, &watch));
    let (Said { mut types, typed, known, receivers, packs, notes }, looked) = (said, looked?);
    program.types = known.addresses().collect();
    (program.receivers, program.notes) = (receivers, notes);
    let mut resolved = resolve::resolve(&program, &types, typed, looked, &watch)?;
    let mut marks = annotate::annotate(&program, &mut types, &mut resolved, &known, &watch)?;
    if options.data {
        marks.data = annotate::data(&program, &types, &resolved, &known, &watch)?;
    }
    let only = |i: usize| program.is_wanted(&program.funcs()[i], options);
    let witness = match options.evidence {
        true => witness::witness(&program, &resolved, only, options.listing, &watch)?,
        false => Vec::new(),
    };
    let mut report = report::assemble::report(&program, &types, resolved, witness, marks, data, options);
    report.packs = packs;
    Ok(report)
}
