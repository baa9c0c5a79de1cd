//! What an analysis is told, and whom it tells how far it is.

use crate::arch::Arch;
use std::sync::Arc;

/// Instructions of a function that show enough of it.
const LISTING: usize = 24;

/// What to use and how much to say. The default uses everything there is, on all threads.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// Use debug information.
    pub dwarf: bool,
    /// Use the container's symbol table.
    pub symbols: bool,
    /// Use function names, pclntab's too, and what follows from them.
    pub names: bool,
    /// Use signatures from source: the standard library's and those of [`Options::packs`].
    pub signatures: bool,
    /// Contents of signature packs; earlier ones have precedence.
    pub packs: Vec<Arc<[u8]>>,
    /// Put every claim that was made on each function into the report.
    pub evidence: bool,
    /// With [`Options::evidence`], instructions of each function that are put into the report at most.
    pub listing: usize,
    /// Put types, itabs, string literals and stack-growth blocks into the report, by address.
    pub data: bool,
    /// Threads, 0 for all.
    pub threads: usize,
    /// Report only the function with this Go name, or the one that contains this address (`0x…`).
    pub only: Option<String>,
    /// Which part of a fat file to read.
    pub arch: Option<Arch>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            dwarf: true,
            symbols: true,
            names: true,
            signatures: true,
            packs: Vec::new(),
            evidence: false,
            listing: LISTING,
            data: false,
            threads: 0,
            only: None,
            arch: None,
        }
    }
}

impl Options {
    /// Whether a function is asked for that has this name and these addresses.
    pub fn wants(&self, code: std::ops::Range<u64>, name: &str) -> bool {
        let Some(only) = self.only.as_deref() else { return true };
        let address = only.strip_prefix("0x").and_then(|digits| u64::from_str_radix(digits, 16).ok());
        address.is_some_and(|a| code.contains(&a)) || name == only
    }
}

/// Whoever waits for an analysis. Called from any thread, often: both must be quick.
pub trait Observer: Sync {
    /// `done` of `total` units of `stage` are done.
    fn progress(&self, stage: &str, done: usize, total: usize);
    /// Whether to stop with [`crate::Error::Interrupted`].
    fn cancelled(&self) -> bool;
}

/// Nobody waits.
impl Observer for () {
    fn progress(&self, _: &str, _: usize, _: usize) {}
    fn cancelled(&self) -> bool {
        false
    }
}
