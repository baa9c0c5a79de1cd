//! The built command on Go programs: what it finds, in every form, and how it stops.

#[path = "support/go.rs"]
#[allow(dead_code)] // other tests use the rest
mod go;

#[path = "cli_go/diff.rs"]
mod diff;

use serde_json::{Value, json};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

const HANDLE: &str = "main.(*Server).handle";

/// The README's example, without symbols and debug information.
fn server() -> PathBuf {
    server_build().file()
}

fn server_build() -> go::Build<'static> {
    let args: &[&str] = &["-ldflags=-s -w", "-trimpath"];
    go::Build { args, toolchain: "go1.27.0", ..go::plain("server", "linux", "amd64") }
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_goabi"));
    command.args(args);
    command
}

/// Runs the command on the server; it must succeed and say nothing on standard error.
fn run(name: &str, args: &[&str]) -> String {
    let output = command(&[name, server().to_str().expect("text")]).args(args).output().expect("goabi runs");
    succeeded(output)
}

fn succeeded(output: Output) -> String {
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
    String::from_utf8(output.stdout).expect("text")
}

fn report(args: &[&str]) -> Value {
    serde_json::from_str(&run("annotate", &[&["--format", "json"], args].concat())).expect("JSON")
}

/// `loc` of every piece of every parameter.
fn places(function: &Value) -> Vec<&str> {
    let params = function["params"].as_array().into_iter().flatten();
    let pieces = params.flat_map(|param| param["pieces"].as_array().into_iter().flatten());
    pieces.map(|piece| piece["loc"].as_str().expect("a place")).collect()
}

#[test]
fn a_stripped_method_has_its_parameters_where_the_compiler_put_them() {
    let report = report(&["--only", HANDLE]);
    let [function] = report["functions"].as_array().expect("functions").as_slice() else { panic!("one function") };
    // (s *Server) handle(w io.Writer, name string, n int8): six words in the order of Go's registers.
    assert_eq!(places(function), ["RAX", "RBX", "RCX", "RDI", "RSI", "R8"]);
    assert_eq!(function["confidence"]["params"], "exact");
    assert_eq!(report["schema"], "goabi.report/1");
}

#[test]
fn text_has_a_line_for_every_function_and_a_summary() {
    let text = run("annotate", &[]);
    let functions = report(&[])["functions"].as_array().expect("functions").len();
    let list = text.lines().take_while(|line| !line.is_empty()); // calls into the system come after it
    assert_eq!(list.filter(|line| line.starts_with("0x")).count(), functions);
    assert!(text.contains(HANDLE) && text.contains("go1.27.0"));
}

#[test]
fn every_format_names_the_method() {
    for format in ["text", "json", "ida-plan", "ghidra-plan", "idapython", "header"] {
        let text = run("annotate", &["--format", format, "--only", HANDLE]);
        assert!(text.contains(HANDLE), "{format}:\n{text}");
    }
}

#[test]
fn names_and_addresses_select_a_function() {
    let named = report(&["--only", HANDLE]);
    let entry = named["functions"][0]["entry"].as_str().expect("an address");
    assert_eq!(report(&["--only", entry])["functions"], named["functions"]);
    let inside = u64::from_str_radix(entry.trim_start_matches("0x"), 16).expect("hex") + 5;
    assert_eq!(report(&["--only", &format!("{inside:#x}")])["functions"], named["functions"]);
}

#[test]
fn an_unknown_function_is_answered_with_near_names() {
    let file = server();
    let said = |function: &str| {
        let output = command(&["explain", file.to_str().expect("text"), function]).output().expect("goabi runs");
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty());
        String::from_utf8(output.stderr).expect("text")
    };
    let near = said("main.handle");
    assert!(near.contains("no function is named main.handle; near it: ") && near.contains(HANDLE), "{near}");
    assert!(said("0x1").contains("no function contains 0x1; functions begin at 0x"));
}

#[test]
fn explain_shows_registers_frame_and_evidence() {
    let text = run("explain", &[HANDLE]);
    for part in [HANDLE, "parameters (exact", "results (", "registers", "R8", "return address", "evidence ("] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
}

/// The compiler's own stores, `mov [rsp+8], rax ; keeps a1 (RAX)`, say where each slot is.
#[test]
fn explain_shows_each_spill_slot_where_the_compiler_has_it() {
    let text = run("explain", &[HANDLE]);
    let stores: Vec<(u32, &str)> = text
        .lines()
        .filter_map(|line| {
            let (code, kept) = line.split_once("; keeps ")?;
            let (_, offset) = code.split_once("[rsp+")?;
            let offset = offset.split(']').next()?;
            let hex = offset.strip_prefix("0x").map(|digits| u32::from_str_radix(digits, 16));
            Some((hex.unwrap_or_else(|| offset.parse()).ok()?, kept.split(' ').next()?))
        })
        .collect();
    assert_eq!(stores.len(), 6, "{text}");
    for (offset, part) in stores {
        let slot = format!("{:>+9} │ {part} spilled ", offset);
        assert!(
            text.lines().any(|line| line.starts_with(&slot) && line.ends_with(&format!("Stack[{offset:#x}]"))),
            "{slot}"
        );
    }
}

/// `runtime/sys_linux_amd64.s`: `TEXT runtime·write1(SB),NOSPLIT,$0-28`, with `fd+0(FP)` and so on. `runtime.osyield` has
/// a wrapper.
#[test]
fn explain_writes_assembly_as_its_source_does() {
    let text = run("explain", &["runtime.write1"]);
    for part in ["TEXT ·write1(SB), NOSPLIT, $0-28", "fd+0(FP)", "p+8(FP)", "n+16(FP)", "r1+24(FP)", "__golang"] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
    let text = run("explain", &["runtime.osyield"]);
    assert!(text.contains("called through 0x") && text.contains("forwards to 0x"), "{text}");
    let lines = run("annotate", &["--only", "runtime.osyield"]);
    assert!(lines.contains("runtime.osyield, called through 0x"), "{lines}");
}

#[test]
fn explain_marks_the_instructions_and_says_who_won() {
    let text = run("explain", &[HANDLE]);
    let line = |what: &str| text.lines().find(|line| line.contains(what)).unwrap_or_else(|| panic!("{what}:\n{text}"));
    // The block that is left for a larger stack stores the fourth parameter, a byte, where its spill slot is.
    assert!(line("; keeps a4 (R8)").contains("mov [rsp+0x30], r8b") && line("; keeps a4").starts_with("  > 0x"));
    assert!(line("  * spill").contains("parameters: RAX, RBX+RCX, RDI+RSI, R8"));
    assert!(text.contains("nothing stronger than the spill block speaks of it"));
    // main uses the error and nothing else: `if _, err := s.handle(…); err != nil`.
    assert!(line("called from").contains("1 place") && line("in main.main").ends_with("reads RBX"), "{text}");
    assert!(line("of fmt.Fprintf").contains("reads RAX"));
}

#[test]
fn explain_has_colours_only_where_they_are_wanted() {
    let file = server();
    let explained = |args: &[&str], no_color: bool| {
        let mut command = command(&["explain", file.to_str().expect("text"), HANDLE]);
        command.args(args).env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
        if no_color {
            command.env("NO_COLOR", "1");
        }
        succeeded(command.output().expect("goabi runs"))
    };
    assert!(!explained(&[], false).contains('\u{1b}') && !explained(&[], true).contains('\u{1b}'));
    let coloured = explained(&["--color", "always"], false);
    let parts: Vec<&str> =
        coloured.split("\u{1b}[36m").skip(1).map(|rest| rest.split('\u{1b}').next().expect("text")).collect();
    assert!(
        parts.contains(&"a1") && parts.iter().all(|part| ["a1", "RAX ptr", "a1 spilled"].contains(part)),
        "one colour: {parts:?}"
    );
    assert_eq!(strip(&coloured), explained(&[], false), "colours change nothing else");
}

/// `text` without what colours it.
fn strip(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_string();
    let plain = parts.fold(first, |out, part| out + part.split_once('m').expect("an escape").1);
    plain.lines().map(|line| line.trim_end().to_string() + "\n").collect()
}

#[test]
fn explain_fits_eighty_columns() {
    for function in [HANDLE, "runtime.convTstring", "fmt.Fprintf", "runtime.memmove"] {
        let text = run("explain", &[function, "--width", "80"]);
        let prototypes = ["func ", "__usercall", "__fastcall"];
        let long =
            text.lines().filter(|line| line.chars().count() > 80 && !prototypes.iter().any(|p| line.contains(p)));
        assert_eq!(long.collect::<Vec<_>>(), [""; 0], "{function}");
    }
}

#[test]
fn info_says_what_the_binary_is() {
    let text = run("info", &[]);
    for part in ["go1.27.0 (from buildinfo)", "elf linux/amd64", "ABIInternal", "stripped", "functions"] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
}

#[test]
fn a_report_replaces_the_old_file_as_a_whole() {
    let folder = TempDir::new().expect("a folder");
    let out = folder.path().join("report.json");
    fs::write(&out, "old").expect("written");
    let text = run("annotate", &["--format", "json", "-o", out.to_str().expect("text")]);
    assert_eq!(text, "");
    let written: Value = serde_json::from_slice(&fs::read(&out).expect("there")).expect("JSON");
    assert_eq!(written, report(&[]));
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing else is left");
}

#[test]
fn threads_do_not_change_a_byte() {
    let args = ["--format", "json", "--evidence", "--threads"];
    let with = |threads: &'static str| run("annotate", &[args.as_slice(), &[threads]].concat());
    assert!(with("1") == with("2"));
}

#[test]
fn what_is_ignored_is_not_used() {
    let named = |args: &[&str]| {
        let report = report(args);
        report["functions"].as_array().expect("functions").iter().filter(|f| f["name"] != "").count()
    };
    assert!(named(&[]) > 1000);
    assert_eq!(named(&["--no-names"]), 0);
}

#[test]
fn memory_gives_the_same_functions_as_the_file() {
    let folder = TempDir::new().expect("a folder");
    let data = fs::read(server()).expect("built");
    let manifest = folder.path().join("manifest.json");
    fs::write(&manifest, loaded(&data).to_string()).expect("written");
    let args = ["--format", "json", "--segments", manifest.to_str().expect("text")];
    let memory: Value = serde_json::from_str(&run("annotate", &args)).expect("JSON");
    assert_eq!(memory["binary"]["format"], "segments");
    assert_eq!(memory["functions"], report(&[])["functions"]);
}

/// The manifest of a 64-bit ELF file's loaded segments, for dumps that are the file itself.
fn loaded(elf: &[u8]) -> Value {
    let word = |at: usize, n: usize| elf[at..at + n].iter().rev().fold(0u64, |acc, b| acc << 8 | u64::from(*b));
    let (table, count) = (word(32, 8) as usize, word(56, 2) as usize);
    let loads = (0..count).map(|n| table + 56 * n).filter(|at| word(*at, 4) == 1);
    let segment = |at: usize| {
        let flags = word(at + 4, 4);
        let perms: String =
            [(4, 'r'), (2, 'w'), (1, 'x')].iter().filter(|(bit, _)| flags & bit != 0).map(|f| f.1).collect();
        json!({ "addr": format!("{:#x}", word(at + 16, 8)), "offset": word(at + 8, 8), "size": word(at + 32, 8), "perms": perms })
    };
    json!({ "arch": "amd64", "os": "linux", "entry": word(24, 8), "segments": loads.map(segment).collect::<Vec<_>>() })
}

#[test]
fn several_files_come_one_after_the_other() {
    let file = server();
    let path = file.to_str().expect("text");
    let output = command(&["annotate", path, "missing", path]).output().expect("goabi runs");
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).expect("text");
    assert_eq!(text.matches(HANDLE).count(), 2);
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let mut child = piped(&server());
    let mut first = [0; 1];
    child.stdout.take().expect("a pipe").read_exact(&mut first).expect("some output");
    // The pipe is closed here, with most of the report unwritten.
    let output = child.wait_with_output().expect("goabi ends");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

#[cfg(unix)]
#[test]
fn ctrl_c_stops_with_its_own_exit_code() {
    let mut child = piped(&server());
    let mut out = child.stdout.take().expect("a pipe");
    out.read_exact(&mut [0; 1]).expect("some output");
    // The report is larger than a pipe: goabi is writing and cannot go on.
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(kill.success());
    std::thread::sleep(std::time::Duration::from_millis(300));
    std::io::copy(&mut out, &mut std::io::sink()).expect("the rest");
    let output = child.wait_with_output().expect("goabi ends");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "goabi: interrupted\n");
    assert_eq!(output.status.code(), Some(130));
}

fn piped(file: &Path) -> std::process::Child {
    let mut command = command(&["annotate", file.to_str().expect("text"), "--format", "json"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("goabi runs")
}

/// Every example that a command's help shows does what it says. Those of `sigs` need the network.
#[test]
fn examples_in_the_help_run() {
    let folder = TempDir::new().expect("a folder");
    for name in ["server", "old", "new"] {
        fs::copy(server(), folder.path().join(name)).expect("copied");
    }
    for name in ["annotate", "info", "layout", "explain", "diff", "completions"] {
        let help = succeeded(command(&[name, "--help"]).output().expect("goabi runs"));
        let example = help.lines().map(str::trim).rfind(|line| line.starts_with("goabi ")).expect("an example");
        let quoted = example.split(" > ").next().expect("the command").split('\'').enumerate();
        let words: Vec<&str> = quoted
            .flat_map(|(n, part)| if n % 2 == 0 { part.split_whitespace().collect() } else { vec![part] })
            .skip(1)
            .collect();
        let output = command(&words).current_dir(folder.path()).output().expect("goabi runs");
        assert_eq!(output.status.code(), Some(0), "{example}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let page = fs::read_to_string(folder.path().join("server.html")).expect("the page of the first example");
    assert!(
        page.starts_with("<!doctype html>") && page.contains("Content-Security-Policy") && !page.contains("src=\"http")
    );
    let man = command(&["man", "."]).current_dir(folder.path()).output().expect("goabi runs");
    succeeded(man);
    assert!(fs::read_to_string(folder.path().join("goabi-explain.1")).expect("a page").contains(".SH SYNOPSIS"));
}
