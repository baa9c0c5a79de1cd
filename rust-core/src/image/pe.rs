//! PE32 and PE32+. Pointers in the file are those of the preferred address already.

use super::debug::Stored;
use super::{Export, Format, Image, Import, Names, Section, Segment, Symbol, cstr, file_bytes};
use crate::arch::{Arch, Os};
use crate::error::{Error, Result};
use crate::limits::{MAX_LINKS, MAX_SYMBOLS};
use object::LittleEndian as LE;
use object::pe::{self, ImageDosHeader, ImageNtHeaders32, ImageNtHeaders64, ImageSectionHeader};
use object::read::coff::{Symbol as CoffSymbol, SymbolTable};
use object::read::pe::{DataDirectories, ImageNtHeaders, ImageOptionalHeader};
use std::borrow::Cow;
use std::collections::HashMap;

/// One file being read.
struct Pe<'a> {
    data: &'a [u8],
    base: u64,
    headers: &'a [ImageSectionHeader],
    directories: DataDirectories<'a>,
    strings: &'a [u8],
}

pub(super) fn parse(data: &[u8]) -> Result<Image<'_>> {
    let damaged = |what| move |_| Error::Malformed { what, offset: data.len().min(60) as u64 };
    let dos = ImageDosHeader::parse(data).map_err(damaged("DOS header"))?;
    let offset = u64::from(dos.nt_headers_offset());
    match object::read::pe::optional_header_magic(data) {
        Ok(pe::IMAGE_NT_OPTIONAL_HDR64_MAGIC) => parse_as::<ImageNtHeaders64>(data, offset),
        Ok(_) => parse_as::<ImageNtHeaders32>(data, offset),
        Err(_) => Err(Error::Malformed { what: "PE header", offset: offset.min(data.len() as u64) }),
    }
}

fn parse_as<H: ImageNtHeaders>(data: &[u8], offset: u64) -> Result<Image<'_>> {
    let damaged = |what, offset: u64| move |_| Error::Malformed { what, offset: offset.min(data.len() as u64) };
    let mut end = offset;
    let (headers, directories) = H::parse(data, &mut end).map_err(damaged("PE header", offset))?;
    let arch = machine(headers.file_header().machine.get(LE), headers.is_type_64())?;
    let sections = headers.sections(data, end).map_err(damaged("PE section table", end))?;
    let optional = headers.optional_header();
    let mut image = Image::new(Format::Pe, arch, data);
    image.os = Os::Windows;
    image.base = optional.image_base();
    let entry = u64::from(optional.address_of_entry_point());
    image.entry = if entry == 0 { 0 } else { image.base.wrapping_add(entry) };
    let symbols: SymbolTable<'_> = image.optional("COFF symbols", headers.symbols(data));
    let strings = strings(data, headers.file_header());
    let headers = sections.iter().as_slice();
    let pe = Pe { data, base: image.base, headers, directories, strings };
    pe.header_segment(u64::from(optional.size_of_headers()), &mut image);
    pe.sections(&mut image)?;
    pe.symbols(&symbols, &mut image);
    image.arrange();
    for (what, index, read) in [
        ("imports", pe::IMAGE_DIRECTORY_ENTRY_IMPORT, pe.imports(&mut image)),
        ("exports", pe::IMAGE_DIRECTORY_ENTRY_EXPORT, pe.exports(&mut image)),
    ] {
        if pe.directory(index).is_some() && read.is_none() {
            image.note(format!("{what}: damaged"));
        }
    }
    Ok(image)
}

/// The machine, by PE's number and the header's word size.
fn machine(number: pe::Machine, wide: bool) -> Result<Arch> {
    match (number, wide) {
        (pe::IMAGE_FILE_MACHINE_AMD64, true) => Ok(Arch::Amd64),
        (pe::IMAGE_FILE_MACHINE_I386, false) => Ok(Arch::I386),
        (pe::IMAGE_FILE_MACHINE_ARM64, true) => Ok(Arch::Arm64),
        (pe::IMAGE_FILE_MACHINE_ARM | pe::IMAGE_FILE_MACHINE_THUMB | pe::IMAGE_FILE_MACHINE_ARMNT, false) => {
            Ok(Arch::Arm)
        }
        _ => Err(Error::UnsupportedMachine {
            machine: format!("{:#x} (PE, {}-bit)", number.0, if wide { 64 } else { 32 }),
        }),
    }
}

/// The string table, which follows the symbols. Files without symbols have it for the names of sections.
fn strings<'a>(data: &'a [u8], header: &pe::ImageFileHeader) -> &'a [u8] {
    let symbols = header.pointer_to_symbol_table.get(LE) as usize;
    let size = (header.number_of_symbols.get(LE) as usize).saturating_mul(pe::IMAGE_SIZEOF_SYMBOL);
    if symbols == 0 { &[] } else { data.get(symbols.saturating_add(size)..).unwrap_or_default() }
}

/// Eight bytes in place, or four zero bytes and an offset into the string table.
fn symbol_name<'a>(symbol: &'a pe::ImageSymbol, names: &mut Names<'a>) -> Option<&'a str> {
    match symbol.name {
        [0, 0, 0, 0, offset @ ..] => names.get(u32::from_le_bytes(offset)),
        _ => cstr(&symbol.name, 0),
    }
}

/// Sections that are mapped but are no part of the program.
fn is_debug(name: &str) -> bool {
    name.starts_with(".debug_") || name.starts_with(".zdebug_")
}

impl<'a> Pe<'a> {
    fn header_segment(&self, size: u64, image: &mut Image<'a>) {
        let data = self.data.get(..(size as usize).min(self.data.len())).unwrap_or_default();
        let size = data.len() as u64;
        let data = Cow::Borrowed(data);
        image.segments.push(Segment { addr: self.base, size, data, read: true, write: false, exec: false });
    }

    fn sections(&self, image: &mut Image<'a>) -> Result<()> {
        for header in self.headers {
            let section = self.section(header);
            if !is_debug(section.name) {
                image.segments.push(self.segment(header, section.addr)?);
            }
            image.sections.push(section);
        }
        Ok(())
    }

    fn section(&self, header: &'a ImageSectionHeader) -> Section<'a> {
        let (offset, size) = header.pe_file_range();
        let flags = header.characteristics.get(LE);
        Section {
            name: self.section_name(header),
            addr: self.at(header.virtual_address.get(LE)),
            size: u64::from(header.virtual_size.get(LE)).max(u64::from(size)),
            exec: flags.contains(pe::IMAGE_SCN_MEM_EXECUTE),
            stored: Stored { offset: offset.into(), size: size.into(), compressed: false },
        }
    }

    /// Names of more than eight bytes are in the string table.
    fn section_name(&self, header: &'a ImageSectionHeader) -> &'a str {
        let long = header.name_offset().ok().flatten().and_then(|offset| cstr(self.strings, offset));
        long.or_else(|| cstr(&header.name, 0)).unwrap_or_default()
    }

    fn segment(&self, header: &'a ImageSectionHeader, addr: u64) -> Result<Segment<'a>> {
        let (virtual_size, raw) = (header.virtual_size.get(LE), header.size_of_raw_data.get(LE));
        // A virtual size of 0 means the raw size; loaders round file offsets down to sectors and sizes up to pages.
        let size = if virtual_size == 0 { raw } else { virtual_size };
        let offset = u64::from(header.pointer_to_raw_data.get(LE) & !0x1ff);
        let stored = u64::from(raw).min(u64::from(size).next_multiple_of(super::PAGE));
        let data = file_bytes(self.data, offset, if header.pointer_to_raw_data.get(LE) == 0 { 0 } else { stored })?;
        let flags = header.characteristics.get(LE);
        Ok(Segment {
            addr,
            size: u64::from(size).max(data.len() as u64),
            data: Cow::Borrowed(data),
            read: flags.contains(pe::IMAGE_SCN_MEM_READ),
            write: flags.contains(pe::IMAGE_SCN_MEM_WRITE),
            exec: flags.contains(pe::IMAGE_SCN_MEM_EXECUTE),
        })
    }

    fn symbols(&self, symbols: &SymbolTable<'a>, image: &mut Image<'a>) {
        let mut names = Names::new(self.strings);
        for (_, symbol) in symbols.iter().take(MAX_SYMBOLS) {
            // Sections count from 1; 0, -1 and -2 are not places.
            let index = usize::try_from(symbol.section_number().0).ok().and_then(|n| n.checked_sub(1));
            let section = index.and_then(|i| self.headers.get(i));
            let (Some(section), Some(name)) = (section, symbol_name(symbol, &mut names)) else { continue };
            // Symbols of sections are at the address of their first function, but no name of it.
            if symbol.storage_class() == pe::IMAGE_SYM_CLASS_FILE || symbol.has_aux_section() {
                continue;
            }
            let offset = u64::from(section.virtual_address.get(LE)) + u64::from(symbol.value());
            // Go 1.18 leaves the type empty.
            let code = section.characteristics.get(LE).contains(pe::IMAGE_SCN_MEM_EXECUTE);
            let function = code || symbol.derived_type() == pe::IMAGE_SYM_DTYPE_FUNCTION;
            image.symbols.push(Symbol { name: name.into(), addr: self.base.wrapping_add(offset), size: 0, function });
        }
        names.finish(image);
    }

    fn directory(&self, index: usize) -> Option<(u64, u64)> {
        let entry = self.directories.get(index)?;
        Some((self.base.wrapping_add(entry.virtual_address.get(LE).into()), entry.size.get(LE).into()))
    }

    /// Import descriptors: names of slots, time, chain, library, slots; all zero at the end.
    fn imports(&self, image: &mut Image<'a>) -> Option<()> {
        let (addr, _) = self.directory(pe::IMAGE_DIRECTORY_ENTRY_IMPORT)?;
        let mut reader = image.read(image.stored(addr));
        let mut room = MAX_LINKS;
        while room > 0 {
            room -= 1;
            let (names, _, _, library, slots) =
                (reader.u32()?, reader.u32()?, reader.u32()?, reader.u32()?, reader.u32()?);
            if library == 0 || slots == 0 {
                break;
            }
            let library = cstr(image.stored(self.at(library)), 0).unwrap_or_default();
            self.slots(image, library, if names == 0 { slots } else { names }, slots, &mut room)?;
        }
        Some(())
    }

    /// The slots of one library: each name is an ordinal with the top bit set, or the address of a hint and a name.
    fn slots(&self, image: &mut Image<'a>, library: &'a str, names: u32, slots: u32, room: &mut usize) -> Option<()> {
        let size = u64::from(image.arch.ptr_size());
        let mut reader = image.read(image.stored(self.at(names)));
        let mut slot = self.at(slots);
        while *room > 0 {
            *room -= 1;
            let wanted = reader.word()?;
            if wanted == 0 {
                break;
            }
            let name = match wanted >> (size * 8 - 1) {
                0 => cstr(image.stored(self.at(wanted as u32).saturating_add(2)), 0).map(Cow::Borrowed),
                _ => Some(Cow::Owned(format!("#{}", wanted as u16))),
            };
            // A damaged name must not cost the others.
            image.imports.extend(name.map(|name| Import { name, library: library.into(), slot }));
            slot = slot.saturating_add(size);
        }
        Some(())
    }

    /// The export directory: first ordinal at 16, counts of addresses and names, then their tables and that of the
    /// names' places among the addresses. Addresses within the directory are names of other libraries' symbols.
    fn exports(&self, image: &mut Image<'a>) -> Option<()> {
        let (addr, size) = self.directory(pe::IMAGE_DIRECTORY_ENTRY_EXPORT)?;
        let mut reader = image.read(image.stored(addr)).at(16);
        let (first, count, named) = (reader.u32()?, reader.u32()?, reader.u32()?);
        let [addresses, names, places] =
            [reader.u32()?, reader.u32()?, reader.u32()?].map(|rva| image.stored(self.at(rva)));
        let mut by_place = HashMap::new();
        for i in 0..(named as usize).min(MAX_LINKS) {
            let Some(place) = image.read(places).at(i * 2).u16() else { break };
            let name = image.read(names).at(i * 4).u32().and_then(|rva| cstr(image.stored(self.at(rva)), 0));
            by_place.insert(u32::from(place), name);
        }
        let mut reader = image.read(addresses);
        for place in 0..count.min(MAX_LINKS as u32) {
            let target = self.at(reader.u32()?);
            if target == self.base || target.wrapping_sub(addr) < size {
                continue;
            }
            let name = by_place.get(&place).copied().flatten().map(Cow::Borrowed);
            let name = name.unwrap_or_else(|| Cow::Owned(format!("#{}", first.wrapping_add(place))));
            image.exports.push(Export { name, addr: target });
        }
        Some(())
    }

    fn at(&self, rva: u32) -> u64 {
        self.base.wrapping_add(u64::from(rva))
    }
}
