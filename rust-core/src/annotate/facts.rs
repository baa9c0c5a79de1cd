//! What one function shows of values that another one uses: types of parameters at the calls, of results at the returns, of
//! variables at the stores, and of what closures capture where they are made. Each such place is a [`Spot`]; it has one
//! type, so one use of a known type is enough. Uses that contradict each other say nothing.

use super::known::{self, Known};
use super::sites::Shared;
use crate::abi::location::Loc;
use crate::code::values::Value;
use crate::types::Types;
use foldhash::{HashMap, HashMapExt, HashSet};
use std::collections::{BTreeMap, BTreeSet};

/// A place whose type several functions know or need. Functions are indices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Spot {
    /// A word of the parameters.
    Param(u32, Loc),
    /// A word of what a parameter points at: place of the parameter, offset of the word.
    Behind(u32, Loc, u32),
    /// A word of the results.
    Result(u32, Loc),
    /// A variable of the program.
    Global(u64),
    /// A word of a closure's object.
    Captured(u32, u32),
    /// A word of a variable that a closure has the address of: offset of the address, offset in the variable.
    Variable(u32, u32, u32),
    /// The closure's object, as a whole.
    Object(u32),
}

/// What is known of spots; `None` where uses contradict each other.
#[derive(Debug, Default)]
pub(super) struct Facts {
    known: HashMap<Spot, Option<Value>>,
    /// Spots that somebody needs to know.
    wanted: HashSet<Spot>,
    /// Those of closures, by function.
    closures: HashMap<u32, Vec<Spot>>,
    /// Those behind parameters, by function.
    behind: HashMap<u32, Vec<Spot>>,
    /// Parameters, by function.
    entered: HashMap<u32, Vec<Spot>>,
    /// Functions whose parameters are wanted, by the spot that may hold func values of them.
    held: BTreeMap<Spot, BTreeSet<u32>>,
    /// Spots that get what others have.
    edges: HashSet<(Spot, Spot)>,
    /// Spots that are wanted and that nobody was asked for yet.
    fresh: Vec<Spot>,
    /// Spots of which something else is known since [`Facts::learn`] was last called.
    changed: HashSet<Spot>,
}

/// Spots that are followed; what is beyond stays unknown.
const MOST: usize = 1 << 20;
/// Functions that one spot is said to hold.
const MOST_HELD: usize = 64;

impl Facts {
    /// What a spot holds, if it has a type.
    pub(super) fn get(&self, spot: Spot) -> Option<Value> {
        self.known.get(&spot).copied().flatten()
    }

    /// Whether anything is to be found out about it.
    pub(super) fn wants(&self, spot: Spot) -> bool {
        self.wanted.contains(&spot)
    }

    /// Wants to know more spots; whether any is new.
    pub(super) fn want(&mut self, spots: impl IntoIterator<Item = Spot>) -> bool {
        let before = self.wanted.len();
        for spot in spots {
            if self.wanted.len() >= MOST {
                break;
            }
            if !self.wanted.insert(spot) {
                continue;
            }
            if !self.known.contains_key(&spot) {
                self.fresh.push(spot);
            }
            match spot {
                Spot::Param(func, _) => self.entered.entry(func).or_default().push(spot),
                Spot::Behind(func, ..) => self.behind.entry(func).or_default().push(spot),
                Spot::Captured(func, _) | Spot::Variable(func, ..) => {
                    self.closures.entry(func).or_default().push(spot);
                }
                Spot::Result(..) | Spot::Global(_) | Spot::Object(_) => {}
            }
        }
        self.wanted.len() > before
    }

    /// What is wanted of a function's parameters.
    pub(super) fn entered(&self, func: u32) -> &[Spot] {
        self.entered.get(&func).map_or(&[], Vec::as_slice)
    }

    /// What is wanted of the parameters of all functions that a spot may hold.
    pub(super) fn entered_through(&self, spot: Spot) -> impl Iterator<Item = Spot> {
        self.held.get(&spot).into_iter().flatten().flat_map(|func| self.entered(*func)).copied()
    }

    /// What is wanted of a closure's object.
    pub(super) fn captured(&self, func: u32) -> &[Spot] {
        self.closures.get(&func).map_or(&[], Vec::as_slice)
    }

    /// What is wanted of what a function's parameters point at.
    pub(super) fn behind(&self, func: u32) -> &[Spot] {
        self.behind.get(&func).map_or(&[], Vec::as_slice)
    }

    /// What to ask for next: what is wanted since the last time.
    pub(super) fn ask(&mut self) -> Vec<Spot> {
        std::mem::take(&mut self.fresh)
    }

    /// Whether what was last learned concerns one of these.
    pub(super) fn concern(&self, spots: &[Spot]) -> bool {
        !self.changed.is_empty() && spots.iter().any(|spot| self.changed.contains(spot))
    }

    /// Takes what walks have seen; whether that says anything new.
    pub(super) fn learn(&mut self, seen: impl IntoIterator<Item = (Spot, Seen)>, shared: &Shared<'_, '_>) -> bool {
        let edges = self.edges.len();
        let (known, types) = (shared.known, shared.types);
        self.changed.clear();
        for (spot, seen) in seen {
            match seen {
                Seen::Typed(value) => self.add(spot, value, known, types),
                Seen::From(other) if other != spot && self.edges.len() < MOST => drop(self.edges.insert((spot, other))),
                Seen::Func(func) => drop(self.hold(spot, func)),
                Seen::From(_) => {}
            }
        }
        let sources: Vec<Spot> = self.edges.iter().map(|edge| edge.1).chain(self.held.keys().copied()).collect();
        let more = self.want(sources);
        self.flow(known, types);
        self.hand_on();
        self.call(shared);
        more || self.edges.len() > edges || !self.changed.is_empty()
    }

    /// A spot may hold a func value of that function; whether that is new.
    fn hold(&mut self, spot: Spot, func: u32) -> bool {
        if self.held.len() >= MOST {
            return false;
        }
        let funcs = self.held.entry(spot).or_default();
        let new = funcs.len() < MOST_HELD && funcs.insert(func);
        if new {
            self.changed.insert(spot);
        }
        new
    }

    /// Lets func values go along the edges, each once.
    fn hand_on(&mut self) {
        let targets = self.targets();
        let pairs = self.held.iter().flat_map(|(spot, funcs)| funcs.iter().map(|func| (*spot, *func)));
        let mut open: Vec<(Spot, u32)> = pairs.collect();
        while let Some((from, func)) = open.pop() {
            for to in targets.get(&from).into_iter().flatten() {
                open.extend(self.hold(*to, func).then_some((*to, func)));
            }
        }
    }

    /// What is in a place of a func type is called as that says.
    fn call(&mut self, shared: &Shared<'_, '_>) {
        let convention = &shared.program.internal;
        let typed = self.held.iter().filter_map(|(spot, funcs)| match self.get(*spot)? {
            Value::Part(ty, 0) => Some((known::params(shared.types, ty, None, convention), funcs.clone())),
            _ => None,
        });
        for (params, funcs) in typed.collect::<Vec<_>>() {
            for func in funcs {
                let words = params.iter().map(|(loc, word)| (Spot::Param(func, *loc), *word));
                words.for_each(|(spot, word)| self.add(spot, word, shared.known, shared.types));
            }
        }
    }

    /// Where the edges lead, by where they come from.
    fn targets(&self) -> HashMap<Spot, Vec<Spot>> {
        let mut targets: HashMap<Spot, Vec<Spot>> = HashMap::new();
        self.edges.iter().for_each(|(to, from)| targets.entry(*from).or_default().push(*to));
        targets
    }

    fn add(&mut self, spot: Spot, value: Value, known: &Known, types: &Types) {
        let before = self.known.get(&spot).copied();
        let after = match before {
            Some(before) => before.map(|old| known::join(known, types, old, value)),
            None => Some(value),
        };
        let after = after.filter(|value| *value != Value::Unknown);
        if before != Some(after) {
            self.known.insert(spot, after);
            self.changed.insert(spot);
        }
    }

    /// Lets types go along the edges, all of one step together. Every step settles spots that were open, and looks only at
    /// what the one before settled, so that a long chain costs no more than its edges.
    fn flow(&mut self, known: &Known, types: &Types) {
        let targets = self.targets();
        let mut settled: Vec<Spot> = self.known.keys().copied().collect();
        while !settled.is_empty() {
            let typed = settled.iter().filter_map(|from| Some((self.get(*from)?, targets.get(from)?)));
            let reached = typed.flat_map(|(value, to)| to.iter().map(move |to| (*to, value)));
            let next: Vec<_> = reached.filter(|(to, _)| !self.known.contains_key(to)).collect();
            settled = next.iter().map(|(spot, _)| *spot).collect::<HashSet<_>>().into_iter().collect();
            next.into_iter().for_each(|(spot, value)| self.add(spot, value, known, types));
        }
    }
}

/// What a walk sees of a spot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// A value with a type.
    Typed(Value),
    /// What another spot holds.
    From(Spot),
    /// A func value of that function.
    Func(u32),
}
