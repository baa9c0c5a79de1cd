//! Picks, for every function, the claim to believe: parameters first, because callers' code is read with the callees'
//! parameters in hand, then results, to a fixpoint.

pub mod frame;
pub mod knowledge;
pub mod params;
pub mod survey;

use crate::abi::assign::assign;
use crate::abi::location::RegSet;
use crate::code::growth::Growth;
use crate::code::op::Op;
use crate::code::usage::{Body, Summary, Usage};
use crate::code::x86::X86;
use crate::evidence::helpers::{Helper, Special};
use crate::evidence::results::bounds::Bounds;
use crate::evidence::results::decide::{Decision, decide};
use crate::evidence::results::{self, Known};
use crate::evidence::{Claim, Typed, Value};
use crate::golang::pclntab::Func;
use crate::program::Program;
use crate::report::{Abi, Confidence, Source};
use crate::types::Types;
use knowledge::{Face, Knowledge};
use params::{Facts, Located, Reads};
use rayon::prelude::*;
use std::collections::HashMap;
use survey::First;

/// What is settled of one function.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// Its convention.
    pub abi: Abi,
    /// A helper with a convention of its own.
    pub helper: Option<Helper>,
    /// Written in assembly.
    pub asm: bool,
    /// Parameters, by the claim that won.
    pub params: Option<Claim>,
    /// Results, by the claim that won.
    pub results: Option<Claim>,
    /// Claims that did not win.
    pub others: Vec<(Claim, bool)>,
    /// Stack parameters, rounded up to words, in bytes.
    pub stack_args: u32,
    /// Stack results, in bytes.
    pub stack_results: u32,
    /// The spill area, in bytes.
    pub spill: u32,
    /// It reads its closure.
    pub closure: bool,
    /// It never returns.
    pub noreturn: bool,
    /// What else is to be said.
    pub notes: Vec<String>,
}

/// A thread's scratch memory.
struct Scratch {
    decoder: X86,
    ops: Vec<Op>,
    usage: Usage,
}

impl Scratch {
    fn new(program: &Program<'_>) -> Self {
        let bits = 8 * program.image.arch.ptr_size();
        Scratch { decoder: X86::new(bits), ops: Vec::new(), usage: Usage::default() }
    }
}

/// Resolves every function of the program.
pub fn resolve(program: &Program<'_>, types: &Types, typed: &HashMap<u64, Vec<Typed>>) -> Vec<Resolved> {
    let funcs = program.funcs();
    let firsts = survey::survey(program);
    let bodies = survey::conventions(program, &firsts, |entry| typed.contains_key(&entry));
    let mut knowledge = Knowledge { program, faces: Vec::new() };
    knowledge.faces = faces_before_params(program, &firsts, &bodies);
    let located: Vec<Sides> = funcs
        .par_iter()
        .enumerate()
        .map_init(
            || Scratch::new(program),
            |scratch, (i, func)| {
                let input = Input { program, types, func, first: &firsts[i], abi: bodies[i] };
                input.sides(typed.get(&func.entry).map(Vec::as_slice).unwrap_or_default(), scratch, &knowledge)
            },
        )
        .collect();
    for (face, (sides, first)) in knowledge.faces.iter_mut().zip(located.iter().zip(&firsts)) {
        face.reads = face.reads.or(sides.reads(first));
    }
    let summaries = summarize(program, &firsts, &mut knowledge);
    let decisions = infer(program, &firsts, &bodies, &located, &summaries);
    let finish = |(i, sides): (usize, Sides)| {
        sides.finish(program, &funcs[i], &firsts[i], bodies[i], &summaries[i], &decisions.0[i], &decisions.1[i])
    };
    located.into_par_iter().enumerate().map(finish).collect()
}

/// What callers may assume before anything of parameters is known.
fn faces_before_params(program: &Program<'_>, firsts: &[First], bodies: &[Abi]) -> Vec<Face> {
    let returns = survey::returns(program, firsts);
    let face = |((first, abi), returns): ((&First, &Abi), bool)| {
        let mut face = Face { returns, ..Face::default() };
        if *abi == Abi::ABI0 {
            face.reads = Some(RegSet::NONE);
        }
        match first.helper.map(|h| h.special) {
            Some(Special::Preserving { reads, kills, writes }) => {
                Face { reads: Some(reads), kills, writes, returns: true }
            }
            Some(Special::Plain { params, .. }) => Face { reads: Some(params), ..face },
            _ => face,
        }
    };
    firsts.iter().zip(bodies).zip(returns).map(face).collect()
}

/// Summaries of all functions; repeated for callers of functions that turn out never to return.
fn summarize(program: &Program<'_>, firsts: &[First], knowledge: &mut Knowledge<'_, '_>) -> Vec<Summary> {
    const ROUNDS: usize = 8;
    let all: Vec<u32> = (0..program.funcs().len() as u32).collect();
    let mut summaries = vec![Summary::default(); all.len()];
    let mut dirty = all;
    for _ in 0..ROUNDS {
        let done: Vec<(u32, Summary)> = dirty
            .par_iter()
            .map_init(
                || Scratch::new(program),
                |scratch, &i| (i, summary(program, i, &firsts[i as usize], scratch, knowledge)),
            )
            .collect();
        let mut gone = Vec::new();
        for (i, summary) in done {
            let face = &mut knowledge.faces[i as usize];
            if face.returns && !summary.returns && !firsts[i as usize].asm {
                face.returns = false;
                gone.push(i);
            }
            summaries[i as usize] = summary;
        }
        if gone.is_empty() {
            break;
        }
        gone.sort_unstable();
        let calls_gone = |s: &Summary| s.calls.iter().any(|c| gone.binary_search(&c.callee).is_ok());
        dirty = (0u32..).zip(&summaries).filter(|(_, s)| calls_gone(s)).map(|(i, _)| i).collect();
    }
    summaries
}

fn summary(
    program: &Program<'_>,
    index: u32,
    first: &First,
    scratch: &mut Scratch,
    knowledge: &Knowledge<'_, '_>,
) -> Summary {
    let func = &program.funcs()[index as usize];
    scratch.decoder.decode(program.code(func), func.entry, &mut scratch.ops);
    let body = body(func, &scratch.ops, first.growth.as_ref());
    scratch.usage.summarize(&body, knowledge)
}

fn body<'o>(func: &Func, ops: &'o [Op], growth: Option<&'o Growth>) -> Body<'o> {
    Body { ops, entry: func.entry, end: func.end, deferreturn: func.deferreturn, growth }
}

/// Result counts in registers, for integers and floats.
fn infer(
    program: &Program<'_>,
    firsts: &[First],
    bodies: &[Abi],
    sides: &[Sides],
    summaries: &[Summary],
) -> (Vec<Decision>, Vec<Decision>) {
    let makes = makes_objects(program, sides, firsts, summaries);
    let known: Vec<Known> = (0..sides.len())
        .map(|i| Known {
            results: sides[i].known_results(program, &firsts[i], bodies[i]),
            params: sides[i].reads(&firsts[i]).unwrap_or_default(),
            opaque: firsts[i].asm || bodies[i] != Abi::ABIInternal,
            wrapper: program.funcs()[i].id == crate::golang::func_id::FuncId::Wrapper,
            closure: firsts[i].closure,
            allocator: matches!(firsts[i].helper.map(|h| h.special), Some(Special::Allocator)) || makes[i],
        })
        .collect();
    let class = |order: &[crate::abi::location::Reg], float| {
        let class = results::Program::new(summaries, &known, order, float);
        decide(&class, &Bounds::of(&class))
    };
    rayon::join(|| class(program.internal.ints, false), || class(program.internal.floats, true))
}

/// Functions whose only parameter is a runtime type at nearly every call: `runtime.newobject`, whatever its name.
fn makes_objects(program: &Program<'_>, sides: &[Sides], firsts: &[First], summaries: &[Summary]) -> Vec<bool> {
    const ENOUGH: u32 = 8;
    let mut sites = vec![(0u32, 0u32); sides.len()];
    for call in summaries.iter().flat_map(|s| &s.calls).filter(|c| !c.tail) {
        if let Some(site) = sites.get_mut(call.callee as usize) {
            site.0 += 1;
            site.1 += u32::from(call.takes_type);
        }
    }
    let first: RegSet = program.internal.ints.first().copied().into_iter().collect();
    let takes_one = |i: usize| sides[i].reads(&firsts[i]) == Some(first);
    sites.iter().enumerate().map(|(i, (all, typed))| *all >= ENOUGH && typed * 10 >= all * 9 && takes_one(i)).collect()
}

/// What parameters and results are, as far as it is known before code is asked for results.
struct Sides {
    located: Option<Located>,
    typed_params: Option<Claim>,
    typed_results: Option<Claim>,
    dropped: Vec<Claim>,
    area: Option<crate::abi::assign::Area>,
}

struct Input<'p, 'a> {
    program: &'p Program<'a>,
    types: &'p Types,
    func: &'p Func,
    first: &'p First,
    abi: Abi,
}

impl Input<'_, '_> {
    fn sides(&self, typed: &[Typed], scratch: &mut Scratch, knowledge: &Knowledge<'_, '_>) -> Sides {
        let located = self.located(scratch, knowledge);
        let mut sides = Sides { located, typed_params: None, typed_results: None, dropped: Vec::new(), area: None };
        for source in typed {
            self.assign(source, &mut sides);
        }
        sides
    }

    fn located(&self, scratch: &mut Scratch, knowledge: &Knowledge<'_, '_>) -> Option<Located> {
        let convention = match self.abi {
            Abi::ABIInternal => &self.program.internal,
            _ => &self.program.abi0,
        };
        let list = self.first.list.as_ref();
        if self.abi != Abi::ABIInternal || !convention.uses_registers() {
            return params::on_stack(list, self.func.args, self.first.asm, convention);
        }
        let spills = self.first.growth.as_ref().map(|g| g.spills.as_slice()).unwrap_or_default();
        let mut reads = Reads::default();
        let silent = spills.is_empty() && list.is_some_and(|l| !l.groups.is_empty() || self.func.args != Some(0));
        if silent || list.is_some_and(|l| !l.is_complete()) {
            reads = self.reads(scratch, knowledge);
        }
        let facts = Facts { spills, list, live_start: self.first.live_start, args: self.func.args, reads: &reads };
        params::locate(&facts, convention)
    }

    /// What the body reads of what it was given.
    fn reads(&self, scratch: &mut Scratch, knowledge: &Knowledge<'_, '_>) -> Reads {
        let (program, func) = (self.program, self.func);
        scratch.decoder.decode(program.code(func), func.entry, &mut scratch.ops);
        let body = body(func, &scratch.ops, self.first.growth.as_ref());
        let regs = scratch.usage.summarize(&body, knowledge).entry_reads;
        let ops = scratch.ops.iter().filter(|op| !body.is_growth(op));
        let deltas = program.meta.pclntab.sp_deltas(program.image, func);
        let stack = frame::argument_reads(ops, deltas, self.program.internal.arg_base, func.args.unwrap_or(0));
        Reads { regs, stack }
    }

    /// Takes a typed signature when it agrees with the sizes and places that the binary itself gives.
    fn assign(&self, typed: &Typed, sides: &mut Sides) {
        let convention = if self.abi == Abi::ABIInternal { &self.program.internal } else { &self.program.abi0 };
        let assignment = assign(self.types, &typed.signature, convention);
        let claim = |values: Vec<Value>| Claim {
            source: typed.source,
            confidence: Confidence::Exact,
            values,
            text: typed.text.clone(),
            at: typed.at.clone(),
        };
        let values = |placed: Vec<crate::abi::assign::Placed>, params: &[crate::types::Param]| -> Vec<Value> {
            placed
                .into_iter()
                .zip(params)
                .map(|(placed, param)| Value {
                    name: param.name.clone(),
                    role: param.role,
                    ty: Some(param.ty),
                    size: placed.size,
                    pieces: placed.pieces,
                })
                .collect()
        };
        let area = assignment.area;
        let params = claim(values(assignment.params, &typed.signature.params));
        let results = claim(values(assignment.results, &typed.signature.results));
        let exact = sides.located.as_ref().filter(|l| l.confidence == Confidence::Exact);
        let places_agree = exact.map(|l| params::same_places(&l.values, &params.values));
        // Results that are not listed may be on the stack, and then the size does not show whether parameters fit.
        let size_agrees = self.func.args.is_none_or(|args| args == area.args_size);
        let confirmed = size_agrees || (!typed.has_results && places_agree == Some(true));
        if !confirmed || places_agree == Some(false) {
            sides.dropped.push(params);
            return;
        }
        if sides.typed_params.is_none() {
            sides.typed_params = Some(params);
            sides.area = typed.has_results.then_some(area);
        }
        if typed.has_results && sides.typed_results.is_none() {
            sides.typed_results = Some(results);
        }
    }
}

impl Sides {
    /// Registers that hold parameters.
    fn reads(&self, first: &First) -> Option<RegSet> {
        if let Some(Special::Plain { params, .. }) = first.helper.map(|h| h.special) {
            return Some(params);
        }
        let typed = self.typed_params.as_ref().map(|c| &c.values);
        let values = typed.or(self.located.as_ref().map(|l| &l.values))?;
        Some(params::registers(values).collect())
    }

    fn known_results(&self, program: &Program<'_>, first: &First, abi: Abi) -> Option<(u8, u8)> {
        match first.helper.map(|h| h.special) {
            Some(Special::Plain { results, .. }) => return Some((results, 0)),
            Some(Special::Deferproc | Special::NoReturn) => return Some((0, 0)),
            _ => {}
        }
        if abi == Abi::ABI0 {
            return Some((0, 0));
        }
        let values = &self.typed_results.as_ref()?.values;
        let regs: RegSet = params::registers(values).collect();
        let count = |order: &[crate::abi::location::Reg]| order.iter().filter(|r| regs.has(**r)).count() as u8;
        Some((count(program.internal.ints), count(program.internal.floats)))
    }

    #[allow(clippy::too_many_arguments)]
    fn finish(
        self,
        program: &Program<'_>,
        func: &Func,
        first: &First,
        abi: Abi,
        summary: &Summary,
        ints: &Decision,
        floats: &Decision,
    ) -> Resolved {
        let located = self.located;
        let (stack_args, spill_offset) = match (&self.area, &located) {
            (Some(area), _) => (area.stack_args, area.spill_offset),
            (None, Some(l)) => (l.stack_args, l.spill_offset),
            (None, None) => (0, 0),
        };
        let metadata = located.map(|l| Claim {
            source: l.source,
            confidence: l.confidence,
            values: l.values,
            text: String::new(),
            at: vec![func.entry],
        });
        let code = (abi == Abi::ABIInternal && !first.asm)
            .then(|| results_claim(program, func, ints, floats, (stack_args, spill_offset)))
            .flatten();
        let code = code.or_else(|| params::stack_results(abi, metadata.as_ref(), stack_args, spill_offset));
        let params = self.typed_params.or(metadata);
        let results = self.typed_results.or(code);
        Resolved {
            abi,
            helper: first.helper,
            asm: first.asm,
            params,
            results,
            others: self.dropped.into_iter().map(|c| (c, false)).collect(),
            stack_args,
            stack_results: spill_offset.saturating_sub(stack_args),
            spill: func.args.unwrap_or(0).saturating_sub(spill_offset),
            closure: first.closure || summary.entry_reads.0 & program.internal.closure.map_or(0, |r| 1 << r.0) != 0,
            noreturn: !summary.returns,
            notes: Vec::new(),
        }
    }
}

fn results_claim(
    program: &Program<'_>,
    func: &Func,
    ints: &Decision,
    floats: &Decision,
    (stack_args, spill_offset): (u32, u32),
) -> Option<Claim> {
    let regs =
        |list: &[crate::abi::location::Reg], n: u8| list.iter().take(usize::from(n)).copied().collect::<Vec<_>>();
    // Code does not tell the order of classes. What does not fit registers, and floats, mostly come before an error.
    let stack = spill_offset.saturating_sub(stack_args);
    let mut values: Vec<Value> = params::stack_words(stack_args, stack).collect();
    let registers = regs(program.internal.floats, floats.count).into_iter().chain(regs(program.internal.ints, ints.count));
    values.extend(registers.map(params::register_result));
    Some(Claim {
        source: Source::Code,
        confidence: results::confidence::of(ints, floats, stack),
        values,
        text: results::confidence::text(ints, floats),
        at: vec![func.entry],
    })
}
