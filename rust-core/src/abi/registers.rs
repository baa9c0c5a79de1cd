//! x
#![allow(missing_docs)]
use super::location::Reg;
use crate::arch::Arch;
pub fn reg_name(_a: Arch, _r: Reg) -> &'static str {
    ""
}
