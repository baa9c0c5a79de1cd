//! Instructions as a person reads them, and as they are compared between builds.

use super::X86;
use iced_x86::{ConstantOffsets, Decoder, DecoderOptions, Formatter, Instruction, IntelFormatter, Mnemonic};

impl X86 {
    /// The instruction that `code` starts with, which is at `ip`: its length in bytes and its text.
    pub fn instruction(&self, code: &[u8], ip: u64) -> (usize, String) {
        let instruction = Decoder::with_ip(self.bits, code, ip, DecoderOptions::NONE).decode();
        let mut formatter = IntelFormatter::new();
        let options = formatter.options_mut();
        options.set_hex_prefix("0x");
        options.set_hex_suffix("");
        options.set_uppercase_hex(false);
        options.set_branch_leading_zeros(false);
        options.set_space_after_operand_separator(true);
        let mut text = String::new();
        formatter.format(&instruction, &mut text);
        (instruction.len(), text)
    }

    /// Gives `eat` the bytes of every instruction with the addresses in it masked, up to the padding behind the last.
    pub fn masked(&self, code: &[u8], ip: u64, mut eat: impl FnMut(&[u8])) {
        let mut decoder = Decoder::with_ip(self.bits, code, ip, DecoderOptions::NONE);
        let mut padding = 0usize;
        while decoder.can_decode() {
            let start = decoder.position();
            let instruction = decoder.decode();
            let mut bytes = [0; 16];
            let Some(encoded) = code.get(start..decoder.position()) else { break };
            let Some(bytes) = bytes.get_mut(..encoded.len()) else { break };
            if instruction.mnemonic() == Mnemonic::Int3 {
                padding += 1;
                continue;
            }
            (0..std::mem::take(&mut padding)).for_each(|_| eat(&[INT3]));
            bytes.copy_from_slice(encoded);
            mask(bytes, &instruction, &decoder.get_constant_offsets(&instruction));
            eat(bytes);
        }
    }
}

/// What the assembler pads functions with.
const INT3: u8 = 0xcc;

/// Clears what differs when the same code is linked elsewhere: targets of branches, addresses, and constants that are as
/// wide as one.
fn mask(bytes: &mut [u8], instruction: &Instruction, constants: &ConstantOffsets) {
    const ADDRESS: usize = 4;
    let mut clear = |offset: usize, size: usize| {
        bytes.iter_mut().skip(offset).take(size).for_each(|byte| *byte = 0);
    };
    let branches = instruction.near_branch_target() != 0 || instruction.is_jcc_short_or_near();
    if constants.has_immediate() && (branches || constants.immediate_size() >= ADDRESS) {
        clear(constants.immediate_offset(), constants.immediate_size());
    }
    let fixed = instruction.is_ip_rel_memory_operand() || instruction.memory_base() == iced_x86::Register::None;
    if constants.has_displacement() && fixed && constants.displacement_size() >= ADDRESS {
        clear(constants.displacement_offset(), constants.displacement_size());
    }
}
