//! Debug sections as the formats compress them.

use super::*;
use crate::image::debug::Stored;

/// A zlib stream that holds `data` as it is, with Adler's checksum.
fn zlib(data: &[u8]) -> Vec<u8> {
    let len = data.len() as u16;
    let (mut a, mut b) = (1u32, 0u32);
    for byte in data {
        a = (a + u32::from(*byte)) % 65521;
        b = (b + a) % 65521;
    }
    let block = [&[0x78, 1, 1][..], &len.to_le_bytes(), &(!len).to_le_bytes(), data].concat();
    [block, (b << 16 | a).to_be_bytes().to_vec()].concat()
}

fn read(arch: Arch, name: &'static str, contents: &[u8], compressed: bool) -> Option<Vec<u8>> {
    let stored = Stored { offset: 0, size: contents.len() as u64, compressed };
    let mut image = Image::new(Format::Elf, arch, contents);
    image.sections.push(Section { name, addr: 0, size: 0, exec: false, stored });
    image.debug_section(".debug_info").map(Cow::into_owned)
}

/// ELF's header: kind, (padding,) size, alignment.
fn chdr64(kind: u32, size: u64, stream: &[u8]) -> Vec<u8> {
    [&kind.to_le_bytes()[..], &[0; 4], &size.to_le_bytes(), &1u64.to_le_bytes(), stream].concat()
}

#[test]
fn every_kind_of_compression_is_undone() {
    let (amd64, mips) = (Arch::Amd64, Arch::Mips);
    let plain = b"compilation unit".to_vec();
    assert_eq!(read(amd64, ".debug_info", &plain, false).as_ref(), Some(&plain));
    assert_eq!(read(amd64, ".debug_info", &chdr64(1, 16, &zlib(&plain)), true).as_ref(), Some(&plain));
    let big = [&1u32.to_be_bytes()[..], &16u32.to_be_bytes(), &1u32.to_be_bytes(), &zlib(&plain)].concat();
    assert_eq!(read(mips, ".debug_info", &big, true).as_ref(), Some(&plain));
    let gnu = [&b"ZLIB"[..], &16u64.to_be_bytes(), &zlib(&plain)].concat();
    assert_eq!(read(amd64, ".zdebug_info", &gnu, false).as_ref(), Some(&plain));
}

#[test]
fn what_cannot_be_inflated_is_missing() {
    let stream = zlib(b"compilation unit");
    let wrong = [
        chdr64(1, 17, &stream),
        chdr64(1, u64::MAX, &stream),
        chdr64(9, 16, &stream),
        chdr64(2, 16, &stream),
        chdr64(1, 16, &stream[..10]),
        stream,
        vec![],
    ];
    for contents in wrong {
        assert_eq!(read(Arch::Amd64, ".debug_info", &contents, true), None);
    }
    assert_eq!(read(Arch::Amd64, ".zdebug_info", b"not compressed at all", false), None);
}
