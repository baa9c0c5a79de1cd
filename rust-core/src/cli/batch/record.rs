//! What is known of one content: the state that a run goes on from, and the facts in the summary.

use crate::emit::sure_usercall;
use crate::report::{Confidence, Function, Report};
use serde::{Deserialize, Serialize};

/// The `schema` field of records and of the summary's rows.
pub(crate) const SCHEMA: &str = "goabi.batch/1";

/// How one content ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// There is a report.
    Done,
    /// It is no Go program.
    NotGo,
    /// It could not be analysed.
    Failed,
}

/// One finished content. Its file is written last, so that where there is one the rest is there too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Always [`SCHEMA`].
    pub(crate) schema: String,
    /// Of all bytes of the input, in hex.
    pub(crate) sha256: String,
    /// How it ended.
    pub(crate) status: Status,
    /// Why it is not done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// The version and the options that it was made with; a run with others makes it anew.
    pub(crate) key: String,
    /// The limits that it failed under, if others could help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) limits: Option<Limits>,
    /// Wall time of its process.
    pub(crate) seconds: f64,
    /// What its process had of all cores together; 0 if it was ended.
    pub(crate) cpu_seconds: f64,
    /// Most bytes that its process held, as seen a hundred times a second.
    pub(crate) peak_memory: u64,
    /// Bytes of the compressed report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) report_bytes: Option<u64>,
    /// What the report says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) facts: Option<Facts>,
}

/// What one file may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Limits {
    /// Wall time.
    pub(crate) seconds: u64,
    /// Resident bytes.
    pub(crate) memory: u64,
}

/// A report in a line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Facts {
    /// `elf`, `pe` or `macho`.
    pub(crate) format: String,
    /// GOOS.
    pub(crate) os: String,
    /// GOARCH.
    pub(crate) arch: String,
    /// Go's version.
    pub(crate) go: String,
    /// Path of the main module.
    pub(crate) module: String,
    /// Whether neither symbols nor debug information were used.
    pub(crate) stripped: bool,
    /// Whether it was obfuscated.
    pub(crate) obfuscated: bool,
    /// Functions.
    pub(crate) functions: usize,
    /// Functions with an IDA prototype that is at least likely.
    pub(crate) prototypes: usize,
    /// Functions by the confidence of their parameters.
    pub(crate) params: Counts,
    /// Functions by the confidence of their results.
    pub(crate) results: Counts,
    /// Notes on what was not possible.
    pub(crate) notes: usize,
}

/// Functions by confidence.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub(crate) struct Counts {
    pub(crate) exact: usize,
    pub(crate) likely: usize,
    pub(crate) guess: usize,
    pub(crate) unknown: usize,
}

impl Counts {
    fn of(functions: &[Function], side: impl Fn(&Function) -> Confidence) -> Counts {
        let mut counts = Counts::default();
        for function in functions {
            *match side(function) {
                Confidence::Exact => &mut counts.exact,
                Confidence::Likely => &mut counts.likely,
                Confidence::Guess => &mut counts.guess,
                Confidence::Unknown => &mut counts.unknown,
            } += 1;
        }
        counts
    }

    /// Adds those of another report.
    pub(crate) fn add(&mut self, other: &Counts) {
        self.exact += other.exact;
        self.likely += other.likely;
        self.guess += other.guess;
        self.unknown += other.unknown;
    }
}

impl Facts {
    /// What `report` says.
    pub(crate) fn of(report: &Report) -> Facts {
        let functions = &report.functions;
        Facts {
            format: report.binary.format.clone(),
            os: report.binary.os.clone(),
            arch: report.binary.arch.clone(),
            go: report.go.version.clone(),
            module: report.go.module.clone(),
            stripped: report.go.stripped,
            obfuscated: report.go.obfuscated,
            functions: functions.len(),
            prototypes: functions.iter().filter(|f| sure_usercall(f, Confidence::Likely).is_some()).count(),
            params: Counts::of(functions, |f| f.confidence.params),
            results: Counts::of(functions, |f| f.confidence.results),
            notes: report.notes.len(),
        }
    }
}

impl Record {
    /// A content that has no report.
    pub(crate) fn without_report(sha256: &str, key: &str, status: Status, reason: String) -> Record {
        Record {
            schema: SCHEMA.into(),
            sha256: sha256.into(),
            status,
            reason: Some(reason),
            key: key.into(),
            limits: None,
            seconds: 0.0,
            cpu_seconds: 0.0,
            peak_memory: 0,
            report_bytes: None,
            facts: None,
        }
    }

    /// Whether a run with `key` and `limits` has nothing to do on it any more.
    pub(crate) fn is_final(&self, key: &str, limits: Limits, retry_failed: bool) -> bool {
        let same_limits = self.limits.is_none_or(|under| under == limits);
        self.key == key && same_limits && !(retry_failed && self.status == Status::Failed)
    }
}
