//! The Python module `goabi._core`. The only file that names pyo3; `python/goabi/__init__.py` is what people import.
#![allow(unsafe_code)] // in what pyo3's macros generate, nowhere else
#![allow(missing_docs)] // of what pyo3's macros generate

use crate::arch::Arch;
use crate::cli::layout::{convention, go_minor};
use crate::report::{Confidence, Report};
use crate::{Error, Observer, Options, analyze_observed, emit};
use pyo3::create_exception;
use pyo3::exceptions::{PyException, PyKeyboardInterrupt, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

create_exception!(goabi, GoabiError, PyException, "Nothing could be analysed; the base of goabi's errors.");
create_exception!(goabi, NotGoError, GoabiError, "The input has no trace of the Go runtime.");
create_exception!(goabi, FormatError, GoabiError, "The input is no container that goabi reads, or a damaged one.");
create_exception!(goabi, InputSyntaxError, GoabiError, "A signature or a list of segments cannot be read.");

/// Between two looks at whether Ctrl-C was pressed.
const SIGNAL_PERIOD: Duration = Duration::from_millis(50);

#[pymodule]
mod _core {
    #[pymodule_export]
    use super::{Analysis, FormatError, GoabiError, InputSyntaxError, NotGoError, analyze, layout, main};
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

/// Analyses the bytes of a file.
#[pyfunction]
#[pyo3(signature = (data, *, dwarf, symbols, names, evidence, threads, only, arch))]
#[allow(clippy::too_many_arguments)] // keywords in Python
fn analyze(
    py: Python<'_>,
    data: PyBackedBytes,
    dwarf: bool,
    symbols: bool,
    names: bool,
    evidence: bool,
    threads: usize,
    only: Option<String>,
    arch: Option<&str>,
) -> PyResult<Analysis> {
    let options = Options { dwarf, symbols, names, evidence, threads, only, arch: machine(arch)? };
    interruptible(py, |observer| analyze_observed(&data, &options, observer))
}

/// Whether Python wants the work to stop.
struct Stop(AtomicBool);

impl Observer for Stop {
    fn progress(&self, _: &str, _: usize, _: usize) {}
    fn cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Works in a thread without the GIL, while this one, which may be Python's main thread, looks for signals.
fn interruptible(
    py: Python<'_>,
    work: impl FnOnce(&dyn Observer) -> crate::Result<Report> + Send,
) -> PyResult<Analysis> {
    let stop = Stop(AtomicBool::new(false));
    let done = AtomicBool::new(false);
    let waiting = std::thread::current();
    std::thread::scope(|scope| {
        let worker = scope.spawn(|| {
            let report = work(&stop);
            done.store(true, Ordering::Release);
            waiting.unpark();
            report
        });
        let mut signal = Ok(());
        while !done.load(Ordering::Acquire) && !worker.is_finished() {
            py.detach(|| std::thread::park_timeout(SIGNAL_PERIOD));
            if let Err(raised) = py.check_signals() {
                stop.0.store(true, Ordering::Relaxed);
                signal = Err(raised);
            }
        }
        let report = py.detach(|| worker.join());
        signal?;
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

/// Runs the command with `args` (the program's name first) and returns its exit code.
#[pyfunction]
fn main(py: Python<'_>, args: Vec<std::ffi::OsString>) -> u8 {
    py.detach(|| crate::cli::run(args)) as u8
}
