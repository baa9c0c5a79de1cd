//! Emitters against golden files; `BLESS=1` rewrites them.

mod emit_support;

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
        let report = filled(name);
        let header = emit::header::declarations(&report, Confidence::Guess);
        let asserts = layout_asserts(&report, &header);
        assert!(asserts.len() > 3, "{name} has too few types");
        let source = format!("{header}\n{}\n", asserts.join("\n"));
        let wide = if report.binary.arch == "386" { "-m32" } else { "-m64" };
        for compiler in ["gcc", "clang"] {
            compile(compiler, wide, &source).unwrap_or_else(|e| panic!("{name}: {e}\n{source}"));
        }
    }
}

fn layout_asserts(report: &Report, header: &str) -> Vec<String> {
    let mut asserts = Vec::new();
    for ty in report.types.iter().filter(|ty| header.contains(&format!("struct {} {{", ty.c_name))) {
        asserts.push(format!("_Static_assert(sizeof({}) == {}, \"size\");", ty.c_name, ty.size));
        for field in &ty.fields {
            let member = format!(" {};", field.name);
            let plain = !field.name.is_empty() && field.name.bytes().all(|b| b.is_ascii_alphanumeric());
            if plain && header.contains(&member) && report.types.get(field.ty as usize).is_some_and(|of| of.size > 0) {
                let (c, f, at) = (&ty.c_name, &field.name, field.offset);
                asserts.push(format!("_Static_assert(__builtin_offsetof({c}, {f}) == {at}, \"offset\");"));
            }
        }
    }
    asserts
}

/// Compiles C for its errors; a compiler that is not installed says nothing, as long as it is not the only one.
fn compile(compiler: &str, wide: &str, source: &str) -> Result<(), String> {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let mut command = Command::new(compiler);
    command.args(["-x", "c", "-std=c11", "-Wall", "-Werror", "-fsyntax-only", wide, "-"]);
    let child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = match child {
        Err(e) if compiler == "clang" && e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        child => child.map_err(|e| format!("{compiler}: {e}"))?,
    };
    child.stdin.take().expect("piped").write_all(source.as_bytes()).map_err(|e| e.to_string())?;
    let output = child.wait_with_output().map_err(|e| e.to_string())?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}
