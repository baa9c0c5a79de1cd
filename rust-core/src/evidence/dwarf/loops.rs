//! Functions with range-over-func loops. Where such a loop's body returns from the function around it, the compiler
//! renames that function's unnamed results, and then does not list them (`cmd/compile/internal/rangefunc`, Go 1.23).

use crate::golang::symbol_name::{NameKind, SymbolName};
use std::collections::HashSet;

/// What the names of loop bodies say of the functions around them.
#[derive(Debug, Default)]
pub(super) struct Loops<'a> {
    functions: HashSet<&'a str>,
    /// Without package and receiver: wrappers of a method share its types, and so its faults.
    methods: HashSet<&'a str>,
}

impl<'a> Loops<'a> {
    /// Looks at the names of all functions, abstract ones too: bodies may be inlined everywhere.
    pub(super) fn of(names: impl Iterator<Item = &'a str>) -> Loops<'a> {
        let mut out = Loops::default();
        for (name, at) in names.filter_map(|name| Some((name, name.rfind("-range")?))) {
            let Some(around) = name.get(..at) else { continue };
            out.functions.insert(around);
            let symbol = SymbolName::parse(around);
            if symbol.kind == NameKind::Func && symbol.receiver.is_some() {
                out.methods.insert(symbol.name);
            }
        }
        out
    }

    /// Whether no listed results may mean that they are hidden.
    pub(super) fn hide_results(&self, symbol: &str, name: &SymbolName<'_>) -> bool {
        let is_method = name.kind == NameKind::Func && name.receiver.is_some();
        self.functions.contains(symbol) || (is_method && self.methods.contains(name.name))
    }
}
