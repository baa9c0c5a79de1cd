//! A hand-made Mach-O file with chained fixups in each of the pointer formats that programs use.

use super::*;

const TEXT: u64 = 0x1_0000_0000;
const DATA: u64 = TEXT + 0x4000;

/// Format number, and the links: a rebase to TEXT + 0x10 that goes on 8 bytes later, and a bind of import 1 that ends.
type Row = (u16, u64, u64);

const ROWS: [Row; 6] = [
    // target:36 high8:8 zero:7 next:12 (in 4 bytes) bind:1; ordinal:24 addend:8 zero:19.
    (2, (TEXT + 0x10) | 2 << 51, 1 << 63 | 1),
    (6, 0x10 | 2 << 51, 1 << 63 | 1),
    // target:43 high8:8 next:11 (in 8 bytes) bind:1 auth:1; ordinal:16.
    (1, (TEXT + 0x10) | 1 << 51, 1 << 62 | 1),
    (9, 0x10 | 1 << 51, 1 << 62 | 1),
    // Signed: target:32 diversity:16 address:1 key:2 next:11 bind:1 auth:1.
    (9, 0x10 | 0xbeef << 32 | 1 << 48 | 1 << 51 | 1 << 63, 1 << 63 | 1 << 62 | 0xbeef << 32 | 1),
    (12, 0x10 | 0xbeef << 32 | 1 << 51 | 1 << 63, 1 << 62 | 1),
];

struct Writer(Vec<u8>);

impl Writer {
    fn put(&mut self, at: usize, bytes: &[u8]) -> usize {
        self.0.resize(self.0.len().max(at + bytes.len()), 0);
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
        at + bytes.len()
    }

    fn u32s(&mut self, at: usize, values: &[u32]) -> usize {
        values.iter().fold(at, |at, v| self.put(at, &v.to_le_bytes()))
    }

    fn u64s(&mut self, at: usize, values: &[u64]) -> usize {
        values.iter().fold(at, |at, v| self.put(at, &v.to_le_bytes()))
    }

    fn segment(&mut self, at: usize, name: &[u8], addr: u64, offset: u64, size: u64, protection: u32) -> usize {
        self.u32s(at, &[0x19, 72]);
        self.put(at + 8, name);
        self.u64s(at + 24, &[addr, size, offset, size]);
        self.u32s(at + 56, &[protection, protection, 0, 0])
    }
}

fn file((format, rebase, bind): Row) -> Vec<u8> {
    let mut w = Writer(vec![0; 0xc200]);
    w.u32s(0, &[0xfeed_facf, 0x0100_000c, 0, 2, 5, 2 * 72 + 48 + 16 + 24, 0, 0]);
    let at = w.segment(32, b"__TEXT", TEXT, 0, 0x4000, 5);
    let at = w.segment(at, b"__DATA", DATA, 0x4000, 0x8000, 3);
    w.u32s(at, &[0xc, 48, 24, 0, 0, 0]);
    w.put(at + 24, b"/usr/lib/libx.dylib");
    let at = w.u32s(at + 48, &[0x8000_0034, 16, 0xc000, 0x200]);
    w.u32s(at, &[0x8000_0028, 24, 0x1000, 0, 0, 0]);
    // Version, starts, imports, names, import count and format; the second segment has two pages.
    w.u32s(0xc000, &[0, 0x20, 0x80, 0x100, 2, 1, 0]);
    w.u32s(0xc020, &[2, 0, 0x10, 0, 26]);
    w.put(0xc034, &0x4000u16.to_le_bytes());
    w.put(0xc036, &format.to_le_bytes());
    w.u64s(0xc038, &[0x4000]);
    w.u32s(0xc040, &[0]);
    [2u16, 0x20, 0xffff].iter().fold(0xc044, |at, v| w.put(at, &v.to_le_bytes()));
    // Imports are library:8 weak:1 name:23.
    w.u32s(0xc080, &[1 | 1 << 9, 1 | 7 << 9]);
    w.put(0xc100, b"\0_open\0_close\0");
    w.u64s(0x4020, &[rebase, bind]);
    w.0
}

#[test]
fn chains_become_pointers_and_imports() {
    for row in ROWS {
        let data = file(row);
        let image = Image::parse(&data).unwrap();
        assert!(image.notes.is_empty(), "{:?}", image.notes);
        assert_eq!((image.base, image.entry), (TEXT, TEXT + 0x1000));
        assert_eq!(image.word(DATA + 0x20), Some(TEXT + 0x10), "format {}", row.0);
        assert_eq!(image.word(DATA + 0x28), Some(0), "format {}", row.0);
        let close = Import { name: "close".into(), library: "/usr/lib/libx.dylib".into(), slot: DATA + 0x28 };
        assert_eq!(image.imports, [close], "format {}", row.0);
    }
}

#[test]
fn damaged_chains_are_noted_and_the_rest_stays() {
    let mut data = file(ROWS[0]);
    // The second page's chain starts behind the segment's end.
    data[0xc048..0xc04a].copy_from_slice(&0x7ffeu16.to_le_bytes());
    let image = Image::parse(&data).unwrap();
    assert_eq!(image.notes.len(), 1, "{:?}", image.notes);
    assert_eq!(image.word(DATA + 0x20), Some(TEXT + 0x10), "the first page was applied");
}
