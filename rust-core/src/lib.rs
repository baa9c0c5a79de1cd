//! goabi recovers where every parameter and every result of a Go function lives, from the binary alone.
//!
//! ```text
//! bytes → image → golang (runtime metadata) → program
//!                     abi (pure assignment) ┐
//! program → evidence (one file per source) ─┴→ resolve → annotate → report → emit → { CLI, Python, IDA, Ghidra }
//! ```
//!
//! A folder is a stage, and no arrow points back. Failures are of two kinds: an [`Error`] when there is nothing to
//! analyse, and notes in the [`report::Report`] for everything else.

pub mod abi;
pub mod arch;
#[cfg(feature = "cli")]
pub mod cli;
pub mod code;
pub mod emit;
pub mod error;
pub mod evidence;
pub mod golang;
pub mod image;
pub mod limits;
pub mod options;
#[cfg(feature = "python")]
mod python;
pub mod program;
pub mod reader;
pub mod report;
pub mod resolve;
pub mod signature;
pub mod types;

pub use error::{Error, Result};
pub use options::{Observer, Options};
