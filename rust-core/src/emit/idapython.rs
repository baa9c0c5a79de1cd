//! A script that applies the plan in IDA with nothing else installed: the plan, and the modules of the plugin that apply it.
//!
//! Both are string literals in ASCII, the plan's with one item each, so that nothing of a sample is ever code.

use std::io::{self, Write};

use crate::report::{Confidence, Report};

use super::{ida, json};

const SCRIPT: &str = include_str!("idapython.py");
/// The lines of [`SCRIPT`] between which modules and plan stand.
const MARKS: [(&str, &str); 2] = [("# <modules>\n", "# </modules>\n"), ("# <plan>\n", "# </plan>\n")];

macro_rules! modules {
    ($($name:literal)*) => {
        &[$(($name, include_str!(concat!("../../../ida-plugin/goabi_ida/", $name, ".py")))),*]
    };
}

/// What `command` imports, by name: the plugin without what is on the screen and what analyses.
const MODULES: &[(&str, &str)] = modules!(
    "apply" "command" "compat" "declare" "describe" "errors" "flow" "functions" "native" "options" "places" "plan"
    "progress" "prototype" "record" "result" "settings" "source" "undo"
);

/// Writes the script.
pub fn write(report: &Report, out: &mut dyn Write, min: Confidence) -> io::Result<()> {
    let (before, between, after) = parts();
    out.write_all(before.as_bytes())?;
    writeln!(out, "MODULES = {{")?;
    for (name, text) in MODULES {
        write!(out, "    \"{name}\": ")?;
        json::line(text, out, true)?; // its escapes are Python's too
        writeln!(out, ",")?;
    }
    writeln!(out, "}}")?;
    out.write_all(between.as_bytes())?;
    writeln!(out, "PLAN = [")?;
    ida::write(report, &mut Literals { out, line: Vec::new() }, min)?;
    writeln!(out, "]")?;
    out.write_all(after.as_bytes())
}

/// The script before, between, and behind what is filled in.
fn parts() -> (&'static str, &'static str, &'static str) {
    let cut = |text: &'static str, (start, end): (&str, &str)| {
        let (before, rest) = text.split_once(start).unwrap_or((text, ""));
        (before, rest.split_once(end).map_or(rest, |(_, after)| after))
    };
    let (before, rest) = cut(SCRIPT, MARKS[0]);
    let (between, after) = cut(rest, MARKS[1]);
    (before, between, after)
}

/// Writes each line that it gets as a string literal.
struct Literals<'o> {
    out: &'o mut dyn Write,
    line: Vec<u8>,
}

impl Write for Literals<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part);
            if self.line.pop_if(|byte| *byte == b'\n').is_some() {
                write!(self.out, "    ")?;
                json::line(&String::from_utf8_lossy(&self.line), self.out, true)?;
                writeln!(self.out, ",")?;
                self.line.clear();
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
