//! The memory of this process: how much it came to, and that it never goes far beyond its limit.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How a process ends that would have needed more.
pub(super) const EXIT: i32 = 102;

/// Between two looks. Memory that is written for the first time comes at some 2 GB/s a core, so that a process goes
/// no more than tens of megabytes beyond its limit.
const PERIOD: Duration = Duration::from_millis(10);

static PEAK: AtomicU64 = AtomicU64::new(0);

/// Ends the process once it holds more than `limit` resident bytes. On systems that do not say how many it holds,
/// nothing is limited.
pub(super) fn limit(limit: u64) {
    std::thread::spawn(move || {
        while let Some(held) = look() {
            if held > limit {
                std::process::exit(EXIT);
            }
            std::thread::sleep(PERIOD);
        }
    });
}

/// The most resident bytes that were seen so far.
pub(super) fn peak() -> u64 {
    look();
    PEAK.load(Ordering::Relaxed)
}

fn look() -> Option<u64> {
    let held = memory_stats::memory_stats()?.physical_mem as u64;
    PEAK.fetch_max(held, Ordering::Relaxed);
    Some(held)
}
