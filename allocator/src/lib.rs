//! The allocator of the `goabi` command: mimalloc, told to keep what is freed until the process ends.
//!
//! By itself it gives pages back to the system ten milliseconds after the last of them was freed. An analysis needs
//! nearly all of them again within a second, and the system clears each one anew: a tenth of the time until every
//! convention is settled, a fifth of the whole (`MIMALLOC_PURGE_DELAY=10 scripts/bench FILE` compares).
//!
//! mimalloc takes that setting from its environment or from a call. The call is C, so it is here, apart from everything
//! that reads a sample: goabi writes no other `unsafe`.

#![allow(unsafe_code)]

use libmimalloc_sys::{mi_option_set_default, mi_option_t};
pub use mimalloc::MiMalloc as Allocator;

/// `mi_option_purge_delay` of mimalloc 2 (`include/mimalloc.h`), which its bindings do not name.
const PURGE_DELAY: mi_option_t = 15;
/// Never.
const NEVER: std::ffi::c_long = -1;

/// Keeps what is freed from now on. `MIMALLOC_PURGE_DELAY` in the environment has precedence.
pub fn keep_freed() {
    // SAFETY: it writes a number to one of the allocator's own static options, and that index is one of them. Threads that
    // are there already may read the old number or the new one.
    unsafe { mi_option_set_default(PURGE_DELAY, NEVER) }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::time::Duration;

    #[global_allocator]
    static ALLOCATOR: Allocator = Allocator;

    /// Pages of the process that are in memory.
    fn resident() -> usize {
        let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
        text.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or_default()
    }

    #[test]
    fn what_is_freed_stays() {
        keep_freed();
        let used: Vec<Vec<u8>> = (0..1024).map(|_| vec![1; 1 << 16]).collect();
        let most = resident();
        drop(used);
        // It looks at the clock when more is freed.
        for _ in 0..3 {
            std::thread::sleep(Duration::from_millis(300));
            drop(vec![1u8; 1 << 25]);
        }
        assert!(most > 0 && resident() > most / 8 * 7, "{} of {most} pages", resident());
    }
}
