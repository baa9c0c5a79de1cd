//! Which versions the structure allows, for binaries whose version is erased or wrong.

use super::func_id::{self, FuncId};
use super::funcdata;
use super::layout::OPEN;
use super::pclntab::{Census, Header, Pclntab, Span};
use crate::image::Image;
use std::collections::HashSet;

/// `funcID` came with this one.
const WITH_IDS: Span = Span { min: 10, max: OPEN };
/// The header has `textStart`.
const TEXT_START: Span = Span { min: 18, max: 25 };
/// The header has its place, with 0 in it.
const NO_TEXT_START: Span = Span { min: 26, max: OPEN };

/// From the first to the last part; `span` if there is none.
fn hull(span: Span, mut parts: impl Iterator<Item = Span>) -> Span {
    let first = parts.next().unwrap_or(span);
    Span { min: first.min, max: parts.last().unwrap_or(first).max }
}

/// The most frequent special `funcID` is that of wrappers, whose number changed often.
fn by_wrapper_id(span: Span, census: &Census) -> Span {
    let special = census.ids.iter().enumerate().skip(1).filter(|(_, count)| **count > 0);
    let wrapper = special.max_by_key(|(_, count)| **count).map(|(id, _)| id as u8);
    let changes: Vec<u16> = func_id::changes().collect();
    let fits = |part: &Span| match FuncId::wrapper(part.min) {
        Some(expected) => wrapper == Some(expected),
        None => wrapper.is_some() == WITH_IDS.and(*part).is_some(),
    };
    hull(span, span.split(&changes).filter(fits))
}

/// Every real program has a function with as many PCDATA and FUNCDATA tables as its version knows.
fn by_table_counts(span: Span, census: &Census) -> Span {
    let seen = Some((census.pcdata, census.funcdata));
    hull(span, span.split(&funcdata::changes()).filter(|part| funcdata::counts(part.min) == seen))
}

fn by_text_start(span: Span, header: &Header) -> Span {
    let narrow = if header.text_start.is_some() { TEXT_START } else { NO_TEXT_START };
    if header.is_relative { span.and(narrow).unwrap_or(span) } else { span }
}

/// Narrows `span`, which the header, the records and moduledata allow.
pub(super) fn narrow(span: Span, pclntab: &Pclntab) -> Span {
    let census = pclntab.census();
    let span = by_text_start(span, &pclntab.header);
    by_table_counts(by_wrapper_id(span, &census), &census)
}

/// Functions that every program has from a version on, where structure does not tell neighbours apart.
const NEWCOMERS: &[(u16, &str)] = &[
    (13, "runtime.bgscavenge"),
    (15, "runtime.lock2"),
    (19, "runtime.readGOMEMLIMIT"),
    (23, "runtime.blockTimerChan"),
    (24, "runtime.getGCMaskOnDemand"),
];

/// Narrows `span` by the runtime's own function names. They must be those of the source: a missing name counts too.
pub(super) fn by_names(image: &Image, span: Span, pclntab: &Pclntab) -> Span {
    let names = pclntab.funcs.iter().map(|f| pclntab.name(image, f));
    let present: HashSet<_> = names.filter(|name| NEWCOMERS.iter().any(|(_, known)| known == name)).collect();
    NEWCOMERS.iter().fold(span, |span, (since, name)| {
        let from = Span { min: *since, max: OPEN };
        let before = Span { min: 0, max: since - 1 };
        span.and(if present.contains(*name) { from } else { before }).unwrap_or(span)
    })
}
