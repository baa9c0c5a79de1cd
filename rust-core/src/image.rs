//! The program as it lies in memory at its link-time address, whatever container it came in.
//!
//! Everything behind this stage asks by address. Pointers are final: relocations and chained fixups have been
//! applied, on copies of the segments that have any. Only the files in this folder name the crate `object`.

mod debug;
mod dynamic;
mod elf;
mod fixups;
mod lookup;
mod macho;
mod pe;
mod relocate;
mod trie;

use crate::arch::{Arch, Os};
use crate::error::{Error, Result};
use crate::limits::{MAX_NAME, MAX_NOTES, MAX_SECTIONS, MAX_ZERO_FILL};
use std::borrow::Cow;
use std::fmt;

/// What the bytes came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Linux, BSD, Solaris, Android.
    Elf,
    /// Windows.
    Pe,
    /// macOS, iOS.
    MachO,
    /// Memory that a host handed over.
    Segments,
}

impl Format {
    /// The name that reports use.
    pub fn name(self) -> &'static str {
        match self {
            Format::Elf => "elf",
            Format::Pe => "pe",
            Format::MachO => "macho",
            Format::Segments => "segments",
        }
    }
}

/// A range of memory with one protection.
#[derive(Clone, PartialEq, Eq)]
pub struct Segment<'a> {
    /// Where it starts.
    pub addr: u64,
    /// Bytes in memory.
    pub size: u64,
    /// The first bytes of it; what is missing up to `size` is zero.
    pub data: Cow<'a, [u8]>,
    /// Readable.
    pub read: bool,
    /// Writable.
    pub write: bool,
    /// Executable. Some linkers put read-only data into the executable segment too.
    pub exec: bool,
}

impl Segment<'_> {
    /// The address behind the last byte.
    pub fn end(&self) -> u64 {
        self.addr.saturating_add(self.size)
    }
}

/// Without the bytes, which would be all that one sees.
impl fmt::Debug for Segment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = [(self.read, 'r'), (self.write, 'w'), (self.exec, 'x')];
        let flags: String = flags.iter().map(|(on, name)| if *on { *name } else { '-' }).collect();
        write!(f, "{:#x}..{:#x} ({:#x} stored) {flags}", self.addr, self.end(), self.data.len())
    }
}

/// A named range. Names keep the container's spelling (`.text`, `__text`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section<'a> {
    /// The name as in the file.
    pub name: &'a str,
    /// Where it lies in memory; 0 if it is not loaded.
    pub addr: u64,
    /// Bytes in memory.
    pub size: u64,
    /// Whether it holds code.
    pub exec: bool,
    stored: debug::Stored,
}

/// A name for an address, from the container's symbol table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol<'a> {
    /// The name as in the file, without Mach-O's leading underscore.
    pub name: Cow<'a, str>,
    /// What it names.
    pub addr: u64,
    /// Bytes, or 0 if the container does not say (PE, Mach-O).
    pub size: u64,
    /// Whether the container calls it a function.
    pub function: bool,
}

/// Something that the loader brings in from another library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import<'a> {
    /// The symbol; `#7` for ordinal 7.
    pub name: Cow<'a, str>,
    /// The library, or empty if the container does not say.
    pub library: Cow<'a, str>,
    /// Address of the pointer that the loader fills (GOT, IAT).
    pub slot: u64,
}

/// Something that other libraries may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export<'a> {
    /// The symbol; `#7` for ordinal 7 without a name.
    pub name: Cow<'a, str>,
    /// What it names.
    pub addr: u64,
}

/// What a host tells about memory that it hands over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentsInfo {
    /// The machine.
    pub arch: Arch,
    /// The operating system, if known.
    pub os: Os,
    /// The image's address; the lowest segment if it is not given.
    pub base: Option<u64>,
    /// Where execution starts, if known.
    pub entry: Option<u64>,
}

/// A program in memory.
#[derive(Clone)]
pub struct Image<'a> {
    /// The container.
    pub format: Format,
    /// The machine.
    pub arch: Arch,
    /// The operating system.
    pub os: Os,
    /// The lowest address of the image; other addresses move with it when the program is loaded elsewhere.
    pub base: u64,
    /// Where execution starts, 0 if nowhere.
    pub entry: u64,
    /// Memory: by address, without overlaps.
    pub segments: Vec<Segment<'a>>,
    /// Sections in the file's order; none if they were stripped or are damaged.
    pub sections: Vec<Section<'a>>,
    /// Symbols by address, duplicates included.
    pub symbols: Vec<Symbol<'a>>,
    /// Imports by slot.
    pub imports: Vec<Import<'a>>,
    /// Exports by address.
    pub exports: Vec<Export<'a>>,
    /// What was damaged and is missing.
    pub notes: Vec<String>,
    file: &'a [u8],
}

/// Without the tables.
impl fmt::Debug for Image<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = (self.format.name(), self.os.name(), self.arch.info().name);
        f.debug_struct("Image").field("is", &name).field("segments", &self.segments).finish_non_exhaustive()
    }
}

impl<'a> Image<'a> {
    /// Reads an ELF, PE or Mach-O file. Of a universal file amd64 is taken, or else arm64, or else the first part.
    pub fn parse(data: &'a [u8]) -> Result<Image<'a>> {
        Image::parse_arch(data, None)
    }

    /// Reads a file; of a universal file the part for `wish`.
    pub fn parse_arch(data: &'a [u8], wish: Option<Arch>) -> Result<Image<'a>> {
        let image = match data {
            [] => return Err(Error::Empty),
            [0x7f, b'E', b'L', b'F', ..] => elf::parse(data)?,
            [b'M', b'Z', ..] => pe::parse(data)?,
            _ if macho::is_fat(data) => macho::parse_fat(data, wish)?,
            _ if macho::is_thin(data) => macho::parse(data)?,
            _ => return Err(Error::UnknownContainer { magic: data.iter().take(4).copied().collect() }),
        };
        image.sealed()
    }

    /// Takes memory as it is.
    pub fn from_segments(info: SegmentsInfo, segments: Vec<Segment<'a>>) -> Result<Image<'a>> {
        let mut image = Image::new(Format::Segments, info.arch, &[]);
        image.os = info.os;
        image.base = info.base.or(segments.iter().map(|s| s.addr).min()).unwrap_or_default();
        image.entry = info.entry.unwrap_or_default();
        image.segments = segments;
        image.sealed()
    }

    fn new(format: Format, arch: Arch, file: &'a [u8]) -> Image<'a> {
        Image {
            format,
            arch,
            os: Os::Unknown,
            base: 0,
            entry: 0,
            segments: Vec::new(),
            sections: Vec::new(),
            symbols: Vec::new(),
            imports: Vec::new(),
            exports: Vec::new(),
            notes: Vec::new(),
            file,
        }
    }

    /// Puts the tables in order and bounds them.
    fn sealed(mut self) -> Result<Image<'a>> {
        self.arrange();
        if self.segments.is_empty() {
            return Err(Error::Malformed { what: "program: nothing of it is loaded, first segment", offset: 0 });
        }
        self.symbols.sort_by_key(|s| s.addr);
        self.imports.sort_by_key(|i| i.slot);
        self.imports.dedup_by_key(|i| i.slot);
        self.exports.sort_unstable_by(|a, b| (a.addr, &a.name).cmp(&(b.addr, &b.name)));
        Ok(self)
    }

    /// Sorts the segments and cuts what overlaps: the later start wins, as the later mapping does.
    fn arrange(&mut self) {
        let before = self.segments.len();
        self.segments.truncate(MAX_SECTIONS);
        self.segments.retain(|s| s.size > 0);
        self.segments.sort_by_key(|s| s.addr);
        let mut overlaps = 0;
        let starts: Vec<u64> = self.segments.iter().skip(1).map(|s| s.addr).chain([u64::MAX]).collect();
        for (segment, next) in self.segments.iter_mut().zip(starts) {
            let room = (next - segment.addr).min((segment.data.len() as u64).saturating_add(MAX_ZERO_FILL));
            overlaps += usize::from(segment.size > next - segment.addr);
            segment.size = segment.size.min(room);
            truncate(&mut segment.data, segment.size);
        }
        self.segments.retain(|s| s.size > 0);
        if before > MAX_SECTIONS {
            self.note(format!("{before} segments, of which the first {MAX_SECTIONS} are kept"));
        }
        if overlaps > 0 {
            self.note(format!("{overlaps} segments overlap the next one and were cut"));
        }
        self.share();
    }

    /// Files that map the same bytes many times would cost many times their size: twice is enough for all of them.
    fn share(&mut self) {
        let mut room = if self.format == Format::Segments { usize::MAX } else { self.file.len().saturating_mul(2) };
        let mut cut = 0;
        for segment in &mut self.segments {
            cut += usize::from(segment.data.len() > room);
            truncate(&mut segment.data, room as u64);
            room -= segment.data.len();
        }
        if cut > 0 {
            self.note(format!("{cut} segments repeat the file's bytes and were emptied"));
        }
    }

    fn note(&mut self, text: impl Into<String>) {
        if self.notes.len() < MAX_NOTES {
            self.notes.push(text.into());
        }
    }

    /// Keeps `result`, or says in a note that `what` is damaged.
    fn optional<T: Default>(&mut self, what: &str, result: object::Result<T>) -> T {
        result.unwrap_or_else(|error| {
            self.note(format!("{what}: {error}"));
            T::default()
        })
    }
}

fn truncate(data: &mut Cow<'_, [u8]>, size: u64) {
    let len = data.len().min(usize::try_from(size).unwrap_or(usize::MAX));
    match data {
        Cow::Borrowed(bytes) => *bytes = bytes.get(..len).unwrap_or_default(),
        Cow::Owned(bytes) => bytes.truncate(len),
    }
}

/// Bytes that a segment may lack at the end of the file: loaders map whole pages and fill the last one with zeros.
const PAGE: u64 = 0x1000;

/// The bytes of a segment in the file. A file that ends early is damaged, unless no page is missing as a whole.
fn file_bytes(data: &[u8], offset: u64, size: u64) -> Result<&[u8]> {
    let len = data.len() as u64;
    let end = offset.saturating_add(size);
    if end > len.next_multiple_of(PAGE) && size > 0 {
        return Err(Error::Cut { offset, end, size: len });
    }
    let range = offset.min(len) as usize..end.min(len) as usize;
    Ok(data.get(range).unwrap_or_default())
}

/// The NUL-terminated name at `offset` of a table. Never longer than `MAX_NAME`, so that no table of names without
/// ends costs more than its size; cut before bytes that are no UTF-8. `None` if there is nothing.
fn cstr(table: &[u8], offset: u32) -> Option<&str> {
    let bytes = table.get(offset as usize..)?;
    let bytes = bytes.get(..MAX_NAME).unwrap_or(bytes);
    let bytes = bytes.get(..memchr::memchr(0, bytes).unwrap_or(bytes.len())).filter(|b| !b.is_empty())?;
    std::str::from_utf8(bytes).or_else(|e| std::str::from_utf8(&bytes[..e.valid_up_to()])).ok()
}

/// A symbol table's names. They may overlap, but names that add up to many times their table are an attack.
struct Names<'a> {
    table: &'a [u8],
    room: usize,
}

impl<'a> Names<'a> {
    fn new(table: &'a [u8]) -> Self {
        Names { table, room: table.len().saturating_mul(4).saturating_add(MAX_NAME) }
    }

    fn get(&mut self, offset: u32) -> Option<&'a str> {
        let name = cstr(self.table, offset).filter(|_| self.room > 0)?;
        self.room = self.room.saturating_sub(name.len());
        Some(name)
    }

    /// Says in a note that names are missing, if any are.
    fn finish(self, image: &mut Image<'_>) {
        if self.room == 0 {
            image.note("symbol names overlap too much; the last ones were left out");
        }
    }
}

#[cfg(test)]
mod tests;
