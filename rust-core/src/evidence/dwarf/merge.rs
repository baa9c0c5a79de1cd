//! From what is listed to the whole signature: entries of abstract and concrete functions merged, the order of
//! declaration restored, what the compiler hides put back.

use super::functions::{Formal, Listed};
use super::listing::Listing;
use super::loops::Loops;
use crate::golang::symbol_name::{NameKind, SymbolName};
use std::collections::HashMap;

/// Parameters of one function that are still merged; beyond that it is left out.
pub(super) const MAX_FORMALS: usize = 256;

/// A parameter or result; without a type it is the dictionary, or the result of a loop body.
#[derive(Debug, Clone, Copy)]
pub(super) struct Value<'d> {
    pub(super) name: &'d [u8],
    pub(super) ty: Option<usize>,
    pub(super) is_dict: bool,
    frame_offset: Option<i64>,
}

/// A function's values in order of declaration.
#[derive(Debug, Default)]
pub(super) struct Merged<'d> {
    pub(super) params: Vec<Value<'d>>,
    pub(super) results: Vec<Value<'d>>,
    pub(super) is_method: bool,
    /// Whether all results are there.
    pub(super) results_listed: bool,
    /// Whether blank parameters would be there.
    pub(super) blanks_listed: bool,
    /// Whether numbers in names agree with the order.
    pub(super) in_order: bool,
}

const DICT: Value<'_> = Value { name: b".dict", ty: None, is_dict: true, frame_offset: None };
const GOES_ON: Value<'_> = Value { name: b"", ty: None, is_dict: false, frame_offset: None };

/// Merges a function with the abstract function that it completes.
pub(super) fn merge<'d>(
    function: &Listed<'d>,
    origin: Option<&Listed<'d>>,
    symbol: &str,
    loops: &Loops<'_>,
) -> Merged<'d> {
    let listing = Listing::of(function.minor);
    let name = SymbolName::parse(symbol);
    let shared = origin.map_or(&[][..], |origin| &origin.formals);
    let mut params = side(&function.formals, shared, false);
    let mut results = side(&function.formals, shared, true);
    if !listing.ordered {
        [&mut params, &mut results].into_iter().for_each(|list| by_place(list));
    }
    let is_method = name.receiver.is_some() && name.kind == NameKind::Func;
    let takes_dict = name.is_generic_shaped() && name.kind == NameKind::Func;
    let listed_dict = params.iter().position(|value| value.is_dict).map(|at| params.remove(at));
    if let Some(dict) = listed_dict.or(takes_dict.then_some(DICT)) {
        let behind_receiver = is_method && !listing.dict_before_receiver;
        params.insert(usize::from(behind_receiver).min(params.len()), dict);
    }
    if listing.blanks {
        place_numbered(&mut params, b"~p");
    }
    if name.kind == NameKind::RangeBody && results.is_empty() {
        results.push(GOES_ON);
    }
    let wrapper_hides = function.is_wrapper && !listing.wrapper_results && results.is_empty();
    let loop_hides = results.is_empty() && loops.hide_results(symbol, &name);
    let may_be_assembly = params.is_empty() && results.is_empty() && !listing.assembly_is_marked;
    let results_listed = listing.register_results && !wrapper_hides && !loop_hides && !may_be_assembly;
    let in_order = !listing.numbered_results || numbered(&results, b"~r");
    let in_order = in_order && (!listing.blanks || numbered(&params, b"~p"));
    Merged { params, results, is_method, results_listed, blanks_listed: listing.blanks, in_order }
}

/// The parameters or the results: those of the abstract function, and between them those that only the concrete one
/// lists. A name that comes twice is one value.
fn side<'d>(own: &[Formal<'d>], shared: &[Formal<'d>], results: bool) -> Vec<Value<'d>> {
    let mut out: Vec<(usize, Value<'d>)> = Vec::new();
    let mut by_name: HashMap<&[u8], usize> = HashMap::new();
    for formal in shared.iter().filter(|formal| formal.is_result == results).take(MAX_FORMALS) {
        if by_name.insert(formal.name, formal.offset).is_none() {
            out.push((formal.offset, value(formal)));
        }
    }
    let mut next = 0;
    for formal in own.iter().take(MAX_FORMALS) {
        let known = formal.origin.or_else(|| by_name.get(formal.name).copied());
        if let Some(at) = known.and_then(|key| out.iter().position(|(offset, _)| *offset == key)) {
            next = at + 1;
            if let Some((_, value)) = out.get_mut(at) {
                value.frame_offset = value.frame_offset.or(formal.frame_offset);
            }
        } else if formal.origin.is_none() && formal.is_result == results {
            by_name.insert(formal.name, formal.offset);
            out.insert(next, (formal.offset, value(formal)));
            next += 1;
        }
    }
    out.into_iter().map(|(_, value)| value).collect()
}

fn value<'d>(formal: &Formal<'d>) -> Value<'d> {
    let (name, ty, frame_offset) = (formal.name, formal.ty, formal.frame_offset);
    Value { name, ty, is_dict: name == b".dict", frame_offset }
}

/// Orders by place in the frame, if every place is known.
fn by_place(values: &mut [Value<'_>]) {
    if values.iter().all(|value| value.frame_offset.is_some()) {
        values.sort_by_key(|value| value.frame_offset);
    }
}

/// Moves values whose name says their number to that place.
fn place_numbered(values: &mut Vec<Value<'_>>, prefix: &[u8]) {
    let is_numbered = |value: &Value<'_>| number(value.name, prefix).is_some();
    let (moved, mut rest): (Vec<_>, Vec<_>) = values.drain(..).partition(is_numbered);
    for value in moved {
        let at = number(value.name, prefix).unwrap_or(rest.len()).min(rest.len());
        rest.insert(at, value);
    }
    *values = rest;
}

/// Whether every value whose name says its number is at that place.
fn numbered(values: &[Value<'_>], prefix: &[u8]) -> bool {
    values.iter().enumerate().all(|(at, value)| number(value.name, prefix).is_none_or(|number| number == at))
}

fn number(name: &[u8], prefix: &[u8]) -> Option<usize> {
    std::str::from_utf8(name.strip_prefix(prefix)?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A function as listed: `name` is a parameter, `=name` a result, `@n` completes the n-th entry of the origin.
    fn listed(minor: u16, formals: &'static [&'static str], base: usize) -> Listed<'static> {
        let formal = |(at, text): (usize, &&'static str)| {
            let is_result = text.starts_with('=');
            let name = text.trim_start_matches('=');
            let origin = name.strip_prefix('@').map(|n| 1000 + n.parse::<usize>().expect("a number"));
            let name = if origin.is_some() { &b""[..] } else { name.as_bytes() };
            Formal { offset: base + at, name, ty: Some(1), origin, is_result, frame_offset: None }
        };
        let formals = formals.iter().enumerate().map(formal).collect();
        Listed { name: b"", range: Some((1, 2)), origin: None, is_wrapper: false, minor: Some(minor), formals }
    }

    #[track_caller]
    fn check(symbol: &str, minor: u16, own: &'static [&'static str], shared: &'static [&'static str], expected: &str) {
        let (function, origin) = (listed(minor, own, 0), listed(minor, shared, 1000));
        let loops = Loops::of(["p.looping-range1", "p.(*t).each-range1.func2"].into_iter());
        let merged = merge(&function, Some(&origin), symbol, &loops);
        let names = |values: &[Value<'_>]| {
            let names: Vec<_> = values.iter().map(|value| String::from_utf8_lossy(value.name)).collect();
            names.join(" ")
        };
        let doubts = [(merged.results_listed, " results?"), (merged.in_order, " order?")];
        let doubts: String = doubts.iter().filter(|(fine, _)| !fine).map(|(_, text)| *text).collect();
        assert_eq!(format!("({}) ({}){doubts}", names(&merged.params), names(&merged.results)), expected);
    }

    #[test]
    fn abstract_and_concrete_entries_make_one_list() {
        check("p.f", 26, &["@1", "=~r0"], &["a", "b", "c"], "(a b c) (~r0)");
        check("p.f", 26, &["@0", "own", "@1"], &["a", "b"], "(a own b) ()");
        check("p.f", 26, &["@0", "~p2", "@1"], &["a", "b"], "(a b ~p2) ()");
        check("p.f", 26, &["a", "=total", "=total", "=err"], &[], "(a) (total err)");
        check("p.f", 26, &["@9"], &["a"], "(a) ()");
    }

    #[test]
    fn the_dictionary_is_first_or_behind_the_receiver() {
        check("p.f[go.shape.int]", 26, &["a"], &[], "(.dict a) ()");
        check("p.f[go.shape.int]", 27, &["a", ".dict"], &[], "(.dict a) ()");
        check("p.(*t[go.shape.int]).m", 26, &["t", "a"], &[], "(t .dict a) ()");
        check("p.(*t[go.shape.int]).m", 18, &["t", "a"], &[], "(.dict t a) ()");
        check("p.(*t[go.shape.int]).m", 27, &["t", "a", "~p3", ".dict"], &[], "(t .dict a ~p3) ()");
        check("p.f[go.shape.int].func1", 26, &["a"], &[], "(a) ()");
        check("p.(*t[int]).m", 26, &["t", "a"], &[], "(t a) ()");
    }

    #[test]
    fn what_is_not_listed_is_put_back_or_doubted() {
        check("p.f-range1", 26, &["a"], &[], "(a) ()");
        check("p.f", 17, &["a"], &[], "(a) () results?");
        check("p.looping", 26, &["a"], &[], "(a) () results?");
        check("p.looping", 26, &["a", "=n"], &[], "(a) (n)");
        check("p.(*outer).each", 26, &["a"], &[], "(a) () results?");
        check("p.f", 26, &["~p1"], &[], "(~p1) () order?");
        check("p.f", 26, &["=~r1"], &[], "() (~r1) order?");
        check("p.f", 17, &["a", "=~r1"], &[], "(a) (~r1) results?");
    }
}
