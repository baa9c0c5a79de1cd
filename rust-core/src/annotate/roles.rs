//! What each function on the way between Go and C is: words and prototypes. A table.
//!
//! Sources: `runtime/cgocall.go`, `runtime/asm_amd64.s`, `runtime/cgo/asm_amd64.s`, `cmd/cgo/out.go`.

/// A function that has a part in crossing between Go and C.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Role {
    /// The C function that C code calls to reach an exported Go function.
    CExport,
    Crosscall2,
    Cgocallback,
    CgocallbackGofunc,
    CgocallbackgWrapper,
    Cgocallbackg,
    Cgocallbackg1,
    /// `_cgoexp_…`: unpacks the frame.
    CgoExp,
    /// `_cgoexpwrap_…`, up to Go 1.15.
    CgoExpWrap,
    /// The Go function that was exported.
    Exported,
    /// `_Cfunc_…`: packs the frame.
    CFunc,
    Cgocall,
    Asmcgocall,
    AsmcgocallWrapper,
    Landingpad,
    /// `_cgo_…_Cfunc_…`: the C function that unpacks the frame.
    CgoShim,
    /// What it calls.
    CTarget,
    /// The table of entries of all callbacks.
    Callbackasm,
    Callbackasm1,
    CallbackWrap,
    /// A Go function that Windows calls.
    Callback,
    Asmstdcall,
}

/// What a parameter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    Pointer,
    Uintptr,
    Int32,
}

/// The convention that a row's prototype is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passing {
    /// What the function's own code has.
    Own,
    /// The platform's C convention.
    C,
}

/// Parameters with names, and the result.
pub(super) type Prototype = (&'static [(&'static str, Word)], Option<Word>);

/// What is said of a role.
pub(super) struct Row {
    pub(super) role: Role,
    /// The report's word.
    pub(super) name: &'static str,
    /// Name of the function where its own is gone.
    pub(super) function: &'static str,
    pub(super) comment: &'static str,
    /// Which stack its code runs on.
    pub(super) stack: &'static str,
    pub(super) passing: Passing,
    pub(super) prototype: Option<Prototype>,
}

const C_STACK: &str = "C stack of the thread";
const G0: &str = "g0 (system stack)";
const G: &str = "goroutine stack";

pub(super) const FN_FRAME_CTXT: Prototype =
    (&[("fn", Word::Pointer), ("frame", Word::Pointer), ("ctxt", Word::Uintptr)], None);
/// Go 1.7 to 1.15.
pub(super) const FN_FRAME_SIZE_CTXT: Prototype =
    (&[("fn", Word::Pointer), ("frame", Word::Pointer), ("framesize", Word::Uintptr), ("ctxt", Word::Uintptr)], None);
/// Go 1.7 to 1.15.
pub(super) const CTXT: Prototype = (&[("ctxt", Word::Uintptr)], None);
/// `_cgoexp_…` up to Go 1.15.
pub(super) const OLD_CGOEXP: Prototype =
    (&[("frame", Word::Pointer), ("n", Word::Int32), ("ctxt", Word::Uintptr)], None);
const FN_ARG: Prototype = (&[("fn", Word::Pointer), ("arg", Word::Pointer)], Some(Word::Int32));
const CROSSCALL2: Prototype =
    (&[("fn", Word::Pointer), ("frame", Word::Pointer), ("n", Word::Int32), ("ctxt", Word::Uintptr)], None);

const fn row(
    role: Role,
    name: &'static str,
    function: &'static str,
    comment: &'static str,
    stack: &'static str,
) -> Row {
    Row { role, name, function, comment, stack, passing: Passing::Own, prototype: None }
}

const fn go(row: Row, prototype: Prototype) -> Row {
    Row { prototype: Some(prototype), ..row }
}

const fn c(row: Row, prototype: Prototype) -> Row {
    Row { prototype: Some(prototype), passing: Passing::C, ..row }
}

#[rustfmt::skip]
const ROWS: &[Row] = &[
    row(Role::CExport, "export", "", "C entry of an exported Go function: packs the arguments into a frame and calls crosscall2", C_STACK),
    c(row(Role::Crosscall2, "crosscall2", "crosscall2", "C to Go: saves C's registers, then enters the runtime with (fn, frame, ctxt)", C_STACK), CROSSCALL2),
    go(row(Role::Cgocallback, "cgocallback", "runtime.cgocallback", "C to Go: finds or makes g and m, switches from g0 to m.curg's stack", "g0, then goroutine stack"), FN_FRAME_CTXT),
    row(Role::CgocallbackGofunc, "cgocallback_gofunc", "runtime.cgocallback_gofunc", "C to Go: finds or makes g and m, switches from g0 to m.curg's stack", "g0, then goroutine stack"),
    row(Role::CgocallbackgWrapper, "cgocallbackg wrapper", "runtime.cgocallbackg", "C to Go: ABI0 entry of cgocallbackg", G),
    row(Role::Cgocallbackg, "cgocallbackg", "runtime.cgocallbackg", "C to Go: leaves the system call state, calls cgocallbackg1, enters it again", G),
    row(Role::Cgocallbackg1, "cgocallbackg1", "runtime.cgocallbackg1", "C to Go: calls fn(frame), with defers that unwind m if it panics", G),
    row(Role::CgoExp, "cgoexp", "", "C to Go: takes the arguments from the frame, calls the exported function, puts its results there", G),
    row(Role::CgoExpWrap, "cgoexpwrap", "", "C to Go: calls the exported function with the frame as its arguments", G),
    row(Role::Exported, "exported", "", "Go function that C code may call", G),
    row(Role::CFunc, "Cfunc", "", "Go to C: its arguments are the frame that the C function gets", G),
    go(row(Role::Cgocall, "cgocall", "runtime.cgocall", "Go to C: enters the system call state and calls fn(arg) through asmcgocall", G), FN_ARG),
    go(row(Role::Asmcgocall, "asmcgocall", "runtime.asmcgocall", "Go to C: switches to g0's stack (unless on it already) and calls fn(arg) by the C convention", "goroutine stack, then g0"), FN_ARG),
    go(row(Role::AsmcgocallWrapper, "asmcgocall wrapper", "runtime.asmcgocall", "Go to C: register entry of asmcgocall", G), FN_ARG),
    row(Role::Landingpad, "asmcgocall_landingpad", "runtime.asmcgocall_landingpad", "Go to C: fn in RAX, arg in RBX, calls fn by the C convention", G0),
    row(Role::CgoShim, "cgo shim", "", "Go to C: takes the arguments from the frame, calls the C function, puts its result there", G0),
    row(Role::CTarget, "C function", "", "C function that Go code calls", G0),
    row(Role::Callbackasm, "callbackasm", "runtime.callbackasm", "Windows to Go: an entry for each callback, all of which go to callbackasm1; syscall.NewCallback hands them out in the order of its calls", C_STACK),
    row(Role::Callbackasm1, "callbackasm1", "runtime.callbackasm1", "Windows to Go: entry of all callbacks; the return address tells which", C_STACK),
    row(Role::CallbackWrap, "callbackWrap", "runtime.callbackWrap", "Windows to Go: copies the arguments and calls the Go function of the callback", G),
    row(Role::Callback, "callback", "", "Windows to Go: the Go function of a callback", G),
    row(Role::Asmstdcall, "asmstdcall", "runtime.asmstdcall", "Go to Windows: calls libcall.fn with libcall.n arguments from libcall.args", G0),
];

impl Role {
    /// The role's row.
    pub(super) fn row(self) -> &'static Row {
        // Every role has a row: a test looks.
        ROWS.iter().find(|row| row.role == self).unwrap_or(&ROWS[0])
    }
}
