//! Parameters of functions without a spill block, which are small: the assignment is simulated over ArgInfo.

use super::{
    Facts, Located, WORD, extent, piece, register_result, registers, stack_value, stack_words, taken, unlisted_end,
};
use crate::abi::assign::{Assigner, round_up};
use crate::abi::location::{Loc, Piece, Pieces, Reg, RegSet, Scalar};
use crate::abi::registers::Convention;
use crate::abi::shape::{Component, Components, Shape};
use crate::evidence::Value;
use crate::evidence::arg_info::{ArgList, Group};
use crate::report::{Confidence, Source};
use smallvec::{SmallVec, smallvec};

pub(super) fn locate(facts: &Facts<'_>, convention: &Convention) -> Option<Located> {
    let args = facts.args?;
    let Some(list) = facts.list else {
        // A compiled function with parameters always has ArgInfo: what is left are stack results.
        return Some(Located {
            values: Box::default(),
            source: Source::ArgInfo,
            confidence: Confidence::Exact,
            stack_args: 0,
            spill_offset: args,
        });
    };
    if list.groups.is_empty() && !list.more {
        return Some(hidden_only(facts, args, convention));
    }
    let fits = |padded: bool| -> Vec<Located> {
        let starts = starts(facts, list, args, convention);
        starts.filter_map(|start| simulate(facts, list, (start, padded), convention)).collect()
    };
    let mut fits = [false, true].into_iter().map(fits).find(|fits| !fits.is_empty())?;
    let unambiguous = fits.len() == 1;
    let listed = list.groups.len();
    let misses = |l: &Located| (misses(l, facts), l.values.len() - listed.min(l.values.len()));
    fits.sort_by_key(misses);
    let mut best = fits.into_iter().next()?;
    if !unambiguous {
        best.confidence = best.confidence.min(Confidence::Likely);
    }
    Some(best)
}

/// Nothing is listed although there is a list: the only parameter is the hidden one, of which its size is known, or it
/// has no size.
fn hidden_only(facts: &Facts<'_>, args: u32, convention: &Convention) -> Located {
    let stack = facts.reads.stack.iter().any(|off| *off < args) && facts.reads.regs.is_empty();
    // Of a generic function it is the dictionary, of what is inside one it can be anything.
    let floats =
        facts.reads.regs.has(Reg::float(0)) && convention.ints.first().is_some_and(|r| !facts.reads.regs.has(*r));
    let mut regs = if floats { convention.floats.iter() } else { convention.ints.iter() };
    let values = if stack {
        stack_words(0, args, WORD).collect()
    } else {
        (0..args / 8).filter_map(|_| regs.next()).map(|reg| register_result(*reg)).collect()
    };
    let (stack_args, spill_offset) = if stack { (args, args) } else { (0, 0) };
    Located { values, source: Source::ArgInfo, confidence: Confidence::Guess, stack_args, spill_offset }
}

/// Where the spill area can start.
fn starts(facts: &Facts<'_>, list: &ArgList, args: u32, convention: &Convention) -> impl Iterator<Item = u32> {
    let firsts = list.groups.iter().filter_map(|g| g.components.first().map(|c| c.0));
    // Behind what is listed, so that registers have room for as many words as are touched.
    let touched: usize = Touched::of(facts, convention).0.iter().sum();
    let touched = (!list.is_complete()).then(|| args.checked_sub(WORD * touched as u32)).flatten();
    let behind = touched.filter(|off| *off >= list.end());
    let mut starts: SmallVec<[u32; 8]> =
        firsts.chain(behind).filter(|off| off % 8 == 0).chain([0, args]).chain(facts.live_start).collect();
    starts.sort_unstable();
    starts.dedup();
    starts.into_iter()
}

/// How many reads the located parameters do not explain, and whether there would be stack results that nothing touches.
fn misses(located: &Located, facts: &Facts<'_>) -> usize {
    let reads = facts.reads;
    let set: RegSet = registers(&located.values).collect();
    let passed = facts.passed.map(|passed| passed.registers & !reads.regs).unwrap_or_default();
    let stack = reads.stack.iter().filter(|off| **off >= located.spill_offset).count();
    let results = located.stack_args..located.spill_offset;
    let touched = reads.written.iter().chain(&reads.stack).any(|off| results.contains(off));
    ((reads.regs | passed) & !set).0.count_ones() as usize + stack + usize::from(!results.is_empty() && !touched)
}

/// Assigns the listed parameters as if the spill area started at `start`; `None` when that gives other offsets.
/// `padded`: what is between the scalars of two parameters may belong to the first one, as behind fields of no size.
fn simulate(
    facts: &Facts<'_>,
    list: &ArgList,
    (start, padded): (u32, bool),
    convention: &Convention,
) -> Option<Located> {
    let mut assigner = Assigner::new(convention);
    let mut sure = Sure::Yes;
    let mut values = Vec::with_capacity(list.groups.len());
    // Where the rest of a parameter on the stack belongs that is not listed to its end.
    let mut cut = None;
    let missing = missing(list, start);
    let groups: SmallVec<[&Group; 8]> = missing.iter().chain(&list.groups).collect();
    for (i, group) in groups.iter().enumerate() {
        let Some(&(off, _)) = group.components.first() else {
            values.push(Value::default());
            continue;
        };
        if off < start {
            if group.components.len() == 1 && !group.cut && has_room(&assigner, convention) {
                return None;
            }
            let mut shape = shape(group, &mut |_, _| Scalar::Word, convention);
            shape.registers = false;
            sure = sure.and(if assigner.param(&shape).stack == Some(off) { Sure::Yes } else { Sure::Default });
            values.push(stack_value(group));
            cut = group.cut.then_some(values.len());
            continue;
        }
        let (mut int, mut float) = assigner.taken();
        let later = i > 0 && group.components.len() == 1;
        let mut shape = shape(
            group,
            &mut |off, size| class(facts, convention, (off, size, later), &mut int, &mut float, &mut sure),
            convention,
        );
        if padded && !group.cut {
            let next = groups.iter().skip(i + 1).find_map(|g| g.components.first()).map_or(facts.args?, |c| c.0);
            shape.size = shape.size.max(next.saturating_sub(off));
        }
        let placed = assigner.param(&shape);
        if placed.spill? + start != off {
            return None;
        }
        values.push(Value { size: placed.size, pieces: placed.pieces, ..Value::default() });
    }
    if !list.is_complete() {
        values.extend(unlisted(facts, start, &mut assigner, convention));
    }
    let area = assigner.finish();
    if start + area.spill_size != facts.args? && list.is_complete() {
        return None;
    }
    let mut stack_args = round_up(area.stack_args, convention.arch.ptr_size());
    let hidden_on_stack = facts.may_hide_first && stack_args < start;
    let confidence = match confidence(facts, list, &values, sure, (&assigner, convention)) {
        confidence if padded => confidence.min(Confidence::Guess),
        // What would be stack results can be a first parameter that is not listed.
        Confidence::Exact if hidden_on_stack => Confidence::Likely,
        confidence => confidence,
    };
    if !list.is_complete() && stack_args < start {
        let end = unlisted_end(facts, stack_args, start);
        let at = cut.unwrap_or(values.len());
        values.splice(at..at, stack_words(stack_args, end - stack_args, WORD));
        stack_args = end;
    }
    Some(Located { values: values.into(), source: Source::ArgInfo, confidence, stack_args, spill_offset: start })
}

/// How sure the registers are.
fn confidence(
    facts: &Facts<'_>,
    list: &ArgList,
    values: &[Value],
    sure: Sure,
    (assigner, convention): (&Assigner<'_>, &Convention),
) -> Confidence {
    let reads = facts.reads.regs & convention.ints.iter().chain(convention.floats).copied().collect();
    let unlisted = reads & !registers(values).collect::<RegSet>();
    let takes_float = registers(values).any(Reg::is_float);
    // Where fewer registers are read than there are scalars, any of these can be a float that is not.
    let settled = Touched::read(facts, convention).0 == <[usize; 2]>::from(assigner.taken());
    let confirmed = Touched::of(facts, convention).0 == <[usize; 2]>::from(assigner.taken());
    match sure {
        _ if !list.is_complete() => Confidence::Guess,
        Sure::No => Confidence::Guess,
        // Any of those that are not read can be the float's neighbour on either side.
        Sure::Default if takes_float => Confidence::Guess,
        Sure::Yes if unlisted.is_empty() && settled => Confidence::Exact,
        // A register that is read can be that of a small parameter behind a float that is not.
        Sure::Yes | Sure::Callers if !confirmed && !values.iter().all(|value| is_word(facts, value)) => {
            Confidence::Guess
        }
        Sure::Yes | Sure::Callers | Sure::Default => Confidence::Likely,
    }
}

/// Whether a value can be no float: it is small, made of several scalars, or what it points at is touched.
fn is_word(facts: &Facts<'_>, value: &Value) -> bool {
    match &*value.pieces {
        [Piece { size: 4 | 8, loc: Loc::Reg(reg), .. }] => facts.reads.pointers.has(*reg),
        _ => true,
    }
}

/// What is left of the spill area behind a list that is cut: registers that follow, word by word.
fn unlisted(facts: &Facts<'_>, start: u32, assigner: &mut Assigner<'_>, convention: &Convention) -> Vec<Value> {
    let mut values = Vec::new();
    loop {
        let off = start.saturating_add(assigner.finish().spill_size);
        if facts.args.is_none_or(|args| off >= args) {
            return values;
        }
        let (mut int, mut float) = assigner.taken();
        let mut ignored = Sure::Yes;
        let kind = class(facts, convention, (off, WORD, false), &mut int, &mut float, &mut ignored);
        let component = Component { off: 0, size: WORD, kind };
        let mut placed = assigner.param(&Shape::aggregate(WORD, smallvec![component], convention.arch));
        if !placed.in_registers() {
            return values;
        }
        let home = facts.reads.homes.iter().find(|home| home.off == off);
        let size = home.map_or(WORD, |home| home.size.min(WORD));
        placed.pieces.iter_mut().for_each(|piece| piece.size = size);
        values.push(Value { size, pieces: placed.pieces, ..Value::default() });
    }
}

/// How many registers of either sequence, integers and floats, the code reads or callers set.
struct Touched([usize; 2]);

impl Touched {
    fn read(facts: &Facts<'_>, convention: &Convention) -> Touched {
        Touched([taken(convention.ints, facts.reads.regs), taken(convention.floats, facts.reads.regs)])
    }

    fn of(facts: &Facts<'_>, convention: &Convention) -> Touched {
        let set = facts.reads.regs | facts.passed.map(|passed| passed.registers).unwrap_or_default();
        Touched([taken(convention.ints, set), taken(convention.floats, set)])
    }
}

/// How well the code's reads tell integers from floats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sure {
    /// It reads both registers that the scalar could be in, or nobody touches either.
    No,
    /// It reads neither, and callers don't show them: integers are far more frequent.
    Default,
    /// Callers set one of them.
    Callers,
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
    (0..gap.min(16)).map(|i| Group { components: smallvec![(start + i * 8, 8)], ..Group::default() }).collect()
}

fn shape(group: &Group, class: &mut dyn FnMut(u32, u32) -> Scalar, convention: &Convention) -> Shape {
    let base = group.components.first().map_or(0, |c| c.0);
    let component =
        |&(off, size): &(u32, u32)| Component { off: off.saturating_sub(base), size, kind: class(off, size) };
    let components: Components = group.components.iter().map(component).collect();
    let pieces: Pieces = components.iter().map(|c| piece(c.off, c.size, Loc::Stack(0))).collect();
    Shape::aggregate(extent(&pieces), components, convention.arch)
}

/// The class of the next scalar: by what the code reads and callers set; when it is neither register, an integer is
/// likelier. `later`: it is a parameter of its own and not the first one, which would be the receiver.
fn class(
    facts: &Facts<'_>,
    convention: &Convention,
    (off, size, later): (u32, u32, bool),
    int: &mut usize,
    float: &mut usize,
    sure: &mut Sure,
) -> Scalar {
    let home = facts.reads.homes.iter().find(|home| home.off == off).and_then(|home| home.data);
    // What goes to its home is settled, whatever else is read.
    let home = home.filter(|reg| [convention.ints.get(*int), convention.floats.get(*float)].contains(&Some(reg)));
    let Touched([ints, floats]) = Touched::of(facts, convention);
    let Touched([ints_read, floats_read]) = Touched::read(facts, convention);
    let (next_int, next_float) = (convention.ints.get(*int), convention.floats.get(*float));
    let (is_int, is_float) = match home {
        Some(home) => (next_int == Some(&home), next_float == Some(&home)),
        None => (*int < ints, *float < floats),
    };
    let scalar = match size {
        1 | 2 => Scalar::Word,
        4 | 8 => match (is_int, is_float) {
            (true, true) => {
                *sure = sure.and(Sure::No);
                if float_first(facts, next_float, next_int) { Scalar::Float } else { Scalar::Word }
            }
            (false, true) => {
                *sure = sure.and(if home.is_some() || *float < floats_read { Sure::Yes } else { Sure::Callers });
                Scalar::Float
            }
            (true, false) => {
                *sure = sure.and(if home.is_some() || *int < ints_read { Sure::Yes } else { Sure::Callers });
                Scalar::Word
            }
            (false, false) => {
                let unseen = later && facts.passed.is_none_or(|passed| passed.calls == 0);
                *sure = sure.and(if unseen { Sure::No } else { Sure::Default });
                Scalar::Word
            }
        },
        _ => Scalar::Vector,
    };
    *(if scalar.is_float() { float } else { int }) += 1;
    scalar
}

/// Whether the float comes before the integer. Pointers come first by custom, as receivers do; of the rest callers tell,
/// and where they don't either, small functions that use both are about the float (`math.Ldexp`).
fn float_first(facts: &Facts<'_>, float: Option<&Reg>, int: Option<&Reg>) -> bool {
    let Some((float, int)) = float.zip(int) else { return float.is_some() };
    let [first, last] = facts.passed.map(|passed| passed.order(*float, *int)).unwrap_or_default();
    let uses_both = facts.reads.regs.has(*float) && facts.reads.regs.has(*int);
    !facts.reads.pointers.has(*int) && (first > last || (uses_both && first == last))
}
