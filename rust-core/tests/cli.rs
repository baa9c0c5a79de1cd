//! The built command as people use it: exit codes, one-line errors, nothing half-written.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

const DONE: i32 = 0;
const FAILED: i32 = 1;
const USAGE: i32 = 2;
const NOT_GO: i32 = 3;

fn goabi(args: &[&str]) -> Output {
    goabi_in(Path::new("."), args)
}

fn goabi_in(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_goabi")).current_dir(folder).args(args).output().expect("goabi runs")
}

fn goabi_fed(input: &[u8], args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_goabi"));
    let command = command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("goabi runs");
    child.stdin.take().expect("a pipe").write_all(input).expect("goabi reads");
    child.wait_with_output().expect("goabi ends")
}

/// Checks the exit code, and that standard error is exactly this one line.
fn check_error(output: &Output, code: i32, line: &str) {
    assert_eq!(String::from_utf8_lossy(&output.stderr).trim_end(), line);
    assert_eq!(output.status.code(), Some(code));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "nothing half-written");
}

/// A program of this machine that has nothing of Go: the test itself.
fn not_go() -> Vec<u8> {
    fs::read(std::env::current_exe().expect("a path")).expect("readable")
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder").flatten();
    let mut names: Vec<_> = entries.map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_senseless_command_line_is_a_usage_error() {
    for args in [&[][..], &["annotate"], &["frobnicate"], &["annotate", "x", "--format", "pdf"], &["info", "a", "b"]] {
        assert_eq!(goabi(args).status.code(), Some(USAGE), "{args:?}");
    }
    let several = goabi(&["annotate", "a", "b", "-o", "c"]);
    check_error(&several, USAGE, "goabi: several FILEs need an output each: leave -o out, or name one FILE");
}

#[test]
fn help_and_version_are_no_errors() {
    for args in [&["--help"][..], &["--version"], &["annotate", "--help"], &["explain", "-h"]] {
        let output = goabi(args);
        assert_eq!(output.status.code(), Some(DONE), "{args:?}");
        assert!(!output.stdout.is_empty() && output.stderr.is_empty(), "{args:?}");
    }
}

#[test]
fn each_unreadable_input_has_its_own_reason() {
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join("empty"), "").expect("written");
    fs::write(folder.path().join("text"), "hello").expect("written");
    let fails = |file: &str, line: &str| check_error(&goabi_in(folder.path(), &["info", file]), FAILED, line);
    fails("missing", "goabi: missing: cannot read: no such file or directory");
    fails("empty", "goabi: empty: the file is empty");
    fails(".", "goabi: .: is a directory; name a file in it");
    fails(
        "text",
        "goabi: text: not an ELF, PE or Mach-O file (starts with 68 65 6c 6c); \
         for a memory dump give its segments with --segments",
    );
}

#[cfg(unix)]
#[test]
fn a_device_is_not_read_forever() {
    let line = "goabi: /dev/zero: is a device, not a file; copy the part to be read to a file";
    check_error(&goabi(&["annotate", "/dev/zero"]), FAILED, line);
}

#[cfg(unix)]
#[test]
fn a_file_without_permission_is_unreadable() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("secret");
    fs::write(&file, "x").expect("written");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).expect("changed");
    let output = goabi_in(folder.path(), &["info", "secret"]);
    // The superuser may read everything and gets to the next reason.
    let (denied, read) = ("goabi: secret: cannot read: permission denied", "goabi: secret: not an ELF");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.starts_with(if fs::read(&file).is_ok() { read } else { denied }), "{said}");
    assert_eq!(output.status.code(), Some(FAILED));
}

#[test]
fn a_program_that_is_not_go_has_its_own_exit_code() {
    let output = goabi_fed(&not_go(), &["annotate", "-"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.starts_with("goabi: (standard input): not a Go binary: "), "{said}");
    assert_eq!((said.lines().count(), output.status.code()), (1, Some(NOT_GO)), "{said}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_truncated_file_says_where_it_breaks_off() {
    let output = goabi_fed(&not_go()[..40], &["info", "-"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("truncated or damaged") && said.contains("at offset 0x"), "{said}");
    assert_eq!((said.lines().count(), output.status.code()), (1, Some(FAILED)), "{said}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_machine_without_go_is_named() {
    let mut elf = not_go();
    elf[18] = 42; // e_machine: Hitachi SuperH
    let output = goabi_fed(&elf, &["info", "-"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.starts_with("goabi: (standard input): unsupported machine "), "{said}");
    assert_eq!((said.lines().count(), output.status.code()), (1, Some(FAILED)), "{said}");
}

#[test]
fn an_output_that_cannot_be_written_is_found_before_the_work() {
    let folder = TempDir::new().expect("a folder");
    fs::create_dir(folder.path().join("taken")).expect("made");
    fs::write(folder.path().join("kept"), "old").expect("written");
    let mut permissions = fs::metadata(folder.path().join("kept")).expect("there").permissions();
    permissions.set_readonly(true);
    fs::set_permissions(folder.path().join("kept"), permissions).expect("changed");
    let fails = |out: &str, line: &str| {
        check_error(&goabi_in(folder.path(), &["annotate", "missing", "-o", out]), FAILED, line);
    };
    fails("no/such/report.json", "goabi: no/such/report.json: cannot write: no such file or directory");
    fails("taken", "goabi: taken: cannot write: is a directory; name a file in it");
    fails("kept", "goabi: kept: cannot write: is read-only");
    assert_eq!(names_in(folder.path()), ["kept", "taken"]);
}

#[test]
fn a_failure_leaves_the_old_report_and_nothing_else() {
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join("program"), not_go()).expect("written");
    fs::write(folder.path().join("report.json"), "old").expect("written");
    let output = goabi_in(folder.path(), &["annotate", "program", "-o", "report.json", "--format", "json"]);
    assert_eq!(output.status.code(), Some(NOT_GO));
    assert_eq!(fs::read(folder.path().join("report.json")).expect("there"), b"old");
    assert_eq!(names_in(folder.path()), ["program", "report.json"]);
}

#[test]
fn one_bad_file_of_several_does_not_stop_the_others() {
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join("program"), not_go()).expect("written");
    let output = goabi_in(folder.path(), &["annotate", "missing", "program"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines[0], "goabi: missing: cannot read: no such file or directory");
    assert!(lines[1].starts_with("goabi: program: not a Go binary"), "{said}");
    assert_eq!(output.status.code(), Some(FAILED));
}

#[test]
fn file_names_cannot_talk_to_the_terminal() {
    let output = goabi(&["info", "\u{1b}[31mred\nline"]);
    assert!(!output.stderr.contains(&0x1b));
    assert_eq!(String::from_utf8_lossy(&output.stderr).lines().count(), 1);
}

#[test]
fn a_manifest_that_makes_no_sense_says_where() {
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join("dump"), [0; 64]).expect("written");
    let fails = |manifest: &str, reason: &str| {
        fs::write(folder.path().join("manifest"), manifest).expect("written");
        let output = goabi_in(folder.path(), &["info", "dump", "--segments", "manifest"]);
        check_error(&output, FAILED, &format!("goabi: {reason}"));
    };
    fails("{", "manifest: not a segment manifest: EOF while parsing an object at line 1 column 1");
    fails(r#"{"arch": "z80"}"#, "manifest: not a segment manifest: z80 is no GOARCH at line 1 column 15");
    fails(
        r#"{"arch": "amd64", "segments": [{"addr": "here", "perms": "r"}]}"#,
        "manifest: not a segment manifest: \"here\" is neither a number nor \"0x…\" at line 1 column 46",
    );
    fails(
        r#"{"arch": "amd64", "segments": [{"addr": 4096, "file": "gone", "perms": "r"}]}"#,
        "gone: cannot read: no such file or directory",
    );
}

#[test]
fn memory_without_go_is_not_go() {
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join("dump"), [0x90; 4096]).expect("written");
    let manifest = r#"{"arch": "amd64", "os": "linux", "segments": [{"addr": "0x400000", "perms": "rx"}]}"#;
    fs::write(folder.path().join("manifest"), manifest).expect("written");
    let output = goabi_in(folder.path(), &["info", "dump", "--segments", "manifest"]);
    assert_eq!(output.status.code(), Some(NOT_GO), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn layout_shows_where_values_go() {
    let places = |args: &[&str]| {
        let output = goabi(&[&["layout", "func f(a, b int) string"], args].concat());
        assert_eq!(output.status.code(), Some(DONE), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    };
    assert!(places(&[]).contains("RBX") && places(&["--arch", "arm64"]).contains("X1"));
    assert!(places(&["--asm"]).contains("stack+8") && places(&["--go", "1.16"]).contains("stack+8"));
}

#[test]
fn layout_says_what_it_cannot_follow() {
    let unread = goabi(&["layout", "func f(a, b int"]);
    let said = String::from_utf8_lossy(&unread.stderr).into_owned();
    assert!(said.starts_with("goabi: SIGNATURE: ") && said.contains("column 16"), "{said}");
    assert_eq!((said.lines().count(), unread.status.code()), (1, Some(FAILED)));
    assert_eq!(goabi(&["layout", "func f()", "--arch", "z80"]).status.code(), Some(USAGE));
    assert_eq!(goabi(&["layout", "func f()", "--go", "two"]).status.code(), Some(USAGE));
}
