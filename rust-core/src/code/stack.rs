//! What one function does with the stack words that parameters and results travel in: its own argument area, and the
//! areas of the calls that it makes.
//!
//! Two facts carry most of what is known without types. A result is written on every way to every RET, and never read
//! before. And a caller stores every parameter of a callee right before the call, and loads nothing but results after it.

use super::flow::{Block, Body, Exit, Graph, NONE, World};
use super::op::{Flow, Op};
use crate::abi::location::RegSet;
use crate::limits;

/// Words of an argument area that are told apart; the others are not looked at.
pub const WORDS: u32 = 64;

/// A set of words of an argument area; bit n is word n.
pub type Words = u64;

/// Where things are, in bytes.
#[derive(Debug, Clone, Copy)]
pub struct Area {
    /// A word.
    pub word: u32,
    /// From SP at entry to the function's own argument area.
    pub arg_base: u32,
    /// Size of that area.
    pub args: u32,
    /// From SP at a call to the callee's argument area.
    pub outgoing: u32,
    /// Where block copies take their destination from.
    pub copy_to: RegSet,
    /// Where block copies take their source from.
    pub copy_from: RegSet,
}

/// What else has to be known of the program.
pub trait Copies: World {
    /// Whether a call of that address copies or clears a block of memory (`runtime.duffcopy`, `runtime.duffzero`).
    fn copies_block(&self, target: u64) -> bool;
}

/// One direct call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Site {
    /// The callee's index.
    pub callee: u32,
    /// Words of the callee's area that are stored to on every way since the call before.
    pub stored: Words,
    /// A block copy of unknown length is among the stores.
    pub open: bool,
    /// Words that are loaded after the call before anything else is stored to them.
    pub loaded: Words,
}

/// A read of the own area.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Read {
    /// Bytes from its start.
    pub off: u32,
    /// Bytes read.
    pub size: u8,
    /// Whether the sign is extended, which is done to signed values alone.
    pub signed: bool,
}

/// What was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StackUsage {
    /// Words of the own area that are read, or whose address is taken, where not every way has written them.
    pub read: Words,
    /// Words that every way to every RET writes; `None` without a RET.
    pub written: Option<Words>,
    /// Reads of the own area.
    pub reads: Vec<Read>,
    /// Direct calls.
    pub sites: Vec<Site>,
    /// The target of a jump out of the function, which takes the same parameters.
    pub tail: Option<u32>,
}

/// The analysis with its scratch memory; make one per thread.
#[derive(Debug, Default)]
pub struct StackWords {
    graph: Graph,
    states: Vec<State>,
    predecessors: Vec<u32>,
    /// The call before each block, as an index of sites.
    before: Vec<u32>,
    deltas: Vec<i32>,
}

/// What is certain at one point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    /// Words of the own area that are written.
    own: Words,
    /// Words of the outgoing area that are stored to since the last call.
    out: Words,
    /// A block of unknown length may be among these.
    open: bool,
}

const NOTHING: State = State { own: 0, out: 0, open: false };
/// Of a place that no way leads to yet.
const UNREACHED: State = State { own: Words::MAX, out: Words::MAX, open: false };

impl State {
    fn join(&mut self, other: State) -> bool {
        let before = *self;
        self.own &= other.own;
        self.out &= other.out;
        self.open |= other.open;
        *self != before
    }
}

/// An instruction's access to one of the areas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Touch {
    Own { words: Words, read: bool, write: bool },
    Out { words: Words, read: bool, write: bool, open: bool },
}

impl StackWords {
    /// Looks at one function. `deltas` says how far SP is below its value at entry: (first byte behind, bytes).
    pub fn look(
        &mut self,
        body: &Body<'_>,
        area: &Area,
        deltas: impl Iterator<Item = (u32, i32)>,
        world: &impl Copies,
    ) -> StackUsage {
        self.graph.build(body, world);
        self.deltas.clear();
        self.deltas.extend(by_op(body.ops, deltas));
        let mut usage = StackUsage::default();
        if self.solve(body, area, world) {
            self.harvest(body, area, world, &mut usage);
        }
        usage
    }

    /// Computes what is certain at the start of each block.
    fn solve(&mut self, body: &Body<'_>, area: &Area, world: &impl Copies) -> bool {
        self.states.clear();
        self.states.resize(self.graph.blocks.len(), UNREACHED);
        self.predecessors.clear();
        self.predecessors.resize(self.graph.blocks.len(), 0);
        let Some(entry) = self.states.first_mut() else { return false };
        *entry = NOTHING;
        for block in self.graph.blocks.iter().filter(|b| b.reachable) {
            self.graph.each_successor(block, |next| self.predecessors[next as usize] += 1);
        }
        for _ in 0..limits::MAX_ROUNDS {
            let mut changed = false;
            for b in 0..self.graph.blocks.len() {
                let block = self.graph.blocks[b];
                if !block.reachable {
                    continue;
                }
                let mut state = self.states[b];
                for i in block.start..block.end {
                    self.step(i as usize, &block, body, area, world, &mut state);
                }
                self.graph.each_successor(&block, |next| changed |= self.states[next as usize].join(state));
            }
            if !changed {
                return true;
            }
        }
        false
    }

    fn step(&self, i: usize, block: &Block, body: &Body<'_>, area: &Area, world: &impl Copies, state: &mut State) {
        let op = &body.ops[i];
        match self.touch(i, block, body, area, world) {
            Some(Touch::Own { words, write: true, .. }) => state.own |= words,
            Some(Touch::Out { words, write: true, open, .. }) => {
                state.out |= words;
                state.open |= open;
            }
            _ => {}
        }
        if op.is_call() && !(op.flow == Flow::Call && world.copies_block(op.target)) {
            (state.out, state.open) = (0, false);
        }
    }

    fn harvest(&mut self, body: &Body<'_>, area: &Area, world: &impl Copies, usage: &mut StackUsage) {
        self.before.clear();
        self.before.resize(self.graph.blocks.len(), NONE);
        for b in 0..self.graph.blocks.len() {
            let block = self.graph.blocks[b];
            if !block.reachable {
                continue;
            }
            let mut state = self.states[b];
            let mut last = self.before[b];
            for i in block.start as usize..block.end as usize {
                let op = &body.ops[i];
                if body.is_growth(op) {
                    continue;
                }
                match self.touch(i, &block, body, area, world) {
                    Some(Touch::Own { words, read: true, .. }) => {
                        usage.read |= words & !state.own;
                        self.note_read(i, op, area, usage);
                    }
                    Some(Touch::Out { words, read: true, .. }) => {
                        if let Some(site) = usage.sites.get_mut(last as usize) {
                            site.loaded |= words & !state.out;
                        }
                    }
                    _ => {}
                }
                if op.flow == Flow::Call && op.callee != NONE && !world.copies_block(op.target) {
                    last = usage.sites.len() as u32;
                    let State { out, open, .. } = state;
                    usage.sites.push(Site { callee: op.callee, stored: out, open, loaded: 0 });
                } else if op.is_call() && !world.copies_block(op.target) {
                    last = NONE;
                }
                self.step(i, &block, body, area, world, &mut state);
            }
            match block.exit {
                Exit::Ret => usage.written = Some(usage.written.unwrap_or(Words::MAX) & state.own),
                Exit::TailJump(callee) if callee != NONE => usage.tail = Some(callee),
                _ => {}
            }
            self.graph.each_successor(&block, |next| {
                if self.predecessors[next as usize] == 1 {
                    self.before[next as usize] = last;
                }
            });
        }
    }

    fn note_read(&self, i: usize, op: &Op, area: &Area, usage: &mut StackUsage) {
        const ENOUGH: usize = 128;
        let Some(slot) = op.stack.filter(|slot| slot.size > 0) else { return };
        let off = i64::from(slot.disp) - i64::from(self.deltas[i]) - i64::from(area.arg_base);
        let read = u32::try_from(off).ok().map(|off| Read { off, size: slot.size, signed: op.signed });
        if let Some(read) = read.filter(|read| usage.reads.len() < ENOUGH && !usage.reads.contains(read)) {
            usage.reads.push(read);
        }
    }

    /// What the instruction at `i` does to an argument area.
    fn touch(&self, i: usize, block: &Block, body: &Body<'_>, area: &Area, world: &impl Copies) -> Option<Touch> {
        let op = &body.ops[i];
        let slot = op.stack?;
        let delta = i64::from(self.deltas[i]);
        let own = i64::from(slot.disp) - delta - i64::from(area.arg_base);
        let (read, write, open) = if op.load || op.store {
            (op.load, op.store, false)
        } else {
            // An address: of a block that is copied or cleared, or who knows what for.
            let behind = behind(i, block, body);
            let copied = is_copied(op, behind, world, area.copy_to);
            let written = copied || is_stored_through(op, behind);
            (!written, written, copied)
        };
        let size = u32::from(slot.size).max(1);
        if let Ok(off) = u32::try_from(own) {
            let words = words(off, size, area.word);
            let all = if open { !0 << (off / area.word).min(63) } else { words };
            return (off < area.args && off / area.word < WORDS).then_some(Touch::Own { words: all, read, write });
        }
        let off = u32::try_from(i64::from(slot.disp) - i64::from(area.outgoing)).ok()?;
        let inside = i64::from(slot.disp) < delta && off / area.word < WORDS;
        // An address in the outgoing area is only ever taken to copy something there.
        let write = write || (!op.load && !op.store);
        inside.then(|| Touch::Out {
            words: words(off, size, area.word),
            read: read && op.load,
            write,
            open: !op.load && !op.store,
        })
    }
}

/// How far the use of an address is looked for.
const REACH: usize = 16;

/// Whether the op at `i` takes the address of a block that is then written, by a copy or a store through the address.
pub fn writes_through(ops: &[Op], i: usize, world: &impl Copies, copy_to: RegSet) -> bool {
    let behind = ops.get(i + 1..(i + 1 + REACH).min(ops.len())).unwrap_or_default();
    is_copied(&ops[i], behind, world, copy_to) || is_stored_through(&ops[i], behind)
}

/// Whether the address that `op` puts into one of `registers` is that of a block which is written.
fn is_copied(op: &Op, behind: &[Op], world: &impl Copies, registers: RegSet) -> bool {
    if (op.writes & registers).is_empty() {
        return false;
    }
    for op in behind {
        let string = op.impure && !(op.reads & registers).is_empty() && !(op.writes & registers).is_empty();
        if string || (op.flow == Flow::Call && world.copies_block(op.target)) {
            return true;
        }
        if op.is_call() || !(op.writes & registers).is_empty() {
            return false;
        }
    }
    false
}

/// Whether the first use of the address that `op` computes is a store to it (`setcc [rax]` up to Go 1.10).
fn is_stored_through(op: &Op, behind: &[Op]) -> bool {
    let register = op.writes;
    let user = behind.iter().find(|op| op.is_call() || !((op.reads | op.writes) & register).is_empty());
    user.is_some_and(|op| op.store && !op.load && op.address == register && op.data.map(RegSet::of) != Some(register))
}

fn behind<'o>(i: usize, block: &Block, body: &Body<'o>) -> &'o [Op] {
    let end = (i + 1 + REACH).min(block.end as usize);
    body.ops.get(i + 1..end).unwrap_or_default()
}

fn words(off: u32, size: u32, word: u32) -> Words {
    let last = (off + size - 1) / word;
    (off / word..=last).filter(|n| *n < WORDS).fold(0, |set, n| set | 1 << n)
}

/// SP's distance from its value at entry, for each op.
fn by_op(ops: &[Op], mut deltas: impl Iterator<Item = (u32, i32)>) -> impl Iterator<Item = i32> {
    let mut current = None;
    ops.iter().map(move |op| {
        while current.is_none_or(|(end, _)| end <= op.at) {
            current = deltas.next().or(Some((u32::MAX, 0)));
        }
        current.map_or(0, |(_, delta)| delta)
    })
}
