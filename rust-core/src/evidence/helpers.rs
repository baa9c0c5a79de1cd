//! Runtime helpers with a convention of their own, found by name or, when names are gone, by their code.
//!
//! *Reads* names, funcIDs and first bytes. *Can be trusted*: each row is what the helper's assembly does (amd64:
//! `runtime/asm_amd64.s`, `runtime/duff_amd64.s`, `runtime/memmove_amd64.s`, …) and patterns are whole-instruction.

pub mod duff;
mod rows;

use crate::abi::location::{Reg, RegSet};
use crate::golang::func_id::FuncId;
use crate::golang::pclntab::Func;
use crate::program::Program;
use rows::{CHECKS, INJECTED, NO_RETURN, Row, checked, rows};

/// What is special about a helper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Special {
    /// Grows the stack and restarts the caller.
    Morestack,
    /// Never comes back.
    NoReturn,
    /// The same, and gets these registers: a check of an index has failed.
    Check(&'static [u8]),
    /// Comes back, although its code does not show it: it switches to another stack, and back some other time.
    Resumed,
    /// Changes only `kills`, needs only `reads`, gives `writes`.
    Preserving {
        /// What it needs.
        reads: RegSet,
        /// What it changes.
        kills: RegSet,
        /// What it gives back.
        writes: RegSet,
    },
    /// An ordinary register convention that its code does not show: parameters and result count.
    Plain {
        /// Its parameters.
        params: RegSet,
        /// Integer registers with results.
        results: u8,
    },
    /// No results, although callers look at the first result register (`deferproc`: whether a panic was recovered).
    Deferproc,
    /// Returns new memory.
    Allocator,
}

/// A helper found in the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Helper {
    /// The runtime's name of it.
    pub name: &'static str,
    /// What is special about it.
    pub special: Special,
}

impl Helper {
    /// Whether it departs from the conventions of Go code.
    pub fn has_own_convention(&self) -> bool {
        let Helper { special, .. } = self;
        matches!(special, Special::Morestack | Special::Preserving { .. } | Special::Plain { .. } | Special::Check(_))
    }

    /// Whether it comes back, where that is known whatever its code says.
    pub fn comes_back(&self) -> Option<bool> {
        match self.special {
            Special::NoReturn | Special::Check(_) => Some(false),
            Special::Resumed | Special::Preserving { .. } => Some(true),
            _ => None,
        }
    }
}

/// Packages of all helpers.
const PACKAGES: [&str; 2] = ["runtime.", "internal/bytealg."];

/// Longest row of bytes.
const LONGEST: u64 = 32;

/// The helper that a function with that name is. Only assembly (`asm`) is recognised by its code.
pub fn find(program: &Program<'_>, func: &Func, name: &str, asm: bool) -> Option<Helper> {
    // Rows of the register convention say nothing of programs without it.
    let holds = |helper: &Helper| program.internal.uses_registers() || !matches!(helper.special, Special::Plain { .. });
    let found =
        by_id(func).or_else(|| by_name(program, func, name)).or_else(|| asm.then(|| by_code(program, func)).flatten());
    found.filter(holds)
}

fn by_id(func: &Func) -> Option<Helper> {
    match func.id {
        FuncId::Morestack => Some(Helper { name: "runtime.morestack", special: Special::Morestack }),
        FuncId::Gopanic => Some(Helper { name: "runtime.gopanic", special: Special::NoReturn }),
        FuncId::Mcall => Some(Helper { name: "runtime.mcall", special: Special::Resumed }),
        FuncId::AsyncPreempt => Some(Helper { name: "runtime.asyncPreempt", special: INJECTED }),
        FuncId::Panicwrap => Some(Helper { name: "runtime.panicwrap", special: Special::NoReturn }),
        _ => None,
    }
}

fn by_name(program: &Program<'_>, func: &Func, name: &str) -> Option<Helper> {
    if !PACKAGES.iter().any(|package| name.starts_with(package)) {
        return None;
    }
    // A helper that assembly of another package calls has a wrapper of the same name, with the stack ABI.
    let is_wrapper = func.id == FuncId::Wrapper;
    let mut named = rows(program.image.arch).iter().filter(|r| r.name == name && !is_wrapper).peekable();
    let only = named.peek().copied();
    // Several of one name are told apart by their code.
    let named = only.and_then(|only| {
        let code = start(program, func);
        named.find(|row| has_code(code, row)).or(Some(only))
    });
    if let Some(special) = check(program, name).filter(|_| !is_wrapper) {
        return Some(Helper { name: "runtime.panicIndex", special });
    }
    let gone = || NO_RETURN.iter().find(|n| **n == name).map(|n| Helper { name: n, special: Special::NoReturn });
    named.map(helper).or_else(gone)
}

fn check(program: &Program<'_>, name: &str) -> Option<Special> {
    let name = name.strip_prefix("runtime.panic")?;
    let extended = name.strip_prefix("Extend");
    let kind = extended.unwrap_or(name).trim_end_matches('U');
    let at = CHECKS.iter().find(|row| row.0 == kind)?.1;
    checked(program.image.arch, extended.is_some()).get(at).map(|registers| Special::Check(registers))
}

fn by_code(program: &Program<'_>, func: &Func) -> Option<Helper> {
    let code = start(program, func);
    rows(program.image.arch).iter().find(|row| has_code(code, row)).map(helper)
}

fn start<'p>(program: &'p Program<'_>, func: &Func) -> &'p [u8] {
    program.code_from(func.entry, func.end.min(func.entry + LONGEST))
}

fn has_code(code: &[u8], row: &Row) -> bool {
    !row.code.is_empty() && starts_with(code, row.code)
}

fn helper(row: &Row) -> Helper {
    Helper { name: row.name, special: row.special }
}

fn starts_with(code: &[u8], pattern: &str) -> bool {
    let mut code = code.iter();
    pattern.split(' ').all(|byte| {
        let here = code.next();
        here.is_some_and(|b| byte == ".." || u8::from_str_radix(byte, 16) == Ok(*b))
    })
}

/// Registers of a set, in numeric order.
pub fn members(set: RegSet) -> impl Iterator<Item = Reg> {
    (0..64).map(Reg).filter(move |r| set.has(*r))
}
