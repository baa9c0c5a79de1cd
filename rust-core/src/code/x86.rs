//! x86 machine code to [`Op`]s, for amd64 and 386. The only place that names `iced_x86`.

pub mod bytes;
pub mod steps;

use super::flow::NONE;
use super::op::{Flow, Op, StackSlot, Written, faults, mark_flags_read};
use super::survey::Survey;
use crate::abi::location::{Reg, RegSet};
use crate::limits;
use class::{Access, Class, Tables};
use iced_x86::{
    Decoder, DecoderOptions, Instruction, InstructionInfoFactory, InstructionInfoOptions, OpAccess, OpKind, Register,
};

use memchr::memmem::Finder;

mod class;
mod text;

/// `xorps xmm15, xmm15`: begins the set-up of ABIInternal's registers around calls of the other convention
/// (`cmd/compile/internal/amd64/ssa.go`, `zeroX15`).
const ZERO_X15: &[u8] = &[0x45, 0x0f, 0x57, 0xff];
/// Instructions that the set-up takes until the call: itself, and up to four to load g.
const FIX_UP_REACH: u8 = 6;

/// A decoder with its scratch memory; make one per thread.
pub struct X86 {
    bits: u32,
    tables: &'static Tables,
    info: InstructionInfoFactory,
    instruction: Instruction,
    zero_x15: Finder<'static>,
}

impl X86 {
    /// A decoder for 64- or 32-bit code.
    pub fn new(bits: u32) -> Self {
        let (info, zero_x15) = (InstructionInfoFactory::new(), Finder::new(ZERO_X15));
        X86 { bits, tables: Tables::get(), info, instruction: Instruction::default(), zero_x15 }
    }

    /// Decodes `code`, which starts at `entry`, into `ops` (cleared first), and gives `turn` the index of every op that
    /// does more than to go on to the next one.
    pub fn decode(&mut self, code: &[u8], entry: u64, ops: &mut Vec<Op>, turn: impl FnMut(u32)) {
        self.decode_while(code, entry, (ops, turn), |ops| ops.len() < limits::MAX_FUNCTION_OPS);
    }

    /// Decodes the start of `code`: until control goes elsewhere for certain, and at most `most` instructions.
    pub fn decode_line(&mut self, code: &[u8], entry: u64, ops: &mut Vec<Op>, most: usize) {
        let go_on = |ops: &[Op]| ops.len() < most && !ops.last().is_some_and(Op::ends_block);
        self.decode_while(code, entry, (ops, |_| ()), go_on);
    }

    fn decode_while(
        &mut self,
        code: &[u8],
        entry: u64,
        (ops, mut turn): (&mut Vec<Op>, impl FnMut(u32)),
        go_on: impl Fn(&[Op]) -> bool,
    ) {
        ops.clear();
        let code = &code[..code.len().min(limits::MAX_FUNCTION_BYTES)];
        let mut decoder = Decoder::with_ip(self.bits, code, entry, DecoderOptions::NONE);
        let mut flags_writer = None;
        while decoder.can_decode() && go_on(ops) {
            decoder.decode_out(&mut self.instruction);
            let class = self.tables.class(self.instruction.code());
            if class.reads_flags && class.flow != Flow::Ret {
                mark_flags_read(ops, flags_writer);
            }
            if class.writes_flags {
                flags_writer = Some(ops.len());
            }
            // It is filled where it stays: copying it would cost as much.
            let at = ops.len() as u32;
            ops.push(Op { flow: class.flow, callee: NONE, ..Op::default() });
            let (before, op) = match ops.as_mut_slice() {
                [.., before, op] => (Some(&*before), op),
                [op] => (None, op),
                [] => break,
            };
            self.fill(entry, class, op);
            if let Some(before) = before {
                if class.tests_equality && !op.writes.has(RAX) {
                    op.impure |= before.impure;
                }
                if faults(before, op) {
                    op.flow = Flow::Stop;
                }
            }
            if op.flow != Flow::Next {
                turn(at);
            }
        }
    }

    /// Decodes `code` and throws the instructions away: the floor that any analysis of code stands on.
    pub fn decode_only(&mut self, code: &[u8], entry: u64) -> u64 {
        let mut decoder = Decoder::with_ip(self.bits, code, entry, DecoderOptions::NONE);
        let mut sum = 0u64;
        while decoder.can_decode() {
            decoder.decode_out(&mut self.instruction);
            sum = sum.wrapping_add(self.instruction.len() as u64 ^ self.instruction.code() as u64);
        }
        sum
    }

    /// Takes a first look at a function: much cheaper than [`X86::decode`]. `wanted` picks the calls to keep
    /// besides those after which this convention's registers are restored. Without `exits` jumps out of a function that
    /// returns may be left out.
    pub fn survey(&mut self, code: &[u8], entry: u64, exits: bool, wanted: impl Fn(u64) -> bool) -> Survey {
        let mut survey = Survey::default();
        if !exits && bytes::ends_in_return(code) && self.zero_x15.find(code).is_none() {
            survey.has_ret = true;
            survey.calls.extend(bytes::calls(code, entry).filter(|(_, to)| wanted(*to)).map(|(_, to)| (to, false)));
            return survey;
        }
        let end = entry + code.len() as u64;
        let mut decoder = Decoder::with_ip(self.bits, code, entry, DecoderOptions::NONE);
        let mut fixed_up = 0u8;
        let mut after_call = false;
        while decoder.can_decode() {
            let position = decoder.position();
            decoder.decode_out(&mut self.instruction);
            let (ins, rest) = (&self.instruction, &code[position..]);
            if rest.starts_with(ZERO_X15) && !after_call {
                fixed_up = FIX_UP_REACH;
            }
            let flow = self.tables.class(ins.code()).flow;
            let leaves = matches!(flow, Flow::Call | Flow::CallIndirect | Flow::Jump | Flow::JumpIndirect);
            survey.enters_internal |= leaves && fixed_up > 0;
            fixed_up = fixed_up.saturating_sub(1);
            after_call = matches!(flow, Flow::Call | Flow::CallIndirect);
            match flow {
                Flow::Ret => survey.has_ret = true,
                Flow::JumpIndirect => survey.has_indirect_jump = true,
                Flow::Jump | Flow::Branch if !(entry..end).contains(&ins.near_branch_target()) => {
                    survey.starts_with_jump |= position == 0 && flow == Flow::Jump;
                    survey.exit(ins.near_branch_target());
                }
                Flow::Call => {
                    let restored = code.get(decoder.position()..).is_some_and(|after| after.starts_with(ZERO_X15));
                    if restored || wanted(ins.near_branch_target()) {
                        survey.calls.push((ins.near_branch_target(), restored));
                    }
                }
                _ => {}
            }
        }
        survey
    }

    /// Fills the op of the instruction that was just decoded; `op` is a default one, but for what `class` says of its flow.
    #[inline(always)] // half of its time would go into being called
    fn fill(&mut self, entry: u64, class: &Class, op: &mut Op) {
        let ins = &self.instruction;
        (op.at, op.len) = ((ins.ip() - entry) as u32, ins.len() as u8);
        if class.trap {
            op.flow = Flow::Stop;
            op.len = op.len.max(1);
            return;
        }
        if class.nop || (class.exchanges && same_registers(ins)) {
            op.nop = true;
            return;
        }
        let zeroing = class.zeroing && is_zeroing(ins);
        (op.reads, op.writes) = match class.access {
            _ if zeroing => (RegSet::NONE, self.tables.tracked(ins.op0_register())),
            Access::Complex => self.used_registers(),
            access => self.explicit_registers(access),
        };
        if op.is_call() {
            op.writes = RegSet::NONE;
        }
        let ins = &self.instruction;
        if class.partial && !(ins.op1_kind() == OpKind::Register && self.same_register(0, 1)) {
            op.reads = op.reads & !op.writes;
        }
        self.operands(class, zeroing, op);
        op.impure = class.impure || ins.has_lock_prefix();
    }

    /// Registers read and written, as the decoder's own tables have them.
    #[cold]
    fn used_registers(&mut self) -> (RegSet, RegSet) {
        let (mut reads, mut writes) = (RegSet::NONE, RegSet::NONE);
        let info = self.info.info_options(&self.instruction, InstructionInfoOptions::NO_MEMORY_USAGE);
        for used in info.used_registers() {
            let set = self.tables.tracked(used.register());
            match used.access() {
                OpAccess::Read | OpAccess::CondRead => reads |= set,
                OpAccess::Write => writes |= set,
                OpAccess::ReadWrite | OpAccess::ReadCondWrite | OpAccess::CondWrite => {
                    reads |= set;
                    writes |= set;
                }
                _ => {}
            }
        }
        (reads, writes)
    }

    /// The same for an instruction whose operands, two at most, say all.
    fn explicit_registers(&self, access: Access) -> (RegSet, RegSet) {
        let (ins, tables) = (&self.instruction, self.tables);
        let kinds = (ins.op0_kind(), ins.op1_kind());
        let named = |kind, register| if kind == OpKind::Register { tables.tracked(register) } else { RegSet::NONE };
        let (first, second) = (named(kinds.0, ins.op0_register()), named(kinds.1, ins.op1_register()));
        let mut reads = second;
        if kinds.0 == OpKind::Memory || kinds.1 == OpKind::Memory {
            reads |= tables.tracked(ins.memory_base()) | tables.tracked(ins.memory_index());
        }
        let between_registers = kinds == (OpKind::Register, OpKind::Register);
        match access {
            Access::Writes => (reads, first),
            Access::Merges if !between_registers => (reads, first),
            Access::Reads => (reads | first, RegSet::NONE),
            _ => (reads | first, first),
        }
    }

    fn same_register(&self, a: u32, b: u32) -> bool {
        let number = |position| self.tables.number(self.instruction.op_register(position));
        number(a) == number(b)
    }

    /// Fills what the operands say: target, stack slot, data register, address registers, kind of the written value.
    fn operands(&self, class: &Class, zeroing: bool, op: &mut Op) {
        let ins = &self.instruction;
        if matches!(op.flow, Flow::Jump | Flow::Branch | Flow::Call) {
            op.target = ins.near_branch_target();
            return;
        }
        let memory = match OpKind::Memory {
            kind if ins.op0_kind() == kind => Some(0),
            kind if ins.op1_kind() == kind => Some(1),
            kind => (2..ins.op_count()).find(|i| ins.op_kind(*i) == kind),
        };
        if let Some(position) = memory {
            self.memory_operand(class, position, op);
        }
        if class.moving {
            op.written = self.moved(op);
            if memory.is_none() && ins.op_kind(1) != OpKind::Register {
                op.target = ins.immediate(1);
            }
        } else if zeroing || (class.lea && ins.is_ip_rel_memory_operand()) {
            op.written = Written::Constant;
        }
    }

    fn memory_operand(&self, class: &Class, position: u32, op: &mut Op) {
        let (ins, tables) = (&self.instruction, self.tables);
        let (base, index) = (ins.memory_base(), ins.memory_index());
        op.address = tables.tracked(base) | tables.tracked(index);
        if ins.is_ip_rel_memory_operand() || (base == Register::None && index == Register::None) {
            op.target = ins.memory_displacement64();
        }
        if is_stack_pointer(base) && index == Register::None {
            let size = if class.lea { 0 } else { ins.memory_size().size().min(255) as u8 };
            op.stack = Some(StackSlot { disp: ins.memory_displacement64() as i64 as i32, size });
        }
        if class.lea {
            return;
        }
        if class.tests && ins.op1_register() == Register::AL {
            op.nil_check = true;
            op.reads = op.address;
        }
        op.store = position == 0 && !class.only_reads;
        op.load = !op.store || !class.overwrites;
        op.signed = op.load && class.signed;
        let other = 1 - position.min(1);
        if class.moving && ins.op_kind(other) == OpKind::Register {
            op.data = tables.number(ins.op_register(other));
        }
    }

    fn moved(&self, op: &Op) -> Written {
        let ins = &self.instruction;
        if op.load {
            let frame = ins.memory_base().full_register() == Register::RBP && ins.memory_index() == Register::None;
            return match op.stack {
                Some(_) => Written::Reload,
                None if frame => Written::Reload,
                None if op.address.is_empty() => Written::Constant,
                None => Written::Computed,
            };
        }
        match ins.op_kind(1) {
            // X15 is zero by convention, so a copy of it is a constant.
            OpKind::Register if self.tables.number(ins.op_register(1)) == Some(Reg::float(15)) => Written::Constant,
            OpKind::Register => Written::Copy,
            _ => Written::Constant,
        }
    }
}

const RAX: Reg = Reg(0);

/// `xor r,r` and its kin, of an instruction whose [`Class`] is `zeroing`.
fn is_zeroing(ins: &Instruction) -> bool {
    same_registers(ins) && (ins.op_count() < 3 || ins.op1_register() == ins.op2_register())
}

fn is_stack_pointer(register: Register) -> bool {
    matches!(register, Register::RSP | Register::ESP)
}

fn same_registers(ins: &Instruction) -> bool {
    ins.op_count() >= 2
        && ins.op0_kind() == OpKind::Register
        && ins.op1_kind() == OpKind::Register
        && ins.op0_register() == ins.op1_register()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(code: &[u8]) -> Vec<Op> {
        let mut ops = Vec::new();
        X86::new(64).decode(code, 0x1000, &mut ops, |_| ());
        ops
    }

    fn set(regs: &[u8]) -> RegSet {
        regs.iter().map(|r| Reg(*r)).collect()
    }

    #[test]
    fn nil_check_reads_only_the_address() {
        let op = decode(&[0x84, 0x03])[0]; // test [rbx], al
        assert!(op.nil_check);
        assert_eq!((op.reads, op.writes), (set(&[3]), RegSet::NONE));
    }

    #[test]
    fn loads_with_a_sign_are_told_from_others() {
        // movsx eax, byte [rsp+8]; movzx eax, byte [rsp+8]; movsx eax, cl
        let ops = decode(&[0x0f, 0xbe, 0x44, 0x24, 0x08, 0x0f, 0xb6, 0x44, 0x24, 0x08, 0x0f, 0xbe, 0xc1]);
        assert_eq!(ops.iter().map(|op| op.signed).collect::<Vec<_>>(), [true, false, false]);
    }

    #[test]
    fn zeroing_is_a_constant_and_reads_nothing() {
        let op = decode(&[0x31, 0xc0])[0]; // xor eax, eax
        assert_eq!((op.reads, op.writes, op.written), (RegSet::NONE, set(&[0]), Written::Constant));
    }

    #[test]
    fn stack_accesses_name_slot_and_register() {
        let ops = decode(&[0x48, 0x89, 0x44, 0x24, 0x08, 0x0f, 0xb6, 0x5c, 0x24, 0x10]); // mov [rsp+8],rax; movzx ebx, byte [rsp+16]
        assert_eq!(ops[0].stack, Some(StackSlot { disp: 8, size: 8 }));
        assert!(ops[0].store && !ops[0].load && ops[0].data == Some(Reg(0)));
        assert_eq!(ops[1].stack, Some(StackSlot { disp: 16, size: 1 }));
        assert!(ops[1].load && ops[1].data == Some(Reg(3)) && ops[1].written == Written::Reload);
    }

    #[test]
    fn flags_that_are_read_make_the_arithmetic_unfit_as_evidence() {
        let ops = decode(&[0x48, 0x29, 0xd8, 0x72, 0x00, 0x48, 0x29, 0xd8]); // sub rax,rbx; jb +0; sub rax,rbx
        assert!(!ops[0].is_pure());
        assert!(ops[2].is_pure());
        assert_eq!(ops[1].target, 0x1005);
    }

    #[test]
    fn partial_moves_and_exchanges() {
        let ops = decode(&[0xf2, 0x48, 0x0f, 0x2a, 0xc0, 0x48, 0x87, 0xdb, 0x0f, 0x0b, 0x90]); // cvtsi2sd xmm0,rax; xchg rbx,rbx; ud2; nop
        assert_eq!((ops[0].reads, ops[0].writes), (set(&[0]), RegSet::of(Reg::float(0))));
        assert!(ops[1].nop && ops[3].nop);
        assert_eq!(ops[2].flow, Flow::Stop);
    }

    #[test]
    fn a_store_to_address_zero_is_the_end() {
        let ops = decode(&[0x31, 0xc0, 0x48, 0xc7, 0x00, 0, 0, 0, 0, 0xb8, 1, 0, 0, 0, 0x48, 0x89, 0x08]); // xor eax,eax; mov qword [rax],0; mov eax,1; mov [rax],rcx
        assert_eq!([ops[1].flow, ops[3].flow], [Flow::Stop, Flow::Next]);
    }

    /// The rows of [`class`] say what the decoder's tables say, of every encoding that random bytes have.
    #[test]
    fn simple_instructions_use_the_registers_that_their_operands_name() {
        let mut x86 = X86::new(64);
        let mut seen = std::collections::HashSet::new();
        let mut seed = 1u64;
        let mut random = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 56) as u8
        };
        let bytes: Vec<u8> = (0..1 << 21).map(|_| random()).collect();
        for from in 0..4 {
            let mut decoder = Decoder::with_ip(64, &bytes[from..], 0, DecoderOptions::NONE);
            while decoder.can_decode() {
                decoder.decode_out(&mut x86.instruction);
                let class = x86.tables.class(x86.instruction.code());
                let idiom = class.zeroing && is_zeroing(&x86.instruction);
                if class.access != Access::Complex && class.flow == Flow::Next && !idiom {
                    seen.insert(x86.instruction.mnemonic());
                    let named = x86.explicit_registers(class.access);
                    assert_eq!(named, x86.used_registers(), "{:?}", x86.instruction.code());
                }
            }
        }
        assert!(seen.len() > 60, "{} of the mnemonics were met", seen.len());
    }

    #[test]
    fn any_bytes_decode() {
        let bytes: Vec<u8> = (0..4096u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        let ops = decode(&bytes);
        assert_eq!(ops.last().map(Op::end), Some(4096));
    }
}
