//! One content in a process of its own: its report, its part of the table, and last its record.

use super::record::{Facts, Record, Status};
use super::store::{Store, functions_name, report_name};
use super::{compress, memory, table};
use crate::cli::analysis::Input;
use crate::cli::args::Worker;
use crate::cli::exit::{Exit, Failure, printable};
use crate::emit;
use crate::report::{Confidence, Report};
use cpu_time::ProcessTime;
use std::io::{self, Read, Write};
use std::time::Instant;

/// Done when there is a record, whatever it says. Any other end is not the input's fault, or one that left no chance.
pub(in crate::cli) fn run(args: &Worker) -> Exit {
    std::panic::set_hook(Box::new(|panic| {
        // One line, which becomes the reason that is kept.
        let _ = writeln!(io::stderr(), "{}", printable(&panic.to_string()));
    }));
    memory::limit(args.memory);
    end_with_parent();
    work(args).map_or_else(Failure::report, |()| Exit::Done)
}

/// The parent holds the other end of our standard input. If it is killed, nobody keeps our limits any more.
fn end_with_parent() {
    std::thread::spawn(|| {
        let _ = io::stdin().read(&mut [0]);
        std::process::exit(Exit::Interrupted as i32);
    });
}

fn work(args: &Worker) -> Result<(), Failure> {
    let start = Instant::now();
    let store = Store::open(&args.output)?;
    let mut options = args.analysis.options()?;
    options.evidence = args.evidence;
    let record = match Input::read(&args.file, &args.analysis)?.analyse(&options) {
        Ok(report) => kept(&store, args, &report)?,
        Err(failure) => refused(args, failure)?,
    };
    let record = Record {
        seconds: start.elapsed().as_secs_f64(),
        cpu_seconds: ProcessTime::now().as_duration().as_secs_f64(),
        peak_memory: memory::peak(),
        ..record
    };
    store.put_record(&record).map_err(|e| Failure::writing(args.output.display(), &e))
}

/// Writes what was found.
fn kept(store: &Store, args: &Worker, report: &Report) -> Result<Record, Failure> {
    if report.binary.sha256 != args.sha256 {
        return Err(Failure::new(args.file.display(), "changed while it was read"));
    }
    let put = |name: &str, write: &dyn Fn(&mut dyn Write) -> io::Result<()>| {
        let bytes = store.put(name, |out| compress::gzip(out, write));
        bytes.map_err(|e| Failure::writing(store.root().join(name).display(), &e))
    };
    let bytes = put(&report_name(&args.sha256), &|out| emit::json::write(report, out, Confidence::Unknown))?;
    put(&functions_name(&args.sha256), &|out| table::write(report, out))?;
    let done = Record::without_report(&args.sha256, &args.key, Status::Done, String::new());
    Ok(Record { reason: None, report_bytes: Some(bytes), facts: Some(Facts::of(report)), ..done })
}

/// An input that the core refused, once and for all.
fn refused(args: &Worker, failure: Failure) -> Result<Record, Failure> {
    let status = match failure.exit {
        Exit::NotGo => Status::NotGo,
        Exit::Failed => Status::Failed,
        _ => return Err(failure),
    };
    Ok(Record::without_report(&args.sha256, &args.key, status, failure.reason()))
}
