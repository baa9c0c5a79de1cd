//! Operands: which registers they name, which memory, which constant.

use super::general;
use crate::abi::location::{Reg, RegSet};
use yaxpeax_arm::armv8::a64::{Operand, SIMDSizeCode, SizeCode};

/// A memory operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Memory {
    base: u16,
    pub(super) index: Option<u16>,
    /// Bytes from the base.
    pub(super) disp: i32,
    pub(super) writes_back: bool,
}

impl Memory {
    /// Whether it is a plain slot above SP.
    pub(super) fn is_stack(&self) -> bool {
        self.base == 31 && self.index.is_none()
    }

    pub(super) fn base(&self) -> RegSet {
        general(self.base).into_iter().collect()
    }

    pub(super) fn registers(&self) -> RegSet {
        general(self.base).into_iter().chain(self.index.and_then(general)).collect()
    }
}

pub(super) fn memory(operand: &Operand) -> Option<Memory> {
    let at = |base: &u16, index, disp, writes_back| Some(Memory { base: *base, index, disp, writes_back });
    match operand {
        Operand::RegRegOffset(base, index, ..) => at(base, Some(*index), 0, false),
        Operand::RegPreIndex(base, disp, back) => at(base, None, *disp, *back),
        Operand::RegPostIndex(base, _) => at(base, None, 0, true),
        Operand::RegPostIndexReg(base, index) => at(base, Some(*index), 0, true),
        _ => None,
    }
}

fn float(number: u16) -> Reg {
    Reg::float((number & 31) as u8)
}

/// The registers of an operand that is not memory. SP and the zero register are never listed.
pub(super) fn registers(operand: &Operand) -> RegSet {
    let run = |first: u16, count: u8| (0..u16::from(count.min(4))).map(|i| float(first + i)).collect();
    match operand {
        Operand::Register(_, n) | Operand::RegisterOrSP(_, n) | Operand::RegShift(_, _, _, n) => {
            general(*n).into_iter().collect()
        }
        Operand::RegisterPair(_, n) => general(*n).into_iter().chain(general(n + 1)).collect(),
        Operand::SIMDRegister(_, n)
        | Operand::SIMDRegisterElements(_, n, _)
        | Operand::SIMDRegisterElementsLane(_, n, ..)
        | Operand::SIMDRegisterElementsMultipleLane(_, n, ..) => RegSet::of(float(*n)),
        Operand::SIMDRegisterGroup(_, n, _, count) | Operand::SIMDRegisterGroupLane(n, _, count, _) => run(*n, *count),
        _ => RegSet::NONE,
    }
}

/// The one register of an operand.
pub(super) fn register(operand: &Operand) -> Option<Reg> {
    match operand {
        Operand::Register(_, n) => general(*n),
        Operand::SIMDRegister(_, n) => Some(float(*n)),
        _ => None,
    }
}

/// Bytes of a register operand.
pub(super) fn size(operand: &Operand) -> u8 {
    match operand {
        Operand::Register(SizeCode::W, _) | Operand::SIMDRegister(SIMDSizeCode::S, _) => 4,
        Operand::SIMDRegister(SIMDSizeCode::B, _) => 1,
        Operand::SIMDRegister(SIMDSizeCode::H, _) => 2,
        Operand::SIMDRegister(SIMDSizeCode::Q, _) => 16,
        _ => 8,
    }
}

/// An immediate operand.
pub(super) fn constant(operand: &Operand) -> Option<u64> {
    match operand {
        Operand::Immediate(n) => Some(u64::from(*n)),
        Operand::Imm64(n) => Some(*n),
        Operand::Imm16(n) => Some(u64::from(*n)),
        Operand::ImmShift(n, by) => u64::from(*n).checked_shl(u32::from(*by)),
        _ => None,
    }
}
