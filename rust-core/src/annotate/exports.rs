//! C code at both ends: the stubs that C calls to reach exported Go functions, and the shims that Go calls to reach C.
//! They are outside the function table, so they are found by what they call and by who calls them.

use super::bridges::{Finder, c_registers};
use super::frame::Reader;
use super::look::{Looker, c_entry_state};
use super::roles::Role;
use crate::abi::location::RegSet;
use crate::abi::platform::CAbi;
use crate::arch::Arch;
use crate::code::step::{Base, Place, Step};
use crate::code::steps;
use crate::code::values::Value;
use crate::code::{arm64, x86};
use crate::program::Program;

/// Calls of crosscall2 that are looked at.
const MOST_STUBS: usize = 4096;
/// Bytes in front of a call within which its function starts.
const REACH: u64 = 1024;
/// Bytes of a stub or shim that are read.
const LONGEST: u64 = 1024;

impl Finder<'_, '_> {
    /// Stubs of exported functions: they pass a constant function and the frame's size to crosscall2.
    pub(super) fn stubs(&mut self) {
        let crosscalls: Vec<u64> = self.chain.all(Role::Crosscall2).collect();
        for crosscall2 in crosscalls {
            for at in calls_outside(self.program, crosscall2) {
                let _ = self.stub(at, crosscall2);
            }
        }
    }

    fn stub(&mut self, at: u64, crosscall2: u64) -> Option<()> {
        let program = self.program;
        let (start, name) = start_of(program, at, &mut self.looker)?;
        self.looker.decode(program, start, start.saturating_add(LONGEST));
        let kept = CAbi::of(program.image.arch, program.image.os).map_or(RegSet::NONE, CAbi::preserved);
        let mut reader = Reader::new(start, at, c_registers(program), kept);
        self.looker.walk((start, start.saturating_add(LONGEST)), c_entry_state(program), &mut reader);
        let (function, fields) = reader.finish()?;
        let function = match function {
            Value::Static(slot) => program.image.word(slot)?,
            value => value.constant()?,
        };
        program.at(function)?;
        self.chain.add(start, Role::CExport);
        self.chain.add(function, Role::CgoExp);
        self.chain.link(start, crosscall2);
        self.chain.link(start, function);
        if let Some(link) = self.chain.links.get_mut(&start) {
            link.name = name;
        }
        self.frames.insert(function, fields);
        self.stubs.insert(function, start);
        Some(())
    }

    /// Go functions that call C: they pass a C function and their own arguments to `cgocall`.
    pub(super) fn shims(&mut self) {
        let Some(cgocall) = self.chain.one(Role::Cgocall) else { return };
        let program = self.program;
        let near = program.funcs().iter().zip(self.resolved).filter(|(_, r)| !r.asm);
        let near: Vec<_> =
            near.filter(|(f, _)| super::calls_any(program, f, &|t| t == cgocall)).map(|(f, _)| *f).collect();
        for func in near {
            for call in self.looker.calls(program, &func).iter().filter(|call| call.target == Some(cgocall)) {
                let [to, frame] = self.arguments(&call.state, cgocall);
                let shim = match to {
                    Value::Const(code) => Some(code),
                    Value::Static(slot) => program.image.word(slot),
                    _ => None,
                };
                let shim = shim.filter(|at| program.image.is_exec(*at) && program.containing(*at).is_none());
                if let (Some(shim), Value::Frame(8)) = (shim, frame) {
                    self.shim(func.entry, cgocall, shim);
                }
            }
        }
    }

    fn shim(&mut self, function: u64, cgocall: u64, shim: u64) {
        self.chain.add(function, Role::CFunc);
        self.chain.add(shim, Role::CgoShim);
        self.chain.link(function, cgocall);
        self.chain.link(function, shim);
        let symbol = self.program.image.symbols_at(shim).first().map(|s| s.name.to_string());
        if let (Some(link), Some(name)) = (self.chain.links.get_mut(&shim), symbol) {
            link.name = name;
        }
        if let Some((target, name)) = self.c_target(shim) {
            self.chain.add(target, Role::CTarget);
            self.chain.link(shim, target);
            if let Some(link) = self.chain.links.get_mut(&target).filter(|link| link.name.is_empty()) {
                link.name = name;
            }
        }
    }

    /// The C function that a shim calls, with the name of the import if it is one; `None` when it was inlined.
    fn c_target(&mut self, shim: u64) -> Option<(u64, String)> {
        let program = self.program;
        self.looker.decode(program, shim, shim.saturating_add(LONGEST));
        let until = self.looker.steps.iter().take_while(|l| !matches!(l.step, Step::Ret | Step::Stop));
        let calls = until.filter_map(|l| match l.step {
            Step::Call(target) => Some(target),
            Step::Jump(target) if !(shim..shim + LONGEST).contains(&target) => Some(target),
            _ => None,
        });
        let target = calls.into_iter().find(|t| program.containing(*t).is_none() && program.image.is_exec(*t))?;
        let symbol = program.image.symbols_at(target).first().map(|s| s.name.to_string());
        let name = import_of(program, target, &mut self.looker).map(|import| import.1).or(symbol).unwrap_or_default();
        Some((target, name))
    }
}

/// The import that a piece of code jumps to through its slot: an entry of the PLT, a thunk of the IAT.
pub(super) fn import_of(program: &Program<'_>, at: u64, looker: &mut Looker) -> Option<(String, String)> {
    const THUNK: u64 = 20;
    looker.decode(program, at, at.saturating_add(THUNK));
    // arm64 takes a page, loads from it, and jumps.
    let (mut page, mut loaded) = (None, None);
    let slot = looker.steps.iter().take(5).find_map(|l| match l.step {
        Step::JumpMem(place) if place.base == Base::Absolute => Some(place.disp as u64),
        Step::JumpReg(reg) => loaded.filter(|(to, _)| *to == reg).map(|(_, slot)| slot),
        Step::Const(reg, value) => {
            page = Some((reg, value));
            None
        }
        Step::Load(to, Place { base: Base::Reg(from), disp, .. }) => {
            let slot = page.filter(|(reg, _)| *reg == from).map(|(_, page): (_, u64)| page.wrapping_add_signed(disp));
            loaded = slot.map(|slot| (to, slot));
            None
        }
        _ => None,
    })?;
    program.image.import_at(slot).map(|import| (import.library.to_string(), import.name.to_string()))
}

/// Where code outside Go's calls `target`.
fn calls_outside(program: &Program<'_>, target: u64) -> Vec<u64> {
    let go = program.funcs().first().map(|f| f.entry).zip(program.funcs().last().map(|f| f.end)).unwrap_or((0, 0));
    let mut found = Vec::new();
    for segment in program.image.segments.iter().filter(|s| s.exec) {
        let parts = [(segment.addr, go.0.min(segment.end())), (go.1.max(segment.addr), segment.end())];
        for (from, to) in parts.into_iter().filter(|(from, to)| from < to) {
            let tail = program.image.tail(from);
            let code = &tail[..tail.len().min(usize::try_from(to - from).unwrap_or(usize::MAX))];
            steps::calls(program.image.arch, code, from, |at, to| {
                if to == target && found.len() < MOST_STUBS {
                    found.push(at);
                }
            });
        }
    }
    found
}

/// The start of the C function that has a call at `at`, and its name: from the exports, the symbols, or from how
/// compilers lay code out.
fn start_of(program: &Program<'_>, at: u64, looker: &mut Looker) -> Option<(u64, String)> {
    let image = program.image;
    let near = |addr: u64| addr <= at && at - addr < REACH;
    let exported = image.exports.partition_point(|e| e.addr <= at).checked_sub(1).map(|i| &image.exports[i]);
    let symbols = &image.symbols[..image.symbols.partition_point(|s| s.addr <= at)];
    let symbol = symbols.iter().rev().take(8).find(|s| s.function);
    let exported = exported.map(|e| (e.addr, e.name.to_string()));
    let symbol = symbol.map(|s| (s.addr, s.name.to_string()));
    let named = symbol.into_iter().chain(exported).filter(|(addr, _)| near(*addr)).max_by_key(|(addr, _)| *addr);
    // A name may be of a function in front of this one: the stub's own start is nearer then.
    let laid_out = laid_out_start(program, at, looker);
    match (named, laid_out) {
        (Some(named), _) if is_start(program, named.0, at, looker) => Some(named),
        (_, start) => start.map(|start| (start, String::new())),
    }
}

/// Whether a function may start there and go on to `at`: it decodes to there without coming to an end.
fn is_start(program: &Program<'_>, start: u64, at: u64, looker: &mut Looker) -> bool {
    looker.decode(program, start, at);
    let ends = looker.steps.iter().any(|l| matches!(l.step, Step::Ret | Step::Stop));
    let lands = looker.steps.last().is_some_and(|l| start + u64::from(l.at) + u64::from(l.len) == at);
    lands && !ends
}

/// A start that only the layout shows: in x86 the code from there on has to make a frame and lead to the call as well.
fn laid_out_start(program: &Program<'_>, at: u64, looker: &mut Looker) -> Option<u64> {
    let from = at.saturating_sub(REACH).max(program.image.segment_at(at)?.addr);
    let code = program.code_from(from, at);
    if program.image.arch == Arch::Arm64 {
        return arm64::bytes::last_start(code, from);
    }
    x86::bytes::starts(code, from).find(|start| {
        let fits = is_start(program, *start, at, looker);
        fits && looker.steps.iter().take(2).any(|l| matches!(l.step, Step::Sp(by) if by < 0))
    })
}
