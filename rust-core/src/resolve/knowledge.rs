//! What is known of every function while its neighbours are being analysed.

use crate::abi::location::RegSet;
use crate::code::flow::World;
use crate::code::stack::Copies;
use crate::code::usage::{Calls, Effect, Registers};
use crate::program::Program;
use foldhash::HashMap;

/// One function, as its callers see it. Every call is a look at one of them, so it is small.
#[derive(Debug, Clone, Copy)]
pub struct Face {
    /// Its register parameters, if they are known.
    reads: RegSet,
    knows_reads: bool,
    /// Whether it leaves registers alone that others may change.
    preserves: bool,
    /// Whether it can come back.
    pub returns: bool,
}

impl Face {
    /// What a function reads, `None` when that is not known, and whether it can come back.
    pub fn new(reads: Option<RegSet>, returns: bool) -> Self {
        Face { reads: reads.unwrap_or_default(), knows_reads: reads.is_some(), preserves: false, returns }
    }

    /// Its register parameters, `None` when not known.
    fn known_reads(&self) -> Option<RegSet> {
        self.knows_reads.then_some(self.reads)
    }

    /// Takes what it reads, unless that was known before.
    pub fn reads(&mut self, reads: Option<RegSet>) {
        if !self.knows_reads {
            self.changes(reads);
        }
    }

    /// Takes what it reads if that is known. Says whether it was something else before.
    pub fn changes(&mut self, reads: Option<RegSet>) -> bool {
        let changed = reads.is_some() && reads != self.known_reads();
        if changed {
            *self = Face { preserves: self.preserves, ..Face::new(reads, self.returns) };
        }
        changed
    }
}

/// All functions' faces.
pub struct Knowledge<'p, 'a> {
    /// The program.
    pub program: &'p Program<'a>,
    /// By function index.
    pub faces: Vec<Face>,
    /// Registers that those functions may change which leave some alone.
    kills: HashMap<u32, RegSet>,
    registers: Registers,
}

impl<'p, 'a> Knowledge<'p, 'a> {
    /// What `faces` say, and `kills` of the functions that leave registers alone.
    pub fn new(program: &'p Program<'a>, mut faces: Vec<Face>, kills: impl Iterator<Item = (u32, RegSet)>) -> Self {
        let kills: HashMap<u32, RegSet> = kills.collect();
        for i in kills.keys() {
            if let Some(face) = faces.get_mut(*i as usize) {
                face.preserves = true;
            }
        }
        let convention = &program.internal;
        let registers = Registers {
            results: convention.ints.iter().chain(convention.floats).copied().collect(),
            closure: convention.closure.into_iter().collect(),
            first: convention.ints.first().copied().into_iter().collect(),
        };
        Knowledge { program, faces, kills, registers }
    }

    /// Whether it is known what a call takes: that is never changed.
    pub fn is_settled(&self, callee: u32) -> bool {
        self.face(callee).knows_reads
    }

    fn face(&self, callee: u32) -> Face {
        self.faces.get(callee as usize).copied().unwrap_or(Face::new(None, true))
    }

    fn kills(&self, callee: u32, face: Face) -> RegSet {
        let kills = if face.preserves { self.kills.get(&callee).copied() } else { None };
        kills.unwrap_or(!RegSet::NONE)
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
        self.program.funcs()[index].entry != target || self.face(index as u32).preserves
    }
}

impl Calls for Knowledge<'_, '_> {
    fn effect(&self, callee: u32) -> Effect {
        let face = self.face(callee);
        Effect { reads: face.known_reads(), kills: self.kills(callee, face) }
    }

    fn registers(&self) -> Registers {
        self.registers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_function_reads_is_taken_once_unless_it_changes() {
        let (one, two) = (RegSet(1), RegSet(2));
        let mut face = Face::new(None, true);
        face.reads(None);
        assert_eq!(face.known_reads(), None);
        face.reads(Some(one));
        face.reads(Some(two));
        assert_eq!(face.known_reads(), Some(one));
        assert!(!face.changes(None) && !face.changes(Some(one)) && face.changes(Some(two)));
        assert_eq!((face.known_reads(), face.returns), (Some(two), true));
    }
}
