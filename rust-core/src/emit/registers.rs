//! Register names of one machine, ready to be looked up: a report has millions of them.

use crate::abi::location::Reg;
use crate::abi::registers::{all_regs, reg_from_name, reg_name, sub_register};
use crate::arch::Arch;
use crate::report::Loc;

use super::place::At;

/// Sizes of named parts of registers, in bytes.
const SIZES: [u64; 5] = [1, 2, 4, 8, 16];

/// Names from the report's to IDA's.
#[derive(Debug)]
pub(crate) struct Registers {
    /// The machine.
    pub(crate) arch: Arch,
    /// Sorted by name.
    by_name: Vec<(u64, Reg)>,
    /// By register number and index in [`SIZES`].
    parts: Vec<[String; SIZES.len()]>,
}

impl Registers {
    pub(crate) fn new(arch: Arch) -> Registers {
        let mut by_name: Vec<(u64, Reg)> = all_regs(arch).map(|reg| (packed(reg_name(arch, reg)), reg)).collect();
        by_name.sort_unstable();
        let parts = (0..64).map(|n| SIZES.map(|size| ida_name(arch, Reg(n), size))).collect();
        Registers { arch, by_name, parts }
    }

    /// The register of that name.
    pub(crate) fn named(&self, name: &str) -> Option<Reg> {
        let known = self.by_name.binary_search_by_key(&packed(name), |(name, _)| *name).ok();
        known.map(|at| self.by_name[at].1).or_else(|| reg_from_name(self.arch, name))
    }

    /// A place of the report, in this machine's registers.
    pub(crate) fn at(&self, loc: Loc) -> Option<At> {
        match loc {
            Loc::Stack(offset) => Some(At::Stack(offset)),
            Loc::Register(name) => self.named(name).map(At::Reg),
        }
    }

    /// IDA's name of a register that holds a value of `size` bytes alone.
    pub(crate) fn alone(&self, reg: Reg, size: u64) -> &str {
        let index = SIZES.iter().position(|named| size <= *named).unwrap_or(SIZES.len() - 1);
        self.parts.get(usize::from(reg.0)).map_or("", |names| &names[index])
    }

    /// IDA's name of a whole register.
    pub(crate) fn whole(&self, reg: Reg) -> &str {
        self.alone(reg, self.whole_size(reg))
    }

    /// IDA's name of the register of a part, and the bytes of that register.
    ///
    /// Parts name the whole register and say how many bytes are in use (`8:rsi.4`), so that no two hosts disagree about
    /// which part of a register a name such as `sil` means. arm64 has no whole name for float registers: `S0`, `D0`,
    /// `Q0`.
    pub(crate) fn part(&self, reg: Reg, size: u64) -> (&str, u64) {
        let whole = self.whole_size(reg);
        let by_size = self.arch == Arch::Arm64 && reg.is_float();
        let named = if by_size { size.next_power_of_two().clamp(4, whole) } else { whole };
        (self.alone(reg, named), named)
    }

    /// Bytes of a whole register.
    pub(crate) fn whole_size(&self, reg: Reg) -> u64 {
        match (reg.is_float(), self.arch) {
            (true, Arch::Amd64 | Arch::I386 | Arch::Arm64) => 16,
            (true, _) => 8,
            (false, _) => u64::from(self.arch.ptr_size()),
        }
    }
}

/// A short name as a number; 0 for a longer one, which no register has.
fn packed(name: &str) -> u64 {
    let bytes = Some(name.as_bytes()).filter(|bytes| bytes.len() <= 8).unwrap_or_default();
    bytes.iter().fold(0, |packed, byte| packed << 8 | u64::from(*byte))
}

/// Lower case, as IDA's modules have it, but for arm64.
fn ida_name(arch: Arch, reg: Reg, size: u64) -> String {
    let name = sub_register(arch, reg, size as u32);
    if arch == Arch::Arm64 { name.to_ascii_uppercase() } else { name }
}
