//! Runtime helpers with a convention of their own, found by name or, when names are gone, by their code.
//!
//! *Reads* names, funcIDs and first bytes. *Can be trusted*: each row is what the helper's assembly does (amd64:
//! `runtime/asm_amd64.s`, `runtime/duff_amd64.s`, `runtime/memmove_amd64.s`, …) and patterns are whole-instruction.

use crate::abi::location::{Reg, RegSet};
use crate::arch::Arch;
use crate::golang::func_id::FuncId;
use crate::golang::pclntab::Func;
use crate::program::Program;

/// What is special about a helper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Special {
    /// Grows the stack and restarts the caller.
    Morestack,
    /// Never comes back.
    NoReturn,
    /// Changes only `kills`, needs only `reads`, gives `writes`.
    Preserving {
        /// What it needs.
        reads: RegSet,
        /// What it changes.
        kills: RegSet,
        /// What it gives back.
        writes: RegSet,
    },
    /// An ordinary register convention that its code does not show: parameters and result count.
    Plain {
        /// Its parameters.
        params: RegSet,
        /// Integer registers with results.
        results: u8,
    },
    /// No results, although callers look at the first result register (`deferproc`: whether a panic was recovered).
    Deferproc,
    /// Returns new memory.
    Allocator,
}

/// A helper found in the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Helper {
    /// The runtime's name of it.
    pub name: &'static str,
    /// What is special about it.
    pub special: Special,
}

impl Helper {
    /// Whether it departs from the conventions of Go code.
    pub fn has_own_convention(&self) -> bool {
        matches!(self.special, Special::Morestack | Special::Preserving { .. } | Special::Plain { .. })
    }
}

struct Row {
    name: &'static str,
    /// First bytes, `..` for any; empty when the code says nothing.
    code: &'static str,
    special: Special,
}

const fn set(regs: &[u8]) -> RegSet {
    let (mut bits, mut i) = (0, 0);
    while i < regs.len() {
        bits |= 1 << regs[i];
        i += 1;
    }
    RegSet(bits)
}

const AX: u8 = 0;
const CX: u8 = 1;
const DX: u8 = 2;
const BX: u8 = 3;
const SI: u8 = 6;
const DI: u8 = 7;
const R11: u8 = 11;
const X0: u8 = 32;

const fn barrier(value: u8) -> Special {
    Special::Preserving { reads: set(&[DI, value]), kills: RegSet::NONE, writes: RegSet::NONE }
}
const BATCH: Special = Special::Preserving { reads: RegSet::NONE, kills: set(&[R11]), writes: set(&[R11]) };
const DUFFZERO: Special = Special::Preserving { reads: set(&[DI]), kills: set(&[DI]), writes: RegSet::NONE };
const DUFFCOPY: Special =
    Special::Preserving { reads: set(&[DI, SI]), kills: set(&[DI, SI, X0]), writes: RegSet::NONE };

const fn plain(params: &[u8], results: u8) -> Special {
    Special::Plain { params: set(params), results }
}

const fn row(name: &'static str, code: &'static str, special: Special) -> Row {
    Row { name, code, special }
}

#[rustfmt::skip]
const AMD64: &[Row] = &[
    row("runtime.morestack_noctxt", "ba 00 00 00 00 e9", Special::Morestack),
    row("runtime.morestack_noctxt", "31 d2 e9", Special::Morestack),
    row("runtime.morestack", "", Special::Morestack),
    row("runtime.gcWriteBarrier1", "41 bb 08 00 00 00 e9", BATCH),
    row("runtime.gcWriteBarrier2", "41 bb 10 00 00 00 e9", BATCH),
    row("runtime.gcWriteBarrier3", "41 bb 18 00 00 00 e9", BATCH),
    row("runtime.gcWriteBarrier4", "41 bb 20 00 00 00 e9", BATCH),
    row("runtime.gcWriteBarrier5", "41 bb 28 00 00 00 e9", BATCH),
    row("runtime.gcWriteBarrier6", "41 bb 30 00 00 00 e9", BATCH),
    row("runtime.gcWriteBarrier7", "41 bb 38 00 00 00 e9", BATCH),
    row("runtime.gcWriteBarrier8", "41 bb 40 00 00 00 e9", BATCH),
    row("runtime.gcWriteBarrier1", "41 bb 08 00 00 00 eb", BATCH),
    row("runtime.gcWriteBarrier2", "41 bb 10 00 00 00 eb", BATCH),
    row("runtime.gcWriteBarrier3", "41 bb 18 00 00 00 eb", BATCH),
    row("runtime.gcWriteBarrier4", "41 bb 20 00 00 00 eb", BATCH),
    row("runtime.gcWriteBarrier5", "41 bb 28 00 00 00 eb", BATCH),
    row("runtime.gcWriteBarrier6", "41 bb 30 00 00 00 eb", BATCH),
    row("runtime.gcWriteBarrier7", "41 bb 38 00 00 00 eb", BATCH),
    row("runtime.gcWriteBarrier8", "41 bb 40 00 00 00 eb", BATCH),
    // Go 1.17 to 1.20: value in a register, slot in DI; the stub saves R12 and R13 far up in its frame.
    row("runtime.gcWriteBarrier", "48 81 ec 80 00 00 00 48 89 6c 24 78 48 8d 6c 24 78 4c 89 64 24", barrier(AX)),
    row("runtime.gcWriteBarrierCX", "48 87 c1 e8 .. .. .. .. 48 87 c1 c3", barrier(CX)),
    row("runtime.gcWriteBarrierDX", "48 87 c2 e8 .. .. .. .. 48 87 c2 c3", barrier(DX)),
    row("runtime.gcWriteBarrierBX", "48 87 c3 e8 .. .. .. .. 48 87 c3 c3", barrier(BX)),
    row("runtime.gcWriteBarrierBP", "48 87 c5 e8 .. .. .. .. 48 87 c5 c3", barrier(5)),
    row("runtime.gcWriteBarrierSI", "48 87 c6 e8 .. .. .. .. 48 87 c6 c3", barrier(SI)),
    row("runtime.gcWriteBarrierR8", "49 87 c0 e8 .. .. .. .. 49 87 c0 c3", barrier(8)),
    row("runtime.gcWriteBarrierR9", "49 87 c1 e8 .. .. .. .. 49 87 c1 c3", barrier(9)),
    row("runtime.gcWriteBarrierCX", "48 91 e8 .. .. .. .. 48 91 c3", barrier(CX)),
    row("runtime.gcWriteBarrierDX", "48 92 e8 .. .. .. .. 48 92 c3", barrier(DX)),
    row("runtime.gcWriteBarrierBX", "48 93 e8 .. .. .. .. 48 93 c3", barrier(BX)),
    row("runtime.gcWriteBarrierBP", "48 95 e8 .. .. .. .. 48 95 c3", barrier(5)),
    row("runtime.gcWriteBarrierSI", "48 96 e8 .. .. .. .. 48 96 c3", barrier(SI)),
    row("runtime.gcWriteBarrierR8", "49 90 e8 .. .. .. .. 49 90 c3", barrier(8)),
    row("runtime.gcWriteBarrierR9", "49 91 e8 .. .. .. .. 49 91 c3", barrier(9)),
    row("runtime.duffzero", "44 0f 11 3f 44 0f 11 7f 10 44 0f 11 7f 20 44 0f 11 7f 30 48 8d 7f 40", DUFFZERO),
    row("runtime.duffcopy", "0f 10 06 48 83 c6 10 0f 11 07 48 83 c7 10", DUFFCOPY),
    row("runtime.memequal", "", plain(&[AX, BX, CX], 1)),
    row("runtime.memequal_varlen", "", plain(&[AX, BX, DX], 1)),
    row("runtime.memhash", "", plain(&[AX, BX, CX], 1)),
    row("runtime.memhash32", "", plain(&[AX, BX], 1)),
    row("runtime.memhash64", "", plain(&[AX, BX], 1)),
    row("runtime.strhash", "", plain(&[AX, BX], 1)),
    row("runtime.memmove", "", plain(&[AX, BX, CX], 0)),
    row("runtime.memclrNoHeapPointers", "", plain(&[AX, BX], 0)),
    row("runtime.cmpstring", "", plain(&[AX, BX, CX, DI], 1)),
    row("internal/bytealg.Compare", "", plain(&[AX, BX, CX, DI, SI, 8], 1)),
    row("runtime.deferproc", "", Special::Deferproc),
    row("runtime.deferprocStack", "", Special::Deferproc),
    row("runtime.newobject", "", Special::Allocator),
    row("runtime.mallocgc", "", Special::Allocator),
    row("runtime.makeslice", "", Special::Allocator),
    row("runtime.makemap", "", Special::Allocator),
    row("runtime.makemap_small", "", Special::Allocator),
    row("runtime.makechan", "", Special::Allocator),
];

/// `runtime/asm_arm64.s`, `runtime/duff_arm64.s`: R20 and R21 are addresses, R25 to R27 temporaries.
const BATCH_ARM64: Special = Special::Preserving { reads: RegSet::NONE, kills: set(&[25]), writes: set(&[25]) };
const BARRIER_ARM64: Special = Special::Preserving { reads: set(&[2, 3]), kills: RegSet::NONE, writes: RegSet::NONE };
const DUFFZERO_ARM64: Special =
    Special::Preserving { reads: set(&[20]), kills: set(&[16, 17, 20]), writes: RegSet::NONE };
const DUFFCOPY_ARM64: Special =
    Special::Preserving { reads: set(&[20, 21]), kills: set(&[16, 17, 20, 21, 26, 27]), writes: RegSet::NONE };

#[rustfmt::skip]
const ARM64: &[Row] = &[
    row("runtime.morestack_noctxt", "ff 03 00 91 fa 03 1f 2a", Special::Morestack),
    row("runtime.morestack_noctxt", "fa 03 1f 2a", Special::Morestack),
    row("runtime.morestack", "", Special::Morestack),
    // The size goes to R25: orr r25, zr, #n, or a move of 40.
    row("runtime.gcWriteBarrier1", "f9 03 7d b2 .. .. .. 17", BATCH_ARM64),
    row("runtime.gcWriteBarrier2", "f9 03 7c b2 .. .. .. 17", BATCH_ARM64),
    row("runtime.gcWriteBarrier3", "f9 07 7d b2 .. .. .. 17", BATCH_ARM64),
    row("runtime.gcWriteBarrier4", "f9 03 7b b2 .. .. .. 17", BATCH_ARM64),
    row("runtime.gcWriteBarrier5", "19 05 80 d2 .. .. .. 17", BATCH_ARM64),
    row("runtime.gcWriteBarrier6", "f9 07 7c b2 .. .. .. 17", BATCH_ARM64),
    row("runtime.gcWriteBarrier7", "f9 0b 7d b2 .. .. .. 17", BATCH_ARM64),
    row("runtime.gcWriteBarrier8", "f9 03 7a b2 .. .. .. 17", BATCH_ARM64),
    // Go 1.18 to 1.20: slot in R2, value in R3; the stub saves R0 and R1 far up in its frame.
    row("runtime.gcWriteBarrier", "fe 0f 12 f8 fd 83 1f f8 fd 23 00 d1 e0 5f 00 f9", BARRIER_ARM64),
    row("runtime.duffzero", "9f 7e 81 a8 9f 7e 81 a8", DUFFZERO_ARM64),
    row("runtime.duffcopy", "9a 6e c1 a8 ba 6e 81 a8", DUFFCOPY_ARM64),
    // Callers of assembly do not show its convention here, and these two have no parameters.
    row("runtime.getfp", "e0 03 1d aa c0 03 5f d6", plain(&[], 1)),
    row("runtime.mapinitnoop", "", plain(&[], 0)),
    row("runtime.memequal", "", plain(&[0, 1, 2], 1)),
    row("runtime.memequal_varlen", "", plain(&[0, 1, 26], 1)),
    row("runtime.memhash", "", plain(&[0, 1, 2], 1)),
    row("runtime.memhash32", "", plain(&[0, 1], 1)),
    row("runtime.memhash64", "", plain(&[0, 1], 1)),
    row("runtime.strhash", "", plain(&[0, 1], 1)),
    row("runtime.memmove", "", plain(&[0, 1, 2], 0)),
    row("runtime.memclrNoHeapPointers", "", plain(&[0, 1], 0)),
    row("runtime.cmpstring", "", plain(&[0, 1, 2, 3], 1)),
    row("internal/bytealg.Compare", "", plain(&[0, 1, 2, 3, 4, 5], 1)),
    row("runtime.deferproc", "", Special::Deferproc),
    row("runtime.deferprocStack", "", Special::Deferproc),
    row("runtime.newobject", "", Special::Allocator),
    row("runtime.mallocgc", "", Special::Allocator),
    row("runtime.makeslice", "", Special::Allocator),
    row("runtime.makemap", "", Special::Allocator),
    row("runtime.makemap_small", "", Special::Allocator),
    row("runtime.makechan", "", Special::Allocator),
];

/// Stubs of 386 (`runtime/asm_386.s`).
#[rustfmt::skip]
const I386: &[Row] = &[
    row("runtime.morestack_noctxt", "ba 00 00 00 00 e9", Special::Morestack),
    row("runtime.morestack_noctxt", "31 d2 e9", Special::Morestack),
    row("runtime.morestack_noctxt", "31 d2 eb", Special::Morestack),
    row("runtime.morestack", "", Special::Morestack),
    row("runtime.deferproc", "", Special::Deferproc),
    row("runtime.deferprocStack", "", Special::Deferproc),
];

/// Functions that never return whatever their code looks like, on every machine.
const NO_RETURN: &[&str] = &[
    "runtime.gopanic",
    "runtime.throw",
    "runtime.fatal",
    "runtime.fatalthrow",
    "runtime.fatalpanic",
    "runtime.goexit",
    "runtime.goexit1",
    "runtime.Goexit",
    "runtime.block",
    "runtime.panicBounds",
    "runtime.panicwrap",
    "runtime.panicdivide",
    "runtime.panicshift",
    "runtime.panicmem",
    "runtime.panicoverflow",
    "runtime.panicnil",
    "runtime.panicunsafeslicelen",
    "runtime.panicrangestate",
    "runtime.exit",
];

/// Packages of all helpers.
const PACKAGES: [&str; 2] = ["runtime.", "internal/bytealg."];

/// Longest row of bytes.
const LONGEST: u64 = 32;

fn rows(arch: Arch) -> &'static [Row] {
    match arch {
        Arch::Amd64 => AMD64,
        Arch::Arm64 => ARM64,
        Arch::I386 => I386,
        _ => &[],
    }
}

/// The helper that a function is. Only assembly (`asm`) is recognised by its code.
pub fn find(program: &Program<'_>, func: &Func, asm: bool) -> Option<Helper> {
    // Rows of the register convention say nothing of programs without it.
    let holds = |helper: &Helper| program.internal.uses_registers() || !matches!(helper.special, Special::Plain { .. });
    let found =
        by_id(func).or_else(|| by_name(program, func)).or_else(|| asm.then(|| by_code(program, func)).flatten());
    found.filter(holds)
}

fn by_id(func: &Func) -> Option<Helper> {
    match func.id {
        FuncId::Morestack => Some(Helper { name: "runtime.morestack", special: Special::Morestack }),
        FuncId::Gopanic => Some(Helper { name: "runtime.gopanic", special: Special::NoReturn }),
        FuncId::Panicwrap => Some(Helper { name: "runtime.panicwrap", special: Special::NoReturn }),
        _ => None,
    }
}

fn by_name(program: &Program<'_>, func: &Func) -> Option<Helper> {
    let name = program.name(func);
    if !PACKAGES.iter().any(|package| name.starts_with(package)) {
        return None;
    }
    // A helper that assembly of another package calls has a wrapper of the same name, with the stack ABI.
    let is_wrapper = func.id == FuncId::Wrapper;
    let named = rows(program.image.arch).iter().find(|r| r.name == name).filter(|_| !is_wrapper);
    let gone = || NO_RETURN.iter().find(|n| **n == name).map(|n| Helper { name: n, special: Special::NoReturn });
    named.map(helper).or_else(gone)
}

fn by_code(program: &Program<'_>, func: &Func) -> Option<Helper> {
    let code = program.code_from(func.entry, func.end.min(func.entry + LONGEST));
    rows(program.image.arch).iter().find(|r| !r.code.is_empty() && starts_with(code, r.code)).map(helper)
}

fn helper(row: &Row) -> Helper {
    Helper { name: row.name, special: row.special }
}

fn starts_with(code: &[u8], pattern: &str) -> bool {
    let mut code = code.iter();
    pattern.split(' ').all(|byte| {
        let here = code.next();
        here.is_some_and(|b| byte == ".." || u8::from_str_radix(byte, 16) == Ok(*b))
    })
}

/// Registers of a set, in numeric order.
pub fn members(set: RegSet) -> impl Iterator<Item = Reg> {
    (0..64).map(Reg).filter(move |r| set.has(*r))
}
