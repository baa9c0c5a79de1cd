//! Struct layouts as ordered field lists with version ranges; offsets are computed, never typed.

use std::ops::RangeInclusive;

/// What a field occupies. Fields are aligned to their own size, strings and slices to a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// One byte.
    U8,
    /// Two bytes.
    U16,
    /// Four bytes.
    U32,
    /// A pointer-sized word.
    Word,
    /// A Go string: pointer and length.
    Str,
    /// A Go slice: pointer, length and capacity.
    Slice,
}

impl Size {
    /// Bytes and alignment for a pointer size.
    pub fn bytes(self, ptr: u32) -> (u32, u32) {
        match self {
            Size::U8 => (1, 1),
            Size::U16 => (2, 2),
            Size::U32 => (4, 4),
            Size::Word => (ptr, ptr),
            Size::Str => (2 * ptr, ptr),
            Size::Slice => (3 * ptr, ptr),
        }
    }
}

/// One field of a struct and the Go minor versions that have it.
#[derive(Debug, Clone)]
pub struct Field<F> {
    name: F,
    size: Size,
    minors: RangeInclusive<u16>,
}

/// The last minor version of an open-ended row.
pub const OPEN: u16 = u16::MAX;

/// A field that every version has.
pub const fn field<F>(name: F, size: Size) -> Field<F> {
    Field { name, size, minors: 0..=OPEN }
}

impl<F: Copy + PartialEq> Field<F> {
    /// The same field, from Go 1.`minor` on.
    #[must_use]
    pub const fn since(self, minor: u16) -> Self {
        Field { name: self.name, size: self.size, minors: minor..=*self.minors.end() }
    }

    /// The same field, gone after Go 1.`minor`.
    #[must_use]
    pub const fn until(self, minor: u16) -> Self {
        Field { name: self.name, size: self.size, minors: *self.minors.start()..=minor }
    }
}

/// The offsets of one version's fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout<F> {
    offsets: Vec<(F, u32)>,
    /// Bytes of the struct, rounded up to the largest alignment of its fields.
    pub size: u32,
}

impl<F: Copy + PartialEq> Layout<F> {
    /// Lays out the fields that Go 1.`minor` has.
    pub fn new(fields: &[Field<F>], minor: u16, ptr_size: u32) -> Self {
        let (mut offsets, mut end, mut max_align) = (Vec::new(), 0u32, 1);
        for field in fields.iter().filter(|f| f.minors.contains(&minor)) {
            let (size, align) = field.size.bytes(ptr_size);
            let offset = end.next_multiple_of(align);
            offsets.push((field.name, offset));
            (end, max_align) = (offset + size, max_align.max(align));
        }
        Layout { offsets, size: end.next_multiple_of(max_align) }
    }

    /// Bytes from the start of the struct to a field, `None` when this version lacks it.
    pub fn offset(&self, name: F) -> Option<u32> {
        self.offsets.iter().find(|(f, _)| *f == name).map(|(_, offset)| *offset)
    }
}

/// The row of a table that holds for Go 1.`minor`: the last whose first minor version is not newer. Rows are sorted.
pub fn row<T>(rows: &[(u16, T)], minor: u16) -> Option<&T> {
    rows.iter().rev().find(|(since, _)| *since <= minor).map(|(_, row)| row)
}

/// The minor versions at which a field list changes, oldest first: one representative of every distinct layout.
pub fn changes<F>(fields: &[Field<F>]) -> Vec<u16> {
    let ends = fields.iter().map(|f| f.minors.end().saturating_add(1)).filter(|m| *m != OPEN);
    let mut all: Vec<u16> = fields.iter().map(|f| *f.minors.start()).chain(ends).collect();
    all.sort_unstable();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_follow_size_alignment_and_version() {
        let list = [
            field('a', Size::U8),
            field('b', Size::U32).since(3),
            field('c', Size::Slice),
            field('d', Size::Str).until(4),
            field('e', Size::U8),
        ];
        let old = Layout::new(&list, 2, 8);
        assert_eq!((old.offset('b'), old.offset('c'), old.offset('d'), old.size), (None, Some(8), Some(32), 56));
        let new = Layout::new(&list, 5, 4);
        assert_eq!((new.offset('b'), new.offset('c'), new.offset('d'), new.size), (Some(4), Some(8), None, 24));
        assert_eq!(changes(&list), [0, 3, 5]);
        assert_eq!(row(&[(2, 'x'), (9, 'y')], 8), Some(&'x'));
        assert_eq!(row(&[(2, 'x'), (9, 'y')], OPEN), Some(&'y'));
        assert_eq!(row(&[(2, 'x')], 1), None);
    }
}
