//! Which versions the structure allows, for binaries whose version is erased or wrong.

use super::func_id::{self, FuncId};
use super::pclntab::{Header, Pclntab, Span};

/// The most frequent special `funcID` is that of wrappers, whose number changed often.
fn by_wrapper_id(span: Span, ids: &[u32; 256]) -> Span {
    let special = ids.iter().enumerate().skip(1).filter(|(_, count)| **count > 0);
    let wrapper = special.clone().max_by_key(|(_, count)| **count).map(|(id, _)| id as u8);
    let changes: Vec<u16> = func_id::changes().collect();
    let first_with_ids = Span { min: 10, max: super::layout::OPEN };
    let fits = |part: &Span| match FuncId::wrapper(part.min) {
        Some(expected) => wrapper == Some(expected),
        None => wrapper.is_some() == first_with_ids.and(*part).is_some(),
    };
    let mut parts = span.split(&changes).filter(fits);
    let first = parts.next();
    first.map_or(span, |first| Span { min: first.min, max: parts.last().unwrap_or(first).max })
}

/// The header's `textStart` is there from Go 1.18 and zero from 1.26.
fn by_text_start(span: Span, header: &Header) -> Span {
    let zero = Span { min: 26, max: super::layout::OPEN };
    let relative = Span { min: 18, max: 25 };
    let narrow = if header.text_start.is_some() { relative } else { zero };
    if header.is_relative() { span.and(narrow).unwrap_or(span) } else { span }
}

/// FUNCDATA_ArgInfo came in Go 1.17, without a change of the header.
fn by_arg_info(span: Span, max_funcdata: u8) -> Span {
    let narrow = Span { min: if max_funcdata > 5 { 17 } else { 16 }, max: if max_funcdata > 5 { 17 } else { 16 } };
    if span.min >= 16 && span.max <= 17 { span.and(narrow).unwrap_or(span) } else { span }
}

/// Narrows `span`, which the header, the records and moduledata allow.
pub(super) fn narrow(span: Span, pclntab: &Pclntab) -> Span {
    let (ids, max_funcdata) = pclntab.census();
    let span = by_text_start(span, &pclntab.header);
    by_arg_info(by_wrapper_id(span, &ids), max_funcdata)
}
