//! x86 code as [`Step`]s.

use super::class::number;
use crate::abi::location::{Reg, RegSet};
use crate::code::step::{Base, Located, Place, Step, Stored};
use crate::code::steps::Mention;
use crate::limits;
use iced_x86::{Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic, OpKind, Register};

const RAX: Reg = Reg(0);
const RCX: Reg = Reg(1);
const RDX: Reg = Reg(2);
const RBX: Reg = Reg(3);
const RSI: Reg = Reg(6);
const RDI: Reg = Reg(7);
const X15: Reg = Reg::float(15);

/// Decodes `code`, which starts at `entry`, into `steps` (cleared first).
pub fn decode(bits: u32, code: &[u8], entry: u64, steps: &mut Vec<Located>) {
    steps.clear();
    let code = &code[..code.len().min(limits::MAX_FUNCTION_BYTES)];
    let mut decoder = Decoder::with_ip(bits, code, entry, DecoderOptions::NONE);
    let mut ins = Instruction::default();
    while decoder.can_decode() && steps.len() < limits::MAX_FUNCTION_OPS {
        decoder.decode_out(&mut ins);
        let (at, len) = ((ins.ip() - entry) as u32, ins.len().max(1) as u8);
        steps.push(Located { at, len, step: step(&ins) });
    }
}

/// Tells `each` of every step of `code`, which starts at `entry`, and of the memory that its instruction names.
pub fn visit(bits: u32, code: &[u8], entry: u64, mut each: impl FnMut(Step, Option<Place>)) {
    let code = &code[..code.len().min(limits::MAX_FUNCTION_BYTES)];
    let mut decoder = Decoder::with_ip(bits, code, entry, DecoderOptions::NONE);
    let mut ins = Instruction::default();
    while decoder.can_decode() {
        decoder.decode_out(&mut ins);
        each(step(&ins), place(&ins));
    }
}

/// Tells `each` of every address that `code` may do something to. Like [`super::bytes`] it looks at bytes and not at
/// instructions.
pub fn mentions(code: &[u8], entry: u64, mut each: impl FnMut(Mention, u64)) {
    let mut tell = |mention: Mention, operand: usize| {
        let Some(rel) = code.get(operand..).and_then(<[u8]>::first_chunk) else { return };
        each(mention, entry.wrapping_add((operand + 4) as u64).wrapping_add_signed(i32::from_le_bytes(*rel).into()));
    };
    for (i, pair) in code.windows(2).enumerate() {
        match pair {
            [0xe8 | 0xe9, _] => tell(Mention::Call, i + 1),
            [0x8d, modrm] if modrm & 0xc7 == 5 => tell(Mention::Address, i + 2),
            [0x89, modrm] if modrm & 0xc7 == 5 => tell(Mention::Store, i + 2),
            _ => {}
        }
    }
}

fn step(ins: &Instruction) -> Step {
    match ins.flow_control() {
        FlowControl::Next => moved(ins),
        FlowControl::UnconditionalBranch => Step::Jump(ins.near_branch_target()),
        FlowControl::ConditionalBranch if ins.mnemonic() == Mnemonic::Je => Step::BranchEqual(ins.near_branch_target()),
        FlowControl::ConditionalBranch if ins.mnemonic() == Mnemonic::Jne => {
            Step::BranchOther(ins.near_branch_target())
        }
        FlowControl::ConditionalBranch | FlowControl::XbeginXabortXend => Step::Branch(ins.near_branch_target()),
        FlowControl::Call if ins.mnemonic() == Mnemonic::Syscall => Step::Syscall,
        FlowControl::Call => Step::Call(ins.near_branch_target()),
        FlowControl::IndirectCall => indirect(ins, Step::CallReg, Step::CallMem),
        FlowControl::IndirectBranch => indirect(ins, Step::JumpReg, Step::JumpMem),
        FlowControl::Return => Step::Ret,
        FlowControl::Interrupt if ins.mnemonic() == Mnemonic::Int3 => Step::Stop,
        FlowControl::Interrupt => Step::Syscall,
        FlowControl::Exception => Step::Stop,
    }
}

fn indirect(ins: &Instruction, by_reg: fn(Reg) -> Step, by_mem: fn(Place) -> Step) -> Step {
    match ins.op0_kind() {
        OpKind::Register => number(ins.op0_register()).map_or(Step::Stop, by_reg),
        // Through a table: nothing is known of the place.
        _ => by_mem(place(ins).unwrap_or(Place { base: Base::Absolute, disp: 0, size: 0 })),
    }
}

/// The memory operand, unless it has an index or a segment of its own.
fn place(ins: &Instruction) -> Option<Place> {
    let plain = ins.memory_index() == Register::None;
    without_index(ins).filter(|_| plain)
}

/// The memory operand with its index, whose factor is left out, if both are registers.
fn element(ins: &Instruction) -> Option<(Place, Reg)> {
    let index = number(ins.memory_index())?;
    without_index(ins).filter(|place| matches!(place.base, Base::Reg(_))).map(|place| (place, index))
}

fn without_index(ins: &Instruction) -> Option<Place> {
    let plain = ins.segment_prefix() == Register::None;
    let size = ins.memory_size().size().min(255) as u8;
    let (base, disp) = match ins.memory_base() {
        Register::RIP | Register::EIP | Register::None => (Base::Absolute, ins.memory_displacement64() as i64),
        Register::RSP | Register::ESP => (Base::Sp, ins.memory_displacement64() as i64),
        base => (Base::Reg(number(base)?), ins.memory_displacement64() as i64),
    };
    plain.then_some(Place { base, disp, size })
}

fn moved(ins: &Instruction) -> Step {
    use Mnemonic::*;
    let kinds = (ins.op0_kind(), ins.op1_kind());
    match ins.mnemonic() {
        Push | Pushfq | Pushfd => Step::Sp(-(stack_unit(ins) as i32)),
        Popfq | Popfd => Step::Sp(stack_unit(ins) as i32),
        Pop => popped(ins),
        _ if is_stack_pointer(ins) => stack_pointer(ins),
        Nop => Step::Nop,
        Lea => lea(ins),
        Movss | Movsd | Vmovss | Vmovsd if kinds == (OpKind::Register, OpKind::Memory) => load(ins),
        Mov | Movzx | Movsx | Movsxd | Movups | Movdqu | Movaps | Movdqa | Vmovdqu | Vmovups => match kinds {
            (OpKind::Register, OpKind::Memory) => load(ins),
            (OpKind::Memory, _) => store(ins),
            (OpKind::Register, OpKind::Register) => copy(ins),
            (OpKind::Register, _) => constant(ins),
            _ => other(ins),
        },
        // Of a vector register, zero is the address of nothing: its words are zero.
        Xor | Sub | Xorps | Xorpd | Pxor
            if kinds == (OpKind::Register, OpKind::Register) && ins.op0_register() == ins.op1_register() =>
        {
            number(ins.op0_register()).map_or(Step::Other(RegSet::NONE), |reg| Step::Const(reg, 0))
        }
        Add | Sub | Inc | Dec if kinds.0 == OpKind::Register => added(ins),
        Test | Cmp if kinds.0 == OpKind::Register && kinds.1 != OpKind::Memory => compared(ins),
        Seta | Setae | Setb | Setbe | Sete | Setne | Setg | Setge | Setl | Setle | Seto | Setno | Sets | Setns
        | Setp | Setnp
            if kinds.0 == OpKind::Register =>
        {
            number(ins.op0_register()).map_or(Step::Other(RegSet::NONE), Step::Flag)
        }
        Syscall | Sysenter => Step::Syscall,
        Hlt | Ud2 | Ud1 | Ud0 | INVALID => Step::Stop,
        _ => other(ins),
    }
}

fn stack_unit(ins: &Instruction) -> u32 {
    ins.stack_pointer_increment().unsigned_abs()
}

fn popped(ins: &Instruction) -> Step {
    let by = stack_unit(ins) as i32;
    number(ins.op0_register()).map_or(Step::Sp(by), |reg| Step::Pop(reg, by))
}

fn is_stack_pointer(ins: &Instruction) -> bool {
    ins.op0_kind() == OpKind::Register
        && ins.op0_register().full_register() == Register::RSP
        && !matches!(ins.mnemonic(), Mnemonic::Cmp | Mnemonic::Test)
}

fn stack_pointer(ins: &Instruction) -> Step {
    let immediate = || (ins.op1_kind() != OpKind::Register).then(|| ins.immediate(1) as i64 as i32);
    let by = match ins.mnemonic() {
        Mnemonic::Sub if ins.op1_kind() != OpKind::Memory => immediate().map(i32::wrapping_neg),
        Mnemonic::Add if ins.op1_kind() != OpKind::Memory => immediate(),
        Mnemonic::Lea => place(ins).filter(|p| p.base == Base::Sp).map(|p| p.disp as i32),
        _ => None,
    };
    by.map_or(Step::SpLost, Step::Sp)
}

fn whole(register: Register) -> bool {
    register.is_gpr64() || register.is_gpr32()
}

fn lea(ins: &Instruction) -> Step {
    let Some(reg) = number(ins.op0_register()) else { return other(ins) };
    match place(ins) {
        Some(Place { base: Base::Absolute, disp, .. }) => Step::Const(reg, disp as u64),
        Some(place) => Step::Lea(reg, place),
        None => element(ins).map_or(Step::Other(RegSet::of(reg)), |(place, index)| Step::LeaElement(reg, place, index)),
    }
}

fn load(ins: &Instruction) -> Step {
    let Some(reg) = number(ins.op0_register()) else { return other(ins) };
    match place(ins) {
        Some(place) if reg.is_float() => Step::LoadFloat(reg, place),
        Some(place) => Step::Load(reg, place),
        None if reg.is_float() => Step::Other(RegSet::of(reg)),
        None => {
            element(ins).map_or(Step::Other(RegSet::of(reg)), |(place, index)| Step::LoadElement(reg, place, index))
        }
    }
}

fn store(ins: &Instruction) -> Step {
    let Some(place) = place(ins) else { return Step::Other(RegSet::NONE) };
    let stored = match ins.op1_kind() {
        OpKind::Register => match number(ins.op1_register()) {
            Some(X15) => Stored::Const(0),
            Some(reg) if !reg.is_float() || place.size == 16 => Stored::Reg(reg),
            _ => Stored::Unknown,
        },
        _ => Stored::Const(ins.immediate(1)),
    };
    Step::Store(place, stored)
}

fn copy(ins: &Instruction) -> Step {
    let (to, from) = (number(ins.op0_register()), number(ins.op1_register()));
    let plain = ins.mnemonic() == Mnemonic::Mov && whole(ins.op0_register());
    match (to, from) {
        (Some(to), Some(from)) if plain => Step::Copy(to, from),
        (Some(to), None) if plain && ins.op1_register() == Register::RSP => {
            Step::Lea(to, Place { base: Base::Sp, disp: 0, size: 8 })
        }
        (Some(to), _) => Step::Other(RegSet::of(to)),
        _ => Step::Other(RegSet::NONE),
    }
}

fn constant(ins: &Instruction) -> Step {
    match number(ins.op0_register()) {
        Some(reg) if whole(ins.op0_register()) => {
            let value = ins.immediate(1);
            Step::Const(reg, if ins.op0_register().is_gpr32() { value & 0xffff_ffff } else { value })
        }
        Some(reg) => Step::Other(RegSet::of(reg)),
        None => Step::Other(RegSet::NONE),
    }
}

fn added(ins: &Instruction) -> Step {
    let Some(reg) = number(ins.op0_register()) else { return Step::Other(RegSet::NONE) };
    if let (Mnemonic::Add, OpKind::Register, true) = (ins.mnemonic(), ins.op1_kind(), ins.op0_register().is_gpr64())
        && let Some(other) = number(ins.op1_register())
    {
        return Step::AddReg(reg, other);
    }
    let by = match (ins.mnemonic(), ins.op_count(), ins.op1_kind()) {
        (Mnemonic::Inc, ..) => Some(1),
        (Mnemonic::Dec, ..) => Some(-1),
        (_, 2, OpKind::Register | OpKind::Memory) => None,
        (Mnemonic::Add, ..) => Some(ins.immediate(1) as i64),
        (Mnemonic::Sub, ..) => Some((ins.immediate(1) as i64).wrapping_neg()),
        _ => None,
    };
    by.filter(|_| ins.op0_register().is_gpr64()).map_or(Step::Other(RegSet::of(reg)), |by| Step::Add(reg, by))
}

fn compared(ins: &Instruction) -> Step {
    let register = ins.op0_register();
    let value = match (ins.mnemonic(), ins.op1_kind()) {
        (Mnemonic::Test, OpKind::Register) => (ins.op1_register() == register).then_some(0),
        (Mnemonic::Cmp, kind) if kind != OpKind::Register => Some(ins.immediate(1)),
        _ => None,
    };
    number(register).map_or(Step::Other(RegSet::NONE), |reg| Step::Compare(reg, register.size() as u8, value))
}

/// What is written by anything else: the first operand, and what the instruction writes without naming it.
fn other(ins: &Instruction) -> Step {
    use Mnemonic::*;
    if ins.op_count() > 0 && ins.op0_kind() == OpKind::Memory {
        let read_only =
            matches!(ins.mnemonic(), Cmp | Test | Bt | Ucomisd | Ucomiss | Comisd | Comiss | Mul | Div | Idiv | Imul);
        if !read_only
            && let Some(place) = place(ins)
            && implicit(ins).is_empty()
        {
            return Step::Store(place, Stored::Unknown);
        }
    }
    let compares = matches!(
        ins.mnemonic(),
        Cmp | Test | Bt | Ucomisd | Ucomiss | Comisd | Comiss | Nop | Prefetcht0 | Prefetchnta
    );
    let first = |n: u32| {
        let is = n < ins.op_count() && ins.op_kind(n) == OpKind::Register;
        let reg = if is && !compares { number(ins.op_register(n)) } else { None };
        reg.map_or(RegSet::NONE, RegSet::of)
    };
    Step::Other(
        first(0) | implicit(ins) | if matches!(ins.mnemonic(), Xchg | Xadd | Mulx) { first(1) } else { RegSet::NONE },
    )
}

fn implicit(ins: &Instruction) -> RegSet {
    use Mnemonic::*;
    let list: &[Reg] = match ins.mnemonic() {
        Mul | Div | Idiv | Cqo | Cdq | Cwd | Cdqe | Cwde | Cbw | Rdtsc | Rdtscp | Xgetbv | Cpuid => {
            &[RAX, RDX, RCX, RBX]
        }
        Imul if ins.op_count() == 1 => &[RAX, RDX],
        Cmpxchg | Cmpxchg8b | Cmpxchg16b => &[RAX, RDX],
        Leave => &[Reg(5)],
        Xchg | Xadd if ins.op1_kind() == OpKind::Register => {
            return number(ins.op1_register()).map_or(RegSet::NONE, RegSet::of);
        }
        _ if ins.is_string_instruction() => &[RSI, RDI, RCX, RAX],
        _ => &[],
    };
    list.iter().copied().collect()
}
