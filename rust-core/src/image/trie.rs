//! Mach-O's exports trie: names are spelled along the edges from the root.

use super::macho::plain;
use super::{Export, Image};
use crate::limits::{MAX_LINKS, MAX_NAME};
use crate::reader::Reader;
use std::borrow::Cow;

/// Re-exports another library's symbol; has no address.
const REEXPORT: u64 = 8;

/// Collects the trie's symbols that have an address; `None` if it is damaged.
///
/// Children are offsets, so a hostile trie may share them or run in circles: no more nodes are visited than there are
/// bytes, and no name grows past its limit.
pub(super) fn exports(data: &[u8], image: &mut Image<'_>) -> Option<()> {
    let mut pending = vec![(0usize, Vec::new())];
    for _ in 0..data.len() {
        let Some((offset, name)) = pending.pop() else { break };
        let mut node = Reader::new(data.get(offset..)?, false, 8);
        let size = node.uvarint()? as usize;
        if size > 0 {
            let (flags, address) = (node.uvarint()?, node.uvarint()?);
            if flags & REEXPORT == 0 && image.exports.len() < MAX_LINKS {
                let name = String::from_utf8_lossy(&name);
                let addr = image.base.wrapping_add(address);
                image.exports.push(Export { name: Cow::Owned(plain(&name).to_string()), addr });
            }
            node = Reader::new(data.get(offset..)?, false, 8);
            node.uvarint()?;
            node.skip(size)?;
        }
        for _ in 0..node.u8()? {
            let edge = node.cstr()?;
            let child = node.uvarint()? as usize;
            if name.len() + edge.len() <= MAX_NAME && pending.len() < MAX_LINKS {
                pending.push((child, [name.as_slice(), edge].concat()));
            }
        }
    }
    Some(())
}
