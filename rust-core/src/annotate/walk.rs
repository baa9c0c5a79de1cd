//! One walk over a function: what its calls reach, from what registers and stack hold there.

use super::facts::{Facts, Spot};
use super::known;
use super::look::call_base;
use super::sites::{Method, Shared, Site};
use super::symbols::{Symbols, words};
use super::system::{self, Api};
use super::targets::Meant;
use super::variables::{self, Object, Recent, Stored};
use crate::abi::location::{Loc, Reg, RegSet};
use crate::arch::Os;
use crate::code::step::{Base, Located, Step, Stored as Source};
use crate::code::values::{Meaning, State, Target, Value};
use crate::evidence::helpers::Special;
use crate::report::Abi;
use crate::types::{Kind, TypeId};
use foldhash::HashMap;
use std::sync::Arc;

/// What is known and found while a function is walked over.
pub(super) struct Walk<'s, 'p, 'a> {
    pub(super) shared: &'s Shared<'p, 'a>,
    pub(super) index: u32,
    pub(super) within: u64,
    pub(super) facts: &'s Facts,
    pub(super) symbols: Symbols,
    pub(super) sites: Vec<Site>,
    pub(super) looked_up: &'s mut LookedUp,
    pub(super) object: Object,
    pub(super) stored: Vec<Stored>,
    pub(super) recent: Recent,
    /// Names that functions were looked up by.
    pub(super) texts: Vec<String>,
}

/// Words that lead on, with their places.
type Words = Arc<[(Loc, Value)]>;

/// Of calls of methods, by type and offset in the itab.
#[derive(Debug, Default)]
pub(super) struct LookedUp {
    /// What they are given.
    pub(super) params: HashMap<(TypeId, u32), Words>,
    /// What they give.
    pub(super) results: HashMap<(TypeId, u32), Words>,
}

impl Walk<'_, '_, '_> {
    /// What is known at the function's entry: parameters whose types lead on.
    pub(super) fn entry(&mut self) -> State {
        let shared = self.shared;
        let mut state = State::at_entry();
        let base = i64::from(shared.program.internal.arg_base);
        let (resolved, index) = (&shared.resolved[self.index as usize], self.index);
        for (loc, word) in words(shared.types, resolved.params.as_ref(), |loc| Spot::Param(index, loc)) {
            let word = self.value(word);
            match loc {
                Loc::Reg(reg) => state.set(reg, word),
                Loc::Stack(offset) => state.store_frame(base + i64::from(offset), 8, word),
            }
        }
        if let Some(reg) = shared.program.internal.closure.filter(|_| resolved.closure) {
            state.set(reg, self.fact(Spot::Object(index)).unwrap_or(Value::Context(0)));
        }
        state
    }

    pub(super) fn push(&mut self, call: &Located, site: Site) {
        let at = self.within + u64::from(call.at);
        self.sites.push(Site { at, within: self.within, ..site });
    }

    /// Forgets what the callee may change, and takes its results.
    fn after(&mut self, callee: Option<usize>, state: &mut State) {
        let shared = self.shared;
        let resolved = callee.and_then(|i| shared.resolved.get(i));
        if let Some(Special::Preserving { kills, .. }) = resolved.and_then(|r| r.helper.as_deref()).map(|h| h.special) {
            return state.kill(kills);
        }
        let [first, second, third, fifth] =
            [0, 1, 2, 4].map(|n| shared.program.internal.ints.get(n).map_or(Value::Unknown, |reg| state.reg(*reg)));
        state.expose();
        state.kill(!RegSet::NONE);
        let (Some(resolved), Some(index)) = (resolved, callee) else { return };
        if let (Some(sp), Some(args)) = (state.sp(), shared.program.funcs()[index].args) {
            let base = call_base(shared.program) as i32;
            state.kill_slots(sp.saturating_add(base), i32::try_from(args).unwrap_or(i32::MAX));
        }
        for (loc, word) in words(shared.types, resolved.results.as_ref(), |loc| Spot::Result(index as u32, loc)) {
            let word = self.value(word);
            match loc {
                Loc::Reg(reg) => state.set(reg, word),
                Loc::Stack(offset) => state.store(call_base(shared.program) + i64::from(offset), 8, word),
            }
        }
        if resolved.abi == Abi::ABIInternal {
            self.made(resolved, (first, fifth), state);
            self.map(index, (first, second, third), state);
        }
    }

    fn indirect(&mut self, call: &Located, value: Value) {
        let none = Site::new("indirect");
        let program = self.shared.program;
        let slot = |offset| self.shared.known.slot(offset);
        // A word of what a captured or passed pointer leads to may be one of the itab that was captured or passed.
        let variable = |symbol| match self.symbols.spot(symbol) {
            Some(Spot::Variable(_, _, offset) | Spot::Behind(_, _, offset)) => Some(offset),
            _ => None,
        };
        let value = match value {
            Value::Symbol(symbol) => variable(symbol).map_or(value, |offset| Value::Through(symbol, offset)),
            _ => value,
        };
        let site = match value {
            Value::Const(code) if program.at(code).is_some() => Site { kind: "closure", target: Some(code), ..none },
            Value::Static(at) => match self.shared.known.itab(at).and_then(|(ty, offset)| Some((ty, slot(offset)?))) {
                Some((ty, slot)) => {
                    let target = program.image.word(at).filter(|code| program.at(*code).is_some());
                    Site { kind: "interface", target, method: Some(Method { ty: Some(ty), slot }), ..none }
                }
                None => {
                    let target = program.image.word(at).filter(|code| program.at(*code).is_some());
                    let api = system::api_at(program, at).map(|(dll, name)| Api { dll, name, ..Api::default() });
                    if target.is_none() && api.is_none() {
                        return;
                    }
                    Site { kind: if api.is_some() { "import" } else { "closure" }, target, api, ..none }
                }
            },
            Value::Method(ty, offset) => {
                let is_func = matches!(self.shared.types.get(ty).map(|t| &t.kind), Some(Kind::Func(_)));
                match (is_func, slot(offset)) {
                    (true, _) => Site { kind: "closure", method: Some(Method { ty: Some(ty), slot: 0 }), ..none },
                    (_, Some(slot)) => Site { kind: "interface", method: Some(Method { ty: Some(ty), slot }), ..none },
                    _ => return,
                }
            }
            Value::Loaded(0) | Value::Through(_, 0) => Site { kind: "closure", ..none },
            Value::Loaded(offset) | Value::Through(_, offset) => match slot(offset) {
                Some(slot) => {
                    if let Value::Through(symbol, _) = value {
                        self.symbols.need(symbol);
                    }
                    Site { kind: "interface", method: Some(Method { ty: None, slot }), ..none }
                }
                None => return,
            },
            _ => return,
        };
        self.push(call, site);
    }

    /// Sets the first result of a call.
    fn result(&self, callee: usize, value: Value, state: &mut State) {
        let resolved = &self.shared.resolved[callee];
        let first = resolved.results.as_ref().and_then(|c| c.values.first()).and_then(|v| v.pieces.first());
        match (first.map(|piece| piece.loc), self.shared.program.internal.ints.first()) {
            (Some(Loc::Stack(offset)), _) => {
                state.store(call_base(self.shared.program) + i64::from(offset), 8, value);
            }
            (_, Some(reg)) if resolved.abi == Abi::ABIInternal => state.set(*reg, value),
            _ => {}
        }
    }

    /// What is known of a value that tells a function of the system: its name, or the variable that leads to it.
    fn function(&self, value: Value) -> Result<String, Value> {
        match value {
            Value::Named(text) => self.texts.get(text as usize).cloned().ok_or(value),
            Value::Through(symbol, _) => Err(match self.symbols.spot(symbol) {
                Some(Spot::Global(at)) => Value::Static(at),
                _ => value,
            }),
            _ => Err(value),
        }
    }

    fn meant(&mut self, call: &Located, target: u64, meant: Meant, state: &mut State) {
        let callee = self.shared.program.at(target);
        let abi = callee.map_or(Abi::ABI0, |i| self.shared.resolved[i].abi);
        let found = system::api(self.shared.program, meant, abi, state, |value| self.function(value));
        let mut named = None;
        if let Some(callee) = callee {
            self.statement(call, callee, meant, state);
        }
        if let Some((kind, api, variable)) = found {
            named = api.args.get(1).filter(|_| api.name == "GetProcAddress").and_then(|arg| arg.1);
            self.push(call, Site { api: Some(api), variable, ..Site::new(kind) });
        }
        let passed = match (meant, self.shared.program.internal.ints.first()) {
            (Meant::ProcAddr, Some(reg)) if abi == Abi::ABIInternal => Some((*reg, state.reg(*reg))),
            _ => None,
        };
        self.after(callee, state);
        if let Some((reg, value)) = passed {
            state.set(reg, value);
        }
        let named = named.and_then(|at| variables::name(self.shared.program.code_from(at, at.saturating_add(128))));
        if let (Some(text), Some(index)) = (named, callee) {
            let value = self.named(text);
            self.result(index, value, state);
        }
    }
}

impl Meaning for Walk<'_, '_, '_> {
    fn store(&mut self, base: Value, disp: i64, size: u8, value: Value) {
        if size != 8 {
            return;
        }
        self.keeps(base, disp, value);
        if self.shared.program.image.os != Os::Windows {
            return;
        }
        match (base, value) {
            (Value::Into(_, at), value) => {
                self.object.store(at.wrapping_add(disp as u32), value);
            }
            (Value::Const(at), Value::Named(text)) => {
                let text = self.texts.get(text as usize).cloned().unwrap_or_default();
                self.stored.push(variables::looked_up(at.wrapping_add_signed(disp), text));
            }
            (Value::Const(at), Value::Into(_, 0)) => {
                self.stored.extend(self.object.stored(self.shared.program, at.wrapping_add_signed(disp)));
            }
            _ => {}
        }
    }

    fn again(&mut self) -> bool {
        let again = self.sites.iter().any(|site| site.method.is_some());
        if again {
            self.sites.clear();
            self.stored.clear();
            self.symbols.again();
        }
        again
    }

    fn element(&self, base: Value) -> Value {
        known::element(self.shared.types, base)
    }

    fn equal(&self, reg: Reg, value: u64, state: &mut State) {
        match state.reg(reg) {
            Value::Case(at) => {
                if let Some(ty) = self.case(at, value) {
                    state.replace(Value::Cases(at), Value::Part(ty, 0));
                }
            }
            _ if value == 0 => state.set(reg, Value::Const(0)),
            _ => {}
        }
    }

    fn keeps_types(&self) -> bool {
        true
    }

    fn join(&self, a: Value, b: Value) -> Value {
        known::join(self.shared.known, self.shared.types, a, b)
    }

    fn load(&mut self, base: Value, disp: i64, size: u8) -> Value {
        match base {
            Value::Const(address) => self.variable(address.wrapping_add_signed(disp), size),
            _ if size != 8 => Value::Unknown,
            Value::Part(ty, off) => match known::load(self.shared.types, (ty, off), disp) {
                Value::Unknown => loaded(disp),
                value => value,
            },
            Value::Into(ty, off) => match u32::try_from(i64::from(off) + disp) {
                Ok(off) => match known::part(self.shared.types, ty, off) {
                    Value::Unknown => loaded(disp),
                    value => value,
                },
                Err(_) => Value::Unknown,
            },
            Value::Cases(at) if self.case(at, 1).is_none() => {
                let only = self.case(at, 0).map(|ty| known::load(self.shared.types, (ty, 0), disp));
                only.unwrap_or_else(|| loaded(disp))
            }
            Value::Static(_) | Value::Symbol(_) | Value::Through(..) | Value::Context(_) => self.through(base, disp),
            _ => loaded(disp),
        }
    }

    fn see(&mut self, at: &Located, state: &State) {
        match at.step {
            Step::Store(place, stored) => self.closure(place, stored, state),
            Step::Ret => self.returns(state),
            _ => {}
        }
        if self.shared.program.image.os == Os::Windows
            && let Step::Store(place, stored) = at.step
            && let Value::Frame(to) = match place.base {
                Base::Sp => state.address(place.disp),
                Base::Reg(reg) => state.reg(reg).plus(place.disp),
                Base::Absolute => Value::Unknown,
            }
        {
            let word = |at: u64| self.shared.program.image.word(at);
            match stored {
                // The words of a vector register that was loaded from the program's data.
                Source::Reg(reg) if reg.is_float() => {
                    let words =
                        state.reg(reg).constant().map(|from| [(0, word(from)), (8, word(from.wrapping_add(8)))]);
                    for (at, word) in words.into_iter().flatten() {
                        word.into_iter().for_each(|word| self.recent.store(to + at, 8, word));
                    }
                }
                Source::Reg(reg) => {
                    let value = match state.reg(reg) {
                        // A part of a name, from data that nothing changes.
                        Value::Static(from) if self.shared.program.image.is_constant(from) => word(from),
                        value => value.constant(),
                    };
                    value.into_iter().for_each(|value| self.recent.store(to, place.size, value));
                }
                Source::Const(value) => self.recent.store(to, place.size, value),
                Source::Unknown => {}
            }
        }
    }

    fn call(&mut self, call: &Located, target: Target, state: &mut State) {
        self.passes(call, target, state);
        self.called(call, target, state);
        self.recent.clear();
    }
}

impl Walk<'_, '_, '_> {
    fn called(&mut self, call: &Located, target: Target, state: &mut State) {
        match target {
            Target::Direct(target) => match (self.shared.targets.get(&target), self.shared.program.at(target)) {
                (Some(meant), _) => self.meant(call, target, *meant, state),
                (None, Some(callee)) => {
                    let named = self.lookup(callee, state);
                    self.after(Some(callee), state);
                    if let Some(value) = named {
                        self.result(callee, value, state);
                    }
                }
                (None, None) => self.after(None, state),
            },
            Target::Value(value) => {
                let vdso = match value {
                    Value::Static(at) => self.shared.vdso.api(self.shared.program, at, state),
                    _ => None,
                };
                match vdso {
                    Some(api) => self.push(call, Site { api: Some(api), ..Site::new("vdso") }),
                    None => self.indirect(call, value),
                }
                self.after(None, state);
                if let Value::Method(ty, offset) = value {
                    self.results(ty, offset, state);
                }
            }
            Target::Kernel => {
                if self.shared.program.image.os == Os::Linux
                    && let Some(api) = system::kernel(self.shared.program.image.arch, state)
                {
                    self.push(call, Site { api: Some(api), ..Site::new("syscall") });
                }
                state.kill(!RegSet::NONE);
            }
        }
    }
}

pub(super) fn loaded(disp: i64) -> Value {
    u32::try_from(disp).map_or(Value::Unknown, Value::Loaded)
}
