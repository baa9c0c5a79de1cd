//! What each source knows of a function: one file per source. None sees another; [`crate::resolve`] picks.

pub mod dwarf;
pub mod results;
