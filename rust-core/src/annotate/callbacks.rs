//! Go functions that Windows calls back. `syscall.NewCallback` gives each an entry of its own in a table of code
//! (`runtime.callbackasm`), whose place in the table is all that tells them apart. Which entry a function gets depends on
//! the order of the calls when the program runs; which function a call is given is in the code.

use super::bridges::Finder;
use super::chain::Chain;
use super::look::argument;
use super::roles::Role;
use super::sites::{Site, static_objects};
use super::targets::{Meant, Targets, callers, own_word};
use crate::arch::{Arch, Os};
use crate::code::step::Step;
use crate::code::steps::{self, Mention};
use crate::program::Program;
use crate::report::{Addr, Annotation};
use foldhash::HashSet;

/// The report's word for calls that are given such a function.
pub(super) const KIND: &str = "callback";

/// Entries of the table that are compared; it has hundreds (`cb_max`, `runtime/zcallback_windows.s`).
const ENTRIES: usize = 64;
/// How often callers of callers are looked at: `compileCallback`, `NewCallback`, what a package puts around it.
const ROUNDS: usize = 3;
/// Bytes of an entry: a call, or on arm64 its number in a register and a jump.
const ENTRY: u32 = 5;
const ENTRY_ARM64: u32 = 8;

impl Finder<'_, '_> {
    /// The table and what all of its entries lead to.
    pub(super) fn callback_table(&mut self) {
        let program = self.program;
        if program.image.os != Os::Windows {
            return;
        }
        let funcs = program.funcs().iter().zip(self.resolved).filter(|(_, resolved)| resolved.asm);
        let mut found = funcs.filter_map(|(func, _)| {
            let size = if program.image.arch == Arch::Arm64 { ENTRY_ARM64 } else { ENTRY };
            let end = func.entry.saturating_add(u64::from(size) * ENTRIES as u64);
            if func.end < end {
                return None;
            }
            self.looker.decode(program, func.entry, end);
            Some((func.entry, entries_lead_to(&self.looker.steps)?))
        });
        let (Some((table, target)), None) = (found.next(), found.next()) else { return };
        drop(found);
        if program.at(target).is_none() {
            return;
        }
        self.chain.add(table, Role::Callbackasm);
        self.chain.add(target, Role::Callbackasm1);
        self.chain.link(table, target);
        let next = self.chain.one(Role::CgocallbackGofunc).or(self.chain.one(Role::Cgocallback));
        self.chain.links(target, next);
    }
}

/// Where the entries of a table all go.
fn entries_lead_to(table: &[crate::code::step::Located]) -> Option<u64> {
    let mut targets = table.iter().filter(|located| !matches!(located.step, Step::Const(..))).map(|l| match l.step {
        Step::Call(to) | Step::Jump(to) => Some(to),
        _ => None,
    });
    let first = targets.next()??;
    let mut count = 1;
    let same = targets.inspect(|_| count += 1).all(|target| target == Some(first));
    (same && count == ENTRIES).then_some(first)
}

/// Functions that register callbacks: `compileCallback`, which takes the table's address, and who passes its own first
/// parameter on to that.
pub(super) fn registering(finder: &mut Finder<'_, '_>, targets: &mut Targets) {
    let program = finder.program;
    let Some(table) = finder.chain.one(Role::Callbackasm) else { return };
    let known = |targets: &Targets| targets.values().any(|meant| *meant == Meant::Callback);
    if !known(targets) {
        let compiled = program.funcs().iter().zip(finder.resolved).filter(|(_, resolved)| !resolved.asm);
        // Up to Go 1.16 through a func value.
        let mut places = static_objects(program, &HashSet::from_iter([table]));
        places.push(table);
        let mut takes = compiled.filter(|(func, _)| {
            let mut found = false;
            steps::mentions(program.image.arch, program.code(func), func.entry, |mention, at| {
                found |= mention == Mention::Address && places.contains(&at);
            });
            // An interface value, a flag, the result.
            found && func.args.is_some_and(|args| args >= 24)
        });
        if let (Some((func, _)), None) = (takes.next(), takes.next()) {
            targets.insert(func.entry, Meant::Callback);
        }
    }
    for _ in 0..ROUNDS {
        forwarding(finder, targets);
    }
}

/// Functions that pass their own first parameter, an interface value, on to one that registers it.
fn forwarding(finder: &mut Finder<'_, '_>, targets: &mut Targets) {
    let program = finder.program;
    let direct: Vec<u64> = targets.iter().filter(|(_, meant)| **meant == Meant::Callback).map(|(at, _)| *at).collect();
    for (entry, abi) in callers(finder, &|target| direct.contains(&target)) {
        let forwards = finder.calls(entry).iter().any(|call| {
            let to = call.target.filter(|to| direct.contains(to)).and_then(|to| program.at(to));
            let to = to.and_then(|i| finder.resolved.get(i)).map(|resolved| resolved.abi);
            to.is_some_and(|to| (0..2).all(|n| argument(program, &call.state, to, n) == own_word(program, abi, n)))
        });
        if forwards {
            targets.entry(entry).or_insert(Meant::Callback);
        }
    }
}

/// The functions that the calls are given, as the last on their way.
pub(super) fn annotations(program: &Program<'_>, sites: &[Site], annotations: &mut Vec<Annotation>) {
    let mut chain = Chain::default();
    for site in sites.iter().filter(|site| site.kind == KIND) {
        let Some(target) = site.target else { continue };
        chain.add(target, Role::Callback);
        if let Some(link) = chain.links.get_mut(&target) {
            let more = if link.detail.is_empty() { "made a callback at" } else { ", at" };
            link.detail.push_str(&format!("{more} {:#x}", site.at));
        }
    }
    let row = |role: Role| role.row().name;
    let caller = |role: Role| annotations.iter().position(|a| a.role == row(role));
    let caller = caller(Role::CallbackWrap).or(caller(Role::Callbackasm1));
    if let Some(caller) = caller {
        let at = annotations[caller].at.0;
        annotations[caller].next.extend(chain.links.keys().map(|at| Addr(*at)));
        chain.links.values_mut().for_each(|link| link.callers.push(at));
    }
    let name = |entry| program.at(entry).map_or(String::new(), |i| program.name(&program.funcs()[i]).into_owned());
    let found = chain.annotations(name);
    let known: Vec<Addr> = annotations.iter().map(|a| a.at).collect();
    annotations.extend(found.into_iter().filter(|a| !known.contains(&a.at)));
    annotations.sort_by_key(|a| a.at);
}
