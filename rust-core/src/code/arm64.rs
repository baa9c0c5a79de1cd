//! arm64 machine code to [`Op`]s. The only place that names `yaxpeax_arm`.
//!
//! A load or store of two registers becomes two ops of two bytes each, so that every op accesses one slot.

use super::flow::NONE;
use super::op::{Flow, Op, StackSlot, Written, faults, mark_flags_read};
use super::survey::Survey;
use crate::abi::location::{Reg, RegSet};
use crate::limits;
use class::{Class, class};
use operand::{Memory, constant, memory, register, registers, size};
use yaxpeax_arch::{Decoder as _, U8Reader};
use yaxpeax_arm::armv8::a64::{InstDecoder, Instruction, Opcode, Operand};

pub mod bytes;
mod class;
mod operand;
pub mod steps;
mod text;

/// What the assembler writes where control must not come (`cmd/internal/obj/arm64/asm7.go`, `AUNDEF`).
const UNDEFINED: u32 = 0xbea7_1700;
/// Bytes of an instruction.
const LEN: u8 = 4;
/// The assembler's own temporary, into which nil checks load.
const TEMPORARY: RegSet = RegSet(1 << 27);

/// A decoder with its scratch memory; make one per thread.
#[derive(Default)]
pub struct Arm64 {
    decoder: InstDecoder,
    instruction: Instruction,
    /// What the ADRP right before put where.
    page: Option<(RegSet, u64)>,
}

impl Arm64 {
    /// Decodes `code`, which starts at `entry`, into `ops` (cleared first).
    pub fn decode(&mut self, code: &[u8], entry: u64, ops: &mut Vec<Op>) {
        self.decode_while(code, entry, ops, |ops| ops.len() < limits::MAX_FUNCTION_OPS);
    }

    /// Decodes the start of `code`: until control goes elsewhere for certain, and at most `most` ops.
    pub fn decode_line(&mut self, code: &[u8], entry: u64, ops: &mut Vec<Op>, most: usize) {
        self.decode_while(code, entry, ops, |ops| ops.len() < most && !ops.last().is_some_and(Op::ends_block));
    }

    fn decode_while(&mut self, code: &[u8], entry: u64, ops: &mut Vec<Op>, go_on: impl Fn(&[Op]) -> bool) {
        ops.clear();
        self.page = None;
        let mut flags_writer = None;
        let code = &code[..code.len().min(limits::MAX_FUNCTION_BYTES)];
        for (at, word) in (0u32..).step_by(usize::from(LEN)).zip(words(code)) {
            if !go_on(ops) {
                break;
            }
            let (mut op, class) = self.op(word, at, entry);
            if class.reads_flags() {
                mark_flags_read(ops, flags_writer);
            }
            if ops.last().is_some_and(|last| faults(last, &op)) {
                op.flow = Flow::Stop;
            }
            if op.flow == Flow::JumpIndirect {
                op.address = table_address(ops, op.reads);
            }
            if class.writes_flags() {
                flags_writer = Some(ops.len());
            }
            match self.second(&op, class) {
                Some(second) => ops.extend(halves(op, second)),
                None => ops.push(op),
            }
        }
    }

    /// Decodes `code` and throws the instructions away: the floor that any analysis of code stands on.
    pub fn decode_only(&mut self, code: &[u8]) -> u64 {
        let mut sum = 0u64;
        for word in words(code) {
            self.next(word);
            sum = sum.wrapping_add(u64::from(self.instruction.operands[1] == Operand::Nothing));
        }
        sum
    }

    /// Takes a first look at a function: much cheaper than [`Arm64::decode`]. `wanted` picks the calls to keep.
    pub fn survey(&mut self, code: &[u8], entry: u64, wanted: impl Fn(u64) -> bool) -> Survey {
        let mut survey = Survey::default();
        let end = entry + code.len() as u64;
        for (at, word) in (entry..).step_by(usize::from(LEN)).zip(words(code)) {
            // Branches alone matter, and their encodings are few.
            let target = |bits: u32, shift: u32| {
                let offset = i64::from((word << (32 - bits - shift)) as i32 >> (32 - bits)) * i64::from(LEN);
                at.wrapping_add_signed(offset)
            };
            let (jump, call) = match word >> 24 {
                0x14..=0x17 => (Some(target(26, 0)), None),
                0x94..=0x97 => (None, Some(target(26, 0))),
                0x54 | 0x34 | 0x35 | 0xb4 | 0xb5 => (Some(target(19, 5)), None),
                0x36 | 0x37 | 0xb6 | 0xb7 => (Some(target(14, 5)), None),
                0xd6 => {
                    survey.has_ret |= word & 0xffff_fc1f == 0xd65f_0000;
                    survey.has_indirect_jump |= word & 0xffff_fc1f == 0xd61f_0000;
                    (None, None)
                }
                _ => (None, None),
            };
            if let Some(target) = jump.filter(|target| !(entry..end).contains(target)) {
                survey.starts_with_jump |= at == entry && word >> 26 == 0b00_0101;
                survey.exit(target);
            }
            survey.calls.extend(call.filter(|target| wanted(*target)).map(|target| (target, false)));
        }
        survey
    }

    fn next(&mut self, word: u32) -> bool {
        let bytes = word.to_le_bytes();
        let mut reader = U8Reader::new(&bytes);
        self.decoder.decode_into(&mut self.instruction, &mut reader).is_ok()
    }

    /// One instruction; of a pair, the first access.
    fn op(&mut self, word: u32, at: u32, entry: u64) -> (Op, Class) {
        let mut op = Op { at, len: LEN, callee: NONE, ..Op::default() };
        let known = word != UNDEFINED && self.next(word);
        let class = if known { class(self.instruction.opcode) } else { Class::Stop };
        let page = self.page.take();
        op.flow = class.flow();
        let address = entry + u64::from(at);
        let all = self.instruction.operands.iter().map(registers);
        match class {
            Class::Stop => {}
            Class::Jump
            | Class::Branch
            | Class::BranchOnFlags
            | Class::Call
            | Class::JumpIndirect
            | Class::CallIndirect => {
                op.reads = all.fold(RegSet::NONE, |set, regs| set | regs);
                op.target = self.target(address);
            }
            Class::Return => {}
            Class::Load { .. } | Class::Store { .. } | Class::Atomic | Class::CompareAndSwap | Class::Exclusive => {
                self.memory_op(class, page, &mut op);
            }
            Class::Nothing => op.nop = true,
            Class::Reads | Class::Compares | Class::ComparesIf => {
                op.reads = all.fold(RegSet::NONE, |set, regs| set | regs);
                op.impure = class == Class::Reads;
            }
            _ => self.computation(class, page, address, &mut op),
        }
        // yaxpeax-arm reads four of the five bits of these two's register.
        let register = || general((word & 31) as u16).into_iter().collect();
        match self.instruction.opcode {
            Opcode::MSR if known => op.reads = register(),
            Opcode::MRS if known => op.writes = register(),
            _ => {}
        }
        (op, class)
    }

    fn target(&self, address: u64) -> u64 {
        let offset = self.instruction.operands.iter().find_map(|operand| match operand {
            Operand::PCOffset(offset) => Some(*offset),
            _ => None,
        });
        offset.map_or(0, |offset| address.wrapping_add_signed(offset))
    }

    /// An instruction whose first operand is its result.
    fn computation(&mut self, class: Class, page: Option<(RegSet, u64)>, address: u64, op: &mut Op) {
        let [first, rest @ ..] = &self.instruction.operands;
        op.writes = registers(first);
        op.reads = rest.iter().fold(RegSet::NONE, |set, operand| set | registers(operand));
        if class == Class::Updates || matches!(first, Operand::SIMDRegisterElementsLane(..)) {
            op.reads |= op.writes;
        }
        op.impure = class == Class::System;
        match (self.instruction.opcode, page) {
            (Opcode::ADRP, _) => {
                op.target = self.target(address & !0xfff);
                op.written = Written::Constant;
                self.page = Some((op.writes, op.target));
            }
            (Opcode::ADR, _) => (op.target, op.written) = (self.target(address), Written::Constant),
            (Opcode::ADD, Some((regs, page))) if op.reads == regs && constant(&rest[1]).is_some() => {
                op.target = page.wrapping_add(constant(&rest[1]).unwrap_or_default());
                op.written = Written::Constant;
            }
            (Opcode::ADD | Opcode::SUB, _) if matches!(rest[0], Operand::RegisterOrSP(_, 31)) => {
                let offset = constant(&rest[1]).and_then(|n| i32::try_from(n).ok()).filter(|_| !op.writes.is_empty());
                let sign = if self.instruction.opcode == Opcode::SUB { -1 } else { 1 };
                op.stack = offset.map(|n| StackSlot { disp: sign * n, size: 0 });
            }
            (opcode, _) => self.moved(opcode, op),
        }
    }

    /// Moves of constants and of registers.
    fn moved(&self, opcode: Opcode, op: &mut Op) {
        let operands = &self.instruction.operands;
        let zero = |operand: &Operand| matches!(operand, Operand::Register(_, 31) | Operand::RegShift(_, _, _, 31));
        match opcode {
            Opcode::MOVZ | Opcode::MOVN | Opcode::MOVK => {
                op.written = Written::Constant;
                op.target = constant(&operands[1]).filter(|_| opcode == Opcode::MOVZ).unwrap_or_default();
            }
            Opcode::ORR if zero(&operands[1]) => {
                let shifted = matches!(operands[2], Operand::RegShift(_, by, ..) if by > 0);
                op.written = match () {
                    () if op.reads.is_empty() => Written::Constant,
                    () if shifted => Written::Computed,
                    () => Written::Copy,
                };
                op.target = constant(&operands[2]).unwrap_or_default();
            }
            Opcode::MOVI | Opcode::FMOV if op.reads.is_empty() => op.written = Written::Constant,
            Opcode::FMOV => op.written = Written::Copy,
            _ => {}
        }
    }

    fn memory_op(&self, class: Class, page: Option<(RegSet, u64)>, op: &mut Op) {
        let operands = &self.instruction.operands;
        let Some(at) = operands.iter().find_map(memory) else {
            // A literal behind the code.
            op.writes = registers(&operands[0]);
            (op.load, op.written) = (true, Written::Constant);
            return;
        };
        op.address = at.registers();
        op.reads = op.address;
        let data = registers(&operands[0]);
        if at.writes_back {
            op.writes |= at.base();
        }
        let bytes = class.size().unwrap_or_else(|| size(&operands[0]));
        if at.is_stack() {
            op.stack = Some(StackSlot { disp: at.disp, size: bytes });
        }
        match class {
            Class::Load { .. } => {
                op.load = true;
                op.writes |= data;
                op.signed = class.is_signed();
                op.data = register(&operands[0]);
                op.written = loaded(&at, page, op);
                op.nil_check = data == TEMPORARY && bytes == 1 && at.disp == 0 && !at.is_stack();
                if op.nil_check {
                    op.writes = RegSet::NONE;
                }
            }
            Class::Store { .. } => {
                op.store = true;
                op.reads |= data;
                op.data = register(&operands[0]);
            }
            Class::Atomic | Class::CompareAndSwap => {
                (op.load, op.store, op.impure) = (true, true, true);
                let other = registers(&operands[1]);
                let swaps = class == Class::CompareAndSwap;
                op.reads |= if swaps { data | other } else { data };
                op.writes |= if swaps { data } else { other };
            }
            // A store that says whether it happened.
            _ => {
                (op.store, op.impure) = (true, true);
                op.reads |= registers(&operands[1]);
                op.writes |= data;
            }
        }
    }

    /// The other access of a pair.
    fn second(&self, first: &Op, class: Class) -> Option<Op> {
        let pair = class.is_pair();
        let data = &self.instruction.operands[1];
        let bytes = class.size().unwrap_or_else(|| size(data));
        pair.then(|| {
            let mut op = *first;
            let slot = |slot: StackSlot| StackSlot { disp: slot.disp.saturating_add(i32::from(bytes)), size: bytes };
            op.stack = first.stack.map(slot);
            op.data = register(data);
            op.reads = first.address;
            op.writes = RegSet::NONE;
            if first.load {
                op.writes = registers(data)
            } else {
                op.reads |= registers(data)
            }
            op
        })
    }
}

fn words(code: &[u8]) -> impl Iterator<Item = u32> {
    code.chunks_exact(usize::from(LEN)).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
}

/// Both accesses of a pair, as if they were two instructions of half the length. The one that overwrites the other's
/// address comes last.
fn halves(first: Op, second: Op) -> [Op; 2] {
    let swap = first.load && !(first.writes & second.address).is_empty();
    let [mut a, mut b] = if swap { [second, first] } else { [first, second] };
    (a.at, a.len) = (first.at, LEN / 2);
    (b.at, b.len) = (first.at + u32::from(LEN / 2), LEN / 2);
    [a, b]
}

fn loaded(at: &Memory, page: Option<(RegSet, u64)>, op: &mut Op) -> Written {
    match page {
        Some((regs, page)) if at.base() == regs && at.index.is_none() => {
            op.target = page.wrapping_add_signed(i64::from(at.disp));
            Written::Constant
        }
        _ if at.is_stack() => Written::Reload,
        _ => Written::Computed,
    }
}

/// The address registers of the load that an indirect jump gets its target from.
fn table_address(ops: &[Op], target: RegSet) -> RegSet {
    const REACH: usize = 4;
    let load = ops.iter().rev().take(REACH).find(|op| !(op.writes & target).is_empty());
    load.filter(|op| op.load).map_or(RegSet::NONE, |op| op.address)
}

/// A general register by its number; `None` for SP and the zero register.
fn general(number: u16) -> Option<Reg> {
    (number < 31).then_some(Reg(number as u8))
}

#[cfg(test)]
mod tests;
