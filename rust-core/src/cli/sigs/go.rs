//! The Go command: fetches modules and runs the program that reads their sources. No code of theirs is run.

use super::super::exit::{Failure, reason};
use super::wanted::Wanted;
use std::collections::HashMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// `scripts/signatures`, which goabi carries.
const GENERATOR: [(&str, &str); 7] = [
    ("go.mod", include_str!("../../../../scripts/signatures/go.mod")),
    ("main.go", include_str!("../../../../scripts/signatures/main.go")),
    ("load.go", include_str!("../../../../scripts/signatures/load.go")),
    ("collect.go", include_str!("../../../../scripts/signatures/collect.go")),
    ("literals.go", include_str!("../../../../scripts/signatures/literals.go")),
    ("nodes.go", include_str!("../../../../scripts/signatures/nodes.go")),
    ("pack.go", include_str!("../../../../scripts/signatures/pack.go")),
];
/// Modules named in one command line.
const AT_ONCE: usize = 100;
/// Modules that are named when none can be fetched.
const NAMED: usize = 5;

/// A folder that goes away.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Scratch, Failure> {
        let unique = format!("goabi-{}-{:?}", std::process::id(), std::time::SystemTime::now());
        let folder = std::env::temp_dir().join(unique.replace(|c: char| !c.is_ascii_alphanumeric() && c != '-', ""));
        std::fs::create_dir_all(&folder).map_err(|e| Failure::new(folder.display(), reason(&e)))?;
        Ok(Scratch(folder))
    }

    fn write(&self, name: &str, text: &str) -> Result<PathBuf, Failure> {
        let path = self.0.join(name);
        let written = std::fs::File::create(&path).and_then(|mut file| file.write_all(text.as_bytes()));
        written.map_err(|e| Failure::new(path.display(), reason(&e)))?;
        Ok(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs the Go command in `folder`.
fn go(folder: &Path, args: &[&str], wanted: &Wanted) -> Result<Output, Failure> {
    let mut command = Command::new("go");
    command.args(args).current_dir(folder).stdin(Stdio::null());
    command.env("GOFLAGS", "").env("GOWORK", "off").env("GO111MODULE", "on").env_remove("GOOS").env_remove("GOARCH");
    // A sample chooses the modules: nothing is fetched from where it says, only from the user's proxies.
    command.env("GOVCS", "*:off");
    if let Some(proxies) = proxies() {
        command.env("GOPROXY", proxies);
    }
    command.output().map_err(|error| {
        let modules: Vec<_> = wanted.modules.iter().map(|m| format!("{}@{}", m.fetched, m.version)).collect();
        let some = modules.get(..NAMED.min(modules.len())).unwrap_or_default().join(" ");
        let need = format!("needs the Go command on PATH, to fetch {} modules: {some} …", modules.len());
        Failure::new("sigs", format!("{need} ({})", reason(&error)))
    })
}

/// The user's module proxies, without the sources themselves.
fn proxies() -> Option<String> {
    let set = Command::new("go").args(["env", "GOPROXY"]).output().ok()?;
    let set = String::from_utf8(set.stdout).ok()?;
    let kept: Vec<&str> =
        set.trim().split([',', '|']).filter(|proxy| !proxy.is_empty() && *proxy != "direct").collect();
    Some(if kept.is_empty() { "off".to_string() } else { kept.join(",") })
}

/// The folders of all modules that could be had, by path. The others become missing ones.
pub(super) fn download(wanted: &mut Wanted) -> Result<HashMap<String, String>, Failure> {
    let scratch = Scratch::new()?;
    let mut folders = HashMap::new();
    let modules = wanted.modules.clone();
    for chunk in modules.chunks(AT_ONCE) {
        let names: Vec<String> = chunk.iter().map(|m| format!("{}@{}", m.fetched, m.version)).collect();
        let mut args = vec!["mod", "download", "-json"];
        args.extend(names.iter().map(String::as_str));
        let out = go(&scratch.0, &args, wanted)?;
        let answers = serde_json::Deserializer::from_slice(&out.stdout).into_iter::<serde_json::Value>().flatten();
        let answers: Vec<_> = answers.collect();
        for module in chunk {
            let text = |answer: &serde_json::Value, key: &str| answer[key].as_str().unwrap_or_default().to_string();
            let mine = |a: &&serde_json::Value| {
                a["Path"] == module.fetched.as_str() && a["Version"] == module.version.as_str()
            };
            match answers.iter().find(mine) {
                Some(a) if !module.sum.is_empty() && !text(a, "Sum").is_empty() && text(a, "Sum") != module.sum => {
                    wanted.miss(&module.path, &module.version, "differs from what was built (checksum)");
                }
                Some(a) if !text(a, "Dir").is_empty() => drop(folders.insert(module.path.clone(), text(a, "Dir"))),
                Some(a) => wanted.miss(&module.path, &module.version, &format!("not fetched: {}", text(a, "Error"))),
                None => {
                    let why = String::from_utf8_lossy(&out.stderr);
                    let why = why.lines().last().unwrap_or("no answer").to_string();
                    wanted.miss(&module.path, &module.version, &format!("not fetched: {why}"));
                }
            }
        }
    }
    Ok(folders)
}

/// The pack's contents.
pub(super) fn generate(wanted: &Wanted, folders: &HashMap<String, String>) -> Result<Vec<u8>, Failure> {
    let scratch = Scratch::new()?;
    for (name, text) in GENERATOR {
        scratch.write(name, text)?;
    }
    let line = |m: &super::wanted::Source| Some(format!("{}\t{}\t{}\n", m.path, m.version, folders.get(&m.path)?));
    let modules: String = wanted.modules.iter().filter_map(line).collect();
    let modules = scratch.write("modules.txt", &modules)?.display().to_string();
    let packages: Vec<&str> = wanted.packages.iter().map(String::as_str).collect();
    let packages = scratch.write("packages.txt", &packages.join("\n"))?.display().to_string();
    let out = scratch.0.join("pack").display().to_string();
    let mut args =
        vec!["run", ".", "-o", &out, "-modules", &modules, "-systems", &wanted.system, "-tags", &wanted.tags];
    args.extend(["-main", &wanted.main]);
    if wanted.release.starts_with("go1.") {
        args.extend(["-release", &wanted.release]);
    }
    if !wanted.packages.is_empty() || !wanted.main.is_empty() {
        args.extend(["-packages", &packages]);
    }
    if wanted.cgo {
        args.push("-cgo");
    }
    let done = go(&scratch.0, &args, wanted)?;
    if !done.status.success() {
        let why = String::from_utf8_lossy(&done.stderr);
        return Err(Failure::new("sigs", why.lines().last().unwrap_or("the Go command failed")));
    }
    std::fs::read(scratch.0.join("pack")).map_err(|e| Failure::new("sigs", reason(&e)))
}
