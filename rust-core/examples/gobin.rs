//! What the `gobin` crate reads of a Go program, for `scripts/compare`: `gobin FILE` prints each function.

use std::io::Write;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args().nth(1).ok_or("gobin FILE")?;
    let data = std::fs::read(file)?;
    let binary = gobin::GoBinary::parse(&data).ok_or("no Go program")?;
    let text = binary.text_va().unwrap_or_default();
    let mut out = std::io::stdout().lock();
    for f in binary.functions() {
        writeln!(out, "{:#x} {} {}", text + u64::from(f.entry_offset), f.name, f.args_size)?;
    }
    Ok(())
}
