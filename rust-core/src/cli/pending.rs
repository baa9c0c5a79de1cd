//! Placeholders for the analysis and the emitters until they land.

use crate::image::{Image, Segment, SegmentsInfo};
use crate::report::{Confidence, Report};
use crate::{Error, Observer, Options, Result};
use std::io::Write;

pub(crate) fn analyze_observed(data: &[u8], options: &Options, _: &dyn Observer) -> Result<Report> {
    Image::parse_arch(data, options.arch)?;
    Err(Error::NotGo { reason: "nothing reads it yet".into() })
}

pub(crate) fn analyze_segments(
    info: SegmentsInfo,
    segments: Vec<Segment<'_>>,
    _: &Options,
    _: &dyn Observer,
) -> Result<Report> {
    Image::from_segments(info, segments)?;
    Err(Error::NotGo { reason: "nothing reads it yet".into() })
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
