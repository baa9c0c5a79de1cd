//! The table of C conventions.

use crate::abi::location::{Reg, RegSet};
use crate::abi::registers::{list, run};
use crate::arch::Arch;

/// How structs travel.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Structs {
    /// Up to two registers, each of the class of the scalars in its eight bytes.
    Eightbytes,
    /// 1, 2, 4 or 8 bytes like an integer, others by reference.
    PowersOfTwo,
    /// Up to four floats of one size in float registers, else up to 16 bytes like integers, others by reference.
    Homogeneous,
    /// Always in memory.
    Memory,
}

/// One convention's row.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) arch: Arch,
    pub(super) arg_base: u32,
    pub(super) ints: &'static [Reg],
    pub(super) floats: &'static [Reg],
    pub(super) structs: Structs,
    /// The n-th register belongs to the n-th parameter, of whichever class.
    pub(super) positional: bool,
    /// Bytes in front of the first stack argument that the callee may use.
    pub(super) home: u32,
    pub(super) result_ints: &'static [Reg],
    pub(super) result_floats: &'static [Reg],
    pub(super) result_structs: Structs,
    /// The register for the result pointer when it is not a parameter, which it is elsewhere.
    pub(super) result_pointer: Option<Reg>,
    pub(super) preserved: RegSet,
}

/// Number of the first float register.
const F: u8 = Reg::float(0).0;

/// Bits `first` to `last`.
const fn from_to(first: u8, last: u8) -> u64 {
    u64::MAX << first & u64::MAX >> (63 - last)
}

pub(super) static SYSV: Row = Row {
    name: "sysv",
    arch: Arch::Amd64,
    arg_base: 8,
    ints: &list([7, 6, 2, 1, 8, 9]),
    floats: &run::<8>(F),
    structs: Structs::Eightbytes,
    positional: false,
    home: 0,
    result_ints: &list([0, 2]),
    result_floats: &run::<2>(F),
    result_structs: Structs::Eightbytes,
    result_pointer: None,
    preserved: RegSet(from_to(3, 5) | from_to(12, 15)),
};

pub(super) static WIN64: Row = Row {
    name: "win64",
    ints: &list([1, 2, 8, 9]),
    floats: &run::<4>(F),
    structs: Structs::PowersOfTwo,
    positional: true,
    home: 32,
    result_ints: &run::<1>(0),
    result_floats: &run::<1>(F),
    result_structs: Structs::PowersOfTwo,
    preserved: RegSet(from_to(3, 7) | from_to(12, 15) | from_to(F + 6, F + 15)),
    ..SYSV
};

pub(super) static AAPCS64: Row = Row {
    name: "aapcs64",
    arch: Arch::Arm64,
    arg_base: 0,
    ints: &run::<8>(0),
    structs: Structs::Homogeneous,
    result_ints: &run::<2>(0),
    result_floats: &run::<4>(F),
    result_structs: Structs::Homogeneous,
    result_pointer: Some(Reg(8)),
    // X18 is the platform's, V8 to V15 keep their low halves.
    preserved: RegSet(from_to(18, 29) | from_to(31, 31) | from_to(F + 8, F + 15)),
    ..SYSV
};

pub(super) static CDECL: Row = Row {
    name: "cdecl",
    arch: Arch::I386,
    arg_base: 4,
    ints: &[],
    floats: &[],
    structs: Structs::Memory,
    result_ints: &list([0, 2]),
    result_floats: &run::<1>(F + 8), // ST0
    result_structs: Structs::Memory,
    preserved: RegSet(from_to(3, 7)),
    ..SYSV
};

pub(super) static STDCALL: Row = Row { name: "stdcall", result_structs: Structs::PowersOfTwo, ..CDECL };
