//! arm64 code as [`Step`]s, by the encodings of the Arm Architecture Reference Manual (C4): the few that move values, and
//! what all others write.

use super::{LEN, UNDEFINED, words};
use crate::abi::location::{Reg, RegSet};
use crate::code::step::{Base, Located, Place, Step, Stored};
use crate::limits;

/// SP as a base, the zero register as data.
const R31: u32 = 31;

/// Decodes `code`, which starts at `entry`, into `steps` (cleared first). An instruction that does several things, one after
/// the other, is several steps at neighbouring offsets.
pub fn decode(code: &[u8], entry: u64, steps: &mut Vec<Located>) {
    steps.clear();
    let code = &code[..code.len().min(limits::MAX_FUNCTION_BYTES)];
    let mut decoder = Steps::default();
    for (at, word) in (0u32..).step_by(usize::from(LEN)).zip(words(code)) {
        if steps.len() >= limits::MAX_FUNCTION_OPS {
            break;
        }
        let (first, more) = decoder.steps(word, entry.wrapping_add(at.into()));
        steps.push(Located { at, len: LEN, step: first });
        for (n, step) in (1u8..).zip(more.into_iter().flatten()) {
            if let Some(last) = steps.last_mut() {
                last.len = 1;
            }
            steps.push(Located { at: at + u32::from(n), len: LEN - n, step });
        }
    }
}

/// Steps of one instruction.
type Several = [Option<Step>; 2];

#[derive(Default)]
struct Steps {
    /// What the instruction before put into a register, for one that changes a part of it.
    constant: Option<(u32, u64)>,
    /// A register that is that far from SP: the prologues of large frames compute SP there.
    frame: Option<(u32, i64)>,
}

fn bits(word: u32, from: u32, count: u32) -> u32 {
    word >> from & ((1 << count) - 1)
}

fn signed(word: u32, from: u32, count: u32) -> i64 {
    i64::from(((bits(word, from, count) << (32 - count)) as i32) >> (32 - count))
}

fn general(number: u32) -> Option<Reg> {
    (number < R31).then_some(Reg(number as u8))
}

/// What is written by an instruction that is not followed.
fn writes(number: u32) -> Step {
    Step::Other(general(number).into_iter().collect())
}

fn base(number: u32) -> Base {
    general(number).map_or(Base::Sp, Base::Reg)
}

/// The step, if the register is one.
fn with(number: u32, step: impl FnOnce(Reg) -> Step) -> Step {
    general(number).map_or(Step::Nop, step)
}

/// The address of a branch with an offset of `count` bits.
pub(super) fn target(word: u32, address: u64, from: u32, count: u32) -> u64 {
    address.wrapping_add_signed(signed(word, from, count) * i64::from(LEN))
}

/// Where an ADRP or an ADR leads.
pub(super) fn address_of(word: u32, address: u64) -> Option<(u32, u64)> {
    let offset = signed(word, 5, 19) << 2 | i64::from(bits(word, 29, 2));
    match word & 0x9f00_0000 {
        0x9000_0000 => Some((word & 31, (address & !0xfff).wrapping_add_signed(offset << 12))),
        0x1000_0000 => Some((word & 31, address.wrapping_add_signed(offset))),
        _ => None,
    }
}

/// The immediate of an ADD or SUB.
pub(super) fn added(word: u32) -> Option<i64> {
    let amount = i64::from(bits(word, 10, 12)) << (12 * bits(word, 22, 1));
    let is = bits(word, 24, 5) == 0b1_0001 && bits(word, 23, 1) == 0;
    is.then_some(if bits(word, 30, 1) == 1 { -amount } else { amount })
}

impl Steps {
    fn steps(&mut self, word: u32, address: u64) -> (Step, Several) {
        let (constant, frame) = (self.constant.take(), self.frame);
        // The link register is stored below the frame before SP moves there.
        if !matches!(bits(word, 25, 4), 0b0100 | 0b1100) || bits(word, 22, 1) == 1 {
            self.frame = None;
        }
        let one = |step| (step, [None, None]);
        if word == UNDEFINED || word >> 16 == 0 {
            return one(Step::Stop);
        }
        match bits(word, 25, 4) {
            0b1000 | 0b1001 => one(self.immediate(word, address, constant, frame)),
            0b1010 | 0b1011 => branch(word, address),
            0b0100 | 0b0110 | 0b1100 | 0b1110 => access(word, address),
            0b0101 | 0b1101 => one(self.registers(word)),
            _ => one(vector(word)),
        }
    }

    fn constant(&mut self, number: u32, value: u64) -> Step {
        self.constant = Some((number, value));
        with(number, |reg| Step::Const(reg, value))
    }

    fn immediate(&mut self, word: u32, address: u64, constant: Option<(u32, u64)>, frame: Option<(u32, i64)>) -> Step {
        let (to, from, wide) = (bits(word, 0, 5), bits(word, 5, 5), word >> 31 == 1);
        if let Some((to, at)) = address_of(word, address) {
            return with(to, |reg| Step::Const(reg, at));
        }
        if let Some(amount) = added(word) {
            return match (bits(word, 29, 1) == 1, to, from) {
                (true, R31, _) => with(from, |reg| Step::Compare(reg, if wide { 8 } else { 4 }, Some(-amount as u64))),
                (true, ..) => writes(to),
                (_, R31, R31) => Step::Sp(amount as i32),
                (_, R31, _) => match frame.filter(|frame| frame.0 == from) {
                    Some((_, offset)) => i32::try_from(offset + amount).map_or(Step::SpLost, Step::Sp),
                    None => Step::SpLost,
                },
                _ if !wide => writes(to),
                (_, _, R31) => {
                    self.frame = Some((to, amount));
                    with(to, |reg| Step::Lea(reg, Place { base: Base::Sp, disp: amount, size: 8 }))
                }
                _ if to == from => {
                    self.frame = frame.filter(|frame| frame.0 == to).map(|(to, offset)| (to, offset + amount));
                    with(to, |reg| Step::Add(reg, amount))
                }
                _ => with(to, |reg| Step::Lea(reg, Place { base: base(from), disp: amount, size: 8 })),
            };
        }
        let (shift, half) = (16 * bits(word, 21, 2), u64::from(bits(word, 5, 16)));
        let narrow = |value: u64| if wide { value } else { value & 0xffff_ffff };
        match word & 0x7f80_0000 {
            0x5280_0000 => self.constant(to, half << shift),
            0x1280_0000 => self.constant(to, narrow(!(half << shift))),
            0x7280_0000 => match constant.filter(|constant| constant.0 == to) {
                Some((_, value)) => self.constant(to, value & !(0xffff << shift) | half << shift),
                None => writes(to),
            },
            0x3200_0000 if from == R31 => match bitmask(word) {
                Some(value) => self.constant(to, narrow(value)),
                None => writes(to),
            },
            // ANDS to the zero register is TST.
            _ => writes(to),
        }
    }

    fn registers(&mut self, word: u32) -> Step {
        let (to, from, other) = (bits(word, 0, 5), bits(word, 5, 5), bits(word, 16, 5));
        let wide = word >> 31 == 1;
        let plain = bits(word, 10, 6) == 0 && bits(word, 22, 2) == 0;
        match word & 0x7f20_0000 {
            // ORR with the zero register is MOV.
            0x2a00_0000 if from == R31 && plain => match general(other) {
                Some(other) => with(to, |reg| Step::Copy(reg, other)),
                None => self.constant(to, 0),
            },
            // SUBS to the zero register is CMP.
            0x6b00_0000 if to == R31 => {
                let value = (other == R31).then_some(0);
                with(from, |reg| Step::Compare(reg, if wide { 8 } else { 4 }, value))
            }
            0x0b00_0000 if wide && from < R31 => match general(other) {
                Some(other) => {
                    with(to, |reg| Step::LeaElement(reg, Place { base: base(from), disp: 0, size: 8 }, other))
                }
                None => writes(to),
            },
            // CSINC of zeros is CSET.
            0x1a00_0000 if word & 0x7fff_0fe0 == 0x1a9f_07e0 => with(to, Step::Flag),
            // CCMP and CCMN write flags alone.
            _ if bits(word, 21, 8) == 0b1101_0010 => Step::Other(RegSet::NONE),
            _ => writes(to),
        }
    }
}

/// The constant of a logical instruction (`DecodeBitMasks`).
fn bitmask(word: u32) -> Option<u64> {
    let (n, rotate, ones) = (bits(word, 22, 1), bits(word, 16, 6), bits(word, 10, 6));
    let size = 1u32 << (31 - (n << 6 | (!ones & 0x3f)).leading_zeros().min(31)).min(6);
    let (ones, rotate) = (ones & (size - 1), rotate & (size - 1));
    let whole = u64::MAX >> (64 - size);
    if size < 2 || ones == size - 1 {
        return None;
    }
    let run = (1u64 << (ones + 1)) - 1;
    let turned = if rotate == 0 { run } else { (run >> rotate | run << (size - rotate)) & whole };
    Some((0..64 / size).fold(0, |value, n| value | turned << (n * size)))
}

fn branch(word: u32, address: u64) -> (Step, Several) {
    let one = |step| (step, [None, None]);
    let register = |step: fn(Reg) -> Step| general(bits(word, 5, 5)).map_or(Step::Stop, step);
    match word >> 24 {
        0x14..=0x17 => one(Step::Jump(target(word, address, 0, 26))),
        0x94..=0x97 => one(Step::Call(target(word, address, 0, 26))),
        0x54 => one(match word & 15 {
            0 => Step::BranchEqual(target(word, address, 5, 19)),
            1 => Step::BranchOther(target(word, address, 5, 19)),
            _ => Step::Branch(target(word, address, 5, 19)),
        }),
        kind @ (0x34 | 0x35 | 0xb4 | 0xb5) => {
            let to = target(word, address, 5, 19);
            let jump = if kind & 1 == 0 { Step::BranchEqual(to) } else { Step::BranchOther(to) };
            let size = if kind & 0x80 == 0 { 4 } else { 8 };
            (with(bits(word, 0, 5), |reg| Step::Compare(reg, size, Some(0))), [Some(jump), None])
        }
        0x36 | 0x37 | 0xb6 | 0xb7 => one(Step::Branch(target(word, address, 5, 14))),
        0xd6 => one(match word & 0xffff_fc1f {
            0xd61f_0000 => register(Step::JumpReg),
            0xd63f_0000 => register(Step::CallReg),
            0xd65f_0000 => Step::Ret,
            _ => Step::Stop,
        }),
        0xd4 => one(if word & 0xffe0_001f == 0xd400_0001 { Step::Syscall } else { Step::Stop }),
        // Hints and barriers write nothing, MRS does.
        _ if word >> 20 == 0xd53 => one(writes(bits(word, 0, 5))),
        _ => one(Step::Nop),
    }
}

/// What is moved, and how wide it is.
#[derive(Clone, Copy)]
struct Moved {
    number: u32,
    vector: bool,
    load: bool,
    size: u8,
}

impl Moved {
    fn step(self, base: Base, disp: i64) -> Step {
        let place = Place { base, disp, size: self.size };
        match (self.load, self.vector) {
            (true, true) => Step::LoadFloat(Reg::float(self.number as u8), place),
            (true, _) => with(self.number, |reg| Step::Load(reg, place)),
            (_, true) if self.size == 16 => Step::Store(place, Stored::Reg(Reg::float(self.number as u8))),
            (_, true) => Step::Store(place, Stored::Unknown),
            _ => Step::Store(place, general(self.number).map_or(Stored::Const(0), Stored::Reg)),
        }
    }
}

/// The steps of accesses with an address that may be written back: before them, behind them, or not at all.
fn back(all: [Option<Step>; 2], number: u32, amount: Option<i64>, before: bool) -> (Step, Several) {
    let update = amount.map(|amount| match general(number) {
        Some(reg) => Step::Add(reg, amount),
        None => Step::Sp(amount as i32),
    });
    let [a, b] = all;
    let a = a.unwrap_or(Step::Nop);
    match (update, before) {
        (None, _) => (a, [b, None]),
        (Some(update), true) => (update, [Some(a), b]),
        (Some(update), false) => (a, [b.or(Some(update)), b.map(|_| update)]),
    }
}

fn access(word: u32, address: u64) -> (Step, Several) {
    let one = |step| (step, [None, None]);
    let (number, from, vector) = (bits(word, 0, 5), bits(word, 5, 5), bits(word, 26, 1) == 1);
    match word & 0x3b00_0000 {
        0x2800_0000 | 0x2900_0000 => return pair(word),
        0x1800_0000 => {
            let size = if vector { 4 << bits(word, 30, 2) } else { 4 << bits(word, 30, 1) };
            let moved = Moved { number, vector, load: true, size };
            return one(moved.step(Base::Absolute, target(word, address, 5, 19) as i64));
        }
        0x0800_0000 if !vector => return one(exclusive(word)),
        0x3800_0000 | 0x3900_0000 => {}
        // Vector structures.
        _ => return one(Step::Other((0..32).map(Reg::float).collect())),
    }
    let (opcode, log) = (bits(word, 22, 2), bits(word, 30, 2));
    let log = if vector && opcode & 2 != 0 { 4 } else { log };
    let load = if vector { opcode & 1 == 1 } else { opcode != 0 };
    if !vector && log == 3 && opcode == 2 {
        return one(Step::Nop); // PRFM
    }
    let moved = Moved { number, vector, load, size: 1 << log };
    if word & 0x3b00_0000 == 0x3900_0000 {
        return one(moved.step(base(from), i64::from(bits(word, 10, 12)) << log));
    }
    let offset = signed(word, 12, 9);
    match (bits(word, 21, 1), bits(word, 10, 2)) {
        (0, 0) => one(moved.step(base(from), offset)),
        (0, 1) => back([Some(moved.step(base(from), 0)), None], from, Some(offset), false),
        (0, 3) => back([Some(moved.step(base(from), 0)), None], from, Some(offset), true),
        (1, 2) => one(match (base(from), general(bits(word, 16, 5)), load) {
            (Base::Reg(_), Some(index), true) if !vector => {
                let place = Place { base: base(from), disp: 0, size: moved.size };
                with(number, |reg| Step::LoadElement(reg, place, index))
            }
            (_, _, true) if vector => Step::Other(RegSet::of(Reg::float(number as u8))),
            (_, _, true) => writes(number),
            _ => Step::Other(RegSet::NONE),
        }),
        // Atomic memory operations give the old value.
        (1, 0) => one(writes(number)),
        _ => one(if load { writes(number) } else { Step::Other(RegSet::NONE) }),
    }
}

fn pair(word: u32) -> (Step, Several) {
    let (from, vector, load) = (bits(word, 5, 5), bits(word, 26, 1) == 1, bits(word, 22, 1) == 1);
    let size: u8 = match (vector, bits(word, 30, 2)) {
        (true, log) => 4 << log.min(2),
        (_, 2) => 8,
        _ => 4,
    };
    let offset = signed(word, 15, 7) * i64::from(size);
    let mode = bits(word, 23, 2);
    let disp = if mode & 1 == 1 { 0 } else { offset };
    let half = |number, n: i64| Moved { number, vector, load, size }.step(base(from), disp + n * i64::from(size));
    let (first, second) = (half(bits(word, 0, 5), 0), half(bits(word, 10, 5), 1));
    // What overwrites the address comes last.
    let swap = load && !vector && bits(word, 0, 5) == from;
    let all = if swap { [Some(second), Some(first)] } else { [Some(first), Some(second)] };
    back(all, from, (mode & 1 == 1).then_some(offset), mode == 3)
}

/// Ordered and exclusive accesses: plain ones that are ordered are loads and stores like others.
fn exclusive(word: u32) -> Step {
    let (number, from) = (bits(word, 0, 5), bits(word, 5, 5));
    let moved = |load| Moved { number, vector: false, load, size: 1 << bits(word, 30, 2) }.step(base(from), 0);
    match word & 0x3fe0_8000 {
        0x08c0_8000 => moved(true),
        0x0880_8000 => moved(false),
        _ => Step::Other(general(number).into_iter().chain(general(bits(word, 16, 5))).collect()),
    }
}

/// Vector and float instructions; some write a general register.
fn vector(word: u32) -> Step {
    let number = bits(word, 0, 5);
    let float = RegSet::of(Reg::float(number as u8));
    let converts = word & 0x5f20_fc00 == 0x1e20_0000;
    let extracts = word & 0xbfe0_ec00 == 0x0e00_2c00;
    let general: RegSet = general(number).filter(|_| converts || extracts).into_iter().collect();
    Step::Other(float | general)
}

#[cfg(test)]
mod tests;
