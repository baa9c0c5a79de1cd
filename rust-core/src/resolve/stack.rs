//! The argument areas of programs, or of bodies, in which nothing travels in registers.

use super::knowledge::Knowledge;
use super::survey::{First, arg_list};
use super::{Scratch, body};
use crate::Result;
use crate::abi::registers::block_copy;
use crate::code::stack::{Area, Read, StackUsage, StackWords, WORDS, Words};
use crate::evidence::boundary::{self, Boundary, Known};
use crate::golang::funcdata::FuncData;
use crate::golang::pclntab::Func;
use crate::program::Program;
use crate::report::Abi;
use crate::watch::Watch;
use object_pool::Pool;
use rayon::prelude::*;

/// What code says of one function's argument area.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// Where its results begin, if that is known.
    pub(super) boundary: Option<Boundary>,
    /// Reads of the area.
    pub(super) reads: Vec<Read>,
    /// Words that hold pointers at the entry.
    pub(super) pointers: Words,
}

/// Looks at all functions with ABI0; empty where there is nothing to look at.
pub(super) fn look(
    program: &Program<'_>,
    firsts: &[First],
    bodies: &[Abi],
    knowledge: &Knowledge<'_, '_>,
    (scratches, watch): (&Pool<Scratch>, &Watch<'_>),
) -> Result<Vec<Seen>> {
    if !program.reads_code() || program.internal.uses_registers() {
        return Ok(Vec::new());
    }
    let usages: Vec<StackUsage> = watch.stage("reading argument areas", bodies.len(), |tick| {
        let new = || (scratches.pull(|| Scratch::new(program)), StackWords::default());
        tick.map(bodies.len(), new, |(scratch, words), i| {
            usage(program, &program.funcs()[i], &firsts[i], scratch, words, knowledge)
        })
    })?;
    let known: Vec<Known> =
        program.funcs().par_iter().zip(firsts).map(|(func, first)| known(program, func, first)).collect();
    let boundaries = boundary::decide(&usages, &known);
    let seen = |((usage, known), boundary): ((StackUsage, &Known), Option<Boundary>)| Seen {
        boundary,
        reads: usage.reads,
        pointers: known.pointers,
    };
    Ok(usages.into_iter().zip(&known).zip(boundaries).map(seen).collect())
}

fn usage(
    program: &Program<'_>,
    func: &Func,
    first: &First,
    scratch: &mut Scratch,
    words: &mut StackWords,
    knowledge: &Knowledge<'_, '_>,
) -> StackUsage {
    let arch = program.image.arch;
    let (copy_to, copy_from) = block_copy(arch);
    let area = Area {
        word: arch.ptr_size(),
        arg_base: program.abi0.arg_base,
        args: func.args.unwrap_or(0),
        outgoing: arch.info().outgoing,
        copy_to,
        copy_from,
    };
    scratch.decode(program, func, first.growth.as_ref());
    let deltas = program.meta.pclntab.sp_deltas(program.image, func).into_iter().flatten();
    let body = body(func, (&scratch.ops, &scratch.turns), first.growth.as_ref());
    words.look(&body, &area, deltas.map(|value| (value.end, value.value)), knowledge)
}

fn known(program: &Program<'_>, func: &Func, first: &First) -> Known {
    let word = program.image.arch.ptr_size();
    Known {
        words: func.args.unwrap_or(0).div_ceil(word),
        pointers: entry_pointers(program, func),
        least: arg_list(program, func).map_or(0, |list| list.end().div_ceil(word)),
        opaque: first.asm,
    }
}

/// Words of the argument area, spill area included, that hold live pointers at the entry: the first map is the entry's
/// (`cmd/compile/internal/liveness/plive.go`). In assembly it is the prototype's.
pub(super) fn entry_pointers(program: &Program<'_>, func: &Func) -> Words {
    let maps = program.meta.pclntab.pointer_maps(program.image, func, FuncData::ArgsPointerMaps);
    let pointers = maps.into_iter().flat_map(|maps| maps.pointers(0)).filter(|n| *n < WORDS);
    pointers.fold(0, |set, n| set | 1 << n)
}
