//! What a report says of places inside functions: calls, and marked addresses.

use super::{Addr, Confidence, Source, Value};
use schemars::JsonSchema;
use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A call whose convention is known at the call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CallSite {
    /// The call instruction.
    pub at: Addr,
    /// Entry of the function that it is in.
    #[serde(rename = "in")]
    pub within: Addr,
    /// `closure`, `interface`, `cgo`, `stdcall`, `syscall`, …
    pub kind: Cow<'static, str>,
    /// Where it can go.
    pub targets: Vec<Addr>,
    /// What it passes.
    pub params: Box<[Value]>,
    /// What comes back.
    pub results: Box<[Value]>,
    /// Registers that it destroys.
    pub clobbers: Arc<Vec<String>>,
    /// The operating system's function that it reaches.
    pub api: Option<Box<Api>>,
    /// The interface method that it calls.
    pub interface: Option<Arc<InterfaceMethod>>,
    /// What the arguments are, as far as they are constant.
    pub values: Vec<String>,
    /// IDA type of the called pointer.
    pub usercall: Option<Box<str>>,
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

/// A place that is no function, with what is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Datum {
    /// Its first byte.
    pub at: Addr,
    /// Bytes; 0 when unknown.
    pub size: u64,
    /// What it is.
    pub kind: DatumKind,
    /// Of a type its Go name, of an itab both (`*os.File,io.Writer`), of a string its text, which is cut when it is long.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

/// What lies at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DatumKind {
    /// A runtime type.
    Type,
    /// An itab: the methods of a type as an interface has them.
    Itab,
    /// The runtime's table of a module.
    Moduledata,
    /// A string literal, as code uses it.
    String,
    /// The code of a function that grows its stack and starts it again.
    StackGrowth,
}
