//! A hand-made DLL: exports by name, by number and forwarded, imports by name and by number, a long section name.

use super::*;

const BASE: u64 = 0x1_8000_0000;
/// Address of the only loaded section, relative to the image, and its place in the file.
const RVA: u32 = 0x1000;
const RAW: usize = 0x400;

fn put(out: &mut [u8], at: usize, values: &[u32]) {
    values.iter().enumerate().for_each(|(i, v)| out[at + 4 * i..][..4].copy_from_slice(&v.to_le_bytes()));
}

fn text(out: &mut [u8], at: usize, text: &[u8]) {
    out[at..at + text.len()].copy_from_slice(text);
}

fn section(out: &mut [u8], at: usize, name: &[u8], [size, rva, raw_size, raw]: [u32; 4], flags: u32) {
    text(out, at, name);
    put(out, at + 8, &[size, rva, raw_size, raw]);
    put(out, at + 36, &[flags]);
}

fn dll() -> Vec<u8> {
    let mut out = vec![0; 0xa00];
    text(&mut out, 0, b"MZ");
    put(&mut out, 60, &[0x80]);
    text(&mut out, 0x80, b"PE\0\0\x64\x86\x02\0");
    // No symbols, but names at 0x900; optional header of 240 bytes, PE32+.
    put(&mut out, 0x8c, &[0x900, 0, 0x2022_00f0, 0x20b]);
    put(&mut out, 0xa8, &[0x1010, RVA]);
    out[0xb0..0xb8].copy_from_slice(&BASE.to_le_bytes());
    put(&mut out, 0xb8, &[0x1000, 0x200]);
    put(&mut out, 0xd0, &[0x3000, 0x400]);
    // Sixteen directories: exports of 0x100 bytes, imports.
    put(&mut out, 0x104, &[16, RVA + 0x100, 0x100, RVA + 0x200, 0x28]);
    section(&mut out, 0x188, b".text", [0x400, RVA, 0x400, RAW as u32], 0x6000_0020);
    section(&mut out, 0x1b0, b"/4", [0x10, 0x2000, 0x200, 0x800], 0x4200_0040);
    put(&mut out, 0x900, &[4 + 14]);
    text(&mut out, 0x904, b".debug_abbrev\0");
    text(&mut out, 0x800, b"abbreviations");
    exports(&mut out[RAW..]);
    imports(&mut out[RAW..]);
    out
}

/// Ordinal 5 is `Run`, 6 is elsewhere, 7 has no name.
fn exports(out: &mut [u8]) {
    put(out, 0x110, &[5, 3, 1, RVA + 0x130, RVA + 0x140, RVA + 0x150]);
    put(out, 0x130, &[RVA + 0x10, RVA + 0x168, RVA + 0x20]);
    put(out, 0x140, &[RVA + 0x160]);
    put(out, 0x150, &[0]);
    text(out, 0x160, b"Run\0");
    text(out, 0x168, b"other.Function\0");
}

fn imports(out: &mut [u8]) {
    put(out, 0x200, &[RVA + 0x240, 0, 0, RVA + 0x280, RVA + 0x260]);
    for table in [0x240, 0x260] {
        put(out, table, &[RVA + 0x290, 0, 7, 0x8000_0000]);
    }
    text(out, 0x280, b"kernel32.dll\0");
    text(out, 0x290, b"\0\0ExitProcess\0");
}

#[test]
fn libraries_have_exports_and_imports() {
    let data = dll();
    let image = Image::parse(&data).unwrap();
    assert!(image.notes.is_empty(), "{:?}", image.notes);
    assert_eq!((image.base, image.entry), (BASE, BASE + 0x1010));
    let export = |name: &'static str, rva| Export { name: name.into(), addr: BASE + rva };
    assert_eq!(image.exports, [export("Run", 0x1010), export("#7", 0x1020)]);
    let import =
        |name: &'static str, rva| Import { name: name.into(), library: "kernel32.dll".into(), slot: BASE + rva };
    assert_eq!(image.imports, [import("ExitProcess", 0x1260), import("#7", 0x1268)]);
    assert_eq!(image.debug_section(".debug_abbrev").as_deref(), Some(&b"abbreviations\0\0\0"[..]));
    assert!(!image.is_mapped(BASE + 0x2000), "debug information is no memory");
    assert!(image.is_exec(image.entry) && !image.is_exec(BASE));
}

#[test]
fn names_that_point_nowhere_cost_only_themselves() {
    let mut data = dll();
    put(&mut data, RAW + 0x240, &[0x7fff_0000]);
    let image = Image::parse(&data).unwrap();
    assert_eq!(image.imports.iter().map(|i| &*i.name).collect::<Vec<_>>(), ["#7"]);
    assert_eq!(image.import_at(BASE + 0x1268).map(|i| &*i.library), Some("kernel32.dll"));
}

#[test]
fn other_machines_are_refused() {
    let mut data = dll();
    data[0x84] = 0x66;
    let error = Image::parse(&data).unwrap_err();
    assert_eq!(error, Error::UnsupportedMachine { machine: "0x8666 (PE, 64-bit)".to_string() });
}
