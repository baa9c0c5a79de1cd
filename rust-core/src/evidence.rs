//! What can be known of a function, one file per source. Sources don't see each other.

pub mod dwarf;
