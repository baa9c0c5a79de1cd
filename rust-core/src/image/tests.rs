//! Tests of the view and its lookups.

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
fn empty_and_unknown_files_are_told_apart() {
    assert_eq!(Image::parse(&[]).unwrap_err(), Error::Empty);
    assert_eq!(Image::parse(b"PK\x03\x04zip").unwrap_err(), Error::UnknownContainer { magic: b"PK\x03\x04".to_vec() });
    assert!(matches!(Image::parse(b"\x7fELF"), Err(Error::Malformed { what: "ELF header", offset: 4 })));
}
