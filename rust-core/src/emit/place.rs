//! Places of whole values: one register, a run of the argument area, or parts.

use crate::abi::location::Reg;
use crate::report::Value;

use super::c_types::CTypes;
use super::registers::Registers;

/// A register or a byte of the argument area.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    /// From the register's lowest byte on.
    Reg(Reg),
    /// Bytes from the start of the argument area.
    Stack(u64),
}

/// Bytes of a value in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    /// Bytes from the start of the value.
    pub(crate) off: u64,
    /// Bytes.
    pub(crate) size: u64,
    /// Where.
    pub(crate) at: At,
}

/// Where a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// All of it in one register, which has this many bytes in use.
    Reg(Reg, u64),
    /// All of it, padding too, from that byte of the argument area on.
    Stack(u64, u64),
    /// In parts, without its padding.
    Parts(Vec<Part>),
}

impl Place {
    /// The place as parts, for hosts that want nothing else.
    pub(crate) fn parts(&self) -> Vec<Part> {
        match self {
            Place::Reg(reg, size) => vec![Part { off: 0, size: *size, at: At::Reg(*reg) }],
            Place::Stack(at, size) => vec![Part { off: 0, size: *size, at: At::Stack(*at) }],
            Place::Parts(parts) => parts.clone(),
        }
    }

    /// The simplest place that says the same of a value of `size` bytes.
    pub(crate) fn simplest(parts: Vec<Part>, size: u64) -> Place {
        match parts[..] {
            [Part { off: 0, size: used, at: At::Reg(reg) }] if used == size => Place::Reg(reg, size),
            [Part { off: 0, size: used, at: At::Stack(at) }] if used == size => Place::Stack(at, size),
            _ => Place::Parts(parts),
        }
    }
}

/// The start of a value that is on the stack as a whole; `None` when any of it is in a register.
pub(crate) fn stack_start(regs: &Registers, value: &Value) -> Option<u64> {
    let mut start = None;
    for piece in &value.pieces {
        let Some(At::Stack(at)) = regs.at(piece.loc) else { return None };
        let this = at.checked_sub(u64::from(piece.off))?;
        if start.is_some_and(|start| start != this) {
            return None;
        }
        start = Some(this);
    }
    start
}

/// The parts of a value that is in registers, when its C type `id` has exactly these bytes.
pub(crate) fn register_parts(regs: &Registers, c: &CTypes, id: u32, value: &Value) -> Option<Vec<Part>> {
    let mut parts = Vec::with_capacity(value.pieces.len());
    for piece in &value.pieces {
        let at = regs.at(piece.loc).filter(|at| matches!(at, At::Reg(_)))?;
        parts.push(Part { off: u64::from(piece.off), size: u64::from(piece.size), at });
    }
    (c.ranges(id)? == covered(&parts)?).then_some(parts)
}

/// The bytes that parts cover, as merged ranges; `None` when they overlap or are out of order.
pub(crate) fn covered(parts: &[Part]) -> Option<Vec<(u64, u64)>> {
    let mut ranges: Vec<(u64, u64)> = Vec::with_capacity(parts.len());
    for part in parts {
        let end = part.off.checked_add(part.size)?;
        match ranges.last_mut() {
            Some(last) if last.1 == part.off => last.1 = end,
            Some(last) if last.1 > part.off => return None,
            _ => ranges.push((part.off, end)),
        }
    }
    Some(ranges)
}
