//! A report as somebody wants it.

pub mod layout;
mod layout_text;
