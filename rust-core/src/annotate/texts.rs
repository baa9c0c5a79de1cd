//! String literals, whose bytes lie side by side without an end: where code has the address of text in one place and a length
//! in the next one, as strings are passed and stored, they belong together.

use super::follows_code;
use super::look::Looker;
use crate::abi::location::{Reg, RegSet};
use crate::code::step::{Base, Place, Step, Stored};
use crate::code::values;
use crate::golang::pclntab::Func;
use crate::program::Program;
use crate::report::{Addr, Datum, DatumKind};
use crate::watch::Tick;

/// Shortest literal, in bytes: single characters are too often something else.
const SHORTEST: u64 = 2;
/// Longest literal, in bytes.
const LONGEST: u64 = 1 << 16;
/// Bytes of a literal that are shown.
const SHOWN: usize = 80;
/// Instructions between address and length.
const NEAR: usize = 8;
/// Bytes of text that are looked at for each byte of code and data, and in any function at least: text that overlaps must
/// not cost more than a file can have.
const BUDGET: u64 = 64;
const LEAST: u64 = 1 << 13;
/// Literals of one function.
const MOST: usize = 1 << 14;
/// Literals in data.
const MOST_HEADERS: usize = 1 << 20;

/// All of them, by address; `None` when interrupted. Where two of them contradict each other, neither is believed.
pub(super) fn find(program: &Program<'_>, tick: &Tick<'_>) -> Option<Vec<Datum>> {
    if !follows_code(program) {
        return Some(Vec::new());
    }
    let funcs = program.funcs();
    let found = tick.map(funcs.len(), Looker::default, |looker, i| literals(program, looker, &funcs[i]))?;
    let in_code = settled(found.into_iter().flatten().collect());
    // What code says is surer than two words of data.
    let free = |(at, len): &Literal| {
        let next = in_code.partition_point(|(start, _)| start < at);
        let before = next.checked_sub(1).is_some_and(|before| overlap(in_code[before], (*at, *len)));
        !before && in_code.get(next).is_none_or(|after| !overlap((*at, *len), *after))
    };
    let in_data = settled(headers(program).filter(free).collect());
    let mut found = [in_code, in_data].concat();
    found.sort_unstable();
    Some(found.into_iter().filter_map(|literal| datum(program, literal)).collect())
}

/// Address and length.
type Literal = (u64, u32);

fn overlap(first: Literal, next: Literal) -> bool {
    first.0 + u64::from(first.1) > next.0
}

/// Those that no other one contradicts, by address.
fn settled(mut found: Vec<Literal>) -> Vec<Literal> {
    found.sort_unstable();
    found.dedup();
    let alone = |i: usize| {
        let before = i.checked_sub(1).is_some_and(|before| overlap(found[before], found[i]));
        !before && found.get(i + 1).is_none_or(|after| !overlap(found[i], *after))
    };
    (0..found.len()).filter(|i| alone(*i)).map(|i| found[i]).collect()
}

/// Strings that the linker laid out: an address and a length, side by side.
fn headers<'p>(program: &'p Program<'_>) -> impl Iterator<Item = Literal> + 'p {
    let data = program.image.segments.iter().filter(|segment| !segment.exec);
    let pairs = data.flat_map(|segment| {
        let skip = (segment.addr.wrapping_neg() % 8) as usize;
        let (words, _) = segment.data.get(skip..).unwrap_or_default().as_chunks::<8>();
        words.windows(2).map(|pair| [0, 1].map(|n| u64::from_le_bytes(pair[n])))
    });
    let pairs = pairs.filter(|[_, len]| (SHORTEST..=LONGEST).contains(len));
    let mut budget = BUDGET * program.image.segments.iter().map(|segment| segment.data.len() as u64).sum::<u64>();
    let pairs = pairs.take_while(move |[_, len]| {
        budget = budget.saturating_sub(*len);
        budget > 0
    });
    let pairs = pairs.filter(|[at, len]| program.containing(*at).is_none() && text(program, *at, *len).is_some());
    pairs.map(|[at, len]| (at, len as u32)).take(MOST_HEADERS)
}

fn datum(program: &Program<'_>, (at, len): Literal) -> Option<Datum> {
    let text = text(program, at, len.into())?;
    let cut = text.char_indices().map(|(at, _)| at).take_while(|at| *at <= SHOWN).last().unwrap_or(0);
    let shown = if text.len() > SHOWN { format!("{}…", &text[..cut]) } else { text.to_string() };
    Some(Datum { at: Addr(at), size: len.into(), kind: DatumKind::String, text: shown })
}

/// The text of that many bytes there, in memory that nothing writes to.
fn text<'p>(program: &'p Program<'_>, at: u64, len: u64) -> Option<&'p str> {
    let bytes = program.image.bytes(at, usize::try_from(len).ok()?)?;
    let text = std::str::from_utf8(bytes).ok()?;
    let plain = |c: char| !c.is_control() || matches!(c, '\t' | '\n' | '\r');
    (text.chars().all(plain) && program.image.is_constant(at)).then_some(text)
}

/// What a register or a place on the stack got last: a number, and at which instruction.
type Last = (u64, usize);

/// The literals that a function uses: address and length.
fn literals(program: &Program<'_>, looker: &mut Looker, func: &Func) -> Vec<Literal> {
    looker.decode(program, func.entry, func.end);
    let budget = LEAST + BUDGET * u64::from(func.size());
    let mut seen = Seen { program, registers: Vec::new(), places: Vec::new(), found: Vec::new(), budget };
    for (n, located) in looker.steps.iter().enumerate() {
        match located.step {
            Step::Const(reg, value) => seen.set(reg, value, n),
            Step::Lea(reg, Place { base: Base::Absolute, disp, .. }) => seen.set(reg, disp as u64, n),
            Step::Add(reg, by) => match seen.get(reg, n) {
                Some(value) => seen.set(reg, value.wrapping_add_signed(by), n),
                None => seen.forget(RegSet::of(reg)),
            },
            Step::Store(place, stored) if place.size == 8 => {
                let value = match stored {
                    Stored::Const(value) => Some(value),
                    Stored::Reg(reg) => seen.get(reg, n),
                    Stored::Unknown => None,
                };
                seen.store(place, value, n);
            }
            Step::Call(_) | Step::CallReg(_) | Step::CallMem(_) | Step::Ret | Step::Jump(_) => seen.clear(),
            _ => seen.forget(values::written(located).0),
        }
    }
    seen.found
}

/// What was seen on the way through a function.
struct Seen<'p, 'a> {
    program: &'p Program<'a>,
    /// What registers hold, if that is new.
    registers: Vec<(Reg, Last)>,
    /// What was stored, by base and offset.
    places: Vec<(Base, i64, Last)>,
    found: Vec<Literal>,
    /// Bytes of text that may still be looked at.
    budget: u64,
}

impl Seen<'_, '_> {
    fn clear(&mut self) {
        self.registers.clear();
        self.places.clear();
    }

    fn forget(&mut self, regs: RegSet) {
        self.registers.retain(|(reg, _)| !regs.has(*reg));
        self.places.retain(|(base, ..)| !matches!(base, Base::Reg(reg) if regs.has(*reg)));
    }

    /// What a register holds, if that is new.
    fn get(&self, reg: Reg, now: usize) -> Option<u64> {
        let last = self.registers.iter().find(|(other, _)| *other == reg).map(|(_, last)| last);
        last.filter(|(_, at)| now - at <= NEAR).map(|(value, _)| *value)
    }

    /// A register gets a number: the one before or behind it may have the other half.
    fn set(&mut self, reg: Reg, value: u64, now: usize) {
        self.forget(RegSet::of(reg));
        self.registers.retain(|(_, (_, at))| now - at <= NEAR);
        self.registers.push((reg, (value, now)));
        let ints = self.program.internal.ints;
        let Some(n) = ints.iter().position(|int| *int == reg) else { return };
        let next = ints.get(n + 1).and_then(|next| self.get(*next, now));
        let before = n.checked_sub(1).and_then(|before| self.get(ints[before], now));
        self.pair(Some(value), next);
        self.pair(before, Some(value));
    }

    /// The same of a word in memory.
    fn store(&mut self, place: Place, value: Option<u64>, now: usize) {
        let Place { base, disp, .. } = place;
        self.places.retain(|(other, at, (_, when))| (*other != base || *at != disp) && now - when <= NEAR);
        let Some(value) = value else { return };
        let at = |disp: i64| self.places.iter().find(|(other, at, _)| *other == base && *at == disp).map(|p| p.2.0);
        let (next, before) = (at(disp.wrapping_add(8)), at(disp.wrapping_sub(8)));
        self.places.push((base, disp, (value, now)));
        self.pair(Some(value), next);
        self.pair(before, Some(value));
    }

    fn pair(&mut self, at: Option<u64>, len: Option<u64>) {
        let (Some(at), Some(len)) = (at, len) else { return };
        let fits = (SHORTEST..=LONGEST.min(self.budget)).contains(&len) && self.found.len() < MOST;
        if !fits || self.program.containing(at).is_some() {
            return;
        }
        self.budget -= len;
        if text(self.program, at, len).is_some() {
            self.found.push((at, len as u32));
        }
    }
}
