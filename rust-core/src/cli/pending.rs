//! Placeholders for the analysis and the emitters until they land.

use crate::image::{Image, Segment, SegmentsInfo};
use crate::report::Report;
use crate::{Error, Observer, Options, Result};

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
    pub(crate) use crate::emit::{json, text};
    macro_rules! pending {
        ($($name:ident)*) => {$(
            pub(crate) mod $name {
                pub(crate) use crate::emit::json::write;
            }
        )*};
    }
    pending!(ida ghidra idapython header);
}
