//! `goabi layout`: where the values of a signature go.

use super::args::Layout;
use super::exit::{Exit, Failure};
use super::output::Output;
use crate::abi::registers::Convention;
use crate::arch::{Arch, Os};
use crate::emit::{assembly, layout::layout_text};
use std::path::Path;

pub(super) fn run(args: &Layout) -> Exit {
    show(args).map_or_else(Failure::report, |()| Exit::Done)
}

fn show(args: &Layout) -> Result<(), Failure> {
    let known = || Arch::ALL.map(|arch| arch.info().name).join(", ");
    let unknown = || Failure::usage(format_args!("--arch {}: known are {}", args.arch, known()));
    let convention = convention(&args.arch, args.go, args.asm).ok_or_else(unknown)?;
    let unread = |error| Failure::new("SIGNATURE", error);
    let mut text = layout_text(&args.signature, &convention).map_err(unread)?;
    if args.asm {
        text += "\n";
        text += &assembly::skeleton(&args.signature, &convention).map_err(unread)?;
    }
    if args.call {
        let convention = self::convention(&args.arch, args.go, false).unwrap_or(convention);
        text += "\n";
        text += &assembly::call(&args.signature, &convention).map_err(unread)?;
    }
    Output::open(Path::new("-"))?.write(|out| writeln!(out, "{}", text.trim_end()))
}

/// The convention of Go 1.`minor`, of the newest if not given, or that of assembly; `None` for an unknown machine.
pub(crate) fn convention(machine: &str, minor: Option<u32>, asm: bool) -> Option<Convention> {
    match asm {
        true => Arch::from_name(machine).map(Convention::abi0),
        false => Convention::named(machine, Os::Linux, minor.unwrap_or(u32::MAX)),
    }
}

/// The 27 of `1.27`, `go1.27` or `1.27.3`.
pub(crate) fn go_minor(version: &str) -> Result<u32, String> {
    let minor = version.trim_start_matches("go").strip_prefix("1.").and_then(|rest| rest.split('.').next());
    minor.and_then(|minor| minor.parse().ok()).ok_or_else(|| "give a Go version such as 1.27".into())
}
