//! One function's calls, with what registers and stack hold there.

use crate::abi::location::{Loc, Reg, RegSet};
use crate::abi::platform::CAbi;
use crate::arch::Arch;
use crate::code::step::Located;
use crate::code::steps;
use crate::code::values::{Meaning, State, Target, Value, Walker};
use crate::golang::pclntab::Func;
use crate::program::Program;
use crate::report::Abi;

/// Stack parameters are followed like registers: the n-th word has this number plus n.
const STACK: u8 = 100;

/// The number of a stack parameter's word, for [`Value::Entry`].
pub(super) fn stack_word(offset: u32) -> Option<Reg> {
    u8::try_from(offset / 8).ok().filter(|n| *n < 255 - STACK).map(|n| Reg(STACK + n))
}

/// Where a word is at a C function's entry, by the number that [`Value::Entry`] has for it.
pub(super) fn entry_place(reg: Reg) -> Option<Loc> {
    match reg.0.checked_sub(STACK) {
        None => Some(Loc::Reg(reg)),
        Some(word) => Some(Loc::Stack(8 * u32::from(word))),
    }
}

/// A thread's scratch memory.
#[derive(Default)]
pub(super) struct Looker {
    pub(super) steps: Vec<Located>,
    walker: Walker,
}

/// A call as it was met.
pub(super) struct Call {
    /// Bytes from the function's entry.
    pub(super) at: u32,
    /// Where it goes, if that is constant.
    pub(super) target: Option<u64>,
    /// Whether a register or memory says where.
    pub(super) indirect: bool,
    /// What is known in front of it.
    pub(super) state: State,
    /// What it calls.
    pub(super) value: Value,
}

impl Looker {
    /// Decodes the code from `entry` on.
    pub(super) fn decode(&mut self, program: &Program<'_>, entry: u64, end: u64) {
        steps::decode(program.image.arch, program.code_from(entry, end), entry, &mut self.steps);
    }

    /// Walks over what was decoded.
    pub(super) fn walk(&mut self, bounds: (u64, u64), state: State, meaning: &mut impl Meaning) {
        self.walker.walk(&self.steps, bounds, state, meaning);
    }

    /// All calls of a Go function.
    pub(super) fn calls(&mut self, program: &Program<'_>, func: &Func) -> Vec<Call> {
        self.calls_keeping(program, func, RegSet::NONE)
    }

    /// The same of assembly that holds something in these registers while it calls other assembly.
    pub(super) fn calls_keeping(&mut self, program: &Program<'_>, func: &Func, kept: RegSet) -> Vec<Call> {
        self.decode(program, func.entry, func.end);
        let mut all = Calls { list: Vec::new(), kept };
        self.walk((func.entry, func.end), entry_state(), &mut all);
        all.list
    }
}

/// Bytes from SP at a call to the called Go function's arguments on the stack: where no return address is pushed, there is
/// room for the link register.
pub(super) fn call_base(program: &Program<'_>) -> i64 {
    let pushed = if program.image.arch == Arch::Arm64 { 0 } else { program.image.arch.ptr_size() };
    i64::from(program.internal.arg_base) - i64::from(pushed)
}

/// Every register and stack parameter is itself, in Go code.
pub(super) fn entry_state() -> State {
    entry_state_at(8)
}

/// The same in C code.
pub(super) fn c_entry_state(program: &Program<'_>) -> State {
    entry_state_at(CAbi::of(program.image.arch, program.image.os).map_or(8, CAbi::arg_base))
}

fn entry_state_at(base: u32) -> State {
    let mut state = State::at_entry();
    (0..30).map(Reg).for_each(|reg| state.set(reg, Value::Entry(reg, 0)));
    for word in 0..16u32 {
        if let Some(reg) = stack_word(8 * word) {
            state.store_frame(i64::from(base + 8 * word), 8, Value::Entry(reg, 0));
        }
    }
    state
}

/// Collects calls.
struct Calls {
    list: Vec<Call>,
    /// Registers that calls leave alone.
    kept: RegSet,
}

/// Calls of one function that are looked at; the chain's functions have a dozen.
const MOST: usize = 256;

impl Meaning for Calls {
    fn load(&mut self, base: Value, disp: i64, _size: u8) -> Value {
        match base {
            Value::Const(address) => Value::Static(address.wrapping_add_signed(disp)),
            // A field of what a parameter points to.
            Value::Entry(reg, at) => {
                u32::try_from(i64::from(at) + disp).map_or(Value::Unknown, |off| Value::Through(reg.0.into(), off))
            }
            _ => Value::Unknown,
        }
    }

    fn call(&mut self, call: &Located, target: Target, state: &mut State) {
        let (value, indirect) = match target {
            Target::Direct(at) => (Value::Const(at), false),
            Target::Value(value) => (value, true),
            Target::Kernel => return state.kill(!RegSet::NONE),
        };
        if self.list.len() < MOST {
            self.list.push(Call { at: call.at, target: value.constant(), indirect, state: state.clone(), value });
        }
        state.kill(!self.kept);
    }
}

/// What the n-th argument word of a call is, by the convention of the called function.
pub(super) fn argument(program: &Program<'_>, state: &State, abi: Abi, n: usize) -> Value {
    let registers = if abi == Abi::ABIInternal { program.internal.ints } else { &[] };
    match registers.get(n) {
        Some(reg) => state.reg(*reg),
        None => state.slot(call_base(program) + 8 * (n - registers.len()) as i64, 8),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_c_keeps_is_still_known_behind_a_call_of_assembly() {
        // mov x19, x0; bl; blr x19: crosscall2 of Go 1.10 to 1.15.
        let code: Vec<u8> = [0xaa00_03f3u32, 0x9400_0010, 0xd63f_0260].iter().flat_map(|w| w.to_le_bytes()).collect();
        let called = |kept: RegSet| {
            let mut looker = Looker::default();
            steps::decode(Arch::Arm64, &code, 0x1000, &mut looker.steps);
            let mut all = Calls { list: Vec::new(), kept };
            looker.walk((0x1000, 0x100c), entry_state(), &mut all);
            all.list.last().map(|call| call.value)
        };
        assert_eq!(called(RegSet::of(Reg(19))), Some(Value::Entry(Reg(0), 0)));
        assert_eq!(called(RegSet::NONE), Some(Value::Unknown));
    }
}
