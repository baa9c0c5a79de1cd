//! Which words of what a function returns belong to one value, and of which type, where nothing but code says what it
//! returns.
//!
//! *Reads* what result registers hold at each RET, and what callers do with them. *Can be trusted* because a result has
//! one type at every RET and for every caller: the address of an itab makes it an interface wherever it is returned; so
//! one good sign is enough, and two that contradict each other are none. Where no sign is, words stay words.

mod decide;
mod held;
mod look;
mod structs;

use super::known::Known;
use super::look::Looker;
use crate::abi::location::{Loc, Piece, Reg, Scalar};
use crate::abi::shape::Shape;
use crate::arch::Arch;
use crate::evidence::Value;
use crate::program::Program;
use crate::report::{Abi, Source};
use crate::resolve::Resolved;
use crate::types::{Kind, Type, TypeId, Types};
use crate::watch::Tick;
use decide::{Answers, Group};
use foldhash::HashMap;
use held::Seen;
use structs::Structs;

/// What all functions are looked at with.
pub(super) struct Shared<'p, 'a> {
    program: &'p Program<'a>,
    types: &'p Types,
    resolved: &'p [Resolved],
    known: &'p Known,
    special: Special,
}

/// Types that code shows without naming them.
#[derive(Clone, Copy)]
struct Special {
    string: TypeId,
    any: TypeId,
    bool: TypeId,
}

/// Groups the results that code alone located; `None` when interrupted.
pub(super) fn group(
    program: &Program<'_>,
    types: &mut Types,
    resolved: &mut [Resolved],
    known: &Known,
    tick: &Tick<'_>,
) -> Option<()> {
    if program.image.arch != Arch::Amd64 || !program.internal.uses_registers() {
        return Some(());
    }
    let special = special(types, program.image.arch.ptr_size());
    let shared = Shared { program, types, resolved, known, special };
    let seen = look(&shared, tick)?;
    let made = made(types);
    let mut answers = Answers::new(&shared, &made).settle(&seen);
    let structs = Structs::new(types);
    for (f, groups) in answers.iter_mut().enumerate().filter(|(f, _)| shared.is_open(*f)) {
        structs.join(&shared, groups, shared.count(f));
    }
    for (one, groups) in resolved.iter_mut().zip(answers) {
        if let Some(claim) = one.results.as_mut().filter(|claim| claim.source == Source::Code) {
            let mut values = std::mem::take(&mut claim.values).into_vec();
            regroup(&mut values, &groups, program, types);
            claim.values = values.into();
        }
    }
    Some(())
}

fn special(types: &mut Types, word: u32) -> Special {
    let mut basic = |name: &str, kind: Kind, (size, align): (u64, u32)| {
        let same = |id: &TypeId| types.get(*id).is_some_and(|ty| ty.kind == kind);
        let found = types.named(name).find(same);
        let ty = Type { name: name.to_string(), size, align, kind: kind.clone() };
        found.unwrap_or_else(|| types.push(ty))
    };
    let two = (u64::from(2 * word), word);
    Special {
        string: basic("string", Kind::String, two),
        any: basic("interface {}", Kind::Interface { methods: Vec::new() }, two),
        bool: basic("bool", Kind::Bool, (1, 1)),
    }
}

/// Types by what they are made of.
#[derive(Default)]
struct Made {
    /// Pointers, by what they point at.
    pointers: HashMap<TypeId, TypeId>,
    /// Slices, by their elements.
    slices: HashMap<TypeId, TypeId>,
}

fn made(types: &Types) -> Made {
    let mut made = Made::default();
    for (id, ty) in types.iter() {
        match &ty.kind {
            Kind::Pointer(Some(elem)) if ty.name.starts_with('*') => made.pointers.entry(*elem).or_insert(id),
            Kind::Slice(Some(elem)) if ty.name.starts_with("[]") => made.slices.entry(*elem).or_insert(id),
            _ => continue,
        };
    }
    made
}

/// Looks at every function that could say something of results that code alone located.
fn look(shared: &Shared<'_, '_>, tick: &Tick<'_>) -> Option<Vec<Seen>> {
    let program = shared.program;
    let open = |i: usize| shared.is_open(i);
    tick.map(program.funcs().len(), Looker::default, |looker, i| {
        let func = &program.funcs()[i];
        let resolved = &shared.resolved[i];
        let wanted = |target| program.at(target).is_some_and(open);
        let silent = resolved.asm || resolved.abi != Abi::ABIInternal;
        if silent || !(open(i) || super::calls_any(program, func, &wanted)) {
            return Seen::default();
        }
        looker.decode(program, func.entry, func.end);
        look::at(shared, i, looker)
    })
}

impl Shared<'_, '_> {
    /// Whether a function's results are known from code alone.
    fn is_open(&self, index: usize) -> bool {
        let claim = self.resolved.get(index).and_then(|r| r.results.as_ref());
        claim.is_some_and(|claim| claim.source == Source::Code && !claim.values.is_empty())
    }

    /// Integer registers with results.
    fn count(&self, index: usize) -> u8 {
        let values = self.resolved.get(index).and_then(|r| r.results.as_ref()).into_iter().flat_map(|c| &c.values);
        let pieces = values.flat_map(|value| &value.pieces);
        pieces.filter(|piece| matches!(piece.loc, Loc::Reg(reg) if self.position(reg).is_some())).count() as u8
    }

    /// The position of a register in the order of integer results.
    fn position(&self, reg: Reg) -> Option<u8> {
        self.program.internal.ints.iter().position(|r| *r == reg).map(|i| i as u8)
    }

    /// Positions of a value that is in integer registers alone.
    fn positions(&self, value: &Value) -> Option<Vec<u8>> {
        let position = |piece: &Piece| match piece.loc {
            Loc::Reg(reg) => self.position(reg),
            Loc::Stack(_) => None,
        };
        value.pieces.iter().map(position).collect()
    }

    /// Words of a string, a slice or an interface; 1 of anything else.
    fn words(&self, ty: TypeId) -> u8 {
        match self.types.get(ty).map(|t| &t.kind) {
            Some(Kind::String | Kind::Interface { .. }) => 2,
            Some(Kind::Slice(_)) => 3,
            _ => 1,
        }
    }
}

/// Makes one value of the words of each group.
fn regroup(values: &mut Vec<Value>, groups: &[Group], program: &Program<'_>, types: &Types) {
    for group in groups {
        let regs = program.internal.ints.get(usize::from(group.start)..usize::from(group.start + group.len));
        let Some(regs) = regs else { continue };
        let holds = |value: &Value, reg: &Reg| matches!(&value.pieces[..], [piece] if piece.loc == Loc::Reg(*reg));
        let Some(at) = values.iter().position(|value| regs.first().is_some_and(|reg| holds(value, reg))) else {
            continue;
        };
        let end = at + regs.len();
        let whole = values.get(at..end).is_some_and(|list| list.iter().zip(regs).all(|(value, reg)| holds(value, reg)));
        if let Some(value) = whole.then(|| value(group, regs, program, types)).flatten() {
            values.splice(at..end, [value]);
        }
    }
}

/// A group's value; `None` when its type has other pieces than the group has words.
fn value(group: &Group, regs: &[Reg], program: &Program<'_>, types: &Types) -> Option<Value> {
    let word = program.image.arch.ptr_size();
    let size = group.size.map_or(word, u32::from);
    let plain = |(i, reg): (usize, &Reg)| Piece { off: word * i as u32, size, loc: Loc::Reg(*reg), kind: Scalar::Word };
    let Some(ty) = group.ty else {
        let pieces = regs.iter().enumerate().map(plain).collect();
        return Some(Value { size: size * u32::from(group.len), pieces, ..Value::default() });
    };
    let shape = Shape::of(types, ty, program.image.arch);
    let fits = shape.registers && shape.components.len() == regs.len() && shape.needs().1 == 0;
    let pieces = shape.components.iter().zip(regs);
    let pieces = pieces.map(|(c, reg)| Piece { off: c.off, size: c.size, loc: Loc::Reg(*reg), kind: c.kind }).collect();
    fits.then_some(Value { ty: Some(ty), size: shape.size, pieces, ..Value::default() })
}
