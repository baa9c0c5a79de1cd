//! What a body reads of what it was given, where the metadata leaves a doubt.

use super::frame::Access;
use super::knowledge::Knowledge;
use super::params::Reads;
use super::survey::First;
use super::{Scratch, body, frame};
use crate::abi::location::RegSet;
use crate::abi::registers::block_copy;
use crate::code::flow::NONE;
use crate::code::stack::writes_through;
use crate::code::usage::Summary;
use crate::golang::pclntab::Func;
use crate::program::Program;

/// Looks at one compiled function. Its summary comes along when nothing more will be learnt of what it calls.
pub(super) fn of(
    program: &Program<'_>,
    func: &Func,
    first: &First,
    scratch: &mut Scratch,
    knowledge: &Knowledge<'_, '_>,
) -> (Reads, Option<Box<Summary>>) {
    scratch.decode(program, func, first.growth.as_ref());
    let body = body(func, (&scratch.ops, &scratch.turns), first.growth.as_ref());
    let summary = scratch.usage.summarize(&body, knowledge, true);
    let regs = summary.entry_reads;
    let ops = || scratch.ops.iter().filter(|op| !body.is_growth(op));
    let deltas = program.meta.pclntab.sp_deltas(program.image, func);
    let copy_to = block_copy(program.image.arch).0;
    let through = |access: &Access| {
        let at = scratch.ops.binary_search_by_key(&access.at, |op| op.at);
        at.is_ok_and(|at| writes_through(&scratch.ops, at, knowledge, copy_to))
    };
    // The address of a block that something is copied to, or that is filled.
    let store = |access: &Access| access.store || (access.size == 0 && through(access));
    let accesses = frame::accesses(ops(), deltas, program.internal.arg_base, func.args.unwrap_or(0));
    let accesses: Vec<Access> = accesses.map(|access| Access { store: store(&access), ..access }).collect();
    let (stack, written) = frame::first_accesses(accesses.iter().copied());
    let mut homes = frame::homes(accesses.into_iter());
    homes.retain(|home| home.data.is_some_and(|reg| regs.has(reg)));
    let mut changed = RegSet::NONE;
    let pointers = ops().fold(RegSet::NONE, |found, op| {
        let given = op.address & !changed;
        changed |= if op.is_call() { !RegSet::NONE } else { op.writes };
        found | given
    });
    let alone = scratch.turns.iter().all(|turn| {
        let callee = scratch.ops[*turn as usize].callee;
        callee == NONE || knowledge.is_settled(callee)
    });
    (Reads { regs, stack, written, pointers: pointers & regs, homes }, alone.then(|| Box::new(summary)))
}
