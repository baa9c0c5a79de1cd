//! What the bytes of x86 code show without being decoded. Bytes inside of an instruction can look like another one, so a
//! yes is a *maybe*, and only a no is sure.

use memchr::{memchr_iter, memrchr_iter};

const CALL: u8 = 0xe8;
/// Bytes of a direct call.
const CALL_LEN: usize = 5;
const RET: u8 = 0xc3;
const INT3: u8 = 0xcc;
const NOP: u8 = 0x90;
/// What C compilers leave in front of a function: the end of the one before, and padding.
const IN_FRONT: [u8; 4] = [RET, INT3, NOP, 0x00];
/// Bytes that C compilers align functions to.
const ALIGNED: u64 = 16;
const POP_RBP: u8 = 0x5d;
/// `add rsp, imm8` without its prefix and its immediate; the same of `esp`.
const ADD_SP: [u8; 2] = [0x83, 0xc4];
/// The same with an immediate of four bytes, as of larger frames.
const ADD_SP_WIDE: [u8; 2] = [0x81, 0xc4];

/// Where there looks to be a direct call in `code`, which starts at `entry`, and its target. A target that is a known address is as good
/// as sure: four bytes would have to be it by chance.
pub fn calls(code: &[u8], entry: u64) -> impl Iterator<Item = (u64, u64)> {
    memchr_iter(CALL, code).filter_map(move |at| {
        let rel = code.get(at + 1..at + CALL_LEN)?.first_chunk().map(|rel| i32::from_le_bytes(*rel))?;
        let next = entry.wrapping_add((at + CALL_LEN) as u64);
        Some((entry.wrapping_add(at as u64), next.wrapping_add_signed(rel.into())))
    })
}

/// Whether `code` may have a direct call (as of `entry`) that is `wanted`.
pub fn may_call(code: &[u8], entry: u64, wanted: impl Fn(u64) -> bool) -> bool {
    calls(code, entry).any(|(_, to)| wanted(to))
}

/// Where functions may start in `code`, which starts at `entry`, as C compilers lay functions out: aligned, and behind the end
/// of another one. The last comes first.
pub fn starts(code: &[u8], entry: u64) -> impl Iterator<Item = u64> {
    let behind = code.iter().enumerate().rev().filter(|(_, byte)| IN_FRONT.contains(byte));
    behind.map(move |(at, _)| entry.wrapping_add(at as u64 + 1)).filter(|start| start.is_multiple_of(ALIGNED))
}

/// Whether there is a return behind the end of a frame, as in nearly every function that can come back. Here a yes is as
/// good as sure: three bytes in a row would have to look like it.
pub(super) fn ends_in_return(code: &[u8]) -> bool {
    memrchr_iter(RET, code).any(|at| match &code[..at] {
        [.., a, b, _] if [*a, *b] == ADD_SP => true,
        [.., a, b, _, _, _, _] if [*a, *b] == ADD_SP_WIDE => true,
        [.., before] => *before == POP_RBP,
        [] => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_found_by_their_target() {
        let code = [0x90, 0xe8, 0xfa, 0xff, 0xff, 0xff, 0xe8, 0x01]; // nop; call the start; a call that is cut
        assert!(may_call(&code, 0x1000, |target| target == 0x1000));
        assert!(!may_call(&code, 0x1000, |target| target != 0x1000));
    }

    #[test]
    fn functions_start_aligned_behind_another() {
        let mut code = vec![0x48; 0x40];
        (code[0x0f], code[0x17], code[0x2f]) = (0xcc, 0xc3, 0xc3);
        assert_eq!(starts(&code, 0x1000).collect::<Vec<_>>(), [0x1030, 0x1010]);
        assert_eq!(starts(&[], 0x1000).count(), 0);
    }

    #[test]
    fn returns_end_a_frame() {
        assert!(ends_in_return(&[0x48, 0x83, 0xc4, 0x18, 0xc3, 0xcc]));
        assert!(ends_in_return(&[0x48, 0x81, 0xc4, 0x18, 0x01, 0, 0, 0xc3, 0xcc]));
        assert!(ends_in_return(&[0x5d, 0xc3]));
        assert!(!ends_in_return(&[0x48, 0x89, 0xc3, 0x0f, 0x0b])); // mov rbx, rax; ud2
        assert!(!ends_in_return(&[0xc3]));
    }
}
