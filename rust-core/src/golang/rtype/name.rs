//! Names in type data.

use super::descriptor::Raw;
use super::layout::Names;
use crate::limits::MAX_NAME;

impl<'a> Raw<'a> {
    fn text_of(&self, bytes: &'a [u8]) -> Option<&'a str> {
        self.spend(bytes.len() as u64)?;
        let text = std::str::from_utf8(bytes).ok()?;
        text.bytes().all(|b| b >= b' ').then_some(text)
    }

    /// The Go string whose header is at `addr`.
    fn go_string(&self, addr: u64) -> Option<&'a str> {
        let len = usize::try_from(self.reader(addr.checked_add(self.ptr())?).word()?).ok()?;
        self.text_of(self.image.bytes(self.word(addr)?, len.min(MAX_NAME))?)
    }

    /// The name at `addr`: a Go string header up to 1.6, flag byte, length and bytes from 1.7.
    pub(super) fn name(&self, addr: u64) -> Option<&'a str> {
        let mut r = self.reader(addr);
        let len = match self.layouts.names {
            Names::Strings if addr == 0 => return Some(""),
            Names::Strings => return self.go_string(addr),
            Names::Two => {
                r.skip(1)?;
                u64::from(r.u8()?) << 8 | u64::from(r.u8()?)
            }
            Names::Varint => {
                r.skip(1)?;
                r.uvarint()?
            }
        };
        let bytes = r.bytes(usize::try_from(len).ok()?)?;
        self.text_of(bytes.get(..MAX_NAME).unwrap_or(bytes))
    }

    /// The name whose offset or pointer is at `at`, in a structure of the descriptor at `addr`.
    pub(super) fn name_at(&self, addr: u64, at: u64) -> Option<&'a str> {
        match self.layouts.names {
            Names::Strings => self.name(self.word(at)?),
            _ => self.offset_addr(addr, self.reader(at).i32()?).map_or(Some(""), |n| self.name(n)),
        }
    }

    /// The descriptor whose offset or pointer is at `at`; 0 when there is none.
    pub(super) fn type_at(&self, addr: u64, at: u64) -> Option<u64> {
        match self.layouts.names {
            Names::Strings => self.word(at),
            _ => Some(self.offset_addr(addr, self.reader(at).i32()?).unwrap_or(0)),
        }
    }
}
