//! Statements that the runtime carries out (`go`, `defer`, `panic`), and calls with a variable number of arguments: which
//! function runs, and what is passed.

use super::callbacks;
use super::look::argument;
use super::sites::Site;
use super::targets::Meant;
use super::walk::Walk;
use crate::code::step::Located;
use crate::code::values::{State, Value};
use crate::report::Abi;
use crate::types::Kind;

/// What stands for a value of which nothing is known.
const UNKNOWN: &str = "?";
/// Elements of a variadic call that are listed.
const MOST: u64 = 32;
/// Bytes of a string that are shown.
const LONGEST: u64 = 80;
/// Bytes from a `_defer` record to its func value (`runtime/runtime2.go`, all of Go 1.13 to 1.27).
const DEFER_FN: i64 = 24;

impl Walk<'_, '_, '_> {
    /// A call that carries out a statement.
    pub(super) fn statement(&mut self, call: &Located, callee: usize, meant: Meant, state: &State) {
        let shared = self.shared;
        let abi = shared.resolved[callee].abi;
        let arg = |n| argument(shared.program, state, abi, n);
        // Up to Go 1.17 the size of the arguments comes first.
        let sized = shared.resolved[callee].params.as_ref().is_some_and(|claim| claim.values.len() == 2);
        let site = match meant {
            Meant::Go | Meant::Defer => {
                let kind = if meant == Meant::Go { "go" } else { "defer" };
                self.func_value(kind, arg(usize::from(sized)))
            }
            Meant::DeferOnStack => match arg(0) {
                Value::Frame(at) => self.func_value("defer", state.frame(i64::from(at) + DEFER_FN, 8)),
                _ => self.func_value("defer", Value::Unknown),
            },
            Meant::Panic => Site { words: vec![self.element(arg(0), arg(1))], ..Site::new("panic") },
            Meant::Callback => {
                let (site, ty) = (self.func_value(callbacks::KIND, arg(1)), self.element(arg(0), arg(1)));
                // Who only passes it on says nothing.
                if site.target.is_none() && ty == UNKNOWN {
                    return;
                }
                Site { words: vec![ty], ..site }
            }
            Meant::Variadic(first) => match self.variadic(usize::from(first), abi, state) {
                Some(words) => {
                    Site { target: Some(shared.program.funcs()[callee].entry), words, ..Site::new("variadic") }
                }
                None => return,
            },
            _ => return,
        };
        self.push(call, site);
    }

    fn func_value(&self, kind: &'static str, value: Value) -> Site {
        let target = self.function_of(value).and_then(|func| self.shared.program.funcs().get(func as usize));
        Site { target: target.map(|func| func.entry), ..Site::new(kind) }
    }

    /// The arguments of a call whose `[]any` begins with that argument word: the string in front of them, and the elements.
    fn variadic(&self, first: usize, abi: Abi, state: &State) -> Option<Vec<String>> {
        let arg = |n| argument(self.shared.program, state, abi, n);
        let count = arg(first + 1).constant().filter(|count| *count <= MOST)?;
        let format = first.checked_sub(2).and_then(|n| self.string(arg(n), arg(n + 1)));
        let word = |at: i32, off: i64| state.frame(i64::from(at) + off, 8);
        let elements = match arg(first) {
            Value::Frame(at) => {
                (0..count as i64).map(|n| self.element(word(at, 16 * n), word(at, 16 * n + 8))).collect::<Vec<_>>()
            }
            _ if count == 0 => Vec::new(),
            _ => return None,
        };
        Some(format.into_iter().chain(elements).collect())
    }

    /// What an interface value without methods is: its type, and the text if it is a constant string.
    fn element(&self, ty: Value, data: Value) -> String {
        let program = self.shared.program;
        let Value::Const(at) = ty else { return "?".to_string() };
        if at == 0 {
            return "nil".to_string();
        }
        let Some(known) = self.shared.known.ty(at).and_then(|ty| self.shared.types.get(ty)) else {
            return UNKNOWN.to_string();
        };
        let text = || {
            let at = data.constant()?;
            let len = program.image.word(at.wrapping_add(8))?;
            self.string(Value::Const(program.image.word(at)?), Value::Const(len))
        };
        match known.kind {
            Kind::String => text().unwrap_or_else(|| known.name.clone()),
            _ => known.name.clone(),
        }
    }

    /// A string constant, quoted, and cut when it is long.
    fn string(&self, at: Value, len: Value) -> Option<String> {
        let (at, len) = (at.constant()?, len.constant()?);
        let bytes = self.shared.program.image.bytes(at, usize::try_from(len.min(LONGEST)).ok()?)?;
        let text = std::str::from_utf8(bytes).ok().filter(|text| !text.is_empty())?;
        let more = if len > LONGEST { "…" } else { "" };
        Some(format!("{text:?}{more}"))
    }
}
