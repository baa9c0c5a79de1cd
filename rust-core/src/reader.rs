//! Bounds-checked reading of bytes in target order. The only place that turns bytes into numbers.

/// A cursor over bytes. Every read returns `None` past the end, and does not move then.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    data: &'a [u8],
    pos: usize,
    big_endian: bool,
    ptr_size: u8,
}

impl<'a> Reader<'a> {
    /// Reads `data` from its start.
    pub fn new(data: &'a [u8], big_endian: bool, ptr_size: u8) -> Self {
        Reader { data, pos: 0, big_endian, ptr_size }
    }

    /// The position in bytes from the start.
    pub fn pos(&self) -> usize {
        self.pos
    }

    /// The same bytes, read from `pos`.
    #[must_use]
    pub fn at(mut self, pos: usize) -> Self {
        self.pos = pos;
        self
    }

    /// Bytes not read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.data.get(self.pos..).unwrap_or_default()
    }

    /// The next `n` bytes.
    pub fn bytes(&mut self, n: usize) -> Option<&'a [u8]> {
        let out = self.data.get(self.pos..self.pos.checked_add(n)?)?;
        self.pos += n;
        Some(out)
    }

    /// Moves over `n` bytes.
    pub fn skip(&mut self, n: usize) -> Option<()> {
        self.bytes(n).map(drop)
    }

    /// Moves to the next multiple of `n`, counted from the start.
    pub fn align(&mut self, n: usize) -> Option<()> {
        self.skip(self.pos.next_multiple_of(n.max(1)) - self.pos)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let out = self.data.get(self.pos..)?.first_chunk()?;
        self.pos += N;
        Some(*out)
    }

    /// One byte.
    pub fn u8(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    /// Two bytes.
    pub fn u16(&mut self) -> Option<u16> {
        let bytes = self.array()?;
        Some(if self.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    /// Four bytes.
    pub fn u32(&mut self) -> Option<u32> {
        let bytes = self.array()?;
        Some(if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    /// Four bytes, signed.
    pub fn i32(&mut self) -> Option<i32> {
        self.u32().map(|v| v as i32)
    }

    /// Eight bytes.
    pub fn u64(&mut self) -> Option<u64> {
        let bytes = self.array()?;
        Some(if self.big_endian { u64::from_be_bytes(bytes) } else { u64::from_le_bytes(bytes) })
    }

    /// One pointer-sized word.
    pub fn word(&mut self) -> Option<u64> {
        if self.ptr_size == 8 { self.u64() } else { self.u32().map(u64::from) }
    }

    /// An unsigned LEB128 number, as in pcvalue tables and Go names.
    pub fn uvarint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// The bytes before the next NUL; moves behind it.
    pub fn cstr(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest();
        let len = rest.iter().position(|b| *b == 0)?;
        self.pos += len + 1;
        rest.get(..len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_orders_and_stops_at_the_end() {
        let data = [0x01, 0x02, 0x03, 0x04, 0xe5, 0x8e, 0x26, b'h', b'i', 0];
        let mut le = Reader::new(&data, false, 4);
        assert_eq!(le.u16(), Some(0x0201));
        assert_eq!(le.at(0).word(), Some(0x0403_0201));
        assert_eq!(Reader::new(&data, true, 4).u32(), Some(0x0102_0304));
        assert_eq!(le.at(4).uvarint(), Some(624_485));
        assert_eq!(le.at(7).cstr(), Some(&b"hi"[..]));
        assert_eq!(le.at(9).u16(), None);
        assert_eq!(le.at(usize::MAX).u8(), None);
        assert_eq!(Reader::new(&[0x80; 12], false, 8).uvarint(), None);
    }
}
