//! Compression of what a batch writes: gzip, which every language's library and every data tool reads.

use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::{self, BufWriter, Write};

/// Writes what `write` writes, compressed. The same input gives the same bytes: no time and no name is in them.
pub(super) fn gzip(out: &mut dyn Write, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut packed = BufWriter::with_capacity(1 << 16, GzEncoder::new(out, Compression::fast()));
    write(&mut packed)?;
    packed.into_inner()?.finish()?;
    Ok(())
}
