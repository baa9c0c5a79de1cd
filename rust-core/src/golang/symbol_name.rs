//! Go symbol names: package, receiver, kind.
