use super::*;

fn steps(code: &[u32]) -> Vec<Step> {
    let bytes: Vec<u8> = code.iter().flat_map(|word| word.to_le_bytes()).collect();
    let mut steps = Vec::new();
    decode(&bytes, 0x1_0000, &mut steps);
    steps.iter().map(|located| located.step).collect()
}

fn at(base: Base, disp: i64, size: u8) -> Place {
    Place { base, disp, size }
}

// Words as two assemblers make them: `go tool asm` of Go 1.26, and that of binutils.
#[test]
fn constants_and_addresses() {
    assert_eq!(steps(&[0xd281_a1e0, 0xf2b0_1c80]), [Step::Const(Reg(0), 0xd0f), Step::Const(Reg(0), 0x80e4_0d0f)]); // MOVZ, MOVK
    assert_eq!(steps(&[0xb240_03e0, 0xaa1f_03e1]), [Step::Const(Reg(0), 1), Step::Const(Reg(1), 0)]); // ORR, MOV ZR
    assert_eq!(steps(&[0xb000_0000, 0x9100_8000]), [Step::Const(Reg(0), 0x1_1000), Step::Add(Reg(0), 0x20)]);
    assert_eq!(steps(&[0xaa01_03e0]), [Step::Copy(Reg(0), Reg(1))]);
}

#[test]
fn frames() {
    // MOVD.W R30, -48(RSP); SUB $288, RSP, R20; STP (R29, R30), -8(R20); MOVD R20, RSP; ADD $48, RSP
    assert_eq!(
        steps(&[0xf81d_0ffe, 0xd104_83f4, 0xa93f_fa9d, 0x9100_029f, 0x9100_c3ff]),
        [
            Step::Sp(-48),
            Step::Store(at(Base::Sp, 0, 8), Stored::Reg(Reg(30))),
            Step::Lea(Reg(20), at(Base::Sp, -288, 8)),
            Step::Store(at(Base::Reg(Reg(20)), -8, 8), Stored::Reg(Reg(29))),
            Step::Store(at(Base::Reg(Reg(20)), 0, 8), Stored::Reg(Reg(30))),
            Step::Sp(-288),
            Step::Sp(48),
        ]
    );
}

#[test]
fn accesses() {
    // LDP 16(R0), (R2, R3); STP (R0, R1), 8(RSP); MOVD (R26), R1; FMOVQ F1, 16(R0)
    assert_eq!(
        steps(&[0xa941_0c02, 0xa900_87e0, 0xf940_0341, 0x3d80_0401]),
        [
            Step::Load(Reg(2), at(Base::Reg(Reg(0)), 16, 8)),
            Step::Load(Reg(3), at(Base::Reg(Reg(0)), 24, 8)),
            Step::Store(at(Base::Sp, 8, 8), Stored::Reg(Reg(0))),
            Step::Store(at(Base::Sp, 16, 8), Stored::Reg(Reg(1))),
            Step::Load(Reg(1), at(Base::Reg(Reg(26)), 0, 8)),
            Step::Store(at(Base::Reg(Reg(0)), 16, 16), Stored::Reg(Reg::float(1))),
        ]
    );
}

#[test]
fn branches() {
    // CBZ R0, 8(PC); BL 8(PC); BLR R4; RET
    assert_eq!(
        steps(&[0xb400_0040, 0x9400_0002, 0xd63f_0080, 0xd65f_03c0]),
        [
            Step::Compare(Reg(0), 8, Some(0)),
            Step::BranchEqual(0x1_0008),
            Step::Call(0x1_000c),
            Step::CallReg(Reg(4)),
            Step::Ret,
        ]
    );
}

/// No word makes it overflow, and every one is at least one step that lies where the word is.
#[test]
fn any_words_decode() {
    let mut random = 1u64;
    let code: Vec<u32> = (0..1 << 20)
        .map(|_| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 32) as u32
        })
        .collect();
    let bytes: Vec<u8> = code.iter().flat_map(|word| word.to_le_bytes()).collect();
    let mut steps = Vec::new();
    for part in bytes.chunks(1 << 16) {
        decode(part, u64::MAX - 8, &mut steps);
        let starts = steps.iter().filter(|located| located.at % u32::from(LEN) == 0).count();
        assert_eq!(starts, part.len() / usize::from(LEN));
    }
}
