//! How often each rule is right: the measured tiers.

use super::Inferred;
use super::decide::{Decision, Rule};
use crate::report::Confidence;

/// The tier of every decision of a class. One that leans on a callee is no surer than the callee's own.
pub fn tiers(decisions: &[Decision]) -> Vec<Confidence> {
    let own: Vec<Confidence> = decisions.iter().map(tier).collect();
    let leaned = |d: &Decision| d.callee.and_then(|c| own.get(c as usize)).copied();
    decisions.iter().zip(&own).map(|(d, own)| leaned(d).map_or(*own, |callee| callee.min(*own))).collect()
}

/// The confidence of a function's results.
pub fn of(inferred: &Inferred, stack_bytes: u32) -> Confidence {
    // Which comes first, an integer or a float, an integer or a stack slot, is not known from code.
    let kinds = [inferred.ints.count > 0, inferred.floats.count > 0, stack_bytes > 0];
    let several = kinds.into_iter().filter(|some| *some).count() > 1;
    if several { inferred.tier.min(Confidence::Guess) } else { inferred.tier }
}

/// 98 % and more right is likely. `docs/results.md` says what the rules are.
fn tier(decision: &Decision) -> Confidence {
    let seen = &decision.seen;
    let settled = match decision.rule {
        Rule::Known | Rule::Bounds | Rule::Estimates | Rule::Allocation => true,
        // What callers ignore, or what is read and a parameter besides, was not kept for them.
        Rule::Low if seen.read && seen.untouched => true,
        Rule::Low if seen.read => seen.call_read || decision.ignored == 0,
        Rule::Low if seen.untouched => decision.ignored >= 2,
        Rule::Low => seen.call_read && decision.ignored > 0,
        _ => false,
    };
    if settled { Confidence::Likely } else { Confidence::Guess }
}

/// The decision in one line: what was counted, the rule, and what it saw.
pub fn text(inferred: &Inferred) -> String {
    let Inferred { ints, floats, .. } = inferred;
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
