//! A process with a time limit, which ends with everything that it started.

use crate::cli::progress::interrupted;
use process_wrap::std::{ChildWrapper, CommandWrap};
use std::io::{self, Read};
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

/// Bytes at the end of what it wrote to the standard error that are kept.
const TAIL: usize = 4096;
/// Between two looks at it: at first soon, as most files take no time, later seldom.
const PERIODS: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(25));

/// How it ended.
#[derive(Debug)]
pub(super) enum End {
    /// By itself, or by a signal.
    Exited(ExitStatus),
    /// It took too long.
    TimedOut,
    /// Ctrl-C was pressed.
    Interrupted,
}

/// Runs `command` for at most `limit`, and gives its end and its last line on the standard error, if that is a pipe.
pub(super) fn run(command: Command, limit: Duration) -> io::Result<(End, String)> {
    let mut wrap = CommandWrap::from(command);
    #[cfg(unix)]
    wrap.wrap(process_wrap::std::ProcessGroup::leader());
    #[cfg(windows)]
    wrap.wrap(process_wrap::std::JobObject);
    let mut child = wrap.spawn()?;
    let stdin = child.stdin().take(); // held: its end tells the child that we are gone
    let stderr = child.stderr().take();
    let said = std::thread::spawn(move || stderr.map(tail).unwrap_or_default());
    let end = wait(&mut *child, limit);
    drop(stdin);
    Ok((end?, last_line(&said.join().unwrap_or_default())))
}

fn wait(child: &mut dyn ChildWrapper, limit: Duration) -> io::Result<End> {
    let (start, mut period) = (Instant::now(), PERIODS.0);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(End::Exited(status));
        }
        let end = match () {
            () if interrupted() => End::Interrupted,
            () if start.elapsed() >= limit => End::TimedOut,
            () => {
                std::thread::sleep(period);
                period = (period * 2).min(PERIODS.1);
                continue;
            }
        };
        let _ = child.start_kill(); // it may have ended by itself just now
        child.wait()?;
        return Ok(end);
    }
}

/// The end of a stream; all of it is read, as a full pipe would stop the writer.
fn tail(mut from: impl Read) -> Vec<u8> {
    let (mut kept, mut chunk) = (Vec::new(), [0; TAIL]);
    while let Ok(read @ 1..) = from.read(&mut chunk) {
        kept.extend_from_slice(chunk.get(..read).unwrap_or_default());
        kept.drain(..kept.len().saturating_sub(TAIL));
    }
    kept
}

fn last_line(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    text.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::process::Stdio;

    fn shell(script: &str, limit: Duration) -> (End, String) {
        let mut command = Command::new("sh");
        command.args(["-c", script]).stdin(Stdio::piped()).stderr(Stdio::piped());
        run(command, limit).expect("sh")
    }

    #[test]
    fn the_last_line_of_much_is_kept() {
        let (end, said) =
            shell("i=0; while [ $i -lt 20000 ]; do echo line $i >&2; i=$((i+1)); done; exit 3", Duration::MAX);
        assert!(matches!(end, End::Exited(status) if status.code() == Some(3)), "{end:?}");
        assert_eq!(said, "line 19999");
    }

    #[test]
    fn what_takes_too_long_ends_with_what_it_started() {
        let start = Instant::now();
        // The inner sleep has the pipe too: were it alive, waiting for the pipe's end would take a minute.
        let (end, _) = shell("sleep 60 & sleep 60", Duration::from_millis(100));
        assert!(matches!(end, End::TimedOut));
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    }
}
