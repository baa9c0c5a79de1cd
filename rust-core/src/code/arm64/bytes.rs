//! What the words of arm64 code show without being decoded.

use super::steps::{added, address_of};
use super::{LEN, words};
use crate::code::steps::Mention;

/// Tells `each` of every address that `code`, which starts at `entry`, does something to. An address takes two instructions,
/// which the assembler puts side by side.
pub fn mentions(code: &[u8], entry: u64, mut each: impl FnMut(Mention, u64)) {
    let mut page: Option<(u32, u64)> = None;
    for (at, word) in (entry..).step_by(usize::from(LEN)).zip(words(code)) {
        let based = page.take().filter(|page| word >> 5 & 31 == page.0);
        let found = match (word >> 26, based) {
            (0b00_0101 | 0b10_0101, _) => {
                let offset = i64::from((word << 6) as i32 >> 6) * i64::from(LEN);
                Some((Mention::Call, at.wrapping_add_signed(offset)))
            }
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
