//! Functions whose calls say more than that they are called: the runtime's ways into the system, and those that make
//! pointers of a known type.

use super::bridges::Finder;
use super::look::entry_state;
use super::roles::Role;
use crate::arch::Os;
use crate::code::values::Value;
use crate::golang::func_id::FuncId;
use crate::report::Abi;
use foldhash::{HashMap, HashMapExt};

/// What a call of a function means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meant {
    /// `runtime.cgocall`, with a C function and its frame.
    Cgocall,
    /// `runtime.stdcall0` … `stdcall8`: a Windows function and that many arguments.
    Stdcall(u8),
    /// `runtime.stdcall` of Go 1.26 and later: a Windows function and a slice of arguments.
    StdcallSlice,
    /// `syscall.Syscall` and its kin: a function, the number of arguments, the arguments; or a Linux number and arguments.
    Syscall { count: bool, args: u8 },
    /// `syscall.SyscallN`: a function and a slice of arguments.
    SyscallN,
    /// `(*LazyProc).Call`, `(*Proc).Call`: a procedure and a slice of arguments.
    ProcCall,
    /// `(*LazyProc).Addr`: the procedure's address.
    ProcAddr,
    /// `(*LazyDLL).NewProc`: a library and a name.
    NewProc,
}

/// By entry.
pub(super) type Targets = HashMap<u64, Meant>;

/// Functions by the end of their names; the part before is a package that has them.
#[rustfmt::skip]
const NAMES: &[(&str, Meant)] = &[
    (".SyscallN", Meant::SyscallN),
    (".(*LazyProc).Call", Meant::ProcCall),
    (".(*Proc).Call", Meant::ProcCall),
    (".(*LazyProc).Addr", Meant::ProcAddr),
    (".(*LazyDLL).NewProc", Meant::NewProc),
];

/// Packages that [`NAMES`] and the system calls are looked for in.
const PACKAGES: &[&str] = &[
    "syscall.",
    "golang.org/x/sys/windows.",
    "golang.org/x/sys/unix.",
    "internal/syscall/windows.",
    "internal/runtime/syscall.",
    "internal/runtime/syscall/linux.",
    "internal/runtime/syscall/windows.",
    "runtime/internal/syscall.",
];

/// System calls by name: how many arguments they pass, on Windows after a count.
#[rustfmt::skip]
const SYSCALLS: &[(&str, u8)] = &[
    ("Syscall", 3), ("RawSyscall", 3), ("rawSyscallNoError", 3), ("RawSyscallNoError", 3), ("SyscallNoError", 3),
    ("Syscall6", 6), ("RawSyscall6", 6), ("runtime_rawSyscallNoError", 3),
];
#[rustfmt::skip]
const WINDOWS_SYSCALLS: &[(&str, u8)] = &[
    ("Syscall", 3), ("Syscall6", 6), ("Syscall9", 9), ("Syscall12", 12), ("Syscall15", 15), ("Syscall18", 18),
];

/// All of them.
pub(super) fn find(finder: &mut Finder<'_, '_>) -> Targets {
    let program = finder.program;
    let mut targets = Targets::new();
    if !super::follows_code(program) {
        return targets;
    }
    for (func, resolved) in program.funcs().iter().zip(finder.resolved) {
        let name = program.name(func);
        let wrapper = func.id == FuncId::Wrapper || resolved.target.is_some();
        if let Some(meant) = named(&name, program.image.os).filter(|_| !wrapper) {
            targets.insert(func.entry, meant);
        }
    }
    if let Some(cgocall) = finder.chain.one(Role::Cgocall) {
        targets.insert(cgocall, Meant::Cgocall);
    }
    if program.image.os == Os::Windows {
        stdcalls(finder, &mut targets);
    }
    targets
}

fn named(name: &str, os: Os) -> Option<Meant> {
    let package = PACKAGES.iter().find(|package| name.starts_with(**package))?;
    let rest = name.get(package.len() - 1..)?;
    if let Some((_, meant)) = NAMES.iter().find(|(end, _)| rest == *end) {
        return Some(*meant);
    }
    let windows = os == Os::Windows;
    let list = if windows { WINDOWS_SYSCALLS } else { SYSCALLS };
    let found = list.iter().find(|(n, _)| rest.strip_prefix('.') == Some(*n));
    found.filter(|_| windows || os == Os::Linux).map(|(_, args)| Meant::Syscall { count: windows, args: *args })
}

/// The runtime's own calls of Windows: who hands `asmstdcallAddr` to `asmcgocall`, and who forwards its first parameter to
/// that.
fn stdcalls(finder: &mut Finder<'_, '_>, targets: &mut Targets) {
    let program = finder.program;
    let Some(asmcgocall) = finder.chain.one(Role::Asmcgocall) else { return };
    let mut plain: Vec<u64> = Vec::new();
    for (entry, abi) in callers(finder, &|target| target == asmcgocall) {
        // `asmstdcallAddr` is set when the program starts: a variable that is still zero.
        let is = |value| matches!(value, Value::Static(at) if program.image.word(at) == Some(0));
        if finder.calls(entry).iter().any(|c| c.target == Some(asmcgocall) && is(c.state.slot(0, 8))) {
            // Up to Go 1.25 it has one parameter, later the slice of arguments too.
            let index = program.at(entry).unwrap_or_default();
            let args = program.funcs()[index].args.unwrap_or(0);
            let words = if abi == Abi::ABIInternal { args / 8 } else { args.saturating_sub(8) / 8 };
            match words {
                1 => plain.push(entry),
                4 => drop(targets.insert(entry, Meant::StdcallSlice)),
                _ => {}
            }
        }
    }
    // stdcall0 has no arguments beside the function.
    for entry in &plain {
        targets.insert(*entry, Meant::Stdcall(0));
    }
    for (entry, abi) in callers(finder, &|target| plain.contains(&target)) {
        let own = match abi {
            Abi::ABIInternal => program.internal.ints.first().map(|reg| entry_state().reg(*reg)),
            _ => Some(entry_state().slot(8, 8)),
        };
        let calls = finder.calls(entry);
        let forwards = |c: &super::look::Call| {
            let to = c.target.filter(|t| plain.contains(t));
            to.is_some_and(|to| Some(finder.arguments(&c.state, to)[0]) == own)
        };
        let args = program.at(entry).and_then(|i| program.funcs()[i].args).unwrap_or(0) / 8;
        if calls.iter().any(forwards) {
            // The function, the arguments, the result; the result has no slot when it is in a register.
            let words = if abi == Abi::ABIInternal { args.saturating_sub(1) } else { args.saturating_sub(2) };
            targets.insert(entry, Meant::Stdcall(u8::try_from(words).unwrap_or(0)));
        }
    }
}

/// Compiled functions with a direct call that is `wanted`.
fn callers(finder: &Finder<'_, '_>, wanted: &impl Fn(u64) -> bool) -> Vec<(u64, Abi)> {
    let all = finder.program.funcs().iter().zip(finder.resolved).filter(|(_, r)| !r.asm);
    all.filter(|(f, _)| super::calls_any(finder.program, f, wanted)).map(|(f, r)| (f.entry, r.abi)).collect()
}
