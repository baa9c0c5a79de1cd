//! Structs whose layout Go's runtime fixes (`runtime/string.go`, `runtime/runtime2.go`), as C has them.

/// A struct that Go's runtime fixes, with its members in order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Builtin {
    /// C name.
    pub(crate) name: &'static str,
    /// C words and names of its members.
    pub(crate) members: &'static [(Part, &'static str)],
}

/// A member of a [`Builtin`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// `void *`.
    Ptr,
    /// Text.
    Text,
    /// Go's `int`.
    Int,
    /// `float`.
    F32,
    /// `double`.
    F64,
}

pub(crate) static STRING: Builtin = Builtin { name: "go_string", members: &[(Part::Text, "str"), (Part::Int, "len")] };
pub(crate) static IFACE: Builtin = Builtin { name: "go_iface", members: &[(Part::Ptr, "tab"), (Part::Ptr, "data")] };
pub(crate) static EFACE: Builtin = Builtin { name: "go_eface", members: &[(Part::Ptr, "type"), (Part::Ptr, "data")] };
pub(crate) static FUNC: Builtin = Builtin { name: "go_func", members: &[(Part::Ptr, "fn")] };
pub(crate) static COMPLEX64: Builtin =
    Builtin { name: "go_complex64", members: &[(Part::F32, "re"), (Part::F32, "im")] };
pub(crate) static COMPLEX128: Builtin =
    Builtin { name: "go_complex128", members: &[(Part::F64, "re"), (Part::F64, "im")] };

/// Every builtin, in the order in which they are declared.
pub(crate) static BUILTINS: [&Builtin; 6] = [&STRING, &IFACE, &EFACE, &FUNC, &COMPLEX64, &COMPLEX128];

impl Part {
    /// What it is, in the words of the Ghidra plan.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Part::Ptr | Part::Text => "pointer",
            Part::Int => "int",
            Part::F32 | Part::F64 => "float",
        }
    }

    /// Bytes.
    pub(crate) fn size(self, ptr_size: u64) -> u64 {
        match self {
            Part::Ptr | Part::Text | Part::Int => ptr_size,
            Part::F32 => 4,
            Part::F64 => 8,
        }
    }
}
