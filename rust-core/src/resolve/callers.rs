//! Asks callers about functions whose own code and lists leave their parameters in doubt. They are few, so only their
//! callers are decoded once more.

use super::Scratch;
use super::knowledge::Knowledge;
use super::sides::{Input, Sides};
use super::survey::First;
use crate::Result;
use crate::abi::location::RegSet;
use crate::abi::registers::block_copy;
use crate::code::before::{Prepared, Wanted};
use crate::code::flow::NONE;
use crate::code::usage::Summary;
use crate::evidence::Typed;
use crate::evidence::callers::Passed;
use crate::report::Abi;
use crate::types::Types;
use crate::watch::Watch;
use foldhash::HashMap;
use object_pool::{Pool, Reusable};
use rayon::prelude::*;

/// Locates the parameters of functions in doubt again, with what their callers prepare, and returns the functions whose
/// callers have to be read anew because these take other registers than was believed.
pub(super) fn ask(
    (types, said): (&Types, &[&[Typed]]),
    (firsts, bodies): (&[First], &[Abi]),
    summaries: &[Summary],
    located: &mut [Sides],
    knowledge: &mut Knowledge<'_, '_>,
    (scratches, watch): (&Pool<Scratch>, &Watch<'_>),
) -> Result<Vec<bool>> {
    let doubtful: Vec<bool> = located.iter().map(Sides::in_doubt).collect();
    let passed = passed(&doubtful, (firsts, summaries), knowledge, (scratches, watch))?;
    let program = knowledge.program;
    let asked: Vec<usize> = (0..located.len()).filter(|i| passed.contains_key(&(*i as u32))).collect();
    let again = |scratch: &mut Reusable<'_, Scratch>, &i: &usize| {
        let func = &program.funcs()[i];
        let input = Input { program, types, func, first: &firsts[i], abi: bodies[i], seen: None };
        (i, input.sides(said[i], passed.get(&(i as u32)), scratch, knowledge))
    };
    let found: Vec<(usize, Sides)> =
        asked.par_iter().map_init(|| scratches.pull(|| Scratch::new(program)), again).collect();
    let mut changed = vec![false; located.len()];
    for (i, sides) in found {
        changed[i] = knowledge.faces[i].changes(sides.reads);
        located[i] = sides;
    }
    Ok(changed)
}

/// What callers of the doubtful functions prepare, by function.
fn passed(
    doubtful: &[bool],
    (firsts, summaries): (&[First], &[Summary]),
    knowledge: &Knowledge<'_, '_>,
    (scratches, watch): (&Pool<Scratch>, &Watch<'_>),
) -> Result<HashMap<u32, Passed>> {
    let program = knowledge.program;
    let is_doubtful = |callee: u32| doubtful.get(callee as usize).copied().unwrap_or(false);
    let asks = |summary: &Summary| summary.calls.iter().any(|call| call.callee != NONE && is_doubtful(call.callee));
    let callers: Vec<usize> = (0..summaries.len()).filter(|i| asks(&summaries[*i])).collect();
    let registers: RegSet = program.internal.ints.iter().chain(program.internal.floats).copied().collect();
    let wanted = Wanted {
        area: |callee| {
            program.funcs().get(callee as usize).filter(|_| is_doubtful(callee)).map(|f| f.args.unwrap_or(0))
        },
        registers,
        outgoing: program.image.arch.info().outgoing,
        copy_to: block_copy(program.image.arch).0,
        world: knowledge,
    };
    let sites: Vec<Vec<Prepared>> = watch.stage("asking callers", callers.len(), |tick| {
        tick.map(
            callers.len(),
            || scratches.pull(|| Scratch::new(program)),
            |scratch, i| {
                let func = &program.funcs()[callers[i]];
                scratch.decode(program, func, firsts[callers[i]].growth.as_ref());
                let mut sites = Vec::new();
                wanted.look(&scratch.ops, func.entry, &mut sites);
                sites
            },
        )
    })?;
    let mut passed: HashMap<u32, Passed> = HashMap::default();
    sites.iter().flatten().for_each(|site| passed.entry(site.callee).or_default().add(site));
    Ok(passed)
}
