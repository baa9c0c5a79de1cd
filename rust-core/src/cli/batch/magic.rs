//! What a file is, by its first bytes: cheap enough to ask before a process is started for it.

/// Bytes of a file that are looked at.
pub(crate) const HEAD: usize = 512;

/// Where a kind of file that is skipped has which bytes, and what it is called.
const OTHERS: &[(usize, &[u8], &str)] = &[
    (0, b"PK\x03\x04", "zip archive (also jar, apk, wheel)"),
    (0, b"PK\x05\x06", "zip archive, empty"),
    (0, b"\x1f\x8b", "gzip archive"),
    (0, b"BZh", "bzip2 archive"),
    (0, b"\xfd7zXZ\0", "xz archive"),
    (0, b"\x28\xb5\x2f\xfd", "zstd archive"),
    (0, b"\x04\x22\x4d\x18", "lz4 archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "7z archive"),
    (0, b"Rar!\x1a\x07", "rar archive"),
    (0, b"!<arch>\n", "ar archive (also deb)"),
    (0, b"\xed\xab\xee\xdb", "rpm archive"),
    (0, b"MSCF", "cab archive"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "compound file (also msi)"),
    (0, b"xar!", "xar archive (also pkg)"),
    (0, b"070701", "cpio archive"),
    (0, b"hsqs", "squashfs image"),
    (257, b"ustar", "tar archive"),
    (0, b"#!", "script"),
    (0, b"\0asm", "WebAssembly module"),
];

/// Why a file with these first bytes is no program that could be Go's; `None` if it could be.
pub(crate) fn other(head: &[u8]) -> Option<&'static str> {
    match head {
        [] => Some("empty"),
        [0x7f, b'E', b'L', b'F', ..] | [b'M', b'Z', ..] => None,
        // Mach-O of 32 and 64 bits, in both byte orders.
        [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..] | [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..] => None,
        // A fat file has its number of parts where a Java class has its version, which is never below 45.
        [0xca, 0xfe, 0xba, 0xbe | 0xbf, 0, 0, 0, ..45, ..] => None,
        [0xca, 0xfe, 0xba, 0xbe, ..] => Some("Java class"),
        _ => Some(OTHERS.iter().find(|row| has(head, row)).map_or("no ELF, PE or Mach-O file", |row| row.2)),
    }
}

fn has(head: &[u8], (at, bytes, _): &(usize, &[u8], &str)) -> bool {
    head.get(*at..).is_some_and(|rest| rest.starts_with(bytes))
}

#[cfg(test)]
mod tests {
    use super::other;

    #[test]
    fn programs_are_let_through_and_the_rest_is_named() {
        for program in
            [&b"\x7fELF\x02"[..], b"MZ\x90", b"\xcf\xfa\xed\xfe", b"\xfe\xed\xfa\xce", b"\xca\xfe\xba\xbe\0\0\0\x02"]
        {
            assert_eq!(other(program), None, "{program:x?}");
        }
        let mut tar = [0; 300];
        tar[257..262].copy_from_slice(b"ustar");
        assert_eq!(other(&tar), Some("tar archive"));
        assert_eq!(other(b"\xca\xfe\xba\xbe\0\0\0\x34"), Some("Java class"));
        assert_eq!(other(b"PK\x03\x04rest"), Some("zip archive (also jar, apk, wheel)"));
        assert_eq!(other(b""), Some("empty"));
        assert_eq!(other(b"hello"), Some("no ELF, PE or Mach-O file"));
    }
}
