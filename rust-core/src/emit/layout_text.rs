//! A layout for people: places line by line, then the argument area with lower addresses on top.

use std::fmt::Write;

use super::layout::{Layout, Part, Section, Slot, Value};
use crate::report::Abi;

/// Characters of a type's spelling that fit beside the rest.
const TYPE_WIDTH: usize = 40;

/// The whole text, lines ended by newlines.
pub(super) fn text(layout: &Layout) -> String {
    let mut out = String::new();
    // Writing to a string can't fail.
    let _ = write_all(&mut out, layout);
    out
}

fn write_all(out: &mut String, layout: &Layout) -> std::fmt::Result {
    let abi = match layout.abi {
        Abi::ABIInternal => "ABIInternal (registers)",
        _ => "ABI0 (stack)",
    };
    writeln!(out, "{}\n{}, {abi}\n", layout.prototype, layout.machine)?;
    values(out, "parameters", &layout.params)?;
    values(out, "results", &layout.results)?;
    if let Some(register) = &layout.closure_context {
        writeln!(out, "closure context   {register}, when called through a func value")?;
    }
    let frame = &layout.frame;
    writeln!(
        out,
        "argument area     {} bytes from SP+{} at entry: {} parameters, {} results, {} spill area\n",
        frame.args.unwrap_or(0),
        layout.arg_base,
        frame.stack_args,
        frame.stack_results,
        frame.spill
    )?;
    picture(out, layout)
}

fn values(out: &mut String, title: &str, values: &[Value]) -> std::fmt::Result {
    if values.is_empty() {
        return writeln!(out, "{title}: none\n");
    }
    writeln!(out, "{title}")?;
    let name_width = values.iter().map(|v| v.name.chars().count()).max().unwrap_or(0).max(1);
    let type_width = values.iter().map(|v| cut(&v.ty).chars().count()).max().unwrap_or(0);
    for value in values {
        let name = if value.name.is_empty() { "-" } else { &value.name };
        write!(out, "  {name:name_width$}  {:type_width$}  {}", cut(&value.ty), places(value))?;
        match value.spill {
            Some(spill) => writeln!(out, "; spill slot +{spill}")?,
            None => writeln!(out)?,
        }
    }
    writeln!(out)
}

/// `RAX (al)`, `ptr RBX, len RCX`, `stack+0 … +16`, or that there is nothing.
fn places(value: &Value) -> String {
    match value.pieces.as_slice() {
        [] => "nowhere: it has no size".to_string(),
        [first, ..] if first.register.is_none() => {
            format!("{}, {} byte{}", stack_start(first), value.size, if value.size == 1 { "" } else { "s" })
        }
        pieces => pieces.iter().map(place).collect::<Vec<_>>().join(", "),
    }
}

/// Where a value on the stack starts; its first scalar may lie behind padding.
fn stack_start(first: &Part) -> String {
    let offset = first.loc.strip_prefix("stack+").and_then(|n| n.parse::<u32>().ok());
    offset.map_or_else(|| first.loc.clone(), |n| format!("stack+{}", n.saturating_sub(first.off)))
}

fn place(part: &Part) -> String {
    let name = if part.part.is_empty() { String::new() } else { format!("{} ", part.part) };
    let used = part.register.as_deref().filter(|used| !used.eq_ignore_ascii_case(&part.loc));
    match used {
        Some(used) => format!("{name}{} ({used})", part.loc),
        None => format!("{name}{}", part.loc),
    }
}

fn picture(out: &mut String, layout: &Layout) -> std::fmt::Result {
    let rows: Vec<(String, &Slot)> = layout.area.iter().map(|slot| (label(slot), slot)).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let width = rows.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0);
    let line = "─".repeat(width + 2);
    let mut section = None;
    for (label, slot) in &rows {
        let title = if section == Some(slot.section) { "" } else { title(slot.section) };
        if section.is_none() {
            writeln!(out, "{:7} ┌{line}┐", "")?;
        } else if !title.is_empty() {
            writeln!(out, "{:7} ├{line}┤", "")?;
        }
        section = Some(slot.section);
        let row = format!("{:>7} │ {label:width$} │ {:>5}  {title}", format!("+{}", slot.offset), slot.size);
        writeln!(out, "{}", row.trim_end())?;
    }
    writeln!(out, "{:7} └{line}┘\n{:>7}", "", format!("+{}", layout.frame.args.unwrap_or(0)))
}

fn label(slot: &Slot) -> String {
    match (slot.name.as_str(), slot.section) {
        ("", _) => "padding".to_string(),
        (name, Section::Spill) => format!("{name} spilled  {}", cut(&slot.ty)),
        (name, _) => format!("{name}  {}", cut(&slot.ty)),
    }
}

fn title(section: Section) -> &'static str {
    match section {
        Section::Parameters => "parameters",
        Section::Results => "results",
        Section::Spill => "spill area",
    }
}

fn cut(text: &str) -> String {
    if text.chars().count() <= TYPE_WIDTH {
        return text.to_string();
    }
    let start: String = text.chars().take(TYPE_WIDTH - 1).collect();
    format!("{start}…")
}
