//! Subprogram entries with their formal parameters, as they are listed.

use super::info::{Info, Raw, Unit};
use crate::limits::{MAX_FUNCTIONS, MAX_MEMBERS};
use gimli::constants::{DW_TAG_formal_parameter, DW_TAG_subprogram};
use std::collections::HashMap;

/// A formal parameter or result, as listed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Formal<'d> {
    pub(super) offset: usize,
    pub(super) name: &'d [u8],
    pub(super) ty: Option<usize>,
    /// The entry that this one completes.
    pub(super) origin: Option<usize>,
    pub(super) is_result: bool,
    pub(super) frame_offset: Option<i64>,
}

/// A function, as listed.
#[derive(Debug, Clone)]
pub(super) struct Listed<'d> {
    pub(super) name: &'d [u8],
    /// Address range; abstract functions (which only describe inlined copies) have none.
    pub(super) range: Option<(u64, u64)>,
    /// The abstract function that this one completes.
    pub(super) origin: Option<usize>,
    pub(super) is_wrapper: bool,
    /// Go 1.x of the compiler, `None` when it does not say.
    pub(super) minor: Option<u16>,
    pub(super) formals: Vec<Formal<'d>>,
}

/// All functions of a file: those with code, and the abstract ones by offset.
#[derive(Debug, Default)]
pub(super) struct Functions<'d> {
    pub(super) concrete: Vec<Listed<'d>>,
    pub(super) origins: HashMap<usize, Listed<'d>>,
}

/// Reads every Go unit once, front to back.
pub(super) fn list<'d>(info: &mut Info<'d>) -> Functions<'d> {
    let mut out = Functions::default();
    let mut damaged = Vec::new();
    for unit in info.units.iter().filter(|unit| unit.is_go) {
        let Some(mut raw) = unit.raw(None) else { continue };
        if list_unit(info, unit, &mut raw, &mut out).is_none() {
            damaged.push(format!("damaged debug entry near {:#x}", unit.offset(&raw)));
        }
    }
    damaged.into_iter().for_each(|text| info.note(text));
    out
}

fn list_unit<'d>(info: &Info<'d>, unit: &Unit<'d>, raw: &mut Raw<'_, 'd>, out: &mut Functions<'d>) -> Option<()> {
    let minor = minor_version(unit.producer);
    let mut open: Option<(usize, Listed<'d>)> = None;
    while !raw.is_empty() {
        let (depth, offset) = (raw.next_depth(), unit.offset(raw));
        let Some(abbreviation) = raw.read_abbreviation().ok()? else {
            if raw.next_depth() <= 0 {
                break;
            }
            continue;
        };
        let tag = abbreviation.tag();
        match (depth, &mut open) {
            (1, _) => {
                close(open.take(), out);
                let die = info.attributes(unit, raw, offset, abbreviation)?;
                if tag == DW_TAG_subprogram && out.concrete.len() < MAX_FUNCTIONS {
                    let range = die.low_pc.map(|low| (low, die.high_pc));
                    let (name, origin, is_wrapper) = (die.name, die.origin, die.is_wrapper);
                    open = Some((offset, Listed { name, range, origin, is_wrapper, minor, formals: Vec::new() }));
                }
            }
            (2, Some((_, function))) if tag == DW_TAG_formal_parameter && function.formals.len() < MAX_MEMBERS => {
                let die = info.attributes(unit, raw, offset, abbreviation)?;
                let (name, ty, origin, is_result) = (die.name, die.ty, die.origin, die.is_result);
                function.formals.push(Formal { offset, name, ty, origin, is_result, frame_offset: die.frame_offset });
            }
            _ => raw.skip_attributes(abbreviation.attributes()).ok()?,
        }
    }
    close(open, out);
    Some(())
}

fn close<'d>(open: Option<(usize, Listed<'d>)>, out: &mut Functions<'d>) {
    match open {
        Some((_, function)) if function.range.is_some() => out.concrete.push(function),
        Some((offset, function)) => drop(out.origins.insert(offset, function)),
        None => {}
    }
}

/// `Go cmd/compile go1.26.8; regabi` → 26.
fn minor_version(producer: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(producer).ok()?;
    let digits = text.split_once("go1.")?.1.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}
