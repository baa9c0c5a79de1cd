//! The kinds of runtime types.

/// `reflect.Kind`, in Go's numbering; unchanged since Go 1.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum RKind {
    Bool,
    Int(u8),
    Uint(u8),
    Uintptr,
    Float(u8),
    Complex(u8),
    Array,
    Chan,
    Func,
    Interface,
    Map,
    Pointer,
    Slice,
    String,
    Struct,
    UnsafePointer,
}

impl RKind {
    /// The kind with that number. Widths are in bytes, 0 stands for a word.
    pub(super) fn new(number: u8) -> Option<RKind> {
        use RKind::*;
        const KINDS: [RKind; 26] = [
            Bool,
            Int(0),
            Int(1),
            Int(2),
            Int(4),
            Int(8),
            Uint(0),
            Uint(1),
            Uint(2),
            Uint(4),
            Uint(8),
            Uintptr,
            Float(4),
            Float(8),
            Complex(8),
            Complex(16),
            Array,
            Chan,
            Func,
            Interface,
            Map,
            Pointer,
            Slice,
            String,
            Struct,
            UnsafePointer,
        ];
        KINDS.get(usize::from(number).checked_sub(1)?).copied()
    }

    /// Bytes of a value, when the kind alone says it.
    pub(super) fn size(self, ptr: u64) -> Option<u64> {
        use RKind::*;
        Some(match self {
            Bool => 1,
            Int(0) | Uint(0) | Uintptr | Chan | Func | Map | Pointer | UnsafePointer => ptr,
            Int(n) | Uint(n) | Float(n) | Complex(n) => u64::from(n),
            String | Interface => 2 * ptr,
            Slice => 3 * ptr,
            Array | Struct => return None,
        })
    }

    /// How the Go spelling of an unnamed type of this kind begins.
    pub(super) fn prefix(self) -> &'static [&'static str] {
        match self {
            RKind::Array => &["["],
            RKind::Slice => &["[]"],
            RKind::Chan => &["chan", "<-chan"],
            RKind::Func => &["func("],
            RKind::Interface => &["interface {"],
            RKind::Map => &["map["],
            RKind::Pointer => &["*"],
            RKind::Struct => &["struct {"],
            _ => &[""],
        }
    }
}
