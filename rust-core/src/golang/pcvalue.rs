//! pcvalue tables: a number for each pc of a function.
//!
//! Source: `runtime/symtab.go` `step`; the coding is the same in every version.

use crate::reader::Reader;

/// A number that holds for the pcs `start..end`, in bytes from the function's entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PcValue {
    /// First byte.
    pub start: u32,
    /// Byte behind the last.
    pub end: u32,
    /// The number; -1 usually means none.
    pub value: i32,
}

/// Steps through one function's table. Ends at the table's or the function's end, and at the first damage.
#[derive(Debug, Clone)]
pub struct PcValues<'a> {
    table: Reader<'a>,
    min_lc: u32,
    len: u32,
    pc: u32,
    value: i32,
}

impl<'a> PcValues<'a> {
    /// Reads `table` for a function of `len` bytes; distances are stored in units of `min_lc`.
    pub fn new(table: &'a [u8], min_lc: u8, len: u32) -> Self {
        PcValues { table: Reader::new(table, false, 8), min_lc: u32::from(min_lc), len, pc: 0, value: -1 }
    }

    /// The value at `offset` bytes from the entry.
    pub fn at(mut self, offset: u32) -> Option<i32> {
        self.find(|v| offset < v.end).map(|v| v.value)
    }

    fn step(&mut self) -> Option<PcValue> {
        let delta = self.table.uvarint()? as u32;
        if delta == 0 && self.pc > 0 || self.pc >= self.len {
            return None;
        }
        let steps = u32::try_from(self.table.uvarint()?).ok().filter(|n| *n > 0)?;
        let (start, end) = (self.pc, self.pc.saturating_add(steps.saturating_mul(self.min_lc)).min(self.len));
        self.value = self.value.wrapping_add((delta >> 1) as i32 ^ -((delta & 1) as i32));
        self.pc = end;
        Some(PcValue { start, end, value: self.value })
    }
}

impl Iterator for PcValues<'_> {
    type Item = PcValue;

    fn next(&mut self) -> Option<PcValue> {
        let next = self.step();
        if next.is_none() {
            self.pc = self.len;
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(table: &[u8], min_lc: u8, len: u32) -> String {
        let all = PcValues::new(table, min_lc, len);
        all.map(|v| format!("{}..{}={}", v.start, v.end, v.value)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn steps_until_the_table_or_the_function_ends() {
        assert_eq!(values(&[2, 4, 16, 10, 15, 3, 0, 9], 1, 100), "0..4=0 4..14=8 14..17=0");
        assert_eq!(values(&[0, 4, 2, 2], 4, 100), "0..16=-1 16..24=0");
        assert_eq!(values(&[2, 4, 16, 10, 15, 3, 0], 1, 9), "0..4=0 4..9=8");
        assert_eq!(values(&[2, 0, 2, 5], 1, 9), "");
        assert_eq!(values(&[2, 0x80], 1, 9), "");
        assert_eq!(values(&[2, 0xff, 0xff, 0xff, 0xff, 0x0f], 4, u32::MAX), format!("0..{}=0", u32::MAX));
        assert_eq!(PcValues::new(&[2, 4, 16, 10, 0], 1, 100).at(5), Some(8));
        assert_eq!(PcValues::new(&[2, 4, 16, 10, 0], 1, 100).at(50), None);
    }
}
