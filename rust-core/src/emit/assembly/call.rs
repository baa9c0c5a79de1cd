//! A routine that calls a func value: parameters from its own argument area to where the callee wants them, and results
//! back.

use super::machine::{Machine, register};
use super::skeleton::{Operand, Side, args, instruction};
use crate::abi::assign::{Assignment, Placed, assign, round_up};
use crate::abi::location::{Loc, Reg, Scalar};
use crate::abi::registers::Convention;
use crate::emit::layout::prototype;
use crate::signature::Written;
use crate::types::{Kind, Param, Signature, Type, Types};
use std::fmt::Write;

/// The call in progress.
struct Call<'a> {
    types: &'a Types,
    machine: &'static Machine,
    convention: &'a Convention,
    /// Where the outgoing argument area starts above SP.
    outgoing: u32,
    out: String,
}

pub(super) fn text(mut types: Types, written: &Written, convention: &Convention) -> String {
    let arch = convention.arch;
    let callee = named(&written.signature);
    let own = with_func_value(&mut types, &callee, arch.ptr_size());
    let places = assign(&types, &callee, convention);
    let own_places = assign(&types, &own, &Convention::abi0(arch));
    let machine = Machine::of(arch);
    let outgoing = arch.info().outgoing;
    let mut call = Call { types: &types, machine, convention, outgoing, out: String::new() };
    let name = format!("call_{}", written.name);
    // Writing to a string can't fail.
    let _ = call.write(&name, &own, (&own_places, &places));
    call.out
}

/// The signature with a name of its own for every value, none of them `fn`.
fn named(signature: &Signature) -> Signature {
    let is_free =
        |name: &str| name != "fn" && signature.params.iter().chain(&signature.results).all(|p| p.name != name);
    let fresh = |letter: &str, i: usize| {
        let mut name = format!("{letter}{i}");
        while !is_free(&name) {
            name.push('_');
        }
        name
    };
    let side = |side: &[Param], letter: &str| {
        let name = |(i, p): (usize, &Param)| match p.name.as_str() {
            "" | "_" | "fn" => Param { name: fresh(letter, i), ..p.clone() },
            _ => p.clone(),
        };
        side.iter().enumerate().map(name).collect()
    };
    Signature {
        params: side(&signature.params, "a"),
        results: side(&signature.results, "r"),
        variadic: signature.variadic,
    }
}

/// The routine's own signature: the func value, then what is passed on.
fn with_func_value(types: &mut Types, callee: &Signature, word: u32) -> Signature {
    let bare = |side: &[Param]| side.iter().map(|p| Param { name: String::new(), ..p.clone() }).collect();
    let bare = Signature { params: bare(&callee.params), results: bare(&callee.results), variadic: callee.variadic };
    let func = Type { name: prototype("", types, &bare), size: word.into(), align: word, kind: Kind::Func(bare) };
    let value = Param { name: "fn".to_string(), ty: types.push(func), role: None };
    let params = std::iter::once(value).chain(callee.params.iter().cloned()).collect();
    Signature { params, variadic: false, results: callee.results.clone() }
}

impl Call<'_> {
    fn write(&mut self, name: &str, own: &Signature, (from, to): (&Assignment, &Assignment)) -> std::fmt::Result {
        let Convention { arch, .. } = *self.convention;
        let frame = frame_size(to.area.args_size, self.machine);
        let size = args(&from.params, &from.results);
        writeln!(self.out, "#include \"textflag.h\"\n#include \"funcdata.h\"\n")?;
        writeln!(self.out, "// {}", prototype(name, self.types, own))?;
        self.about(to)?;
        writeln!(self.out, "TEXT ·{name}(SB), 0, ${frame}-{size}\n\tNO_LOCAL_POINTERS")?;
        let params = own.params.iter().zip(&from.params).skip(1).zip(&to.params);
        for in_registers in [false, true] {
            for ((param, from), to) in params.clone().filter(|(_, to)| to.in_registers() == in_registers) {
                self.value(param, from, to, true)?;
            }
        }
        if let (Some(closure), Some((func, place))) =
            (self.convention.closure, own.params.iter().zip(&from.params).next())
        {
            let load = self.machine.load(arch.ptr_size(), Scalar::Ptr);
            let line = format!("{load} {}+{}(FP), {}", func.name, place.stack.unwrap_or(0), register(arch, closure));
            instruction(&mut self.out, &line, "the closure object; its first word is the code")?;
        }
        let set_up = if self.convention.uses_registers() { self.machine.set_up } else { &[] };
        for line in set_up.iter().chain(self.machine.enter) {
            instruction(&mut self.out, line, "")?;
        }
        let results = own.results.iter().zip(&from.results).zip(&to.results);
        for in_registers in [true, false] {
            for ((param, from), to) in results.clone().filter(|(_, to)| to.in_registers() == in_registers) {
                self.value(param, from, to, false)?;
            }
        }
        writeln!(self.out, "\tRET")
    }

    /// Moves a value between this routine's argument area and where the callee has it.
    fn value(&mut self, param: &Param, own: &Placed, callee: &Placed, to_callee: bool) -> std::fmt::Result {
        let (machine, arch) = (self.machine, self.convention.arch);
        let side = Side::new(self.types, std::slice::from_ref(param), std::slice::from_ref(own), "", arch);
        let slot = |off: u32| format!("{}({})", self.outgoing + off, machine.sp);
        for (name, off, size) in &side.large {
            let there = slot(callee.stack.unwrap_or(0));
            let (from, to) = if to_callee { ("from", "to") } else { ("to", "from") };
            writeln!(self.out, "\t// copy {size} bytes {from} {name}+{off}(FP) {to} {there}")?;
        }
        for operand in &side.operands {
            let (size, kind) = (operand.leaf.size, operand.leaf.kind);
            let (load, store) = (machine.load(size, kind), machine.store(size, kind));
            let here = operand.fp();
            let line = match (piece(callee, operand), to_callee) {
                (Some(reg), true) => format!("{load} {here}, {}", register(arch, reg)),
                (Some(reg), false) => format!("{store} {}, {here}", register(arch, reg)),
                (None, _) => {
                    let there = slot(callee.stack.unwrap_or(0).saturating_add(operand.leaf.off));
                    let (from, to) = if to_callee { (here, there) } else { (there, here) };
                    let scratch = machine.scratch(kind);
                    instruction(&mut self.out, &format!("{load} {from}, {scratch}"), &operand.ty)?;
                    instruction(&mut self.out, &format!("{store} {scratch}, {to}"), "")?;
                    continue;
                }
            };
            instruction(&mut self.out, &line, &operand.ty)?;
        }
        Ok(())
    }

    /// What the callee relies on, and what the caller must not rely on.
    fn about(&mut self, to: &Assignment) -> std::fmt::Result {
        let Convention { arch, closure, g, zero, .. } = *self.convention;
        let names = |regs: &[Option<Reg>]| -> String {
            let all: Vec<String> = regs.iter().flatten().map(|reg| register(arch, *reg)).collect();
            all.join(", ")
        };
        let (area, sp, outgoing) = (to.area, self.machine.sp, self.outgoing);
        let kept: Vec<Option<Reg>> = all_kept(self.convention).map(Some).collect();
        writeln!(self.out, "//")?;
        if self.convention.uses_registers() {
            writeln!(self.out, "// Function values are ABIInternal: parameters in registers first.")?;
        } else {
            writeln!(self.out, "// Everything is on the stack (ABI0).")?;
        }
        writeln!(
            self.out,
            "// Argument area: {} bytes from {outgoing}({sp}): {} parameters, {} results, {} spill area, which the callee may\n\
             // write to even when every parameter is in a register.",
            area.args_size, area.stack_args, area.stack_results, area.spill_size
        )?;
        writeln!(self.out, "// {} holds the closure object during the call.", names(&[closure]))?;
        if g.is_some() || zero.is_some() {
            writeln!(self.out, "// {} (g, zero) must be set, as they are in compiled code.", names(&[g, zero]))?;
        }
        writeln!(
            self.out,
            "// Of the registers only {} stay as they were. The callee may move the stack: keep no address of a slot over the\n\
             // call, and no pointer in a slot of this frame, which NO_LOCAL_POINTERS calls free of them.\n\
             // Code that is in no pclntab, a changed SP that the assembler does not see, and calls on another stack than\n\
             // a goroutine's break unwinding and the garbage collector.",
            names(&kept)
        )
    }
}

fn all_kept(convention: &Convention) -> impl Iterator<Item = Reg> {
    let kept = convention.preserved();
    crate::abi::registers::all_regs(convention.arch).filter(move |reg| kept.has(*reg))
}

/// The register that the callee has a scalar in.
fn piece(callee: &Placed, operand: &Operand) -> Option<Reg> {
    let piece = callee.pieces.iter().find(|piece| piece.off == operand.leaf.off)?;
    match piece.loc {
        Loc::Reg(reg) => Some(reg),
        Loc::Stack(_) => None,
    }
}

fn frame_size(outgoing: u32, machine: &Machine) -> u32 {
    match machine.frame_mod_16 {
        Some(rest) if outgoing > 0 => round_up(outgoing.saturating_sub(rest), 16).saturating_add(rest),
        _ => outgoing,
    }
}
