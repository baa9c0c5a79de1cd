//! Duff's devices: `duffzero` and `duffcopy` are one run of equal blocks, which callers enter where as much is left as they
//! need (`runtime/mkduff.go`). A table.

use crate::arch::Arch;
use crate::golang::pclntab::Func;
use crate::program::Program;

/// One way of writing one of them.
struct Layout {
    arch: Arch,
    name: &'static str,
    /// Its first bytes.
    starts: &'static [u8],
    blocks: u32,
    /// Bytes of code of a block.
    block: u32,
    /// Where in a block code can enter it, in bytes.
    stores: &'static [u32],
    /// Bytes of memory from one such place to the next.
    bytes: u32,
}

const fn layout(
    arch: Arch,
    name: &'static str,
    starts: &'static [u8],
    (blocks, block): (u32, u32),
    stores: &'static [u32],
    bytes: u32,
) -> Layout {
    Layout { arch, name, starts, blocks, block, stores, bytes }
}

const ZERO: &str = "runtime.duffzero";
const COPY: &str = "runtime.duffcopy";

#[rustfmt::skip]
const LAYOUTS: &[Layout] = &[
    // Go 1.17 to 1.25, and Go 1.6 to 1.16.
    layout(Arch::Amd64, ZERO, &[0x44, 0x0f, 0x11, 0x3f], (16, 23), &[0, 4, 9, 14], 16),
    layout(Arch::Amd64, ZERO, &[0x0f, 0x11, 0x07, 0x0f], (16, 19), &[0, 3, 7, 11], 16),
    layout(Arch::Amd64, COPY, &[0x0f, 0x10, 0x06, 0x48], (64, 14), &[0], 16),
    layout(Arch::I386, ZERO, &[0xab, 0xab, 0xab, 0xab], (128, 1), &[0], 4),
    layout(Arch::I386, COPY, &[0x8b, 0x0e, 0x83, 0xc6], (128, 10), &[0], 4),
    // Go 1.13 to 1.25, and Go 1.11 and 1.12; Go 1.10 copies a word at a time.
    layout(Arch::Arm64, ZERO, &[0x9f, 0x7e, 0x81, 0xa8], (64, 4), &[0], 16),
    layout(Arch::Arm64, ZERO, &[0x1f, 0x7e, 0x81, 0xa8], (64, 4), &[0], 16),
    layout(Arch::Arm64, COPY, &[0x9a, 0x6e, 0xc1, 0xa8], (64, 8), &[0], 16),
    layout(Arch::Arm64, COPY, &[0x1a, 0x6e, 0xc1, 0xa8], (64, 8), &[0], 16),
    layout(Arch::Arm64, COPY, &[0x1b, 0x86, 0x40, 0xf8], (128, 8), &[0], 8),
];

/// Where code enters the helper of that name behind its start: offset, and how many bytes a call there clears or copies.
pub fn entries(program: &Program<'_>, func: &Func, name: &str) -> impl Iterator<Item = (u32, u32)> {
    let starts = program.code_from(func.entry, func.entry.saturating_add(4));
    let fits = |row: &&Layout| {
        let whole = u64::from(row.blocks * row.block) <= func.end.saturating_sub(func.entry);
        row.arch == program.image.arch && row.name == name && row.starts == starts && whole
    };
    LAYOUTS.iter().find(fits).into_iter().flat_map(|row| {
        let places = row.blocks * row.stores.len() as u32;
        let starts =
            (0..row.blocks).flat_map(move |block| row.stores.iter().map(move |store| block * row.block + store));
        starts.zip(0u32..).skip(1).map(move |(at, n)| (at, row.bytes * (places - n)))
    })
}
