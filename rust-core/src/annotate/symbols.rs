//! What one walk tells of spots, and what it needs to know of them: values that stand for spots, and where they go.

use super::facts::{Seen, Spot};
use super::known;
use super::walk::{Walk, loaded};
use crate::abi::location::Loc;
use crate::code::step::{Base, Place, Stored};
use crate::code::values::{State, Value};
use crate::evidence::Claim;
use crate::types::{Kind, TypeId, Types};

/// The spots that the values of one walk stand for, by number.
#[derive(Debug, Default)]
pub(super) struct Symbols {
    spots: Vec<Spot>,
    /// Those that a call needs to know.
    pub(super) needed: Vec<Spot>,
    /// What the walk says of spots that others need.
    pub(super) seen: Vec<(Spot, Seen)>,
    /// Spots of which it mattered what is known of them.
    asked: Vec<Spot>,
    /// Closure objects on the stack: where, and the function.
    pub(super) closures: Vec<(i32, u32)>,
    /// The last closure object of each type that was made.
    objects: Vec<(TypeId, u32)>,
}

/// Spots of one walk.
const MOST_SPOTS: usize = 4096;
/// Spots that one walk needs to know.
const MOST_NEEDED: usize = 256;

impl Symbols {
    /// The value that stands for a spot.
    pub(super) fn symbol(&mut self, spot: Spot) -> Value {
        match self.spots.iter().rev().take(LOOK_BACK).position(|known| *known == spot) {
            Some(back) => Value::Symbol((self.spots.len() - 1 - back) as u32),
            None if self.spots.len() < MOST_SPOTS => {
                self.spots.push(spot);
                Value::Symbol(self.spots.len() as u32 - 1)
            }
            None => Value::Unknown,
        }
    }

    /// The spot that a number stands for.
    pub(super) fn spot(&self, symbol: u32) -> Option<Spot> {
        self.spots.get(symbol as usize).copied()
    }

    /// Spots of which it mattered what is known of them.
    pub(super) fn asked(mut self) -> Vec<Spot> {
        self.asked.sort_unstable();
        self.asked.dedup();
        self.asked.shrink_to_fit();
        self.asked
    }

    /// Another walk over the same function begins.
    pub(super) fn again(&mut self) {
        self.needed.clear();
        self.seen.clear();
        self.closures.clear();
        self.objects.clear();
    }

    /// A call through something that the spot leads to is not understood.
    pub(super) fn need(&mut self, symbol: u32) {
        let Some(spot) = self.spot(symbol).filter(|_| self.needed.len() < MOST_NEEDED) else { return };
        self.needed.push(spot);
        match spot {
            Spot::Variable(func, off, _) | Spot::Captured(func, off) => {
                self.needed.extend([Spot::Object(func), Spot::Captured(func, off)]);
            }
            Spot::Behind(func, loc, _) => self.needed.push(Spot::Param(func, loc)),
            _ => {}
        }
    }
}

/// Questions of one walk that are remembered.
const MOST_ASKED: usize = 1 << 14;
/// Spots before a new one that are compared with it.
const LOOK_BACK: usize = 64;

/// What a place holds: a typed word, or whatever a spot does.
#[derive(Debug, Clone, Copy)]
pub(super) enum Word {
    Typed(Value),
    Of(Spot),
}

/// What the walk says of one spot; more is of closures made in loops.
const MOST_SEEN: usize = 1 << 14;

/// The words of a claim that lead on, or may do so.
pub(super) fn words<'t>(
    types: &'t Types,
    claim: Option<&'t Claim>,
    spot: impl Fn(Loc) -> Spot + 't,
) -> impl Iterator<Item = (Loc, Word)> + 't {
    let values = claim.into_iter().flat_map(|claim| &claim.values);
    let pieces = values.flat_map(|value| value.pieces.iter().map(|piece| (value.ty, *piece)));
    // Of some receivers only the name is known.
    let is_blank = |ty: &TypeId| matches!(types.get(*ty).map(|t| &t.kind), Some(Kind::Pointer(None)));
    pieces.filter_map(move |(ty, piece)| match ty.filter(|ty| !is_blank(ty)) {
        Some(ty) => match known::part(types, ty, piece.off) {
            Value::Unknown => None,
            word => Some((piece.loc, Word::Typed(word))),
        },
        None => (piece.size == 8).then(|| (piece.loc, Word::Of(spot(piece.loc)))),
    })
}

impl Walk<'_, '_, '_> {
    /// The value of a word.
    pub(super) fn value(&mut self, word: Word) -> Value {
        match word {
            Word::Typed(value) => value,
            Word::Of(spot) => self.symbol(spot),
        }
    }

    /// What other functions say of a spot.
    pub(super) fn fact(&mut self, spot: Spot) -> Option<Value> {
        if self.symbols.asked.len() < MOST_ASKED && self.symbols.asked.last() != Some(&spot) {
            self.symbols.asked.push(spot);
        }
        self.facts.get(spot)
    }

    pub(super) fn symbol(&mut self, spot: Spot) -> Value {
        self.fact(spot).unwrap_or_else(|| self.symbols.symbol(spot))
    }

    /// What a variable of the program holds.
    pub(super) fn variable(&mut self, at: u64, size: u8) -> Value {
        if size != 8 {
            return Value::Static(at);
        }
        let initial = || self.shared.program.image.word(at).and_then(|word| self.shared.known.itab_at(word));
        let known = match self.fact(Spot::Global(at)) {
            None => initial().map(|ty| Value::Part(ty, 0)),
            known => known,
        };
        known.unwrap_or(Value::Static(at))
    }

    /// A load through something that stands for a spot, or is led to by one.
    pub(super) fn through(&mut self, base: Value, disp: i64) -> Value {
        let Ok(off) = u32::try_from(disp) else { return Value::Unknown };
        let through = |symbol: Value| match symbol {
            Value::Symbol(number) => Value::Through(number, off),
            _ => loaded(disp),
        };
        match base {
            Value::Context(at) => self.symbol(Spot::Captured(self.index, at.saturating_add(off))),
            Value::Static(at) => through(self.symbols.symbol(Spot::Global(at))),
            Value::Symbol(number) => match self.symbols.spot(number) {
                Some(Spot::Captured(func, at)) => self.symbol(Spot::Variable(func, at, off)),
                Some(Spot::Param(func, loc)) => self.symbol(Spot::Behind(func, loc, off)),
                _ => through(base),
            },
            Value::Through(number, _) => Value::Through(number, off),
            _ => loaded(disp),
        }
    }

    /// Notes what a spot gets; and what it is, of the spot that it gets its value from.
    pub(super) fn gets(&mut self, spot: Spot, value: Value) {
        if self.symbols.seen.len() >= MOST_SEEN {
            return;
        }
        let func = self.function_of(value).filter(|func| !self.facts.entered(*func).is_empty());
        self.symbols.seen.extend(func.map(|func| (spot, Seen::Func(func))));
        let other = if let Value::Symbol(number) = value { self.symbols.spot(number) } else { None };
        if let Some(other) = other.filter(|other| self.facts.wants(*other)) {
            self.symbols.seen.push((other, Seen::From(spot)));
        }
        if !self.facts.wants(spot) {
            return;
        }
        let seen = match (value, other) {
            (Value::Part(..) | Value::Into(..), _) => Seen::Typed(value),
            (Value::Const(at), _) => match self.shared.known.itab_at(at) {
                Some(ty) => Seen::Typed(Value::Part(ty, 0)),
                None => return,
            },
            (Value::Static(at), _) => Seen::From(Spot::Global(at)),
            (_, Some(other)) => Seen::From(other),
            _ => return,
        };
        self.symbols.seen.push((spot, seen));
    }

    /// A word is stored into a variable, or a closure's code into its object.
    pub(super) fn keeps(&mut self, base: Value, disp: i64, value: Value) {
        let types = self.shared.types;
        match (base, value) {
            (Value::Const(at), value) => self.gets(Spot::Global(at.wrapping_add_signed(disp)), value),
            (Value::Into(ty, 0), Value::Const(code)) if disp == 0 && self.shared.program.at(code).is_some() => {
                let Some(func) = self.shared.program.at(code) else { return };
                self.symbols.objects.retain(|known| known.0 != ty);
                self.symbols.objects.push((ty, func as u32));
                self.gets(Spot::Object(func as u32), base);
            }
            (Value::Into(ty, off), value) => {
                let off = u32::try_from(i64::from(off) + disp).unwrap_or(u32::MAX);
                self.becomes(value, known::part(types, ty, off));
            }
            (Value::Part(ty, off), value) => self.becomes(value, known::load(types, (ty, off), disp)),
            (Value::Symbol(number), value) => {
                let Some(Spot::Param(func, loc)) = self.symbols.spot(number) else { return };
                if let Ok(off) = u32::try_from(disp) {
                    self.gets(Spot::Behind(func, loc, off), value);
                }
            }
            _ => {}
        }
    }

    /// A value gets to a place of that type: it has the type itself, as interfaces and func values are not converted without
    /// a trace; and if it is a func value, its function is called as the type says.
    pub(super) fn becomes(&mut self, value: Value, place: Value) {
        let Value::Part(ty, off) = place else { return };
        let kind = self.shared.types.get(ty).map(|t| &t.kind);
        if let (Value::Symbol(number), Some(Kind::Interface { .. } | Kind::Func(_))) = (value, kind)
            && let Some(spot) = self.symbols.spot(number)
        {
            self.gets(spot, place);
        }
        if off > 0 || !matches!(kind, Some(Kind::Func(_))) {
            return;
        }
        let Some(func) = self.function_of(value) else { return };
        for (loc, word) in known::params(self.shared.types, ty, None, &self.shared.program.internal) {
            self.gets(Spot::Param(func, loc), word);
        }
    }

    /// The function of a func value.
    pub(super) fn function_of(&self, value: Value) -> Option<u32> {
        let find = |at: u64| self.shared.program.image.word(at).and_then(|code| self.shared.program.at(code));
        match value {
            Value::Const(at) => find(at).map(|func| func as u32),
            Value::Frame(at) => self.symbols.closures.iter().find(|known| known.0 == at).map(|known| known.1),
            Value::Into(ty, 0) => self.symbols.objects.iter().find(|known| known.0 == ty).map(|known| known.1),
            _ => None,
        }
    }

    /// A closure's code is stored on the stack.
    pub(super) fn closure(&mut self, place: Place, stored: Stored, state: &State) {
        let code = match stored {
            Stored::Const(value) => Some(value),
            Stored::Reg(reg) => state.reg(reg).constant(),
            Stored::Unknown => None,
        };
        let func =
            code.filter(|_| place.base == Base::Sp && place.size == 8).and_then(|code| self.shared.program.at(code));
        if let (Some(func), Value::Frame(at)) = (func, state.address(place.disp))
            && self.shared.resolved[func].closure
        {
            self.symbols.closures.retain(|known| known.0 != at);
            self.symbols.closures.push((at, func as u32));
        }
    }

    /// The function returns.
    pub(super) fn returns(&mut self, state: &State) {
        let (shared, index) = (self.shared, self.index);
        let results = shared.resolved[index as usize].results.as_ref();
        let base = i64::from(shared.program.internal.arg_base);
        for (loc, word) in words(shared.types, results, |loc| Spot::Result(index, loc)) {
            let value = match loc {
                Loc::Reg(reg) => state.reg(reg),
                Loc::Stack(offset) => state.frame(base + i64::from(offset), 8),
            };
            match word {
                Word::Of(spot) => self.gets(spot, value),
                Word::Typed(place) => self.becomes(value, place),
            }
        }
    }
}
