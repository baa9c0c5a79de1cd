//! What a pack is to be made of: the modules that a binary's build info names, with the packages that it has of them.

use crate::report::{Module, Pack as Status, Report};
use crate::signature::pack::Pack;
use sha2::Digest;
use std::collections::BTreeSet;

/// Part of every key: raised when the same sources give another pack.
const RECIPE: u32 = 1;

/// A module to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    /// The path that its packages are imported by.
    pub(super) path: String,
    /// Its version, of what replaces it when it is replaced.
    pub(super) version: String,
    /// The path that it is fetched by.
    pub(super) fetched: String,
    /// The checksum that it must have, empty when unknown.
    pub(super) sum: String,
}

/// Everything that decides what is in a pack.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) modules: Vec<Source>,
    /// Import paths, none for all of the modules'.
    pub(super) packages: BTreeSet<String>,
    pub(super) main: String,
    pub(super) release: String,
    pub(super) system: String,
    pub(super) cgo: bool,
    pub(super) tags: String,
    /// Modules that are left out, and why.
    pub(super) missing: Vec<Status>,
}

impl Wanted {
    /// What a binary needs.
    pub(super) fn of(report: &Report) -> Wanted {
        let go = &report.go;
        let setting = |key: &str| go.settings.get(key).cloned().unwrap_or_default();
        let mut wanted = Wanted {
            release: go.version.split(' ').next().unwrap_or_default().to_string(),
            system: format!("{}/{}", report.binary.os, report.binary.arch),
            cgo: setting("CGO_ENABLED") == "1",
            tags: setting("-tags"),
            ..Wanted::default()
        };
        let main = Module { path: go.module.clone(), version: go.module_version.clone(), ..Module::default() };
        let packages: BTreeSet<&str> = report.functions.iter().map(|f| &*f.package).collect();
        for module in go.deps.iter().chain((!main.path.is_empty()).then_some(&main)) {
            let below = |package: &&&str| is_below(package, &module.path);
            let is_main = module.path == main.path;
            let has_main = is_main && is_below(&go.main_package, &main.path);
            let own: Vec<&str> = packages.iter().filter(below).copied().collect();
            match source(module) {
                _ if own.is_empty() && !has_main => {}
                Ok(source) => {
                    wanted.packages.extend(own.into_iter().map(str::to_string));
                    wanted.modules.push(source);
                    if has_main {
                        wanted.main.clone_from(&go.main_package);
                    }
                }
                Err(reason) => wanted.miss(&module.path, &module.version, reason),
            }
        }
        wanted
    }

    /// Modules as people write them, `path@version`.
    pub(super) fn modules(words: &[String], system: &str) -> Result<Wanted, String> {
        let mut wanted = Wanted { system: system.to_string(), ..Wanted::default() };
        for word in words {
            let (path, version) = word.split_once('@').ok_or(format!("{word}: no such file, and no module@version"))?;
            let module = Module { path: path.to_string(), version: version.to_string(), ..Module::default() };
            wanted.modules.push(source(&module).map_err(|reason| format!("{word}: {reason}"))?);
        }
        Ok(wanted)
    }

    pub(super) fn miss(&mut self, path: &str, version: &str, reason: &str) {
        let (module, version) = (path.to_string(), version.to_string());
        self.missing.push(Status { module, version, sha256: String::new(), status: reason.to_string() });
    }

    /// Notes modules that a pack, made earlier, lacks.
    pub(super) fn note_absent(&mut self, data: &[u8]) {
        let Some(pack) = Pack::read(data) else { return };
        for source in self.modules.clone() {
            if !pack.modules.iter().any(|(path, _)| *path == source.path) {
                self.miss(&source.path, &source.version, "could not be fetched when the pack was made");
            }
        }
    }

    /// The same for what gives the same pack.
    pub(super) fn key(&self) -> String {
        let Wanted { modules, packages, main, release, system, cgo, tags, .. } = self;
        let text = format!("{RECIPE} {modules:?} {packages:?} {main:?} {release:?} {system:?} {cgo} {tags:?}");
        sha2::Sha256::digest(text).iter().map(|b| format!("{b:02x}")).collect()
    }
}

fn is_below(package: &str, module: &str) -> bool {
    package.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What is fetched for a module, or why nothing is. A binary may say anything: what is not a plain path and version never
/// reaches the Go command.
fn source(module: &Module) -> Result<Source, &'static str> {
    let (fetched, version) = match module.replaced_by.as_deref().map(|by| by.split_once('@')) {
        Some(Some(by)) => by,
        Some(None) => return Err("replaced by a folder"),
        None => (module.path.as_str(), module.version.as_str()),
    };
    if version.is_empty() || version == "(devel)" || version.contains("+dirty") {
        return Err("has no version");
    }
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~/+!".contains(&b));
    let dotted = fetched.split('/').next().is_some_and(|host| host.contains('.'));
    if !plain(fetched) || !plain(version) || !dotted || fetched.starts_with(['-', '.']) || !version.starts_with('v') {
        return Err("is no module that can be fetched");
    }
    let (path, sum) = (module.path.clone(), module.sum.clone());
    Ok(Source { path, version: version.to_string(), fetched: fetched.to_string(), sum })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_modules_are_fetched() {
        let of = |path: &str, version: &str, by: Option<&str>| {
            let module = Module {
                path: path.into(),
                version: version.into(),
                replaced_by: by.map(str::to_string),
                ..Module::default()
            };
            source(&module).map(|s| format!("{}@{}", s.fetched, s.version))
        };
        assert_eq!(of("example.com/a", "v1.2.3", None).as_deref(), Ok("example.com/a@v1.2.3"));
        assert_eq!(of("example.com/a", "v1.2.3", Some("example.com/b@v0.1.0")).as_deref(), Ok("example.com/b@v0.1.0"));
        assert_eq!(of("example.com/a", "v1.2.3", Some("../b")), Err("replaced by a folder"));
        assert_eq!(of("example.com/a", "(devel)", None), Err("has no version"));
        for (path, version) in [("-x.com/a", "v1"), ("example.com/a b", "v1"), ("a/b", "v1"), ("example.com/a", "-v1")]
        {
            assert_eq!(of(path, version, None), Err("is no module that can be fetched"), "{path} {version}");
        }
    }

    #[test]
    fn a_key_depends_on_everything() {
        let of = |module: &str, system: &str| Wanted::modules(&[module.into()], system).map(|w| w.key());
        assert_eq!(of("example.com/a@v1.0.0", "linux/amd64"), of("example.com/a@v1.0.0", "linux/amd64"));
        assert_ne!(of("example.com/a@v1.0.0", "linux/amd64"), of("example.com/a@v1.0.1", "linux/amd64"));
        assert_ne!(of("example.com/a@v1.0.0", "linux/amd64"), of("example.com/a@v1.0.0", "linux/arm64"));
        assert!(of("example.com/a", "linux/amd64").is_err());
    }
}
