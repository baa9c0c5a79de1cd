//! The control flow of one function: basic blocks and where they lead.

use super::growth::Growth;
use super::op::{Flow, Op};
use crate::limits;

/// No block, no function.
pub const NONE: u32 = u32::MAX;

/// How far back the table's address of an indirect jump is looked for.
const TABLE_REACH: usize = 12;

/// What the rest of the program says about callees, which are function indices, and what memory holds.
pub trait World {
    /// Whether a call of the function with that index can come back.
    fn returns(&self, callee: u32) -> bool;
    /// Whether a runtime type or an itab can be at `addr`.
    fn is_type(&self, addr: u64) -> bool;
    /// The pointer-sized word at `addr`, for jump tables.
    fn word(&self, addr: u64) -> Option<u64>;
}

/// How a block ends, when not by going on to successors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Exit {
    /// Its successors say all.
    #[default]
    None,
    /// To the caller.
    Ret,
    /// Into another function, which returns to our caller.
    TailJump(u32),
    /// A jump that could not be resolved.
    Unknown,
}

/// A straight line of instructions.
#[derive(Debug, Clone, Copy, Default)]
pub struct Block {
    /// First op.
    pub start: u32,
    /// Behind the last op.
    pub end: u32,
    /// Successors, [`NONE`] when there is none.
    pub next: [u32; 2],
    /// Further successors in [`Graph::more`] (jump tables).
    pub more: (u32, u32),
    /// How it ends.
    pub exit: Exit,
    /// Whether control can come here.
    pub reachable: bool,
}

/// A set of a function's ops, which tells the place of each of them among the others.
#[derive(Debug, Default)]
struct Leaders {
    /// A bit for each op.
    bits: Vec<u64>,
    /// How many are in front of each word of `bits`.
    before: Vec<u32>,
    /// Ops in all.
    ops: u32,
}

impl Leaders {
    /// None of so many ops.
    fn clear(&mut self, ops: usize) {
        self.ops = ops as u32;
        self.bits.clear();
        self.bits.resize(ops.div_ceil(64), 0);
    }

    /// Adds an op; there is none behind the last one.
    fn mark(&mut self, op: u32) {
        if op < self.ops {
            self.bits[op as usize / 64] |= 1 << (op % 64);
        }
    }

    /// To be done before [`Leaders::block`] is asked.
    fn count(&mut self) {
        let mut all = 0;
        self.before.clear();
        for word in &self.bits {
            self.before.push(all);
            all += word.count_ones();
        }
    }

    /// In order.
    fn each(&self, mut each: impl FnMut(u32)) {
        for (word, from) in self.bits.iter().zip((0..).step_by(64)) {
            let mut left = *word;
            while left != 0 {
                each(from + left.trailing_zeros());
                left &= left - 1;
            }
        }
    }

    /// The number of the block that begins with the op, [`NONE`] if none does.
    fn block(&self, op: u32) -> u32 {
        let (Some(word), bit) = (self.bits.get(op as usize / 64), 1u64 << (op % 64)) else { return NONE };
        if word & bit == 0 { NONE } else { self.before[op as usize / 64] + (word & (bit - 1)).count_ones() }
    }
}

/// The flow graph of one function; its memory is reused from function to function.
#[derive(Debug, Default)]
pub struct Graph {
    /// Blocks by address. The first one is the entry.
    pub blocks: Vec<Block>,
    /// Successors from jump tables.
    pub more: Vec<u32>,
    /// Blocks that lead to themselves or back, each with where to.
    pub back: Vec<(u32, u32)>,
    /// Which ops begin blocks.
    leaders: Leaders,
    /// Of every jump and branch, in order: the op at its target, [`NONE`] when that is outside.
    targets: Vec<u32>,
    /// Op and its range in `more`, by op.
    tables: Vec<(u32, u32, u32)>,
    work: Vec<u32>,
}

/// The function whose flow is wanted.
pub struct Body<'a> {
    /// Its instructions.
    pub ops: &'a [Op],
    /// The indices of those after which control may be elsewhere: the others are most, and have no part in its flow.
    pub turns: &'a [u32],
    /// Address of the first one.
    pub entry: u64,
    /// Address behind the last one.
    pub end: u64,
    /// Offset of the `call deferreturn` sequence (`_func.deferreturn`), 0 for none: an entry of its own.
    pub deferreturn: u32,
    /// The stack-growth block, which is left out.
    pub growth: Option<&'a Growth>,
}

impl Body<'_> {
    fn index(&self, target: u64) -> Option<u32> {
        let offset = u32::try_from(target.checked_sub(self.entry)?).ok()?;
        self.ops.binary_search_by_key(&offset, |op| op.at).ok().map(|i| i as u32)
    }

    fn is_inside(&self, target: u64) -> bool {
        (self.entry..self.end).contains(&target)
    }

    /// Whether the op belongs to the stack-growth block.
    pub fn is_growth(&self, op: &Op) -> bool {
        self.growth.is_some_and(|g| (g.start..g.end).contains(&op.at))
    }

    fn leads_to_growth(&self, op: &Op) -> bool {
        self.growth.is_some_and(|g| op.target == self.entry + u64::from(g.start))
    }
}

impl Graph {
    /// Computes the blocks of `body`.
    pub fn build(&mut self, body: &Body<'_>, world: &impl World) {
        self.blocks.clear();
        self.more.clear();
        self.tables.clear();
        self.targets.clear();
        self.back.clear();
        if body.ops.is_empty() {
            return;
        }
        self.mark_leaders(body, world);
        self.cut(body);
        self.link(body, world);
        self.reach(body);
    }

    fn mark_leaders(&mut self, body: &Body<'_>, world: &impl World) {
        self.leaders.clear(body.ops.len());
        self.leaders.mark(0);
        if let Some(index) = body.index(body.entry + u64::from(body.deferreturn)) {
            self.leaders.mark(index);
        }
        for &turn in body.turns {
            let (i, op) = (turn as usize, &body.ops[turn as usize]);
            match op.flow {
                Flow::Jump | Flow::Branch => {
                    let target = body.index(op.target);
                    self.targets.push(target.unwrap_or(NONE));
                    if let Some(target) = target {
                        self.leaders.mark(target);
                    }
                }
                Flow::JumpIndirect => {
                    let from = self.more.len();
                    if from < limits::MAX_JUMP_TARGETS {
                        self.more.extend(jump_table(body, i, world));
                    }
                    self.more[from..].iter().for_each(|target| self.leaders.mark(*target));
                    self.tables.push((turn, from as u32, self.more.len() as u32));
                }
                Flow::Call if world.returns(op.callee) => continue,
                Flow::Ret | Flow::Stop | Flow::Call => {}
                Flow::Next | Flow::CallIndirect => continue,
            }
            self.leaders.mark(turn + 1);
        }
    }

    fn cut(&mut self, body: &Body<'_>) {
        self.leaders.count();
        let (blocks, end) = (&mut self.blocks, body.ops.len() as u32);
        self.leaders.each(|start| {
            if let Some(last) = blocks.last_mut() {
                last.end = start;
            }
            blocks.push(Block { start, end, next: [NONE; 2], ..Block::default() });
        });
        self.more.iter_mut().for_each(|target| *target = self.leaders.block(*target));
    }

    fn link(&mut self, body: &Body<'_>, world: &impl World) {
        let mut jumps = 0;
        for b in 0..self.blocks.len() {
            let last = self.blocks[b].end - 1;
            let Some(op) = body.ops.get(last as usize) else { continue };
            let after = if b + 1 < self.blocks.len() { b as u32 + 1 } else { NONE };
            let mut block = self.blocks[b];
            let mut target = NONE;
            if matches!(op.flow, Flow::Jump | Flow::Branch) {
                target = self.leaders.block(self.targets[jumps]);
                jumps += 1;
            }
            match op.flow {
                Flow::Next | Flow::CallIndirect => block.next[0] = after,
                Flow::Call if world.returns(op.callee) => block.next[0] = after,
                Flow::Branch if body.leads_to_growth(op) => block.next[0] = after,
                Flow::Branch if body.is_inside(op.target) => block.next = [after, target],
                Flow::Branch => {
                    block.next[0] = after;
                    block.exit = Exit::TailJump(op.callee);
                }
                Flow::Jump if body.is_inside(op.target) => block.next[0] = target,
                Flow::Jump => block.exit = Exit::TailJump(op.callee),
                Flow::JumpIndirect => self.link_table(last, &mut block),
                Flow::Ret => block.exit = Exit::Ret,
                Flow::Stop | Flow::Call => {}
            }
            each_successor(&block, &self.more, |next| {
                if next as usize <= b {
                    self.back.push((b as u32, next));
                }
            });
            self.blocks[b] = block;
        }
    }

    fn link_table(&self, op: u32, block: &mut Block) {
        let known = self.tables.binary_search_by_key(&op, |table| table.0).ok().map(|i| self.tables[i]);
        match known {
            Some((_, from, to)) if from < to => block.more = (from, to),
            _ => block.exit = Exit::Unknown,
        }
    }

    /// Gives `each` the successors of a block.
    pub fn each_successor(&self, block: &Block, each: impl FnMut(u32)) {
        each_successor(block, &self.more, each);
    }

    fn reach(&mut self, body: &Body<'_>) {
        let extra = (body.deferreturn != 0).then(|| body.index(body.entry + u64::from(body.deferreturn))).flatten();
        let extra = extra.map_or(NONE, |index| self.leaders.block(index));
        let Graph { blocks, more, work, .. } = self;
        work.clear();
        work.extend([0, extra]);
        while let Some(b) = work.pop() {
            let Some(block) = blocks.get_mut(b as usize).filter(|block| !block.reachable) else { continue };
            block.reachable = true;
            each_successor(block, more, |next| work.push(next));
        }
    }
}

/// Asked of every block several times, so it is no iterator over two lists.
fn each_successor(block: &Block, more: &[u32], mut each: impl FnMut(u32)) {
    block.next.into_iter().filter(|next| *next != NONE).for_each(&mut each);
    if block.more.0 < block.more.1 {
        let more = more.get(block.more.0 as usize..block.more.1 as usize).unwrap_or_default();
        more.iter().filter(|next| **next != NONE).for_each(|next| each(*next));
    }
}

/// Targets of `jmp [table + index*8]` (Go ≥ 1.19, `cmd/compile/internal/ssagen`: jump tables), as op indices.
fn jump_table(body: &Body<'_>, at: usize, world: &impl World) -> impl Iterator<Item = u32> {
    let jump = &body.ops[at];
    let before = &body.ops[at.saturating_sub(TABLE_REACH)..at];
    let base = before
        .iter()
        .rev()
        .find(|op| op.target != 0 && !op.load && op.flow == Flow::Next && !(op.writes & jump.address).is_empty());
    let table = base.map(|op| op.target);
    (0..limits::MAX_JUMP_TABLE as u64)
        .map_while(move |i| world.word(table?.checked_add(i * 8)?).filter(|t| body.is_inside(*t)))
        .filter_map(|target| body.index(target))
}
