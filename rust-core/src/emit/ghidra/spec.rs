//! Go's conventions as Ghidra's compiler specifications write them, for programs that were loaded with another one.
//!
//! They matter even where every place is given: they say what survives a call, and how calls through pointers go.

use std::fmt::Write;

use serde::Serialize;

use super::storage::register;
use crate::abi::location::{Reg, RegSet};
use crate::abi::registers::{Convention, all_regs, sub_register};
use crate::arch::{Arch, Os};

/// A convention that a host may add.
#[derive(Serialize)]
pub(super) struct Spec {
    name: &'static str,
    xml: String,
}

/// Bytes that a prototype's stack area may have.
const STACK_AREA: u32 = 500;

/// Pieces that a place may have, by the schema of specifications (`compiler_spec.rxg`).
const MOST_PIECES: usize = 9;

/// Go's two conventions on machines whose Ghidra specification is known to take them.
pub(super) fn all(arch: Arch) -> Vec<Spec> {
    if !matches!(arch, Arch::Amd64 | Arch::I386 | Arch::Arm64) {
        return Vec::new();
    }
    let internal = Convention::abi_internal(arch, Os::Unknown, u32::MAX);
    let spec = |name, convention| Spec { name, xml: prototype(name, convention) };
    vec![spec("abi-internal", &internal), spec("abi0", &Convention::abi0(arch))]
}

/// Bytes that a call pushes and its return takes away again: the return address on x86, nothing elsewhere.
pub(super) fn pushed(arch: Arch) -> u32 {
    if matches!(arch, Arch::Amd64 | Arch::I386) { arch.ptr_size() } else { 0 }
}

fn prototype(name: &str, convention: &Convention) -> String {
    let Convention { arch, arg_base, .. } = *convention;
    let (pushed, ptr_size) = (pushed(arch), arch.ptr_size());
    let mut xml = format!("<prototype name=\"{name}\" extrapop=\"{pushed}\" stackshift=\"{pushed}\">\n<input>\n");
    for reg in convention.floats {
        let _ = writeln!(xml, "{}", float_entry(arch, *reg));
    }
    for reg in convention.ints {
        let _ = writeln!(xml, "{}", entry(1, ptr_size, &register_tag(&register(arch, *reg))));
    }
    let area = format!("<addr offset=\"{arg_base}\" space=\"stack\"/>");
    let _ =
        write!(xml, "<pentry minsize=\"1\" maxsize=\"{STACK_AREA}\" align=\"{ptr_size}\">{area}</pentry>\n</input>\n");
    let _ = write!(xml, "<output>\n{}</output>\n", outputs(convention));
    let _ = write!(xml, "<unaffected>\n{}</unaffected>\n", tags(arch, convention.preserved()));
    let _ = write!(xml, "<killedbycall>\n{}</killedbycall>\n</prototype>", tags(arch, convention.clobbers()));
    xml
}

/// One float in the first float register, integers in as many registers as they need.
fn outputs(convention: &Convention) -> String {
    let Convention { arch, ints, floats, .. } = *convention;
    let mut xml = String::new();
    for reg in floats.iter().take(1) {
        let _ = writeln!(xml, "{}", float_entry(arch, *reg));
    }
    let word = arch.ptr_size();
    for count in 1..=ints.len().min(MOST_PIECES) {
        let place = if count == 1 { register_tag(&register(arch, ints[0])) } else { join(arch, &ints[..count]) };
        let words = count as u32;
        let _ = writeln!(xml, "{}", entry((words - 1) * word + 1, words * word, &place));
    }
    xml
}

/// Registers of one value; the first piece is its most significant one.
fn join(arch: Arch, regs: &[Reg]) -> String {
    let count = regs.len();
    let piece = |(n, reg): (usize, &Reg)| {
        let piece = if arch.info().big_endian { n + 1 } else { count - n };
        format!(" piece{piece}=\"{}\"", register(arch, *reg))
    };
    format!("<addr space=\"join\"{}/>", regs.iter().enumerate().map(piece).collect::<String>())
}

fn entry(min: u32, max: u32, place: &str) -> String {
    format!("<pentry minsize=\"{min}\" maxsize=\"{max}\">{place}</pentry>")
}

/// A register for float32 and float64.
fn float_entry(arch: Arch, reg: Reg) -> String {
    let name = match arch {
        Arch::Arm64 => sub_register(arch, reg, 8),
        _ => format!("{}_Qa", register(arch, reg)),
    };
    format!("<pentry minsize=\"4\" maxsize=\"8\" metatype=\"float\">{}</pentry>", register_tag(&name))
}

fn register_tag(name: &str) -> String {
    format!("<register name=\"{name}\"/>")
}

fn tags(arch: Arch, set: RegSet) -> String {
    let regs = all_regs(arch).filter(|reg| set.has(*reg));
    regs.map(|reg| format!("<register name=\"{}\"/>\n", register(arch, reg))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_register_convention_of_amd64() {
        let specs = all(Arch::Amd64);
        let xml = &specs[0].xml;
        assert!(xml.starts_with("<prototype name=\"abi-internal\" extrapop=\"8\" stackshift=\"8\">"));
        let first = "<pentry minsize=\"4\" maxsize=\"8\" metatype=\"float\"><register name=\"XMM0_Qa\"/></pentry>";
        assert!(xml.contains(&format!("<input>\n{first}\n")), "{xml}");
        assert!(xml.contains("maxsize=\"16\"><addr space=\"join\" piece2=\"RAX\" piece1=\"RBX\"/>"), "{xml}");
        let (_, kept) = xml.split_once("<unaffected>").unwrap();
        let (kept, lost) = kept.split_once("<killedbycall>").unwrap();
        let named = |text: &str, name: &str| text.contains(&format!("\"{name}\""));
        assert!(["RSP", "RBP", "R14", "XMM15"].iter().all(|name| named(kept, name) && !named(lost, name)), "{xml}");
        assert!(["RBX", "R12", "R15", "XMM14"].iter().all(|name| named(lost, name) && !named(kept, name)), "{xml}");
    }

    #[test]
    fn the_stack_convention_has_no_registers() {
        let input = |arch| all(arch)[1].xml.split("</input>").next().unwrap_or_default().to_string();
        assert!(input(Arch::Amd64).contains("offset=\"8\"") && !input(Arch::Amd64).contains("register"));
        assert!(input(Arch::I386).contains("offset=\"4\"") && input(Arch::I386).contains("extrapop=\"4\""));
        assert!(input(Arch::Arm64).contains("offset=\"8\"") && input(Arch::Arm64).contains("extrapop=\"0\""));
    }
}
