//! The report for people: one line per function, then a summary.
//!
//! A line has the address, how sure each side is, who says so, the Go-style prototype, the IDA prototype, and the full
//! Go name behind `//`. What a person needs first is within 120 columns; the IDA prototype may go on beyond them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::report::{Confidence, Function, Report, Sides, Source};

/// Columns that the Go-style prototype is padded to.
const PROTOTYPE: usize = 64;

/// Characters of a list of clobbered registers that a line always has room for.
const LONG_CLOBBERS: usize = 40;
/// Different words that the summary lists.
const MOST: usize = 10;

/// Writes the listing.
pub fn write(report: &Report, out: &mut dyn Write, min: Confidence) -> io::Result<()> {
    let widest = |text: fn(&Function) -> String| report.functions.iter().map(|f| text(f).len()).max().unwrap_or(0);
    let widths = [widest(|f| f.entry.to_string()), widest(sure), widest(source)];
    let common = common_clobbers(report);
    for f in &report.functions {
        line(f, min, widths, &common, out)?;
    }
    super::marks_text::write(report, out)?;
    writeln!(out)?;
    summary(report, &common, out, min)
}

fn line(
    f: &Function,
    min: Confidence,
    widths: [usize; 3],
    common: &[(&str, &Function)],
    out: &mut dyn Write,
) -> io::Result<()> {
    for (text, width) in [f.entry.to_string(), sure(f), source(f)].iter().zip(widths) {
        write!(out, "{text:width$}  ")?;
    }
    let usercall = super::sure_usercall(f, min).map_or("-".into(), |text| without_clobbers(text, common));
    let padding = PROTOTYPE.saturating_sub(f.prototype.chars().count());
    let prototype = &f.prototype;
    write!(out, "{prototype}{:padding$}  {usercall}", "")?;
    let name = (!f.name.is_empty()).then(|| escape(&f.name).into_owned());
    let pair = f.pair.as_ref().map(|pair| {
        if pair.role == "wrapper" {
            format!("forwards to {}", pair.target)
        } else {
            format!("called through {}", pair.target)
        }
    });
    let behind: Vec<String> = name.into_iter().chain(pair).collect();
    if behind.is_empty() { writeln!(out) } else { writeln!(out, "  // {}", behind.join(", ")) }
}

fn sure(f: &Function) -> String {
    pair(f.confidence, confidence_word)
}

fn source(f: &Function) -> String {
    pair(f.source, source_word)
}

/// One word when both sides agree, two with a slash when not.
fn pair<T: Copy + PartialEq>(sides: Sides<T>, word: fn(T) -> &'static str) -> String {
    let (params, results) = (word(sides.params), word(sides.results));
    if params == results { params.into() } else { format!("{params}/{results}") }
}

pub(crate) fn confidence_word(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Exact => "exact",
        Confidence::Likely => "likely",
        Confidence::Guess => "guess",
        Confidence::Unknown => "unknown",
    }
}

pub(crate) fn source_word(source: Option<Source>) -> &'static str {
    match source {
        None => "-",
        Some(Source::Dwarf) => "dwarf",
        Some(Source::Table) => "table",
        Some(Source::Module) => "module",
        Some(Source::Std) => "std",
        Some(Source::Rtype) => "rtype",
        Some(Source::Spill) => "spill",
        Some(Source::ArgInfo) => "arg_info",
        Some(Source::Code) => "code",
    }
}

/// Long `__spoils` texts that many functions have, and one that has it. They are said once, not on every line.
fn common_clobbers(report: &Report) -> Vec<(&str, &Function)> {
    let mut count: BTreeMap<&str, (usize, &Function)> = BTreeMap::new();
    for f in &report.functions {
        let text = spoils(f.usercall.as_deref().unwrap_or_default());
        if text.len() > LONG_CLOBBERS {
            count.entry(text).or_insert((0, f)).0 += 1;
        }
    }
    let mut common: Vec<(usize, &str, &Function)> = count.into_iter().map(|(text, (n, f))| (n, text, f)).collect();
    common.sort_by_key(|(times, ..)| std::cmp::Reverse(*times));
    common.into_iter().take(2).map(|(_, text, f)| (text, f)).collect()
}

fn without_clobbers(usercall: &str, common: &[(&str, &Function)]) -> String {
    let own = spoils(usercall);
    if common.iter().any(|(text, _)| *text == own) { usercall.replacen(own, "", 1) } else { usercall.to_string() }
}

/// `__spoils<…> ` of a prototype, or nothing.
fn spoils(usercall: &str) -> &str {
    let Some(start) = usercall.find("__spoils<") else { return "" };
    usercall[start..].find("> ").map_or("", |end| &usercall[start..start + end + 2])
}

fn summary(report: &Report, common: &[(&str, &Function)], out: &mut dyn Write, min: Confidence) -> io::Result<()> {
    let total = report.functions.len();
    let go = &report.go;
    let binary = &report.binary;
    let (os, arch) = (escape(&binary.os), escape(&binary.arch));
    writeln!(out, "{} {os}/{arch}, {} ({})", escape(&binary.format), escape(&go.version), escape(&go.version_source))?;
    let usercalls = report.functions.iter().filter(|f| super::sure_usercall(f, min).is_some()).count();
    writeln!(out, "{total} functions, {usercalls} with an IDA prototype ({})", percent(usercalls, total))?;
    let why = |f: &Function| super::missing(f, min).map(|why| why.rsplit(": ").next().unwrap_or_default().to_string());
    let missing = most_first(report.functions.iter().filter_map(why));
    if !missing.is_empty() {
        writeln!(out, "  without: {}", escape(&missing))?;
    }
    coverage(report, "parameters", |f| (f.confidence.params, f.source.params), out)?;
    coverage(report, "results", |f| (f.confidence.results, f.source.results), out)?;
    writeln!(out, "evidence: {}", evidence(report).join(", "))?;
    for (text, f) in common {
        writeln!(out, "left out above, as of {:?} functions such as {}: {}", f.abi, f.entry, text.trim_end())?;
    }
    for note in &report.notes {
        let place = note.at.map(|at| format!("{at}: ")).unwrap_or_default();
        writeln!(out, "note: {place}{}", escape(&note.text))?;
    }
    Ok(())
}

type Claim = fn(&Function) -> (Confidence, Option<Source>);

/// `parameters: exact 96.1 %, likely 2.0 %, …; from 12 dwarf, 3 rtype, …`.
fn coverage(report: &Report, side: &str, claim: Claim, out: &mut dyn Write) -> io::Result<()> {
    let total = report.functions.len();
    let mut sure = [0usize; 4];
    for (confidence, _) in report.functions.iter().map(claim) {
        sure[confidence as usize] += 1;
    }
    let levels = [Confidence::Exact, Confidence::Likely, Confidence::Guess, Confidence::Unknown];
    let shares = levels.map(|level| format!("{} {:>7}", confidence_word(level), percent(sure[level as usize], total)));
    let known = report.functions.iter().map(claim).filter(|(_, source)| source.is_some());
    let sources = most_first(known.map(|(_, source)| source_word(source).to_string()));
    writeln!(out, "  {side:<10}  {}   from {sources}", shares.join("  "))
}

/// Different words with how often each comes, the most frequent first; the rarest are left out.
fn most_first(words: impl Iterator<Item = String>) -> String {
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    for word in words {
        *count.entry(word).or_default() += 1;
    }
    let mut count: Vec<(String, usize)> = count.into_iter().collect();
    count.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
    let list: Vec<String> = count.iter().take(MOST).map(|(word, times)| format!("{times} {word}")).collect();
    let rest = if count.len() > MOST { ", …" } else { "" };
    list.join(", ") + rest
}

/// What the file had for the recovery to use.
pub(crate) fn evidence(report: &Report) -> Vec<String> {
    let go = &report.go;
    let mut found = Vec::new();
    let mut say = |is: bool, text: &str| found.extend(is.then(|| text.to_string()));
    say(go.pclntab.is_some(), "pclntab");
    say(!go.moduledata.is_empty(), "moduledata");
    say(!report.types.is_empty(), "types");
    say(!go.stripped, "symbols or DWARF");
    say(go.stripped, "stripped");
    say(go.obfuscated, "obfuscated");
    say(go.cgo, "cgo");
    found.extend(report.packs.iter().map(|pack| format!("pack {} ({})", escape(&pack.module), escape(&pack.status))));
    found
}

fn percent(part: usize, whole: usize) -> String {
    if whole == 0 { "-".into() } else { format!("{:.1} %", 100.0 * part as f64 / whole as f64) }
}

/// Whether a terminal or an editor would obey the character instead of showing it: controls, and the invisible
/// characters that reorder or join text.
pub(crate) fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Text from a sample, fit for a terminal: what [`is_unsafe`] is written as `\u{202e}`.
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_unsafe(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    Cow::Owned(out)
}
