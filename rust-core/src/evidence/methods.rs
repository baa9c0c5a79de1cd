//! Runtime types: method tables, itabs, and the equality and hash functions of types.
//!
//! *Reads* what `golang::methods` finds. *Can be trusted*: reflection and interface calls of the program itself rely
//! on it. An address of which two types say different things is left out.

use super::Typed;
use crate::golang::methods;
use crate::golang::rtype::TypeReader;
use crate::report::{Confidence, Source};
use crate::types::{TypeId, Types};
use std::sync::Arc;

/// The signature of every code address that runtime types speak of, and the receivers of all code in method tables.
/// `explain`: in words too.
pub fn collect(reader: &mut TypeReader<'_>, types: &mut Types, explain: bool) -> (Vec<Typed>, Vec<(u64, TypeId)>) {
    let methods = methods::read(reader, types);
    let typed = |code: methods::TypedCode<'_>| {
        let text = explain.then(|| Arc::new(code.text(types)));
        let (source, confidence) = (Source::Rtype, Confidence::Exact);
        let (entry, signature, at) = (code.addr, code.signature, code.at);
        Typed { entry, source, signature, has_results: true, confidence, text, at }
    };
    (methods.code.into_iter().filter(|c| !c.disputed).map(typed).collect(), methods.receivers)
}
