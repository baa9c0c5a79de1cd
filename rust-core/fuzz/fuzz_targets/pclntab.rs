//! The function table, of any machine and release.
#![no_main]

use goabi::golang::pclntab::{self, Header, Pclntab};
use goabi::image::Image;
use goabi_fuzz::{asked, forge, memory};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((info, segments)) = memory(data) else { return };
    let Ok(image) = Image::from_segments(info, segments) else { return };
    let headers = pclntab::scan(&image).into_iter().chain(Header::read(&image, forge::PCLNTAB));
    for header in headers.take(4) {
        let Some((layout, _)) = header.layout(&image) else { continue };
        let table = Pclntab::read(&image, header, layout, |offset| forge::TEXT + u64::from(offset));
        asked::tables(&image, &table);
    }
});
