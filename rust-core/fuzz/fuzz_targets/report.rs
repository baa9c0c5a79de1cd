//! A report from elsewhere: read, completed, and written in every form.
#![no_main]

use goabi::emit;
use goabi::report::{Confidence, Report};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(mut report) = serde_json::from_slice::<Report>(data) else { return };
    for round in 0..2 {
        let mut out = Vec::new();
        let forms = [
            emit::json::write,
            emit::text::write,
            emit::header::write,
            emit::ida::write,
            emit::ghidra::write,
            emit::idapython::write,
        ];
        for write in forms {
            write(&report, &mut out, Confidence::Guess).expect("memory does not fail");
        }
        if round == 0 {
            emit::fill(&mut report);
        }
    }
});
