//! How the command ends, and the one line that says why.

use super::progress;
use crate::Error;
use crate::emit::text::is_unsafe;
use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

/// The exit codes, which scripts may rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Everything was done.
    Done = 0,
    /// Some inputs failed.
    Failed = 1,
    /// The command line makes no sense.
    Usage = 2,
    /// The one input is not a Go binary.
    NotGo = 3,
    /// Ctrl-C.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// Why one input failed: `subject: reason`, and the exit code if it was the only one.
#[derive(Debug)]
pub(super) struct Failure {
    /// What it happened to, empty when the reason says it.
    subject: String,
    /// What to print, `None` for nothing (the reader of our pipe has gone).
    reason: Option<String>,
    /// How the command ends.
    pub(super) exit: Exit,
}

impl Failure {
    /// The input or output `subject` failed because of `reason`.
    pub(super) fn new(subject: impl Display, reason: impl Display) -> Failure {
        Failure { subject: subject.to_string(), ..Failure::plain(reason, Exit::Failed) }
    }

    /// The command line cannot be followed.
    pub(super) fn usage(reason: impl Display) -> Failure {
        Failure::plain(reason, Exit::Usage)
    }

    /// Ctrl-C was pressed.
    pub(super) fn interrupted() -> Failure {
        Failure::plain("interrupted", Exit::Interrupted)
    }

    fn plain(reason: impl Display, exit: Exit) -> Failure {
        Failure { subject: String::new(), reason: Some(reason.to_string()), exit }
    }

    /// The core could not analyse `subject`.
    pub(super) fn analysis(subject: impl Display, error: &Error) -> Failure {
        match error {
            Error::Interrupted => Failure::interrupted(),
            Error::NotGo { .. } => Failure { exit: Exit::NotGo, ..Failure::new(subject, error) },
            _ => Failure::new(subject, error),
        }
    }

    /// Writing to `subject` failed. A reader that has gone away is no failure worth a word.
    pub(super) fn writing(subject: impl Display, error: &io::Error) -> Failure {
        match error.kind() {
            _ if progress::interrupted() => Failure::interrupted(),
            io::ErrorKind::BrokenPipe => Failure { subject: String::new(), reason: None, exit: Exit::Done },
            _ => Failure::new(subject, format_args!("cannot write: {}", reason(error))),
        }
    }

    /// Prints the one line, and says how the command ends.
    pub(super) fn report(self) -> Exit {
        let colon = if self.subject.is_empty() { "" } else { ": " };
        if let Some(reason) = self.reason {
            let message = format!("{}{colon}{reason}", self.subject);
            // Nobody is left to be told that the standard error is closed.
            let _ = writeln!(io::stderr(), "goabi: {}", printable(&message));
        }
        self.exit
    }

    /// What went wrong, without what it happened to.
    pub(super) fn reason(self) -> String {
        self.reason.unwrap_or_default()
    }
}

/// What the system says, without Rust's ` (os error N)`.
pub(super) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let cut = text.find(" (os error").unwrap_or(text.len());
    let mut reason = text.get(..cut).unwrap_or_default().to_owned();
    if let Some(first) = reason.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    reason
}

/// `text` on one line and without anything that a terminal would obey.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|c| if is_unsafe(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}
