//! What the words of arm64 code show without being decoded.

use super::steps::{added, address_of, target};
use super::{LEN, words};
use crate::code::steps::Mention;

/// Tells `each` of every address that `code`, which starts at `entry`, does something to. An address takes two instructions,
/// which the assembler puts side by side.
pub fn mentions(code: &[u8], entry: u64, mut each: impl FnMut(Mention, u64)) {
    let mut page: Option<(u32, u64)> = None;
    for (word, at) in words(code).zip((entry..).step_by(usize::from(LEN))) {
        let based = page.take().filter(|page| word >> 5 & 31 == page.0);
        let found = match (word >> 26, based) {
            (0b00_0101 | 0b10_0101, _) => Some((Mention::Call, target(word, at, 0, 26))),
            (_, Some((_, page))) => match added(word) {
                Some(amount) => Some((Mention::Address, page.wrapping_add_signed(amount))),
                // A store with an unsigned offset.
                None if word & 0xffc0_0000 == 0xf900_0000 => {
                    Some((Mention::Store, page.wrapping_add(u64::from(word >> 10 & 0xfff) * 8)))
                }
                None => None,
            },
            _ => None,
        };
        if let Some((mention, at)) = found {
            each(mention, at);
        }
        page = address_of(word, at);
    }
}

/// Whether there is an `SVC`.
pub fn has_kernel_call(code: &[u8]) -> bool {
    words(code).any(|word| word & 0xffe0_001f == 0xd400_0001)
}

/// Tells `each` of every direct call in `code`, which starts at `entry`: where it is, and where it goes.
pub fn calls(code: &[u8], entry: u64, mut each: impl FnMut(u64, u64)) {
    let skipped = entry.wrapping_neg() % u64::from(LEN);
    let code = code.get(skipped as usize..).unwrap_or_default();
    for (word, at) in words(code).zip((entry.wrapping_add(skipped)..).step_by(usize::from(LEN))) {
        if word >> 26 == 0b10_0101 {
            each(at, target(word, at, 0, 26));
        }
    }
}

/// Where the last function in `code` starts, as C compilers lay functions out: the nearest instruction that makes a frame,
/// and the landing pad or signature in front of it.
pub fn last_start(code: &[u8], entry: u64) -> Option<u64> {
    // `sub sp, sp, #n`, and `stp`, `str` with `[sp, #-n]!`.
    let makes_frame = |word: u32| {
        word & 0xff80_03ff == 0xd100_03ff || word & 0xffe0_0fe0 == 0xf800_0fe0 || word & 0x7fe0_03e0 == 0x29a0_03e0
    };
    let marks = |word: u32| matches!(word, 0xd503_233f | 0xd503_237f) || word & 0xffff_ff3f == 0xd503_241f;
    let ends =
        |word: u32| word == 0xd65f_03c0 || word >> 26 == 0b00_0101 || matches!(word, 0 | 0xd503_201f | 0xd420_0020);
    let all: Vec<u32> = words(code).collect();
    let before = |n: usize| n.checked_sub(1).map(|n| all[n]);
    let is_start = |n: &usize| makes_frame(all[*n]) && before(*n).is_none_or(|word| ends(word) || marks(word));
    let start = (0..all.len()).rev().find(is_start)?;
    let first = if before(start).is_some_and(marks) { start - 1 } else { start };
    Some(entry + u64::from(LEN) * first as u64)
}
