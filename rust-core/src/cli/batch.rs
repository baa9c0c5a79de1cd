//! `goabi batch`: a corpus, each file in a process of its own, into a folder that a stopped run goes on from.

mod bar;
#[cfg(feature = "python")]
pub(crate) mod cluster;
mod collect;
mod compress;
mod hash;
mod host;
mod magic;
mod memory;
mod one;
mod pool;
mod process;
mod record;
mod settings;
mod store;
mod summary;
mod table;
pub(super) mod worker;

use super::args::Batch;
use super::exit::{Exit, Failure, reason};
use super::progress::{catch_ctrl_c, interrupted};
use bar::Bar;
use collect::{Input, Look};
use one::{Outcome, one};
use record::Status;
use settings::Settings;
use std::collections::HashSet;
use std::ffi::OsString;
use std::fmt::Display;
use std::io::Write;
use std::sync::{Mutex, PoisonError};
use store::Store;
use summary::Summary;

/// Runs the batch. `again` starts this program, up to where its arguments begin.
pub(super) fn run(args: &Batch, again: Vec<OsString>) -> Exit {
    corpus(args, again).unwrap_or_else(Failure::report)
}

fn corpus(args: &Batch, again: Vec<OsString>) -> Result<Exit, Failure> {
    if args.ray.is_some() {
        return Err(Failure::usage("--ray needs goabi's Python package with Ray: pip install 'goabi[ray]'"));
    }
    if args.output.to_string_lossy().contains("://") {
        return Err(Failure::usage("an OUT elsewhere than in a folder needs --ray"));
    }
    catch_ctrl_c();
    let settings = Settings::new(args, again)?;
    let store = Store::open(&settings.output)?;
    let _lock = store.lock()?;
    let inputs = search(args, &store);
    let files = work(&settings, &store, inputs);
    conclude(&store, &files, args.output.display(), interrupted())
}

fn search(args: &Batch, store: &Store) -> Vec<Input> {
    let bar = Bar::searching();
    collect::collect(&args.inputs, store.root(), |found| bar.found(found))
}

/// Does every candidate, and tells of failures.
fn work(settings: &Settings, store: &Store, inputs: Vec<Input>) -> Vec<(Input, Option<Outcome>)> {
    let (candidates, others): (Vec<_>, Vec<_>) = inputs.into_iter().partition(|input| input.look == Look::Candidate);
    let bar = Bar::working(candidates.len(), candidates.iter().map(|input| input.size).sum());
    for input in &others {
        if let Look::Unreadable(why) = &input.look {
            bar.complain(&format!("{}: {why}", input.path.display()));
        }
    }
    let claims = Mutex::new(HashSet::new());
    let claim = |sha256: &str| claims.lock().unwrap_or_else(PoisonError::into_inner).insert(sha256.to_owned());
    let outcomes = pool::run(&candidates, settings.cores, |input, threads| {
        let outcome = one(settings, store, &input.path, threads, &claim);
        bar.ended(input.size, complaint(input, &outcome).as_deref());
        outcome
    });
    let mut files: Vec<_> = candidates.into_iter().zip(outcomes).collect();
    files.extend(others.into_iter().map(|input| (input, None)));
    files.sort_by(|(a, _), (b, _)| a.path.cmp(&b.path));
    files
}

/// What is to be said at once.
fn complaint(input: &Input, outcome: &Outcome) -> Option<String> {
    let why = match outcome {
        Outcome::Failed { reason } => reason,
        Outcome::Finished { record, .. } if record.status == Status::Failed => record.reason.as_ref()?,
        Outcome::Finished { hosts, .. } => {
            let (name, why) = hosts.iter().find_map(|(name, hosted)| Some((name, hosted.reason.as_ref()?)))?;
            return Some(format!("{}: {name}: {why}", input.path.display()));
        }
        _ => return None,
    };
    Some(format!("{}: {why}", input.path.display()))
}

/// Writes the summary, and says how it went; `place` is where people find the results.
fn conclude(
    store: &Store,
    files: &[(Input, Option<Outcome>)],
    place: impl Display,
    interrupted: bool,
) -> Result<Exit, Failure> {
    const NAME: &str = "summary.jsonl";
    let summary = Summary::new(files);
    let written = store.put(NAME, |out| summary.write(out));
    written.map_err(|e| Failure::new(format_args!("{place}/{NAME}"), format_args!("cannot write: {}", reason(&e))))?;
    // A reader who has gone has the summary's file.
    let _ = writeln!(std::io::stdout(), "{summary}{place}/{NAME}");
    Ok(match () {
        () if interrupted => Exit::Interrupted,
        () if summary.failed() => Exit::Failed,
        () => Exit::Done,
    })
}
