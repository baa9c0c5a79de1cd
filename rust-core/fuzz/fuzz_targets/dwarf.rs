//! Debug information: the fuzzed bytes are the debug sections of an ELF file.
#![no_main]

use goabi::evidence::dwarf;
use goabi::image::Image;
use goabi::types::Types;
use goabi_fuzz::{forge, parts};
use libfuzzer_sys::fuzz_target;

const SECTIONS: [&str; 8] = [
    ".debug_abbrev",
    ".debug_info",
    ".debug_str",
    ".debug_line",
    ".debug_ranges",
    ".debug_rnglists",
    ".debug_loc",
    ".debug_addr",
];

fuzz_target!(|data: &[u8]| {
    let contents: [&[u8]; SECTIONS.len()] = parts(data);
    let sections: Vec<_> = SECTIONS.into_iter().zip(contents).collect();
    let file = forge::elf(forge::TEXT, &[(forge::TEXT, &[0xc3; 64], 5)], &sections);
    let image = Image::parse(&file).expect("a whole file");
    dwarf::read(&image, &mut Types::default());
});
