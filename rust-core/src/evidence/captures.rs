//! Captured variables: what a closure's code loads from its closure object.
//!
//! *Reads* instructions, from the entry on: loads through the context register and its copies, also those that are kept on
//! the stack over calls. *Can be trusted* as far as offsets and widths go; a variable that is captured by reference is a
//! pointer here. *Lies* where only a part of a variable is ever loaded, and knows nothing of what is never loaded.
//! *Example*: `mov rcx, [rdx+8]` in a closure: eight bytes at offset 8.

use crate::abi::location::{Reg, RegSet};
use crate::arch::Arch;
use crate::code::step::{Base, Place, Step, Stored};
use crate::code::x86::steps;
use crate::golang::pclntab::Func;
use crate::program::Program;
use std::collections::BTreeMap;
use thin_vec::ThinVec;

/// Bytes of a closure object beyond which a load is something else.
const LARGEST: i64 = 1 << 12;

/// Offset and width in bytes of what `func` loads from the object that `context` points at, in order of offsets.
pub fn loaded(program: &Program<'_>, func: &Func, context: Reg) -> ThinVec<(u32, u32)> {
    if !matches!(program.image.arch, Arch::Amd64 | Arch::I386) {
        return ThinVec::new();
    }
    let word = program.image.arch.ptr_size();
    let mut context =
        Context { word: word.into(), held: [context].into_iter().collect(), kept: Vec::new(), found: BTreeMap::new() };
    steps::visit(8 * word, program.code(func), func.entry, |step, memory| context.step(step, memory));
    context.found.into_iter().collect()
}

/// Where the closure object's address is, and what was loaded from there.
struct Context {
    word: i64,
    /// Registers that hold it.
    held: RegSet,
    /// Places on the stack that hold it, in bytes from the stack pointer.
    kept: Vec<i64>,
    found: BTreeMap<u32, u32>,
}

impl Context {
    /// `memory` is what the instruction names, which a step that is not followed does not say.
    fn step(&mut self, step: Step, memory: Option<Place>) {
        match step {
            Step::Load(to, place) => {
                self.load(&place);
                let reloaded = place.base == Base::Sp && self.kept.contains(&place.disp);
                self.set(to, reloaded);
            }
            Step::LoadFloat(_, place) => self.load(&place),
            Step::Copy(to, from) => self.set(to, self.held.has(from)),
            Step::Store(Place { base: Base::Sp, disp, .. }, what) => {
                self.kept.retain(|kept| *kept != disp);
                if matches!(what, Stored::Reg(from) if self.held.has(from)) {
                    self.kept.push(disp);
                }
            }
            Step::Store(..) | Step::Branch(_) | Step::BranchEqual(_) | Step::BranchOther(_) | Step::Compare(..) => {}
            Step::Const(to, _)
            | Step::Lea(to, _)
            | Step::LeaElement(to, ..)
            | Step::LoadElement(to, ..)
            | Step::Add(to, _)
            | Step::AddReg(to, _)
            | Step::Flag(to)
            | Step::Pop(to, _) => self.set(to, false),
            Step::Other(changed) => {
                memory.iter().for_each(|place| self.load(place));
                self.held = self.held & !changed;
            }
            Step::CallMem(place) | Step::JumpMem(place) => {
                self.load(&place);
                self.held = RegSet::NONE;
            }
            // Up again is the end of the function's frame; code behind it has the frame still.
            Step::Sp(by) if by >= 0 => {}
            Step::Sp(_) | Step::SpLost => self.kept.clear(),
            // What is behind a call or a jump holds it in its own registers, if at all.
            _ => self.held = RegSet::NONE,
        }
    }

    fn set(&mut self, reg: Reg, holds: bool) {
        let one: RegSet = [reg].into_iter().collect();
        self.held = if holds { RegSet(self.held.0 | one.0) } else { self.held & !one };
    }

    /// Notes a load; the first word of the object is its code.
    fn load(&mut self, place: &Place) {
        let from_object = matches!(place.base, Base::Reg(base) if self.held.has(base));
        if from_object && (self.word..LARGEST).contains(&place.disp) && place.size > 0 {
            let size = self.found.entry(place.disp as u32).or_default();
            *size = (*size).max(place.size.into());
        }
    }
}
