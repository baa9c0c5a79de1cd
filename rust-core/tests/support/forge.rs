//! Go programs written byte by byte, as Go 1.22 lays them out on linux/amd64: small enough to try every byte of, and free to
//! lie. Offsets are written down here, from `runtime/symtab.go`, `runtime/runtime2.go` and `internal/abi/type.go` of that
//! release, so that the reader is compared with something that is not its own table.

#![allow(dead_code, unreachable_pub)] // each test uses some of it, and the fuzz targets are another crate

use goabi::arch::{Arch, Os};
use goabi::image::{Segment, SegmentsInfo};

/// Where the parts lie in memory.
pub const TEXT: u64 = 0x40_1000;
pub const PCLNTAB: u64 = 0x1000_0000;
pub const GOFUNC: u64 = 0x3000_0000;
pub const TYPES: u64 = 0x4000_0000;
pub const MODULE: u64 = 0x6000_0000;
/// Bytes of the pclntab header, of a `_func` without its tables, and words of moduledata.
pub const PCLNTAB_HEADER: usize = 72;
const FUNC: usize = 44;
const MODULE_WORDS: usize = 74;
/// FUNCDATA tables of each function, and which of them is ArgInfo.
const FUNCDATA: usize = 8;
const ARG_INFO: usize = 5;

/// One function of a forged program.
#[derive(Clone, Default)]
pub struct Function {
    pub name: Vec<u8>,
    pub code: Vec<u8>,
    pub args: u32,
    pub arg_info: Vec<u8>,
    pub id: u8,
}

/// The parts of a program, each a segment of its own.
#[derive(Clone, Default)]
pub struct Program {
    pub text: Vec<u8>,
    pub pclntab: Vec<u8>,
    pub gofunc: Vec<u8>,
    pub types: Vec<u8>,
    pub module: Vec<u8>,
}

fn put(out: &mut [u8], at: usize, bytes: &[u8]) {
    out[at..at + bytes.len()].copy_from_slice(bytes);
}

fn align(out: &mut Vec<u8>, to: usize) {
    out.resize(out.len().next_multiple_of(to), 0);
}

/// Type data under construction. Offset 0 means "no name" to Go, so nothing lies there.
pub struct TypeData(pub Vec<u8>);

impl TypeData {
    pub fn new() -> Self {
        TypeData(vec![0; 8])
    }

    /// A name (`abi.Name`) whose length says `claimed`; its offset.
    pub fn name_claiming(&mut self, text: &[u8], claimed: u64) -> u32 {
        let at = self.0.len() as u32;
        self.0.push(1);
        let mut left = claimed;
        while left >= 0x80 {
            self.0.push(left as u8 | 0x80);
            left >>= 7;
        }
        self.0.push(left as u8);
        self.0.extend_from_slice(text);
        at
    }

    pub fn name(&mut self, text: &[u8]) -> u32 {
        self.name_claiming(text, text.len() as u64)
    }

    /// A descriptor with the words of its tail; its address. `tflag`: 1 uncommon, 4 named.
    pub fn descriptor(&mut self, kind: u8, size: u64, align_of: u8, tflag: u8, name: u32, tail: &[u64]) -> u64 {
        align(&mut self.0, 8);
        let at = self.0.len();
        self.0.extend_from_slice(&size.to_le_bytes());
        self.0.extend_from_slice(&0u64.to_le_bytes());
        self.0.extend_from_slice(&(at as u32).to_le_bytes());
        self.0.extend_from_slice(&[tflag, align_of, align_of, kind]);
        self.0.extend_from_slice(&[0; 16]);
        self.0.extend_from_slice(&name.to_le_bytes());
        self.0.extend_from_slice(&0u32.to_le_bytes());
        tail.iter().for_each(|word| self.0.extend_from_slice(&word.to_le_bytes()));
        TYPES + at as u64
    }

    pub fn int(&mut self) -> u64 {
        let name = self.name(b"int");
        self.descriptor(2, 8, 8, 4, name, &[])
    }

    pub fn pointer(&mut self, name: u32, elem: u64) -> u64 {
        self.descriptor(22 | 0x20, 8, 8, 0, name, &[elem])
    }

    /// A struct of one field.
    pub fn wrapping(&mut self, name: u32, field: u32, elem: u64, size: u64) -> u64 {
        self.structure(name, &[field], elem, size)
    }

    /// A struct of fields of one type.
    pub fn structure(&mut self, name: u32, fields: &[u32], elem: u64, size: u64) -> u64 {
        align(&mut self.0, 8);
        let (list, count) = (TYPES + self.0.len() as u64, fields.len() as u64);
        for (field, offset) in fields.iter().zip((0u64..).step_by(8)) {
            for word in [TYPES + u64::from(*field), elem, offset] {
                self.0.extend_from_slice(&word.to_le_bytes());
            }
        }
        self.descriptor(25, size, 8, 4, name, &[0, list, count, count])
    }

    pub fn func(&mut self, name: u32, params: &[u64], results: &[u64]) -> u64 {
        let counts = params.len() as u64 | (results.len() as u64) << 16;
        let tail: Vec<u64> = [counts].iter().chain(params).chain(results).copied().collect();
        self.descriptor(19 | 0x20, 8, 8, 0, name, &tail)
    }
}

impl Program {
    /// Lays out functions and types; `links` are the descriptors that typelinks lists.
    pub fn new(functions: &[Function], types: TypeData, links: &[u64]) -> Program {
        let mut program = Program { gofunc: vec![0; 8], types: types.0, ..Program::default() };
        let table = program.tables(functions);
        align(&mut program.types, 8);
        let link = |addr: &u64| ((addr - TYPES) as u32).to_le_bytes();
        let typelinks = TYPES + program.types.len() as u64;
        program.types.extend(links.iter().flat_map(link));
        program.moduledata(&table, functions.len(), typelinks, links.len());
        program
    }

    /// Writes text and pclntab; returns the offsets of names, cu, files, pctab and functab.
    fn tables(&mut self, functions: &[Function]) -> [usize; 5] {
        let mut out = vec![0; PCLNTAB_HEADER];
        let names_at = out.len();
        let names: Vec<u32> = functions
            .iter()
            .map(|f| {
                let at = (out.len() - names_at) as u32;
                out.extend_from_slice(&f.name);
                out.push(0);
                at
            })
            .collect();
        align(&mut out, 8);
        let cu = out.len();
        out.extend_from_slice(&[0; 8]);
        let files = out.len();
        out.extend_from_slice(b"main.go\0");
        let pctab = out.len();
        out.extend_from_slice(&[0, 2, 40, 0, 2, 40, 0, 0]); // at 1: 0 for 40 bytes
        let functab = out.len();
        let records = (8 * functions.len() + 4).next_multiple_of(8);
        out.resize(functab + records, 0);
        for (i, function) in functions.iter().enumerate() {
            let entry = self.text.len() as u32;
            let record = (out.len() - functab) as u32;
            put(&mut out, functab + 8 * i, &[entry.to_le_bytes(), record.to_le_bytes()].concat());
            self.text.extend_from_slice(&function.code);
            align(&mut self.text, if function.code.len() > 1 { 16 } else { 1 });
            self.record(&mut out, function, entry, names[i]);
        }
        let end = self.text.len() as u32;
        put(&mut out, functab + 8 * functions.len(), &end.to_le_bytes());
        put(&mut out, 0, &[0xf1, 0xff, 0xff, 0xff, 0, 0, 1, 8]);
        let header = [functions.len(), 1, TEXT as usize, names_at, cu, files, pctab, functab];
        header.iter().enumerate().for_each(|(i, word)| put(&mut out, 8 + 8 * i, &(*word as u64).to_le_bytes()));
        self.pclntab = out;
        [names_at, cu, files, pctab, functab]
    }

    fn record(&mut self, out: &mut Vec<u8>, function: &Function, entry: u32, name: u32) {
        // Compiled functions have tables; assembly has none.
        let (pcdata, tables) = if function.arg_info.is_empty() { (0, 0) } else { (2, FUNCDATA) };
        // entryOff, nameOff, args, deferreturn, pcsp, pcfile, pcln, npcdata, cuOffset, startLine
        for word in [entry, name, function.args, 0, 1, 1, 1, pcdata, 0, 7] {
            out.extend_from_slice(&word.to_le_bytes());
        }
        out.extend_from_slice(&[function.id, 0, 0, tables as u8]);
        (0..pcdata).for_each(|_| out.extend_from_slice(&1u32.to_le_bytes()));
        for table in 0..tables {
            let offset = match table {
                ARG_INFO => self.gofunc.len() as u32,
                0 | 1 => 0, // pointer maps of arguments and locals, without any
                _ => u32::MAX,
            };
            out.extend_from_slice(&offset.to_le_bytes());
        }
        self.gofunc.extend_from_slice(&function.arg_info);
        align(out, 8);
    }

    fn moduledata(&mut self, table: &[usize; 5], count: usize, typelinks: u64, links: usize) {
        let mut words = vec![0u64; MODULE_WORDS];
        let mut slice = |at: usize, addr: u64, len: u64| words[at..at + 3].copy_from_slice(&[addr, len, len]);
        let [names, cu, files, pctab, functab] = table.map(|offset| PCLNTAB + offset as u64);
        let end = PCLNTAB + self.pclntab.len() as u64;
        slice(1, names, cu - names);
        slice(4, cu, (files - cu) / 4);
        slice(7, files, pctab - files);
        slice(10, pctab, functab - pctab);
        slice(13, functab, end - functab);
        slice(16, functab, count as u64 + 1);
        slice(44, typelinks, links as u64);
        let text_end = TEXT + self.text.len() as u64;
        let module_end = MODULE + 8 * MODULE_WORDS as u64;
        words[0] = PCLNTAB;
        words[20..24].copy_from_slice(&[TEXT, text_end, TEXT, text_end]);
        words[26..28].copy_from_slice(&[MODULE, module_end]);
        words[28..35].fill(module_end);
        words[37..41].copy_from_slice(&[TYPES, TYPES + self.types.len() as u64, TYPES, GOFUNC]);
        self.module = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    }

    /// The memory, for `analyze_segments`.
    pub fn segments(&self) -> Vec<Segment<'_>> {
        let part = |addr, data: &[u8], write, exec| {
            let size = data.len() as u64;
            Segment { addr, size, data: data.to_vec().into(), read: true, write, exec }
        };
        vec![
            part(TEXT, &self.text, false, true),
            part(PCLNTAB, &self.pclntab, false, false),
            part(GOFUNC, &self.gofunc, false, false),
            part(TYPES, &self.types, false, false),
            part(MODULE, &self.module, true, false),
        ]
    }

    /// What a host would say of that memory.
    pub fn info() -> SegmentsInfo {
        SegmentsInfo { arch: Arch::Amd64, os: Os::Linux, base: None, entry: Some(TEXT) }
    }

    /// The program as an ELF file, with sections that are not loaded (debug information) behind it.
    pub fn elf(&self, sections: &[(&str, &[u8])]) -> Vec<u8> {
        let parts: [(u64, &[u8], u32); 5] = [
            (TEXT, &self.text, 5),
            (PCLNTAB, &self.pclntab, 4),
            (GOFUNC, &self.gofunc, 4),
            (TYPES, &self.types, 4),
            (MODULE, &self.module, 6),
        ];
        elf(TEXT, &parts, sections)
    }
}

/// An ELF file of segments (address, bytes, flags) and sections that are not loaded.
pub fn elf(entry: u64, parts: &[(u64, &[u8], u32)], sections: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = vec![0; 64 + 56 * parts.len()];
    for (i, (addr, bytes, flags)) in parts.iter().enumerate() {
        align(&mut out, 16);
        let (at, size) = (out.len() as u64, bytes.len() as u64);
        let words = [1 | u64::from(*flags) << 32, at, *addr, *addr, size, size, 16];
        words.iter().enumerate().for_each(|(w, word)| put(&mut out, 64 + 56 * i + 8 * w, &word.to_le_bytes()));
        out.extend_from_slice(bytes);
    }
    let mut names = vec![0u8];
    let mut headers = vec![0u8; 64];
    for (name, bytes) in sections.iter().chain([&(".shstrtab", &[][..])]) {
        let name_at = names.len() as u64;
        names.extend_from_slice(name.as_bytes());
        names.push(0);
        let is_names = *name == ".shstrtab";
        let bytes = if is_names { names.clone() } else { bytes.to_vec() };
        let kind = if is_names { 3 } else { 1 };
        let words = [name_at | kind << 32, 0, 0, out.len() as u64, bytes.len() as u64, 0, 1, 0];
        headers.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        out.extend_from_slice(&bytes);
    }
    align(&mut out, 8);
    let at = out.len() as u64;
    out.extend_from_slice(&headers);
    let count = sections.len() as u16 + 2;
    put(&mut out, 0, b"\x7fELF\x02\x01\x01");
    put(&mut out, 16, &[2, 0, 62, 0, 1, 0, 0, 0]);
    [entry, 64, at].iter().enumerate().for_each(|(i, word)| put(&mut out, 24 + 8 * i, &word.to_le_bytes()));
    let halves = [64, 56, parts.len() as u16, 64, count, count - 1];
    halves.iter().enumerate().for_each(|(i, half)| put(&mut out, 52 + 2 * i, &half.to_le_bytes()));
    out
}

/// A function of two words that grows its stack: a check, the sum of both, and the block that spills them. `back` is the
/// distance from its start to `runtime.morestack_noctxt`, which lies before it.
fn adding(back: i32) -> Vec<u8> {
    let mut code = vec![0x49, 0x3b, 0x66, 0x10, 0x76, 0x0a]; // cmp rsp, [r14+16]; jbe +10
    code.extend([0x55, 0x48, 0x89, 0xe5, 0x48, 0x01, 0xd8, 0x5d, 0xc3, 0x90]); // push rbp; mov rbp, rsp; add rax, rbx; pop; ret
    code.extend([0x48, 0x89, 0x44, 0x24, 0x08, 0x48, 0x89, 0x5c, 0x24, 0x10]); // mov [rsp+8], rax; mov [rsp+16], rbx
    code.push(0xe8);
    code.extend((-(back + code.len() as i32 + 4)).to_le_bytes());
    code.extend([0x48, 0x8b, 0x44, 0x24, 0x08, 0x48, 0x8b, 0x5c, 0x24, 0x10]);
    code.extend([0xeb, (-(code.len() as i32 + 2)) as i8 as u8]);
    code
}

/// A whole small program: morestack, two functions, and types with a method's func type among them.
pub fn small() -> Program {
    let named = |name: &str, code: Vec<u8>| Function { name: name.into(), code, ..Function::default() };
    let words = vec![0, 8, 8, 8, 0xff]; // ArgInfo: two words
    let functions = [
        Function { id: 10, ..named("runtime.morestack", vec![0xc3, 0xcc]) },
        named("runtime.morestack_noctxt", vec![0x31, 0xd2, 0xeb, 0xec]), // xor edx, edx; jmp to the one before
        Function { args: 16, arg_info: words.clone(), ..named("main.add", adding(0x10)) },
        Function { args: 16, arg_info: words, ..named("main.(*T).Add", adding(0x50)) },
    ];
    let mut types = TypeData::new();
    let int = types.int();
    let names = ["main.T", "next", "*main.T", "func(int) int"].map(|name| types.name(name.as_bytes()));
    let wrapped = types.wrapping(names[0], names[1], int, 8);
    let pointer = types.pointer(names[2], wrapped);
    let func = types.func(names[3], &[int], &[int]);
    Program::new(&functions, types, &[pointer, func])
}
