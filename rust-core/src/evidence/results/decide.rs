//! Between the bounds: a list of rules, first match wins, iterated because a callee's estimate is evidence.
//!
//! What is left between the bounds is nearly always "one register more or not" at position `low`. The rules look at
//! what reaches a RET there: a value also read, a parameter untouched, an unread or read result of a call.

use super::bounds::Bounds;
use super::{Bits, Node, Program, first, lowest};
use crate::code::usage::Trivial;

/// Rounds; estimates settle in three or four.
const ROUNDS: usize = 12;

/// Which rule decided. The order is that of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// Known from elsewhere.
    Known,
    /// The bounds meet.
    Bounds,
    /// The bounds meet when callees are taken at their estimates.
    Estimates,
    /// Tail jumps only: the target's results.
    TailJump,
    /// It never returns.
    NoReturn,
    /// The body only spills parameters: it returns them.
    Identity,
    /// The body only checks a pointer and returns it.
    NilCheck,
    /// A `go` or `defer` wrapper returns nothing.
    DeferWrapper,
    /// A wrapper passes its callee's results on.
    WrapperPass,
    /// A wrapper over an indirect call.
    WrapperIndirect,
    /// The callee's results are passed on.
    Pass,
    /// One more register is passed on from a callee.
    PassMore,
    /// An allocation that never escapes must be returned.
    Allocation,
    /// The allocator avoided the register in every return.
    Avoided,
    /// The result of an indirect call reaches RET.
    IndirectPass,
    /// Constants, copies or reloads reach RET.
    Soft,
    /// No more than the lower bound.
    Low,
}

/// What reaches a RET at the position in question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Seen {
    /// A value that is also read.
    pub read: bool,
    /// An untouched parameter.
    pub untouched: bool,
    /// A constant that nothing reads.
    pub constant: bool,
    /// A copy or reload that nothing reads.
    pub moved: bool,
    /// A call's result that nothing reads.
    pub call_unread: bool,
    /// A call's result that is also read.
    pub call_read: bool,
    /// An indirect call's result that nothing reads.
    pub indirect_unread: bool,
    /// An indirect call's result that is also read.
    pub indirect_read: bool,
}

/// A decision and what it rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// Registers of the class that hold results.
    pub count: u8,
    /// The rule that decided.
    pub rule: Rule,
    /// What was seen at the position in question.
    pub seen: Seen,
    /// Call sites that ignore the position.
    pub ignored: u32,
    /// Whether the lower bound was above zero.
    pub above_zero: bool,
    /// For [`Rule::Estimates`] and passes: the callee that the decision leans on.
    pub callee: Option<u32>,
}

struct State<'a> {
    program: &'a Program,
    bounds: &'a Bounds,
    estimate: Vec<u8>,
    /// Where in `sites` a function's are; behind them if nobody calls it.
    sites_at: Vec<u32>,
    /// (used, ignored) call sites of the functions that are called, by position.
    sites: Vec<(u32, u32)>,
}

/// Decides every function of the class.
pub fn decide(program: &Program, bounds: &Bounds) -> Vec<Decision> {
    let mut state = State { program, bounds, estimate: bounds.low.clone(), sites_at: Vec::new(), sites: Vec::new() };
    state.count_sites();
    let mut decisions: Vec<Decision> = (0..program.nodes.len()).map(|f| state.decide(f)).collect();
    // The others do not lean on estimates.
    let open = |f: &usize| !matches!(decisions[*f].rule, Rule::Known | Rule::Bounds);
    let open: Vec<usize> = (0..program.nodes.len()).filter(open).collect();
    for _ in 1..ROUNDS {
        let settled = open.iter().all(|&f| state.estimate[f] == decisions[f].count);
        if settled {
            break;
        }
        open.iter().for_each(|&f| state.estimate[f] = decisions[f].count);
        open.iter().for_each(|&f| decisions[f] = state.decide(f));
    }
    decisions
}

impl State<'_> {
    /// How many call sites use or ignore each result; sites that pass it on say nothing.
    fn count_sites(&mut self) {
        let max = usize::from(self.program.max);
        self.sites_at = vec![u32::MAX; self.program.nodes.len()];
        for edge in self.program.edges.iter().filter(|e| !e.tail) {
            let Some(at) = edge.target().and_then(|g| self.sites_at.get_mut(g)) else { continue };
            if *at == u32::MAX {
                *at = self.sites.len() as u32;
                self.sites.resize(self.sites.len() + max, (0, 0));
            }
            let passed = edge.reach() & first(self.bounds.high[edge.caller as usize]);
            for (b, site) in self.sites.iter_mut().skip(*at as usize).take(max).enumerate() {
                site.0 += edge.used() >> b & 1;
                site.1 += !(edge.used() | passed) >> b & 1;
            }
        }
    }

    fn sites(&self, f: usize, position: u8) -> (u32, u32) {
        let at = self.sites_at.get(f).map_or(usize::MAX, |at| *at as usize);
        let index = at.saturating_add(usize::from(position));
        if position < self.program.max { self.sites.get(index).copied().unwrap_or_default() } else { (0, 0) }
    }

    /// The upper bound with callees taken at their estimates, and the callee that sets it.
    fn upper(&self, f: usize) -> (u8, Option<u32>) {
        let mut upper = (self.bounds.high[f], None);
        for edge in self.program.edges(&self.program.nodes[f]) {
            let Some(&estimate) = edge.target().and_then(|g| self.estimate.get(g)) else { continue };
            let limit = if edge.tail { estimate } else { lowest(edge.reach() & !first(estimate), self.program.max) };
            if limit < upper.0 {
                upper = (limit, Some(edge.callee));
            }
        }
        (upper.0.max(self.bounds.low[f]), upper.1)
    }

    fn seen(&self, node: &Node, position: u8) -> Seen {
        let has = |bits: Bits| bits >> position & 1 != 0;
        let mut seen = Seen {
            read: has(node.read),
            untouched: has(node.untouched),
            constant: has(node.constant),
            moved: has(node.copied | node.reloaded),
            ..Seen::default()
        };
        for edge in self.program.edges(node).iter().filter(|e| !e.tail && has(e.reach())) {
            match (edge.target().is_some(), has(edge.used())) {
                (true, false) => seen.call_unread = true,
                (true, true) => seen.call_read = true,
                (false, false) => seen.indirect_unread = true,
                (false, true) => seen.indirect_read = true,
            }
        }
        seen
    }

    fn decide(&self, f: usize) -> Decision {
        let node = &self.program.nodes[f];
        let low = self.bounds.low[f];
        let base = Decision {
            count: low,
            rule: Rule::Low,
            seen: Seen::default(),
            ignored: 0,
            above_zero: low > 0,
            callee: None,
        };
        if node.fixed.is_some() {
            return Decision { rule: Rule::Known, ..base };
        }
        if low == self.bounds.high[f] {
            return Decision { rule: Rule::Bounds, ..base };
        }
        let (upper, callee) = self.upper(f);
        let ignored = self.sites(f, low).1;
        let seen = self.seen(node, low);
        let base = Decision { seen, ignored, ..base };
        if low == upper {
            return Decision { rule: Rule::Estimates, callee, ..base };
        }
        let (rule, count, callee) = self.between(node, low, upper, seen, ignored);
        Decision { rule, count: count.clamp(low, upper), callee, ..base }
    }

    fn between(&self, node: &Node, low: u8, upper: u8, seen: Seen, ignored: u32) -> (Rule, u8, Option<u32>) {
        if !node.has_ret || node.opaque {
            return self.without_ret(node, low);
        }
        let only = |s: Seen| s == seen;
        let passes = Seen { call_unread: true, ..Seen::default() };
        let (passed, callee) = self.passed(node, low, upper);
        if self.program.float {
            let pass = only(passes) && low == 0 && ignored == 0;
            return if pass { (Rule::Pass, passed, callee) } else { (Rule::Low, low, None) };
        }
        let lonely = low == 0 && ignored == 0;
        if lonely && only(Seen { untouched: true, ..Seen::default() }) {
            match node.trivial {
                Trivial::Spills => return (Rule::Identity, identity(node.param_count), None),
                Trivial::NilChecks => return (Rule::NilCheck, 1, None),
                Trivial::No => {}
            }
        }
        let deferred = node.param_count == 0 && node.closure;
        let unread = seen.call_unread || seen.indirect_unread;
        if node.wrapper && low == 0 && unread {
            if deferred {
                return (Rule::DeferWrapper, 0, None);
            }
            if only(passes) {
                return (Rule::WrapperPass, passed, callee);
            }
            if only(Seen { indirect_unread: true, ..Seen::default() }) {
                return (Rule::WrapperIndirect, 1, None);
            }
        }
        if only(passes) {
            return self.pass(node, low, (passed, callee), ignored, deferred);
        }
        let alone = |s: Seen| only(s) && ignored == 0;
        if low == 0
            && alone(Seen { call_read: true, ..Seen::default() })
            && let Some(decision) = self.allocation(node)
        {
            return decision;
        }
        let avoided = node.avoided >> low & 1 != 0 && node.every_ret >> low & 1 != 0;
        if low > 0 && avoided && alone(Seen { read: true, ..Seen::default() }) {
            return (Rule::Avoided, low + 1, None);
        }
        if low == 0 && alone(Seen { indirect_unread: true, ..Seen::default() }) {
            return (Rule::IndirectPass, indirect(node), None);
        }
        if seen.constant || seen.moved {
            return (Rule::Soft, soft(node, low, upper, seen, ignored), None);
        }
        (Rule::Low, low, None)
    }

    fn without_ret(&self, node: &Node, low: u8) -> (Rule, u8, Option<u32>) {
        let tails = self.program.edges(node).iter().filter(|e| e.tail);
        let known = tails.clone().filter_map(|e| Some((*self.estimate.get(e.target()?)?, e.callee))).min();
        match known {
            Some((estimate, callee)) if node.has_tail && tails.clone().all(|e| e.target().is_some()) => {
                (Rule::TailJump, low.max(estimate), Some(callee))
            }
            _ if node.has_tail || node.unknown_exit => (Rule::TailJump, low, None),
            _ => (Rule::NoReturn, low, None),
        }
    }

    /// The smallest estimate of the callees whose results reach RET at `low`, and that callee.
    fn passed(&self, node: &Node, low: u8, upper: u8) -> (u8, Option<u32>) {
        let reaching = self.program.edges(node).iter().filter(|e| !e.tail && e.reach() >> low & 1 != 0);
        let least = reaching.filter_map(|e| Some((*self.estimate.get(e.target()?)?, e.callee))).min();
        least.map_or((low, None), |(count, callee)| (count.min(upper), Some(callee)))
    }

    fn pass(
        &self,
        node: &Node,
        low: u8,
        (passed, callee): (u8, Option<u32>),
        ignored: u32,
        deferred: bool,
    ) -> (Rule, u8, Option<u32>) {
        let (used, unused) = self
            .program
            .edges(node)
            .iter()
            .filter(|e| !e.tail && e.reach() >> low & 1 != 0)
            .filter_map(|e| e.target())
            .map(|g| self.sites(g, low))
            .fold((0u64, 0u64), |sum, site| (sum.0 + u64::from(site.0), sum.1 + u64::from(site.1)));
        if low > 0 {
            let wanted = ignored == 0 && (node.avoided >> low & 1 != 0 || (used > 0 && unused == 0));
            return (Rule::PassMore, if wanted { passed } else { low }, callee);
        }
        let wanted = used >= unused && !deferred && ignored == 0;
        (Rule::Pass, if wanted { passed } else { 0 }, callee)
    }

    fn allocation(&self, node: &Node) -> Option<(Rule, u8, Option<u32>)> {
        let mut reaching = self.program.edges(node).iter().filter(|e| !e.tail && e.reach() & 1 != 0).peekable();
        reaching.peek()?;
        let kept = reaching.try_fold(true, |kept, edge| {
            let allocates = edge.target().and_then(|g| self.program.nodes.get(g)).is_some_and(|n| n.allocator);
            allocates.then_some(kept && edge.no_escape)
        })?;
        (kept || node.avoided & 1 != 0).then_some((Rule::Allocation, 1, None))
    }
}

/// A body without any code returns its parameters, or nothing when there are many (then it is an empty method).
fn identity(params: u32) -> u8 {
    match params {
        0..=2 => params as u8,
        3 => 1,
        _ => 3,
    }
}

/// The result of an indirect call that reaches RET: usual counts by parameters, a guess.
fn indirect(node: &Node) -> u8 {
    const BY_PARAMS: [u8; 10] = [4, 1, 1, 2, 3, 3, 2, 1, 4, 4];
    if node.closure { 0 } else { BY_PARAMS[(node.param_count as usize).min(9)] }
}

fn soft(node: &Node, low: u8, upper: u8, seen: Seen, ignored: u32) -> u8 {
    if seen.untouched || (seen.read && ignored > 0) {
        return low;
    }
    let bits = node.constant | node.copied | node.reloaded;
    (low..upper).find(|b| bits >> b & 1 == 0).unwrap_or(upper)
}
