//! A whole file, from its container to every form of output.
#![no_main]

use goabi::{Options, analyze};
use goabi_fuzz::asked;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut options = Options::default();
    (options.threads, options.evidence) = (1, true);
    let Ok(report) = analyze(data, &options) else { return };
    for (form, write) in asked::FORMS {
        let text = asked::written(&report, write);
        assert!(!text.contains(['\u{1b}', '\0']), "{form} has nothing that a terminal obeys");
    }
});
