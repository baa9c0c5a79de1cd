//! What calls hand over: to whom they call, to who is called through a func value, and to closures on the stack.

use super::facts::Spot;
use super::known;
use super::look::call_base;
use super::symbols::{Word, words};
use super::walk::Walk;
use crate::abi::location::Loc;
use crate::code::step::{Located, Step};
use crate::code::values::{State, Target, Value};
use crate::types::{Kind, TypeId};
use std::sync::Arc;

impl Walk<'_, '_, '_> {
    /// What a call passes to the called function, and to closures that are on the stack.
    pub(super) fn passes(&mut self, call: &Located, target: Target, state: &State) {
        for n in 0..self.symbols.closures.len() {
            let (at, func) = self.symbols.closures[n];
            self.captures(at, func, state);
        }
        let target = match target {
            Target::Direct(target) | Target::Value(Value::Const(target)) => target,
            Target::Value(Value::Method(ty, offset)) => return self.hands_over(ty, offset, state),
            Target::Value(value) => return self.passes_through(value, state),
            Target::Kernel => return,
        };
        let shared = self.shared;
        // Assembly says nothing of types.
        let Some(callee) = shared.program.at(target).filter(|i| !shared.resolved[*i].asm) else { return };
        let params = shared.resolved[callee].params.as_ref();
        for (loc, word) in words(shared.types, params, |loc| Spot::Param(callee as u32, loc)) {
            let value = self.passed(loc, state);
            match word {
                Word::Of(spot) => self.gets(spot, self.elements(loc, value, state)),
                Word::Typed(place) => self.becomes(value, place),
            }
        }
        self.points(callee as u32, state);
        if matches!(call.step, Step::Jump(_)) {
            self.passes_on(callee as u32);
        }
    }

    /// What a call passes through a func value of which no type is known, to all functions that it may be.
    fn passes_through(&mut self, code: Value, state: &State) {
        let (Value::Symbol(number) | Value::Through(number, 0)) = code else { return };
        // A func value points at its code.
        let func = match self.symbols.spot(number) {
            Some(Spot::Behind(func, loc, 0)) if matches!(code, Value::Symbol(_)) => Some(Spot::Param(func, loc)),
            Some(Spot::Variable(func, at, 0)) if matches!(code, Value::Symbol(_)) => Some(Spot::Captured(func, at)),
            spot => spot,
        };
        let Some(func) = func else { return };
        self.fact(func);
        let facts = self.facts;
        for spot in facts.entered_through(func) {
            if let Spot::Param(_, loc) = spot {
                let value = self.passed(loc, state);
                self.gets(spot, value);
            }
        }
    }

    /// What a call has at a place of a parameter.
    fn passed(&self, loc: Loc, state: &State) -> Value {
        match loc {
            Loc::Reg(reg) => state.reg(reg),
            Loc::Stack(offset) => state.slot(call_base(self.shared.program) + i64::from(offset), 8),
        }
    }

    /// What pointers lead to that a call passes.
    fn points(&mut self, callee: u32, state: &State) {
        let facts = self.facts;
        for spot in facts.behind(callee) {
            let Spot::Behind(_, loc, off) = *spot else { continue };
            let pointer = self.passed(loc, state);
            let value = match pointer {
                Value::Symbol(number) => match self.symbols.spot(number) {
                    Some(Spot::Param(func, own)) => self.symbol(Spot::Behind(func, own, off)),
                    _ => continue,
                },
                Value::Part(ty, from) => known::load(self.shared.types, (ty, from), off.into()),
                _ => self.pointed(pointer, off, state),
            };
            self.gets(*spot, value);
        }
    }

    /// The word at an offset of what a pointer points at.
    fn pointed(&self, pointer: Value, off: u32, state: &State) -> Value {
        match pointer {
            Value::Frame(at) => state.frame(i64::from(at) + i64::from(off), 8),
            Value::Into(ty, from) => known::part(self.shared.types, ty, from.saturating_add(off)),
            _ => Value::Unknown,
        }
    }

    /// What a call of an interface's method, or through a func value, passes: values become what the type says.
    fn hands_over(&mut self, ty: TypeId, offset: u32, state: &State) {
        let shared = self.shared;
        let params = self.looked_up.params.entry((ty, offset)).or_insert_with(|| {
            known::params(shared.types, ty, shared.known.slot(offset), &shared.program.internal).into()
        });
        for (loc, place) in Arc::clone(params).iter() {
            let value = self.passed(*loc, state);
            self.becomes(value, *place);
        }
    }

    /// A slice that is made on the stack for a call is the address of its elements: they are interfaces of one type, and
    /// length and capacity, which are the same, follow.
    fn elements(&self, loc: Loc, value: Value, state: &State) -> Value {
        const MOST_ELEMENTS: u64 = 64;
        let ints = self.shared.program.internal.ints;
        let (Value::Frame(at), Loc::Reg(reg)) = (value, loc) else { return value };
        let next =
            ints.iter().position(|int| *int == reg).map_or(&[][..], |n| ints.get(n + 1..n + 3).unwrap_or_default());
        let [Value::Const(len), Value::Const(cap)] = next.iter().map(|reg| state.reg(*reg)).collect::<Vec<_>>()[..]
        else {
            return value;
        };
        if len != cap || !(1..=MOST_ELEMENTS).contains(&len) {
            return value;
        }
        let word = |n: u64| match state.frame(i64::from(at) + 16 * n as i64, 8) {
            Value::Const(itab) => self.shared.known.itab_at(itab),
            Value::Part(ty, 0) => Some(ty),
            _ => None,
        };
        let interface = |ty: TypeId| matches!(self.shared.types.get(ty).map(|t| &t.kind), Some(Kind::Interface { .. }));
        match word(0).filter(|ty| interface(*ty)) {
            Some(ty) if (1..len).all(|n| word(n) == Some(ty)) => Value::Into(ty, 0),
            _ => value,
        }
    }

    /// The function ends with a jump to another one, whose results are its own.
    fn passes_on(&mut self, callee: u32) {
        let (shared, index) = (self.shared, self.index);
        let results = |function: u32| {
            let results = shared.resolved[function as usize].results.as_ref();
            words(shared.types, results, move |loc| Spot::Result(function, loc))
        };
        for (loc, word) in results(index) {
            let same = results(callee).find(|other| other.0 == loc);
            let (Word::Of(spot), Some((_, theirs))) = (word, same) else { continue };
            let value = self.value(theirs);
            self.gets(spot, value);
        }
    }

    fn captures(&mut self, at: i32, func: u32, state: &State) {
        let facts = self.facts;
        for spot in facts.captured(func) {
            let word = |off: u32| state.frame(i64::from(at) + i64::from(off), 8);
            let value = match *spot {
                Spot::Captured(_, off) => word(off),
                Spot::Variable(_, off, inner) => self.pointed(word(off), inner, state),
                _ => continue,
            };
            self.gets(*spot, value);
        }
    }
}
