//! One instruction as the recovery sees it: what it reads and writes, and where control goes.

use crate::abi::location::{Reg, RegSet};

/// Where control goes after an instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Flow {
    /// To the next instruction.
    #[default]
    Next,
    /// To `target`.
    Jump,
    /// To `target` or to the next instruction.
    Branch,
    /// Somewhere that a register or memory says.
    JumpIndirect,
    /// Into `target` and back.
    Call,
    /// Into what a register or memory says, and back.
    CallIndirect,
    /// To the caller.
    Ret,
    /// Nowhere: a trap, or bytes that are no instruction.
    Stop,
}

/// What kind of value an instruction puts into the register that it writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Written {
    /// The outcome of an operation or a load through a pointer.
    #[default]
    Computed,
    /// A constant, or the address or contents of a static.
    Constant,
    /// Another register.
    Copy,
    /// A stack slot.
    Reload,
}

/// A memory operand with the stack pointer as its base and no index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StackSlot {
    /// Bytes above SP.
    pub disp: i32,
    /// Bytes accessed.
    pub size: u8,
}

/// One decoded instruction.
#[derive(Debug, Clone, Copy, Default)]
pub struct Op {
    /// Bytes from the function's entry.
    pub at: u32,
    /// Bytes of the instruction.
    pub len: u8,
    /// Where control goes.
    pub flow: Flow,
    /// What the written register gets.
    pub written: Written,
    /// Registers read; SP is never listed.
    pub reads: RegSet,
    /// Registers written; SP is never listed.
    pub writes: RegSet,
    /// Registers that are a memory operand's base or index.
    pub address: RegSet,
    /// Of a jump or call: its target; of a static's load or address: that address; of a constant move: the constant.
    pub target: u64,
    /// Index of the function that `target` is in, once someone has looked it up; [`super::flow::NONE`] until then.
    pub callee: u32,
    /// The plain stack slot that is loaded, stored or pointed at.
    pub stack: Option<StackSlot>,
    /// The register that is stored to memory or loaded from it.
    pub data: Option<Reg>,
    /// Its writes say nothing: implicit outputs, string operations, atomics.
    pub impure: bool,
    /// Its flags are read by a later instruction.
    pub flags_read: bool,
    /// Stores to memory.
    pub store: bool,
    /// Loads from memory.
    pub load: bool,
    /// A load that extends the sign of less than a register.
    pub signed: bool,
    /// Only checks a pointer by touching what it points at.
    pub nil_check: bool,
    /// Does nothing.
    pub nop: bool,
}

impl Op {
    /// Offset of the next instruction.
    pub fn end(&self) -> u32 {
        self.at + u32::from(self.len)
    }

    /// Whether it is a call.
    pub fn is_call(&self) -> bool {
        matches!(self.flow, Flow::Call | Flow::CallIndirect)
    }

    /// Whether control never goes to the next instruction.
    pub fn ends_block(&self) -> bool {
        matches!(self.flow, Flow::Jump | Flow::JumpIndirect | Flow::Ret | Flow::Stop)
    }

    /// Whether a write of this instruction may be taken as a value that was meant.
    pub fn is_pure(&self) -> bool {
        !self.impure && !self.flags_read
    }
}

/// How far a flag-setting instruction may be from the one that reads its flags.
const FLAGS_REACH: usize = 12;

/// A store through a register that was just zeroed: how the runtime ends functions that must not come back.
pub(super) fn faults(last: &Op, op: &Op) -> bool {
    let zeroed = last.written == Written::Constant && last.target == 0 && !last.load && last.flow == Flow::Next;
    zeroed && op.store && op.flow == Flow::Next && !op.address.is_empty() && op.address == last.writes
}

/// Marks the op at `writer`, which set flags that are read now.
pub(super) fn mark_flags_read(ops: &mut [Op], writer: Option<usize>) {
    let Some(index) = writer else { return };
    if ops.len() - index <= FLAGS_REACH
        && let Some(op) = ops.get_mut(index)
    {
        op.flags_read = true;
    }
}
