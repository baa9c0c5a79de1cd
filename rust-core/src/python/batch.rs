//! The two ends of a batch on a cluster, for `cluster.py`.

use crate::cli::Exit;
use crate::cli::batch::cluster::{self, Driver};
use pyo3::exceptions::{PyRuntimeError, PySystemExit, PyValueError};
use pyo3::prelude::*;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard};

/// What went wrong has been said: the process ends.
fn ended(exit: Exit) -> PyErr {
    PySystemExit::new_err(exit as u8)
}

/// Who knows all files and what became of them.
#[pyclass(frozen, module = "goabi._core")]
pub(super) struct BatchDriver(Mutex<Driver>);

impl BatchDriver {
    fn driver(&self) -> PyResult<MutexGuard<'_, Driver>> {
        self.0.lock().map_err(|_| PyRuntimeError::new_err("the batch has failed before"))
    }
}

#[pymethods]
impl BatchDriver {
    #[new]
    fn new(args: Vec<OsString>, again: Vec<OsString>) -> PyResult<BatchDriver> {
        Driver::new(args, again).map(|driver| BatchDriver(Mutex::new(driver))).map_err(ended)
    }

    #[getter]
    fn ray(&self) -> PyResult<Option<String>> {
        Ok(self.driver()?.ray().map(str::to_owned))
    }

    #[getter]
    fn output(&self) -> PyResult<OsString> {
        Ok(self.driver()?.output().into()) // it may be a URL, which a path of Python's would spoil
    }

    #[getter]
    fn inputs(&self) -> PyResult<Vec<OsString>> {
        Ok(self.driver()?.inputs().iter().map(Into::into).collect())
    }

    #[getter]
    fn threads(&self) -> PyResult<usize> {
        Ok(self.driver()?.threads())
    }

    fn open(&self, output: PathBuf) -> PyResult<()> {
        self.driver()?.open(&output).map_err(ended)
    }

    fn search(&self, py: Python<'_>, roots: Vec<PathBuf>) -> PyResult<()> {
        py.detach(|| self.driver().map(|mut driver| driver.search(&roots)))
    }

    fn add(&self, path: PathBuf, size: u64, head: &[u8]) -> PyResult<()> {
        self.driver()?.add(path, size, head);
        Ok(())
    }

    fn candidates(&self) -> PyResult<Vec<(usize, OsString)>> {
        Ok(self.driver()?.candidates().into_iter().map(|(at, path)| (at, path.into_os_string())).collect())
    }

    fn ended(&self, at: usize, outcome: &str) -> PyResult<()> {
        let outcome = serde_json::from_str(outcome).map_err(|e| PyValueError::new_err(e.to_string()))?;
        self.driver()?.ended(at, outcome);
        Ok(())
    }

    fn finish(&self, place: &str, interrupted: bool) -> PyResult<u8> {
        Ok(self.driver()?.finish(place, interrupted) as u8)
    }
}

/// Does one file on this machine, and says how it ended, as JSON.
#[pyfunction]
pub(super) fn batch_task(
    py: Python<'_>,
    args: Vec<OsString>,
    again: Vec<OsString>,
    output: PathBuf,
    path: PathBuf,
    threads: usize,
) -> PyResult<String> {
    let outcome = py.detach(|| cluster::task(args, again, output, &path, threads)).map_err(ended)?;
    serde_json::to_string(&outcome).map_err(|e| PyValueError::new_err(e.to_string()))
}
