//! What direct callers of a function prepare for it: a witness of parameters that the function itself never touches.
//!
//! *Reads* what [`crate::code::before`] saw at every call site. *Can be trusted* because a caller sets exactly the
//! arguments, whatever the callee does with them. *Lies* where an argument is already in its place, which shows as
//! nothing, and where a copy of a block has no visible length.

use crate::abi::location::{Reg, RegSet};
use crate::code::before::Prepared;

/// What the callers of one function show together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Passed {
    /// Calls; jumps out of other functions are not counted.
    pub calls: u32,
    /// Registers that some caller sets for the call.
    pub registers: RegSet,
    /// Byte behind the last one of the argument area that some caller stores to.
    pub stored: u32,
    /// Some caller stores there through an address, so that nobody knows how much.
    pub copied: bool,
    /// First byte of the area that some caller loads after the call.
    pub loaded: Option<u32>,
    /// Float and integer register, and how many callers move the one or the other first.
    orders: Vec<(Reg, Reg, [u32; 2])>,
}

impl Passed {
    /// Adds a call site.
    pub fn add(&mut self, site: &Prepared) {
        self.calls += u32::from(site.returns);
        self.registers |= site.registers;
        self.stored = self.stored.max(site.stored);
        self.copied |= site.copied;
        self.loaded = [self.loaded, site.loaded].into_iter().flatten().min();
        for (i, first) in site.moved.iter().enumerate() {
            for second in site.moved.iter().skip(i + 1).filter(|second| second.is_float() != first.is_float()) {
                let (float, int) = if first.is_float() { (*first, *second) } else { (*second, *first) };
                let known = self.orders.iter().position(|order| (order.0, order.1) == (float, int));
                let at = known.unwrap_or(self.orders.len());
                if known.is_none() {
                    self.orders.push((float, int, [0; 2]));
                }
                self.orders[at].2[usize::from(!first.is_float())] += 1;
            }
        }
    }

    /// How many callers move the float first, and how many the integer.
    pub fn order(&self, float: Reg, int: Reg) -> [u32; 2] {
        self.orders.iter().find(|order| (order.0, order.1) == (float, int)).map_or([0; 2], |order| order.2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_vote_on_the_order_of_a_float_and_an_integer() {
        let (rax, xmm0) = (Reg(0), Reg::float(0));
        let site =
            |moved: &[Reg]| Prepared { moved: moved.to_vec(), returns: true, loaded: Some(16), ..Prepared::default() };
        let mut passed = Passed::default();
        [site(&[xmm0, rax]), site(&[xmm0, rax]), site(&[rax, xmm0]), site(&[rax])].iter().for_each(|s| passed.add(s));
        assert_eq!((passed.order(xmm0, rax), passed.calls, passed.loaded), ([2, 1], 4, Some(16)));
        assert_eq!(passed.order(xmm0, Reg(3)), [0, 0]);
    }
}
