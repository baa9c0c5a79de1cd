//! Mach-O, 32 and 64 bits, and universal files.

use super::debug::Stored;
use super::{Format, Image, Import, Names, Section, Segment, Symbol, cstr, file_bytes, fixups, trie};
use crate::arch::{Arch, Os};
use crate::error::{Error, Result};
use crate::limits::{MAX_LINKS, MAX_SECTIONS, MAX_SYMBOLS};
use crate::reader::Reader;
use object::Endianness;
use object::macho::{self, FatArch32, FatArch64, MachHeader32, MachHeader64};
use object::read::macho::{FatArch, LoadCommandData, LoadCommandVariant, MachHeader, MachOFatFile, Nlist};
use object::read::macho::{Section as _, Segment as _};
use std::borrow::Cow;
use std::marker::PhantomData;

/// A segment as its load command has it: others refer to it by number.
pub(super) struct Mapped<'a> {
    pub(super) addr: u64,
    pub(super) data: &'a [u8],
}

/// One file being read.
pub(super) struct MachO<'a, H: MachHeader<Endian = Endianness>> {
    pub(super) data: &'a [u8],
    pub(super) endian: Endianness,
    pub(super) segments: Vec<Mapped<'a>>,
    /// Sections of pointers that the loader fills: address, bytes, first entry among the indirect symbols.
    pub(super) pointers: Vec<(u64, u64, u32)>,
    symbols: Option<&'a macho::SymtabCommand<Endianness>>,
    libraries: Vec<&'a str>,
    /// For each section whether it holds code.
    code: Vec<bool>,
    kind: PhantomData<H>,
}

/// Universal files share their magic with Java classes, whose next number is a version above 40.
pub(super) fn is_fat(data: &[u8]) -> bool {
    matches!(data, [0xca, 0xfe, 0xba, 0xbe | 0xbf, 0, 0, 0, n, ..] if *n < 40)
}

pub(super) fn is_thin(data: &[u8]) -> bool {
    matches!(data, [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..] | [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..])
}

/// ELF's name of a section in Mach-O's spelling, which has at most 16 bytes: `.go.buildinfo` is `__go_buildinfo`.
pub(super) fn section_name(name: &str) -> String {
    let Some(rest) = name.strip_prefix('.') else { return name.to_string() };
    format!("__{}", rest.replace('.', "_")).chars().take(16).collect()
}

/// A symbol's name without the underscore that every C and Go name has here.
pub(super) fn plain(name: &str) -> &str {
    name.strip_prefix('_').unwrap_or(name)
}

/// Reads one part of a universal file: the wanted machine, or else amd64, arm64, the first that Go knows.
pub(super) fn parse_fat(data: &[u8], wish: Option<Arch>) -> Result<Image<'_>> {
    let parts = if data.get(3) == Some(&0xbf) { parts::<FatArch64>(data) } else { parts::<FatArch32>(data) };
    let parts =
        parts.map_err(|_| Error::Malformed { what: "universal Mach-O header", offset: data.len().min(8) as u64 })?;
    let known: Vec<_> = parts.iter().filter_map(|(cpu, offset, size)| Some((machine(*cpu)?, *offset, *size))).collect();
    let find = |arch| known.iter().find(|(a, ..)| *a == arch);
    let preferred = || find(Arch::Amd64).or_else(|| find(Arch::Arm64)).or(known.first());
    let chosen = wish.map_or_else(preferred, find);
    let unsupported = || {
        let machine = wish.map_or("(universal Mach-O without any)", |arch| arch.info().name);
        Error::UnsupportedMachine { machine: machine.to_string() }
    };
    let (arch, offset, size) = *chosen.ok_or_else(unsupported)?;
    let mut image = parse(file_bytes(data, offset, size)?).map_err(|e| deeper(e, offset))?;
    if parts.len() > 1 {
        image.note(format!("universal file of {} machines; this is {}", parts.len(), arch.info().name));
    }
    Ok(image)
}

type Part = (macho::CpuType, u64, u64);

fn parts<F: FatArch>(data: &[u8]) -> object::Result<Vec<Part>> {
    let file = MachOFatFile::<F>::parse(data)?;
    Ok(file.arches().iter().map(|a| (a.cputype(), a.offset().into(), a.size().into())).collect())
}

/// Errors name offsets in the whole file.
fn deeper(error: Error, by: u64) -> Error {
    match error {
        Error::Malformed { what, offset } => Error::Malformed { what, offset: offset.saturating_add(by) },
        other => other,
    }
}

pub(super) fn parse(data: &[u8]) -> Result<Image<'_>> {
    match data {
        [0xfe, ..] | [0xcf, ..] if data.get(3) == Some(&0xcf) || data.first() == Some(&0xcf) => {
            parse_as::<MachHeader64<Endianness>>(data)
        }
        _ => parse_as::<MachHeader32<Endianness>>(data),
    }
}

fn machine(cpu: macho::CpuType) -> Option<Arch> {
    match cpu {
        macho::CPU_TYPE_X86_64 => Some(Arch::Amd64),
        macho::CPU_TYPE_ARM64 => Some(Arch::Arm64),
        macho::CPU_TYPE_X86 => Some(Arch::I386),
        macho::CPU_TYPE_ARM => Some(Arch::Arm),
        _ => None,
    }
}

fn parse_as<H: MachHeader<Endian = Endianness>>(data: &[u8]) -> Result<Image<'_>> {
    let damaged = |what| move |_| Error::Malformed { what, offset: data.len().min(32) as u64 };
    let header = H::parse(data, 0).map_err(damaged("Mach-O header"))?;
    let endian = header.endian().map_err(damaged("Mach-O header"))?;
    let cpu = header.cputype(endian);
    let known = machine(cpu).filter(|_| endian == Endianness::Little);
    let machine = format!("{:#x} (Mach-O)", cpu.0);
    let mut image = Image::new(Format::MachO, known.ok_or(Error::UnsupportedMachine { machine })?, data);
    image.os = Os::Darwin;
    let mut file: MachO<'_, H> = MachO::new(data, endian);
    let commands = header.load_commands(endian, data, 0).map_err(damaged("Mach-O load commands"))?;
    let mut kept = Vec::new();
    for command in commands {
        // What comes before a damaged command is kept.
        let Ok(command) = command else {
            image.note("load commands: damaged");
            break;
        };
        file.layout(command, &mut image)?;
        // Nothing has two of these, and each may cost a walk over the file.
        if !kept.iter().any(|c: &LoadCommandData<'_, _>| c.cmd() == command.cmd()) {
            kept.push(command);
        }
    }
    image.arrange();
    for command in kept {
        let result = file.links(command, &mut image);
        image.optional("link information", result);
    }
    Ok(image)
}

impl<'a, H: MachHeader<Endian = Endianness>> MachO<'a, H> {
    fn new(data: &'a [u8], endian: Endianness) -> Self {
        let (segments, pointers, libraries, code) = Default::default();
        MachO { data, endian, segments, pointers, symbols: None, libraries, code, kind: PhantomData }
    }

    /// First pass: where things lie.
    fn layout(&mut self, command: LoadCommandData<'a, Endianness>, image: &mut Image<'a>) -> Result<()> {
        if let Ok(Some((segment, sections))) = H::Segment::from_command(command) {
            return self.segment(segment, sections, image);
        }
        match command.variant() {
            Ok(LoadCommandVariant::Dylib(dylib)) => {
                let name = command.string(self.endian, dylib.dylib.name).ok().and_then(|n| cstr(n, 0));
                self.libraries.push(name.unwrap_or_default());
            }
            Ok(LoadCommandVariant::Symtab(table)) => self.symbols = Some(table),
            Ok(LoadCommandVariant::BuildVersion(version, _)) => {
                let phone = [macho::PLATFORM_IOS, macho::PLATFORM_IOSSIMULATOR];
                image.os = if phone.contains(&version.platform.get(self.endian)) { Os::Ios } else { Os::Darwin };
            }
            Ok(LoadCommandVariant::VersionMin(_)) if command.cmd() == macho::LC_VERSION_MIN_IPHONEOS => {
                image.os = Os::Ios;
            }
            _ => {}
        }
        Ok(())
    }

    fn segment(&mut self, segment: &'a H::Segment, sections: &'a [u8], image: &mut Image<'a>) -> Result<()> {
        let (addr, size) = (segment.vmaddr(self.endian).into(), segment.vmsize(self.endian).into());
        let (offset, stored) = segment.file_range(self.endian);
        let loaded = segment.name() != b"__DWARF" && (stored > 0 || segment.name() != b"__PAGEZERO");
        let data = match file_bytes(self.data, offset, stored.min(size)) {
            Ok(data) => data,
            // The tables at the end are optional, and so is debug information.
            Err(_) if !loaded || segment.name() == b"__LINKEDIT" => {
                image.note(format!("{}: cut off", String::from_utf8_lossy(segment.name())));
                &[]
            }
            Err(error) => return Err(error),
        };
        self.segments.push(Mapped { addr, data });
        if segment.name() == b"__TEXT" || (image.base == 0 && offset == 0 && stored > 0) {
            image.base = addr;
        }
        let allowed = segment.initprot(self.endian);
        if loaded && image.segments.len() < MAX_SECTIONS {
            let [read, write, exec] =
                [macho::VM_PROT_READ, macho::VM_PROT_WRITE, macho::VM_PROT_EXECUTE].map(|p| allowed.contains(p));
            image.segments.push(Segment { addr, size, data: Cow::Borrowed(data), read, write, exec });
        }
        self.sections(segment, sections, image);
        Ok(())
    }

    fn sections(&mut self, segment: &'a H::Segment, sections: &'a [u8], image: &mut Image<'a>) {
        let sections = image.optional("sections", segment.sections(self.endian, sections));
        for section in sections.iter().take(MAX_SECTIONS.saturating_sub(image.sections.len())) {
            let flags = section.flags(self.endian);
            let exec =
                flags.contains(macho::S_ATTR_PURE_INSTRUCTIONS) || flags.contains(macho::S_ATTR_SOME_INSTRUCTIONS);
            let size = section.size(self.endian).into();
            let stored = section.file_size(self.endian).unwrap_or_default();
            if matches!(
                section.section_type(self.endian),
                macho::S_NON_LAZY_SYMBOL_POINTERS | macho::S_LAZY_SYMBOL_POINTERS
            ) {
                self.pointers.push((section.addr(self.endian).into(), size, section.reserved1(self.endian)));
            }
            self.code.push(exec);
            image.sections.push(Section {
                name: cstr(section.sectname(), 0).unwrap_or_default(),
                addr: section.addr(self.endian).into(),
                size,
                exec,
                stored: Stored { offset: section.offset(self.endian).into(), size: stored, compressed: false },
            });
        }
    }

    /// Second pass: what lies there.
    fn links(&self, command: LoadCommandData<'a, Endianness>, image: &mut Image<'a>) -> object::Result<()> {
        match command.variant()? {
            LoadCommandVariant::EntryPoint(entry) => {
                image.entry = image.base.wrapping_add(entry.entryoff.get(self.endian));
                Ok(())
            }
            LoadCommandVariant::Thread(_, state) if command.cmd() == macho::LC_UNIXTHREAD => {
                image.entry = program_counter(image, state).unwrap_or_default();
                Ok(())
            }
            LoadCommandVariant::Symtab(_) => self.symbols(image),
            LoadCommandVariant::Dysymtab(table) => fixups::indirect(self, table, image),
            LoadCommandVariant::DyldInfo(info) => {
                self.exports(info.export_data(self.endian, self.data)?, image);
                fixups::bound(self, info, image)
            }
            LoadCommandVariant::LinkeditData(data) if command.cmd() == macho::LC_DYLD_CHAINED_FIXUPS => {
                fixups::chained(self, data, image)
            }
            LoadCommandVariant::LinkeditData(data) if command.cmd() == macho::LC_DYLD_EXPORTS_TRIE => {
                self.exports(data.data(self.endian, self.data)?, image);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn exports(&self, data: &[u8], image: &mut Image<'a>) {
        if !data.is_empty() && trie::exports(data, image).is_none() {
            image.note("exports: damaged");
        }
    }

    /// The symbols, and the names they refer to.
    pub(super) fn symbol_table(&self) -> object::Result<(&'a [H::Nlist], &'a [u8])> {
        let Some(table) = self.symbols else { return Ok((&[], &[])) };
        let symbols = table.symbols::<H, _>(self.endian, self.data)?.symbols();
        let start = table.stroff.get(self.endian) as usize;
        let end = start.saturating_add(table.strsize.get(self.endian) as usize);
        Ok((symbols, self.data.get(start..end.min(self.data.len())).unwrap_or_default()))
    }

    fn symbols(&self, image: &mut Image<'a>) -> object::Result<()> {
        let (symbols, names) = self.symbol_table()?;
        let mut names = Names::new(names);
        for symbol in symbols.iter().take(MAX_SYMBOLS).filter(|s| !s.is_stab() && s.is_definition()) {
            let Some(name) = names.get(symbol.n_strx(self.endian)).map(plain) else { continue };
            let addr = symbol.n_value(self.endian).into();
            let function = usize::from(symbol.n_sect()).checked_sub(1).and_then(|i| self.code.get(i)) == Some(&true);
            image.symbols.push(Symbol { name: name.into(), addr, size: 0, function });
        }
        names.finish(image);
        Ok(())
    }

    /// Notes that `slot` is filled with the symbol `name` of a library.
    pub(super) fn import(&self, name: &'a str, library: macho::BindDylib, slot: u64, image: &mut Image<'a>) {
        if image.is_mapped(slot) && image.imports.len() < MAX_LINKS {
            let numbered = library.index().and_then(|n| self.libraries.get(n as usize - 1)).copied();
            // Files with one flat name space don't number libraries.
            let library = numbered.or(if let [only] = *self.libraries { Some(only) } else { None }).unwrap_or_default();
            image.imports.push(Import { name: plain(name).into(), library: library.into(), slot });
        }
    }
}

/// Where a thread starts: the register file is preceded by its flavor and its size in words.
fn program_counter(image: &Image<'_>, state: &[u8]) -> Option<u64> {
    let (flavor, register) = match image.arch {
        Arch::Amd64 => (4, 16),
        Arch::I386 => (1, 10),
        Arch::Arm64 => (6, 32),
        _ => (1, 15),
    };
    let mut reader: Reader<'_> = image.read(state);
    let matches = reader.u32()? == flavor;
    reader.u32()?;
    reader.skip(register * image.arch.ptr_size() as usize)?;
    reader.word().filter(|_| matches)
}
