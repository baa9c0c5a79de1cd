//! Module packs, from a module in a folder that serves as proxy to the report of a program that was built with it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The module's code, and a program that uses it.
const DEP: &str = "package dep\n\ntype Pair struct {\n\tLeft  string\n\tratio float64\n}\n\n//go:noinline\n\
                   func Mix(weight float32, pair Pair, flags ...uint16) (total float64, left string, err error) {\n\
                   \tfor _, flag := range flags {\n\t\ttotal += float64(flag)\n\t}\n\
                   \treturn total*pair.ratio + float64(weight), pair.Left, nil\n}\n";
const MAIN: &str = "package main\n\nimport \"example.com/dep\"\n\nfunc main() {\n\
                    \ttotal, left, err := dep.Mix(2, dep.Pair{Left: \"x\"}, 1, 2)\n\tprintln(total, left, err)\n}\n";

fn write(path: PathBuf, text: &str) {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
    std::fs::write(path, text).expect("a file");
}

/// A folder as `GOPROXY` has them.
fn proxy(folder: &Path) -> String {
    let version = folder.join("proxy/example.com/dep/@v");
    write(version.join("v1.2.3.mod"), "module example.com/dep\n\ngo 1.21\n");
    write(version.join("v1.2.3.info"), "{\"Version\":\"v1.2.3\"}");
    write(version.join("list"), "v1.2.3\n");
    let zip = version.join("v1.2.3.zip");
    let script = "import sys, zipfile\nwith zipfile.ZipFile(sys.argv[1], 'w') as z:\n  \
                  z.writestr('example.com/dep@v1.2.3/go.mod', sys.argv[2])\n  \
                  z.writestr('example.com/dep@v1.2.3/dep.go', sys.argv[3])\n";
    let mut python = Command::new("python3");
    python.args(["-c", script]).arg(zip).args(["module example.com/dep\n\ngo 1.21\n", DEP]);
    assert!(python.status().expect("Python").success());
    format!("file://{}", folder.join("proxy").display())
}

fn run(command: &mut Command, folder: &Path, proxy: &str) -> Output {
    command.env("GOPROXY", proxy).env("GONOSUMDB", "example.com").env("GOFLAGS", "-modcacherw").env("GOWORK", "off");
    command
        .env("GOTOOLCHAIN", "local")
        .env("GOMODCACHE", folder.join("mod"))
        .env("XDG_CACHE_HOME", folder.join("cache"));
    command.env("GOCACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("go-cache")).env("CGO_ENABLED", "0");
    command.output().expect("the command runs")
}

fn goabi(args: &[&str], folder: &Path, proxy: &str) -> (bool, String) {
    let done = run(Command::new(env!("CARGO_BIN_EXE_goabi")).args(args).current_dir(folder), folder, proxy);
    (done.status.success(), String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned())
}

fn program(folder: &Path, proxy: &str) {
    write(folder.join("app/main.go"), MAIN);
    write(folder.join("app/go.mod"), "module example.org/app\n\ngo 1.21\n\nrequire example.com/dep v1.2.3\n");
    let mut go = Command::new("go");
    go.args(["build", "-mod=mod", "-ldflags=-s -w", "-o", "../program"]).current_dir(folder.join("app"));
    let done = run(&mut go, folder, proxy);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn a_pack_is_fetched_built_and_used() {
    let kept = tempfile::tempdir().expect("a folder");
    let folder = kept.path();
    let proxy = proxy(folder);
    program(folder, &proxy);
    let annotate = ["annotate", "program", "--only", "example.com/dep.Mix"];
    let (_, before) = goabi(&annotate, folder, &proxy);
    assert!(!before.contains("weight"), "{before}");

    let (done, built) = goabi(&["sigs", "build", "program"], folder, &proxy);
    assert!(done && built.contains("module   example.com/dep v1.2.3"), "{built}");
    assert!(built.contains("missing  example.org/app (devel): has no version"), "{built}");
    let pack = built.lines().next().expect("the pack's path");
    let (_, after) = goabi(&[&annotate[..], &["--sigs", pack]].concat(), folder, &proxy);
    assert!(after.contains("exact  module  func"), "{after}");
    let prototype = "func Mix(weight float32, pair Pair, flags []uint16) (total float64, left string, err error)";
    assert!(after.contains(prototype), "{after}");

    // In the cache it is found without the proxy.
    let (_, cached) = goabi(&[&annotate[..], &["--fetch-sigs"]].concat(), folder, "off");
    assert!(cached.contains(prototype), "{cached}");
    let (done, listed) = goabi(&["sigs", "list", pack, "example.com/dep"], folder, &proxy);
    assert!(done && listed == "func Mix\ntype Pair\n", "{listed}");
    assert!(goabi(&["sigs", "list"], folder, &proxy).1.contains("example.com/dep v1.2.3"));
    assert!(goabi(&["sigs", "verify", pack], folder, &proxy).0);

    let mut data = std::fs::read(pack).expect("the pack");
    let middle = data.len() / 2;
    data[middle] ^= 1;
    std::fs::write(folder.join("damaged"), data).expect("a file");
    let (done, said) = goabi(&["sigs", "verify", "damaged"], folder, &proxy);
    assert!(!done && said.contains("damaged: not a signature pack, or a damaged one"), "{said}");
    assert!(!goabi(&[&annotate[..], &["--sigs", "damaged"]].concat(), folder, &proxy).0);
}

#[test]
fn what_cannot_be_fetched_is_said() {
    let kept = tempfile::tempdir().expect("a folder");
    let folder = kept.path();
    let proxy = proxy(folder);
    program(folder, &proxy);
    let (done, report) = goabi(&["annotate", "program", "--fetch-sigs", "--format", "json"], folder, "off");
    let report: serde_json::Value = serde_json::from_str(&report).unwrap_or_default();
    let packs = report["packs"].as_array().cloned().unwrap_or_default();
    let dep = packs.iter().find(|pack| pack["module"] == "example.com/dep").expect("the module");
    // The module is in the module cache since the build, but its sum can no longer be compared with the proxy's.
    let status = dep["status"].as_str().unwrap_or_default();
    assert!(done && (status.starts_with("not fetched") || status == "used"), "{status}");
    let (done, said) = goabi(&["sigs", "build", "example.com/none@v1.0.0"], folder, &proxy);
    assert!(!done && said.contains("missing  example.com/none v1.0.0: not fetched"), "{said}");
    let (done, said) = goabi(&["sigs", "build", "-o", "x", "--system", "linux/amd64", "nothing"], folder, &proxy);
    assert!(!done && said.contains("no such file, and no module@version"), "{said}");
}
