//! Direct calls between functions, with what is read behind each.

use super::marks::registers;
use super::{Scene, Witness, places};
use crate::abi::location::{Loc, RegSet};
use crate::code::after;
use crate::code::flow::NONE;
use crate::code::op::{Flow, Op};

/// Calls of one function that are listed; the others are counted.
const LISTED: usize = 12;

/// What calls say of one function, or what one function's calls say of others.
#[derive(Debug, Clone, Default)]
pub struct Calls {
    /// How many there are.
    pub count: u32,
    /// Places that are read behind calls, and behind how many.
    pub reads: Vec<(Loc, u32)>,
    /// The first ones.
    pub list: Vec<Call>,
}

/// One call.
#[derive(Debug, Clone)]
pub struct Call {
    /// Its address.
    pub at: u64,
    /// Index of the function at the other end.
    pub other: u32,
    /// Places that are read behind it before they are written.
    pub reads: Vec<Loc>,
}

/// A direct call.
pub(super) struct Edge {
    at: u64,
    caller: u32,
    callee: u32,
    reads: Vec<Loc>,
}

impl Scene<'_, '_> {
    /// The direct calls of functions that `wanted` picks, in the order of addresses.
    pub(super) fn edges(&self, caller: usize, ops: &[Op], wanted: impl Fn(usize) -> bool) -> Vec<Edge> {
        let Some(entry) = self.program.funcs().get(caller).map(|func| func.entry) else { return Vec::new() };
        let calls = ops.iter().enumerate().filter(|(_, op)| op.flow == Flow::Call && op.callee != NONE);
        let edge = |(i, op): (usize, &Op)| {
            let callee = self.resolved.get(op.callee as usize)?;
            // Helpers with a convention of their own are the compiler's, and their results are not results.
            let plain = callee.helper.as_ref().is_none_or(|helper| !helper.has_own_convention());
            (plain && wanted(op.callee as usize)).then(|| Edge {
                at: entry + u64::from(op.at),
                caller: caller as u32,
                callee: op.callee,
                reads: self.read_behind(caller, ops, entry, i, op.callee),
            })
        };
        calls.filter_map(edge).collect()
    }

    /// Places that are read behind the call at `ops[call]`, among all in which a result can be.
    fn read_behind(&self, caller: usize, ops: &[Op], entry: u64, call: usize, callee: u32) -> Vec<Loc> {
        let convention = &self.program.internal;
        let order = || convention.ints.iter().chain(convention.floats).copied();
        let read = after::read(ops, entry, call, order().collect(), |callee| self.takes(callee));
        let own: RegSet = registers(&places(&self.resolved[caller].results, "")).collect();
        let registers = read.registers | (read.returned & own);
        let decided = &self.resolved[callee as usize];
        // What is stored there was the callee's, if it is where its results are.
        let area = decided.stack_args..decided.stack_args.saturating_add(decided.stack_results);
        let outgoing = self.program.image.arch.info().outgoing;
        let offsets = read.stack.iter().filter_map(|disp| u32::try_from(*disp).ok()?.checked_sub(outgoing));
        let stack = offsets.filter(|off| area.contains(off)).map(Loc::Stack);
        order().filter(|reg| registers.has(*reg)).map(Loc::Reg).chain(stack).collect()
    }
}

/// Gives every wanted function the calls of it and the calls that it makes.
pub(super) fn share(
    scene: &Scene<'_, '_>,
    edges: Vec<Vec<Edge>>,
    wanted: &impl Fn(usize) -> bool,
    all: &mut [Witness],
) {
    debug_assert_eq!(scene.resolved.len(), all.len());
    for edge in edges.into_iter().flatten() {
        let (caller, callee) = (edge.caller as usize, edge.callee as usize);
        if let Some(witness) = all.get_mut(callee).filter(|_| wanted(callee)) {
            witness.callers.add(Call { at: edge.at, other: edge.caller, reads: edge.reads.clone() });
        }
        if let Some(witness) = all.get_mut(caller).filter(|_| wanted(caller)) {
            witness.callees.add(Call { at: edge.at, other: edge.callee, reads: edge.reads });
        }
    }
    all.iter_mut().for_each(|witness| witness.callers.reads.sort_unstable());
}

impl Calls {
    fn add(&mut self, call: Call) {
        self.count += 1;
        for loc in &call.reads {
            match self.reads.iter_mut().find(|(known, _)| known == loc) {
                Some((_, times)) => *times += 1,
                None => self.reads.push((*loc, 1)),
            }
        }
        if self.list.len() < LISTED {
            self.list.push(call);
        }
    }
}
