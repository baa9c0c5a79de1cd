//! Everything that is emitted for real programs: prototypes that IDA takes, headers that compile, plans that are JSON.

mod emit_support;
#[path = "support/go.rs"]
#[allow(dead_code)] // other tests use the rest
mod go;
mod usercall_grammar;

use std::sync::OnceLock;

use emit_support::c_compiler;
use goabi::report::{Confidence, Report};
use goabi::{Options, emit};

/// Toolchain, system, machine and program. Each is read with all there is and without debug information and symbols.
const PROGRAMS: [(&str, &str, &str, &str); 7] = [
    ("go1.27.0", "linux", "amd64", "server"),
    ("go1.26.8", "linux", "amd64", "types"),
    ("go1.27.0", "windows", "amd64", "server"),
    ("go1.17.13", "linux", "amd64", "server"),
    ("go1.21.13", "linux", "386", "server"),
    ("go1.24.11", "darwin", "arm64", "server"),
    ("go1.24.11", "linux", "s390x", "server"),
];

/// Every program's two reports, made once.
fn reports() -> &'static [(String, Report)] {
    static ALL: OnceLock<Vec<(String, Report)>> = OnceLock::new();
    ALL.get_or_init(|| PROGRAMS.into_iter().flat_map(two_reports).collect())
}

fn two_reports((toolchain, goos, goarch, program): (&str, &str, &str, &str)) -> [(String, Report); 2] {
    let bytes = go::Build { toolchain, ..go::plain(program, goos, goarch) }.bytes();
    let mut stripped = Options::default();
    (stripped.dwarf, stripped.symbols) = (false, false);
    [("with", Options::default()), ("without", stripped)].map(|(word, options)| {
        let report = goabi::analyze(&bytes, &options).expect("a Go program");
        (format!("{program} {goos}/{goarch} {toolchain} {word} DWARF"), report)
    })
}

#[test]
fn prototypes_keep_the_grammar() {
    for (what, report) in reports() {
        check_prototypes(report).unwrap_or_else(|e| panic!("{what}: {e}"));
    }
}

fn check_prototypes(report: &Report) -> Result<(), String> {
    let functions = report.functions.iter().filter_map(|f| Some((f.entry, f.usercall.as_ref()?)));
    let sites = report.call_sites.iter().filter_map(|site| Some((site.at, site.usercall.as_ref()?)));
    let mut count = 0;
    for (at, usercall) in functions.chain(sites) {
        usercall_grammar::check(usercall, &report.binary.arch).map_err(|e| format!("{at}: {e}: {usercall}"))?;
        count += 1;
    }
    // Where code is not read, there are few without debug information.
    let enough = 2 * count > report.functions.len() || report.binary.arch != "amd64";
    if enough { Ok(()) } else { Err(format!("{count} prototypes of {} functions", report.functions.len())) }
}

#[test]
fn headers_compile() {
    for (what, report) in reports().iter().filter(|(_, report)| !report.types.is_empty()) {
        c_compiler::check_layouts(report).unwrap_or_else(|e| panic!("{what}: {e}"));
    }
}

/// A program that somebody else built, with much of the standard library in it.
#[test]
fn the_header_of_gofmt_compiles() {
    let go = std::process::Command::new("go").args(["env", "GOROOT"]).output().expect("Go on PATH");
    let root = String::from_utf8(go.stdout).expect("a path");
    let file = std::path::Path::new(root.trim()).join("bin/gofmt");
    let bytes = std::fs::read(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let report = goabi::analyze(&bytes, &Options::default()).expect("a Go program");
    c_compiler::check_layouts(&report).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
}

#[test]
fn plans_are_json_and_the_same_each_time() {
    for (_, report) in &reports()[..2] {
        for writer in [emit::ida::write, emit::ghidra::write, emit::json::write] {
            let text = || {
                let mut out = Vec::new();
                writer(report, &mut out, Confidence::Guess).expect("memory does not fail");
                out
            };
            let plan: serde_json::Value = serde_json::from_slice(&text()).expect("JSON");
            let functions = plan["functions"].as_array().map_or(0, Vec::len);
            assert_eq!(functions, report.functions.len());
            assert!(text() == text());
        }
    }
}
