//! Runtime type descriptors.
