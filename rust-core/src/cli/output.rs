//! Writing an output whole or not at all.

use super::exit::Failure;
use super::input::is_dash;
use super::progress;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Where an output goes. Opened before the work starts, so that a bad place costs no time.
pub(super) enum Output {
    /// The standard output.
    Standard,
    /// Something that exists and is no file: a pipe, `/dev/null`.
    Device(PathBuf, File),
    /// A file, which appears at `path` once it is complete.
    New { path: PathBuf, temporary: Temporary, file: File },
}

impl Output {
    /// Opens the output at `path`, the standard output for `-`.
    pub(super) fn open(path: &Path) -> Result<Output, Failure> {
        if is_dash(path) {
            return Ok(Output::Standard);
        }
        open(path).map_err(|e| Failure::writing(path.display(), &e))
    }

    /// Lets `write` fill it.
    pub(super) fn write(self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
        match self {
            Output::Standard => fill(io::stdout().lock(), write).map_err(|e| Failure::writing("(standard output)", &e)),
            Output::Device(path, file) => fill(file, write).map_err(|e| Failure::writing(path.display(), &e)),
            Output::New { path, temporary, file } => fill(file, write)
                .and_then(|()| temporary.rename(&path))
                .map_err(|e| Failure::writing(path.display(), &e)),
        }
    }
}

fn open(path: &Path) -> io::Result<Output> {
    let Ok(meta) = std::fs::metadata(path) else { return beside(path.to_owned()) };
    if meta.is_dir() {
        return Err(io::Error::other("is a directory; name a file in it"));
    }
    if !meta.is_file() {
        return Ok(Output::Device(path.to_owned(), OpenOptions::new().write(true).open(path)?));
    }
    if meta.permissions().readonly() {
        return Err(io::Error::other("is read-only"));
    }
    beside(std::fs::canonicalize(path)?) // a link stays a link
}

/// A new file in the folder of `path`: only there a rename is certain to be one step.
fn beside(path: PathBuf) -> io::Result<Output> {
    let name = path.file_name().ok_or_else(|| io::Error::other("is not a file name"))?;
    let hidden = path.with_file_name(format!(".{}.{}.tmp", name.to_string_lossy(), std::process::id()));
    let file = OpenOptions::new().write(true).create_new(true).open(&hidden)?;
    Ok(Output::New { path, temporary: Temporary(Some(hidden)), file })
}

fn fill(out: impl Write, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, Stoppable(out));
    write(&mut out)?;
    out.flush()
}

/// A file that is removed unless it was renamed.
pub(super) struct Temporary(Option<PathBuf>);

impl Temporary {
    fn rename(mut self, path: &Path) -> io::Result<()> {
        match self.0.take() {
            Some(temporary) => std::fs::rename(&temporary, path).inspect_err(|_| self.0 = Some(temporary)),
            None => Ok(()),
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// A writer that Ctrl-C stops.
struct Stoppable<W>(W);

impl<W: Write> Write for Stoppable<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Not `ErrorKind::Interrupted`, after which writers try again.
        if progress::interrupted() { Err(io::Error::other("interrupted")) } else { self.0.write(bytes) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
