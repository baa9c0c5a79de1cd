//! Registers and stack slots at one place of a function.

use super::Meaning;
use crate::abi::location::{Reg, RegSet};
use crate::limits::MAX_STACK_SLOTS;
use crate::types::TypeId;

/// What a word holds, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Value {
    /// Anything.
    #[default]
    Unknown,
    /// A number or an address of the file.
    Const(u64),
    /// What the word at that address holds.
    Static(u64),
    /// An address of the stack, in bytes from SP at entry.
    Frame(i32),
    /// The word at that offset of a value of the type.
    Part(TypeId, u32),
    /// The address of that offset of a value of the type.
    Into(TypeId, u32),
    /// What an integer register, by number, held at entry, plus an offset.
    Entry(Reg, i32),
    /// A word loaded at that offset through a pointer of which nothing is known.
    Loaded(u32),
    /// Something that other functions know more of, by number.
    Symbol(u32),
    /// A word loaded through what that symbol stands for, or through what that leads to; the offset of the last load.
    Through(u32, u32),
    /// That many bytes into the closure's own object.
    Context(u32),
    /// An itab of one of several interfaces, which the object at that address lists (`abi.InterfaceSwitch`).
    Cases(u64),
    /// The number of that interface in the list.
    Case(u64),
    /// What was looked up by a name, by number.
    Named(u32),
    /// 0 or 1, as a flag said.
    Flag,
    /// A method's code, from that offset of an itab of the interface type.
    Method(TypeId, u32),
}

impl Value {
    /// The value with a constant added.
    pub fn plus(self, by: i64) -> Value {
        match self {
            Value::Const(value) => Value::Const(value.wrapping_add_signed(by)),
            Value::Frame(at) => i32::try_from(i64::from(at) + by).map_or(Value::Unknown, Value::Frame),
            Value::Entry(reg, at) => {
                i32::try_from(i64::from(at) + by).map_or(Value::Unknown, |at| Value::Entry(reg, at))
            }
            Value::Into(ty, at) => u32::try_from(i64::from(at) + by).map_or(Value::Unknown, |at| Value::Into(ty, at)),
            _ => Value::Unknown,
        }
    }

    /// Whether it keeps being of the same type when it changes.
    pub fn is_steady(self) -> bool {
        self.is_typed() || matches!(self, Value::Symbol(_) | Value::Through(..) | Value::Cases(_) | Value::Case(_))
    }

    /// Whether it is what a type says, and not a number or an address.
    pub fn is_typed(self) -> bool {
        matches!(self, Value::Part(..) | Value::Into(..) | Value::Method(..))
    }

    /// The constant.
    pub fn constant(self) -> Option<u64> {
        if let Value::Const(value) = self { Some(value) } else { None }
    }
}

/// Registers that are followed. In a vector register it is where its words were loaded from.
const REGS: usize = 48;

/// What is known at one place.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    regs: [Value; REGS],
    /// By offset from SP at entry, ascending; what is unknown is not listed.
    slots: Vec<(i32, Value)>,
    /// SP, from SP at entry; `None` when lost.
    sp: Option<i32>,
}

impl Default for State {
    fn default() -> State {
        State { regs: [Value::Unknown; REGS], slots: Vec::new(), sp: None }
    }
}

impl State {
    /// Replaces a value wherever it is.
    pub fn replace(&mut self, from: Value, to: Value) {
        let values = self.regs.iter_mut().chain(self.slots.iter_mut().map(|slot| &mut slot.1));
        values.filter(|value| **value == from).for_each(|value| *value = to);
    }

    /// At a function's entry, nothing known of its arguments.
    pub fn at_entry() -> State {
        State { sp: Some(0), ..State::default() }
    }

    /// What a register holds.
    pub fn reg(&self, reg: Reg) -> Value {
        self.regs.get(usize::from(reg.0)).copied().unwrap_or_default()
    }

    /// Sets a register.
    pub fn set(&mut self, reg: Reg, value: Value) {
        if let Some(slot) = self.regs.get_mut(usize::from(reg.0)) {
            *slot = value;
        }
    }

    /// Forgets registers.
    pub fn kill(&mut self, regs: RegSet) {
        if regs == !RegSet::NONE {
            self.regs = [Value::Unknown; REGS];
            return;
        }
        for (n, value) in self.regs.iter_mut().enumerate() {
            if regs.0 >> n & 1 != 0 {
                *value = Value::Unknown;
            }
        }
    }

    /// Forgets everything, SP being at `sp`.
    pub(super) fn forget(&mut self, sp: i32) {
        self.regs = [Value::Unknown; REGS];
        self.slots.clear();
        self.sp = Some(sp);
    }

    /// SP, from SP at entry.
    pub fn sp(&self) -> Option<i32> {
        self.sp
    }

    pub(super) fn move_sp(&mut self, by: i32) {
        self.sp = self.sp.and_then(|sp| sp.checked_add(by));
    }

    pub(super) fn lose_sp(&mut self) {
        self.sp = None;
        self.slots.clear();
    }

    /// The address `disp` above SP.
    pub fn address(&self, disp: i64) -> Value {
        self.sp.map_or(Value::Unknown, Value::Frame).plus(disp)
    }

    /// What is on the stack `disp` above SP.
    pub fn slot(&self, disp: i64, size: u8) -> Value {
        self.sp.map_or(Value::Unknown, |sp| self.frame(i64::from(sp) + disp, size))
    }

    /// What is on the stack at that offset from SP at entry.
    pub fn frame(&self, at: i64, size: u8) -> Value {
        let Ok(at) = i32::try_from(at) else { return Value::Unknown };
        let found = self.slots.binary_search_by_key(&at, |slot| slot.0).ok().map(|i| self.slots[i].1);
        found.filter(|value| size >= 4 || value.constant().is_some()).unwrap_or_default()
    }

    /// Stores `disp` above SP.
    pub fn store(&mut self, disp: i64, size: u8, value: Value) {
        if let Some(sp) = self.sp {
            self.store_frame(i64::from(sp) + disp, size, value);
        }
    }

    /// Stores at that offset from SP at entry; a constant wider than a word is one for each word.
    pub fn store_frame(&mut self, at: i64, size: u8, value: Value) {
        let Ok(at) = i32::try_from(at) else { return };
        self.kill_slots(at, i32::from(size.max(1)));
        let words = if value.constant().is_some() { i32::from(size.div_ceil(8)) } else { i32::from(size <= 8) };
        for word in 0..words {
            self.put(at.saturating_add(8 * word), value);
        }
    }

    fn put(&mut self, at: i32, value: Value) {
        if value == Value::Unknown || self.slots.len() >= MAX_STACK_SLOTS {
            return;
        }
        match self.slots.binary_search_by_key(&at, |slot| slot.0) {
            Ok(i) => self.slots[i].1 = value,
            Err(i) => self.slots.insert(i, (at, value)),
        }
    }

    /// Forgets what overlaps `len` bytes of the stack, from that offset from SP at entry on.
    pub fn kill_slots(&mut self, at: i32, len: i32) {
        let from = self.slots.partition_point(|slot| slot.0.saturating_add(8) <= at);
        let to = self.slots.partition_point(|slot| slot.0 < at.saturating_add(len));
        if from < to {
            self.slots.drain(from..to);
        }
    }

    /// What is known where two paths meet.
    pub(super) fn meet(&mut self, other: &State, meaning: &impl Meaning) {
        for (mine, theirs) in self.regs.iter_mut().zip(&other.regs) {
            if mine != theirs {
                *mine = meaning.join(*mine, *theirs);
            }
        }
        if self.sp != other.sp {
            return self.lose_sp();
        }
        let find = |slots: &[(i32, Value)], at: i32| {
            slots.binary_search_by_key(&at, |slot| slot.0).map_or(Value::Unknown, |i| slots[i].1)
        };
        let more = other.slots.iter().filter(|slot| find(&self.slots, slot.0) == Value::Unknown);
        let more: Vec<_> = more.map(|slot| (slot.0, meaning.join(slot.1, Value::Unknown))).collect();
        for slot in &mut self.slots {
            let theirs = find(&other.slots, slot.0);
            if slot.1 != theirs {
                slot.1 = meaning.join(slot.1, theirs);
            }
        }
        self.slots.retain(|slot| slot.1 != Value::Unknown);
        more.into_iter().for_each(|(at, value)| self.put(at, value));
    }

    /// Forgets registers that hold no type.
    pub(super) fn weaken(&mut self, regs: RegSet) {
        for (n, value) in self.regs.iter_mut().enumerate() {
            if regs.0 >> n & 1 != 0 && !value.is_steady() {
                *value = Value::Unknown;
            }
        }
    }

    /// Forgets what overlaps a range of the stack and holds no type.
    pub(super) fn weaken_slots(&mut self, at: i32, len: i32) {
        self.weaken_unless(at, len, Value::is_steady);
    }

    fn weaken_unless(&mut self, at: i32, len: i32, keep: impl Fn(Value) -> bool) {
        let from = self.slots.partition_point(|slot| slot.0.saturating_add(8) <= at);
        let to = self.slots.partition_point(|slot| slot.0 < at.saturating_add(len));
        for slot in self.slots.get_mut(from..to).unwrap_or_default() {
            if !keep(slot.1) {
                slot.1 = Value::Unknown;
            }
        }
        self.slots.retain(|slot| slot.1 != Value::Unknown);
    }

    /// Forgets the numbers in stack objects whose address a callee has, as it may write there. Where such an object ends is
    /// not known; words of variables are hardly ever in one.
    pub fn expose(&mut self) {
        const LONGEST: i32 = 256;
        let address = |value: &Value| if let Value::Frame(at) = value { Some(*at) } else { None };
        let slots: Vec<i32> = self.slots.iter().filter_map(|(_, value)| address(value)).collect();
        let regs = self.regs.iter().filter_map(address).collect::<Vec<_>>();
        for at in slots.into_iter().chain(regs) {
            self.weaken_unless(at, LONGEST, |value| value.is_steady() || matches!(value, Value::Static(_)));
        }
    }

    /// Whether anything is known beside where the stack is.
    pub(super) fn knows_anything(&self) -> bool {
        !self.slots.is_empty() || self.regs.iter().any(|value| *value != Value::Unknown)
    }

    pub(super) fn copy_from(&mut self, other: &State) {
        self.regs = other.regs;
        self.slots.clear();
        self.slots.extend_from_slice(&other.slots);
        self.sp = other.sp;
    }
}
