//! The plan for Ghidra (`goabi.ghidra-plan/1`): data types with explicit offsets, and custom storage.
//!
//! `storage` is in the order that Ghidra wants: on little-endian machines the last bytes of a value come first, on
//! big-endian ones its first bytes. Its sizes add up to the type's size, so padding belongs to the part before it (or to
//! the first part, when a value starts with it). Stack offsets are from SP at entry, return address included. Types
//! refer to each other by `id`. One item per line; addresses are the file's.

use std::io::{self, Write};

use serde::Serialize;

use crate::abi::location::Reg;
use crate::abi::registers;
use crate::arch::Arch;
use crate::report::{Abi, Addr, Confidence, Entry, Function, Report, Sides, Source};

use super::builtin::{Builtin, Part as Field};
use super::c_types::{CTypes, Form, Member, What};
use super::declare;
use super::place::{At, Part};
use super::registers::Registers;
use super::usercall::{Callee, Context, Prototype};
use super::{arch, json, sure_usercall};

/// The `schema` field of a plan.
pub const SCHEMA: &str = "goabi.ghidra-plan/1";

#[derive(Serialize)]
struct Head<'a> {
    schema: &'static str,
    tool: &'a crate::report::Tool,
    sha256: &'a str,
    arch: &'a str,
    go: &'a str,
    image_base: Addr,
    pointer_size: u32,
    big_endian: bool,
}

#[derive(Serialize)]
struct TypeLine<'a> {
    id: u32,
    name: &'a str,
    go_name: &'a str,
    /// `bool`, `int`, `uint`, `float`, `pointer`, `struct` or `void` (no bytes).
    kind: &'static str,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    elem: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    members: Vec<MemberLine>,
}

#[derive(Serialize)]
struct MemberLine {
    name: String,
    offset: u64,
    size: u64,
    /// As of types, or `type`, `array`, `bytes`.
    kind: &'static str,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    ty: Option<u32>,
    /// Elements of an array, or bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    len: Option<u64>,
}

#[derive(Serialize)]
struct FunctionLine<'a> {
    entry: Addr,
    #[serde(skip_serializing_if = "<[Entry]>::is_empty")]
    entries: &'a [Entry],
    name: &'a str,
    prototype: &'a str,
    abi: Abi,
    /// Names of conventions, best first; hosts take the first that they have.
    conventions: &'static [&'static str],
    confidence: Sides<Confidence>,
    source: Sides<Option<Source>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    noreturn: bool,
    #[serde(flatten)]
    apply: Option<Apply>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

#[derive(Serialize)]
struct Apply {
    /// `null` is void.
    ret: Option<ValueLine>,
    params: Vec<ValueLine>,
}

#[derive(Serialize)]
struct ValueLine {
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    /// `null` is a pointer to nothing known.
    #[serde(rename = "type")]
    ty: Option<u32>,
    size: u64,
    storage: Vec<Varnode>,
    /// Registers and the stack: only newer releases of Ghidra take that.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    mixed: bool,
}

#[derive(Serialize)]
struct Varnode {
    #[serde(skip_serializing_if = "Option::is_none")]
    reg: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stack: Option<u64>,
    size: u64,
}

/// Writes the plan.
pub fn write(report: &Report, out: &mut dyn Write, min: Confidence) -> io::Result<()> {
    let arch = arch(report);
    let context = Context::new(Registers::new(arch), &report.types, CTypes::new(&report.types, arch));
    let used = declare::used_types(report, &context.c, min);
    let plan = Plan { context, min };
    let Report { tool, binary, go, .. } = report;
    let head = Head {
        schema: SCHEMA,
        tool,
        sha256: &binary.sha256,
        arch: &binary.arch,
        go: &go.version,
        image_base: binary.image_base,
        pointer_size: arch.ptr_size(),
        big_endian: arch.info().big_endian,
    };
    json::lines(out, &head, |section| {
        section.list("types", used.iter().filter_map(|id| plan.type_line(*id)))?;
        section.list("functions", report.functions.iter().map(|f| plan.function(f)))
    })
}

struct Plan<'a> {
    context: Context<'a>,
    min: Confidence,
}

impl<'a> Plan<'a> {
    fn type_line(&self, id: u32) -> Option<TypeLine<'a>> {
        let ty = self.context.types.get(id as usize)?;
        let c = self.context.c.get(id)?;
        let mut line = TypeLine {
            id,
            name: ty.c_name.trim_end_matches([' ', '*']),
            go_name: &ty.go_name,
            kind: "struct",
            size: c.size,
            elem: None,
            members: Vec::new(),
        };
        match &c.form {
            Form::Empty => line.kind = "void",
            Form::Word(word) => line.kind = word_kind(word),
            Form::Pointer(elem) => (line.kind, line.elem) = ("pointer", *elem),
            Form::Handle => line.kind = "pointer",
            Form::Builtin(builtin) => line.members = builtin_members(builtin, &self.context.c),
            Form::Struct(members) => {
                line.members = members.iter().map(|member| member_line(member, &self.context.c)).collect();
            }
        }
        Some(line)
    }

    fn function(&self, f: &'a Function) -> FunctionLine<'a> {
        let made = match sure_usercall(f, self.min) {
            Some(_) => self.apply(f),
            None => Err(super::missing(f, self.min).unwrap_or_default()),
        };
        let (apply, why) = match made {
            Ok(apply) => (Some(apply), None),
            Err(why) => (None, Some(why)),
        };
        FunctionLine {
            entry: f.entry,
            entries: &f.entries,
            name: &f.name,
            prototype: &f.prototype,
            abi: f.abi,
            conventions: conventions(f),
            confidence: f.confidence,
            source: f.source,
            noreturn: f.noreturn,
            apply,
            why,
        }
    }

    fn apply(&self, f: &Function) -> Result<Apply, String> {
        let prototype = Prototype::of(&self.context, &Callee::of_function(f))?;
        let base = u64::from(f.arg_base);
        let value = |name: &str, ty: Option<u32>, parts: Vec<Part>| {
            let ptr_size = u64::from(self.context.regs.arch.ptr_size());
            let size = ty.and_then(|id| self.context.c.get(id)).map_or(ptr_size, |c| c.size);
            let storage = storage(&self.context.regs, &parts, size, base)?;
            let on_stack = storage.iter().filter(|varnode| varnode.stack.is_some()).count();
            let mixed = on_stack > 0 && storage.len() > on_stack;
            if mixed && on_stack > 1 {
                return Err("more than one part on the stack".to_string());
            }
            Ok(ValueLine { name: name.into(), ty, size, storage, mixed })
        };
        let ret = prototype.result.as_ref().map(|(ty, place)| value("", Some(*ty), place.parts())).transpose()?;
        let params = prototype.args.iter().map(|arg| value(&arg.name, arg.ty, arg.place.parts()));
        Ok(Apply { ret, params: params.collect::<Result<_, _>>()? })
    }
}

/// Parts in Ghidra's order, each widened up to the next, neighbours on the stack joined.
fn storage(regs: &Registers, parts: &[Part], size: u64, arg_base: u64) -> Result<Vec<Varnode>, String> {
    let ends = parts.iter().skip(1).map(|part| part.off).chain([size]);
    let mut all: Vec<Varnode> = Vec::with_capacity(parts.len());
    for (n, (part, end)) in parts.iter().zip(ends).enumerate() {
        let start = if n == 0 { 0 } else { part.off };
        let wide = end.saturating_sub(start);
        let varnode = match part.at {
            At::Stack(at) => {
                let at = (arg_base + at).checked_sub(part.off - start).ok_or("padding before the stack")?;
                Varnode { reg: None, stack: Some(at), size: wide }
            }
            At::Reg(reg) if wide <= regs.whole_size(reg) && start == part.off => {
                Varnode { reg: Some(register(regs.arch, reg)), stack: None, size: wide }
            }
            At::Reg(_) => return Err("more padding than a register holds".into()),
        };
        match (all.last_mut(), varnode.stack) {
            (Some(Varnode { stack: Some(last), size, .. }), Some(at)) if *last + *size == at => *size += wide,
            _ => all.push(varnode),
        }
    }
    if !regs.arch.info().big_endian {
        all.reverse();
    }
    Ok(all)
}

/// Ghidra's name of a whole register: upper case on x86, lower case elsewhere.
fn register(arch: Arch, reg: Reg) -> String {
    let name = registers::sub_register(arch, reg, u32::MAX);
    if matches!(arch, Arch::Amd64 | Arch::I386) { name.to_ascii_uppercase() } else { name }
}

fn member_line(member: &Member, c: &CTypes) -> MemberLine {
    let of = |id: u32| c.get(id).map_or(0, |c| c.size);
    let (kind, ty, len, size) = match member.what {
        What::Type(id) => ("type", Some(id), None, of(id)),
        What::Array(id, len) => ("array", Some(id), Some(len), of(id).saturating_mul(len)),
        What::Pointer(elem) => ("pointer", elem, None, c.part_size(Field::Ptr)),
        What::Int => ("int", None, None, c.part_size(Field::Int)),
        What::Bytes(len) => ("bytes", None, Some(len), len),
    };
    MemberLine { name: declare::member_name(member), offset: member.offset, size, kind, ty, len }
}

fn builtin_members(builtin: &Builtin, c: &CTypes) -> Vec<MemberLine> {
    let mut offset = 0;
    let mut members = Vec::new();
    for (part, name) in builtin.members {
        let size = c.part_size(*part);
        members.push(MemberLine { name: name.to_string(), offset, size, kind: part.kind(), ty: None, len: None });
        offset += size;
    }
    members
}

fn word_kind(word: &str) -> &'static str {
    match word {
        "_BOOL1" => "bool",
        "float" | "double" => "float",
        "void *" => "pointer",
        _ if word.starts_with("unsigned") => "uint",
        _ => "int",
    }
}

fn conventions(f: &Function) -> &'static [&'static str] {
    match (f.abi, f.c_abi.as_deref()) {
        (Abi::ABIInternal, _) => &["abi-internal"],
        (Abi::ABI0, _) => &["abi0"],
        (Abi::C, Some("win64")) => &["MSABI", "__fastcall"],
        (Abi::C, Some("stdcall")) => &["__stdcall"],
        (Abi::C, Some("sysv" | "aapcs64")) => &["__stdcall", "__cdecl"],
        (Abi::C, _) => &["__cdecl"],
        (Abi::Custom, _) => match f.name.as_str() {
            "runtime.duffzero" => &["duffzero", "abi-internal"],
            "runtime.duffcopy" => &["duffcopy", "abi-internal"],
            _ => &["abi-internal"],
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Loc;

    fn check(arch: Arch, parts: &[(u64, u64, &str)], size: u64, wanted: &str) {
        let regs = Registers::new(arch);
        let part = |(off, size, loc): &(u64, u64, &str)| Part {
            off: *off,
            size: *size,
            at: regs.at(Loc::parse(loc).unwrap()).unwrap(),
        };
        let parts: Vec<Part> = parts.iter().map(part).collect();
        let place = |node: Varnode| match node.stack {
            Some(at) => format!("Stack[{at}]:{}", node.size),
            None => format!("{}:{}", node.reg.unwrap_or_default(), node.size),
        };
        let text = match storage(&regs, &parts, size, u64::from(arch.info().arg_base)) {
            Ok(all) => all.into_iter().map(place).collect::<Vec<_>>().join(","),
            Err(why) => why,
        };
        assert_eq!(text, wanted);
    }

    #[test]
    fn the_last_bytes_come_first_on_little_endian_machines() {
        check(Arch::Amd64, &[(0, 8, "RAX"), (8, 8, "RBX")], 16, "RBX:8,RAX:8");
        check(Arch::Ppc64, &[(0, 8, "R3"), (8, 8, "R4")], 16, "r3:8,r4:8");
    }

    #[test]
    fn padding_belongs_to_the_part_before_it() {
        check(Arch::Amd64, &[(0, 1, "RAX"), (8, 8, "RBX")], 16, "RBX:8,RAX:8");
        check(Arch::Amd64, &[(0, 8, "RAX"), (8, 4, "RBX")], 16, "RBX:8,RAX:8");
        check(Arch::Amd64, &[(0, 1, "RAX"), (1, 1, "RBX"), (4, 4, "RCX")], 8, "RCX:4,RBX:3,RAX:1");
        check(Arch::Arm64, &[(0, 4, "V0"), (4, 1, "X0")], 8, "x0:4,q0:4");
    }

    #[test]
    fn the_stack_is_counted_from_the_return_address_and_joined() {
        check(Arch::Amd64, &[(0, 16, "stack+0")], 16, "Stack[8]:16");
        check(Arch::I386, &[(0, 4, "stack+4")], 4, "Stack[8]:4");
        check(Arch::Amd64, &[(0, 8, "XMM0"), (8, 4, "stack+0"), (16, 8, "stack+8")], 24, "Stack[8]:16,XMM0:8");
    }

    #[test]
    fn what_no_register_can_hold_is_refused() {
        check(Arch::Amd64, &[(0, 8, "RAX"), (16, 8, "RBX")], 24, "more padding than a register holds");
        check(Arch::Amd64, &[(8, 8, "RAX")], 16, "more padding than a register holds");
    }
}
