//! One walk over a function: what its calls reach, from what registers and stack hold there.

use super::known;
use super::look::argument;
use super::sites::{Method, Shared, Site};
use super::system::{self, Api};
use super::targets::Meant;
use super::variables::{self, Object, Recent, Stored};
use crate::abi::location::{Loc, RegSet};
use crate::arch::Os;
use crate::code::step::{Base, Located, Step, Stored as Source};
use crate::code::values::{Meaning, State, Target, Value};
use crate::evidence::helpers::Special;
use crate::report::Abi;
use crate::resolve::Resolved;
use crate::types::{Kind, TypeId};
use foldhash::HashMap;

/// What is known and found while a function is walked over.
pub(super) struct Walk<'s, 'p, 'a> {
    pub(super) shared: &'s Shared<'p, 'a>,
    pub(super) within: u64,
    pub(super) sites: Vec<Site>,
    pub(super) looked_up: &'s mut LookedUp,
    pub(super) object: Object,
    pub(super) stored: Vec<Stored>,
    pub(super) recent: Recent,
    /// Names that functions were looked up by.
    pub(super) texts: Vec<String>,
}

/// Results of calls of methods, by type and offset in the itab.
pub(super) type LookedUp = HashMap<(TypeId, u32), Vec<(Loc, Value)>>;

impl Walk<'_, '_, '_> {
    /// What is known at the function's entry: parameters whose types lead on.
    pub(super) fn entry(&self, index: usize) -> State {
        let mut state = State::at_entry();
        let base = i64::from(self.shared.program.internal.arg_base);
        let params = self.shared.resolved[index].params.iter().flat_map(|claim| &claim.values);
        for (loc, word) in params.flat_map(|value| known::words(self.shared.types, value)) {
            match loc {
                Loc::Reg(reg) => state.set(reg, word),
                Loc::Stack(offset) => state.store_frame(base + i64::from(offset), 8, word),
            }
        }
        state
    }

    fn push(&mut self, call: &Located, site: Site) {
        let at = self.within + u64::from(call.at);
        self.sites.push(Site { at, within: self.within, ..site });
    }

    /// Forgets what the callee may change, and takes its results.
    fn after(&mut self, callee: Option<usize>, state: &mut State) {
        let shared = self.shared;
        let resolved = callee.and_then(|i| shared.resolved.get(i));
        if let Some(Special::Preserving { kills, .. }) = resolved.and_then(|r| r.helper).map(|h| h.special) {
            return state.kill(kills);
        }
        let first = shared.program.internal.ints.first().map_or(Value::Unknown, |reg| state.reg(*reg));
        state.expose();
        state.kill(!RegSet::NONE);
        let (Some(resolved), Some(index)) = (resolved, callee) else { return };
        if let (Some(sp), Some(args)) = (state.sp(), shared.program.funcs()[index].args) {
            state.kill_slots(sp, i32::try_from(args).unwrap_or(i32::MAX));
        }
        for (loc, word) in resolved.results.iter().flat_map(|c| &c.values).flat_map(|v| known::words(shared.types, v)) {
            match loc {
                Loc::Reg(reg) => state.set(reg, word),
                Loc::Stack(offset) => state.store(offset.into(), 8, word),
            }
        }
        if resolved.abi == Abi::ABIInternal {
            self.made(resolved, first, state);
        }
    }

    /// What the runtime's helpers make of a type that they are given: a pointer to a new value of it (`newobject`), or an
    /// itab of it (`assertE2I`, `typeAssert`).
    fn made(&mut self, callee: &Resolved, first: Value, state: &mut State) {
        let shared = self.shared;
        let (Some(at), Some(result)) = (first.constant(), shared.program.internal.ints.first()) else { return };
        let params = callee.params.as_ref().map_or(0, |c| c.values.len());
        let interface = |at: u64| {
            let ty = shared.known.ty(at)?;
            matches!(&shared.types.get(ty)?.kind, Kind::Interface { methods } if !methods.is_empty()).then_some(ty)
        };
        match (shared.known.ty(at), params) {
            (Some(ty), 1) => {
                state.set(*result, Value::Into(ty, 0));
                self.object.clear();
            }
            (Some(_), 2 | 3) => {
                if let Some(ty) = interface(at) {
                    state.set(*result, Value::Part(ty, 0));
                }
            }
            // abi.TypeAssert: a cache, the interface type, whether it may fail.
            (None, 2) => {
                let inter = shared.program.image.word(at.wrapping_add(8)).and_then(interface);
                if let Some(ty) = inter {
                    state.set(*result, Value::Part(ty, 0));
                }
            }
            _ => {}
        }
    }

    /// The results of a call through an interface or a func value of that type.
    fn results(&mut self, ty: TypeId, offset: u32, state: &mut State) {
        let shared = self.shared;
        let words = self.looked_up.entry((ty, offset)).or_insert_with(|| {
            let slot = offset.checked_sub(shared.known.first_method).map(|o| o / 8);
            known::results(shared.types, ty, slot, &shared.program.internal)
        });
        for (loc, word) in words {
            match *loc {
                Loc::Reg(reg) => state.set(reg, *word),
                Loc::Stack(offset) => state.store(offset.into(), 8, *word),
            }
        }
    }

    fn indirect(&mut self, call: &Located, value: Value) {
        let none = Site { at: 0, within: 0, kind: "indirect", target: None, method: None, api: None, variable: None };
        let program = self.shared.program;
        let first = self.shared.known.first_method;
        let slot = |offset: u32| offset.checked_sub(first).filter(|o| o % 8 == 0).map(|o| o / 8);
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
            Value::Loaded(0) => Site { kind: "closure", ..none },
            Value::Loaded(offset) => match slot(offset) {
                Some(slot) => Site { kind: "interface", method: Some(Method { ty: None, slot }), ..none },
                None => return,
            },
            _ => return,
        };
        self.push(call, site);
    }

    /// The name that `windowsFindfunc(library, name)` looks up, which ends with a zero byte.
    fn lookup(&mut self, callee: usize, state: &State) -> Option<Value> {
        let program = self.shared.program;
        if program.image.os != Os::Windows {
            return None;
        }
        let arg = |n| argument(program, state, self.shared.resolved[callee].abi, n);
        let len = arg(2).constant().filter(|len| (4..128).contains(len))?;
        let bytes = match arg(1) {
            Value::Frame(at) => self.recent.bytes(at, len),
            value => program.image.bytes(value.constant()?, len as usize)?.to_vec(),
        };
        let text = variables::name(&bytes).filter(|_| bytes.last() == Some(&0))?;
        Some(self.named(text))
    }

    /// The value of what was looked up by a name.
    fn named(&mut self, text: String) -> Value {
        self.texts.push(text);
        Value::Named(self.texts.len() as u32 - 1)
    }

    /// Sets the first result of a call.
    fn result(&self, callee: usize, value: Value, state: &mut State) {
        let resolved = &self.shared.resolved[callee];
        let first = resolved.results.as_ref().and_then(|c| c.values.first()).and_then(|v| v.pieces.first());
        match (first.map(|piece| piece.loc), self.shared.program.internal.ints.first()) {
            (Some(Loc::Stack(offset)), _) => state.store(offset.into(), 8, value),
            (_, Some(reg)) if resolved.abi == Abi::ABIInternal => state.set(*reg, value),
            _ => {}
        }
    }

    fn meant(&mut self, call: &Located, target: u64, meant: Meant, state: &mut State) {
        let callee = self.shared.program.at(target);
        let abi = callee.map_or(Abi::ABI0, |i| self.shared.resolved[i].abi);
        let found = system::api(self.shared.program, meant, abi, state);
        let mut named = None;
        if let Some((kind, api, variable)) = found {
            named = api.args.get(1).filter(|_| api.name == "GetProcAddress").and_then(|arg| arg.1);
            let site = Site { at: 0, within: 0, kind, target: None, method: None, api: Some(api), variable };
            self.push(call, site);
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
        if self.shared.program.image.os != Os::Windows || size != 8 {
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
        // Only what types say is assumed of loops at first.
        let again = self.sites.iter().any(|site| site.method.is_some_and(|m| m.ty.is_some()));
        if again {
            self.sites.clear();
            self.stored.clear();
        }
        again
    }

    fn load(&mut self, base: Value, disp: i64, size: u8) -> Value {
        match base {
            Value::Const(address) => Value::Static(address.wrapping_add_signed(disp)),
            _ if size != 8 => Value::Unknown,
            Value::Part(ty, off) => match known::load(self.shared.types, (ty, off), disp) {
                Value::Unknown => loaded(disp),
                value => value,
            },
            Value::Into(ty, off) => match u32::try_from(i64::from(off) + disp) {
                Ok(off) => known::part(self.shared.types, ty, off),
                Err(_) => Value::Unknown,
            },
            _ => loaded(disp),
        }
    }

    fn see(&mut self, at: &Located, state: &State) {
        if self.shared.program.image.os == Os::Windows
            && let Step::Store(place, stored) = at.step
            && let (Base::Sp, Value::Frame(to)) = (place.base, state.address(place.disp))
        {
            let value = match stored {
                Source::Const(value) => Some(value),
                Source::Reg(reg) => state.reg(reg).constant(),
                Source::Unknown => None,
            };
            value.into_iter().for_each(|value| self.recent.store(to, place.size, value));
        }
    }

    fn call(&mut self, call: &Located, target: Target, state: &mut State) {
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
                self.indirect(call, value);
                self.after(None, state);
                if let Value::Method(ty, offset) = value {
                    self.results(ty, offset, state);
                }
            }
            Target::Kernel => {
                if self.shared.program.image.os == Os::Linux
                    && let Some(api) = system::kernel(self.shared.program.image.arch, state)
                {
                    let site = Site {
                        at: 0,
                        within: 0,
                        kind: "syscall",
                        target: None,
                        method: None,
                        api: Some(api),
                        variable: None,
                    };
                    self.push(call, site);
                }
                state.kill(!RegSet::NONE);
            }
        }
    }
}

fn loaded(disp: i64) -> Value {
    u32::try_from(disp).map_or(Value::Unknown, Value::Loaded)
}
