//! A whole file, from its container to every form of output.
#![no_main]

use goabi::report::Confidence;
use goabi::{Options, analyze, emit};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut options = Options::default();
    (options.threads, options.evidence) = (1, true);
    let Ok(report) = analyze(data, &options) else { return };
    let mut out = Vec::new();
    for write in [emit::json::write, emit::text::write, emit::header::write, emit::ida::write, emit::ghidra::write] {
        write(&report, &mut out, Confidence::Guess).expect("memory does not fail");
    }
    assert!(out.iter().all(|byte| *byte != 0x1b && *byte != 0), "nothing that a terminal obeys");
});
