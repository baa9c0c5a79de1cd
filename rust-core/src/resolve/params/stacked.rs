//! Parameters of a body without registers: all on the stack, as ArgInfo lists them, or else as the code uses them.

use super::super::stack::Seen;
use super::{Located, extent, piece, stack_value, stack_words};
use crate::abi::assign::round_up;
use crate::abi::location::{Loc, Piece, Scalar};
use crate::abi::registers::Convention;
use crate::code::stack::{Read, WORDS};
use crate::evidence::Value;
use crate::evidence::arg_info::ArgList;
use crate::report::{Confidence, Source};
use smallvec::smallvec;

/// `may_hide_first`: the list may lack the first parameter. `silent`: the function may take parameters and have no list
/// (all code before Go 1.17).
pub(in crate::resolve) fn on_stack(
    list: Option<&ArgList>,
    args: Option<u32>,
    silent: bool,
    may_hide_first: bool,
    seen: Option<&Seen>,
    convention: &Convention,
) -> Option<Located> {
    let word = convention.arch.ptr_size();
    let args = args?;
    let boundary = seen.and_then(|seen| Some((seen, seen.boundary?)));
    let empty = ArgList::default();
    let unlisted = silent && args > 0 && list.is_none();
    let list = list.unwrap_or(&empty);
    let listed = round_up(list.end(), word);
    let complete = list.is_complete() && listed <= args && !unlisted;
    // The first parameter is not listed when the name has type arguments: then the second does not begin at 0.
    let hidden = list.scalars().map(|c| c.0).next().unwrap_or(0) / word * word;
    let complete = complete && !(may_hide_first && list.scalars().next().is_none() && args > 0);
    let mut values: Vec<Value> = stack_words(0, hidden, word).collect();
    values.extend(list.groups.iter().map(stack_value));
    if let Some(seen) = seen {
        let pieces = values.iter_mut().flat_map(|value| &mut value.pieces);
        pieces.for_each(|piece| piece.kind = kind(seen, piece, word));
    }
    if let Some((seen, boundary)) = boundary.filter(|_| !complete) {
        let end = (boundary.params * word).clamp(listed.min(args), args);
        values.extend(words(seen, listed, end, word));
        return Some(Located {
            values: values.into(),
            source: Source::Code,
            confidence: boundary.confidence,
            stack_args: end,
            spill_offset: args,
        });
    }
    let confidence = if complete { Confidence::Exact } else { Confidence::Guess };
    (!unlisted).then(|| Located {
        values: values.into(),
        source: Source::ArgInfo,
        confidence,
        stack_args: listed.min(args),
        spill_offset: args,
    })
}

/// One value for each word from `from` to `to`, or for each part of a word that the code reads by itself.
fn words(seen: &Seen, from: u32, to: u32, word: u32) -> impl Iterator<Item = Value> {
    (from..to).step_by(word as usize).flat_map(move |off| {
        let parts = parts(seen, off, word);
        let parts = if parts.is_empty() { vec![(off, word.min(to - off))] } else { parts };
        parts.into_iter().map(move |(off, size)| {
            let mut piece = piece(0, size, Loc::Stack(off));
            piece.kind = kind(seen, &piece, word);
            let pieces = smallvec![piece];
            Value { size: extent(&pieces), pieces, ..Value::default() }
        })
    })
}

/// A pointer where the entry's map has one, a signed integer where less than a register is read with its sign.
fn kind(seen: &Seen, piece: &Piece, word: u32) -> Scalar {
    let Loc::Stack(at) = piece.loc else { return piece.kind };
    let signed = |read: &Read| read.signed && read.off == at && u32::from(read.size) == piece.size;
    match piece.kind {
        Scalar::Word if piece.size == word && at / word < WORDS && seen.pointers >> (at / word) & 1 != 0 => Scalar::Ptr,
        Scalar::Word if seen.reads.iter().any(signed) => Scalar::Int,
        kind => kind,
    }
}

/// The parts of the word at `off`, when it is only ever read in parts.
fn parts(seen: &Seen, off: u32, word: u32) -> Vec<(u32, u32)> {
    let reads = seen.reads.iter().map(|read| (read.off, u32::from(read.size)));
    let mut inside: Vec<(u32, u32)> = reads.filter(|(at, size)| at + size > off && *at < off + word).collect();
    let partial =
        inside.iter().all(|(at, size)| *at >= off && size.is_power_of_two() && at % size == 0 && *size < word);
    inside.sort_unstable();
    inside.dedup();
    let apart = inside.windows(2).all(|pair| pair[0].0 + pair[0].1 <= pair[1].0);
    let starts = inside.first().is_some_and(|(at, _)| *at == off);
    if partial && apart && starts { inside } else { Vec::new() }
}
