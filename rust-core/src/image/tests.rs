//! Tests of the view and its lookups.

mod chained;
mod inflated;
mod relocated;
mod windows;

use super::*;

fn memory() -> Image<'static> {
    let info = SegmentsInfo { arch: Arch::Amd64, os: Os::Linux, base: None, entry: None };
    let segment = |addr, size, data: &'static [u8], exec: bool| Segment {
        addr,
        size,
        data: Cow::Borrowed(data),
        read: true,
        write: !exec,
        exec,
    };
    let text = segment(0x1000, 0x100, b"\x90\x90\xc3\xcc\xf1\xff\xff\xff\x01\x02", true);
    let data = segment(0x1080, 0x20, b"\x78\x56\x34\x12\x00\x00\x00\x00", false);
    Image::from_segments(info, vec![data, text]).unwrap()
}

#[test]
fn words_bytes_and_zero_fill() {
    let image = memory();
    assert_eq!(image.base, 0x1000);
    assert_eq!(image.word(0x1080), Some(0x1234_5678));
    assert_eq!(image.word(0x1088), Some(0));
    assert_eq!(image.word(0x1084), None, "half in the file, half zero fill");
    assert_eq!(image.u32(0x1004), Some(0xffff_fff1));
    assert_eq!(image.bytes(0x1008, 2), Some(&[1, 2][..]));
    assert_eq!(image.bytes(0x1008, 3), None);
    assert!(image.tail(0x1088).is_empty() && image.tail(0xfff).is_empty());
    assert!(image.is_mapped(0x109f) && !image.is_mapped(0x10a0));
    assert!(image.is_exec(0x107f) && !image.is_exec(0x1080));
}

#[test]
fn the_later_segment_wins_an_overlap() {
    let image = memory();
    assert_eq!(image.segments[0].size, 0x80);
    assert_eq!(image.notes, ["1 segments overlap the next one and were cut"]);
}

#[test]
fn find_sees_only_aligned_places() {
    let image = memory();
    let magic = [0xf1, 0xff, 0xff, 0xff];
    assert_eq!(image.find(&magic, 4).collect::<Vec<_>>(), [0x1004]);
    assert_eq!(image.find(&magic, 8).count(), 0);
    assert_eq!(image.find(&[0x90], 1).collect::<Vec<_>>(), [0x1000, 0x1001]);
}

#[test]
fn sections_have_one_name_in_all_containers() {
    assert_eq!(macho::section_name(".go.buildinfo"), "__go_buildinfo");
    assert_eq!(macho::section_name(".debug_str_offsets"), "__debug_str_offs");
    assert_eq!(macho::section_name("__text"), "__text");
}

#[test]
fn names_end_at_nul_at_damage_and_at_the_limit() {
    assert_eq!(cstr(b"\0main.add\0x", 1), Some("main.add"));
    assert_eq!(cstr(b"ab\xffcd\0", 0), Some("ab"));
    assert_eq!(cstr(b"ab\0", 2), None);
    assert_eq!(cstr(b"ab", 9), None);
    assert_eq!(cstr(&[b'a'; 3 * MAX_NAME], 5).map(str::len), Some(MAX_NAME));
}

#[test]
fn names_that_all_share_one_long_end_run_out() {
    let table = [b'a'; 2 * MAX_NAME];
    let mut names = Names::new(&table);
    let read = (0..MAX_NAME as u32).filter(|offset| names.get(*offset).is_some()).count();
    assert_eq!(read, 9, "four times the table and one name");
}

#[test]
fn segments_that_repeat_the_file_are_emptied() {
    let file = [0u8; 0x100];
    let mut image = Image::new(Format::Elf, Arch::Amd64, &file);
    let copy = |n: u64| Segment {
        addr: n << 12,
        size: 0x100,
        data: Cow::Borrowed(&file[..]),
        read: true,
        write: true,
        exec: false,
    };
    image.segments = (0..1000).map(copy).collect();
    let image = image.sealed().unwrap();
    assert_eq!(image.segments.iter().map(|s| s.data.len()).sum::<usize>(), 0x200);
    assert_eq!(image.notes, ["998 segments repeat the file's bytes and were emptied"]);
}

#[test]
fn files_may_lack_less_than_a_page() {
    let data = [1u8; 0x1800];
    assert_eq!(file_bytes(&data, 0x1000, 0x1000).map(<[u8]>::len), Ok(0x800));
    assert!(file_bytes(&data, 0x1000, 0x1001).is_err());
    assert!(file_bytes(&data, 0x3000, 1).is_err());
    assert!(file_bytes(&data, u64::MAX, 2).is_err());
    assert_eq!(file_bytes(&data, u64::MAX, 0).map(<[u8]>::len), Ok(0));
}

#[test]
fn tries_that_run_in_circles_or_grow_names_end() {
    // A symbol `_f` at 0x10 below the root.
    let good = [0, 1, b'_', b'f', 0, 6, 2, 0, 0x10, 0];
    let mut image = memory();
    assert_eq!(trie::exports(&good, &mut image), Some(()));
    assert_eq!(image.exports, [Export { name: "f".into(), addr: 0x1010 }]);
    // A node with an export that is its own child, twice.
    let circle = [2, 0, 0x10, 2, b'x', 0, 0, b'y', 0, 0];
    trie::exports(&circle, &mut image);
    assert!(image.exports.len() <= 1 + circle.len());
}

#[test]
fn empty_and_unknown_files_are_told_apart() {
    assert_eq!(Image::parse(&[]).unwrap_err(), Error::Empty);
    assert_eq!(Image::parse(b"PK\x03\x04zip").unwrap_err(), Error::UnknownContainer { magic: b"PK\x03\x04".to_vec() });
    assert!(matches!(Image::parse(b"\x7fELF"), Err(Error::Malformed { what: "ELF header", offset: 4 })));
}
