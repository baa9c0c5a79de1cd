//! Hostile input: whole analyses of programs that were cut, changed, or written to do harm.
//!
//! Nothing may panic or hang, and what a file costs follows from its size. Most programs here are forged: small enough to
//! change every byte of. What fuzzing finds gets a test
//! of its own, beside the reader that it is about.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)] // costs are printed

#[path = "support/asked.rs"]
mod asked;
#[path = "support/forge.rs"]
mod forge;
#[path = "support/go.rs"]
mod go;
mod hostile {
    pub(crate) mod cost;
    pub(crate) mod injection;
    pub(crate) mod outside;
}

pub(crate) use asked::{FORMS, written};
use forge::{Function, Program, TypeData};
use goabi::image::{Image, Segment};
use goabi::report::{Confidence, Report};
use goabi::{Error, Options, analyze, analyze_segments};
use std::borrow::Cow;

/// Everything on, but for signatures from source, which cost more than the forged program.
pub(crate) fn options() -> Options {
    let mut options = Options::default();
    (options.threads, options.evidence, options.signatures) = (1, true, false);
    options
}

/// Analyses and writes every form, to see that it comes to an end.
fn exercise(report: Result<Report, Error>) -> Option<usize> {
    let report = report.ok()?;
    asked::forms(&report);
    Some(report.functions.len())
}

fn exercise_file(data: &[u8]) -> Option<usize> {
    exercise(analyze(data, &options()))
}

fn exercise_memory(program: &Program) -> Option<usize> {
    exercise(analyze_segments(Program::info(), program.segments(), &options(), &()))
}

/// The five parts of a program, to be changed in place.
const PARTS: usize = 5;

fn part(program: &mut Program, index: usize) -> &mut Vec<u8> {
    match index {
        0 => &mut program.text,
        1 => &mut program.pclntab,
        2 => &mut program.gofunc,
        3 => &mut program.types,
        _ => &mut program.module,
    }
}

#[test]
fn the_forged_program_is_a_program() {
    let report = analyze(&forge::small().elf(&[]), &options()).unwrap();
    assert_eq!(report.notes, []);
    let add = report.functions.iter().find(|f| f.name == "main.add").unwrap();
    assert_eq!(
        add.usercall.as_deref().map(|text| text.split_once("(").unwrap().1),
        Some("__int64 a1@<rax>, __int64 a2@<rbx>)")
    );
    assert_eq!(add.confidence.params, Confidence::Exact);
    let types: Vec<_> = report.types.iter().map(|ty| ty.go_name.as_str()).collect();
    assert!(types.contains(&"*main.T"), "the receiver's type is not among {types:?}");
    assert_eq!(exercise_memory(&forge::small()), Some(report.functions.len()));
}

#[test]
fn a_program_cut_at_any_byte_is_an_error_or_a_report() {
    let file = forge::small().elf(&[]);
    for len in 0..file.len() {
        exercise_file(&file[..len]);
    }
    for index in 0..PARTS {
        let whole = part(&mut forge::small(), index).clone();
        for len in 0..whole.len() {
            let mut program = forge::small();
            part(&mut program, index).truncate(len);
            exercise_memory(&program);
        }
    }
}

#[test]
fn a_real_program_cut_at_every_percent_or_border_is_an_error_or_a_report() {
    let data = go::Build { args: &["-ldflags=-s -w"], ..go::plain("tiny", "linux", "amd64") }.bytes();
    let image = Image::parse(&data).unwrap();
    let whole = exercise_file(&data).unwrap();
    for percent in 0..100 {
        match analyze(&data[..data.len() * percent / 100], &options()) {
            Err(Error::Cut { .. } | Error::Malformed { .. } | Error::Empty) => {}
            Err(error) => panic!("{percent}%: {error}"),
            Ok(report) => assert!(!report.notes.is_empty(), "{percent}% passed as whole"),
        }
    }
    // In memory nothing says that it was cut: every reader meets the end.
    let loaded = |kept: &dyn Fn(&Segment) -> usize| {
        let cut = |s: &Segment<'_>| {
            let data = s.data[..kept(s).min(s.data.len())].to_vec();
            Segment { data: Cow::Owned(data), ..s.clone() }
        };
        let segments = image.segments.iter().map(cut).collect();
        exercise(analyze_segments(Program::info(), segments, &options(), &()))
    };
    for percent in (1..100).rev() {
        let found = loaded(&|s| s.data.len() * percent / 100);
        assert!(found.unwrap_or(0) <= whole, "{percent}%");
    }
    for section in image.sections.iter().filter(|s| s.addr != 0 && s.size > 0) {
        loaded(&|s| (section.addr + 1).saturating_sub(s.addr) as usize);
    }
}

#[test]
fn any_byte_of_any_table_may_be_wrong() {
    let file = forge::small().elf(&[]);
    let headers = 64 + 56 * PARTS;
    for at in (0..headers).chain(file.len() - 2 * 64..file.len()) {
        for change in [0, 0xff, file[at] ^ 0x80, file[at].wrapping_add(1)] {
            let mut data = file.clone();
            data[at] = change;
            exercise_file(&data);
        }
    }
    for index in 0..PARTS {
        let len = part(&mut forge::small(), index).len();
        for at in 0..len {
            let mut program = forge::small();
            let byte = &mut part(&mut program, index)[at];
            *byte = [0xff, *byte ^ 0x80, byte.wrapping_add(1)][at % 3];
            exercise_memory(&program);
        }
    }
}

#[test]
fn any_number_of_any_table_may_lie() {
    let own = |index, at| [forge::TEXT, forge::PCLNTAB, forge::GOFUNC, forge::TYPES, forge::MODULE][index] + at as u64;
    for index in 1..PARTS {
        let len = part(&mut forge::small(), index).len();
        for at in (0..len.saturating_sub(8)).step_by(4) {
            let wide = [u64::MAX, 1 << 63, 1 << 32, own(index, at), forge::MODULE, forge::TYPES + 8, forge::PCLNTAB];
            let narrow = [0u32, 1, 0x7fff_ffff, 0x8000_0000, u32::MAX, at as u32];
            let wide = wide.iter().filter(|_| at % 8 == 0).map(|n| n.to_le_bytes().to_vec());
            for bytes in wide.chain(narrow.iter().map(|n| n.to_le_bytes().to_vec())) {
                let mut program = forge::small();
                part(&mut program, index)[at..at + bytes.len()].copy_from_slice(&bytes);
                exercise_memory(&program);
            }
        }
    }
}

#[test]
fn types_may_lie_about_each_other() {
    let mut types = TypeData::new();
    let int = types.int();
    let names = ["main.A", "f", "main.B", "*main.C", "func()", "[2]main.A"].map(|name| types.name(name.as_bytes()));
    let own = forge::TYPES + types.0.len().next_multiple_of(8) as u64;
    // A struct that holds itself, two that hold each other, a pointer to itself, a func of itself.
    let itself = types.wrapping(names[0], names[1], own + 24, 8);
    assert_eq!(itself, own + 24);
    let first = types.wrapping(names[2], names[1], itself, 8);
    let second = types.wrapping(names[2], names[1], first + 96, 8);
    let next = forge::TYPES + types.0.len().next_multiple_of(8) as u64;
    let pointer = types.pointer(names[3], next);
    assert_eq!(pointer, next);
    let next = forge::TYPES + types.0.len().next_multiple_of(8) as u64;
    let func = types.func(names[4], &[next, int], &[next]);
    let array = types.descriptor(17, 16, 8, 0, names[5], &[itself, int, 2]);
    let program = Program::new(
        &functions(4),
        types,
        &[itself, first, second, pointer, func, array, int, 0, u64::MAX >> 1].map(|addr| addr.max(forge::TYPES)),
    );
    assert!(exercise_memory(&program).is_some());
}

/// Functions of one `ret` each.
pub(crate) fn functions(count: usize) -> Vec<Function> {
    let function = |i| Function { name: format!("main.f{i}").into(), code: vec![0xc3], ..Function::default() };
    (0..count).map(function).collect()
}

#[test]
fn segments_may_lie_on_top_of_each_other() {
    let program = forge::small();
    let whole = program.elf(&[]);
    // Thousands of segments that all map the whole file, at the same place and each a page further.
    for step in [0, 1, 0x1000] {
        let parts: Vec<(u64, &[u8], u32)> = (0..2000).map(|i| (forge::TEXT + i * step, &[][..], 7)).collect();
        let mut data = forge::elf(forge::TEXT, &parts, &[]);
        let size = data.len() as u64;
        for i in 0..parts.len() {
            let at = 64 + 56 * i;
            data[at + 8..at + 16].fill(0);
            data[at + 32..at + 40].copy_from_slice(&size.to_le_bytes());
            data[at + 40..at + 48].copy_from_slice(&size.to_le_bytes());
        }
        data.extend_from_slice(&whole);
        exercise_file(&data);
    }
    let mut segments = program.segments();
    segments.extend(program.segments().into_iter().map(|s| Segment { addr: s.addr + 1, ..s }));
    segments.extend(program.segments().into_iter().map(|s| Segment { size: u64::MAX, ..s }));
    segments.extend(program.segments().into_iter().map(|s| Segment { addr: u64::MAX - 3, ..s }));
    exercise(analyze_segments(Program::info(), segments, &options(), &()));
}

#[test]
fn names_may_claim_a_gigabyte() {
    let mut types = TypeData::new();
    let claimed = types.name_claiming(b"main.Huge", 1 << 30);
    let beyond = types.name_claiming(b"main.Huger", u64::MAX);
    let int = types.int();
    let links = [types.pointer(claimed, int), types.wrapping(claimed, beyond, int, 8), types.pointer(beyond, int)];
    let mut list = functions(40);
    // A name of a megabyte, which no NUL ends before the next table does.
    list[39].name = vec![b'x'; 1 << 20];
    let program = Program::new(&list, types, &links);
    let report = analyze(&program.elf(&[]), &options()).unwrap();
    assert_eq!(report.functions.len(), 40);
    assert!(report.functions.iter().all(|f| f.name.len() <= goabi::limits::MAX_NAME));
}
