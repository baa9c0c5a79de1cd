//! `--segments`: memory that is no container (a dump, an unpacked image), described by a JSON manifest.
//!
//! ```json
//! { "arch": "amd64", "os": "windows", "entry": "0x461a00",
//!   "segments": [ { "addr": "0x401000", "size": "0x9f000", "file": "text.bin", "offset": 0, "perms": "rx" } ] }
//! ```
//!
//! `file` is looked for beside the manifest and is FILE if left out. Numbers are JSON numbers or hex strings. `size` is
//! that in memory, by default what the file has from `offset` on; what the file does not have is zero.

use super::exit::Failure;
use super::input;
use crate::arch::{Arch, Os};
use crate::image::{Segment, SegmentsInfo};
use serde::{Deserialize, Deserializer, de::Error as _};
use std::borrow::Cow;
use std::path::{Path, PathBuf};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    #[serde(deserialize_with = "arch")]
    arch: Arch,
    #[serde(default = "unknown_os", deserialize_with = "os")]
    os: Os,
    base: Option<Number>,
    entry: Option<Number>,
    segments: Vec<Row>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    addr: Number,
    size: Option<Number>,
    file: Option<PathBuf>,
    #[serde(default)]
    offset: Number,
    perms: String,
}

/// A number, or a string such as `"0x401000"`.
#[derive(Debug, Clone, Copy, Default)]
struct Number(u64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        let hex = value.as_str().and_then(|text| text.strip_prefix("0x"));
        let number = value.as_u64().or_else(|| u64::from_str_radix(hex?, 16).ok());
        number.map(Number).ok_or_else(|| D::Error::custom(format!("{value} is neither a number nor \"0x…\"")))
    }
}

fn arch<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arch, D::Error> {
    let name = String::deserialize(deserializer)?;
    Arch::from_name(&name).ok_or_else(|| D::Error::custom(format!("{name} is no GOARCH")))
}

fn os<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Os, D::Error> {
    let name = String::deserialize(deserializer)?;
    Os::from_name(&name).ok_or_else(|| D::Error::custom(format!("{name} is no GOOS")))
}

fn unknown_os() -> Os {
    Os::Unknown
}

/// The memory that a manifest describes, with the files that it is in.
pub(super) struct Memory {
    manifest: Manifest,
    files: Vec<(PathBuf, Vec<u8>)>,
}

impl Memory {
    /// Reads the manifest at `path` and every file that it names; `file` is that of segments without one.
    pub(super) fn read(path: &Path, file: &Path) -> Result<Memory, Failure> {
        let manifest: Manifest = serde_json::from_slice(&input::read(path)?)
            .map_err(|error| Failure::new(input::label(path), format_args!("not a segment manifest: {error}")))?;
        let mut files: Vec<(PathBuf, Vec<u8>)> = Vec::new();
        let mut memory = Memory { manifest, files: Vec::new() };
        for row in &mut memory.manifest.segments {
            let from = match &row.file {
                Some(name) => path.parent().unwrap_or(Path::new("")).join(name),
                None => file.to_owned(),
            };
            if !files.iter().any(|(known, _)| *known == from) {
                files.push((from.clone(), input::read(&from)?));
            }
            row.file = Some(from);
        }
        memory.files = files;
        Ok(memory)
    }

    /// What the core is told of it.
    pub(super) fn info(&self) -> SegmentsInfo {
        let number = |n: Option<Number>| n.map(|n| n.0);
        let Manifest { arch, os, base, entry, .. } = &self.manifest;
        SegmentsInfo { arch: *arch, os: *os, base: number(*base), entry: number(*entry) }
    }

    /// The segments.
    pub(super) fn segments(&self) -> Vec<Segment<'_>> {
        self.manifest.segments.iter().map(|row| self.segment(row)).collect()
    }

    fn segment(&self, row: &Row) -> Segment<'_> {
        let file = self.files.iter().find(|(path, _)| row.file.as_ref() == Some(path));
        let offset = usize::try_from(row.offset.0).unwrap_or(usize::MAX);
        let data = file.and_then(|(_, bytes)| bytes.get(offset..)).unwrap_or_default();
        let size = row.size.map_or(data.len() as u64, |size| size.0);
        let stored = usize::try_from(size).unwrap_or(usize::MAX).min(data.len());
        let may = |letter| row.perms.contains(letter);
        Segment {
            addr: row.addr.0,
            size,
            data: Cow::Borrowed(data.get(..stored).unwrap_or_default()),
            read: may('r'),
            write: may('w'),
            exec: may('x'),
        }
    }
}
