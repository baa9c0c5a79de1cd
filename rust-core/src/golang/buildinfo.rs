//! Build info: version, module, dependencies, settings.
//!
//! Source: `debug/buildinfo`, `runtime/debug/mod.go`, `cmd/go/internal/modload/build.go`. A blob of 32 bytes since
//! Go 1.13, with two string pointers up to 1.17 and the strings themselves behind it since.

use super::version::{Version, VersionSource};
use crate::image::Image;
use crate::limits::{MAX_BUILD_INFO, MAX_NAME};

/// A module as the build info names it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Module {
    /// Module path.
    pub path: String,
    /// Version; `(devel)` for the main module of most builds.
    pub version: String,
    /// Checksum, empty when there is none.
    pub sum: String,
    /// The module that was used instead (`=>`).
    pub replace: Option<Box<Module>>,
}

/// What the build info says. All empty when there is none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BuildInfo {
    /// `runtime.Version` of the toolchain, such as `go1.24.11`.
    pub go_version: String,
    /// Path of the main package.
    pub path: String,
    /// The main module.
    pub main: Module,
    /// Dependencies, in the order of the file.
    pub deps: Vec<Module>,
    /// Build settings, in the order of the file (Go 1.18).
    pub settings: Vec<(String, String)>,
}

const MAGIC: &[u8] = b"\xff Go buildinf:";
/// Bytes before inline strings.
const BLOB: u64 = 32;
/// The blob's alignment.
const ALIGN: u64 = 16;
/// Flag: the strings follow.
const INLINE: u8 = 2;
/// Bytes of the markers around the module text.
const SENTINEL: usize = 16;

/// Reads the build info, from where the linker puts it (a section of its own, the start of data) or wherever it is.
pub fn read(image: &Image) -> Option<BuildInfo> {
    let section = image.section(".go.buildinfo").map(|s| s.addr);
    let data = image.segments.iter().filter(|s| s.write).map(|s| s.addr);
    let usual = section.into_iter().chain(data).filter(|addr| image.tail(*addr).starts_with(MAGIC));
    usual.chain(image.find(MAGIC, ALIGN)).find_map(|addr| blob(image, addr))
}

fn blob(image: &Image, addr: u64) -> Option<BuildInfo> {
    let mut head = image.reader(addr).at(MAGIC.len());
    let (_, flags) = (head.u8()?, head.u8()?);
    let (version, modules) = if flags & INLINE != 0 { inline(image, addr) } else { pointers(image, addr) }?;
    let version = printable(version)?;
    let mut info = modinfo(modules.unwrap_or_default());
    info.go_version = version;
    Some(info)
}

type Strings<'i> = (&'i [u8], Option<&'i [u8]>);

fn inline<'i>(image: &'i Image, addr: u64) -> Option<Strings<'i>> {
    let mut reader = image.reader(addr).at(BLOB as usize);
    let mut string = || {
        let len = usize::try_from(reader.uvarint()?).ok()?;
        reader.bytes(len)
    };
    Some((string()?, string()))
}

fn pointers<'i>(image: &'i Image, addr: u64) -> Option<Strings<'i>> {
    let ptr = u64::from(image.arch.ptr_size());
    let string = |at| go_string(image, image.word(at)?);
    Some((string(addr + 16)?, string(addr + 16 + ptr)))
}

/// The bytes of the Go string whose header is at `addr`.
pub(super) fn go_string<'i>(image: &'i Image, addr: u64) -> Option<&'i [u8]> {
    let mut header = image.reader(addr);
    let (data, len) = (header.word()?, usize::try_from(header.word()?).ok()?);
    if len == 0 { Some(&[]) } else { image.bytes(data, len) }
}

/// A version string: short, and nothing that a terminal would act on.
fn printable(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(Some(bytes).filter(|bytes| bytes.len() <= MAX_NAME)?).ok()?;
    (!text.chars().any(char::is_control)).then(|| text.to_owned())
}

/// Reads the text between the markers: tab-separated lines.
fn modinfo(framed: &[u8]) -> BuildInfo {
    let framed = framed.get(..framed.len().min(MAX_BUILD_INFO)).unwrap_or_default();
    let inner = framed.len().checked_sub(SENTINEL).and_then(|end| framed.get(SENTINEL..end));
    let text = String::from_utf8_lossy(inner.filter(|t| t.ends_with(b"\n")).unwrap_or(framed));
    let mut info = BuildInfo::default();
    for line in text.lines() {
        info.line(line);
    }
    info
}

impl BuildInfo {
    fn line(&mut self, line: &str) {
        let (key, rest) = line.split_once('\t').unwrap_or((line, ""));
        match key {
            "path" => self.path = rest.to_owned(),
            "mod" => self.main = module(rest),
            "dep" => self.deps.push(module(rest)),
            "=>" => self.deps.last_mut().unwrap_or(&mut self.main).replace = Some(Box::new(module(rest))),
            "build" => self.settings.extend(setting(rest)),
            _ => {}
        }
    }

    /// The value of a build setting.
    pub fn setting(&self, key: &str) -> Option<&str> {
        self.settings.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str())
    }

    /// The toolchain's version, if it says one.
    pub fn version(&self) -> Option<Version> {
        Version::parse(&self.go_version, VersionSource::BuildInfo)
    }
}

fn module(fields: &str) -> Module {
    let mut fields = fields.split('\t').map(str::to_owned);
    let mut next = || fields.next().unwrap_or_default();
    Module { path: next(), version: next(), sum: next(), replace: None }
}

/// `key=value`; either may be a quoted Go string.
fn setting(text: &str) -> Option<(String, String)> {
    let (key, value) = text.split_once('=')?;
    let plain = |s: &str| s.strip_prefix('"').and_then(|s| s.strip_suffix('"')).map(unescape).unwrap_or(s.to_owned());
    Some((plain(key), plain(value)))
}

/// What `strconv.Quote` does to quotes, backslashes, tabs and newlines.
fn unescape(quoted: &str) -> String {
    let mut out = String::with_capacity(quoted.len());
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        match if c == '\\' { chars.next() } else { None } {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some(escaped) => out.push(escaped),
            None => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_modules_replacements_and_settings() {
        let lines = "path\tcommand-line-arguments\nmod\texample.com/a\t(devel)\t\ndep\texample.com/b\tv1.2.3\th1:x=\n\
                     =>\t./fork\t\t\ndep\texample.com/c\tv0.1.0\nbuild\t-ldflags=\"-s -w -X \\\"a=b\\\"\"\nbuild\tGOOS=linux\n";
        let framed = [&[7u8; SENTINEL], lines.as_bytes(), &[9; SENTINEL]].concat();
        let info = modinfo(&framed);
        assert_eq!((info.path.as_str(), info.main.path.as_str()), ("command-line-arguments", "example.com/a"));
        let deps: Vec<_> = info.deps.iter().map(|d| (d.path.as_str(), d.version.as_str())).collect();
        assert_eq!(deps, [("example.com/b", "v1.2.3"), ("example.com/c", "v0.1.0")]);
        assert_eq!(info.deps[0].replace.as_ref().map(|m| m.path.as_str()), Some("./fork"));
        assert_eq!(info.deps[0].sum, "h1:x=");
        assert_eq!(info.setting("-ldflags"), Some("-s -w -X \"a=b\""));
        assert_eq!(info.setting("GOOS"), Some("linux"));
        assert_eq!(modinfo(b"short"), BuildInfo::default());
    }
}
