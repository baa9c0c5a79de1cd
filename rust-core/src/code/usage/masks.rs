//! What instructions and blocks do to the sets of registers that are asked for, going backwards.

use super::{Block, Body, Calls, Registers};
use crate::abi::location::RegSet;
use crate::code::op::{Flow, Op};

/// What is asked at one place.
#[derive(Clone, Copy, Default)]
pub(super) struct Masks {
    /// Live, every unknown reader counted.
    pub(super) live: RegSet,
    /// Live, explicit readers only.
    pub(super) needed: RegSet,
    /// Reaches a RET untouched.
    pub(super) reach: RegSet,
    /// Read for more than an address.
    pub(super) escapes: RegSet,
}

/// A block's effect on masks: `in = gen | (out & !kill)`.
#[derive(Clone, Copy, Default)]
pub(super) struct Transfer {
    pub(super) add: Masks,
    /// Written, or killed by a call.
    pub(super) kill: RegSet,
    /// How many calls it has.
    pub(super) calls: u32,
}

impl Masks {
    pub(super) fn join(&mut self, other: &Masks) {
        self.live |= other.live;
        self.needed |= other.needed;
        self.reach |= other.reach;
        self.escapes |= other.escapes;
    }

    pub(super) fn same(&self, other: &Masks) -> bool {
        (self.live, self.needed, self.reach, self.escapes) == (other.live, other.needed, other.reach, other.escapes)
    }
}

impl Transfer {
    pub(super) fn apply(&self, mut out: Masks) -> Masks {
        self.apply_to(&mut out);
        out
    }

    pub(super) fn apply_to(&self, masks: &mut Masks) {
        let keep = !self.kill;
        masks.live = self.add.live | (masks.live & keep);
        masks.needed = self.add.needed | (masks.needed & keep);
        masks.escapes = self.add.escapes | (masks.escapes & keep);
        masks.reach = self.add.reach | (masks.reach & keep);
    }

    /// `self` after `later`, going backwards.
    fn before(&self, later: &Transfer) -> Transfer {
        Transfer { add: self.apply(later.add), kill: self.kill | later.kill, calls: self.calls + later.calls }
    }
}

/// A block's effect.
pub(super) fn transfer(block: &Block, body: &Body<'_>, calls: &impl Calls, regs: Registers) -> Transfer {
    let ops = &body.ops[block.start as usize..block.end as usize];
    ops.iter().rev().fold(Transfer::default(), |later, op| step(op, calls, regs).before(&later))
}

/// One instruction's effect on the masks.
pub(super) fn step(op: &Op, calls: &impl Calls, regs: Registers) -> Transfer {
    let (read, all) = (op.reads, regs.results | regs.closure);
    match op.flow {
        Flow::Call => {
            let effect = calls.effect(op.callee);
            let needed = effect.reads.unwrap_or_default();
            let live = effect.reads.map_or(all, |r| r | regs.closure);
            Transfer { add: Masks { live, needed, escapes: live, reach: RegSet::NONE }, kill: effect.kills, calls: 1 }
        }
        Flow::CallIndirect => Transfer {
            add: Masks { live: all | read, needed: read, escapes: all | read, reach: RegSet::NONE },
            kill: !RegSet::NONE,
            calls: 1,
        },
        _ => {
            let data = op.data.filter(|_| op.store).map(RegSet::of).unwrap_or_default();
            let escapes = (read & !op.address) | data;
            Transfer {
                add: Masks { live: read, needed: read, escapes, reach: RegSet::NONE },
                kill: op.writes,
                calls: 0,
            }
        }
    }
}
