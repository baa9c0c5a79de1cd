//! Version, functions and moduledata, compared with the symbol table of the same program before it was stripped.

#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "support/asked.rs"]
mod asked;
#[path = "support/go.rs"]
mod go;

use goabi::arch::{Arch, Os};
use goabi::error::Error;
use goabi::golang::{Func, FuncData, FuncId, Metadata, PcData, Version, VersionSource, layout};
use goabi::image::{Format, Image, Segment, SegmentsInfo};
use std::collections::{BTreeMap, BTreeSet};

const SOURCE: &str = include_str!("../../tests/programs/hello/main.go");
const STRIP: &[&str] = &["-ldflags=-s -w"];
/// Every layout that ever was, as far as there are toolchains for it.
const RELEASES: [&str; 12] = [
    "1.9.7", "1.10.8", "1.12", "1.15.15", "1.16.15", "1.17.13", "1.18.10", "1.20.14", "1.21.13", "1.23.12", "1.26.8",
    "1.27.0",
];

fn build<'a>(release: &'a str, goos: &'a str, goarch: &'a str, args: &'a [&'a str]) -> go::Build<'a> {
    go::Build { toolchain: release, args, ..go::plain("hello", goos, goarch) }
}

fn bytes(release: &str, goos: &str, goarch: &str, args: &[&str]) -> Vec<u8> {
    build(&format!("go{release}"), goos, goarch, args).bytes()
}

fn linux(release: &str) -> Vec<u8> {
    bytes(release, "linux", "amd64", STRIP)
}

fn minor(release: &str) -> u16 {
    release.split('.').nth(1).unwrap().parse().unwrap()
}

/// Names of text symbols by address. Several symbols may share one.
fn truth(image: &Image, metadata: &Metadata) -> BTreeMap<u64, Vec<String>> {
    let module = metadata.module().unwrap();
    let mut out: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    let text = image.symbols.iter().filter(|s| (module.text..module.etext).contains(&s.addr));
    for symbol in text.filter(|s| s.name != "runtime.text") {
        out.entry(symbol.addr).or_default().push(symbol.name.to_string());
    }
    out
}

/// The linker shortens type arguments in the function table (1.18 to 1.20), and symbol tables mark ABI0 and escape dots.
fn plain(name: &str) -> String {
    let name = name.trim_end_matches(".abi0").replace(['·', '∕'], ".").replace("type..", "type:.");
    match (name.find('['), name.rfind(']')) {
        (Some(open), Some(close)) if open < close => format!("{}[...]{}", &name[..open], &name[close + 1..]),
        _ => name,
    }
}

/// Compares the function table of a stripped program with the symbols of its twin.
fn check(release: &str, goos: &str, goarch: &str, args: &[&str]) {
    let what = format!("go{release} {goos}/{goarch} {args:?}");
    let whole = bytes(release, goos, goarch, args);
    let stripped = bytes(release, goos, goarch, &[args, STRIP].concat());
    let twin = Image::parse(&whole).unwrap();
    let truth = truth(&twin, &Metadata::read(&twin).unwrap());
    assert!(truth.len() > 1000, "{what}: no symbols to compare with");
    let image = Image::parse(&stripped).unwrap();
    let metadata = Metadata::read(&image).unwrap();
    assert_eq!((metadata.version.min, metadata.version.max), (minor(release), minor(release)), "{what}");
    assert_ne!(metadata.version.source, VersionSource::Inferred, "{what}");
    assert_eq!(metadata.notes, Vec::<String>::new(), "{what}");
    let found: BTreeMap<u64, String> =
        metadata.pclntab.funcs.iter().map(|f| (f.entry, metadata.pclntab.name(&image, f).into_owned())).collect();
    assert_eq!(found.len(), metadata.pclntab.funcs.len(), "{what}: entries repeat");
    let missing: Vec<_> = truth.iter().filter(|(addr, _)| !found.contains_key(addr)).collect();
    assert!(missing.is_empty(), "{what}: {} functions are missing: {missing:x?}", missing.len());
    let extra: Vec<_> = found.iter().filter(|(addr, _)| !truth.contains_key(addr)).collect();
    assert!(extra.is_empty(), "{what}: {} functions too many: {extra:x?}", extra.len());
    let wrong = found.iter().filter(|(addr, name)| !truth[addr].iter().any(|t| plain(t) == plain(name)));
    assert_eq!(wrong.collect::<Vec<_>>(), [], "{what}: names");
    tables(&what, &image, &metadata);
}

/// What every program has, whatever its version.
fn tables(what: &str, image: &Image, metadata: &Metadata) {
    let table = &metadata.pclntab;
    let named = |name: &str| {
        table.funcs.iter().find(|f| table.name(image, f) == name).unwrap_or_else(|| panic!("{what}: {name}"))
    };
    let (total, join) = (named("main.total"), named("main.join"));
    let (file, line) = table.file_line(image, join);
    let written = SOURCE.lines().position(|line| line.starts_with("func join(")).unwrap() as u32 + 1;
    assert!(file.ends_with("main.go") && (written..written + 2).contains(&line), "{what}: {file}:{line}");
    let deltas: Vec<_> = table.sp_deltas(image, total).unwrap().collect();
    assert_eq!(deltas[0].value, 0, "{what}");
    assert!(deltas.iter().any(|v| v.value >= 32 && v.value % 4 == 0), "{what}: {deltas:?}");
    assert!(deltas.is_sorted_by_key(|v| v.start) && deltas.iter().all(|v| v.end <= total.size()), "{what}");
    assert!(table.funcdata(image, total, FuncData::ArgsPointerMaps).is_some(), "{what}");
    assert!(table.pcdata(image, total, PcData::StackMapIndex).unwrap().any(|v| v.value > 0), "{what}");
    assert_eq!(table.at(named("runtime.goexit").entry).unwrap().id, FuncId::Goexit, "{what}");
    frames(what, image, metadata, total, join);
    if image.format == Format::Elf {
        let module = metadata.module().unwrap();
        assert!(module.types < module.etypes && image.is_exec(module.minpc), "{what}");
    }
}

/// What versions tell of frames: the arguments of `join(a string, n int8, b [2]int, words ...string)`, and variables
/// of `total` whose address a deferred closure takes.
fn frames(what: &str, image: &Image, metadata: &Metadata, total: &Func, join: &Func) {
    let table = &metadata.pclntab;
    let (minor, ptr) = (metadata.version.max, u64::from(image.arch.ptr_size()));
    let info = table.arg_info(image, join);
    assert_eq!(info.is_some(), minor > 16, "{what}");
    let shape = |text: String| text.split(' ').map(|w| w.replace(|c: char| c.is_ascii_digit(), "")).collect::<String>();
    if let Some(info) = info {
        assert!(info.complete, "{what}");
        assert_eq!(shape(info.to_string()), "{::}:{::}{:::}", "{what}: {info}");
    }
    let maps = table.pointer_maps(image, join, FuncData::ArgsPointerMaps).unwrap();
    let pointers = (0..maps.count).flat_map(|i| maps.pointers(i)).collect::<BTreeSet<_>>();
    assert!(pointers.len() >= 2 && maps.words > *pointers.last().unwrap(), "{what}: {pointers:?}");
    let objects = table.stack_objects(image, total);
    assert_eq!(objects.is_empty(), minor < 12, "{what}");
    assert!(
        objects.iter().all(|o| o.offset.unsigned_abs() < 1024 && (o.offset as u64).is_multiple_of(ptr)),
        "{what}: {objects:?}"
    );
    assert!(objects.iter().all(|o| o.size.is_some() != o.ty.is_some()), "{what}: {objects:?}");
    let inlined: BTreeSet<_> = table.funcs.iter().flat_map(|f| table.inlined(image, f)).map(|c| c.name).collect();
    assert_eq!(inlined.contains("runtime.add"), minor > 8, "{what}: {} inlined", inlined.len());
    let main = table.funcs.iter().filter_map(|f| metadata.wrapped(image, f)).filter_map(|entry| table.at(entry));
    assert_eq!(main.map(|f| table.name(image, f)).any(|n| n == "fmt.Println"), minor > 17, "{what}");
}

#[test]
fn every_release_on_linux_amd64() {
    for release in RELEASES {
        check(release, "linux", "amd64", &[]);
    }
}

#[test]
fn other_systems_and_machines() {
    check("1.26.8", "windows", "amd64", &[]);
    check("1.26.8", "darwin", "arm64", &[]);
    check("1.26.8", "linux", "386", &[]);
    check("1.20.14", "darwin", "amd64", &[]);
    check("1.26.8", "linux", "s390x", &[]); // most significant byte first
}

#[test]
fn position_independent() {
    check("1.23.12", "linux", "amd64", &["-buildmode=pie"]);
    check("1.26.8", "linux", "amd64", &["-buildmode=pie"]);
}

/// The stripped program with everything overwritten that says its version.
fn nameless(release: &str) -> Vec<u8> {
    let mut data = linux(release);
    for needle in [b"\xff Go buildinf:".as_slice(), b"go1."] {
        let hits: Vec<_> =
            data.windows(needle.len()).enumerate().filter(|(_, w)| *w == needle).map(|(i, _)| i).collect();
        hits.into_iter().for_each(|i| data[i..i + needle.len()].fill(b'?'));
    }
    data
}

/// Bytes in the file at which pclntab starts.
fn pclntab_offset(data: &[u8]) -> usize {
    let image = Image::parse(data).unwrap();
    let head = image.bytes(Metadata::read(&image).unwrap().pclntab.header.addr, 64).unwrap().to_vec();
    data.windows(head.len()).position(|w| w == head).unwrap()
}

#[test]
fn versions_are_inferred_from_structure_and_names() {
    for release in RELEASES {
        let mut data = nameless(release);
        let at = pclntab_offset(&data);
        for (magic, widest) in [(None, 0), (Some([0x5a, 0x13, 0xc7, 0x88]), 2)] {
            magic.into_iter().for_each(|magic| data[at..at + 4].copy_from_slice(&magic));
            let metadata = Metadata::read(&Image::parse(&data).unwrap()).unwrap();
            let Version { min, max, source, .. } = metadata.version;
            assert!((min..=max).contains(&minor(release)), "go1.{min}-go1.{max} is not go{release}");
            assert!(max - min <= widest || max == layout::OPEN, "go1.{min}-go1.{max} for go{release}");
            assert_eq!(source, VersionSource::Inferred);
        }
    }
}

#[test]
fn a_destroyed_magic_number_changes_nothing_but_the_notes() {
    for release in ["1.15.15", "1.16.15", "1.20.14", "1.26.8"] {
        let mut data = linux(release);
        let whole = Metadata::read(&Image::parse(&data).unwrap()).unwrap();
        let at = pclntab_offset(&data);
        data[at..at + 4].copy_from_slice(&[0x5a, 0x13, 0xc7, 0x88]);
        let metadata = Metadata::read(&Image::parse(&data).unwrap()).unwrap();
        assert!(metadata.obfuscated && metadata.notes.len() == 1, "{:?}", metadata.notes);
        assert_eq!((metadata.pclntab.funcs, metadata.modules), (whole.pclntab.funcs, whole.modules));
        assert_eq!(metadata.version, whole.version);
    }
}

/// Asks for everything that there is, to see that nothing panics.
fn exercise(image: &Image) {
    if let Ok(metadata) = Metadata::read(image) {
        asked::metadata(image, &metadata);
    }
}

#[test]
fn truncated_programs_never_panic() {
    let data = linux("1.26.8");
    for cut in (1..40).map(|i| data.len() * i / 40) {
        if let Ok(image) = Image::parse(&data[..cut]) {
            exercise(&image);
        }
    }
}

#[test]
fn damaged_tables_never_panic() {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for release in ["1.9.7", "1.15.15", "1.17.13", "1.26.8"] {
        let whole = linux(release);
        let start = pclntab_offset(&whole);
        let module = Metadata::read(&Image::parse(&whole).unwrap()).unwrap().module().unwrap().addr;
        for round in 0..12 {
            let mut data = whole.clone();
            for _ in 0..1 << (round % 12) {
                let near = if round % 3 == 0 { 0x100 } else { data.len() - start };
                data[start + random() as usize % near] = random() as u8;
            }
            let mut image = Image::parse(&data).unwrap();
            for segment in
                image.segments.iter_mut().filter(|s| (s.addr..s.addr + s.data.len() as u64).contains(&module))
            {
                let at = (module - segment.addr) as usize + random() as usize % 0x240;
                segment.data.to_mut()[at] ^= if round % 2 == 0 { random() as u8 } else { 0 };
            }
            exercise(&image);
        }
    }
}

#[test]
fn memory_without_sections_is_enough() {
    for release in ["1.12", "1.20.14", "1.26.8"] {
        let data = linux(release);
        let image = Image::parse(&data).unwrap();
        let info = SegmentsInfo { arch: image.arch, os: image.os, base: None, entry: None };
        let memory = Image::from_segments(info, image.segments.clone()).unwrap();
        let (file, memory) = (Metadata::read(&image).unwrap(), Metadata::read(&memory).unwrap());
        assert_eq!((file.pclntab, file.modules, file.version), (memory.pclntab, memory.modules, memory.version));
    }
}

#[test]
fn programs_carried_as_data_are_not_taken_for_the_program() {
    let (small, large) = (linux("1.20.14"), linux("1.26.8"));
    for (carrier, carried) in [(&small, &large), (&large, &small)] {
        let image = Image::parse(carrier).unwrap();
        let mut segments = image.segments.clone();
        let data = carried.as_slice().into();
        let addr = 0x10_0000;
        segments.push(Segment { addr, size: carried.len() as u64, data, read: true, write: true, exec: false });
        let info = SegmentsInfo { arch: image.arch, os: image.os, base: None, entry: None };
        let both = Image::from_segments(info, segments).unwrap();
        assert!(both.segments[0].addr == addr && both.notes.is_empty(), "{:?}", both.notes);
        assert_eq!(Metadata::read(&both).unwrap().pclntab, Metadata::read(&image).unwrap().pclntab);
    }
}

#[test]
fn functions_are_found_without_moduledata() {
    for release in ["1.15.15", "1.23.12", "1.26.8"] {
        let data = linux(release);
        let mut image = Image::parse(&data).unwrap();
        let whole = Metadata::read(&image).unwrap();
        let module = whole.module().unwrap().addr;
        for segment in &mut image.segments {
            if let Some(at) = module.checked_sub(segment.addr).filter(|at| *at < segment.data.len() as u64) {
                segment.data.to_mut()[at as usize..at as usize + 0x200].fill(0);
            }
        }
        let bare = Metadata::read(&image).unwrap();
        let bounds = |m: &Metadata| m.pclntab.funcs.iter().map(|f| (f.entry, f.end, f.id)).collect::<Vec<_>>();
        assert_eq!(bounds(&bare), bounds(&whole), "go{release}");
        assert!(bare.modules.is_empty() && !bare.notes.is_empty());
    }
}

#[test]
fn what_is_not_go_is_said_to_be_so() {
    let info = SegmentsInfo { arch: Arch::Amd64, os: Os::Linux, base: None, entry: None };
    // The constants that tools and debuggers carry, with nothing behind them.
    let mut data = vec![0u8; 0x4000];
    for (i, magic) in [0xffff_fffbu32, 0xffff_fffa, 0xffff_fff0, 0xffff_fff1].into_iter().enumerate() {
        data[0x800 * i..0x800 * i + 4].copy_from_slice(&magic.to_le_bytes());
        data[0x800 * i + 6..0x800 * i + 9].copy_from_slice(&[1, 8, 20]);
    }
    let size = data.len() as u64;
    let segment = Segment { addr: 0x1000, size, data: data.into(), read: true, write: true, exec: true };
    let image = Image::from_segments(info, vec![segment]).unwrap();
    assert!(matches!(Metadata::read(&image), Err(Error::NotGo { .. })));
    // A dropper in C that carries a Go program.
    for release in ["1.15.15", "1.20.14", "1.26.8"] {
        let (carried, code) = (nameless(release), vec![0xcc; 0x20_0000]);
        let segment = |addr, data: Vec<u8>, exec: bool| {
            let size = data.len() as u64;
            Segment { addr, size, data: data.into(), read: true, write: !exec, exec }
        };
        let segments = vec![segment(0x40_0000, code, true), segment(0x80_0000, carried, false)];
        let info = SegmentsInfo { entry: Some(0x40_1001), ..info };
        let image = Image::from_segments(info, segments).unwrap();
        assert!(matches!(Metadata::read(&image), Err(Error::NotGo { .. })), "go{release}");
    }
}

/// A function table as Go 1.2 to 1.4 write it, whose toolchains do not run any more: no moduledata, frame sizes in the
/// records, file names in the table.
fn early_program() -> Vec<u8> {
    const NAMES: [&str; 3] = ["main.main", "runtime.goexit", "runtime.morestack"];
    let start = 16 + 16 * NAMES.len() as u32 + 16;
    let (mut functab, mut tail) = (Vec::new(), Vec::new());
    for (entry, name) in (0x40_1000u64..).step_by(64).zip(NAMES) {
        let record = start + tail.len() as u32;
        functab.extend([entry, u64::from(record)].map(u64::to_le_bytes).concat());
        // Name, arguments, frame, tables of SP, files and lines, PCDATA and FUNCDATA counts.
        let numbers = [record + 56, 16, 0x68, record + 80, record + 88, record + 92, 0, 2].map(u32::to_le_bytes);
        tail.extend([&entry.to_le_bytes(), numbers.as_flattened(), &[0; 16]].concat());
        tail.extend([name.as_bytes(), &[0; 24]].concat().into_iter().take(24));
        tail.extend([2, 4, 0xd0, 1, 60, 0, 0, 0, 4, 64, 0, 0, 20, 64, 0, 0]);
    }
    let files = start + tail.len() as u32;
    functab.extend((0x40_1000u64 + 64 * NAMES.len() as u64).to_le_bytes());
    functab.extend(u64::from(files).to_le_bytes());
    tail.extend([2, files + 8].map(u32::to_le_bytes).concat());
    tail.extend(b"main.go\0");
    let head = [0xffff_fffbu32.to_le_bytes(), [0, 0, 1, 8], [NAMES.len() as u8, 0, 0, 0], [0; 4]].concat();
    [head, functab, tail].concat()
}

#[test]
fn programs_from_before_moduledata_have_functions() {
    let data = early_program();
    let segment = |addr, data: Vec<u8>, exec: bool| {
        let size = data.len() as u64;
        Segment { addr, size, data: data.into(), read: true, write: false, exec }
    };
    let segments = vec![segment(0x40_1000, vec![0x90; 192], true), segment(0x50_0000, data, false)];
    let info = SegmentsInfo { arch: Arch::Amd64, os: Os::Linux, base: None, entry: None };
    let image = Image::from_segments(info, segments).unwrap();
    let metadata = Metadata::read(&image).unwrap();
    assert_eq!((metadata.version.text.as_str(), metadata.notes), ("go1.2-go1.4", vec![]));
    let table = &metadata.pclntab;
    let lines = table.funcs.iter().map(|f| {
        let (file, line) = table.file_line(&image, f);
        let deltas: Vec<_> = table.sp_deltas(&image, f).unwrap().map(|v| v.value).collect();
        let (name, args) = (table.name(&image, f), f.args.unwrap());
        format!("{:x}..{:x} {name} {:?} {args} {file}:{line} {deltas:?}", f.entry, f.end, f.id)
    });
    let expected = [
        "401000..401040 main.main Normal 16 main.go:9 [0, 104]",
        "401040..401080 runtime.goexit Goexit 16 main.go:9 [0, 104]",
        "401080..4010c0 runtime.morestack Morestack 16 main.go:9 [0, 104]",
    ];
    assert_eq!(lines.collect::<Vec<_>>(), expected);
}

#[test]
fn an_unknown_release_is_read_like_the_newest() {
    let mut data = linux("1.27.0");
    let known = Metadata::read(&Image::parse(&data).unwrap()).unwrap();
    let at = pclntab_offset(&data);
    data[at..at + 4].copy_from_slice(&0xffff_ffefu32.to_le_bytes());
    let hits: Vec<_> = data.windows(8).enumerate().filter(|(_, w)| w == b"go1.27.0").map(|(i, _)| i).collect();
    hits.into_iter().for_each(|i| data[i..i + 8].copy_from_slice(b"go1.31.0"));
    let unknown = Metadata::read(&Image::parse(&data).unwrap()).unwrap();
    assert_eq!((unknown.version.text.as_str(), unknown.version.source), ("go1.31.0", VersionSource::BuildInfo));
    assert_eq!((unknown.pclntab.funcs, unknown.modules), (known.pclntab.funcs, known.modules));
    assert_eq!(unknown.notes.len(), 1);
}
