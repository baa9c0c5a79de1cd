//! Containers: ELF, PE, Mach-O with relocations, imports, symbols and debug sections.
#![no_main]

use goabi::image::Image;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(image) = Image::parse(data) else { return };
    for segment in &image.segments {
        image.word(segment.addr);
        image.bytes(segment.end().wrapping_sub(8), 16);
    }
    for name in [".debug_info", ".debug_abbrev", ".debug_line", "__debug_info", ".zdebug_info"] {
        image.debug_section(name);
    }
    image.symbols.iter().for_each(|symbol| assert!(!image.symbols_at(symbol.addr).is_empty()));
    assert!(image.segments.iter().map(|s| s.data.len()).sum::<usize>() <= 2 * data.len() + 4096);
});
