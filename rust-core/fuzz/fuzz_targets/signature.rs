//! Signatures as people write them, and their places on any machine.
#![no_main]

use goabi::abi::registers::Convention;
use goabi::arch::{Arch, Os};
use goabi::emit::{assembly, layout};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some(([machine, minor], text)) = data.split_first_chunk() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let arch = Arch::ALL[usize::from(*machine) % Arch::ALL.len()];
    let convention = Convention::abi_internal(arch, Os::Linux, u32::from(*minor) % 40);
    if let Ok(layout) = layout::layout(text, &convention) {
        serde_json::to_string(&layout).expect("numbers and text");
    }
    drop(layout::layout_text(text, &convention));
    drop(assembly::skeleton(text, &convention));
    drop(assembly::call(text, &convention));
});
