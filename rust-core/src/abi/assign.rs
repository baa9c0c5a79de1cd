//! Where the parameters and results of a signature go: Go's ABI rules, step by step.
//!
//! The rules have not changed since Go 1.17 (`cmd/compile/internal/abi/abiutils.go`), and with no registers at all they
//! are ABI0, the stack convention of every release. In order:
//!
//! 1. Start with no register taken, no stack used and an empty spill area.
//! 2. Place the receiver and then each parameter ([`Assigner::param`]).
//! 3. Round the stack up to the pointer size. All registers are free again ([`Assigner::begin_results`]).
//! 4. Place each result ([`Assigner::result`]).
//! 5. Round the stack up to the pointer size: here the spill area starts. Round its size up as well
//!    ([`Assigner::finish`]).
//!
//! To place a value:
//!
//! 1. Every scalar in it needs one register of its class, integer or float. Strings are a pointer and a length, slices
//!    one more length, interfaces two pointers, complex numbers two floats. Arrays of one element are that element.
//! 2. If it has a size, contains no array of two or more elements, and both classes have enough registers left, it
//!    takes them in memory order. A parameter also gets a slot in the spill area, aligned as its type is.
//! 3. Otherwise the whole value goes to the stack, aligned as its type is, and no register is taken: a later and
//!    smaller value may still find one.

use super::location::{Loc, Piece, Pieces};
use super::registers::Convention;
use super::shape::{Component, Shape};
use crate::types::{Param, Signature, Types};
use std::borrow::Borrow;

/// Where one parameter or result is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Placed {
    /// Its parts in memory order. Empty for a value of no size.
    pub pieces: Pieces,
    /// Of a parameter in registers: its slot, in bytes from the start of the spill area.
    pub spill: Option<u32>,
    /// Of a value on the stack: bytes from the start of the argument area.
    pub stack: Option<u32>,
    /// Bytes of the value.
    pub size: u32,
}

impl Placed {
    /// Whether it is in registers, all of it.
    pub fn in_registers(&self) -> bool {
        self.stack.is_none() && !self.pieces.is_empty()
    }
}

/// Sizes of the argument area, in bytes. It is laid out as parameters, results, spill area.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Area {
    /// Parameters on the stack, rounded up to the pointer size.
    pub stack_args: u32,
    /// Results on the stack, rounded up to the pointer size.
    pub stack_results: u32,
    /// Where the spill area starts: behind both.
    pub spill_offset: u32,
    /// The spill area, rounded up to the pointer size.
    pub spill_size: u32,
    /// All three; what the compiler writes to `_func.args`.
    pub args_size: u32,
}

/// A signature's places.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Assignment {
    /// Of the parameters, receiver and dictionary among them, in order.
    pub params: Vec<Placed>,
    /// Of the results, in order.
    pub results: Vec<Placed>,
    /// Sizes of the argument area.
    pub area: Area,
}

/// Places of a signature of known types.
pub fn assign(types: &Types, signature: &Signature, convention: &Convention) -> Assignment {
    let (params, results, area) = assign_each(types, signature, convention, |placed, _| placed);
    Assignment { params, results, area }
}

/// What `make` makes of every parameter and every result of a signature with its place, and the sizes.
pub fn assign_each<T, L: FromIterator<T>>(
    types: &Types,
    signature: &Signature,
    convention: &Convention,
    make: impl Fn(Placed, &Param) -> T,
) -> (L, L, Area) {
    let shaped = |param: &Param| Shape::of(types, param.ty, convention.arch);
    place_all(
        signature.params.iter().map(|p| (shaped(p), p)),
        signature.results.iter().map(|p| (shaped(p), p)),
        convention,
        make,
    )
}

/// Places of a signature of which only the shapes are known.
pub fn assign_shapes(params: &[Shape], results: &[Shape], convention: &Convention) -> Assignment {
    let alone = |shape| (shape, ());
    let (params, results, area) =
        place_all(params.iter().map(alone), results.iter().map(alone), convention, |placed, ()| placed);
    Assignment { params, results, area }
}

/// Places shapes, each with what it is the shape of, and gives what `make` makes of them.
fn place_all<S: Borrow<Shape>, P, T, L: FromIterator<T>>(
    params: impl Iterator<Item = (S, P)>,
    results: impl Iterator<Item = (S, P)>,
    convention: &Convention,
    make: impl Fn(Placed, P) -> T,
) -> (L, L, Area) {
    let mut assigner = Assigner::new(convention);
    let params = params.map(|(shape, of)| make(assigner.param(shape.borrow()), of)).collect();
    assigner.begin_results();
    let results = results.map(|(shape, of)| make(assigner.result(shape.borrow()), of)).collect();
    (params, results, assigner.finish())
}

/// The assignment in progress. Clone it to try what a further parameter would do.
#[derive(Debug, Clone)]
pub struct Assigner<'a> {
    convention: &'a Convention,
    ints: usize,
    floats: usize,
    stack: u32,
    spill: u32,
    stack_args: Option<u32>,
}

impl<'a> Assigner<'a> {
    /// Nothing is placed yet.
    pub fn new(convention: &'a Convention) -> Self {
        Assigner { convention, ints: 0, floats: 0, stack: 0, spill: 0, stack_args: None }
    }

    /// Places the next parameter.
    pub fn param(&mut self, shape: &Shape) -> Placed {
        let mut placed = self.place(shape);
        if placed.in_registers() {
            let slot = round_up(self.spill, shape.align);
            self.spill = slot.saturating_add(shape.size);
            placed.spill = Some(slot);
        }
        placed
    }

    /// Ends the parameters.
    pub fn begin_results(&mut self) {
        self.stack = self.round_to_word(self.stack);
        self.stack_args = Some(self.stack);
        (self.ints, self.floats) = (0, 0);
    }

    /// Places the next result.
    pub fn result(&mut self, shape: &Shape) -> Placed {
        if self.stack_args.is_none() {
            self.begin_results();
        }
        self.place(shape)
    }

    /// Sizes of what has been placed.
    pub fn finish(&self) -> Area {
        let spill_offset = self.round_to_word(self.stack);
        let spill_size = self.round_to_word(self.spill);
        let stack_args = self.stack_args.unwrap_or(spill_offset);
        Area {
            stack_args,
            stack_results: spill_offset - stack_args,
            spill_offset,
            spill_size,
            args_size: spill_offset.saturating_add(spill_size),
        }
    }

    /// How many registers are taken since the start or since [`Assigner::begin_results`]: (integers, floats).
    pub fn taken(&self) -> (usize, usize) {
        (self.ints, self.floats)
    }

    fn place(&mut self, shape: &Shape) -> Placed {
        if self.fits(shape) { self.take_registers(shape) } else { self.take_stack(shape) }
    }

    fn fits(&self, shape: &Shape) -> bool {
        let (ints, floats) = shape.needs();
        shape.registers
            && shape.size > 0
            && ints <= self.convention.ints.len().saturating_sub(self.ints)
            && floats <= self.convention.floats.len().saturating_sub(self.floats)
    }

    fn take_registers(&mut self, shape: &Shape) -> Placed {
        let convention = self.convention;
        let (mut ints, mut floats) =
            (convention.ints.iter().skip(self.ints), convention.floats.iter().skip(self.floats));
        let pieces = shape.components.iter().filter_map(|c| {
            let reg = if c.kind.is_float() { floats.next() } else { ints.next() };
            reg.map(|reg| piece(c, Loc::Reg(*reg)))
        });
        let placed = Placed { pieces: pieces.collect(), size: shape.size, ..Placed::default() };
        let (taken_ints, taken_floats) = shape.needs();
        self.ints += taken_ints;
        self.floats += taken_floats;
        placed
    }

    fn take_stack(&mut self, shape: &Shape) -> Placed {
        let start = round_up(self.stack, shape.align);
        self.stack = start.saturating_add(shape.size);
        let pieces = shape.components.iter().filter(|c| c.size > 0);
        let pieces = pieces.map(|c| piece(c, Loc::Stack(start.saturating_add(c.off)))).collect();
        Placed { pieces, spill: None, stack: Some(start), size: shape.size }
    }

    fn round_to_word(&self, n: u32) -> u32 {
        round_up(n, self.convention.arch.ptr_size())
    }
}

fn piece(component: &Component, loc: Loc) -> Piece {
    Piece { off: component.off, size: component.size, loc, kind: component.kind }
}

/// The next multiple of `align`, a power of two; the largest one that fits when there is none.
pub fn round_up(n: u32, align: u32) -> u32 {
    let mask = align.max(1) - 1;
    n.saturating_add(mask) & !mask
}
