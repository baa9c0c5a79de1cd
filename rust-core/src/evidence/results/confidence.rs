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

/// The decision in one line: what was counted, the rule, and what it saw.
pub fn text(ints: &Decision, floats: &Decision) -> String {
    let side = |d: &Decision| format!("{:?}{}", d.rule, seen(d));
    match floats.count {
        0 if floats.rule == Rule::Bounds => side(ints),
        _ => format!("{}; floats {}", side(ints), side(floats)),
    }
}

fn seen(decision: &Decision) -> String {
    let s = &decision.seen;
    let words = [
        (s.read, "read"),
        (s.untouched, "untouched"),
        (s.constant, "constant"),
        (s.moved, "moved"),
        (s.call_unread, "call"),
        (s.call_read, "call+read"),
        (s.indirect_unread, "indirect"),
        (s.indirect_read, "indirect+read"),
    ];
    let mut text: String = words.iter().filter(|(on, _)| *on).map(|(_, word)| format!(" {word}")).collect();
    if decision.above_zero {
        text.push_str(" >0");
    }
    match decision.ignored {
        0 => {}
        1 => text.push_str(" N1"),
        2..=4 => text.push_str(" N2"),
        _ => text.push_str(" N5"),
    }
    text
}
