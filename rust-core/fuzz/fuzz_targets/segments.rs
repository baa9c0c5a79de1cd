//! Memory that a host hands over, from function table to report.
#![no_main]

use goabi::{Options, analyze_segments};
use goabi_fuzz::{asked, memory};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((info, segments)) = memory(data) else { return };
    let mut options = Options::default();
    (options.threads, options.evidence) = (1, true);
    if let Ok(report) = analyze_segments(info, segments, &options, &()) {
        asked::forms(&report);
    }
});
