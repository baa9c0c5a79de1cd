//! Hard bounds on the number of results: what must be one, and what can't be.

use super::{Program, first, height, lowest};
use crate::limits;

/// Bounds of every function of a [`Program`].
#[derive(Debug, Default)]
pub struct Bounds {
    /// At least so many.
    pub low: Vec<u8>,
    /// At most so many.
    pub high: Vec<u8>,
}

impl Bounds {
    /// Computes the bounds, to a fixpoint over calls: a callee's bounds are evidence for its callers and back.
    pub fn of(program: &Program) -> Bounds {
        let mut bounds = Bounds::from_bodies(program);
        let stands: Vec<Standing> = program.nodes.iter().map(Standing::of).collect();
        for _ in 0..limits::MAX_ROUNDS {
            if !bounds.round(program, &stands) {
                break;
            }
        }
        for (low, high) in bounds.low.iter_mut().zip(&bounds.high) {
            *low = (*low).min(*high);
        }
        bounds
    }

    fn from_bodies(program: &Program) -> Bounds {
        let mut read = vec![0; program.nodes.len()];
        for edge in program.edges.iter().filter(|e| !e.tail) {
            if let Some(bits) = edge.target().and_then(|t| read.get_mut(t)) {
                *bits |= edge.used();
            }
        }
        let mut bounds = Bounds::default();
        for (node, read) in program.nodes.iter().zip(read) {
            let (low, high) = match node.fixed {
                Some(n) => (n, n),
                None if node.opaque => (height(read), program.max),
                None => (written(node, read), node.defined(program.max)),
            };
            bounds.low.push(low);
            bounds.high.push(high);
        }
        bounds
    }

    fn round(&mut self, program: &Program, stands: &[Standing]) -> bool {
        let mut changed = false;
        for edge in &program.edges {
            let Some((g, callee)) = edge.target().and_then(|g| Some((g, *stands.get(g)?))) else { continue };
            let f = edge.caller as usize;
            let caller = stands[f];
            if callee != Standing::Opaque && caller == Standing::Open {
                let high =
                    if edge.tail { self.high[g] } else { lowest(edge.reach() & !first(self.high[g]), program.max) };
                changed |= lower(&mut self.high[f], high);
                if edge.tail {
                    let least = self.low[g];
                    changed |= raise(&mut self.low[f], least);
                }
            }
            if callee != Standing::Fixed && caller != Standing::Opaque {
                let returned = self.low[f].min(self.high[f]);
                let low = if edge.tail { returned } else { height(edge.reach() & first(returned)) };
                changed |= raise(&mut self.low[g], low.min(self.high[g]));
            }
        }
        changed
    }
}

/// What of a function's node the rounds ask: callees are all over the table, and a byte of each stays at hand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Its results are known.
    Fixed,
    /// Its code says nothing.
    Opaque,
    /// Its code and callers say what they are.
    Open,
}

impl Standing {
    fn of(node: &super::Node) -> Standing {
        match node.fixed {
            Some(_) => Standing::Fixed,
            None if node.opaque => Standing::Opaque,
            None => Standing::Open,
        }
    }
}

fn lower(slot: &mut u8, value: u8) -> bool {
    let changed = value < *slot;
    *slot = (*slot).min(value);
    changed
}

fn raise(slot: &mut u8, value: u8) -> bool {
    let changed = value > *slot;
    *slot = (*slot).max(value);
    changed
}

/// Dead writes before RET and reads by callers are results; computed dead writes elsewhere continue them.
fn written(node: &super::Node, read: super::Bits) -> u8 {
    let mut low = height(node.at_ret | read);
    while node.computed >> low & 1 != 0 {
        low += 1;
    }
    low
}
