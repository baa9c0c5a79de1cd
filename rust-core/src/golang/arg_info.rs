//! FUNCDATA_ArgInfo and FUNCDATA_ArgLiveInfo: the parameters' pieces in memory (Go 1.17 and 1.18).
//!
//! Source: `cmd/compile/internal/ssagen/ssa.go` (`EmitArgInfo`), `runtime/traceback.go` (`printArgs`); the codes are
//! `internal/abi.TraceArgs*`. Results and the closure context are never listed. When the function's name contains `[`,
//! its first parameter is left out.

use super::funcdata::FuncData;
use super::pclntab::{Func, Pclntab};
use crate::image::Image;
use smallvec::SmallVec;

/// One step of the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    /// A scalar: offset from the argument area's start and size, in bytes.
    Component {
        /// From the start of the argument area; for a register parameter, of its spill slot.
        offset: u8,
        /// 1, 2, 4 or 8; 16, 32 or 64 for SIMD vectors (Go 1.26).
        size: u8,
    },
    /// Start of a struct, array, string, slice, interface or complex number.
    Open,
    /// Its end.
    Close,
    /// Left out: more pieces of the aggregate or more parameters.
    DotDotDot,
    /// A scalar whose offset does not fit in the coding.
    ComponentTooFar,
}

/// Bytes of the longest stream: the compiler stops at 10 components in 5 levels (`traceArgsMaxLen`).
const MAX_BYTES: usize = 171;

/// The stream of a function, and whether it ended as it should.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ArgInfo {
    /// All steps. Opens and closes balance if `complete`.
    pub items: SmallVec<[Item; 24]>,
    /// Whether the end mark was found and aggregates are closed.
    pub complete: bool,
}

/// Reads the stream at the start of `bytes`; what follows a damaged place is left out.
pub fn parse(bytes: &[u8]) -> ArgInfo {
    let mut out = ArgInfo::default();
    let mut bytes = bytes.iter().take(MAX_BYTES).copied();
    let mut depth = 0i32;
    while let Some(byte) = bytes.next() {
        let item = match byte {
            0xff => {
                out.complete = depth == 0;
                break;
            }
            0xfe => Item::Open,
            0xfd => Item::Close,
            0xfc => Item::DotDotDot,
            0xfb => Item::ComponentTooFar,
            0xf0.. => break,
            offset => match bytes.next() {
                Some(size) if is_size(size) => Item::Component { offset, size },
                _ => break,
            },
        };
        depth += i32::from(item == Item::Open) - i32::from(item == Item::Close);
        if depth < 0 {
            break;
        }
        out.items.push(item);
    }
    out
}

fn is_size(size: u8) -> bool {
    size.is_power_of_two() && size <= 64
}

impl ArgInfo {
    /// Whether something was left out, at any level.
    pub fn truncated(&self) -> bool {
        self.items.iter().any(|item| matches!(item, Item::DotDotDot | Item::ComponentTooFar))
    }

    /// End of the last listed component, in bytes.
    pub fn end(&self) -> u32 {
        let ends = self.items.iter().map(|item| match item {
            Item::Component { offset, size } => u32::from(*offset) + u32::from(*size),
            _ => 0,
        });
        ends.max().unwrap_or_default()
    }
}

impl std::fmt::Display for ArgInfo {
    /// `0:8 {8:8 16:8} ...`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut space = "";
        for item in &self.items {
            match item {
                Item::Component { offset, size } => write!(f, "{space}{offset}:{size}")?,
                Item::Open => write!(f, "{space}{{")?,
                Item::Close => write!(f, "}}")?,
                Item::DotDotDot => write!(f, "{space}...")?,
                Item::ComponentTooFar => write!(f, "{space}_")?,
            }
            space = if *item == Item::Open { "" } else { " " };
        }
        Ok(())
    }
}

impl Pclntab {
    /// A function's FUNCDATA_ArgInfo.
    pub fn arg_info(&self, image: &Image, func: &Func) -> Option<ArgInfo> {
        Some(parse(image.tail(self.funcdata(image, func, FuncData::ArgInfo)?)))
    }

    /// The smallest offset whose slot needs liveness, from the start of a function's FUNCDATA_ArgLiveInfo: where the spill
    /// area starts, unless the leading register parameters are address-taken (then later).
    pub fn live_start(&self, image: &Image, func: &Func) -> Option<u8> {
        image.tail(self.funcdata(image, func, FuncData::ArgLiveInfo)?).first().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expected: &str, complete: bool) {
        let info = parse(bytes);
        assert_eq!((info.to_string().as_str(), info.complete), (expected, complete));
    }

    #[test]
    fn streams() {
        check(&[0, 8, 0xfe, 8, 8, 16, 8, 0xfd, 24, 1, 0xff, 9, 9], "0:8 {8:8 16:8} 24:1", true);
        check(&[0xff], "", true);
        check(&[0xfe, 0xfe, 0, 8, 0xfc, 0xfd, 0xfc, 0xfd, 0xfb, 0xff], "{{0:8 ...} ...} _", true);
        check(&[0xfe, 0xfd, 0xff], "{}", true);
    }

    #[test]
    fn damage_ends_the_stream() {
        check(&[0, 8, 8, 3, 0xff], "0:8", false);
        check(&[0xfd, 0xff], "", false);
        check(&[0xfe, 0, 8, 0xff], "{0:8", false);
        check(&[0xf3], "", false);
        check(&[0, 8], "0:8", false);
        assert_eq!(parse(&[0xfe; 10_000]).items.len(), MAX_BYTES);
    }

    #[test]
    fn ends_and_truncation() {
        assert_eq!(parse(&[8, 8, 0, 8, 0xff]).end(), 16);
        assert!(parse(&[0, 8, 0xfc, 0xff]).truncated());
        assert!(!parse(&[0, 8, 0xff]).truncated());
    }
}
