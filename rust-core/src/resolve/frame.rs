//! Accesses of a function to its argument area, which SP-relative operands hide.

use crate::abi::location::Reg;
use crate::code::op::Op;
use crate::golang::pcvalue::PcValues;

/// An access to the argument area.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// Bytes of the instruction from the function's entry.
    pub at: u32,
    /// Bytes from the start of the argument area.
    pub off: u32,
    /// Bytes accessed, 0 when only the address is taken.
    pub size: u32,
    /// Whether it is written.
    pub store: bool,
    /// The register that is loaded or stored.
    pub data: Option<Reg>,
}

/// Accesses to the `args` bytes of the argument area, in the order of the code. `deltas` says how far SP is below its
/// value at entry, by pc.
pub fn accesses<'o>(
    ops: impl Iterator<Item = &'o Op>,
    deltas: Option<PcValues<'_>>,
    arg_base: u32,
    args: u32,
) -> impl Iterator<Item = Access> {
    let mut deltas = deltas.into_iter().flatten();
    let mut current = None;
    ops.filter_map(move |op| {
        let slot = op.stack?;
        while current.is_none_or(|(end, _)| end <= op.at) {
            current = deltas.next().map(|v| (v.end, v.value)).or(Some((u32::MAX, 0)));
        }
        let (_, delta) = current?;
        let off = i64::from(slot.disp) - i64::from(delta) - i64::from(arg_base);
        let off = u32::try_from(off).ok().filter(|off| *off < args)?;
        Some(Access { at: op.at, off, size: u32::from(slot.size), store: op.store, data: op.data })
    })
}

/// Accesses that store a register to bytes of the argument area that nothing touched before.
pub fn homes(accesses: impl Iterator<Item = Access>) -> Vec<Access> {
    const ENOUGH: usize = 64;
    let mut seen: Vec<Access> = Vec::new();
    for access in accesses.filter(|access| access.size > 0) {
        if seen.len() < ENOUGH && seen.iter().all(|one| one.off != access.off) {
            seen.push(access);
        }
    }
    seen.retain(|access| access.store && access.data.is_some());
    seen
}

/// Offsets in the argument area that are read, or whose address is taken, before any store to them; and those that are
/// stored to first.
pub fn first_accesses(accesses: impl Iterator<Item = Access>) -> (Vec<u32>, Vec<u32>) {
    const ENOUGH: usize = 64;
    let (mut read, mut written) = (Vec::new(), Vec::new());
    for access in accesses {
        let (same, other) = if access.store { (&mut written, &read) } else { (&mut read, &written) };
        if !same.contains(&access.off) && !other.contains(&access.off) && same.len() < ENOUGH {
            same.push(access.off);
        }
    }
    (read, written)
}
