//! What a decision can be checked against: the instructions that show parameters and results, what callers read behind
//! their calls of a function, and what the function reads behind its own.
//!
//! Nothing is decided here, and nothing of it is needed for deciding: it is for people, and made only when it is asked for.

mod calls;
mod marks;

use crate::Result;
use crate::abi::location::{Loc, Reg};
use crate::abi::registers::reg_name;
use crate::code::decoder::Decoder;
use crate::code::op::{Flow, Op};
use crate::evidence::{Claim, Value};
use crate::golang::pclntab::Func;
use crate::program::Program;
use crate::resolve::Resolved;
use crate::watch::Watch;
use calls::Edge;
use marks::Mark;
use sha2::Digest;

pub use calls::{Call, Calls};

/// What shows one function's convention.
#[derive(Debug, Clone, Default)]
pub struct Witness {
    /// Instructions, by address.
    pub lines: Vec<Line>,
    /// Addresses of those that show parameters.
    pub params: Vec<u64>,
    /// Addresses of those that show results.
    pub results: Vec<u64>,
    /// Direct calls of it.
    pub callers: Calls,
    /// Direct calls that it makes.
    pub callees: Calls,
    /// Hash of its instructions with the addresses in them masked.
    pub code: Option<u64>,
}

/// An instruction.
#[derive(Debug, Clone)]
pub struct Line {
    /// Its address.
    pub at: u64,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its text, in the syntax of the machine's maker.
    pub text: String,
    /// What it shows; empty for one that only stands beside.
    pub note: String,
}

/// Everything that is known of the functions at hand.
pub(crate) struct Scene<'p, 'a> {
    pub(crate) program: &'p Program<'a>,
    pub(crate) resolved: &'p [Resolved],
}

/// A thread's scratch memory.
struct Scratch {
    decoder: Decoder,
    ops: Vec<Op>,
    turns: Vec<u32>,
}

/// Looks at the functions that `wanted` names by their index; `most` lines of each are kept.
pub fn witness(
    program: &Program<'_>,
    resolved: &[Resolved],
    wanted: impl Fn(usize) -> bool + Sync,
    most: usize,
    watch: &Watch<'_>,
) -> Result<Vec<Witness>> {
    let scene = Scene { program, resolved };
    let funcs = program.funcs();
    let looked: Vec<(Witness, Vec<Edge>)> = watch.stage("collecting evidence", funcs.len(), |tick| {
        let new = || Scratch { decoder: Decoder::new(program.image.arch), ops: Vec::new(), turns: Vec::new() };
        tick.map(funcs.len(), new, |scratch, i| scene.look(i, &wanted, most, scratch))
    })?;
    let (mut all, edges): (Vec<Witness>, Vec<Vec<Edge>>) = looked.into_iter().unzip();
    calls::share(&scene, edges, &wanted, &mut all);
    Ok(all)
}

impl Scene<'_, '_> {
    fn look(
        &self,
        i: usize,
        wanted: &impl Fn(usize) -> bool,
        most: usize,
        scratch: &mut Scratch,
    ) -> (Witness, Vec<Edge>) {
        let (func, here) = (&self.program.funcs()[i], wanted(i));
        let code = self.program.code(func);
        scratch.decoder.decode(code, func.entry, &mut scratch.ops, &mut scratch.turns);
        scratch
            .ops
            .iter_mut()
            .filter(|op| op.flow == Flow::Call)
            .for_each(|op| op.callee = self.program.callee(op.target));
        let edges = self.edges(i, &scratch.ops, |callee| here || wanted(callee));
        if !here || scratch.ops.is_empty() {
            return (Witness::default(), edges);
        }
        let marks = self.marks(func, &self.resolved[i], &scratch.ops);
        let side = |params| marks.iter().filter(|m| m.params == params).map(|m| func.entry + u64::from(m.at)).collect();
        let witness = Witness {
            lines: lines(&scratch.decoder, code, func, &scratch.ops, &marks, most),
            params: side(true),
            results: side(false),
            code: Some(fingerprint(&scratch.decoder, code, func.entry)),
            ..Witness::default()
        };
        (witness, edges)
    }

    /// The claim's values by what they are called.
    pub(crate) fn named<'c>(claim: &'c Option<Claim>, prefix: &'c str) -> impl Iterator<Item = (String, &'c Value)> {
        let values = claim.iter().flat_map(|claim| &claim.values).enumerate();
        values.map(move |(n, value)| match &*value.name {
            "" | "_" => (format!("{prefix}{}", n + 1), value),
            name => (name.to_string(), value),
        })
    }
}

/// Every place of a claim, with the part of a value that is in it: `(RBX, "w[0:8]")`.
pub(crate) fn places(claim: &Option<Claim>, prefix: &str) -> Vec<(Loc, u32, String)> {
    let part = |(name, value): (String, &Value)| -> Vec<(Loc, u32, String)> {
        let of = |p: &crate::abi::location::Piece| match p.off == 0 && p.size == value.size {
            true => (p.loc, p.size, name.clone()),
            false => (p.loc, p.size, format!("{name}[{}:{}]", p.off, p.off.saturating_add(p.size))),
        };
        value.pieces.iter().map(of).collect()
    };
    Scene::named(claim, prefix).flat_map(part).collect()
}

/// What a register is called.
pub(crate) fn register(program: &Program<'_>, reg: Reg) -> &'static str {
    reg_name(program.image.arch, reg)
}

/// The marked instructions with the ones beside them, `most` in all.
fn lines(decoder: &Decoder, code: &[u8], func: &Func, ops: &[Op], marks: &[Mark], most: usize) -> Vec<Line> {
    let index = |at: u32| ops.binary_search_by_key(&at, |op| op.at).ok();
    let mut chosen: Vec<usize> = marks.iter().filter_map(|mark| index(mark.at)).take(most).collect();
    let room = most.saturating_sub(chosen.len());
    let beside: Vec<usize> =
        chosen.iter().flat_map(|i| [i + 1, i.wrapping_sub(1)]).filter(|i| *i < ops.len()).collect();
    chosen.extend(beside.into_iter().take(room));
    let mut offsets: Vec<u32> = chosen.into_iter().filter_map(|i| ops.get(i)).map(|op| decoder.whole(op.at)).collect();
    offsets.sort_unstable();
    offsets.dedup();
    let line = |offset: u32| {
        let (at, from) = (func.entry + u64::from(offset), code.get(offset as usize..).unwrap_or_default());
        let (len, text) = decoder.instruction(from, at);
        let notes = marks
            .iter()
            .filter(|mark| index(mark.at).and_then(|i| ops.get(i)).is_some_and(|op| decoder.whole(op.at) == offset));
        let notes: Vec<&str> = notes.map(|mark| mark.note.as_str()).collect();
        Line { at, bytes: from.get(..len).unwrap_or_default().to_vec(), text, note: notes.join("; ") }
    };
    offsets.into_iter().map(line).collect()
}

fn fingerprint(decoder: &Decoder, code: &[u8], entry: u64) -> u64 {
    let mut hash = sha2::Sha256::new();
    decoder.masked(code, entry, |bytes| hash.update(bytes));
    let digest = hash.finalize();
    digest.iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}
