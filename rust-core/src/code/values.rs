//! What registers and stack slots hold, followed through one function: constants, addresses, and what the caller of this
//! file makes of loads and of results of calls.
//!
//! Walks in address order. Where paths meet, what differs is forgotten; at the start of a loop, numbers and addresses that
//! the loop writes are forgotten, and types are kept until the next walk, which knows what the loop brings back. When a
//! walk brings back what it assumed, it is right. There are a few at most, so the time is linear.

mod meet;
mod state;

pub use state::{State, Value};

use super::step::{Base, Located, Place, Step, Stored};
use crate::abi::location::RegSet;
use meet::Meetings;

/// What the program says of loads and calls.
pub trait Meaning {
    /// What a load through `base` gives.
    fn load(&mut self, base: Value, disp: i64, size: u8) -> Value;
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

/// Walks after the first; the last one assumes nothing of loops.
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
        self.once(steps, bounds, state.clone(), meaning);
        let mut settled = !self.meetings.has_loops() || !meaning.again();
        for round in 0..ROUNDS {
            if settled {
                break;
            }
            if round > 0 {
                meaning.again();
            }
            self.meetings.begin(round + 1 == ROUNDS);
            self.once(steps, bounds, state.clone(), meaning);
            settled = self.meetings.is_settled();
        }
        self.meetings.clear();
    }

    fn once(&mut self, steps: &[Located], (entry, end): (u64, u64), mut state: State, meaning: &mut impl Meaning) {
        let (mut reached, mut lowest) = (true, 0);
        for (i, located) in steps.iter().enumerate() {
            lowest = lowest.min(state.sp().unwrap_or(0));
            if self.meetings.is_meeting(i) {
                self.meetings.arrive(i, reached, lowest, steps, &mut state);
            } else if !reached {
                // Padding is not reached; anything else is, by a jump table.
                if located.step == Step::Nop {
                    continue;
                }
                state.forget(lowest);
            }
            meaning.see(located, &state);
            let leaves = located.jump().filter(|target| !(entry..end).contains(target));
            if let Some(target) = leaves.filter(|_| matches!(located.step, Step::Jump(_))) {
                meaning.call(located, Target::Direct(target), &mut state);
            } else if let Some(target) = located.jump().and_then(|t| self.meetings.index(steps, entry, t)) {
                self.meetings.leave(i, target, &state);
            }
            apply(located, &mut state, meaning);
            reached = !located.ends();
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
        Step::Store(place, stored) => store(&place, stored, state, meaning),
        Step::Flag(reg) => state.set(reg, Value::Flag),
        Step::Touch(place) => drop(value_at(state, &place, meaning)),
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
        Step::Nop | Step::Compare(..) | Step::Jump(_) | Step::Branch(_) | Step::Ret | Step::Stop => {}
    }
}

fn store(place: &Place, stored: Stored, state: &mut State, meaning: &mut impl Meaning) {
    let value = match stored {
        Stored::Reg(reg) => state.reg(reg),
        Stored::Const(value) => Value::Const(value),
        Stored::Unknown => Value::Unknown,
    };
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
fn written(located: &Located) -> (RegSet, Option<Place>) {
    let none = (RegSet::NONE, None);
    match located.step {
        Step::Other(regs) => (regs, None),
        Step::Const(reg, _)
        | Step::Copy(reg, _)
        | Step::Lea(reg, _)
        | Step::Load(reg, _)
        | Step::Flag(reg)
        | Step::Add(reg, _)
        | Step::Pop(reg, _) => (RegSet::of(reg), None),
        Step::Store(place, _) if place.base != Base::Absolute => (RegSet::NONE, Some(place)),
        Step::Call(_) | Step::CallReg(_) | Step::CallMem(_) | Step::Syscall => (!RegSet::NONE, None),
        _ => none,
    }
}
