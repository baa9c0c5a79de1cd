//! Function table and moduledata together, with the version that follows from them.
#![no_main]

use goabi::golang::Metadata;
use goabi::image::Image;
use goabi_fuzz::{asked, memory};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((info, segments)) = memory(data) else { return };
    let Ok(image) = Image::from_segments(info, segments) else { return };
    if let Ok(metadata) = Metadata::read(&image) {
        asked::metadata(&image, &metadata);
        metadata.modules.iter().for_each(|module| {
            std::hint::black_box(module.text_addr(u32::MAX));
        });
    }
});
