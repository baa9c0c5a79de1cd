//! The way between Go and C that a function is on, as a tree, and its call sites.

use crate::report::{Addr, Annotation, Function, Report};
use std::io::{self, Write};

/// Steps of the way that are shown.
const DEEPEST: usize = 12;

pub(super) fn write(report: &Report, function: &Function, out: &mut dyn Write) -> io::Result<()> {
    let find = |at: Addr| report.annotations.iter().find(|a| a.at == at);
    if let Some(here) = find(function.entry) {
        writeln!(out, "\nbetween Go and C: {}", here.comment)?;
        if let Some(stack) = &here.stack {
            writeln!(out, "  runs on: {stack}")?;
        }
        let mut seen = vec![here.at];
        let mut top = here;
        while let Some(caller) = top.callers.iter().filter_map(|at| find(*at)).find(|a| !seen.contains(&a.at)) {
            seen.push(caller.at);
            top = caller;
        }
        tree(report, top, function.entry, &mut Vec::new(), out)?;
    }
    let sites = report.call_sites.iter().filter(|site| site.within == function.entry);
    for (n, site) in sites.enumerate() {
        if n == 0 {
            writeln!(out, "\ncall sites")?;
        }
        writeln!(out, "  {}  {:<9} {}", site.at, site.kind, crate::emit::call(site, report))?;
        if let Some(usercall) = &site.usercall {
            writeln!(out, "      {}", super::without_spoils(usercall))?;
        }
    }
    Ok(())
}

fn tree(report: &Report, at: &Annotation, here: Addr, path: &mut Vec<Addr>, out: &mut dyn Write) -> io::Result<()> {
    let indent = "  ".repeat(path.len() + 1);
    let mark = if at.at == here { "  <-" } else { "" };
    let name = if at.name.is_empty() { String::new() } else { format!("  {}", at.name) };
    let stack = at.stack.as_deref().map(|stack| format!("  [{stack}]")).unwrap_or_default();
    writeln!(out, "{indent}{}  {}{name}{stack}{mark}", at.at, at.role)?;
    if path.contains(&at.at) || path.len() >= DEEPEST {
        return Ok(());
    }
    path.push(at.at);
    for next in at.next.iter().filter_map(|next| report.annotations.iter().find(|a| a.at == *next)) {
        tree(report, next, here, path, out)?;
    }
    path.pop();
    Ok(())
}
