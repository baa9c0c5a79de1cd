//! The command line, as clap reads it. The doc comments are the help texts.

mod batch;

use crate::arch::Arch;
use crate::report::Confidence;
pub(super) use batch::{Batch, Host, Worker};
use clap::{Args as Group, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Recovers where every parameter and result of a Go function lives, from the binary alone.
#[derive(Debug, Parser)]
#[command(
    name = "goabi",
    version,
    max_term_width = 110,
    after_help = "\
Exit codes: 0 done, 1 some inputs failed, 2 usage, 3 not a Go binary, 130 interrupted."
)]
pub(super) struct Args {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Give every function its prototype and the location of each parameter and result
    #[command(after_help = "Example:\n  goabi annotate server --format html -o server.html")]
    Annotate(Annotate),
    /// Say what a binary is: Go version, build, modules, counts, and what evidence it has
    #[command(after_help = "Example:\n  goabi info server")]
    Info(Info),
    /// Show where the values of a signature go
    #[command(after_help = "Example:\n  goabi layout 'func f(a int8, b string) error' --arch arm64")]
    Layout(Layout),
    /// Explain one function: its frame, every piece, every piece of evidence, and who won
    #[command(after_help = "Example:\n  goabi explain server 'main.(*Server).handle'")]
    Explain(Explain),
    /// Analyse a corpus: every program in folders, each in a process of its own
    #[command(after_help = "Example:\n  goabi batch samples -o reports")]
    Batch(Batch),
    #[command(hide = true)]
    BatchWorker(Worker),
    /// Compare two builds: functions whose convention changed, that came and that went
    #[command(after_help = "Example:\n  goabi diff old new --format html -o changes.html")]
    Diff(Diff),
    /// Write the script with which a shell completes goabi's arguments
    #[command(after_help = "Example:\n  goabi completions bash > ~/.local/share/bash-completion/completions/goabi")]
    Completions(Completions),
    /// Write manual pages into a folder
    #[command(hide = true, after_help = "Example:\n  goabi man /usr/local/share/man/man1")]
    Man(Man),
    /// Make, list and check signature packs
    #[command(subcommand)]
    Sigs(Sigs),
}

#[derive(Debug, Subcommand)]
pub(super) enum Sigs {
    /// Make a pack of the modules in a binary, or of modules; needs the Go command and the network
    #[command(after_help = "Example:\n  goabi sigs build server -o server.pack")]
    Build(Build),
    /// List what packs are for, or what one says of a package
    #[command(after_help = "Example:\n  goabi sigs list server.pack example.com/package")]
    List(List),
    /// Check that packs are whole
    #[command(after_help = "Example:\n  goabi sigs verify server.pack")]
    Verify(Verify),
}

#[derive(Debug, Group)]
pub(super) struct Build {
    /// A binary, or modules such as example.com/module@v1.2.3
    #[arg(required = true, value_name = "FILE|MODULE@VERSION")]
    pub(super) what: Vec<String>,
    /// Where the pack goes; the user's cache folder if not given
    #[arg(short, long, value_name = "PACK")]
    pub(super) output: Option<PathBuf>,
    /// System and machine of modules, by Go's names
    #[arg(long, value_name = "GOOS/GOARCH", default_value = "linux/amd64")]
    pub(super) system: String,
}

#[derive(Debug, Group)]
pub(super) struct List {
    /// A pack; those in the user's cache folder if not given
    #[arg(value_name = "PACK")]
    pub(super) pack: Option<PathBuf>,
    /// The import path of a package in it
    #[arg(value_name = "PACKAGE")]
    pub(super) package: Option<String>,
}

#[derive(Debug, Group)]
pub(super) struct Verify {
    /// Packs to check
    #[arg(required = true, value_name = "PACK")]
    pub(super) packs: Vec<PathBuf>,
}

#[derive(Debug, Group)]
pub(super) struct Annotate {
    /// Binaries to read, or reports that were saved as JSON; `-` is the standard input
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// Where the output goes; `-` is the standard output. A file appears whole or not at all
    #[arg(short, long, value_name = "OUT", default_value = "-")]
    pub(super) output: PathBuf,
    /// What to write
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(super) format: Format,
    /// Claims below this level are left out
    #[arg(long, value_enum, value_name = "LEVEL", default_value_t = Level::Likely)]
    pub(super) min_confidence: Level,
    /// Only this function: its Go name, or its address such as 0x47f0a0
    #[arg(long, value_name = "FUNC")]
    pub(super) only: Option<String>,
    /// Add every claim that was made on each function to the report
    #[arg(long)]
    pub(super) evidence: bool,
    /// With evidence: instructions of each function that are put into the report at most
    #[arg(long, value_name = "N", default_value_t = 24)]
    pub(super) listing: usize,
    /// Add runtime types, itabs, string literals and stack-growth blocks, by address
    #[arg(long)]
    pub(super) data: bool,
    /// Get the modules that the binary names through the Go command, and use their signatures; needs the network
    #[arg(long)]
    pub(super) fetch_sigs: bool,
    #[command(flatten)]
    pub(super) analysis: Analysis,
}

#[derive(Debug, Group)]
pub(super) struct Info {
    /// Binary to read; `-` is the standard input
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    #[command(flatten)]
    pub(super) analysis: Analysis,
}

#[derive(Debug, Group)]
pub(super) struct Explain {
    /// Binary to read; `-` is the standard input
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// The function: its Go name, or any address in it such as 0x47f0a0
    #[arg(value_name = "FUNC|ADDR")]
    pub(super) function: String,
    /// Colours for parameters and results; auto is on a terminal, unless NO_COLOR is set
    #[arg(long, value_name = "WHEN", default_value_t = clap::ColorChoice::Auto)]
    pub(super) color: clap::ColorChoice,
    /// Columns to use, 80 at least; those of the terminal if not given
    #[arg(long, value_name = "COLUMNS", value_parser = clap::value_parser!(u16).range(80..))]
    pub(super) width: Option<u16>,
    /// Instructions that are shown at most
    #[arg(long, value_name = "N", default_value_t = 60)]
    pub(super) listing: usize,
    #[command(flatten)]
    pub(super) analysis: Analysis,
}

#[derive(Debug, Group)]
pub(super) struct Diff {
    /// The old build: a binary, or a report that was saved as JSON with --evidence
    #[arg(value_name = "OLD")]
    pub(super) old: PathBuf,
    /// The new build
    #[arg(value_name = "NEW")]
    pub(super) new: PathBuf,
    /// Where the output goes; `-` is the standard output. A file appears whole or not at all
    #[arg(short, long, value_name = "OUT", default_value = "-")]
    pub(super) output: PathBuf,
    /// What to write
    #[arg(long, value_enum, default_value_t = DiffFormat::Text)]
    pub(super) format: DiffFormat,
    /// Only this function: its Go name in either build, or an address in the new one such as 0x47f0a0
    #[arg(long, value_name = "FUNC")]
    pub(super) only: Option<String>,
    #[command(flatten)]
    pub(super) analysis: Analysis,
}

/// The output formats of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DiffFormat {
    /// Both prototypes of each function that differs
    Text,
    /// The comparison itself, goabi.diff/1
    Json,
    /// A page for a browser, which needs nothing else
    Html,
}

#[derive(Debug, Group)]
pub(super) struct Completions {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    pub(super) shell: clap_complete::Shell,
}

#[derive(Debug, Group)]
pub(super) struct Man {
    /// Where the pages go
    #[arg(value_name = "FOLDER")]
    pub(super) folder: PathBuf,
}

#[derive(Debug, Group)]
pub(super) struct Layout {
    /// A Go signature: 'func(a, b int) string'
    #[arg(value_name = "SIGNATURE")]
    pub(super) signature: String,
    /// Machine, by Go's name for it
    #[arg(long, value_name = "GOARCH", default_value = "amd64")]
    pub(super) arch: String,
    /// Go version, such as 1.16 or 1.27; the newest if not given
    #[arg(long, value_name = "VERSION", value_parser = super::layout::go_minor)]
    pub(super) go: Option<u32>,
    /// The convention of assembly (ABI0), where everything is on the stack, and the skeleton of a routine
    #[arg(long)]
    pub(super) asm: bool,
    /// Also the instructions that call a func value of the signature
    #[arg(long)]
    pub(super) call: bool,
}

/// What every analysis of a file can be told.
#[derive(Debug, Default, Group)]
pub(super) struct Analysis {
    /// FILE is not a container: take the memory segments that this JSON manifest lists
    #[arg(long, value_name = "MANIFEST")]
    pub(super) segments: Option<PathBuf>,
    /// Which part of a fat Mach-O file to read, by Go's name for the machine
    #[arg(long, value_name = "GOARCH", value_parser = arch)]
    pub(super) arch: Option<Arch>,
    /// Ignore debug information
    #[arg(long)]
    pub(super) no_dwarf: bool,
    /// Ignore the symbol table
    #[arg(long)]
    pub(super) no_symbols: bool,
    /// Ignore every function name and what follows from names, as if the binary were garbled
    #[arg(long)]
    pub(super) no_names: bool,
    /// Ignore what sources say of functions by their name: the built-in standard library and packs
    #[arg(long)]
    pub(super) no_signatures: bool,
    /// Signature packs to use besides the standard library
    #[arg(long, value_name = "PACK")]
    pub(super) sigs: Vec<PathBuf>,
    /// Threads to use, 0 for all
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) threads: usize,
}

/// The output formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// One line per function, and a summary
    Text,
    /// The report itself, goabi.report/1
    Json,
    /// What an IDA plug-in applies
    IdaPlan,
    /// What a Ghidra extension applies
    GhidraPlan,
    /// A script for IDA that needs no plug-in
    Idapython,
    /// C declarations
    Header,
    /// A page for a browser, which needs nothing else; with the evidence
    Html,
}

/// The confidence levels that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Level {
    /// Everything that is claimed
    Guess,
    /// Measured at 98 % right or better
    Likely,
    /// No heuristic in it
    Exact,
}

impl From<Level> for Confidence {
    fn from(level: Level) -> Confidence {
        match level {
            Level::Guess => Confidence::Guess,
            Level::Likely => Confidence::Likely,
            Level::Exact => Confidence::Exact,
        }
    }
}

fn arch(name: &str) -> Result<Arch, String> {
    Arch::from_name(name).ok_or_else(|| {
        let known: Vec<_> = Arch::ALL.iter().map(|arch| arch.info().name).collect();
        format!("known are {}", known.join(", "))
    })
}
