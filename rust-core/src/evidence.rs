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

use crate::abi::location::Pieces;
use crate::report::{Confidence, Source};
use crate::types::{Role, Signature, TypeId};
use std::sync::Arc;

/// A parameter or result and its places. There are hundreds of thousands, so nothing in it has room to grow.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Value {
    /// Go name, empty when unknown.
    pub name: Box<str>,
    /// Receiver or dictionary.
    pub role: Option<Role>,
    /// Its type.
    pub ty: Option<TypeId>,
    /// Bytes.
    pub size: u32,
    /// In memory order of the value.
    pub pieces: Pieces,
}

/// In one line, when it is wanted: mostly it is not, so it takes no more room than a pointer.
pub type Text = Option<Arc<String>>;

/// What one source says of one side, parameters or results, of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Who says it.
    pub source: Source,
    /// How sure it is.
    pub confidence: Confidence,
    /// In order.
    pub values: Box<[Value]>,
    /// What it rests on.
    pub text: Text,
    /// The address that it rests on.
    pub at: u64,
}

/// A signature that some source gives to a code address. Where its values are follows from the assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typed {
    /// The address.
    pub entry: u64,
    /// Who says it.
    pub source: Source,
    /// Parameters (receiver first) and results.
    pub signature: Arc<Signature>,
    /// Whether the results are part of what it says.
    pub has_results: bool,
    /// How sure it is where the binary does not contradict it.
    pub confidence: Confidence,
    /// What it rests on.
    pub text: Text,
    /// The address that it rests on.
    pub at: u64,
}

/// What sources say of code addresses: debug information first, then in the order in which it was added.
#[derive(Debug)]
pub struct TypedEntries(Vec<Typed>);

impl TypedEntries {
    /// Sorts what was found.
    pub fn new(mut found: Vec<Typed>) -> TypedEntries {
        found.sort_by_cached_key(|typed| (typed.entry, typed.source != Source::Dwarf));
        TypedEntries(found)
    }

    /// What is said of the code at each of `entries`, which ascend.
    pub fn of_each(&self, entries: impl Iterator<Item = u64>) -> Vec<&[Typed]> {
        let mut rest = self.0.as_slice();
        let each = entries.map(|entry| {
            let before = rest.iter().take_while(|typed| typed.entry < entry).count();
            rest = rest.get(before..).unwrap_or_default();
            let len = rest.iter().take_while(|typed| typed.entry == entry).count();
            rest.get(..len).unwrap_or_default()
        });
        each.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(entry: u64, source: Source) -> Typed {
        let signature = Arc::new(Signature::default());
        let (confidence, text) = (Confidence::Exact, None);
        Typed { entry, source, signature, has_results: true, confidence, text, at: entry }
    }

    #[test]
    fn each_entry_gets_what_is_said_of_it_debug_information_first() {
        let found = [(8, Source::Rtype), (3, Source::Std), (8, Source::Dwarf), (5, Source::Rtype)];
        let entries = TypedEntries::new(found.map(|(entry, source)| typed(entry, source)).into());
        let said = entries.of_each([1, 3, 8, 9].into_iter());
        let sources = said.iter().map(|said| said.iter().map(|typed| typed.source).collect::<Vec<_>>());
        let expected = [vec![], vec![Source::Std], vec![Source::Dwarf, Source::Rtype], vec![]];
        assert_eq!(sources.collect::<Vec<_>>(), expected);
    }
}
