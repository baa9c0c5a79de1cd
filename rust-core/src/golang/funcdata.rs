//! FUNCDATA and PCDATA: what each index means in which version, and the tables behind them.
//!
//! Source: `runtime/funcdata.h`, `internal/abi/symtab.go`.

use super::layout;

/// A PCDATA table: a number by pc.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PcData {
    /// Bytes of the callee's arguments (Go 1.2 and 1.3).
    ArgSize,
    /// Index of the pointer map that holds.
    StackMapIndex,
    /// Index of the inlined call, -1 for none (Go 1.9).
    InlTreeIndex,
    /// Index of the register map (Go 1.11 to 1.15).
    RegMapIndex,
    /// -2 where the goroutine can't be preempted, which includes the morestack block (Go 1.16).
    UnsafePoint,
    /// Offset of the bitmap of stored arguments (Go 1.18).
    ArgLiveIndex,
    /// What a `panicBounds` call complains about (Go 1.26).
    PanicBounds,
}

/// A FUNCDATA table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the runtime's names
pub enum FuncData {
    GcArgs,
    GcLocals,
    ArgsPointerMaps,
    LocalsPointerMaps,
    DeadValueMaps,
    InlTree,
    RegPointerMaps,
    StackObjects,
    OpenCodedDeferInfo,
    ArgInfo,
    ArgLiveInfo,
    WrapInfo,
    /// An index that nothing uses.
    Unused,
}

const PCDATA: &[(u16, &[PcData])] = {
    use PcData::*;
    &[
        (2, &[ArgSize]),
        (3, &[ArgSize, StackMapIndex]),
        (4, &[StackMapIndex]),
        (9, &[StackMapIndex, InlTreeIndex]),
        (11, &[StackMapIndex, InlTreeIndex, RegMapIndex]),
        (13, &[RegMapIndex, StackMapIndex, InlTreeIndex]),
        (16, &[UnsafePoint, StackMapIndex, InlTreeIndex]),
        (18, &[UnsafePoint, StackMapIndex, InlTreeIndex, ArgLiveIndex]),
        (26, &[UnsafePoint, StackMapIndex, InlTreeIndex, ArgLiveIndex, PanicBounds]),
    ]
};

const FUNCDATA: &[(u16, &[FuncData])] = {
    use FuncData::{
        ArgInfo, ArgLiveInfo, ArgsPointerMaps as Args, DeadValueMaps, GcArgs, GcLocals, InlTree,
        LocalsPointerMaps as Locals, OpenCodedDeferInfo as Defers, RegPointerMaps as Regs, StackObjects as Objects,
        Unused, WrapInfo,
    };
    &[
        (2, &[GcArgs, GcLocals]),
        (3, &[Unused, Unused, Args, Locals, DeadValueMaps]),
        (4, &[Args, Locals, DeadValueMaps]),
        (6, &[Args, Locals]),
        (9, &[Args, Locals, InlTree]),
        (11, &[Args, Locals, InlTree, Regs]),
        (12, &[Args, Locals, InlTree, Regs, Objects]),
        (13, &[Args, Locals, Regs, Objects, InlTree]),
        (14, &[Args, Locals, Regs, Objects, InlTree, Defers]),
        (16, &[Args, Locals, Objects, InlTree, Defers]),
        (17, &[Args, Locals, Objects, InlTree, Defers, ArgInfo]),
        (18, &[Args, Locals, Objects, InlTree, Defers, ArgInfo, ArgLiveInfo, WrapInfo]),
    ]
};

fn index<T: PartialEq>(rows: &[(u16, &[T])], kind: &T, minor: u16) -> Option<u32> {
    let kinds = layout::row(rows, minor)?;
    kinds.iter().position(|k| k == kind).map(|i| i as u32)
}

/// The numbers of PCDATA and FUNCDATA tables that Go 1.`minor` knows.
pub(super) fn counts(minor: u16) -> Option<(u8, u8)> {
    Some((layout::row(PCDATA, minor)?.len() as u8, layout::row(FUNCDATA, minor)?.len() as u8))
}

/// The minor versions at which those change, oldest first.
pub(super) fn changes() -> Vec<u16> {
    let mut all: Vec<u16> = PCDATA.iter().map(|(since, _)| *since).chain(FUNCDATA.iter().map(|(s, _)| *s)).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The index of a PCDATA table in Go 1.`minor`.
pub fn pcdata_index(kind: PcData, minor: u16) -> Option<u32> {
    index(PCDATA, &kind, minor)
}

/// The index of a FUNCDATA table in Go 1.`minor`.
pub fn funcdata_index(kind: FuncData, minor: u16) -> Option<u32> {
    index(FUNCDATA, &kind, minor)
}
