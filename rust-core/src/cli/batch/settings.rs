//! What a run does with every file, from the command line.

use super::hash;
use super::host::Host;
use super::record::Limits;
use crate::cli::args::{Analysis, Batch};
use crate::cli::exit::Failure;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The same for all files of a run.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The output folder.
    pub(super) output: PathBuf,
    /// Names the version and the options; what was made with another one is made anew.
    pub(super) key: String,
    /// What one file may take.
    pub(super) limits: Limits,
    /// Whether earlier failures are tried again.
    pub(super) retry_failed: bool,
    /// Threads of all processes together.
    pub(super) cores: usize,
    /// Hosts that annotate as well.
    pub(super) hosts: Vec<Host>,
    /// How this program is started again.
    again: Vec<OsString>,
    /// Options of the worker.
    options: Vec<OsString>,
}

impl Settings {
    /// From the command line. `again` starts this program, up to where its arguments begin.
    pub(crate) fn new(args: &Batch, again: Vec<OsString>) -> Result<Settings, Failure> {
        if args.analysis.segments.is_some() {
            return Err(Failure::usage("--segments describes one memory dump; annotate that one by itself"));
        }
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Settings {
            output: args.output.clone(),
            key: key(args)?,
            limits: Limits { seconds: args.timeout, memory: args.memory },
            retry_failed: args.retry_failed,
            cores: if args.analysis.threads == 0 { cores } else { args.analysis.threads },
            hosts: hosts(args)?,
            again,
            options: options(args)?,
        })
    }

    /// The worker, on `threads` threads.
    pub(super) fn worker(&self, threads: usize) -> Command {
        let mut command = self.again(&["batch-worker"]);
        command.args(&self.options).args(["--threads", &threads.to_string(), "--key", &self.key]);
        command.args(["--memory", &self.limits.memory.to_string()]);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        command
    }

    /// This program with these arguments.
    fn again(&self, args: &[&str]) -> Command {
        let mut words = self.again.iter();
        let mut command = Command::new(words.next().cloned().unwrap_or_default());
        command.args(words).args(args);
        command
    }

    /// This program, if it is one file that a host could run.
    pub(super) fn program(&self) -> Option<&OsString> {
        self.again.first().filter(|_| self.again.len() == 1)
    }
}

fn hosts(args: &Batch) -> Result<Vec<Host>, Failure> {
    let mut wanted = args.with.clone();
    wanted.sort();
    wanted.dedup();
    wanted.into_iter().map(|kind| Host::find(kind, args)).collect()
}

/// Every option that changes what is found.
fn key(args: &Batch) -> Result<String, Failure> {
    let Analysis { segments: _, arch, no_dwarf, no_symbols, no_names, no_signatures, sigs: _, threads: _ } =
        &args.analysis;
    let mut key = concat!("goabi ", env!("CARGO_PKG_VERSION")).to_owned();
    if let Some(arch) = arch {
        key = format!("{key} --arch={}", arch.info().name);
    }
    for (_, flag) in
        flags(args.evidence, *no_dwarf, *no_symbols, *no_names, *no_signatures).iter().filter(|flag| flag.0)
    {
        key = format!("{key} {flag}");
    }
    for pack in args.analysis.options()?.packs {
        key = format!("{key} --sigs={}", hash::of(&pack));
    }
    Ok(key)
}

fn flags(evidence: bool, dwarf: bool, symbols: bool, names: bool, signatures: bool) -> [(bool, &'static str); 5] {
    [
        (evidence, "--evidence"),
        (dwarf, "--no-dwarf"),
        (symbols, "--no-symbols"),
        (names, "--no-names"),
        (signatures, "--no-signatures"),
    ]
}

/// The worker's options. That every field is named makes the compiler ask for new ones.
fn options(args: &Batch) -> Result<Vec<OsString>, Failure> {
    let Analysis { segments: _, arch, no_dwarf, no_symbols, no_names, no_signatures, sigs, threads: _ } =
        &args.analysis;
    let mut options: Vec<OsString> = Vec::new();
    if let Some(arch) = arch {
        options.extend(["--arch".into(), arch.info().name.into()]);
    }
    for (given, flag) in flags(args.evidence, *no_dwarf, *no_symbols, *no_names, *no_signatures) {
        options.extend(given.then(|| flag.into()));
    }
    for pack in sigs {
        let path = std::path::absolute(pack).map_err(|e| Failure::new(pack.display(), e))?;
        options.extend(["--sigs".into(), path.into()]);
    }
    Ok(options)
}
