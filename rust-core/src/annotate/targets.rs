//! Functions whose calls say more than that they are called: the runtime's ways into the system, and those that make
//! pointers of a known type.

use super::bridges::Finder;
use super::callbacks;
use super::look::{argument, call_base, stack_word};
use super::roles::Role;
use crate::arch::Os;
use crate::code::values::Value;
use crate::golang::func_id::FuncId;
use crate::program::Program;
use crate::report::Abi;
use crate::resolve::Resolved;
use crate::types::{Kind, Types};
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
    /// `runtime.stdcall_no_g` up to Go 1.25: a Windows function, the number of arguments, a pointer to them.
    StdcallPointer,
    /// `syscall.Syscall` and its kin: a function, the number of arguments, the arguments; or a Linux number and arguments.
    Syscall { count: bool, args: u8 },
    /// `syscall.SyscallN`: a function and a slice of arguments.
    SyscallN,
    /// `syscall.syscalln`: a function, the number of arguments, a slice of arguments.
    SyscallCount,
    /// `runtime.libcCall` and `syscall.syscall` of Darwin: a trampoline to a C function, and that many arguments.
    Libc(u8),
    /// `(*LazyProc).Call`, `(*Proc).Call`: a procedure and a slice of arguments.
    ProcCall,
    /// `(*LazyProc).Addr`: the procedure's address.
    ProcAddr,
    /// `(*LazyDLL).NewProc`: a library and a name.
    NewProc,
    /// `runtime.newproc`: a func value that runs in a goroutine of its own.
    Go,
    /// `runtime.deferproc`: a func value that runs when the function returns.
    Defer,
    /// `runtime.deferprocStack`: a record on the stack with such a func value.
    DeferOnStack,
    /// `runtime.gopanic`: an interface value.
    Panic,
    /// `syscall.NewCallback`: a func value, as an interface value, that Windows is going to call.
    Callback,
    /// A function with `...any`, whose slice begins with that argument word.
    Variadic(u8),
}

/// By entry.
pub(super) type Targets = HashMap<u64, Meant>;

/// Functions by the end of their names; the part before is a package that has them.
#[rustfmt::skip]
const NAMES: &[(&str, Meant)] = &[
    (".SyscallN", Meant::SyscallN),
    (".syscalln", Meant::SyscallCount),
    (".(*LazyProc).Call", Meant::ProcCall),
    (".(*Proc).Call", Meant::ProcCall),
    (".(*LazyProc).Addr", Meant::ProcAddr),
    (".(*LazyDLL).NewProc", Meant::NewProc),
    (".NewCallback", Meant::Callback),
    (".NewCallbackCDecl", Meant::Callback),
    (".compileCallback", Meant::Callback),
];

/// Ways to libSystem (`runtime/sys_darwin.go`); `libcCall` gets the address of the arguments.
#[rustfmt::skip]
const DARWIN: &[(&str, u8)] = &[
    ("runtime.libcCall", 0), ("syscall.syscall", 3), ("syscall.syscallX", 3), ("syscall.syscallPtr", 3), ("syscall.syscall6", 6),
    ("syscall.syscall6X", 6), ("syscall.syscall9", 9), ("syscall.rawSyscall", 3), ("syscall.rawSyscall6", 6),
    ("internal/syscall/unix.syscall_syscall", 3), ("internal/syscall/unix.syscall_syscall6", 6),
];

/// Statements that the runtime carries out.
#[rustfmt::skip]
const STATEMENTS: &[(&str, Meant)] = &[
    ("runtime.newproc", Meant::Go),
    ("runtime.deferproc", Meant::Defer),
    ("runtime.deferprocStack", Meant::DeferOnStack),
    ("runtime.gopanic", Meant::Panic),
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
        let statement = STATEMENTS.iter().find(|(known, _)| *known == name).map(|(_, meant)| *meant);
        let panics = (func.id == FuncId::Gopanic).then_some(Meant::Panic);
        let libc = DARWIN.iter().find(|(known, _)| *known == name && program.image.os == Os::Darwin);
        let libc = libc.filter(|_| func.id != FuncId::Wrapper).map(|(_, args)| Meant::Libc(*args));
        let meant = statement.or(panics).or(libc).or_else(|| variadic(finder.types, resolved));
        targets.extend(meant.map(|meant| (func.entry, meant)));
        // Up to Go 1.17 callers reach some of them through their ABI wrappers.
        let wrapper = func.id == FuncId::Wrapper && resolved.target.is_none();
        if let Some(meant) = named(&name, program.image.os).filter(|_| !wrapper) {
            targets.insert(func.entry, meant);
        }
    }
    if let Some(cgocall) = finder.chain.one(Role::Cgocall) {
        targets.insert(cgocall, Meant::Cgocall);
    }
    callbacks::registering(finder, &mut targets);
    if program.image.os == Os::Windows {
        stdcalls(finder, &mut targets);
        syscalls(finder, &mut targets);
        procedures(finder, &mut targets);
    }
    targets
}

/// `syscall.SyscallN` and its kin when their names are gone: who hands `asmstdcallAddr` to `cgocall`, and who forwards its
/// first parameter to that.
fn syscalls(finder: &mut Finder<'_, '_>, targets: &mut Targets) {
    let program = finder.program;
    let Some(cgocall) = finder.chain.one(Role::Cgocall) else { return };
    let known = |targets: &Targets| targets.values().any(|m| matches!(m, Meant::SyscallN | Meant::Syscall { .. }));
    if known(targets) {
        return;
    }
    for (entry, abi) in callers(finder, &|target| target == cgocall) {
        let is = |value| matches!(value, Value::Static(at) if program.image.word(at) == Some(0));
        let calls = finder.calls(entry);
        let hands = |c: &super::look::Call| c.target == Some(cgocall) && is(finder.arguments(&c.state, cgocall)[0]);
        if calls.iter().any(hands) {
            targets.extend(by_size(finder, entry, abi).map(|meant| (entry, meant)));
        }
    }
    let direct: Vec<u64> = targets.keys().copied().collect();
    for (entry, abi) in callers(finder, &|target| direct.contains(&target)) {
        let own = own_word(program, abi, 0);
        let calls = finder.calls(entry);
        let forwards = |c: &super::look::Call| {
            let to = c.target.filter(|to| {
                matches!(targets.get(to), Some(Meant::SyscallN | Meant::SyscallCount | Meant::Syscall { .. }))
            });
            to.is_some_and(|to| finder.arguments(&c.state, to)[0] == own)
        };
        if !targets.contains_key(&entry) && calls.iter().any(forwards) {
            let meant = by_size(finder, entry, abi).filter(|m| matches!(m, Meant::Syscall { .. } | Meant::SyscallN));
            targets.extend(meant.map(|meant| (entry, meant)));
        }
    }
}

/// `(*Proc).Call` and `(*LazyProc).Call` when their names are gone: they hand a field of their receiver and their own slice to
/// `SyscallN`, and to each other.
fn procedures(finder: &mut Finder<'_, '_>, targets: &mut Targets) {
    let program = finder.program;
    let [receiver, rest @ ..] = program.internal.ints else { return };
    // (*LazyProc).Call calls (*Proc).Call.
    for _ in 0..2 {
        let slice = |meant: &Meant| match meant {
            Meant::SyscallN | Meant::ProcCall => Some(1),
            Meant::SyscallCount => Some(2),
            _ => None,
        };
        let ways: HashMap<u64, usize> = targets.iter().filter_map(|(at, meant)| Some((*at, slice(meant)?))).collect();
        for (entry, abi) in callers(finder, &|target| ways.contains_key(&target)) {
            let words = program.at(entry).and_then(|i| program.funcs()[i].args).unwrap_or(0) / 8;
            if targets.contains_key(&entry) || abi != Abi::ABIInternal || words != 4 {
                continue;
            }
            let forwards = |call: &super::look::Call| {
                let Some(first) = call.target.and_then(|to| ways.get(&to)) else { return false };
                let arg = |n| argument(program, &call.state, abi, n);
                let own = (0..3).zip(rest).all(|(n, reg)| arg(first + n) == Value::Entry(*reg, 0));
                own && matches!(arg(0), Value::Through(of, _) if of == u32::from(receiver.0))
            };
            if finder.calls(entry).iter().any(forwards) {
                targets.insert(entry, Meant::ProcCall);
            }
        }
    }
}

/// Which of the ways into Windows has an argument area of that size.
fn by_size(finder: &Finder<'_, '_>, entry: u64, abi: Abi) -> Option<Meant> {
    let program = finder.program;
    let index = program.at(entry)?;
    let params = finder.resolved.get(index)?.params.as_ref()?;
    let results = if abi == Abi::ABIInternal { 0 } else { 3 };
    let words = (program.funcs().get(index)?.args? / 8).checked_sub(results)?;
    let slice = params.values.iter().any(|value| value.size == 24);
    match words {
        4 => Some(Meant::SyscallN),
        5 if slice => Some(Meant::SyscallCount),
        5 | 8 | 11 | 14 | 17 | 20 => Some(Meant::Syscall { count: true, args: words as u8 - 2 }),
        _ => None,
    }
}

/// The n-th parameter word of a function, as its own walk has it.
pub(super) fn own_word(program: &Program<'_>, abi: Abi, n: usize) -> Value {
    let register = program.internal.ints.get(n).filter(|_| abi == Abi::ABIInternal).copied();
    register.or_else(|| stack_word(8 * n as u32)).map_or(Value::Unknown, |word| Value::Entry(word, 0))
}

/// Whether the last parameter is `...any`.
fn variadic(types: &Types, resolved: &Resolved) -> Option<Meant> {
    let values = &resolved.params.as_ref()?.values;
    let Kind::Slice(Some(elem)) = &types.get(values.last()?.ty?)?.kind else { return None };
    let any = matches!(&types.get(*elem)?.kind, Kind::Interface { methods } if methods.is_empty());
    let words: u32 = values[..values.len() - 1].iter().map(|value| value.size.div_ceil(8)).sum();
    let integers = values.iter().flat_map(|value| &value.pieces).all(|piece| !piece.kind.is_float());
    u8::try_from(words).ok().filter(|_| any && integers).map(Meant::Variadic)
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
        if finder.calls(entry).iter().any(|c| c.target == Some(asmcgocall) && is(c.state.slot(call_base(program), 8))) {
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
    without_g(finder, targets);
    // stdcall0 has no arguments beside the function.
    for entry in &plain {
        targets.insert(*entry, Meant::Stdcall(0));
    }
    for (entry, abi) in callers(finder, &|target| plain.contains(&target)) {
        let own = own_word(program, abi, 0);
        let calls = finder.calls(entry);
        let forwards = |c: &super::look::Call| {
            let to = c.target.filter(|t| plain.contains(t));
            to.is_some_and(|to| finder.arguments(&c.state, to)[0] == own)
        };
        let args = program.at(entry).and_then(|i| program.funcs()[i].args).unwrap_or(0) / 8;
        if calls.iter().any(forwards) {
            // The function, the arguments, the result; the result has no slot when it is in a register.
            let words = if abi == Abi::ABIInternal { args.saturating_sub(1) } else { args.saturating_sub(2) };
            targets.insert(entry, Meant::Stdcall(u8::try_from(words).unwrap_or(0)));
        }
    }
}

/// `runtime.stdcall_no_g`: makes the record of a call on its own stack and hands it to assembly in front of `asmstdcall`.
fn without_g(finder: &mut Finder<'_, '_>, targets: &mut Targets) {
    let program = finder.program;
    let Some(asmstdcall) = finder.chain.one(Role::Asmstdcall) else { return };
    let asm = program.funcs().iter().zip(finder.resolved).filter(|(_, resolved)| resolved.asm).map(|(f, _)| f.entry);
    let asm: Vec<u64> = asm.collect();
    let mut ways = vec![asmstdcall];
    for entry in asm {
        if finder.calls(entry).iter().any(|call| call.target == Some(asmstdcall)) {
            ways.push(entry);
        }
    }
    for (entry, abi) in callers(finder, &|target| ways.contains(&target)) {
        let own = own_word(program, abi, 0);
        let hands = finder.calls(entry).iter().any(|call| {
            let to = call.target.filter(|to| ways.contains(to));
            let record = to.map_or(Value::Unknown, |to| finder.arguments(&call.state, to)[0]);
            let record = if let Value::Frame(at) = record { call.state.frame(at.into(), 8) } else { Value::Unknown };
            record != Value::Unknown && record == own
        });
        let args = program.at(entry).and_then(|i| program.funcs()[i].args).unwrap_or(0);
        match (hands, args / 8) {
            (true, 4) => drop(targets.insert(entry, Meant::StdcallSlice)),
            (true, 3) => drop(targets.insert(entry, Meant::StdcallPointer)),
            _ => {}
        }
    }
}

/// Compiled functions with a direct call that is `wanted`.
pub(super) fn callers(finder: &Finder<'_, '_>, wanted: &impl Fn(u64) -> bool) -> Vec<(u64, Abi)> {
    let all = finder.program.funcs().iter().zip(finder.resolved).filter(|(_, r)| !r.asm);
    all.filter(|(f, _)| super::calls_any(finder.program, f, wanted)).map(|(f, r)| (f.entry, r.abi)).collect()
}
