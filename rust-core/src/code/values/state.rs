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
#[derive(Debug, Clone)]
pub struct State {
    /// Registers of which something is known; what `regs` holds of others means nothing.
    known: RegSet,
    regs: [Value; REGS],
    /// By offset from SP at entry, ascending; what is unknown is not listed.
    slots: Vec<(i32, Value)>,
    /// SP, from SP at entry; `None` when lost.
    sp: Option<i32>,
}

impl Default for State {
    fn default() -> State {
        State { known: RegSet::NONE, regs: [Value::Unknown; REGS], slots: Vec::new(), sp: None }
    }
}

impl PartialEq for State {
    fn eq(&self, other: &State) -> bool {
        let same = |n: usize| self.regs[n] == other.regs[n];
        (self.sp, self.known) == (other.sp, other.known) && self.slots == other.slots && numbers(self.known).all(same)
    }
}

/// The numbers of a set's registers.
fn numbers(set: RegSet) -> impl Iterator<Item = usize> {
    let mut left = set.0;
    std::iter::from_fn(move || {
        let number = left.trailing_zeros() as usize;
        left &= left.wrapping_sub(1);
        (number < REGS).then_some(number)
    })
}

/// Where a slot is, or would be.
fn search(slots: &[(i32, Value)], at: i32) -> Result<usize, usize> {
    slots.binary_search_by_key(&at, |slot| slot.0)
}

impl State {
    /// Replaces a value wherever it is.
    pub fn replace(&mut self, from: Value, to: Value) {
        for n in numbers(self.known) {
            if self.regs[n] == from {
                self.put_reg(n, to);
            }
        }
        self.slots.iter_mut().filter(|slot| slot.1 == from).for_each(|slot| slot.1 = to);
    }

    /// At a function's entry, nothing known of its arguments.
    pub fn at_entry() -> State {
        State { sp: Some(0), ..State::default() }
    }

    /// What a register holds.
    pub fn reg(&self, reg: Reg) -> Value {
        let number = usize::from(reg.0);
        if number < REGS { self.at(number) } else { Value::Unknown }
    }

    fn at(&self, number: usize) -> Value {
        if self.known.0 >> number & 1 != 0 { self.regs[number] } else { Value::Unknown }
    }

    /// Sets a register.
    pub fn set(&mut self, reg: Reg, value: Value) {
        let number = usize::from(reg.0);
        if number < REGS {
            self.put_reg(number, value);
        }
    }

    fn put_reg(&mut self, number: usize, value: Value) {
        match value {
            Value::Unknown => self.known.0 &= !(1 << number),
            value => {
                self.known.0 |= 1 << number;
                self.regs[number] = value;
            }
        }
    }

    /// Forgets registers.
    pub fn kill(&mut self, regs: RegSet) {
        self.known = self.known & !regs;
    }

    /// Forgets everything, SP being at `sp`.
    pub(super) fn forget(&mut self, sp: i32) {
        self.known = RegSet::NONE;
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
        let found = search(&self.slots, at).ok().map(|i| self.slots[i].1);
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
        match search(&self.slots, at) {
            Ok(i) => self.slots[i].1 = value,
            Err(i) => self.slots.insert(i, (at, value)),
        }
    }

    /// The slots that overlap `len` bytes of the stack, from that offset from SP at entry on.
    fn overlapping(&self, at: i32, len: i32) -> std::ops::Range<usize> {
        let from = self.slots.partition_point(|slot| slot.0.saturating_add(8) <= at);
        let end = at.saturating_add(len);
        from..from + self.slots[from..].iter().take_while(|slot| slot.0 < end).count()
    }

    /// Forgets what overlaps `len` bytes of the stack, from that offset from SP at entry on.
    pub fn kill_slots(&mut self, at: i32, len: i32) {
        let range = self.overlapping(at, len);
        if !range.is_empty() {
            self.slots.drain(range);
        }
    }

    /// What is known where two paths meet.
    pub(super) fn meet(&mut self, other: &State, meaning: &impl Meaning) {
        for n in numbers(self.known | other.known) {
            let (mine, theirs) = (self.at(n), other.at(n));
            if mine != theirs {
                self.put_reg(n, meaning.join(mine, theirs));
            }
        }
        if self.sp != other.sp {
            return self.lose_sp();
        }
        if self.slots != other.slots {
            self.meet_slots(&other.slots, meaning);
        }
    }

    /// Both lists are ascending, so one look at each slot is enough.
    fn meet_slots(&mut self, other: &[(i32, Value)], meaning: &impl Meaning) {
        let mut theirs = other.iter().copied().peekable();
        let mut more = Vec::new();
        let mut only_there = |slot: (i32, Value)| match meaning.join(slot.1, Value::Unknown) {
            Value::Unknown => {}
            value => more.push((slot.0, value)),
        };
        self.slots.retain_mut(|slot| {
            while let Some(before) = theirs.next_if(|other| other.0 < slot.0) {
                only_there(before);
            }
            let value = theirs.next_if(|other| other.0 == slot.0).map_or(Value::Unknown, |other| other.1);
            if slot.1 != value {
                slot.1 = meaning.join(slot.1, value);
            }
            slot.1 != Value::Unknown
        });
        theirs.for_each(only_there);
        more.into_iter().for_each(|(at, value)| self.put(at, value));
    }

    /// Forgets registers that hold no type.
    pub(super) fn weaken(&mut self, regs: RegSet) {
        for n in numbers(self.known & regs) {
            if !self.regs[n].is_steady() {
                self.put_reg(n, Value::Unknown);
            }
        }
    }

    /// Forgets what overlaps a range of the stack and holds no type.
    pub(super) fn weaken_slots(&mut self, at: i32, len: i32) {
        self.weaken_unless(at, len, Value::is_steady);
    }

    fn weaken_unless(&mut self, at: i32, len: i32, keep: impl Fn(Value) -> bool) {
        let range = self.overlapping(at, len);
        for i in range.rev() {
            if !keep(self.slots[i].1) {
                self.slots.remove(i);
            }
        }
    }

    /// Forgets the numbers in stack objects whose address a callee has, as it may write there. Where such an object ends is
    /// not known; words of variables are hardly ever in one.
    pub fn expose(&mut self) {
        const LONGEST: i32 = 256;
        if self.slots.is_empty() {
            return;
        }
        let address = |value: Value| if let Value::Frame(at) = value { Some(at) } else { None };
        let slots: Vec<i32> = self.slots.iter().filter_map(|slot| address(slot.1)).collect();
        let stays = |value: Value| value.is_steady() || matches!(value, Value::Static(_));
        slots.into_iter().for_each(|at| self.weaken_unless(at, LONGEST, stays));
        for n in numbers(self.known) {
            if let Some(at) = address(self.regs[n]) {
                self.weaken_unless(at, LONGEST, stays);
            }
        }
    }

    pub(super) fn has_slots(&self) -> bool {
        !self.slots.is_empty()
    }

    /// Whether anything is known beside where the stack is.
    pub(super) fn knows_anything(&self) -> bool {
        !self.slots.is_empty() || self.known != RegSet::NONE
    }

    pub(super) fn copy_from(&mut self, other: &State) {
        self.known = other.known;
        numbers(other.known).for_each(|n| self.regs[n] = other.regs[n]);
        self.slots.clear();
        self.slots.extend_from_slice(&other.slots);
        self.sp = other.sp;
    }
}
