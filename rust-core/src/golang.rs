//! What the Go runtime left in the binary: version, functions, types, read from pclntab and moduledata.
//!
//! Byte layouts differ by Go version. Each is an ordered field list with version ranges ([`layout`]), offsets fall out of
//! it, and the choice is confirmed against the bytes, so an unknown future version degrades with a note.

pub mod arg_info;
pub mod buildinfo;
pub mod func_id;
pub mod funcdata;
pub mod layout;
pub mod methods;
pub mod moduledata;
pub mod pclntab;
pub mod pcvalue;
pub mod rtype;
pub mod symbol_name;
pub mod version;
