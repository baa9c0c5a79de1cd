//! Writes `rust-core/data/windows_api.txt`: the parameter names of Windows functions.
//!
//!     cargo run --release --manifest-path scripts/windows_api/Cargo.toml > rust-core/data/windows_api.txt
//!
//! The names come from the metadata (`Windows.Win32.winmd`, `Windows.Wdk.winmd`) inside the crate `windows-bindgen`,
//! which Microsoft publishes under MIT or Apache-2.0. Only libraries that programs call directly are kept.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, exit};
use windows_metadata::reader::{File, Index, Item};

const HEADER: &str = "\
# Made by scripts/windows_api from the metadata in the crate windows-bindgen 0.61.1 (MIT OR Apache-2.0). Do not edit.
# One function per line, by name: name, library, parameter names.
";

/// Libraries whose functions are kept, without `.dll`.
const LIBRARIES: &[&str] = &[
    "advapi32", "bcrypt", "cfgmgr32", "comctl32", "comdlg32", "credui", "crypt32", "cryptbase", "dbghelp", "dnsapi",
    "dwmapi", "fwpuclnt", "gdi32", "hid", "imagehlp", "iphlpapi", "kernel32", "kernelbase", "mpr", "msi", "mswsock",
    "ncrypt", "netapi32", "normaliz", "ntdll", "ole32", "oleaut32", "pdh", "powrprof", "psapi", "rpcrt4", "sechost",
    "secur32", "setupapi", "shell32", "shlwapi", "sspicli", "tdh", "urlmon", "user32", "userenv", "uxtheme", "version",
    "wer", "wevtapi", "winhttp", "wininet", "winmm", "winscard", "winspool.drv", "wintrust", "wlanapi", "wldap32",
    "ws2_32", "wtsapi32",
];

fn main() {
    let files: Vec<File> = metadata().into_iter().filter_map(File::read).collect();
    if files.len() != 2 {
        eprintln!("windows_api: the metadata files of windows-bindgen were not found");
        exit(1);
    }
    // Of functions that differ by machine, the one of 64-bit x86.
    let index = Index::new_for_architecture(files, 2);
    let mut lines = BTreeMap::new();
    for (_, _, item) in index.iter_items() {
        let Item::Fn(method) = item else { continue };
        let Some(import) = method.impl_map() else { continue };
        let scope = import.import_scope().name().to_lowercase();
        let library = scope.strip_suffix(".dll").unwrap_or(&scope).to_string();
        let by_ordinal = import.import_name().starts_with('#');
        if LIBRARIES.contains(&library.as_str()) && !by_ordinal {
            let params = method.params().filter(|p| p.sequence() > 0).map(|p| p.name().to_string());
            let words = [library].into_iter().chain(params).collect::<Vec<_>>().join(" ");
            // The same name may come from two libraries: the first in the alphabet stays.
            let line = lines.entry(import.import_name().to_string()).or_insert_with(|| words.clone());
            if words < *line {
                *line = words;
            }
        }
    }
    print!("{HEADER}");
    for (name, words) in lines {
        println!("{name} {words}");
    }
}

/// Where cargo keeps the two files: beside the crate's manifest.
fn metadata() -> Vec<PathBuf> {
    let listing = Command::new("cargo")
        .args(["metadata", "--format-version=1", "--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")])
        .output()
        .map(|out| String::from_utf8_lossy(&out.stdout).into_owned())
        .unwrap_or_default();
    let manifests = listing.split("\"manifest_path\":\"").filter_map(|rest| rest.split('"').next());
    let manifest = manifests.map(PathBuf::from).find(|path| path.to_string_lossy().contains("windows-bindgen-"));
    let folder = manifest.and_then(|path| path.parent().map(|parent| parent.join("default")));
    let names = ["Windows.Win32.winmd", "Windows.Wdk.winmd"];
    folder.map(|folder| names.map(|name| folder.join(name)).to_vec()).unwrap_or_default()
}
