//! One instruction as the flow of values sees it: what goes where. Much cheaper to decode than [`super::op::Op`], which
//! knows everything that an instruction reads.

use crate::abi::location::{Reg, RegSet};

/// What an address is counted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// The stack pointer.
    Sp,
    /// Another register.
    Reg(Reg),
    /// Nothing: the displacement is the address.
    Absolute,
}

/// A memory operand without index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// What it is counted from.
    pub base: Base,
    /// Bytes from there, or the address.
    pub disp: i64,
    /// Bytes accessed.
    pub size: u8,
}

/// What is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// A register.
    Reg(Reg),
    /// A constant; for more than eight bytes each word of it.
    Const(u64),
    /// Something that is not followed.
    Unknown,
}

/// What an instruction does with values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Nop,
    /// Writes these registers with something that is not followed.
    Other(RegSet),
    /// A constant or an address.
    Const(Reg, u64),
    /// A copy.
    Copy(Reg, Reg),
    /// The address of a place.
    Lea(Reg, Place),
    /// A load.
    Load(Reg, Place),
    /// A load of an element: the last register, times something, is added to the place.
    LoadElement(Reg, Place, Reg),
    /// The address of an element.
    LeaElement(Reg, Place, Reg),
    /// A store.
    Store(Place, Stored),
    /// A load into a float or vector register.
    LoadFloat(Reg, Place),
    /// A flag, as 0 or 1.
    Flag(Reg),
    /// A register is compared, that many bytes of it; with a constant, if it is one.
    Compare(Reg, u8, Option<u64>),
    /// A constant is added.
    Add(Reg, i64),
    /// The second register is added.
    AddReg(Reg, Reg),
    /// The stack pointer moves up by that much.
    Sp(i32),
    /// A load from the stack pointer's place, which then moves up by that much.
    Pop(Reg, i32),
    /// The stack pointer becomes something else.
    SpLost,
    /// A call.
    Call(u64),
    /// A call through a register.
    CallReg(Reg),
    /// A call through memory.
    CallMem(Place),
    /// A jump.
    Jump(u64),
    /// A jump through a register.
    JumpReg(Reg),
    /// A jump through memory.
    JumpMem(Place),
    /// A jump or the next instruction.
    Branch(u64),
    /// The same, and it jumps where what was just compared is equal.
    BranchEqual(u64),
    /// The same, and it jumps where that is not equal.
    BranchOther(u64),
    /// To the caller.
    Ret,
    /// Nowhere.
    Stop,
    /// Into the kernel.
    Syscall,
}

/// A [`Step`] and where it is.
#[derive(Debug, Clone, Copy)]
pub struct Located {
    /// Bytes from the function's entry.
    pub at: u32,
    /// Bytes of the instruction.
    pub len: u8,
    /// What it does.
    pub step: Step,
}

impl Located {
    /// Where it jumps, within the function or not.
    pub fn jump(&self) -> Option<u64> {
        match self.step {
            Step::Jump(target) | Step::Branch(target) | Step::BranchEqual(target) | Step::BranchOther(target) => {
                Some(target)
            }
            _ => None,
        }
    }

    /// Whether control never goes on to the next instruction.
    pub fn ends(&self) -> bool {
        matches!(self.step, Step::Jump(_) | Step::JumpReg(_) | Step::JumpMem(_) | Step::Ret | Step::Stop)
    }
}
