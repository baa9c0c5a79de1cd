//! Debug sections: finding them under each container's spelling, and inflating them.

use super::{Format, Image, macho};
use crate::limits::{MAX_DEBUG_SECTION, MAX_INFLATION};
use object::{CompressedData, CompressionFormat};
use std::borrow::Cow;

/// Where a section lies in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Stored {
    pub(super) offset: u64,
    pub(super) size: u64,
    /// ELF's `SHF_COMPRESSED`: a compression header comes first.
    pub(super) compressed: bool,
}

impl<'a> Image<'a> {
    /// The contents of a debug section by its ELF name (`.debug_info`), inflated if needed; `None` if it is missing,
    /// empty, damaged, or inflates beyond reason.
    pub fn debug_section(&self, name: &str) -> Option<Cow<'a, [u8]>> {
        let plain = self.section(name).map(|s| (s, false));
        let gnu = name.replacen(".debug_", ".zdebug_", 1);
        let (section, gnu) = plain.or_else(|| self.section(&gnu).map(|s| (s, true)))?;
        let offset = usize::try_from(section.stored.offset).ok()?;
        let end = offset.checked_add(usize::try_from(section.stored.size).ok()?)?;
        let raw = self.file.get(offset..end).filter(|raw| !raw.is_empty())?;
        let packed = match (section.stored.compressed, gnu) {
            (true, _) => self.elf_packed(raw)?,
            (false, true) => gnu_packed(raw)?,
            (false, false) => CompressedData::none(raw),
        };
        let bearable = (raw.len() as u64).saturating_mul(MAX_INFLATION).min(MAX_DEBUG_SECTION);
        let inflates = !matches!(packed.format, CompressionFormat::None);
        if inflates && packed.uncompressed_size > bearable { None } else { packed.decompress().ok() }
    }

    /// ELF's compression header: type, (padding,) size, alignment.
    fn elf_packed(&self, raw: &'a [u8]) -> Option<CompressedData<'a>> {
        let mut reader = self.read(raw);
        let format = match reader.u32()? {
            1 => CompressionFormat::Zlib,
            2 => CompressionFormat::Zstandard,
            _ => return None,
        };
        reader.skip(if self.arch.ptr_size() == 8 { 4 } else { 0 })?;
        let uncompressed_size = reader.word()?;
        reader.word()?;
        Some(CompressedData { format, data: reader.rest(), uncompressed_size })
    }

    /// The name that a section has in this container, if ELF's is `name`.
    pub(super) fn own_name(&self, name: &str) -> String {
        if self.format == Format::MachO { macho::section_name(name) } else { name.to_string() }
    }
}

/// The header of `.zdebug_*` sections: "ZLIB" and the size, most significant byte first.
fn gnu_packed(raw: &[u8]) -> Option<CompressedData<'_>> {
    let (header, data) = raw.split_at_checked(12)?;
    let size: [u8; 8] = header.strip_prefix(b"ZLIB")?.try_into().ok()?;
    Some(CompressedData { format: CompressionFormat::Zlib, data, uncompressed_size: u64::from_be_bytes(size) })
}
