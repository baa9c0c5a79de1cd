//! One function's two sides: what is known before code is asked for results, and what is settled after.

use super::knowledge::Knowledge;
use super::params::{self, Facts, Located, Reads};
use super::stack::{Seen, entry_pointers};
use super::survey::{First, arg_list};
use super::{Resolved, Scratch, assembly, helper, reads, verdict};
use crate::abi::assign::{Placed, assign_each};
use crate::abi::location::{Reg, RegSet};
use crate::abi::registers::Convention;
use crate::code::flow::NONE;
use crate::code::usage::Summary;
use crate::evidence::arg_info::ArgList;
use crate::evidence::callers::Passed;
use crate::evidence::captures;
use crate::evidence::helpers::{Helper, Special};
use crate::evidence::receivers;
use crate::evidence::results::{self, Inferred};
use crate::evidence::{Claim, Typed, Value, dictionary};
use crate::golang::func_id::FuncId;
use crate::golang::pclntab::Func;
use crate::program::Program;
use crate::report::{Abi, Confidence, Side, Source};
use crate::types::{Param, Types};
use std::sync::Arc;
use thin_vec::ThinVec;

/// What parameters and results are, as far as it is known before code is asked for results.
pub(super) struct Sides {
    located: Option<Located>,
    typed_params: Option<Claim>,
    typed_results: Option<Claim>,
    /// Typed signatures that were not taken, with the reason where it is not that a better one was.
    dropped: ThinVec<(Side, Claim, Option<String>)>,
    /// What a typed signature says of the argument area: bytes of stack parameters, and where the spill area begins.
    area: Option<(u32, u32)>,
    /// Calls that were asked about the parameters.
    calls: u32,
    /// Its body has registers and was compiled.
    internal: bool,
    /// What its code does, when that was found out on the way.
    pub(super) summary: Option<Box<Summary>>,
    /// Registers that hold parameters, if that is known.
    pub(super) reads: Option<RegSet>,
    /// Results in registers (integers, floats), when types or tables say them.
    pub(super) known_results: Option<(u8, u8)>,
    /// Whether the code has a say in what the results are.
    pub(super) asks_code: bool,
}

/// One function and what its sides are made from.
pub(super) struct Input<'p, 'a> {
    pub(super) program: &'p Program<'a>,
    pub(super) types: &'p Types,
    pub(super) func: &'p Func,
    pub(super) first: &'p First,
    pub(super) abi: Abi,
    /// What code says of its argument area, when everything is on the stack.
    pub(super) seen: Option<&'p Seen>,
}

/// What is kept of a function's summary to the end.
pub(super) struct Outcome {
    /// It can come back to its caller.
    returns: bool,
    /// It reads its closure.
    reads_closure: bool,
    /// It may call what a register or memory says.
    calls_indirectly: bool,
    /// The other face of an ABI wrapper.
    target: Option<u32>,
}

impl Input<'_, '_> {
    pub(super) fn outcome(&self, summary: &Summary) -> Outcome {
        let closure = self.program.internal.closure;
        Outcome {
            returns: summary.returns,
            calls_indirectly: summary.calls_indirectly,
            reads_closure: closure.is_some_and(|register| summary.entry_reads.has(register)),
            target: forwards_to(self, summary),
        }
    }

    /// Locates parameters, with what callers prepare if that is known, and takes typed signatures that agree with it.
    pub(super) fn sides(
        &self,
        typed: &[Typed],
        passed: Option<&Passed>,
        scratch: &mut Scratch,
        knowledge: &Knowledge<'_, '_>,
    ) -> Sides {
        let mut summary = None;
        let located = self.located(passed, scratch, knowledge, &mut summary);
        let internal = self.abi == Abi::ABIInternal && self.convention().uses_registers() && !self.first.asm;
        let mut sides = Sides {
            located,
            typed_params: None,
            typed_results: None,
            dropped: ThinVec::new(),
            area: None,
            calls: passed.map_or(0, |passed| passed.calls),
            internal,
            summary,
            reads: None,
            known_results: None,
            asks_code: false,
        };
        for source in typed {
            self.assign(source, &mut sides);
        }
        // Where types say both sides, what was located has no say any more, but for its confidence and sizes.
        let typed = sides.typed_params.is_some() && sides.typed_results.is_some();
        if let Some(located) = sides.located.as_mut().filter(|_| typed && !self.program.explain) {
            located.values = Box::default();
        }
        sides.reads = self.reads(&sides);
        sides.known_results = self.known_results(&sides);
        let known = sides.typed_results.is_some() || matches!(self.first.special(), Some(Special::Plain { .. }));
        sides.asks_code = self.abi == Abi::ABIInternal && !self.first.asm && !known;
        sides
    }

    /// Registers that hold parameters.
    fn reads(&self, sides: &Sides) -> Option<RegSet> {
        let first = self.first;
        if let Some(Special::Plain { params, .. }) = first.special() {
            return Some(params);
        }
        let typed = sides.typed_params.as_ref().map(|c| &c.values);
        // What its code alone says of assembly is too little to tell callers what they pass.
        let guessed = sides.located.as_ref().is_none_or(|l| l.confidence == Confidence::Guess);
        if first.asm && typed.is_none() && guessed {
            return Some(RegSet::NONE);
        }
        let values = typed.or(sides.located.as_ref().map(|l| &l.values))?;
        Some(params::registers(values).collect())
    }

    /// Results in registers, when types or tables say them.
    fn known_results(&self, sides: &Sides) -> Option<(u8, u8)> {
        match self.first.special() {
            Some(Special::Plain { results, .. }) => return Some((results, 0)),
            Some(Special::Deferproc | Special::NoReturn | Special::Check(_)) => return Some((0, 0)),
            _ if self.abi == Abi::ABI0 => return Some((0, 0)),
            _ => {}
        }
        let regs: RegSet = params::registers(&sides.typed_results.as_ref()?.values).collect();
        let count = |order: &[Reg]| order.iter().filter(|r| regs.has(**r)).count() as u8;
        Some((count(self.program.internal.ints), count(self.program.internal.floats)))
    }

    /// What was located, with what names and method tables say of receivers and dictionaries.
    fn metadata_claim(&self, mut located: Located, calls: u32) -> Claim {
        let Input { program, func, first, .. } = *self;
        if let Some(ty) = program.receivers.get(&func.entry) {
            receivers::refine(&mut located.values, *ty, self.types, self.convention());
        }
        if program.names {
            let (first, word) = (program.meta.version.dictionary_first(), program.image.arch.ptr_size());
            dictionary::mark(&mut located.values, &program.name(func), func.id, first, word);
        }
        Claim {
            source: located.source,
            confidence: located.confidence,
            values: located.values,
            text: program.explain.then(|| Arc::new(verdict::metadata_text(program, first, func, self.seen, calls))),
            at: func.entry,
        }
    }

    fn convention(&self) -> &Convention {
        if self.abi == Abi::ABIInternal { &self.program.internal } else { &self.program.abi0 }
    }

    fn located(
        &self,
        passed: Option<&Passed>,
        scratch: &mut Scratch,
        knowledge: &Knowledge<'_, '_>,
        summary: &mut Option<Box<Summary>>,
    ) -> Option<Located> {
        let convention = self.convention();
        let list = arg_list(self.program, self.func);
        let list = list.as_ref();
        let hides = !self.program.names || self.program.meta.obfuscated || self.first.instance;
        let may_hide_first = hides && list.is_some();
        if self.abi != Abi::ABIInternal || !convention.uses_registers() {
            let silent = !self.program.lists_arguments();
            if self.first.asm && list.is_none() {
                return assembly::on_stack(self.program, self.func, scratch);
            }
            return params::on_stack(list, self.func.args, silent, may_hide_first, self.seen, convention);
        }
        if self.first.asm && list.is_none() {
            return assembly::in_registers(self.first.taken.registers, convention);
        }
        let spills = self.first.growth.as_ref().map(|g| &*g.spills).unwrap_or_default();
        let mut reads = Reads::default();
        let silent = spills.is_empty() && list.is_some_and(|l| !l.groups.is_empty() || self.func.args != Some(0));
        if self.program.reads_code() && (silent || list.is_some_and(|l| !l.is_complete())) {
            (reads, *summary) = reads::of(self.program, self.func, self.first, scratch, knowledge);
        }
        let facts = Facts {
            spills,
            pointers: if spills.is_empty() && list.is_none_or(ArgList::is_complete) {
                0
            } else {
                entry_pointers(self.program, self.func)
            },
            list,
            live_start: self.program.meta.pclntab.live_start(self.program.image, self.func).map(u32::from),
            args: self.func.args,
            may_hide_first,
            reads: &reads,
            passed,
        };
        let mut located = params::locate(&facts, convention)?;
        if !self.program.reads_code() {
            // Without code, integers and floats are guessed, and so is where the spill area starts.
            located.confidence = located.confidence.min(Confidence::Guess);
        }
        Some(located)
    }

    /// Takes a typed signature when it agrees with the sizes and places that the binary itself gives.
    fn assign(&self, typed: &Typed, sides: &mut Sides) {
        let convention = self.convention();
        let claim = |values: Box<[Value]>| Claim {
            source: typed.source,
            confidence: typed.confidence,
            values,
            text: typed.text.clone(),
            at: typed.at,
        };
        let value = |placed: Placed, param: &Param| Value {
            name: param.name.as_str().into(),
            role: param.role,
            ty: Some(param.ty),
            size: placed.size,
            pieces: placed.pieces,
        };
        let (params, results, area) = assign_each(self.types, &typed.signature, convention, value);
        let (mut params, results) = (claim(params), claim(results));
        let exact = sides.located.as_ref().filter(|l| l.confidence == Confidence::Exact);
        let places_agree = exact.map(|l| params::same_places(&l.values, &params.values));
        // Results that are not listed may be on the stack, and then the size does not show whether parameters fit.
        let size_agrees = self.func.args.is_none_or(|args| {
            args == area.args_size
                || (self.first.asm && assembly::declares(args, self.types, typed, &self.program.abi0))
        });
        // Stubs of the runtime have registers of their own (`runtime.panicIndex`): assembly that reads others is not meant.
        let claimed: RegSet = params::registers(&params.values).collect();
        let reads_others = self.abi == Abi::ABIInternal && !(self.first.taken.registers & !claimed).is_empty();
        let unlisted = || arg_list(self.program, self.func).is_none();
        let size_agrees = size_agrees && !(self.first.asm && reads_others && unlisted());
        let confirmed = size_agrees || (!typed.has_results && places_agree == Some(true));
        if !confirmed || places_agree == Some(false) {
            let why = match (places_agree, self.func.args) {
                (Some(false), _) => "its values would be in other places than those that the spill block shows".into(),
                (_, args) => {
                    format!("it takes {} bytes of arguments, the function {}", area.args_size, args.unwrap_or_default())
                }
            };
            sides.dropped.push((Side::Params, params, Some(why)));
            return;
        }
        if places_agree == Some(true) {
            params.confidence = Confidence::Exact;
        }
        sides.area = sides.area.or(typed.has_results.then_some((area.stack_args, area.spill_offset)));
        let mut weaker = Vec::new();
        weaker.extend(verdict::supersede(&mut sides.typed_params, params).map(|claim| (Side::Params, claim, None)));
        if typed.has_results {
            weaker.extend(
                verdict::supersede(&mut sides.typed_results, results).map(|claim| (Side::Results, claim, None)),
            );
        }
        if self.program.explain {
            sides.dropped.extend(weaker);
        }
    }
}

impl Sides {
    /// Whether the parameters rest on a guess about compiled code with registers, which callers may know better.
    pub(super) fn in_doubt(&self) -> bool {
        let sure = self.located.as_ref().is_some_and(|l| l.confidence == Confidence::Exact);
        self.typed_params.is_none() && self.internal && !sure
    }

    /// Settles both sides.
    pub(super) fn finish(self, input: &Input<'_, '_>, outcome: &Outcome, inferred: &Inferred) -> Resolved {
        let Input { program, func, first, abi, .. } = *input;
        let located = self.located;
        let shown = || located.as_ref().map(|l| (l.stack_args, l.spill_offset));
        let (stack_args, spill_offset) = self.area.or_else(shown).unwrap_or_default();
        // Where types say both sides, what was located has no say any more.
        let asked = program.explain || self.typed_params.is_none() || self.typed_results.is_none();
        let metadata = located.filter(|_| asked).map(|l| input.metadata_claim(l, self.calls));
        let code = (abi == Abi::ABIInternal && !first.asm && program.reads_code())
            .then(|| results_claim(program, func, inferred, (stack_args, spill_offset)))
            .flatten();
        let code = code.or_else(|| {
            let word = program.image.arch.ptr_size();
            params::stack_results(abi, metadata.as_ref(), (stack_args, spill_offset), word, program.explain)
        });
        let weaker = [(Side::Params, metadata.as_ref()), (Side::Results, code.as_ref())];
        let weaker = weaker.map(|(side, claim)| (side, claim.filter(|_| program.explain).cloned()));
        let (abi, params, results) = match helper::of_helper(input) {
            Some((abi, params, results)) => {
                let better = |typed: Option<Claim>, table: Claim| {
                    typed.filter(|typed| params::same_places(&typed.values, &table.values)).unwrap_or(table)
                };
                (abi, Some(better(self.typed_params, params)), Some(better(self.typed_results, results)))
            }
            None => (abi, self.typed_params.or(metadata), self.typed_results.or(code)),
        };
        let written = |(_, claim, why): &&(Side, Claim, Option<String>)| {
            why.is_some() && matches!(claim.source, Source::Module | Source::Std)
        };
        let doubt = "the signature in the sources does not fit this function's sizes and places";
        let notes = self.dropped.iter().find(written).map(|_| doubt.to_string()).into_iter().collect();
        let others = verdict::lost(self.dropped, weaker, &params, &results);
        let why = program.explain.then(|| verdict::won(params.as_ref(), results.as_ref(), &others).into());
        // Some helpers have a parameter where closures have their context.
        let is_taken =
            |register| params.iter().flat_map(|claim| params::registers(&claim.values)).any(|reg| reg == register);
        let closure = (first.closure || outcome.reads_closure) && !program.internal.closure.is_some_and(is_taken);
        let context = program.internal.closure.filter(|_| closure);
        let captures = context.map(|register| captures::loaded(program, func, register)).unwrap_or_default();
        Resolved {
            abi,
            target: outcome.target,
            helper: first.helper.clone(),
            asm: first.asm,
            params,
            results,
            others,
            why,
            stack_args,
            stack_results: spill_offset.saturating_sub(stack_args),
            spill: func.args.unwrap_or(0).saturating_sub(spill_offset),
            closure,
            captures,
            noreturn: !first.helper.as_deref().and_then(Helper::comes_back).unwrap_or(outcome.returns),
            growth: first.growth.as_ref().map(|growth| (growth.start, growth.end)),
            calls_indirectly: outcome.calls_indirectly,
            notes,
        }
    }
}

fn results_claim(
    program: &Program<'_>,
    func: &Func,
    inferred: &Inferred,
    (stack_args, spill_offset): (u32, u32),
) -> Option<Claim> {
    let Inferred { ints, floats, .. } = inferred;
    // Code does not tell the order of classes. What does not fit registers, and floats, mostly come before an error.
    let stack = spill_offset.saturating_sub(stack_args);
    // Where integer registers are used up, the stack holds what came after them.
    let full = usize::from(ints.count) == program.internal.ints.len();
    let of = |sequence: &'static [Reg], n: u8| sequence.iter().take(usize::from(n));
    let registers = of(program.internal.floats, floats.count).chain(of(program.internal.ints, ints.count));
    let mut values = Vec::with_capacity(usize::from(floats.count + ints.count));
    values.extend(registers.map(|reg| params::register_result(*reg)));
    let at = if full { values.len() } else { 0 };
    values.splice(at..at, params::stack_words(stack_args, stack, program.image.arch.ptr_size()));
    Some(Claim {
        source: Source::Code,
        confidence: results::confidence::of(inferred, stack),
        values: values.into(),
        text: program.explain.then(|| Arc::new(results::confidence::text(inferred))),
        at: func.entry,
    })
}

/// The other face of an ABI wrapper: what an ABI0 body enters ABIInternal for, or the ABI0 body that an ABIInternal one
/// calls and restores its registers after.
fn forwards_to(input: &Input<'_, '_>, summary: &Summary) -> Option<u32> {
    let Input { program, func, first, abi, .. } = *input;
    if func.id != FuncId::Wrapper || first.asm || !program.internal.uses_registers() {
        return None;
    }
    if abi == Abi::ABI0 {
        return summary.calls.last().map(|call| call.callee).filter(|callee| *callee != NONE);
    }
    let restored = first.code.calls.iter().find(|(_, restored)| *restored)?;
    program.at(restored.0).map(|i| i as u32)
}
