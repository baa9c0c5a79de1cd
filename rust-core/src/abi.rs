//! Go's calling conventions as pure assignment: a signature in, places out. Nothing here looks at a binary.

pub mod assign;
pub mod location;
pub mod platform;
pub mod registers;
pub mod shape;
