//! The report (`goabi.report/1`): the one contract between the core and every front end.
//!
//! Plain data. Its JSON Schema (`docs/report.schema.json`) is generated from these types. Addresses are in the file's
//! own address space; functions, call sites and annotations are sorted by address.

pub mod assemble;
mod binary;
mod evidence;
mod marks;
mod site;
mod types;
mod value;

pub use crate::abi::location::Scalar;
pub use crate::types::Role;
pub use binary::{Binary, Go, Module, Pack, Tool};
pub use evidence::{Call, Calls, Evidence, Line, ReadPlace, Side};
pub use site::{Annotation, Api, CallSite, Datum, DatumKind, InterfaceMethod};
pub use types::{Field, Method, Type};
pub use value::{Loc, Piece, Value};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The `schema` field of every report that this version writes.
pub const SCHEMA: &str = "goabi.report/1";

/// An address, written as a hex string such as `"0x47f0a0"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Addr(pub u64);

impl Serialize for Addr {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Addr {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        let digits = text.strip_prefix("0x").unwrap_or(&text);
        u64::from_str_radix(digits, 16).map(Addr).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Addr {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Addr".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^0x[0-9a-f]+$", "description": "An address of the file" })
    }
}

impl std::fmt::Display for Addr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// Everything that one analysis found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// Who wrote it.
    pub tool: Tool,
    /// The input.
    pub binary: Binary,
    /// What Go left in it.
    pub go: Go,
    /// Signature packs that were used.
    pub packs: Vec<Pack>,
    /// Types that functions refer to by `id`.
    pub types: Vec<Type>,
    /// Every function, by address.
    pub functions: Vec<Function>,
    /// Calls whose convention or target is worth more than what the callee's function says.
    pub call_sites: Vec<CallSite>,
    /// Bridges between Go and C, and other marked places.
    pub annotations: Vec<Annotation>,
    /// What else lies where, by address, when asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<Datum>,
    /// What was not possible, and why.
    pub notes: Vec<Note>,
}

/// How sure a claim is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Nothing is claimed.
    #[default]
    Unknown,
    /// Measured below 98 % right.
    Guess,
    /// Measured at 98 % right or better.
    Likely,
    /// No heuristic is in it; a wrong one is a bug.
    Exact,
}

/// Where a claim comes from, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Debug information.
    Dwarf,
    /// Table of runtime helpers with a convention of their own.
    Table,
    /// Written signature, from a module pack.
    Module,
    /// Written signature, from the standard library.
    Std,
    /// Runtime types: method tables, itabs, func types.
    Rtype,
    /// The register spills before the call of morestack.
    Spill,
    /// FUNCDATA_ArgInfo, with `_func.args`, ArgLiveInfo and pointer maps.
    ArgInfo,
    /// What instructions read and write.
    Code,
}

/// The convention of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub enum Abi {
    ABIInternal,
    ABI0,
    C,
    #[serde(rename = "custom")]
    Custom,
}

/// What a function is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum FunctionKind {
    #[default]
    Go,
    Closure,
    Wrapper,
    Asm,
    Cgo,
    Helper,
    C,
}

/// A function and its convention. Large programs have a hundred thousand, so lists have no room to grow, and what many
/// have in common is shared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Function {
    /// First instruction.
    pub entry: Addr,
    /// Behind the last instruction.
    pub end: Option<Addr>,
    /// Go's name, empty when it is gone.
    pub name: String,
    /// Its package, empty when unknown.
    pub package: Arc<str>,
    /// Source file, empty when unknown.
    pub file: Arc<str>,
    /// Line of the function's start, 0 when unknown.
    pub line: u32,
    /// Its convention.
    pub abi: Abi,
    /// Of C functions: `sysv`, `win64`, `cdecl`, `stdcall` or `aapcs64`.
    pub c_abi: Option<Box<str>>,
    /// What it is.
    pub kind: FunctionKind,
    /// It never returns to its caller.
    pub noreturn: bool,
    /// Its other face, when one is a wrapper of the other.
    pub pair: Option<Box<Pair>>,
    /// Further entries (duffzero, duffcopy).
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    pub entries: Box<[Entry]>,
    /// Receiver, dictionary and parameters, in the compiler's order.
    pub params: Box<[Value]>,
    /// Results.
    pub results: Box<[Value]>,
    /// The register that holds the closure, when the function reads it.
    pub closure_context: Option<Box<str>>,
    /// Captured variables.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    pub captures: Box<[Capture]>,
    /// Registers that a call destroys: upper-case names; empty when nothing is known of it.
    pub clobbers: Arc<Vec<String>>,
    /// Bytes from SP at entry to the argument area.
    pub arg_base: u32,
    /// Sizes in memory.
    pub frame: Frame,
    /// Who decided.
    pub source: Sides<Option<Source>>,
    /// How sure it is.
    pub confidence: Sides<Confidence>,
    /// Go-style prototype.
    pub prototype: Box<str>,
    /// IDA prototype with a neutral name, `null` when either side is unknown.
    pub usercall: Option<Box<str>>,
    /// Id of the tuple type that holds several results; set with `prototype` and `usercall` by `emit::fill`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tuple: Option<u32>,
    /// What else is to be said, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Every claim that was made, when asked for.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    pub evidence: Box<[Evidence]>,
    /// Instructions that show the convention, with those beside them, when evidence was asked for.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    pub listing: Box<[Line]>,
    /// Direct calls of it, when evidence was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callers: Option<Box<Calls>>,
    /// Direct calls that it makes, when evidence was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callees: Option<Box<Calls>>,
    /// Hash of its instructions with the addresses in them masked, when evidence was asked for: equal for the same code in
    /// two builds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Addr>,
}

/// Something said of the parameters and of the results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Sides<T> {
    /// Of the parameters.
    pub params: T,
    /// Of the results.
    pub results: T,
}

/// Two faces of one function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pair {
    /// `wrapper` (this one forwards to `target`) or `target` (`target` forwards to this one).
    pub role: String,
    /// The other one.
    pub target: Addr,
}

/// An entry in the middle of a function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Entry {
    /// Its address.
    pub at: Addr,
    /// Bytes that a call here clears or copies.
    pub bytes: u32,
}

/// A captured variable of a closure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Capture {
    /// Bytes from the start of the closure object.
    pub off: u32,
    /// Bytes.
    pub size: u32,
    /// Id of its type.
    #[serde(rename = "type")]
    pub ty: Option<u32>,
}

/// Sizes of what a function has on the stack, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Frame {
    /// Largest distance of SP from SP at entry.
    pub size: u32,
    /// `_func.args`, when the binary says it.
    pub args: Option<u32>,
    /// Stack-assigned parameters.
    pub stack_args: u32,
    /// Stack-assigned results.
    pub stack_results: u32,
    /// The spill area, which follows both.
    pub spill: u32,
    /// Whether it checks at its start that the stack is large enough, and grows it; nothing where code is not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grows: Option<bool>,
}

/// Something that was not possible, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Note {
    /// The place, when there is one.
    pub at: Option<Addr>,
    /// One sentence.
    pub text: String,
}
