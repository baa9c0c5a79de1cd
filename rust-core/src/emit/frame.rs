//! The stack around a function's entry, byte for byte, for those who draw it.

use serde::Serialize;

use super::argument_names;
use crate::abi::assign::round_up;
use crate::report::{Confidence, Function, Loc, Piece, Report, Value};

/// A run of bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Slot {
    /// Bytes from SP at entry.
    pub(crate) from: i64,
    /// Behind its last byte.
    pub(crate) to: i64,
    /// What is there.
    pub(crate) what: String,
    /// Which value that is, counted over parameters, then results.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<usize>,
    /// How Go's assembler and the hosts call it; empty when they do not.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) names: String,
    /// Whether nothing is there.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) padding: bool,
}

impl Slot {
    fn plain(from: i64, size: u32, what: &str) -> Slot {
        let (what, to) = (what.to_string(), from.saturating_add(size.into()));
        Slot { from, to, what, value: None, names: String::new(), padding: false }
    }
}

/// All of it, lower addresses first: the function's own frame, the return address, the caller's argument area.
pub(crate) fn slots(report: &Report, f: &Function) -> Vec<Slot> {
    let frame = &f.frame;
    let mut slots = vec![Slot::plain(0, f.arg_base, "return address")];
    if frame.size > 0 {
        slots.push(Slot::plain(-i64::from(frame.size), frame.size, "locals and saved registers"));
    }
    for (n, (name, value)) in named(f).enumerate() {
        for (i, piece) in value.pieces.iter().enumerate() {
            let Loc::Stack(offset) = piece.loc else { continue };
            let names = argument_names(report, f, &operand(&name, value, i, offset), offset);
            slots.extend(in_area(f, offset, piece, n, part_of(value, piece, &name), names));
        }
    }
    if frame.spill > 0 {
        let start = frame.stack_args.saturating_add(frame.stack_results);
        match spills(report, f) {
            Some(homes) => slots.extend(homes.iter().flat_map(|home| spilled(report, f, start, home))),
            None => slots.push(Slot::plain(area(f, start.into()), frame.spill, "spill area of registers")),
        }
    }
    slots.sort_by_key(|slot| slot.from);
    with_padding(slots, area(f, u64::from(frame.stack_args) + u64::from(frame.stack_results) + u64::from(frame.spill)))
}

/// A place of the argument area, from SP at entry.
fn area(f: &Function, offset: u64) -> i64 {
    i64::from(f.arg_base).saturating_add_unsigned(offset)
}

/// The slot of a piece that is `offset` bytes into the argument area.
fn in_area(f: &Function, offset: u64, piece: &Piece, n: usize, what: String, names: String) -> Option<Slot> {
    let from = area(f, offset);
    let to = from.checked_add(piece.size.into())?;
    Some(Slot { from, to, what, value: Some(n), names, padding: false })
}

/// Where a register parameter is kept when its registers are needed.
struct Home<'r> {
    n: usize,
    name: String,
    value: &'r Value,
    /// Bytes from the start of the spill area.
    at: u32,
}

/// The homes of all register parameters; `None` when they do not add up to the spill area that the function has.
fn spills<'r>(report: &'r Report, f: &'r Function) -> Option<Vec<Home<'r>>> {
    if f.confidence.params == Confidence::Unknown {
        return None;
    }
    let word = super::arch(report).ptr_size();
    let (mut homes, mut end) = (Vec::new(), 0);
    for (n, (name, value)) in named(f).take(f.params.len()).enumerate() {
        if value.pieces.is_empty() || value.pieces.iter().any(|piece| matches!(piece.loc, Loc::Stack(_))) {
            continue;
        }
        let at = round_up(end, alignment(report, value, word));
        end = at.saturating_add(value.size);
        homes.push(Home { n, name, value, at });
    }
    (round_up(end, word) == f.frame.spill).then_some(homes)
}

/// That of the type; without one, of the widest scalar.
fn alignment(report: &Report, value: &Value, word: u32) -> u32 {
    let ty = value.ty.or(value.shape).and_then(|id| report.types.get(id as usize));
    let widest = || value.pieces.iter().map(|piece| piece.size).max().unwrap_or(1).min(word);
    ty.map(|ty| ty.align).filter(|align| align.is_power_of_two()).unwrap_or_else(widest)
}

/// The slots of the pieces of one parameter.
fn spilled(report: &Report, f: &Function, start: u32, home: &Home<'_>) -> Vec<Slot> {
    let slot = |piece: &Piece| {
        let offset = u64::from(start) + u64::from(home.at) + u64::from(piece.off);
        let what = format!("{} spilled", part_of(home.value, piece, &home.name));
        in_area(f, offset, piece, home.n, what, super::host_names(report, f, offset))
    };
    home.value.pieces.iter().filter_map(slot).collect()
}

/// Fills the gaps, the last one up to `end`.
fn with_padding(slots: Vec<Slot>, end: i64) -> Vec<Slot> {
    let mut out: Vec<Slot> = Vec::with_capacity(slots.len());
    let fill = |out: &mut Vec<Slot>, until: i64| {
        if let Some(gap) = out.last().map(|last| last.to).filter(|end| *end < until) {
            let what = "padding".to_string();
            out.push(Slot { from: gap, to: until, what, value: None, names: String::new(), padding: true });
        }
    };
    for slot in slots {
        fill(&mut out, slot.from);
        out.push(slot);
    }
    fill(&mut out, end);
    out
}

/// Parameters, then results, each with its name.
pub(crate) fn named(f: &Function) -> impl Iterator<Item = (String, &Value)> {
    fn side<'v>(values: &'v [Value], prefix: &'static str) -> impl Iterator<Item = (String, &'v Value)> {
        values.iter().enumerate().map(move |(n, value)| (name(value, prefix, n), value))
    }
    side(&f.params, "a").chain(side(&f.results, "r"))
}

/// The value's name, or the one that its place in the list gives it in prototypes.
pub(crate) fn name(value: &Value, prefix: &str, n: usize) -> String {
    if value.name.is_empty() { format!("{prefix}{}", n + 1) } else { value.name.to_string() }
}

/// `s`, or `s[8:16]` for some bytes of it.
pub(crate) fn part_of(value: &Value, piece: &Piece, name: &str) -> String {
    if piece.off == 0 && piece.size == value.size {
        return name.to_owned();
    }
    format!("{name}[{}:{}]", piece.off, piece.off.saturating_add(piece.size))
}

/// The `i`-th piece of a value, which is at `offset` in the argument area, as Go's assembler writes it.
pub(crate) fn operand(name: &str, value: &Value, i: usize, offset: u64) -> String {
    let part = if value.pieces.len() > 1 { format!("_{i}") } else { String::new() };
    format!("{name}{part}+{offset}(FP)")
}
