//! What is the same for all x86 instructions of one encoding, looked up instead of asked again for each of millions.

use super::super::op::Flow;
use crate::abi::location::{Reg, RegSet};
use iced_x86::{Code, FlowControl, Instruction, Mnemonic, Register};
use std::sync::LazyLock;

/// Which explicit operands are read and written, where nothing else is touched but SP and flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Access {
    /// Not that simple: the decoder's own tables have to say.
    #[default]
    Complex,
    /// All are read.
    Reads,
    /// The first is written, the others are read.
    Writes,
    /// The first is read and written, the others are read.
    Updates,
    /// [`Access::Updates`] between registers, which keeps part of the destination; [`Access::Writes`] otherwise.
    Merges,
}

/// One encoding's row.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Class {
    pub(super) flow: Flow,
    pub(super) access: Access,
    /// Ends the program here, or is no instruction.
    pub(super) trap: bool,
    /// Does nothing.
    pub(super) nop: bool,
    /// Does nothing when both operands are the same register.
    pub(super) exchanges: bool,
    /// Computes the address of its memory operand.
    pub(super) lea: bool,
    /// TEST.
    pub(super) tests: bool,
    /// With equal operands the old value does not matter: `xor r,r` and its kin.
    pub(super) zeroing: bool,
    /// Its old destination is kept only in bits that Go never looks at.
    pub(super) partial: bool,
    /// Its writes are by-products: implicit outputs, string operations (measured: never a result).
    pub(super) impure: bool,
    /// Moves a value between registers and memory, as it is or extended.
    pub(super) moving: bool,
    /// Looks at its first operand only.
    pub(super) only_reads: bool,
    /// Its first operand is written whatever was there.
    pub(super) overwrites: bool,
    /// Extends the sign of what it moves.
    pub(super) signed: bool,
    /// SETE or SETNE.
    pub(super) tests_equality: bool,
    pub(super) reads_flags: bool,
    pub(super) writes_flags: bool,
}

/// All rows, and the register numbers of the recovery.
pub(super) struct Tables {
    classes: Vec<Class>,
    registers: [Option<Reg>; REGISTERS],
    sets: [RegSet; REGISTERS],
}

/// The decoder's registers; a power of two, so that no lookup has to ask whether there is such a one.
const REGISTERS: usize = 256;

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let mut registers = [None; REGISTERS];
    for register in Register::values() {
        registers[register as usize % REGISTERS] = number(register);
    }
    let sets = registers.map(|register| register.map_or(RegSet::NONE, RegSet::of));
    Tables { classes: Code::values().map(class).collect(), registers, sets }
});

impl Tables {
    pub(super) fn get() -> &'static Tables {
        &TABLES
    }

    pub(super) fn class(&self, code: Code) -> &Class {
        &self.classes[code as usize]
    }

    /// The register as the recovery numbers it; `None` for SP, flags, segments and the like.
    pub(super) fn number(&self, register: Register) -> Option<Reg> {
        self.registers[register as usize % REGISTERS]
    }

    /// [`Tables::number`] as a set.
    pub(super) fn tracked(&self, register: Register) -> RegSet {
        self.sets[register as usize % REGISTERS]
    }
}

pub(super) fn number(register: Register) -> Option<Reg> {
    let full = register.full_register();
    if full.is_gpr() && full != Register::RSP {
        return Some(Reg(full.number() as u8));
    }
    full.is_vector_register().then(|| full.number()).filter(|n| *n < 32).map(|n| Reg::float(n as u8))
}

fn class(code: Code) -> Class {
    use Mnemonic::*;
    let mnemonic = code.mnemonic();
    let mut typical = Instruction::default();
    typical.set_code(code);
    typical.set_immediate8(1); // shifts by nothing leave the flags alone
    Class {
        signed: matches!(mnemonic, Movsx | Movsxd),
        tests_equality: matches!(mnemonic, Sete | Setne),
        reads_flags: typical.rflags_read() != 0,
        writes_flags: typical.rflags_modified() != 0,
        flow: flow(code.flow_control()),
        access: access(code),
        trap: matches!(mnemonic, Int3 | Ud2 | Ud1 | Ud0 | Hlt | INVALID),
        nop: mnemonic == Nop,
        exchanges: mnemonic == Xchg,
        lea: mnemonic == Lea,
        tests: mnemonic == Test,
        zeroing: is_zeroing(mnemonic),
        partial: is_partial(mnemonic),
        impure: code.is_string_instruction() || is_impure(mnemonic) || (mnemonic == Imul && typical.op_count() == 1),
        moving: is_moving(mnemonic) && code != Code::Movsd_m32_m32,
        only_reads: access(code) == Access::Reads || only_reads(mnemonic),
        overwrites: (is_moving(mnemonic) && code != Code::Movsd_m32_m32) || overwrites(mnemonic),
    }
}

fn flow(flow: FlowControl) -> Flow {
    match flow {
        FlowControl::Next => Flow::Next,
        FlowControl::UnconditionalBranch => Flow::Jump,
        FlowControl::ConditionalBranch | FlowControl::XbeginXabortXend => Flow::Branch,
        FlowControl::IndirectBranch => Flow::JumpIndirect,
        FlowControl::Call => Flow::Call,
        FlowControl::IndirectCall => Flow::CallIndirect,
        FlowControl::Return => Flow::Ret,
        // SYSCALL and INT n come back; only traps end here.
        FlowControl::Interrupt => Flow::Next,
        FlowControl::Exception => Flow::Stop,
    }
}

/// The instructions that nearly all code consists of. A test compares with the decoder's own tables.
fn access(code: Code) -> Access {
    use Mnemonic::*;
    match code.mnemonic() {
        _ if code.is_jcc_short_or_near() || code.is_jmp_short_or_near() || code.is_call_near() => Access::Reads,
        _ if code.is_call_near_indirect() || code.is_jmp_near_indirect() => Access::Reads,
        Ret | Cmp | Test | Bt | Ucomisd | Ucomiss | Push => Access::Reads,
        Mov | Movzx | Movsx | Movsxd | Lea | Movups | Movupd | Movaps | Movapd | Movdqu | Movdqa | Movq | Movd
        | Pop => Access::Writes,
        Movss | Movsd if code != Code::Movsd_m32_m32 => Access::Merges,
        Seta | Setae | Setb | Setbe | Sete | Setg | Setge | Setl | Setle | Setne | Setno | Setnp | Setns | Seto
        | Setp | Sets => Access::Writes,
        Cmova | Cmovae | Cmovb | Cmovbe | Cmove | Cmovg | Cmovge | Cmovl | Cmovle | Cmovne | Cmovno | Cmovnp
        | Cmovns | Cmovo | Cmovp | Cmovs => Access::Updates,
        Add | Adc | Sub | Sbb | And | Or | Xor | Inc | Dec | Neg | Not | Shl | Shr | Sar | Rol | Ror => Access::Updates,
        Addss | Addsd | Subss | Subsd | Mulss | Mulsd | Divss | Divsd | Xorps | Pxor | Por | Pand => Access::Updates,
        _ => Access::Complex,
    }
}

fn is_zeroing(mnemonic: Mnemonic) -> bool {
    use Mnemonic::*;
    matches!(
        mnemonic,
        Xor | Sub | Sbb | Pxor | Xorps | Xorpd | Pcmpeqb | Pcmpeqw | Pcmpeqd | Pcmpeqq | Vpxor | Vxorps | Vxorpd
    )
}

fn is_partial(mnemonic: Mnemonic) -> bool {
    use Mnemonic::*;
    matches!(
        mnemonic,
        Bsf | Bsr
            | Cvtsi2sd
            | Cvtsi2ss
            | Cvtss2sd
            | Cvtsd2ss
            | Sqrtsd
            | Sqrtss
            | Roundsd
            | Roundss
            | Popcnt
            | Tzcnt
            | Lzcnt
    )
}

fn is_impure(mnemonic: Mnemonic) -> bool {
    use Mnemonic::*;
    matches!(
        mnemonic,
        Mul | Mulx
            | Div
            | Idiv
            | Cqo
            | Cdq
            | Cwd
            | Xchg
            | Xadd
            | Cmpxchg
            | Cmpxchg8b
            | Cmpxchg16b
            | Cpuid
            | Rdtsc
            | Rdtscp
            | Xgetbv
            | Syscall
    )
}

fn only_reads(mnemonic: Mnemonic) -> bool {
    use Mnemonic::*;
    matches!(
        mnemonic,
        Bt | Comisd
            | Comiss
            | Call
            | Jmp
            | Mul
            | Imul
            | Div
            | Idiv
            | Fld
            | Fild
            | Fldcw
            | Fcom
            | Fcomp
            | Fucom
            | Fucomp
            | Fadd
            | Fiadd
            | Fsub
            | Fisub
            | Fsubr
            | Fisubr
            | Fmul
            | Fimul
            | Fdiv
            | Fidiv
            | Fdivr
            | Fidivr
            | Ldmxcsr
    )
}

fn overwrites(mnemonic: Mnemonic) -> bool {
    use Mnemonic::*;
    matches!(
        mnemonic,
        Sete | Setne
            | Seta
            | Setae
            | Setb
            | Setbe
            | Setg
            | Setge
            | Setl
            | Setle
            | Sets
            | Setns
            | Setp
            | Setnp
            | Seto
            | Setno
            | Fst
            | Fstp
            | Fist
            | Fistp
            | Fisttp
            | Fnstcw
            | Fnstsw
            | Stmxcsr
            | Movlps
            | Movhps
            | Movlpd
            | Movhpd
            | Movnti
            | Pextrb
            | Pextrw
            | Pextrd
            | Pextrq
            | Pop
    )
}

fn is_moving(mnemonic: Mnemonic) -> bool {
    use Mnemonic::*;
    matches!(
        mnemonic,
        Mov | Movzx
            | Movsx
            | Movsxd
            | Movss
            | Movsd
            | Movups
            | Movupd
            | Movaps
            | Movapd
            | Movdqu
            | Movdqa
            | Movq
            | Movd
            | Vmovdqu
            | Vmovdqa
            | Vmovups
            | Vmovdqu64
            | Vmovdqu32
    )
}
