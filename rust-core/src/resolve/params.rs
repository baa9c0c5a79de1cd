//! Where the parameters of compiled code are, from what the runtime's metadata and the stack-growth block say.
//!
//! The argument area of a function (`_func.args` bytes) is: stack parameters, stack results, spill area. The spill
//! block lists every register parameter with its slot in the spill area, so the first slot is where the area starts;
//! ArgInfo says which slots belong together, and what is on the stack. Functions without a spill block are small:
//! there the assignment is simulated over ArgInfo, and the code's first reads tell integers from floats.

use crate::abi::assign::{Assigner, round_up};
use crate::abi::location::{Loc, Piece, Reg, RegSet, Scalar};
use crate::abi::registers::Convention;
use crate::abi::shape::{Component, Shape};
use crate::code::growth::Spill;
use crate::evidence::arg_info::{ArgList, Group};
use crate::evidence::{Claim, Value};
use crate::report::{Abi, Confidence, Source};

/// What is known of one function before its parameters are.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// What the stack-growth block stores; empty without one.
    pub spills: &'a [Spill],
    /// FUNCDATA_ArgInfo.
    pub list: Option<&'a ArgList>,
    /// First byte of FUNCDATA_ArgLiveInfo: usually where the spill area starts.
    pub live_start: Option<u32>,
    /// `_func.args`.
    pub args: Option<u32>,
    /// What the code reads of what it was given; asked for where there is no spill block.
    pub reads: &'a Reads,
}

/// What code reads before it writes it.
#[derive(Debug, Clone, Default)]
pub struct Reads {
    /// Registers.
    pub regs: RegSet,
    /// Bytes of the argument area, by their offset in it.
    pub stack: Vec<u32>,
    /// Bytes of the argument area that are written first.
    pub written: Vec<u32>,
}

/// The parameters and what follows for the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// Parameters in order.
    pub values: Vec<Value>,
    /// Which source decided.
    pub source: Source,
    /// How sure the places are.
    pub confidence: Confidence,
    /// Stack parameters, in bytes, rounded up to words.
    pub stack_args: u32,
    /// Where the spill area starts: behind stack parameters and stack results.
    pub spill_offset: u32,
}

/// Locates the parameters; `None` when there is too little to go by.
pub fn locate(facts: &Facts<'_>, convention: &Convention) -> Option<Located> {
    if facts.spills.is_empty() { without_spills(facts, convention) } else { from_spills(facts, convention) }
}

/// A spilled register, by its place in the argument area.
#[derive(Clone, Copy)]
struct Slot {
    off: u32,
    size: u32,
    reg: Reg,
}

fn slots(spills: &[Spill], convention: &Convention) -> Option<Vec<Slot>> {
    let slot = |s: &Spill| {
        let off = u32::try_from(s.disp).ok()?.checked_sub(convention.arg_base)?;
        Some(Slot { off, size: u32::from(s.size), reg: s.reg })
    };
    let slots: Vec<Slot> = spills.iter().map(slot).collect::<Option<_>>()?;
    let (mut ints, mut floats) = (convention.ints.iter(), convention.floats.iter());
    let in_sequence = slots.iter().all(|s| if s.reg.is_float() { floats.next() } else { ints.next() } == Some(&s.reg));
    let ascending = slots.windows(2).all(|w| w[0].off < w[1].off);
    (in_sequence && ascending).then_some(slots)
}

fn from_spills(facts: &Facts<'_>, convention: &Convention) -> Option<Located> {
    let slots = slots(facts.spills, convention)?;
    let word = convention.arch.ptr_size();
    let start = slots[0].off;
    let empty = ArgList::default();
    let list = facts.list.unwrap_or(&empty);
    let mut values = Vec::new();
    let (mut next, mut far_slots) = (0, 0);
    for group in &list.groups {
        let first = group.components.first().map(|c| c.0);
        match first {
            None if group.far > 0 => {
                // Too far to be listed: the next slots, or behind the stack parameters that are listed.
                let mine = slots.get(next..(next + group.far).min(slots.len()))?;
                next += mine.len();
                far_slots += mine.len();
                values.extend((!mine.is_empty()).then(|| register_value(mine)));
            }
            Some(off) if off >= start => {
                // Slots before the group's first one belong to a parameter that is not listed.
                let from = slots.partition_point(|s| s.off < off);
                values.extend(slots.get(next..from)?.iter().map(|s| lone(*s)));
                let end = if group.cut { slots.len() } else { from + group.components.len() + group.far };
                let mine = slots.get(from..end)?;
                let same = mine.iter().zip(&group.components).all(|(s, c)| (s.off, s.size) == *c);
                if !same {
                    return None;
                }
                values.push(register_value(mine));
                far_slots += group.far;
                next = end;
            }
            Some(_) => values.push(stack_value(group)),
            None => values.push(Value::default()),
        }
    }
    values.extend(slots.get(next..)?.iter().map(|s| lone(*s)));
    let listed = list.scalars().filter(|c| c.0 < start).map(|c| c.0 + c.1).max().unwrap_or(0);
    let mut stack_args = round_up(listed, word);
    // What is not listed could be on the stack, unless the listed part fills it.
    let whole = facts.list.is_some() && !list.more && !list.groups.iter().any(|g| g.cut);
    let sure = whole && far_slots == list.groups.iter().map(|g| g.far).sum() || stack_args == start;
    if !sure {
        let end = unlisted_end(facts.reads, stack_args, start);
        values.extend(stack_words(stack_args, end - stack_args));
        stack_args = end;
    }
    let confidence = if sure { Confidence::Exact } else { Confidence::Guess };
    Some(Located { values, source: Source::Spill, confidence, stack_args, spill_offset: start })
}

/// Where parameters that are not listed end, between `from` and `to`: at the first word that the code writes before it
/// reads any behind it; what follows are results.
fn unlisted_end(reads: &Reads, from: u32, to: u32) -> u32 {
    let within = |off: &&u32| (from..to).contains(*off);
    let read = reads.stack.iter().filter(within).max().map_or(from, |off| off / 8 * 8 + 8);
    let written = reads.written.iter().filter(within).filter(|off| **off >= read).min();
    written.map_or(to, |off| off / 8 * 8).max(from)
}

fn piece(off: u32, size: u32, loc: Loc) -> Piece {
    let kind = match loc {
        Loc::Reg(reg) if reg.is_float() && size > 8 => Scalar::Vector,
        Loc::Reg(reg) if reg.is_float() => Scalar::Float,
        _ => Scalar::Word,
    };
    Piece { off, size, loc, kind }
}

fn lone(slot: Slot) -> Value {
    register_value(&[slot])
}

fn register_value(slots: &[Slot]) -> Value {
    let base = slots.first().map_or(0, |s| s.off);
    let pieces: Vec<Piece> = slots.iter().map(|s| piece(s.off - base, s.size, Loc::Reg(s.reg))).collect();
    Value { size: extent(&pieces), pieces, ..Value::default() }
}

fn stack_value(group: &Group) -> Value {
    let base = group.components.first().map_or(0, |c| c.0);
    let pieces: Vec<Piece> =
        group.components.iter().map(|c| piece(c.0.saturating_sub(base), c.1, Loc::Stack(c.0))).collect();
    Value { size: extent(&pieces), pieces, ..Value::default() }
}

fn extent(pieces: &[Piece]) -> u32 {
    let end = pieces.iter().map(|p| p.off + p.size).max().unwrap_or(0);
    let align = pieces.iter().map(|p| p.size).max().unwrap_or(1).next_power_of_two().min(8);
    round_up(end, align)
}

fn without_spills(facts: &Facts<'_>, convention: &Convention) -> Option<Located> {
    let args = facts.args?;
    let Some(list) = facts.list else {
        // A compiled function with parameters always has ArgInfo: what is left are stack results.
        return Some(Located {
            values: Vec::new(),
            source: Source::ArgInfo,
            confidence: Confidence::Exact,
            stack_args: 0,
            spill_offset: args,
        });
    };
    let fits: Vec<Located> = starts(facts, list, args).filter_map(|s| simulate(facts, list, s, convention)).collect();
    let unambiguous = fits.len() == 1;
    let listed = list.groups.len();
    let mut best =
        fits.into_iter().min_by_key(|l| (misses(l, facts.reads), l.values.len() - listed.min(l.values.len())))?;
    if !unambiguous {
        best.confidence = best.confidence.min(Confidence::Likely);
    }
    Some(best)
}

/// Where the spill area can start.
fn starts(facts: &Facts<'_>, list: &ArgList, args: u32) -> impl Iterator<Item = u32> {
    let firsts = list.groups.iter().filter_map(|g| g.components.first().map(|c| c.0));
    let mut starts: Vec<u32> = firsts.filter(|off| off % 8 == 0).chain([0, args]).chain(facts.live_start).collect();
    starts.sort_unstable();
    starts.dedup();
    starts.into_iter()
}

/// How many reads the located parameters do not explain, and whether there would be stack results that nothing touches.
fn misses(located: &Located, reads: &Reads) -> usize {
    let set: RegSet = registers(&located.values).collect();
    let stack = reads.stack.iter().filter(|off| **off >= located.spill_offset).count();
    let results = located.stack_args..located.spill_offset;
    let touched = reads.written.iter().chain(&reads.stack).any(|off| results.contains(off));
    (reads.regs & !set).0.count_ones() as usize + stack + usize::from(!results.is_empty() && !touched)
}

/// Registers that hold parts of the values, in order.
pub fn registers(values: &[Value]) -> impl Iterator<Item = Reg> {
    values.iter().flat_map(|v| &v.pieces).filter_map(|p| match p.loc {
        Loc::Reg(reg) => Some(reg),
        Loc::Stack(_) => None,
    })
}

/// Assigns the listed parameters as if the spill area started at `start`; `None` when that gives other offsets.
fn simulate(facts: &Facts<'_>, list: &ArgList, start: u32, convention: &Convention) -> Option<Located> {
    let mut assigner = Assigner::new(convention);
    let mut sure = Sure::Yes;
    let mut values = Vec::new();
    for group in missing(list, start).iter().chain(&list.groups) {
        let Some(&(off, _)) = group.components.first() else {
            values.push(Value::default());
            continue;
        };
        if off < start {
            if group.components.len() == 1 && !group.cut && has_room(&assigner, convention) {
                return None;
            }
            let mut shape = shape(group, &mut |_| Scalar::Word, convention);
            shape.registers = false;
            sure = sure.and(if assigner.param(&shape).stack == Some(off) { Sure::Yes } else { Sure::Default });
            values.push(stack_value(group));
            continue;
        }
        let (mut int, mut float) = assigner.taken();
        let shape =
            shape(group, &mut |size| class(facts, convention, size, &mut int, &mut float, &mut sure), convention);
        let placed = assigner.param(&shape);
        if placed.spill? + start != off {
            return None;
        }
        values.push(Value { size: placed.size, pieces: placed.pieces, ..Value::default() });
    }
    let area = assigner.finish();
    if start + area.spill_size != facts.args? && list.is_complete() {
        return None;
    }
    let reads = facts.reads.regs & convention.ints.iter().chain(convention.floats).copied().collect();
    let unlisted = reads & !registers(&values).collect::<RegSet>();
    let confidence = match sure {
        Sure::Yes if list.is_complete() && unlisted.is_empty() => Confidence::Exact,
        Sure::Yes | Sure::Default if list.is_complete() => Confidence::Likely,
        _ => Confidence::Guess,
    };
    let mut stack_args = round_up(area.stack_args, convention.arch.ptr_size());
    if !list.is_complete() && stack_args < start {
        let end = unlisted_end(facts.reads, stack_args, start);
        values.extend(stack_words(stack_args, end - stack_args));
        stack_args = end;
    }
    Some(Located { values, source: Source::ArgInfo, confidence, stack_args, spill_offset: start })
}

/// How well the code's reads tell integers from floats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sure {
    /// It reads both registers that the scalar could be in.
    No,
    /// It reads neither: integers are far more frequent.
    Default,
    /// It reads one of them.
    Yes,
}

impl Sure {
    fn and(self, other: Sure) -> Sure {
        self.min(other)
    }
}

/// Whether a lone scalar still finds a register, whatever its class: then it can't be on the stack.
fn has_room(assigner: &Assigner<'_>, convention: &Convention) -> bool {
    let (ints, floats) = assigner.taken();
    ints < convention.ints.len() && floats < convention.floats.len()
}

/// The parameter that the list leaves out: slots between the start of the spill area and the first listed one.
fn missing(list: &ArgList, start: u32) -> Vec<Group> {
    let first = list.scalars().map(|c| c.0).find(|off| *off >= start);
    let gap = first.map_or(0, |first| first - start) / 8;
    (0..gap.min(16)).map(|i| Group { components: vec![(start + i * 8, 8)], ..Group::default() }).collect()
}

fn shape(group: &Group, class: &mut dyn FnMut(u32) -> Scalar, convention: &Convention) -> Shape {
    let base = group.components.first().map_or(0, |c| c.0);
    let component = |&(off, size): &(u32, u32)| Component { off: off.saturating_sub(base), size, kind: class(size) };
    let components: Vec<Component> = group.components.iter().map(component).collect();
    let pieces: Vec<Piece> = components.iter().map(|c| piece(c.off, c.size, Loc::Stack(0))).collect();
    Shape::aggregate(extent(&pieces), components, convention.arch)
}

/// The class of the next scalar: by what the code reads; when it reads neither register, an integer is likelier.
fn class(
    facts: &Facts<'_>,
    convention: &Convention,
    size: u32,
    int: &mut usize,
    float: &mut usize,
    sure: &mut Sure,
) -> Scalar {
    let read = |list: &[Reg], i: usize| list.get(i).is_some_and(|r| facts.reads.regs.has(*r));
    let (reads_int, reads_float) = (read(convention.ints, *int), read(convention.floats, *float));
    let scalar = match size {
        1 | 2 => Scalar::Word,
        4 | 8 if reads_float && !reads_int => Scalar::Float,
        4 | 8 => {
            *sure = sure.and(match (reads_int, reads_float) {
                (true, false) => Sure::Yes,
                (false, _) => Sure::Default,
                (true, true) => Sure::No,
            });
            Scalar::Word
        }
        _ => Scalar::Vector,
    };
    *(if scalar.is_float() { float } else { int }) += 1;
    scalar
}

/// Parameters of a body without registers: all on the stack, as listed.
pub fn on_stack(list: Option<&ArgList>, args: Option<u32>, asm: bool, convention: &Convention) -> Option<Located> {
    let word = convention.arch.ptr_size();
    let args = args?;
    let empty = ArgList::default();
    // Assembly without a Go prototype has no list, whatever it takes.
    let list = if asm { list? } else { list.unwrap_or(&empty) };
    let stack_args = round_up(list.end(), word);
    let complete = list.is_complete() && stack_args <= args;
    Some(Located {
        values: list.groups.iter().map(stack_value).collect(),
        source: Source::ArgInfo,
        confidence: if complete { Confidence::Exact } else { Confidence::Guess },
        stack_args: stack_args.min(args),
        spill_offset: args,
    })
}

/// A result in one register, of which only the register is known.
pub fn register_result(reg: Reg) -> Value {
    Value { size: 8, pieces: vec![piece(0, 8, Loc::Reg(reg))], ..Value::default() }
}

/// Results on the stack of which only the bytes are known, word by word.
pub fn stack_words(from: u32, bytes: u32) -> impl Iterator<Item = Value> {
    let words = (0..bytes.min(1 << 12)).step_by(8);
    words.map(move |off| {
        let size = (bytes - off).min(8);
        Value { size, pieces: vec![piece(0, size, Loc::Stack(from + off))], ..Value::default() }
    })
}

/// Results of a body without registers: what is left of the argument area.
pub fn stack_results(abi: Abi, params: Option<&Claim>, from: u32, to: u32) -> Option<Claim> {
    let params = params.filter(|_| abi == Abi::ABI0)?;
    Some(Claim {
        source: Source::ArgInfo,
        confidence: params.confidence.min(Confidence::Likely),
        values: stack_words(from, to.saturating_sub(from)).collect(),
        text: format!("bytes {from} to {to} of the argument area"),
        at: params.at.clone(),
    })
}

/// Whether two lists of values are in the same places, however they are grouped and named.
pub fn same_places(a: &[Value], b: &[Value]) -> bool {
    places(a) == places(b)
}

/// Places in order; neighbouring stack bytes are one place.
fn places(values: &[Value]) -> Vec<Loc> {
    let mut out = Vec::new();
    let mut stack_end = None;
    for piece in values.iter().flat_map(|v| &v.pieces) {
        match piece.loc {
            Loc::Stack(off) if stack_end.is_some_and(|end| (end..end + 8).contains(&off)) => {}
            loc => out.push(loc),
        }
        if let Loc::Stack(off) = piece.loc {
            stack_end = Some(off + piece.size);
        }
    }
    out
}
