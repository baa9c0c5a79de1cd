//! What to say of a function that is not there.

use crate::report::{Function, Report};
use std::collections::HashSet;

/// Names offered instead.
const OFFERED: usize = 5;
/// Shared pairs of letters, of all that two names have, from which on one may have been meant for the other.
const SIMILAR: f64 = 0.5;

/// Addresses of a function; where its end is not known, its first.
pub(super) fn code(f: &Function) -> std::ops::Range<u64> {
    f.entry.0..f.end.map_or(f.entry.0.saturating_add(1), |end| end.0)
}

/// Why `wanted` names no function of `report`, which has them all, and what may have been meant.
pub(super) fn not_found(wanted: &str, report: &Report) -> String {
    if let Some(Ok(_)) = wanted.strip_prefix("0x").map(|digits| u64::from_str_radix(digits, 16)) {
        return format!("no function contains {wanted}; {}", extent(report));
    }
    let near = near(wanted, report.functions.iter().map(|f| f.name.as_str()));
    match near.as_slice() {
        [] if report.functions.iter().all(|f| f.name.is_empty()) => {
            format!("no function is named {wanted}: the names are gone; give an address such as 0x47f0a0")
        }
        [] => format!("no function is named {wanted}, nor anything like it"),
        near => format!("no function is named {wanted}; near it: {}", near.join(", ")),
    }
}

fn extent(report: &Report) -> String {
    match (report.functions.first(), report.functions.last()) {
        (Some(first), Some(last)) => format!("functions begin at {} to {}", first.entry, last.entry),
        _ => "there are no functions".into(),
    }
}

/// Names that contain `wanted`, shortest first; else those that look most like it.
fn near<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let lower = wanted.to_lowercase();
    let pairs = letter_pairs(&lower);
    let mut ranked: Vec<(bool, f64, &str)> = names
        .map(|name| (name.to_lowercase(), name))
        .map(|(low, name)| (low.contains(&lower), likeness(&pairs, &letter_pairs(&low)), name))
        .filter(|(contains, likeness, _)| *contains || *likeness >= SIMILAR)
        .collect();
    ranked.sort_by(|a, b| b.0.cmp(&a.0).then(b.1.total_cmp(&a.1)).then(a.2.cmp(b.2)));
    ranked.dedup_by_key(|(_, _, name)| *name);
    ranked.into_iter().take(OFFERED).map(|(_, _, name)| name).collect()
}

fn letter_pairs(name: &str) -> HashSet<(u8, u8)> {
    name.bytes().zip(name.bytes().skip(1)).collect()
}

/// Dice's coefficient: 1 for the same pairs, 0 for none in common.
fn likeness(a: &HashSet<(u8, u8)>, b: &HashSet<(u8, u8)>) -> f64 {
    2.0 * a.intersection(b).count() as f64 / (a.len() + b.len()).max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offers_names_that_contain_the_wanted_one_first_and_the_closest_of_the_others() {
        let names = ["main.main", "main.(*Server).Handle", "main.(*Server).Close", "os.Exit", "main.handler"];
        assert_eq!(near("handle", names.into_iter()), ["main.handler", "main.(*Server).Handle"]);
        assert_eq!(near("main.(Server).Close", names.into_iter())[0], "main.(*Server).Close");
        assert!(near("zzz", names.into_iter()).is_empty());
    }
}
