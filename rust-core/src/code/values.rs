//! What registers and stack slots hold, followed through one function: constants, addresses, and what the caller of this
//! file makes of loads and of results of calls.
//!
//! Walks in address order. Where paths meet, numbers and addresses that differ are forgotten; types are kept, because a
//! word that is used behind the meeting is one variable with one type, whichever way it came. At the start of a loop,
//! numbers and addresses that the loop writes are forgotten; another walk knows what the loop brings back. There are a few
//! at most, so the time is linear.

mod meet;
mod state;

pub use state::{State, Value};

use super::step::{Base, Located, Place, Step, Stored};
use crate::abi::location::{Reg, RegSet};
use meet::Meetings;

/// What the program says of loads and calls.
pub trait Meaning {
    /// What a load through `base` gives.
    fn load(&mut self, base: Value, disp: i64, size: u8) -> Value;
    /// What an address is after something unknown was added to it: that of an element.
    fn element(&self, _base: Value) -> Value {
        Value::Unknown
    }
    /// A register was compared with a constant and is equal to it.
    fn equal(&self, reg: Reg, value: u64, state: &mut State) {
        if value == 0 {
            state.set(reg, Value::Const(0));
        }
    }
    /// What a word is that one path says `a` of, and another one `b`.
    fn join(&self, a: Value, b: Value) -> Value {
        if a == b { a } else { Value::Unknown }
    }
    /// Whether [`Meaning::join`] keeps the type that only one path knows.
    fn keeps_types(&self) -> bool {
        false
    }
    /// A store through a pointer that is not the stack's.
    fn store(&mut self, _base: Value, _disp: i64, _size: u8, _value: Value) {}
    /// A call or a jump out of the function: looks at the state before it, and leaves the results in it.
    fn call(&mut self, call: &Located, target: Target, state: &mut State);
    /// Any instruction, before it takes effect.
    fn see(&mut self, _at: &Located, _state: &State) {}
    /// A walk is over. Whether what it noted of types has to be checked against what loops bring back to their starts; what
    /// was noted has to be dropped then.
    fn again(&mut self) -> bool {
        false
    }
}

/// Where a call goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// There.
    Direct(u64),
    /// Where that value says.
    Value(Value),
    /// Into the kernel.
    Kernel,
}

/// Walks after the first; the last one assumes nothing of loops, unless types are kept where paths meet.
const ROUNDS: usize = 4;

/// Reusable memory of a walk; one per thread.
#[derive(Debug, Default)]
pub struct Walker {
    meetings: Meetings,
}

impl Walker {
    /// Walks over `steps`, the instructions of the function from `entry` to `end`, which starts with `state`.
    pub fn walk(&mut self, steps: &[Located], bounds: (u64, u64), state: State, meaning: &mut impl Meaning) {
        self.meetings.find(steps, bounds.0, bounds.1);
        self.once(steps, bounds, &state, meaning);
        let mut settled = self.meetings.is_settled(meaning) || !meaning.again();
        for round in 0..ROUNDS {
            if settled {
                break;
            }
            if round > 0 {
                meaning.again();
            }
            self.meetings.begin(round + 1 == ROUNDS && !meaning.keeps_types());
            self.once(steps, bounds, &state, meaning);
            settled = self.meetings.is_settled(meaning);
        }
        self.meetings.clear();
    }

    fn once(&mut self, steps: &[Located], (entry, end): (u64, u64), start: &State, meaning: &mut impl Meaning) {
        let mut state = start.clone();
        let (mut reached, mut lowest) = (true, 0);
        let mut switch: Option<State> = None;
        for (i, located) in steps.iter().enumerate() {
            lowest = lowest.min(state.sp().unwrap_or(0));
            if self.meetings.is_meeting(i) {
                self.meetings.arrive(i, (reached, lowest), &mut state, meaning);
            } else if !reached {
                // Padding is not reached; anything else is, by a jump table.
                if located.step == Step::Nop {
                    continue;
                }
                match &switch {
                    Some(switch) => state.copy_from(switch),
                    None => state.forget(lowest),
                }
            }
            meaning.see(located, &state);
            let leaves = located.jump().filter(|target| !(entry..end).contains(target));
            if let Some(target) = leaves.filter(|_| matches!(located.step, Step::Jump(_))) {
                meaning.call(located, Target::Direct(target), &mut state);
            } else if let Some(target) = self.meetings.target(i) {
                let compared = i.checked_sub(1).map(|before| steps[before].step);
                self.branch((i, target), (located.step, compared), &mut state, meaning);
            }
            if matches!(located.step, Step::JumpReg(_) | Step::JumpMem(_)) {
                match &mut switch {
                    Some(switch) => switch.meet(&state, meaning),
                    None => switch = Some(state.clone()),
                }
            }
            apply(located, &mut state, meaning);
            reached = !located.ends();
        }
    }
}

impl Walker {
    /// A jump within the function, which may be one of two ways on; what was compared is known on one of them.
    fn branch(
        &mut self,
        (from, to): (usize, usize),
        steps: (Step, Option<Step>),
        state: &mut State,
        meaning: &impl Meaning,
    ) {
        match steps {
            (Step::BranchEqual(_), Some(Step::Compare(reg, 8, Some(value)))) => {
                let mut equal = state.clone();
                meaning.equal(reg, value, &mut equal);
                self.meetings.leave(from, to, &equal, meaning);
            }
            (Step::BranchOther(_), Some(Step::Compare(reg, 8, Some(value)))) => {
                self.meetings.leave(from, to, state, meaning);
                meaning.equal(reg, value, state);
            }
            _ => self.meetings.leave(from, to, state, meaning),
        }
    }
}

fn value_at(state: &State, place: &Place, meaning: &mut impl Meaning) -> Value {
    match place.base {
        Base::Sp => state.slot(place.disp, place.size),
        Base::Absolute => meaning.load(Value::Const(0), place.disp, place.size),
        Base::Reg(reg) => match state.reg(reg) {
            Value::Frame(at) => state.frame(i64::from(at) + place.disp, place.size),
            base => meaning.load(base, place.disp, place.size),
        },
    }
}

/// The address of an element: either register may hold what it is counted from.
fn element(state: &State, place: &Place, index: Reg, meaning: &impl Meaning) -> Value {
    let Base::Reg(base) = place.base else { return Value::Unknown };
    match meaning.element(state.reg(base)) {
        Value::Unknown => meaning.element(state.reg(index)),
        value => value,
    }
}

fn apply(located: &Located, state: &mut State, meaning: &mut impl Meaning) {
    match located.step {
        Step::Other(regs) => state.kill(regs),
        Step::Const(reg, value) => state.set(reg, Value::Const(value)),
        Step::Copy(to, from) => state.set(to, state.reg(from)),
        Step::Lea(reg, place) => {
            let value = match place.base {
                Base::Sp => state.address(place.disp),
                Base::Absolute => Value::Const(place.disp as u64),
                Base::Reg(base) => state.reg(base).plus(place.disp),
            };
            state.set(reg, value);
        }
        Step::Load(reg, place) => {
            let value = value_at(state, &place, meaning);
            state.set(reg, value);
        }
        Step::LoadElement(reg, place, index) => {
            let value = match element(state, &place, index, meaning) {
                Value::Unknown => Value::Unknown,
                base => meaning.load(base, place.disp, place.size),
            };
            state.set(reg, value);
        }
        Step::LeaElement(reg, place, index) => {
            let value = element(state, &place, index, meaning).plus(place.disp);
            state.set(reg, value);
        }
        Step::AddReg(to, from) => {
            let place = Place { base: Base::Reg(to), disp: 0, size: 0 };
            let value = element(state, &place, from, meaning);
            state.set(to, value);
        }
        Step::Store(place, stored) => store(&place, stored, state, meaning),
        Step::Flag(reg) => state.set(reg, Value::Flag),
        Step::LoadFloat(reg, place) => {
            let source = if place.size == 16 { address_of(state, &place, meaning) } else { Value::Unknown };
            let _ = value_at(state, &place, meaning);
            state.set(reg, source);
        }
        Step::Add(reg, by) => state.set(reg, state.reg(reg).plus(by)),
        Step::Sp(by) => state.move_sp(by),
        Step::SpLost => state.lose_sp(),
        Step::Pop(reg, by) => {
            let value = state.slot(0, by as u8);
            state.set(reg, value);
            state.move_sp(by);
        }
        Step::Call(target) => meaning.call(located, Target::Direct(target), state),
        Step::CallReg(reg) | Step::JumpReg(reg) => {
            meaning.call(located, Target::Value(state.reg(reg)), state);
        }
        Step::CallMem(place) | Step::JumpMem(place) => {
            let value = value_at(state, &place, meaning);
            meaning.call(located, Target::Value(value), state);
        }
        Step::Syscall => meaning.call(located, Target::Kernel, state),
        Step::Nop | Step::Jump(_) | Step::Branch(_) | Step::BranchEqual(_) | Step::BranchOther(_) => {}
        Step::Compare(..) | Step::Ret | Step::Stop => {}
    }
}

/// The address of a place, when something is known of it: where a vector register's words come from.
fn address_of(state: &State, place: &Place, meaning: &impl Meaning) -> Value {
    match place.base {
        Base::Sp => state.address(place.disp),
        Base::Absolute => Value::Const(place.disp as u64),
        Base::Reg(reg) => match state.reg(reg) {
            base @ (Value::Frame(_) | Value::Const(_)) => base.plus(place.disp),
            base => meaning.element(base).plus(place.disp),
        },
    }
}

/// Copies the words of a vector register that was loaded from `source`.
fn copy(place: &Place, source: Value, state: &mut State, meaning: &mut impl Meaning) {
    let words = [0, 8].map(|at| match source {
        Value::Frame(from) => state.frame(i64::from(from) + at, 8),
        Value::Unknown | Value::Const(0) => source,
        base => meaning.load(base, at, 8),
    });
    for (at, value) in [0, 8].into_iter().zip(words) {
        let place = Place { disp: place.disp + at, size: 8, ..*place };
        store_value(&place, value, state, meaning);
    }
}

fn store(place: &Place, stored: Stored, state: &mut State, meaning: &mut impl Meaning) {
    let value = match stored {
        Stored::Reg(reg) if reg.is_float() => return copy(place, state.reg(reg), state, meaning),
        Stored::Reg(reg) => state.reg(reg),
        Stored::Const(value) => Value::Const(value),
        Stored::Unknown => Value::Unknown,
    };
    store_value(place, value, state, meaning);
}

fn store_value(place: &Place, value: Value, state: &mut State, meaning: &mut impl Meaning) {
    match place.base {
        Base::Sp => state.store(place.disp, place.size, value),
        Base::Absolute => meaning.store(Value::Const(0), place.disp, place.size, value),
        Base::Reg(reg) => match state.reg(reg) {
            Value::Frame(at) => state.store_frame(i64::from(at) + place.disp, place.size, value),
            base => meaning.store(base, place.disp, place.size, value),
        },
    }
}

/// What an instruction writes, for loops: registers, and a place.
pub fn written(located: &Located) -> (RegSet, Option<Place>) {
    let none = (RegSet::NONE, None);
    match located.step {
        Step::Other(regs) => (regs, None),
        Step::Const(reg, _)
        | Step::Copy(reg, _)
        | Step::Lea(reg, _)
        | Step::LeaElement(reg, ..)
        | Step::Load(reg, _)
        | Step::Flag(reg)
        | Step::LoadElement(reg, ..)
        | Step::Add(reg, _)
        | Step::AddReg(reg, _)
        | Step::Pop(reg, _) => (RegSet::of(reg), None),
        Step::Store(place, _) if place.base != Base::Absolute => (RegSet::NONE, Some(place)),
        Step::Call(_) | Step::CallReg(_) | Step::CallMem(_) | Step::Syscall => (!RegSet::NONE, None),
        _ => none,
    }
}
