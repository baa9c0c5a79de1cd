//! The decoder of a machine, whichever it is: what the stages behind this one know of instruction sets.

use super::arm64::Arm64;
use super::op::{Flow, Op};
use super::survey::Survey;
use super::x86::X86;
use crate::arch::Arch;
use crate::limits;

/// Bytes of an instruction: of every one on arm64, on amd64 a little less than there are on average.
const BYTES: usize = 4;

/// A decoder with its scratch memory; make one per thread.
pub struct Decoder(Kind);

enum Kind {
    X86(Box<X86>),
    Arm64(Box<Arm64>),
    /// A machine whose code is not read.
    None,
}

impl Decoder {
    /// The decoder of `arch`; one that decodes nothing if there is none.
    pub fn new(arch: Arch) -> Self {
        Decoder(match arch {
            Arch::Amd64 | Arch::I386 => Kind::X86(Box::new(X86::new(8 * arch.ptr_size()))),
            Arch::Arm64 => Kind::Arm64(Box::default()),
            _ => Kind::None,
        })
    }

    /// Whether code of `arch` is read.
    pub fn reads(arch: Arch) -> bool {
        matches!(arch, Arch::Amd64 | Arch::I386 | Arch::Arm64)
    }

    /// Decodes `code`, which starts at `entry`, into `ops`, and lists the indices of those that do more than to go on to the
    /// next one in `turns`. Both are cleared first.
    pub fn decode(&mut self, code: &[u8], entry: u64, ops: &mut Vec<Op>, turns: &mut Vec<u32>) {
        // Growing step by step would copy the longest functions several times.
        ops.clear();
        ops.reserve((code.len() / BYTES).min(limits::MAX_FUNCTION_OPS));
        turns.clear();
        match &mut self.0 {
            Kind::X86(x86) => x86.decode(code, entry, ops, |turn| turns.push(turn)),
            Kind::Arm64(arm64) => {
                arm64.decode(code, entry, ops);
                turns.extend((0u32..).zip(&*ops).filter(|(_, op)| op.flow != Flow::Next).map(|(i, _)| i));
            }
            Kind::None => {}
        }
    }

    /// Decodes the start of `code`: until control goes elsewhere for certain, and at most `most` instructions.
    pub fn decode_line(&mut self, code: &[u8], entry: u64, ops: &mut Vec<Op>, most: usize) {
        match &mut self.0 {
            Kind::X86(x86) => x86.decode_line(code, entry, ops, most),
            Kind::Arm64(arm64) => arm64.decode_line(code, entry, ops, most),
            Kind::None => ops.clear(),
        }
    }

    /// Takes a first look at a function: much cheaper than [`Decoder::decode`]. `wanted` picks the calls to keep besides
    /// those after which the registers of ABIInternal are restored. Without `exits` jumps may be left out: those that
    /// leave a function which returns, and those through registers in one.
    pub fn survey(&mut self, code: &[u8], entry: u64, exits: bool, wanted: impl Fn(u64) -> bool) -> Survey {
        match &mut self.0 {
            Kind::X86(x86) => x86.survey(code, entry, exits, wanted),
            Kind::Arm64(arm64) => arm64.survey(code, entry, wanted),
            Kind::None => Survey { has_ret: true, ..Survey::default() },
        }
    }

    /// The instruction that `code` starts with, which is at `ip`: its length in bytes, and its text in the syntax of its
    /// maker.
    pub fn instruction(&self, code: &[u8], ip: u64) -> (usize, String) {
        match &self.0 {
            Kind::X86(x86) => x86.instruction(code, ip),
            Kind::Arm64(arm64) => arm64.instruction(code),
            Kind::None => (0, String::new()),
        }
    }

    /// Where the instruction begins that the op at `at` is all or half of.
    pub fn whole(&self, at: u32) -> u32 {
        match &self.0 {
            Kind::Arm64(_) => at & !3,
            _ => at,
        }
    }

    /// Gives `eat` the bytes of every instruction, with the addresses in them masked.
    pub fn masked(&self, code: &[u8], ip: u64, eat: impl FnMut(&[u8])) {
        match &self.0 {
            Kind::X86(x86) => x86.masked(code, ip, eat),
            Kind::Arm64(arm64) => arm64.masked(code, eat),
            Kind::None => {}
        }
    }

    /// Decodes `code` and throws the instructions away: the floor that any analysis of code stands on.
    pub fn decode_only(&mut self, code: &[u8], entry: u64) -> u64 {
        match &mut self.0 {
            Kind::X86(x86) => x86.decode_only(code, entry),
            Kind::Arm64(arm64) => arm64.decode_only(code),
            Kind::None => 0,
        }
    }
}
