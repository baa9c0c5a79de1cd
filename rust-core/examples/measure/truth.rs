//! The truth: types from debug information and from the sources, locations from the assignment, and only where
//! `_func.args` and FUNCDATA_ArgInfo, which the stripped twin has too, agree.

use crate::callers;
use goabi::abi::assign::{Assignment, Placed, assign, assign_shapes};
use goabi::abi::location::Scalar;
use goabi::abi::registers::Convention;
use goabi::abi::shape::{Component, Shape};
use goabi::evidence::dwarf::{self, Doubt, DwarfFunction, Witness};
use goabi::golang::Metadata;
use goabi::golang::pclntab::Func;
use goabi::golang::symbol_name::SymbolName;
use goabi::image::Image;
use goabi::types::{Param, Role, Types};
use std::collections::{BTreeMap, HashMap};

/// A function as the type checker sees it.
pub(crate) struct Source {
    params: Vec<Shape>,
    results: Vec<Shape>,
    has_body: bool,
}

/// A value's pieces: location and size in bytes.
pub(crate) type Pieces = Vec<(String, u32)>;

/// What is true of one function.
pub(crate) struct Function {
    pub(crate) entry: u64,
    pub(crate) name: String,
    pub(crate) class: &'static str,
    pub(crate) has_caller: bool,
    pub(crate) params: Vec<Pieces>,
    /// `None` when no witness tells.
    pub(crate) results: Option<Vec<Pieces>>,
    /// What debug information says of the values in `params` and `results`; `None` when it does not, or is not believed.
    pub(crate) types: Option<[Vec<Typed>; 2]>,
}

/// A value's type, as debug information spells it.
pub(crate) struct Typed {
    pub(crate) name: String,
    /// It is the dictionary of a generic function.
    pub(crate) dict: bool,
}

impl std::fmt::Display for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let results = self.results.as_deref().map_or("?".to_owned(), spell);
        write!(f, "{:#x} {} {} {} -> {results}", self.entry, self.class, self.name, spell(&self.params))
    }
}

/// `(RAX:8, {RBX:8 RCX:8})`.
pub(crate) fn spell(values: &[Pieces]) -> String {
    let one = |value: &Pieces| {
        let pieces: Vec<_> = value.iter().map(|(loc, size)| format!("{loc}:{size}")).collect();
        if pieces.len() == 1 { pieces.concat() } else { format!("{{{}}}", pieces.join(" ")) }
    };
    format!("({})", values.iter().map(one).collect::<Vec<_>>().join(", "))
}

/// Everything that is known of a program.
pub(crate) struct Truth {
    pub(crate) functions: BTreeMap<u64, Function>,
    /// Bytes of a word of the stack.
    pub(crate) word: u32,
    /// Functions without a truth, by reason.
    pub(crate) left_out: BTreeMap<&'static str, usize>,
    /// Those functions, by name.
    pub(crate) doubtful: Vec<String>,
}

struct Program<'a> {
    image: &'a Image<'a>,
    metadata: Metadata,
    types: Types,
    sources: &'a HashMap<String, Source>,
    conventions: [Convention; 2],
}

impl Truth {
    pub(crate) fn of(
        full: &[u8],
        stripped: &[u8],
        sources: &HashMap<String, Source>,
        module: &str,
    ) -> goabi::Result<Truth> {
        let (image, twin) = (Image::parse(full)?, Image::parse(stripped)?);
        let metadata = Metadata::read(&image)?;
        let mut types = Types::default();
        let debug = dwarf::read(&image, &mut types);
        debug.notes.iter().for_each(|note| eprintln!("measure: {note}"));
        let called = callers::called(&image, &metadata);
        let minor = u32::from(metadata.version.minor());
        let conventions = [Convention::abi_internal(image.arch, image.os, minor), Convention::abi0(image.arch)];
        let program = Program { image: &image, metadata, types, sources, conventions };
        let word = image.arch.ptr_size();
        let mut truth = Truth { word, functions: BTreeMap::new(), left_out: BTreeMap::new(), doubtful: Vec::new() };
        let mut seen = 0;
        for function in &debug.functions {
            let Some(func) = program.metadata.pclntab.at(function.entry) else { continue };
            seen += 1;
            let bytes = |image: &Image<'_>| image.bytes(func.entry, func.size() as usize).map(<[u8]>::to_vec);
            let outcome = if bytes(&image).is_none_or(|code| bytes(&twin) != Some(code)) {
                Err("the twin's code differs")
            } else {
                program.function(function, func)
            };
            match outcome {
                Ok((params, results)) => {
                    let (entry, name) = (function.entry, function.name.clone());
                    let (class, has_caller) = (class(&name, module), called.contains(&entry));
                    let types = program.typed(function, params.len(), results.as_ref().map(Vec::len));
                    truth.functions.insert(entry, Function { entry, name, class, has_caller, params, results, types });
                }
                Err(reason) => {
                    *truth.left_out.entry(reason).or_default() += 1;
                    truth.doubtful.push(format!("{reason}: {:#x} {}", function.entry, function.name));
                }
            }
        }
        *truth.left_out.entry("no debug information").or_default() += program.metadata.pclntab.funcs.len() - seen;
        Ok(truth)
    }
}

type Sides = (Vec<Pieces>, Option<Vec<Pieces>>);

impl Program<'_> {
    /// Where the values of `function` are, or why nobody can be sure.
    fn function(&self, function: &DwarfFunction, func: &Func) -> Result<Sides, &'static str> {
        if func.flags.asm() || self.may_be_asm(function) {
            return Err("assembly");
        }
        let word = self.image.arch.ptr_size();
        let pieces = dwarf::listed_pieces(self.image, &self.metadata.pclntab, func);
        let witness = Witness { args: func.args, pieces: pieces.as_deref(), is_asm: false };
        let fits = |convention: &Convention| {
            let doubts = dwarf::confirm(function, &self.types, convention, &witness);
            doubts.iter().all(|doubt| matches!(doubt, Doubt::Results | Doubt::Nothing))
        };
        let [internal, abi0] = &self.conventions;
        let marked = self.image.symbols_at(func.entry).iter().any(|symbol| symbol.name.ends_with(".abi0"));
        let written = self.written(function, func, pieces.as_deref()).filter(|_| !marked);
        let convention = Some(if marked { abi0 } else { internal }).filter(|convention| fits(convention));
        match (convention, written) {
            (Some(convention), written) => {
                let assigned = assign(&self.types, &function.signature, convention);
                let results = function.complete.then(|| self.places(&assigned.results));
                let params = self.places(&assigned.params);
                match written.filter(|_| convention.uses_registers()) {
                    Some(source) => {
                        let (source_params, source_results) = self.sides(&source);
                        if flat(&source_params, word) != flat(&params, word) {
                            return Err("debug information and sources disagree on parameters");
                        }
                        if results.as_ref().is_some_and(|results| flat(results, word) != flat(&source_results, word)) {
                            return Err("debug information and sources disagree on results");
                        }
                        Ok((params, results.or(Some(source_results))))
                    }
                    None => Ok((params, results)),
                }
            }
            (None, Some(source)) => {
                let (params, results) = self.sides(&source);
                Ok((params, Some(results)))
            }
            (None, None) => Err("args or ArgInfo contradict debug information"),
        }
    }

    /// Go 1.17 does not mark assembly: there, a function of which debug information says nothing is suspect unless its
    /// body was seen or it is a closure.
    fn may_be_asm(&self, function: &DwarfFunction) -> bool {
        let suspect = function.doubts.contains(&Doubt::Results) && function.doubts.contains(&Doubt::Nothing);
        let seen = self.sources.get(&function.name).is_some_and(|source| source.has_body);
        suspect && !seen && !SymbolName::parse(&function.name).is_closure()
    }

    /// The assignment of what the sources say, if the witnesses agree with it.
    fn written(&self, function: &DwarfFunction, func: &Func, pieces: Option<&[(u32, u32)]>) -> Option<Assignment> {
        // Of a function without a body this is what another package believes of it.
        let source = self.sources.get(&function.name).filter(|source| source.has_body)?;
        let assigned = assign_shapes(&source.params, &source.results, &self.conventions[0]);
        let fits = func.args.is_none_or(|args| args == assigned.area.args_size);
        (fits && pieces.is_none_or(|pieces| dwarf::agrees(pieces, &dwarf::homes(&assigned, 0)))).then_some(assigned)
    }

    fn sides(&self, assigned: &Assignment) -> (Vec<Pieces>, Vec<Pieces>) {
        (self.places(&assigned.params), self.places(&assigned.results))
    }

    /// The types of a function's values; `None` when there are other values than the `params` and `results` that were found.
    fn typed(&self, function: &DwarfFunction, params: usize, results: Option<usize>) -> Option<[Vec<Typed>; 2]> {
        let side = |list: &[Param]| -> Vec<Typed> {
            let sized = list.iter().filter_map(|param| Some((param, self.types.get(param.ty)?)));
            let sized = sized.filter(|(_, ty)| ty.size > 0);
            sized.map(|(p, ty)| Typed { name: plain(&ty.name), dict: p.role == Some(Role::Dict) }).collect()
        };
        let sides = [side(&function.signature.params), side(&function.signature.results)];
        (sides[0].len() == params && results == Some(sides[1].len())).then_some(sides)
    }

    fn places(&self, placed: &[Placed]) -> Vec<Pieces> {
        let pieces =
            placed.iter().map(|value| value.pieces.iter().map(|p| (p.loc.text(self.image.arch), p.size)).collect());
        pieces.filter(|pieces: &Pieces| !pieces.is_empty()).collect()
    }
}

/// Locations alone, in order: registers, and the words of the stack that are touched.
pub(crate) fn flat(values: &[Pieces], word: u32) -> Vec<String> {
    let mut out = Vec::new();
    for (loc, size) in values.iter().flatten() {
        match loc.strip_prefix("stack+").and_then(|offset| offset.parse::<u32>().ok()) {
            Some(offset) => {
                out.extend((offset / word..(offset + size).div_ceil(word)).map(|n| format!("stack+{}", word * n)))
            }
            None => out.push(loc.clone()),
        }
    }
    out.dedup();
    out
}

fn class(name: &str, module: &str) -> &'static str {
    let package = SymbolName::parse(name).package;
    let first = package.split('/').next().unwrap_or_default();
    let in_module =
        !module.is_empty() && package.strip_prefix(module).is_some_and(|r| r.is_empty() || r.starts_with('/'));
    match first {
        _ if package == "main" || in_module => "main",
        "" | "runtime" | "go" => "runtime",
        _ if package.starts_with("internal/runtime/") || package.starts_with("internal/abi") => "runtime",
        _ if first.contains('.') => "dependency",
        _ => "std",
    }
}

/// A type's name without packages, whose names are not always the last part of their import paths, without the marks of
/// shapes, and with one word for each predeclared type.
pub(crate) fn plain(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut word = String::new();
    let name = without_numbers(name);
    for c in name.chars().chain([' ']) {
        if c.is_alphanumeric() || matches!(c, '_' | '-' | '~' | '%' | '@' | '+') {
            word.push(c);
            continue;
        }
        if !matches!(c, '/' | '.') {
            out.push_str(match word.as_str() {
                "byte" => "uint8",
                "rune" => "int32",
                "any" => "interface{}",
                word => word,
            });
            out.extend(Some(c).filter(|c| *c != ' '));
        }
        word.clear();
    }
    out
}

/// Without the numbers that tell types of the same name apart that functions have inside of them: `entry\u{b7}1`.
fn without_numbers(name: &str) -> String {
    let mut parts = name.split('\u{b7}');
    let mut out = parts.next().unwrap_or_default().to_owned();
    out.extend(parts.map(|part| part.trim_start_matches(|c: char| c.is_ascii_digit())));
    out
}

/// Reads what `scripts/go_sources/types.go` prints.
pub(crate) fn read_sources(text: &str) -> HashMap<String, Source> {
    let line = |line: &str| {
        let mut columns = line.split('\t');
        let name = columns.next()?.to_owned();
        let mut side = || -> Option<Vec<Shape>> { columns.next()?.split_whitespace().map(shape).collect() };
        let (params, results) = (side()?, side()?);
        Some((name, Source { params, results, has_body: columns.next()?.is_empty() }))
    };
    text.lines().filter_map(line).collect()
}

/// `16/8/1:p+0.8,i+8.8`.
fn shape(text: &str) -> Option<Shape> {
    let (head, parts) = text.split_once(':')?;
    let mut numbers = head.split('/').map(str::parse::<u32>);
    let mut number = || numbers.next()?.ok();
    let (size, align, registers) = (number()?, number()?, number()? == 1);
    let component = |part: &str| {
        let (kind, place) = part.split_once('+')?;
        let (off, size) = place.split_once('.')?;
        let kind = match kind {
            "f" => Scalar::Float,
            "p" => Scalar::Ptr,
            "b" => Scalar::Bool,
            "u" => Scalar::Uint,
            _ => Scalar::Int,
        };
        Some(Component { off: off.parse().ok()?, size: size.parse().ok()?, kind })
    };
    let components = parts.split(',').filter(|p| !p.is_empty()).map(component).collect::<Option<Vec<_>>>()?;
    // A value of very many scalars is one opaque piece, and never in registers.
    let registers = registers && components.iter().all(|part| part.size <= 64);
    Some(Shape { size, align, components: components.into(), registers })
}
