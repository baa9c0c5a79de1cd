//! Debug information of several Go releases, compared with what the sources of the programs say.

#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "support/go.rs"]
mod go;

use goabi::abi::registers::Convention;
use goabi::evidence::dwarf::{self, Doubt, DwarfFunction, Witness};
use goabi::golang::Metadata;
use goabi::image::Image;
use goabi::types::{Kind, Param, Role, Types};

/// Functions of package main by name, as `(params) (results)`, with what speaks against them after `_func.args` was asked.
fn functions(program: &str, release: &str) -> Vec<(String, String)> {
    let toolchain = format!("go{release}");
    let data = go::Build { toolchain: &toolchain, ..go::plain(program, "linux", "amd64") }.bytes();
    let image = Image::parse(&data).unwrap();
    let metadata = Metadata::read(&image).unwrap();
    let convention = Convention::abi_internal(image.arch, image.os, u32::from(metadata.version.minor()));
    let mut types = Types::default();
    let debug = dwarf::read(&image, &mut types);
    assert_eq!(debug.notes, Vec::<String>::new());
    let ours = debug.functions.iter().filter(|f| f.name.starts_with("main."));
    let line = |function: &DwarfFunction| {
        let func = metadata.pclntab.at(function.entry).unwrap();
        let witness = Witness { args: func.args, is_asm: func.flags.asm(), ..Witness::default() };
        let doubts: Vec<Doubt> = dwarf::confirm(function, &types, &convention, &witness);
        let doubts: String = doubts.iter().map(|doubt| format!(" {doubt:?}?")).collect();
        let signature = &function.signature;
        (
            function.name.clone(),
            format!("({}) ({}){doubts}", list(&types, &signature.params), list(&types, &signature.results)),
        )
    };
    ours.map(line).collect()
}

fn list(types: &Types, params: &[Param]) -> String {
    let one = |param: &Param| {
        let role = match param.role {
            Some(Role::Receiver) => "receiver ",
            Some(Role::Dict) => "dict ",
            None => "",
        };
        format!("{role}{} {}", param.name, types.get(param.ty).unwrap().name).trim_start().to_owned()
    };
    params.iter().map(one).collect::<Vec<_>>().join(", ")
}

#[track_caller]
fn check(program: &str, releases: &[&str], name: &str, expected: &str) {
    for release in releases {
        let found = functions(program, release);
        let matching: Vec<_> = found.iter().filter(|(n, _)| n == name).map(|(_, text)| text.as_str()).collect();
        assert_eq!(matching, [expected], "{name} of {program} built with go{release}");
    }
}

/// Register ABI, without results in registers; with them; with blank parameters.
const ALL: [&str; 6] = ["1.16.15", "1.18.10", "1.21.13", "1.24.11", "1.26.8", "1.27.0"];
const NEW: [&str; 3] = ["1.24.11", "1.26.8", "1.27.0"];

#[test]
fn names_types_and_order_are_those_of_the_source() {
    check("debug", &ALL, "main.order", "(c string, b int8, a float32) (z bool, y [2]int16)");
    check("debug", &ALL[1..], "main.nothing", "() ()");
    check("debug", &ALL, "main.inlined", "(unused []uint8, n int) (int, bool)");
    check("debug", &ALL, "main.pair.get", "(receiver p main.pair, n int) (string, error)");
}

#[test]
fn func_literals_are_functions_too() {
    check("debug", &ALL, "main.literal.func1", "(k uint16, m map[string]*main.pair) (int, func(...string) error)");
}

#[test]
fn results_that_are_listed_twice_count_once() {
    check("debug", &ALL, "main.twice", "(n int) (p main.pair, err error)");
}

#[test]
fn blank_parameters_are_there_or_missed() {
    check("debug", &NEW, "main.blank", "(int8, s string, float64) (int, ok bool)");
    check("debug", &["1.18.10", "1.21.13"], "main.blank", "(s string) (int, ok bool) Size?");
}

#[test]
fn go_1_17_does_not_list_results_in_registers() {
    check("debug", &["1.17.13"], "main.order", "(c string, b int8, a float32) (y [2]int16) Results?");
}

/// Only pclntab tells assembly from functions without parameters and results, and it does not before Go 1.18.
#[test]
fn where_nothing_is_listed_it_may_be_assembly() {
    check("debug", &["1.16.15"], "main.nothing", "() () Results? Nothing?");
}

#[test]
fn wrappers_list_their_results_or_are_doubted() {
    check("debug", &NEW, "main.(*outer).get", "(receiver  *main.outer, int) (string, error)");
    check("debug", &["1.21.13"], "main.(*outer).get", "() () Results? Nothing? Size?");
}

#[test]
fn the_dictionary_has_its_place() {
    let shape = "go.shape.string";
    let method = format!("main.(*list[{shape}]).add");
    let signature = |params: &str| format!("({params}) (int, {shape})");
    let new = signature(&format!("receiver l *main.list[{shape}], dict .dict {{dict}}, v {shape}, bool"));
    check("shaped", &["1.24.11", "1.26.8"], &method, &new.replace("{dict}", "*uintptr"));
    check("shaped", &["1.27.0"], &method, &new.replace("{dict}", "*[2]uintptr"));
}

#[test]
fn bodies_of_loops_return_whether_to_go_on() {
    check("loops", &NEW, "main.count-range1", "(i int, s string) (bool)");
    check("loops", &NEW, "main.count", "() (n int)");
}

#[test]
fn functions_around_loops_may_hide_their_results() {
    check("loops", &NEW, "main.find", "(n int) () Results?");
}

#[test]
fn types_have_sizes_alignments_and_contents() {
    let data = go::Build { toolchain: "go1.26.8", ..go::plain("debug", "linux", "amd64") }.bytes();
    let mut types = Types::default();
    dwarf::read(&Image::parse(&data).unwrap(), &mut types);
    let ty = |name: &str| types.get(types.named(name).next().unwrap()).unwrap();
    let pair = ty("main.pair");
    assert_eq!((pair.size, pair.align), (24, 8));
    let Kind::Struct(fields) = &pair.kind else { panic!("{pair:?}") };
    let fields: Vec<_> = fields.iter().map(|f| (f.name.as_str(), f.offset, &*types.get(f.ty).unwrap().name)).collect();
    assert_eq!(fields, [("a", 0, "int32"), ("b", 8, "string")]);
    assert_eq!((ty("[2]int16").size, ty("[2]int16").align), (4, 2));
    assert_eq!((ty("error").size, ty("error").kind.clone()), (16, Kind::Interface { methods: Vec::new() }));
    let Kind::Func(signature) = &ty("func(uint16, map[string]*main.pair) (int, func(...string) error)").kind else {
        panic!("not a func type");
    };
    assert_eq!(list(&types, &signature.params), "uint16, map[string]*main.pair");
    assert_eq!(list(&types, &signature.results), "int, func(...string) error");
    let Kind::Map { key: Some(key), elem: Some(elem) } = ty("map[string]*main.pair").kind else { panic!("not a map") };
    assert_eq!((&*types.get(key).unwrap().name, &*types.get(elem).unwrap().name), ("string", "*main.pair"));
}

/// Damage costs functions, never the analysis, and takes no time.
#[test]
fn damaged_debug_information_is_survived() {
    let data = go::plain("debug", "linux", "amd64").bytes();
    let image = Image::parse(&data).unwrap();
    let whole = dwarf::read(&image, &mut Types::default()).functions.len();
    assert!(whole > 500);
    let sections = [".debug_info", ".debug_abbrev", ".debug_addr"];
    let plain = go::Build { args: &["-ldflags=-compressdwarf=false"], ..go::plain("debug", "linux", "amd64") }.bytes();
    let found = |name: &str| {
        let image = Image::parse(&plain).unwrap();
        let section = image.debug_section(name).unwrap();
        let at = plain.windows(section.len()).position(|w| w == &*section).unwrap();
        (at, section.len())
    };
    let mut state = 0x2545_f491_u64;
    for (at, len) in sections.map(found) {
        for _ in 0..20 {
            let mut damaged = plain.clone();
            for _ in 0..64 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                damaged[at + (state >> 33) as usize % len] = (state >> 17) as u8;
            }
            if let Ok(image) = Image::parse(&damaged) {
                assert!(dwarf::read(&image, &mut Types::default()).functions.len() <= whole * 2);
            }
        }
    }
}
