//! What the command does outside of itself: it reads the file that it was given, and no more.

use crate::forge;
use std::process::Command;

/// What the loader, the allocator and the thread pool look at before the command does anything.
const BEFORE: [&str; 7] = ["/etc/ld.so", "/lib", "/usr/lib", "/proc/", "/sys/", "/dev/null", "/usr/local/lib"];

/// Lines of strace that are neither a read of `allowed` nor of what every program reads.
fn offences<'t>(trace: &'t str, allowed: &str) -> Vec<&'t str> {
    let harmless = |line: &&str| {
        let path = line.split('"').nth(1).unwrap_or_default();
        let opens = line.contains("open(") || line.contains("openat(");
        let writes = ["O_WRONLY", "O_RDWR", "O_CREAT"].iter().any(|flag| line.contains(flag));
        opens && !writes && (path == allowed || BEFORE.iter().any(|before| path.starts_with(before)))
    };
    let calls = trace.lines().filter(|line| line.contains('(') && !line.contains("resumed>"));
    calls.filter(|line| !line.contains("+++") && !line.contains("---") && !harmless(line)).collect()
}

#[test]
fn a_trace_is_judged() {
    let trace = "1 openat(AT_FDCWD, \"/x\", O_RDONLY) = 3\n1 openat(AT_FDCWD, \"/y\", O_RDONLY) = 3\n\
                 1 socket(AF_INET, SOCK_STREAM, 0) = 4\n1 openat(AT_FDCWD, \"/x\", O_WRONLY|O_CREAT, 0666) = 5\n1 +++ exited with 0 +++";
    assert_eq!(offences(trace, "/x").len(), 3);
}

/// Where strace is installed and may be used.
#[test]
fn the_command_reads_the_file_it_was_given_and_nothing_else() {
    let traced = |args: &[&str]| {
        let mut strace = Command::new("strace");
        let calls = "trace=open,openat,creat,unlink,unlinkat,rename,renameat2,mkdir,%network,execve";
        strace.env_remove("LD_LIBRARY_PATH"); // cargo's
        strace.args(["-f", "-qq", "-e", calls, "-o"]).args(args).output().ok().filter(|output| output.status.success())
    };
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (file, log) = (path("sample"), path("log"));
    std::fs::write(&file, forge::small().elf(&[])).unwrap();
    if traced(&[&log, "true"]).is_none() {
        eprintln!("no strace here: what the command opens was not looked at");
        return;
    }
    for command in [&["annotate"][..], &["annotate", "--format", "json"], &["info"]] {
        let goabi = env!("CARGO_BIN_EXE_goabi");
        let args: Vec<&str> = [log.as_str(), goabi].iter().chain(command).chain([&file.as_str()]).copied().collect();
        let output = traced(&args).expect("goabi is done");
        assert!(!output.stdout.is_empty());
        let trace = std::fs::read_to_string(&log).unwrap();
        let started = trace.lines().filter(|line| line.contains("execve(")).count();
        assert_eq!(started, 1, "it starts no other program");
        let rest: String =
            trace.lines().filter(|line| !line.contains("execve(")).map(|line| format!("{line}\n")).collect();
        assert!(trace.contains(&file), "strace saw the file being opened");
        assert_eq!(offences(&rest, &file), Vec::<&str>::new(), "{command:?}");
    }
}
