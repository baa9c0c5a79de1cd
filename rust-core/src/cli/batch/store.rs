//! The output folder: what is in it, and that nothing in it is ever half-written.

use super::record::{Record, SCHEMA};
use crate::cli::exit::{Failure, reason};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Where files grow before they are renamed to where they belong.
const PARTIAL: &str = ".partial";
const LOCK: &str = ".lock";

/// An output folder.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    root: PathBuf,
}

impl Store {
    /// Makes the folder if it is not there.
    pub(crate) fn open(root: &Path) -> Result<Store, Failure> {
        let failed = |e: &io::Error| Failure::new(root.display(), format_args!("cannot write: {}", reason(e)));
        for folder in ["reports", "functions", "records", PARTIAL] {
            std::fs::create_dir_all(root.join(folder)).map_err(|e| failed(&e))?;
        }
        Ok(Store { root: std::path::absolute(root).map_err(|e| failed(&e))? })
    }

    /// Keeps other runs out as long as the file is held, and removes what a killed one left half-written.
    pub(crate) fn lock(&self) -> Result<File, Failure> {
        let path = self.root.join(LOCK);
        let failed = |e: &io::Error| Failure::new(path.display(), format_args!("cannot write: {}", reason(e)));
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(|e| failed(&e))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let text = "another run is writing here; wait for it, or give another -o";
                return Err(Failure::new(self.root.display(), text));
            }
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {} // some network folders
            Err(TryLockError::Error(error)) => return Err(failed(&error)),
        }
        let partial = self.root.join(PARTIAL);
        let _ = std::fs::remove_dir_all(&partial); // what cannot be removed is in nobody's way
        std::fs::create_dir_all(&partial).map_err(|e| failed(&e))?;
        Ok(file)
    }

    /// The folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A name below the folder for work in progress that nobody else has.
    pub(crate) fn partial(&self) -> PathBuf {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_nanos();
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        self.root.join(PARTIAL).join(format!("{}-{now:x}-{number}", std::process::id()))
    }

    /// Writes the file at `name` whole or not at all, and says how many bytes it has.
    pub(crate) fn put(&self, name: &str, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<u64> {
        let partial = self.partial();
        let written = fill(&partial, write).and_then(|bytes| {
            std::fs::rename(&partial, self.root.join(name))?;
            Ok(bytes)
        });
        written.inspect_err(|_| drop(std::fs::remove_file(&partial)))
    }

    /// The record of a content, unless there is none or what it speaks of is not whole.
    pub(crate) fn record(&self, sha256: &str) -> Option<Record> {
        let text = std::fs::read(self.root.join(record_name(sha256))).ok()?;
        let record: Record = serde_json::from_slice(&text).ok()?;
        let report = || std::fs::metadata(self.root.join(report_name(sha256))).ok().map(|meta| meta.len());
        let whole = record.report_bytes.is_none_or(|bytes| report() == Some(bytes));
        (record.schema == SCHEMA && record.sha256 == sha256 && whole).then_some(record)
    }

    /// Writes a record. The last thing that is done for a content.
    pub(crate) fn put_record(&self, record: &Record) -> io::Result<()> {
        self.put(&record_name(&record.sha256), |out| {
            serde_json::to_writer(&mut *out, record)?;
            out.write_all(b"\n")
        })?;
        Ok(())
    }
}

fn fill(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<u64> {
    let file = OpenOptions::new().write(true).create_new(true).open(path)?;
    let mut out = BufWriter::with_capacity(1 << 16, file);
    write(&mut out)?;
    out.into_inner()?.metadata().map(|meta| meta.len())
}

/// Where the report of a content is, below the folder.
pub(crate) fn report_name(sha256: &str) -> String {
    format!("reports/{sha256}.json.gz")
}

/// Where the functions of a content are.
pub(crate) fn functions_name(sha256: &str) -> String {
    format!("functions/{sha256}.csv.gz")
}

fn record_name(sha256: &str) -> String {
    format!("records/{sha256}.json")
}

#[cfg(test)]
mod tests {
    use super::super::record::Status;
    use super::*;

    fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::TempDir::new().expect("a folder");
        let store = Store::open(&folder.path().join("out")).unwrap_or_else(|_| unreachable!("it can be made"));
        (folder, store)
    }

    #[test]
    fn a_file_that_fails_half_way_leaves_nothing() {
        let (_folder, store) = store();
        let failed = store.put("summary.jsonl", |out| {
            out.write_all(b"half")?;
            Err(io::Error::other("full"))
        });
        assert!(failed.is_err() && !store.root().join("summary.jsonl").exists());
        assert_eq!(std::fs::read_dir(store.root().join(PARTIAL)).expect("a folder").count(), 0);
        assert_eq!(store.put("summary.jsonl", |out| out.write_all(b"whole")).expect("written"), 5);
    }

    #[test]
    fn a_record_counts_only_with_its_report() {
        let (_folder, store) = store();
        let mut record = Record::without_report("ab", "key", Status::Done, String::new());
        record.report_bytes = Some(3);
        store.put_record(&record).expect("written");
        assert_eq!(store.record("ab"), None);
        store.put(&report_name("ab"), |out| out.write_all(b"xy")).expect("written");
        assert_eq!(store.record("ab"), None, "a report of another size");
        store.put(&report_name("ab"), |out| out.write_all(b"xyz")).expect("written");
        assert_eq!(store.record("ab"), Some(record));
    }

    #[test]
    fn two_runs_do_not_write_into_one_folder() {
        let (_folder, store) = store();
        let held = store.lock().unwrap_or_else(|_| unreachable!("it is free"));
        assert!(store.lock().is_err());
        drop(held);
        assert!(store.lock().is_ok());
    }
}
