//! The struct that carries arguments and results across: read from the C code that fills it and from the Go code that
//! reads it. Go loads and stores each field by itself, in its own width; C compilers join and clear fields as they like.

use crate::abi::location::{Loc, Piece, Reg, RegSet};
use crate::code::step::{Base, Located, Place, Step, Stored};
use crate::code::values::{Meaning, State, Target, Value};
use std::collections::BTreeMap;

/// A field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) size: u8,
    pub(super) float: bool,
    /// Written by Go, read by C.
    pub(super) result: bool,
}

/// One access: where in the frame, how many bytes, and what is moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Access {
    at: u32,
    size: u8,
    what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    /// From or to an integer register.
    Int,
    /// From or to a float register: a float, or several fields that a C compiler joined.
    Float,
}

/// Fields by offset, and the size of all in bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fields {
    pub(super) fields: BTreeMap<u32, Field>,
    pub(super) size: u32,
    /// Where C has the words of the parameters, by offset in the frame: in an integer register, or on the stack.
    sources: BTreeMap<u32, Loc>,
    /// Something that C passes is not understood: there are more parameters, or others.
    pub(super) unsure: bool,
    stored: Vec<Access>,
    loaded: Vec<Access>,
}

/// Fields of one frame.
const MOST: usize = 64;

impl Fields {
    /// Whether something is known of a byte of the range already.
    fn overlaps(&self, at: u32, size: u8) -> bool {
        let before = self.fields.range(..at.saturating_add(size.into())).next_back();
        before.is_some_and(|(from, field)| from.saturating_add(field.size.into()) > at)
    }

    /// A wide access is of words.
    fn add(&mut self, access: Access, result: bool) {
        let Access { at, size, what } = access;
        if self.size > 0 && at.saturating_add(size.into()) > self.size || self.fields.len() >= MOST {
            return;
        }
        for part in (0..u32::from(size)).step_by(8) {
            let size = (size - part as u8).min(8);
            if !self.overlaps(at + part, size) {
                self.fields.insert(at + part, Field { size, float: what == What::Float, result });
            }
        }
    }

    /// Takes what the Go side does with the frame, and what that leaves open from the C side.
    pub(super) fn settle(&mut self, go: Option<&Through>) {
        let (stored, loaded) = (std::mem::take(&mut self.stored), std::mem::take(&mut self.loaded));
        let (loads, stores) = go.map_or((&[][..], &[][..]), |go| (&go.loads, &go.stores));
        stores.iter().for_each(|access| self.add(*access, true));
        // Go code loads old results too, for the garbage collector; what C loads is a result.
        loaded.iter().for_each(|access| self.add(*access, true));
        loads.iter().for_each(|access| self.add(*access, false));
        // What was stored last is what counts.
        for access in stored.iter().rev() {
            let next = self.fields.range(access.at + 1..).next().map_or(u32::MAX, |(at, _)| *at);
            match self.fields.get_mut(&access.at) {
                // Go code may need only a part of it.
                Some(field) if access.what == What::Int && !field.result && !field.float => {
                    let whole = access.at.saturating_add(access.size.into()) <= next;
                    field.size = if whole { field.size.max(access.size) } else { field.size };
                }
                Some(_) => {}
                None if access.what == What::Int || go.is_none() && access.size <= 8 => self.add(*access, false),
                None => self.unsure |= self.leaves(access),
            }
        }
    }

    /// Whether a word that is stored is no field.
    fn leaves(&self, access: &Access) -> bool {
        let mut words = (0..u32::from(access.size)).step_by(8);
        words.any(|at| !self.overlaps(access.at + at, 4) && access.at + at < self.size.max(1))
    }

    /// Whether parameters that are placed like that, in the order of the fields, are where C has them.
    pub(super) fn agree<'p>(&self, placed: impl Iterator<Item = &'p [Piece]>) -> bool {
        let params = self.fields.iter().filter(|(_, field)| !field.result).map(|(at, _)| at);
        let is = |at: &u32, pieces: &[Piece]| match (self.sources.get(at), pieces.first()) {
            (Some(source), Some(piece)) => *source == piece.loc,
            _ => true,
        };
        !self.unsure && params.zip(placed).all(|(at, pieces)| is(at, pieces))
    }
}

/// Follows a C stub: what it stores into the frame before it calls crosscall2, and what it loads from it after.
pub(super) struct Reader {
    start: u64,
    call: u64,
    c: [Reg; 4],
    /// What C keeps.
    kept: RegSet,
    stores: Vec<(i32, Access, Value)>,
    loads: Vec<(i32, Access)>,
    found: Option<(Value, i32, u32)>,
    /// It loads through one of its own parameters: a struct that is passed by its address.
    indirect: bool,
    /// It has returned; what follows is another function.
    over: bool,
}

impl Reader {
    /// Follows the stub at `start`, which calls at `call`.
    pub(super) fn new(start: u64, call: u64, c: [Reg; 4], kept: RegSet) -> Reader {
        Reader {
            start,
            call,
            c,
            kept,
            stores: Vec::new(),
            loads: Vec::new(),
            found: None,
            indirect: false,
            over: false,
        }
    }

    /// The Go function and the frame.
    pub(super) fn finish(self) -> Option<(Value, Fields)> {
        let (function, frame, size) = self.found?;
        let mut fields = Fields { size, unsure: self.indirect, ..Fields::default() };
        let within = |at: i32, access: Access| {
            let at = u32::try_from(at.checked_sub(frame)?).ok()?;
            (at < size || size == 0).then_some(Access { at, ..access })
        };
        fields.loaded.extend(self.loads.iter().filter_map(|(at, access)| within(*at, *access)));
        for (at, access, value) in self.stores {
            let Some(access) = within(at, access) else { continue };
            fields.stored.push(access);
            let source = match value {
                Value::Entry(reg, 0) => super::look::entry_place(reg),
                _ => None,
            };
            match source {
                Some(source) => drop(fields.sources.insert(access.at, source)),
                None => drop(fields.sources.remove(&access.at)),
            }
        }
        Some((function, fields))
    }

    /// A store into the frame, unless it only clears it.
    fn stores(&mut self, place: Place, stored: Stored, state: &State) {
        let Some(at) = frame_offset(&place, state) else { return };
        let (what, value) = match stored {
            Stored::Const(_) => return,
            Stored::Reg(reg) if reg.is_float() => (What::Float, state.reg(reg)),
            Stored::Reg(reg) => (What::Int, state.reg(reg)),
            Stored::Unknown if place.size >= 4 => (What::Float, Value::Unknown),
            Stored::Unknown => (What::Int, Value::Unknown),
        };
        match (what, value) {
            // Constants: zeros of the program's data.
            (_, Value::Const(_) | Value::Static(_)) => {}
            // Words that the caller put on the stack, two at a time.
            (What::Float, Value::Frame(from)) => {
                for word in (0..place.size).step_by(8) {
                    let value = state.frame(i64::from(from) + i64::from(word), 8);
                    let access = Access { at: 0, size: 8, what: What::Int };
                    self.stores.push((at + i32::from(word), access, value));
                }
            }
            _ => self.stores.push((at, Access { at: 0, size: place.size, what }, value)),
        }
    }
}

fn frame_offset(place: &Place, state: &State) -> Option<i32> {
    let address = match place.base {
        Base::Sp => state.address(place.disp),
        Base::Reg(reg) => state.reg(reg).plus(place.disp),
        Base::Absolute => return None,
    };
    if let Value::Frame(at) = address { Some(at) } else { None }
}

impl Meaning for Reader {
    fn load(&mut self, base: Value, disp: i64, _: u8) -> Value {
        self.indirect |= self.found.is_none() && matches!(base, Value::Entry(..));
        base.constant().map_or(Value::Unknown, |base| Value::Static(base.wrapping_add_signed(disp)))
    }

    fn call(&mut self, call: &Located, _: Target, state: &mut State) {
        if self.start + u64::from(call.at) == self.call {
            let [function, frame, size, _] = self.c.map(|reg| state.reg(reg));
            if let (Value::Const(_) | Value::Static(_), Value::Frame(frame)) = (function, frame) {
                let size = size.constant().and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
                self.found = Some((function, frame, size));
            }
        }
        // The frame is in memory.
        state.kill(!self.kept);
    }

    fn see(&mut self, at: &Located, state: &State) {
        self.over |= self.found.is_some() && at.step == Step::Ret;
        match (at.step, self.found) {
            _ if self.over => {}
            (Step::Store(place, stored), None) if place.size <= 16 => self.stores(place, stored, state),
            (Step::Load(_, place), Some(_)) => {
                let access = Access { at: 0, size: place.size, what: What::Int };
                self.loads.extend(frame_offset(&place, state).map(|at| (at, access)));
            }
            (Step::LoadFloat(_, place), Some(_)) if place.size <= 16 => {
                let what = if place.size <= 8 { What::Float } else { What::Int };
                self.loads.extend(frame_offset(&place, state).map(|at| (at, Access { at: 0, size: place.size, what })));
            }
            _ => {}
        }
    }
}

/// Collects a Go function's accesses through its one parameter.
pub(super) struct Through {
    frame: Reg,
    loads: Vec<Access>,
    stores: Vec<Access>,
}

impl Through {
    /// The parameter is in that register.
    pub(super) fn new(frame: Reg) -> Through {
        Through { frame, loads: Vec::new(), stores: Vec::new() }
    }

    fn offset(&self, base: Value, disp: i64) -> Option<u32> {
        let Value::Entry(reg, at) = base else { return None };
        u32::try_from(i64::from(at) + disp).ok().filter(|_| reg == self.frame)
    }

    /// An access with a float register.
    fn float(&self, place: &Place, state: &State) -> Option<Access> {
        let Base::Reg(reg) = place.base else { return None };
        let at = self.offset(state.reg(reg), place.disp).filter(|_| matches!(place.size, 4 | 8))?;
        Some(Access { at, size: place.size, what: What::Float })
    }
}

impl Meaning for Through {
    fn load(&mut self, base: Value, disp: i64, size: u8) -> Value {
        if let Some(at) = self.offset(base, disp) {
            self.loads.push(Access { at, size, what: What::Int });
        }
        Value::Unknown
    }

    fn store(&mut self, base: Value, disp: i64, size: u8, _: Value) {
        if let Some(at) = self.offset(base, disp) {
            self.stores.push(Access { at, size, what: What::Int });
        }
    }

    fn call(&mut self, _: &Located, _: Target, state: &mut State) {
        state.kill(!RegSet::NONE);
    }

    // What is seen here comes before the same access in `load` and `store`, and the first one counts.
    fn see(&mut self, at: &Located, state: &State) {
        match at.step {
            Step::LoadFloat(_, place) => self.loads.extend(self.float(&place, state)),
            Step::Store(place, Stored::Unknown) => self.stores.extend(self.float(&place, state)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(go: &[(u32, u8, What)], c: &[(u32, u8, What)]) -> (Vec<(u32, u8, bool)>, bool) {
        let list = |all: &[(u32, u8, What)]| all.iter().map(|&(at, size, what)| Access { at, size, what }).collect();
        let through = Through { frame: Reg(0), loads: list(go), stores: Vec::new() };
        let mut fields = Fields { size: 32, stored: list(c), ..Fields::default() };
        fields.settle(Some(&through));
        (fields.fields.iter().map(|(at, f)| (*at, f.size, f.float)).collect(), fields.unsure)
    }

    #[test]
    fn go_code_tells_fields_apart_that_c_compilers_join() {
        let (int, float) = (What::Int, What::Float);
        let joined = fields(&[(0, 8, int), (8, 4, int), (12, 4, int)], &[(0, 8, int), (8, 8, float)]);
        assert_eq!(joined, (vec![(0, 8, false), (8, 4, false), (12, 4, false)], false));
        let part = fields(&[(0, 4, int)], &[(0, 8, int)]);
        assert_eq!(part, (vec![(0, 8, false)], false), "the Go function needs only a part");
        let unused = fields(&[(0, 8, int)], &[(0, 8, int), (8, 8, float)]);
        assert!(unused.1, "a float, or two integers");
    }
}
