//! Parameters of functions with a spill block: it lists every register parameter, ArgInfo groups them.

use super::{Facts, Located, WORD, extent, piece, stack_value, stack_words, unlisted_end};
use crate::abi::assign::round_up;
use crate::abi::location::{Loc, Piece, Pieces, Reg, Scalar};
use crate::abi::registers::Convention;
use crate::code::growth::Spill;
use crate::code::stack::{WORDS, Words};
use crate::evidence::Value;
use crate::evidence::arg_info::{ArgList, Group};
use crate::report::{Confidence, Source};
use smallvec::SmallVec;

/// A spilled register, by its place in the argument area.
#[derive(Clone, Copy)]
struct Slot {
    off: u32,
    size: u32,
    reg: Reg,
    kind: Scalar,
}

/// Few functions have more parameters in registers.
type Slots = SmallVec<[Slot; 8]>;

fn slots(spills: &[Spill], pointers: Words, convention: &Convention) -> Option<Slots> {
    let slot = |s: &Spill| {
        let off = u32::try_from(s.disp).ok()?.checked_sub(convention.arg_base)?;
        let (size, reg) = (u32::from(s.size), s.reg);
        let pointer = size == WORD && off / WORD < WORDS && pointers >> (off / WORD) & 1 != 0;
        let kind = match piece(0, size, Loc::Reg(reg)).kind {
            Scalar::Word if pointer => Scalar::Ptr,
            Scalar::Word if s.signed == Some(true) => Scalar::Int,
            Scalar::Word if s.signed == Some(false) => Scalar::Uint,
            kind => kind,
        };
        Some(Slot { off, size, reg, kind })
    };
    let slots: Slots = spills.iter().map(slot).collect::<Option<_>>()?;
    let (mut ints, mut floats) = (convention.ints.iter(), convention.floats.iter());
    let in_sequence = slots.iter().all(|s| if s.reg.is_float() { floats.next() } else { ints.next() } == Some(&s.reg));
    let ascending = slots.windows(2).all(|w| w[0].off < w[1].off);
    (in_sequence && ascending).then_some(slots)
}

fn lone(slot: Slot) -> Value {
    register_value(&[slot])
}

fn register_value(slots: &[Slot]) -> Value {
    let base = slots.first().map_or(0, |s| s.off);
    let pieces: Pieces =
        slots.iter().map(|s| Piece { kind: s.kind, ..piece(s.off - base, s.size, Loc::Reg(s.reg)) }).collect();
    Value { size: extent(&pieces), pieces, ..Value::default() }
}

/// A stack parameter of which only the bytes are known.
fn stack_span(from: u32, to: u32) -> Value {
    let words = stack_words(from, to.saturating_sub(from), WORD).flat_map(|v| v.pieces);
    let pieces = words.map(|p| Piece { off: off_of(p.loc).saturating_sub(from), ..p }).collect();
    Value { size: to.saturating_sub(from), pieces, ..Value::default() }
}

fn off_of(loc: Loc) -> u32 {
    match loc {
        Loc::Stack(off) => off,
        Loc::Reg(_) => 0,
    }
}

/// Values made from slots and the list, in progress.
struct Matching<'s> {
    slots: &'s [Slot],
    /// Slots that have a value.
    next: usize,
    /// Scalars too far to be listed that found a slot.
    far: usize,
    /// Words of the argument area that hold pointers at the entry.
    pointers: Words,
    values: Vec<Value>,
}

pub(super) fn locate(facts: &Facts<'_>, convention: &Convention) -> Option<Located> {
    let slots = slots(facts.spills, facts.pointers, convention)?;
    let start = slots.first()?.off;
    let empty = ArgList::default();
    let list = facts.list.unwrap_or(&empty);
    let hidden = hidden_slots(&slots, list, start, facts.may_hide_first);
    let listed = list.scalars().filter(|c| c.0 < start).map(|c| c.0 + c.1).max().unwrap_or(0);
    let listed = round_up(listed, convention.arch.ptr_size());
    let end = unlisted_end(facts, listed, start);
    let values = Vec::with_capacity(hidden + list.groups.len());
    let mut matching = Matching { slots: &slots, next: hidden, far: 0, pointers: facts.pointers, values };
    matching.values.extend(hidden_stack(list, start));
    matching.values.extend(slots.get(..hidden)?.iter().map(|s| lone(*s)));
    for (i, group) in list.groups.iter().enumerate() {
        let later = list.groups.iter().skip(i + 1).filter_map(|g| g.components.first());
        let next = later.map(|c| c.0).find(|off| *off < start);
        matching.group(group, start, next.unwrap_or(end))?;
    }
    let trailing: Vec<Value> = slots.get(matching.next..)?.iter().map(|s| lone(*s)).collect();
    let Matching { mut values, far, .. } = matching;

    let mut stack_args = listed;
    let (mut at, mut unlisted) = (values.len(), Vec::new());
    let whole = facts.list.is_some() && !list.more && !list.groups.iter().any(|g| g.cut);
    let all_found = far == list.groups.iter().map(|g| g.far).sum::<usize>();
    // A first parameter that is not listed is on the stack only where nothing else is before it.
    let hidden_on_stack = facts.may_hide_first && hidden == 0 && stack_args == 0 && start > 0;
    let confidence = match () {
        () if stack_args == start => Confidence::Exact,
        () if !(whole && all_found) => {
            // A parameter that was cut already reaches to where the next one or the results begin.
            let covered = stack_end(&values).max(listed);
            let words: Vec<Value> = stack_words(covered, end.saturating_sub(covered), WORD).collect();
            // Several words found no registers together, while what follows them did; a single one comes last.
            at = if words.len() > 1 { at } else { values.len() + trailing.len() };
            unlisted = words;
            stack_args = end.max(covered);
            Confidence::Guess
        }
        // Stack results are far likelier.
        () if hidden_on_stack => Confidence::Likely,
        () => Confidence::Exact,
    };
    values.extend(trailing);
    values.splice(at..at, unlisted);
    Some(Located { values: values.into(), source: Source::Spill, confidence, stack_args, spill_offset: start })
}

/// Where the values on the stack end, in whole words.
fn stack_end(values: &[Value]) -> u32 {
    let end = |piece: &Piece| match piece.loc {
        Loc::Stack(off) => round_up(off + piece.size, WORD),
        Loc::Reg(_) => 0,
    };
    values.iter().flat_map(|value| &value.pieces).map(end).max().unwrap_or(0)
}

/// Slots of a first parameter that is not listed: those before the first listed one.
fn hidden_slots(slots: &[Slot], list: &ArgList, start: u32, may_hide_first: bool) -> usize {
    let first = list.scalars().map(|c| c.0).find(|off| *off >= start);
    let on_stack = |group: &&Group| group.components.first().is_some_and(|c| c.0 < start);
    let in_registers = || list.groups.iter().filter(|group| !on_stack(group));
    // Of all that is in registers only the offsets are too large, so the number shows what is left out.
    if first.is_none() && may_hide_first && !list.more && in_registers().all(|g| g.far > 0 && !g.cut) {
        return slots.len().saturating_sub(in_registers().map(|g| g.far).sum());
    }
    let unlisted = list.groups.iter().any(|g| g.far > 0 || g.cut) || list.more || list.groups.is_empty();
    match first {
        Some(off) => slots.partition_point(|s| s.off < off),
        None if unlisted => 0,
        None => slots.len(),
    }
}

/// Words of a first parameter that is not listed, on the stack before the first listed one.
fn hidden_stack(list: &ArgList, start: u32) -> impl Iterator<Item = Value> {
    let first = list.scalars().map(|c| c.0).find(|off| *off < start).unwrap_or(0);
    stack_words(0, first / 8 * 8, WORD)
}

impl Matching<'_> {
    /// Whether a pointer and an integer are listed, and the next word is no pointer: of all that begins so, slices are by
    /// far the most frequent.
    fn begins_slice(&self, group: &Group) -> bool {
        let Some(first) = group.components.first().map(|c| c.0 / WORD) else { return false };
        let words = group.components.len() == 2 && group.components.iter().all(|c| c.1 == WORD);
        words && first + 2 < WORDS && self.pointers >> first & 0b111 == 1
    }

    /// Finds the slots of a listed parameter; `None` when they contradict each other. On the stack it ends before `next`.
    fn group(&mut self, group: &Group, start: u32, next: u32) -> Option<()> {
        match group.components.first() {
            None if group.far > 0 => {
                let end = (self.next + group.far).min(self.slots.len());
                let mine = self.slots.get(self.next..end)?;
                self.far += mine.len();
                self.values.extend((!mine.is_empty()).then(|| register_value(mine)));
                self.next = end;
            }
            None => self.values.push(Value::default()),
            Some((off, _)) if *off < start && group.cut => {
                // One word after a slice is a parameter of its own, which found no register any more.
                let slice = off + 3 * WORD;
                let end = if self.begins_slice(group) && slice < next { slice } else { next };
                self.values.push(stack_span(*off, end));
            }
            Some((off, _)) if *off < start => self.values.push(stack_value(group)),
            Some(_) => {
                let wanted = self.next + group.components.len() + group.far;
                let end = if group.cut { self.slots.len() } else { wanted };
                let mine = self.slots.get(self.next..end)?;
                if !mine.iter().zip(&group.components).all(|(s, c)| (s.off, s.size) == *c) {
                    return None;
                }
                self.far += group.far;
                self.values.push(register_value(mine));
                self.next = end;
            }
        }
        Some(())
    }
}
