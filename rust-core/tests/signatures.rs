//! Signatures from source: the shipped data, its generator, and what becomes of them in a report.

#[path = "support/go.rs"]
mod go;

use goabi::report::{Confidence, Report, Source};
use goabi::signature::pack::{Block, Node, Pack};
use std::collections::BTreeMap;
use std::process::Command;

static SHIPPED: &[u8] = include_bytes!("../data/std.sigs");

fn shipped() -> Pack<'static> {
    Pack::read(SHIPPED).expect("the shipped signatures")
}

/// A node with everything in it.
fn spell(block: &Block, node: usize) -> String {
    let one = |node: &usize| spell(block, *node);
    let pair = |(name, node): &(usize, usize)| format!("{} {}", block.text(*name), spell(block, *node));
    let list = |pairs: &[(usize, usize)]| pairs.iter().map(pair).collect::<Vec<_>>().join(", ");
    match block.node(node).expect("a node") {
        Node::Pointer(elem) => format!("*{}", one(&elem)),
        Node::Slice(elem) => format!("[]{}", one(&elem)),
        Node::Array { len, elem } => format!("[{len}]{}", one(&elem)),
        Node::Map { key, elem } => format!("map[{}]{}", one(&key), one(&elem)),
        Node::Chan { direction, elem } => format!("chan{direction} {}", one(&elem)),
        Node::Func { params, results, variadic } => format!("func({}{variadic})({})", list(&params), list(&results)),
        Node::Struct(members) => {
            let field = |m: &goabi::signature::pack::Member| {
                format!("{}{} {}", block.text(m.name), m.embedded, spell(block, m.ty))
            };
            format!("struct{{{}}}", members.iter().map(field).collect::<Vec<_>>().join("; "))
        }
        Node::Interface(methods) => format!("interface{{{}}}", list(&methods)),
        Node::Named { path, name, args } => {
            let args: Vec<_> = args.iter().map(one).collect();
            format!("{}.{}[{}]", block.text(path), block.text(name), args.join(", "))
        }
        other => format!("{other:?}"),
    }
}

/// Every entry of a package in one system.
fn entries(pack: &Pack<'_>, package: &str, system: usize) -> BTreeMap<String, String> {
    let listed = pack.packages.get(package).expect(package);
    let block = pack.block(listed).expect("a block");
    let entry = |(name, def): (&str, goabi::signature::pack::Definition)| {
        let text = format!("{:?} {} {} {}", def.flags, block.text(def.receiver), def.line, spell(&block, def.node));
        (name.to_string(), text)
    };
    block.starting("", |set| pack.has(set, system)).map(entry).collect()
}

#[test]
fn the_data_is_whole_small_and_has_every_release_and_system() {
    assert!(Pack::is_whole(SHIPPED) && SHIPPED.len() < 8 << 20);
    let pack = shipped();
    for minor in 10..=27 {
        for os in ["linux", "windows", "darwin"] {
            let release = format!("go1.{minor}");
            let of = |s: &goabi::signature::pack::System| {
                (s.release == release || s.release.starts_with(&format!("{release}.")))
                    && s.os == os
                    && s.arch == "amd64"
            };
            assert!(pack.systems.iter().any(of), "{release} {os}");
        }
    }
    let all: usize =
        pack.packages.values().map(|listed| pack.block(listed).map_or(0, |b| b.starting("", |_| true).count())).sum();
    assert!(all > 30_000, "{all} entries");
}

#[test]
fn any_damage_is_seen_or_harmless() {
    assert!(!Pack::is_whole(&SHIPPED[..SHIPPED.len() - 1]) && !Pack::is_whole(b""));
    for at in (0..SHIPPED.len()).step_by(997) {
        let mut data = SHIPPED.to_vec();
        data[at] ^= 0x55;
        assert!(!Pack::is_whole(&data), "{at:#x}");
        let Some(pack) = Pack::read(&data) else { continue };
        let blocks = pack.packages.values().take(4).filter_map(|listed| pack.block(listed));
        for block in blocks {
            let nodes = block.starting("", |_| true).filter_map(|(_, def)| block.node(def.node));
            assert!(nodes.count() < 1 << 20);
        }
    }
}

/// The generator still writes what is shipped, for a few packages of one release.
#[test]
fn the_generator_writes_what_is_shipped() {
    const PACKAGES: [&str; 5] = ["errors", "io", "os", "sort", "sync/atomic"];
    let folder = tempfile::tempdir().expect("a folder");
    let fresh = folder.path().join("few.sigs");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/std_signatures");
    let only = format!("^({})$", PACKAGES.join("|"));
    let mut command = Command::new(script);
    command.args(["--releases", "1.24.11", "--systems", "windows/amd64", "--only", &only, "-o"]).arg(&fresh);
    let done = command.output().expect("Python");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let data = std::fs::read(&fresh).expect("the pack");
    let (pack, shipped) = (Pack::read(&data).expect("a pack"), shipped());
    let system = shipped.systems.iter().position(|s| *s == pack.systems[0]).expect("the same release");
    for package in PACKAGES {
        let (new, old) = (entries(&pack, package, 0), entries(&shipped, package, system));
        assert!(new.len() > 5, "{package}");
        // Bodies that other packages link into this one are not there when those are not read.
        for (name, text) in new.iter().filter(|(_, text)| !text.starts_with("Flags(16)")) {
            assert_eq!(old.get(name), Some(text), "{package}.{name}");
        }
        assert!(old.len() - new.len() < 20, "{package}");
    }
}

fn function<'r>(report: &'r Report, name: &str) -> &'r goabi::report::Function {
    report.functions.iter().find(|f| f.name == name).expect(name)
}

#[test]
fn a_stripped_program_gets_the_names_and_types_of_its_release() {
    let build =
        go::Build { args: &["-ldflags=-s -w"], toolchain: "go1.24.11", ..go::plain("server", "linux", "amd64") };
    let report = goabi::analyze(&build.bytes(), &goabi::Options::default()).expect("a report");
    let read = function(&report, "os.(*File).Write");
    assert_eq!(&*read.prototype, "func (f *File) Write(b []uint8) (n int, err error)");
    assert_eq!((read.source.params, read.source.results), (Some(Source::Std), Some(Source::Std)));
    assert_eq!((read.confidence.params, read.confidence.results), (Confidence::Exact, Confidence::Exact));
    let file = report.types.iter().find(|t| t.go_name == "os.file").expect("the type behind os.File");
    assert!(file.fields.iter().any(|field| field.name == "pfd"), "{:?}", file.fields);

    let mut without = goabi::Options::default();
    without.signatures = false;
    let report = goabi::analyze(&build.bytes(), &without).expect("a report");
    assert!(report.functions.iter().all(|f| f.source.params != Some(Source::Std)));
    let mut garbled = goabi::Options::default();
    garbled.names = false;
    let report = goabi::analyze(&build.bytes(), &garbled).expect("a report");
    assert!(report.functions.iter().all(|f| f.source.params != Some(Source::Std)));
}

/// The nearest release that is shipped is only likely right.
#[test]
fn another_patch_release_is_likely() {
    let build = go::Build { args: &["-ldflags=-s -w"], toolchain: "go1.24.11", ..go::plain("hello", "linux", "amd64") };
    let bytes = build.bytes();
    let (from, to) = (b"go1.24.11", b"go1.24.91");
    let mut other = bytes.clone();
    let places: Vec<usize> = (0..bytes.len() - from.len()).filter(|at| bytes[*at..].starts_with(from)).collect();
    places.into_iter().for_each(|at| other[at..at + to.len()].copy_from_slice(to));
    let report = goabi::analyze(&other, &goabi::Options::default()).expect("a report");
    assert_eq!(report.go.version, "go1.24.91");
    let near = report.functions.iter().filter(|f| f.source.results == Some(Source::Std));
    let (likely, exact): (Vec<_>, Vec<_>) = near.partition(|f| f.confidence.results == Confidence::Likely);
    assert!(likely.len() > 500);
    // Only what runtime types confirm is exact.
    let mut without = goabi::Options::default();
    without.signatures = false;
    let confirmed = goabi::analyze(&other, &without).expect("a report");
    for function in exact {
        assert_eq!(self::function(&confirmed, &function.name).source.results, Some(Source::Rtype), "{}", function.name);
    }
}
