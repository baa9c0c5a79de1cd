//! What a caller prepares before a call and takes back after it: what the callee is given, seen from outside.
//!
//! A register that is written in the straight line before a call and read by nothing on the way is an argument, because
//! no register outlives a call. What is stored to the bottom of the frame before a call are arguments on the stack, and
//! what is loaded from there after it are results.

use super::flow::NONE;
use super::op::{Flow, Op, Written};
use super::stack::{Copies, writes_through};
use crate::abi::location::{Reg, RegSet};
use foldhash::{HashSet, HashSetExt};

/// Instructions that are looked at on either side of one call.
const REACH: usize = 96;

/// One direct call or jump out of the function, as its caller prepares it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prepared {
    /// The callee's index.
    pub callee: u32,
    /// It is a call, not a jump.
    pub returns: bool,
    /// Registers that are set for the call.
    pub registers: RegSet,
    /// Those of them that only move a value there, in the order of the code. The allocator moves arguments in the order
    /// of the parameters (`cmd/compile/internal/ssa/regalloc.go`, the inputs of a call).
    pub moved: Vec<Reg>,
    /// Byte behind the last one of the callee's argument area that is stored to.
    pub stored: u32,
    /// Something is stored there through its address, so that nobody knows how much.
    pub copied: bool,
    /// First byte of that area that is loaded after the call.
    pub loaded: Option<u32>,
}

/// What to look for.
pub struct Wanted<'a, W, F> {
    /// Says of each callee how many bytes its argument area has; `None` for those that are not asked for.
    pub area: F,
    /// Registers that carry arguments.
    pub registers: RegSet,
    /// From SP at a call to the callee's argument area, in bytes.
    pub outgoing: u32,
    /// Where block copies take their destination from.
    pub copy_to: RegSet,
    /// The rest of the program.
    pub world: &'a W,
}

impl<W: Copies, F: Fn(u32) -> Option<u32>> Wanted<'_, W, F> {
    /// All calls in a function whose first op is at `entry`.
    pub fn look(&self, ops: &[Op], entry: u64, sites: &mut Vec<Prepared>) {
        let targets = targets(ops, entry);
        for (i, op) in ops.iter().enumerate() {
            let goes = matches!(op.flow, Flow::Call | Flow::Jump) && op.callee != NONE && !self.copies(op);
            let Some(area) = Some(op.callee).filter(|_| goes).and_then(&self.area) else { continue };
            let mut site = Prepared { callee: op.callee, ..Prepared::default() };
            self.registers(ops, i, &targets, &mut site);
            if op.is_call() {
                site.returns = true;
                self.stack(ops, i, (entry, area), &mut site);
            }
            sites.push(site);
        }
    }

    fn copies(&self, op: &Op) -> bool {
        op.flow == Flow::Call && self.world.copies_block(op.target)
    }

    fn registers(&self, ops: &[Op], call: usize, targets: &[u32], site: &mut Prepared) {
        let (mut read, mut written) = (RegSet::NONE, RegSet::NONE);
        let mut last = ops[call].at;
        for op in ops[..call].iter().rev().take(REACH) {
            let leaves = op.is_call() || op.ends_block() || op.flow == Flow::Branch;
            if leaves || targets.binary_search(&last).is_ok() {
                break;
            }
            let set = op.writes & self.registers & !written & !read;
            if op.is_pure() {
                site.registers |= set;
                let moves = op.written != Written::Computed && set.0.count_ones() == 1;
                site.moved.extend(moves.then(|| Reg(set.0.trailing_zeros() as u8)));
            }
            written |= op.writes;
            read |= op.reads;
            last = op.at;
        }
        site.moved.reverse();
    }

    fn stack(&self, ops: &[Op], call: usize, (entry, area): (u64, u32), site: &mut Prepared) {
        for i in (call.saturating_sub(REACH)..call).rev() {
            if ops[i].is_call() && !self.copies(&ops[i]) {
                break;
            }
            if let Some((off, size)) = self.slot(&ops[i], area).filter(|_| self.writes(ops, i)) {
                site.stored = site.stored.max(off + size);
                site.copied |= !ops[i].store;
            }
        }
        site.loaded = self.loaded(ops, call, entry, area);
    }

    /// First byte of the callee's area that is loaded on some way from the call to the next one.
    fn loaded(&self, ops: &[Op], call: usize, entry: u64, area: u32) -> Option<u32> {
        let (mut seen, mut work, mut first) = (HashSet::new(), vec![call + 1], None);
        while let Some(start) = work.pop() {
            for (i, op) in ops.iter().enumerate().skip(start) {
                if seen.len() >= REACH || !seen.insert(i) || (op.is_call() && !self.copies(op)) {
                    break;
                }
                if let Some((off, _)) = self.slot(op, area).filter(|_| !self.writes(ops, i)) {
                    first = Some(first.map_or(off, |known: u32| known.min(off)));
                }
                if matches!(op.flow, Flow::Jump | Flow::Branch) {
                    let offset = op.target.checked_sub(entry).and_then(|offset| u32::try_from(offset).ok());
                    work.extend(offset.and_then(|offset| ops.binary_search_by_key(&offset, |op| op.at).ok()));
                }
                if op.ends_block() {
                    break;
                }
            }
        }
        first
    }

    /// Offset in the callee's area and bytes, one at least.
    fn slot(&self, op: &Op, area: u32) -> Option<(u32, u32)> {
        let slot = op.stack?;
        let off = u32::try_from(i64::from(slot.disp) - i64::from(self.outgoing)).ok()?;
        (off < area).then(|| (off, u32::from(slot.size).max(1)))
    }

    fn writes(&self, ops: &[Op], i: usize) -> bool {
        ops[i].store || (!ops[i].load && writes_through(ops, i, self.world, self.copy_to))
    }
}

/// Offsets that jumps and branches inside the function lead to, sorted.
fn targets(ops: &[Op], entry: u64) -> Vec<u32> {
    let jumps = ops.iter().filter(|op| matches!(op.flow, Flow::Jump | Flow::Branch));
    let mut targets: Vec<u32> = jumps.filter_map(|op| u32::try_from(op.target.checked_sub(entry)?).ok()).collect();
    targets.sort_unstable();
    targets.dedup();
    targets
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arch::Arch;
    use crate::code::decoder::Decoder;
    use crate::code::flow::World;

    const RAX: Reg = Reg(0);
    const RBX: Reg = Reg(3);
    const XMM0: Reg = Reg::float(0);

    struct Nobody;

    impl World for Nobody {
        fn returns(&self, _: u32) -> bool {
            true
        }
        fn is_type(&self, _: u64) -> bool {
            false
        }
        fn word(&self, _: u64) -> Option<u64> {
            None
        }
    }

    impl Copies for Nobody {
        fn copies_block(&self, _: u64) -> bool {
            false
        }
    }

    fn prepared(code: &[u8]) -> Prepared {
        let mut ops = Vec::new();
        Decoder::new(Arch::Amd64).decode(code, 0x1000, &mut ops, &mut Vec::new());
        ops.iter_mut().filter(|op| op.flow == Flow::Call).for_each(|op| op.callee = 7);
        let wanted = Wanted {
            area: |callee| (callee == 7).then_some(32),
            registers: [RAX, RBX, XMM0].into_iter().collect(),
            outgoing: 0,
            copy_to: RegSet::of(Reg(7)),
            world: &Nobody,
        };
        let mut sites = Vec::new();
        wanted.look(&ops, 0x1000, &mut sites);
        sites.pop().unwrap_or_default()
    }

    #[test]
    fn what_nothing_else_reads_is_set_for_the_call() {
        // mov rbx,rsi; test rbx,rbx; movups xmm0,xmm2; mov rax,rdx; mov [rsp+8],rcx; call +0; test rax,rax; je +5;
        // mov rcx,[rsp+40]; mov rcx,[rsp+16]; ret
        let site = prepared(&[
            0x48, 0x89, 0xf3, 0x48, 0x85, 0xdb, 0x0f, 0x10, 0xc2, 0x48, 0x89, 0xd0, 0x48, 0x89, 0x4c, 0x24, 8, 0xe8, 0,
            0, 0, 0, 0x48, 0x85, 0xc0, 0x74, 5, 0x48, 0x8b, 0x4c, 0x24, 40, 0x48, 0x8b, 0x4c, 0x24, 16, 0xc3,
        ]);
        assert_eq!(site.registers, [RAX, XMM0].into_iter().collect(), "RBX is read before the call");
        assert_eq!(site.moved, [XMM0, RAX]);
        assert_eq!((site.stored, site.loaded, site.returns), (16, Some(16), true));
    }

    #[test]
    fn what_another_way_brings_is_not_looked_at() {
        // mov rax,rdx; jne +3; mov rbx,rsi; call +0; ret
        let site = prepared(&[0x48, 0x89, 0xd0, 0x75, 3, 0x48, 0x89, 0xf3, 0xe8, 0, 0, 0, 0, 0xc3]);
        assert_eq!(site.registers, RegSet::NONE);
    }
}
