//! Every file in a row, and all of them in a paragraph.

use super::collect::{Input, Look};
use super::host::Hosted;
use super::one::Outcome;
use super::record::{Counts, Facts, Record, SCHEMA, Status};
use super::store::report_name;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Display};
use std::io::{self, Write};

/// How a file is accounted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Row {
    /// Its report is there.
    Done,
    /// It has the content of an earlier row.
    Duplicate,
    /// It is no Go program.
    NotGo,
    /// Its first bytes say that it is no program.
    Skipped,
    /// It could not be read or analysed.
    Failed,
    /// The run was stopped before it.
    Pending,
}

/// A line of `summary.jsonl`.
#[derive(Debug, Serialize)]
struct Line<'s> {
    schema: &'static str,
    path: String,
    size: u64,
    status: Row,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<&'s str>,
    /// The path of the first file with the same content.
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<String>,
    /// Below the output folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<String>,
    #[serde(flatten)]
    facts: Option<&'s Facts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    peak_memory: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hosts: Option<&'s BTreeMap<String, Hosted>>,
}

/// What became of every file.
pub(crate) struct Summary<'s> {
    lines: Vec<Line<'s>>,
    totals: Totals,
}

/// The counts of a run.
#[derive(Debug, Default)]
struct Totals {
    rows: BTreeMap<Row, usize>,
    earlier: usize,
    functions: usize,
    prototypes: usize,
    params: Counts,
    results: Counts,
    bytes: u64,
    cpu: f64,
    hosts: BTreeMap<String, (usize, usize)>,
}

impl<'s> Summary<'s> {
    /// Of files and what became of them; a candidate without an outcome was not begun.
    pub(crate) fn new(files: &'s [(Input, Option<Outcome>)]) -> Summary<'s> {
        let mut summary = Summary { lines: Vec::new(), totals: Totals::default() };
        let finished = files.iter().filter_map(|(_, outcome)| match outcome {
            Some(Outcome::Finished { record, earlier, hosts }) => {
                Some((record.sha256.as_str(), (record, *earlier, hosts)))
            }
            _ => None,
        });
        let finished: HashMap<_, _> = finished.collect();
        let stopped = files.iter().any(|(_, outcome)| matches!(outcome, Some(Outcome::Interrupted)));
        let mut first: HashMap<&str, String> = HashMap::new();
        for (input, outcome) in files {
            let line = match outcome {
                Some(outcome @ (Outcome::Finished { .. } | Outcome::Same { .. })) => {
                    let sha256 = sha256(outcome);
                    match (finished.get(sha256), first.get(sha256)) {
                        (_, Some(first)) => {
                            Line { first: Some(first.clone()), sha256: Some(sha256), ..plain(input, Row::Duplicate) }
                        }
                        (Some((record, earlier, hosts)), None) => {
                            first.insert(sha256, label(input));
                            summary.totals.add(input, record, *earlier, hosts);
                            line(input, record, hosts)
                        }
                        (None, None) if stopped => plain(input, Row::Pending),
                        (None, None) => Line { reason: Some(TWIN), ..plain(input, Row::Failed) },
                    }
                }
                Some(Outcome::Failed { reason }) => Line { reason: Some(reason), ..plain(input, Row::Failed) },
                Some(Outcome::Interrupted) => plain(input, Row::Pending),
                None => match &input.look {
                    Look::Candidate => plain(input, Row::Pending),
                    Look::Other(why) => Line { reason: Some(why), ..plain(input, Row::Skipped) },
                    Look::Unreadable(why) => Line { reason: Some(why), ..plain(input, Row::Failed) },
                },
            };
            *summary.totals.rows.entry(line.status).or_default() += 1;
            summary.lines.push(line);
        }
        summary
    }

    /// Writes `summary.jsonl`.
    pub(crate) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for line in &self.lines {
            crate::emit::json::line(line, out, false)?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }

    /// Whether any file failed.
    pub(crate) fn failed(&self) -> bool {
        self.totals.count(Row::Failed) > 0 || self.totals.hosts.values().any(|(_, failed)| *failed > 0)
    }
}

/// Why a file failed that was not tried itself.
const TWIN: &str = "another file with the same content failed";

/// The content that an outcome is about.
fn sha256(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Finished { record, .. } => &record.sha256,
        Outcome::Same { sha256 } => sha256,
        Outcome::Failed { .. } | Outcome::Interrupted => "",
    }
}

fn label(input: &Input) -> String {
    input.path.display().to_string()
}

fn plain<'s>(input: &Input, status: Row) -> Line<'s> {
    Line {
        schema: SCHEMA,
        path: label(input),
        size: input.size,
        status,
        reason: None,
        sha256: None,
        first: None,
        report: None,
        facts: None,
        seconds: None,
        cpu_seconds: None,
        peak_memory: None,
        hosts: None,
    }
}

fn line<'s>(input: &Input, record: &'s Record, hosts: &'s BTreeMap<String, Hosted>) -> Line<'s> {
    let status = match record.status {
        Status::Done => Row::Done,
        Status::NotGo => Row::NotGo,
        Status::Failed => Row::Failed,
    };
    Line {
        reason: record.reason.as_deref(),
        sha256: Some(&record.sha256),
        report: record.facts.as_ref().map(|_| report_name(&record.sha256)),
        facts: record.facts.as_ref(),
        seconds: Some(record.seconds),
        cpu_seconds: Some(record.cpu_seconds),
        peak_memory: Some(record.peak_memory),
        hosts: Some(hosts).filter(|hosts| !hosts.is_empty()),
        ..plain(input, status)
    }
}

impl Totals {
    fn add(&mut self, input: &Input, record: &Record, earlier: bool, hosts: &BTreeMap<String, Hosted>) {
        self.earlier += usize::from(earlier);
        self.cpu += record.cpu_seconds;
        for (name, hosted) in hosts {
            let (done, failed) = self.hosts.entry(name.clone()).or_default();
            *(if hosted.reason.is_none() { done } else { failed }) += 1;
        }
        let Some(facts) = &record.facts else { return };
        self.bytes += input.size;
        self.functions += facts.functions;
        self.prototypes += facts.prototypes;
        self.params.add(&facts.params);
        self.results.add(&facts.results);
    }

    fn count(&self, row: Row) -> usize {
        self.rows.get(&row).copied().unwrap_or_default()
    }
}

impl Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let t = &self.totals;
        writeln!(
            f,
            "{} files: {} analysed, {} duplicates, {} not Go, {} skipped, {} failed{}",
            self.lines.len(),
            t.count(Row::Done),
            t.count(Row::Duplicate),
            t.count(Row::NotGo),
            t.count(Row::Skipped),
            t.count(Row::Failed),
            match t.count(Row::Pending) {
                0 => String::new(),
                pending => format!(", {pending} left for the next run"),
            },
        )?;
        if t.earlier > 0 {
            writeln!(f, "{} contents were done by an earlier run", t.earlier)?;
        }
        for (name, (done, failed)) in &t.hosts {
            writeln!(f, "{name}: {done} annotated, {failed} failed")?;
        }
        let share = |part: usize| 100.0 * part as f64 / t.functions.max(1) as f64;
        writeln!(
            f,
            "{} functions, {} with an IDA prototype ({:.1} %)",
            t.functions,
            t.prototypes,
            share(t.prototypes)
        )?;
        for (side, counts) in [("parameters", t.params), ("results", t.results)] {
            let Counts { exact, likely, guess, unknown } = counts;
            let [exact, likely, guess, unknown] = [exact, likely, guess, unknown].map(share);
            writeln!(
                f,
                "  {side:<10}  exact {exact:5.1} %  likely {likely:5.1} %  guess {guess:5.1} %  unknown {unknown:5.1} %"
            )?;
        }
        let megabytes = t.bytes as f64 / 1e6;
        writeln!(f, "{megabytes:.1} MB of Go programs in {:.1} CPU seconds", t.cpu)
    }
}
