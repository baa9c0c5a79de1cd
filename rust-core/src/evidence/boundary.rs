//! Where parameters end and results begin when everything is on the stack: `_func.args` is the size of both.
//!
//! *Reads* what [`crate::code::stack`] saw of every function, and the pointer map that holds at its entry. *Can be
//! trusted* because results are written on every way to a RET and never read before, because callers store every
//! parameter and load results only, and because what holds a pointer at the entry came from the caller. *Lies* where a
//! parameter is overwritten without being read, or a result is written through its address.

use crate::code::stack::{Site, StackUsage, WORDS, Words};
use crate::report::Confidence;

/// What is known of one function besides its code.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known {
    /// Words of parameters and results together.
    pub words: u32,
    /// Words that hold pointers at the entry.
    pub pointers: Words,
    /// Parameters take at least so many words.
    pub least: u32,
    /// Its code says nothing, as that of assembly.
    pub opaque: bool,
}

/// What callers of one function do.
#[derive(Debug, Clone, Copy, Default)]
struct Callers {
    /// Sites that store a row of words and nothing behind it.
    clear: u32,
    /// The shortest and the longest such row.
    rows: Option<(u32, u32)>,
    /// The longest row that may go on.
    least: u32,
    /// The first word that is loaded after a call.
    loaded: Option<u32>,
}

/// The decision on one function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Boundary {
    /// Words of parameters.
    pub params: u32,
    /// How sure that is.
    pub confidence: Confidence,
    /// Which facts say so.
    pub rule: Rule,
}

/// What a boundary rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// The area is empty, or full of what is known to be parameters.
    Settled,
    /// Callers and the body agree.
    Agreed,
    /// All callers store the same row of words.
    Callers,
    /// The body reads up to there, and writes everything behind on every way to RET.
    Body,
    /// As [`Rule::Body`], but words in between are neither read nor written.
    Gap,
    /// The function that it jumps to.
    Tail,
    /// It has no RET, and nobody calls it.
    NoReturn,
}

/// Decides for every function; `None` for those that say nothing and that nobody calls.
pub fn decide(usages: &[StackUsage], known: &[Known]) -> Vec<Option<Boundary>> {
    let callers = callers(usages, known);
    let mut out: Vec<Option<Boundary>> =
        usages.iter().zip(known).zip(&callers).map(|((usage, known), callers)| one(usage, known, callers)).collect();
    follow_jumps(usages, known, &mut out);
    out
}

fn callers(usages: &[StackUsage], known: &[Known]) -> Vec<Callers> {
    let mut all = vec![Callers::default(); known.len()];
    for site in usages.iter().flat_map(|usage| &usage.sites) {
        let (Some(callers), Some(callee)) = (all.get_mut(site.callee as usize), known.get(site.callee as usize)) else {
            continue;
        };
        callers.add(site, callee.words);
    }
    all
}

impl Callers {
    fn add(&mut self, site: &Site, words: u32) {
        let inside = first(words);
        let row = (site.stored & inside).trailing_ones();
        self.least = self.least.max(row);
        if !site.open && site.stored & inside == first(row) {
            let (low, high) = self.rows.unwrap_or((row, row));
            self.rows = Some((low.min(row), high.max(row)));
            self.clear += 1;
        }
        if site.loaded & inside != 0 {
            let loaded = (site.loaded & inside).trailing_zeros();
            self.loaded = Some(self.loaded.map_or(loaded, |known| known.min(loaded)));
        }
    }
}

/// The first `n` words.
fn first(n: u32) -> Words {
    if n >= WORDS { Words::MAX } else { (1 << n) - 1 }
}

/// One past the last word of the set.
fn height(words: Words) -> u32 {
    Words::BITS - words.leading_zeros()
}

fn one(usage: &StackUsage, known: &Known, callers: &Callers) -> Option<Boundary> {
    let Known { words, .. } = *known;
    let is = |params, confidence, rule| Some(Boundary { params, confidence, rule });
    if words == 0 {
        return is(0, Confidence::Likely, Rule::Settled);
    }
    let inside = first(words);
    let read = if known.opaque { 0 } else { height(usage.read & inside) };
    let least = read.max(height(known.pointers & inside)).max(known.least).min(words);
    // The longest tail that every way to RET writes.
    let body = usage.written.filter(|_| !known.opaque).map(|written| height(!written & inside));
    let said = callers.rows.filter(|(low, high)| low == high && *low >= least).map(|(row, _)| row);
    let limit = callers.loaded.filter(|loaded| *loaded >= least).unwrap_or(words);
    match (body, said) {
        _ if least == words => is(words, Confidence::Likely, Rule::Settled),
        (Some(body), Some(said)) if body.max(least) == said => is(said, Confidence::Likely, Rule::Agreed),
        (_, Some(said)) if said <= limit => is(said, Confidence::Likely, Rule::Callers),
        (Some(body), _) if body <= least => is(least.min(limit), Confidence::Likely, Rule::Body),
        (Some(body), _) => is(body.min(limit), Confidence::Guess, Rule::Gap),
        (None, _) if callers.least > 0 || callers.loaded.is_some() => {
            is(callers.least.max(least).min(limit), Confidence::Guess, Rule::Callers)
        }
        (None, _) if usage.tail.is_some() || known.opaque => None,
        (None, _) => is(limit, Confidence::Guess, Rule::NoReturn),
    }
}

/// What jumps to a function with an area of the same size has its parameters.
fn follow_jumps(usages: &[StackUsage], known: &[Known], out: &mut [Option<Boundary>]) {
    const ROUNDS: usize = 4;
    for _ in 0..ROUNDS {
        let mut changed = false;
        for f in 0..out.len() {
            let Some(target) = usages[f].tail.map(|t| t as usize).filter(|_| out[f].is_none()) else { continue };
            let same = known.get(target).is_some_and(|t| t.words == known[f].words);
            let found = out.get(target).copied().flatten().map(|b| b.params);
            if let Some(params) = found.filter(|_| same) {
                out[f] = Some(Boundary { params, confidence: Confidence::Guess, rule: Rule::Tail });
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
}
