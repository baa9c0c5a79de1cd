//! The functions on the way between Go and C, in both directions: by name, by funcID, and by what their code does, so
//! that it works without any name.

mod assembly;

use super::chain::Chain;
use super::frame::{Fields, Through};
use super::look::{Call, Looker, argument, call_base, entry_state};
use super::roles::Role;
use crate::abi::location::Reg;
use crate::arch::{Arch, Os};
use crate::code::values::{State, Value};
use crate::golang::func_id::FuncId;
use crate::golang::funcdata::PcData;
use crate::golang::pclntab::Func;
use crate::golang::pcvalue::PcValue;
use crate::program::Program;
use crate::report::Abi;
use crate::resolve::Resolved;
use crate::types::Types;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What finding needs.
pub(super) struct Finder<'p, 'a> {
    pub(super) program: &'p Program<'a>,
    pub(super) types: &'p Types,
    pub(super) resolved: &'p [Resolved],
    pub(super) looker: Looker,
    pub(super) chain: Chain,
    /// Argument structs of `_cgoexp_…`, by its entry.
    pub(super) frames: BTreeMap<u64, Fields>,
    /// C stubs, by entry of the `_cgoexp_…` that they pass.
    pub(super) stubs: BTreeMap<u64, u64>,
}

/// Names that say the role at once. ABI wrappers of the same name are told apart later.
const NAMES: &[(&str, Role)] = &[
    ("crosscall2", Role::Crosscall2),
    ("runtime.cgocallback", Role::Cgocallback),
    ("runtime.cgocallback_gofunc", Role::CgocallbackGofunc),
    ("runtime.cgocallbackg", Role::Cgocallbackg),
    ("runtime.cgocallbackg1", Role::Cgocallbackg1),
    ("runtime.cgocall", Role::Cgocall),
    ("runtime.asmcgocall", Role::Asmcgocall),
    ("runtime.asmcgocall_landingpad", Role::Landingpad),
    ("runtime.callbackasm", Role::Callbackasm),
    ("runtime.callbackasm1", Role::Callbackasm1),
    ("runtime.callbackWrap", Role::CallbackWrap),
    ("runtime.asmstdcall", Role::Asmstdcall),
    ("internal/runtime/syscall/windows.asmstdcall", Role::Asmstdcall),
];

/// The first integer registers of the platform's C convention.
pub(super) fn c_registers(program: &Program<'_>) -> [Reg; 4] {
    match (program.image.arch, program.image.os) {
        (Arch::Arm64, _) => [Reg(0), Reg(1), Reg(2), Reg(3)],
        (_, Os::Windows) => [Reg(1), Reg(2), Reg(8), Reg(9)],
        _ => [Reg(7), Reg(6), Reg(2), Reg(1)],
    }
}

impl Finder<'_, '_> {
    /// Finds everything in the function table.
    pub(super) fn find(&mut self) {
        self.by_name_and_id();
        if super::follows_code(self.program) {
            self.callbacks();
            self.assembly();
            self.calls_of_c();
            self.stubs();
            self.shims();
            self.exported();
            self.callees_of_the_runtime();
        }
    }

    fn func(&self, entry: u64) -> Option<&Func> {
        self.program.at(entry).map(|i| &self.program.funcs()[i])
    }

    fn resolved_at(&self, entry: u64) -> Option<&Resolved> {
        self.program.at(entry).and_then(|i| self.resolved.get(i))
    }

    fn is_asm(&self, entry: u64) -> bool {
        self.resolved_at(entry).is_some_and(|r| r.asm)
    }

    pub(super) fn calls(&mut self, entry: u64) -> Vec<Call> {
        let func = self.program.at(entry).map(|i| self.program.funcs()[i]);
        func.map_or_else(Vec::new, |func| self.looker.calls(self.program, &func))
    }

    fn by_name_and_id(&mut self) {
        for (func, resolved) in self.program.funcs().iter().zip(self.resolved) {
            let by_id = match func.id {
                FuncId::Asmcgocall => Some(Role::Asmcgocall),
                FuncId::Cgocallback => Some(Role::Cgocallback),
                FuncId::CgocallbackGofunc => Some(Role::CgocallbackGofunc),
                _ => None,
            };
            let name = self.program.name(func);
            let by_name = || NAMES.iter().find(|(n, _)| *n == name).map(|(_, role)| *role);
            let is_wrapper = func.id == FuncId::Wrapper || resolved.target.is_some();
            let role = match by_id.or_else(by_name).or_else(|| generated(&name)) {
                Some(Role::Cgocallbackg) if is_wrapper => Some(Role::CgocallbackgWrapper),
                Some(Role::Asmcgocall) if is_wrapper => Some(Role::AsmcgocallWrapper),
                Some(_) if is_wrapper => None,
                role => role,
            };
            if let Some(role) = role {
                self.chain.add(func.entry, role);
            }
        }
    }

    /// The two arguments of a call of `callee`.
    pub(super) fn arguments(&self, state: &State, callee: u64) -> [Value; 2] {
        let abi = self.resolved_at(callee).map_or(Abi::ABI0, |r| r.abi);
        [0, 1].map(|n| argument(self.program, state, abi, n))
    }

    /// How many different compiled functions are called.
    fn compiled_callees(&self, calls: &[Call]) -> usize {
        let mut callees: Vec<u64> = calls.iter().filter_map(|c| c.target).filter(|t| !self.is_asm(*t)).collect();
        callees.sort_unstable();
        callees.dedup();
        callees.len()
    }

    /// From `cgocallback` on: what it calls tells the rest.
    fn callbacks(&mut self) {
        let Some(switch) = self.chain.one(Role::CgocallbackGofunc).or(self.chain.one(Role::Cgocallback)) else {
            return;
        };
        let mut order: Vec<u64> = Vec::new();
        for target in self.calls(switch).iter().filter_map(|call| call.target) {
            if !self.is_asm(target) && self.func(target).is_some() && !order.contains(&target) {
                order.push(target);
            }
        }
        // needm (or needAndBindM), cgocallbackg, dropm: as in the source of every version.
        if let [_, found, _] = order[..] {
            match self.resolved_at(found).and_then(|r| r.target).and_then(|t| self.program.funcs().get(t as usize)) {
                Some(body) => {
                    let body = body.entry;
                    self.chain.add(found, Role::CgocallbackgWrapper);
                    self.chain.add(body, Role::Cgocallbackg);
                    self.chain.link(switch, found);
                    self.chain.link(found, body);
                }
                None => {
                    self.chain.add(found, Role::Cgocallbackg);
                    self.chain.link(switch, found);
                }
            }
        }
        let Some(g) = self.chain.one(Role::Cgocallbackg) else { return };
        let args = self.func(g).and_then(|f| f.args);
        let callees: Vec<u64> = self.calls(g).iter().filter_map(|call| call.target).collect();
        for callee in callees {
            if self.func(callee).is_some_and(|f| f.args == args && args > Some(0)) && self.calls_unknown(callee) {
                self.chain.add(callee, Role::Cgocallbackg1);
                self.chain.link(g, callee);
            }
        }
    }

    /// Whether a compiled function calls what a register says, or `reflectcall`, which does it for it up to Go 1.15.
    fn calls_unknown(&mut self, entry: u64) -> bool {
        if self.is_asm(entry) {
            return false;
        }
        let calls = self.calls(entry);
        let reflects = |call: &Call| {
            call.target.is_some_and(|t| self.is_asm(t) && self.func(t).is_some_and(|f| f.args > Some(24)))
        };
        calls.iter().any(|call| call.indirect && call.target.is_none() || reflects(call))
    }

    /// `cgocall`: passes its own two parameters on to `asmcgocall`, and calls more than anything else that does.
    fn calls_of_c(&mut self) {
        let Some(asmcgocall) = self.chain.one(Role::Asmcgocall) else { return };
        if self.chain.one(Role::Cgocall).is_none() {
            let compiled = self.program.funcs().iter().zip(self.resolved);
            let compiled = compiled
                .filter(|(f, r)| !r.asm && f.id != FuncId::Wrapper && f.args.is_some_and(|a| (16..=24).contains(&a)));
            let near: Vec<(u64, Abi)> = compiled
                .filter(|(f, _)| super::calls_any(self.program, f, &|target| target == asmcgocall))
                .map(|(f, r)| (f.entry, r.abi))
                .collect();
            let mut best: Option<(usize, u64)> = None;
            for (entry, abi) in near {
                let own = |call: &Call, n: usize| {
                    let own = argument(self.program, &entry_state(), abi, n);
                    let own = if abi == Abi::ABIInternal { own } else { entry_state().slot(8 + 8 * n as i64, 8) };
                    call.state.slot(call_base(self.program) + 8 * n as i64, 8) == own && own != Value::Unknown
                };
                let program = self.program;
                let calls = match program.at(entry) {
                    Some(i) => self.looker.calls(program, &program.funcs()[i]),
                    None => continue,
                };
                let passes = calls.iter().any(|c| c.target == Some(asmcgocall) && own(c, 0) && own(c, 1));
                if passes && self.compiled_callees(&calls) >= 2 && best.is_none_or(|(most, _)| calls.len() > most) {
                    best = Some((calls.len(), entry));
                }
            }
            if let Some((_, entry)) = best {
                self.chain.add(entry, Role::Cgocall);
            }
        }
        if let Some(cgocall) = self.chain.one(Role::Cgocall) {
            self.chain.link(cgocall, asmcgocall);
        }
    }
}

impl Finder<'_, '_> {
    /// What `_cgoexp_…` functions call: the exported function, up to Go 1.15 through `_cgoexpwrap_…`.
    fn exported(&mut self) {
        let callback = self.chain.one(Role::Cgocallback);
        let late = self.chain.one(Role::CgocallbackGofunc).is_none();
        let entries: Vec<u64> = self.chain.all(Role::CgoExp).collect();
        for entry in entries {
            let wrapped = self.calls(entry).into_iter().find(|call| !late && call.target == callback);
            let body = match wrapped {
                // The first argument is the func value of `_cgoexpwrap_…`, or its code.
                Some(call) => {
                    let fv = match call.state.slot(call_base(self.program), 8) {
                        Value::Static(slot) => self.program.image.word(slot),
                        Value::Const(code) => Some(code),
                        _ => None,
                    };
                    let fv = fv.filter(|at| self.program.at(*at).is_some());
                    if let Some(fv) = fv {
                        self.chain.add(fv, Role::CgoExpWrap);
                        self.chain.links(entry, callback);
                        self.chain.link(entry, fv);
                    }
                    fv
                }
                None => Some(entry),
            };
            let Some(body) = body else { continue };
            self.accesses(entry, body);
            if let Some(callee) = self.exported_by(entry, body) {
                self.chain.add(callee, Role::Exported);
                self.chain.link(body, callee);
            }
        }
    }

    /// The function that `_cgoexp_…` or `_cgoexpwrap_…` calls for C; `None` when it is inlined.
    fn exported_by(&mut self, entry: u64, body: u64) -> Option<u64> {
        let program = self.program;
        let func = *self.func(body)?;
        // What an inlined function calls is no exported function.
        let inlined: Vec<PcValue> = {
            let table = program.meta.pclntab.pcdata(program.image, &func, PcData::InlTreeIndex);
            table.into_iter().flatten().filter(|value| value.value >= 0).collect()
        };
        let calls = self.calls(body);
        let own = calls.iter().filter(|c| !inlined.iter().any(|range| (range.start..range.end).contains(&c.at)));
        let callees: Vec<u64> = own.filter_map(|c| c.target).filter(|t| !self.is_asm(*t)).collect();
        let name = |at: u64| program.at(at).map_or(Cow::Borrowed(""), |i| program.name(&program.funcs()[i]));
        // The C name, which is the Go function's own unless `//export` says otherwise.
        let exported = exported_name(&name(entry)).map(|name| format!(".{name}"));
        let named = callees.iter().find(|at| exported.as_ref().is_some_and(|end| name(**at).ends_with(end.as_str())));
        // Packages are linked in the order of imports: what comes before runtime/cgo is the runtime's.
        let runtime = self.chain.one(Role::Crosscall2).unwrap_or(0);
        let other = || {
            callees
                .iter()
                .find(|at| **at > runtime && !name(**at).starts_with("runtime.") && program.at(**at).is_some())
        };
        named.or_else(other).copied()
    }

    /// cgocallbackg1 calls what the frame came with: any of them.
    fn callees_of_the_runtime(&mut self) {
        let Some(from) = self.chain.one(Role::Cgocallbackg1) else { return };
        let late = self.chain.one(Role::CgocallbackGofunc).is_none();
        let to = if late { Role::CgoExp } else { Role::CgoExpWrap };
        let all: Vec<u64> = self.chain.all(to).collect();
        all.into_iter().for_each(|to| self.chain.link(from, to));
    }

    /// What the Go side loads from the frame and stores to it. The frame of old is the argument area itself.
    fn accesses(&mut self, entry: u64, body: u64) {
        let Some(func) = self.func(body).copied() else { return };
        let abi = self.resolved_at(body).map_or(Abi::ABI0, |r| r.abi);
        let frame = match abi {
            Abi::ABIInternal => self.program.internal.ints.first().copied(),
            _ => super::look::stack_word(0),
        };
        if body != entry {
            return self.frames.entry(entry).or_default().settle(None);
        }
        let Some(frame) = frame else { return };
        self.looker.decode(self.program, func.entry, func.end);
        let mut through = Through::new(frame);
        self.looker.walk((func.entry, func.end), entry_state(), &mut through);
        self.frames.entry(entry).or_default().settle(Some(&through));
    }
}

/// The name after `_cgoexp_<hash>_`.
fn exported_name(name: &str) -> Option<&str> {
    let (_, rest) = name.split_once("_cgoexp_")?;
    rest.split_once('_').map(|(_, name)| name)
}

/// Helpers that cgo writes in Go: nothing of C is called.
const PURE: &[&str] = &["CString", "CBytes", "GoString", "GoStringN", "GoBytes"];

/// Names that cgo makes.
fn generated(name: &str) -> Option<Role> {
    let last = name.rsplit('.').next().unwrap_or_default();
    let in_package = |prefix: &str| last.starts_with(prefix) && !name.contains(".func");
    match () {
        () if name.starts_with("_cgoexp_") || in_package("_cgoexp_") => Some(Role::CgoExp),
        () if in_package("_cgoexpwrap_") => Some(Role::CgoExpWrap),
        () if PURE.iter().any(|pure| last.ends_with(pure)) && in_package("_Cfunc_") => None,
        () if in_package("_Cfunc_") || in_package("_C2func_") => Some(Role::CFunc),
        () => None,
    }
}
