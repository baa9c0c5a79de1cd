//! The report as one page that needs nothing else: no network, no server, no build step.
//!
//! What the table needs comes first; everything else of the functions comes in blocks of [`BLOCK`] that are unpacked when
//! one of them is looked at, so that a program with 50,000 functions opens like a small one. Data is gzip in base64, which
//! cannot end the element that it is in; the page makes text of names, never markup, and its policy lets no other script run.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::LazyLock;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use foldhash::HashMap;
use rayon::prelude::*;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::Digest;

use super::frame::{Slot, slots};
use crate::report::{CallSite, Confidence, Function, Report};

/// Functions in a block.
const BLOCK: usize = 256;
/// Blocks that are packed at a time.
const AT_ONCE: usize = 64;

/// The program of the page.
static SCRIPT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(&[
        include_str!("html/base.js"),
        include_str!("html/list.js"),
        include_str!("html/function.js"),
        include_str!("html/views.js"),
        include_str!("html/app.js"),
    ])
});
const LIBRARIES: &str = include_str!("html/libraries.js");
const STYLES: [&str; 2] = [include_str!("html/libraries.css"), include_str!("html/style.css")];

/// A page's program, and the policy that lets it and the libraries run, and nothing else.
pub(super) struct Script {
    text: String,
    policy: String,
}

impl Script {
    /// Of its parts, in order.
    pub(super) fn new(parts: &[&str]) -> Script {
        let text = format!("\"use strict\";\n{}", parts.concat());
        let hashes = [LIBRARIES, &text].map(hash).join(" ");
        let policy = format!(
            "default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
        );
        Script { text, policy }
    }
}

/// Writes the page. All of the report, whatever the confidence: the page shows it.
pub fn write(report: &Report, out: &mut dyn Write, _: Confidence) -> io::Result<()> {
    let tabs = [
        ("list", "#/", "Functions"),
        ("types", "#/types", "Types"),
        ("bridges", "#/bridges", "Go and C"),
        ("coverage", "#/coverage", "Coverage"),
    ];
    let sha = short(&report.binary.sha256);
    page(out, &format!("goabi: {sha}"), &about_line(report), &tabs, &SCRIPT, |out| {
        data(out, "head", &head(report)?)?;
        for (n, blocks) in report.functions.chunks(BLOCK * AT_ONCE).enumerate() {
            let packed: io::Result<Vec<String>> =
                blocks.par_chunks(BLOCK).map(|block| pack(&Block::of(report, block))).collect();
            for (i, block) in packed?.iter().enumerate() {
                data(out, &format!("b{}", n * AT_ONCE + i), block)?;
            }
        }
        Ok(())
    })
}

/// A page with its style and program, around the data that `write_data` writes.
pub(super) fn page(
    out: &mut dyn Write,
    title: &str,
    about: &str,
    tabs: &[(&str, &str, &str)],
    script: &Script,
    write_data: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let Script { text: program, policy } = script;
    writeln!(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")?;
    writeln!(out, "<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">")?;
    writeln!(
        out,
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<link rel=\"icon\" href=\"data:,\">"
    )?;
    writeln!(out, "<title>{}</title>\n<style>{}</style>\n</head>\n<body>", escaped(title), STYLES.concat())?;
    write!(out, "<header><h1>goabi</h1><nav>")?;
    for (view, link, name) in tabs {
        write!(out, "<a data-view=\"{view}\" href=\"{link}\">{name}</a>")?;
    }
    let about = escaped(about);
    writeln!(
        out,
        "</nav><span class=\"about\" title=\"{about}\">{about}</span><button id=\"theme\" title=\"t\">Light / dark</button></header>"
    )?;
    writeln!(
        out,
        "<main><noscript>This report is shown by a script, which it carries itself.</noscript></main><div id=\"print\"></div>"
    )?;
    write_data(out)?;
    writeln!(out, "<script>{LIBRARIES}</script>\n<script>{program}</script>\n</body>\n</html>")
}

/// An element that holds packed data.
pub(super) fn data(out: &mut dyn Write, id: &str, packed: &str) -> io::Result<()> {
    writeln!(out, "<script type=\"application/octet-stream\" id=\"{id}\">{packed}</script>")
}

/// JSON, compressed, in letters.
pub(super) fn pack(value: &impl Serialize) -> io::Result<String> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    serde_json::to_writer(&mut gzip, value)?;
    Ok(BASE64_STANDARD.encode(gzip.finish()?))
}

fn hash(text: &str) -> String {
    format!("'sha256-{}'", BASE64_STANDARD.encode(sha2::Sha256::digest(text)))
}

fn escaped(text: &str) -> String {
    let text = super::text::escape(text);
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The first characters of a hash.
pub(super) fn short(sha256: &str) -> String {
    sha256.chars().take(12).collect()
}

fn about_line(report: &Report) -> String {
    let (binary, go) = (&report.binary, &report.go);
    let module = if go.module.is_empty() { "" } else { " · " };
    format!(
        "{} {}/{} · {}{module}{} · sha256 {}",
        binary.format,
        binary.os,
        binary.arch,
        go.version,
        go.module,
        short(&binary.sha256)
    )
}

/// Everything of some functions.
#[derive(Serialize)]
struct Block<'r> {
    functions: &'r [Function],
    frames: Vec<Vec<Slot>>,
    sites: Vec<&'r CallSite>,
}

impl<'r> Block<'r> {
    fn of(report: &'r Report, functions: &'r [Function]) -> Block<'r> {
        let frames = functions.iter().map(|f| slots(report, f)).collect();
        Block { functions, frames, sites: sites(report, functions) }
    }
}

/// Calls in the functions of a block, which both are in the order of addresses.
fn sites<'r>(report: &'r Report, block: &[Function]) -> Vec<&'r CallSite> {
    let (Some(first), Some(last)) = (block.first(), block.last()) else { return Vec::new() };
    let end = last.end.unwrap_or(last.entry);
    let from = report.call_sites.partition_point(|site| site.at < first.entry);
    let near = report.call_sites.iter().skip(from).take_while(|site| site.at <= end);
    near.filter(|site| (first.entry..=last.entry).contains(&site.within)).collect()
}

/// What the table and the other views need, a column for each field.
fn head(report: &Report) -> io::Result<String> {
    let functions = &report.functions;
    let mut packages = Words::default();
    let mut words = Words::default();
    let package: Vec<usize> = functions.iter().map(|f| packages.number(&f.package)).collect();
    let mut word =
        |text: fn(&Function) -> String| -> Vec<usize> { functions.iter().map(|f| words.number(&text(f))).collect() };
    let source = |f: &Function| {
        let (params, results) = (super::text::source_word(f.source.params), super::text::source_word(f.source.results));
        if params == results { params.to_string() } else { format!("{params}/{results}") }
    };
    let (source, abi, kind) = (word(source), word(|f| spelled(&f.abi)), word(|f| spelled(&f.kind)));
    let column = |of: fn(&Function) -> Value| -> Vec<Value> { functions.iter().map(of).collect() };
    pack(&json!({
        "block": BLOCK, "tool": report.tool, "about": about(report), "notes": report.notes, "types": report.types,
        "annotations": report.annotations, "packages": packages.list, "words": words.list,
        "functions": {
            "entry": column(|f| json!(f.entry)), "name": column(|f| json!(f.name)), "package": package,
            "params": column(|f| json!(f.confidence.params as u8)), "results": column(|f| json!(f.confidence.results as u8)),
            "source": source, "abi": abi, "kind": kind, "prototype": column(|f| json!(f.prototype)),
        },
    }))
}

fn spelled(word: &impl Serialize) -> String {
    serde_json::to_value(word).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

fn about(report: &Report) -> BTreeMap<&'static str, String> {
    let (binary, go) = (&report.binary, &report.go);
    BTreeMap::from([
        ("sha256", binary.sha256.clone()),
        ("file", format!("{} {}/{}, {} bytes", binary.format, binary.os, binary.arch, binary.size)),
        ("image base", binary.image_base.to_string()),
        ("Go", format!("{} ({}), {}", go.version, go.version_source, go.abi)),
        ("module", format!("{} {}", go.module, go.module_version)),
        ("evidence", super::text::evidence(report).join(", ")),
        ("made by", format!("{} {}", report.tool.name, report.tool.version)),
    ])
}

/// Different words, by their number.
#[derive(Default)]
struct Words {
    list: Vec<String>,
    numbers: HashMap<String, usize>,
}

impl Words {
    fn number(&mut self, word: &str) -> usize {
        if let Some(number) = self.numbers.get(word) {
            return *number;
        }
        self.numbers.insert(word.to_string(), self.list.len());
        self.list.push(word.to_string());
        self.list.len() - 1
    }
}
