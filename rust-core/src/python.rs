//! The Python module `goabi._core`. The only place that names pyo3; `python/goabi/__init__.py` is what people import.
#![allow(unsafe_code)] // in what pyo3's macros generate, nowhere else
#![allow(missing_docs)] // of what pyo3's macros generate

mod batch;

use crate::arch::{Arch, Os};
use crate::cli::layout::{convention, go_minor};
use crate::image::{Segment, SegmentsInfo};
use crate::report::{Confidence, Report};
use crate::signature::pack::Pack;
use crate::{Error, Observer, Options, analyze_observed, emit};
use pyo3::create_exception;
use pyo3::exceptions::{PyException, PyKeyboardInterrupt, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

create_exception!(goabi, GoabiError, PyException, "Nothing could be analysed; the base of goabi's errors.");
create_exception!(goabi, NotGoError, GoabiError, "The input has no trace of the Go runtime.");
create_exception!(goabi, FormatError, GoabiError, "The input is no container that goabi reads, or a damaged one.");
create_exception!(goabi, InputSyntaxError, GoabiError, "A signature or a list of segments cannot be read.");

/// Between two looks at whether Ctrl-C was pressed, and two calls of the caller's `watch`.
const SIGNAL_PERIOD: Duration = Duration::from_millis(50);

#[pymodule]
mod _core {
    #[pymodule_export]
    use super::batch::{BatchDriver, batch_task};
    #[pymodule_export]
    use super::{
        Analysis, FormatError, GoabiError, InputSyntaxError, NotGoError, analyze, analyze_segments, layout, main,
    };
}

fn raised(error: &Error) -> PyErr {
    let text = error.to_string();
    match error {
        Error::Interrupted => PyKeyboardInterrupt::new_err(()),
        Error::NotGo { .. } => NotGoError::new_err(text),
        Error::Syntax { .. } => InputSyntaxError::new_err(text),
        _ => FormatError::new_err(text),
    }
}

/// A finished analysis, which can be written in every form.
#[pyclass(frozen, module = "goabi._core")]
struct Analysis(Report);

#[pymethods]
impl Analysis {
    fn to_json(&self, py: Python<'_>, min_confidence: &str) -> PyResult<String> {
        self.text_of(py, emit::json::write, min_confidence)
    }

    fn text(&self, py: Python<'_>, min_confidence: &str) -> PyResult<String> {
        self.text_of(py, emit::text::write, min_confidence)
    }

    fn ida_plan(&self, py: Python<'_>, min_confidence: &str) -> PyResult<String> {
        self.text_of(py, emit::ida::write, min_confidence)
    }

    fn ghidra_plan(&self, py: Python<'_>, min_confidence: &str) -> PyResult<String> {
        self.text_of(py, emit::ghidra::write, min_confidence)
    }

    fn idapython(&self, py: Python<'_>, min_confidence: &str) -> PyResult<String> {
        self.text_of(py, emit::idapython::write, min_confidence)
    }

    fn header(&self, py: Python<'_>, min_confidence: &str) -> PyResult<String> {
        self.text_of(py, emit::header::write, min_confidence)
    }

    fn html(&self, py: Python<'_>) -> PyResult<String> {
        self.text_of(py, emit::html::write, "unknown")
    }

    fn explain(&self, py: Python<'_>) -> PyResult<String> {
        self.text_of(
            py,
            |report, out, _| crate::cli::explain::write(report, crate::cli::explain::Look::PLAIN, out),
            "unknown",
        )
    }
}

type Emitter = fn(&Report, &mut dyn Write, Confidence) -> io::Result<()>;

impl Analysis {
    fn text_of(&self, py: Python<'_>, emitter: Emitter, min_confidence: &str) -> PyResult<String> {
        let min = level(min_confidence)?;
        let mut out = Vec::new();
        py.detach(|| emitter(&self.0, &mut out, min))?;
        Ok(String::from_utf8(out)?)
    }
}

fn level(name: &str) -> PyResult<Confidence> {
    let level = serde_json::from_value(name.into());
    level.map_err(|_| PyValueError::new_err("min_confidence is 'unknown', 'guess', 'likely' or 'exact'"))
}

fn machine(name: Option<&str>) -> PyResult<Option<Arch>> {
    name.map(|name| Arch::from_name(name).ok_or_else(|| unknown_machine(name))).transpose()
}

fn unknown_machine(name: &str) -> PyErr {
    PyValueError::new_err(format!("{name:?} is no GOARCH that goabi knows"))
}

/// What to use and how much to say, as a dictionary.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Asked {
    dwarf: bool,
    symbols: bool,
    names: bool,
    signatures: bool,
    evidence: bool,
    listing: Option<usize>,
    data: bool,
    threads: usize,
    only: Option<String>,
    arch: Option<String>,
    /// Signature packs: what errors call them, and their contents.
    sigs: Vec<(String, PyBackedBytes)>,
}

impl Asked {
    fn options(self) -> PyResult<Options> {
        let Asked { dwarf, symbols, names, signatures, evidence, listing, data, threads, only, arch, sigs } = self;
        let default = Options::default();
        let packs = sigs.iter().map(|(label, data)| pack(label, data)).collect::<PyResult<_>>()?;
        Ok(Options {
            dwarf,
            symbols,
            names,
            signatures,
            evidence,
            listing: listing.unwrap_or(default.listing),
            data,
            threads,
            only,
            arch: machine(arch.as_deref())?,
            packs,
            ..default
        })
    }
}

/// The contents of a signature pack, checked.
fn pack(label: &str, data: &[u8]) -> PyResult<Arc<[u8]>> {
    match Pack::is_whole(data) && Pack::read(data).is_some() {
        true => Ok(data.into()),
        false => Err(FormatError::new_err(format!("{label}: not a signature pack, or a damaged one"))),
    }
}

/// Analyses the bytes of a file.
#[pyfunction]
fn analyze(py: Python<'_>, data: PyBackedBytes, options: Asked, watch: Option<Py<PyAny>>) -> PyResult<Analysis> {
    let options = options.options()?;
    interruptible(py, watch, |observer| analyze_observed(&data, &options, observer))
}

/// What a host says of memory that it hands over, as a dictionary.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Memory {
    arch: String,
    os: Option<String>,
    base: Option<u64>,
    entry: Option<u64>,
}

impl Memory {
    fn info(self) -> PyResult<SegmentsInfo> {
        let arch = Arch::from_name(&self.arch).ok_or_else(|| unknown_machine(&self.arch))?;
        let unknown = |name: &str| PyValueError::new_err(format!("{name:?} is no GOOS that goabi knows"));
        let os = self.os.map_or(Ok(Os::Unknown), |name| Os::from_name(&name).ok_or_else(|| unknown(&name)))?;
        Ok(SegmentsInfo { arch, os, base: self.base, entry: self.entry })
    }
}

/// A segment: address, size in memory, the first bytes of it, and some of the letters `rwx`.
type Row = (u64, u64, PyBackedBytes, String);

/// Analyses memory that is no container.
#[pyfunction]
fn analyze_segments(
    py: Python<'_>,
    segments: Vec<Row>,
    memory: Memory,
    options: Asked,
    watch: Option<Py<PyAny>>,
) -> PyResult<Analysis> {
    let (info, options) = (memory.info()?, options.options()?);
    let segments: Vec<Segment<'_>> = segments.iter().map(segment).collect();
    interruptible(py, watch, |observer| crate::analyze_segments(info, segments, &options, observer))
}

fn segment((addr, size, data, perms): &Row) -> Segment<'_> {
    let may = |letter| perms.contains(letter);
    let stored = data.len().min(usize::try_from(*size).unwrap_or(usize::MAX));
    let data = Cow::Borrowed(data.get(..stored).unwrap_or_default());
    Segment { addr: *addr, size: *size, data, read: may('r'), write: may('w'), exec: may('x') }
}

/// How far the work is, and whether Python wants it to stop.
#[derive(Default)]
struct Talk {
    stop: AtomicBool,
    at: Mutex<(String, usize, usize)>,
}

impl Observer for Talk {
    fn progress(&self, stage: &str, done: usize, total: usize) {
        if let Ok(mut at) = self.at.lock() {
            if at.0 != stage {
                at.0 = stage.to_owned();
            }
            (at.1, at.2) = (done, total);
        }
    }
    fn cancelled(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

impl Talk {
    /// Looks for signals and tells `watch` how far the work is; what either raises stops it.
    fn ask(&self, py: Python<'_>, watch: Option<&Py<PyAny>>) -> PyResult<()> {
        py.check_signals()?;
        let Some(watch) = watch else { return Ok(()) };
        let at = self.at.lock().map_or_else(|_| Default::default(), |at| at.clone());
        watch.call1(py, at).map(drop)
    }
}

/// Works in a thread without the GIL, while this one, which may be Python's main thread, looks for signals.
fn interruptible(
    py: Python<'_>,
    watch: Option<Py<PyAny>>,
    work: impl FnOnce(&dyn Observer) -> crate::Result<Report> + Send,
) -> PyResult<Analysis> {
    let talk = Talk::default();
    let done = AtomicBool::new(false);
    let waiting = std::thread::current();
    std::thread::scope(|scope| {
        let worker = scope.spawn(|| {
            let report = work(&talk);
            done.store(true, Ordering::Release);
            waiting.unpark();
            report
        });
        let mut stopped = Ok(());
        while !done.load(Ordering::Acquire) && !worker.is_finished() {
            py.detach(|| std::thread::park_timeout(SIGNAL_PERIOD));
            if stopped.is_ok() {
                stopped = talk.ask(py, watch.as_ref());
                talk.stop.store(stopped.is_err(), Ordering::Relaxed);
            }
        }
        let report = py.detach(|| worker.join());
        stopped?;
        match report {
            Ok(report) => report.map(Analysis).map_err(|error| raised(&error)),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// Where a written signature puts its values: as JSON, and as text.
#[pyfunction]
fn layout(signature: &str, machine: &str, go: Option<&str>, asm: bool) -> PyResult<(String, String)> {
    let minor = go.map(go_minor).transpose().map_err(PyValueError::new_err)?;
    let convention = convention(machine, minor, asm).ok_or_else(|| unknown_machine(machine))?;
    let laid_out = emit::layout::layout(signature, &convention).map_err(|error| raised(&error))?;
    let text = emit::layout::layout_text(signature, &convention).map_err(|error| raised(&error))?;
    let json = serde_json::to_string(&laid_out).map_err(|error| PyValueError::new_err(error.to_string()))?;
    Ok((json, text))
}

/// Runs the command with `args` (the program's name first) and returns its exit code. `again` starts it in another process.
#[pyfunction]
fn main(py: Python<'_>, args: Vec<std::ffi::OsString>, again: Vec<std::ffi::OsString>) -> u8 {
    py.detach(|| crate::cli::run(args, again)) as u8
}
