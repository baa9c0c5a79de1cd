//! What calls give back that their callees' prototypes do not say: values of types that the runtime is handed, results of
//! methods, and what Windows is asked for by name.

use super::known;
use super::look::{argument, call_base};
use super::variables;
use super::walk::Walk;
use crate::abi::location::Loc;
use crate::arch::Os;
use crate::code::values::{State, Value};
use crate::resolve::Resolved;
use crate::types::{Kind, TypeId, Types};

/// Whether values of the type are made by the runtime and known by their address.
fn is_handle(types: &Types, ty: TypeId) -> bool {
    matches!(types.get(ty).map(|t| &t.kind), None | Some(Kind::Map { .. } | Kind::Chan(_)))
}

impl Walk<'_, '_, '_> {
    /// What the runtime's helpers make of a type that they are given: a pointer to a new value of it (`newobject`), or to
    /// several (`makeslice`, `growslice`), or an itab of it (`assertE2I`, `typeAssert`).
    pub(super) fn made(&mut self, callee: &Resolved, (first, fifth): (Value, Value), state: &mut State) {
        let shared = self.shared;
        let Some(result) = shared.program.internal.ints.first() else { return };
        let words: u32 = callee.results.iter().flat_map(|c| &c.values).map(|value| value.size.div_ceil(8)).sum();
        if let (Some(ty), 3) = (fifth.constant().and_then(|at| shared.known.ty(at)), words) {
            return state.set(*result, Value::Into(ty, 0));
        }
        let Some(at) = first.constant() else { return };
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
            // Up to Go 1.19 growslice has the type in front. Maps and channels are not made of elements.
            (Some(ty), 3) if words == 3 || words == 1 && !is_handle(shared.types, ty) => {
                state.set(*result, Value::Into(ty, 0));
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
                } else if let (Some(_), Some(itab)) = (self.case(at, 0), shared.program.internal.ints.get(1)) {
                    state.set(*result, Value::Case(at));
                    state.set(*itab, Value::Cases(at));
                }
            }
            _ => {}
        }
    }

    /// What the runtime's functions of maps give: the address of an element, or of keys and elements in an iterator.
    pub(super) fn map(&mut self, callee: usize, (ty, map, third): (Value, Value, Value), state: &mut State) {
        let shared = self.shared;
        let Some(ty) = ty.constant().and_then(|at| shared.known.ty(at)) else { return };
        let Some(Kind::Map { key, elem }) = shared.types.get(ty).map(|t| &t.kind) else { return };
        let name = shared.program.name(&shared.program.funcs()[callee]);
        let iterates = matches!(&*name, "runtime.mapiterinit" | "runtime.mapIterStart");
        let looks = ["runtime.mapaccess", "runtime.mapassign"].iter().any(|prefix| name.starts_with(prefix));
        let elsewhere = matches!(map, Value::Symbol(_) | Value::Through(..) | Value::Loaded(_) | Value::Static(_));
        let nameless = name.is_empty() && elsewhere;
        let into = |ty: &Option<TypeId>| ty.map_or(Value::Unknown, |ty| Value::Into(ty, 0));
        match (third, shared.program.internal.ints.first()) {
            // Key and element are the first two words of an iterator, in all of `runtime/map.go` and `internal/runtime/maps`.
            (Value::Frame(at), _) if iterates => {
                state.store_frame(at.into(), 8, into(key));
                state.store_frame(i64::from(at) + 8, 8, into(elem));
            }
            // Without names: a map is something that comes from elsewhere, where `makemap` has a number.
            (_, Some(result)) if looks || matches!(map, Value::Part(of, 0) if of == ty) || nameless => {
                let gives = shared.resolved[callee].results.as_ref().is_some_and(|claim| !claim.values.is_empty());
                if gives {
                    state.set(*result, into(elem));
                }
            }
            _ => {}
        }
    }

    /// The n-th interface of an `abi.InterfaceSwitch`: a cache, how many there are, the interfaces.
    pub(super) fn case(&self, at: u64, n: u64) -> Option<TypeId> {
        const MOST_CASES: u64 = 256;
        let word = |n: u64| self.shared.program.image.word(at.wrapping_add(8 * n));
        let count = word(1).filter(|count| *count <= MOST_CASES)?;
        self.shared.known.ty(word(2 + n)?).filter(|_| n < count)
    }

    /// The results of a call through an interface or a func value of that type.
    pub(super) fn results(&mut self, ty: TypeId, offset: u32, state: &mut State) {
        let shared = self.shared;
        let words = self.looked_up.results.entry((ty, offset)).or_insert_with(|| {
            known::results(shared.types, ty, shared.known.slot(offset), &shared.program.internal).into()
        });
        for (loc, word) in words.iter() {
            match *loc {
                Loc::Reg(reg) => state.set(reg, *word),
                Loc::Stack(offset) => state.store(call_base(shared.program) + i64::from(offset), 8, *word),
            }
        }
    }

    /// The name that `windowsFindfunc(library, name)` looks up, which ends with a zero byte.
    pub(super) fn lookup(&mut self, callee: usize, state: &State) -> Option<Value> {
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
    pub(super) fn named(&mut self, text: String) -> Value {
        self.texts.push(text);
        Value::Named(self.texts.len() as u32 - 1)
    }
}
