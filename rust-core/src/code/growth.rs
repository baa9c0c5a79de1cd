//! The stack-growth block: what a function does when its stack is too small.
//!
//! The compiler (`cmd/internal/obj/*/obj*.go`, `stacksplit`) puts a check at the entry that branches to a block which
//! stores every register parameter into the spill area, calls `runtime.morestack[_noctxt]`, loads them back and jumps
//! to the entry (`cmd/compile/internal/ssagen/ssa.go`, `RegArgs`).

use super::op::{Flow, Op};
use crate::abi::location::Reg;
use smallvec::SmallVec;

/// Instructions from the entry within which the check's branch is looked for.
pub const PROLOGUE_OPS: usize = 12;
/// Longest block: every register of the largest convention stored, the call, all of them loaded, a jump.
pub const BLOCK_OPS: usize = 80;

/// A register that the block stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spill {
    /// The register.
    pub reg: Reg,
    /// Bytes above SP at entry.
    pub disp: i32,
    /// Bytes stored.
    pub size: u8,
    /// Whether the block loads it back with its sign, as only signed integers are; `None` where the load does not tell,
    /// as of whole registers, of pairs, and on machines whose loads never keep a sign here.
    pub signed: Option<bool>,
}

/// A recognised block.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Growth {
    /// Offset of its first instruction from the entry.
    pub start: u32,
    /// Offset behind its last instruction.
    pub end: u32,
    /// What it calls.
    pub callee: u64,
    /// What it stores, in order.
    pub spills: Box<[Spill]>,
}

/// Bytes behind the block that may be padding: functions are aligned to 32 bytes, or to 64 by a profile.
const MOST_PADDING: usize = 64;

impl Growth {
    /// What of a function's `code` is in front of the block; all of it, if more than padding follows the block.
    pub fn before<'c>(&self, code: &'c [u8]) -> &'c [u8] {
        let behind = code.get(self.end as usize..).unwrap_or_default();
        let is_padding = behind.len() < MOST_PADDING && behind.iter().all(|byte| Some(byte) == behind.first());
        if is_padding { code.get(..self.start as usize).unwrap_or(code) } else { code }
    }
}

/// Offsets that a branch in the prologue leads to: where the block can be.
pub fn candidates(prologue: &[Op], entry: u64) -> impl Iterator<Item = u32> {
    let until = prologue.iter().take(PROLOGUE_OPS).take_while(|op| !op.ends_block() && !op.is_call());
    until.filter(|op| op.flow == Flow::Branch).filter_map(move |op| {
        let offset = op.target.checked_sub(entry)?;
        (offset > u64::from(op.at)).then(|| u32::try_from(offset).ok()).flatten()
    })
}

/// Reads the block that `ops` start with; `None` when it is something else. `loads_tell_sign` as in
/// [`crate::arch::ArchInfo`].
pub fn block(ops: &[Op], entry: u64, loads_tell_sign: bool, is_morestack: impl Fn(u64) -> bool) -> Option<Growth> {
    let start = ops.first()?.at;
    let mut growth = Growth { start, ..Growth::default() };
    let mut spills = SmallVec::<[Spill; 16]>::new();
    let mut called = false;
    for op in ops.iter().take(BLOCK_OPS) {
        match op.flow {
            Flow::Next if op.nop => {}
            Flow::Next if called && loads_tell_sign => mark_signed(op, &mut spills),
            Flow::Next if called => {}
            Flow::Next => spills.extend(spill(op)?),
            Flow::Call if !called && is_morestack(op.target) => {
                growth.callee = op.target;
                called = true;
            }
            Flow::Jump if called && op.target == entry => {
                growth.end = op.end();
                growth.spills = spills.as_slice().into();
                return Some(growth);
            }
            _ => return None,
        }
    }
    None
}

/// The store of a register parameter; `Some(None)` for other harmless instructions of the block (saving the link
/// register), `None` for what can't be in it.
fn spill(op: &Op) -> Option<Option<Spill>> {
    let Some(slot) = op.stack.filter(|_| op.store) else {
        return (!op.store && !op.load).then_some(None);
    };
    let reg = op.data?;
    Some(Some(Spill { reg, disp: slot.disp, size: slot.size, signed: None }))
}

/// A reload: with the sign of the type, without one of unsigned types (`cmd/compile/internal/arm64/ssa.go`, `loadByType`).
/// Neighbours of 4 bytes are loaded as a pair, without.
fn mark_signed(op: &Op, spills: &mut [Spill]) {
    const SMALL: u8 = 2;
    let Some(slot) = op.stack.filter(|slot| op.load && (op.signed || slot.size <= SMALL)) else { return };
    spills.iter_mut().filter(|spill| spill.disp == slot.disp).for_each(|spill| spill.signed = Some(op.signed));
}
