//! The struct that carries arguments and results across: read from the code that fills it and from the code that reads it.

use crate::abi::location::Reg;
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

/// Fields by offset, and the size of all in bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fields {
    pub(super) fields: BTreeMap<u32, Field>,
    pub(super) size: u32,
}

/// Fields of one frame.
const MOST: usize = 64;

impl Fields {
    /// Adds what one access shows. A wide access is of words.
    pub(super) fn add(&mut self, offset: i64, size: u8, float: bool, result: bool) {
        let Ok(offset) = u32::try_from(offset) else { return };
        if self.size > 0 && offset.saturating_add(size.into()) > self.size || self.fields.len() >= MOST {
            return;
        }
        for at in (0..u32::from(size)).step_by(8) {
            let part = Field { size: size.min(8), float, result };
            self.fields.entry(offset + at).or_insert(part);
        }
    }
}

/// Follows a C stub: what it stores into the frame before it calls crosscall2, and what it loads from it after.
pub(super) struct Reader {
    start: u64,
    call: u64,
    c: [Reg; 4],
    stores: Vec<(i32, u8, bool)>,
    loads: Vec<(i32, u8, bool)>,
    found: Option<(Value, i32, u32)>,
}

impl Reader {
    /// Follows the stub at `start`, which calls at `call`.
    pub(super) fn new(start: u64, call: u64, c: [Reg; 4]) -> Reader {
        Reader { start, call, c, stores: Vec::new(), loads: Vec::new(), found: None }
    }

    /// The Go function and the frame.
    pub(super) fn finish(self) -> Option<(Value, Fields)> {
        let (function, frame, size) = self.found?;
        let mut fields = Fields { size, ..Fields::default() };
        for (at, size, float) in self.loads {
            fields.add(i64::from(at) - i64::from(frame), size, float, true);
        }
        for (at, size, float) in self.stores {
            fields.add(i64::from(at) - i64::from(frame), size, float, false);
        }
        Some((function, fields))
    }

    fn frame_offset(place: &Place, state: &State) -> Option<i32> {
        let address = match place.base {
            Base::Sp => state.address(place.disp),
            Base::Reg(reg) => state.reg(reg).plus(place.disp),
            Base::Absolute => return None,
        };
        if let Value::Frame(at) = address { Some(at) } else { None }
    }
}

impl Meaning for Reader {
    fn load(&mut self, base: Value, disp: i64, _: u8) -> Value {
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
        // C keeps these, and the frame is in memory.
        let kept = [3u8, 5, 6, 7, 12, 13, 14, 15].map(|n| (Reg(n), state.reg(Reg(n))));
        state.kill(!crate::abi::location::RegSet::NONE);
        kept.into_iter().for_each(|(reg, value)| state.set(reg, value));
    }

    fn see(&mut self, at: &Located, state: &State) {
        match (at.step, self.found) {
            // What the compiler clears, it clears sixteen bytes at a time.
            (Step::Store(place, stored), None) if place.size <= 8 && stored != Stored::Const(0) => {
                let float = stored == Stored::Unknown && place.size >= 4;
                self.stores.extend(Reader::frame_offset(&place, state).map(|at| (at, place.size, float)));
            }
            (Step::Load(_, place) | Step::LoadFloat(_, place), Some(_)) if place.size <= 16 => {
                self.loads.extend(Reader::frame_offset(&place, state).map(|at| (at, place.size, false)));
            }
            _ => {}
        }
    }
}
