//! What an analysis costs, in numbers that no other program on the machine changes much: allocations, which are counted, and
//! processor time as a ratio to decoding the same code, taken in turns.
//!
//! The bounds are half again what they were when they were set. A change that needs them raised should say why.

#![allow(clippy::unwrap_used)]

#[path = "support/go.rs"]
mod go;

use cpu_time::ProcessTime;
use goabi::arch::Arch;
use goabi::code::decoder::Decoder;
use goabi::image::Image;
use goabi::{Options, analyze};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use std::hint::black_box;
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Allocations, for each instruction.
const MOST_ALLOCATIONS: f64 = 1.0;
/// Times the processor time of decoding, as tests are compiled.
const MOST_DECODES: f64 = 60.0;
const RUNS: usize = 5;

#[test]
fn an_analysis_costs_little_more_than_its_code() {
    let build = go::Build { toolchain: "go1.26.8", args: &["-ldflags=-s -w"], ..go::plain("server", "linux", "amd64") };
    let data = build.bytes();
    let image = Image::parse(&data).unwrap();
    let text = image.sections.iter().find(|s| s.name == ".text").unwrap();
    let code = image.bytes(text.addr, text.size as usize).unwrap();
    let (mut decoder, mut ops) = (Decoder::new(Arch::Amd64), Vec::new());
    decoder.decode(code, text.addr, &mut ops);
    let mut options = Options::default();
    options.threads = 1;

    let region = Region::new(ALLOCATOR);
    let functions = analyze(&data, &options).unwrap().functions.len();
    let allocations = region.change().allocations as f64;
    assert!(functions > 1000 && ops.len() > 100_000, "{functions} functions, {} instructions", ops.len());
    let each = allocations / ops.len() as f64;
    assert!(each < MOST_ALLOCATIONS, "{each:.2} allocations for each instruction");

    let (mut decode, mut whole) = (Duration::MAX, Duration::MAX);
    for _ in 0..RUNS {
        decode = decode.min(timed(|| decoder.decode_only(code, text.addr)));
        whole = whole.min(timed(|| analyze(&data, &options).is_ok()));
    }
    let ratio = whole.as_secs_f64() / decode.as_secs_f64();
    println!("{each:.2} allocations for each instruction, {ratio:.1} times decoding");
    assert!(ratio < MOST_DECODES, "an analysis takes as long as decoding its code {ratio:.1} times");
}

fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let start = ProcessTime::now();
    black_box(work());
    start.elapsed()
}
