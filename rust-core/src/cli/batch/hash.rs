//! What a content is called: its SHA-256.

use crate::cli::exit::reason;
use crate::cli::progress::interrupted;
use crate::limits::MAX_INPUT;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The SHA-256 of a file, in hex.
pub(super) fn of_file(path: &Path) -> Result<String, String> {
    let unreadable = |e| format!("cannot read: {}", reason(&e));
    let mut file = File::open(path).map_err(unreadable)?.take(MAX_INPUT + 1);
    let (mut hash, mut chunk) = (Sha256::new(), vec![0; 1 << 18]);
    while !interrupted() {
        match file.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => hash.update(chunk.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable(error)),
        }
    }
    Ok(hex(&hash.finalize()))
}

/// The SHA-256 of bytes, in hex.
pub(super) fn of(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
