//! Which files there are, and which of them are worth a process.

use super::magic;
use crate::cli::exit::reason;
use crate::cli::progress::interrupted;
use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use walkdir::{DirEntry, WalkDir};

/// A file that was found.
#[derive(Debug, Clone)]
pub(crate) struct Input {
    /// As named, or below a folder that was.
    pub(crate) path: PathBuf,
    /// Bytes.
    pub(crate) size: u64,
    /// What is to be done with it.
    pub(crate) look: Look,
}

/// What the first look at a file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Look {
    /// It may be a Go program.
    Candidate,
    /// It is none, for this reason.
    Other(String),
    /// It cannot be read, for this reason.
    Unreadable(String),
}

/// Every file below `roots`, by path, each once. `out`, which holds what we write, is left out. `found` hears of each.
pub(crate) fn collect(roots: &[PathBuf], out: &Path, found: impl Fn(usize)) -> Vec<Input> {
    let out = std::fs::canonicalize(out).ok();
    let ours = |entry: &DirEntry| {
        let named = entry.file_type().is_dir() && out.as_ref().is_some_and(|out| ends_alike(out, entry.path()));
        named && std::fs::canonicalize(entry.path()).ok() == out
    };
    let mut inputs = BTreeMap::new();
    for root in roots {
        let walk = WalkDir::new(root).into_iter().filter_entry(|entry| !ours(entry));
        for entry in walk.take_while(|_| !interrupted()) {
            let input = match entry {
                Ok(entry) if entry.file_type().is_dir() => continue,
                Ok(entry) => look(entry.path()),
                Err(error) => broken(root, &error),
            };
            inputs.insert(input.path.clone(), input);
            found(inputs.len());
        }
    }
    inputs.into_values().collect()
}

/// Whether both could be the same folder: `.` and `..` have no name to go by.
fn ends_alike(out: &Path, path: &Path) -> bool {
    path.file_name().is_none_or(|name| Some(name) == out.file_name())
}

/// A folder or link that the walk could not follow.
fn broken(root: &Path, error: &walkdir::Error) -> Input {
    let path = error.path().unwrap_or(root).to_owned();
    let why = error.io_error().map_or_else(|| error.to_string(), reason);
    Input { path, size: 0, look: Look::Unreadable(format!("cannot read: {why}")) }
}

/// Links to files are followed; links to folders are not, as they may lead anywhere.
fn look(path: &Path) -> Input {
    let unreadable = |error: io::Error| Look::Unreadable(format!("cannot read: {}", reason(&error)));
    let (size, look) = match std::fs::metadata(path) {
        Ok(meta) => (meta.len(), classify(path, &meta).unwrap_or_else(unreadable)),
        Err(_) if path.is_symlink() => (0, Look::Other("link to nothing".into())),
        Err(error) => (0, unreadable(error)),
    };
    Input { path: path.to_owned(), size, look }
}

fn classify(path: &Path, meta: &Metadata) -> io::Result<Look> {
    if meta.is_dir() {
        return Ok(Look::Other("link to a folder, which is not followed".into()));
    }
    if !meta.is_file() {
        return Ok(Look::Other("no regular file".into()));
    }
    let mut head = Vec::with_capacity(magic::HEAD);
    File::open(path)?.take(magic::HEAD as u64).read_to_end(&mut head)?;
    Ok(magic::other(&head).map_or(Look::Candidate, |why| Look::Other(why.into())))
}
