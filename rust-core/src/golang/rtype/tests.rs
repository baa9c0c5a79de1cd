//! Descriptors of releases for which there are no toolchains, written byte by byte.

use super::TypeReader;
use crate::arch::{Arch, Os};
use crate::golang::version::Version;
use crate::image::{Image, Segment, SegmentsInfo};
use crate::types::{Kind, Types};

const DATA: u64 = 0x1_0000;
const CODE: u64 = 0x2_0000;

/// Offsets in the header, as `runtime/type.h` and `reflect/type.go` of the release have them, for 64 bits.
struct Header {
    minor: u16,
    align: u64,
    kind: u64,
    string: u64,
    uncommon: u64,
    len: u64,
}

const HEADERS: [Header; 4] = [
    Header { minor: 2, align: 13, kind: 15, string: 32, uncommon: 40, len: 56 },
    Header { minor: 3, align: 13, kind: 15, string: 32, uncommon: 40, len: 64 },
    Header { minor: 4, align: 13, kind: 15, string: 40, uncommon: 48, len: 72 },
    Header { minor: 6, align: 21, kind: 23, string: 40, uncommon: 48, len: 64 },
];

struct Memory(Vec<u8>);

impl Memory {
    fn put(&mut self, at: u64, bytes: &[u8]) {
        let at = (at - DATA) as usize;
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn words(&mut self, at: u64, words: &[u64]) {
        words.iter().zip(0..).for_each(|(word, i)| self.put(at + 8 * i, &word.to_le_bytes()));
    }

    /// A Go string's header, with its bytes behind it.
    fn string(&mut self, at: u64, text: &str) -> u64 {
        self.words(at, &[at + 16, text.len() as u64]);
        self.put(at + 16, text.as_bytes());
        at
    }

    fn header(&mut self, h: &Header, at: u64, (kind, size, align): (u8, u64, u8), name: u64) {
        self.words(at, &[size]);
        self.put(at + h.align, &[align]);
        self.put(at + h.kind, &[kind]);
        self.words(at + h.string, &[name]);
    }
}

/// `type T struct { a int32; next *T }` with a method `Get(int32) bool`, in the layout of one release.
fn program(h: &Header) -> Vec<u8> {
    let mut m = Memory(vec![0; 0x2000]);
    let [t, pointer, int32, boolean, func] = [0, 0x100, 0x200, 0x300, 0x400].map(|at| DATA + at);
    let strings = ["p.T", "*p.T", "int32", "bool", "func(int32) bool", "T", "a/p", "a", "next", "Get"];
    let named: Vec<u64> = (0..).zip(strings).map(|(i, s)| m.string(DATA + 0x1000 + 0x40 * i, s)).collect();
    m.header(h, t, (25, 16, 8), named[0]);
    m.header(h, pointer, (22, 8, 8), named[1]);
    m.header(h, int32, (5, 4, 4), named[2]);
    m.header(h, boolean, (1, 1, 1), named[3]);
    m.header(h, func, (19, 8, 8), named[4]);
    m.words(pointer + h.len, &[t]);
    // name, pkgPath, typ, tag, offset
    m.words(t + h.len, &[DATA + 0x600, 2, 2]);
    m.words(DATA + 0x600, &[named[7], named[6], int32, 0, 0, named[8], named[6], pointer, 0, 8]);
    // dotdotdot, in, out
    m.words(func + h.len, &[0, DATA + 0x700, 1, 1, DATA + 0x708, 1, 1]);
    m.words(DATA + 0x700, &[int32, boolean]);
    // name, pkgPath, methods; name, pkgPath, mtyp, typ, ifn, tfn
    m.words(t + h.uncommon, &[DATA + 0x800]);
    m.words(DATA + 0x800, &[named[5], named[6], DATA + 0x900, 1, 1]);
    m.words(DATA + 0x900, &[named[9], 0, func, 0, CODE + 0x10, CODE + 0x20]);
    m.0
}

#[test]
fn types_from_before_name_offsets_are_read() {
    for header in &HEADERS {
        let segment = |addr, data: Vec<u8>, exec| {
            let size = data.len() as u64;
            Segment { addr, size, data: data.into(), read: true, write: false, exec }
        };
        let info = SegmentsInfo { arch: Arch::Amd64, os: Os::Linux, base: None, entry: None };
        let segments = vec![segment(DATA, program(header), false), segment(CODE, vec![0xc3; 0x100], true)];
        let image = Image::from_segments(info, segments).unwrap();
        let (mut types, version) = (Types::default(), Version::inferred(header.minor, header.minor));
        let mut reader = TypeReader::new(&image, &version, &[]);
        let id = reader.at(DATA, &mut types).unwrap();
        let Kind::Struct(fields) = &types.get(id).unwrap().kind else { panic!("not a struct") };
        let text = |id| types.get(id).unwrap().name.clone();
        let fields: Vec<String> = fields.iter().map(|f| format!("{} {} @{}", f.name, text(f.ty), f.offset)).collect();
        assert_eq!((text(id).as_str(), fields.join(", ").as_str()), ("p.T", "a int32 @0, next *p.T @8"));
        assert_eq!(types.get(types.named("*p.T").next().unwrap()).unwrap().kind, Kind::Pointer(Some(id)));
        let uncommon = reader.uncommon(DATA, &reader.header(DATA).unwrap()).unwrap();
        assert_eq!((reader.named(DATA).map(|(path, _)| path), uncommon.path), (Some("a/p"), "a/p"));
        let method = uncommon.methods[0];
        assert_eq!((method.name, method.ifn, method.tfn), ("Get", CODE + 0x10, CODE + 0x20));
        let signature = reader.method(method.mtyp, id, &mut types).unwrap();
        let name = |i: crate::types::TypeId| types.get(i).unwrap().name.clone();
        let params: Vec<String> = signature.params.iter().map(|param| name(param.ty)).collect();
        assert_eq!((params.join(", "), name(signature.results[0].ty)), ("p.T, int32".into(), "bool".into()));
    }
}

/// A struct that contains itself has no size; a reader must neither follow it for ever nor call it sound.
#[test]
fn types_that_contain_themselves_are_refused() {
    let header = &HEADERS[3];
    let mut memory = Memory(program(header));
    memory.words(DATA + 0x600 + 16, &[DATA]);
    let data = memory.0;
    let segment = Segment { addr: DATA, size: 0x2000, data: data.into(), read: true, write: false, exec: false };
    let info = SegmentsInfo { arch: Arch::Amd64, os: Os::Linux, base: None, entry: None };
    let image = Image::from_segments(info, vec![segment]).unwrap();
    let mut types = Types::default();
    let mut reader = TypeReader::new(&image, &Version::inferred(6, 6), &[]);
    assert_eq!(reader.at(DATA, &mut types), None);
    assert!(reader.at(DATA + 0x100, &mut types).is_some(), "a pointer to it is a pointer all the same");
}
