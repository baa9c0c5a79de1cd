//! C calling conventions, for the functions through which Go meets C: cgo's bridge, callbacks, the Windows API.
//!
//! Scalars and plain structs only: no `long double`, no `__int128`, no variadic functions, no C++ classes. Apple packs
//! arm64 stack arguments more tightly than the standard that is implemented here.

mod rows;

use self::rows::{AAPCS64, CDECL, Row, STDCALL, SYSV, Structs, WIN64};
use super::assign::round_up;
use super::location::{Loc, Piece, Reg, RegSet, Scalar};
use super::registers::all_regs;
use super::shape::{Component, Shape};
use crate::arch::{Arch, Os};

/// A convention of C functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CAbi {
    /// System V on amd64: every system but Windows.
    SysV,
    /// Windows on amd64.
    Win64,
    /// The procedure call standard of arm64.
    Aapcs64,
    /// System V on 386, the caller pops.
    Cdecl,
    /// The Windows API on 386, the callee pops.
    Stdcall,
}

/// A C parameter or result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CValue {
    /// An integer, pointer or float.
    Scalar(Component),
    /// A struct, passed by value as far as the source is concerned.
    Struct(Shape),
}

impl CValue {
    /// A scalar of `size` bytes.
    pub fn scalar(size: u32, kind: Scalar) -> CValue {
        CValue::Scalar(Component { off: 0, size, kind })
    }
}

/// Where a C value is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CPlaced {
    /// Its parts, or the pointer to it.
    pub pieces: Vec<Piece>,
    /// Whether the piece is a pointer to the value, which is in the caller's memory.
    pub by_reference: bool,
}

/// Places of a C signature. Stack offsets count from behind the return address, if the machine pushes one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CAssignment {
    /// Of the parameters, in order.
    pub params: Vec<CPlaced>,
    /// Of the result; of one in memory, the pointer that comes back, if one does.
    pub result: CPlaced,
    /// Where the caller says to which memory the result goes.
    pub result_pointer: Option<Piece>,
    /// Bytes of arguments on the stack, home space included.
    pub stack: u32,
    /// Bytes that the callee pops.
    pub popped: u32,
}

impl CAbi {
    /// The convention of C functions on that machine, `None` when it is not known here.
    pub fn of(arch: Arch, os: Os) -> Option<CAbi> {
        match (arch, os) {
            (Arch::Amd64, Os::Windows) => Some(CAbi::Win64),
            (Arch::Amd64, _) => Some(CAbi::SysV),
            (Arch::Arm64, _) => Some(CAbi::Aapcs64),
            (Arch::I386, _) => Some(CAbi::Cdecl),
            _ => None,
        }
    }

    /// The report's word for it.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// Bytes from SP at entry to the first stack argument or its home space.
    pub fn arg_base(self) -> u32 {
        self.row().arg_base
    }

    /// What a call leaves as it was.
    pub fn preserved(self) -> RegSet {
        self.row().preserved
    }

    /// What a call destroys.
    pub fn clobbers(self) -> RegSet {
        all_regs(self.row().arch).collect::<RegSet>() & !self.preserved()
    }

    /// Places of a signature; `None` stands for `void`.
    pub fn assign(self, params: &[CValue], result: Option<&CValue>) -> CAssignment {
        let row = self.row();
        let mut state = State { row, ints: 0, floats: 0, position: 0, stack: row.home };
        let mut assignment = CAssignment::default();
        if let Some(result) = result {
            match row.parts(result, row.result_structs) {
                Parts::Registers(parts) => assignment.result = direct(&parts, row.result_ints, row.result_floats),
                Parts::Memory | Parts::Reference => state.result_pointer(&mut assignment),
            }
        }
        assignment.params = params.iter().map(|value| state.place(value)).collect();
        assignment.stack = state.stack;
        assignment.popped = match self {
            CAbi::Stdcall => state.stack,
            // The callee pops the pointer to a struct that it returns.
            CAbi::Cdecl if assignment.result_pointer.is_some() => 4,
            _ => 0,
        };
        assignment
    }

    fn row(self) -> &'static Row {
        match self {
            CAbi::SysV => &SYSV,
            CAbi::Win64 => &WIN64,
            CAbi::Aapcs64 => &AAPCS64,
            CAbi::Cdecl => &CDECL,
            CAbi::Stdcall => &STDCALL,
        }
    }
}

/// What a value is made of as far as registers go.
enum Parts {
    /// One register each; none for a value of no size.
    Registers(Vec<Component>),
    /// On the stack, as a whole.
    Memory,
    /// As a pointer.
    Reference,
}

impl Row {
    fn word(&self) -> u32 {
        self.arch.ptr_size()
    }

    fn parts(&self, value: &CValue, structs: Structs) -> Parts {
        let shape = match value {
            CValue::Scalar(scalar) if scalar.kind.is_float() || scalar.size <= self.word() => {
                return Parts::Registers(vec![*scalar]);
            }
            CValue::Scalar(scalar) => return Parts::Registers(words(scalar.size, self.word(), scalar.kind)),
            CValue::Struct(shape) => shape,
        };
        match structs {
            _ if shape.size == 0 => Parts::Registers(Vec::new()),
            Structs::Memory => Parts::Memory,
            Structs::PowersOfTwo if shape.size <= 8 && shape.size.is_power_of_two() => {
                Parts::Registers(words(shape.size, self.word(), Scalar::Word))
            }
            Structs::PowersOfTwo => Parts::Reference,
            Structs::Homogeneous if is_homogeneous(shape) => Parts::Registers(shape.components.to_vec()),
            Structs::Homogeneous if shape.size <= 16 => Parts::Registers(words(shape.size, 8, Scalar::Word)),
            Structs::Homogeneous => Parts::Reference,
            Structs::Eightbytes => eightbytes(shape).map_or(Parts::Memory, Parts::Registers),
        }
    }
}

/// `size` bytes cut into words.
fn words(size: u32, word: u32, kind: Scalar) -> Vec<Component> {
    let starts = (0..size).step_by(word.max(1) as usize);
    starts.map(|off| Component { off, size: (size - off).min(word), kind }).collect()
}

/// One to four floats of one size and nothing else.
fn is_homogeneous(shape: &Shape) -> bool {
    let Some(first) = shape.components.first().filter(|first| first.kind.is_float()) else { return false };
    shape.components.len() <= 4 && shape.components.iter().all(|c| c.kind.is_float() && c.size == first.size)
}

/// The eight-byte parts of a struct: floats if nothing else is in them. `None` for what goes to memory.
fn eightbytes(shape: &Shape) -> Option<Vec<Component>> {
    let unaligned = |c: &Component| c.size == 0 || !c.off.is_multiple_of(c.size);
    if shape.size > 16 || shape.components.iter().any(unaligned) {
        return None;
    }
    let mut parts = words(shape.size, 8, Scalar::Word);
    for part in &mut parts {
        let mut inside = shape.components.iter().filter(|c| c.off / 8 == part.off / 8).peekable();
        if inside.peek().is_some() && inside.all(|c| c.kind.is_float()) {
            part.kind = Scalar::Float;
        }
    }
    Some(parts)
}

/// Parts in registers from the start of each list.
fn direct(parts: &[Component], ints: &[Reg], floats: &[Reg]) -> CPlaced {
    let (mut ints, mut floats) = (ints.iter(), floats.iter());
    let pieces = parts.iter().filter_map(|part| {
        let reg = if part.kind.is_float() { floats.next() } else { ints.next() };
        reg.map(|reg| piece(part, Loc::Reg(*reg)))
    });
    CPlaced { pieces: pieces.collect(), by_reference: false }
}

fn piece(part: &Component, loc: Loc) -> Piece {
    Piece { off: part.off, size: part.size, loc, kind: part.kind }
}

/// The assignment in progress.
struct State {
    row: &'static Row,
    ints: usize,
    floats: usize,
    position: usize,
    stack: u32,
}

impl State {
    fn place(&mut self, value: &CValue) -> CPlaced {
        match self.row.parts(value, self.row.structs) {
            Parts::Registers(parts) => self.registers(&parts, value),
            Parts::Memory => self.on_stack(value),
            Parts::Reference => {
                let pointer = CValue::scalar(self.row.word(), Scalar::Ptr);
                CPlaced { by_reference: true, ..self.place(&pointer) }
            }
        }
    }

    fn registers(&mut self, parts: &[Component], value: &CValue) -> CPlaced {
        let row = self.row;
        if row.positional {
            (self.ints, self.floats) = (self.position, self.position);
        }
        self.position += 1;
        let floats = parts.iter().filter(|part| part.kind.is_float()).count();
        let ints = parts.len() - floats;
        let (free_ints, free_floats) = (rest(row.ints, self.ints), rest(row.floats, self.floats));
        if ints > free_ints.len() || floats > free_floats.len() {
            if row.structs == Structs::Homogeneous {
                // Once a value did not fit, later ones of its class are on the stack too.
                self.ints = if ints > 0 { row.ints.len() } else { self.ints };
                self.floats = if floats > 0 { row.floats.len() } else { self.floats };
            }
            return self.on_stack(value);
        }
        self.ints += ints;
        self.floats += floats;
        direct(parts, free_ints, free_floats)
    }

    /// Stack arguments are multiples of a word.
    fn on_stack(&mut self, value: &CValue) -> CPlaced {
        let (size, parts) = match value {
            CValue::Scalar(scalar) => (scalar.size, std::slice::from_ref(scalar)),
            CValue::Struct(shape) => (shape.size, shape.components.as_slice()),
        };
        let start = self.stack;
        self.stack = round_up(start.saturating_add(size), self.row.word());
        let pieces = parts.iter().map(|part| piece(part, Loc::Stack(start.saturating_add(part.off))));
        CPlaced { pieces: pieces.collect(), by_reference: false }
    }

    /// The caller passes the address for the result: as a parameter of its own in front, or in a register kept for it.
    fn result_pointer(&mut self, assignment: &mut CAssignment) {
        let size = self.row.word();
        let at = |loc| Piece { off: 0, size, loc, kind: Scalar::Ptr };
        if let Some(reg) = self.row.result_pointer {
            assignment.result_pointer = Some(at(Loc::Reg(reg)));
        } else {
            let placed = self.place(&CValue::scalar(size, Scalar::Ptr));
            assignment.result_pointer = placed.pieces.first().copied();
            assignment.result.pieces = self.row.result_ints.first().map(|reg| at(Loc::Reg(*reg))).into_iter().collect();
        }
        assignment.result.by_reference = true;
    }
}

fn rest(regs: &'static [Reg], taken: usize) -> &'static [Reg] {
    regs.get(taken..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::parse;
    use crate::types::{Kind, Types};

    /// The C reading of a Go signature: structs are structs, everything else must be one scalar.
    fn values(abi: CAbi, text: &str) -> (Vec<CValue>, Option<CValue>) {
        let (mut types, arch) = (Types::default(), abi.row().arch);
        let signature = parse(text, arch, &mut types).expect(text).signature;
        let value = |param: &crate::types::Param| {
            let shape = Shape::of(&types, param.ty, arch);
            match &types.get(param.ty).expect("a type of this table").kind {
                Kind::Struct(_) => CValue::Struct(shape),
                _ => CValue::Scalar(shape.components[0]),
            }
        };
        (signature.params.iter().map(value).collect(), signature.results.first().map(value))
    }

    fn text(placed: &CPlaced, arch: Arch) -> String {
        let pieces = placed.pieces.iter().map(|p| format!("{}+{} {}", p.off, p.size, p.loc.text(arch)));
        format!("{}{}", if placed.by_reference { "&" } else { "" }, pieces.collect::<Vec<_>>().join(", "))
    }

    #[track_caller]
    fn check(abi: CAbi, signature: &str, expected: &str) {
        let (params, result) = values(abi, signature);
        let found = abi.assign(&params, result.as_ref());
        let arch = abi.row().arch;
        let params: Vec<String> = found.params.iter().map(|p| text(p, arch)).collect();
        let pointer = found.result_pointer.map_or(String::new(), |p| format!(" via {}", p.loc.text(arch)));
        let found = format!(
            "{} -> {}{pointer}; stack {} popped {}",
            params.join(" | "),
            text(&found.result, arch),
            found.stack,
            found.popped
        );
        assert_eq!(found, expected, "{signature}");
    }

    #[test]
    fn system_v_takes_six_integers_and_eight_floats() {
        let check = |signature, expected| check(CAbi::SysV, signature, expected);
        // crosscall2
        check(
            "f(fn, frame unsafe.Pointer, n int32, ctxt uintptr)",
            "0+8 RDI | 0+8 RSI | 0+4 RDX | 0+8 RCX -> ; stack 0 popped 0",
        );
        check(
            "f(a int32, x float32, b int8, y float64) float64",
            "0+4 RDI | 0+4 XMM0 | 0+1 RSI | 0+8 XMM1 -> 0+8 XMM0; stack 0 popped 0",
        );
        check(
            "f(a, b, c, d, e, f, g, h int32) int",
            "0+4 RDI | 0+4 RSI | 0+4 RDX | 0+4 RCX | 0+4 R8 | 0+4 R9 | 0+4 stack+0 | 0+4 stack+8 -> 0+8 RAX; stack 16 popped 0",
        );
    }

    #[test]
    fn system_v_classifies_structs_by_eight_bytes() {
        let check = |signature, expected| check(CAbi::SysV, signature, expected);
        check(
            "f(s struct{x float64; n int32}, t struct{a, b float32; c float32}) struct{p *int; f float32}",
            "0+8 XMM0, 8+8 RDI | 0+8 XMM1, 8+4 XMM2 -> 0+8 RAX, 8+8 XMM0; stack 0 popped 0",
        );
        check(
            "f(s struct{a float32; b int32; c int8}) struct{a, b, c int64}",
            "0+8 RSI, 8+4 RDX -> &0+8 RAX via RDI; stack 0 popped 0",
        );
        check(
            "f(a, b, c, d, e int, s struct{x, y int}, g int, big struct{x, y, z int8; w [3]int64}) struct{}",
            "0+8 RDI | 0+8 RSI | 0+8 RDX | 0+8 RCX | 0+8 R8 | 0+8 stack+0, 8+8 stack+8 | 0+8 R9 | \
             0+1 stack+16, 1+1 stack+17, 2+1 stack+18, 8+8 stack+24, 16+8 stack+32, 24+8 stack+40 -> ; stack 48 popped 0",
        );
    }

    #[test]
    fn win64_counts_positions_and_passes_large_structs_by_reference() {
        let check = |signature, expected| check(CAbi::Win64, signature, expected);
        check(
            "f(a int32, x float64, p *int, y float32, b int8, z float64) float32",
            "0+4 RCX | 0+8 XMM1 | 0+8 R8 | 0+4 XMM3 | 0+1 stack+32 | 0+8 stack+40 -> 0+4 XMM0; stack 48 popped 0",
        );
        check(
            "f(s struct{x float64}, t struct{a, b, c int8}, u struct{a, b int64}) struct{a, b int16}",
            "0+8 RCX | &0+8 RDX | &0+8 R8 -> 0+4 RAX; stack 32 popped 0",
        );
        check("f(a int, x float64) struct{a, b int64}", "0+8 RDX | 0+8 XMM2 -> &0+8 RAX via RCX; stack 32 popped 0");
    }

    #[test]
    fn aapcs64_keeps_floats_of_one_size_apart() {
        let check = |signature, expected| check(CAbi::Aapcs64, signature, expected);
        check(
            "f(s struct{x, y, z float32}, t struct{x float32; n int32}, u struct{a, b, c int64}) struct{a, b float64}",
            "0+4 V0, 4+4 V1, 8+4 V2 | 0+8 X0 | &0+8 X1 -> 0+8 V0, 8+8 V1; stack 0 popped 0",
        );
        check(
            "f(a, b, c, d, e, f, g int, s struct{x, y int}, h int) struct{a, b, c int}",
            "0+8 X0 | 0+8 X1 | 0+8 X2 | 0+8 X3 | 0+8 X4 | 0+8 X5 | 0+8 X6 | 0+8 stack+0, 8+8 stack+8 | 0+8 stack+16 \
             -> & via X8; stack 24 popped 0",
        );
    }

    #[test]
    fn i386_has_everything_on_the_stack() {
        check(
            CAbi::Cdecl,
            "f(a int8, b int64, x float64, s struct{a int8; b int16}) int64",
            "0+1 stack+0 | 0+8 stack+4 | 0+8 stack+12 | 0+1 stack+20, 2+2 stack+22 -> 0+4 EAX, 4+4 EDX; stack 24 popped 0",
        );
        check(CAbi::Cdecl, "f(a int32) struct{x int32}", "0+4 stack+4 -> &0+4 EAX via stack+0; stack 8 popped 4");
        check(CAbi::Cdecl, "f() float32", " -> 0+4 ST0; stack 0 popped 0");
        check(CAbi::Stdcall, "f(a, b *int) uint32", "0+4 stack+0 | 0+4 stack+4 -> 0+4 EAX; stack 8 popped 8");
        check(CAbi::Stdcall, "f(a int16) struct{x, y int32}", "0+2 stack+0 -> 0+4 EAX, 4+4 EDX; stack 4 popped 4");
    }

    #[test]
    fn c_preserves_what_go_does_not() {
        let preserved = |abi: CAbi| {
            let arch = abi.row().arch;
            let names = all_regs(arch).filter(|r| abi.preserved().has(*r)).map(|r| Loc::Reg(r).text(arch));
            names.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(preserved(CAbi::SysV), "RBX RSP RBP R12 R13 R14 R15");
        assert_eq!(preserved(CAbi::Cdecl), "EBX ESP EBP ESI EDI");
        assert!(preserved(CAbi::Win64).ends_with("XMM6 XMM7 XMM8 XMM9 XMM10 XMM11 XMM12 XMM13 XMM14 XMM15"));
        assert!(CAbi::Aapcs64.clobbers().has(Reg(0)) && !CAbi::Aapcs64.clobbers().has(Reg(19)));
        assert_eq!(CAbi::of(Arch::Amd64, Os::Windows).map(CAbi::name), Some("win64"));
        assert_eq!(CAbi::of(Arch::S390x, Os::Linux), None);
    }
}
