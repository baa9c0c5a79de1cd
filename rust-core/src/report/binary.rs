//! What a report says of its input as a whole.

use super::Addr;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The writer of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// `goabi`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// The analysed input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Binary {
    /// Of all bytes of the input, in hex.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
    /// `elf`, `pe`, `macho` or `segments`.
    pub format: String,
    /// `GOOS`, or `unknown`.
    pub os: String,
    /// `GOARCH`.
    pub arch: String,
    /// The address that the file asks to be loaded at; hosts rebase from it.
    pub image_base: Addr,
    /// The program's entry point.
    pub entry: Addr,
}

/// Go's own metadata.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Go {
    /// `go1.24.11`, or a range such as `go1.20-go1.25` when it was inferred.
    pub version: String,
    /// `buildinfo`, `buildVersion` or `inferred`.
    pub version_source: String,
    /// `ABIInternal` or `ABI0`: what compiled functions use.
    pub abi: String,
    /// Main module path, empty when unknown.
    pub module: String,
    /// Its version, empty when unknown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub module_version: String,
    /// Import path of the main package, empty when unknown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub main_package: String,
    /// Dependencies, from the build info.
    pub deps: Vec<Module>,
    /// Build settings, from the build info.
    pub settings: std::collections::BTreeMap<String, String>,
    /// Where pclntab is.
    pub pclntab: Option<Addr>,
    /// Where the moduledata structures are.
    pub moduledata: Vec<Addr>,
    /// Whether C code is linked in.
    pub cgo: bool,
    /// Whether names or structures were obfuscated.
    pub obfuscated: bool,
    /// Whether neither a symbol table nor DWARF was used.
    pub stripped: bool,
}

/// A module and its version.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Module {
    /// Module path.
    pub path: String,
    /// Version.
    pub version: String,
    /// Checksum (`h1:…`) of its contents, empty when unknown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sum: String,
    /// The module that was used instead, as `path@version`, or the folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<String>,
}

/// A signature pack that took part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pack {
    /// Module path.
    pub module: String,
    /// Module version.
    pub version: String,
    /// Of the pack.
    pub sha256: String,
    /// `used`, `nearest version` or why not.
    pub status: String,
}
