//! Reads the assembly listing of `go tool compile -S`.

use std::collections::HashMap;

use goabi::abi::location::Reg;
use goabi::abi::registers::Convention;
use goabi::arch::Arch;

/// What the listing says of one function.
#[derive(Debug, Default)]
pub(crate) struct Function {
    /// Bytes of the argument area.
    pub(crate) args: u32,
    /// Where each named value is: bytes from the start of the argument area, negative for locals.
    pub(crate) homes: HashMap<String, i64>,
    /// Stores of a register to a named slot: (name, register, bytes from the argument area, width).
    pub(crate) stores: Vec<(String, Reg, i64, u32)>,
    /// Loads of a register from a named slot since the last call: (name, register, bytes from the area, width).
    pub(crate) loads: Vec<(String, Reg, i64, u32)>,
    /// Registers that hold what another one held at entry.
    copies: HashMap<Reg, Reg>,
    /// Registers that hold the address of a named slot.
    addresses: HashMap<Reg, (String, i64)>,
    last_address: Option<(String, i64)>,
}

/// Every function of the listing by symbol, without the package.
pub(crate) fn read(listing: &str, convention: &Convention) -> HashMap<String, Function> {
    let mut functions: HashMap<String, Function> = HashMap::new();
    let (mut current, mut frame, mut returned) = (String::new(), 0, false);
    for line in listing.lines() {
        let mut columns = line.split('\t').skip(2);
        let (Some(op), operands) = (columns.next(), columns.collect::<Vec<_>>().join(" ")) else { continue };
        if op == "TEXT" {
            let (symbol, sizes) = text_line(&operands);
            current = symbol;
            returned = false;
            let (locals, args) = sizes.rsplit_once('-').unwrap_or((sizes, "0"));
            frame = locals.parse().unwrap_or(0);
            // Without a frame there is no slot for the link register either.
            let bare = convention.arch == Arch::Riscv64 && operands.contains("NOFRAME");
            frame -= if bare { 8 } else { 0 };
            functions.entry(current.clone()).or_default().args = args.parse().unwrap_or(0);
        } else if returns(op, &operands) {
            returned = true;
        } else if let Some(function) = functions.get_mut(&current).filter(|_| !returned) {
            // Behind the return is the spill block, which has the stores without names.
            instruction(function, op, &operands, convention, frame);
        }
    }
    functions
}

/// A return, as each machine spells it.
fn returns(op: &str, operands: &str) -> bool {
    op == "RET" || (op == "JMP" && matches!(operands, "LR" | "(R1)" | "R14")) || (op, operands) == ("JALR", "X0, X1")
}

/// Symbol without package, and the sizes: `p.f1(SB), ABIInternal, $80-104`.
fn text_line(operands: &str) -> (String, &str) {
    let symbol = operands.split("(SB)").next().unwrap_or("");
    let symbol = symbol.strip_prefix("p.").or(symbol.strip_prefix("\"\".")).unwrap_or(symbol);
    (symbol.to_string(), operands.rsplit('$').next().unwrap_or(""))
}

fn instruction(function: &mut Function, op: &str, operands: &str, convention: &Convention, frame: i64) {
    let arch = convention.arch;
    if matches!(op, "CALL" | "BL" | "JAL") {
        if operands.contains("sink(SB)") {
            // The argument is in the first register. Where there is none, the last address made is what was stored.
            let last = function.last_address.take();
            let passed = convention.ints.first().map_or(last, |reg| function.addresses.get(reg).cloned());
            function.homes.extend(passed);
            function.addresses.clear();
        }
        function.loads.clear();
        function.copies.clear();
        return;
    }
    if let [a, b, c] = operands.split(", ").collect::<Vec<_>>()[..] {
        return several(function, op, [a, b, c], arch, frame);
    }
    let Some((from, to)) = operands.rsplit_once(", ") else { return };
    let width = width(op, arch);
    if let Some((name, at)) = slot(from, function, arch, frame) {
        if op.starts_with("LEA") || from.starts_with('$') {
            function.last_address = Some((name.clone(), at));
            function.addresses.extend(register(to, arch).map(|reg| (reg, (name, at))));
        } else if let Some(reg) = register(to, arch) {
            function.loads.push((name, reg, at, width));
        }
    } else if let (Some(reg), Some((name, at))) = (register(from, arch), slot(to, function, arch, frame)) {
        let reg = function.copies.get(&reg).copied().unwrap_or(reg);
        function.stores.push((name, reg, at, width));
    } else if let (Some(from), Some(to)) = (register(from, arch), register(to, arch)) {
        let origin = function.copies.get(&from).copied().unwrap_or(from);
        function.copies.insert(to, origin);
        if let Some(address) = function.addresses.get(&from).cloned() {
            function.last_address = Some(address.clone());
            function.addresses.insert(to, address);
        }
        let moved = function.loads.iter().rfind(|(_, reg, ..)| *reg == from).cloned();
        function.loads.extend(moved.map(|(name, _, at, width)| (name, to, at, width)));
    }
}

/// Moves of registers from one to another (s390x): `STMG R3, R5, slot` and `LMG slot, R3, R5`.
fn several(function: &mut Function, op: &str, operands: [&str; 3], arch: Arch, frame: i64) {
    let width = if op.ends_with('G') { 8 } else { 4 };
    let (place, first, last) = match op {
        "STMG" | "STMY" => (operands[2], operands[0], operands[1]),
        "LMG" | "LMY" => (operands[0], operands[1], operands[2]),
        _ => return,
    };
    let (Some((name, at)), Some(first), Some(last)) =
        (slot(place, function, arch, frame), register(first, arch), register(last, arch))
    else {
        return;
    };
    let each = (first.0..=last.0).zip(0..).map(|(r, i)| (name.clone(), Reg(r), at + i * i64::from(width), width));
    if op.starts_with('L') {
        function.loads.extend(each);
        return;
    }
    for (name, reg, at, width) in each {
        let reg = function.copies.get(&reg).copied().unwrap_or(reg);
        function.stores.push((name, reg, at, width));
    }
}

/// A named place, `p.a1+128(SP)`, `p.a1+40(FP)` or `8(R5)` with its address in R5, as bytes from the start of the
/// argument area.
fn slot(operand: &str, function: &Function, arch: Arch, frame: i64) -> Option<(String, i64)> {
    if let Some((offset, base)) = operand.strip_suffix(')').and_then(|o| o.split_once('('))
        && let Some((name, at)) = register(base, arch).and_then(|reg| function.addresses.get(&reg))
    {
        let offset: i64 = if offset.is_empty() { 0 } else { offset.parse().ok()? };
        return Some((name.clone(), at + offset));
    }
    let operand = operand.strip_prefix('$').unwrap_or(operand);
    let operand = operand.strip_prefix("p.").or(operand.strip_prefix("\"\"."))?;
    let (place, base) = operand.strip_suffix(')')?.split_once('(')?;
    let split = place.find(['+', '-']).unwrap_or(place.len());
    let (name, offset) = place.split_at(split);
    let offset: i64 = if offset.is_empty() { 0 } else { offset.parse().ok()? };
    let at = match (arch, base) {
        // The frame and the return address are below.
        (Arch::Amd64 | Arch::I386, "SP") => offset - frame - i64::from(arch.ptr_size()),
        // riscv64 counts from SP whatever the base is called, with the link register's slot on both sides.
        (Arch::Riscv64, "SP" | "FP") => offset - frame - 16,
        (Arch::Ppc64 | Arch::Ppc64le, "R1") | (_, "FP") => offset,
        // Locals have a base of their own; only differences count.
        (_, "SP") => offset - 1_000_000,
        _ => return None,
    };
    Some((name.to_string(), at))
}

/// Bytes that a move reads or writes.
fn width(op: &str, arch: Arch) -> u32 {
    match op.strip_prefix('F').unwrap_or(op).strip_prefix("MOV").unwrap_or("?") {
        "SS" | "S" | "F" => 4,
        "SD" | "D" | "Q" | "V" | "" => 8,
        rest if rest.starts_with('B') => 1,
        rest if rest.starts_with('H') => 2,
        rest if rest.starts_with('W') => {
            if matches!(arch, Arch::Amd64 | Arch::I386) {
                2
            } else {
                4
            }
        }
        rest if rest.starts_with('L') => 4,
        _ => 0,
    }
}

/// A register by the name that Go's assembler has for it.
fn register(name: &str, arch: Arch) -> Option<Reg> {
    if arch == Arch::Amd64 {
        return amd64_register(name);
    }
    let number = |prefix| name.strip_prefix(prefix).and_then(|n: &str| n.parse::<u8>().ok()).filter(|n| *n < 32);
    let int = if arch == Arch::Riscv64 { 'X' } else { 'R' };
    number(int).map(Reg).or(number('F').map(Reg::float))
}

fn amd64_register(name: &str) -> Option<Reg> {
    const INTS: [&str; 8] = ["AX", "CX", "DX", "BX", "SP", "BP", "SI", "DI"];
    const BYTES: [&str; 8] = ["AL", "CL", "DL", "BL", "SPB", "BPB", "SIB", "DIB"];
    let index = INTS.iter().position(|n| *n == name).or(BYTES.iter().position(|n| *n == name));
    let numbered = |prefix| name.strip_prefix(prefix).and_then(|n: &str| n.trim_end_matches('B').parse::<u8>().ok());
    index.map(|i| Reg(i as u8)).or(numbered('R').map(Reg)).or(numbered('X').map(Reg::float))
}
