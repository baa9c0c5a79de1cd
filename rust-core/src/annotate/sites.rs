//! Calls whose target or arguments the code gives away: found in one walk over each function that may have some.

use super::known::Known;
use super::look::Looker;
use super::system::{self, Api};
use super::targets::Targets;
use super::variables::{self, Stored};
use super::walk::{LookedUp, Walk};
use crate::arch::Os;
use crate::program::Program;
use crate::resolve::Resolved;
use crate::types::{TypeId, Types};
use crate::watch::Tick;
use rayon::prelude::*;

/// A call worth a line in the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Address of the instruction.
    pub at: u64,
    /// Entry of the function that it is in.
    pub within: u64,
    /// The report's word.
    pub kind: &'static str,
    /// Where it goes, if that is constant.
    pub target: Option<u64>,
    /// The method that it calls.
    pub method: Option<Method>,
    /// The system's function, and its arguments.
    pub api: Option<Api>,
    /// The variable that says which function of the system, until it has a name.
    pub(super) variable: Option<u64>,
}

/// A method of an interface, or the only "method" of a func value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Method {
    /// The interface's or the func type, if it is known.
    pub ty: Option<TypeId>,
    /// Index in the interface.
    pub slot: u32,
}

/// What all walks share.
pub(super) struct Shared<'p, 'a> {
    pub(super) program: &'p Program<'a>,
    pub(super) types: &'p Types,
    pub(super) resolved: &'p [Resolved],
    pub(super) known: &'p Known,
    pub(super) targets: &'p Targets,
}

/// Looks at all functions; `None` when interrupted.
pub(super) fn find(shared: &Shared<'_, '_>, tick: &Tick<'_>) -> Option<Vec<Site>> {
    let program = shared.program;
    if !super::follows_code(program) {
        return Some(Vec::new());
    }
    let one = |(looker, looked_up): &mut (Looker, LookedUp), i: usize| {
        tick.then(|| {
            let func = &program.funcs()[i];
            if !is_wanted(shared, i) {
                return (Vec::new(), Vec::new());
            }
            looker.decode(program, func.entry, func.end);
            let (sites, object, stored, recent, texts) = Default::default();
            let mut walk = Walk { shared, within: func.entry, sites, looked_up, object, stored, recent, texts };
            looker.walk((func.entry, func.end), walk.entry(i), &mut walk);
            (walk.sites, walk.stored)
        })
    };
    let found: Option<Vec<(Vec<Site>, Vec<Stored>)>> =
        (0..program.funcs().len()).into_par_iter().map_init(Default::default, one).collect();
    let (sites, stored): (Vec<_>, Vec<_>) = found?.into_iter().unzip();
    let mut sites: Vec<Site> = sites.into_iter().flatten().collect();
    variables::resolve(stored.into_iter().flatten().collect(), &mut sites);
    Some(sites)
}

/// Whether a function may have a call worth a look, or fills variables that tell what such calls reach.
fn is_wanted(shared: &Shared<'_, '_>, index: usize) -> bool {
    let program = shared.program;
    let (func, resolved) = (&program.funcs()[index], &shared.resolved[index]);
    let direct = || super::calls_any(program, func, &|target| shared.targets.contains_key(&target));
    let kernel = || resolved.asm && system::has_kernel_call(program.code(func));
    let init = || program.image.os == Os::Windows && program.name(func).ends_with(".init");
    resolved.calls_indirectly || direct() || kernel() || init()
}
