//! Reports that an earlier run saved (`--format json`), as inputs.

use super::exit::Failure;
use super::lookup;
use crate::report::{Report, SCHEMA};
use crate::{Options, emit};

/// Whether the bytes are meant to be a report: no container begins like JSON.
pub(super) fn is_report(bytes: &[u8]) -> bool {
    let start = bytes.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(0);
    let head = bytes.get(start..).unwrap_or_default();
    head.starts_with(b"{")
        && head.iter().take(64).collect::<Vec<_>>().windows(6).any(|w| w.iter().copied().eq(b"goabi."))
}

/// Reads a report. What follows from the rest of it is made anew, so that a report of other hands cannot be at odds with
/// itself.
pub(super) fn read(label: &str, bytes: &[u8], options: &Options) -> Result<Report, Failure> {
    let mut report: Report = serde_json::from_slice(bytes)
        .map_err(|error| Failure::new(label, format_args!("not a report that this version reads: {error}")))?;
    if report.schema != SCHEMA {
        let found = &report.schema;
        return Err(Failure::new(label, format_args!("a report of the form {found}; this version reads {SCHEMA}")));
    }
    report.types.iter_mut().zip(0..).for_each(|(ty, id)| ty.id = id);
    report.functions.sort_by_key(|f| f.entry);
    report.call_sites.sort_by_key(|site| site.at);
    report.functions.retain(|f| options.wants(lookup::code(f), &f.name));
    emit::fill(&mut report);
    Ok(report)
}
