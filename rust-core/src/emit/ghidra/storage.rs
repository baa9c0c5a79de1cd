//! Places of values as Ghidra's storage.

use serde::Serialize;

use super::super::place::{At, Part};
use super::super::registers::Registers;
use super::super::usercall::Context;
use super::types::MemberLine;
use crate::abi::location::Reg;
use crate::abi::registers;
use crate::arch::Arch;

#[derive(Serialize)]
pub(super) struct ValueLine {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) name: String,
    /// `null` is a pointer to nothing known.
    #[serde(rename = "type")]
    pub(super) ty: Option<u32>,
    pub(super) size: u64,
    pub(super) storage: Vec<Varnode>,
    /// Registers and the stack: only newer releases of Ghidra take that.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) mixed: bool,
}

impl ValueLine {
    /// A value's line; `parts` are in memory order and `arg_base` is the argument area's distance from SP at entry.
    pub(super) fn new(
        context: &Context<'_>,
        name: &str,
        ty: Option<u32>,
        parts: &[Part],
        arg_base: u64,
    ) -> Result<ValueLine, String> {
        let ptr_size = u64::from(context.regs.arch.ptr_size());
        let size = ty.and_then(|id| context.c.get(id)).map_or(ptr_size, |c| c.size);
        let storage = storage(&context.regs, parts, size, arg_base)?;
        let on_stack = storage.iter().filter(|varnode| varnode.stack.is_some()).count();
        let mixed = on_stack > 0 && storage.len() > on_stack;
        Ok(ValueLine { name: name.into(), ty, size, storage, mixed })
    }
}

/// Some members of a tuple, moved together.
#[derive(Serialize)]
pub(super) struct Partial {
    name: String,
    size: u64,
    members: Vec<MemberLine>,
    storage: Vec<Varnode>,
}

impl Partial {
    /// The members of tuple `id` that are wholly in registers; nothing if there are none.
    pub(super) fn of_tuple(context: &Context<'_>, id: u32, parts: &[Part]) -> Option<Partial> {
        let tuple = context.types.get(id as usize)?;
        let (mut members, mut kept, mut end, mut align) = (Vec::new(), Vec::new(), 0u64, 1);
        for field in &tuple.fields {
            let c = context.c.get(field.ty)?;
            let its = |part: &&Part| (field.offset..field.offset.saturating_add(c.size)).contains(&part.off);
            let own: Vec<&Part> = parts.iter().filter(its).collect();
            if own.is_empty() || own.iter().any(|part| matches!(part.at, At::Stack(_))) {
                continue;
            }
            let offset = end.checked_next_multiple_of(c.align)?;
            kept.extend(own.iter().map(|part| Part { off: part.off - field.offset + offset, ..**part }));
            members.push(MemberLine::of_type(&field.name, field.ty, offset, c.size));
            (end, align) = (offset.checked_add(c.size)?, c.align.max(align));
        }
        let size = end.checked_next_multiple_of(align)?;
        let storage = storage(&context.regs, &kept, size, 0).ok().filter(|_| !kept.is_empty())?;
        Some(Partial { name: format!("{}_in_registers", tuple.c_name), size, members, storage })
    }
}

#[derive(Serialize)]
pub(super) struct Varnode {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reg: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stack: Option<u64>,
    pub(super) size: u64,
}

/// Parts in Ghidra's order, each widened up to the next, neighbours on the stack joined.
pub(super) fn storage(regs: &Registers, parts: &[Part], size: u64, arg_base: u64) -> Result<Vec<Varnode>, String> {
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
pub(super) fn register(arch: Arch, reg: Reg) -> String {
    let name = registers::sub_register(arch, reg, u32::MAX);
    if matches!(arch, Arch::Amd64 | Arch::I386) { name.to_ascii_uppercase() } else { name }
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
