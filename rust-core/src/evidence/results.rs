//! Result registers from code: how many integer and how many float registers a function returns.
//!
//! *Reads* the summaries of [`crate::code::usage`], and what is already known of some functions.
//! *Can be trusted* because Go's compiler leaves no register write behind that nothing wants: one that is dead and
//! reaches a RET is a result. Results fill registers from the first on, so the question is a count per class.
//! Lower and upper bounds come first ([`bounds`]); where they meet nothing is left to decide. Between them a list of
//! measured rules decides ([`decide`]), each with the share of cases in which it was right.

pub mod bounds;
pub mod confidence;
pub mod decide;

use crate::abi::location::{Reg, RegSet};
use crate::abi::registers::Convention;
use crate::code::flow::NONE;
use crate::code::usage::{CallRecord, Summary, Trivial, Writes};
use crate::report::Confidence;
use bounds::Bounds;
use decide::{Decision, decide};

/// What code says of one function's results.
#[derive(Debug, Clone, Copy)]
pub struct Inferred {
    /// Integer registers.
    pub ints: Decision,
    /// Float registers.
    pub floats: Decision,
    /// The surer of both is no surer than the other.
    pub tier: Confidence,
}

/// Infers the results of all functions.
pub fn infer(summaries: Vec<Summary>, known: &[Known], convention: &Convention) -> Vec<Inferred> {
    let (ints, floats) = rayon::join(
        || Program::new(&summaries, known, convention.ints, false),
        || Program::new(&summaries, known, convention.floats, true),
    );
    drop(summaries);
    let class = |class: Program| {
        let decisions = decide(&class, &Bounds::of(&class));
        let tiers = confidence::tiers(&decisions);
        decisions.into_iter().zip(tiers)
    };
    let (ints, floats) = rayon::join(|| class(ints), || class(floats));
    ints.zip(floats).map(|((ints, a), (floats, b))| Inferred { ints, floats, tier: a.min(b) }).collect()
}

/// A set of positions in one class's result sequence.
pub type Bits = u32;

/// What is known of a function before its code is asked.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known {
    /// Register results (integer, float), from types or tables.
    pub results: Option<(u8, u8)>,
    /// Its parameters in registers.
    pub params: RegSet,
    /// Nothing of its code says anything: assembly, or an ABI0 body.
    pub opaque: bool,
    /// Marked as a wrapper by the compiler (`funcID` wrapper).
    pub wrapper: bool,
    /// It reads the closure context.
    pub closure: bool,
    /// It allocates and returns a pointer to the memory.
    pub allocator: bool,
}

/// One function, seen by one class of registers.
#[derive(Debug, Clone, Default)]
pub struct Node {
    at_ret: Bits,
    computed: Bits,
    constant: Bits,
    copied: Bits,
    reloaded: Bits,
    read: Bits,
    untouched: Bits,
    avoided: Bits,
    every_ret: Bits,
    /// Parameters of this class.
    params: Bits,
    /// Parameters in all, in registers.
    param_count: u32,
    /// First and last index in [`Program::edges`].
    edges: (u32, u32),
    fixed: Option<u8>,
    has_ret: bool,
    has_tail: bool,
    opaque: bool,
    wrapper: bool,
    closure: bool,
    allocator: bool,
    unknown_exit: bool,
    trivial: Trivial,
}

/// A call, seen by one class of registers. There are hundreds of thousands, gone over many times: no class has more than
/// 16 registers.
#[derive(Debug, Clone, Copy)]
pub struct Edge {
    caller: u32,
    callee: u32,
    reach: u16,
    used: u16,
    tail: bool,
    no_escape: bool,
}

/// All functions and calls, seen by one class of registers.
#[derive(Debug, Default)]
pub struct Program {
    nodes: Vec<Node>,
    edges: Vec<Edge>,
    /// Registers in the class's sequence.
    max: u8,
    /// Whether this is the float class.
    float: bool,
}

/// Where a class's registers are in its sequence.
struct Order {
    registers: RegSet,
    places: [u8; 64],
}

impl Order {
    fn new(sequence: &[Reg]) -> Order {
        let mut places = [0; 64];
        sequence.iter().zip(0..).for_each(|(reg, place)| places[usize::from(reg.0 & 63)] = place);
        Order { registers: sequence.iter().copied().collect(), places }
    }

    /// The positions of a set's registers. Most sets have one or none.
    fn positions(&self, set: RegSet) -> Bits {
        let mut left = (set & self.registers).0;
        let mut bits = 0;
        while left != 0 {
            bits |= 1 << self.places[(left.trailing_zeros() & 63) as usize];
            left &= left - 1;
        }
        bits
    }
}

/// One past the highest position in the set.
fn height(bits: Bits) -> u8 {
    (Bits::BITS - bits.leading_zeros()) as u8
}

/// The lowest position in the set, or `max`.
fn lowest(bits: Bits, max: u8) -> u8 {
    (bits.trailing_zeros() as u8).min(max)
}

/// The first `n` positions.
fn first(n: u8) -> Bits {
    (1 << n) - 1
}

impl Program {
    /// The class with the registers `order`, of all functions.
    pub fn new(summaries: &[Summary], known: &[Known], order: &[Reg], float: bool) -> Self {
        let mut program = Program { max: order.len() as u8, float, ..Program::default() };
        let order = &Order::new(order);
        program.nodes = summaries.iter().zip(known).map(|(s, known)| node(s, known, order, float)).collect();
        // Few functions have floats, and calls between two others say nothing of any.
        let is_open = |node: &Node| !float || node.fixed.is_none() && node.defined(program.max) > 0;
        let open: Vec<bool> = program.nodes.iter().map(is_open).collect();
        let tells = |i: usize, call: &CallRecord| open[i] || open.get(call.callee as usize) == Some(&true);
        let calls =
            summaries.iter().enumerate().map(|(i, s)| s.calls.iter().filter(|call| tells(i, call)).count()).sum();
        program.edges.reserve_exact(calls);
        for (i, summary) in summaries.iter().enumerate() {
            let from = program.edges.len() as u32;
            let told = summary.calls.iter().filter(|call| tells(i, call));
            program.edges.extend(told.map(|call| edge(i as u32, call, order)));
            program.nodes[i].edges = (from, program.edges.len() as u32);
        }
        program
    }

    fn edges(&self, node: &Node) -> &[Edge] {
        self.edges.get(node.edges.0 as usize..node.edges.1 as usize).unwrap_or_default()
    }
}

impl Node {
    /// How many results there are at most: a register that nothing defines on some way to a RET is none.
    fn defined(&self, max: u8) -> u8 {
        if self.has_ret { lowest(self.untouched & !self.params, max) } else { max }
    }
}

impl Edge {
    /// The callee's index, when it is a function of the binary.
    fn target(&self) -> Option<usize> {
        (self.callee != NONE).then_some(self.callee as usize)
    }

    /// Results that reach a RET of the caller untouched.
    fn reach(&self) -> Bits {
        self.reach.into()
    }

    /// Results that are read after the call.
    fn used(&self) -> Bits {
        self.used.into()
    }
}

fn edge(caller: u32, call: &CallRecord, order: &Order) -> Edge {
    Edge {
        caller,
        callee: call.callee,
        reach: order.positions(call.reach) as u16,
        used: order.positions(call.used) as u16,
        tail: call.tail,
        no_escape: call.no_escape,
    }
}

fn node(s: &Summary, known: &Known, order: &Order, float: bool) -> Node {
    let bits = |set| order.positions(set);
    let of_all = |code: fn(&Writes) -> RegSet| s.writes.as_deref().map_or(0, |writes| bits(code(writes)));
    Node {
        // An interface's type word is followed by its data word.
        at_ret: of_all(|w| w.dead_at_ret)
            | (of_all(|w| w.dead_type) << 1 & first(order.registers.0.count_ones() as u8)),
        computed: of_all(|w| w.dead_computed),
        constant: of_all(|w| w.dead_constant),
        copied: of_all(|w| w.dead_copy),
        reloaded: of_all(|w| w.dead_reload),
        read: of_all(|w| w.read_and_returned),
        untouched: bits(s.untouched),
        avoided: of_all(|w| w.avoided),
        every_ret: of_all(|w| w.written_at_every_ret),
        params: bits(known.params),
        param_count: known.params.0.count_ones(),
        edges: (0, 0),
        fixed: known.results.map(|(ints, floats)| if float { floats } else { ints }),
        has_ret: s.has_ret,
        has_tail: s.calls.iter().any(|c| c.tail),
        opaque: known.opaque,
        wrapper: known.wrapper,
        closure: known.closure,
        allocator: known.allocator,
        unknown_exit: s.unknown_exit,
        trivial: s.trivial,
    }
}
