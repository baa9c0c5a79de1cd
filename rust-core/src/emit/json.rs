//! The report as JSON: fields in the order of `report.rs`, one line for each field of a function. Plans for hosts are
//! written here too: an object whose lists have one item per line, so that the largest need no more memory than one item.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter};

use crate::report::{Confidence, Report};

use super::text::is_unsafe;

/// Writes the report, with a newline at the end. All of it, whatever the confidence: the reader can see that.
pub fn write(report: &Report, out: &mut dyn Write, _: Confidence) -> io::Result<()> {
    let formatter = Safe { inner: Outline::default(), ascii: false };
    report.serialize(&mut serde_json::Serializer::with_formatter(&mut *out, formatter))?;
    out.write_all(b"\n")
}

/// Writes a value on one line, in ASCII only when that is asked for.
pub(crate) fn line(value: &impl Serialize, out: &mut dyn Write, ascii: bool) -> io::Result<()> {
    let formatter = Safe { inner: CompactFormatter, ascii };
    value.serialize(&mut serde_json::Serializer::with_formatter(out, formatter)).map_err(io::Error::from)
}

/// Writes an object: the members of `head`, then lists.
pub(crate) fn lines<'o>(
    out: &'o mut dyn Write,
    head: &impl Serialize,
    lists: impl FnOnce(&mut Lists<'o>) -> io::Result<()>,
) -> io::Result<()> {
    let mut start = Vec::new();
    line(head, &mut start, false)?;
    start.pop(); // the closing brace comes behind the lists
    out.write_all(&start)?;
    let mut lists_out = Lists { out };
    lists(&mut lists_out)?;
    lists_out.out.write_all(b"\n}\n")
}

/// The lists of an object under construction.
pub(crate) struct Lists<'o> {
    out: &'o mut dyn Write,
}

impl Lists<'_> {
    /// Writes one list.
    pub(crate) fn list(&mut self, name: &str, items: impl Iterator<Item = impl Serialize>) -> io::Result<()> {
        write!(self.out, ",\n\"{name}\": [")?;
        for (n, item) in items.enumerate() {
            self.out.write_all(if n == 0 { b"\n" } else { b",\n" })?;
            line(&item, self.out, false)?;
        }
        self.out.write_all(b"]")
    }
}

/// Levels of nesting that are broken into lines: the report, its lists, the items of these.
const BROKEN: usize = 3;

/// A formatter that breaks lines down to the fields of the items of top-level lists, and keeps the rest on one line.
#[derive(Default)]
struct Outline {
    depth: usize,
    empty: bool,
}

impl Outline {
    fn open<W: ?Sized + Write>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth += 1;
        self.empty = true;
        out.write_all(bracket)
    }

    fn item<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        out.write_all(if first { b"" } else { b"," })?;
        if self.depth <= BROKEN { self.indent(out) } else { out.write_all(if first { b"" } else { b" " }) }
    }

    fn indent<W: ?Sized + Write>(&self, out: &mut W) -> io::Result<()> {
        const BLANKS: &[u8; 2 * BROKEN] = b"      ";
        out.write_all(b"\n")?;
        out.write_all(&BLANKS[..2 * self.depth.min(BROKEN)])
    }

    fn close<W: ?Sized + Write>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<()> {
        let broken = self.depth <= BROKEN && !self.empty;
        self.depth = self.depth.saturating_sub(1);
        self.empty = false;
        if broken {
            self.indent(out)?;
        }
        out.write_all(bracket)
    }
}

impl Formatter for Outline {
    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, b"[")
    }
    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, b"]")
    }
    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.item(out, first)
    }
    fn end_array_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.empty = false;
        Ok(())
    }
    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, b"{")
    }
    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, b"}")
    }
    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.item(out, first)
    }
    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }
    fn end_object_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.empty = false;
        Ok(())
    }
}

/// A formatter that also escapes every character that a terminal or an editor would obey instead of show.
struct Safe<F> {
    inner: F,
    ascii: bool,
}

/// Passes calls on to the inner formatter.
macro_rules! forward {
    ($($name:ident($($arg:ident: $ty:ty),*);)*) => {$(
        fn $name<W: ?Sized + Write>(&mut self, out: &mut W $(, $arg: $ty)*) -> io::Result<()> {
            self.inner.$name(out $(, $arg)*)
        }
    )*};
}

impl<F: Formatter> Formatter for Safe<F> {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, text: &str) -> io::Result<()> {
        let mut start = 0;
        for (at, c) in text.char_indices() {
            if is_unsafe(c) || (self.ascii && !c.is_ascii()) {
                out.write_all(&text.as_bytes()[start..at])?;
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}")?;
                }
                start = at + c.len_utf8();
            }
        }
        out.write_all(&text.as_bytes()[start..])
    }

    forward! {
        write_char_escape(escape: CharEscape);
        begin_array();
        end_array();
        begin_array_value(first: bool);
        end_array_value();
        begin_object();
        end_object();
        begin_object_key(first: bool);
        end_object_key();
        begin_object_value();
        end_object_value();
    }
}
