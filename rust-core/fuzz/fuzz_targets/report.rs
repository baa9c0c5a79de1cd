//! A report from elsewhere: read, completed, and written in every form.
#![no_main]

use goabi::emit;
use goabi::report::Report;
use goabi_fuzz::asked;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(mut report) = serde_json::from_slice::<Report>(data) else { return };
    asked::forms(&report);
    emit::fill(&mut report);
    asked::forms(&report);
});
