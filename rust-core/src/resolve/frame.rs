//! Accesses of a function to its argument area, which SP-relative operands hide.

use crate::code::op::Op;
use crate::golang::pcvalue::PcValues;

/// An access to the argument area.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// Bytes from the start of the argument area.
    pub off: u32,
    /// Bytes accessed, 0 when only the address is taken.
    pub size: u32,
    /// Whether it is written.
    pub store: bool,
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
        Some(Access { off, size: u32::from(slot.size), store: op.store })
    })
}

/// Offsets in the argument area that are read, or whose address is taken, before any store to them.
pub fn argument_reads<'o>(
    ops: impl Iterator<Item = &'o Op>,
    deltas: Option<PcValues<'_>>,
    arg_base: u32,
    args: u32,
) -> Vec<u32> {
    let (mut read, mut written) = (Vec::new(), Vec::new());
    for access in accesses(ops, deltas, arg_base, args) {
        let list = if access.store { &mut written } else { &mut read };
        if !list.contains(&access.off) && list.len() < 64 && (access.store || !written.contains(&access.off)) {
            if access.store { written.push(access.off) } else { read.push(access.off) }
        }
    }
    read
}
