//! One walk over a function, for what it shows of results.

use super::Shared;
use super::held::{Held, Seen, Use};
use crate::abi::location::{Loc, RegSet};
use crate::annotate::known;
use crate::annotate::look::Looker;
use crate::code::step::{Located, Place, Step, Stored};
use crate::code::values::{Meaning, State, Target, Value};
use crate::evidence;
use crate::evidence::Claim;
use crate::evidence::helpers::Special;
use crate::report::Abi;
use crate::resolve::Resolved;
use crate::types::{Kind, TypeId};

/// Looks at the function with that index, which `looker` has decoded.
pub(super) fn at(shared: &Shared<'_, '_>, index: usize, looker: &mut Looker) -> Seen {
    let func = &shared.program.funcs()[index];
    let results = shared.resolved[index].results.iter().flat_map(|claim| &claim.values);
    let results = results.flat_map(|value| &value.pieces);
    let count = results.filter(|p| matches!(p.loc, Loc::Reg(reg) if !reg.is_float())).count();
    let mut look = Look { shared, count, names: Vec::new(), seen: Seen::default() };
    looker.walk((func.entry, func.end), look.entry(index), &mut look);
    look.seen
}

/// Values that [`Value`] has no words for; [`Value::Named`] is an index into a list of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    /// A result of a function, by its position.
    Result(u32, u8),
    /// The word at that offset behind an untyped word, which may be an itab.
    Behind(Value, i64),
    /// The address of the elements of a new slice.
    Elements(TypeId),
}

/// Names of one function; more are not told apart.
const MOST_NAMES: usize = 1 << 12;
/// Shown by one function, of each kind.
const MOST_SHOWN: usize = 1 << 10;

struct Look<'s, 'p, 'a> {
    shared: &'s Shared<'p, 'a>,
    /// Integer registers that it returns.
    count: usize,
    names: Vec<Name>,
    seen: Seen,
}

impl Look<'_, '_, '_> {
    /// Parameters as they come: words of their types, or themselves.
    fn entry(&self, index: usize) -> State {
        let mut state = State::at_entry();
        let base = i64::from(self.shared.program.internal.arg_base);
        for value in self.shared.resolved[index].params.iter().flat_map(|claim| &claim.values) {
            for piece in &value.pieces {
                let word = value.ty.map(|ty| self.leaf(ty, piece.off));
                match (piece.loc, word) {
                    (Loc::Reg(reg), Some(word)) => state.set(reg, word),
                    (Loc::Reg(reg), None) => state.set(reg, Value::Entry(reg, 0)),
                    (Loc::Stack(off), Some(word)) => state.store_frame(base + i64::from(off), 8, word),
                    (Loc::Stack(_), None) => {}
                }
            }
        }
        state
    }

    fn leaf(&self, ty: TypeId, off: u32) -> Value {
        known::leaf(self.shared.types, ty, off).map_or(Value::Unknown, |(ty, off)| Value::Part(ty, off))
    }

    fn named(&mut self, name: Name) -> Value {
        const NEAR: usize = 64;
        let from = self.names.len().saturating_sub(NEAR);
        let found = self.names.iter().skip(from).position(|n| *n == name).map(|i| from + i);
        let index = found.or_else(|| {
            (self.names.len() < MOST_NAMES).then(|| {
                self.names.push(name);
                self.names.len() - 1
            })
        });
        index.map_or(Value::Unknown, |index| Value::Named(index as u32))
    }

    fn name(&self, value: Value) -> Option<Name> {
        if let Value::Named(index) = value { self.names.get(index as usize).copied() } else { None }
    }

    fn held(&self, value: Value) -> Held {
        match value {
            Value::Const(value) => Held::Const(value),
            Value::Static(at) => Held::Static(at),
            Value::Flag => Held::Flag,
            Value::Part(ty, off) => Held::Word(ty, off),
            Value::Into(ty, 0) => Held::Pointer(ty),
            Value::Entry(reg, 0) => self.shared.position(reg).map_or(Held::Unknown, Held::Param),
            Value::Named(_) => match self.name(value) {
                Some(Name::Result(callee, position)) => Held::Result(callee, position),
                Some(Name::Elements(ty)) => Held::Elements(ty),
                _ => Held::Unknown,
            },
            _ => Held::Unknown,
        }
    }

    /// Notes that `words` are one value of type `ty`, if they are results of one call next to each other.
    fn used(&mut self, words: &[Value], ty: Option<TypeId>) {
        let held: Option<Vec<(u32, u8)>> = words.iter().map(|word| self.result(*word)).collect();
        let Some(held) = held.filter(|held| held.len() > 1) else { return };
        let (callee, first) = held[0];
        let in_order = held.iter().zip(first..).all(|(word, position)| *word == (callee, position));
        if in_order && self.shared.is_open(callee as usize) && self.seen.uses.len() < MOST_SHOWN {
            self.seen.uses.push(Use { callee, first, len: held.len() as u8, ty });
        }
    }

    fn result(&self, value: Value) -> Option<(u32, u8)> {
        match self.name(value) {
            Some(Name::Result(callee, position)) => Some((callee, position)),
            _ => None,
        }
    }

    /// What a callee's parameters say of the values that are passed.
    fn passed(&mut self, callee: usize, state: &State) {
        let shared = self.shared;
        let params = shared.resolved[callee].params.iter().flat_map(|claim| &claim.values);
        for value in params.filter(|value| value.pieces.len() > 1) {
            self.used(&words(value, state), value.ty.filter(|ty| self.believes(callee, *ty)));
        }
    }

    /// Whether code that calls the function means that type. The compiler calls those of the runtime with types of its own:
    /// any slice as a slice of bytes, maps as pointers to what they are made of.
    fn believes(&self, callee: usize, ty: TypeId) -> bool {
        let kind = self.shared.types.get(ty).map(|t| &t.kind);
        let plain = matches!(kind, Some(Kind::String | Kind::Interface { .. }));
        plain || !self.shared.program.name(&self.shared.program.funcs()[callee]).starts_with("runtime.")
    }

    /// Forgets what the callee may change, and takes its results.
    fn after(&mut self, callee: Option<usize>, state: &mut State) {
        let shared = self.shared;
        let resolved = callee.and_then(|i| shared.resolved.get(i));
        if let Some(Special::Preserving { kills, .. }) = resolved.and_then(|r| r.helper.as_deref()).map(|h| h.special) {
            return state.kill(kills);
        }
        let made = resolved.and_then(|resolved| self.made(resolved, state));
        state.expose();
        state.kill(!RegSet::NONE);
        let (Some(resolved), Some(index)) = (resolved, callee) else { return };
        if let (Some(sp), Some(args)) = (state.sp(), shared.program.funcs()[index].args) {
            state.kill_slots(sp, i32::try_from(args).unwrap_or(i32::MAX));
        }
        if resolved.abi != Abi::ABIInternal {
            return;
        }
        for value in resolved.results.iter().flat_map(|claim| &claim.values) {
            for piece in &value.pieces {
                let Loc::Reg(reg) = piece.loc else { continue };
                let word = match (value.ty.filter(|ty| self.believes(index, *ty)), shared.position(reg)) {
                    (Some(ty), _) => self.leaf(ty, piece.off),
                    (None, Some(position)) => self.named(Name::Result(index as u32, position)),
                    (None, None) => Value::Unknown,
                };
                state.set(reg, word);
            }
        }
        if let (Some(made), Some(result)) = (made, shared.program.internal.ints.first()) {
            state.set(*result, made);
        }
    }

    /// What the runtime's allocators return, whatever their names: `newobject(type)` a pointer to a new value,
    /// `makeslice(type, len, cap)` and `growslice(old, len, cap, num, type)` that to a slice's elements.
    fn made(&mut self, callee: &Resolved, state: &State) -> Option<Value> {
        let (known, ints) = (self.shared.known, self.shared.program.internal.ints);
        let ty = |n: usize| known.ty(state.reg(*ints.get(n)?).constant()?);
        let count =
            |claim: &Option<Claim>| claim.as_ref().map_or(0, |claim| claim.values.iter().map(|v| v.pieces.len()).sum());
        let is_plain = |ty: &TypeId| {
            let kind = self.shared.types.get(*ty).map(|t| &t.kind);
            !matches!(kind, Some(Kind::Map { .. } | Kind::Chan(_)))
        };
        match (count(&callee.params), count(&callee.results)) {
            (1, 1) => Some(Value::Into(ty(0)?, 0)),
            // `makemap` takes the map's type first.
            (3, 1) => ty(0).filter(is_plain).map(|ty| self.named(Name::Elements(ty))),
            (5, 3) => ty(4).map(|ty| self.named(Name::Elements(ty))),
            _ => None,
        }
    }

    /// A method called through an untyped word that is an itab: the word behind it is passed as the receiver.
    fn through(&mut self, value: Value, state: &State) {
        let Some(Name::Behind(table, disp)) = self.name(value) else { return };
        let first = i64::from(self.shared.known.first_method);
        let receiver = self.shared.program.internal.ints.first().map(|reg| state.reg(*reg));
        if let Some(receiver) = receiver.filter(|_| disp >= first && (disp - first) % 8 == 0) {
            self.used(&[table, receiver], None);
        }
    }

    /// The results of a call through an interface or a func value whose type is known.
    fn method_results(&mut self, (ty, offset): (TypeId, u32), state: &mut State) {
        let shared = self.shared;
        let slot = shared.known.slot(offset);
        for (loc, ty, off) in known::result_words(shared.types, ty, slot, &shared.program.internal) {
            if let Loc::Reg(reg) = loc {
                state.set(reg, self.leaf(ty, off));
            }
        }
    }
}

/// What the registers of a value hold.
fn words(value: &evidence::Value, state: &State) -> Vec<Value> {
    let word = |piece: &crate::abi::location::Piece| match piece.loc {
        Loc::Reg(reg) => state.reg(reg),
        Loc::Stack(_) => Value::Unknown,
    };
    value.pieces.iter().map(word).collect()
}

impl Meaning for Look<'_, '_, '_> {
    fn load(&mut self, base: Value, disp: i64, size: u8) -> Value {
        let types = self.shared.types;
        let at = |off: u32| u32::try_from(i64::from(off) + disp).ok();
        let word = match base {
            Value::Const(address) if size == 8 => return Value::Static(address.wrapping_add_signed(disp)),
            Value::Into(ty, off) => at(off).and_then(|off| known::leaf(types, ty, off)),
            Value::Part(ty, 0) => match types.get(ty).map(|t| &t.kind) {
                Some(Kind::Pointer(Some(elem))) => at(0).and_then(|off| known::leaf(types, *elem, off)),
                _ if size == 8 => return known::load(types, (ty, 0), disp),
                _ => None,
            },
            Value::Named(_) | Value::Entry(_, 0) if size == 8 => return self.named(Name::Behind(base, disp)),
            _ => None,
        };
        let whole = |ty: TypeId| types.get(ty).is_some_and(|t| t.size >= 8) == (size == 8);
        word.filter(|(ty, _)| whole(*ty)).map_or(Value::Unknown, |(ty, off)| Value::Part(ty, off))
    }

    fn store(&mut self, base: Value, disp: i64, size: u8, value: Value) {
        if let (Value::Const(at), 8) = (base, size)
            && self.seen.stored.len() < MOST_SHOWN
        {
            let held = self.held(value);
            if matches!(held, Held::Word(..) | Held::Result(..) | Held::Const(_)) && held != Held::Const(0) {
                self.seen.stored.push((at.wrapping_add_signed(disp), held));
            }
        }
    }

    fn see(&mut self, at: &Located, state: &State) {
        if let Step::Store(Place { size, .. }, Stored::Reg(reg)) | Step::Compare(reg, size, _) = at.step
            && let Some((callee, position)) = self.result(state.reg(reg))
            && self.seen.widths.len() < MOST_SHOWN
        {
            self.seen.widths.push((callee, position, size));
        }
        if at.step == Step::Ret && self.seen.returns.len() < MOST_SHOWN {
            let ints = self.shared.program.internal.ints.iter().take(self.count);
            let held = ints.map(|reg| self.held(state.reg(*reg))).collect();
            self.seen.returns.push(held);
        }
    }

    fn again(&mut self) -> bool {
        self.seen = Seen::default();
        true
    }

    fn call(&mut self, _: &Located, target: Target, state: &mut State) {
        match target {
            Target::Direct(target) => {
                let callee = self.shared.program.at(target);
                callee.into_iter().for_each(|callee| self.passed(callee, state));
                self.after(callee, state);
            }
            Target::Value(value) => {
                self.through(value, state);
                self.after(None, state);
                if let Value::Method(ty, offset) = value {
                    self.method_results((ty, offset), state);
                }
            }
            Target::Kernel => state.kill(!RegSet::NONE),
        }
    }
}
