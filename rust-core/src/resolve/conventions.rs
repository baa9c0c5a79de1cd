//! Which of Go's two conventions each function has.
//!
//! *Reads* wrappers, call sites, how bodies begin, runtime types. *Can be trusted*: compiled code has ABIInternal unless
//! it sets up that convention's registers itself or takes its parameters from the stack; a wrapper has the convention
//! that its target has not. *Where it lies*: of assembly that takes and gives nothing both conventions are true, and
//! its declaration, which the binary lacks, may say either.

use super::survey::First;
use super::{Scratch, frame};
use crate::abi::location::RegSet;
use crate::evidence::helpers::Special;
use crate::golang::func_id::FuncId;
use crate::golang::pclntab::Func;
use crate::program::Program;
use crate::report::Abi;

/// Where assembly takes values from or puts them, as far as its code shows.
#[derive(Debug, Clone, Copy, Default)]
pub struct Taken {
    /// It loads from its argument area, or stores to it. The area's address alone is the caller's SP.
    pub stack: bool,
    /// Registers of parameters that it reads before it writes them, as far as its first straight line tells.
    pub registers: RegSet,
    /// It saves some in its frame, or calls with what it is given still in the first of these.
    pub passes: bool,
}

impl Taken {
    /// Whether it has its values in registers.
    fn in_registers(&self) -> bool {
        !self.stack && (self.passes || !self.registers.is_empty())
    }

    /// Whether its own code shows nothing.
    fn is_silent(&self) -> bool {
        !self.stack && !self.passes && self.registers.is_empty()
    }
}

/// Bytes of the argument area of assembly that does not say how large it is.
const UNDECLARED: u32 = 64;

/// Assembly that nothing compiled calls, by its funcID: from which minor version on its TEXT line says what
/// (`runtime/asm_*.s`, `runtime/preempt_*.s`). The last row that applies counts.
const BY_ID: &[(FuncId, u16, Abi)] = &[
    (FuncId::DebugCall, 17, Abi::ABIInternal),
    (FuncId::AsyncPreempt, 17, Abi::ABIInternal),
    (FuncId::AsyncPreempt, 18, Abi::ABI0),
];

/// What assembly shows of where its values are.
pub(super) fn taken(program: &Program<'_>, func: &Func, scratch: &mut Scratch) -> Taken {
    scratch.decode(program, func, None);
    let deltas = program.meta.pclntab.sp_deltas(program.image, func);
    let area = func.args.unwrap_or(0).max(UNDECLARED);
    let stack = frame::accesses(scratch.ops.iter(), deltas, program.internal.arg_base, area).any(|a| a.size > 0);
    let params: RegSet = program.internal.ints.iter().chain(program.internal.floats).copied().collect();
    let mut taken = Taken { stack, ..Taken::default() };
    let mut written = RegSet::NONE;
    let first: RegSet = program.internal.ints.first().copied().into_iter().collect();
    for op in &scratch.ops {
        let given = op.reads & params & !written;
        // What is put into the own frame may only be saved there.
        if op.store && op.stack.is_some() {
            taken.passes |= !given.is_empty();
        } else {
            taken.registers |= given;
        }
        taken.passes |= op.is_call() && func.args.is_some_and(|args| args > 0) && (written & first).is_empty();
        written |= op.writes;
        if op.is_call() || op.ends_block() {
            break;
        }
    }
    taken
}

/// Whether the first thing after the call is a load from the outgoing area.
pub(super) fn reads_back(program: &Program<'_>, func: &Func, scratch: &mut Scratch) -> bool {
    scratch.decode(program, func, None);
    let area = i64::from(program.image.arch.info().outgoing);
    let next = scratch.ops.iter().skip_while(|op| !op.is_call()).nth(1);
    next.is_some_and(|op| op.load && op.stack.is_some_and(|slot| i64::from(slot.disp) >= area))
}

/// Whether compiled code restores registers of its convention after it called ABI0 code.
pub(super) fn restores_registers(program: &Program<'_>) -> bool {
    program.internal.zero.is_some_and(|zero| program.abi0.zero != Some(zero))
}

/// Each function's convention. Runtime types speak of ABIInternal code only: `typed` tells which functions they know.
pub(super) fn conventions(program: &Program<'_>, firsts: &[First], typed: impl Fn(usize) -> bool) -> Vec<Abi> {
    if !program.internal.uses_registers() {
        return vec![Abi::ABI0; firsts.len()];
    }
    let compiled = |f: &First| {
        if f.code.enters_internal || f.loads_g || f.takes_from_stack { Abi::ABI0 } else { Abi::ABIInternal }
    };
    let mut abis: Vec<Abi> = firsts.iter().map(|f| if f.asm { Abi::ABI0 } else { compiled(f) }).collect();
    let pairs = pairs(program, firsts);
    for (wrapper, target) in &pairs {
        let (from, to) = (&firsts[*wrapper], &firsts[*target]);
        if !to.asm && from.code.only_jumps() {
            abis[*wrapper] = Abi::ABI0;
        } else if !to.asm && from.reads_back {
            abis[*target] = Abi::ABI0;
        }
    }
    let sites = Sites::count(program, firsts, &abis);
    for i in 0..abis.len() {
        let func = &program.funcs()[i];
        abis[i] = match abis[i] {
            _ if is_morestack(&firsts[i]) => Abi::ABI0,
            _ if firsts[i].asm && typed(i) => Abi::ABIInternal,
            abi if firsts[i].asm => {
                by_id(program, func.id).unwrap_or_else(|| sites.assembly(i, &firsts[i]).unwrap_or(abi))
            }
            _ if sites.shown && sites.restored[i] > sites.plain[i] => Abi::ABI0,
            abi => abi,
        };
    }
    follow_jumps(program, firsts, &sites, &mut abis);
    for (wrapper, target) in &pairs {
        if firsts[*target].asm {
            abis[*target] = other(abis[*wrapper]);
        }
    }
    abis
}

fn is_morestack(first: &First) -> bool {
    matches!(first.special(), Some(Special::Morestack))
}

fn by_id(program: &Program<'_>, id: FuncId) -> Option<Abi> {
    let minor = program.meta.version.minor();
    BY_ID.iter().rev().find(|(row, since, _)| *row == id && *since <= minor).map(|(.., abi)| *abi)
}

fn other(abi: Abi) -> Abi {
    if abi == Abi::ABI0 { Abi::ABIInternal } else { Abi::ABI0 }
}

/// Wrappers from one convention to the other, with their targets: both have one name, which obfuscators keep so. Compiled
/// targets are not told from those of generic code, which has a wrapper of its own name for another reason.
fn pairs(program: &Program<'_>, firsts: &[First]) -> Vec<(usize, usize)> {
    let funcs = program.funcs();
    let wrapper = |i: &usize| funcs[*i].id == FuncId::Wrapper && !firsts[*i].asm;
    let target = |i: usize| {
        let code = &firsts[i].code;
        let targets = code.calls.iter().map(|(target, _)| target).chain(&code.exits);
        let mut targets = targets.filter_map(|target| program.at(*target));
        targets.find(|target| *target != i && program.share_name(&funcs[i], &funcs[*target])).map(|target| (i, target))
    };
    (0..funcs.len()).filter(wrapper).filter_map(target).collect()
}

/// How compiled code with ABIInternal calls each function.
struct Sites {
    /// Whether call sites tell: the caller restores the registers of its convention after it called ABI0 code.
    shown: bool,
    /// Calls that restore nothing.
    plain: Vec<u32>,
    /// Calls that do.
    restored: Vec<u32>,
}

impl Sites {
    fn count(program: &Program<'_>, firsts: &[First], abis: &[Abi]) -> Sites {
        let none = vec![0u32; firsts.len()];
        let mut sites = Sites { shown: restores_registers(program), plain: none.clone(), restored: none };
        for (i, first) in firsts.iter().enumerate().filter(|(i, f)| !f.asm && abis[*i] == Abi::ABIInternal) {
            // Where nothing is restored, a wrapper's call says nothing: it may be the one between the conventions.
            if !sites.shown && program.funcs()[i].id == FuncId::Wrapper {
                continue;
            }
            for (target, fixed) in &first.code.calls {
                if let Some(callee) = program.at(*target) {
                    *(if *fixed { &mut sites.restored[callee] } else { &mut sites.plain[callee] }) += 1;
                }
            }
        }
        sites
    }

    /// The convention of assembly, by its call sites, or where these do not tell by where it has its values.
    fn assembly(&self, i: usize, first: &First) -> Option<Abi> {
        let internal = match first.taken {
            _ if self.plain[i] <= self.restored[i] => return None,
            taken if taken.stack => false,
            taken => self.shown || taken.in_registers(),
        };
        internal.then_some(Abi::ABIInternal)
    }
}

/// Assembly that compiled code calls and that shows nothing itself, but jumps on to what has the same convention.
fn follow_jumps(program: &Program<'_>, firsts: &[First], sites: &Sites, abis: &mut [Abi]) {
    const DEEPEST: usize = 4;
    if sites.shown {
        return;
    }
    let silent = |i: &usize| {
        let first = &firsts[*i];
        first.asm && first.taken.is_silent() && !is_morestack(first) && !first.code.exits.is_empty()
    };
    let next = |i: usize| firsts[i].code.exits.iter().find_map(|to| program.at(*to));
    for i in (0..firsts.len()).filter(|i| silent(i) && sites.plain[*i] > 0) {
        let mut end = i;
        for _ in 0..DEEPEST {
            end = next(end).filter(|_| silent(&end)).unwrap_or(end);
        }
        // What only assembly jumps to is called by nobody, so that its code alone counts.
        let shown = firsts[end].asm && firsts[end].taken.in_registers();
        abis[i] = if shown { Abi::ABIInternal } else { abis[end] };
    }
}
