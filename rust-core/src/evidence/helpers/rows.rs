//! Which helpers there are, and what is special about each. A table, from the runtime's assembly.

use super::Special;
use crate::abi::location::RegSet;
use crate::arch::Arch;

/// A helper.
pub(super) struct Row {
    pub(super) name: &'static str,
    /// First bytes, `..` for any; empty when the code says nothing.
    pub(super) code: &'static str,
    pub(super) special: Special,
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
/// X15, up to Go 1.16 X0, is zero.
const DUFFZERO: Special = Special::Preserving { reads: set(&[DI]), kills: set(&[DI]), writes: RegSet::NONE };
const DUFFCOPY: Special =
    Special::Preserving { reads: set(&[DI, SI]), kills: set(&[DI, SI, X0]), writes: RegSet::NONE };

/// What changes nothing: signal handlers inject the call (`runtime/preempt_*.s`).
pub(super) const INJECTED: Special =
    Special::Preserving { reads: RegSet::NONE, kills: RegSet::NONE, writes: RegSet::NONE };
/// `*abi.RegArgs`, from or to which all argument registers go.
const SPILL: Special = Special::Preserving { reads: set(&[12]), kills: RegSet::NONE, writes: RegSet::NONE };
const UNSPILL: Special = Special::Preserving {
    reads: set(&[12]),
    kills: set(&[AX, BX, CX, DI, SI, 8, 9, 10, R11, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46]),
    writes: RegSet::NONE,
};

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
    row("runtime.duffzero", "0f 11 07 0f 11 47 10 0f 11 47 20 0f 11 47 30 48 8d 7f 40", DUFFZERO),
    row("runtime.duffcopy", "0f 10 06 48 83 c6 10 0f 11 07 48 83 c7 10", DUFFCOPY),
    row("runtime.spillArgs", "", SPILL),
    row("runtime.unspillArgs", "", UNSPILL),
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

/// Up to Go 1.12 addresses are in R16 and R17.
const DUFFZERO_R16: Special = Special::Preserving { reads: set(&[16]), kills: set(&[16]), writes: RegSet::NONE };
const DUFFCOPY_R16: Special =
    Special::Preserving { reads: set(&[16, 17]), kills: set(&[16, 17, 26, 27]), writes: RegSet::NONE };
const SPILL_ARM64: Special = Special::Preserving { reads: set(&[20]), kills: RegSet::NONE, writes: RegSet::NONE };
const UNSPILL_ARM64: Special =
    Special::Preserving { reads: set(&[20]), kills: RegSet(0xffff_0000_ffff), writes: RegSet::NONE };

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
    row("runtime.duffzero", "1f 7e 81 a8 1f 7e 81 a8", DUFFZERO_R16),
    row("runtime.duffcopy", "1a 6e c1 a8 3a 6e 81 a8", DUFFCOPY_R16),
    row("runtime.duffcopy", "1b 86 40 f8 3b 86 00 f8", DUFFCOPY_R16),
    row("runtime.spillArgs", "", SPILL_ARM64),
    row("runtime.unspillArgs", "", UNSPILL_ARM64),
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

/// Stubs of 386 (`runtime/asm_386.s`, `runtime/duff_386.s`).
const DUFFZERO_386: Special = Special::Preserving { reads: set(&[AX, DI]), kills: set(&[DI]), writes: RegSet::NONE };
const DUFFCOPY_386: Special =
    Special::Preserving { reads: set(&[DI, SI]), kills: set(&[CX, DI, SI]), writes: RegSet::NONE };
const BATCH_386: Special = Special::Preserving { reads: RegSet::NONE, kills: set(&[DI]), writes: set(&[DI]) };

#[rustfmt::skip]
const I386: &[Row] = &[
    row("runtime.morestack_noctxt", "ba 00 00 00 00 e9", Special::Morestack),
    row("runtime.morestack_noctxt", "31 d2 e9", Special::Morestack),
    row("runtime.morestack_noctxt", "31 d2 eb", Special::Morestack),
    row("runtime.morestack", "", Special::Morestack),
    row("runtime.gcWriteBarrier", "", barrier(AX)),
    row("runtime.gcWriteBarrierCX", "", barrier(CX)),
    row("runtime.gcWriteBarrierDX", "", barrier(DX)),
    row("runtime.gcWriteBarrierBX", "", barrier(BX)),
    row("runtime.gcWriteBarrierBP", "", barrier(5)),
    row("runtime.gcWriteBarrierSI", "", barrier(SI)),
    row("runtime.gcWriteBarrier1", "", BATCH_386),
    row("runtime.gcWriteBarrier2", "", BATCH_386),
    row("runtime.gcWriteBarrier3", "", BATCH_386),
    row("runtime.gcWriteBarrier4", "", BATCH_386),
    row("runtime.gcWriteBarrier5", "", BATCH_386),
    row("runtime.gcWriteBarrier6", "", BATCH_386),
    row("runtime.gcWriteBarrier7", "", BATCH_386),
    row("runtime.gcWriteBarrier8", "", BATCH_386),
    row("runtime.duffzero", "ab ab ab ab ab ab ab ab ab ab ab ab ab ab ab ab", DUFFZERO_386),
    row("runtime.duffcopy", "8b 0e 83 c6 04 89 0f 83 c7 04", DUFFCOPY_386),
    row("runtime.deferproc", "", Special::Deferproc),
    row("runtime.deferprocStack", "", Special::Deferproc),
];

/// Functions that never return whatever their code looks like, on every machine.
pub(super) const NO_RETURN: &[&str] = &[
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

/// Failed checks of Go 1.13 to 1.25 (`panicIndex`, `panicSlice…`, `runtime/asm_*.s`): name, and the place of its registers in
/// [`checked`]. With `U` behind the name the index is unsigned.
#[rustfmt::skip]
pub(super) const CHECKS: &[(&str, usize)] = &[
    ("Index", 0), ("SliceB", 0), ("Slice3C", 0), ("SliceAlen", 1), ("SliceAcap", 1), ("Slice3B", 1), ("Slice3Alen", 2),
    ("Slice3Acap", 2), ("SliceConvert", 2),
];

/// Index and length of failed checks; on 386 the upper half of an index of 64 bits is in front.
pub(super) fn checked(arch: Arch, extended: bool) -> &'static [&'static [u8]] {
    match (arch, extended) {
        (Arch::Amd64 | Arch::I386, false) => &[&[AX, CX], &[CX, DX], &[DX, BX]],
        (Arch::I386, true) => &[&[SI, AX, CX], &[SI, CX, DX], &[SI, DX, BX]],
        (Arch::Arm64, false) => &[&[0, 1], &[1, 2], &[2, 3]],
        _ => &[],
    }
}

/// The helpers of a machine.
pub(super) fn rows(arch: Arch) -> &'static [Row] {
    match arch {
        Arch::Amd64 => AMD64,
        Arch::Arm64 => ARM64,
        Arch::I386 => I386,
        _ => &[],
    }
}
