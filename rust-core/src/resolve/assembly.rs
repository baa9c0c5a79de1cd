//! Assembly: the size that its TEXT line declares, and, where no Go declaration describes it, what its code does to the
//! argument area.
//!
//! *Reads* loads and stores at `name+offset(FP)`, which SP-relative operands hide. *Can be trusted* as far as a routine
//! uses what it is given; it is a guess where it leaves values alone or passes the address of its area on.

use super::params::{Located, register_result, stack_words};
use super::{Scratch, frame};
use crate::abi::assign::{Placed, assign, round_up};
use crate::abi::location::{Loc, Piece, Reg, RegSet, Scalar};
use crate::abi::registers::Convention;
use crate::evidence::{Typed, Value};
use crate::golang::pclntab::Func;
use crate::program::Program;
use crate::report::{Confidence, Source};
use crate::types::Types;
use smallvec::smallvec;
use std::collections::BTreeMap;

/// Argument areas of assembly are not larger.
const LARGEST: u32 = 1 << 10;

/// Whether `args` is what a TEXT line declares for the signature: bytes of parameters and results as ABI0 has them, even
/// where the routine is ABIInternal, and not always rounded up to words.
pub(super) fn declares(args: u32, types: &Types, typed: &Typed, abi0: &Convention) -> bool {
    let assignment = assign(types, &typed.signature, abi0);
    let end = |placed: &Placed| placed.stack.map(|at| at.saturating_add(placed.size));
    let last = assignment.params.iter().chain(&assignment.results).filter_map(end).max().unwrap_or(0);
    args == last || args == assignment.area.args_size
}

/// Parameters of a routine without a list, by what its code reads before it writes it; what is written first, behind
/// them, are results.
pub(super) fn on_stack(program: &Program<'_>, func: &Func, scratch: &mut Scratch) -> Option<Located> {
    let args = func.args.filter(|args| *args <= LARGEST && program.reads_code())?;
    let word = program.image.arch.ptr_size();
    scratch.decode(program, func, None);
    let deltas = program.meta.pclntab.sp_deltas(program.image, func);
    let mut sizes: BTreeMap<u32, (u32, bool)> = BTreeMap::new();
    for access in frame::accesses(scratch.ops.iter(), deltas, program.abi0.arg_base, args) {
        let size = if access.size == 0 { word } else { access.size };
        sizes.entry(access.off).or_insert((size.min(args - access.off), !access.store));
    }
    let taken = |(off, (size, read)): (&u32, &(u32, bool))| read.then_some(off + size);
    let read = sizes.iter().filter_map(taken).max().unwrap_or(0);
    let written = sizes.iter().find(|(off, (_, is_read))| !is_read && **off >= read).map(|(off, _)| *off / word * word);
    let end = written.unwrap_or(args).max(round_up(read, word).min(args));
    if sizes.is_empty() && args > 0 {
        return None;
    }
    let slots = sizes.iter().filter(|(off, _)| **off < end).map(|(off, (size, _))| (*off, *size));
    Some(Located {
        values: values(slots, end, word),
        source: Source::Code,
        confidence: Confidence::Guess,
        stack_args: end,
        spill_offset: args,
    })
}

/// Parameters of a routine with ABIInternal and without a list: up to the last register of each class that it reads
/// before it writes it.
pub(super) fn in_registers(read: RegSet, convention: &Convention) -> Option<Located> {
    let up_to = |order: &[Reg]| order.iter().rposition(|reg| read.has(*reg)).map_or(0, |last| last + 1);
    let regs = [convention.ints, convention.floats].map(|order| order.iter().take(up_to(order)));
    let values: Box<[Value]> = regs.into_iter().flatten().map(|reg| register_result(*reg)).collect();
    (!values.is_empty()).then_some(Located {
        values,
        source: Source::Code,
        confidence: Confidence::Guess,
        stack_args: 0,
        spill_offset: 0,
    })
}

/// A value for each slot, and one for each word that no slot is in.
fn values(slots: impl Iterator<Item = (u32, u32)>, end: u32, word: u32) -> Box<[Value]> {
    let mut values = Vec::new();
    let mut next = 0;
    for (off, size) in slots {
        if off < next {
            continue;
        }
        let from = round_up(next, word);
        values.extend(stack_words(from, (off / word * word).saturating_sub(from), word));
        let piece = Piece { off: 0, size, loc: Loc::Stack(off), kind: Scalar::Word };
        values.push(Value { size, pieces: smallvec![piece], ..Value::default() });
        next = off + size;
    }
    let from = round_up(next, word);
    values.extend(stack_words(from, end.saturating_sub(from), word));
    values.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_that_nothing_touches_are_words() {
        let places = |slots: &[(u32, u32)], end| -> String {
            let values = values(slots.iter().copied(), end, 8);
            let one = |v: &Value| format!("{:?}:{}", v.pieces[0].loc, v.size);
            values.iter().map(one).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(places(&[(0, 8), (24, 4)], 32), "Stack(0):8 Stack(8):8 Stack(16):8 Stack(24):4");
        assert_eq!(places(&[(0, 1), (2, 2), (4, 4)], 16), "Stack(0):1 Stack(2):2 Stack(4):4 Stack(8):8");
        assert_eq!(places(&[], 8), "Stack(0):8");
    }
}
