//! Helpers with a convention of their own, as claims.

use super::params;
use super::sides::Input;
use crate::abi::location::Reg;
use crate::evidence::helpers::{Special, members};
use crate::evidence::{Claim, Value};
use crate::report::{Abi, Confidence, Source};
use std::sync::Arc;

/// The convention of a helper that has its own, from the table.
pub(super) fn of_helper(input: &Input<'_, '_>) -> Option<(Abi, Claim, Claim)> {
    let Input { program, func, first, .. } = *input;
    let helper = first.helper.as_deref()?;
    let (abi, params, results) = match helper.special {
        Special::Preserving { reads, writes, .. } => (Abi::Custom, members(reads).collect(), members(writes).collect()),
        Special::Plain { params, results } => {
            let params: Vec<Reg> = program.internal.ints.iter().copied().filter(|r| params.has(*r)).collect();
            (Abi::ABIInternal, params, program.internal.ints.iter().copied().take(usize::from(results)).collect())
        }
        Special::Check(registers) => (Abi::Custom, registers.iter().copied().map(Reg).collect(), Vec::new()),
        _ => return None,
    };
    // As the runtime's sources name them.
    let names: &[&str] = match helper.special {
        Special::Check([_, _]) => &["x", "y"],
        Special::Check(_) => &["hi", "lo", "y"],
        _ => &[],
    };
    let word = program.image.arch.ptr_size();
    let value = |(n, reg): (usize, Reg)| {
        let name = names.get(n).copied().unwrap_or_default().into();
        Value { name, ..params::register_value(reg, word) }
    };
    let claim = |regs: Vec<Reg>| Claim {
        source: Source::Table,
        confidence: Confidence::Exact,
        values: regs.into_iter().enumerate().map(value).collect(),
        text: program.explain.then(|| Arc::new(helper.name.to_string())),
        at: func.entry,
    };
    Some((abi, claim(params), claim(results)))
}
