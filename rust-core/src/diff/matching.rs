//! Which function of one build is which of the other: by name, else by code, else by whom it calls and who calls it.

use crate::report::{Addr, Calls, Function, FunctionKind};
use foldhash::{HashMap, HashMapExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::hash::Hash;

/// Rounds in which functions are told apart by what was matched before.
const ROUNDS: usize = 8;

/// How two functions were found to be the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Matched {
    /// Only they have this name.
    Name,
    /// Only they have this code.
    Code,
    /// Of those with this code, only they call, or are called by, the same functions.
    Calls,
}

/// Functions of both builds that are the same.
pub(super) struct Pairs {
    of_old: Vec<Option<(usize, Matched)>>,
    of_new: Vec<Option<usize>>,
}

impl Pairs {
    pub(super) fn of(old: &[Function], new: &[Function]) -> Pairs {
        let mut pairs = Pairs { of_old: vec![None; old.len()], of_new: vec![None; new.len()] };
        let name = |f: &Function| (!f.name.is_empty()).then(|| f.name.clone());
        let code = |f: &Function| f.code.map(|code| (code, size(f)));
        // Numbers in the names of closures shift from build to build, so their code is asked first.
        let plain = |f: &Function| name(f).filter(|_| f.kind != FunctionKind::Closure);
        pairs.unique(old, new, Matched::Name, |_, f| Some((name(f)?, code(f)?)));
        pairs.unique(old, new, Matched::Name, |_, f| plain(f));
        pairs.unique(old, new, Matched::Code, |_, f| code(f));
        pairs.by_calls(old, new);
        pairs.unique(old, new, Matched::Name, |_, f| name(f));
        pairs
    }

    /// The pairs, as indices of old and new functions.
    pub(super) fn list(&self) -> impl Iterator<Item = (usize, usize, Matched)> {
        self.of_old.iter().enumerate().filter_map(|(o, pair)| pair.map(|(n, matched)| (o, n, matched)))
    }

    pub(super) fn has_old(&self, o: usize) -> bool {
        self.of_old.get(o).is_some_and(Option::is_some)
    }

    pub(super) fn has_new(&self, n: usize) -> bool {
        self.of_new.get(n).is_some_and(Option::is_some)
    }

    /// Pairs functions that are alone with their key in both builds, and says how many. `key` is told which build it is.
    fn unique<K: Hash + Eq>(
        &mut self,
        old: &[Function],
        new: &[Function],
        matched: Matched,
        key: impl Fn(bool, &Function) -> Option<K>,
    ) -> usize {
        let mut seen: HashMap<K, [(usize, usize); 2]> = HashMap::new();
        let free_old = old.iter().enumerate().filter(|(o, _)| !self.has_old(*o)).map(|(o, f)| (0, o, f));
        let free_new = new.iter().enumerate().filter(|(n, _)| !self.has_new(*n)).map(|(n, f)| (1, n, f));
        for (build, index, f) in free_old.chain(free_new) {
            let Some(key) = key(build == 0, f) else { continue };
            let (count, first) = &mut seen.entry(key).or_default()[build];
            *count += 1;
            *first = index;
        }
        let alone = seen.into_values().filter(|sides| sides.iter().all(|(count, _)| *count == 1));
        let found: Vec<(usize, usize)> = alone.map(|[(_, o), (_, n)]| (o, n)).collect();
        for (o, n) in &found {
            self.of_old[*o] = Some((*n, matched));
            self.of_new[*n] = Some(*o);
        }
        found.len()
    }

    /// Tells functions with the same code apart by their neighbours, as long as that finds further ones.
    fn by_calls(&mut self, old: &[Function], new: &[Function]) {
        let index = |functions: &[Function]| -> HashMap<Addr, usize> {
            functions.iter().enumerate().map(|(i, f)| (f.entry, i)).collect()
        };
        let (at_old, at_new) = (index(old), index(new));
        for _ in 0..ROUNDS {
            let partners = self.of_new.clone();
            let paired: Vec<bool> = self.of_old.iter().map(Option::is_some).collect();
            // A neighbour is known by its old index, in both builds.
            let known = |is_old: bool, at: Addr| match is_old {
                true => at_old.get(&at).copied().filter(|o| paired.get(*o) == Some(&true)),
                false => at_new.get(&at).and_then(|n| partners.get(*n).copied().flatten()),
            };
            let neighbours = |is_old: bool, calls: &Option<Box<Calls>>| -> Option<Vec<usize>> {
                let list = calls.as_ref().map(|calls| calls.list.as_slice()).unwrap_or_default();
                let mut known: Vec<usize> = list.iter().filter_map(|call| known(is_old, call.function)).collect();
                known.sort_unstable();
                (!known.is_empty()).then_some(known)
            };
            let found = self
                .unique(old, new, Matched::Calls, |is_old, f| Some((f.code?, neighbours(is_old, &f.callees)?)))
                + self.unique(old, new, Matched::Calls, |is_old, f| Some((f.code?, neighbours(is_old, &f.callers)?)));
            if found == 0 {
                break;
            }
        }
    }
}

fn size(f: &Function) -> u64 {
    f.end.map_or(0, |end| end.0.saturating_sub(f.entry.0))
}
