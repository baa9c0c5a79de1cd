//! The `goabi` command: arguments in, reports out. The only part of goabi that touches files and the terminal.

mod analysis;
mod annotate;
mod args;
pub(crate) mod batch;
mod diff;
mod exit;
pub(crate) mod explain;
mod info;
mod input;
pub(crate) mod layout;
mod lookup;
mod manifest;
mod output;
mod progress;
mod saved;
mod shell;
mod sigs;

use clap::Parser;
pub use exit::Exit;
use std::ffi::OsString;

/// Runs the command with `args` (the program's name first) and says how it ended. `again` starts this command in another
/// process, up to where its arguments begin.
pub fn run(args: impl IntoIterator<Item = OsString>, again: Vec<OsString>) -> Exit {
    match args::Args::try_parse_from(args) {
        Ok(args) => dispatch(args.command, again),
        Err(usage) => {
            // Help and the version also come as an error from clap; it knows which stream each belongs to.
            let _ = usage.print();
            if usage.use_stderr() { Exit::Usage } else { Exit::Done }
        }
    }
}

fn dispatch(command: args::Command, again: Vec<OsString>) -> Exit {
    match command {
        args::Command::Annotate(args) => annotate::run(&args),
        args::Command::Info(args) => info::run(&args),
        args::Command::Layout(args) => layout::run(&args),
        args::Command::Explain(args) => explain::run(&args),
        args::Command::Batch(args) => batch::run(&args, again),
        args::Command::BatchWorker(args) => batch::worker::run(&args),
        args::Command::Diff(args) => diff::run(&args),
        args::Command::Completions(args) => shell::completions(&args),
        args::Command::Man(args) => shell::man(&args),
        args::Command::Sigs(args) => sigs::run(&args),
    }
}
