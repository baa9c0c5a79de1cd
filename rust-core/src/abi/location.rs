//! Where a part of a value lives: registers by number, stack slots by offset.

use crate::arch::Arch;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

/// A register of the current machine: general registers 0–31 in hardware numbering, float or vector registers 32–63.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reg(pub u8);

impl Reg {
    /// The `n`-th float or vector register.
    pub const fn float(n: u8) -> Reg {
        Reg(32 + n)
    }

    /// Whether this is a float or vector register.
    pub fn is_float(self) -> bool {
        self.0 >= 32
    }
}

/// A set of registers; bit n is `Reg(n)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct RegSet(pub u64);

impl RegSet {
    /// The empty set.
    pub const NONE: RegSet = RegSet(0);

    /// Just `reg`.
    pub const fn of(reg: Reg) -> RegSet {
        RegSet(1 << (reg.0 & 63))
    }

    /// Whether `reg` is in the set.
    pub fn has(self, reg: Reg) -> bool {
        self.0 >> (reg.0 & 63) & 1 != 0
    }

    /// Whether the set is empty.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl std::iter::FromIterator<Reg> for RegSet {
    fn from_iter<I: IntoIterator<Item = Reg>>(regs: I) -> Self {
        regs.into_iter().fold(RegSet::NONE, |set, reg| set | RegSet::of(reg))
    }
}

impl std::ops::BitOr for RegSet {
    type Output = RegSet;
    fn bitor(self, other: RegSet) -> RegSet {
        RegSet(self.0 | other.0)
    }
}

impl std::ops::BitAnd for RegSet {
    type Output = RegSet;
    fn bitand(self, other: RegSet) -> RegSet {
        RegSet(self.0 & other.0)
    }
}

impl std::ops::Not for RegSet {
    type Output = RegSet;
    fn not(self) -> RegSet {
        RegSet(!self.0)
    }
}

impl std::ops::BitOrAssign for RegSet {
    fn bitor_assign(&mut self, other: RegSet) {
        self.0 |= other.0;
    }
}

/// A register, or bytes of the argument area.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Loc {
    /// A whole register or its low part, as the piece's size says.
    Reg(Reg),
    /// Bytes from the start of the argument area, which begins `arg_base` above SP at entry.
    Stack(u32),
}

impl Loc {
    /// `RAX`, `XMM0`, `X0`, or `stack+16`.
    pub fn text(self, arch: Arch) -> String {
        match self {
            Loc::Reg(reg) => super::registers::reg_name(arch, reg).to_string(),
            Loc::Stack(offset) => format!("stack+{offset}"),
        }
    }
}

/// What a scalar is, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Scalar {
    /// An integer or a pointer: nothing tells which.
    Word,
    Int,
    Uint,
    Bool,
    Ptr,
    Float,
    Vector,
}

impl Scalar {
    /// Whether it travels in float registers.
    pub fn is_float(self) -> bool {
        matches!(self, Scalar::Float | Scalar::Vector)
    }

    /// The report's word for it.
    pub fn name(self) -> &'static str {
        match self {
            Scalar::Word => "word",
            Scalar::Int => "int",
            Scalar::Uint => "uint",
            Scalar::Bool => "bool",
            Scalar::Ptr => "ptr",
            Scalar::Float => "float",
            Scalar::Vector => "vector",
        }
    }
}

/// A part of a value that is in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Piece {
    /// Bytes from the start of the value.
    pub off: u32,
    /// Bytes.
    pub size: u32,
    /// Where it is.
    pub loc: Loc,
    /// What it is.
    pub kind: Scalar,
}

/// A value's parts, in memory order. There are hundreds of thousands of values, and few have more than two parts.
pub type Pieces = SmallVec<[Piece; 2]>;
