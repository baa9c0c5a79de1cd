//! The first look at all code: how functions end, and which convention calls show.

use crate::limits;
use thin_vec::ThinVec;

/// What one function's code shows at first sight.
#[derive(Debug, Clone, Default)]
pub struct Survey {
    /// Its first instruction jumps out of it.
    pub starts_with_jump: bool,
    /// It has a return instruction.
    pub has_ret: bool,
    /// It has a jump that only registers or memory decide.
    pub has_indirect_jump: bool,
    /// It calls or jumps right after it has set up the registers of ABIInternal: its own body is ABI0.
    pub enters_internal: bool,
    /// Jumps out of the function.
    pub exits: ThinVec<u64>,
    /// Calls and whether the caller restores the registers of ABIInternal right after them, so that the callee is ABI0.
    pub calls: ThinVec<(u64, bool)>,
}

impl Survey {
    /// Whether it is nothing but one jump to another function.
    pub fn only_jumps(&self) -> bool {
        self.starts_with_jump && self.exits.len() == 1 && !self.has_ret && !self.has_indirect_jump
    }

    /// Adds a jump out of the function.
    pub fn exit(&mut self, target: u64) {
        if self.exits.len() < limits::MAX_EXITS && !self.exits.contains(&target) {
            self.exits.push(target);
        }
    }
}
