//! What one function shows of results, its own and its callees'.

use crate::types::TypeId;

/// What a register holds, as far as it tells which value it is a part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Held {
    /// Anything.
    #[default]
    Unknown,
    /// A number, or an address of the file.
    Const(u64),
    /// The word at that offset of a string, slice, pointer or whatever else the type is.
    Word(TypeId, u32),
    /// The address of a value of the type.
    Pointer(TypeId),
    /// A result of that function, by its position among integer registers.
    Result(u32, u8),
    /// The word of the function's own parameter, by that position.
    Param(u8),
    /// The word at that address of the file.
    Static(u64),
    /// The address of the elements of a new slice.
    Elements(TypeId),
    /// 0 or 1, as a flag said.
    Flag,
}

/// A caller treats some of a function's results as one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Use {
    /// The function, by its index.
    pub(super) callee: u32,
    /// The first of its results.
    pub(super) first: u8,
    /// How many.
    pub(super) len: u8,
    /// As what.
    pub(super) ty: Option<TypeId>,
}

/// What one function shows.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// The integer result registers at each RET.
    pub(super) returns: Vec<Vec<Held>>,
    /// What callees' results are used as.
    pub(super) uses: Vec<Use>,
    /// How many bytes of callees' results are stored or compared: function, position, bytes.
    pub(super) widths: Vec<(u32, u8, u8)>,
    /// What is stored into the file's variables, by address.
    pub(super) stored: Vec<(u64, Held)>,
}
