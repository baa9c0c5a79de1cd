//! The report as JSON: two blanks of indentation, fields in the order of `report.rs`. Plans for hosts are written here
//! too: an object whose lists have one item per line, so that the largest need no more memory than one item.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter, PrettyFormatter};

use crate::report::{Confidence, Report};

use super::text::is_unsafe;

/// Writes the report, with a newline at the end. All of it, whatever the confidence: the reader can see that.
pub fn write(report: &Report, out: &mut dyn Write, _: Confidence) -> io::Result<()> {
    let formatter = Safe { inner: PrettyFormatter::with_indent(b"  "), ascii: false };
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
