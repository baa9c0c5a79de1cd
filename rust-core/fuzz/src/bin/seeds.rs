//! `seeds CORPUS [FILE…]` writes the first inputs of every target: forged programs, the golden reports, and programs.

use goabi_fuzz::{forge, joined};
use libfuzzer_sys as _; // what instrumented code calls
use std::path::{Path, PathBuf};
use std::{env, error::Error, fs};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// A unit with a base type and a function of one parameter, in DWARF 4: abbreviations and entries.
const ABBREV: &[u8] = b"\x01\x11\x01\x13\x0b\x00\x00\x02\x24\x00\x03\x08\x3e\x0b\x0b\x0b\x00\x00\
    \x03\x2e\x01\x03\x08\x11\x01\x12\x07\x00\x00\x04\x05\x00\x03\x08\x49\x13\x00\x00\x00";
const INFO: &[u8] = b"\x37\x00\x00\x00\x04\x00\x00\x00\x00\x00\x08\x01\x16\x02int\x00\x05\x08\
    \x03main.f\x00\x00\x10\x40\x00\x00\x00\x00\x00\x20\x00\x00\x00\x00\x00\x00\x00\x04a\x00\x0d\x00\x00\x00\x00\x00";

/// Signatures that between them use the whole grammar.
const SIGNATURES: &[&str] = &[
    "func f(a uint8, b [2]string, c ...int) (x, y float64, err error)",
    "type T struct { a int8; b [3]uint16; _ struct{} }; func (t *T) m(m map[string][]T, c <-chan func(int) error) (n int)",
    "func(a complex128, b interface { M(int) }, c unsafe.Pointer, d [0]int) (_ struct { x, y float32 })",
];

struct Corpus(PathBuf);

impl Corpus {
    fn put(&self, target: &str, name: &str, data: &[u8]) -> Result<()> {
        let folder = self.0.join(target);
        fs::create_dir_all(&folder)?;
        Ok(fs::write(folder.join(name), data)?)
    }
}

fn main() -> Result<()> {
    let mut args = env::args().skip(1);
    let corpus = Corpus(args.next().ok_or("seeds CORPUS [FILE…]")?.into());
    forged(&corpus)?;
    plain(&corpus)?;
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/emit");
    for entry in fs::read_dir(golden)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with("sample.json") || name.ends_with("report.json") {
            corpus.put("report", &name, &fs::read(&path)?)?;
        }
    }
    for (i, file) in args.enumerate() {
        let data = fs::read(&file)?;
        corpus.put("image", &format!("program{i}"), &data)?;
        corpus.put("analyze", &format!("program{i}"), &data)?;
    }
    Ok(())
}

/// The forged program as memory for the readers, and as a file.
fn forged(corpus: &Corpus) -> Result<()> {
    let program = forge::small();
    let parts = [&program.text[..], &program.pclntab, &program.gofunc, &program.types, &program.module];
    for machine in [0u8, 2, 4] {
        let memory = [&[machine][..], &joined(&parts)].concat();
        for target in ["pclntab", "moduledata", "segments"] {
            corpus.put(target, &format!("forged{machine}"), &memory)?;
        }
        for minor in [0u8, 6, 7, 16, 18, 22, 27] {
            corpus.put("rtype", &format!("forged{machine}-{minor}"), &[&[minor], &memory[..]].concat())?;
        }
    }
    let file = program.elf(&[(".debug_abbrev", ABBREV), (".debug_info", INFO)]);
    corpus.put("image", "forged", &file)?;
    corpus.put("analyze", "forged", &file)?;
    corpus.put("analyze", "bare", &program.elf(&[]))
}

/// Bytes and text for the readers that take those.
fn plain(corpus: &Corpus) -> Result<()> {
    corpus.put("dwarf", "unit", &joined(&[ABBREV, INFO, b"name\0", &[], &[], &[], &[], &[]]))?;
    corpus.put("funcdata", "words", &[0, 8, 0xfe, 8, 8, 16, 8, 0xfd, 0xfb, 0xff])?;
    corpus.put("funcdata", "values", &[2, 10, 4, 12, 3, 8, 0])?;
    corpus.put("funcdata", "maps", &[2, 0, 0, 0, 3, 0, 0, 0, 5, 2])?;
    corpus.put("funcdata", "name", b"a/b%2ec.(*T[go.shape.int]).m.func1.2-fm")?;
    for (i, text) in SIGNATURES.iter().enumerate() {
        corpus.put("signature", &format!("text{i}"), &[&[0, 27], text.as_bytes()].concat())?;
    }
    // release, os, arch; module; a set; a package with path, name, packed and raw size
    let index = b"\x01\x06go1.22\x05linux\x05amd64\x01\x01m\x02v1\x01\x01\x01\x01\x01p\x01p\x20\x1b";
    // strings "", F, int; nodes int and func(int) int; one entry
    let block =
        b"\x03\x00\x00\x00\x01F\x00\x03int\x02\x01\x02\x07\x01\x00\x01\x00\x00\x00\x00\x01\x01\x01\x00\x00\x00\x01";
    corpus.put("pack", "small", &joined(&[index, block]))
}
