//! What hostile programs cost: memory and time, measured in a process that does nothing else.

use crate::forge::{self, Function, Program, TypeData};
use crate::{functions, options};
use cpu_time::ProcessTime;
use std::path::Path;
use std::process::Command;

/// Names the file to analyse in the process that measures.
const FILE: &str = "GOABI_TEST_FILE";

/// The child: analyses and prints the peak of its memory in bytes, its processor time in seconds and the functions found.
#[test]
fn measured_in_a_child() {
    let Some(file) = std::env::var_os(FILE) else { return };
    let data = std::fs::read(file).unwrap();
    let time = ProcessTime::now();
    let mut options = options();
    options.evidence = false;
    let found = goabi::analyze(&data, &options).map_or(0, |report| report.functions.len());
    let seconds = time.elapsed().as_secs_f64();
    println!("\nmeasured {} {seconds} {found}", peak());
}

/// The most memory that this process had; 0 where the system does not tell.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
    line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap() * 1024
}

struct Cost {
    peak: u64,
    seconds: f64,
    functions: usize,
}

fn measure(file: &Path) -> Cost {
    let test = "hostile::cost::measured_in_a_child";
    let mut child = Command::new(std::env::current_exe().unwrap());
    let output = child.args(["--exact", test, "--nocapture"]).env(FILE, file).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("measured ")).unwrap_or_else(|| panic!("{text}"));
    let mut words = line.split(' ');
    let mut next = || words.next().unwrap();
    Cost { peak: next().parse().unwrap(), seconds: next().parse().unwrap(), functions: next().parse().unwrap() }
}

/// Bytes of file for each function; compilers write more, a program that consists of empty ones has less.
const DENSE: u64 = 500;
/// Bytes that each function may take which is more than that allows.
const FUNCTION: u64 = 1 << 10;

/// Analyses `data` in a child, and checks that its memory is at most four times the file, 64 MB, and a row for each function
/// that no compiler would have written.
fn within_bounds(what: &str, data: &[u8]) -> Cost {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sample");
    std::fs::write(&file, data).unwrap();
    let cost = measure(&file);
    let size = data.len() as u64;
    let limit = 4 * size + (64 << 20) + FUNCTION * (cost.functions as u64).saturating_sub(size / DENSE);
    let mb = |bytes: u64| bytes as f64 / 1e6;
    println!("{what}: {:.1} MB, peak {:.0} MB, {:.2} s", mb(data.len() as u64), mb(cost.peak), cost.seconds);
    assert!(
        cost.peak <= limit,
        "{what}: {:.0} MB of memory for a file of {:.1} MB",
        mb(cost.peak),
        mb(data.len() as u64)
    );
    cost
}

#[test]
fn two_million_functions_are_a_large_program() {
    let program = Program::new(&functions(2_000_000), TypeData::new(), &[]);
    let cost = within_bounds("2 million functions", &program.elf(&[]));
    assert_eq!(cost.functions, 2_000_000);
}

/// A function table whose functions all share one record would be eight bytes for each row of the report.
#[test]
fn functions_that_share_their_record_are_no_functions() {
    let mut program = Program::new(&functions(40), TypeData::new(), &[]);
    let count = 1_000_000u32;
    let functab = u64::from_le_bytes(program.pclntab[64..72].try_into().unwrap()) as usize;
    let record = u32::from_le_bytes(program.pclntab[functab + 4..functab + 8].try_into().unwrap());
    let first = program.pclntab[functab + record as usize..][..44].to_vec();
    program.pclntab.truncate(functab);
    for i in 0..count {
        program.pclntab.extend([i.to_le_bytes(), (8 * count + 8).to_le_bytes()].concat());
    }
    program.pclntab.extend([&count.to_le_bytes()[..], &[0; 4], &first].concat());
    program.pclntab[8..16].copy_from_slice(&u64::from(count).to_le_bytes());
    program.text = vec![0xc3; count as usize];
    let cost = within_bounds("a million functions of one record", &program.elf(&[]));
    assert_eq!(cost.functions, 0);
}

/// A chain of types, each made from the one before.
fn chain(count: usize, link: impl Fn(&mut TypeData, u32, u64) -> u64) -> Vec<u8> {
    let mut types = TypeData::new();
    let name = types.name(b"main.T");
    let mut last = types.int();
    for _ in 0..count {
        last = link(&mut types, name, last);
    }
    Program::new(&functions(4), types, &[last]).elf(&[])
}

#[test]
fn types_a_hundred_thousand_deep_are_read_without_recursion() {
    let pointers = chain(100_000, |types, name, elem| types.pointer(name, elem));
    let structs = chain(100_000, |types, name, elem| types.wrapping(name, name, elem, 8));
    let funcs = chain(100_000, |types, name, elem| types.func(name, &[elem], &[elem]));
    let slices = chain(100_000, |types, name, elem| types.descriptor(23, 24, 8, 4, name, &[elem]));
    for (what, data) in [("pointers", pointers), ("structs", structs), ("funcs", funcs), ("slices", slices)] {
        let cost = within_bounds(&format!("100,000 {what} inside each other"), &data);
        assert_eq!(cost.functions, 4);
    }
}

/// Descriptors that all share one list of the most members there may be.
#[test]
fn lists_that_are_shared_are_not_multiplied() {
    let mut types = TypeData::new();
    let (name, int) = (types.name(b"main.T"), types.int());
    let list = forge::TYPES + types.0.len() as u64;
    for _ in 0..goabi::limits::MAX_MEMBERS {
        for word in [forge::TYPES + u64::from(name), int, 0] {
            types.0.extend_from_slice(&word.to_le_bytes());
        }
    }
    let members = goabi::limits::MAX_MEMBERS as u64;
    let mut shared = || types.descriptor(25, 8, 8, 4, name, &[0, list, members, members]);
    let links: Vec<u64> = (0..10_000).map(|_| shared()).collect();
    within_bounds("10,000 structs that share 16,384 fields", &Program::new(&functions(4), types, &links).elf(&[]));
}

/// Instructions that make the most work: branches to everywhere in the function, over stores to the stack.
fn maze(bytes: usize) -> Vec<u8> {
    let mut code = Vec::with_capacity(bytes);
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    while code.len() + 32 < bytes {
        random = random.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        let target = (random >> 33) as usize % bytes;
        code.extend([0x48, 0x89, 0x44, 0x24, (random >> 20) as u8 & 0x78]); // mov [rsp+n], rax
        code.extend([0x48, 0x01, 0xd8]); // add rax, rbx
        code.extend([0x0f, 0x84]); // jz anywhere
        let next = code.len() as i64 + 4;
        code.extend(((target as i64 - next) as i32).to_le_bytes());
    }
    code.push(0xc3);
    code
}

/// One function may take no more than its share, however it jumps: four times the code takes four times as long.
#[test]
fn time_is_linear_in_the_code_of_one_function() {
    let cost = |bytes: usize| {
        let mut list = functions(40);
        list[20].code = maze(bytes);
        let data = Program::new(&list, TypeData::new(), &[]).elf(&[]);
        within_bounds(&format!("a maze of {} kB", bytes >> 10), &data).seconds
    };
    // The least of some runs that take turns: what else the machine does only adds to a time.
    let least = |costs: &[(f64, f64)], part: fn(&(f64, f64)) -> f64| costs.iter().map(part).fold(f64::MAX, f64::min);
    let costs: Vec<(f64, f64)> = (0..3).map(|_| (cost(1 << 18), cost(1 << 20))).collect();
    let (small, large, beyond) = (least(&costs, |cost| cost.0), least(&costs, |cost| cost.1), cost(16 << 20));
    assert!(large < 10.0 * small.max(0.02), "{small} s for 256 kB, {large} s for 1 MB");
    // Behind the limit of one function's bytes and instructions nothing is added.
    assert!(beyond < 16.0 * large.max(0.05), "{large} s for 1 MB, {beyond} s for 16 MB");
}

/// Many functions that jump into each other, so that nothing is known before everything is.
#[test]
fn time_is_linear_in_the_number_of_functions_that_call_each_other() {
    let cost = |count: usize| {
        let calling = |i: usize| {
            let target = (i * 7919 + 13) % count;
            let mut code = vec![0x48, 0x01, 0xd8, 0xe8]; // add rax, rbx; call
            code.extend(((target as i32 - i as i32) * 16 - 8).to_le_bytes());
            code.extend([0x48, 0x89, 0xc3, 0xe9]); // mov rbx, rax; jmp
            code.extend((((target + 1) % count) as i32 * 16 - i as i32 * 16 - 16).to_le_bytes());
            code.truncate(16);
            Function { name: format!("main.f{i}").into(), code, ..Function::default() }
        };
        let list: Vec<Function> = (0..count).map(calling).collect();
        within_bounds(&format!("{count} functions in circles"), &Program::new(&list, TypeData::new(), &[]).elf(&[]))
            .seconds
    };
    let (small, large) = (cost(10_000), cost(40_000));
    assert!(large < 10.0 * small.max(0.02), "{small} s for 10,000, {large} s for 40,000");
}
