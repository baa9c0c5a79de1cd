//! Runtime types: method tables, itabs, and the equality and hash functions of types.
//!
//! *Reads* what `golang::methods` finds. *Can be trusted*: reflection and interface calls of the program itself rely
//! on it. An address of which two types say different things is left out.

use super::Typed;
use crate::golang::methods::typed_code;
use crate::golang::rtype::TypeReader;
use crate::report::{Confidence, Source};
use crate::types::Types;
use foldhash::HashMap;

/// Adds the signature of every code address that runtime types speak of. `explain`: in words too.
pub fn collect(reader: &mut TypeReader<'_>, types: &mut Types, explain: bool, out: &mut HashMap<u64, Vec<Typed>>) {
    for code in typed_code(reader, types).into_iter().filter(|c| !c.disputed) {
        let text = if explain { code.text(types) } else { String::new() };
        let (source, confidence) = (Source::Rtype, Confidence::Exact);
        let typed = Typed { source, signature: code.signature, has_results: true, confidence, text, at: code.at };
        out.entry(code.addr).or_default().push(typed);
    }
}
