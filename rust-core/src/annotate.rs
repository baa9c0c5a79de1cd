//! What is worth a mark beside prototypes: the bridges between Go and C, and calls whose target or arguments the code
//! gives away.

mod apply;
mod bridges;
mod callbacks;
mod chain;
mod data;
mod exports;
mod facts;
mod frame;
mod grouping;
mod known;
mod look;
mod made;
mod passing;
mod references;
mod roles;
mod sites;
mod statements;
mod symbols;
mod system;
mod targets;
mod texts;
mod variables;
mod vdso;
mod walk;

pub use known::Known;
pub use sites::{Method, Site};
pub use system::Api;

use crate::Result;
use crate::arch::Arch;
use crate::evidence::Value;
use crate::golang::pclntab::Func;
use crate::program::Program;
use crate::report::{Annotation, Datum};
use crate::resolve::Resolved;
use crate::types::Types;
use crate::watch::Watch;
use apply::Found;
use bridges::Finder;
use look::Looker;

/// Everything that was found.
#[derive(Debug, Default)]
pub struct Marks {
    /// By address.
    pub annotations: Vec<Annotation>,
    /// Call sites, by address.
    pub sites: Vec<Site>,
    /// C functions that the function table does not have, by address.
    pub functions: Vec<CFunction>,
    /// What else lies where, by address.
    pub data: Vec<Datum>,
}

/// A C function.
#[derive(Debug)]
pub struct CFunction {
    /// Its first instruction.
    pub entry: u64,
    /// Its name, empty when unknown.
    pub name: String,
    /// Its parameters, `None` when they are not known.
    pub params: Option<Box<[Value]>>,
    /// Its result, `None` when it is not known.
    pub results: Option<Box<[Value]>>,
}

/// The stage that begins when every function's convention is settled.
pub const FIRST_STAGE: &str = "looking for bridges";

/// Finds them, and gives the bridges' functions the prototypes that they are known to have.
pub fn annotate(
    program: &Program<'_>,
    types: &mut Types,
    resolved: &mut [Resolved],
    known: &Known,
    watch: &Watch<'_>,
) -> Result<Marks> {
    let (chain, frames, stubs) = Default::default();
    let mut finder = Finder { program, types, resolved, looker: Looker::default(), chain, frames, stubs };
    watch.stage(FIRST_STAGE, 1, |tick| tick.then(|| finder.find()))?;
    let targets = targets::find(&mut finder);
    let found = Found::from(finder);
    let mut marks = apply::apply(program, types, resolved, found);
    let funcs = program.funcs().len();
    watch.stage("grouping results", funcs, |tick| grouping::group(program, types, resolved, known, tick))?;
    let shared = sites::Shared { program, types, resolved, known, targets: &targets, vdso: vdso::Vdso::default() };
    marks.sites = watch.stage("looking at calls", program.funcs().len(), |tick| sites::find(&shared, tick))?;
    callbacks::annotations(program, &marks.sites, &mut marks.annotations);
    Ok(marks)
}

/// What else lies where, by address.
pub fn data(
    program: &Program<'_>,
    types: &Types,
    resolved: &[Resolved],
    known: &Known,
    watch: &Watch<'_>,
) -> Result<Vec<Datum>> {
    watch.stage("looking for data", program.funcs().len(), |tick| data::find(program, types, resolved, known, tick))
}

/// Whether values can be followed through the machine's code.
fn follows_code(program: &Program<'_>) -> bool {
    matches!(program.image.arch, Arch::Amd64 | Arch::Arm64)
}

/// Whether a function may have a direct call that is `wanted`.
fn calls_any(program: &Program<'_>, func: &Func, wanted: &impl Fn(u64) -> bool) -> bool {
    crate::code::steps::may_call(program.image.arch, program.code(func), func.entry, wanted)
}
