//! Type descriptors, itabs and method tables, of any release.
#![no_main]

use goabi::golang::{Metadata, Version, itab, methods, rtype::TypeReader};
use goabi::image::Image;
use goabi::types::Types;
use goabi_fuzz::memory;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((minor, data)) = data.split_first() else { return };
    let Some((info, segments)) = memory(data) else { return };
    let Ok(image) = Image::from_segments(info, segments) else { return };
    let Ok(metadata) = Metadata::read(&image) else { return };
    let minor = u16::from(*minor) % 40;
    let version = if minor == 0 { metadata.version.clone() } else { Version::inferred(minor, minor) };
    let (mut types, mut reader) = (Types::default(), TypeReader::new(&image, &version, &metadata.modules));
    for (addr, id) in reader.enumerate(&mut types) {
        reader.header(addr).and_then(|header| reader.uncommon(addr, &header));
        reader.named(addr);
        reader.method(addr, id, &mut types);
    }
    methods::read(&mut reader, &mut types).code.iter().for_each(|code| drop(code.text(&types)));
    itab::enumerate(&reader);
});
