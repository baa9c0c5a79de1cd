//! A comparison of two builds, for people: as text, and as a page.

use std::io::{self, Write};
use std::sync::LazyLock;

use crate::diff::{Build, Change, Diff, Face};

use super::html;
use super::text::escape;

static SCRIPT: LazyLock<html::Script> =
    LazyLock::new(|| html::Script::new(&[include_str!("html/base.js"), include_str!("html/diff.js")]));

/// Writes what differs, one function after the other, and a summary before.
pub fn text(diff: &Diff, out: &mut dyn Write) -> io::Result<()> {
    build("old", &diff.old, out)?;
    build("new", &diff.new, out)?;
    let (changed, added, removed) = (diff.changed.len(), diff.added.len(), diff.removed.len());
    writeln!(out, "{changed} changed, {added} added, {removed} removed, {} the same", diff.unchanged)?;
    for note in &diff.notes {
        writeln!(out, "note: {}", escape(note))?;
    }
    if changed > 0 {
        writeln!(out, "\nchanged")?;
        diff.changed.iter().try_for_each(|change| one(change, out))?;
    }
    list("removed", &diff.removed, out)?;
    list("added", &diff.added, out)
}

/// Writes all of it, with a newline at the end.
pub fn json(diff: &Diff, out: &mut dyn Write) -> io::Result<()> {
    super::json::line(diff, out, false)?;
    out.write_all(b"\n")
}

/// Writes a page that needs nothing else.
pub fn page(diff: &Diff, out: &mut dyn Write) -> io::Result<()> {
    let name = |build: &Build| format!("{} {} sha256 {}", build.module, build.go, html::short(&build.sha256));
    let about = format!("{} → {}", name(&diff.old), name(&diff.new));
    html::page(out, "goabi: two builds", &about, &[], &SCRIPT, |out| html::data(out, "diff", &html::pack(diff)?))
}

fn build(which: &str, build: &Build, out: &mut dyn Write) -> io::Result<()> {
    let Build { sha256, go, system, module, functions } = build;
    let sha256 = html::short(sha256);
    writeln!(
        out,
        "{which}  {} {} {} sha256 {sha256}: {functions} functions",
        escape(module),
        escape(go),
        escape(system)
    )
}

fn one(change: &Change, out: &mut dyn Write) -> io::Result<()> {
    let what: Vec<String> = change.what.iter().map(|what| format!("{what:?}").to_lowercase()).collect();
    let matched = format!("{:?}", change.matched).to_lowercase();
    let (old, new) = (&change.old, &change.new);
    let name = if new.name.is_empty() { &old.name } else { &new.name };
    writeln!(out, "  {} -> {}  {}  {} (by {matched})", old.entry, new.entry, escape(name), what.join(", "))?;
    for (sign, face) in [('-', old), ('+', new)] {
        let renamed =
            if old.name == new.name || face.name.is_empty() { String::new() } else { format!("  // {}", face.name) };
        writeln!(out, "    {sign} {}{}", escape(&face.prototype), escape(&renamed))?;
    }
    if old.prototype == new.prototype {
        for (sign, usercall) in [('-', &old.usercall), ('+', &new.usercall)] {
            writeln!(out, "    {sign} {}", escape(usercall.as_deref().unwrap_or("(no __usercall)")))?;
        }
    }
    Ok(())
}

fn list(title: &str, faces: &[Face], out: &mut dyn Write) -> io::Result<()> {
    if faces.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{title}")?;
    faces.iter().try_for_each(|f| writeln!(out, "  {}  {}  // {}", f.entry, escape(&f.prototype), escape(&f.name)))
}
