//! The two ends of a batch on several machines: the driver, which knows all files, and a task, which does one of them.
//! What carries tasks to machines is not here.

use super::bar::Bar;
use super::collect::{Input, Look, collect};
use super::one::{Outcome, one};
use super::settings::Settings;
use super::store::Store;
use super::{complaint, conclude, magic};
use crate::cli::args::{Args, Batch, Command};
use crate::cli::exit::{Exit, Failure};
use clap::Parser;
use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Reads the command line of `goabi batch`, the program's name first.
fn parse(args: Vec<OsString>) -> Result<Batch, Exit> {
    match Args::try_parse_from(args) {
        Ok(Args { command: Command::Batch(batch) }) => Ok(batch),
        Ok(_) => Err(Failure::usage("--ray is for goabi batch").report()),
        Err(usage) => {
            let _ = usage.print();
            Err(if usage.use_stderr() { Exit::Usage } else { Exit::Done })
        }
    }
}

/// Who knows all files and what became of them.
pub(crate) struct Driver {
    args: Batch,
    settings: Settings,
    store: Option<(Store, File)>,
    files: Vec<(Input, Option<Outcome>)>,
    bar: Option<Bar>,
}

impl Driver {
    /// From a command line. What is wrong with it has been said when this fails.
    pub(crate) fn new(args: Vec<OsString>, again: Vec<OsString>) -> Result<Driver, Exit> {
        let args = parse(args)?;
        let settings = Settings::new(&args, again).map_err(Failure::report)?;
        Ok(Driver { args, settings, store: None, files: Vec::new(), bar: None })
    }

    /// The address of the cluster, as given.
    pub(crate) fn ray(&self) -> Option<&str> {
        self.args.ray.as_deref()
    }

    /// Where results go, as given.
    pub(crate) fn output(&self) -> &Path {
        &self.args.output
    }

    /// What is searched, as given.
    pub(crate) fn inputs(&self) -> &[PathBuf] {
        &self.args.inputs
    }

    /// Threads to use, 0 for all.
    pub(crate) fn threads(&self) -> usize {
        self.args.analysis.threads
    }

    /// Takes `output` for the folder of the results, and keeps other runs out of it.
    pub(crate) fn open(&mut self, output: &Path) -> Result<(), Exit> {
        let store = Store::open(output).map_err(Failure::report)?;
        let lock = store.lock().map_err(Failure::report)?;
        self.store = Some((store, lock));
        Ok(())
    }

    /// Finds the files below folders of this machine.
    pub(crate) fn search(&mut self, roots: &[PathBuf]) {
        let bar = Bar::searching();
        let out = self.store.as_ref().map_or(Path::new(""), |(store, _)| store.root());
        self.files.extend(collect(roots, out, |found| bar.found(found)).into_iter().map(|input| (input, None)));
    }

    /// Adds a file that is somewhere else; `head` has its first bytes.
    pub(crate) fn add(&mut self, path: PathBuf, size: u64, head: &[u8]) {
        let look = magic::other(head).map_or(Look::Candidate, |why| Look::Other(why.into()));
        self.files.push((Input { path, size, look }, None));
    }

    /// The files that are to be done, by the numbers that [`Driver::ended`] takes: large ones first.
    pub(crate) fn candidates(&mut self) -> Vec<(usize, PathBuf)> {
        self.files.sort_by(|(a, _), (b, _)| a.path.cmp(&b.path));
        let candidate =
            |(at, (input, _)): (usize, &(Input, _))| (input.look == Look::Candidate).then_some((at, input.size));
        let mut found: Vec<_> = self.files.iter().enumerate().filter_map(candidate).collect();
        self.bar = Some(Bar::working(found.len(), found.iter().map(|(_, size)| size).sum()));
        self.complain_of_unreadable();
        found.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
        let path = |at: usize| self.files.get(at).map(|(input, _)| (at, input.path.clone()));
        found.into_iter().filter_map(|(at, _)| path(at)).collect()
    }

    fn complain_of_unreadable(&self) {
        for (input, _) in &self.files {
            if let (Look::Unreadable(why), Some(bar)) = (&input.look, &self.bar) {
                bar.complain(&format!("{}: {why}", input.path.display()));
            }
        }
    }

    /// Takes what became of a file. A result that another version made is none.
    pub(crate) fn ended(&mut self, at: usize, outcome: Outcome) {
        let outcome = match outcome {
            Outcome::Finished { record, .. } if record.key != self.settings.key => Outcome::Failed {
                reason: format!(
                    "made by \"{}\" there, \"{}\" here: install one version on all machines",
                    record.key, self.settings.key
                ),
            },
            outcome => outcome,
        };
        if let Some((input, slot)) = self.files.get_mut(at) {
            if let Some(bar) = &self.bar {
                bar.ended(input.size, complaint(input, &outcome).as_deref());
            }
            *slot = Some(outcome);
        }
    }

    /// Writes the summary and says how it went; `place` is where the results are, for people.
    pub(crate) fn finish(&mut self, place: &str, interrupted: bool) -> Exit {
        self.bar = None;
        let Some((store, _)) = &self.store else { return Exit::Usage };
        conclude(store, &self.files, place, interrupted).unwrap_or_else(Failure::report)
    }
}

/// Does the file at `path`, with results below `output`. The command line is the driver's.
pub(crate) fn task(
    args: Vec<OsString>,
    again: Vec<OsString>,
    output: PathBuf,
    path: &Path,
    threads: usize,
) -> Result<Outcome, Exit> {
    let mut args = parse(args)?;
    args.output = output;
    let settings = Settings::new(&args, again).map_err(Failure::report)?;
    let store = Store::open(&args.output).map_err(Failure::report)?;
    Ok(one(&settings, &store, path, threads, &|_| true))
}
