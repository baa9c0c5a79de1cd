//! Containers as Go makes them, and as attackers do.

#[path = "support/go.rs"]
mod go;

use go::{Build, plain};
use goabi::arch::{Arch, Os};
use goabi::error::Error;
use goabi::image::{Format, Image};

type Row = (&'static str, &'static str, Format, Os, Arch);

const PLATFORMS: [Row; 12] = [
    ("linux", "amd64", Format::Elf, Os::Linux, Arch::Amd64),
    ("linux", "386", Format::Elf, Os::Linux, Arch::I386),
    ("linux", "arm64", Format::Elf, Os::Linux, Arch::Arm64),
    ("linux", "arm", Format::Elf, Os::Linux, Arch::Arm),
    ("linux", "riscv64", Format::Elf, Os::Linux, Arch::Riscv64),
    ("linux", "ppc64le", Format::Elf, Os::Linux, Arch::Ppc64le),
    ("linux", "s390x", Format::Elf, Os::Linux, Arch::S390x),
    ("freebsd", "amd64", Format::Elf, Os::FreeBsd, Arch::Amd64),
    ("windows", "amd64", Format::Pe, Os::Windows, Arch::Amd64),
    ("windows", "386", Format::Pe, Os::Windows, Arch::I386),
    ("darwin", "amd64", Format::MachO, Os::Darwin, Arch::Amd64),
    ("darwin", "arm64", Format::MachO, Os::Darwin, Arch::Arm64),
];

fn address(image: &Image<'_>, symbol: &str) -> u64 {
    image.symbol(symbol).expect(symbol).addr
}

/// `main.table` is a slice of one function value: slice → function value → code.
fn follow_table(image: &Image<'_>, function: &str) {
    let at = |addr| image.word(addr).expect("a mapped address");
    let code = at(at(at(address(image, "main.table"))));
    assert_eq!(code, address(image, function));
    assert!(image.is_exec(code));
    // The first word of moduledata points at the pclntab (runtime/symtab.go).
    assert_eq!(at(address(image, "runtime.firstmoduledata")), address(image, "runtime.pclntab"));
}

fn check(image: &Image<'_>, (goos, goarch, format, os, arch): Row) {
    assert_eq!((image.format, image.os, image.arch), (format, os, arch), "{goos}/{goarch}");
    assert!(image.notes.is_empty(), "{goos}/{goarch}: {:?}", image.notes);
    assert!(image.is_exec(image.entry), "{goos}/{goarch}: entry {:#x}", image.entry);
    assert!(image.base <= image.segments[0].addr && image.segments.is_sorted_by_key(|s| s.addr));
    follow_table(image, "main.add");
    let symbol = image.symbol("main.add").expect("main.add");
    assert!(symbol.function, "{goos}/{goarch}");
    assert!(image.symbols_at(symbol.addr).contains(symbol));
}

#[test]
fn every_platform_reads_the_same() {
    for row in PLATFORMS {
        let data = plain("tiny", row.0, row.1).bytes();
        check(&Image::parse(&data).expect(row.1), row);
    }
}

#[test]
fn pointers_of_position_independent_programs_are_relocated() {
    for arch in ["amd64", "arm64", "ppc64le"] {
        let data = Build { args: &["-buildmode=pie"], ..plain("tiny", "linux", arch) }.bytes();
        let image = Image::parse(&data).expect(arch);
        assert_eq!(image.notes, [""; 0], "{arch}");
        follow_table(&image, "main.add");
        let copies: usize = image.segments.iter().map(|s| if s.write { s.data.len() } else { 0 }).sum();
        assert!(copies < data.len() / 2, "only data is copied");
    }
}

#[test]
fn shared_libraries_have_exports_imports_and_final_pointers() {
    for flags in ["", "-extldflags=-Wl,-z,pack-relative-relocs"] {
        let args = ["-buildmode=c-shared", "-ldflags", flags];
        let data = Build { args: &args, cgo: true, ..plain("shared", "linux", "amd64") }.bytes();
        let image = Image::parse(&data).expect("c-shared");
        follow_table(&image, "main.GoabiAdd");
        let export = image.exports.iter().find(|e| e.name == "GoabiAdd").expect("the exported function");
        assert_eq!(export.addr, address(&image, "GoabiAdd"));
        let malloc = image.imports.iter().find(|i| i.name == "malloc").expect("malloc");
        assert_eq!(malloc.library, "libc.so.6");
        assert_eq!(image.import_at(malloc.slot), Some(malloc));
        assert!(image.is_mapped(malloc.slot) && !image.is_exec(malloc.slot));
    }
}

#[test]
fn imports_of_windows_and_macos_have_libraries_and_slots() {
    const SYSTEM: &str = "/usr/lib/libSystem.B.dylib";
    let rows = [
        ("windows", "amd64", "", "WriteFile", "kernel32.dll"),
        ("windows", "386", "", "WriteFile", "kernel32.dll"),
        ("darwin", "amd64", "", "write", SYSTEM),
        ("darwin", "arm64", "", "write", SYSTEM),
        // No bind opcodes, only indirect symbols; no types in the COFF symbols.
        ("darwin", "amd64", "go1.18.10", "write", SYSTEM),
        ("windows", "amd64", "go1.18.10", "WriteFile", "kernel32.dll"),
    ];
    for (goos, goarch, toolchain, name, library) in rows {
        let data = Build { toolchain, ..plain("tiny", goos, goarch) }.bytes();
        let image = Image::parse(&data).expect(goarch);
        let import = image.imports.iter().find(|i| i.name == name).expect(name);
        assert_eq!(import.library, library);
        assert_eq!(image.import_at(import.slot), Some(import));
        assert!(image.word(import.slot).is_some(), "{goos}/{goarch}: the slot holds a word");
        assert!(image.symbol("main.add").is_some_and(|s| s.function), "{goos}/{goarch}");
    }
}

#[test]
fn debug_sections_are_found_under_every_spelling_and_inflated() {
    for (goos, goarch) in [("linux", "amd64"), ("linux", "s390x"), ("windows", "amd64"), ("darwin", "arm64")] {
        let data = plain("tiny", goos, goarch).bytes();
        let image = Image::parse(&data).expect(goarch);
        let info = image.debug_section(".debug_info").expect(goos);
        let big = image.arch.info().big_endian;
        let mut unit = goabi::reader::Reader::new(&info, big, 8);
        assert!((unit.u32().expect("length") as usize) < info.len(), "{goos}");
        assert!(matches!(unit.u16(), Some(4 | 5)), "{goos}: the DWARF version follows");
        assert!(image.debug_section(".debug_nothing").is_none());
        assert_eq!(image.section(".gopclntab").is_some(), goos != "windows", "PE has no section of its own for it");
    }
}

/// Overwrites ELF64's e_shoff, e_shnum and e_shstrndx, as sstrip does.
fn without_sections(mut data: Vec<u8>) -> Vec<u8> {
    data[0x28..0x30].fill(0);
    data[0x3c..0x40].fill(0);
    data
}

#[test]
fn section_headers_are_not_needed() {
    let data = Build { args: &["-buildmode=pie"], ..plain("tiny", "linux", "amd64") }.bytes();
    let whole = Image::parse(&data).expect("whole");
    let stripped = without_sections(data.clone());
    let image = Image::parse(&stripped).expect("without sections");
    assert_eq!((image.sections.len(), image.symbols.len()), (0, 0));
    assert_eq!((image.base, image.entry), (whole.base, whole.entry));
    // The first segment holds the headers, which differ.
    assert_eq!(image.segments[1..], whole.segments[1..], "relocations come from the dynamic segment");

    let mut garbage = data.clone();
    garbage[0x28..0x30].fill(0xee);
    let image = Image::parse(&garbage).expect("damaged section headers");
    assert_eq!(image.segments[1..], whole.segments[1..]);
    assert!(image.notes.iter().any(|n| n.starts_with("section headers")), "{:?}", image.notes);
}

const SAMPLES: [(&str, &str); 5] =
    [("linux", "amd64"), ("linux", "386"), ("windows", "amd64"), ("darwin", "amd64"), ("darwin", "arm64")];

#[test]
fn truncated_files_are_named_so_or_noted() {
    for (goos, goarch) in SAMPLES {
        let data = plain("tiny", goos, goarch).bytes();
        for percent in (0..100).step_by(5) {
            let cut = &data[..data.len() * percent / 100];
            match Image::parse(cut) {
                Err(Error::Malformed { offset, .. }) => assert!(offset as usize <= cut.len(), "{goos} {percent}%"),
                Err(Error::Cut { end, size, .. }) => {
                    assert!(size as usize == cut.len() && end > size, "{goos} {percent}%")
                }
                Err(error) => assert!(percent == 0 && error == Error::Empty, "{goos} {percent}%: {error}"),
                Ok(image) => assert!(!image.notes.is_empty(), "{goos}/{goarch} {percent}% passed as whole"),
            }
        }
    }
}

#[test]
fn damaged_headers_never_panic() {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for (goos, goarch) in SAMPLES {
        let mut data = plain("tiny", goos, goarch).bytes();
        for at in 0..4096 {
            random = random.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            let kept = data[at];
            data[at] = [0, 0xff, kept ^ 0x80, (random >> 56) as u8][at % 4];
            if let Ok(image) = Image::parse(&data) {
                std::hint::black_box((image.word(image.entry), image.debug_section(".debug_abbrev").map(|d| d.len())));
            }
            data[at] = kept;
        }
    }
}

#[test]
fn damage_anywhere_never_panics_and_is_read_in_time() {
    let library =
        Build { args: &["-buildmode=c-shared", "-ldflags", ""], cgo: true, ..plain("shared", "linux", "amd64") };
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: usize| {
        random = random.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (random >> 33) as usize % below
    };
    let start = std::time::Instant::now();
    for build in [library, plain("tiny", "windows", "amd64"), plain("tiny", "darwin", "arm64")] {
        let mut data = build.bytes();
        for _ in 0..1000 {
            let kept: Vec<_> = (0..8).map(|_| next(data.len() - 8)).map(|at| (at, data[at..at + 8].to_vec())).collect();
            for (at, _) in &kept {
                let size = 1 << next(4);
                let byte = [0, 0xff, 1, next(256) as u8][next(4)];
                data[*at..at + size].fill(byte);
            }
            if let Ok(image) = Image::parse(&data) {
                std::hint::black_box((image.word(image.entry), image.imports.len()));
            }
            kept.iter().rev().for_each(|(at, bytes)| data[*at..at + 8].copy_from_slice(bytes));
        }
    }
    assert!(start.elapsed().as_secs() < 300, "100 ms for each file at most, on any machine");
}

/// A universal file of whole files, each on a page of its own.
fn universal(parts: &[(u32, &[u8])]) -> Vec<u8> {
    let mut header = [0xcafe_babe_u32, parts.len() as u32].map(u32::to_be_bytes).concat();
    let mut body = Vec::new();
    for (cpu, bytes) in parts {
        body.resize(body.len().next_multiple_of(0x4000), 0);
        let offset = 0x4000 + body.len() as u32;
        header.extend([*cpu, 0, offset, bytes.len() as u32, 14].map(u32::to_be_bytes).concat());
        body.extend_from_slice(bytes);
    }
    header.resize(0x4000, 0);
    [header, body].concat()
}

#[test]
fn universal_files_hold_the_machine_asked_for() {
    const X86_64: u32 = 0x0100_0007;
    const ARM64: u32 = 0x0100_000c;
    let (amd64, arm64) = (plain("tiny", "darwin", "amd64").bytes(), plain("tiny", "darwin", "arm64").bytes());
    let both = universal(&[(ARM64, &arm64), (X86_64, &amd64)]);
    let image = Image::parse(&both).expect("both");
    assert_eq!(image.arch, Arch::Amd64);
    assert_eq!(image.notes, ["universal file of 2 machines; this is amd64"]);
    follow_table(&image, "main.add");
    assert!(image.debug_section(".debug_info").is_some());
    assert_eq!(Image::parse_arch(&both, Some(Arch::Arm64)).expect("arm64").arch, Arch::Arm64);
    let other = Image::parse_arch(&both, Some(Arch::I386)).expect_err("386 is not in it");
    assert_eq!(other, Error::UnsupportedMachine { machine: "386".to_string() });
    assert_eq!(Image::parse(&universal(&[(18, b"PowerPC"), (ARM64, &arm64)])).expect("arm64").arch, Arch::Arm64);
    let error = Image::parse(&both[..both.len() / 2]).expect_err("cut off");
    assert!(matches!(error, Error::Malformed { .. } | Error::Cut { .. }), "{error}");
}

#[test]
fn machines_without_go_are_refused_by_name() {
    let mut data = plain("tiny", "linux", "amd64").bytes();
    data[18] = 43;
    let error = Image::parse(&data).expect_err("SPARC");
    assert_eq!(error, Error::UnsupportedMachine { machine: "43 (ELF, 64-bit, little-endian)".to_string() });
}
