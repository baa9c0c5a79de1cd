//! Go and C in one program: every function on the way is found without names, and nothing where there is no C.

#[path = "support/go.rs"]
mod go;

use go::{Build, plain};
use goabi::report::{Addr, CallSite, Confidence, DatumKind, Report};
use goabi::{Options, analyze};

/// Roles with the name that pclntab has for the one function in them.
const BOTH: &[(&str, &str)] = &[
    ("crosscall2", "crosscall2"),
    ("cgocallbackg", "runtime.cgocallbackg"),
    ("cgocallbackg1", "runtime.cgocallbackg1"),
    ("cgocall", "runtime.cgocall"),
    ("asmcgocall", "runtime.asmcgocall"),
    ("cgocallback", "runtime.cgocallback"),
];

fn with_c(toolchain: &str) -> Vec<u8> {
    let args = &["-ldflags", "-s -w"];
    Build { program: "bridges", target: ("linux", "amd64"), args, cgo: true, toolchain }.bytes()
}

fn nameless(data: &[u8]) -> Report {
    let mut options = Options::default();
    (options.names, options.symbols, options.dwarf) = (false, false, false);
    analyze(data, &options).expect("a report")
}

fn entries(report: &Report, role: &str) -> Vec<Addr> {
    report.annotations.iter().filter(|a| a.role == role).map(|a| a.at).collect()
}

#[test]
fn every_function_between_go_and_c_is_found_without_names() {
    for toolchain in ["go1.15.15", "go1.16.15", "go1.21.13", ""] {
        let data = with_c(toolchain);
        let found = nameless(&data);
        let named = analyze(&data, &Options::default()).expect("a report");
        let entry = |name: &str| named.functions.iter().filter(|f| f.name == name).map(|f| f.entry).collect::<Vec<_>>();
        for (role, name) in BOTH {
            let [at] = entries(&found, role)[..] else { panic!("{toolchain}: {role}: {:?}", entries(&found, role)) };
            assert!(entry(name).contains(&at), "{toolchain}: {role} at {at}");
        }
        let by_prefix = |prefix: &str| -> Vec<Addr> {
            let all =
                named.functions.iter().filter(|f| f.name.rsplit('.').next().is_some_and(|n| n.starts_with(prefix)));
            all.map(|f| f.entry).collect()
        };
        assert_eq!(entries(&found, "cgoexp"), by_prefix("_cgoexp_"), "{toolchain}");
        for name in ["main._Cfunc_mix", "main._Cfunc_fill", "main._Cfunc_free", "main._Cfunc_call_back"] {
            assert!(entries(&found, "Cfunc").contains(&entry(name)[0]), "{toolchain}: {name}");
        }
        assert_eq!(entries(&found, "export").len(), 6, "{toolchain}");
        let exported = entries(&found, "exported");
        assert!(exported.contains(&entry("main.go_scale")[0]), "{toolchain}: {exported:?}");
        let other = |at: &&Addr| !named.functions.iter().any(|f| f.entry == **at && f.name.starts_with("main."));
        assert_eq!(exported.iter().find(other), None, "{toolchain}");
    }
}

#[test]
fn exported_functions_have_the_prototype_that_their_frame_shows() {
    let found = nameless(&with_c(""));
    let exports = entries(&found, "export");
    let of = |at: &Addr| found.functions.iter().find(|f| f.entry == *at).and_then(|f| f.usercall.clone());
    let mut prototypes: Vec<String> = exports.iter().filter_map(of).map(String::from).collect();
    prototypes.sort();
    // GoAdd(int, char *, long long), GoName(char *, int), GoText(GoString, int), go_scale(double, int, int, float),
    // GoForget(void), GoNotify(unsigned short)
    assert_eq!(
        prototypes,
        [
            "__int32 __fastcall f(__int64 p0, __int64 p1, __int32 p2)",
            "__int64 __fastcall f(__int32 p0, __int64 p1, __int64 p2)",
            "__int64 __fastcall f(__int64 p0, __int32 p1)",
            "double __fastcall f(double p0, __int32 p1, __int32 p2, float p3)",
            "void __fastcall f(__int16 p0)",
            "void __fastcall f(void)",
        ]
    );
    let crosscall2 = entries(&found, "crosscall2")[0];
    let f = found.functions.iter().find(|f| f.entry == crosscall2).expect("a function");
    assert_eq!((f.c_abi.as_deref(), f.confidence.params), (Some("sysv"), Confidence::Exact));
}

#[test]
fn imports_that_go_code_calls_through_c_are_named() {
    let found = nameless(&with_c(""));
    let names: Vec<&str> =
        found.annotations.iter().filter(|a| a.role == "C function").map(|a| a.name.as_str()).collect();
    assert!(names.contains(&"free") && names.contains(&"malloc"), "{names:?}");
}

#[test]
fn programs_without_c_have_no_bridges() {
    for goos in ["linux", "darwin", "windows"] {
        let found = nameless(&plain("hello", goos, "amd64").bytes());
        for role in ["crosscall2", "cgoexp", "Cfunc", "export", "exported", "cgo shim", "C function"] {
            assert_eq!(entries(&found, role), [], "{goos}: {role}");
        }
        assert!(goos == "windows" || found.annotations.is_empty(), "{goos}: {:?}", found.annotations);
    }
}

#[test]
fn calls_of_windows_name_the_function_and_its_parameters() {
    for machine in ["amd64", "arm64"] {
        let data = plain("callbacks", "windows", machine).bytes();
        let sites: Vec<_> = nameless(&data).call_sites.into_iter().filter(|site| site.kind == "stdcall").collect();
        let is_timer = |s: &&CallSite| s.api.as_ref().is_some_and(|api| api.name.starts_with("CreateWaitableTimer"));
        let timer = sites.iter().find(is_timer).expect("a call of it");
        let api = timer.api.as_ref().expect("a function");
        assert_eq!((api.dll.as_str(), api.name.as_str()), ("kernel32", "CreateWaitableTimerExW"), "{machine}");
        // SYNCHRONIZE, TIMER_QUERY_STATE and TIMER_MODIFY_STATE (`runtime/os_windows.go`).
        let values = ["lpTimerAttributes=0", "lpTimerName=0", "dwFlags=2", "dwDesiredAccess=0x100003"];
        assert_eq!(timer.values, values, "{machine}");
        let image = goabi::image::Image::parse(&data).expect("an image");
        let imports: Vec<String> = image.imports.iter().map(|i| i.name.to_string()).collect();
        let imported = sites.iter().filter(|s| s.api.as_ref().is_some_and(|api| imports.contains(&api.name))).count();
        assert!(imported > 40, "{machine}: {imported} of {}", sites.len());
    }
}

#[test]
fn calls_of_libsystem_name_the_function() {
    for machine in ["amd64", "arm64"] {
        let report = analyze(&plain("hello", "darwin", machine).bytes(), &Options::default()).expect("a report");
        let entry = |name: &str| report.functions.iter().find(|f| f.name == name).map(|f| f.entry);
        let called = |within: &str| -> Vec<&str> {
            let sites = report.call_sites.iter().filter(|s| s.kind == "libc" && Some(s.within) == entry(within));
            sites.filter_map(|s| s.api.as_ref()).map(|api| &*api.name).collect()
        };
        for (within, name) in
            [("runtime.mmap", "mmap"), ("runtime.write1", "write"), ("runtime.walltime", "clock_gettime")]
        {
            assert_eq!(called(within), [name], "{machine} {within}");
        }
        assert_eq!(called("syscall.syscall"), [""; 0], "{machine}: calls what it is given");
    }
}

#[test]
fn functions_that_windows_calls_back_are_known_where_they_are_registered() {
    for machine in ["amd64", "arm64"] {
        let data = plain("callbacks", "windows", machine).bytes();
        let named = analyze(&data, &Options::default()).expect("a report");
        let entry = |name: &str| named.functions.iter().find(|f| f.name == name).map(|f| f.entry);
        let expected = [
            ("main.onWindow", "func(uintptr, uintptr) uintptr"),
            ("main.main.func1", "func(uint32) uintptr"),
            ("main.onWindow", "func(uintptr, uintptr) uintptr"),
            ("main.main.func2", "func(uintptr) uintptr"),
        ];
        let mut expected: Vec<_> = expected.map(|(name, ty)| (entry(name), ty)).into();
        expected.sort_unstable();
        for found in [&named, &nameless(&data)] {
            let sites = found
                .call_sites
                .iter()
                .filter(|site| site.kind == "callback" && Some(site.within) == entry("main.main"));
            let mut sites: Vec<_> = sites.map(|site| (site.targets.first().copied(), &*site.values[0])).collect();
            sites.sort_unstable();
            assert_eq!(sites, expected, "{machine}");
            // From the table of entries to each of the functions.
            let one = |role: &str| {
                found.annotations.iter().find(|a| a.role == role).unwrap_or_else(|| panic!("{machine}: no {role}"))
            };
            assert_eq!(Some(one("callbackasm").at), entry("runtime.callbackasm"), "{machine}");
            assert_eq!(Some(one("callbackasm1").at), entry("runtime.callbackasm1"), "{machine}");
            assert_eq!(one("callbackasm").next, [one("callbackasm1").at], "{machine}");
            let called = entries(found, "callback");
            for (target, _) in &expected {
                assert!(called.contains(&target.expect("a function")), "{machine}: {called:?}");
            }
            assert!(called.iter().all(|at| one("callbackWrap").next.contains(at)), "{machine}");
        }
    }
}

#[test]
fn calls_of_the_vdso_name_the_function_and_the_clock() {
    for (toolchain, machine) in [("go1.18.10", "amd64"), ("", "amd64"), ("", "arm64")] {
        let args = &["-ldflags", "-s -w"];
        let data = Build { program: "sites", target: ("linux", machine), args, cgo: false, toolchain }.bytes();
        let named = analyze(&data, &Options::default()).expect("a report");
        let entry = named.functions.iter().find(|f| f.name == "runtime.nanotime1").map(|f| f.entry);
        let found = nameless(&data);
        let calls = found.call_sites.iter().filter(|site| site.kind == "vdso" && Some(site.within) == entry);
        let calls: Vec<_> = calls.filter_map(|site| Some((&*site.api.as_ref()?.name, &*site.values[0]))).collect();
        let name = if machine == "arm64" { "__kernel_clock_gettime" } else { "__vdso_clock_gettime" };
        // CLOCK_MONOTONIC
        assert!(
            !calls.is_empty() && calls.iter().all(|call| *call == (name, "clockid=1")),
            "{toolchain} {machine}: {calls:?}"
        );
    }
}

#[test]
fn interface_calls_name_interface_and_method() {
    let data = plain("server", "linux", "amd64").bytes();
    let report = analyze(&data, &Options::default()).expect("a report");
    let entry = report.functions.iter().find(|f| f.name == "fmt.Fprintf").map(|f| f.entry);
    let calls: Vec<_> = report.call_sites.iter().filter(|s| Some(s.within) == entry).collect();
    let named = calls.iter().filter_map(|s| s.interface.as_ref()).any(|i| i.ty == "io.Writer" && i.method == "Write");
    assert!(named, "{calls:?}");
}

/// Functions of `tests/programs/sites`, and the method that each calls.
const WAYS: &[(&str, &str)] = &[
    ("main.viaParam", "quiet"),
    ("main.viaResult", "loud"),
    ("main.viaGlobal", "quiet"),
    ("main.viaClosure.func1", "loud"),
    ("main.viaStackClosure.func1", "quiet"),
    ("main.viaElement", "quiet"),
    ("main.viaMap", "loud"),
    ("main.viaAssertion", "loud"),
    ("main.viaSwitch", "quiet"),
    ("main.viaCallback.func1", "loud"),
    ("main.(*handler).viaRegistry", "quiet"),
    ("main.(*pair).viaField", "loud"),
    ("main.viaReturned", "quiet"),
    ("main.viaGoroutine.func1", "loud"),
    ("main.deferred.func1", "quiet"),
];

#[test]
fn calls_through_interfaces_are_named_and_never_have_another_name() {
    for (toolchain, machine) in [("go1.18.10", "amd64"), ("go1.21.13", "amd64"), ("", "amd64"), ("", "arm64")] {
        let args = &["-ldflags", "-s -w"];
        let data = Build { program: "sites", target: ("linux", machine), args, cgo: false, toolchain }.bytes();
        let named = analyze(&data, &Options::default()).expect("a report");
        let found = nameless(&data);
        for (function, method) in WAYS {
            let entry = named.functions.iter().find(|f| f.name == *function).map(|f| f.entry);
            let calls = found.call_sites.iter().filter(|site| Some(site.within) == entry);
            let calls: Vec<_> =
                calls.filter_map(|site| site.interface.as_ref()).map(|i| (&*i.ty, &*i.method)).collect();
            assert!(calls.contains(&("main.speaker", method)), "{toolchain} {machine} {function}: {calls:?}");
            let others = |(ty, _): &(&str, &str)| !["", "main.speaker", "fmt.Stringer"].contains(ty);
            assert!(!calls.iter().any(others), "{toolchain} {machine} {function}: {calls:?}");
        }
    }
}

#[test]
fn goroutines_deferred_calls_and_panics_name_what_runs() {
    let data = plain("sites", "linux", "amd64").bytes();
    let report = analyze(&data, &Options::default()).expect("a report");
    let entry = |name: &str| report.functions.iter().find(|f| f.name == name).map(|f| f.entry);
    let site = |within: &str, kind: &str| {
        let mut all = report.call_sites.iter().filter(|s| Some(s.within) == entry(within) && s.kind == kind);
        all.next().unwrap_or_else(|| panic!("no {kind} in {within}"))
    };
    assert_eq!(site("main.viaGoroutine", "go").targets, Vec::from_iter(entry("main.viaGoroutine.func1")));
    assert_eq!(site("main.deferred", "defer").targets, Vec::from_iter(entry("main.deferred.func1")));
    assert_eq!(site("main.deferred", "panic").values, ["\"too many\""]);
    assert_eq!(site("main.deferred.func1", "variadic").values, ["\"%s of %d\\n\"", "string", "int"]);
}

/// String literals of `tests/programs/sites`, each in one place of its code.
const LITERALS: &[&str] = &["too many", "%s of %d\n"];

#[test]
fn data_has_types_itabs_whole_literals_and_stack_growth() {
    for (toolchain, machine) in [("go1.18.10", "amd64"), ("", "amd64"), ("", "arm64")] {
        let args = &["-ldflags", "-s -w"];
        let data = Build { program: "sites", target: ("linux", machine), args, cgo: false, toolchain }.bytes();
        let mut options = Options::default();
        options.data = true;
        let report = analyze(&data, &options).expect("a report");
        let of = |kind: DatumKind| report.data.iter().filter(move |datum| datum.kind == kind);
        let what = format!("{toolchain} {machine}");
        assert!(of(DatumKind::Type).any(|datum| datum.text == "*os.File"), "{what}");
        assert!(of(DatumKind::Itab).any(|datum| datum.text == "*os.File,io.Writer" && datum.size == 32), "{what}");
        assert_eq!(of(DatumKind::Moduledata).count(), 1, "{what}");
        let growing = report.functions.iter().filter(|f| f.frame.grows == Some(true)).count();
        assert_eq!(of(DatumKind::StackGrowth).count(), growing, "{what}");
        let image = goabi::image::Image::parse(&data).expect("an image");
        for datum in of(DatumKind::StackGrowth) {
            let within = report.functions.iter().find(|f| f.entry < datum.at && Some(datum.at) < f.end);
            assert!(
                within.is_some_and(|f| f.end.is_some_and(|end| datum.at.0 + datum.size <= end.0)),
                "{what}: {datum:?}"
            );
        }
        // In the file each literal lies between others; its bounds are only in the code.
        for literal in LITERALS {
            let found: Vec<_> = of(DatumKind::String).filter(|datum| datum.text == *literal).collect();
            let [datum] = found[..] else { panic!("{what}: {literal:?}: {found:?}") };
            assert_eq!(image.bytes(datum.at.0, datum.size as usize), Some(literal.as_bytes()), "{what}");
        }
        let strings: Vec<_> = of(DatumKind::String).map(|datum| (datum.at.0, datum.at.0 + datum.size)).collect();
        assert!(strings.len() > 300, "{what}: {}", strings.len());
        assert!(strings.is_sorted_by(|a, b| a.1 <= b.0), "{what}: they overlap");
        // The linker lays them side by side: most end where the next one starts, unless their lengths are wrong.
        let touching = strings.windows(2).filter(|pair| pair[0].1 == pair[1].0).count();
        assert!(2 * touching > strings.len(), "{what}: {touching} of {}", strings.len());
    }
}
