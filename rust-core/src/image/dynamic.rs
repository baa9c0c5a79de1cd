//! ELF's dynamic section, reached through the program headers so that files without section headers work too: what
//! the program exports, what it imports, and the tables of relocations.

use super::elf::Elf;
use super::{Export, Image, cstr, relocate};
use crate::limits::{MAX_LINKS, MAX_SYMBOLS};
use crate::reader::Reader;
use object::read::elf::{Dyn, FileHeader, ProgramHeader, Sym};
use object::{Endianness, elf, pod};
use std::collections::HashMap;
use std::mem::size_of;

/// The dynamic section's tables, as the file stores them.
pub(super) struct Dynamic<'a, H: FileHeader<Endian = Endianness>> {
    tags: HashMap<i64, u64>,
    symbols: &'a [u8],
    strings: &'a [u8],
    /// Symbols that there are, as far as it can be told.
    count: usize,
    /// Version index to library.
    libraries: HashMap<u16, &'a str>,
    versions: &'a [u8],
    /// The library, if there is but one.
    only: &'a str,
    endian: Endianness,
    header: &'a H,
}

/// Applies the relocations and fills imports and exports.
pub(super) fn read<'a, H: FileHeader<Endian = Endianness>>(elf: &Elf<'a, H>, image: &mut Image<'a>) {
    let Some(tags) = tags(elf) else { return };
    let dynamic = Dynamic::new(elf, image, tags);
    dynamic.exports(image);
    relocate::apply(&dynamic, image);
}

fn entries<'a, H: FileHeader<Endian = Endianness>>(elf: &Elf<'a, H>) -> Option<impl Iterator<Item = (i64, u64)> + 'a> {
    let endian = elf.endian;
    let entries = elf.programs.iter().find_map(|p| p.dynamic(endian, elf.data).ok().flatten())?;
    let pairs = entries.iter().map(move |d| (d.tag(endian).0, d.val(endian)));
    Some(pairs.take_while(|(tag, _)| *tag != elf::DT_NULL.0).take(4096))
}

fn only_library<'a, H: FileHeader<Endian = Endianness>>(elf: &Elf<'_, H>, strings: &'a [u8]) -> &'a str {
    let mut needed = entries(elf).into_iter().flatten().filter(|(tag, _)| *tag == elf::DT_NEEDED.0);
    match (needed.next(), needed.next()) {
        (Some((_, name)), None) => cstr(strings, name as u32).unwrap_or_default(),
        _ => "",
    }
}

fn tags<H: FileHeader<Endian = Endianness>>(elf: &Elf<'_, H>) -> Option<HashMap<i64, u64>> {
    Some(entries(elf)?.collect())
}

impl<'a, H: FileHeader<Endian = Endianness>> Dynamic<'a, H> {
    fn new(elf: &Elf<'a, H>, image: &Image<'a>, tags: HashMap<i64, u64>) -> Self {
        let at = |tag: elf::DynamicTag| tags.get(&tag.0).map_or(&[][..], |addr| image.stored(*addr));
        let size = tags.get(&elf::DT_STRSZ.0).map_or(usize::MAX, |n| *n as usize);
        let all = at(elf::DT_STRTAB);
        let strings = all.get(..size).unwrap_or(all);
        let needs = image.read(at(elf::DT_VERNEED));
        Dynamic {
            symbols: at(elf::DT_SYMTAB),
            strings,
            count: count(&tags, size_of::<H::Sym>(), image.read(at(elf::DT_HASH))),
            libraries: libraries(needs, strings),
            versions: at(elf::DT_VERSYM),
            only: only_library(elf, strings),
            endian: elf.endian,
            header: elf.header,
            tags,
        }
    }

    /// The table of records `T` that `table` points to and whose bytes `size` counts.
    pub(super) fn table<T: pod::Pod>(
        &self,
        image: &Image<'a>,
        table: elf::DynamicTag,
        size: elf::DynamicTag,
    ) -> &'a [T] {
        let (Some(addr), Some(size)) = (self.tags.get(&table.0), self.tags.get(&size.0)) else { return &[] };
        let bytes = image.stored(*addr);
        let count = bytes.len().min(*size as usize) / size_of::<T>();
        pod::slice_from_bytes(bytes, count).map_or(&[], |(records, _)| records)
    }

    /// Whether the table that `DT_JMPREL` points to has addends.
    pub(super) fn plt_has_addends(&self) -> bool {
        self.tags.get(&elf::DT_PLTREL.0) == Some(&(elf::DT_RELA.0 as u64))
    }

    pub(super) fn endian(&self) -> Endianness {
        self.endian
    }

    pub(super) fn is_mips64el(&self) -> bool {
        self.header.is_mips64el(self.endian)
    }

    pub(super) fn symbol(&self, index: usize) -> Option<&'a H::Sym> {
        let bytes = self.symbols.get(index.checked_mul(size_of::<H::Sym>())?..)?;
        pod::from_bytes(bytes).ok().map(|(symbol, _)| symbol)
    }

    pub(super) fn name(&self, symbol: &H::Sym) -> Option<&'a str> {
        cstr(self.strings, symbol.st_name(self.endian))
    }

    /// The library that provides an imported symbol, if symbol versions tell or there is no choice.
    pub(super) fn library(&self, index: usize) -> &'a str {
        let version = self.versions.get(index.saturating_mul(2)..).and_then(|v| Some((*v.first()?, *v.get(1)?)));
        let version = version.map(|(a, b)| match self.endian {
            Endianness::Little => u16::from_le_bytes([a, b]),
            Endianness::Big => u16::from_be_bytes([a, b]),
        });
        // Bit 15 marks hidden versions.
        version.and_then(|v| self.libraries.get(&(v & 0x7fff))).copied().unwrap_or(self.only)
    }

    fn exports(&self, image: &mut Image<'a>) {
        let symbols = (1..self.count).map_while(|i| self.symbol(i));
        let symbols = symbols.filter(|s| is_export(*s, self.endian) && image.is_mapped(s.st_value(self.endian).into()));
        let export = |s: &H::Sym| Some(Export { name: self.name(s)?.into(), addr: s.st_value(self.endian).into() });
        let most = self.count.min(self.symbols.len() / size_of::<H::Sym>()).min(MAX_LINKS);
        let mut exports = Vec::with_capacity(most);
        exports.extend(symbols.filter_map(export).take(most));
        image.exports = exports;
    }
}

fn is_export<S: Sym<Endian = Endianness>>(symbol: &S, endian: Endianness) -> bool {
    let kinds = [elf::STT_NOTYPE, elf::STT_OBJECT, elf::STT_FUNC, elf::STT_GNU_IFUNC];
    let nowhere = [elf::SHN_UNDEF, elf::SHN_ABS];
    !nowhere.contains(&symbol.st_shndx(endian))
        && symbol.st_bind() != elf::STB_LOCAL
        && kinds.contains(&symbol.st_type())
}

/// How many symbols there are. Only the old hash table says it; otherwise the table ends where the next one begins.
fn count(tags: &HashMap<i64, u64>, record: usize, mut hash: Reader<'_>) -> usize {
    const TABLES: [elf::DynamicTag; 10] = [
        elf::DT_STRTAB,
        elf::DT_HASH,
        elf::DT_GNU_HASH,
        elf::DT_VERSYM,
        elf::DT_VERNEED,
        elf::DT_VERDEF,
        elf::DT_RELA,
        elf::DT_REL,
        elf::DT_JMPREL,
        elf::DT_RELR,
    ];
    let start = tags.get(&elf::DT_SYMTAB.0).copied().unwrap_or_default();
    let next = TABLES.iter().filter_map(|t| tags.get(&t.0)).filter(|a| **a > start).min();
    let fitting = next.map_or(0, |end| (end - start) as usize / record);
    let chains = hash.skip(4).and_then(|()| hash.u32()).map_or(usize::MAX, |n| n as usize);
    // s390x has hash tables of 8-byte words: their upper halves read as 0 here.
    fitting.min(if chains == 0 { usize::MAX } else { chains }).min(MAX_SYMBOLS)
}

/// `DT_VERNEED`: for each library the versions that are wanted of it. Records are chained by relative offsets.
fn libraries<'a>(needs: Reader<'_>, strings: &'a [u8]) -> HashMap<u16, &'a str> {
    let mut out = HashMap::new();
    let mut library = needs;
    for _ in 0..256 {
        let Some((file, aux, next)) = verneed(library) else { break };
        let name = cstr(strings, file).unwrap_or_default();
        let mut version = library.at(library.pos().saturating_add(aux));
        for _ in 0..256 {
            let Some((index, step)) = vernaux(version) else { break };
            out.insert(index, name);
            if step == 0 {
                break;
            }
            version = version.at(version.pos().saturating_add(step));
        }
        if next == 0 {
            break;
        }
        library = library.at(library.pos().saturating_add(next));
    }
    out
}

/// Version (2 bytes), count (2), library name, first version record, next library.
fn verneed(mut r: Reader<'_>) -> Option<(u32, usize, usize)> {
    r.skip(4)?;
    Some((r.u32()?, r.u32()? as usize, r.u32()? as usize))
}

/// Hash (4 bytes), flags (2), version index, name (4), next record.
fn vernaux(mut r: Reader<'_>) -> Option<(u16, usize)> {
    r.skip(6)?;
    let index = r.u16()?;
    r.skip(4)?;
    Some((index & 0x7fff, r.u32()? as usize))
}
