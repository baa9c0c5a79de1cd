//! What a report says of how a function's convention is known: claims, instructions and calls.

use super::{Addr, Loc, Source};
use crate::abi::location;
use crate::abi::registers::reg_name;
use crate::arch::Arch;
use crate::evidence::{self as claims, Claim};
use crate::program::Program;
use crate::resolve::Resolved;
use crate::resolve::verdict::Lost;
use crate::witness::{self, Witness};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One half of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// What comes in.
    Params,
    /// What goes out.
    Results,
}

/// One source's claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// Who claims it.
    pub source: Source,
    /// What, in one line.
    pub claim: String,
    /// Addresses that it rests on.
    pub at: Vec<Addr>,
    /// Whether it agrees with what was decided.
    pub agrees: bool,
    /// What it speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<Side>,
    /// Whether it is what was decided.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub decides: bool,
    /// Why it is or is not, in one line.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

/// An instruction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    /// Its address.
    pub at: Addr,
    /// Its bytes, in hex.
    pub bytes: String,
    /// Its text, in the syntax of the machine's maker.
    pub text: String,
    /// What it shows of the convention; empty for one that only stands beside.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub shows: String,
}

/// Direct calls of one function, or those that it makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Calls {
    /// How many there are.
    pub count: u32,
    /// Places that are read behind them before they are written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reads: Vec<ReadPlace>,
    /// The first ones, by address.
    pub list: Vec<Call>,
}

/// A place that callers read behind a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReadPlace {
    /// The place.
    pub loc: Loc,
    /// Calls behind which it is read.
    pub calls: u32,
    /// Whether a result is there.
    pub result: bool,
}

/// One direct call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Call {
    /// The call instruction.
    pub at: Addr,
    /// Entry of the function at the other end.
    pub function: Addr,
    /// Its name, empty when it is gone.
    pub name: String,
    /// Places that are read behind the call before they are written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reads: Vec<Loc>,
}

impl From<witness::Line> for Line {
    fn from(line: witness::Line) -> Line {
        let bytes = line.bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Line { at: Addr(line.at), bytes, text: line.text, shows: line.note }
    }
}

/// Calls in the report's words; of calls of a function, `results` are its results.
pub(super) fn calls(program: &Program<'_>, calls: witness::Calls, results: &Option<Claim>) -> Option<Calls> {
    let arch = program.image.arch;
    let decided: Vec<location::Loc> =
        results.iter().flat_map(|c| &c.values).flat_map(|v| &v.pieces).map(|p| p.loc).collect();
    let call = |call: witness::Call| {
        let func = program.funcs().get(call.other as usize)?;
        Some(Call {
            at: Addr(call.at),
            function: Addr(func.entry),
            name: program.name(func).into_owned(),
            reads: call.reads.into_iter().map(|place| loc(place, arch)).collect(),
        })
    };
    let read = |(place, calls): (location::Loc, u32)| ReadPlace {
        loc: loc(place, arch),
        calls,
        result: decided.contains(&place),
    };
    // What is read behind calls of different functions says nothing together.
    let reads = if results.is_some() { calls.reads.into_iter().map(read).collect() } else { Vec::new() };
    let list: Vec<Call> = calls.list.into_iter().filter_map(call).collect();
    (calls.count > 0).then_some(Calls { count: calls.count, reads, list })
}

pub(super) fn loc(loc: location::Loc, arch: Arch) -> Loc {
    match loc {
        location::Loc::Reg(reg) => Loc::Register(reg_name(arch, reg)),
        location::Loc::Stack(offset) => Loc::Stack(u64::from(offset)),
    }
}

/// Who won on each side, then who did not.
pub(super) fn list(resolved: &Resolved, seen: &Witness, arch: Arch) -> Box<[Evidence]> {
    let winner = |side, claim: &Claim, shown: &[u64], why: &str| {
        // Claims of code and of the compiler's spills are shown by instructions, the others are made elsewhere.
        let in_code = matches!(claim.source, Source::Spill | Source::Code) && !shown.is_empty();
        let mut at: Vec<Addr> = if in_code { shown.iter().copied().map(Addr).collect() } else { vec![Addr(claim.at)] };
        at.dedup();
        Evidence { at, decides: true, ..entry(side, claim, true, why, arch) }
    };
    let why = resolved.why.as_deref().map(|why| (&*why.params, &*why.results)).unwrap_or_default();
    let params = resolved.params.iter().map(|c| winner(Side::Params, c, &seen.params, why.0));
    let results = resolved.results.iter().map(|c| winner(Side::Results, c, &seen.results, why.1));
    let other = |lost: &Lost| entry(lost.side, &lost.claim, lost.agrees, &lost.why, arch);
    params.chain(results).chain(resolved.others.iter().map(other)).collect()
}

fn entry(side: Side, claim: &Claim, agrees: bool, why: &str, arch: Arch) -> Evidence {
    let name = if side == Side::Params { "parameters" } else { "results" };
    Evidence {
        source: claim.source,
        claim: format!("{name}: {}", claim_text(claim, arch)),
        at: vec![Addr(claim.at)],
        agrees,
        side: Some(side),
        decides: false,
        why: why.to_string(),
    }
}

/// Where the claim has the values, and what its source says of it.
fn claim_text(claim: &Claim, arch: Arch) -> String {
    let place = |value: &claims::Value| -> String {
        let parts: Vec<_> = value.pieces.iter().map(|piece| piece.loc.text(arch)).collect();
        if parts.is_empty() { "nothing".into() } else { parts.join("+") }
    };
    let places: Vec<_> = claim.values.iter().map(place).collect();
    let places = if places.is_empty() { "none".into() } else { places.join(", ") };
    match claim.text.as_deref() {
        Some(text) if !text.is_empty() => format!("{places} ({text})"),
        _ => places,
    }
}
