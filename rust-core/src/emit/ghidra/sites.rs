//! Call sites and marked places.
//!
//! Ghidra's call-site overrides are signatures without storage: the convention places each parameter by its size. So a
//! value of several registers is given as one parameter per register, and only where that leads to the same places.

use serde::Serialize;
use std::borrow::Cow;

use crate::abi::location::Scalar;
use crate::abi::registers::{Convention, reg_name};
use crate::arch::Os;
use crate::report::{Addr, Annotation, CallSite, Confidence, Datum, Loc, Piece, Report, Value};

use super::Plan;
use super::words;
use crate::emit::marks_text;

/// A call.
#[derive(Serialize)]
pub(super) struct SiteLine<'a> {
    at: Addr,
    #[serde(rename = "in")]
    within: Addr,
    kind: &'a str,
    confidence: Confidence,
    #[serde(skip_serializing_if = "<[Addr]>::is_empty")]
    targets: &'a [Addr],
    comment: Vec<String>,
    /// A signature for this call alone.
    #[serde(rename = "override", skip_serializing_if = "Option::is_none")]
    signature: Option<Override>,
}

#[derive(Serialize)]
struct Override {
    convention: &'static str,
    /// Words of the result: a type, or that many bytes; `null` is void.
    ret: Option<Word>,
    params: Vec<Word>,
}

/// One register's worth of a value.
#[derive(Serialize)]
struct Word {
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    /// The value's type, when this is all of it.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    ty: Option<u32>,
    /// `int`, `uint`, `bool`, `float`, `pointer` or `bytes`.
    kind: &'static str,
    size: u32,
}

/// A marked place.
#[derive(Serialize)]
pub(super) struct MarkLine<'a> {
    at: Addr,
    role: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    name: Cow<'a, str>,
    symbol: String,
    comment: Vec<String>,
    next: &'a [Addr],
}

/// The line of an annotation.
pub(super) fn mark(mark: &Annotation) -> MarkLine<'_> {
    let mut comment = vec![mark.role.clone()];
    comment.extend((!mark.comment.is_empty()).then(|| mark.comment.clone()));
    comment.extend(mark.stack.as_ref().map(|stack| format!("stack: {stack}")));
    comment.extend(mark.frame_type.as_ref().map(|frame| format!("argument struct: {frame}")));
    let list = |what: &str, all: &[Addr]| {
        let all: Vec<String> = all.iter().map(Addr::to_string).collect();
        (!all.is_empty()).then(|| format!("{what}: {}", all.join(", ")))
    };
    comment.extend(list("next", &mark.next));
    comment.extend(list("called by", &mark.callers));
    MarkLine {
        at: mark.at,
        role: &mark.role,
        name: Cow::from(&mark.name),
        symbol: words::symbol(&mark.name),
        comment,
        next: &mark.next,
    }
}

/// The line of a place that is no function.
pub(super) fn datum(datum: &Datum) -> MarkLine<'_> {
    let name = marks_text::symbol(datum);
    let role = marks_text::datum_role(datum.kind);
    let comment = vec![role.to_string(), marks_text::describe(datum)];
    MarkLine { at: datum.at, role, symbol: words::symbol(&name), name: Cow::from(name), comment, next: &[] }
}

impl<'a> Plan<'a> {
    pub(super) fn call_sites(&self) -> impl Iterator<Item = SiteLine<'a>> {
        self.report.call_sites.iter().filter(|site| site.confidence >= self.min).map(|site| self.site(site))
    }

    fn site(&self, site: &'a CallSite) -> SiteLine<'a> {
        SiteLine {
            at: site.at,
            within: site.within,
            kind: &site.kind,
            confidence: site.confidence,
            targets: &site.targets,
            comment: comment(site, self.report),
            signature: self.signature(site),
        }
    }

    /// The call's signature in the register convention, if Ghidra would place it the same way.
    fn signature(&self, site: &CallSite) -> Option<Override> {
        site.usercall.as_ref()?;
        let convention = Convention::abi_internal(self.context.regs.arch, Os::Unknown, u32::MAX);
        let mut params = Vec::new();
        for (n, value) in site.params.iter().enumerate() {
            params.extend(flatten(value, n));
        }
        let param_pieces = site.params.iter().flat_map(|value| &value.pieces);
        let result_pieces: Vec<&Piece> = site.results.iter().flat_map(|value| &value.pieces).collect();
        let ret = match result_pieces[..] {
            [] => None,
            [piece] => Some(word(String::new(), site.results.iter().find(|value| !value.pieces.is_empty())?, piece)),
            _ => Some(several(&result_pieces)?),
        };
        let floats_joined = result_pieces.len() > 1 && result_pieces.iter().any(|piece| piece.kind.is_float());
        let placed = in_order(&convention, param_pieces) && in_order(&convention, result_pieces.into_iter());
        (placed && !floats_joined).then_some(Override { convention: "abi-internal", ret, params })
    }
}

/// Whether each piece is in the next register of its class.
fn in_order<'p>(convention: &Convention, pieces: impl Iterator<Item = &'p Piece>) -> bool {
    let (mut ints, mut floats) = (convention.ints.iter(), convention.floats.iter());
    pieces.into_iter().all(|piece| {
        let next = if piece.kind.is_float() { floats.next() } else { ints.next() };
        next.is_some_and(|reg| piece.loc == Loc::Register(reg_name(convention.arch, *reg)))
    })
}

fn flatten(value: &Value, index: usize) -> impl Iterator<Item = Word> {
    let base = if value.name.is_empty() { format!("a{}", index + 1) } else { words::symbol(&value.name) };
    let many = value.pieces.len() > 1;
    value.pieces.iter().enumerate().map(move |(n, piece)| {
        let name = if many { format!("{base}_{n}") } else { base.clone() };
        word(name, value, piece)
    })
}

fn word(name: String, value: &Value, piece: &Piece) -> Word {
    let alone = value.pieces.len() == 1 && piece.size == value.size;
    Word { name, ty: value.shape.or(value.ty).filter(|_| alone), kind: kind(piece), size: piece.size }
}

/// Several whole registers, as bytes that the convention joins.
fn several(pieces: &[&Piece]) -> Option<Word> {
    let size = pieces.first()?.size;
    let whole = pieces.iter().all(|piece| piece.size == size) && size >= 4;
    let total = size.checked_mul(u32::try_from(pieces.len()).ok()?)?;
    whole.then_some(Word { name: String::new(), ty: None, kind: "bytes", size: total })
}

fn kind(piece: &Piece) -> &'static str {
    match piece.kind {
        Scalar::Ptr => "pointer",
        Scalar::Float => "float",
        Scalar::Bool => "bool",
        Scalar::Uint => "uint",
        _ => "int",
    }
}

fn comment(site: &CallSite, report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(site.api.as_ref().map(|api| match api.dll.as_str() {
        "" => format!("{}: {}", site.kind, api.name),
        dll => format!("{}: {dll}!{}", site.kind, api.name),
    }));
    let method = site.interface.as_ref();
    lines.extend(method.map(|method| format!("{}: {}.{}", site.kind, method.ty, method.method)));
    let side = |what: &str, values: &[Value]| {
        let places = words::places(values, 0);
        (!places.is_empty()).then(|| format!("{what} {places}"))
    };
    lines.extend(side("passes", &site.params));
    lines.extend(side("returns", &site.results));
    match marks_text::statement(site, report) {
        Some(statement) => lines.push(statement),
        None => lines.extend((!site.values.is_empty()).then(|| format!("arguments: {}", site.values.join(", ")))),
    }
    lines
}
