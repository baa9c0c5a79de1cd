//! How runtime type descriptors are laid out, release by release.
//!
//! Sources: `runtime/type.h` (Go ≤ 1.3), `runtime/type.go` and `reflect/type.go` (1.4–1.20), `internal/abi/type.go`
//! (1.21+), `runtime/iface.go`, `internal/abi/map*.go`.

use super::kind::RKind;
use crate::golang::layout::{Field, Layout, Size, changes, field, row};

/// Fields of the common header, in Go's words (`abi.Type`, `rtype`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Head {
    Size,
    PtrData,
    Hash,
    TFlag,
    Align,
    FieldAlign,
    Kind,
    Equal,
    GcData,
    Str,
    Uncommon,
    PtrToThis,
    Zero,
}

const HEAD: &[Field<Head>] = &[
    field(Head::Size, Size::Word),
    field(Head::PtrData, Size::Word).since(5),
    field(Head::Hash, Size::U32),
    field(Head::TFlag, Size::U8),
    field(Head::Align, Size::U8),
    field(Head::FieldAlign, Size::U8),
    field(Head::Kind, Size::U8),
    field(Head::Equal, Size::Word), // `alg` up to 1.13
    field(Head::GcData, Size::Word),
    field(Head::GcData, Size::Word).since(4).until(4),
    field(Head::Str, Size::Word).until(6),
    field(Head::Uncommon, Size::Word).until(6),
    field(Head::PtrToThis, Size::Word).until(6),
    field(Head::Zero, Size::Word).since(3).until(5),
    field(Head::Str, Size::U32).since(7),
    field(Head::PtrToThis, Size::U32).since(7),
];

/// Fields that follow the header of a map type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Map {
    Key,
    Elem,
    /// `bucket` or `group`.
    Bucket,
    Hmap,
    Hasher,
    KeySize,
    GroupSize,
    SlotSize,
    KeysOff,
    Rest,
}

const MAP: &[Field<Map>] = &[
    field(Map::Key, Size::Word),
    field(Map::Elem, Size::Word),
    field(Map::Bucket, Size::Word),
    field(Map::Hmap, Size::Word).until(10),
    field(Map::Hasher, Size::Word).since(14),
    // Up to 1.23: sizes of key, elem and bucket, and flags, in 8 bytes that changed their split.
    field(Map::KeySize, Size::U8).until(23),
    field(Map::Rest, Size::U8).until(23),
    field(Map::Rest, Size::U16).until(23),
    field(Map::Rest, Size::U32).until(23),
    field(Map::GroupSize, Size::Word).since(24),
    field(Map::SlotSize, Size::Word).since(24).until(26),
    field(Map::KeysOff, Size::Word).since(27),
    // keyStride, elemsOff, elemStride; elemOff; flags
    field(Map::Rest, Size::Slice).since(27),
    field(Map::Rest, Size::Word).since(24),
    field(Map::Rest, Size::U32).since(24),
];

/// Fields of an itab before the methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Itab {
    Inter,
    Type,
    Link,
    Hash,
    Pad,
}

const ITAB: &[Field<Itab>] = &[
    field(Itab::Inter, Size::Word),
    field(Itab::Type, Size::Word),
    field(Itab::Link, Size::Word).until(9),
    field(Itab::Hash, Size::U32), // `bad` up to 1.8
    field(Itab::Pad, Size::U32).until(22),
];

/// Where the code of `==` is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Equal {
    /// `alg` holds no (ptr, ptr) bool: C code, or with a size argument.
    Other,
    /// `alg` points to two func values: hash, equal.
    Alg,
    /// The field is a func value.
    Func,
}

/// What says that the data word of an interface is the value itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direct {
    /// Every value of at most a word.
    Fits,
    /// Bit 0x20 of the kind byte.
    Kind,
    /// Bit 0x20 of tflag.
    TFlag,
}

/// How names are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Names {
    /// Pointers to Go strings; lists are slices of pointers.
    Strings,
    /// Flag byte, then two bytes of length, the most significant first.
    Two,
    /// Flag byte, then a varint of length.
    Varint,
}

const EQUAL: &[(u16, Equal)] = &[(0, Equal::Other), (5, Equal::Alg), (14, Equal::Func)];
const DIRECT: &[(u16, Direct)] = &[(0, Direct::Fits), (4, Direct::Kind), (26, Direct::TFlag)];
const NAMES: &[(u16, Names)] = &[(0, Names::Strings), (7, Names::Two), (17, Names::Varint)];
/// Bits that a struct field's offset is shifted by: the lowest one was "embedded" from 1.9 to 1.18.
const FIELD_SHIFT: &[(u16, u32)] = &[(0, 0), (9, 1), (19, 0)];

/// The newest release at which maps are buckets, which `GOEXPERIMENT=noswissmap` brings back in 1.24 and 1.25.
const BUCKET_MAPS: u16 = 23;

/// The layouts of one release for one pointer size.
#[derive(Debug, Clone)]
pub(crate) struct Layouts {
    pub(crate) minor: u16,
    pub(crate) ptr: u64,
    pub(crate) head: Layout<Head>,
    pub(crate) map: Layout<Map>,
    pub(crate) itab: Layout<Itab>,
    pub(crate) equal: Equal,
    pub(crate) direct: Direct,
    pub(crate) names: Names,
    pub(crate) field_shift: u32,
}

/// Whether a value may be aligned to that many bytes.
pub(super) fn is_align(bytes: u8) -> bool {
    bytes.is_power_of_two() && bytes <= 16
}

impl Layouts {
    pub(crate) fn new(minor: u16, ptr: u32) -> Layouts {
        Layouts {
            minor,
            ptr: u64::from(ptr),
            head: Layout::new(HEAD, minor, ptr),
            map: Layout::new(MAP, minor, ptr),
            itab: Layout::new(ITAB, minor, ptr),
            equal: row(EQUAL, minor).copied().unwrap_or(Equal::Other),
            direct: row(DIRECT, minor).copied().unwrap_or(Direct::Kind),
            names: row(NAMES, minor).copied().unwrap_or(Names::Varint),
            field_shift: row(FIELD_SHIFT, minor).copied().unwrap_or(0),
        }
    }

    /// Says of bytes whether a descriptor may begin with them, by its kind and alignment: most of what lies in type data shows
    /// at once that it is none.
    pub(super) fn beginning(&self) -> impl Fn(&[u8]) -> bool + use<> {
        let [kind, align] = [Head::Kind, Head::Align].map(|field| self.head.offset(field).map(|at| at as usize));
        move |bytes| {
            let byte = |at: Option<usize>| bytes.get(at?).copied();
            byte(kind).is_some_and(|kind| RKind::new(kind & 0x1f).is_some()) && byte(align).is_some_and(is_align)
        }
    }

    /// The same release with the other map implementation.
    pub(crate) fn with_bucket_maps(mut self) -> Layouts {
        self.map = Layout::new(MAP, BUCKET_MAPS.min(self.minor), self.ptr as u32);
        self
    }

    /// One release of every distinct layout, oldest first.
    pub(crate) fn releases() -> Vec<u16> {
        fn starts<T>(rows: &[(u16, T)]) -> impl Iterator<Item = u16> {
            rows.iter().map(|r| r.0)
        }
        let tables = starts(EQUAL).chain(starts(DIRECT)).chain(starts(NAMES)).chain(starts(FIELD_SHIFT));
        let mut all: Vec<u16> = tables.chain(changes(HEAD)).chain(changes(MAP)).chain(changes(ITAB)).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(minor: u16, ptr: u32) -> String {
        let l = Layouts::new(minor, ptr);
        let at = |f| l.head.offset(f).map_or("-".to_string(), |o| o.to_string());
        let fields = [Head::Hash, Head::Kind, Head::Equal, Head::Str, Head::Uncommon, Head::PtrToThis].map(at);
        format!("1.{minor}/{ptr}: {} len {} map {} itab {}", fields.join(" "), l.head.size, l.map.size, l.itab.size)
    }

    /// Offsets of hash, kind, equal, str, uncommon, ptrToThis, and lengths, as the structs of those releases have them.
    #[test]
    fn offsets_follow_from_the_field_lists() {
        let expected = [
            "1.2/8: 8 15 16 32 40 48 len 56 map 40 itab 32",
            "1.2/4: 4 11 12 20 24 28 len 32 map 24 itab 20",
            "1.3/8: 8 15 16 32 40 48 len 64 map 40 itab 32",
            "1.4/8: 8 15 16 40 48 56 len 72 map 40 itab 32",
            "1.5/8: 16 23 24 40 48 56 len 72 map 40 itab 32",
            "1.6/4: 8 15 16 24 28 32 len 36 map 24 itab 20",
            "1.7/8: 16 23 24 40 - 44 len 48 map 40 itab 32",
            "1.10/4: 8 15 16 24 - 28 len 32 map 24 itab 16",
            "1.13/8: 16 23 24 40 - 44 len 48 map 32 itab 24",
            "1.22/4: 8 15 16 24 - 28 len 32 map 24 itab 16",
            "1.23/8: 16 23 24 40 - 44 len 48 map 40 itab 24",
            "1.25/4: 8 15 16 24 - 28 len 32 map 32 itab 12",
            "1.26/8: 16 23 24 40 - 44 len 48 map 64 itab 24",
            "1.27/8: 16 23 24 40 - 44 len 48 map 88 itab 24",
        ];
        for line in expected {
            let (minor, rest) = line[2..].split_once('/').unwrap();
            assert_eq!(text(minor.parse().unwrap(), rest[..1].parse().unwrap()), line);
        }
        assert_eq!(Layouts::new(24, 8).with_bucket_maps().map.size, 40);
        assert_eq!(Layouts::releases().last(), Some(&27));
    }
}
