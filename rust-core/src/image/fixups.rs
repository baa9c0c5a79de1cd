//! dyld's chained fixups: pointers in the file are links of a chain, and say what they become when the chain is walked.

use super::macho::{MachO, Mapped};
use super::{Image, cstr};
use crate::limits::MAX_LINKS;
use object::read::macho::{DyldChainedFixups, DyldChainedSegment, Fixup, MachHeader, Nlist};
use object::{Endianness, macho};

/// Replaces every link by the pointer it stands for, and collects the slots that other libraries fill.
pub(super) fn chained<'a, H: MachHeader<Endian = Endianness>>(
    file: &MachO<'a, H>,
    command: &macho::LinkeditDataCommand<Endianness>,
    image: &mut Image<'a>,
) -> object::Result<()> {
    let data = command.data(file.endian, file.data)?;
    let fixups = DyldChainedFixups::parse(file.endian, data)?;
    let imports = Imports { data, header: fixups.header() };
    // Chains that share their ends would be walked again and again, so no more links than the file has room for.
    let mut room = file.data.len() / 4 + 1;
    for chains in fixups.segments(file.endian)? {
        let chains = chains?;
        if let Some(segment) = file.segments.get(chains.index() as usize) {
            room -= walk(file, segment, &chains, &imports, room, image)?;
        }
    }
    Ok(())
}

/// Walks the chains of one segment, at most `room` links, and says how many.
fn walk<'a, H: MachHeader<Endian = Endianness>>(
    file: &MachO<'a, H>,
    segment: &Mapped<'a>,
    chains: &DyldChainedSegment<'a, Endianness>,
    imports: &Imports<'a>,
    room: usize,
    image: &mut Image<'a>,
) -> object::Result<usize> {
    let mut links = 0;
    for link in chains.fixups(file.endian, image.base, segment.data).take(room) {
        let (offset, fixup) = link?;
        let slot = segment.addr.wrapping_add(offset);
        links += 1;
        let value = match fixup {
            Fixup::Rebase(rebase) => image.base.wrapping_add(rebase.target_offset),
            Fixup::KernelCacheRebase(rebase) => image.base.wrapping_add(rebase.target_offset),
            Fixup::SegmentedRebase(rebase) => {
                let target = file.segments.get(usize::from(rebase.target_segment_index));
                target.map_or(0, |t| t.addr).wrapping_add(rebase.target_segment_offset)
            }
            Fixup::Bind(bind) => {
                if let Some((name, library)) = imports.get(bind.ordinal, image) {
                    file.import(name, library, slot, image);
                }
                0
            }
        };
        image.patch(slot, value);
    }
    Ok(links)
}

/// The table of imported symbols, which links refer to by number (`mach-o/fixup-chains.h`).
struct Imports<'a> {
    data: &'a [u8],
    header: &'a macho::DyldChainedFixupsHeader<Endianness>,
}

impl<'a> Imports<'a> {
    /// Name and library. A record is library:8 weak:1 name:23, with or without a 4-byte addend behind it, or
    /// library:16 weak:1 unused:15 name:32 and an 8-byte addend.
    fn get(&self, ordinal: u32, image: &Image<'a>) -> Option<(&'a str, macho::BindDylib)> {
        let endian = Endianness::Little;
        let format = self.header.imports_format.get(endian);
        let size = match format {
            macho::DYLD_CHAINED_IMPORT => 4,
            macho::DYLD_CHAINED_IMPORT_ADDEND => 8,
            macho::DYLD_CHAINED_IMPORT_ADDEND64 => 16,
            _ => return None,
        };
        let table = self.data.get(self.header.imports_offset.get(endian) as usize..)?;
        let mut record = image.read(table).at((ordinal as usize).checked_mul(size)?);
        let (name, library) = match size {
            16 => record.u64().map(|r| ((r >> 32) as u32, i32::from(r as i16)))?,
            _ => record.u32().map(|r| (r >> 9, i32::from(r as i8)))?,
        };
        let names = self.data.get(self.header.symbols_offset.get(endian) as usize..)?;
        Some((cstr(names, name)?, macho::BindDylib(library)))
    }
}

/// The bind opcodes of older files. Pointers into the file itself are final there.
pub(super) fn bound<'a, H: MachHeader<Endian = Endianness>>(
    file: &MachO<'a, H>,
    command: &macho::DyldInfoCommand<Endianness>,
    image: &mut Image<'a>,
) -> object::Result<()> {
    let pointer = H::pointer_size();
    let binds = command.binds(file.endian, file.data, pointer)?;
    let lazy = command.lazy_binds(file.endian, file.data, pointer)?;
    for bind in binds.chain(lazy).take(MAX_LINKS) {
        let bind = bind?;
        let segment = file.segments.get(usize::from(bind.segment_index));
        if let (Some(segment), Some(name)) = (segment, cstr(bind.symbol, 0)) {
            file.import(name, bind.dylib, segment.addr.wrapping_add(bind.segment_offset), image);
        }
    }
    Ok(())
}

/// The indirect symbol table: which symbol each pointer of certain sections stands for. Go 1.18's own linker writes
/// nothing else on amd64; elsewhere it repeats what is known.
pub(super) fn indirect<'a, H: MachHeader<Endian = Endianness>>(
    file: &MachO<'a, H>,
    command: &macho::DysymtabCommand<Endianness>,
    image: &mut Image<'a>,
) -> object::Result<()> {
    let (symbols, names) = file.symbol_table()?;
    let table = command.indirect_symbols(file.endian, file.data)?;
    let slots = |(addr, bytes, first): &(u64, u64, u32)| {
        let numbers = table.get(*first as usize..).unwrap_or_default();
        (*addr..addr.saturating_add(*bytes)).step_by(H::pointer_size().into()).zip(numbers)
    };
    for (slot, number) in file.pointers.iter().flat_map(slots).take(MAX_LINKS) {
        let number = number.get(file.endian).index();
        let symbol = number.and_then(|n| symbols.get(n as usize)).filter(|s| s.is_undefined());
        let Some(symbol) = symbol else { continue };
        if let Some(name) = cstr(names, symbol.n_strx(file.endian)) {
            let library = symbol.library_ordinal(file.endian).index().unwrap_or_default();
            file.import(name, macho::BindDylib(library.into()), slot, image);
        }
    }
    Ok(())
}
