//! `goabi batch` on small corpora: every file accounted for, nothing done twice, nothing half-written.

#[path = "support/go.rs"]
mod go;

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A folder with a corpus in `in`, and `out` for what is made of it.
struct Corpus(TempDir);

impl Corpus {
    fn new() -> Corpus {
        let folder = TempDir::new().expect("a folder");
        fs::create_dir(folder.path().join("in")).expect("made");
        Corpus(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn put(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path("in").join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, bytes).expect("written");
    }

    fn command(&self, options: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_goabi"));
        command.current_dir(self.0.path()).args(["batch", "in", "-o", "out"]).args(options);
        command
    }

    fn run(&self, options: &[&str]) -> Output {
        self.command(options).output().expect("goabi runs")
    }

    /// The summary by path.
    fn summary(&self) -> BTreeMap<String, Value> {
        let text = fs::read_to_string(self.path("out/summary.jsonl")).expect("a summary");
        let rows = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        rows.map(|row| (row["path"].as_str().expect("a path").replace('\\', "/"), row)).collect()
    }

    fn names(&self, folder: &str) -> BTreeSet<String> {
        let entries = fs::read_dir(self.path(folder)).expect("a folder");
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
    }

    /// When each record was written.
    fn written(&self) -> BTreeMap<String, std::time::SystemTime> {
        let time = |name: &String| fs::metadata(self.path("out/records").join(name)).and_then(|m| m.modified());
        self.names("out/records").into_iter().map(|name| (name.clone(), time(&name).expect("a time"))).collect()
    }
}

fn hello() -> Vec<u8> {
    let args = &["-ldflags=-s -w"];
    go::Build { args, ..go::plain("hello", "linux", "amd64") }.bytes()
}

/// The same program with another content: bytes behind the end are nobody's.
fn variant(program: &[u8], n: u8) -> Vec<u8> {
    [program, &[n]].concat()
}

fn unpacked(path: &Path) -> Vec<u8> {
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(fs::File::open(path).expect("there")).read_to_end(&mut text).expect("gzip");
    text
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn status<'r>(rows: &'r BTreeMap<String, Value>, path: &str) -> (&'r str, &'r str) {
    let row = rows.get(path).expect("a row in the summary");
    (row["status"].as_str().expect("a status"), row["reason"].as_str().unwrap_or_default())
}

#[test]
fn every_file_is_accounted_for() {
    let (corpus, program) = (Corpus::new(), hello());
    corpus.put("b/program", &program);
    corpus.put("a-copy", &program);
    corpus.put("c/d/not-go", fs::read(std::env::current_exe().expect("a path")).expect("readable"));
    corpus.put("text", "hello");
    corpus.put("empty", "");
    corpus.put("archive.zip", b"PK\x03\x04");
    corpus.put("cut", &program[..program.len() / 2]);
    #[cfg(unix)]
    std::os::unix::fs::symlink("nowhere", corpus.path("in/link")).expect("linked");
    let output = corpus.run(&[]);
    let rows = corpus.summary();
    assert_eq!(status(&rows, "in/a-copy"), ("done", ""));
    assert_eq!(status(&rows, "in/b/program"), ("duplicate", ""));
    assert_eq!(rows["in/b/program"]["first"], "in/a-copy");
    assert_eq!(status(&rows, "in/c/d/not-go").0, "not_go");
    assert_eq!(status(&rows, "in/text"), ("skipped", "no ELF, PE or Mach-O file"));
    assert_eq!(status(&rows, "in/empty"), ("skipped", "empty"));
    assert_eq!(status(&rows, "in/archive.zip"), ("skipped", "zip archive (also jar, apk, wheel)"));
    #[cfg(unix)]
    assert_eq!(status(&rows, "in/link"), ("skipped", "link to nothing"));
    let (failed, why) = status(&rows, "in/cut");
    assert!(failed == "failed" && why.starts_with("cut off: the segment at offset 0x"), "{why}");
    assert_eq!(stderr(&output), format!("goabi: in/cut: {why}\n"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let skipped = rows.values().filter(|row| row["status"] == "skipped").count();
    let first = format!("{} files: 1 analysed, 1 duplicates, 1 not Go, {skipped} skipped, 1 failed", rows.len());
    assert_eq!(said.lines().next(), Some(first.as_str()));
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn the_report_is_that_of_annotate_and_the_table_has_its_functions() {
    let corpus = Corpus::new();
    corpus.put("program", hello());
    assert_eq!(corpus.run(&[]).status.code(), Some(0));
    let row = corpus.summary().remove("in/program").expect("a row");
    let report = unpacked(&corpus.path("out").join(row["report"].as_str().expect("a report")));
    let alone = Command::new(env!("CARGO_BIN_EXE_goabi"))
        .args(["annotate", "--format", "json"])
        .arg(corpus.path("in/program"))
        .output()
        .expect("goabi runs");
    assert!(report == alone.stdout, "the report differs from that of annotate");
    let report: Value = serde_json::from_slice(&report).expect("JSON");
    let functions = report["functions"].as_array().expect("functions");
    assert_eq!(row["functions"], functions.len());
    let table =
        unpacked(&corpus.path("out/functions").join(format!("{}.csv.gz", row["sha256"].as_str().expect("a hash"))));
    let mut table = csv::Reader::from_reader(table.as_slice());
    let names = table.headers().expect("a header").clone();
    let column = |name: &str| names.iter().position(|column| column == name).expect("a column");
    let lines: Vec<_> = table.records().collect::<Result<_, _>>().expect("CSV");
    assert_eq!(lines.len(), functions.len());
    for (line, function) in lines.iter().zip(functions) {
        for (name, value) in [
            ("entry", &function["entry"]),
            ("name", &function["name"]),
            ("prototype", &function["prototype"]),
            ("params_confidence", &function["confidence"]["params"]),
            ("results_confidence", &function["confidence"]["results"]),
        ] {
            assert_eq!(&line[column(name)], value.as_str().expect("text"));
        }
        assert_eq!(line[column("sha256")], row["sha256"]);
    }
}

#[test]
fn what_is_done_is_not_done_again_unless_asked_for_otherwise() {
    let (corpus, program) = (Corpus::new(), hello());
    corpus.put("program", &program);
    corpus.put("not-go", fs::read(std::env::current_exe().expect("a path")).expect("readable"));
    corpus.run(&[]);
    let before = corpus.written();
    assert_eq!(before.len(), 2);
    fs::rename(corpus.path("in/program"), corpus.path("in/renamed")).expect("renamed");
    let output = corpus.run(&[]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("2 contents were done by an earlier run"));
    assert_eq!(corpus.written(), before);
    assert_eq!(status(&corpus.summary(), "in/renamed").0, "done");
    // Other options make other reports.
    corpus.run(&["--no-names"]);
    assert!(corpus.written().values().zip(before.values()).all(|(now, then)| now > then));
    // So does a report that is not whole.
    let before = corpus.written();
    let [report] = Vec::from_iter(corpus.names("out/reports")).try_into().expect("one report");
    fs::write(corpus.path("out/reports").join(&report), "cut").expect("written");
    corpus.run(&["--no-names"]);
    assert_eq!(corpus.written().values().zip(before.values()).filter(|(now, then)| now > then).count(), 1);
    assert!(!unpacked(&corpus.path("out/reports").join(report)).is_empty());
}

#[test]
fn a_file_that_takes_too_much_fails_alone_until_it_may_take_more() {
    let corpus = Corpus::new();
    corpus.put("program", hello());
    let output = corpus.run(&["--memory", "1M"]);
    let line = "goabi: in/program: took more than 1 MiB; --memory gives it more\n";
    assert_eq!((stderr(&output).as_str(), output.status.code()), (line, Some(1)));
    assert_eq!(corpus.names("out/reports").len(), 0);
    let before = corpus.written();
    corpus.run(&["--memory", "1M"]);
    assert_eq!(corpus.written(), before, "it would fail again");
    corpus.run(&["--memory", "1M", "--retry-failed"]);
    assert_ne!(corpus.written(), before);
    assert_eq!(corpus.run(&[]).status.code(), Some(0));
    assert_eq!(status(&corpus.summary(), "in/program").0, "done");
}

#[test]
fn senseless_command_lines_are_usage_errors_before_any_work() {
    let corpus = Corpus::new();
    for (options, line) in [
        (&["--ray", "local"][..], "--ray needs goabi's Python package with Ray: pip install 'goabi[ray]'"),
        (&["--segments", "x"], "--segments describes one memory dump; annotate that one by itself"),
        (
            &["--with", "ghidra", "--ghidra", "."],
            "analyzeHeadless was not found; --ghidra or $GHIDRA_INSTALL_DIR names the folder that it is in",
        ),
    ] {
        let output = corpus.run(options);
        assert_eq!((stderr(&output), output.status.code()), (format!("goabi: {line}\n"), Some(2)));
        assert!(!corpus.path("out").exists());
    }
    fs::write(corpus.path("out"), "a file").expect("written");
    assert_eq!(corpus.run(&[]).status.code(), Some(1));
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use std::process::Stdio;
    use std::time::{Duration, Instant};

    /// Starts a run, and sends it `signal` when the first record is there. Gives its exit code, if it has one.
    fn stopped(corpus: &Corpus, signal: &str) -> Option<i32> {
        let mut child = corpus.command(&["--threads", "1"]).stdout(Stdio::null()).spawn().expect("goabi runs");
        let start = Instant::now();
        while corpus.path("out/records").read_dir().is_ok_and(|mut folder| folder.next().is_none())
            || !corpus.path("out/records").exists()
        {
            assert!(start.elapsed() < Duration::from_secs(120), "no record appears");
            std::thread::sleep(Duration::from_millis(5));
        }
        let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().expect("kill");
        assert!(sent.success());
        child.wait().expect("it ends").code()
    }

    fn six(program: &[u8]) -> Corpus {
        let corpus = Corpus::new();
        (0..6).for_each(|n| corpus.put(&format!("program-{n}"), variant(program, n)));
        corpus
    }

    /// A second run does the rest, and only the rest.
    fn goes_on(corpus: &Corpus) {
        let before = corpus.written();
        assert!((1..6).contains(&before.len()), "{} records", before.len());
        let output = corpus.run(&[]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let after = corpus.written();
        assert_eq!(after.len(), 6);
        assert!(before.iter().all(|(name, time)| after.get(name) == Some(time)), "work was done again");
        assert!(corpus.summary().values().all(|row| row["status"] == "done"));
        assert_eq!((corpus.names("out/reports").len(), corpus.names("out/.partial").len()), (6, 0));
    }

    #[test]
    fn ctrl_c_leaves_what_is_done_and_says_what_is_not() {
        let corpus = six(&hello());
        assert_eq!(stopped(&corpus, "-INT"), Some(130));
        let rows = corpus.summary();
        let pending = rows.values().filter(|row| row["status"] == "pending").count();
        assert_eq!((rows.len(), pending), (6, 6 - corpus.written().len()));
        goes_on(&corpus);
    }

    #[test]
    fn a_killed_run_goes_on() {
        let corpus = six(&hello());
        assert_eq!(stopped(&corpus, "-KILL"), None);
        // The worker that it had sees that it is alone.
        std::thread::sleep(Duration::from_millis(200));
        goes_on(&corpus);
    }

    /// A stand-in for a host, which is a shell script that gets the host's arguments.
    fn script(corpus: &Corpus, name: &str, text: &str) -> String {
        let path = corpus.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(&path, format!("#!/bin/sh\n{text}")).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("changed");
        path.display().to_string()
    }

    /// Writes a result where `-S` says, and a database where `-o` says.
    const IDAT: &str = r#"
for word; do
    case $word in
    -o*) database=${word#-o} ;;
    -S*) result=$(echo "$word" | sed 's/.*--result "\(.*\)"/\1/') ;;
    esac
    file=$word
done
case $file in
*-0) echo "goabi: this one it does not like" >&2; exit 1 ;;
esac
echo "annotated $file" > "$database"
echo '{"schema": "goabi.ida-result/1"}' > "$result"
"#;

    #[test]
    fn ida_annotates_each_program_and_its_failures_are_told() {
        let (corpus, program) = (Corpus::new(), hello());
        (0..2).for_each(|n| corpus.put(&format!("program-{n}"), variant(&program, n)));
        let idat = script(&corpus, "ida/idat", IDAT);
        let plugin = script(&corpus, "goabi_headless.py", "");
        let options = ["--with", "ida", "--ida", &idat, "--ida-script", &plugin];
        let output = corpus.run(&options);
        assert_eq!(stderr(&output), "goabi: in/program-0: ida: this one it does not like\n");
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&output.stdout).contains("\nida: 1 annotated, 1 failed\n"));
        let rows = corpus.summary();
        assert_eq!(rows["in/program-0"]["hosts"]["ida"]["reason"], "this one it does not like");
        let folder = corpus.path("out/ida").join(rows["in/program-1"]["sha256"].as_str().expect("a hash"));
        let names: BTreeSet<_> =
            fs::read_dir(&folder).expect("made").map(|entry| entry.expect("one").file_name()).collect();
        assert_eq!(names, ["host.json", "log.txt", "program-1.i64", "result.json"].map(Into::into).into());
        // The second run has nothing to do, unless failures are tried again.
        fs::remove_file(&idat).expect("removed");
        script(&corpus, "ida/idat", "exit 9");
        assert_eq!(corpus.summary(), {
            corpus.run(&options);
            corpus.summary()
        });
        corpus.run(&[&options[..], &["--retry-failed"]].concat());
        assert_eq!(corpus.summary()["in/program-0"]["hosts"]["ida"]["reason"], "it left no result; see its log.txt");
    }

    /// Ghidra's result says by itself that it is a failure.
    const HEADLESS: &str = r#"
for word; do
    case $word in
    result=*) result=${word#result=} ;;
    esac
done
mkdir -p "$1/$2.rep"
case $result in
*) echo '{"schema": "goabi.ghidra-result/1", "error": "no memory"}' > "$result" ;;
esac
"#;

    #[test]
    fn ghidra_says_in_its_result_that_it_failed() {
        let corpus = Corpus::new();
        corpus.put("program", hello());
        script(&corpus, "ghidra/support/analyzeHeadless", HEADLESS);
        let folder = corpus.path("ghidra").display().to_string();
        let output = corpus.run(&["--with", "ghidra", "--ghidra", &folder]);
        assert_eq!(stderr(&output), "goabi: in/program: ghidra: no memory\n");
        let [content] = Vec::from_iter(corpus.names("out/ghidra")).try_into().expect("one content");
        assert!(corpus.path("out/ghidra").join(content).join("goabi.rep").is_dir());
    }

    #[test]
    fn a_host_that_takes_too_long_is_ended_with_what_it_started() {
        let corpus = Corpus::new();
        corpus.put("program", hello());
        let sleeps = script(&corpus, "analyzeHeadless", "sleep 100 & sleep 100\n");
        let start = Instant::now();
        let output = corpus.run(&["--with", "ghidra", "--ghidra", &sleeps, "--host-timeout", "1"]);
        assert!(stderr(&output).ends_with("ghidra: took longer than 1 s; --host-timeout gives it more\n"));
        assert!(start.elapsed() < Duration::from_secs(90));
    }
}
