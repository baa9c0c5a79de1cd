//! What Go's assembler calls instructions and registers on each machine. A table.
//!
//! Source: `cmd/internal/obj/*/a.out.go`, `cmd/asm/internal/arch/arch.go`; indirect calls as in `runtime/asm_*.s`.

use crate::abi::location::{Reg, Scalar};
use crate::abi::registers::reg_name;
use crate::arch::Arch;

/// One machine's row. Lists of moves are for 1, 2, 4 and 8 bytes.
pub(super) struct Machine {
    /// Loads that extend the sign.
    pub(super) signed: [&'static str; 4],
    /// Loads that extend with zeros.
    pub(super) unsigned: [&'static str; 4],
    /// Stores.
    pub(super) store: [&'static str; 4],
    /// Moves of 4 and 8 bytes of a float register.
    pub(super) float: [&'static str; 2],
    /// A register for integers, and one for floats.
    pub(super) scratch: [&'static str; 2],
    /// The hardware stack pointer.
    pub(super) sp: &'static str,
    /// From the closure register to the callee's code.
    pub(super) enter: &'static [&'static str],
    /// Sets up what ABIInternal expects besides parameters, in a routine with ABI0.
    pub(super) set_up: &'static [&'static str],
    /// A frame that is not empty has this remainder when divided by 16, if that matters.
    pub(super) frame_mod_16: Option<u32>,
}

const MIPS_SIGNED: [&str; 4] = ["MOVB", "MOVH", "MOVW", "MOVV"];
const MIPS_UNSIGNED: [&str; 4] = ["MOVBU", "MOVHU", "MOVWU", "MOVV"];

static AMD64: Machine = Machine {
    signed: ["MOVBQSX", "MOVWQSX", "MOVLQSX", "MOVQ"],
    unsigned: ["MOVBQZX", "MOVWQZX", "MOVL", "MOVQ"],
    store: ["MOVB", "MOVW", "MOVL", "MOVQ"],
    float: ["MOVSS", "MOVSD"],
    scratch: ["AX", "X0"],
    sp: "SP",
    enter: &["MOVQ (DX), R12", "CALL R12"],
    set_up: &["MOVQ (TLS), R14", "XORPS X15, X15"],
    frame_mod_16: None,
};
static I386: Machine = Machine {
    signed: ["MOVBLSX", "MOVWLSX", "MOVL", "MOVL"],
    unsigned: ["MOVBLZX", "MOVWLZX", "MOVL", "MOVL"],
    store: ["MOVB", "MOVW", "MOVL", "MOVL"],
    enter: &["MOVL (DX), AX", "CALL AX"],
    set_up: &[],
    ..AMD64
};
static ARM64: Machine = Machine {
    signed: ["MOVB", "MOVH", "MOVW", "MOVD"],
    unsigned: ["MOVBU", "MOVHU", "MOVWU", "MOVD"],
    store: ["MOVB", "MOVH", "MOVW", "MOVD"],
    float: ["FMOVS", "FMOVD"],
    scratch: ["R0", "F0"],
    sp: "RSP",
    enter: &["MOVD (R26), R20", "CALL (R20)"],
    set_up: &[],
    frame_mod_16: Some(8),
};
static ARM: Machine = Machine {
    signed: ["MOVB", "MOVH", "MOVW", "MOVW"],
    unsigned: ["MOVBU", "MOVHU", "MOVW", "MOVW"],
    store: ["MOVB", "MOVH", "MOVW", "MOVW"],
    float: ["MOVF", "MOVD"],
    sp: "R13",
    enter: &["MOVW (R7), R0", "CALL (R0)"],
    frame_mod_16: None,
    ..ARM64
};
static PPC64: Machine = Machine {
    unsigned: ["MOVBZ", "MOVHZ", "MOVWZ", "MOVD"],
    scratch: ["R3", "F1"],
    sp: "R1",
    enter: &["MOVD (R11), R12", "MOVD R12, CTR", "CALL (CTR)"],
    frame_mod_16: None,
    ..ARM64
};
static RISCV64: Machine = Machine {
    signed: ["MOVB", "MOVH", "MOVW", "MOV"],
    unsigned: ["MOVBU", "MOVHU", "MOVWU", "MOV"],
    store: ["MOVB", "MOVH", "MOVW", "MOV"],
    float: ["MOVF", "MOVD"],
    scratch: ["X10", "F10"],
    sp: "X2",
    enter: &["MOV (X26), X25", "CALL X25"],
    frame_mod_16: None,
    ..ARM64
};
static LOONG64: Machine = Machine {
    signed: MIPS_SIGNED,
    unsigned: MIPS_UNSIGNED,
    store: MIPS_SIGNED,
    float: ["MOVF", "MOVD"],
    scratch: ["R4", "F0"],
    sp: "R3",
    enter: &["MOVV (R29), R20", "CALL (R20)"],
    frame_mod_16: None,
    ..ARM64
};
static S390X: Machine = Machine {
    unsigned: ["MOVBZ", "MOVHZ", "MOVWZ", "MOVD"],
    scratch: ["R2", "F0"],
    sp: "R15",
    enter: &["MOVD (R12), R1", "CALL R1"],
    frame_mod_16: None,
    ..ARM64
};
static MIPS64: Machine =
    Machine { scratch: ["R1", "F0"], sp: "R29", enter: &["MOVV (R22), R4", "CALL (R4)"], ..LOONG64 };
static MIPS: Machine = Machine {
    signed: ["MOVB", "MOVH", "MOVW", "MOVW"],
    unsigned: ["MOVBU", "MOVHU", "MOVW", "MOVW"],
    store: ["MOVB", "MOVH", "MOVW", "MOVW"],
    enter: &["MOVW (R22), R4", "CALL (R4)"],
    ..MIPS64
};

impl Machine {
    pub(super) fn of(arch: Arch) -> &'static Machine {
        match arch {
            Arch::Amd64 => &AMD64,
            Arch::I386 => &I386,
            Arch::Arm64 => &ARM64,
            Arch::Arm => &ARM,
            Arch::Ppc64 | Arch::Ppc64le => &PPC64,
            Arch::Riscv64 => &RISCV64,
            Arch::Loong64 => &LOONG64,
            Arch::S390x => &S390X,
            Arch::Mips | Arch::Mipsle => &MIPS,
            Arch::Mips64 | Arch::Mips64le => &MIPS64,
        }
    }

    /// The instruction that loads a scalar.
    pub(super) fn load(&self, size: u32, kind: Scalar) -> &'static str {
        match kind {
            Scalar::Float => self.float[usize::from(size > 4)],
            Scalar::Int => pick(&self.signed, size),
            _ => pick(&self.unsigned, size),
        }
    }

    /// The instruction that stores a scalar.
    pub(super) fn store(&self, size: u32, kind: Scalar) -> &'static str {
        if kind == Scalar::Float { self.float[usize::from(size > 4)] } else { pick(&self.store, size) }
    }

    /// A register to load a scalar into.
    pub(super) fn scratch(&self, kind: Scalar) -> &'static str {
        self.scratch[usize::from(kind == Scalar::Float)]
    }
}

fn pick(moves: &[&'static str; 4], size: u32) -> &'static str {
    match size {
        0..=1 => moves[0],
        2 => moves[1],
        3..=4 => moves[2],
        _ => moves[3],
    }
}

/// The assembler's name of a register: `AX`, `R8`, `X0`, `R0`, `F0`.
pub(super) fn register(arch: Arch, reg: Reg) -> String {
    let name = reg_name(arch, reg);
    let tail = name.get(1..).unwrap_or_default();
    match arch {
        Arch::Amd64 | Arch::I386 if reg.is_float() => name.replacen("XMM", "X", 1),
        Arch::Amd64 | Arch::I386 if tail.starts_with(|c: char| c.is_ascii_alphabetic()) => tail.to_string(),
        Arch::Arm64 => format!("{}{tail}", if reg.is_float() { "F" } else { "R" }),
        _ => name.to_string(),
    }
}
