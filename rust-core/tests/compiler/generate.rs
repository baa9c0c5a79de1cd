//! Random signatures, reproducible from a seed, as Go source that shows where the compiler puts every value.

use std::fmt::Write;

use goabi::arch::Arch;
use goabi::signature::parse;
use goabi::types::{Param, Types};

/// A small generator of numbers (xorshift64*), so that a seed gives the same signatures everywhere.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `n`.
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % n
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }
}

/// A function: what goabi reads, and its name in the listing.
pub(crate) struct Function {
    /// Declarations and signature, as a person would write them.
    pub(crate) text: String,
    /// `f7`, or `T7.f7` of a method.
    pub(crate) symbol: String,
    receiver: bool,
    params: usize,
    results: usize,
    blank: Vec<bool>,
}

const SCALARS: [&str; 17] = [
    "bool",
    "int8",
    "uint8",
    "int16",
    "uint16",
    "int32",
    "uint32",
    "int64",
    "uint64",
    "int",
    "uint",
    "uintptr",
    "float32",
    "float64",
    "float32",
    "float64",
    "unsafe.Pointer",
];
const REFERENCES: [&str; 12] = [
    "*int",
    "string",
    "[]byte",
    "map[string]int",
    "chan int",
    "func(int) bool",
    "interface{}",
    "error",
    "complex64",
    "complex128",
    "[]string",
    "string",
];

fn any_type(random: &mut Random, depth: usize) -> String {
    match random.below(if depth > 2 { 14 } else { 20 }) {
        0..=9 => random.pick(&SCALARS).to_string(),
        10..=13 => random.pick(&REFERENCES).to_string(),
        14..=15 => format!("[{}]{}", random.pick(&["0", "1", "1", "1", "2", "3"]), any_type(random, depth + 1)),
        _ => {
            let fields = (0..random.below(6)).map(|i| {
                let name = if random.below(8) == 0 { "_".to_string() } else { format!("x{i}") };
                format!("{name} {}", any_type(random, depth + 1))
            });
            format!("struct{{{}}}", fields.collect::<Vec<_>>().join("; "))
        }
    }
}

/// The `i`-th function.
pub(crate) fn function(random: &mut Random, i: usize) -> Function {
    let receiver = random.below(6) == 0;
    // Most functions stay within the registers of most machines, some go far beyond.
    let most = if random.below(3) == 0 { 20 } else { 7 };
    let (params, results) = (random.below(most), random.below(most));
    let blank: Vec<bool> = (0..params).map(|_| random.below(10) == 0).collect();
    let (mut text, mut symbol) = (String::new(), format!("f{i}"));
    if receiver {
        let star = random.pick(&["", "*"]);
        let _ = write!(text, "type T{i} struct{{ y {}; z {} }}; ", any_type(random, 1), any_type(random, 1));
        let _ = write!(text, "func (recv {star}T{i}) f{i}(");
        symbol = if star.is_empty() { format!("T{i}.f{i}") } else { format!("(*T{i}).f{i}") };
    } else {
        let _ = write!(text, "func f{i}(");
    }
    for (n, blank) in blank.iter().enumerate() {
        let name = if *blank { "_".to_string() } else { format!("a{n}") };
        let dots = if n + 1 == params && random.below(6) == 0 { "..." } else { "" };
        let _ = write!(text, "{name} {dots}{}, ", any_type(random, 0));
    }
    text.push_str(") (");
    for n in 0..results {
        let _ = write!(text, "r{n} {}, ", any_type(random, 0));
    }
    text.push(')');
    Function { text, symbol, receiver, params, results, blank }
}

/// A package in which every function hands the address of each of its values to a function that the compiler can't see
/// into: parameters must be stored to their slots, and results must be loaded before the return.
pub(crate) fn source(functions: &[Function]) -> String {
    let mut go = String::from("package p\n\nimport \"unsafe\"\n\n//go:noescape\nfunc sink(unsafe.Pointer)\n");
    for function in functions {
        let (types, head) = match function.text.rsplit_once("; func ") {
            Some((types, rest)) => (types, format!("func {rest}")),
            _ => ("", function.text.clone()),
        };
        let _ = writeln!(go, "\n{types}\n\n//go:noinline\n{head} {{");
        for name in function.names() {
            let _ = writeln!(go, "\tsink(unsafe.Pointer(&{name}))");
        }
        go.push_str("\treturn\n}\n");
    }
    go
}

impl Function {
    /// A signature from elsewhere as the `i`-th function, its receiver an ordinary parameter.
    pub(crate) fn written(text: &str, arch: Arch, i: usize) -> Function {
        let mut types = Types::default();
        let signature = parse(text, arch, &mut types).unwrap_or_else(|e| panic!("{text}: {e}")).signature;
        let list = |letter: &str, params: &[Param]| {
            let name = |p: &Param| types.get(p.ty).expect("a type of this table").name.clone();
            let each = params.iter().enumerate().map(|(n, p)| format!("{letter}{n} {}", name(p)));
            each.collect::<Vec<_>>().join(", ")
        };
        let end = text.rfind("; f(").max(text.rfind("; func "));
        let declarations = end.map_or("", |end| &text[..end + 2]);
        Function {
            text: format!(
                "{declarations}func f{i}({}) ({})",
                list("a", &signature.params),
                list("r", &signature.results)
            ),
            symbol: format!("f{i}"),
            receiver: false,
            params: signature.params.len(),
            results: signature.results.len(),
            blank: vec![false; signature.params.len()],
        }
    }

    /// Names of all values that have one.
    fn names(&self) -> impl Iterator<Item = String> {
        let params = (0..self.params).filter(|n| !self.blank[*n]).map(|n| format!("a{n}"));
        let receiver = self.receiver.then(|| "recv".to_string());
        receiver.into_iter().chain(params).chain((0..self.results).map(|n| format!("r{n}")))
    }
}
