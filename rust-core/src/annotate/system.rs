//! The operating system's functions at call sites: which one, and what it is given.

use super::look::{Looker, argument};
use super::targets::Meant;
use crate::abi::location::Reg;
use crate::arch::Arch;
use crate::code::step::{Base, Step};
use crate::code::steps;
use crate::code::values::{State, Value};
use crate::program::Program;
use crate::report::Abi;

/// Names and parameters of Windows functions, made by `scripts/windows_api`.
const WINDOWS: &str = include_str!("../../data/windows_api.txt");
/// Names and parameters of Linux system calls, made by `scripts/linux_syscalls`.
const LINUX: &str = include_str!("../../data/linux_syscalls.txt");

/// A function of the system, and what a call passes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Api {
    /// Library without `.dll`, empty when unknown.
    pub dll: String,
    /// Name.
    pub name: String,
    /// Arguments: name, empty when unknown, and value, when constant.
    pub args: Vec<(String, Option<u64>)>,
    /// Bytes above SP where the arguments lie side by side, when they do.
    pub stack: Option<u32>,
}

/// Arguments of one call that are listed.
const MOST_ARGS: usize = 42;

/// The system function that a call of one of the runtime's ways into the system reaches, or the variable that says which.
///
/// `function_of` says what it knows of the value that tells the function: its name, or the variable that leads to it.
pub(super) fn api(
    program: &Program<'_>,
    meant: Meant,
    abi: Abi,
    state: &State,
    function_of: impl Fn(Value) -> Result<String, Value>,
) -> Option<(&'static str, Api, Option<u64>)> {
    let arg = |n| argument(program, state, abi, n);
    // The arguments of a slice: where its pointer leads, as many as its length says.
    let slice = |n: usize| -> Vec<Value> {
        let len = arg(n + 1).constant().map_or(0, |len| (len as usize).min(MOST_ARGS));
        let Value::Frame(at) = arg(n) else { return vec![Value::Unknown; len] };
        (0..len).map(|i| state.frame(i64::from(at) + 8 * i as i64, 8)).collect()
    };
    let (kind, function, args, stack) = match meant {
        Meant::Stdcall(n) => {
            let args = (1..=usize::from(n)).map(arg).collect();
            ("stdcall", arg(0), args, (abi == Abi::ABI0).then_some(8))
        }
        Meant::StdcallSlice => ("stdcall", arg(0), slice(1), None),
        Meant::StdcallPointer => {
            let len = arg(1).constant().map_or(0, |len| (len as usize).min(MOST_ARGS));
            ("stdcall", arg(0), vec![Value::Unknown; len], None)
        }
        Meant::SyscallN => ("syscall", arg(0), slice(1), None),
        Meant::SyscallCount => ("syscall", arg(0), slice(2), None),
        Meant::ProcCall => ("syscall", arg(0), slice(1), None),
        Meant::Syscall { count: true, args } => {
            let used = arg(1).constant().map_or(usize::from(args), |n| (n as usize).min(args.into()));
            ("syscall", arg(0), (0..used).map(|i| arg(2 + i)).collect(), None)
        }
        Meant::Syscall { count: false, args } => {
            let values: Vec<Value> = (1..=usize::from(args)).map(arg).collect();
            return linux(program.image.arch, arg(0).constant()?, &values).map(|api| ("syscall", api, None));
        }
        Meant::Libc(n) => {
            let (dll, name) = trampoline(program, arg(0).constant()?)?;
            let args = (1..=usize::from(n)).map(|n| (String::new(), arg(n).constant())).collect();
            return Some(("libc", Api { dll, name, args, stack: None }, None));
        }
        _ => return None,
    };
    let args = args.iter().map(|value: &Value| (String::new(), value.constant())).collect();
    let mut api = Api { args, stack, ..Api::default() };
    let function = match function_of(function) {
        Ok(found) => {
            name(&mut api, found, String::new());
            return Some((kind, api, None));
        }
        Err(function) => function,
    };
    match (resolve(program, function), function) {
        (Some((dll, found)), _) => name(&mut api, found, dll),
        // A variable that is filled when the program starts.
        (None, Value::Static(at)) if program.image.word(at) == Some(0) => return Some((kind, api, Some(at))),
        _ => return None,
    }
    Some((kind, api, None))
}

/// Names a function and its arguments. The library is the table's when nothing else tells it.
pub(super) fn name(api: &mut Api, name: String, dll: String) {
    let mut words = line_of(WINDOWS, &name).unwrap_or_default().split(' ').skip(1);
    let known = words.next().unwrap_or_default();
    api.dll = if dll.is_empty() { known.to_string() } else { library(&dll) };
    api.name = name;
    for (arg, word) in api.args.iter_mut().zip(words) {
        arg.0 = word.to_string();
    }
}

/// What a value that is called as a system function is: an import, or a procedure that is loaded by name.
fn resolve(program: &Program<'_>, value: Value) -> Option<(String, String)> {
    match value {
        Value::Static(slot) => api_at(program, slot).or_else(|| {
            let to = program.image.word(slot)?;
            thunk(program, to).or_else(|| procedure(program, to))
        }),
        Value::Const(code) => thunk(program, code).or_else(|| procedure(program, code)),
        _ => None,
    }
}

/// The import whose slot is at `slot`.
pub(super) fn api_at(program: &Program<'_>, slot: u64) -> Option<(String, String)> {
    let import = program.image.import_at(slot)?;
    Some((import.library.to_string(), import.name.to_string()))
}

fn library(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    lower.strip_suffix(".dll").unwrap_or(&lower).to_string()
}

/// The one C function that assembly in front of it calls or jumps to (`runtime/sys_darwin_amd64.s`), beside the one that says
/// where `errno` is; none if it calls others too.
fn trampoline(program: &Program<'_>, code: u64) -> Option<(String, String)> {
    let func = program.funcs().get(program.at(code)?)?;
    let mut looker = Looker::default();
    looker.decode(program, func.entry, func.end);
    if looker.steps.iter().any(|located| matches!(located.step, Step::CallReg(_) | Step::CallMem(_))) {
        return None;
    }
    let outside = looker.steps.iter().filter_map(|located| match located.step {
        Step::Call(to) | Step::Jump(to) if program.containing(to).is_none() => Some(to),
        _ => None,
    });
    let mut outside: Vec<u64> = outside.collect();
    outside.dedup();
    let imports = outside.into_iter().filter_map(|to| super::exports::import_of(program, to, &mut looker));
    let mut imports: Vec<(String, String)> = imports.filter(|import| import.1 != "__error").collect();
    imports.dedup();
    let (library, name) = imports.pop().filter(|_| imports.is_empty())?;
    Some((library_name(&library), name))
}

/// A library's name without its folder.
fn library_name(path: &str) -> String {
    path.rsplit('/').next().unwrap_or_default().trim_end_matches(".dylib").to_string()
}

/// The import that a piece of code jumps to.
fn thunk(program: &Program<'_>, code: u64) -> Option<(String, String)> {
    const THUNK: u64 = 16;
    if !program.image.is_exec(code) || program.containing(code).is_some() {
        return None;
    }
    let mut found = Vec::new();
    steps::decode(program.image.arch, program.code_from(code, code.saturating_add(THUNK)), code, &mut found);
    let slot = found.iter().take(2).find_map(|l| match l.step {
        Step::JumpMem(place) if place.base == Base::Absolute => Some(place.disp as u64),
        _ => None,
    })?;
    api_at(program, slot)
}

/// A `LazyProc` (`syscall/dll_windows.go`, `x/sys/windows/dll_windows.go`) that the linker laid out: a name, and a library
/// that has one too. The order of the fields differs.
fn procedure(program: &Program<'_>, at: u64) -> Option<(String, String)> {
    let name = string_in(program, at)?;
    let words = (0..5).filter_map(|i| program.image.word(at.wrapping_add(8 * i)));
    let library_of = |at: u64| string_in(program, at).filter(|name| name.to_ascii_lowercase().ends_with(".dll"));
    let dll = words.into_iter().filter(|w| *w != 0).find_map(library_of).unwrap_or_default();
    Some((dll, name))
}

/// The first field of an object that is a string of an identifier's or a file name's characters.
fn string_in(program: &Program<'_>, at: u64) -> Option<String> {
    const LONGEST: u64 = 128;
    (0..4).find_map(|i| {
        let field = at.wrapping_add(8 * i);
        let len = program.image.word(field.wrapping_add(8)).filter(|len| (2..LONGEST).contains(len))?;
        let text = program.image.bytes(program.image.word(field)?, len as usize)?;
        let fits = |b: &u8| b.is_ascii_alphanumeric() || b"_.-".contains(b);
        text.iter().all(fits).then(|| String::from_utf8_lossy(text).into_owned())
    })
}

/// The system call that the kernel is asked for.
pub(super) fn kernel(arch: Arch, state: &State) -> Option<Api> {
    // The number, and the arguments (syscall(2)).
    let (number, arguments) = match arch {
        Arch::Amd64 => (0, [7, 6, 2, 10, 8, 9]),
        Arch::Arm64 => (8, [0, 1, 2, 3, 4, 5]),
        _ => return None,
    };
    let values = arguments.map(|n| state.reg(Reg(n)));
    linux(arch, state.reg(Reg(number)).constant()?, &values)
}

fn linux(arch: Arch, number: u64, values: &[Value]) -> Option<Api> {
    let key = match arch {
        Arch::Amd64 => format!("amd64 {number} "),
        Arch::Arm64 => format!("arm64 {number} "),
        Arch::I386 => format!("386 {number} "),
        _ => return None,
    };
    let line = LINUX.lines().find(|line| line.starts_with(&key))?;
    let mut words = line.split(' ').skip(2);
    let name = words.next()?.to_string();
    let args = words.zip(values).map(|(name, value)| (name.to_string(), value.constant())).collect();
    Some(Api { dll: String::new(), name, args, stack: None })
}

/// The line of a sorted table that starts with `name`.
fn line_of(table: &'static str, name: &str) -> Option<&'static str> {
    let (mut low, mut high) = (0, table.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let start = table.get(..middle)?.rfind('\n').map_or(0, |at| at + 1);
        let line = table.get(start..)?.lines().next()?;
        let key = if line.starts_with('#') { "" } else { line.split(' ').next()? };
        match key.cmp(name) {
            std::cmp::Ordering::Equal => return Some(line),
            std::cmp::Ordering::Less => low = start + line.len() + 1,
            std::cmp::Ordering::Greater => high = start,
        }
    }
    None
}
