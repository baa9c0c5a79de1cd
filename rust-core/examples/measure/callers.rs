//! Who is called directly.

use goabi::arch::Arch;
use goabi::golang::Metadata;
use goabi::image::Image;
use iced_x86::{Decoder, DecoderOptions, FlowControl, Instruction};
use std::collections::HashSet;

/// Entries that some other function calls with a plain CALL; none on machines whose code is not read.
pub(crate) fn called(image: &Image<'_>, metadata: &Metadata) -> HashSet<u64> {
    let mut called = HashSet::new();
    let mut instruction = Instruction::default();
    for func in &metadata.pclntab.funcs {
        let Some(code) = image.bytes(func.entry, func.size() as usize) else { continue };
        if image.arch == Arch::Arm64 {
            called.extend(linked(code, func.entry).filter(|target| *target != func.entry));
            continue;
        }
        if !matches!(image.arch, Arch::Amd64 | Arch::I386) {
            continue;
        }
        let mut decoder = Decoder::with_ip(8 * image.arch.ptr_size(), code, func.entry, DecoderOptions::NONE);
        while decoder.can_decode() {
            decoder.decode_out(&mut instruction);
            let target = instruction.near_branch_target();
            if instruction.flow_control() == FlowControl::Call && target != func.entry {
                called.insert(target);
            }
        }
    }
    called
}

/// Targets of arm64's BL.
fn linked(code: &[u8], entry: u64) -> impl Iterator<Item = u64> {
    let words = code.chunks_exact(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
    let target = move |(i, word): (u64, u32)| {
        let offset = i64::from((word << 6) as i32 >> 6) * 4;
        (word >> 26 == 0b10_0101).then(|| entry.wrapping_add(4 * i).wrapping_add_signed(offset))
    };
    (0..).zip(words).filter_map(target)
}
