//! Claims against the truth.

use crate::truth::{Function, Pieces, Truth, flat, plain, spell};
use goabi::report::{Confidence, Report, Source, Value};
use goabi::types::Role;
use std::collections::BTreeMap;

/// Counts of one class of functions. The keys of [`Outcome::counts`] are `class/called` and `class/uncalled`.
#[derive(Default, serde::Serialize)]
pub(crate) struct Counts {
    /// Functions whose parameters are known, and of these those that are claimed, with the right places in any order,
    /// right, right with all sizes, and right with all sizes and grouped into the same values.
    params: [usize; 6],
    /// The same for functions whose results are known too: parameters and results.
    both: [usize; 6],
    /// By confidence: claims on parameters, right ones.
    params_by_level: BTreeMap<String, [usize; 2]>,
    /// By confidence of the weaker side: claims on both, right ones.
    both_by_level: BTreeMap<String, [usize; 2]>,
    /// By confidence: claims on results, right ones.
    results_by_level: BTreeMap<String, [usize; 2]>,
    /// By the source that decided: claims on parameters, right ones.
    params_by_source: BTreeMap<String, [usize; 2]>,
    /// By the source that decided: claims on results, right ones.
    results_by_source: BTreeMap<String, [usize; 2]>,
    /// By confidence: claims of results that are right with all sizes, those that are grouped into the right values too.
    grouped_by_level: BTreeMap<String, [usize; 2]>,
    /// By confidence: results of several pieces that are claimed as one value, those that are one.
    values_by_level: BTreeMap<String, [usize; 2]>,
    /// Values with a known type, claimed types, claimed types with the right name for a value in those places.
    types: [usize; 3],
    /// By the source that decided: claimed types, right ones.
    types_by_source: BTreeMap<String, [usize; 2]>,
    /// Functions that have or are said to have a dictionary, and those where it is the right parameter.
    dicts: [usize; 2],
}

#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) counts: BTreeMap<String, Counts>,
    pub(crate) errors: Vec<String>,
}

/// One side of a function: truth, claim and how sure it is.
struct Side<'a> {
    truth: &'a [Pieces],
    claim: Vec<Pieces>,
    level: Confidence,
    /// Bytes of a word of the stack.
    word: u32,
    source: Option<Source>,
}

impl Side<'_> {
    fn claimed(&self) -> bool {
        self.level != Confidence::Unknown
    }

    /// Right but for the order.
    fn placed(&self) -> bool {
        let sorted = |values| {
            let mut places = flat(values, self.word);
            places.sort();
            places
        };
        self.claimed() && sorted(self.truth) == sorted(&self.claim)
    }

    fn right(&self) -> bool {
        self.claimed() && flat(self.truth, self.word) == flat(&self.claim, self.word)
    }

    fn sized(&self) -> bool {
        self.right() && self.truth.concat() == self.claim.concat()
    }

    fn grouped(&self) -> bool {
        self.sized() && self.truth == self.claim
    }

    fn all(&self) -> [bool; 6] {
        [true, self.claimed(), self.placed(), self.right(), self.sized(), self.grouped()]
    }
}

pub(crate) fn compare(truth: &Truth, report: &Report, errors: usize) -> Outcome {
    let mut outcome = Outcome::default();
    let mut wrong: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let claims: BTreeMap<u64, _> = report.functions.iter().map(|f| (f.entry.0, f)).collect();
    for function in truth.functions.values() {
        let claim = claims.get(&function.entry);
        let level = |side: fn(&goabi::report::Function) -> Confidence| claim.map_or(Confidence::Unknown, |f| side(f));
        let places = |side: fn(&goabi::report::Function) -> &[Value]| claim.map_or(Vec::new(), |f| pieces(side(f)));
        let source = |side: fn(&goabi::report::Function) -> Option<Source>| claim.and_then(|f| side(f));
        let params = Side {
            truth: &function.params,
            claim: places(|f| &f.params),
            level: level(|f| f.confidence.params),
            word: truth.word,
            source: source(|f| f.source.params),
        };
        let results = function.results.as_deref().map(|results| Side {
            truth: results,
            claim: places(|f| &f.results),
            level: level(|f| f.confidence.results),
            word: truth.word,
            source: source(|f| f.source.results),
        });
        let called = if function.has_caller { "called" } else { "uncalled" };
        let counts = outcome.counts.entry(format!("{}/{called}", function.class)).or_default();
        count(counts, &params, results.as_ref());
        let other = claim.map_or(Vec::new(), |claim| types(counts, function, claim, report));
        wrong.entry("types".to_owned()).or_default().extend(other.into_iter().filter(|_| errors > 0));
        if errors > 0 {
            for (what, side) in [("params", Some(&params)), ("results", results.as_ref())] {
                let Some(side) = side.filter(|side| !side.grouped()) else { continue };
                let key = if !side.right() {
                    format!("{what} {:?} {:?} {}", side.level, side.source, rule(claim.copied(), what))
                } else {
                    format!("{what} {}", if side.sized() { "grouping" } else { "sizes" })
                };
                wrong.entry(key).or_default().push(line(function, side));
            }
        }
    }
    let mut groups: Vec<_> = wrong.into_iter().collect();
    groups.sort_by_key(|(_, lines)| std::cmp::Reverse(lines.len()));
    for (key, lines) in groups {
        outcome.errors.push(format!("== {key}: {}", lines.len()));
        outcome.errors.extend(lines.into_iter().take(errors));
    }
    outcome
}

/// Counts the types that are claimed, and returns the wrong ones.
fn types(counts: &mut Counts, function: &Function, claim: &goabi::report::Function, report: &Report) -> Vec<String> {
    let Some(truth) = &function.types else { return Vec::new() };
    let places = |pieces: &Pieces| pieces.iter().map(|piece| piece.0.clone()).collect::<Vec<_>>();
    let true_places = [&function.params, function.results.as_ref().unwrap_or(&function.params)];
    let claims = [(&claim.params, claim.source.params), (&claim.results, claim.source.results)];
    let mut wrong = Vec::new();
    for ((true_places, truth), (values, source)) in true_places.into_iter().zip(truth).zip(claims) {
        counts.types[0] += truth.len();
        let by_place: BTreeMap<_, _> = true_places.iter().map(places).zip(truth).collect();
        for value in values.iter().filter(|value| !value.pieces.is_empty()) {
            let Some(ty) = value.ty.and_then(|id| report.types.get(id as usize)) else { continue };
            let name = plain(&ty.go_name);
            let place = places(&pieces(std::slice::from_ref(value)).concat());
            let true_name = by_place.get(&place).map(|typed| typed.name.as_str());
            let right = true_name == Some(&name);
            let source = source.map_or_else(|| "none".to_owned(), |source| format!("{source:?}").to_lowercase());
            let by_source = counts.types_by_source.entry(source.clone()).or_default();
            for count in [&mut counts.types[1], &mut by_source[0]] {
                *count += 1;
            }
            for count in [&mut counts.types[2], &mut by_source[1]] {
                *count += usize::from(right);
            }
            if !right {
                let true_name = true_name.unwrap_or("other values");
                wrong.push(format!("   {:#x} {} ({source}): {true_name} -> {name}", function.entry, function.name));
            }
        }
    }
    let true_dict =
        function.params.iter().zip(&truth[0]).find(|(_, typed)| typed.dict).map(|(pieces, _)| places(pieces));
    let dict = claim.params.iter().find(|value| value.role == Some(Role::Dict));
    let dict = dict.map(|value| places(&pieces(std::slice::from_ref(value)).concat()));
    counts.dicts[0] += usize::from(true_dict.is_some() || dict.is_some());
    counts.dicts[1] += usize::from(true_dict.is_some() && true_dict == dict);
    wrong
}

/// What the winning claim rests on, for grouping: its first words.
fn rule(claim: Option<&goabi::report::Function>, what: &str) -> String {
    let evidence = claim.into_iter().flat_map(|f| &f.evidence);
    let winner = evidence.filter(|e| e.agrees && e.claim.contains(what)).map(|e| e.claim.as_str()).next();
    let text = winner.unwrap_or_default();
    text.rsplit_once('[').map_or(String::new(), |(_, rule)| rule.trim_end_matches(']').to_owned())
}

fn line(function: &Function, side: &Side<'_>) -> String {
    let called = if function.has_caller { "called" } else { "uncalled" };
    let (truth, claim) = (spell(side.truth), spell(&side.claim));
    let claim = if side.claimed() { claim } else { "no claim".to_owned() };
    format!("   {:#x} {} ({called}): {truth} -> {claim}", function.entry, function.name)
}

fn count(counts: &mut Counts, params: &Side<'_>, results: Option<&Side<'_>>) {
    add(&mut counts.params, params.all());
    level(&mut counts.params_by_level, params.level, params.right());
    source(&mut counts.params_by_source, params);
    if let Some(results) = results {
        let (p, r) = (params.all(), results.all());
        add(&mut counts.both, std::array::from_fn(|at| p[at] && r[at]));
        level(&mut counts.results_by_level, results.level, results.right());
        if results.sized() {
            level(&mut counts.grouped_by_level, results.level, results.grouped());
        }
        if results.claimed() {
            for value in results.claim.iter().filter(|value| value.len() > 1) {
                let is = |truth: &Pieces| value.iter().map(|piece| &piece.0).eq(truth.iter().map(|piece| &piece.0));
                level(&mut counts.values_by_level, results.level, results.truth.iter().any(is));
            }
        }
        source(&mut counts.results_by_source, results);
        level(&mut counts.both_by_level, params.level.min(results.level), params.right() && results.right());
    }
}

fn add(counts: &mut [usize; 6], which: [bool; 6]) {
    counts.iter_mut().zip(which).for_each(|(count, yes)| *count += usize::from(yes));
}

fn level(counts: &mut BTreeMap<String, [usize; 2]>, level: Confidence, right: bool) {
    let entry = counts.entry(format!("{level:?}").to_lowercase()).or_default();
    entry[0] += 1;
    entry[1] += usize::from(right);
}

fn source(counts: &mut BTreeMap<String, [usize; 2]>, side: &Side<'_>) {
    let name = side.source.map_or_else(|| "none".to_owned(), |source| format!("{source:?}").to_lowercase());
    let entry = counts.entry(name).or_default();
    entry[0] += 1;
    entry[1] += usize::from(side.right());
}

fn pieces(values: &[Value]) -> Vec<Pieces> {
    let one = |value: &Value| -> Pieces { value.pieces.iter().map(|p| (p.loc.to_string(), p.size)).collect() };
    values.iter().map(one).filter(|pieces| !pieces.is_empty()).collect()
}
