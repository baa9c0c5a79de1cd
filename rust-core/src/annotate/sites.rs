//! Calls whose target or arguments the code gives away: found in one walk over each function that may have some.

use super::facts::{Facts, Seen, Spot};
use super::known::Known;
use super::look::Looker;
use super::references::References;
use super::system::Api;
use super::targets::Targets;
use super::variables::{self, Stored};
use super::vdso::Vdso;
use super::walk::{LookedUp, Walk};
use crate::code::steps::{self, Mention};
use crate::program::Program;
use crate::resolve::Resolved;
use crate::types::{TypeId, Types};
use crate::watch::Tick;
use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};
use rayon::prelude::*;
use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

/// A call worth a line in the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Address of the instruction.
    pub at: u64,
    /// Entry of the function that it is in.
    pub within: u64,
    /// The report's word.
    pub kind: &'static str,
    /// Where it goes, if that is constant.
    pub target: Option<u64>,
    /// The method that it calls.
    pub method: Option<Method>,
    /// The system's function, and its arguments.
    pub api: Option<Api>,
    /// What is passed, in words.
    pub words: Vec<String>,
    /// The variable that says which function of the system, until it has a name.
    pub(super) variable: Option<u64>,
}

impl Site {
    /// A call of that kind of which nothing else is known; where it is, is filled in later.
    pub(super) fn new(kind: &'static str) -> Site {
        let (target, method, api, words, variable) = Default::default();
        Site { at: 0, within: 0, kind, target, method, api, words, variable }
    }
}

/// A method of an interface, or the only "method" of a func value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Method {
    /// The interface's or the func type, if it is known.
    pub ty: Option<TypeId>,
    /// Index in the interface.
    pub slot: u32,
}

/// What all walks share.
pub(super) struct Shared<'p, 'a> {
    pub(super) program: &'p Program<'a>,
    pub(super) types: &'p Types,
    pub(super) resolved: &'p [Resolved],
    pub(super) known: &'p Known,
    pub(super) targets: &'p Targets,
    pub(super) vdso: Vdso,
}

/// Looks at all functions; `None` when interrupted.
pub(super) fn find(shared: &Shared<'_, '_>, tick: &Tick<'_>) -> Option<Vec<Site>> {
    let program = shared.program;
    if !super::follows_code(program) {
        return Some(Vec::new());
    }
    let all: Vec<u32> = (0..program.funcs().len() as u32).collect();
    let mut facts = Facts::default();
    let references = LazyCell::new(|| References::new(program));
    let first = walk(shared, &facts, &all, |i| is_wanted(shared, i), tick)?;
    // What to look at again when more is known: by function, what it asked for.
    let mut asked: HashMap<u32, Vec<Spot>> = HashMap::new();
    let mut outputs: BTreeMap<u32, Output> = BTreeMap::new();
    for (i, mut output) in first {
        if !output.needed.is_empty() {
            asked.insert(i, std::mem::take(&mut output.asked));
        }
        outputs.insert(i, output);
    }
    for _ in 0..ROUNDS {
        let open: BTreeSet<u32> = outputs.iter().filter(|(_, o)| !o.needed.is_empty()).map(|(i, _)| *i).collect();
        facts.want(open.iter().filter_map(|i| outputs.get(i)).flat_map(|output| output.needed.clone()));
        let mut next = match facts.ask() {
            spots if spots.is_empty() => BTreeSet::new(),
            spots => near(shared, &spots, &references),
        };
        next.extend(asked.iter().filter(|(_, spots)| facts.concern(spots)).map(|(i, _)| *i));
        let next: Vec<u32> = next.into_iter().collect();
        let mut found = walk(shared, &facts, &next, |_| true, tick)?;
        asked.extend(found.iter_mut().map(|(i, output)| (*i, std::mem::take(&mut output.asked))));
        let seen = found.iter().flat_map(|(_, output)| output.seen.iter().copied()).collect::<Vec<_>>();
        outputs.extend(found.into_iter().filter(|(i, _)| open.contains(i)));
        if !facts.learn(seen, shared) {
            break;
        }
    }
    let (sites, stored): (Vec<_>, Vec<_>) = outputs.into_values().map(|o| (o.sites, o.stored)).unzip();
    let mut sites: Vec<Site> = sites.into_iter().flatten().collect();
    let mut stored: Vec<Stored> = stored.into_iter().flatten().collect();
    let mut variables: HashSet<u64> = sites.iter().filter_map(|site| site.variable).collect();
    // What fills the variables may refer to further ones: libraries.
    for _ in 0..2 {
        let known: HashSet<u64> = stored.iter().map(|stored| stored.at).collect();
        variables.retain(|at| !known.contains(at));
        if variables.is_empty() {
            break;
        }
        let more = fillers(shared, &facts, &variables, &references, tick)?;
        variables = more.iter().filter_map(|stored| stored.library).collect();
        stored.extend(more);
    }
    variables::resolve(stored, &mut sites);
    Some(sites)
}

/// What the functions say that store into these variables.
fn fillers(
    shared: &Shared<'_, '_>,
    facts: &Facts,
    at: &HashSet<u64>,
    references: &References,
    tick: &Tick<'_>,
) -> Option<Vec<Stored>> {
    let near = references.mentioning(|mention, to| mention == Mention::Store && at.contains(&to));
    let found = walk(shared, facts, &near, |_| true, tick)?;
    Some(found.into_iter().flat_map(|(_, output)| output.stored).collect())
}

/// How often functions are walked over to learn from each other.
const ROUNDS: usize = 12;

/// What the walk over one function gives.
#[derive(Debug)]
struct Output {
    sites: Vec<Site>,
    stored: Vec<Stored>,
    needed: Vec<Spot>,
    seen: Vec<(Spot, Seen)>,
    asked: Vec<Spot>,
}

impl Output {
    fn says_anything(&self) -> bool {
        !(self.sites.is_empty() && self.stored.is_empty() && self.seen.is_empty() && self.asked.is_empty())
    }
}

/// Walks over those functions that are `wanted`; `None` when interrupted.
fn walk(
    shared: &Shared<'_, '_>,
    facts: &Facts,
    functions: &[u32],
    wanted: impl Fn(usize) -> bool + Sync,
    tick: &Tick<'_>,
) -> Option<Vec<(u32, Output)>> {
    let program = shared.program;
    let one = |(looker, looked_up): &mut (Looker, LookedUp), index: u32| {
        let func = &program.funcs()[index as usize];
        if !wanted(index as usize) {
            return None;
        }
        looker.decode(program, func.entry, func.end);
        let (symbols, sites, object, stored, recent, texts) = Default::default();
        let within = func.entry;
        let mut walk = Walk { shared, index, within, facts, symbols, sites, looked_up, object, stored, recent, texts };
        let entry = walk.entry();
        looker.walk((func.entry, func.end), entry, &mut walk);
        let Walk { sites, stored, mut symbols, .. } = walk;
        let (needed, seen) = (std::mem::take(&mut symbols.needed), std::mem::take(&mut symbols.seen));
        let output = Output { sites, stored, needed, seen, asked: symbols.asked() };
        output.says_anything().then_some((index, output))
    };
    let found = tick.map(functions.len(), Default::default, |scratch, n| one(scratch, functions[n]))?;
    Some(found.into_iter().flatten().collect())
}

/// Func values of these functions that the linker laid out.
pub(super) fn static_objects(program: &Program<'_>, entries: &HashSet<u64>) -> Vec<u64> {
    let word = program.image.arch.ptr_size() as usize;
    let segments = program.image.segments.iter().filter(|s| !s.exec && !entries.is_empty());
    // Most words are no addresses of code, and seen not to be at once.
    let range = entries.iter().min().copied().unwrap_or(0)..=entries.iter().max().copied().unwrap_or(0);
    let objects = segments.flat_map(|segment| {
        let skip = (segment.addr.wrapping_neg() % word as u64) as usize;
        let words = segment.data.get(skip..).unwrap_or_default().par_chunks_exact(word).with_min_len(WORDS_AT_ONCE);
        let hit = |(i, bytes): (usize, &[u8])| {
            let code = bytes.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
            let found = range.contains(&code) && entries.contains(&code);
            found.then(|| segment.addr.saturating_add((skip + i * word) as u64))
        };
        words.enumerate().filter_map(hit).collect::<Vec<u64>>()
    });
    objects.take(MOST_OBJECTS).collect()
}

/// Words of data that a thread looks at before it asks for more: there is little to do for each.
const WORDS_AT_ONCE: usize = 1 << 14;

/// Func values that are looked for at a time.
const MOST_OBJECTS: usize = 1 << 20;

/// Functions that may tell something of what is wanted: those whose results or parameters it is, that call these,
/// that make the closures, and that store into the variables.
fn near(shared: &Shared<'_, '_>, spots: &[Spot], references: &References) -> BTreeSet<u32> {
    let program = shared.program;
    let (mut near, mut called, mut made, mut stored) =
        (BTreeSet::new(), HashSet::new(), HashSet::new(), HashSet::new());
    let entry = |func: u32| program.funcs()[func as usize].entry;
    for spot in spots {
        match *spot {
            Spot::Result(func, _) => {
                near.insert(func);
                called.insert(entry(func));
            }
            Spot::Param(func, _) | Spot::Behind(func, ..) => {
                near.insert(func);
                called.insert(entry(func));
                made.insert(entry(func));
            }
            Spot::Captured(func, _) | Spot::Variable(func, ..) | Spot::Object(func) => {
                near.insert(func);
                made.insert(entry(func));
            }
            Spot::Global(at) => drop(stored.insert(at)),
        }
    }
    made.extend(static_objects(program, &made));
    let wanted = |mention: Mention, at: u64| match mention {
        Mention::Call => (called.contains(&at) || made.contains(&at)) && !references.is_busy(at),
        Mention::Address => made.contains(&at),
        Mention::Store => stored.contains(&at),
    };
    near.extend(references.mentioning(wanted));
    near
}

/// Whether a function may have a call worth a look.
fn is_wanted(shared: &Shared<'_, '_>, index: usize) -> bool {
    let program = shared.program;
    let (func, resolved) = (&program.funcs()[index], &shared.resolved[index]);
    let direct = || super::calls_any(program, func, &|target| shared.targets.contains_key(&target));
    let kernel = || resolved.asm && steps::has_kernel_call(program.image.arch, program.code(func));
    resolved.calls_indirectly || direct() || kernel()
}
