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
        "not an ELF, PE or Mach-O file (starts with {}); for a memory dump give its segments with --segments",
        hex(magic)
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
    /// The file is shorter than its headers say.
    #[error(
        "cut off: the segment at offset {offset:#x} goes to {end:#x}, the file ends at {size:#x}; get the whole file, or \
         give what is left of it with --segments"
    )]
    Cut {
        /// File offset of the segment that is not whole.
        offset: u64,
        /// Where it should end.
        end: u64,
        /// Bytes of the file.
        size: u64,
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

/// `7f 45 4c 46`.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

/// The result of every fallible step.
pub type Result<T> = std::result::Result<T, Error>;
