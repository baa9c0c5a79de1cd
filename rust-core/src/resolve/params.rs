//! Where the parameters of compiled code are, from what the runtime's metadata and the stack-growth block say.
//!
//! The argument area of a function (`_func.args` bytes) is: stack parameters, stack results, spill area. The spill
//! block lists every register parameter with its slot in the spill area, so the first slot is where the area starts;
//! ArgInfo says which slots belong together, and what is on the stack. Functions without a spill block are small:
//! there the assignment is simulated over ArgInfo, and the code's first reads tell integers from floats.

mod simulated;
mod spilled;
mod stacked;

pub(super) use stacked::on_stack;

use super::frame::Access;
use crate::abi::assign::round_up;
use crate::abi::location::{Loc, Piece, Pieces, Reg, RegSet, Scalar};
use crate::abi::registers::Convention;
use crate::code::growth::Spill;
use crate::code::stack::{WORDS, Words};
use crate::evidence::arg_info::{ArgList, Group};
use crate::evidence::callers::Passed;
use crate::evidence::{Claim, Value};
use crate::report::{Abi, Confidence, Source};
use smallvec::smallvec;
use std::sync::Arc;

/// Bytes of a word on every machine with a register convention.
const WORD: u32 = 8;

/// What is known of one function before its parameters are.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// What the stack-growth block stores; empty without one.
    pub spills: &'a [Spill],
    /// Words of the argument area, spill area included, that hold live pointers at the entry.
    pub pointers: Words,
    /// FUNCDATA_ArgInfo.
    pub list: Option<&'a ArgList>,
    /// First byte of FUNCDATA_ArgLiveInfo: usually where the spill area starts.
    pub live_start: Option<u32>,
    /// `_func.args`.
    pub args: Option<u32>,
    /// The list may lack the first parameter: it does when the name has type arguments, and the name may be gone.
    pub may_hide_first: bool,
    /// What the code reads of what it was given; asked for where the rest leaves a doubt.
    pub reads: &'a Reads,
    /// What callers prepare, once they have been asked.
    pub passed: Option<&'a Passed>,
}

/// What code reads before it writes it.
#[derive(Debug, Clone, Default)]
pub struct Reads {
    /// Registers.
    pub regs: RegSet,
    /// Bytes of the argument area, by their offset in it.
    pub stack: Vec<u32>,
    /// Bytes of the argument area that are written first.
    pub written: Vec<u32>,
    /// Registers that hold pointers: what they point at is read or written.
    pub pointers: RegSet,
    /// Registers that it stores to the argument area before it touches that place otherwise: parameters, to their homes.
    pub homes: Vec<Access>,
}

/// The parameters and what follows for the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// Parameters in order.
    pub values: Box<[Value]>,
    /// Which source decided.
    pub source: Source,
    /// How sure the places are.
    pub confidence: Confidence,
    /// Stack parameters, in bytes, rounded up to words.
    pub stack_args: u32,
    /// Where the spill area starts: behind stack parameters and stack results.
    pub spill_offset: u32,
}

/// Locates the parameters; `None` when there is too little to go by.
pub fn locate(facts: &Facts<'_>, convention: &Convention) -> Option<Located> {
    if facts.spills.is_empty() { simulated::locate(facts, convention) } else { spilled::locate(facts, convention) }
}

/// Where parameters that are not listed end, between `from` and `to`: at the first word that callers load, or that the
/// code writes before it reads any behind it; what follows are results.
fn unlisted_end(facts: &Facts<'_>, from: u32, to: u32) -> u32 {
    let pointers = (from / WORD..to.div_ceil(WORD).min(WORDS)).filter(|n| facts.pointers >> n & 1 != 0).max();
    let stored = facts.passed.map_or(0, |passed| round_up(passed.stored, WORD)).min(to);
    let least = pointers.map_or(from, |n| (n + 1) * WORD).max(stored);
    match facts.passed {
        // A parameter on the stack may be written before it is read; results that no caller ever looks at are rare.
        Some(passed) if passed.loaded.is_some() || (passed.calls > 0 && from > 0) => {
            let end = passed.loaded.filter(|off| (least..to).contains(off)).map_or(to, |off| off / WORD * WORD);
            // A caller may ignore the first result, but it stores every parameter.
            if passed.stored > from && !passed.copied && passed.loaded.is_some() { least.min(end) } else { end }
        }
        _ => {
            let within = |off: &u32| (from..to).contains(off);
            let read = facts.reads.stack.iter().copied().filter(within).max();
            let least = least.max(read.map_or(from, |off| off / WORD * WORD + WORD));
            let written = facts.reads.written.iter().copied().filter(|off| (least..to).contains(off)).min();
            written.map_or(to, |off| off / WORD * WORD)
        }
    }
}

/// How many registers of the sequence are taken at least, when those in `set` are: they are taken in order.
fn taken(sequence: &[Reg], set: RegSet) -> usize {
    sequence.iter().rposition(|reg| set.has(*reg)).map_or(0, |last| last + 1)
}

fn piece(off: u32, size: u32, loc: Loc) -> Piece {
    let kind = match loc {
        Loc::Reg(reg) if reg.is_float() && size > 8 => Scalar::Vector,
        Loc::Reg(reg) if reg.is_float() => Scalar::Float,
        _ => Scalar::Word,
    };
    Piece { off, size, loc, kind }
}

fn stack_value(group: &Group) -> Value {
    let base = group.components.first().map_or(0, |c| c.0);
    let pieces: Pieces =
        group.components.iter().map(|c| piece(c.0.saturating_sub(base), c.1, Loc::Stack(c.0))).collect();
    Value { size: extent(&pieces), pieces, ..Value::default() }
}

fn extent(pieces: &[Piece]) -> u32 {
    let end = pieces.iter().map(|p| p.off + p.size).max().unwrap_or(0);
    let align = pieces.iter().map(|p| p.size).max().unwrap_or(1).next_power_of_two().min(8);
    round_up(end, align)
}

/// Registers that hold parts of the values, in order.
pub fn registers(values: &[Value]) -> impl Iterator<Item = Reg> {
    values.iter().flat_map(|v| &v.pieces).filter_map(|p| match p.loc {
        Loc::Reg(reg) => Some(reg),
        Loc::Stack(_) => None,
    })
}

/// A result in one register, of which only the register is known.
pub fn register_result(reg: Reg) -> Value {
    register_value(reg, 8)
}

/// A value in one register of that many bytes.
pub fn register_value(reg: Reg, size: u32) -> Value {
    Value { size, pieces: smallvec![piece(0, size, Loc::Reg(reg))], ..Value::default() }
}

/// Results on the stack of which only the bytes are known, word by word.
pub fn stack_words(from: u32, bytes: u32, word: u32) -> impl Iterator<Item = Value> {
    let words = (0..bytes.min(1 << 12)).step_by(word as usize);
    words.map(move |off| {
        let size = (bytes - off).min(word);
        Value { size, pieces: smallvec![piece(0, size, Loc::Stack(from + off))], ..Value::default() }
    })
}

/// Results of a body without registers: what is left of the argument area. `explain`: in words too.
pub fn stack_results(
    abi: Abi,
    params: Option<&Claim>,
    (from, to): (u32, u32),
    word: u32,
    explain: bool,
) -> Option<Claim> {
    let params = params.filter(|_| abi == Abi::ABI0)?;
    Some(Claim {
        source: params.source,
        confidence: params.confidence.min(Confidence::Likely),
        values: stack_words(from, to.saturating_sub(from), word).collect(),
        text: explain.then(|| Arc::new(format!("bytes {from} to {to} of the argument area"))),
        at: params.at,
    })
}

/// Whether two lists of values are in the same places, however they are grouped and named.
pub fn same_places(a: &[Value], b: &[Value]) -> bool {
    places(a).eq(places(b))
}

/// Places in order; neighbouring stack bytes are one place.
fn places(values: &[Value]) -> impl Iterator<Item = Loc> {
    let mut stack_end = None;
    values.iter().flat_map(|v| &v.pieces).filter_map(move |piece| {
        let Loc::Stack(off) = piece.loc else { return Some(piece.loc) };
        let before = stack_end.replace(off + piece.size);
        let follows = before.is_some_and(|end| (end..end + 8).contains(&off));
        (!follows).then_some(piece.loc)
    })
}
