//! What a plan says in words: comments, tags, names.

use crate::report::{Abi, Confidence, Function, FunctionKind, Loc, Note, Sides, Source, Value};

use super::super::text::{confidence_word, source_word};

/// Characters of a symbol that Ghidra takes (`SymbolUtilities.MAX_SYMBOL_NAME_LENGTH` is 2,000).
const LONGEST_NAME: usize = 1000;

/// The comment above a function; `why` it has no signature.
pub(super) fn function(f: &Function, why: Option<&str>) -> Vec<String> {
    let mut lines = Vec::with_capacity(4);
    lines.extend((!f.prototype.is_empty()).then(|| f.prototype.to_string()));
    lines.push(sure(f.confidence, f.source));
    if !f.file.is_empty() {
        lines.push(format!("{}:{}", f.file, f.line));
    }
    lines.extend(why.map(|why| format!("no signature: {why}")));
    lines.extend(stack_results(f).map(|places| format!("results at entry in {places}")));
    lines.extend(f.notes.iter().cloned());
    lines
}

/// `parameters exact (spill), results likely (code)`.
fn sure(confidence: Sides<Confidence>, source: Sides<Option<Source>>) -> String {
    let side = |name, confidence, source: Option<Source>| match source {
        Some(_) => format!("{name} {} ({})", confidence_word(confidence), source_word(source)),
        None => format!("{name} {}", confidence_word(confidence)),
    };
    let params = side("parameters", confidence.params, source.params);
    format!("{params}, {}", side("results", confidence.results, source.results))
}

/// What to say at calls of a function with results on the stack; a call has `pushed` bytes pushed when it is there.
pub(super) fn at_calls(f: &Function, pushed: u32) -> Option<String> {
    stack_results(f)?;
    Some(format!("results in {}", places(&f.results, f.arg_base.saturating_sub(pushed))))
}

fn stack_results(f: &Function) -> Option<String> {
    let on_stack = |value: &Value| value.pieces.iter().any(|piece| matches!(piece.loc, Loc::Stack(_)));
    let known = f.confidence.results > Confidence::Unknown;
    (known && f.results.iter().any(on_stack)).then(|| places(&f.results, f.arg_base))
}

/// `RAX, [SP+24]:16` for values whose argument area begins `base` bytes above SP.
pub(super) fn places(values: &[Value], base: u32) -> String {
    let whole = |value: &Value| {
        let mut places: Vec<String> = Vec::new();
        match value.pieces.first().map(|piece| (piece.off, piece.loc)) {
            Some((off, Loc::Stack(at))) => {
                places.push(format!("[SP+{}]:{}", (u64::from(base) + at).saturating_sub(u64::from(off)), value.size));
            }
            _ => places.extend(value.pieces.iter().map(|piece| piece.loc.to_string())),
        }
        places.join("+")
    };
    let named = |value: &Value| {
        let name = if value.name.is_empty() { String::new() } else { format!("{} ", value.name) };
        format!("{name}{}", whole(value))
    };
    values.iter().filter(|value| !value.pieces.is_empty()).map(named).collect::<Vec<_>>().join(", ")
}

/// Tags by which Ghidra's list of functions can be filtered.
pub(super) fn tags(f: &Function, stack_program: bool) -> Vec<&'static str> {
    let kind = match f.kind {
        FunctionKind::Closure => Some("GO_CLOSURE"),
        FunctionKind::Wrapper => Some("GO_WRAPPER"),
        FunctionKind::Asm => Some("GO_ASM"),
        FunctionKind::Cgo => Some("GO_CGO_BRIDGE"),
        FunctionKind::Helper => Some("GO_HELPER"),
        FunctionKind::Go | FunctionKind::C => None,
    };
    let abi0 = (f.abi == Abi::ABI0 && !stack_program).then_some("GO_ABI0");
    let on_stack = (!stack_program && stack_results(f).is_some()).then_some("GO_STACK_RESULTS");
    kind.into_iter().chain(abi0).chain(on_stack).collect()
}

/// A name without the characters that Ghidra's symbols can't have.
pub(super) fn symbol(name: &str) -> String {
    let shown = |c: char| if c.is_whitespace() || c.is_control() { '_' } else { c };
    name.chars().take(LONGEST_NAME).map(shown).collect()
}

/// A note of the report, on one line.
pub(super) fn note(note: &Note) -> String {
    match note.at {
        Some(at) => format!("{at}: {}", note.text),
        None => note.text.clone(),
    }
}
