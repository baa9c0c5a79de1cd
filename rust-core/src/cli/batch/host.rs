//! IDA and Ghidra without a window: where they are, how they are called, and what they leave.

use super::process::{self, End};
use super::settings::Settings;
use super::store::Store;
use crate::cli::args::{self, Batch};
use crate::cli::exit::{Failure, reason};
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What the script in the host writes, and what the host and we say of it.
const RESULT: &str = "result.json";
const LOG: &str = "log.txt";
const RECORD: &str = "host.json";

/// A host that was found.
#[derive(Debug)]
pub(super) struct Host {
    kind: args::Host,
    program: PathBuf,
    /// IDA's script; Ghidra finds its own.
    script: PathBuf,
    limit: Duration,
}

/// What a host made of one content; its database is beside this.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Hosted {
    /// As in the record of the content.
    key: String,
    /// Why it failed, nothing if it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
    /// Wall time.
    pub(super) seconds: f64,
}

/// How a host is found: its folder's variable, the folders and names of its program.
struct Place {
    name: &'static str,
    variable: &'static str,
    below: &'static str,
    programs: &'static [&'static str],
}

const IDA: Place =
    Place { name: "ida", variable: "IDADIR", below: "", programs: &["idat", "idat64", "idat.exe", "idat64.exe"] };
const GHIDRA: Place = Place {
    name: "ghidra",
    variable: "GHIDRA_INSTALL_DIR",
    below: "support",
    programs: &["analyzeHeadless", "analyzeHeadless.bat"],
};

impl Host {
    /// Finds a host and its script.
    pub(super) fn find(kind: args::Host, args: &Batch) -> Result<Host, Failure> {
        let limit = Duration::from_secs(args.host_timeout);
        match kind {
            args::Host::Ida => {
                let program = IDA.program(args.ida.as_deref())?;
                let script = args.ida_script.clone().or_else(|| installed_script(&program));
                let script = script.filter(|script| script.is_file()).ok_or_else(|| {
                    Failure::usage("goabi's plugin for IDA is not installed; --ida-script names its goabi_headless.py")
                })?;
                Ok(Host { kind, program, script: absolute(&script), limit })
            }
            args::Host::Ghidra => {
                let program = GHIDRA.program(args.ghidra.as_deref())?;
                Ok(Host { kind, program, script: PathBuf::new(), limit })
            }
        }
    }

    /// `ida` or `ghidra`, also the folder below the output.
    pub(super) fn name(&self) -> &'static str {
        match self.kind {
            args::Host::Ida => IDA.name,
            args::Host::Ghidra => GHIDRA.name,
        }
    }

    /// Annotates one file, unless an earlier run did. `None` if Ctrl-C was pressed. The host's folder of that content
    /// appears with all that is in it.
    pub(super) fn annotate(
        &self,
        settings: &Settings,
        store: &Store,
        file: &Path,
        sha256: &str,
        threads: usize,
    ) -> Option<Hosted> {
        let target = store.root().join(self.name()).join(sha256);
        if let Some(kept) = kept(&target, settings) {
            return Some(kept);
        }
        let (folder, start) = (store.partial(), Instant::now());
        let outcome = self.run(settings, &absolute(file), &folder, threads);
        let hosted = outcome.map(|outcome| Hosted {
            key: settings.key.clone(),
            reason: outcome.err(),
            seconds: start.elapsed().as_secs_f64(),
        });
        let moved = hosted.as_ref().map(|hosted| appear(&folder, &target, hosted));
        if !matches!(moved, Some(Ok(()))) {
            let _ = std::fs::remove_dir_all(&folder);
        }
        match moved? {
            Ok(()) => hosted,
            Err(e) => hosted.map(|hosted| Hosted { reason: Some(format!("cannot write: {}", reason(&e))), ..hosted }),
        }
    }

    /// Runs the host in `folder`. `None` if Ctrl-C was pressed.
    fn run(&self, settings: &Settings, file: &Path, folder: &Path, threads: usize) -> Option<Result<(), String>> {
        let ended = self.start(settings, file, folder, threads);
        Some(match ended {
            Err(error) => Err(format!("cannot start {}: {}", self.program.display(), reason(&error))),
            Ok(End::Interrupted) => return None,
            Ok(End::TimedOut) => {
                Err(format!("took longer than {} s; --host-timeout gives it more", self.limit.as_secs()))
            }
            Ok(End::Exited(_)) => said(folder),
        })
    }

    fn start(&self, settings: &Settings, file: &Path, folder: &Path, threads: usize) -> io::Result<End> {
        std::fs::create_dir_all(folder)?;
        let log = File::create(folder.join(LOG))?;
        let mut command = Command::new(&self.program);
        match self.kind {
            args::Host::Ida => command.args(self.ida(file, folder)).env("TVHEADLESS", "1"),
            args::Host::Ghidra => command.args(ghidra(settings, file, folder, threads)),
        };
        command.stdin(Stdio::null()).stderr(log.try_clone()?).stdout(log);
        process::run(command, self.limit).map(|(end, _)| end)
    }

    fn ida(&self, file: &Path, folder: &Path) -> [OsString; 5] {
        let script = format!("-S{} --result {}", quoted(&self.script), quoted(&folder.join(RESULT)));
        let mut output = OsString::from("-o");
        output.push(folder.join(file.file_name().unwrap_or_default()));
        output.push(".i64");
        let mut log = OsString::from("-L");
        log.push(folder.join("ida.log"));
        ["-A".into(), output, log, script.into(), file.into()]
    }
}

/// The options of `analyzeHeadless`. The extension brings a goabi of its own; ours is as new as the report.
fn ghidra(settings: &Settings, file: &Path, folder: &Path, threads: usize) -> Vec<OsString> {
    let assign = |name: &str, value: OsString| {
        let mut word = OsString::from(name);
        word.push(value);
        word
    };
    let mut options: Vec<OsString> = vec![folder.into(), "goabi".into(), "-import".into(), file.into()];
    options.extend(["-max-cpu".into(), threads.to_string().into(), "-postScript".into(), "AnnotateGo.java".into()]);
    options.push(assign("result=", folder.join(RESULT).into()));
    options.extend(settings.program().map(|program| assign("goabi=", program.clone())));
    options
}

impl Place {
    /// The program: as given, in the folder that was given or that the variable names, or on PATH.
    fn program(&self, given: Option<&Path>) -> Result<PathBuf, Failure> {
        let folder = given.map(Path::to_owned).or_else(|| std::env::var_os(self.variable).map(PathBuf::from));
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders: Vec<PathBuf> = match folder {
            Some(program) if program.is_file() => return Ok(absolute(&program)),
            Some(folder) => vec![folder.join(self.below), folder],
            None => std::env::split_paths(&path).collect(),
        };
        let names = |folder: &PathBuf| self.programs.iter().map(|name| folder.join(name)).collect::<Vec<_>>();
        let found = folders.iter().flat_map(names).find(|path| path.is_file());
        found.map(|path| absolute(&path)).ok_or_else(|| {
            let (name, variable, program) = (self.name, self.variable, self.programs.first().unwrap_or(&""));
            Failure::usage(format!("{program} was not found; --{name} or ${variable} names the folder that it is in"))
        })
    }
}

/// The script of the plugin that is installed for this user, or beside IDA.
fn installed_script(idat: &Path) -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let user = std::env::var_os("IDAUSR").map(|folders| std::env::split_paths(&folders).collect::<Vec<_>>());
    let mut folders = user.unwrap_or_default();
    folders.extend(variable("HOME").map(|home| home.join(".idapro")));
    folders.extend(variable("APPDATA").map(|data| data.join("Hex-Rays").join("IDA Pro")));
    folders.extend(idat.parent().map(Path::to_owned));
    folders.into_iter().map(|folder| folder.join("plugins/goabi/goabi_headless.py")).find(|script| script.is_file())
}

/// What an earlier run left, if it was made like this one; its failures only count if they need not be tried again.
fn kept(target: &Path, settings: &Settings) -> Option<Hosted> {
    let text = std::fs::read(target.join(RECORD)).ok()?;
    let hosted: Hosted = serde_json::from_slice(&text).ok()?;
    (hosted.key == settings.key && !(settings.retry_failed && hosted.reason.is_some())).then_some(hosted)
}

fn appear(folder: &Path, target: &Path, hosted: &Hosted) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    serde_json::to_writer(File::create(folder.join(RECORD))?, hosted)?;
    if let Some(parent) = target.parent() {
        std::fs::create_dir_all(parent)?;
    }
    if target.exists() {
        std::fs::remove_dir_all(target)?;
    }
    std::fs::rename(folder, target)
}

/// What the script left: nothing for a failure, whose reason it then printed.
fn said(folder: &Path) -> Result<(), String> {
    match std::fs::read(folder.join(RESULT)) {
        Ok(text) => match serde_json::from_slice::<serde_json::Value>(&text) {
            Ok(result) => {
                result.get("error").and_then(|error| error.as_str()).map_or(Ok(()), |error| Err(error.to_owned()))
            }
            Err(error) => Err(format!("its result cannot be read: {error}")),
        },
        Err(_) => {
            let log = std::fs::read(folder.join(LOG)).unwrap_or_default();
            let text = String::from_utf8_lossy(&log);
            let line = text.lines().rev().find_map(|line| line.split_once("goabi: ").map(|(_, why)| why.trim()));
            Err(line.unwrap_or("it left no result; see its log.txt").to_owned())
        }
    }
}

/// For the line that IDA splits into words.
fn quoted(path: &Path) -> String {
    format!("\"{}\"", path.display())
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
