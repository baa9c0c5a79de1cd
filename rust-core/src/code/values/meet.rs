//! Where paths of one function meet, and what is known when they do.

use super::state::State;
use super::{Meaning, written};
use crate::abi::location::RegSet;
use crate::code::flow::NONE;
use crate::code::step::{Base, Located};
use crate::limits::{MAX_LOOP_VISITS, MAX_MEETINGS, MAX_STACK_SLOTS};

/// What loops back to an instruction.
#[derive(Debug, Clone, Copy)]
struct Loop {
    header: u32,
    /// Its last instruction.
    last: u32,
    /// Registers that it writes.
    regs: RegSet,
    /// What else it writes: a range of [`Meetings::places`].
    places: (u32, u32),
    /// Too much is in it to say what it writes.
    vast: bool,
    /// Its start was reached in this walk, and the state there was kept.
    started: bool,
    /// Nothing but what comes back leads to its start, and that is not known in this walk.
    blank: bool,
    /// Index of the state that comes back in this walk.
    back: u32,
    /// The same of the walk before.
    assumed: u32,
}

impl Loop {
    fn new(header: usize, last: usize) -> Loop {
        let (header, last) = (header as u32, last as u32);
        let (regs, places, vast, started, blank) = Default::default();
        Loop { header, last, regs, places, vast, started, blank, back: NONE, assumed: NONE }
    }
}

/// The instructions that jumps lead to.
#[derive(Debug, Default)]
pub(super) struct Meetings {
    /// By instruction: index of the state that waits there, or [`WAITS`], [`NONE`] when nothing jumps there.
    at: Vec<u32>,
    /// By instruction: where it jumps within the function, [`NONE`] when it doesn't.
    targets: Vec<u32>,
    /// By header, ascending.
    loops: Vec<Loop>,
    /// Parts of the stack that loops write: bytes above SP, and how many.
    places: Vec<(i64, i32)>,
    states: Vec<State>,
    /// By loop: the state at its start.
    starts: Vec<State>,
    free: Vec<u32>,
    /// A state had no room.
    full: bool,
    /// Whether loops may change types too.
    assume_nothing: bool,
}

/// Instructions of a loop's condition.
const LONGEST_CONDITION: usize = 32;
/// Parts of the stack that are told apart in all loops of a function.
const MAX_PLACES: usize = 1 << 12;
/// Any frame, from below SP to its callers.
const WHOLE_STACK: (i64, i32) = (-(1 << 30), i32::MAX);

/// Something jumps there, and no state waits.
const WAITS: u32 = NONE - 1;
/// Too many states would wait: nothing is known there.
const LOST: u32 = NONE - 2;

impl Meetings {
    /// Finds what jumps within `steps` lead to. A jump to the entry only comes from stack growth.
    pub(super) fn find(&mut self, steps: &[Located], entry: u64, end: u64) {
        for list in [&mut self.at, &mut self.targets] {
            list.clear();
            list.resize(steps.len(), NONE);
        }
        self.loops.clear();
        for (i, located) in steps.iter().enumerate() {
            let Some(target) = located.jump().filter(|t| (entry + 1..end).contains(t)) else { continue };
            let Some(index) = index(steps, entry, target) else { continue };
            self.targets[i] = index as u32;
            self.at[index] = WAITS;
            if index <= i {
                self.loops.push(Loop::new(index, i));
            }
        }
        self.join_loops();
        self.find_writes(steps);
    }

    /// One loop for each header, extended over loops that it overlaps.
    fn join_loops(&mut self) {
        self.loops.sort_unstable_by_key(|l| (l.header, std::cmp::Reverse(l.last)));
        self.loops.dedup_by_key(|l| l.header);
        for i in (0..self.loops.len()).rev() {
            let mut last = self.loops[i].last;
            let inner = self.loops[i + 1..].iter().take_while(|inner| inner.header <= last);
            // Those behind have been extended already, and few loops are nested deep.
            last = inner.take(MAX_STACK_SLOTS).map(|inner| inner.last).fold(last, u32::max);
            self.loops[i].last = last;
        }
    }

    /// What each loop writes.
    fn find_writes(&mut self, steps: &[Located]) {
        let (mut visits, most) = (0, steps.len().saturating_mul(MAX_LOOP_VISITS));
        let mut places = Vec::new();
        self.places.clear();
        for one in &mut self.loops {
            let body = steps.get(one.header as usize..=one.last as usize).unwrap_or_default();
            visits += body.len();
            one.vast = visits > most;
            if one.vast {
                continue;
            }
            places.clear();
            for (regs, place) in body.iter().map(written) {
                one.regs |= regs;
                places.extend(place.filter(|p| p.base == Base::Sp).map(|p| (p.disp, i32::from(p.size.max(8)))));
            }
            let from = self.places.len();
            join(&mut places);
            let room = self.places.len() + places.len() <= MAX_PLACES;
            self.places.extend_from_slice(if room { &places } else { &[WHOLE_STACK] });
            one.places = (from as u32, self.places.len() as u32);
        }
    }

    /// Where the instruction at `index` jumps within the function.
    pub(super) fn target(&self, index: usize) -> Option<usize> {
        Some(self.targets[index]).filter(|target| *target != NONE).map(|target| target as usize)
    }

    pub(super) fn is_meeting(&self, index: usize) -> bool {
        self.at[index] != NONE
    }

    /// A jump from `from` to `target` with what is known there. Backward jumps were taken into account before.
    pub(super) fn leave(&mut self, from: usize, target: usize, state: &State, meaning: &impl Meaning) {
        if target <= from {
            return self.come_back(target, state, meaning);
        }
        match self.at[target] {
            LOST => {}
            NONE | WAITS => match self.room() {
                Some(slot) => {
                    self.states[slot as usize].copy_from(state);
                    self.at[target] = slot;
                }
                None => self.at[target] = LOST,
            },
            slot => self.states[slot as usize].meet(state, meaning),
        }
    }

    /// Keeps what a jump back brings.
    fn come_back(&mut self, header: usize, state: &State, meaning: &impl Meaning) {
        let Some(found) = self.loop_at(header) else { return };
        match self.loops[found].back {
            NONE => match self.room() {
                Some(slot) => {
                    self.states[slot as usize].copy_from(state);
                    self.loops[found].back = slot;
                }
                None => self.full = true,
            },
            slot => self.states[slot as usize].meet(state, meaning),
        }
    }

    fn loop_at(&self, header: usize) -> Option<usize> {
        self.loops.binary_search_by_key(&(header as u32), |l| l.header).ok()
    }

    /// Makes ready for another walk over the same instructions, which takes what the last one brought back.
    pub(super) fn begin(&mut self, assume_nothing: bool) {
        self.assume_nothing = assume_nothing;
        for one in &mut self.loops {
            (one.assumed, one.back, one.started) = (one.back, NONE, false);
        }
        self.free.clear();
        let kept = |slot: &u32| !self.loops.iter().any(|l| l.assumed == *slot);
        self.free.extend((0..self.states.len() as u32).filter(kept));
        for at in self.at.iter_mut().filter(|at| **at != NONE) {
            *at = WAITS;
        }
    }

    /// Whether what the last walk brought back to the starts of loops would change nothing there.
    pub(super) fn is_settled(&self, meaning: &impl Meaning) -> bool {
        let state = |slot: u32| self.states.get(slot as usize);
        let settled = |(n, one): (usize, &Loop)| match (self.starts.get(n), state(one.back)) {
            (_, None) => true,
            (Some(start), Some(back)) if one.started && !one.blank => {
                let mut both = start.clone();
                both.meet(back, meaning);
                both == *start
            }
            (_, Some(back)) => !back.knows_anything(),
        };
        self.full || self.assume_nothing || self.loops.iter().enumerate().all(settled)
    }

    fn room(&mut self) -> Option<u32> {
        let fresh = self.states.len() as u32;
        self.free.pop().or_else(|| {
            (self.states.len() < MAX_MEETINGS).then(|| {
                self.states.push(State::default());
                fresh
            })
        })
    }

    /// What is known at an instruction that jumps lead to, and that is `reached` from the one before it, or not. SP of
    /// code that only loops lead to is that of the function's body, which is the `lowest`.
    pub(super) fn arrive(
        &mut self,
        index: usize,
        (reached, lowest): (bool, i32),
        state: &mut State,
        meaning: &impl Meaning,
    ) {
        let only_back = self.at[index] == WAITS && !reached;
        match self.at[index] {
            WAITS if reached => {}
            WAITS => self.enter(index, lowest, state, meaning),
            LOST => state.forget(lowest),
            slot => {
                let waiting = &self.states[slot as usize];
                if reached {
                    state.meet(waiting, meaning);
                } else {
                    state.copy_from(waiting);
                }
                self.free.push(slot);
            }
        }
        let Some(found) = self.loop_at(index) else { return };
        self.forget_loop(found, state);
        let blank = only_back && !state.knows_anything();
        let assumed = self.states.get(self.loops[found].assumed as usize);
        match assumed {
            Some(assumed) if blank => state.copy_from(assumed),
            Some(assumed) => state.meet(assumed, meaning),
            None => {}
        }
        self.loops[found].blank = blank && assumed.is_none();
        if found < MAX_MEETINGS {
            self.starts.resize_with(self.starts.len().max(found + 1), State::default);
            self.starts[found].copy_from(state);
            self.loops[found].started = true;
        }
    }

    /// What is known at the start of a loop that is entered further down, where its condition is: what those that jump
    /// into it agree on.
    fn enter(&mut self, index: usize, lowest: i32, state: &mut State, meaning: &impl Meaning) {
        state.forget(lowest);
        let Some(found) = self.loop_at(index).filter(|found| !self.loops[*found].vast) else { return };
        let last = self.loops[found].last as usize;
        let body = index + 1..=last;
        let inside = self.at.get(body).unwrap_or_default().iter().enumerate();
        let inside = inside.filter(|(_, at)| **at != NONE && **at != WAITS);
        let mut first = None;
        for (n, at) in inside {
            match self.states.get(*at as usize) {
                Some(waiting) if first.is_none() => state.copy_from(waiting),
                Some(waiting) => state.meet(waiting, meaning),
                None => return state.forget(lowest),
            }
            first = first.or(Some(index + 1 + n));
        }
        // A condition at the end of the loop goes on to its start with the same registers; in front of one at the start the
        // code that comes back may have changed them.
        if first.is_some_and(|first| last - first > LONGEST_CONDITION) {
            state.kill(!RegSet::NONE);
        }
    }

    /// Forgets what a loop writes and what is no type.
    fn forget_loop(&self, found: usize, state: &mut State) {
        let Loop { regs, places, vast, .. } = self.loops[found];
        let sp = state.sp();
        if vast {
            return state.forget(sp.unwrap_or(0));
        }
        match self.assume_nothing {
            true => state.kill(regs),
            false => state.weaken(regs),
        }
        let Some(sp) = sp.filter(|_| state.has_slots()) else { return };
        for (disp, size) in &self.places[places.0 as usize..places.1 as usize] {
            let at = i32::try_from(i64::from(sp) + disp).unwrap_or(i32::MAX);
            match self.assume_nothing {
                true => state.kill_slots(at, *size),
                false => state.weaken_slots(at, *size),
            }
        }
    }

    /// Makes room for another function.
    pub(super) fn clear(&mut self) {
        (self.full, self.assume_nothing) = (false, false);
        self.free.clear();
        self.free.extend(0..self.states.len() as u32);
    }
}

/// The instruction at `target`, if it is not the first one.
fn index(steps: &[Located], entry: u64, target: u64) -> Option<usize> {
    let offset = u32::try_from(target.checked_sub(entry)?).ok().filter(|offset| *offset > 0)?;
    steps.binary_search_by_key(&offset, |located| located.at).ok()
}

/// Makes one of parts that touch each other.
fn join(places: &mut Vec<(i64, i32)>) {
    places.sort_unstable();
    places.dedup_by(|next, last| {
        let (end, reached) = (next.0.saturating_add(next.1.into()), last.0.saturating_add(last.1.into()));
        let touch = next.0 <= reached;
        if touch {
            last.1 = i32::try_from(end.max(reached).saturating_sub(last.0)).unwrap_or(i32::MAX);
        }
        touch
    });
}
