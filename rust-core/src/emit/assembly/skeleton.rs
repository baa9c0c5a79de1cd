//! The skeleton of an assembly routine: TEXT line, every scalar by its FP name, what the garbage collector is told.

use super::machine::Machine;
use super::names::{self, Leaf};
use crate::abi::assign::{Placed, assign};
use crate::abi::location::Scalar;
use crate::abi::registers::Convention;
use crate::arch::Arch;
use crate::emit::layout::prototype;
use crate::signature::Written;
use crate::types::{Param, Signature, Types};
use std::collections::HashMap;
use std::fmt::Write;

/// A scalar in the argument area.
pub(super) struct Operand {
    /// `s_len`.
    pub(super) name: String,
    /// Bytes from the start of the argument area.
    pub(super) off: u32,
    /// Which scalar it is.
    pub(super) leaf: Leaf,
    /// Go spelling of the value's type, at the value's first scalar.
    pub(super) ty: String,
}

impl Operand {
    /// `s_len+8(FP)`.
    pub(super) fn fp(&self) -> String {
        format!("{}+{}(FP)", self.name, self.off)
    }

    fn is_pointer(&self) -> bool {
        self.leaf.kind == Scalar::Ptr
    }
}

/// Scalars of one side of a signature, and the values that have too many to list: (name, offset, size).
pub(super) struct Side {
    pub(super) operands: Vec<Operand>,
    pub(super) large: Vec<(String, u32, u32)>,
}

impl Side {
    pub(super) fn new(types: &Types, side: &[Param], placed: &[Placed], unnamed: &str, arch: Arch) -> Side {
        let mut out = Side { operands: Vec::new(), large: Vec::new() };
        for ((param, placed), name) in side.iter().zip(placed).zip(names::values(side, unnamed)) {
            let start = placed.stack.unwrap_or(0);
            let (leaves, whole) = names::leaves(types, param.ty, arch);
            if !whole {
                out.large.push((name, start, placed.size));
                continue;
            }
            let unnamed = param.name == "_";
            let mut ty = types.get(param.ty).map_or_else(String::new, |t| t.name.clone());
            out.operands.extend(leaves.into_iter().map(|leaf| Operand {
                name: format!("{name}{}", leaf.suffix),
                off: start.saturating_add(leaf.off),
                leaf: Leaf { blank: leaf.blank || unnamed, ..leaf },
                ty: std::mem::take(&mut ty),
            }));
        }
        out
    }
}

/// Bytes of parameters and results together, as the TEXT line gives them: not rounded up.
pub(super) fn args(params: &[Placed], results: &[Placed]) -> u32 {
    let last = results.last().or(params.last());
    last.map_or(0, |placed| placed.stack.unwrap_or(0).saturating_add(placed.size))
}

pub(super) fn text(types: &Types, written: &Written, arch: Arch) -> String {
    let mut out = String::new();
    // Writing to a string can't fail.
    let _ = write_all(&mut out, types, &written.name, &written.signature, arch);
    out
}

fn write_all(out: &mut String, types: &Types, name: &str, signature: &Signature, arch: Arch) -> std::fmt::Result {
    let convention = Convention::abi0(arch);
    let places = assign(types, signature, &convention);
    let params = Side::new(types, &signature.params, &places.params, "arg", arch);
    let results = Side::new(types, &signature.results, &places.results, "ret", arch);
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for operand in params.operands.iter().chain(&results.operands) {
        *counts.entry(&operand.name).or_default() += 1;
    }
    let unique = |operand: &&Operand| !operand.leaf.blank && counts.get(operand.name.as_str()) == Some(&1);
    writeln!(out, "#include \"textflag.h\"\n\n// {}", prototype(name, types, signature))?;
    collector(out, &params, &results)?;
    writeln!(out, "TEXT ·{name}(SB), NOSPLIT, $0-{}", args(&places.params, &places.results))?;
    let machine = Machine::of(arch);
    for operand in params.operands.iter().filter(unique) {
        let Leaf { size, kind, .. } = operand.leaf;
        let line = format!("{} {}, {}", machine.load(size, kind), operand.fp(), machine.scratch(kind));
        instruction(out, &line, &operand.ty)?;
    }
    unlisted(out, &params, &unique)?;
    for operand in results.operands.iter().filter(unique) {
        let Leaf { size, kind, .. } = operand.leaf;
        let line = format!("{} {}, {}", machine.store(size, kind), machine.scratch(kind), operand.fp());
        instruction(out, &line, &operand.ty)?;
    }
    unlisted(out, &results, &unique)?;
    writeln!(out, "\tRET")
}

/// An instruction with its operands in a column, and a comment.
pub(super) fn instruction(out: &mut String, line: &str, comment: &str) -> std::fmt::Result {
    let (op, operands) = line.split_once(' ').unwrap_or((line, ""));
    if comment.is_empty() {
        return writeln!(out, "\t{}", format!("{op:<7} {operands}").trim_end());
    }
    writeln!(out, "\t{op:<7} {operands:<28} // {comment}")
}

/// What has no name of its own, or too many.
fn unlisted(out: &mut String, side: &Side, unique: &impl Fn(&&Operand) -> bool) -> std::fmt::Result {
    for operand in side.operands.iter().filter(|operand| !unique(operand)) {
        writeln!(
            out,
            "\t// {} bytes at {}(FP), blank or with a name that comes twice",
            operand.leaf.size, operand.off
        )?;
    }
    for (name, off, size) in &side.large {
        writeln!(out, "\t// {name}+{off}(FP): {size} bytes")?;
    }
    Ok(())
}

/// Pointer words, and when what must be declared.
fn collector(out: &mut String, params: &Side, results: &Side) -> std::fmt::Result {
    let words = |side: &Side| -> String {
        let pointers: Vec<String> = side.operands.iter().filter(|o| o.is_pointer()).map(Operand::fp).collect();
        let more = side.large.iter().map(|(name, ..)| format!("those in {name}"));
        let all: Vec<String> = pointers.into_iter().chain(more).collect();
        if all.is_empty() { "none".to_string() } else { all.join(" ") }
    };
    writeln!(out, "//\n// pointer words of parameters: {}", words(params))?;
    writeln!(out, "// pointer words of results: {}", words(results))?;
    writeln!(
        out,
        "// The Go declaration tells the garbage collector of them: GO_ARGS is implied for a name that begins with ·.\n\
         // As it is, nothing else has to be declared. With a frame or a call in it, #include \"funcdata.h\" and begin with\n\
         // NO_LOCAL_POINTERS, which is right only if no slot of the frame is the one place that holds a pointer."
    )?;
    if results.operands.iter().any(Operand::is_pointer) || !results.large.is_empty() {
        writeln!(
            out,
            "// Results are no roots until RET: where a call follows the stores to all of them, put GO_RESULTS_INITIALIZED\n\
             // in between."
        )?;
    }
    Ok(())
}
