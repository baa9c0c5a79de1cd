//! The function as Go's assembler would name it: its TEXT line, the pseudo-registers, and every value by its FP name.

use crate::arch::Arch;
use crate::emit::frame::{name, operand};
use crate::report::{Abi, Confidence, Function, FunctionKind, Loc, Value};
use std::io::{self, Write};

/// Writes the TEXT line of functions with everything on the stack, and of assembly.
pub(super) fn write(arch: &str, function: &Function, out: &mut dyn Write) -> io::Result<()> {
    let is_asm = matches!(function.kind, FunctionKind::Asm | FunctionKind::Helper);
    match function.abi {
        Abi::ABI0 => text_line(arch, function, "", out)?,
        Abi::ABIInternal if is_asm => text_line(arch, function, "<ABIInternal>", out)?,
        _ => return Ok(()),
    }
    let base = function.arg_base;
    let size = i64::from(function.frame.size);
    let bottom = size + i64::from(base);
    writeln!(out, "  FP        argument area: hardware SP+{base} at entry, +{bottom} behind the frame's set-up")?;
    writeln!(
        out,
        "  x-8(SP)   a name before it makes SP the pseudo register, the top of the locals; 8(SP) is the hardware's"
    )?;
    writeln!(
        out,
        "  ·f(SB)    a symbol's address; here SB+{}. PC counts instructions in jumps: 2(PC)",
        function.entry
    )?;
    if function.confidence.params == Confidence::Unknown && function.confidence.results == Confidence::Unknown {
        return writeln!(out, "  what its argument area holds is not known");
    }
    for (values, prefix) in [(&function.params, "a"), (&function.results, "r")] {
        for (n, value) in values.iter().enumerate() {
            words(value, &name(value, prefix, n), out)?;
        }
    }
    Ok(())
}

/// `TEXT ·f(SB), NOSPLIT, $0-24`. What the assembler itself saves in a frame is not in the size that it is told.
fn text_line(arch: &str, function: &Function, abi: &str, out: &mut dyn Write) -> io::Result<()> {
    let frame = &function.frame;
    let short = function.name.rsplit('/').next().and_then(|tail| tail.split_once('.')).map_or("f", |(_, name)| name);
    let args = frame.args.map_or(String::new(), |args| format!("-{args}"));
    let flags = match frame.grows {
        Some(false) => "NOSPLIT, ",
        Some(true) => "0, ",
        None => "",
    };
    let saved = Arch::from_name(arch).map_or(0, |arch| arch.info().saved);
    writeln!(out, "\nin assembly  TEXT ·{short}{abi}(SB), {flags}${}{args}", frame.size.saturating_sub(saved))
}

/// `a+0(FP)`, and `a_1+8(FP)` for the second piece of a value.
fn words(value: &Value, name: &str, out: &mut dyn Write) -> io::Result<()> {
    for (i, piece) in value.pieces.iter().enumerate() {
        let Loc::Stack(offset) = piece.loc else { continue };
        let operand = operand(name, value, i, offset);
        let plural = if piece.size == 1 { "" } else { "s" };
        writeln!(out, "  {operand:<24} {} byte{plural}", piece.size)?;
    }
    Ok(())
}
