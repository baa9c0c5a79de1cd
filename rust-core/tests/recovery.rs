//! Recovery against the debug information of the same file: what is claimed without it must be what it says.

mod support {
    pub(crate) mod go;
}

use goabi::Options;
use goabi::abi::assign::{Placed, assign};
use goabi::abi::location::Loc;
use goabi::abi::registers::Convention;
use goabi::evidence::dwarf::{self, Witness};
use goabi::image::Image;
use goabi::report::{Abi, Confidence, Function, FunctionKind, Report, Value};
use goabi::types::Types;
use std::collections::{HashMap, HashSet};
use support::go::{Build, plain};

/// As garbled code is seen: no debug information, no symbols, no names.
fn blind() -> Options {
    let mut options = Options::default();
    (options.dwarf, options.symbols, options.names) = (false, false, false);
    options
}

/// Places in order; neighbouring stack bytes are one place, however they are cut.
fn merged(places: impl Iterator<Item = (String, Option<u32>, u32)>) -> String {
    let (mut out, mut end) = (Vec::new(), None::<u32>);
    for (name, stack, size) in places {
        if !stack.is_some_and(|off| end.is_some_and(|end| (end..end + 8).contains(&off))) {
            out.push(name);
        }
        end = stack.map(|off| off + size).or(end);
    }
    out.join(" ")
}

fn claimed(values: &[Value]) -> String {
    let stack = |loc| if let goabi::report::Loc::Stack(off) = loc { Some(off as u32) } else { None };
    merged(values.iter().flat_map(|v| &v.pieces).map(|p| (p.loc.to_string(), stack(p.loc), p.size)))
}

fn placed(values: &[Placed], image: &Image<'_>) -> String {
    let stack = |loc| if let Loc::Stack(off) = loc { Some(off) } else { None };
    merged(values.iter().flat_map(|v| &v.pieces).map(|p| (p.loc.text(image.arch), stack(p.loc), p.size)))
}

#[derive(Default, Debug)]
struct Score {
    functions: u32,
    params: u32,
    both: u32,
    likely: u32,
    likely_right: u32,
    wrong_exact: Vec<String>,
}

impl Score {
    fn side(&mut self, name: &str, confidence: Confidence, truth: &str, claim: &str) -> bool {
        let right = truth == claim;
        match confidence {
            Confidence::Exact if !right => self.wrong_exact.push(format!("{name}: [{truth}] claimed [{claim}]")),
            Confidence::Likely => {
                self.likely += 1;
                self.likely_right += u32::from(right);
            }
            _ => {}
        }
        right
    }
}

fn score(data: &[u8]) -> Score {
    let report = goabi::analyze(data, &blind()).expect("a report");
    let by_entry: HashMap<u64, &Function> = report.functions.iter().map(|f| (f.entry.0, f)).collect();
    let image = Image::parse(data).expect("an image");
    let meta = goabi::golang::Metadata::read(&image).expect("metadata");
    let internal = Convention::abi_internal(image.arch, image.os, u32::from(meta.version.minor()));
    let abi0 = Convention::abi0(image.arch);
    let stack_side: HashSet<u64> = image.symbols.iter().filter(|s| s.name.ends_with(".abi0")).map(|s| s.addr).collect();
    let mut types = Types::default();
    let mut score = Score::default();
    for function in dwarf::read(&image, &mut types).functions.iter().filter(|f| f.complete) {
        let Some(claim) = by_entry.get(&function.entry) else { continue };
        let convention = if stack_side.contains(&function.entry) { &abi0 } else { &internal };
        let is_asm = claim.kind == FunctionKind::Asm || claim.kind == FunctionKind::Helper;
        let witness = Witness { args: claim.frame.args, pieces: None, is_asm };
        if !dwarf::confirm(function, &types, convention, &witness).is_empty() || is_asm {
            continue;
        }
        let truth = assign(&types, &function.signature, convention);
        let name = &function.name;
        let params = score.side(name, claim.confidence.params, &placed(&truth.params, &image), &claimed(&claim.params));
        let results =
            score.side(name, claim.confidence.results, &placed(&truth.results, &image), &claimed(&claim.results));
        score.functions += 1;
        score.params += u32::from(params);
        score.both += u32::from(params && results);
    }
    score
}

fn share(part: u32, all: u32) -> f64 {
    100.0 * f64::from(part) / f64::from(all.max(1))
}

#[test]
fn claims_without_names_hold_on_every_release_and_system() {
    let build = |toolchain, goos| Build { toolchain, ..plain("server", goos, "amd64") };
    let builds = [
        build("go1.18.10", "linux"),
        build("go1.21.13", "windows"),
        build("go1.24.11", "darwin"),
        build("go1.26.8", "linux"),
        build("go1.27.0", "linux"),
        Build { toolchain: "go1.18.10", ..plain("server", "linux", "arm64") },
        Build { toolchain: "go1.26.8", ..plain("server", "darwin", "arm64") },
    ];
    for build in builds {
        let score = score(&build.bytes());
        println!("{build:?}: {score:?}");
        assert!(score.functions > 1000, "{build:?}: too few to tell");
        assert_eq!(score.wrong_exact, Vec::<String>::new(), "{build:?}");
        assert!(share(score.params, score.functions) >= 99.5, "{build:?}: parameters");
        let arm64 = build.target.1 == "arm64";
        let least = if arm64 { 96.5 } else { 97.5 };
        assert!(share(score.both, score.functions) >= least, "{build:?}: parameters and results");
        let least = if arm64 { 98.0 } else { 98.5 };
        assert!(share(score.likely_right, score.likely) >= least, "{build:?}: what is likely");
    }
}

fn report(data: &[u8], threads: usize) -> Report {
    let mut options = Options::default();
    (options.threads, options.evidence) = (threads, true);
    goabi::analyze(data, &options).expect("a report")
}

#[test]
fn the_same_file_gives_the_same_report_on_any_number_of_threads() {
    let data = plain("hello", "linux", "amd64").bytes();
    let text = |threads| serde_json::to_string(&report(&data, threads)).expect("json");
    let one = text(1);
    assert_eq!(one, text(2));
    assert_eq!(one, text(3));
}

#[test]
fn machines_without_a_decoder_claim_nothing_from_code() {
    let build = plain("hello", "linux", "riscv64");
    let report = report(&build.bytes(), 0);
    assert!(report.functions.len() > 500, "{build:?}");
    let from_code = |f: &&Function| f.source.results == Some(goabi::report::Source::Code);
    assert_eq!(report.functions.iter().filter(from_code).count(), 0, "{build:?}");
}

#[test]
fn claims_hold_where_everything_is_on_the_stack() {
    let build = |toolchain, goos, goarch| Build { toolchain, ..plain("hello", goos, goarch) };
    let builds = [
        build("go1.10.8", "linux", "amd64"),
        build("go1.15.15", "windows", "amd64"),
        build("go1.16.15", "freebsd", "amd64"),
        build("go1.16.15", "linux", "386"),
        build("go1.26.8", "linux", "386"),
    ];
    for build in builds {
        let score = score(&build.bytes());
        println!("{build:?}: {score:?}");
        assert!(score.functions > 800, "{build:?}: too few to tell");
        assert_eq!(score.wrong_exact, Vec::<String>::new(), "{build:?}");
        assert!(share(score.both, score.functions) >= 98.5, "{build:?}: parameters and results");
        assert!(share(score.likely_right, score.likely) >= 98.5, "{build:?}: what is likely");
    }
}

/// The symbol table marks the stack side of functions that have two: `.abi0`.
#[test]
fn both_faces_of_a_function_have_their_conventions() {
    let builds = [
        Build { toolchain: "go1.26.8", ..plain("server", "linux", "amd64") },
        Build { toolchain: "go1.18.10", ..plain("server", "linux", "arm64") },
        Build { toolchain: "go1.26.8", ..plain("server", "darwin", "arm64") },
    ];
    for build in builds {
        let data = build.bytes();
        let image = Image::parse(&data).expect("an image");
        let faces: HashSet<&str> = image.symbols.iter().filter_map(|s| s.name.strip_suffix(".abi0")).collect();
        let face = |entry: u64| {
            let symbols = image.symbols_at(entry).iter();
            let one = |name: &str| match name.strip_suffix(".abi0") {
                Some(short) => Some((short.to_string(), Abi::ABI0)),
                None => faces.contains(name).then(|| (name.to_string(), Abi::ABIInternal)),
            };
            symbols.filter_map(|symbol| one(&symbol.name)).next()
        };
        let report = goabi::analyze(&data, &blind()).expect("a report");
        let (mut seen, mut pairs, mut wrong) = (0, 0, Vec::new());
        for function in &report.functions {
            let Some((name, abi)) = face(function.entry.0) else { continue };
            if !matches!(function.abi, Abi::C | Abi::Custom) {
                wrong.extend((function.abi != abi).then(|| name.clone()));
                seen += 1;
            }
            if let Some(pair) = function.pair.as_ref().filter(|pair| pair.role == "wrapper") {
                assert_eq!(face(pair.target.0).map(|(target, _)| target), Some(name), "{build:?}: {}", function.entry);
                pairs += 1;
            }
        }
        // Without parameters and with two words of results, a body with ABI0 looks like one that returns an array.
        wrong.retain(|name| name != "runtime.walltime");
        assert_eq!(wrong, Vec::<String>::new(), "{build:?}");
        assert!(seen > 40 && pairs > 15, "{build:?}: {seen} faces, {pairs} pairs");
    }
}

#[test]
fn damaged_programs_end_in_a_report_or_an_error() {
    let data = plain("hello", "linux", "amd64").bytes();
    for percent in (1..100).step_by(9) {
        let _ = goabi::analyze(&data[..data.len() * percent / 100], &Options::default());
    }
    let mut seed = 0x9e37_79b9_7f4a_7c15u64;
    for _ in 0..24 {
        let mut damaged = data.clone();
        for _ in 0..2000 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let at = (seed >> 16) as usize % damaged.len();
            damaged[at] = (seed >> 8) as u8;
        }
        let _ = goabi::analyze(&damaged, &Options::default());
    }
}
