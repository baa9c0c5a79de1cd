//! The runtime's helpers with conventions of their own, release by release: what the report says of each is what its
//! assembly does (`runtime/asm_*.s`, `runtime/duff_*.s`, `runtime/preempt_*.s`).

#[path = "support/go.rs"]
mod go;

use go::{Build, plain};
use goabi::report::{Function, FunctionKind, Report, Value};
use goabi::{Options, analyze};
use std::collections::BTreeSet;

/// What is expected of one helper on one machine.
struct Row {
    arch: &'static str,
    name: &'static str,
    /// The minor versions of Go 1 that have it like that.
    releases: std::ops::RangeInclusive<u32>,
    /// Places of parameters and results.
    params: &'static str,
    results: &'static str,
    /// What a call changes; nothing is said of helpers that change what any function may.
    clobbers: Option<&'static str>,
    noreturn: bool,
}

const fn row(
    arch: &'static str,
    name: &'static str,
    releases: std::ops::RangeInclusive<u32>,
    params: &'static str,
    results: &'static str,
    clobbers: Option<&'static str>,
) -> Row {
    Row { arch, name, releases, params, results, clobbers, noreturn: false }
}

const fn gone(
    arch: &'static str,
    name: &'static str,
    releases: std::ops::RangeInclusive<u32>,
    params: &'static str,
) -> Row {
    Row { arch, name, releases, params, results: "", clobbers: None, noreturn: true }
}

const LAST: u32 = 99;

#[rustfmt::skip]
const ROWS: &[Row] = &[
    row("amd64", "runtime.duffzero", 10..=25, "RDI", "", Some("RDI")),
    row("amd64", "runtime.duffcopy", 10..=25, "RSI RDI", "", Some("RSI RDI XMM0")),
    row("arm64", "runtime.duffzero", 10..=12, "X16", "", Some("X16")),
    row("arm64", "runtime.duffcopy", 10..=12, "X16 X17", "", Some("X16 X17 X26 X27")),
    row("arm64", "runtime.duffzero", 13..=25, "X20", "", Some("X16 X17 X20")),
    row("arm64", "runtime.duffcopy", 13..=25, "X20 X21", "", Some("X16 X17 X20 X21 X26 X27")),
    row("386", "runtime.duffzero", 10..=LAST, "EAX EDI", "", Some("EDI")),
    row("386", "runtime.duffcopy", 10..=LAST, "ESI EDI", "", Some("ECX ESI EDI")),

    row("amd64", "runtime.gcWriteBarrier", 10..=20, "RAX RDI", "", Some("")),
    row("amd64", "runtime.gcWriteBarrierCX", 14..=20, "RCX RDI", "", Some("")),
    row("amd64", "runtime.gcWriteBarrierR8", 14..=20, "RDI R8", "", Some("")),
    row("amd64", "runtime.gcWriteBarrier1", 21..=LAST, "", "R11", Some("R11")),
    row("amd64", "runtime.gcWriteBarrier8", 21..=LAST, "", "R11", Some("R11")),
    row("arm64", "runtime.gcWriteBarrier", 10..=20, "X2 X3", "", Some("")),
    row("arm64", "runtime.gcWriteBarrier2", 21..=LAST, "", "X25", Some("X25")),
    row("386", "runtime.gcWriteBarrier", 10..=20, "EAX EDI", "", Some("")),
    row("386", "runtime.gcWriteBarrier2", 21..=LAST, "", "EDI", Some("EDI")),

    row("amd64", "runtime.morestack", 10..=LAST, "", "", None),
    row("amd64", "runtime.morestack_noctxt", 10..=LAST, "", "", None),
    row("arm64", "runtime.morestack_noctxt", 10..=LAST, "", "", None),
    row("386", "runtime.morestack_noctxt", 10..=LAST, "", "", None),

    gone("amd64", "runtime.panicindex", 10..=12, ""),
    gone("amd64", "runtime.panicIndex", 13..=25, "RAX RCX"),
    gone("amd64", "runtime.panicSliceB", 13..=25, "RAX RCX"),
    gone("amd64", "runtime.panicSliceAlen", 13..=25, "RCX RDX"),
    gone("amd64", "runtime.panicSliceAcap", 13..=25, "RCX RDX"),
    gone("amd64", "runtime.panicSlice3Alen", 13..=25, "RDX RBX"),
    gone("amd64", "runtime.panicBounds", 26..=LAST, ""),
    gone("arm64", "runtime.panicIndex", 13..=25, "X0 X1"),
    gone("arm64", "runtime.panicSliceAcap", 13..=25, "X1 X2"),
    gone("arm64", "runtime.panicBounds", 26..=LAST, ""),
    gone("386", "runtime.panicIndex", 13..=25, "EAX ECX"),
    gone("386", "runtime.panicSliceAcap", 13..=25, "ECX EDX"),

    row("amd64", "runtime.memequal", 10..=16, "stack+0 stack+8 stack+16", "stack+24", None),
    row("amd64", "runtime.memequal", 17..=LAST, "RAX RBX RCX", "RAX", None),
    row("arm64", "runtime.memequal", 18..=LAST, "X0 X1 X2", "X0", None),
    row("amd64", "runtime.memhash", 10..=16, "stack+0 stack+8 stack+16", "stack+24", None),
    row("amd64", "runtime.memhash", 17..=LAST, "RAX RBX RCX", "RAX", None),
    row("amd64", "runtime.memequal_varlen", 17..=LAST, "RAX RBX", "RAX", None),
    row("amd64", "runtime.memmove", 17..=LAST, "RAX RBX RCX", "", None),

    row("amd64", "runtime.asyncPreempt", 14..=LAST, "", "", Some("")),
    row("arm64", "runtime.asyncPreempt", 14..=LAST, "", "", Some("")),
    row("amd64", "runtime.spillArgs", 17..=LAST, "R12", "", Some("")),
    row("arm64", "runtime.spillArgs", 18..=LAST, "X20", "", Some("")),

    row("amd64", "runtime.mcall", 10..=16, "stack+0", "", None),
    row("amd64", "runtime.mcall", 17..=LAST, "RAX", "", None),
    row("arm64", "runtime.mcall", 18..=LAST, "X0", "", None),
    row("amd64", "runtime.systemstack", 10..=LAST, "stack+0", "", None),
    row("amd64", "runtime.gogo", 10..=LAST, "stack+0", "", None),
    row("amd64", "runtime.reflectcall", 10..=16, "stack+0 stack+8 stack+16 stack+24 stack+28", "", None),
    row("amd64", "runtime.reflectcall", 17..=LAST, "stack+0 stack+8 stack+16 stack+24 stack+28 stack+32 stack+40", "", None),
    row("amd64", "reflect.methodValueCall", 10..=LAST, "", "", None),
];

const BUILDS: &[(u32, &str, &str)] = &[
    (10, "go1.10.8", "amd64"),
    (15, "go1.15.15", "amd64"),
    (17, "go1.17.13", "amd64"),
    (21, "go1.21.13", "amd64"),
    (26, "go1.26.8", "amd64"),
    (10, "go1.10.8", "arm64"),
    (18, "go1.18.10", "arm64"),
    (26, "go1.26.8", "arm64"),
    (16, "go1.16.15", "386"),
    (26, "go1.26.8", "386"),
];

fn report(toolchain: &str, arch: &str) -> Report {
    let data = Build { toolchain, ..plain("hello", "linux", arch) }.bytes();
    let mut options = Options::default();
    options.dwarf = false;
    analyze(&data, &options).expect("a report")
}

fn places(values: &[Value]) -> String {
    let places = values.iter().flat_map(|value| &value.pieces).map(|piece| piece.loc.to_string());
    places.collect::<Vec<_>>().join(" ")
}

/// What is not as the row says.
fn differs(function: &Function, row: &Row) -> Vec<String> {
    let mut said =
        vec![("params", places(&function.params), row.params), ("results", places(&function.results), row.results)];
    said.extend(row.clobbers.map(|clobbers| ("clobbers", function.clobbers.join(" "), clobbers)));
    let mut out: Vec<String> = said
        .into_iter()
        .filter(|(_, found, expected)| found != expected)
        .map(|(what, found, _)| format!("{what} {found}"))
        .collect();
    if function.usercall.is_none() {
        out.push(format!("no prototype: {:?}", function.notes));
    }
    if function.noreturn != row.noreturn {
        out.push(format!("noreturn {}", function.noreturn));
    }
    out
}

#[test]
fn helpers_have_the_conventions_of_their_releases() {
    let (mut wrong, mut seen) = (Vec::new(), BTreeSet::new());
    for (release, toolchain, arch) in BUILDS {
        let report = report(toolchain, arch);
        for (n, row) in ROWS.iter().enumerate().filter(|(_, row)| row.arch == *arch && row.releases.contains(release)) {
            // The other face of an assembly function is its wrapper, which has the other convention.
            let is = |f: &&Function| f.name == row.name && f.kind != FunctionKind::Wrapper;
            let Some(function) = report.functions.iter().find(is) else { continue };
            seen.insert(n);
            wrong.extend(
                differs(function, row).into_iter().map(|what| format!("{toolchain} {arch} {}: {what}", row.name)),
            );
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    let unseen: Vec<&str> =
        ROWS.iter().enumerate().filter(|(n, _)| !seen.contains(n)).map(|(_, row)| row.name).collect();
    assert_eq!(unseen, Vec::<&str>::new(), "no build has these");
}

/// Each entry of a Duff's device clears or copies less than the one in front of it, and the last one a single step.
#[test]
fn entries_of_duffs_devices_say_how_much_is_left() {
    for (toolchain, arch, zero, copy) in [
        ("go1.10.8", "amd64", (63, 1008, 16), (63, 1008, 16)),
        ("go1.21.13", "amd64", (63, 1008, 16), (63, 1008, 16)),
        ("go1.10.8", "arm64", (63, 1008, 16), (127, 1016, 8)),
        ("go1.18.10", "arm64", (63, 1008, 16), (63, 1008, 16)),
        ("go1.16.15", "386", (127, 508, 4), (127, 508, 4)),
    ] {
        let report = report(toolchain, arch);
        for (name, expected) in [("runtime.duffzero", zero), ("runtime.duffcopy", copy)] {
            let Some(function) = report.functions.iter().find(|f| f.name == name) else {
                panic!("{toolchain} {arch}: no {name}")
            };
            let bytes: Vec<u32> = function.entries.iter().map(|entry| entry.bytes).collect();
            let found = (bytes.len(), bytes.first().copied().unwrap_or(0), bytes.last().copied().unwrap_or(0));
            assert_eq!(found, expected, "{toolchain} {arch} {name}");
            assert!(
                function.entries.is_sorted_by(|a, b| a.at < b.at && a.bytes > b.bytes),
                "{toolchain} {arch} {name}"
            );
            assert!(function.entries.iter().all(|entry| Some(entry.at) < function.end), "{toolchain} {arch} {name}");
        }
    }
}
