//! Machine code as reads, writes and flow: bytes of one function in, arch-neutral [`op::Op`]s and summaries out.
//!
//! Only the decoder files ([`x86`], [`arm64`]) know an instruction set.

pub mod after;
pub mod arm64;
pub mod before;
pub mod decoder;
pub mod flow;
pub mod growth;
pub mod op;
pub mod stack;
pub mod step;
pub mod steps;
pub mod survey;
pub mod usage;
pub mod values;
pub mod x86;
