//! Emitters against golden files; `BLESS=1` rewrites them.

mod emit_support;

use emit_support::c_compiler::check_layouts;
use emit_support::{SAMPLES, check, filled};
use goabi::emit;
use goabi::report::{Confidence, Report};

type Writer = fn(&Report, &mut dyn std::io::Write, Confidence) -> std::io::Result<()>;

/// Every form, with the ending of its golden files.
const FORMS: [(&str, Writer); 6] = [
    ("text.txt", emit::text::write),
    ("report.json", emit::json::write),
    ("header.h", emit::header::write),
    ("ida-plan.json", emit::ida::write),
    ("ghidra-plan.json", emit::ghidra::write),
    ("idapython.py", emit::idapython::write),
];

fn written(report: &Report, writer: Writer) -> Vec<u8> {
    let mut out = Vec::new();
    writer(report, &mut out, Confidence::Likely).expect("memory does not fail");
    out
}

#[test]
fn golden_files() {
    for name in SAMPLES {
        let report = filled(name);
        for (ending, writer) in FORMS {
            check(&format!("{name}.{ending}"), &written(&report, writer));
        }
    }
}

#[test]
fn filling_twice_changes_nothing() {
    for name in SAMPLES {
        let once = filled(name);
        let mut twice = once.clone();
        emit::fill(&mut twice);
        assert_eq!(once, twice);
    }
}

#[test]
fn nothing_that_a_terminal_obeys_is_written() {
    let report = filled("amd64");
    for (ending, writer) in FORMS {
        let text = String::from_utf8(written(&report, writer)).expect("UTF-8");
        let found = text.chars().find(|c| (c.is_control() && *c != '\n') || ('\u{202a}'..='\u{202e}').contains(c));
        assert_eq!(found, None, "{ending}");
    }
}

/// Sizes and offsets that a C compiler gives the header are those of the report.
#[test]
fn a_c_compiler_agrees_with_every_layout() {
    for name in SAMPLES {
        check_layouts(&filled(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    }
}
