//! Saved reports as inputs, and what `goabi diff` says of two builds.

use super::{HANDLE, command, go, run, server, server_build, succeeded};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// Runs `goabi diff` with JSON output.
fn diff(old: &Path, new: &Path, args: &[&str]) -> Value {
    let [old, new] = [old, new].map(|path| path.to_str().expect("text"));
    let output = command(&["diff", old, new, "--format", "json"]).args(args).output().expect("goabi runs");
    serde_json::from_str(&succeeded(output)).expect("JSON")
}

/// How many functions are in each part of a comparison.
fn parts(diff: &Value) -> [usize; 3] {
    ["changed", "added", "removed"].map(|part| diff[part].as_array().expect("a list").len())
}

#[test]
fn a_saved_report_is_as_good_as_the_binary() {
    let folder = TempDir::new().expect("a folder");
    let saved = folder.path().join("report.json");
    fs::write(&saved, run("annotate", &["--format", "json", "--evidence"])).expect("written");
    let file = saved.to_str().expect("text");
    assert_eq!(succeeded(command(&["annotate", file]).output().expect("goabi runs")), run("annotate", &[]));
    let explained = command(&["explain", file, HANDLE, "--listing", "24"]).output().expect("goabi runs");
    assert_eq!(succeeded(explained), run("explain", &[HANDLE, "--listing", "24"]));
    let same = diff(&server(), &saved, &[]);
    assert_eq!((parts(&same), same["notes"].as_array().map(Vec::len)), ([0; 3], Some(0)));
}

#[test]
fn a_report_of_another_form_is_refused() {
    let folder = TempDir::new().expect("a folder");
    let said = |text: &str| {
        fs::write(folder.path().join("report.json"), text).expect("written");
        let output = command(&["annotate", "report.json"]).current_dir(folder.path()).output().expect("goabi runs");
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).expect("text")
    };
    assert!(
        said(r#"{"schema": "goabi.report/1", "tool": 1}"#)
            .contains("report.json: not a report that this version reads: ")
    );
    assert!(said(r#"{"schema": "goabi.report/1"}"#).contains("missing field"));
}

#[test]
fn diff_finds_functions_by_code_where_names_are_gone() {
    let elsewhere = go::Build { args: &["-ldflags=-s -w -T 0x600000", "-trimpath"], ..server_build() }.file();
    let diff = diff(&server(), &elsewhere, &["--no-names"]);
    let [changed, added, removed] = parts(&diff);
    let all = diff["old"]["functions"].as_u64().expect("a number") as usize;
    // Functions with the same code and the same neighbours are not told apart.
    assert!(changed * 100 <= all && added * 10 <= all && added == removed, "{changed} {added} {removed} of {all}");
}

#[test]
fn diff_finds_the_function_whose_signature_was_changed() {
    let folder = TempDir::new().expect("a folder");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/programs/server/main.go");
    let text = fs::read_to_string(source).expect("the program");
    let edits = [
        ("n int8) (int, error)", "n int8, loud bool) (int, error)"),
        ("first, 2)", "first, 2, first != \"\")"),
        ("total := 0", "total := 0\n\tif loud {\n\t\ttotal++\n\t}"),
    ];
    let changed = edits.iter().fold(text, |text, (old, new)| {
        assert!(text.contains(old), "{old}");
        text.replacen(old, new, 1)
    });
    fs::write(folder.path().join("main.go"), changed).expect("written");
    let new = folder.path().join("new");
    let mut build = Command::new("go");
    build.args(["build", "-trimpath", "-ldflags=-s -w", "-o"]).arg(&new).arg("main.go").current_dir(folder.path());
    for (name, value) in [
        ("GOTOOLCHAIN", "go1.27.0"),
        ("GOOS", "linux"),
        ("GOARCH", "amd64"),
        ("CGO_ENABLED", "0"),
        ("GOFLAGS", ""),
        ("GOWORK", "off"),
    ] {
        build.env(name, value);
    }
    assert!(build.status().expect("Go on PATH").success());
    let diff = diff(&server(), &new, &[]);
    let by_places = |change: &&Value| change["what"].as_array().expect("a list").contains(&json!("params"));
    let changes: Vec<&Value> = diff["changed"].as_array().expect("a list").iter().filter(by_places).collect();
    let names: Vec<_> = changes.iter().map(|change| change["new"]["name"].as_str().expect("a name")).collect();
    assert_eq!(names, [HANDLE]);
    assert_eq!(changes[0]["matched"], "name");
    let [old, new] = [server(), new].map(|path| path.to_str().expect("text").to_string());
    let text = succeeded(command(&["diff", &old, &new]).output().expect("goabi runs"));
    assert!(text.contains("  params (by name)\n    - func ") && text.contains(" the same\n"), "{text}");
    let only = |wanted: &str| command(&["diff", &old, &new, "--only", wanted]).output().expect("goabi runs");
    assert!(succeeded(only(HANDLE)).contains("\n1 changed, 0 added, 0 removed, 0 the same\n"));
    assert!(succeeded(only("main.split")).contains("\n0 changed, 0 added, 0 removed, 1 the same\n"));
    let missing = only("main.splot");
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("near it: main.split"));
}

#[test]
fn diff_shows_the_change_of_convention_between_releases() {
    let before = go::Build { toolchain: "go1.16.15", ..server_build() }.file();
    let diff = diff(&before, &server(), &[]);
    let changes = diff["changed"].as_array().expect("a list");
    let split = changes.iter().find(|change| change["new"]["name"] == "main.split").expect("in both builds");
    assert_eq!((&split["old"]["abi"], &split["new"]["abi"]), (&json!("ABI0"), &json!("ABIInternal")));
    assert!(split["what"].as_array().expect("a list").contains(&json!("abi")));
}
