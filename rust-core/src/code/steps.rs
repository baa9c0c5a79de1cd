//! Code as [`super::step::Step`]s, and what its bytes show without them, whichever the machine is.

use super::arm64::{self, bytes as words};
use super::step::Located;
use super::x86::{bytes, steps};
use crate::arch::Arch;

/// What a piece of code may do with an address of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mention {
    /// Calls it or jumps there.
    Call,
    /// Takes the address.
    Address,
    /// Stores a register there.
    Store,
}

/// Decodes `code`, which starts at `entry`, into `steps` (cleared first).
pub fn decode(arch: Arch, code: &[u8], entry: u64, into: &mut Vec<Located>) {
    match arch {
        Arch::Arm64 => arm64::steps::decode(code, entry, into),
        _ => steps::decode(8 * arch.ptr_size(), code, entry, into),
    }
}

/// Whether `code` may have a direct call that is `wanted`; a no is sure.
pub fn may_call(arch: Arch, code: &[u8], entry: u64, wanted: impl Fn(u64) -> bool) -> bool {
    match arch {
        Arch::Arm64 => {
            let mut found = false;
            words::mentions(code, entry, |mention, at| found = found || mention == Mention::Call && wanted(at));
            found
        }
        _ => bytes::may_call(code, entry, wanted),
    }
}

/// Tells `each` of every direct call that `code` may have: where it is, and where it goes.
pub fn calls(arch: Arch, code: &[u8], entry: u64, mut each: impl FnMut(u64, u64)) {
    match arch {
        Arch::Arm64 => words::calls(code, entry, each),
        _ => bytes::calls(code, entry).for_each(|(at, to)| each(at, to)),
    }
}

/// Tells `each` of every address that `code` may do something to; what it does not tell is sure not to be.
pub fn mentions(arch: Arch, code: &[u8], entry: u64, each: impl FnMut(Mention, u64)) {
    match arch {
        Arch::Arm64 => words::mentions(code, entry, each),
        _ => steps::mentions(code, entry, each),
    }
}

/// Whether `code` may ask the kernel for something.
pub fn has_kernel_call(arch: Arch, code: &[u8]) -> bool {
    match arch {
        Arch::Arm64 => words::has_kernel_call(code),
        _ => code.windows(2).any(|pair| pair == [0x0f, 0x05]),
    }
}
