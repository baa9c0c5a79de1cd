//! Emitters against golden files; `BLESS=1` rewrites them.

mod emit_support;

use emit_support::c_compiler::{check_header, check_layouts};
use emit_support::{SAMPLES, check, filled};
use goabi::emit;
use goabi::report::{Confidence, Report};

type Writer = fn(&Report, &mut dyn std::io::Write, Confidence) -> std::io::Result<()>;

/// Every form, with the ending of its golden files.
const FORMS: [(&str, Writer); 5] = [
    ("text.txt", emit::text::write),
    ("report.json", emit::json::write),
    ("header.h", emit::header::write),
    ("ida-plan.json", emit::ida::write),
    ("ghidra-plan.json", emit::ghidra::write),
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

/// The script is the plugin's modules and the plan, which has golden files.
#[test]
fn the_script_brings_the_plan_along() {
    for name in SAMPLES {
        let script = String::from_utf8(written(&filled(name), emit::idapython::write)).expect("UTF-8");
        assert!(script.is_ascii(), "{name}");
        let plan = String::from_utf8(written(&filled(name), emit::ida::write)).expect("UTF-8");
        let lines = script.split_once("\nPLAN = [\n").and_then(|(_, rest)| rest.split_once("\n]\n")).expect("a list").0;
        let read: Vec<String> = lines
            .lines()
            .map(|line| serde_json::from_str(line.trim().trim_end_matches(',')).expect("a literal"))
            .collect();
        assert_eq!(read, plan.lines().collect::<Vec<_>>(), "{name}");
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
        // Fields of hostile types lie over each other, and then not every one has a member.
        let check = if name == "hostile" { check_header } else { check_layouts };
        check(&filled(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    }
}

/// What the script does to a database, with IDA's modules replaced by stand-ins.
#[test]
fn the_script_gives_every_function_its_type() {
    for name in SAMPLES {
        check(&format!("{name}.applied.txt"), run_script(name, &[]).as_bytes());
    }
}

#[test]
fn the_script_leaves_alone_what_it_should() {
    let not_built = ["no-parser", "no-builder"];
    for (tricks, said) in [
        (&["user-type"][..], "1 skipped, first at 0x411000: its type was set by somebody else"),
        (&["other-parser", "no-builder"], "skipped, first at 0x411000: IDA does not make the type from its parts"),
        (&["other-size"], "1 skipped, first at 0x411000: another type has the name go_string"),
        (&["no-parser"], "1 skipped, first at 0x411700: this version of IDA does not take the declaration"),
        (&not_built, "skipped, first at 0x411000: IDA does not make the type from its parts"),
    ] {
        let text = run_script("amd64", tricks);
        assert!(text.contains(said), "{tricks:?}: {text}");
    }
}

/// A parser that misunderstands the text is noticed, and the type built from its parts then.
#[test]
fn the_script_does_without_the_parser() {
    for name in SAMPLES {
        for trick in ["other-parser", "no-parser"] {
            let (text, parsed) = (run_script(name, &[trick]), run_script(name, &[]));
            let plain = |text: &str| {
                text.lines().filter(|line| line.contains("__fastcall") || line.contains("__stdcall")).count()
            };
            let applied = |text: &str| text.lines().filter(|line| line.starts_with("0x")).count();
            let lost = if trick == "no-parser" { plain(&parsed) } else { 0 };
            assert_eq!(applied(&text) + lost, applied(&parsed), "{name} {trick}: {text}");
            let same = text.lines().filter(|line| line.contains("__usercall")).all(|line| parsed.contains(line));
            assert!(same, "{name} {trick}: {text}{parsed}");
        }
    }
}

#[test]
fn the_script_knows_its_own_work() {
    let (once, twice) = (run_script("amd64", &[]), run_script("amd64", &["twice"]));
    let database =
        |text: &str| text.lines().filter(|line| !line.starts_with("goabi")).map(String::from).collect::<Vec<_>>();
    assert_eq!(database(&once), database(&twice));
    assert!(!twice.contains("somebody else"), "{twice}");
}

/// Runs a sample's script in tests/ida/fake_ida.py.
fn run_script(name: &str, tricks: &[&str]) -> String {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let script = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(script.path(), written(&filled(name), emit::idapython::write)).expect("the script");
    let mut python = std::process::Command::new("python3");
    python.arg(root.join("tests/ida/fake_ida.py")).arg(script.path()).args(tricks);
    let output = python.output().expect("python3 on PATH");
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}
