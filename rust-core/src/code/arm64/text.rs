//! Instructions as a person reads them, and as they are compared between builds.

use super::{Arm64, LEN, words};
use yaxpeax_arch::{Decoder as _, U8Reader};
use yaxpeax_arm::armv8::a64::InstDecoder;

/// Encodings with an address in them: the bits that tell one, their value there, and the bits that stay.
/// (Arm Architecture Reference Manual, C4.1: branches, PC-relative addresses, loads of literals, offsets in a page.)
const ADDRESSES: [(u32, u32, u32); 7] = [
    (0x7c00_0000, 0x1400_0000, 0xfc00_0000), // B, BL
    (0xff00_0000, 0x5400_0000, 0xff00_001f), // B.cond
    (0x7e00_0000, 0x3400_0000, 0xff00_001f), // CBZ, CBNZ
    (0x7e00_0000, 0x3600_0000, 0xfff8_001f), // TBZ, TBNZ
    (0x1f00_0000, 0x1000_0000, 0x9f00_001f), // ADR, ADRP
    (0x3b00_0000, 0x1800_0000, 0xff00_001f), // LDR (literal)
    (0x7fc0_0000, 0x1100_0000, 0xffc0_03ff), // ADD (immediate), also of a page's offset
];

impl Arm64 {
    /// The instruction that `code` starts with: its length in bytes and its text.
    pub fn instruction(&self, code: &[u8]) -> (usize, String) {
        let decoded = InstDecoder::default().decode(&mut U8Reader::new(code));
        let text = decoded.map_or_else(|_| ".word".to_string(), |instruction| instruction.to_string());
        (usize::from(LEN).min(code.len()), text)
    }

    /// Gives `eat` every instruction's word with the addresses in it masked.
    pub fn masked(&self, code: &[u8], mut eat: impl FnMut(&[u8])) {
        for word in words(code) {
            let row = ADDRESSES.iter().find(|(mask, value, _)| word & mask == *value);
            eat(&row.map_or(word, |(.., keep)| word & keep).to_le_bytes());
        }
    }
}
