//! Placeholders for the analysis and the emitters until they land.

use crate::report::{Confidence, Report};
use crate::{Error, Observer, Options, Result};
use std::io::Write;

pub(crate) fn analyze_observed(data: &[u8], _: &Options, _: &dyn Observer) -> Result<Report> {
    if data.is_empty() { Err(Error::Empty) } else { Err(Error::NotGo { reason: "nothing reads it yet".into() }) }
}

pub(crate) mod emit {
    use super::{Confidence, Report, Write};
    macro_rules! pending {
        ($($name:ident)*) => {$(
            pub(crate) mod $name {
                pub(crate) fn write(
                    report: &super::Report,
                    out: &mut dyn super::Write,
                    _: super::Confidence,
                ) -> std::io::Result<()> {
                    serde_json::to_writer_pretty(out, report).map_err(std::io::Error::other)
                }
            }
        )*};
    }
    pending!(text json ida ghidra idapython header);
}
