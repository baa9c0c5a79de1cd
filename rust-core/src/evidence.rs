//! What each source knows of a function: one file per source. None sees another; [`crate::resolve`] picks.

pub mod arg_info;
pub mod boundary;
pub mod callers;
pub mod captures;
pub mod dictionary;
pub mod dwarf;
pub mod helpers;
pub mod methods;
pub mod receivers;
pub mod results;
pub mod signatures;

use crate::abi::location::Piece;
use crate::report::{Confidence, Source};
use crate::types::{Role, Signature, TypeId};
use std::sync::Arc;

/// A parameter or result and its places.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Value {
    /// Go name, empty when unknown.
    pub name: String,
    /// Receiver or dictionary.
    pub role: Option<Role>,
    /// Its type.
    pub ty: Option<TypeId>,
    /// Bytes.
    pub size: u32,
    /// In memory order of the value.
    pub pieces: Vec<Piece>,
}

/// What one source says of one side, parameters or results, of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Who says it.
    pub source: Source,
    /// How sure it is.
    pub confidence: Confidence,
    /// In order.
    pub values: Vec<Value>,
    /// In one line, when it is wanted.
    pub text: String,
    /// The address that it rests on.
    pub at: u64,
}

/// A signature that some source gives to a code address. Where its values are follows from the assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typed {
    /// Who says it.
    pub source: Source,
    /// Parameters (receiver first) and results.
    pub signature: Arc<Signature>,
    /// Whether the results are part of what it says.
    pub has_results: bool,
    /// How sure it is where the binary does not contradict it.
    pub confidence: Confidence,
    /// In one line, when it is wanted.
    pub text: String,
    /// The address that it rests on.
    pub at: u64,
}
