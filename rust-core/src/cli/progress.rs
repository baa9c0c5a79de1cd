//! What a person sees while it runs, and what Ctrl-C does.

use crate::Observer;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Whether Ctrl-C was pressed since [`Progress::new`].
pub(super) fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// From here on Ctrl-C asks the work to stop. A second one does not wait for it.
pub(super) fn catch_ctrl_c() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Without a handler Ctrl-C ends the process at once, which loses nothing but the message.
        let _ = ctrlc::set_handler(|| {
            if INTERRUPTED.swap(true, Ordering::Relaxed) {
                std::process::exit(super::Exit::Interrupted as i32);
            }
        });
    });
}

/// A bar on the terminal, or nothing at all.
pub(super) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Shows the work on `subject` on the standard error, if that is a terminal.
    pub(super) fn new(subject: &str) -> Progress {
        catch_ctrl_c();
        if !std::io::stderr().is_terminal() {
            return Progress { bar: ProgressBar::hidden() };
        }
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr_with_hz(10));
        let style = ProgressStyle::with_template("{spinner} {prefix}: {msg} {wide_bar} {human_pos}/{human_len}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_prefix(super::exit::printable(subject));
        bar.enable_steady_tick(Duration::from_millis(100));
        Progress { bar }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

impl Observer for Progress {
    fn progress(&self, stage: &str, done: usize, total: usize) {
        if self.bar.is_hidden() {
            return;
        }
        if self.bar.message() != stage {
            self.bar.set_message(stage.to_owned());
        }
        self.bar.set_length(total as u64);
        self.bar.set_position(done as u64);
    }

    fn cancelled(&self) -> bool {
        interrupted()
    }
}
