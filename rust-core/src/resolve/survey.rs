//! The first look at every function: what the metadata gives, how it ends, what tells its convention.

use super::conventions::{self, Taken, restores_registers, taken};
use super::frame::Access;
use super::{Scratch, body, frame};
use crate::abi::location::RegSet;
use crate::code::growth::{self, Growth};
use crate::code::op::Op;
use crate::code::survey::Survey;
use crate::evidence::arg_info::{ArgList, Group};
use crate::evidence::helpers::{self, Helper, Special};
use crate::golang::func_id::FuncId;
use crate::golang::funcdata::FuncData;
use crate::golang::pclntab::Func;
use crate::program::Program;
use crate::watch::Tick;
use foldhash::HashSet;
use object_pool::Pool;
use rayon::prelude::*;

/// What one function shows at first sight.
#[derive(Debug, Clone, Default)]
pub struct First {
    /// A helper with a convention of its own.
    pub helper: Option<Box<Helper>>,
    /// The stack-growth block.
    pub growth: Option<Growth>,
    /// Written in assembly.
    pub asm: bool,
    /// Its name has type arguments.
    pub instance: bool,
    /// It keeps its closure across stack growth.
    pub closure: bool,
    /// Its code.
    pub code: Survey,
    /// It loads g itself at its start: a compiled body with ABI0.
    pub loads_g: bool,
    /// It takes from the argument area what registers would hold: a compiled ABI0 body.
    pub takes_from_stack: bool,
    /// Of a wrapper: it loads what its callee left in the outgoing area, as ABI0 does with results.
    pub reads_back: bool,
    /// Of assembly: where it has its values.
    pub taken: Taken,
}

impl First {
    /// What is special about the helper, if it is one.
    pub fn special(&self) -> Option<Special> {
        self.helper.as_ref().map(|helper| helper.special)
    }
}

/// Bytes at the entry in which the stack check is looked for.
const PROLOGUE: u64 = 96;
/// Bytes of the longest stack-growth block.
const GROWTH: u64 = 768;
/// Instructions at the entry within which a compiled ABI0 body loads g.
const LOADS_G_WITHIN: usize = 5;

/// Looks at all functions.
pub(super) fn survey(program: &Program<'_>, scratches: &Pool<Scratch>, tick: &Tick<'_>) -> Option<Vec<First>> {
    let funcs = program.funcs();
    let asm: Vec<bool> = funcs.par_iter().map(|f| is_asm(program, f)).collect();
    let named = |(func, asm): (&Func, &bool)| {
        let name = program.name(func);
        (helpers::find(program, func, &name, *asm).map(Box::new), name.contains('['))
    };
    let found: Vec<(Option<Box<Helper>>, bool)> = funcs.par_iter().zip(&asm).map(named).collect();
    let is_morestack = |h: &Option<Box<Helper>>| h.as_ref().is_some_and(|h| matches!(h.special, Special::Morestack));
    let morestack: HashSet<u64> =
        funcs.iter().zip(&found).filter(|(_, (h, _))| is_morestack(h)).map(|(f, _)| f.entry).collect();
    let mut firsts = tick.map(
        funcs.len(),
        || scratches.pull(|| Scratch::new(program)),
        |scratch, i| {
            let func = &funcs[i];
            let shares = |other: usize| func.id == FuncId::Wrapper && program.share_name(func, &funcs[other]);
            let tells = |i: usize| asm[i] && !morestack.contains(&funcs[i].entry);
            let wanted = |target| program.at(target).is_some_and(|i| tells(i) || shares(i));
            First { asm: asm[i], ..first(program, func, asm[i], &morestack, wanted, scratch) }
        },
    )?;
    firsts.iter_mut().zip(found).for_each(|(first, found)| (first.helper, first.instance) = found);
    Some(firsts)
}

fn first(
    program: &Program<'_>,
    func: &Func,
    asm: bool,
    morestack: &HashSet<u64>,
    wanted: impl Fn(u64) -> bool,
    scratch: &mut Scratch,
) -> First {
    if !program.reads_code() {
        let code = Survey { has_ret: true, ..Survey::default() };
        return First { code, ..First::default() };
    }
    let growth = stack_growth(program, func, morestack, scratch);
    let loads_g = !asm && loads_g(program, &scratch.ops);
    let spills = growth.as_ref().is_some_and(|growth| !growth.spills.is_empty());
    let ask = !asm && !spills && program.internal.uses_registers() && !restores_registers(program);
    let takes_from_stack = ask && takes_from_stack(program, func, growth.as_ref(), scratch);
    let taken = match asm && program.internal.uses_registers() {
        true => taken(program, func, scratch),
        false => Taken::default(),
    };
    // Where these jump to tells their convention.
    let exits = asm || func.id == FuncId::Wrapper;
    let reads_back = func.id == FuncId::Wrapper && program.internal.uses_registers() && !restores_registers(program);
    First {
        takes_from_stack,
        reads_back: reads_back && conventions::reads_back(program, func, scratch),
        taken,
        closure: growth.as_ref().is_some_and(|g| keeps_closure(program, g.callee)),
        loads_g,
        growth,
        code: scratch.decoder.survey(program.code(func), func.entry, exits, wanted),
        ..First::default()
    }
}

/// FUNCDATA_ArgInfo. It is read where it is asked for: the lists of all functions would take more memory than time.
pub(super) fn arg_list(program: &Program<'_>, func: &Func) -> Option<ArgList> {
    program.meta.pclntab.arg_info(program.image, func).map(|info| ArgList::new(&info))
}

/// `runtime.morestack` keeps the closure context, `morestack_noctxt` clears it.
fn keeps_closure(program: &Program<'_>, callee: u64) -> bool {
    let func = program.at(callee).map(|i| &program.funcs()[i]);
    func.is_some_and(|f| f.id == FuncId::Morestack || program.name(f) == "runtime.morestack")
}

fn is_asm(program: &Program<'_>, func: &Func) -> bool {
    let table = &program.meta.pclntab;
    func.flags.asm() || table.funcdata(program.image, func, FuncData::LocalsPointerMaps).is_none()
}

fn stack_growth(program: &Program<'_>, func: &Func, morestack: &HashSet<u64>, scratch: &mut Scratch) -> Option<Growth> {
    let Scratch { decoder, ops: prologue, line: ops, .. } = scratch;
    let start = program.code_from(func.entry, func.end.min(func.entry + PROLOGUE));
    // Nearly all checks are over after a few instructions.
    [LOADS_G_WITHIN, growth::PROLOGUE_OPS].into_iter().find_map(|most| {
        decoder.decode_line(start, func.entry, prologue, most);
        growth::candidates(prologue, func.entry).find_map(|offset| {
            let at = func.entry + u64::from(offset);
            let code = program.code_from(at, func.end.min(at + GROWTH));
            decoder.decode_line(code, at, ops, growth::BLOCK_OPS);
            ops.iter_mut().for_each(|op| op.at = op.at.saturating_add(offset));
            let signs = program.image.arch.info().loads_tell_sign;
            growth::block(ops, func.entry, signs, |target| morestack.contains(&target))
        })
    })
}

fn loads_g(program: &Program<'_>, ops: &[Op]) -> bool {
    let g: RegSet = program.internal.g.into_iter().collect();
    // Behind a call it is only restored.
    ops.iter().take(LOADS_G_WITHIN).take_while(|op| !op.is_call()).any(|op| op.load && !(op.writes & g).is_empty())
}

/// Whether the body reads one of its first lone scalars, which always find a register in ABIInternal, from the argument
/// area; or, without parameters, has a result of one word there, as only small arrays are in ABIInternal.
fn takes_from_stack(program: &Program<'_>, func: &Func, growth: Option<&Growth>, scratch: &mut Scratch) -> bool {
    const FIRST: usize = 8;
    let alone = |group: &Group| group.components.first().filter(|_| group.components.len() == 1 && !group.cut).copied();
    let groups = arg_list(program, func).map(|list| list.groups).unwrap_or_default();
    let mut scalars = groups.iter().take(FIRST).filter_map(alone).peekable();
    let result_only =
        groups.is_empty() && func.args.is_some_and(|args| (1..=program.image.arch.ptr_size()).contains(&args));
    if scalars.peek().is_none() && !result_only {
        return false;
    }
    scratch.decode(program, func, growth);
    let body = body(func, (&scratch.ops, &scratch.turns), growth);
    let ops = scratch.ops.iter().filter(|op| !body.is_growth(op));
    let deltas = program.meta.pclntab.sp_deltas(program.image, func);
    // A dictionary, which is not listed, may be put into its home.
    let first = program.internal.ints.first().copied();
    let mut before = ops.clone().take_while(|op| first.is_some_and(|reg| !op.writes.has(reg)));
    let homes_first = before.any(|op| op.store && op.stack.is_some() && op.data == first);
    // Wrappers compare the address of their area with that of a panic (before Go 1.26, `cmd/internal/obj/arm64/obj7.go`).
    let counts = |access: &Access| access.size > 0 || func.id != FuncId::Wrapper;
    let accesses = frame::accesses(ops, deltas, program.internal.arg_base, func.args.unwrap_or(0)).filter(counts);
    let accesses: Vec<Access> = accesses.collect();
    if result_only {
        return !homes_first && !accesses.is_empty();
    }
    let (read, _) = frame::first_accesses(accesses.into_iter());
    scalars.any(|(off, _)| read.contains(&off))
}

/// Which functions can come back, by their last instructions alone.
pub fn returns(program: &Program<'_>, firsts: &[First]) -> Vec<bool> {
    let mut returns: Vec<bool> =
        firsts.iter().map(|f| f.helper.as_deref().and_then(Helper::comes_back) != Some(false)).collect();
    for _ in 0..crate::limits::MAX_ROUNDS {
        let mut changed = false;
        for i in 0..firsts.len() {
            let code = &firsts[i].code;
            let ends = |target: &u64| program.at(*target).is_some_and(|t| !returns[t]);
            let stays = !code.has_ret && !code.has_indirect_jump && code.exits.iter().all(ends);
            // A function without any way out is a loop or a trap: in assembly it may still switch stacks.
            let sure = stays && (!firsts[i].asm || !code.exits.is_empty());
            if returns[i] && sure {
                returns[i] = false;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    returns
}
