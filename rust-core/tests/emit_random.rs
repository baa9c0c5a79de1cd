//! Reports that no honest program has: nothing panics or hangs, and what is emitted still keeps the grammar and compiles.

mod emit_support;
mod usercall_grammar;

use emit_support::{c_compiler, sample};
use goabi::emit;
use goabi::report::{Confidence, Field, Function, Loc, Piece, Report, Scalar, Type, Value};
use proptest::prelude::*;
use proptest::strategy::ValueTree;

const KINDS: [&str; 16] = [
    "bool",
    "int",
    "uint8",
    "int64",
    "float32",
    "float64",
    "complex64",
    "string",
    "slice",
    "ptr",
    "struct",
    "array",
    "interface",
    "map",
    "func",
    "unsafe.Pointer",
];
const NAMES: [&str; 12] =
    ["", "_", "int", "main.T", "a/b.T", "rax", "*/", "struct", "go_string", "main.\u{202e}", "[]main.T", "func(int)"];
/// `X30` is a register of another machine.
const LOCS: [&str; 9] = ["RAX", "RBX", "RCX", "XMM0", "XMM1", "stack+0", "stack+8", "stack+4294967295", "X30"];
const SCALARS: [Scalar; 7] =
    [Scalar::Word, Scalar::Int, Scalar::Uint, Scalar::Bool, Scalar::Ptr, Scalar::Float, Scalar::Vector];

fn one_of(words: &'static [&'static str]) -> impl Strategy<Value = String> {
    proptest::sample::select(words).prop_map(String::from)
}

fn size() -> impl Strategy<Value = u64> {
    prop_oneof![8 => 0..40u64, 1 => Just(1 << 31), 1 => Just(u64::MAX), 4 => Just(8), 4 => Just(16)]
}

fn a_type() -> impl Strategy<Value = Type> {
    let fields = prop::collection::vec((one_of(&NAMES), size(), 0..12u32), 0..4);
    let rest = (prop::option::of(0..12u32), prop::option::of(size()), fields);
    (one_of(&KINDS), one_of(&NAMES), size(), 0..17u32, rest).prop_map(|(kind, go_name, size, align, rest)| {
        let fields = rest.2.into_iter().map(|(name, offset, ty)| Field { name, offset, ty }).collect();
        Type {
            kind,
            go_name,
            size,
            align,
            elem: rest.0,
            len: rest.1,
            fields,
            source: "rtype".into(),
            ..Type::default()
        }
    })
}

fn place(text: &str) -> Loc {
    Loc::parse(text).expect("a place")
}

fn a_value() -> impl Strategy<Value = Value> {
    let kind = proptest::sample::select(SCALARS.as_slice());
    let piece = (0..24u32, prop_oneof![Just(1u32), Just(4), Just(8), 0..70_000u32], one_of(&LOCS), kind)
        .prop_map(|(off, size, loc, kind)| Piece { off, size, loc: place(&loc), kind });
    let honest = (0..4usize).prop_map(|n| {
        let words = ["RAX", "RBX", "RCX", "RDI"].iter().take(n).zip((0u32..).step_by(8));
        words.map(|(loc, off)| Piece { off, size: 8, loc: place(loc), kind: Scalar::Word }).collect()
    });
    let pieces = prop_oneof![prop::collection::vec(piece, 0..4), honest];
    (one_of(&NAMES), prop::option::of(0..12u32), 0..40u32, pieces).prop_map(|(name, ty, size, pieces)| {
        let end = pieces.iter().map(|piece: &Piece| piece.off + piece.size).max().unwrap_or(0);
        let (name, pieces) = (name.into(), pieces.into());
        Value { name, ty, size: if size % 2 == 0 { end } else { size }, pieces, ..Value::default() }
    })
}

fn a_report() -> impl Strategy<Value = Report> {
    let functions = (prop::collection::vec(a_value(), 0..4), prop::collection::vec(a_value(), 0..3), one_of(&NAMES));
    (prop::collection::vec(a_type(), 0..12), prop::collection::vec(functions, 1..6)).prop_map(|(types, functions)| {
        let mut report = sample("amd64");
        let base = report.functions[0].clone();
        report.types = (0..).zip(types).map(|(id, ty)| Type { id, ..ty }).collect();
        report.functions = functions
            .into_iter()
            .map(|(params, results, name)| (params.into(), results.into(), name))
            .map(|(params, results, name)| Function { params, results, name, ..base.clone() })
            .collect();
        report
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics_and_the_grammar_is_kept(mut report in a_report()) {
        emit::fill(&mut report);
        let once = report.clone();
        emit::fill(&mut report);
        prop_assert_eq!(&once, &report);
        for usercall in report.functions.iter().filter_map(|f| f.usercall.as_ref()) {
            prop_assert_eq!(usercall_grammar::check(usercall, "amd64"), Ok(()), "{}", usercall);
        }
        for writer in [emit::text::write, emit::json::write, emit::header::write, emit::ida::write, emit::ghidra::write,
            emit::idapython::write] {
            writer(&report, &mut std::io::sink(), Confidence::Guess).expect("a sink");
        }
    }
}

/// A compiler is slow to start: it gets many reports at once.
#[test]
fn headers_compile() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for _ in 0..40 {
        let mut report = a_report().new_tree(&mut runner).expect("a report").current();
        emit::fill(&mut report);
        c_compiler::check_header(&report).unwrap_or_else(|e| panic!("{e}"));
    }
}
