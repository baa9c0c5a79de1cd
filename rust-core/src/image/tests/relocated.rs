//! A hand-made shared object for each machine: relocations by number, imports by version.

use super::*;
use object::elf;

/// Machine, ELF's number, relative, absolute, GLOB_DAT and JUMP_SLOT relocations, and whether they have addends.
type Row = (Arch, elf::Machine, [elf::RelocationType; 4], bool);

const ROWS: [Row; 10] = [
    (Arch::Amd64, elf::EM_X86_64, AMD64, true),
    (Arch::I386, elf::EM_386, I386, false),
    (Arch::Arm64, elf::EM_AARCH64, ARM64, true),
    (Arch::Arm, elf::EM_ARM, ARM, false),
    (Arch::Ppc64le, elf::EM_PPC64, PPC64, true),
    (Arch::Ppc64, elf::EM_PPC64, PPC64, true),
    (Arch::Riscv64, elf::EM_RISCV, RISCV, true),
    (Arch::Loong64, elf::EM_LOONGARCH, LOONG, true),
    (Arch::S390x, elf::EM_S390, S390, true),
    (Arch::Mips, elf::EM_MIPS, MIPS, false),
];

const AMD64: [elf::RelocationType; 4] =
    [elf::R_X86_64_RELATIVE, elf::R_X86_64_64, elf::R_X86_64_GLOB_DAT, elf::R_X86_64_JUMP_SLOT];
const I386: [elf::RelocationType; 4] = [elf::R_386_RELATIVE, elf::R_386_32, elf::R_386_GLOB_DAT, elf::R_386_JMP_SLOT];
const ARM64: [elf::RelocationType; 4] =
    [elf::R_AARCH64_RELATIVE, elf::R_AARCH64_ABS64, elf::R_AARCH64_GLOB_DAT, elf::R_AARCH64_JUMP_SLOT];
const ARM: [elf::RelocationType; 4] =
    [elf::R_ARM_RELATIVE, elf::R_ARM_ABS32, elf::R_ARM_GLOB_DAT, elf::R_ARM_JUMP_SLOT];
const PPC64: [elf::RelocationType; 4] =
    [elf::R_PPC64_RELATIVE, elf::R_PPC64_ADDR64, elf::R_PPC64_GLOB_DAT, elf::R_PPC64_JMP_SLOT];
const RISCV: [elf::RelocationType; 4] =
    [elf::R_RISCV_RELATIVE, elf::R_RISCV_64, elf::R_RISCV_64, elf::R_RISCV_JUMP_SLOT];
const LOONG: [elf::RelocationType; 4] =
    [elf::R_LARCH_RELATIVE, elf::R_LARCH_64, elf::R_LARCH_64, elf::R_LARCH_JUMP_SLOT];
const S390: [elf::RelocationType; 4] = [elf::R_390_RELATIVE, elf::R_390_64, elf::R_390_GLOB_DAT, elf::R_390_JMP_SLOT];
const MIPS: [elf::RelocationType; 4] = [elf::R_MIPS_REL32, elf::R_MIPS_REL32, elf::R_MIPS_REL32, elf::R_MIPS_JUMP_SLOT];

/// Bytes being written in one byte order and word size.
struct Writer {
    out: Vec<u8>,
    wide: bool,
    big: bool,
}

impl Writer {
    fn put(&mut self, at: usize, size: usize, value: u64) -> usize {
        let bytes = if self.big { (value << (64 - 8 * size)).to_be_bytes() } else { value.to_le_bytes() };
        self.out[at..at + size].copy_from_slice(&bytes[..size]);
        at + size
    }

    /// Values with their sizes; 0 stands for the word size.
    fn record(&mut self, at: usize, fields: &[(usize, u64)]) -> usize {
        let word = if self.wide { 8 } else { 4 };
        fields.iter().fold(at, |at, (size, value)| self.put(at, if *size == 0 { word } else { *size }, *value))
    }
}

const BASE: u64 = 0x10000;
/// Where the four relocated words lie.
const WORDS: u64 = BASE + 0x800;

fn header(w: &mut Writer, machine: elf::Machine) {
    w.out[..7].copy_from_slice(&[0x7f, b'E', b'L', b'F', if w.wide { 2 } else { 1 }, if w.big { 2 } else { 1 }, 1]);
    let sizes = if w.wide { (64, 56) } else { (52, 32) };
    let counts = [(4, 0), (2, sizes.0), (2, sizes.1), (2, 2), (2, 64), (2, 0), (2, 0)];
    let start = [(2, 3), (2, machine.0.into()), (4, 1), (0, BASE), (0, 0x100), (0, 0)];
    w.record(16, &[&start[..], &counts].concat());
    let mut at = 0x100;
    for (kind, offset, size) in [(1u64, 0u64, 0x1000u64), (2, 0x200, 0x200)] {
        let (flags, addr) = ((4, 6u64), BASE + offset);
        let tail = [(0, addr), (0, addr), (0, size), (0, size)];
        at = match w.wide {
            true => w.record(at, &[&[(4, kind), flags, (0, offset)][..], &tail, &[(0, 8)]].concat()),
            false => w.record(at, &[&[(4, kind), (0, offset)][..], &tail, &[flags, (0, 4)]].concat()),
        };
    }
}

fn symbol(w: &mut Writer, at: usize, name: u64, value: u64, section: u64) -> usize {
    let kind = (1, 0x12);
    match w.wide {
        true => w.record(at, &[(4, name), kind, (1, 0), (2, section), (0, value), (0, 0)]),
        false => w.record(at, &[(4, name), (0, value), (0, 0), kind, (1, 0), (2, section)]),
    }
}

fn shared_object((arch, machine, kinds, addends): Row) -> Vec<u8> {
    let info = arch.info();
    let (wide, word) = (info.ptr_size == 8, u64::from(info.ptr_size));
    let mut w = Writer { out: vec![0; 0x1000], wide, big: info.big_endian };
    header(&mut w, machine);
    let names = b"\0here\0away\0libx.so\0V1\0";
    w.out[0x500..0x500 + names.len()].copy_from_slice(names);
    let end = symbol(&mut w, 0x400, 0, 0, 0);
    let end = symbol(&mut w, end, 1, WORDS, 1);
    symbol(&mut w, end, 6, 0, 0);
    let mut at = 0x600;
    for (i, (kind, number)) in kinds.iter().zip([0u64, 1, 1, 2]).enumerate() {
        let addend = [0x900 + BASE, 4, 0, 0][i];
        let place = WORDS + i as u64 * word;
        let bits = if wide { number << 32 } else { number << 8 } | u64::from(kind.0);
        at = w.record(at, &[(0, place), (0, bits)]);
        at = if addends { w.record(at, &[(0, addend)]) } else { at };
        w.put((place - BASE) as usize, word as usize, if addends { 0 } else { addend });
    }
    // Version 2 of libx.so is what symbol 2 wants.
    w.record(0x700, &[(2, 1), (2, 1), (4, 11), (4, 16), (4, 0), (4, 0), (2, 0), (2, 2), (4, 19), (4, 0)]);
    w.record(0x740, &[(2, 0), (2, 1), (2, 2)]);
    let (table, size) = if addends { (7, 8) } else { (17, 18) };
    let tags = [(5, 0x500), (6, 0x400), (table, 0x600), (0x6fff_fffe, 0x700), (0x6fff_fff0, 0x740)];
    let mut dynamic: Vec<_> = tags.iter().flat_map(|(tag, at)| [(0, *tag), (0, BASE + *at)]).collect();
    dynamic.extend([(0, size), (0, at as u64 - 0x600), (0, 10), (0, names.len() as u64)]);
    w.record(0x200, &dynamic);
    w.out
}

#[test]
fn relocations_of_every_machine_make_final_pointers() {
    for row in ROWS {
        let data = shared_object(row);
        let image = Image::parse(&data).unwrap();
        let word = u64::from(image.arch.info().ptr_size);
        let words: Vec<_> = (0..4).map(|i| image.word(WORDS + i * word).unwrap()).collect();
        assert_eq!((image.arch, words), (row.0, vec![BASE + 0x900, WORDS + 4, WORDS, 0]), "{:?}", image.notes);
        let import = Import { name: "away".into(), library: "libx.so".into(), slot: WORDS + 3 * word };
        assert_eq!(image.imports, [import], "{:?}", row.0);
        assert_eq!(image.exports, [Export { name: "here".into(), addr: WORDS }], "{:?}", row.0);
        assert!(image.notes.is_empty(), "{:?}", image.notes);
    }
}

#[test]
fn a_lying_identification_does_not_matter() {
    let mut data = shared_object(ROWS[0]);
    data[4..7].fill(0x7e);
    assert_eq!(Image::parse(&data).unwrap().arch, Arch::Amd64);
}

#[test]
fn relocations_outside_of_memory_are_counted() {
    let mut data = shared_object(ROWS[0]);
    data[0x600..0x608].fill(0xff);
    let image = Image::parse(&data).unwrap();
    assert_eq!(image.notes, ["1 relocations are damaged"]);
    assert_eq!(image.word(WORDS + 16), Some(WORDS), "the others are applied");
}

#[test]
fn pointers_that_are_in_place_already_cost_no_copy() {
    let mut data = shared_object(ROWS[0]);
    let is_copy = |data: &[u8]| {
        let image = Image::parse(data).unwrap();
        assert_eq!((image.word(WORDS), image.word(WORDS + 8)), (Some(BASE + 0x900), Some(WORDS + 4)));
        matches!(image.segments[0].data, Cow::Owned(_))
    };
    assert!(is_copy(&data));
    for (i, pointer) in [BASE + 0x900, WORDS + 4, WORDS].into_iter().enumerate() {
        let at = (WORDS - BASE) as usize + 8 * i;
        data[at..at + 8].copy_from_slice(&pointer.to_le_bytes());
    }
    assert!(!is_copy(&data));
}
