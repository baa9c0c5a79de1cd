use super::*;
use crate::code::growth;
use thin_vec::thin_vec;

fn decode(code: &[u32]) -> Vec<Op> {
    let mut ops = Vec::new();
    let bytes: Vec<u8> = code.iter().flat_map(|word| word.to_le_bytes()).collect();
    Arm64::default().decode(&bytes, 0x1000, &mut ops);
    ops
}

fn set(regs: &[u8]) -> RegSet {
    regs.iter().map(|r| Reg(*r)).collect()
}

#[test]
fn pairs_are_two_accesses() {
    let ops = decode(&[0xa900_87e0, 0xa940_8fe2, 0xa940_0400]); // stp x0,x1,[sp,#8]; ldp x2,x3,[sp,#8]; ldp x0,x1,[x0]
    assert_eq!((ops.len(), ops[0].at, ops[1].at, ops[2].at), (6, 0, 2, 4));
    assert_eq!(ops[0].stack, Some(StackSlot { disp: 8, size: 8 }));
    assert_eq!(ops[1].stack, Some(StackSlot { disp: 16, size: 8 }));
    assert!(ops[0].store && ops[0].data == Some(Reg(0)) && ops[1].data == Some(Reg(1)) && !ops[1].load);
    assert_eq!((ops[3].writes, ops[3].written), (set(&[3]), Written::Reload));
    // The register with the address is overwritten last.
    assert_eq!((ops[4].writes, ops[5].writes), (set(&[1]), set(&[0])));
}

#[test]
fn loads_tell_width_and_sign() {
    let ops = decode(&[0x3980_23e1, 0x3940_23e1, 0xb980_0be2, 0xfd40_07e0]); // ldrsb x1,[sp,#8]; ldrb w1,[sp,#8]; ldrsw x2,[sp,#8]; ldr d0,[sp,#8]
    let slots: Vec<_> = ops.iter().map(|op| op.stack.map(|slot| (slot.disp, slot.size, op.signed))).collect();
    assert_eq!(slots, [Some((8, 1, true)), Some((8, 1, false)), Some((8, 4, true)), Some((8, 8, false))]);
    assert_eq!(ops[3].data, Some(Reg::float(0)));
}

#[test]
fn addresses_of_statics_are_put_together() {
    let ops = decode(&[0xb000_0000, 0x9100_4000, 0xb000_001b, 0xf940_0761]); // adrp x0,+0x1000; add x0,x0,#16; adrp x27; ldr x1,[x27,#8]
    assert_eq!((ops[1].target, ops[1].written), (0x2010, Written::Constant));
    assert_eq!((ops[3].target, ops[3].written, ops[3].load), (0x2008, Written::Constant, true));
}

#[test]
fn moves_compares_and_branches() {
    // mov x0,x1; mov x0,xzr; movz x0,#5; cmp x0,x1; b.ls +8; cbz x0,+8; ret; blr x20
    let ops = decode(&[
        0xaa01_03e0,
        0xaa1f_03e0,
        0xd280_00a0,
        0xeb01_001f,
        0x5400_0049,
        0xb400_0040,
        0xd65f_03c0,
        0xd63f_0280,
    ]);
    let written: Vec<_> = ops.iter().take(3).map(|op| op.written).collect();
    assert_eq!(written, [Written::Copy, Written::Constant, Written::Constant]);
    assert_eq!((ops[2].target, ops[3].writes, ops[3].reads), (5, RegSet::NONE, set(&[0, 1])));
    assert!(ops[3].flags_read && ops[4].flow == Flow::Branch && ops[4].target == 0x1018);
    assert_eq!((ops[5].reads, ops[5].target), (set(&[0]), 0x101c));
    assert_eq!((ops[6].flow, ops[6].reads, ops[7].flow), (Flow::Ret, RegSet::NONE, Flow::CallIndirect));
}

#[test]
fn stack_addresses_nil_checks_and_ends() {
    let ops = decode(&[0x9100_83e0, 0x3940_001b, UNDEFINED, 0xd280_0000, 0xf900_0001]); // add x0,sp,#32; ldrb w27,[x0]; undefined; movz x0,#0; str x1,[x0]
    assert_eq!((ops[0].stack, ops[0].load), (Some(StackSlot { disp: 32, size: 0 }), false));
    assert!(ops[1].nil_check && ops[1].reads == set(&[0]) && ops[1].writes.is_empty());
    assert_eq!([ops[2].flow, ops[4].flow], [Flow::Stop, Flow::Stop]);
}

#[test]
fn surveys_agree_with_decoding() {
    let code = [0x9400_0004u32, 0x1400_0010, 0x5400_0049, 0xd65f_03c0, 0xd61f_0360]; // bl +16; b +64; b.ls +8; ret; br x27
    let bytes: Vec<u8> = code.iter().flat_map(|word| word.to_le_bytes()).collect();
    let survey = Arm64::default().survey(&bytes, 0x1000, |_| true);
    assert_eq!((survey.exits, survey.calls), (thin_vec![0x1044], thin_vec![(0x1010, false)]));
    assert!(survey.has_ret && survey.has_indirect_jump);
    let ops = decode(&code);
    assert_eq!((ops[0].target, ops[1].target), (0x1010, 0x1044));
}

#[test]
fn blocks_that_grow_the_stack_load_signed_values_with_their_sign() {
    // strb w0,[sp,#8]; strb w1,[sp,#9]; strh w2,[sp,#10]; bl +256; ldrsb x0; ldrb w1; ldrsh x2; b to the start
    let ops = decode(&[
        0x3900_23e0,
        0x3900_27e1,
        0x7900_17e2,
        0x9400_0040,
        0x3980_23e0,
        0x3940_27e1,
        0x7980_17e2,
        0x17ff_fff9,
    ]);
    let signs = |told| -> Vec<Option<bool>> {
        let growth = growth::block(&ops, 0x1000, told, |target| target == 0x110c).expect("a block");
        growth.spills.iter().map(|spill| spill.signed).collect()
    };
    assert_eq!(signs(true), [Some(true), Some(false), Some(true)]);
    assert_eq!(signs(false), [None; 3]);
}

#[test]
fn system_registers_move_whole_register_numbers() {
    let ops = decode(&[0xd51b_42bf, 0xd51b_42b4, 0xd53b_42b4]); // msr dit,xzr; msr dit,x20; mrs x20,dit
    assert_eq!((ops[0].reads, ops[1].reads, ops[2].writes), (RegSet::NONE, set(&[20]), set(&[20])));
}

#[test]
fn any_words_decode() {
    let words: Vec<u32> = (0..4096u32).map(|i| i.wrapping_mul(2_654_435_761).rotate_left(i % 29)).collect();
    let ops = decode(&words);
    assert_eq!(ops.last().map(Op::end), Some(4 * 4096));
}
