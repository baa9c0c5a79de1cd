//! Functions of the vDSO, code that the Linux kernel maps into each process: the runtime looks them up by name when it
//! starts, by a table in its data (`vdsoSymbolKeys`, `runtime/vdso_linux.go`), and calls them through variables.

use super::bridges::c_registers;
use super::system::Api;
use crate::arch::Os;
use crate::code::values::State;
use crate::program::Program;
use std::sync::OnceLock;

/// The variables with the names that the runtime looks up for them; read when a call asks for one.
#[derive(Debug, Default)]
pub(super) struct Vdso(OnceLock<Vec<(u64, String)>>);

/// Parameters of the functions (vdso(7), and the kernel's `Documentation/ABI/stable/vdso` for the last one).
#[rustfmt::skip]
const PARAMS: &[(&str, &[&str])] = &[
    ("clock_gettime", &["clockid", "tp"]),
    ("gettimeofday", &["tv", "tz"]),
    ("time", &["tloc"]),
    ("getrandom", &["buffer", "len", "flags", "opaque_state", "opaque_len"]),
];
const PREFIXES: [&str; 2] = ["__vdso_", "__kernel_"];
/// The name's address and length, both hashes, the variable.
const WORDS: usize = 4;
/// Longest name in bytes.
const LONGEST: u64 = 64;
/// Rows of the table that are kept; there are three at most.
const MOST: usize = 16;

impl Vdso {
    /// The function that a call through this variable reaches, and what it is given.
    pub(super) fn api(&self, program: &Program<'_>, variable: u64, state: &State) -> Option<Api> {
        if program.image.os != Os::Linux || program.image.arch.ptr_size() != 8 {
            return None;
        }
        let table = self.0.get_or_init(|| table(program));
        let name = table.iter().find(|row| row.0 == variable).map(|row| row.1.clone())?;
        let short = PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix));
        let params = PARAMS.iter().find(|row| Some(row.0) == short).map_or(&[][..], |row| row.1);
        let values = c_registers(program).into_iter().map(|reg| state.reg(reg).constant()).chain([None]);
        let args = params.iter().zip(values).map(|(name, value)| (name.to_string(), value)).collect();
        Some(Api { dll: "linux-vdso".to_string(), name, args, stack: None })
    }
}

fn table(program: &Program<'_>) -> Vec<(u64, String)> {
    let rows = program.image.segments.iter().filter(|s| !s.exec).flat_map(|segment| {
        let skip = (segment.addr.wrapping_neg() % 8) as usize;
        let (words, _) = segment.data.get(skip..).unwrap_or_default().as_chunks::<8>();
        words.windows(WORDS).filter_map(|row| {
            let [at, len, hashes, variable] = row else { return None };
            let [at, len, hashes, variable] = [at, len, hashes, variable].map(|word| u64::from_le_bytes(*word));
            if !(8..LONGEST).contains(&len) || hashes >> 32 == 0 {
                return None;
            }
            let name = std::str::from_utf8(program.image.bytes(at, len as usize)?).ok()?;
            let short = PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix))?;
            // Go 1.11 to 1.20 have amd64's hash on arm64 too.
            let fits = [hash(name), hash(&format!("{}{short}", PREFIXES[0]))].contains(&(hashes as u32));
            fits.then(|| (variable, name.to_string()))
        })
    });
    rows.take(MOST).collect()
}

/// The hash that ELF's symbol tables have of a name (System V ABI, `DT_HASH`).
fn hash(name: &str) -> u32 {
    name.bytes().fold(0u32, |hash, byte| {
        let hash = (hash << 4).wrapping_add(byte.into());
        let high = hash & 0xf000_0000;
        (hash ^ high >> 24) & !high
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_that_the_runtime_has() {
        assert_eq!(hash("__vdso_clock_gettime"), 0x0d35_ec75);
        assert_eq!(hash("__kernel_getrandom"), 0x0980_0c0d);
    }
}
