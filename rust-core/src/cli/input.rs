//! Reading what the command line names, with a clear reason when that is not possible.

use super::exit::{Failure, reason};
use crate::limits::MAX_INPUT;
use std::fs::{File, Metadata};
use std::io::Read;
use std::path::Path;

/// What `path` is called in messages.
pub(super) fn label(path: &Path) -> String {
    if is_dash(path) { "(standard input)".into() } else { path.display().to_string() }
}

/// Whether `path` stands for the standard streams.
pub(super) fn is_dash(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// All bytes of the file at `path`, or of the standard input for `-`.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = if is_dash(path) { read_limited(std::io::stdin().lock(), 0) } else { read_file(path) };
    bytes.map_err(|why| Failure::new(label(path), why))
}

fn read_file(path: &Path) -> Result<Vec<u8>, String> {
    let meta = std::fs::metadata(path).map_err(|e| format!("cannot read: {}", reason(&e)))?;
    readable(&meta)?;
    let file = File::open(path).map_err(|e| format!("cannot read: {}", reason(&e)))?;
    read_limited(file, meta.len())
}

/// Devices may never end.
fn readable(meta: &Metadata) -> Result<(), String> {
    if meta.is_dir() {
        return Err("is a directory; name a file in it".into());
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        let kind = meta.file_type();
        if kind.is_char_device() || kind.is_block_device() || kind.is_socket() {
            return Err("is a device, not a file; copy the part to be read to a file".into());
        }
    }
    Ok(())
}

fn read_limited(from: impl Read, expected: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(usize::try_from(expected.min(MAX_INPUT)).unwrap_or_default());
    let read = from.take(MAX_INPUT + 1).read_to_end(&mut bytes).map_err(|e| format!("cannot read: {}", reason(&e)))?;
    if read as u64 > MAX_INPUT {
        return Err(format!("larger than {} GiB, which no Go binary is", MAX_INPUT >> 30));
    }
    Ok(bytes)
}
