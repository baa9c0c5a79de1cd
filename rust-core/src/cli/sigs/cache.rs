//! Where packs are kept: the user's cache folder, by what they were made from.

use std::env;
use std::path::PathBuf;

/// How packs' names end.
const EXTENSION: &str = "sigs";

/// The file of the pack with this key, `None` when there is no cache folder.
pub(super) fn file(key: &str) -> Option<PathBuf> {
    folder().map(|folder| folder.join(format!("{key}.{EXTENSION}")))
}

/// All packs that are kept, in order of their names.
pub(super) fn all() -> Vec<PathBuf> {
    let entries = folder().and_then(|folder| std::fs::read_dir(folder).ok()).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == EXTENSION));
    files.sort();
    files
}

fn folder() -> Option<PathBuf> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let base = if cfg!(windows) {
        set("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        set("HOME").map(|home| home.join("Library/Caches"))
    } else {
        set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")))
    };
    base.map(|base| base.join("goabi").join("sigs"))
}
