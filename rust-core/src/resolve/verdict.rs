//! Why a claim won, and why others did not, in words.

use super::params::same_places;
use super::stack::Seen;
use super::survey::{First, arg_list};
use crate::abi::registers::reg_name;
use crate::code::growth::Growth;
use crate::evidence::Claim;
use crate::golang::pclntab::Func;
use crate::program::Program;
use crate::report::{Side, Sides, Source};
use thin_vec::ThinVec;

/// A claim that did not win.
#[derive(Debug, Clone)]
pub struct Lost {
    /// What it speaks of.
    pub side: Side,
    /// The claim.
    pub claim: Claim,
    /// Whether it has the values in the same places as the one that won.
    pub agrees: bool,
    /// Why it did not win.
    pub why: String,
}

impl Lost {
    /// A claim that gave way to `winner`.
    pub fn to(winner: &Claim, side: Side, claim: Claim) -> Lost {
        let agrees = same_places(&claim.values, &winner.values);
        let better = rank(winner.source);
        let why = match agrees {
            true => format!("weaker than {better}; the same places"),
            false => format!("weaker than {better}"),
        };
        Lost { side, claim, agrees, why }
    }
}

/// Takes a claim where there is none, and returns the one that is left over. Sources have names of values that runtime
/// types lack.
pub(super) fn supersede(kept: &mut Option<Claim>, new: Claim) -> Option<Claim> {
    let written = matches!(new.source, Source::Module | Source::Std);
    match kept {
        None => {
            *kept = Some(new);
            None
        }
        Some(old) if written && old.source == Source::Rtype && same_places(&old.values, &new.values) => {
            let confidence = old.confidence;
            Some(std::mem::replace(old, Claim { confidence, ..new }))
        }
        Some(_) => Some(new),
    }
}

/// The claims that lost: typed ones with the reason, and those of metadata and code that gave way.
pub(super) fn lost(
    dropped: ThinVec<(Side, Claim, Option<String>)>,
    weaker: [(Side, Option<Claim>); 2],
    params: &Option<Claim>,
    results: &Option<Claim>,
) -> ThinVec<Lost> {
    let winner = |side| if side == Side::Params { params.as_ref() } else { results.as_ref() };
    let one = |(side, claim, why): (Side, Claim, Option<String>)| match (winner(side), why) {
        (_, Some(why)) => Some(Lost { side, claim, agrees: false, why }),
        (Some(winner), None) => Some(Lost::to(winner, side, claim)),
        (None, None) => None,
    };
    let weaker = weaker.into_iter().filter_map(|(side, claim)| Some((side, claim?)));
    let gave_way = weaker.filter(|(side, claim)| winner(*side).is_some_and(|w| w.source != claim.source));
    dropped.into_iter().filter_map(one).chain(gave_way.filter_map(|(side, claim)| one((side, claim, None)))).collect()
}

/// Why the winners of both sides won, given those that lost to them.
pub(super) fn won(params: Option<&Claim>, results: Option<&Claim>, lost: &[Lost]) -> Sides<Box<str>> {
    let of = |side: Side, winner: Option<&Claim>| {
        let Some(winner) = winner else { return Box::default() };
        let others: Vec<&Lost> = lost.iter().filter(|lost| lost.side == side).collect();
        let said = |agree: bool| {
            let mut words: Vec<&str> =
                others.iter().filter(|l| l.agrees == agree).map(|l| rank(l.claim.source)).collect();
            words.dedup();
            words.join(" and ")
        };
        let own = rank(winner.source);
        let mut why = match (others.is_empty(), winner.source) {
            (true, Source::Table) => "the function is one of the runtime's that goabi knows".to_string(),
            (true, _) => format!("nothing stronger than {own} speaks of it"),
            (false, _) => "the strongest source that speaks of it".to_string(),
        };
        for (agree, verb) in [(true, "confirmed by"), (false, "against")] {
            if others.iter().any(|l| l.agrees == agree) {
                why += &format!("; {verb} {}", said(agree));
            }
        }
        why.into()
    };
    Sides { params: of(Side::Params, params), results: of(Side::Results, results) }
}

/// The source, as a sentence has it.
fn rank(source: Source) -> &'static str {
    match source {
        Source::Dwarf => "debug information",
        Source::Table => "the table of runtime functions",
        Source::Module => "the module's sources",
        Source::Std => "the standard library's sources",
        Source::Rtype => "a runtime type",
        Source::Spill => "the spill block",
        Source::ArgInfo => "the list of arguments",
        Source::Code => "code",
    }
}

/// What the runtime's metadata and the stack-growth block say of the parameters, in one line.
/// `calls`: how many were looked at because of a doubt.
pub(super) fn metadata_text(
    program: &Program<'_>,
    first: &First,
    func: &Func,
    seen: Option<&Seen>,
    calls: u32,
) -> String {
    let arch = program.image.arch;
    let stored = |g: &Growth| {
        let regs = g.spills.iter().map(|s| format!("{}:{}", reg_name(arch, s.reg), s.size));
        format!("block at {:#x} stores {}", func.entry + u64::from(g.start), regs.collect::<Vec<_>>().join(" "))
    };
    let block = first.growth.as_ref().filter(|g| !g.spills.is_empty()).map(stored);
    let list = arg_list(program, func).map(|l| {
        let cut = if l.is_complete() { "" } else { ", cut" };
        format!("ArgInfo lists {} parameters{cut}", l.groups.len())
    });
    let args = func.args.map(|args| format!("_func.args is {args}"));
    let boundary =
        seen.and_then(|seen| seen.boundary).map(|b| format!("results begin at word {} ({:?})", b.params, b.rule));
    let asked = (calls > 0).then(|| format!("prepared at calls: {calls}"));
    block.into_iter().chain(list).chain(args).chain(boundary).chain(asked).collect::<Vec<_>>().join("; ")
}
