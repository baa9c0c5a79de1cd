//! The function as Go's assembler would name it, when everything is on the stack.

use super::values::name;
use crate::report::{Abi, Confidence, Function, Loc, Value};
use std::io::{self, Write};

/// Writes the TEXT line and every value by its FP name; nothing of functions whose values are in registers.
pub(super) fn write(function: &Function, out: &mut dyn Write) -> io::Result<()> {
    let known = function.confidence.params != Confidence::Unknown;
    if function.abi != Abi::ABI0 || !known {
        return Ok(());
    }
    let frame = &function.frame;
    let short = function.name.rsplit('/').next().and_then(|tail| tail.split_once('.')).map_or("f", |(_, name)| name);
    let args = frame.args.map_or(String::new(), |args| format!("-{args}"));
    writeln!(out, "\nin assembly  TEXT ·{short}(SB), ${}{args}", frame.size)?;
    let base = function.arg_base;
    let bottom = i64::from(frame.size) + i64::from(base);
    writeln!(out, "  FP is SP+{base} at entry, and {bottom} above the hardware SP behind the frame's set-up")?;
    for (values, prefix) in [(&function.params, "a"), (&function.results, "r")] {
        for (n, value) in values.iter().enumerate() {
            words(value, &name(value, prefix, n), out)?;
        }
    }
    Ok(())
}

/// `a+0(FP)`, and `a_1+8(FP)` for the second piece of a value.
fn words(value: &Value, name: &str, out: &mut dyn Write) -> io::Result<()> {
    for (i, piece) in value.pieces.iter().enumerate() {
        let Loc::Stack(offset) = piece.loc else { continue };
        let part = if value.pieces.len() > 1 { format!("_{i}") } else { String::new() };
        let operand = format!("{name}{part}+{offset}(FP)");
        let plural = if piece.size == 1 { "" } else { "s" };
        writeln!(out, "  {operand:<24} {} byte{plural}", piece.size)?;
    }
    Ok(())
}
