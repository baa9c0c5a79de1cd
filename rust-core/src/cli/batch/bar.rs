//! How far a batch is, for people who watch it, and what failed, for everybody.

use crate::cli::exit::printable;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// A line at the bottom of the terminal, or nothing at all.
pub(crate) struct Bar {
    bar: ProgressBar,
    files: usize,
    done: AtomicUsize,
    failed: AtomicUsize,
}

impl Bar {
    /// For a search whose end is not known.
    pub(crate) fn searching() -> Bar {
        Bar::new("{spinner} {msg}", 0, 0)
    }

    /// For `files` of `bytes` together.
    pub(crate) fn working(files: usize, bytes: u64) -> Bar {
        let bar =
            Bar::new("{spinner} {msg} {wide_bar} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left", files, bytes);
        bar.show(0);
        bar
    }

    fn new(template: &str, files: usize, bytes: u64) -> Bar {
        let bar = if std::io::stderr().is_terminal() {
            let bar = ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::stderr_with_hz(10));
            bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        } else {
            ProgressBar::hidden()
        };
        Bar { bar, files, done: AtomicUsize::new(0), failed: AtomicUsize::new(0) }
    }

    /// So many files were found.
    pub(crate) fn found(&self, files: usize) {
        if !self.bar.is_hidden() && files.is_multiple_of(64) {
            self.bar.set_message(format!("looking for programs: {files} files"));
        }
    }

    /// A file of `size` bytes has ended; `failed` says what and why if it failed.
    pub(crate) fn ended(&self, size: u64, failed: Option<&str>) {
        if let Some(why) = failed {
            self.complain(why);
        }
        self.bar.inc(size);
        self.show(self.done.fetch_add(1, Ordering::Relaxed) + 1);
    }

    /// Something failed.
    pub(crate) fn complain(&self, why: &str) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        let line = printable(&format!("goabi: {why}"));
        // Nobody is left to be told that the standard error is closed.
        self.bar.suspend(|| drop(writeln!(std::io::stderr(), "{line}")));
    }

    fn show(&self, done: usize) {
        if self.bar.is_hidden() {
            return;
        }
        let failed = match self.failed.load(Ordering::Relaxed) {
            0 => String::new(),
            failed => format!(", {failed} failed"),
        };
        let per_second = done as f64 / self.bar.elapsed().as_secs_f64().max(0.001);
        self.bar.set_message(format!("{done}/{} files{failed}, {per_second:.1}/s", self.files));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
