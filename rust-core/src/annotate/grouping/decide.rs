//! From what functions show to groups of words, to a fixpoint: what is known of a callee's results tells of those who
//! pass them on, and the other way round.

use super::held::{Held, Seen};
use super::{Made, Shared};
use crate::report::Source;
use crate::types::{Kind, TypeId};
use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};

/// Words of results next to each other that are one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Group {
    /// The first one's position among integer registers.
    pub(super) start: u8,
    /// How many.
    pub(super) len: u8,
    /// What they are.
    pub(super) ty: Option<TypeId>,
    /// Bytes of a single word that is narrower than a register, when the type does not say.
    pub(super) size: Option<u8>,
}

impl Group {
    pub(super) fn new(start: u8, len: u8, ty: Option<TypeId>) -> Group {
        Group { start, len, ty, size: None }
    }
}

/// Rounds; passed-on results settle in a few.
const ROUNDS: usize = 12;
/// Bytes of the longest text that counts as a string.
const LONGEST_TEXT: u64 = 1 << 16;

/// What is settled so far.
pub(super) struct Answers<'s, 'p, 'a> {
    shared: &'s Shared<'p, 'a>,
    made: &'s Made,
    /// By function: what is known of its integer results, from elsewhere or by what was found here.
    groups: Vec<Vec<Group>>,
    /// Words that signs contradict each other about, by function.
    disputed: HashSet<(usize, u8)>,
    /// What the program stores into its variables.
    variables: HashMap<u64, Option<Held>>,
}

impl<'s, 'p, 'a> Answers<'s, 'p, 'a> {
    pub(super) fn new(shared: &'s Shared<'p, 'a>, made: &'s Made) -> Answers<'s, 'p, 'a> {
        let known = |index: usize| -> Vec<Group> {
            let claim = shared.resolved[index].results.as_ref();
            let values = claim.filter(|claim| claim.source != Source::Code).into_iter().flat_map(|c| &c.values);
            values
                .filter_map(|value| {
                    let positions = shared.positions(value)?;
                    let start = *positions.first()?;
                    let narrow = value.ty.is_none() && positions.len() == 1 && value.size < 8;
                    let size = narrow.then_some(value.size as u8);
                    Some(Group { size, ..Group::new(start, positions.len() as u8, value.ty) })
                })
                .collect()
        };
        let groups = (0..shared.resolved.len()).map(known).collect();
        Answers { shared, made, groups, disputed: HashSet::new(), variables: HashMap::new() }
    }

    /// The groups of every function.
    pub(super) fn settle(mut self, seen: &[Seen]) -> Vec<Vec<Group>> {
        self.variables(seen);
        for used in seen.iter().flat_map(|seen| &seen.uses) {
            self.add(used.callee as usize, Group::new(used.first, used.len, used.ty));
        }
        self.pass_on(seen);
        // What is only narrow says nothing of words that belong to something larger.
        let widest = widest(seen);
        let mut narrow: Vec<_> = widest.iter().filter(|(_, size)| **size < 8).collect();
        narrow.sort_unstable();
        for ((callee, position), size) in narrow {
            self.narrow(*callee as usize, *position, *size);
        }
        for (f, seen) in seen.iter().enumerate() {
            let positions = 0..seen.returns.first().map_or(0, Vec::len) as u8;
            let unread = |position: &u8| widest.get(&(f as u32, *position)).is_none_or(|size| *size == 1);
            let found: Vec<u8> = positions.filter(unread).filter(|p| is_truth_value(&seen.returns, *p)).collect();
            found.into_iter().for_each(|position| self.narrow(f, position, 1));
        }
        self.pass_on(seen);
        self.groups
    }

    /// Callees' results that are passed on, and passed-on results of callees.
    fn pass_on(&mut self, seen: &[Seen]) {
        for _ in 0..ROUNDS {
            let mut changed = false;
            for (f, seen) in seen.iter().enumerate().filter(|(_, seen)| !seen.returns.is_empty()) {
                changed |= self.up(f, &seen.returns);
                changed |= self.down(f, &seen.returns);
            }
            if !changed {
                break;
            }
        }
    }

    /// A result of less than a register, unless it is known already.
    fn narrow(&mut self, f: usize, position: u8, size: u8) {
        if self.group_at(f, position).is_none() {
            self.add(f, Group { size: Some(size), ..Group::new(position, 1, None) });
        }
    }

    /// What variables hold, where all that is stored into them agrees.
    fn variables(&mut self, seen: &[Seen]) {
        for (at, held) in seen.iter().flat_map(|seen| &seen.stored) {
            let held = match *held {
                Held::Const(value) => self.constant(value).map(|ty| Held::Word(ty, 0)),
                Held::Word(..) => Some(*held),
                _ => None,
            };
            let Some(held) = held else { continue };
            let kept = self.variables.entry(*at).or_insert(Some(held));
            *kept = kept.filter(|kept| *kept == held);
        }
    }

    /// The interface whose first word is that constant.
    fn constant(&self, value: u64) -> Option<TypeId> {
        let known = self.shared.known;
        known.itab_at(value).or_else(|| known.ty(value).map(|_| self.shared.special.any))
    }

    fn group_at(&self, f: usize, position: u8) -> Option<Group> {
        let groups = self.groups.get(f)?;
        groups.iter().find(|g| (g.start..g.start + g.len).contains(&position)).copied()
    }

    /// Takes a group, unless another sign contradicts it; then neither is kept.
    fn add(&mut self, f: usize, group: Group) -> bool {
        if !self.shared.is_open(f) || group.len == 0 {
            return false;
        }
        let positions = group.start..group.start + group.len;
        if positions.clone().any(|p| self.disputed.contains(&(f, p))) {
            return false;
        }
        let Some(groups) = self.groups.get_mut(f) else { return false };
        let overlaps = |g: &Group| g.start < positions.end && positions.start < g.start + g.len;
        let Some(at) = groups.iter().position(overlaps) else {
            groups.push(group);
            return true;
        };
        let old = groups[at];
        if (old.start, old.len) != (group.start, group.len) {
            let all = old.start.min(group.start)..(old.start + old.len).max(group.start + group.len);
            groups.retain(|g| !overlaps(g));
            self.disputed.extend(all.map(|p| (f, p)));
            return true;
        }
        let (ty, size) = (old.ty.or(group.ty), old.size.or(group.size));
        groups[at] = Group { ty, size, ..old };
        groups[at] != old
    }

    /// From what a function returns, and what is known of that, to its own results.
    fn up(&mut self, f: usize, returns: &[Vec<Held>]) -> bool {
        if !self.shared.is_open(f) {
            return false;
        }
        let mut changed = false;
        for words in returns {
            let mut at = 0;
            while at < words.len() {
                let group = self.sign(f, words, at);
                at += group.map_or(1, |g| usize::from(g.len.max(1)));
                changed |= group.is_some_and(|group| self.add(f, group));
            }
        }
        changed
    }

    /// The group that begins with the word at `at`, by what a RET has in the registers.
    fn sign(&self, f: usize, words: &[Held], at: usize) -> Option<Group> {
        let start = at as u8;
        let next = words.get(at + 1);
        let two = |ty: Option<TypeId>| next.map(|_| Group::new(start, 2, ty));
        match words[at] {
            Held::Const(value) => match (self.constant(value), next) {
                (Some(ty), Some(data)) if *data != Held::Const(0) || ty != self.shared.special.any => two(Some(ty)),
                (None, Some(Held::Const(len))) if self.is_text(value, *len) => two(Some(self.shared.special.string)),
                _ => None,
            },
            Held::Word(ty, 0) => {
                let len = self.shared.words(ty);
                let rest = (1..len).all(|i| words.get(at + usize::from(i)) == Some(&Held::Word(ty, u32::from(i) * 8)));
                let told = len > 1 || self.leads_on(ty);
                (rest && told).then_some(Group::new(start, len, Some(ty)))
            }
            Held::Pointer(ty) if !self.is_ambiguous(ty) => {
                Some(Group::new(start, 1, Some(*self.made.pointers.get(&ty)?)))
            }
            Held::Result(callee, position) => {
                let group = self.group_at(callee as usize, position).filter(|g| g.start == position)?;
                let same = |i: u8| words.get(at + usize::from(i)) == Some(&Held::Result(callee, position + i));
                (1..group.len).all(same).then_some(Group { start, ..group })
            }
            Held::Elements(ty) if words.len() >= at + 3 => {
                Some(Group::new(start, 3, self.made.slices.get(&ty).copied()))
            }
            Held::Flag => Some(Group::new(start, 1, Some(self.shared.special.bool))),
            Held::Static(addr) => self.variable(words, at, addr),
            Held::Param(position) => self.param(f, words, at, position),
            _ => None,
        }
    }

    /// Whether the address of a value of the type can be meant as something else: as that of another one which it begins
    /// with, or as a map, which is a pointer to one of these.
    fn is_ambiguous(&self, ty: TypeId) -> bool {
        const MAPS: [&str; 2] = ["runtime.hmap", "maps.Map"];
        let kind = |ty: TypeId| self.shared.types.get(ty).map(|t| &t.kind);
        let Some(Kind::Struct(fields)) = kind(ty) else { return false };
        let name = self.shared.types.get(ty).map_or("", |ty| ty.name.as_str());
        MAPS.contains(&name)
            || fields.first().is_none_or(|first| matches!(kind(first.ty), Some(Kind::Struct(_) | Kind::Array { .. })))
    }

    /// Pointers, maps, channels, functions and truth values do not change their type on the way.
    fn leads_on(&self, ty: TypeId) -> bool {
        let kind = self.shared.types.get(ty).map(|t| &t.kind);
        matches!(kind, Some(Kind::Pointer(_) | Kind::Map { .. } | Kind::Chan(_) | Kind::Func(_) | Kind::Bool))
    }

    /// A variable of several words.
    fn variable(&self, words: &[Held], at: usize, addr: u64) -> Option<Group> {
        let follows = |i: u64| words.get(at + i as usize) == Some(&Held::Static(addr.wrapping_add(8 * i)));
        let run = (1..4).take_while(|i| follows(*i)).count() as u8 + 1;
        let stored = self.variables.get(&addr).copied().flatten();
        let initial = self.shared.program.image.word(addr).and_then(|word| self.constant(word));
        let ty = match stored {
            Some(Held::Word(ty, 0)) => Some(ty),
            _ => initial,
        };
        let len = ty.map_or(0, |ty| self.shared.words(ty));
        let plausible = len > 1 && len <= run;
        plausible.then_some(Group::new(at as u8, len, ty))
    }

    /// A parameter of several words that is returned as it came.
    fn param(&self, f: usize, words: &[Held], at: usize, position: u8) -> Option<Group> {
        let values = self.shared.resolved[f].params.iter().flat_map(|claim| &claim.values);
        let mut all = values.filter_map(|value| Some((self.shared.positions(value)?, value)));
        let (positions, value) = all.find(|(positions, _)| positions.first() == Some(&position))?;
        let len = positions.len();
        let same = positions.iter().enumerate().all(|(i, p)| words.get(at + i) == Some(&Held::Param(*p)));
        (same && len > 1).then_some(Group::new(at as u8, len as u8, value.ty))
    }

    /// Whether the file has a text at that address.
    fn is_text(&self, at: u64, len: u64) -> bool {
        let image = self.shared.program.image;
        let bytes = (1..LONGEST_TEXT).contains(&len).then(|| image.bytes(at, len as usize)).flatten();
        !image.is_exec(at) && bytes.is_some_and(|bytes| std::str::from_utf8(bytes).is_ok_and(|t| !t.contains('\0')))
    }

    /// From what is known of a function's results to those of the callees that it passes on.
    fn down(&mut self, f: usize, returns: &[Vec<Held>]) -> bool {
        let mut changed = false;
        let groups = self.groups.get(f).cloned().unwrap_or_default();
        for group in groups.iter().filter(|group| group.len > 1) {
            for words in returns {
                let range = usize::from(group.start)..usize::from(group.start + group.len);
                let Some([Held::Result(callee, first), rest @ ..]) = words.get(range) else { continue };
                let in_order = rest.iter().zip(first + 1..).all(|(word, p)| *word == Held::Result(*callee, p));
                if in_order {
                    changed |= self.add(*callee as usize, Group { start: *first, ..*group });
                }
            }
        }
        changed
    }
}

/// How many bytes of each function's results callers store or compare at most.
fn widest(seen: &[Seen]) -> HashMap<(u32, u8), u8> {
    let mut widest: HashMap<(u32, u8), u8> = HashMap::new();
    for (callee, position, size) in seen.iter().flat_map(|seen| &seen.widths) {
        let kept = widest.entry((*callee, *position)).or_default();
        *kept = (*kept).max(*size);
    }
    widest
}

/// Whether a result is 0 at one RET and 1 at another, and nothing else at any.
fn is_truth_value(returns: &[Vec<Held>], position: u8) -> bool {
    let words = || returns.iter().map(|words| words.get(usize::from(position)).copied().unwrap_or_default());
    let holds = |wanted: Held| words().any(|word| word == wanted);
    let only = |word: Held| matches!(word, Held::Const(0 | 1) | Held::Flag);
    holds(Held::Const(0)) && holds(Held::Const(1)) && words().all(only)
}
