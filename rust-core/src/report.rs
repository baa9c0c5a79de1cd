//! The report (`goabi.report/1`): the one contract between the core and every front end.
//!
//! Plain data. Its JSON Schema (`docs/report.schema.json`) is generated from these types. Addresses are in the file's
//! own address space; functions, call sites and annotations are sorted by address.

pub mod assemble;
mod types;

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
    /// What was not possible, and why.
    pub notes: Vec<Note>,
}

/// The writer of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// `goabi`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// The analysed input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Binary {
    /// Of all bytes of the input, in hex.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
    /// `elf`, `pe`, `macho` or `segments`.
    pub format: String,
    /// `GOOS`, or `unknown`.
    pub os: String,
    /// `GOARCH`.
    pub arch: String,
    /// The address that the file asks to be loaded at; hosts rebase from it.
    pub image_base: Addr,
    /// The program's entry point.
    pub entry: Addr,
}

/// Go's own metadata.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Go {
    /// `go1.24.11`, or a range such as `go1.20-go1.25` when it was inferred.
    pub version: String,
    /// `buildinfo`, `buildVersion` or `inferred`.
    pub version_source: String,
    /// `ABIInternal` or `ABI0`: what compiled functions use.
    pub abi: String,
    /// Main module path, empty when unknown.
    pub module: String,
    /// Dependencies, from the build info.
    pub deps: Vec<Module>,
    /// Build settings, from the build info.
    pub settings: std::collections::BTreeMap<String, String>,
    /// Where pclntab is.
    pub pclntab: Option<Addr>,
    /// Where the moduledata structures are.
    pub moduledata: Vec<Addr>,
    /// Whether C code is linked in.
    pub cgo: bool,
    /// Whether names or structures were obfuscated.
    pub obfuscated: bool,
    /// Whether neither a symbol table nor DWARF was used.
    pub stripped: bool,
}

/// A module and its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Module {
    /// Module path.
    pub path: String,
    /// Version.
    pub version: String,
}

/// A signature pack that took part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pack {
    /// Module path.
    pub module: String,
    /// Module version.
    pub version: String,
    /// Of the pack.
    pub sha256: String,
    /// `used`, `nearest version` or why not.
    pub status: String,
}

/// A type. References are ids, so types may recurse.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Type {
    /// Index in `types`.
    pub id: u32,
    /// Go spelling.
    pub go_name: String,
    /// How C spells it: a word of IDA's C for a number, an identifier that is unique in the report for what has a
    /// declaration, either with `*` for a pointer. Set by `emit::fill`.
    pub c_name: String,
    /// `reflect.Kind`'s name in lower case: `int64`, `string`, `struct`, …; `tuple` for several results.
    pub kind: String,
    /// Bytes.
    pub size: u64,
    /// Bytes.
    pub align: u32,
    /// Of a struct or tuple.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
    /// Of a pointer, slice, array, map or chan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elem: Option<u32>,
    /// Of an array.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub len: Option<u64>,
    /// Of a map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<u32>,
    /// Of a func.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<u32>,
    /// Of a func.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<u32>,
    /// Of an interface, in slot order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<Method>,
    /// `dwarf`, `rtype`, `std`, `module` or `shape` (made from what is known of a value without a type).
    pub source: String,
}

/// A field of a [`Type`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Field {
    /// Go name.
    pub name: String,
    /// Bytes from the start.
    pub offset: u64,
    /// Id of its type.
    #[serde(rename = "type")]
    pub ty: u32,
}

/// A method of an interface [`Type`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Method {
    /// Go name.
    pub name: String,
    /// Id of its func type, without receiver.
    #[serde(rename = "type")]
    pub ty: Option<u32>,
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

/// A function and its convention.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Function {
    /// First instruction.
    pub entry: Addr,
    /// Behind the last instruction.
    pub end: Option<Addr>,
    /// Go's name, empty when it is gone.
    pub name: String,
    /// Its package, empty when unknown.
    pub package: String,
    /// Source file, empty when unknown.
    pub file: String,
    /// Line of the function's start, 0 when unknown.
    pub line: u32,
    /// Its convention.
    pub abi: Abi,
    /// Of C functions: `sysv`, `win64`, `cdecl`, `stdcall` or `aapcs64`.
    pub c_abi: Option<String>,
    /// What it is.
    pub kind: FunctionKind,
    /// It never returns to its caller.
    pub noreturn: bool,
    /// Its other face, when one is a wrapper of the other.
    pub pair: Option<Pair>,
    /// Further entries (duffzero, duffcopy).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<Entry>,
    /// Receiver, dictionary and parameters, in the compiler's order.
    pub params: Vec<Value>,
    /// Results.
    pub results: Vec<Value>,
    /// The register that holds the closure, when the function reads it.
    pub closure_context: Option<String>,
    /// Captured variables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub captures: Vec<Capture>,
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
    pub prototype: String,
    /// IDA prototype with a neutral name, `null` when either side is unknown.
    pub usercall: Option<String>,
    /// Id of the tuple type that holds several results; set with `prototype` and `usercall` by `emit::fill`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tuple: Option<u32>,
    /// What else is to be said, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Every claim that was made, when asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
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

/// A parameter or result.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Value {
    /// Go name, empty when unknown.
    pub name: String,
    /// `receiver` or `dict`.
    pub role: Option<String>,
    /// Id of its type.
    #[serde(rename = "type")]
    pub ty: Option<u32>,
    /// Id of a type made for hosts, when `type` is not known or its C form would not show which bytes are padding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<u32>,
    /// Bytes.
    pub size: u32,
    /// In memory order of the value; padding has no piece.
    pub pieces: Vec<Piece>,
}

/// A part of a value that is in one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Piece {
    /// Bytes from the start of the value.
    pub off: u32,
    /// Bytes.
    pub size: u32,
    /// Upper-case full register name, or `stack+N`.
    pub loc: String,
    /// `word` (integer or pointer, not known which), `int`, `uint`, `bool`, `ptr`, `float` or `vector`.
    pub kind: String,
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
}

/// One source's claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// Who claims it.
    pub source: Source,
    /// What, in one line.
    pub claim: String,
    /// Addresses that it rests on.
    pub at: Vec<Addr>,
    /// Whether it agrees with what was decided.
    pub agrees: bool,
}

/// A call whose convention is known at the call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CallSite {
    /// The call instruction.
    pub at: Addr,
    /// Entry of the function that it is in.
    #[serde(rename = "in")]
    pub within: Addr,
    /// `closure`, `interface`, `cgo`, `stdcall`, `syscall`, …
    pub kind: String,
    /// Where it can go.
    pub targets: Vec<Addr>,
    /// What it passes.
    pub params: Vec<Value>,
    /// What comes back.
    pub results: Vec<Value>,
    /// Registers that it destroys.
    pub clobbers: Vec<String>,
    /// The operating system's function that it reaches.
    pub api: Option<Api>,
    /// The interface method that it calls.
    pub interface: Option<InterfaceMethod>,
    /// What the arguments are, as far as they are constant.
    pub values: Vec<String>,
    /// IDA type of the called pointer.
    pub usercall: Option<String>,
    /// Id of the tuple type that holds several results.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tuple: Option<u32>,
    /// Who says so.
    pub source: Source,
    /// How sure it is.
    pub confidence: Confidence,
}

/// A function of the operating system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Api {
    /// Library, empty when unknown.
    pub dll: String,
    /// Function.
    pub name: String,
}

/// A method of an interface type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InterfaceMethod {
    /// Interface type's Go name.
    #[serde(rename = "type")]
    pub ty: String,
    /// Method name.
    pub method: String,
}

/// A marked place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Annotation {
    /// Where.
    pub at: Addr,
    /// What it is: `crosscall2`, `cgocallback`, …
    pub role: String,
    /// Name to show.
    pub name: String,
    /// One line.
    pub comment: String,
    /// Who comes next on the way.
    pub next: Vec<Addr>,
    /// Who calls it.
    pub callers: Vec<Addr>,
    /// C name of the argument struct.
    pub frame_type: Option<String>,
    /// Which stack it runs on.
    pub stack: Option<String>,
}

/// Something that was not possible, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Note {
    /// The place, when there is one.
    pub at: Option<Addr>,
    /// One sentence.
    pub text: String,
}
