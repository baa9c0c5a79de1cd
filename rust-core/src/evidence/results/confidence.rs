//! How often each rule is right: the measured tiers.

use super::decide::{Decision, Rule};
use crate::report::Confidence;

/// The confidence of a function's results.
pub fn of(ints: &Decision, floats: &Decision, stack_bytes: u32) -> Confidence {
    let mixed = floats.count > 0 && ints.count > 0;
    let registers = tier(ints).min(tier(floats));
    // Which comes first, an integer or a float, an integer or a stack slot, is not known from code.
    let ordered = !mixed && (stack_bytes == 0 || ints.count + floats.count == 0);
    if ordered { registers } else { registers.min(Confidence::Guess) }
}

fn tier(decision: &Decision) -> Confidence {
    match decision.rule {
        Rule::Known | Rule::Bounds | Rule::Estimates | Rule::Allocation => Confidence::Likely,
        _ => Confidence::Guess,
    }
}

/// The decision in one line.
pub fn text(ints: &Decision, floats: &Decision) -> String {
    format!("{} integer registers ({:?}), {} float registers ({:?})", ints.count, ints.rule, floats.count, floats.rule)
}
