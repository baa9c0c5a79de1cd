//! What is read behind a call before it is written: what the caller takes for results.

use super::op::{Flow, Op};
use crate::abi::location::RegSet;
use foldhash::{HashMap, HashMapExt};

/// Instructions that are looked at behind one call.
const REACH: usize = 256;

/// What is read behind a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Read {
    /// Registers.
    pub registers: RegSet,
    /// Bytes from the stack pointer, in order.
    pub stack: Vec<i32>,
    /// Registers that reach a RET as the callee left them.
    pub returned: RegSet,
}

/// Follows the flow behind the call at `ops[call]` until registers in `wanted` are written. `entry` is the address of the
/// first op; `takes` says which registers a function takes.
pub fn read(ops: &[Op], entry: u64, call: usize, wanted: RegSet, takes: impl Fn(u32) -> RegSet) -> Read {
    let mut found = Read::default();
    let mut seen: HashMap<usize, RegSet> = HashMap::new();
    let mut stored = Vec::new();
    let mut work = vec![(call + 1, wanted)];
    while let Some((start, mut live)) = work.pop() {
        for (i, op) in ops.iter().enumerate().skip(start) {
            let before = seen.get(&i).copied();
            if seen.len() >= REACH || before.is_some_and(|before| (live & !before).is_empty()) {
                break;
            }
            seen.insert(i, live | before.unwrap_or_default());
            found.registers |= op.reads & live;
            if let Some(slot) = op.stack.filter(|slot| !stored.contains(&slot.disp)) {
                match op.load && !found.stack.contains(&slot.disp) {
                    true => found.stack.push(slot.disp),
                    false if op.store => stored.push(slot.disp),
                    false => {}
                }
            }
            live = live & !op.writes;
            match op.flow {
                Flow::Call => found.registers |= live & takes(op.callee),
                Flow::Ret => found.returned |= live,
                Flow::Jump | Flow::Branch => work.extend(index(ops, entry, op.target).map(|to| (to, live))),
                _ => {}
            }
            if op.is_call() || op.ends_block() || live.is_empty() {
                break;
            }
        }
    }
    found.stack.sort_unstable();
    found
}

fn index(ops: &[Op], entry: u64, target: u64) -> Option<usize> {
    let offset = u32::try_from(target.checked_sub(entry)?).ok()?;
    ops.binary_search_by_key(&offset, |op| op.at).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::location::Reg;
    use crate::arch::Arch;
    use crate::code::decoder::Decoder;

    const RAX: Reg = Reg(0);
    const RBX: Reg = Reg(3);
    const RCX: Reg = Reg(1);

    fn after(code: &[u8]) -> Read {
        let mut ops = Vec::new();
        Decoder::new(Arch::Amd64).decode(code, 0x1000, &mut ops, &mut Vec::new());
        read(&ops, 0x1000, 0, [RAX, RBX, RCX].into_iter().collect(), |_| RegSet::NONE)
    }

    #[test]
    fn both_ways_of_a_branch_are_followed_until_the_register_is_written() {
        // call +0; test rax,rax; je +5; mov rax,rbx; xor ebx,ebx (2); ret -- and at the target: mov rbx,rcx; ret
        let code = [
            0xe8, 0, 0, 0, 0, 0x48, 0x85, 0xc0, 0x74, 0x06, 0x48, 0x89, 0xd8, 0x31, 0xdb, 0xc3, 0x48, 0x89, 0xcb, 0xc3,
        ];
        let read = after(&code);
        assert_eq!(read.registers, [RAX, RBX, RCX].into_iter().collect());
        assert!(read.returned.has(RAX) && read.returned.has(RCX) && !read.returned.has(RBX));
    }

    #[test]
    fn what_is_written_first_is_not_read() {
        // call +0; mov eax,1; mov [rsp],rax; ret
        let code = [0xe8, 0, 0, 0, 0, 0xb8, 1, 0, 0, 0, 0x48, 0x89, 0x04, 0x24, 0xc3];
        assert_eq!(after(&code).registers, RegSet::NONE);
    }
}
