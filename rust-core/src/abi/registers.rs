//! Registers: their names, what Go uses them for, and since when it passes values in them. Tables only.
//!
//! Numbers are the hardware's (amd64: RAX 0, RCX 1, RDX 2, RBX 3, RSP 4, RBP 5, RSI 6, RDI 7, R8 8 …); float and
//! vector registers follow at 32. Sources: `cmd/internal/obj/*/a.out.go` (special registers),
//! `cmd/compile/internal/ssa/_gen/*Ops.go` (argument registers), `internal/buildcfg/exp.go` (since when).

use super::location::{Reg, RegSet};
use crate::arch::{Arch, Os};

/// How a function of some kind passes values: everything that the assignment has to know of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Convention {
    /// The machine, for pointer size, alignment and names.
    pub arch: Arch,
    /// Registers for integers and pointers, in the order in which they are taken; empty in ABI0.
    pub ints: &'static [Reg],
    /// Registers for floats and vectors, in the order in which they are taken; empty in ABI0.
    pub floats: &'static [Reg],
    /// Holds the closure object when a func value is called.
    pub closure: Option<Reg>,
    /// Holds the current goroutine.
    pub g: Option<Reg>,
    /// Is zero between functions.
    pub zero: Option<Reg>,
    /// Used by the assembler or the linker between two instructions of the compiler.
    pub scratch: &'static [Reg],
    /// Survive a call: SP, the frame pointer, what the system reserves. `g` and `zero` come on top.
    pub fixed: &'static [Reg],
    /// Bytes from SP at entry to the argument area.
    pub arg_base: u32,
}

impl Convention {
    /// The register convention of compiled Go code, or ABI0 where there is none yet. `go_minor` is the 21 of go1.21.
    /// Builds with `GOEXPERIMENT=noregabi` take [`Convention::abi0`].
    pub fn abi_internal(arch: Arch, os: Os, go_minor: u32) -> Convention {
        let takes = |row: &&Sequence| row.arch == arch && row.since <= go_minor && row.systems.covers(os);
        match SEQUENCES.iter().find(takes) {
            Some(row) => {
                let m = machine(arch);
                let base = Convention::abi0(arch);
                Convention { ints: row.ints, floats: row.floats, g: m.g, zero: m.zero, ..base }
            }
            None => Convention::abi0(arch),
        }
    }

    /// The stack convention: no argument registers, all else the same. amd64 keeps g in thread-local storage there and
    /// X15 is an ordinary register.
    pub fn abi0(arch: Arch) -> Convention {
        let m = machine(arch);
        Convention {
            arch,
            ints: &[],
            floats: &[],
            closure: Some(m.closure),
            g: m.g.filter(|_| !m.g_in_tls_for_abi0),
            zero: m.zero.filter(|_| !m.g_in_tls_for_abi0),
            scratch: m.scratch,
            fixed: m.fixed,
            arg_base: arch.info().arg_base,
        }
    }

    /// The machine on which calling conventions are explained: 64 bits, ten integer registers R0 to R9, no floats.
    pub fn textbook() -> Convention {
        // loong64 lends its names (R0, R1, …) and sizes.
        Convention { ints: &INTS_0_TO_9, closure: None, g: None, zero: None, ..Convention::abi0(Arch::Loong64) }
    }

    /// The convention of compiled code on the machine that Go calls `machine`, or of [`Convention::textbook`] for `r10`.
    pub fn named(machine: &str, os: Os, go_minor: u32) -> Option<Convention> {
        match machine {
            TEXTBOOK => Some(Convention::textbook()),
            _ => Arch::from_name(machine).map(|arch| Convention::abi_internal(arch, os, go_minor)),
        }
    }

    /// The name that [`Convention::named`] knows the machine by.
    pub fn machine(&self) -> &'static str {
        if *self == Convention::textbook() { TEXTBOOK } else { self.arch.info().name }
    }

    /// Whether any value travels in a register.
    pub fn uses_registers(&self) -> bool {
        !self.ints.is_empty() || !self.floats.is_empty()
    }

    /// What a call leaves as it was. Go has no callee-saved registers beyond these.
    pub fn preserved(&self) -> RegSet {
        self.fixed.iter().copied().chain(self.g).chain(self.zero).collect()
    }

    /// What a call destroys: every register but the preserved ones.
    pub fn clobbers(&self) -> RegSet {
        let all: RegSet = all_regs(self.arch).collect();
        all & !self.preserved()
    }
}

const TEXTBOOK: &str = "r10";

/// Every register of a machine that has a name, in numeric order.
pub fn all_regs(arch: Arch) -> impl Iterator<Item = Reg> {
    (0..64).map(Reg).filter(move |reg| !reg_name(arch, *reg).is_empty())
}

/// Upper-case name of a whole register, empty for a number that the machine does not have.
pub fn reg_name(arch: Arch, reg: Reg) -> &'static str {
    let m = machine(arch);
    let names = if reg.is_float() { m.float_names } else { m.int_names };
    names.get(usize::from(reg.0 & 31)).filter(|_| reg.0 < 64).copied().unwrap_or("")
}

/// The name itself, if some machine has a whole register that is called so.
pub fn known_name(name: &str) -> Option<&'static str> {
    let named = |arch| all_regs(arch).map(move |reg| reg_name(arch, reg));
    Arch::ALL.into_iter().flat_map(named).find(|known| *known == name)
}

/// The registers that block copies take their destination and their source from (string instructions,
/// `runtime/duff_*.s`); empty where that is not known.
pub fn block_copy(arch: Arch) -> (RegSet, RegSet) {
    match arch {
        Arch::Amd64 | Arch::I386 => (RegSet::of(Reg(7)), RegSet::of(Reg(6))),
        Arch::Arm64 => (RegSet::of(Reg(21)), RegSet::of(Reg(20))),
        _ => (RegSet::NONE, RegSet::NONE),
    }
}

/// The register with that whole-register name, in any case.
pub fn reg_from_name(arch: Arch, name: &str) -> Option<Reg> {
    all_regs(arch).find(|reg| reg_name(arch, *reg).eq_ignore_ascii_case(name))
}

/// Lower-case name of the part of `reg` that holds a value of `size` bytes: `al`, `ax`, `eax`, `rax`; `w3`, `x3`;
/// `s0`, `d0`. Machines that have one name for all sizes use that one. Sizes in between take the next larger part.
pub fn sub_register(arch: Arch, reg: Reg, size: u32) -> String {
    let whole = reg_name(arch, reg);
    match (arch, reg.is_float()) {
        (Arch::Amd64 | Arch::I386, false) => x86_part(whole, size),
        (Arch::Arm64, false) if size <= 4 && whole.starts_with('X') => whole.replacen('X', "w", 1),
        (Arch::Arm64, true) => whole.replacen('V', arm64_float_prefix(size), 1),
        _ => whole.to_ascii_lowercase(),
    }
}

fn arm64_float_prefix(size: u32) -> &'static str {
    match size {
        0..=4 => "s",
        5..=8 => "d",
        _ => "q",
    }
}

fn x86_part(whole: &str, size: u32) -> String {
    let whole = whole.to_ascii_lowercase();
    let Some(tail) = whole.strip_prefix(['r', 'e']) else { return whole };
    if tail.starts_with(|c: char| c.is_ascii_digit()) {
        return match size {
            0..=1 => format!("{whole}b"),
            2 => format!("{whole}w"),
            3..=4 => format!("{whole}d"),
            _ => whole,
        };
    }
    match (size, tail.strip_suffix('x')) {
        (0..=1, Some(letter)) => format!("{letter}l"),
        // SIL, DIL, BPL and SPL need a REX prefix, which 386 does not have.
        (0..=1, None) if whole.starts_with('r') => format!("{tail}l"),
        (0..=2, _) => tail.to_string(),
        (3..=4, _) => format!("e{tail}"),
        _ => whole,
    }
}

/// One machine's registers outside of any argument sequence.
struct Machine {
    int_names: &'static [&'static str],
    float_names: &'static [&'static str],
    closure: Reg,
    g: Option<Reg>,
    zero: Option<Reg>,
    g_in_tls_for_abi0: bool,
    scratch: &'static [Reg],
    fixed: &'static [Reg],
}

/// Argument registers of one machine, since one Go release.
struct Sequence {
    arch: Arch,
    since: u32,
    systems: Systems,
    ints: &'static [Reg],
    floats: &'static [Reg],
}

#[derive(Clone, Copy)]
enum Systems {
    All,
    Only(&'static [Os]),
}

impl Systems {
    fn covers(self, os: Os) -> bool {
        match self {
            Systems::All => true,
            Systems::Only(list) => os == Os::Unknown || list.contains(&os),
        }
    }
}

/// `N` registers from number `first` on.
pub(crate) const fn run<const N: usize>(first: u8) -> [Reg; N] {
    let mut regs = [Reg(0); N];
    let mut i = 0;
    while i < N {
        regs[i] = Reg(first + i as u8);
        i += 1;
    }
    regs
}

/// Registers by number.
pub(crate) const fn list<const N: usize>(numbers: [u8; N]) -> [Reg; N] {
    let mut regs = [Reg(0); N];
    let mut i = 0;
    while i < N {
        regs[i] = Reg(numbers[i]);
        i += 1;
    }
    regs
}

const FLOAT: u8 = Reg::float(0).0;

static INTS_0_TO_9: [Reg; 10] = run(0);
static AMD64_INTS: [Reg; 9] = list([0, 3, 1, 7, 6, 8, 9, 10, 11]);
static AMD64_FLOATS: [Reg; 15] = run(FLOAT);
static FIRST_16_INTS: [Reg; 16] = run(0);
static FIRST_16_FLOATS: [Reg; 16] = run(FLOAT);
static PPC64_INTS: [Reg; 12] = list([3, 4, 5, 6, 7, 8, 9, 10, 14, 15, 16, 17]);
static PPC64_FLOATS: [Reg; 12] = run(FLOAT + 1);
const RISCV64_ORDER: [u8; 16] = [10, 11, 12, 13, 14, 15, 16, 17, 8, 9, 18, 19, 20, 21, 22, 23];
static RISCV64_INTS: [Reg; 16] = list(RISCV64_ORDER);
static RISCV64_FLOATS: [Reg; 16] = {
    let mut regs = list(RISCV64_ORDER);
    let mut i = 0;
    while i < regs.len() {
        regs[i] = Reg::float(regs[i].0);
        i += 1;
    }
    regs
};
static LOONG64_INTS: [Reg; 16] = run(4);
static S390X_INTS: [Reg; 8] = run(2);

const fn sequence(arch: Arch, since: u32, ints: &'static [Reg], floats: &'static [Reg]) -> Sequence {
    Sequence { arch, since, systems: Systems::All, ints, floats }
}

/// Newest first; the first row that fits is taken, so the newest is open-ended.
static SEQUENCES: [Sequence; 8] = [
    sequence(Arch::Amd64, 18, &AMD64_INTS, &AMD64_FLOATS),
    Sequence {
        arch: Arch::Amd64,
        since: 17,
        systems: Systems::Only(&[Os::Linux, Os::Android, Os::Darwin, Os::Windows]),
        ints: &AMD64_INTS,
        floats: &AMD64_FLOATS,
    },
    sequence(Arch::Arm64, 18, &FIRST_16_INTS, &FIRST_16_FLOATS),
    sequence(Arch::Ppc64, 18, &PPC64_INTS, &PPC64_FLOATS),
    sequence(Arch::Ppc64le, 18, &PPC64_INTS, &PPC64_FLOATS),
    sequence(Arch::Riscv64, 19, &RISCV64_INTS, &RISCV64_FLOATS),
    sequence(Arch::Loong64, 22, &LOONG64_INTS, &FIRST_16_FLOATS),
    sequence(Arch::S390x, 26, &S390X_INTS, &FIRST_16_FLOATS),
];

macro_rules! numbered {
    ($prefix:literal: $($n:literal)*) => { [$(concat!($prefix, $n)),*] };
}

macro_rules! numbered_32 {
    ($p:literal) => {
        numbered!($p: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31)
    };
}

static R: [&str; 32] = numbered_32!("R");
static F: [&str; 32] = numbered_32!("F");
static X: [&str; 32] = numbered_32!("X");
static V: [&str; 32] = numbered_32!("V");
static D: [&str; 32] = numbered_32!("D");
static ARM64_INT_NAMES: [&str; 32] = {
    let mut names = X;
    names[31] = "SP";
    names
};
static ARM_INT_NAMES: [&str; 16] =
    ["R0", "R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9", "R10", "R11", "R12", "SP", "LR", "PC"];
static AMD64_INT_NAMES: [&str; 16] =
    ["RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI", "R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15"];
static AMD64_FLOAT_NAMES: [&str; 16] = numbered!("XMM": 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
static I386_INT_NAMES: [&str; 8] = ["EAX", "ECX", "EDX", "EBX", "ESP", "EBP", "ESI", "EDI"];
// The x87 stack follows the SSE registers: C functions return floats in ST0.
static I386_FLOAT_NAMES: [&str; 16] = [
    "XMM0", "XMM1", "XMM2", "XMM3", "XMM4", "XMM5", "XMM6", "XMM7", "ST0", "ST1", "ST2", "ST3", "ST4", "ST5", "ST6",
    "ST7",
];

static AMD64: Machine = Machine {
    int_names: &AMD64_INT_NAMES,
    float_names: &AMD64_FLOAT_NAMES,
    closure: Reg(2),
    g: Some(Reg(14)),
    zero: Some(Reg::float(15)),
    g_in_tls_for_abi0: true,
    scratch: &[Reg(12), Reg(13)],
    fixed: &[Reg(4), Reg(5)],
};
static I386: Machine = Machine {
    int_names: &I386_INT_NAMES,
    float_names: &I386_FLOAT_NAMES,
    closure: Reg(2),
    g: None,
    zero: None,
    g_in_tls_for_abi0: true,
    scratch: &[],
    fixed: &[Reg(4)],
};
static ARM64: Machine = Machine {
    int_names: &ARM64_INT_NAMES,
    float_names: &V,
    closure: Reg(26),
    g: Some(Reg(28)),
    zero: None,
    g_in_tls_for_abi0: false,
    scratch: &[Reg(16), Reg(17), Reg(27)],
    // X18 belongs to the platform.
    fixed: &[Reg(18), Reg(29), Reg(31)],
};
static ARM: Machine = Machine {
    int_names: &ARM_INT_NAMES,
    float_names: &D,
    closure: Reg(7),
    g: Some(Reg(10)),
    zero: None,
    g_in_tls_for_abi0: false,
    scratch: &[Reg(11)],
    fixed: &[Reg(13), Reg(15)],
};
static PPC64: Machine = Machine {
    int_names: &R,
    float_names: &F,
    closure: Reg(11),
    g: Some(Reg(30)),
    zero: Some(Reg(0)),
    g_in_tls_for_abi0: false,
    scratch: &[Reg(31)],
    // R13 is the thread pointer.
    fixed: &[Reg(1), Reg(13)],
};
static RISCV64: Machine = Machine {
    int_names: &X,
    float_names: &F,
    closure: Reg(26),
    g: Some(Reg(27)),
    zero: Some(Reg(0)),
    g_in_tls_for_abi0: false,
    scratch: &[Reg(31)],
    // SP, the global pointer, the thread pointer.
    fixed: &[Reg(2), Reg(3), Reg(4)],
};
static LOONG64: Machine = Machine {
    int_names: &R,
    float_names: &F,
    closure: Reg(29),
    g: Some(Reg(22)),
    zero: Some(Reg(0)),
    g_in_tls_for_abi0: false,
    scratch: &[Reg(30), Reg(31)],
    // The thread pointer, SP, and R21, which the platform reserves.
    fixed: &[Reg(2), Reg(3), Reg(21)],
};
static S390X: Machine = Machine {
    int_names: R.split_at(16).0,
    float_names: F.split_at(16).0,
    closure: Reg(12),
    g: Some(Reg(13)),
    zero: Some(Reg(0)),
    g_in_tls_for_abi0: false,
    scratch: &[Reg(10), Reg(11)],
    fixed: &[Reg(15)],
};
static MIPS: Machine = Machine {
    int_names: &R,
    float_names: &F,
    closure: Reg(22),
    g: Some(Reg(30)),
    zero: Some(Reg(0)),
    g_in_tls_for_abi0: false,
    scratch: &[Reg(23)],
    // R26 and R27 belong to the kernel.
    fixed: &[Reg(26), Reg(27), Reg(29)],
};

fn machine(arch: Arch) -> &'static Machine {
    match arch {
        Arch::Amd64 => &AMD64,
        Arch::I386 => &I386,
        Arch::Arm64 => &ARM64,
        Arch::Arm => &ARM,
        Arch::Ppc64 | Arch::Ppc64le => &PPC64,
        Arch::Riscv64 => &RISCV64,
        Arch::Loong64 => &LOONG64,
        Arch::S390x => &S390X,
        Arch::Mips | Arch::Mipsle | Arch::Mips64 | Arch::Mips64le => &MIPS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(regs: &[Reg], arch: Arch) -> String {
        regs.iter().map(|r| reg_name(arch, *r)).collect::<Vec<_>>().join(" ")
    }

    fn check_sequence(arch: Arch, os: Os, minor: u32, ints: &str, first_float: &str, floats: usize) {
        let c = Convention::abi_internal(arch, os, minor);
        assert_eq!(names(c.ints, arch), ints, "{arch:?} {os:?} 1.{minor}");
        assert_eq!(c.floats.first().map_or("", |r| reg_name(arch, *r)), first_float, "{arch:?} 1.{minor}");
        assert_eq!(c.floats.len(), floats, "{arch:?} 1.{minor}");
    }

    #[test]
    fn sequences_begin_with_the_release_that_introduced_them() {
        let amd64 = "RAX RBX RCX RDI RSI R8 R9 R10 R11";
        check_sequence(Arch::Amd64, Os::Linux, 16, "", "", 0);
        check_sequence(Arch::Amd64, Os::Linux, 17, amd64, "XMM0", 15);
        check_sequence(Arch::Amd64, Os::FreeBsd, 17, "", "", 0);
        check_sequence(Arch::Amd64, Os::FreeBsd, 18, amd64, "XMM0", 15);
        check_sequence(Arch::Amd64, Os::Windows, 99, amd64, "XMM0", 15);
        check_sequence(Arch::Arm64, Os::Linux, 17, "", "", 0);
        check_sequence(Arch::Arm64, Os::Linux, 18, "X0 X1 X2 X3 X4 X5 X6 X7 X8 X9 X10 X11 X12 X13 X14 X15", "V0", 16);
        check_sequence(Arch::Ppc64le, Os::Linux, 18, "R3 R4 R5 R6 R7 R8 R9 R10 R14 R15 R16 R17", "F1", 12);
        let riscv = "X10 X11 X12 X13 X14 X15 X16 X17 X8 X9 X18 X19 X20 X21 X22 X23";
        check_sequence(Arch::Riscv64, Os::Linux, 18, "", "", 0);
        check_sequence(Arch::Riscv64, Os::Linux, 19, riscv, "F10", 16);
        let loong = "R4 R5 R6 R7 R8 R9 R10 R11 R12 R13 R14 R15 R16 R17 R18 R19";
        check_sequence(Arch::Loong64, Os::Linux, 22, loong, "F0", 16);
        check_sequence(Arch::S390x, Os::Linux, 25, "", "", 0);
        check_sequence(Arch::S390x, Os::Linux, 26, "R2 R3 R4 R5 R6 R7 R8 R9", "F0", 16);
        check_sequence(Arch::I386, Os::Linux, 27, "", "", 0);
        check_sequence(Arch::Mips64le, Os::Linux, 27, "", "", 0);
    }

    #[test]
    fn every_name_leads_back_to_its_register() {
        for arch in Arch::ALL {
            assert!(all_regs(arch).count() >= 16, "{arch:?}");
            for reg in all_regs(arch) {
                assert_eq!(reg_from_name(arch, reg_name(arch, reg)), Some(reg), "{arch:?}");
            }
            assert_eq!(reg_from_name(arch, ""), None);
        }
        assert_eq!(reg_from_name(Arch::Amd64, "xmm3"), Some(Reg::float(3)));
        assert_eq!(reg_name(Arch::Amd64, Reg(64)), "");
        assert_eq!(reg_name(Arch::Amd64, Reg(255)), "");
        assert_eq!(reg_name(Arch::I386, Reg(8)), "");
    }

    #[test]
    fn parts_are_spelled_as_the_assembler_does() {
        let parts = |arch, name| {
            let reg = reg_from_name(arch, name).expect(name);
            [1, 2, 4, 8].map(|size| sub_register(arch, reg, size)).join(" ")
        };
        assert_eq!(parts(Arch::Amd64, "RAX"), "al ax eax rax");
        assert_eq!(parts(Arch::Amd64, "RBX"), "bl bx ebx rbx");
        assert_eq!(parts(Arch::Amd64, "RSI"), "sil si esi rsi");
        assert_eq!(parts(Arch::Amd64, "RBP"), "bpl bp ebp rbp");
        assert_eq!(parts(Arch::Amd64, "R8"), "r8b r8w r8d r8");
        assert_eq!(parts(Arch::Amd64, "R11"), "r11b r11w r11d r11");
        assert_eq!(parts(Arch::Amd64, "XMM14"), "xmm14 xmm14 xmm14 xmm14");
        assert_eq!(parts(Arch::I386, "EDX"), "dl dx edx edx");
        assert_eq!(parts(Arch::I386, "EDI"), "di di edi edi");
        assert_eq!(parts(Arch::Arm64, "X7"), "w7 w7 w7 x7");
        assert_eq!(parts(Arch::Arm64, "V3"), "s3 s3 s3 d3");
        assert_eq!(parts(Arch::Riscv64, "X10"), "x10 x10 x10 x10");
    }

    #[test]
    fn calls_preserve_little() {
        let text = |set: RegSet, arch| all_regs(arch).filter(|r| set.has(*r)).collect::<Vec<_>>();
        let amd64 = Convention::abi_internal(Arch::Amd64, Os::Linux, 27);
        assert_eq!(names(&text(amd64.preserved(), Arch::Amd64), Arch::Amd64), "RSP RBP R14 XMM15");
        assert!(amd64.clobbers().has(Reg(3)) && !amd64.clobbers().has(Reg(14)));
        let abi0 = Convention::abi0(Arch::Amd64);
        assert_eq!(names(&text(abi0.preserved(), Arch::Amd64), Arch::Amd64), "RSP RBP");
        let arm64 = Convention::abi0(Arch::Arm64);
        assert_eq!(names(&text(arm64.preserved(), Arch::Arm64), Arch::Arm64), "X18 X28 X29 SP");
    }
}
