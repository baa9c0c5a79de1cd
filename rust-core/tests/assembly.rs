//! What `goabi layout --asm` and `--call` print, against Go: `go vet` checks every name and offset, the assembler takes
//! every instruction, and calls of random func values bring every value over and back.
//!
//! `GOABI_TEST_SEED` and `GOABI_TEST_SIGNATURES` choose the signatures.

#![allow(clippy::panic, clippy::print_stdout)] // clippy does not see that all of this is a test

#[path = "compiler/generate.rs"]
#[allow(dead_code)] // the other test that uses it needs the rest
mod generate;

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use generate::Random;
use goabi::abi::registers::Convention;
use goabi::arch::{Arch, Os};
use goabi::emit::assembly;

/// What checks need, and what declarations may.
const IMPORTS: &str = r#"
import (
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"unsafe"
)

var _ unsafe.Pointer
var _ = fmt.Sprint(errors.New, strings.Repeat, runtime.GC, reflect.TypeOf)
"#;

/// A package of assembly routines and their Go declarations.
#[derive(Default)]
struct Package {
    go: String,
    assembly: String,
    /// Signatures of the routines.
    routines: Vec<String>,
}

impl Package {
    /// Adds what was printed for `text`; routines come once each, and so do their includes.
    fn add(&mut self, text: &str, printed: &str) {
        if let Some((types, _)) = text.rsplit_once("; func ") {
            let _ = writeln!(self.go, "{types}");
        }
        let declaration = printed.lines().find_map(|line| line.strip_prefix("// func ")).expect("a declaration");
        let _ = writeln!(self.go, "func {declaration}");
        self.routines.push(declaration.to_string());
        let code = printed.lines().filter(|line| !line.starts_with("#include"));
        code.for_each(|line| self.assembly.extend([line, "\n"]));
    }

    fn write(&self, folder: &Path, name: &str, arch: Arch) {
        let arch = arch.info().name;
        let file = |name: &str, text: String| std::fs::write(folder.join(name), text).expect("a writable folder");
        file("go.mod", "module p\n\ngo 1.16\n".to_string());
        file("p.go", format!("package {name}\n\n{IMPORTS}\n{}", self.go));
        file(&format!("p_{arch}.s"), format!("#include \"textflag.h\"\n#include \"funcdata.h\"\n\n{}", self.assembly));
    }
}

/// Runs Go and returns what it said, `Err` if it failed; `None` when that toolchain can't be had.
fn go(folder: &Path, args: &[&str], toolchain: &str, os: Os, arch: Arch) -> Option<Result<String, String>> {
    let run = Command::new("go")
        .args(args)
        .current_dir(folder)
        .envs([("GOTOOLCHAIN", toolchain), ("GOFLAGS", "-trimpath"), ("GOOS", os.name()), ("GOWORK", "off")])
        .envs([("GOARCH", arch.info().name), ("CGO_ENABLED", "0"), ("GOENV", "off")])
        .output();
    let output = match run {
        Ok(output) => output,
        Err(error) => return skip(&format!("go does not run: {error}")),
    };
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() && errors.contains("toolchain") {
        return skip(&format!("{toolchain}: {errors}"));
    }
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    Some(if output.status.success() { Ok(said) } else { Err(said + &errors) })
}

/// Says why nothing was tested; where tests gate a change, that is a failure.
fn skip<T>(reason: &str) -> Option<T> {
    assert!(std::env::var_os("CI").is_none(), "Go is needed here: {reason}");
    println!("skipped: {reason}");
    None
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn signatures(arch: Arch, count: usize) -> Vec<String> {
    let mut random = Random::new(setting("GOABI_TEST_SEED", 4) ^ (arch as u64) << 16);
    (0..count).map(|i| generate::function(&mut random, i).text).collect()
}

fn vet(arch: Arch, count: usize) {
    let convention = Convention::abi0(arch);
    let mut package = Package::default();
    for text in signatures(arch, count) {
        let printed = assembly::skeleton(&text, &convention).unwrap_or_else(|error| panic!("{text}: {error}"));
        package.add(&text, &printed);
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    package.write(folder.path(), "p", arch);
    for args in [&["vet", "-asmdecl", "."][..], &["build", "."]] {
        let Some(said) = go(folder.path(), args, "local", Os::Linux, arch) else { return };
        said.unwrap_or_else(|errors| panic!("{arch:?} {args:?}:\n{errors}"));
    }
    // It does look: one offset that is off by a word is found.
    let wrong = package
        .assembly
        .lines()
        .find(|line| line.starts_with('\t') && line.contains("+8(FP)"))
        .expect("a second word")
        .to_string();
    package.assembly = package.assembly.replacen(&wrong, &wrong.replace("+8(FP)", "+16(FP)"), 1);
    package.write(folder.path(), "p", arch);
    let said = go(folder.path(), &["vet", "-asmdecl", "."], "local", Os::Linux, arch);
    assert!(said.is_none_or(|said| said.is_err_and(|errors| errors.contains("+8(FP)"))), "{wrong}");
}

#[test]
fn vet_accepts_skeletons_on_amd64() {
    vet(Arch::Amd64, setting("GOABI_TEST_SIGNATURES", 500) as usize);
}

#[test]
fn vet_accepts_skeletons_on_386() {
    vet(Arch::I386, setting("GOABI_TEST_SIGNATURES", 500) as usize);
}

#[test]
fn vet_accepts_skeletons_on_arm64() {
    vet(Arch::Arm64, setting("GOABI_TEST_SIGNATURES", 500) as usize);
}

#[test]
fn vet_accepts_skeletons_on_other_machines() {
    for arch in [Arch::Arm, Arch::Ppc64le, Arch::Riscv64, Arch::Loong64, Arch::S390x, Arch::Mips, Arch::Mips64le] {
        vet(arch, 30);
    }
}

/// Compares what a callee gets and what its caller gets back with what they were given.
const CHECKS: &str = r#"
func fill(v reflect.Value, seed *uint64) {
	*seed = *seed*6364136223846793005 + 1442695040888963407
	n := *seed >> 20
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(n&1 != 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(int64(n))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		v.SetUint(n)
	case reflect.Float32, reflect.Float64:
		v.SetFloat(float64(n&0xffff) / 8)
	case reflect.Complex64, reflect.Complex128:
		v.SetComplex(complex(float64(n&0xffff), float64(n>>16&0xfff)))
	case reflect.String:
		v.SetString(strings.Repeat("x", int(n&15)))
	case reflect.Slice:
		s := reflect.MakeSlice(v.Type(), int(n&3), 5)
		for i := 0; i < s.Len(); i++ {
			fill(s.Index(i), seed)
		}
		v.Set(s)
	case reflect.Ptr:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), seed)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
	case reflect.Array:
		for i := 0; i < v.Len(); i++ {
			fill(v.Index(i), seed)
		}
	case reflect.Struct:
		for i := 0; i < v.NumField(); i++ {
			if v.Type().Field(i).Name != "_" {
				f := v.Field(i)
				fill(reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem(), seed)
			}
		}
	case reflect.Interface:
		if v.NumMethod() == 0 {
			v.Set(reflect.ValueOf(n))
		} else {
			v.Set(reflect.ValueOf(errors.New("e")))
		}
	}
}

// check calls call(callee, values...) and compares. Random bytes lie behind each value's registers before.
func check(name string, call interface{}) {
	seed := uint64(len(name))
	fn := reflect.ValueOf(call)
	callee := fn.Type().In(0)
	var in, out, got []reflect.Value
	random := func(t reflect.Type) reflect.Value {
		v := reflect.New(t).Elem()
		fill(v, &seed)
		return v
	}
	for i := 0; i < callee.NumIn(); i++ {
		in = append(in, random(callee.In(i)))
	}
	for i := 0; i < callee.NumOut(); i++ {
		out = append(out, random(callee.Out(i)))
	}
	target := reflect.MakeFunc(callee, func(args []reflect.Value) []reflect.Value {
		got = args
		runtime.GC()
		return out
	})
	back := fn.Call(append([]reflect.Value{target}, in...))
	same := func(what string, a, b []reflect.Value) {
		for i := range a {
			if x, y := a[i].Interface(), b[i].Interface(); !reflect.DeepEqual(x, y) {
				fmt.Printf("%s: %s %d: %#v became %#v\n", name, what, i, x, y)
			}
		}
		calls += len(a)
	}
	same("parameter", in, got)
	same("result", out, back)
}

var calls int
"#;

/// Calls random func values through the printed routines; `runs` where this machine can run the program.
fn calls(toolchain: &str, minor: u32, arch: Arch, runs: bool) {
    let convention = Convention::abi_internal(arch, Os::Linux, minor);
    let mut package = Package::default();
    let mut main = String::from("func main() {\n");
    for text in signatures(arch, 60) {
        let printed = assembly::call(&text, &convention).unwrap_or_else(|error| panic!("{text}: {error}"));
        // Values of very many scalars are left to a loop that the printed routine does not write.
        // Go's own wrapper of a routine in assembly can't grow the stack, so what it passes on must not be large.
        if !printed.contains("// copy ") && argument_bytes(&printed) < 256 {
            package.add(&text, &printed);
            let name = package.routines.last().and_then(|r| r.split('(').next()).expect("a name").to_string();
            let _ = writeln!(main, "\tcheck({name:?}, {name})");
        }
    }
    assert!(package.routines.len() > 25, "{}", package.routines.len());
    package.go = package.go.clone() + CHECKS + &main + "\tfmt.Println(calls, \"values\")\n}\n";
    let folder = tempfile::tempdir().expect("a temporary folder");
    package.write(folder.path(), "main", arch);
    let args: &[&str] = if runs { &["run", "."] } else { &["build", "-o", "program", "."] };
    let Some(said) = go(folder.path(), args, toolchain, Os::Linux, arch) else { return };
    let said = said.unwrap_or_else(|errors| panic!("{toolchain} {arch:?}:\n{errors}"));
    if runs {
        let count: usize = said.split(' ').next().and_then(|n| n.trim().parse().ok()).unwrap_or(0);
        assert!(count > 100 && said.trim_end().ends_with("values") && said.lines().count() == 1, "{said}");
    }
}

/// The number behind the dash of the TEXT line.
fn argument_bytes(printed: &str) -> u32 {
    let line = printed.lines().find(|line| line.starts_with("TEXT ")).expect("a TEXT line");
    line.rsplit('-').next().and_then(|n| n.parse().ok()).expect("a size")
}

/// Whether programs for `arch` run here.
fn native(arch: Arch) -> bool {
    let here = std::env::consts::ARCH;
    cfg!(target_os = "linux") && (here == "x86_64" && matches!(arch, Arch::Amd64 | Arch::I386))
        || (here == "aarch64" && arch == Arch::Arm64)
}

#[test]
fn func_values_are_called_with_registers() {
    calls("local", u32::MAX, Arch::Amd64, native(Arch::Amd64));
    calls("local", u32::MAX, Arch::Arm64, native(Arch::Arm64));
    for arch in [Arch::Riscv64, Arch::Ppc64le, Arch::Loong64, Arch::S390x] {
        calls("local", u32::MAX, arch, false);
    }
}

#[test]
fn func_values_are_called_on_the_stack() {
    calls("go1.16.15", 16, Arch::Amd64, native(Arch::Amd64));
    calls("local", u32::MAX, Arch::I386, native(Arch::I386));
    calls("local", u32::MAX, Arch::Arm, false);
    calls("local", u32::MAX, Arch::Mips, false);
    calls("local", u32::MAX, Arch::Mips64le, false);
}
