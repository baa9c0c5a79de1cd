//! dyld's chained fixups: pointers in the file are links of a chain, and say what they become when the chain is walked.

use super::Image;
use super::macho::{MachO, Mapped};
use crate::limits::MAX_LINKS;
use object::read::macho::{DyldChainedImport, DyldChainedSegment, Fixup, MachHeader};
use object::{Endianness, macho};
use std::borrow::Cow;

/// Replaces every link by the pointer it stands for, and collects the slots that other libraries fill.
pub(super) fn chained<'a, H: MachHeader<Endian = Endianness>>(
    file: &MachO<'a, H>,
    command: &macho::LinkeditDataCommand<Endianness>,
    image: &mut Image<'a>,
) -> object::Result<()> {
    let fixups = command.chained_fixups(file.endian, file.data)?;
    let imports: Vec<_> = fixups.imports(file.endian)?.map_while(|i| i.ok()).take(MAX_LINKS).collect();
    for chains in fixups.segments(file.endian)? {
        let chains = chains?;
        if let Some(segment) = file.segments.get(chains.index() as usize) {
            segment_chains(file, segment, &chains, &imports, image)?;
        }
    }
    Ok(())
}

fn segment_chains<'a, H: MachHeader<Endian = Endianness>>(
    file: &MachO<'a, H>,
    segment: &Mapped<'a>,
    chains: &DyldChainedSegment<'a, Endianness>,
    imports: &[DyldChainedImport<'a>],
    image: &mut Image<'a>,
) -> object::Result<()> {
    // Chains that share their ends would be walked again for every page, so no more links than there is room for.
    let room = segment.data.len() / 4 + 1;
    for link in chains.fixups(file.endian, image.base, segment.data).take(room) {
        let (offset, fixup) = link?;
        let slot = segment.addr.wrapping_add(offset);
        let value = match fixup {
            Fixup::Rebase(rebase) => image.base.wrapping_add(rebase.target_offset),
            Fixup::SegmentedRebase(rebase) => {
                let target = file.segments.get(usize::from(rebase.target_segment_index));
                target.map_or(0, |t| t.addr).wrapping_add(rebase.target_segment_offset)
            }
            Fixup::KernelCacheRebase(rebase) => image.base.wrapping_add(rebase.target_offset),
            Fixup::Bind(bind) => {
                if let Some(import) = imports.get(bind.ordinal as usize) {
                    file.import(import.name, import.dylib, slot, image);
                }
                0
            }
        };
        image.patch(slot, value);
    }
    Ok(())
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
        if let Some(segment) = file.segments.get(usize::from(bind.segment_index)) {
            file.import(bind.symbol, bind.dylib, segment.addr.wrapping_add(bind.segment_offset), image);
        }
    }
    Ok(())
}

/// The exports trie, for files whose symbol table was stripped.
pub(super) fn exported<'a>(
    trie: object::read::macho::ExportsTrieIterator<'a>,
    image: &mut Image<'a>,
) -> object::Result<()> {
    for export in trie.take(MAX_LINKS) {
        let export = export?;
        let object::read::macho::ExportData::Regular { address } = export.data() else { continue };
        let name = super::cstr(export.name(), 0).unwrap_or_default();
        let name = Cow::Owned(super::macho::plain(name).to_string());
        let addr = image.base.wrapping_add(*address);
        image.exports.push(super::Export { name, addr });
    }
    Ok(())
}
