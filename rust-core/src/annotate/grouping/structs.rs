//! Results that are the fields of one struct: the runtime's types have it, and signs told some of its fields.

use super::Shared;
use super::decide::Group;
use crate::limits::MAX_TYPE_DEPTH;
use crate::types::{Kind, TypeId, Types};
use foldhash::HashMap;

/// Struct types that results can be, by the type of their first field.
pub(super) struct Structs(HashMap<TypeId, Vec<TypeId>>);

/// Fewer fields than that are as often results of their own.
const FEWEST: usize = 3;
/// Fields whose type is known and is no common one: fewer may agree by chance.
const KNOWN: usize = 2;
/// Struct types with the same first field that are tried.
const MOST: usize = 64;

impl Structs {
    pub(super) fn new(types: &Types) -> Structs {
        let mut first: HashMap<TypeId, Vec<TypeId>> = HashMap::default();
        for (id, ty) in types.iter() {
            if let Kind::Struct(fields) = &ty.kind
                && let Some(field) = fields.first().filter(|_| fields.len() >= FEWEST && !ty.name.starts_with("struct"))
            {
                let same = first.entry(canonical(types, field.ty)).or_default();
                if same.len() < MOST {
                    same.push(id);
                }
            }
        }
        Structs(first)
    }

    /// The groups of `count` words, with those made one that are all fields of a struct.
    pub(super) fn join(&self, shared: &Shared<'_, '_>, groups: &mut Vec<Group>, count: u8) {
        let mut at = 0;
        while at < count {
            let begins = |group: &&Group| group.start == at && group.ty.is_some();
            let ty = groups.iter().find(begins).and_then(|group| group.ty);
            let found = ty.and_then(|ty| self.at(shared, groups, (at, count), canonical(shared.types, ty)));
            if let Some(group) = found {
                groups.retain(|old| old.start + old.len <= group.start || old.start >= group.start + group.len);
                groups.push(group);
            }
            at += found.map_or(1, |group| group.len);
        }
    }

    /// The only struct that the words from `at` on can be.
    fn at(&self, shared: &Shared<'_, '_>, groups: &[Group], (at, count): (u8, u8), first: TypeId) -> Option<Group> {
        let fits = |ty: &TypeId| {
            let mut fit = Fit { shared, groups, at, count, known: 0 };
            (fit.takes(*ty, 0) && fit.known >= KNOWN).then(|| Group::new(at, fit.at - at, Some(*ty)))
        };
        let mut all = self.0.get(&first)?.iter().filter_map(fits);
        let group = all.next()?;
        // The same type may be known from two sources.
        let name = |group: &Group| group.ty.and_then(|ty| shared.types.get(ty)).map(|ty| ty.name.as_str());
        all.all(|other| name(&other) == name(&group)).then_some(group)
    }
}

/// A struct that is laid over words.
struct Fit<'f, 's, 'a> {
    shared: &'f Shared<'s, 'a>,
    groups: &'f [Group],
    /// The next word.
    at: u8,
    count: u8,
    /// Fields whose type the signs told.
    known: usize,
}

impl Fit<'_, '_, '_> {
    fn takes(&mut self, ty: TypeId, depth: usize) -> bool {
        let Some(of) = self.shared.types.get(ty).filter(|_| depth < MAX_TYPE_DEPTH) else { return false };
        match &of.kind {
            _ if of.size == 0 => true,
            Kind::Struct(fields) => fields.iter().all(|field| self.takes(field.ty, depth + 1)),
            Kind::Float | Kind::Complex | Kind::Array { .. } | Kind::Vector => false,
            _ => self.takes_value(ty, of.size),
        }
    }

    fn takes_value(&mut self, ty: TypeId, size: u64) -> bool {
        let words = self.shared.words(ty);
        let (start, end) = (self.at, self.at + words);
        self.at = end;
        let mut inside = self.groups.iter().filter(|group| group.start < end && start < group.start + group.len);
        let Some(group) = inside.next() else { return end <= self.count };
        let types = self.shared.types;
        let whole = (group.start, group.len) == (start, words) && end <= self.count;
        match group.ty {
            Some(known) if whole && canonical(types, known) == canonical(types, ty) => {
                let common =
                    matches!(types.get(ty).map(|t| &t.kind), Some(Kind::String | Kind::Bool | Kind::Interface { .. }));
                self.known += usize::from(!common);
                true
            }
            Some(_) => false,
            None => whole && group.size.is_none_or(|known| u64::from(known) == size),
        }
    }
}

/// The first type of that name and size.
fn canonical(types: &Types, ty: TypeId) -> TypeId {
    let Some(of) = types.get(ty).filter(|of| !of.name.is_empty()) else { return ty };
    let same = |id: &TypeId| types.get(*id).is_some_and(|other| other.size == of.size);
    types.named(&of.name).filter(same).min().unwrap_or(ty)
}
