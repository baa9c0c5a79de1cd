//! Parameters and results, and the places that they are in. A report has hundreds of thousands, so they are small.

use crate::abi::location::Scalar;
use crate::abi::registers;
use crate::types::Role;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A parameter or result.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Value {
    /// Go name, empty when unknown.
    pub name: Box<str>,
    /// Receiver or dictionary.
    pub role: Option<Role>,
    /// Id of its type.
    #[serde(rename = "type")]
    pub ty: Option<u32>,
    /// Id of a type made for hosts, when `type` is not known or its C form would not show which bytes are padding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<u32>,
    /// Bytes.
    pub size: u32,
    /// In memory order of the value; padding has no piece.
    pub pieces: Box<[Piece]>,
}

/// A part of a value that is in one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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

/// A register or a place on the stack, written `RAX` (upper-case full name) or `stack+16`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Loc {
    /// The register of that name, or its low part, as the piece's size says.
    Register(&'static str),
    /// Bytes from the start of the argument area.
    Stack(u64),
}

const STACK: &str = "stack+";

impl Loc {
    /// Reads what [`fmt::Display`] writes; `None` for anything but a register of some machine or a stack slot.
    pub fn parse(text: &str) -> Option<Loc> {
        match text.strip_prefix(STACK) {
            Some(offset) => offset.parse().ok().map(Loc::Stack),
            None => registers::known_name(text).map(Loc::Register),
        }
    }
}

impl fmt::Display for Loc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Loc::Register(name) => f.write_str(name),
            Loc::Stack(offset) => write!(f, "{STACK}{offset}"),
        }
    }
}

impl Serialize for Loc {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Loc::Register(name) => serializer.serialize_str(name),
            Loc::Stack(_) => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Loc {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Loc::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("`{text}` is neither a register nor stack+N")))
    }
}

impl JsonSchema for Loc {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Loc".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": r"^(stack\+[0-9]+|[A-Z][A-Z0-9]*)$",
            "description": "Upper-case full register name, or `stack+N`: bytes from the start of the argument area"
        })
    }
}
