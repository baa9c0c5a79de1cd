//! What one function shows of values that another one uses: types of parameters at the calls, of results at the returns, of
//! variables at the stores, and of what closures capture where they are made. Each such place is a [`Spot`]; it has one
//! type, so one use of a known type is enough. Uses that contradict each other say nothing.

use super::known::{self, Known};
use super::sites::Shared;
use crate::abi::location::Loc;
use crate::code::values::Value;
use crate::types::Types;
use foldhash::{HashMap, HashMapExt, HashSet};

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
    /// Functions of which a parameter is wanted.
    entered: HashSet<u32>,
    /// Spots that hold func values of such functions.
    funcs: HashSet<(Spot, u32)>,
    /// Spots that get what others have.
    edges: HashSet<(Spot, Spot)>,
    /// Spots that are wanted and that nobody was asked for yet.
    fresh: Vec<Spot>,
    /// Spots of which something else is known since [`Facts::learn`] was last called.
    changed: HashSet<Spot>,
}

/// Spots that are followed; what is beyond stays unknown.
const MOST: usize = 1 << 20;

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
                Spot::Param(func, _) => drop(self.entered.insert(func)),
                Spot::Behind(func, ..) => self.behind.entry(func).or_default().push(spot),
                Spot::Captured(func, _) | Spot::Variable(func, ..) => {
                    self.closures.entry(func).or_default().push(spot);
                }
                Spot::Result(..) | Spot::Global(_) | Spot::Object(_) => {}
            }
        }
        self.wanted.len() > before
    }

    /// Whether it is to be found out how a function is called.
    pub(super) fn enters(&self, func: u32) -> bool {
        self.entered.contains(&func)
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
        let edges = self.edges.len() + self.funcs.len();
        let (known, types) = (shared.known, shared.types);
        self.changed.clear();
        for (spot, seen) in seen {
            match seen {
                Seen::Typed(value) => self.add(spot, value, known, types),
                Seen::From(other) if other != spot && self.edges.len() < MOST => drop(self.edges.insert((spot, other))),
                Seen::Func(func) if self.funcs.len() < MOST => drop(self.funcs.insert((spot, func))),
                Seen::From(_) | Seen::Func(_) => {}
            }
        }
        let sources = self.edges.iter().map(|edge| edge.1).chain(self.funcs.iter().map(|held| held.0));
        let sources: Vec<Spot> = sources.collect();
        let more = self.want(sources);
        self.flow(known, types);
        self.call(shared);
        more || self.edges.len() + self.funcs.len() > edges || !self.changed.is_empty()
    }

    /// What is in a place of a func type is called as that says.
    fn call(&mut self, shared: &Shared<'_, '_>) {
        let convention = &shared.program.internal;
        let mut held: Vec<(Spot, u32)> = self.funcs.iter().copied().collect();
        held.sort_unstable();
        for (spot, func) in held {
            let Some(Value::Part(ty, 0)) = self.get(spot) else { continue };
            for (loc, word) in known::params(shared.types, ty, None, convention) {
                self.add(Spot::Param(func, loc), word, shared.known, shared.types);
            }
        }
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
        let mut targets: HashMap<Spot, Vec<Spot>> = HashMap::new();
        self.edges.iter().for_each(|(to, from)| targets.entry(*from).or_default().push(*to));
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
