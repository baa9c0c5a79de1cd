//! ELF relocations, applied as a loader would that puts the image at its link-time address.
//!
//! At that address relative relocations without addends (REL, RELR) change nothing: the word in place is final.

use super::dynamic::Dynamic;
use super::{Image, Import};
use crate::arch::Arch;
use crate::limits::MAX_LINKS;
use object::Endianness;
use object::elf;
use object::read::elf::{FileHeader, Rel, Rela, Sym};

/// The relocation types of one machine that make a pointer.
#[derive(Debug, Clone, Copy)]
struct Kinds {
    relative: u32,
    absolute: u32,
    glob_dat: u32,
    jump_slot: u32,
}

/// A number that no machine uses.
const NONE: u32 = u32::MAX;

/// One row for each machine; 64-bit MIPS joins three types in one field and has no row.
fn kinds(arch: Arch) -> Kinds {
    let row = |relative, absolute, glob_dat, jump_slot| Kinds { relative, absolute, glob_dat, jump_slot };
    match arch {
        Arch::Amd64 => row(8, 1, 6, 7),
        Arch::I386 => row(8, 1, 6, 7),
        Arch::Arm64 => row(1027, 257, 1025, 1026),
        Arch::Arm => row(23, 2, 21, 22),
        Arch::Ppc64 | Arch::Ppc64le => row(22, 38, 20, 21),
        Arch::Riscv64 | Arch::Loong64 => row(3, 2, NONE, 5),
        Arch::S390x => row(12, 22, 10, 11),
        Arch::Mips | Arch::Mipsle => row(NONE, 3, NONE, 127),
        Arch::Mips64 | Arch::Mips64le => row(NONE, NONE, NONE, NONE),
    }
}

/// One relocation; without an addend of its own it has that of the word in place.
struct Entry {
    at: u64,
    kind: u32,
    symbol: usize,
    addend: Option<u64>,
}

/// Writes every pointer that the loader would write, and collects the slots that it fills from other libraries.
pub(super) fn apply<'a, H: FileHeader<Endian = Endianness>>(dynamic: &Dynamic<'a, H>, image: &mut Image<'a>) {
    let kinds = kinds(image.arch);
    let mut lost = 0usize;
    for entry in entries(dynamic, image) {
        lost += usize::from(one(dynamic, image, kinds, &entry).is_none());
    }
    if lost > 0 {
        image.note(format!("{lost} relocations are damaged"));
    }
}

fn entries<'a, H: FileHeader<Endian = Endianness>>(
    dynamic: &Dynamic<'a, H>,
    image: &Image<'a>,
) -> impl Iterator<Item = Entry> + use<'a, H> {
    let (endian, mips64el) = (dynamic.endian(), dynamic.is_mips64el());
    let with = move |r: &H::Rela| {
        let addend: i64 = r.r_addend(endian).into();
        let (at, kind) = (r.r_offset(endian).into(), r.r_type(endian, mips64el).0);
        Entry { at, kind, symbol: r.r_sym(endian, mips64el) as usize, addend: Some(addend as u64) }
    };
    let without = move |r: &H::Rel| Entry {
        at: r.r_offset(endian).into(),
        kind: r.r_type(endian).0,
        symbol: r.r_sym(endian) as usize,
        addend: None,
    };
    let rela: &'a [H::Rela] = dynamic.table(image, elf::DT_RELA, elf::DT_RELASZ);
    let rel: &'a [H::Rel] = dynamic.table(image, elf::DT_REL, elf::DT_RELSZ);
    let (plt_rela, plt_rel): (&'a [H::Rela], &'a [H::Rel]) = match dynamic.plt_has_addends() {
        true => (dynamic.table(image, elf::DT_JMPREL, elf::DT_PLTRELSZ), &[]),
        false => (&[], dynamic.table(image, elf::DT_JMPREL, elf::DT_PLTRELSZ)),
    };
    rela.iter().chain(plt_rela).map(with).chain(rel.iter().chain(plt_rel).map(without))
}

/// Applies one relocation; `None` if it points nowhere.
fn one<'a, H: FileHeader<Endian = Endianness>>(
    dynamic: &Dynamic<'a, H>,
    image: &mut Image<'a>,
    kinds: Kinds,
    entry: &Entry,
) -> Option<()> {
    if entry.kind == kinds.relative {
        return entry.addend.map_or(Some(()), |value| image.patch(entry.at, value));
    }
    if ![kinds.absolute, kinds.glob_dat, kinds.jump_slot].contains(&entry.kind) || entry.symbol == 0 {
        return Some(());
    }
    let symbol = dynamic.symbol(entry.symbol)?;
    if symbol.st_shndx(dynamic.endian()) == elf::SHN_UNDEF {
        if image.is_mapped(entry.at) && image.imports.len() < MAX_LINKS {
            let name = dynamic.name(symbol)?.into();
            image.imports.push(Import { name, library: dynamic.library(entry.symbol).into(), slot: entry.at });
        }
        return Some(());
    }
    let addend = match entry.addend {
        Some(addend) => addend,
        None if entry.kind == kinds.absolute => image.word(entry.at)?,
        None => 0,
    };
    image.patch(entry.at, symbol.st_value(dynamic.endian()).into().wrapping_add(addend))
}

impl Image<'_> {
    /// Writes a pointer. Zero fill stays as it is: there are no bytes to write to. Linkers mostly leave the pointer in
    /// place as well as in the table, and then the file's own bytes can stay.
    pub(super) fn patch(&mut self, addr: u64, value: u64) -> Option<()> {
        let info = self.arch.info();
        let size = usize::from(info.ptr_size);
        let segment = self.segment_at_mut(addr)?;
        let offset = (addr - segment.addr) as usize;
        if offset >= segment.data.len() {
            return Some(());
        }
        let bytes = if info.big_endian { (value << (64 - 8 * size as u32)).to_be_bytes() } else { value.to_le_bytes() };
        let bytes = bytes.get(..size)?;
        if segment.data.get(offset..)?.get(..size)? != bytes {
            segment.data.to_mut().get_mut(offset..)?.get_mut(..size)?.copy_from_slice(bytes);
        }
        Some(())
    }
}
