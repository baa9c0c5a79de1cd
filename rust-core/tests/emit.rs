//! Emitters against golden files; `BLESS=1` rewrites them.

mod emit_support;

use emit_support::{check, sample};
use goabi::emit;
use goabi::report::{Confidence, Report};

const SAMPLES: [&str; 1] = ["amd64"];

type Writer = fn(&Report, &mut dyn std::io::Write, Confidence) -> std::io::Result<()>;

/// Every form, with the ending of its golden files.
const FORMS: [(&str, Writer); 2] = [("text.txt", emit::text::write), ("report.json", emit::json::write)];

fn filled(name: &str) -> Report {
    let mut report = sample(name);
    emit::fill(&mut report);
    report
}

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
