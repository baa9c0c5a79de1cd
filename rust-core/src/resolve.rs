//! Picks, for every function, the claim to believe: parameters first, because callers' code is read with the callees'
//! parameters in hand, then results, to a fixpoint.

mod assembly;
mod callers;
mod conventions;
pub mod frame;
mod helper;
pub mod knowledge;
pub mod params;
mod reads;
mod sides;
pub mod stack;
pub mod survey;
pub mod verdict;

use crate::Result;
use crate::abi::location::{Reg, RegSet};
use crate::code::decoder::Decoder;
use crate::code::flow::NONE;
use crate::code::growth::Growth;
use crate::code::op::{Flow, Op};
use crate::code::survey::Survey;
use crate::code::usage::{Body, Summary, Usage};
use crate::evidence::helpers::{Helper, Special};
use crate::evidence::results::{self, Inferred, Known};
use crate::evidence::{Claim, Typed, TypedEntries};
use crate::golang::func_id::FuncId;
use crate::golang::pclntab::Func;
use crate::program::Program;
use crate::report::{Abi, Source};
use crate::types::Types;
use crate::watch::{Tick, Watch};
use knowledge::{Face, Knowledge};
use object_pool::Pool;
use rayon::prelude::*;
use sides::{Input, Outcome, Sides};
use survey::First;
use thin_vec::ThinVec;

/// What is settled of one function.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// Its convention.
    pub abi: Abi,
    /// A helper with a convention of its own.
    pub helper: Option<Box<Helper>>,
    /// Written in assembly.
    pub asm: bool,
    /// Index of the function that this one is an ABI wrapper of.
    pub target: Option<u32>,
    /// Parameters, by the claim that won.
    pub params: Option<Claim>,
    /// Results, by the claim that won.
    pub results: Option<Claim>,
    /// Claims that did not win.
    pub others: ThinVec<verdict::Lost>,
    /// Why those that won did, when it is wanted.
    pub why: Option<Box<crate::report::Sides<Box<str>>>>,
    /// Stack parameters, rounded up to words, in bytes.
    pub stack_args: u32,
    /// Stack results, in bytes.
    pub stack_results: u32,
    /// The spill area, in bytes.
    pub spill: u32,
    /// It reads its closure.
    pub closure: bool,
    /// Offset and width, in bytes, of what it loads from its closure object.
    pub captures: ThinVec<(u32, u32)>,
    /// It never returns.
    pub noreturn: bool,
    /// It checks at its start that the stack is large enough.
    pub growth: Option<(u32, u32)>,
    /// It may call what a register or memory says.
    pub calls_indirectly: bool,
    /// What else is to be said.
    pub notes: ThinVec<String>,
}

/// A thread's scratch memory.
struct Scratch {
    decoder: Decoder,
    ops: Vec<Op>,
    /// See [`Body::turns`].
    turns: Vec<u32>,
    /// A part of it, beside the rest.
    line: Vec<Op>,
    usage: Usage,
}

impl Scratch {
    fn new(program: &Program<'_>) -> Self {
        let decoder = Decoder::new(program.image.arch);
        Scratch { decoder, ops: Vec::new(), turns: Vec::new(), line: Vec::new(), usage: Usage::default() }
    }

    /// Decodes a function and looks up where its calls and jumps go. Of one with a stack-growth block, that is left out.
    fn decode(&mut self, program: &Program<'_>, func: &Func, growth: Option<&Growth>) {
        let code = program.code(func);
        let code = growth.map_or(code, |growth| growth.before(code));
        self.decoder.decode(code, func.entry, &mut self.ops, &mut self.turns);
        for turn in &self.turns {
            let op = &mut self.ops[*turn as usize];
            let leaves = match op.flow {
                Flow::Call => true,
                Flow::Jump | Flow::Branch => !(func.entry..func.end).contains(&op.target),
                _ => false,
            };
            if leaves {
                op.callee = program.callee(op.target);
            }
        }
    }
}

/// What functions show at first sight.
pub struct Looked {
    firsts: Vec<First>,
    /// Has grown to what the program's functions need.
    scratches: Pool<Scratch>,
}

/// Takes a first look at every function of the program.
pub fn look(program: &Program<'_>, watch: &Watch<'_>) -> Result<Looked> {
    let scratches = Pool::new(0, || Scratch::new(program));
    let survey = |tick: &Tick<'_>| survey::survey(program, &scratches, tick);
    let firsts = watch.stage("looking at functions", program.funcs().len(), survey)?;
    Ok(Looked { firsts, scratches })
}

/// Resolves every function of the program.
pub fn resolve(
    program: &Program<'_>,
    types: &Types,
    typed: TypedEntries,
    Looked { mut firsts, scratches }: Looked,
    watch: &Watch<'_>,
) -> Result<Vec<Resolved>> {
    let funcs = program.funcs();
    let said = typed.of_each(funcs.iter().map(|func| func.entry));
    let bodies = conventions::conventions(program, &firsts, |i| speaks_of_registers(said[i]));
    let kept = (0u32..).zip(&firsts).filter_map(|(i, first)| match first.special() {
        Some(Special::Preserving { kills, .. }) => Some((i, kills)),
        _ => None,
    });
    let mut knowledge = Knowledge::new(program, faces_before_params(program, &firsts, &bodies), kept);
    // From here on, where calls and jumps lead is asked of wrappers only.
    let rest = firsts.iter_mut().zip(funcs).filter(|(_, func)| func.id != FuncId::Wrapper);
    rest.for_each(|(first, _)| first.code = Survey::default());
    let seen = stack::look(program, &firsts, &bodies, &knowledge, (&scratches, watch))?;
    let mut located: Vec<Sides> = funcs
        .par_iter()
        .enumerate()
        .map_init(
            || scratches.pull(|| Scratch::new(program)),
            |scratch, (i, func)| {
                let input = Input { program, types, func, first: &firsts[i], abi: bodies[i], seen: seen.get(i) };
                input.sides(said[i], None, scratch, &knowledge)
            },
        )
        .collect();
    let mut summaries = vec![Summary::default(); funcs.len()];
    let (mut open, mut asked) = (vec![true; funcs.len()], vec![false; funcs.len()]);
    for (i, sides) in located.iter_mut().enumerate() {
        let (first, face) = (&firsts[i], &mut knowledge.faces[i]);
        face.reads(sides.reads);
        asked[i] = sides.asks_code;
        if let Some(summary) = sides.summary.take() {
            (summaries[i], open[i]) = (*summary, false);
            face.returns &= !is_gone(first, &summaries[i], face);
        }
    }
    summarize(program, (&firsts, &asked), open, &mut summaries, &mut knowledge, (&scratches, watch))?;
    if program.internal.uses_registers() && program.reads_code() {
        let known = (types, said.as_slice());
        let on = (&scratches, watch);
        let changed = callers::ask(known, (&firsts, &bodies), &summaries, &mut located, &mut knowledge, on)?;
        let again = callers_of(&changed, &summaries);
        summarize(program, (&firsts, &asked), again, &mut summaries, &mut knowledge, on)?;
    }
    watch.check()?;
    drop(said);
    drop((typed, scratches));
    let end = |i: usize| {
        let input = Input { program, types, func: &funcs[i], first: &firsts[i], abi: bodies[i], seen: None };
        input.outcome(&summaries[i])
    };
    let outcomes: Vec<Outcome> = (0..funcs.len()).into_par_iter().map(end).collect();
    let inferred = infer(program, &firsts, &bodies, &located, summaries);
    let finish = |(i, sides): (usize, Sides)| {
        let input = Input { program, types, func: &funcs[i], first: &firsts[i], abi: bodies[i], seen: seen.get(i) };
        sides.finish(&input, &outcomes[i], &inferred[i])
    };
    Ok(located.into_par_iter().enumerate().map(finish).collect())
}

/// Whether some source knows that this code is called as compiled code is; sources say that of assembly too.
fn speaks_of_registers(typed: &[Typed]) -> bool {
    typed.iter().any(|t| !matches!(t.source, Source::Module | Source::Std))
}

/// What callers may assume before anything of parameters is known.
fn faces_before_params(program: &Program<'_>, firsts: &[First], bodies: &[Abi]) -> Vec<Face> {
    let returns = survey::returns(program, firsts);
    let face = |(((func, first), abi), returns): (((&Func, &First), &Abi), bool)| {
        // Homes of registers are part of the argument area: without it there are no parameters.
        let takes_nothing = *abi == Abi::ABI0 || (!first.asm && func.args == Some(0));
        match first.special() {
            Some(Special::Preserving { reads, .. }) => Face::new(Some(reads), true),
            Some(Special::Plain { params, .. }) => Face::new(Some(params), returns),
            Some(Special::Check(index)) => Face::new(Some(index.iter().copied().map(Reg).collect()), returns),
            _ => Face::new(takes_nothing.then_some(RegSet::NONE), returns),
        }
    };
    program.funcs().iter().zip(firsts).zip(bodies).zip(returns).map(face).collect()
}

/// Summaries of the functions that are `dirty`; of those that are `asked`, with what their code says of results. Repeated
/// for callers of functions that turn out never to return.
fn summarize(
    program: &Program<'_>,
    (firsts, asked): (&[First], &[bool]),
    mut dirty: Vec<bool>,
    summaries: &mut [Summary],
    knowledge: &mut Knowledge<'_, '_>,
    (scratches, watch): (&Pool<Scratch>, &Watch<'_>),
) -> Result<()> {
    const ROUNDS: usize = 8;
    for _ in 0..ROUNDS {
        watch.stage("reading code", dirty.iter().filter(|dirty| **dirty).count(), |tick| {
            tick.update(
                (&mut *summaries, &mut dirty),
                || scratches.pull(|| Scratch::new(program)),
                |scratch, i| {
                    let func = &program.funcs()[i];
                    let summary = summary((program, func), &firsts[i], asked[i], scratch, knowledge);
                    let gone = is_gone(&firsts[i], &summary, &knowledge.faces[i]);
                    (summary, gone)
                },
            )
        })?;
        let gone = dirty;
        knowledge.faces.iter_mut().zip(&gone).for_each(|(face, gone)| face.returns &= !gone);
        if !gone.contains(&true) {
            break;
        }
        dirty = callers_of(&gone, summaries);
    }
    Ok(())
}

/// Whether a function's summary shows for the first time that it never returns.
fn is_gone(first: &First, summary: &Summary, face: &Face) -> bool {
    face.returns && !summary.returns && (!first.asm || shows_all_calls(summary))
}

/// The functions that call one that is `wanted`.
fn callers_of(wanted: &[bool], summaries: &[Summary]) -> Vec<bool> {
    let calls = |s: &Summary| s.calls.iter().any(|call| wanted.get(call.callee as usize) == Some(&true));
    summaries.iter().map(calls).collect()
}

/// Whether assembly calls, and only what is known. Others may switch stacks and come back another way, as `mcall` does.
fn shows_all_calls(summary: &Summary) -> bool {
    !summary.calls.is_empty() && !summary.unknown_exit && summary.calls.iter().all(|call| call.callee != NONE)
}

fn summary(
    (program, func): (&Program<'_>, &Func),
    first: &First,
    results: bool,
    scratch: &mut Scratch,
    knowledge: &Knowledge<'_, '_>,
) -> Summary {
    if !program.reads_code() {
        return Summary { returns: true, unknown_exit: true, calls_indirectly: true, ..Summary::default() };
    }
    scratch.decode(program, func, first.growth.as_ref());
    let body = body(func, (&scratch.ops, &scratch.turns), first.growth.as_ref());
    scratch.usage.summarize(&body, knowledge, results)
}

/// What was decoded of a function, with the indices as in [`Body::turns`].
fn body<'o>(func: &Func, (ops, turns): (&'o [Op], &'o [u32]), growth: Option<&'o Growth>) -> Body<'o> {
    Body { ops, turns, entry: func.entry, end: func.end, deferreturn: func.deferreturn, growth }
}

/// Result counts in registers, for integers and floats.
fn infer(
    program: &Program<'_>,
    firsts: &[First],
    bodies: &[Abi],
    sides: &[Sides],
    summaries: Vec<Summary>,
) -> Vec<Inferred> {
    let makes = makes_objects(program, sides, &summaries);
    let known: Vec<Known> = (0..sides.len())
        .map(|i| Known {
            results: sides[i].known_results,
            params: sides[i].reads.unwrap_or_default(),
            opaque: firsts[i].asm || bodies[i] != Abi::ABIInternal,
            wrapper: program.funcs()[i].id == FuncId::Wrapper,
            closure: firsts[i].closure,
            allocator: matches!(firsts[i].special(), Some(Special::Allocator)) || makes[i],
        })
        .collect();
    results::infer(summaries, &known, &program.internal)
}

/// Functions whose only parameter is a runtime type at nearly every call: `runtime.newobject`, whatever its name.
fn makes_objects(program: &Program<'_>, sides: &[Sides], summaries: &[Summary]) -> Vec<bool> {
    const ENOUGH: u32 = 8;
    let mut sites = vec![(0u32, 0u32); sides.len()];
    for call in summaries.iter().flat_map(|s| &s.calls).filter(|c| !c.tail) {
        if let Some(site) = sites.get_mut(call.callee as usize) {
            site.0 += 1;
            site.1 += u32::from(call.takes_type);
        }
    }
    let first: RegSet = program.internal.ints.first().copied().into_iter().collect();
    let takes_one = |i: usize| sides[i].reads == Some(first);
    sites.iter().enumerate().map(|(i, (all, typed))| *all >= ENOUGH && typed * 10 >= all * 9 && takes_one(i)).collect()
}
