//! Which of Go's two conventions a function has: what is claimed against what the unstripped twin and the sources say.
//!
//! The symbol table marks the stack side of a function that has both (`.abi0`, `cmd/link/internal/ld/symtab.go`,
//! `mangleABIName`). What has one side only is what its sources say (`scripts/abis`): the assembler's word for
//! assembly, ABI0 for `//go:cgo_unsafe_args`, and ABIInternal for all other compiled code.

use goabi::abi::registers::Convention;
use goabi::golang::Metadata;
use goabi::golang::func_id::FuncId;
use goabi::golang::pclntab::Func;
use goabi::image::Image;
use goabi::report::{Abi, Report};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Functions of a kind: all, those said to have a convention of their own or C's, the right ones of the others.
#[derive(Default, serde::Serialize)]
pub(crate) struct Decided(usize, usize, usize);

/// What is true of each function.
pub(crate) struct Conventions {
    functions: BTreeMap<u64, (&'static str, Abi, String)>,
}

impl Conventions {
    /// Reads the twin; `None` where there is one convention only. `written` is what `scripts/abis` printed.
    pub(crate) fn of(full: &[u8], written: &str) -> goabi::Result<Option<Conventions>> {
        let image = Image::parse(full)?;
        let metadata = Metadata::read(&image)?;
        let minor = u32::from(metadata.version.minor());
        if !Convention::abi_internal(image.arch, image.os, minor).uses_registers() {
            return Ok(None);
        }
        let written: HashMap<&str, &str> = written.lines().filter_map(|line| line.split_once('\t')).collect();
        let table = &metadata.pclntab;
        let name = |func: &Func| table.name(&image, func).into_owned();
        let on_stack = |func: &Func| image.symbols_at(func.entry).iter().any(|symbol| symbol.name.ends_with(".abi0"));
        let paired: HashSet<String> = table.funcs.iter().filter(|func| on_stack(func)).map(name).collect();
        let one = |func: &Func| {
            let name = name(func);
            let said = written.get(name.as_str()).map(|abi| if *abi == "ABI0" { Abi::ABI0 } else { Abi::ABIInternal });
            let pair = paired.contains(&name);
            let is_wrapper = func.id == FuncId::Wrapper && !func.flags.asm() && (pair || said.is_some());
            let abi = match said {
                _ if on_stack(func) => Abi::ABI0,
                _ if pair => Abi::ABIInternal,
                // Its target is not in the program.
                Some(abi) if is_wrapper => {
                    if abi == Abi::ABI0 {
                        Abi::ABIInternal
                    } else {
                        Abi::ABI0
                    }
                }
                Some(abi) => abi,
                // What other files can't see has no mark in assembly, and no ABIInternal.
                None if is_static(func, &name) => Abi::ABI0,
                None => Abi::ABIInternal,
            };
            let kind = match () {
                () if is_wrapper => wrapper(abi),
                () if said.is_some() || is_static(func, &name) => "assembly, and Go with unsafe arguments",
                () => "compiled",
            };
            (func.entry, (kind, abi, name))
        };
        // What the linker puts at the ends of text is no function.
        let is_code =
            |func: &&Func| !["go:text", "go:buildid", "go.buildid"].iter().any(|start| name(func).starts_with(start));
        Ok(Some(Conventions { functions: table.funcs.iter().filter(is_code).map(one).collect() }))
    }

    /// Counts by kind, and a line for each wrong one.
    pub(crate) fn compare(&self, report: &Report) -> (BTreeMap<&'static str, Decided>, Vec<String>) {
        let mut counts: BTreeMap<&str, Decided> = BTreeMap::new();
        let mut wrong = Vec::new();
        let claims: HashMap<u64, Abi> = report.functions.iter().map(|f| (f.entry.0, f.abi)).collect();
        for (entry, (kind, abi, name)) in &self.functions {
            let claim = claims.get(entry).copied();
            let decided = counts.entry(kind).or_default();
            decided.0 += 1;
            decided.1 += usize::from(matches!(claim, Some(Abi::C | Abi::Custom)));
            decided.2 += usize::from(claim == Some(*abi));
            if !matches!(claim, Some(Abi::C | Abi::Custom)) && claim != Some(*abi) {
                wrong.push(format!("   {entry:#x} {name} ({kind}): {abi:?} -> {claim:?}"));
            }
        }
        (counts, wrong)
    }
}

/// Assembly that `scripts/abis` does not list. Go 1.17 does not mark it, but only there names have no package.
fn is_static(func: &Func, name: &str) -> bool {
    func.flags.asm() || !name.contains('.')
}

/// A wrapper by its own convention.
fn wrapper(abi: Abi) -> &'static str {
    if abi == Abi::ABI0 { "wrappers with ABI0" } else { "wrappers with ABIInternal" }
}
