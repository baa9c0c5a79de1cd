//! ELF, 32 and 64 bits, both byte orders. Memory comes from the program headers alone; section headers are optional.

use super::debug::Stored;
use super::{Format, Image, Names, Section, Segment, Symbol, cstr, dynamic, file_bytes};
use crate::arch::{Arch, Os};
use crate::error::{Error, Result};
use crate::limits::{MAX_SECTIONS, MAX_SYMBOLS};
use object::elf::{self, FileHeader32, FileHeader64};
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader, Sym};
use object::{Endianness, pod};
use std::borrow::Cow;

/// One file being read: its header type, byte order and bytes go together everywhere.
pub(super) struct Elf<'a, H: FileHeader<Endian = Endianness>> {
    pub(super) data: &'a [u8],
    pub(super) endian: Endianness,
    pub(super) header: &'a H,
    pub(super) programs: &'a [H::ProgramHeader],
}

pub(super) fn parse(data: &[u8]) -> Result<Image<'_>> {
    let truncated = Error::Malformed { what: "ELF header", offset: data.len().min(64) as u64 };
    match layout(data).ok_or(truncated.clone())? {
        (true, endian) => parse_as::<FileHeader64<Endianness>>(data, endian, truncated),
        (false, endian) => parse_as::<FileHeader32<Endianness>>(data, endian, truncated),
    }
}

/// Whether the file is 64-bit, and its byte order. Kernels ignore `e_ident` behind the magic, so it may lie; the size
/// of a program header may not.
fn layout(data: &[u8]) -> Option<(bool, Endianness)> {
    let declared = (*data.get(4)? != 1, if *data.get(5)? == 2 { Endianness::Big } else { Endianness::Little });
    let all =
        [(true, Endianness::Little), (true, Endianness::Big), (false, Endianness::Little), (false, Endianness::Big)];
    let fits = |(wide, endian): &(bool, Endianness)| {
        let (at, size) = if *wide { (54, 56u16) } else { (42, 32) };
        let size = if *endian == Endianness::Big { size.to_be_bytes() } else { size.to_le_bytes() };
        data.get(at..at + 2) == Some(&size)
    };
    [declared].into_iter().chain(all).find(fits).or(Some(declared))
}

fn parse_as<H: FileHeader<Endian = Endianness>>(
    data: &[u8],
    endian: Endianness,
    truncated: Error,
) -> Result<Image<'_>> {
    let (header, _) = pod::from_bytes::<H>(data).map_err(|()| truncated)?;
    let arch = machine(header, endian)?;
    let offset = header.e_phoff(endian).into().min(data.len() as u64);
    let damaged = Error::Malformed { what: "ELF program headers", offset };
    let programs = header.program_headers(endian, data).map_err(|_| damaged)?;
    let elf = Elf { data, endian, header, programs };
    let mut image = Image::new(Format::Elf, arch, data);
    image.entry = header.e_entry(endian).into();
    elf.segments(&mut image)?;
    image.arrange();
    elf.sections(&mut image);
    image.os = elf.os();
    dynamic::read(&elf, &mut image);
    Ok(image)
}

/// The machine, by ELF's number, word size and byte order.
fn machine<H: FileHeader<Endian = Endianness>>(header: &H, endian: Endianness) -> Result<Arch> {
    let number = header.e_machine(endian);
    let (wide, big) = (header.is_type_64(), endian == Endianness::Big);
    Ok(match (number, wide, big) {
        (elf::EM_X86_64, true, false) => Arch::Amd64,
        (elf::EM_386, false, false) => Arch::I386,
        (elf::EM_AARCH64, true, false) => Arch::Arm64,
        (elf::EM_ARM, false, false) => Arch::Arm,
        (elf::EM_PPC64, true, true) => Arch::Ppc64,
        (elf::EM_PPC64, true, false) => Arch::Ppc64le,
        (elf::EM_RISCV, true, false) => Arch::Riscv64,
        (elf::EM_LOONGARCH, true, false) => Arch::Loong64,
        (elf::EM_S390, true, true) => Arch::S390x,
        (elf::EM_MIPS, false, true) => Arch::Mips,
        (elf::EM_MIPS, false, false) => Arch::Mipsle,
        (elf::EM_MIPS, true, true) => Arch::Mips64,
        (elf::EM_MIPS, true, false) => Arch::Mips64le,
        _ => {
            let (bits, order) = (if wide { 64 } else { 32 }, if big { "big" } else { "little" });
            let machine = format!("{} (ELF, {bits}-bit, {order}-endian)", number.0);
            return Err(Error::UnsupportedMachine { machine });
        }
    })
}

impl<'a, H: FileHeader<Endian = Endianness>> Elf<'a, H> {
    fn segments(&self, image: &mut Image<'a>) -> Result<()> {
        let loads = self.programs.iter().filter(|p| p.p_type(self.endian) == elf::PT_LOAD);
        for load in loads.take(MAX_SECTIONS) {
            let size: u64 = load.p_memsz(self.endian).into();
            let (offset, stored) = load.file_range(self.endian);
            let flags = load.p_flags(self.endian);
            image.segments.push(Segment {
                addr: load.p_vaddr(self.endian).into(),
                size,
                data: Cow::Borrowed(file_bytes(self.data, offset, stored.min(size))?),
                read: flags.contains(elf::PF_R),
                write: flags.contains(elf::PF_W),
                exec: flags.contains(elf::PF_X),
            });
        }
        image.base = image.segments.iter().map(|s| s.addr & !0xfff).min().unwrap_or_default();
        Ok(())
    }

    fn sections(&self, image: &mut Image<'a>) {
        let headers = image.optional("section headers", self.header.section_headers(self.endian, self.data));
        let names = self.header.section_strings_index(self.endian, self.data).map_or(0, |index| index.0);
        let names = self.contents(headers, names);
        let mut cut = 0;
        for header in headers.iter().take(MAX_SECTIONS).filter(|h| h.sh_type(self.endian) != elf::SHT_NULL) {
            let section = self.section(names, header);
            cut += usize::from(section.stored.offset.saturating_add(section.stored.size) > self.data.len() as u64);
            image.sections.push(section);
        }
        if cut > 0 {
            image.note(format!("{cut} sections lie outside the file"));
        }
        self.symbols(headers, image);
    }

    /// The bytes of the section with this number.
    fn contents(&self, headers: &'a [H::SectionHeader], index: usize) -> &'a [u8] {
        headers.get(index).and_then(|h| h.data(self.endian, self.data).ok()).unwrap_or_default()
    }

    fn section(&self, names: &'a [u8], header: &H::SectionHeader) -> Section<'a> {
        let flags = header.sh_flags(self.endian);
        let (offset, size) = header.file_range(self.endian).unwrap_or_default();
        Section {
            name: cstr(names, header.sh_name(self.endian)).unwrap_or_default(),
            addr: header.sh_addr(self.endian).into(),
            size: header.sh_size(self.endian).into(),
            exec: flags.contains(elf::SHF_EXECINSTR),
            stored: Stored { offset, size, compressed: flags.contains(elf::SHF_COMPRESSED) },
        }
    }

    fn symbols(&self, headers: &'a [H::SectionHeader], image: &mut Image<'a>) {
        let Some(table) = headers.iter().find(|h| h.sh_type(self.endian) == elf::SHT_SYMTAB) else { return };
        let symbols: &[H::Sym] = image.optional("symbol table", table.data_as_array(self.endian, self.data));
        let mut names = Names::new(self.contents(headers, table.sh_link(self.endian) as usize));
        for symbol in symbols.iter().take(MAX_SYMBOLS).filter(|s| self.is_place(*s)) {
            let Some(name) = names.get(symbol.st_name(self.endian)) else { continue };
            image.symbols.push(Symbol {
                name: name.into(),
                addr: symbol.st_value(self.endian).into(),
                size: symbol.st_size(self.endian).into(),
                function: matches!(symbol.st_type(), elf::STT_FUNC | elf::STT_GNU_IFUNC),
            });
        }
        names.finish(image);
    }

    /// Whether a symbol names an address in this program.
    fn is_place(&self, symbol: &H::Sym) -> bool {
        let kinds = [elf::STT_NOTYPE, elf::STT_OBJECT, elf::STT_FUNC, elf::STT_GNU_IFUNC];
        symbol.st_shndx(self.endian) != elf::SHN_UNDEF && kinds.contains(&symbol.st_type())
    }

    /// The operating system: by ABI number, notes, and interpreter. Go's static Linux programs have none of these.
    fn os(&self) -> Os {
        let declared = match self.header.e_ident().os_abi {
            elf::ELFOSABI_NETBSD => Some(Os::NetBsd),
            elf::ELFOSABI_SOLARIS => Some(Os::Solaris),
            elf::ELFOSABI_FREEBSD => Some(Os::FreeBsd),
            elf::ELFOSABI_OPENBSD => Some(Os::OpenBsd),
            _ => None,
        };
        declared.or_else(|| self.os_by_note()).or_else(|| self.os_by_interpreter()).unwrap_or(Os::Linux)
    }

    fn os_by_note(&self) -> Option<Os> {
        let notes = self.programs.iter().filter_map(|p| p.notes(self.endian, self.data).ok().flatten());
        notes.flatten().flatten().take(64).find_map(|note| match note.name() {
            b"Android" => Some(Os::Android),
            b"FreeBSD" => Some(Os::FreeBsd),
            b"NetBSD" => Some(Os::NetBsd),
            b"OpenBSD" => Some(Os::OpenBsd),
            b"DragonFly" => Some(Os::DragonFly),
            _ => None,
        })
    }

    fn os_by_interpreter(&self) -> Option<Os> {
        let mut paths = self.programs.iter().filter_map(|p| p.interpreter(self.endian, self.data).ok().flatten());
        let path = cstr(paths.next()?, 0)?;
        INTERPRETERS.iter().find(|(part, _)| path.contains(part)).map(|(_, os)| *os)
    }
}

/// Parts of dynamic linkers' paths, as in `cmd/link/internal/*/obj.go`; the first that fits decides.
const INTERPRETERS: [(&str, Os); 8] = [
    ("/system/bin/linker", Os::Android),
    ("ld-elf.so.2", Os::DragonFly),
    ("ld-elf.so", Os::FreeBsd),
    ("ld.elf_so", Os::NetBsd),
    ("/usr/libexec/ld.so", Os::OpenBsd),
    ("/amd64/ld.so.1", Os::Solaris),
    ("/64/ld.so.1", Os::Solaris),
    ("/ld", Os::Linux),
];
