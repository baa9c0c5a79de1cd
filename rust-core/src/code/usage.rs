//! What one function does with registers, in one sweep: the summary that results are inferred from.
//!
//! Three questions are asked of every instruction, backwards (see `docs/results.md`): is the register live, counting
//! every unknown reader (*maximal*); is it live, counting explicit readers only (*minimal*); does its value reach a
//! RET untouched. A write that is dead and reaches a RET is a result: nothing else could want it.

use super::flow::{Block, Exit, Graph, World};
use super::op::{Flow, Op, Written};
use crate::abi::location::RegSet;
use crate::limits;
use masks::{Masks, Transfer, step, transfer};

mod masks;

/// What a call of a function does to registers.
#[derive(Debug, Clone, Copy)]
pub struct Effect {
    /// The parameters it takes, `None` when not known.
    pub reads: Option<RegSet>,
    /// Registers that it may change; the others live across the call.
    pub kills: RegSet,
}

/// The convention's registers, as sets.
#[derive(Debug, Clone, Copy)]
pub struct Registers {
    /// Those that can hold a result.
    pub results: RegSet,
    /// The closure context.
    pub closure: RegSet,
    /// The first integer result.
    pub first: RegSet,
}

/// What the rest of the program says to a function under analysis.
pub trait Calls: World {
    /// What a direct call of the function with that index does.
    fn effect(&self, callee: u32) -> Effect;
    /// The convention.
    fn registers(&self) -> Registers;
}

/// A call that may return, or a tail jump.
#[derive(Debug, Clone, Copy, Default)]
pub struct CallRecord {
    /// The callee, [`super::flow::NONE`] for an indirect or foreign one.
    pub callee: u32,
    /// Result registers that reach a RET untouched after it.
    pub reach: RegSet,
    /// Result registers that are read after it.
    pub used: RegSet,
    /// It is a jump out of the function.
    pub tail: bool,
    /// Its first result is only ever dereferenced: it is not stored, copied or passed on.
    pub no_escape: bool,
    /// Its first argument is a runtime type.
    pub takes_type: bool,
}

/// Bodies that are too small to say more than that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Trivial {
    /// It does something.
    #[default]
    No,
    /// Only stores of registers to their spill slots.
    Spills,
    /// Those, and nil checks.
    NilChecks,
}

/// What a function's writes say of its results. Sets hold registers of the convention's result sequences.
#[derive(Debug, Clone, Default)]
pub struct Writes {
    /// Dead writes in straight lines that end in RET: results.
    pub dead_at_ret: RegSet,
    /// Dead writes elsewhere that reach a RET: computed values.
    pub dead_computed: RegSet,
    /// Dead writes elsewhere that reach a RET: constants.
    pub dead_constant: RegSet,
    /// Dead writes elsewhere that reach a RET: copies of registers.
    pub dead_copy: RegSet,
    /// Dead writes elsewhere that reach a RET: reloads of stack slots.
    pub dead_reload: RegSet,
    /// Those of the dead writes that are the address of a runtime type or an itab: an interface's data word follows.
    pub dead_type: RegSet,
    /// Writes that reach a RET and are read on the way.
    pub read_and_returned: RegSet,
    /// Registers that the allocator avoided although nothing in the function needed them.
    pub avoided: RegSet,
    /// Written in the straight line of every RET.
    pub written_at_every_ret: RegSet,
}

/// What one function's code says.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// What its writes say of results, if that was asked: of most functions it is known.
    pub writes: Option<Box<Writes>>,
    /// Result registers that reach a RET as they were at the entry.
    pub untouched: RegSet,
    /// Registers read before they are written, explicitly or by a callee with known parameters.
    pub entry_reads: RegSet,
    /// It can come back to its caller.
    pub returns: bool,
    /// It has a reachable RET.
    pub has_ret: bool,
    /// It ends in a jump that could not be resolved.
    pub unknown_exit: bool,
    /// It has a call, or such a jump, that goes where a register or memory says.
    pub calls_indirectly: bool,
    /// Nothing but spills or nil checks.
    pub trivial: Trivial,
    /// Calls that may return, and tail jumps.
    pub calls: Box<[CallRecord]>,
}

/// The analysis with its scratch memory; make one per thread.
#[derive(Default)]
pub struct Usage {
    graph: Graph,
    transfers: Vec<Transfer>,
    masks: Vec<Masks>,
    /// In which round a block's masks changed last.
    changed: Vec<u32>,
    /// See [`Summary::calls`].
    calls: Vec<CallRecord>,
}

/// The function to summarise.
pub use super::flow::Body;

impl Usage {
    /// Summarises one function. What its writes say of results is left out unless `results` are in question.
    pub fn summarize(&mut self, body: &Body<'_>, calls: &impl Calls, results: bool) -> Summary {
        let mut summary = Summary { trivial: trivial(body), ..Summary::default() };
        self.graph.build(body, calls);
        if self.solve(body, calls) {
            self.calls.clear();
            let mut records = std::mem::take(&mut self.calls);
            let mut writes = Writes::default();
            self.harvest(body, calls, results, (&mut summary, &mut writes, &mut records));
            summary.writes = results.then(|| Box::new(writes));
            summary.calls = records.as_slice().into();
            self.calls = records;
        } else {
            (summary.returns, summary.unknown_exit) = (true, true);
        }
        let indirect = |turn: &u32| body.ops[*turn as usize].flow == Flow::CallIndirect;
        summary.calls_indirectly = summary.unknown_exit || body.turns.iter().any(indirect);
        summary
    }

    /// Whether control can come back from the function.
    pub fn returns(&mut self, body: &Body<'_>, world: &impl World) -> bool {
        self.graph.build(body, world);
        self.graph.blocks.iter().filter(|b| b.reachable).any(|b| exit_returns(b, world))
    }

    /// Computes the masks at the start of each block; `false` when the flow is too tangled to settle.
    fn solve(&mut self, body: &Body<'_>, calls: &impl Calls) -> bool {
        let regs = calls.registers();
        self.transfers.clear();
        let transfer = |b: &Block| if b.reachable { transfer(b, body, calls, regs) } else { Transfer::default() };
        self.transfers.extend(self.graph.blocks.iter().map(transfer));
        self.masks.clear();
        self.masks.resize(self.graph.blocks.len(), Masks::default());
        self.changed.clear();
        self.changed.resize(self.graph.blocks.len(), 0);
        let mut until = self.graph.blocks.len();
        for round in 1..=limits::MAX_ROUNDS as u32 {
            for b in (0..until).rev() {
                let block = &self.graph.blocks[b];
                let masks = if block.reachable {
                    self.transfers[b].apply(self.out(block, regs, calls))
                } else {
                    Masks::default()
                };
                if !masks.same(&self.masks[b]) {
                    (self.masks[b], self.changed[b]) = (masks, round);
                }
            }
            // Every block comes after its successors, but for those that it leads back to.
            let stale = self.graph.back.iter().filter(|(_, to)| self.changed[*to as usize] == round);
            match stale.map(|(from, _)| *from as usize + 1).max() {
                Some(again) => until = again,
                None => return true,
            }
        }
        false
    }

    /// Masks behind the last instruction of a block.
    fn out(&self, block: &Block, regs: Registers, calls: &impl Calls) -> Masks {
        let mut out = exit_masks(block.exit, regs, calls);
        self.graph.each_successor(block, |next| out.join(&self.masks[next as usize]));
        out
    }

    fn harvest(
        &self,
        body: &Body<'_>,
        calls: &impl Calls,
        results: bool,
        (summary, writes, records): (&mut Summary, &mut Writes, &mut Vec<CallRecord>),
    ) {
        let regs = calls.registers();
        let results = if results { regs.results } else { RegSet::NONE };
        writes.written_at_every_ret = results;
        for (block, transfer) in self.graph.blocks.iter().zip(&self.transfers).filter(|(b, _)| b.reachable) {
            summary.returns |= exit_returns(block, calls);
            summary.has_ret |= block.exit == Exit::Ret;
            summary.unknown_exit |= block.exit == Exit::Unknown;
            if let Exit::TailJump(callee) = block.exit {
                records.push(CallRecord { callee, tail: true, ..CallRecord::default() });
            }
            let of = (block, transfer.calls);
            let written = self.harvest_block(body, of, results, (calls, regs), (&mut *writes, &mut *records));
            if block.exit == Exit::Ret {
                writes.written_at_every_ret = writes.written_at_every_ret & written;
            }
        }
        if let Some(entry) = self.masks.first() {
            summary.untouched = entry.reach & regs.results;
            summary.entry_reads = entry.needed;
        }
        if !summary.has_ret {
            writes.written_at_every_ret = RegSet::NONE;
        }
    }

    /// Looks at a block with that many calls, backwards, and returns what the straight line to its RET writes. Only what
    /// writes of the registers in `results` is looked at.
    fn harvest_block(
        &self,
        body: &Body<'_>,
        (block, mut calls_left): (&Block, u32),
        results: RegSet,
        (calls, regs): (&impl Calls, Registers),
        (writes, records): (&mut Writes, &mut Vec<CallRecord>),
    ) -> RegSet {
        let mut out = self.out(block, regs, calls);
        let ops = &body.ops[block.start as usize..block.end as usize];
        let mut line = block.exit == Exit::Ret;
        let mut written = RegSet::NONE;
        for (i, op) in ops.iter().enumerate().rev() {
            // What reaches no RET says nothing.
            let wanted = line || !out.reach.is_empty();
            if calls_left == 0 && (results.is_empty() || !wanted) {
                break;
            }
            if op.is_call() {
                (calls_left, line) = (calls_left - 1, false);
                let record = record(op, &out, calls, regs).filter(|_| !body.is_growth(op));
                records.extend(record.map(|r| CallRecord { takes_type: takes_type(&ops[..i], calls, regs), ..r }));
            } else if !(op.writes & results).is_empty() {
                if line {
                    written |= op.writes;
                }
                if !body.is_growth(op) {
                    observe(op, &out, (line, regs), calls, writes);
                }
            }
            step(op, calls, regs).apply_to(&mut out);
        }
        written
    }
}

fn exit_masks(exit: Exit, regs: Registers, calls: &impl Calls) -> Masks {
    match exit {
        Exit::None => Masks::default(),
        Exit::Ret => Masks { reach: regs.results, ..Masks::default() },
        Exit::TailJump(callee) => {
            let effect = calls.effect(callee);
            let live = effect.reads.map_or(regs.results | regs.closure, |r| r | regs.closure);
            Masks { live, needed: effect.reads.unwrap_or_default(), escapes: live, reach: RegSet::NONE }
        }
        Exit::Unknown => Masks { live: regs.results | regs.closure, escapes: regs.results, ..Masks::default() },
    }
}

fn exit_returns(block: &Block, world: &impl World) -> bool {
    match block.exit {
        Exit::None => false,
        Exit::Ret | Exit::Unknown => true,
        Exit::TailJump(callee) => world.returns(callee),
    }
}

/// Notes what the writes of an instruction, which is no call, say about results. `line`: it is in the straight line that
/// ends in RET.
fn observe(op: &Op, out: &Masks, (line, regs): (bool, Registers), calls: &impl Calls, writes: &mut Writes) {
    let reaches = op.writes & regs.results & out.reach;
    writes.read_and_returned |= reaches & out.live;
    if !op.is_pure() {
        return;
    }
    let dead = reaches & !out.live;
    let place = match op.written {
        _ if line => &mut writes.dead_at_ret,
        Written::Computed => &mut writes.dead_computed,
        Written::Constant => &mut writes.dead_constant,
        Written::Copy => &mut writes.dead_copy,
        Written::Reload => &mut writes.dead_reload,
    };
    *place |= dead;
    writes.avoided |= avoided(op, out) & regs.results;
    if !dead.is_empty() && op.written == Written::Constant && !op.load && calls.is_type(op.target) {
        writes.dead_type |= dead;
    }
}

/// Go's allocator takes the free register with the lowest number (`cmd/compile/internal/ssa/regalloc.go`), so a lower
/// one that nothing reads and that reaches a RET was not free: it is a result.
fn avoided(op: &Op, out: &Masks) -> RegSet {
    let general = op.writes.0 & 0xffff_ffff;
    let single = general.count_ones() == 1 && op.writes.0 >> 32 == 0;
    let free = single && !(op.writes & out.live).is_empty() && (op.writes & op.reads).is_empty();
    if free { out.reach & !out.live & RegSet(general.wrapping_sub(1)) } else { RegSet::NONE }
}

fn record(op: &Op, out: &Masks, calls: &impl Calls, regs: Registers) -> Option<CallRecord> {
    let callee = match op.flow {
        Flow::CallIndirect => super::flow::NONE,
        Flow::Call if calls.returns(op.callee) => {
            let effect = calls.effect(op.callee);
            (effect.kills == !RegSet::NONE).then_some(op.callee)?
        }
        _ => return None,
    };
    Some(CallRecord {
        callee,
        reach: out.reach & regs.results,
        used: out.needed & regs.results,
        no_escape: (out.escapes & regs.first).is_empty(),
        ..CallRecord::default()
    })
}

/// Whether the first argument register was last set to a runtime type, shortly before a call.
fn takes_type(before: &[Op], calls: &impl Calls, regs: Registers) -> bool {
    const REACH: usize = 8;
    let near = before.iter().rev().take(REACH).take_while(|op| !op.is_call());
    let setter = near.into_iter().find(|op| !(op.writes & regs.first).is_empty());
    setter.is_some_and(|op| op.written == Written::Constant && !op.load && calls.is_type(op.target))
}

fn trivial(body: &Body<'_>) -> Trivial {
    let (mut trivial, mut spilled) = (Trivial::Spills, false);
    for op in body.ops.iter().filter(|op| !body.is_growth(op) && !op.nop) {
        match op.flow {
            Flow::Ret if spilled => return trivial,
            Flow::Next if op.nil_check => (trivial, spilled) = (Trivial::NilChecks, true),
            Flow::Next if op.store && op.stack.is_some() && op.data.is_some() => spilled = true,
            _ => return Trivial::No,
        }
    }
    Trivial::No
}
