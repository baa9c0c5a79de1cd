//! The vectors in `tests/abi`: for every signature of every machine, the places that goabi gives its values.

#![allow(clippy::panic, clippy::print_stdout)] // clippy does not see that all of this is a test

use std::fmt::Write;
use std::path::{Path, PathBuf};

use goabi::abi::registers::Convention;
use goabi::arch::{Arch, Os};
use goabi::emit::layout::{Layout, Value, layout};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/abi")
}

fn files() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder()).expect("tests/abi");
    let mut files: Vec<PathBuf> = entries.map(|e| e.expect("a folder entry").path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "txt"));
    files.sort();
    files
}

/// The convention of a `machine` line: GOARCH, GOOS, release.
fn machine(line: &str) -> Convention {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [name, os, go] = words[..] else { panic!("machine NAME OS GO, not {line:?}") };
    let os = [Os::Linux, Os::Windows, Os::Darwin, Os::FreeBsd].into_iter().find(|o| o.name() == os).expect(os);
    let minor = go.strip_prefix("1.").and_then(|m| m.parse().ok()).expect(go);
    Convention::named(name, os, minor).expect(name)
}

/// The file with the lines below each signature made anew, and how many signatures there are.
fn rewrite(text: &str) -> (String, usize) {
    let (mut out, mut convention, mut count) = (String::new(), None, 0);
    for line in text.lines().filter(|line| !line.starts_with("  ")) {
        let _ = writeln!(out, "{line}");
        if let Some(words) = line.strip_prefix("machine ") {
            convention = Some(machine(words));
        } else if !line.is_empty() && !line.starts_with('#') {
            let convention = convention.expect("a machine line in front");
            let layout = layout(line, &convention).unwrap_or_else(|error| panic!("{line}: {error}"));
            describe(&mut out, &layout);
            count += 1;
        }
    }
    (out, count)
}

fn describe(out: &mut String, layout: &Layout) {
    for (word, values) in [("param", &layout.params), ("result", &layout.results)] {
        for value in values {
            let _ = writeln!(out, "  {word} {}", line(value));
        }
    }
    let frame = &layout.frame;
    let _ = writeln!(out, "  area {} + {} + {}", frame.stack_args, frame.stack_results, frame.spill);
}

fn line(value: &Value) -> String {
    let name = if value.name.is_empty() { "-" } else { &value.name };
    let pieces: Vec<String> =
        value.pieces.iter().map(|p| format!("{}+{} {} {}", p.off, p.size, p.loc, p.kind)).collect();
    let pieces = if pieces.is_empty() { "nothing".to_string() } else { pieces.join(", ") };
    let spill = value.spill.map_or(String::new(), |spill| format!("; spill +{spill}"));
    format!("{name}: {pieces}{spill}")
}

#[test]
fn every_vector_holds() {
    for path in files() {
        let text = std::fs::read_to_string(&path).expect("a text file");
        let (found, _) = rewrite(&text);
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&path, found).expect("a writable file");
            continue;
        }
        for (number, (expected, found)) in text.lines().zip(found.lines()).enumerate() {
            assert_eq!(expected, found, "{}:{}", path.display(), number + 1);
        }
        assert_eq!(text.lines().count(), found.lines().count(), "{}", path.display());
    }
}

#[test]
fn every_machine_with_registers_has_vectors() {
    let named: Vec<String> = files().iter().map(|p| p.file_stem().expect("a name").to_string_lossy().into()).collect();
    for arch in Arch::ALL.into_iter().filter(|arch| Convention::abi_internal(*arch, Os::Linux, 99).uses_registers()) {
        // ppc64 differs from ppc64le in byte order only.
        let name = if arch == Arch::Ppc64 { Arch::Ppc64le } else { arch }.info().name;
        assert!(named.iter().any(|n| n == name), "no vectors for {name}");
    }
    for path in files() {
        let (_, count) = rewrite(&std::fs::read_to_string(&path).expect("a text file"));
        assert!(count >= 40, "{} has {count} signatures", path.display());
    }
}
