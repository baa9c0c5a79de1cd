//! Which types are sound: structs and arrays are, when they are made of sound types only and do not contain themselves.

use crate::limits::MAX_TYPE_DEPTH;
use crate::types::{Kind, PerType, TypeId, Types};

/// What is known of a type's soundness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    /// It does not depend on parts.
    #[default]
    Plain,
    /// A struct or array that has not been judged yet.
    New,
    /// Its parts are being judged.
    Begun,
    /// A sound struct or array of that nesting.
    Sound(u16),
    /// Not all that a value consists of is known, or it contains itself.
    Unsound,
}

/// The soundness of all types that a reader met.
#[derive(Debug, Default)]
pub(super) struct Judge {
    states: PerType<State>,
    /// Structs and arrays that have not been judged yet.
    new: Vec<TypeId>,
}

impl Judge {
    /// Adds a struct or array.
    pub(super) fn add(&mut self, id: TypeId) {
        self.states.set(id, State::New);
        self.new.push(id);
    }

    /// A type whose contents could not be read.
    pub(super) fn reject(&mut self, id: TypeId) {
        self.states.set(id, State::Unsound);
    }

    /// Whether all that a value of the type consists of is known.
    pub(super) fn is_sound(&self, id: TypeId) -> bool {
        self.states.get(id) != State::Unsound
    }

    /// Judges what was added. What is not sound is left opaque, so that whoever walks a value's parts comes to an end.
    pub(super) fn settle(&mut self, types: &mut Types) {
        let new = std::mem::take(&mut self.new);
        new.iter().for_each(|id| self.visit(*id, types));
        for id in new.into_iter().filter(|id| !self.is_sound(*id)) {
            types.set_kind(id, Kind::Struct(Vec::new()));
        }
    }

    /// Judges a type after its parts, however deep they lie.
    fn visit(&mut self, id: TypeId, types: &Types) {
        // Type, its next part, and what has been found of it so far: the nesting of its parts, and whether it is sound.
        let mut open = Vec::new();
        open.extend((self.states.get(id) == State::New).then_some((id, 0, 0u16, true)));
        while let Some((id, next, depth, sound)) = open.last_mut() {
            self.states.set(*id, State::Begun);
            let Some(part) = part(types, *id, *next) else {
                let sound = *sound && usize::from(*depth) < MAX_TYPE_DEPTH;
                self.states.set(*id, if sound { State::Sound(*depth + 1) } else { State::Unsound });
                open.pop();
                continue;
            };
            match self.states.get(part) {
                State::New => {
                    open.push((part, 0, 0, true));
                    continue;
                }
                State::Plain => {}
                State::Sound(of) => *depth = of.max(*depth),
                State::Begun | State::Unsound => *sound = false,
            }
            *next += 1;
        }
    }
}

/// The types that a value is made of, by number.
fn part(types: &Types, id: TypeId, number: usize) -> Option<TypeId> {
    match &types.get(id)?.kind {
        Kind::Struct(fields) => fields.get(number).map(|field| field.ty),
        Kind::Array { elem, .. } => (number == 0).then_some(*elem),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Field, Type};

    fn push(types: &mut Types, kind: Kind) -> TypeId {
        types.push(Type { name: String::new(), size: 8, align: 8, kind })
    }

    fn holding(parts: &[TypeId]) -> Kind {
        let field = |ty: &TypeId| Field { name: String::new(), offset: 0, ty: *ty };
        Kind::Struct(parts.iter().map(field).collect())
    }

    #[test]
    fn what_contains_itself_is_unsound_with_all_that_contains_it() {
        let mut types = Types::default();
        let word = push(&mut types, Kind::Uintptr);
        let plain = push(&mut types, holding(&[word, word]));
        let one = push(&mut types, holding(&[]));
        let other = push(&mut types, Kind::Array { elem: one, len: 1 });
        types.set_kind(one, holding(&[plain, other]));
        let outer = push(&mut types, holding(&[plain, one]));
        let mut judge = Judge::default();
        [outer, other, one, plain].into_iter().for_each(|id| judge.add(id));
        judge.settle(&mut types);
        assert_eq!([word, plain, one, other, outer].map(|id| judge.is_sound(id)), [true, true, false, false, false]);
        assert_eq!(types.get(outer).map(|ty| &ty.kind), Some(&holding(&[])));
        assert_eq!(types.get(plain).map(|ty| &ty.kind), Some(&holding(&[word, word])));
    }

    #[test]
    fn nesting_has_an_end_and_is_counted_over_several_rounds() {
        let mut types = Types::default();
        let mut judge = Judge::default();
        let mut last = push(&mut types, Kind::Uintptr);
        for depth in 1..=MAX_TYPE_DEPTH + 1 {
            last = push(&mut types, holding(&[last]));
            judge.add(last);
            if depth % 3 == 0 {
                judge.settle(&mut types);
            }
        }
        judge.settle(&mut types);
        let sound = types.iter().filter(|(id, _)| judge.is_sound(*id)).count();
        assert_eq!((sound, judge.is_sound(last)), (1 + MAX_TYPE_DEPTH, false));
    }

    #[test]
    fn what_could_not_be_read_makes_its_holders_unsound() {
        let mut types = Types::default();
        let lost = push(&mut types, Kind::Struct(Vec::new()));
        let holder = push(&mut types, holding(&[lost]));
        let mut judge = Judge::default();
        judge.add(holder);
        judge.reject(lost);
        judge.settle(&mut types);
        assert!(!judge.is_sound(holder));
    }
}
