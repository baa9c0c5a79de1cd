//! What each Go release lists of a function's parameters and results.
//!
//! `cmd/compile/internal/dwarfgen/dwarf.go` (`createDwarfVars`, `sortDeclsAndVars`), `ir.Func.DeclareParams`; measured
//! against go/types.

/// Habits of a range of releases.
#[derive(Debug, Clone, Copy)]
pub(super) struct Listing {
    /// First Go 1.x of the range.
    since: u16,
    /// Order is that of declaration; otherwise places in the frame tell it.
    pub(super) ordered: bool,
    /// Blank parameters are listed, as `~p` and their number.
    pub(super) blanks: bool,
    /// Results in registers are listed.
    pub(super) register_results: bool,
    /// `~r` is followed by the number among the results; otherwise among parameters and results.
    pub(super) numbered_results: bool,
    /// Wrappers list their results too.
    pub(super) wrapper_results: bool,
    /// pclntab marks assembly, of which nothing is listed either.
    pub(super) assembly_is_marked: bool,
    /// Shaped code has a dictionary parameter, listed or not: before a method's receiver or behind it.
    pub(super) dict_before_receiver: bool,
}

const OLD: Listing = Listing {
    since: 0,
    ordered: false,
    blanks: false,
    register_results: true,
    numbered_results: false,
    wrapper_results: true,
    assembly_is_marked: false,
    dict_before_receiver: true,
};
const GO_1_17: Listing = Listing { since: 17, ordered: true, register_results: false, wrapper_results: false, ..OLD };
const GO_1_18: Listing =
    Listing { since: 18, register_results: true, numbered_results: true, assembly_is_marked: true, ..GO_1_17 };
const GO_1_20: Listing = Listing { since: 20, dict_before_receiver: false, ..GO_1_18 };
const GO_1_22: Listing = Listing { since: 22, blanks: true, wrapper_results: true, ..GO_1_20 };

/// Oldest first; the newest row is open-ended.
const LISTINGS: [Listing; 5] = [OLD, GO_1_17, GO_1_18, GO_1_20, GO_1_22];

impl Listing {
    /// The row of Go 1.`minor`; of an unknown release the newest.
    pub(super) fn of(minor: Option<u16>) -> Listing {
        let holds = |row: &&Listing| minor.is_none_or(|minor| row.since <= minor);
        LISTINGS.iter().rev().find(holds).copied().unwrap_or(OLD)
    }
}
