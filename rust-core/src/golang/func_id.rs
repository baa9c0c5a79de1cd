//! Version-neutral funcID.
