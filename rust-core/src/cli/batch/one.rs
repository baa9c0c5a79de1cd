//! One file: its content is looked up, or analysed in a process of its own, and annotated in hosts.

use super::host::Hosted;
use super::record::{Record, Status};
use super::settings::Settings;
use super::store::Store;
use super::{hash, memory, process};
use crate::cli::exit::Exit;
use crate::cli::progress::interrupted;
use process::End;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

/// How one file ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// There is a record.
    Finished {
        record: Box<Record>,
        /// Whether it is from an earlier run.
        earlier: bool,
        /// What hosts made of it, by their names.
        hosts: BTreeMap<String, Hosted>,
    },
    /// Another file of this run has the same content.
    Same { sha256: String },
    /// It failed for a reason outside of it, so that the next run tries again.
    Failed { reason: String },
    /// Ctrl-C was pressed before it ended.
    Interrupted,
}

/// Does one file. `claim` says whether nobody else does this content in this run.
pub(crate) fn one(
    settings: &Settings,
    store: &Store,
    path: &Path,
    threads: usize,
    claim: &dyn Fn(&str) -> bool,
) -> Outcome {
    let sha256 = match hash::of_file(path) {
        _ if interrupted() => return Outcome::Interrupted,
        Ok(sha256) => sha256,
        Err(reason) => return Outcome::Failed { reason },
    };
    if !claim(&sha256) {
        return Outcome::Same { sha256 };
    }
    let kept = store.record(&sha256).filter(|r| r.is_final(&settings.key, settings.limits, settings.retry_failed));
    let earlier = kept.is_some();
    let record = match kept.map_or_else(|| analyse(settings, store, path, &sha256, threads), Ok) {
        Ok(record) => record,
        Err(outcome) => return outcome,
    };
    let mut hosts = BTreeMap::new();
    for host in settings.hosts.iter().filter(|_| record.status == Status::Done) {
        match host.annotate(settings, store, path, &sha256, threads) {
            Some(hosted) => hosts.insert(host.name().to_owned(), hosted),
            None => return Outcome::Interrupted,
        };
    }
    Outcome::Finished { record: Box::new(record), earlier, hosts }
}

/// Runs the worker. It writes the record itself, unless it was stopped or crashed.
fn analyse(settings: &Settings, store: &Store, path: &Path, sha256: &str, threads: usize) -> Result<Record, Outcome> {
    let failed = |reason: String| Outcome::Failed { reason };
    let file = std::path::absolute(path).map_err(|e| failed(e.to_string()))?;
    let mut command = settings.worker(threads);
    command.arg("--output").arg(store.root()).args(["--sha256", sha256, "--"]).arg(&file);
    let start = Instant::now();
    let ended = process::run(command, Duration::from_secs(settings.limits.seconds));
    let (end, said) = ended.map_err(|e| failed(format!("cannot start a process for it: {e}")))?;
    let (may_write, reason) = match end {
        End::Interrupted => return done_anyway(settings, store, sha256),
        End::TimedOut => (true, format!("took longer than {} s; --timeout gives it more", settings.limits.seconds)),
        End::Exited(status) => match status.code() {
            Some(0) => return store.record(sha256).ok_or_else(|| failed("its record cannot be read".into())),
            Some(code) if code == Exit::Interrupted as i32 => return done_anyway(settings, store, sha256),
            Some(code) if code == Exit::Failed as i32 => (false, without_subject(&said, &file)),
            Some(memory::EXIT) => {
                (true, format!("took more than {} MiB; --memory gives it more", settings.limits.memory >> 20))
            }
            _ => crash(status, &said),
        },
    };
    if !may_write {
        return Err(failed(reason));
    }
    let failure = Record::without_report(sha256, &settings.key, Status::Failed, reason);
    let record = Record { limits: Some(settings.limits), seconds: start.elapsed().as_secs_f64(), ..failure };
    store.put_record(&record).map_err(|e| failed(format!("cannot write: {e}")))?;
    Ok(record)
}

/// The record of a worker that had just written it when it was stopped.
fn done_anyway(settings: &Settings, store: &Store, sha256: &str) -> Result<Record, Outcome> {
    let record = store.record(sha256);
    record.filter(|r| r.is_final(&settings.key, settings.limits, settings.retry_failed)).ok_or(Outcome::Interrupted)
}

/// What the worker printed, without `goabi: ` and the file's name.
fn without_subject(said: &str, file: &Path) -> String {
    let text = said.strip_prefix("goabi: ").unwrap_or(said);
    text.strip_prefix(&format!("{}: ", file.display())).unwrap_or(text).to_owned()
}

/// An end that nobody planned, and whether it says something about the file: a signal from outside does not.
fn crash(status: ExitStatus, said: &str) -> (bool, String) {
    let said = if said.is_empty() { String::new() } else { format!(": {said}") };
    match signal(status) {
        Some(signal @ (1 | 2 | 3 | 9 | 15)) => (false, format!("its process was killed by signal {signal}{said}")),
        Some(signal) => (true, format!("crashed with signal {signal}{said}")),
        None => (true, format!("crashed with exit code {}{said}", status.code().unwrap_or_default())),
    }
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> Option<i32> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::cli::args::{Args, Batch, Command};
    use clap::Parser;
    use std::ffi::OsString;

    fn parsed(words: Vec<OsString>) -> Batch {
        match Args::try_parse_from(words).expect("it makes sense").command {
            Command::Batch(args) => args,
            other => unreachable!("{other:?}"),
        }
    }

    /// What becomes of a file whose worker is a shell script.
    fn outcome(script: &str) -> (Outcome, bool) {
        let folder = tempfile::TempDir::new().expect("a folder");
        let (file, out) = (folder.path().join("file"), folder.path().join("out"));
        std::fs::write(&file, "content").expect("written");
        let args = ["goabi", "batch", "x", "-o", "x", "--timeout", "1"].map(Into::into);
        let (args, again) = (parsed(args.into()), ["sh", "-c", script].map(Into::into));
        let settings = Settings::new(&args, again.into()).unwrap_or_else(|_| unreachable!("it makes sense"));
        let store = Store::open(&out).unwrap_or_else(|_| unreachable!("it can be made"));
        let outcome = one(&settings, &store, &file, 1, &|_| true);
        let kept = store.record(&hash::of(b"content")).is_some();
        (outcome, kept)
    }

    fn reason(outcome: Outcome) -> String {
        match outcome {
            Outcome::Finished { record, earlier: false, .. } if record.status == Status::Failed => {
                record.reason.unwrap_or_default()
            }
            Outcome::Failed { reason } => reason,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn what_the_file_causes_is_kept_and_the_rest_is_tried_again() {
        for (script, why, kept) in [
            ("echo 'at x.rs: bang' >&2; kill -SEGV $$", "crashed with signal 11: at x.rs: bang", true),
            ("exit 101", "crashed with exit code 101", true),
            ("exit 102", "took more than 4096 MiB; --memory gives it more", true),
            ("sleep 60", "took longer than 1 s; --timeout gives it more", true),
            ("kill -KILL $$", "its process was killed by signal 9", false),
            ("echo 'goabi: out: cannot write: no space' >&2; exit 1", "out: cannot write: no space", false),
            ("exit 0", "its record cannot be read", false),
        ] {
            let (outcome, is_kept) = outcome(script);
            assert_eq!((reason(outcome).as_str(), is_kept), (why, kept), "{script}");
        }
    }
}
