//! The Go version that built a binary, exact or as a range.

use super::buildinfo::go_string;
use super::layout::OPEN;
use super::pclntab::Span;
use crate::image::{Image, Segment};
use crate::limits::MAX_CANDIDATES;

/// Where a version comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionSource {
    /// The build info blob (Go 1.13 and later).
    BuildInfo,
    /// The string that `runtime.buildVersion` points at.
    BuildVersion,
    /// What the metadata's own structure allows.
    Inferred,
}

impl VersionSource {
    /// The report's word for it.
    pub fn name(self) -> &'static str {
        match self {
            VersionSource::BuildInfo => "buildinfo",
            VersionSource::BuildVersion => "buildVersion",
            VersionSource::Inferred => "inferred",
        }
    }
}

/// A range of Go 1 minor versions, usually of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// `go1.24.11`, or a range such as `go1.20-go1.25` when it was inferred.
    pub text: String,
    /// Oldest possible minor version.
    pub min: u16,
    /// Newest possible minor version, [`OPEN`] when there is no upper bound.
    pub max: u16,
    /// Where it comes from.
    pub source: VersionSource,
    /// Toolchain experiments, without `X:` (`noregabi`, `nospinbit`).
    pub experiments: Vec<String>,
}

impl Version {
    /// The minor version whose table rows hold: the newest one possible.
    pub fn minor(&self) -> u16 {
        self.max
    }

    /// Whether the rows of Go 1.`minor` or later hold. Only tables ask this.
    pub fn at_least(&self, minor: u16) -> bool {
        self.minor() >= minor
    }

    /// Whether shaped methods take their dictionary before the receiver, not behind it (`cmd/compile/internal/noder`,
    /// `reader.go`).
    pub fn dictionary_first(&self) -> bool {
        !self.at_least(20)
    }

    /// Whether an experiment was on.
    pub fn experiment(&self, name: &str) -> bool {
        self.experiments.iter().any(|e| e == name)
    }

    /// Reads what `runtime.Version` returns: `go1.24.11 X:nospinbit`, `devel go1.27-abcdef …`.
    pub fn parse(text: &str, source: VersionSource) -> Option<Version> {
        let at = text.find("go1.")?;
        let digits = text[at + 4..].split(|c: char| !c.is_ascii_digit()).next()?;
        let minor = digits.parse().ok().filter(|m| *m < OPEN)?;
        let (text, experiments) = text.split_once("X:").unwrap_or((text, ""));
        let experiments = experiments.split([',', ' ']).filter(|e| !e.is_empty()).map(str::to_owned).collect();
        Some(Version { text: text.trim().to_owned(), min: minor, max: minor, source, experiments })
    }

    /// What is left when only the structure tells.
    pub fn inferred(min: u16, max: u16) -> Version {
        let text = match max {
            OPEN => format!("go1.{min} or later"),
            max if max == min => format!("go1.{min}"),
            max => format!("go1.{min}-go1.{max}"),
        };
        Version { text, min, max, source: VersionSource::Inferred, experiments: Vec::new() }
    }
}

/// Bytes that a version string may have.
const LENGTHS: std::ops::RangeInclusive<u64> = 4..=64;

/// The string that `runtime.buildVersion` points at: by symbol, or by looking for a pointer to something of that shape.
pub fn build_version(image: &Image, span: Span) -> Option<Version> {
    let symbol = image.symbol("runtime.buildVersion").and_then(|s| go_string(image, s.addr));
    let parse = |bytes| Version::parse(std::str::from_utf8(bytes).ok()?, VersionSource::BuildVersion);
    if let Some(version) = symbol.and_then(parse) {
        return Some(version);
    }
    let mut found: Vec<Version> = version_strings(image).filter_map(parse).collect();
    found.retain(|v| span.and(Span { min: v.min, max: v.max }).is_some() && v.text.starts_with("go1."));
    found.sort_by(|a, b| a.text.cmp(&b.text));
    found.dedup();
    let released = found.iter().filter(|v| v.text.matches('.').count() == 2);
    let one = if found.len() == 1 { found.first() } else { released.clone().next().filter(|_| released.count() == 1) };
    one.cloned()
}

/// Strings that start with `go1.` and that a string header in data points at.
fn version_strings<'i>(image: &'i Image) -> impl Iterator<Item = &'i [u8]> {
    let headers = image.segments.iter().filter(|s| s.write).flat_map(|segment| pairs(image, segment));
    let strings =
        headers.filter(|(_, len)| LENGTHS.contains(len)).filter_map(|(at, len)| image.bytes(at, len as usize));
    strings.filter(|text| text.starts_with(b"go1.")).take(MAX_CANDIDATES)
}

/// Every two neighbouring words of a segment.
fn pairs<'i>(image: &Image, segment: &'i Segment) -> impl Iterator<Item = (u64, u64)> + 'i {
    let (big_endian, ptr) = (image.arch.info().big_endian, image.arch.info().ptr_size);
    let skip = (segment.addr.wrapping_neg() % u64::from(ptr)) as usize;
    let words = segment.data.get(skip..).unwrap_or_default().windows(2 * usize::from(ptr)).step_by(usize::from(ptr));
    words.filter_map(move |bytes| {
        let mut pair = crate::reader::Reader::new(bytes, big_endian, ptr);
        Some((pair.word()?, pair.word()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_shape_of_version() {
        let parse = |text| {
            let v = Version::parse(text, VersionSource::BuildInfo)?;
            Some(format!("{} {} {:?}", v.text, v.max, v.experiments))
        };
        assert_eq!(
            parse("go1.24.11 X:nospinbit,synctest").as_deref(),
            Some(r#"go1.24.11 24 ["nospinbit", "synctest"]"#)
        );
        assert_eq!(parse("devel go1.27-0123abc Mon Jan 1").as_deref(), Some("devel go1.27-0123abc Mon Jan 1 27 []"));
        assert_eq!(parse("go1.4").as_deref(), Some("go1.4 4 []"));
        assert_eq!(parse("unknown"), None);
        assert_eq!(parse("go1.99999999"), None);
        assert_eq!(Version::inferred(20, 25).text, "go1.20-go1.25");
        assert!(Version::inferred(26, OPEN).at_least(30));
    }
}
