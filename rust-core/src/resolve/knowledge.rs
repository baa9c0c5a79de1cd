//! What is known of every function while its neighbours are being analysed.

use crate::abi::location::RegSet;
use crate::code::flow::World;
use crate::code::stack::Copies;
use crate::code::usage::{Calls, Effect, Registers};
use crate::program::Program;

/// One function, as its callers see it.
#[derive(Debug, Clone, Copy)]
pub struct Face {
    /// Its register parameters, `None` when not known.
    pub reads: Option<RegSet>,
    /// Registers that it may change.
    pub kills: RegSet,
    /// Whether it can come back.
    pub returns: bool,
}

impl Default for Face {
    fn default() -> Self {
        Face { reads: None, kills: !RegSet::NONE, returns: true }
    }
}

/// All functions' faces.
pub struct Knowledge<'p, 'a> {
    /// The program.
    pub program: &'p Program<'a>,
    /// By function index.
    pub faces: Vec<Face>,
    registers: Registers,
}

impl<'p, 'a> Knowledge<'p, 'a> {
    /// What `faces` say.
    pub fn new(program: &'p Program<'a>, faces: Vec<Face>) -> Self {
        let convention = &program.internal;
        let registers = Registers {
            results: convention.ints.iter().chain(convention.floats).copied().collect(),
            closure: convention.closure.into_iter().collect(),
            first: convention.ints.first().copied().into_iter().collect(),
        };
        Knowledge { program, faces, registers }
    }

    /// Whether it is known what a call takes: that is never changed.
    pub fn is_settled(&self, callee: u32) -> bool {
        self.face(callee).reads.is_some()
    }

    fn face(&self, callee: u32) -> Face {
        self.faces.get(callee as usize).copied().unwrap_or_default()
    }
}

impl World for Knowledge<'_, '_> {
    fn returns(&self, callee: u32) -> bool {
        self.face(callee).returns
    }

    fn is_type(&self, addr: u64) -> bool {
        self.program.types.contains(&addr)
    }

    fn word(&self, addr: u64) -> Option<u64> {
        self.program.image.word(addr)
    }
}

impl Copies for Knowledge<'_, '_> {
    /// Only Duff's devices are called in their middle, and of other calls only those of such helpers leave registers alone.
    fn copies_block(&self, target: u64) -> bool {
        let Some(index) = self.program.containing(target) else { return false };
        self.program.funcs()[index].entry != target || self.face(index as u32).kills != !RegSet::NONE
    }
}

impl Calls for Knowledge<'_, '_> {
    fn effect(&self, callee: u32) -> Effect {
        let face = self.face(callee);
        Effect { reads: face.reads, kills: face.kills }
    }

    fn registers(&self) -> Registers {
        self.registers
    }
}
