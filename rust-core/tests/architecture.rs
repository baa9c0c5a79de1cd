//! The invariants of ARCHITECTURE.md, kept by reading the sources.

use std::fs;
use std::path::{Path, PathBuf};

/// What every stage may use: plain data and plain helpers.
const BASE: &[&str] = &["error", "limits", "arch", "reader", "types", "report", "options", "watch", "Error", "Result"];

/// Each stage and what it may use besides [`BASE`] and itself. No arrow points back.
const STAGES: &[(&str, &[&str])] = &[
    ("image", &[]),
    ("abi", &[]),
    ("code", &["abi"]),
    ("golang", &["image"]),
    ("signature", &["abi"]),
    ("program", &["image", "golang", "abi", "code"]),
    ("evidence", &["image", "golang", "abi", "code", "signature", "program"]),
    ("resolve", &["abi", "code", "golang", "program", "evidence"]),
    ("annotate", &["image", "golang", "abi", "code", "program", "evidence", "resolve"]),
    ("said", &["image", "golang", "evidence", "annotate"]),
    ("witness", &["abi", "code", "golang", "program", "evidence", "resolve"]),
    ("diff", &[]),
    ("emit", &["abi", "signature", "diff"]),
    (
        "cli",
        &[
            "image",
            "abi",
            "signature",
            "diff",
            "emit",
            "analyze",
            "analyze_observed",
            "analyze_segments",
            "Options",
            "Observer",
        ],
    ),
    (
        "python",
        &[
            "image",
            "abi",
            "signature",
            "emit",
            "analyze",
            "analyze_observed",
            "analyze_segments",
            "Options",
            "Observer",
            "cli",
        ],
    ),
];

/// Crates that do one stage's work for it, and the only places that name each.
const OWNED_CRATES: &[(&str, &str)] = &[
    ("object", "image"),
    ("flate2", "signature/pack cli/batch/compress emit/html"),
    ("base64", "emit/html"),
    ("gimli", "evidence/dwarf"),
    ("iced_x86", "code/x86"),
    ("yaxpeax_arm", "code/arm64"),
    ("pyo3", "python"),
    ("clap", "cli"),
    ("indicatif", "cli"),
    ("ctrlc", "cli"),
    ("csv", "cli/batch/table"),
    ("process_wrap", "cli/batch/process"),
    ("memory_stats", "cli/batch/memory"),
    ("walkdir", "cli/batch/collect"),
    ("anstream", "cli"),
    ("anstyle", "cli"),
    ("clap_complete", "cli"),
    ("clap_mangen", "cli"),
    ("terminal_size", "cli"),
    ("textwrap", "cli"),
];

/// Files that may be longer than [`LONGEST`], and why.
const LONG_FILES: &[(&str, &str)] = &[
    ("report.rs", "the contract: a flat list of documented fields"),
    ("abi/registers.rs", "register names and sequences of every machine, as tables"),
];
/// Lines that other files stay under, their unit tests not counted.
const LONGEST: usize = 400;

/// Files whose tables say what changed in which Go release.
const VERSION_TABLES: &[&str] = &[
    "abi/registers.rs",
    "golang/version.rs",
    "golang/layout.rs",
    "evidence/dwarf/listing.rs",
    "resolve/conventions.rs",
];

/// A source file: its path below `src`, and its text without unit tests.
struct Source {
    path: String,
    text: String,
}

impl Source {
    fn is_in(&self, place: &str) -> bool {
        self.path == place || self.path == format!("{place}.rs") || self.path.starts_with(&format!("{place}/"))
    }

    /// Numbered lines without comments.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate();
        lines.map(|(n, line)| (n + 1, line.split("//").next().unwrap_or_default())).filter(|(_, line)| !line.is_empty())
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            match path.extension() {
                _ if path.is_dir() => folders.push(path),
                Some(extension) if extension == "rs" => found.push(source(&root, path)),
                _ => {}
            }
        }
    }
    assert!(found.len() > 20, "the sources were not found");
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn source(root: &Path, path: PathBuf) -> Source {
    let all = fs::read_to_string(&path).expect("readable");
    let text = all.split("#[cfg(test)]\nmod ").next().unwrap_or_default().to_owned();
    let path = path.strip_prefix(root).expect("below src").to_string_lossy().replace('\\', "/");
    Source { path, text }
}

/// The words that follow `prefix` in `line`, where `prefix` is not the end of a longer word.
fn words_after<'a>(line: &'a str, prefix: &'a str) -> impl Iterator<Item = &'a str> {
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(prefix).filter_map(move |(at, _)| {
        let starts = !line[..at].ends_with(|c| part_of_word(c) || c == ':');
        let rest = &line[at + prefix.len()..];
        starts.then(|| rest.split(|c| !part_of_word(c)).next().unwrap_or_default())
    })
}

/// Modules and items that `text` names from the crate's root, as `crate::a::…` or `crate::{a::…, b}`.
fn crate_names(text: &str) -> Vec<&str> {
    let groups = text.match_indices("crate::{").map(|(at, open)| &text[at + open.len()..]);
    words_after(text, "crate::").filter(|name| !name.is_empty()).chain(groups.flat_map(members)).collect()
}

/// The first words of what stands between `{`, which is before `group`, and its `}`.
fn members(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut found) = (1, 0, Vec::new());
    for (at, c) in group.char_indices() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        if depth == 0 || (depth == 1 && c == ',') {
            found.push(
                group[start..at].trim().split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default(),
            );
            start = at + 1;
        }
        if depth == 0 {
            break;
        }
    }
    found.retain(|name| !name.is_empty());
    found
}

/// Fails with every offence, not only the first.
fn none(offences: Vec<String>) {
    assert!(offences.is_empty(), "\n{}", offences.join("\n"));
}

#[test]
fn crate_names_are_found_in_single_and_grouped_imports() {
    assert_eq!(crate_names("use crate::abi::location::Loc;"), ["abi"]);
    assert_eq!(
        crate_names("use crate::{\n  Error,\n  abi::{Loc, Reg},\n};\nuse crate::code::{a, b};"),
        ["code", "Error", "abi"]
    );
    assert_eq!(crate_names("mycrate::abi + pub(crate) fn"), Vec::<&str>::new());
}

#[test]
fn no_stage_uses_a_later_one() {
    let mut offences = Vec::new();
    for source in sources() {
        let stage = source.path.split(['/', '.']).next().unwrap_or_default();
        let Some((_, allowed)) = STAGES.iter().find(|(name, _)| *name == stage) else { continue };
        let text: Vec<_> = source.code().map(|(_, line)| line).collect();
        for name in crate_names(&text.join("\n")) {
            if name != stage && !BASE.contains(&name) && !allowed.contains(&name) {
                offences.push(format!("{}: {stage} uses crate::{name}", source.path));
            }
        }
    }
    none(offences);
}

#[test]
fn every_module_has_its_place_in_the_order() {
    let known = |name: &str| BASE.contains(&name) || STAGES.iter().any(|(stage, _)| *stage == name);
    let top = sources().into_iter().filter(|s| !s.path.contains('/')).map(|s| s.path.replace(".rs", ""));
    none(top.filter(|name| !known(name) && name != "lib" && name != "main").collect());
}

#[test]
fn one_place_names_each_big_dependency() {
    let mut offences = Vec::new();
    for source in sources() {
        for (name, place) in OWNED_CRATES.iter().filter(|(_, places)| !places.split(' ').any(|p| source.is_in(p))) {
            for (n, line) in source.code() {
                if words_after(line, &format!("{name}::")).next().is_some() {
                    offences.push(format!("{}:{n}: {name} is named outside {place}", source.path));
                }
            }
        }
    }
    none(offences);
}

#[test]
fn the_core_touches_no_file_no_console_and_no_environment() {
    let outside = ["std::fs", "std::env", "std::process", "std::net", "io::stdin", "io::stdout", "io::stderr"];
    let front = ["cli", "python", "main"];
    let mut offences = Vec::new();
    for source in sources().iter().filter(|source| !front.iter().any(|place| source.is_in(place))) {
        for (n, line) in source.code() {
            for word in outside.iter().filter(|word| line.contains(**word)) {
                offences.push(format!("{}:{n}: {word}", source.path));
            }
        }
    }
    none(offences);
}

#[test]
fn only_signatures_from_source_start_a_program_and_nothing_uses_the_network() {
    let starters = ["cli/sigs", "cli/batch"]; // the Go command, which fetches modules; goabi itself
    let mut offences = Vec::new();
    for source in sources() {
        for (n, line) in source.code() {
            let starts = line.contains("Command::new(") && !starters.iter().any(|place| source.is_in(place));
            if starts || ["std::net", "TcpStream", "UdpSocket", "UnixStream"].iter().any(|word| line.contains(word)) {
                offences.push(format!("{}:{n}: {}", source.path, line.trim()));
            }
        }
    }
    none(offences);
}

#[test]
fn nothing_is_unsafe() {
    let mut offences = Vec::new();
    for source in sources().iter().filter(|source| !source.is_in("python")) {
        for (n, line) in source.code() {
            if ["unsafe ", "unsafe_code"].iter().any(|word| line.contains(word)) {
                offences.push(format!("{}:{n}: unsafe", source.path));
            }
        }
    }
    none(offences);
}

/// Whether `line` has a Go minor version on either side of a comparison, or matches on one.
fn compares_minor(line: &str) -> bool {
    const OPERATORS: [&str; 6] = ["<=", ">=", "==", "!=", "< ", "> "];
    let operand = |c: char| c.is_alphanumeric() || "_.&*()".contains(c);
    line.match_indices("minor").any(|(at, word)| {
        let before = line[..at].trim_end_matches(operand);
        let after = line[at + word.len()..].trim_start_matches(operand).trim_start();
        let compared =
            OPERATORS.iter().any(|op| before.ends_with(&format!(" {} ", op.trim())) || after.starts_with(op));
        compared || before.trim_end().ends_with("match")
    })
}

#[test]
fn comparisons_of_versions_are_seen() {
    assert!(compares_minor("if minor >= 17 {") && compares_minor("self.version.minor == 20 &&"));
    assert!(compares_minor("since <= go.minor") && compares_minor("match version.minor() {"));
    assert!(!compares_minor("row(TABLES, minor).filter(|i| *i < 3)") && !compares_minor("Some(v) => minor,"));
}

#[test]
fn go_versions_are_compared_only_by_tables() {
    let mut offences = Vec::new();
    for source in sources().iter().filter(|source| !VERSION_TABLES.contains(&source.path.as_str())) {
        for (n, line) in source.code().filter(|(_, line)| compares_minor(line)) {
            offences.push(format!("{}:{n}: {}", source.path, line.trim()));
        }
    }
    none(offences);
}

#[test]
fn files_are_short() {
    let long = |source: &Source| source.text.lines().count() >= LONGEST;
    let excused = |source: &Source| LONG_FILES.iter().any(|(path, _)| *path == source.path);
    none(sources().iter().filter(|s| long(s) && !excused(s)).map(|s| s.path.clone()).collect());
}

#[test]
fn the_map_fits_on_a_screen_or_two() {
    let lib = sources().into_iter().find(|s| s.path == "lib.rs").expect("lib.rs");
    assert!(lib.text.lines().count() <= 120);
}
