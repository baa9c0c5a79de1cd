//! Who is called directly.

use goabi::golang::Metadata;
use goabi::image::Image;
use iced_x86::{Decoder, DecoderOptions, FlowControl, Instruction};
use std::collections::HashSet;

/// Entries that some other function calls with a plain CALL.
pub(crate) fn called(image: &Image<'_>, metadata: &Metadata) -> HashSet<u64> {
    let mut called = HashSet::new();
    let mut instruction = Instruction::default();
    for func in &metadata.pclntab.funcs {
        let Some(code) = image.bytes(func.entry, func.size() as usize) else { continue };
        let mut decoder = Decoder::with_ip(64, code, func.entry, DecoderOptions::NONE);
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
