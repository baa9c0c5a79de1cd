//! What an analysis costs, beside what it cannot do without: reading the file, and decoding its code once.
//!
//! `bench [--runs N] FILE…` (through `scripts/bench`) prints the least of N interleaved runs and their ratios: what else
//! the machine does only adds to a time. Times are those of the processor, but for the gain of a second thread. Peak
//! memory is that of a process which does nothing else (`bench --once THREADS FILE`).

#![allow(clippy::print_stdout)] // the table is the output

use cpu_time::ProcessTime;
use goabi::arch::Arch;
use goabi::code::decoder::Decoder;
use goabi::image::Image;
use goabi::report::Confidence;
use goabi::{Observer, Options, analyze, analyze_observed, annotate, emit};
use std::error::Error;
use std::hint::black_box;
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// As in the command.
#[global_allocator]
static ALLOCATOR: goabi_allocator::Allocator = goabi_allocator::Allocator;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const RUNS: usize = 5;
const MB: f64 = 1e6;

fn main() -> Result<()> {
    goabi_allocator::keep_freed();
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--once", threads, file] => once(file, threads.parse()?),
        ["--runs", runs, files @ ..] => table(files, runs.parse()?),
        files => table(files, RUNS),
    }
}

fn table(files: &[&str], runs: usize) -> Result<()> {
    println!(
        "| file | size MB | code MB | functions | read ms | decode ms | recovery ms | analysis ms | 1 thread, wall ms | 2 threads, wall ms | recovery ÷ decode | ÷ decode | ÷ read | 2 ÷ 1 threads | peak MB | limit MB |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|");
    files.iter().try_for_each(|file| row(file, runs.max(1)))
}

/// One line: the four things take turns, so that whatever else the machine does meets all of them.
fn row(file: &str, runs: usize) -> Result<()> {
    let data = std::fs::read(file)?;
    let image = Image::parse(&data)?;
    let code = code(&image);
    let code_bytes: usize = code.iter().map(|(_, bytes)| bytes.len()).sum();
    let functions = analyze(&data, &options(0))?.functions.len();
    let mut times: [Vec<Cost>; 4] = Default::default();
    let mut recovered = Duration::MAX;
    for _ in 0..runs {
        times[0].push(timed(|| std::fs::read(file).map(|bytes| bytes.len())));
        times[1].push(timed(|| decode(image.arch, &code)));
        let recovery = Recovery { begun: ProcessTime::now(), took: OnceLock::new() };
        times[2].push(timed(|| analyze_observed(&data, &options(1), &recovery).map(|report| report.functions.len())));
        recovered = recovered.min(recovery.took.get().copied().unwrap_or_default());
        times[3].push(timed(|| analyze(&data, &options(2)).map(|report| report.functions.len())));
    }
    let [read, decode, one, two] = times.map(least);
    let peak = peak(file)?;
    let size = data.len() as f64 / MB;
    println!(
        "| {file} | {size:.1} | {:.1} | {functions} | {} | {} | {} | {} | {} | {} | {:.1} | {:.1} | {:.1} | {:.2} | {:.0} | {:.0} |",
        code_bytes as f64 / MB,
        ms(read.cpu),
        ms(decode.cpu),
        ms(recovered),
        ms(one.cpu),
        ms(one.wall),
        ms(two.wall),
        recovered.as_secs_f64() / decode.cpu.as_secs_f64(),
        one.cpu.as_secs_f64() / decode.cpu.as_secs_f64(),
        one.cpu.as_secs_f64() / read.cpu.as_secs_f64(),
        two.wall.as_secs_f64() / one.wall.as_secs_f64(),
        peak,
        4.0 * size + 64.0 * (1 << 20) as f64 / MB,
    );
    Ok(())
}

fn options(threads: usize) -> Options {
    let mut options = Options::default();
    options.threads = threads;
    options
}

/// Executable sections, or segments where there are no sections.
fn code<'i>(image: &'i Image<'_>) -> Vec<(u64, &'i [u8])> {
    let sections = image.sections.iter().filter(|s| s.exec).map(|s| (s.addr, s.size));
    let segments = image.segments.iter().filter(|s| s.exec).map(|s| (s.addr, s.data.len() as u64));
    let mut ranges: Vec<_> = sections.collect();
    if ranges.is_empty() {
        ranges = segments.collect();
    }
    ranges.into_iter().filter_map(|(addr, size)| Some((addr, image.bytes(addr, size as usize)?))).collect()
}

/// The floor: every instruction decoded and thrown away, by one thread. 0 for machines that goabi does not decode.
fn decode(arch: Arch, code: &[(u64, &[u8])]) -> u64 {
    match arch {
        Arch::Amd64 | Arch::I386 => {
            let mut decoder = Decoder::new(arch);
            code.iter().map(|(addr, bytes)| decoder.decode_only(bytes, *addr)).fold(0, u64::wrapping_add)
        }
        _ => 0,
    }
}

/// Looks at the clock when every function's convention is settled; what follows marks bridges and calls, and writes the report.
struct Recovery {
    begun: ProcessTime,
    took: OnceLock<Duration>,
}

impl Observer for Recovery {
    fn progress(&self, stage: &str, _: usize, _: usize) {
        if stage == annotate::FIRST_STAGE {
            self.took.get_or_init(|| self.begun.elapsed());
        }
    }
    fn cancelled(&self) -> bool {
        false
    }
}

/// What one run took.
#[derive(Default)]
struct Cost {
    /// Of the processor, all threads together.
    cpu: Duration,
    /// On the clock.
    wall: Duration,
}

fn timed<T>(work: impl FnOnce() -> T) -> Cost {
    let (cpu, wall) = (ProcessTime::now(), Instant::now());
    black_box(work());
    Cost { cpu: cpu.elapsed(), wall: wall.elapsed() }
}

fn least(costs: Vec<Cost>) -> Cost {
    let cpu = costs.iter().map(|cost| cost.cpu).min().unwrap_or_default();
    Cost { cpu, wall: costs.iter().map(|cost| cost.wall).min().unwrap_or_default() }
}

fn ms(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1e3)
}

/// The most memory that a process needs which reads and analyses `file` with two threads and writes the report, in MB; 0 where the system does not tell.
fn peak(file: &str) -> Result<f64> {
    let output = Command::new(std::env::current_exe()?).args(["--once", "2", file]).output()?;
    Ok(String::from_utf8(output.stdout)?.trim().parse::<f64>().unwrap_or_default() / MB)
}

fn once(file: &str, threads: usize) -> Result<()> {
    let data = std::fs::read(file)?;
    let report = analyze(&data, &options(threads))?;
    for write in [emit::text::write, emit::json::write, emit::ida::write, emit::ghidra::write] {
        write(&report, &mut std::io::sink(), Confidence::Likely)?;
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
    let kilobytes: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    println!("{}", kilobytes * 1024.0);
    Ok(())
}
