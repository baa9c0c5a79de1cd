//! Instructions that show where parameters and results are.

use super::{Scene, places, register};
use crate::abi::location::{Loc, Reg, RegSet};
use crate::code::growth::{self, Growth};
use crate::code::op::{Flow, Op};
use crate::evidence::helpers::Special;
use crate::golang::pclntab::Func;
use crate::resolve::{Resolved, frame};

/// Instructions from the entry in which the first read of a register parameter is looked for.
const REACH: usize = 256;
/// RETs before which results are looked for.
const RETURNS: usize = 4;
/// Accesses to one stack slot that are marked.
const ACCESSES: usize = 2;

/// An instruction that shows something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    /// Bytes from the entry.
    pub(super) at: u32,
    /// It shows a parameter, not a result.
    pub(super) params: bool,
    /// What it shows.
    pub(super) note: String,
}

/// Places and what is in them.
type Places = Vec<(Loc, u32, String)>;

impl Scene<'_, '_> {
    pub(super) fn marks(&self, func: &Func, resolved: &Resolved, ops: &[Op]) -> Vec<Mark> {
        let (params, results) = (places(&resolved.params, "a"), places(&resolved.results, "r"));
        let growth = self.growth(func, ops);
        let mut marks = Vec::new();
        if let Some(growth) = &growth {
            self.spills(growth, ops, &params, &mut marks);
        }
        let body = |op: &Op| growth.as_ref().is_none_or(|g| !(g.start..g.end).contains(&op.at));
        self.first_reads(ops, &params, body, &mut marks);
        self.on_stack(func, resolved, ops, [&params, &results], &mut marks);
        self.last_writes(ops, &results, &mut marks);
        marks.sort_by_key(|mark| mark.at);
        marks
    }

    fn growth(&self, func: &Func, ops: &[Op]) -> Option<Growth> {
        let helper = |target| self.program.at(target).and_then(|i| self.resolved.get(i)?.helper.as_deref());
        let morestack = |target| helper(target).is_some_and(|h| matches!(h.special, Special::Morestack));
        let from = |at: u32| ops.binary_search_by_key(&at, |op| op.at).ok().and_then(|i| ops.get(i..));
        growth::candidates(ops, func.entry).find_map(|at| growth::block(from(at)?, func.entry, false, morestack))
    }

    /// The stores of the stack-growth block.
    fn spills(&self, growth: &Growth, ops: &[Op], params: &Places, marks: &mut Vec<Mark>) {
        let block = ops.iter().filter(|op| (growth.start..growth.end).contains(&op.at) && op.store);
        for (op, reg) in block.filter_map(|op| Some((op, op.data?))) {
            let what = of_register(params, reg).unwrap_or("?");
            let note = format!("keeps {what} ({})", register(self.program, reg));
            marks.push(Mark { at: op.at, params: true, note });
        }
    }

    /// The first read of each register parameter, in the line from the entry.
    fn first_reads(&self, ops: &[Op], params: &Places, body: impl Fn(&Op) -> bool, marks: &mut Vec<Mark>) {
        let mut waiting: RegSet = registers(params).collect();
        for op in ops.iter().filter(|op| body(op)).take(REACH) {
            let passed = if op.flow == Flow::Call { self.takes(op.callee) } else { RegSet::NONE };
            for reg in registers(params).filter(|reg| waiting.has(*reg) && (op.reads | passed).has(*reg)) {
                let verb = if op.is_call() { "passes" } else { "reads" };
                let what = of_register(params, reg).unwrap_or("?");
                let note = format!("{verb} {what} ({})", register(self.program, reg));
                marks.push(Mark { at: op.at, params: true, note });
            }
            waiting = waiting & !(op.reads | op.writes);
            if op.is_call() || op.ends_block() || waiting.is_empty() {
                break;
            }
        }
    }

    /// The first accesses to what is on the stack: loads of parameters, stores of results.
    fn on_stack(&self, func: &Func, resolved: &Resolved, ops: &[Op], sides: [&Places; 2], marks: &mut Vec<Mark>) {
        let program = self.program;
        let register_abi = resolved.abi == crate::report::Abi::ABIInternal;
        let convention = if register_abi { &program.internal } else { &program.abi0 };
        let deltas = program.meta.pclntab.sp_deltas(program.image, func);
        let end = resolved.stack_args.saturating_add(resolved.stack_results);
        let mut seen: Vec<(u32, bool, usize)> = Vec::new();
        for access in frame::accesses(ops.iter(), deltas, convention.arg_base, end) {
            for (values, params) in sides.iter().zip([true, false]) {
                let Some((at, _, what)) = at_offset(values, access.off) else { continue };
                // A result that is read back says nothing of where it is.
                if !params && !access.store {
                    continue;
                }
                let slot = seen.iter().position(|(off, side, _)| (*off, *side) == (*at, params)).unwrap_or(seen.len());
                if slot == seen.len() {
                    seen.push((*at, params, 0));
                }
                if let Some((.., times)) = seen.get_mut(slot).filter(|(.., times)| *times < ACCESSES) {
                    *times += 1;
                    let verb = if access.store { "writes" } else { "reads" };
                    marks.push(Mark { at: access.at, params, note: format!("{verb} {what} (stack+{at})") });
                }
            }
        }
    }

    /// The last write of each result register in the line before a RET.
    fn last_writes(&self, ops: &[Op], results: &Places, marks: &mut Vec<Mark>) {
        let returns = ops.iter().enumerate().filter(|(_, op)| op.flow == Flow::Ret);
        for (ret, op) in returns.take(RETURNS) {
            let mut waiting: RegSet = registers(results).collect();
            if !waiting.is_empty() {
                marks.push(Mark { at: op.at, params: false, note: "returns".into() });
            }
            let line = ops[..ret].iter().rev().take(REACH);
            for op in line.take_while(|op| !op.is_call() && !op.ends_block()) {
                for reg in registers(results).filter(|reg| waiting.has(*reg) && op.writes.has(*reg)) {
                    let what = of_register(results, reg).unwrap_or("?");
                    let note = format!("sets {what} ({})", register(self.program, reg));
                    marks.push(Mark { at: op.at, params: false, note });
                }
                waiting = waiting & !op.writes;
            }
        }
    }

    /// Registers that hold a function's parameters.
    pub(super) fn takes(&self, callee: u32) -> RegSet {
        let resolved = self.resolved.get(callee as usize);
        resolved.map_or(RegSet::NONE, |resolved| registers(&places(&resolved.params, "")).collect())
    }
}

/// Registers among places.
pub(super) fn registers(places: &Places) -> impl Iterator<Item = Reg> {
    places.iter().filter_map(|(loc, ..)| match loc {
        Loc::Reg(reg) => Some(*reg),
        Loc::Stack(_) => None,
    })
}

fn of_register(places: &Places, reg: Reg) -> Option<&str> {
    places.iter().find(|(loc, ..)| *loc == Loc::Reg(reg)).map(|(.., what)| what.as_str())
}

fn at_offset(places: &Places, off: u32) -> Option<(&u32, u32, &str)> {
    places.iter().find_map(|(loc, size, what)| match loc {
        Loc::Stack(at) if (*at..at.saturating_add(*size)).contains(&off) => Some((at, *size, what.as_str())),
        _ => None,
    })
}
