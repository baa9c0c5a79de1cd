//! Why an input could not be analysed at all. Everything less than that is a note in the report.

/// A fatal failure. Names what is wrong and where; the front end adds the file's name.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The input has no bytes.
    #[error("the file is empty")]
    Empty,
    /// No known container starts here.
    #[error(
        "not an ELF, PE or Mach-O file (starts with {magic:02x?}); for a memory dump give its segments with --segments"
    )]
    UnknownContainer {
        /// The first bytes of the input.
        magic: Vec<u8>,
    },
    /// The container ends before a structure that it promises.
    #[error("truncated or damaged {what} at offset {offset:#x}")]
    Malformed {
        /// The structure that could not be read.
        what: &'static str,
        /// Its file offset.
        offset: u64,
    },
    /// A container that is fine, for a machine that Go or goabi does not know.
    #[error("unsupported machine {machine}: Go has no port for it, or goabi does not read it")]
    UnsupportedMachine {
        /// The container's own name or number for the machine.
        machine: String,
    },
    /// No trace of the Go runtime.
    #[error("not a Go binary: {reason}")]
    NotGo {
        /// What was looked for and not found.
        reason: String,
    },
    /// A signature or a segment manifest that a person wrote could not be read.
    #[error("{what}, column {column}: {reason}")]
    Syntax {
        /// What was being read.
        what: &'static str,
        /// 1-based column.
        column: usize,
        /// What was expected.
        reason: String,
    },
    /// The observer asked to stop.
    #[error("interrupted")]
    Interrupted,
}

/// The result of every fallible step.
pub type Result<T> = std::result::Result<T, Error>;
