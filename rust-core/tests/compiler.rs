//! The assignment against Go's own compiler: random signatures are compiled, and the listing must show every parameter
//! and result in the register, at the offset and with the width that goabi gives it.
//!
//! `GOABI_TEST_SEED` and `GOABI_TEST_SIGNATURES` choose the signatures.

#![allow(clippy::panic, clippy::print_stdout)] // clippy does not see that all of this is a test

mod compiler {
    pub(crate) mod generate;
    pub(crate) mod listing;
}

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use compiler::generate::{self, Random};
use compiler::listing;
use goabi::abi::assign::{Assignment, Placed, assign};
use goabi::abi::location::Loc;
use goabi::abi::registers::Convention;
use goabi::arch::{Arch, Os};
use goabi::signature::parse;
use goabi::types::{Param, Types};

/// Compiles `source` for a machine and returns the listing, `None` when that toolchain can't be had.
fn compile(folder: &Path, source: &str, go: &str, os: Os, arch: Arch) -> Option<String> {
    std::fs::write(folder.join("p.go"), source).expect("a writable temporary folder");
    // Empty GOFLAGS would mean those of the user, whom old toolchains may not understand.
    let run = Command::new("go")
        .args(["tool", "compile", "-p", "p", "-N", "-l", "-S", "-o"])
        .arg(folder.join("p.o"))
        .arg("p.go")
        .current_dir(folder)
        .envs([("GOTOOLCHAIN", format!("go{go}").as_str()), ("GOFLAGS", "-trimpath"), ("GOOS", os.name())])
        .envs([("GOARCH", arch.info().name), ("GOWORK", "off")])
        .output();
    let output = match run {
        Ok(output) => output,
        Err(error) => return skip(&format!("go does not run: {error}")),
    };
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() && errors.contains("toolchain") {
        return skip(&format!("go{go}: {errors}"));
    }
    assert!(output.status.success(), "go{go} {arch:?}: {errors}{}", String::from_utf8_lossy(&output.stdout));
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Says why nothing was tested; where tests gate a change, that is a failure.
fn skip<T>(reason: &str) -> Option<T> {
    assert!(std::env::var_os("CI").is_none(), "the compiler is needed here: {reason}");
    println!("skipped: {reason}");
    None
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Compares `count` random signatures.
fn check(go: &str, os: Os, arch: Arch, count: usize) {
    let minor = minor(go);
    let seed = setting("GOABI_TEST_SEED", 20) ^ u64::from(minor) << 8 ^ (arch as u64) << 16;
    let mut random = Random::new(seed);
    let functions: Vec<_> = (0..count).map(|i| generate::function(&mut random, i)).collect();
    compare_all(go, os, arch, &functions);
}

fn minor(go: &str) -> u32 {
    go.split('.').nth(1).and_then(|m| m.parse().ok()).expect("a Go version")
}

fn compare_all(go: &str, os: Os, arch: Arch, functions: &[generate::Function]) {
    let convention = Convention::abi_internal(arch, os, minor(go));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let Some(text) = compile(folder.path(), &generate::source(functions), go, os, arch) else { return };
    let listing = listing::read(&text, &convention);
    let mut wrong = String::new();
    for function in functions {
        let mut types = Types::default();
        let written = parse(&function.text, arch, &mut types).unwrap_or_else(|e| panic!("{e}: {}", function.text));
        let places = assign(&types, &written.signature, &convention);
        let seen = listing.get(&function.symbol).unwrap_or_else(|| panic!("no {} in the listing", function.symbol));
        let differences = compare(&written.signature.params, &written.signature.results, &places, seen);
        if !differences.is_empty() {
            let _ = writeln!(wrong, "{}\n{differences}", function.text);
        }
    }
    assert!(wrong.is_empty(), "go{go} {arch:?}:\n{wrong}");
    println!("go{go} {}/{}: {} signatures, no mismatch", os.name(), arch.info().name, functions.len());
}

fn compare(params: &[Param], results: &[Param], places: &Assignment, seen: &listing::Function) -> String {
    let mut out = String::new();
    let area = &places.area;
    if seen.args != area.args_size {
        let _ = writeln!(out, "  args: compiler {}, goabi {}", seen.args, area.args_size);
    }
    let mut stores = Vec::new();
    for (param, placed) in params.iter().zip(&places.params) {
        let home = placed.stack.or(placed.spill.map(|slot| area.spill_offset + slot));
        check_home(&mut out, param, placed, home, seen);
        let named = param.name != "_";
        let slots = placed.pieces.iter().filter_map(|p| match p.loc {
            Loc::Reg(reg) => Some((reg, i64::from(home.unwrap_or(0) + p.off), p.size, named)),
            Loc::Stack(_) => None,
        });
        stores.extend(slots);
    }
    check_stores(&mut out, &stores, seen);
    for (result, placed) in results.iter().zip(&places.results) {
        check_home(&mut out, result, placed, placed.stack, seen);
        check_loads(&mut out, &result.name, placed, seen);
    }
    out
}

/// The address that the function hands to `sink` is the value's place in the argument area.
fn check_home(out: &mut String, param: &Param, placed: &Placed, home: Option<u32>, seen: &listing::Function) {
    let Some(home) = home.filter(|_| placed.size > 0 && param.name != "_") else { return };
    let found = seen.homes.get(&param.name);
    if found != Some(&i64::from(home)) {
        let _ = writeln!(out, "  {}: compiler at {found:?}, goabi at {home}", param.name);
    }
}

/// Every register goes to its spill slot, and nothing else is stored. Blank parameters may be left out.
fn check_stores(out: &mut String, expected: &[(goabi::abi::location::Reg, i64, u32, bool)], seen: &listing::Function) {
    let is_param = |name: &str| !name.starts_with('r') || name == "recv";
    let stores = || seen.stores.iter().filter(|(name, _, at, _)| is_param(name) && *at >= 0);
    for (reg, at, size, named) in expected {
        if *named && !stores().any(|(_, r, a, s)| (r, a, s) == (reg, at, size)) {
            let _ = writeln!(out, "  no store of {size} bytes of {reg:?} to +{at}");
        }
    }
    for (name, reg, at, size) in stores() {
        if !expected.iter().any(|(r, a, s, _)| (r, a, s) == (reg, at, size)) {
            let _ = writeln!(out, "  compiler stores {size} bytes of {reg:?} to +{at} ({name})");
        }
    }
}

/// What is loaded last before the return is the result.
fn check_loads(out: &mut String, name: &str, placed: &Placed, seen: &listing::Function) {
    let base = seen.homes.get(name).copied().unwrap_or(0);
    for piece in &placed.pieces {
        let Loc::Reg(reg) = piece.loc else { continue };
        let at = base + i64::from(piece.off);
        let last = seen.loads.iter().rfind(|(_, r, ..)| *r == reg);
        if !last.is_some_and(|(n, _, a, s)| n == name && *a == at && *s == piece.size) {
            let _ =
                writeln!(out, "  {name}+{}: {} bytes expected in {reg:?}, there is {last:?}", piece.off, piece.size);
        }
    }
}

fn signatures() -> usize {
    setting("GOABI_TEST_SIGNATURES", 300) as usize
}

#[test]
fn amd64_as_the_compiler_does() {
    for go in ["1.27.0", "1.22.12", "1.18.10"] {
        check(go, Os::Linux, Arch::Amd64, signatures());
    }
}

#[test]
fn arm64_as_the_compiler_does() {
    for go in ["1.27.0", "1.22.12", "1.18.10"] {
        check(go, Os::Linux, Arch::Arm64, signatures());
    }
}

#[test]
fn other_register_machines_as_the_compiler_does() {
    for arch in [Arch::Riscv64, Arch::Ppc64le, Arch::Loong64, Arch::S390x] {
        check("1.27.0", Os::Linux, arch, signatures());
    }
}

#[test]
fn stack_machines_as_the_compiler_does() {
    for arch in [Arch::I386, Arch::Arm, Arch::Mips, Arch::Mips64le] {
        check("1.27.0", Os::Linux, arch, signatures());
    }
}

/// The last release before a machine got register arguments, and the first with them.
#[test]
fn registers_begin_where_the_table_says() {
    let steps = [
        ("1.17.13", Os::FreeBsd, Arch::Amd64),
        ("1.17.13", Os::Linux, Arch::Amd64),
        ("1.17.13", Os::Windows, Arch::Amd64),
        ("1.17.13", Os::Linux, Arch::Arm64),
        ("1.18.10", Os::FreeBsd, Arch::Amd64),
        ("1.18.10", Os::Linux, Arch::Ppc64),
        ("1.18.10", Os::Linux, Arch::Riscv64),
        ("1.19.13", Os::Linux, Arch::Riscv64),
        ("1.21.13", Os::Linux, Arch::Loong64),
        ("1.22.12", Os::Linux, Arch::Loong64),
        ("1.25.5", Os::Linux, Arch::S390x),
        ("1.26.8", Os::Linux, Arch::S390x),
    ];
    for (go, os, arch) in steps {
        check(go, os, arch, signatures() / 6);
    }
}

/// The vectors of `tests/abi`, with values named as the listing needs them.
#[test]
fn vectors_as_the_compiler_does() {
    let mut files = 0;
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/abi")).expect("tests/abi") {
        let text = std::fs::read_to_string(entry.expect("a folder entry").path()).expect("a text file");
        let machine = text.lines().find_map(|line| line.strip_prefix("machine ")).map(str::to_string);
        let words: Vec<&str> = machine.as_deref().unwrap_or("").split(' ').collect();
        let [name, os, go] = words[..] else { continue };
        let (Some(arch), Some(go)) = (Arch::from_name(name), release(go)) else { continue };
        let os = if os == "freebsd" { Os::FreeBsd } else { Os::Linux };
        let signatures = text.lines().filter(|l| l.contains('(') && !l.starts_with([' ', '#']));
        let functions: Vec<_> =
            signatures.enumerate().map(|(i, line)| generate::Function::written(line, arch, i)).collect();
        compare_all(go, os, arch, &functions);
        files += 1;
    }
    assert!(files >= 9, "{files} files of vectors");
}

/// A toolchain of a release.
fn release(go: &str) -> Option<&'static str> {
    [("1.27", "1.27.0"), ("1.17", "1.17.13")].into_iter().find(|(release, _)| *release == go).map(|(_, go)| go)
}
