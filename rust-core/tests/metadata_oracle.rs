//! Functions as gobin, which shares no code with this crate, reads them from the same programs.

#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "support/go.rs"]
mod go;

use goabi::golang::{Func, Metadata};
use goabi::image::Image;
use std::collections::BTreeMap;

/// What both readers tell of a function: offset from the start of text, then name, argument bytes (0 if unknown),
/// deferreturn, line and flags.
type Functions = BTreeMap<u64, (String, u32, u32, u32, u8)>;

fn theirs(data: &[u8]) -> Functions {
    let binary = gobin::GoBinary::parse(data).expect("gobin reads it");
    let function = |f: gobin::metadata::FunctionInfo<'_>| {
        let args = u32::try_from(f.args_size).unwrap_or_default();
        (u64::from(f.entry_offset), (f.name.to_owned(), args, f.deferreturn, f.start_line as u32, f.flags))
    };
    binary.functions().map(function).collect()
}

fn ours(data: &[u8]) -> Functions {
    let image = Image::parse(data).unwrap();
    let metadata = Metadata::read(&image).unwrap();
    let text = metadata.module().unwrap().text;
    let function = |f: &Func| {
        let name = metadata.pclntab.name(&image, f).into_owned();
        (f.entry - text, (name, f.args.unwrap_or_default(), f.deferreturn, f.start_line, f.flags.0))
    };
    metadata.pclntab.funcs.iter().map(function).collect()
}

#[test]
fn functions_are_those_that_another_reader_finds() {
    let rows = [
        ("1.16.15", "linux", "amd64", ""),
        ("1.18.10", "linux", "amd64", ""),
        ("1.23.12", "linux", "amd64", "-buildmode=pie"),
        ("1.26.8", "windows", "amd64", ""),
        ("1.26.8", "darwin", "arm64", ""),
        ("1.27.0", "linux", "amd64", ""),
    ];
    for (release, goos, goarch, mode) in rows {
        let toolchain = format!("go{release}");
        let args: Vec<&str> = [mode, "-ldflags=-s -w"].into_iter().filter(|arg| !arg.is_empty()).collect();
        let data = go::Build { toolchain: &toolchain, args: &args, ..go::plain("hello", goos, goarch) }.bytes();
        let (theirs, ours) = (theirs(&data), ours(&data));
        let both = theirs.len().min(ours.len());
        assert!(both > 1000, "{toolchain} {goos}/{goarch}: {} and {} functions", theirs.len(), ours.len());
        let differ = ours.iter().filter(|(entry, function)| theirs.get(entry) != Some(function));
        let differ: Vec<_> = differ.map(|(entry, f)| (entry, f, theirs.get(entry))).take(3).collect();
        assert!(differ.is_empty() && theirs.len() == ours.len(), "{toolchain} {goos}/{goarch} {mode}: {differ:x?}");
    }
}

#[test]
#[ignore = "prints times, of which only the ratio means something"]
fn time_beside_another_reader() {
    let path = std::env::var("GOABI_TIMED").expect("GOABI_TIMED names a Go binary");
    let data = std::fs::read(path).unwrap();
    for round in 0..3 {
        let start = std::time::Instant::now();
        let count = gobin::GoBinary::parse(&data).map(|b| b.functions().count());
        let theirs = start.elapsed();
        let start = std::time::Instant::now();
        let image = Image::parse(&data).unwrap();
        let parsed = start.elapsed();
        let functions = Metadata::read(&image).unwrap().pclntab.funcs.len();
        eprintln!(
            "{round}: gobin {count:?} {theirs:?}, goabi {functions} {:?} (of it image {parsed:?})",
            start.elapsed()
        );
    }
}
