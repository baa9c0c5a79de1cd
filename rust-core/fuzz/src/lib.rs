//! What the targets share: fuzzed bytes as the memory of a program, and as the sections of a file.

#[path = "../../tests/support/asked.rs"]
pub mod asked;
#[path = "../../tests/support/forge.rs"]
pub mod forge;

use goabi::arch::Arch;
use goabi::image::{Segment, SegmentsInfo};

/// Cuts parts off the front of `data`, each behind its length in three bytes; the last is the rest.
pub fn parts<const N: usize>(mut data: &[u8]) -> [&[u8]; N] {
    let mut out = [&[][..]; N];
    for (i, part) in out.iter_mut().enumerate() {
        let Some((len, rest)) = data.split_first_chunk::<3>() else { break };
        let len = u32::from_le_bytes([len[0], len[1], len[2], 0]) as usize;
        let at = if i + 1 == N { rest.len() } else { len.min(rest.len()) };
        (*part, data) = rest.split_at(at);
    }
    out
}

/// The opposite of [`parts`], for seeds.
pub fn joined(parts: &[&[u8]]) -> Vec<u8> {
    parts.iter().flat_map(|part| [&(part.len() as u32).to_le_bytes()[..3], part].concat()).collect()
}

/// A program in memory: a byte for the machine, then text, pclntab, FUNCDATA, types and moduledata.
pub fn memory(data: &[u8]) -> Option<(SegmentsInfo, Vec<Segment<'_>>)> {
    let (machine, data) = data.split_first()?;
    let arch = Arch::ALL[usize::from(*machine) % Arch::ALL.len()];
    let [text, pclntab, gofunc, types, module] = parts(data);
    let places = [
        (forge::TEXT, text),
        (forge::PCLNTAB, pclntab),
        (forge::GOFUNC, gofunc),
        (forge::TYPES, types),
        (forge::MODULE, module),
    ];
    let segment = |(addr, data): (u64, &'_ [u8])| Segment {
        addr,
        size: data.len() as u64,
        data: data.to_vec().into(),
        read: true,
        write: addr == forge::MODULE,
        exec: addr == forge::TEXT,
    };
    Some((SegmentsInfo { arch, ..forge::Program::info() }, places.map(segment).into()))
}
