//! Puts what was resolved into a [`Report`].

use super::evidence::{self, calls, loc};
use super::marks;
use super::{
    Addr, Binary, Capture, Confidence, Frame, Function, FunctionKind, Go, Line, Module, Note, Pair, Piece, Report,
    SCHEMA, Sides, Source, Tool, Value,
};
use crate::abi::location::{self, RegSet};
use crate::abi::platform::CAbi;
use crate::abi::registers::reg_name;
use crate::annotate::Marks;
use crate::arch::Arch;
use crate::evidence::helpers::{Special, members};
use crate::evidence::{self as claims, Claim};
use crate::golang::func_id::FuncId;
use crate::golang::pclntab::Func;
use crate::golang::symbol_name::SymbolName;
use crate::options::Options;
use crate::program::Program;
use crate::report::types::TypeList;
use crate::resolve::Resolved;
use crate::types::Types;
use crate::witness::Witness;
use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};
use rayon::prelude::*;
use std::sync::Arc;

/// Functions that are converted at a time: both forms of all of them would be in memory otherwise.
const AT_ONCE: usize = 1 << 12;

/// The whole report, without what `emit::fill` adds.
pub fn report(
    program: &Program<'_>,
    types: &Types,
    resolved: Vec<Resolved>,
    witness: Vec<Witness>,
    marks: Marks,
    data: &[u8],
    options: &Options,
) -> Report {
    let wanted = |func: &Func| program.is_wanted(func, options);
    let clobbers = [&program.internal, &program.abi0].map(|c| names(c.clobbers(), program.image.arch));
    let pairs = pairs(program, &resolved);
    let listed = listed(types, program.funcs().iter().zip(&resolved).filter(|(f, _)| wanted(f)).map(|(_, r)| r));
    let context = Context { program, options, clobbers, pairs, types: &listed };
    let functions = || {
        let most = if options.only.is_some() { 0 } else { resolved.len() + marks.functions.len() };
        let mut functions = Vec::with_capacity(most);
        let mut witness = witness.into_iter();
        let all = program.funcs().iter().zip(in_parts(resolved)).map(|(f, r)| (f, r, witness.next()));
        let mut left = all.filter(|(f, ..)| wanted(f)).peekable();
        let mut shared = HashSet::new();
        while left.peek().is_some() {
            let some: Vec<_> = left.by_ref().take(AT_ONCE).collect();
            let new = functions.len();
            functions.par_extend(some.into_par_iter().map(|(f, r, w)| function(&context, f, r, w)));
            functions.iter_mut().skip(new).for_each(|f| share(&mut shared, f));
        }
        functions
    };
    let (mut functions, binary) = rayon::join(functions, || binary(program, data));
    let mut types = listed;
    let within = |entry: u64| program.at(entry).is_some_and(|i| wanted(&program.funcs()[i]));
    let call_sites = marks::sites(program, marks.sites, &mut types, within);
    marks::add(program, marks.functions, options, &mut types, &mut functions);
    Report {
        schema: SCHEMA.to_string(),
        tool: Tool { name: "goabi".to_string(), version: env!("CARGO_PKG_VERSION").to_string() },
        binary,
        go: go(program),
        packs: Vec::new(),
        types: types.finish(),
        functions,
        call_sites,
        annotations: marks.annotations,
        data: marks.data,
        notes: notes(program),
    }
}

/// The same in parts, each of which frees its memory when it is used up.
fn in_parts(mut all: Vec<Resolved>) -> impl Iterator<Item = Resolved> {
    let mut parts = Vec::with_capacity(all.len() / AT_ONCE + 1);
    while !all.is_empty() {
        parts.push(all.split_off(all.len().saturating_sub(AT_ONCE)));
    }
    parts.into_iter().rev().flatten()
}

/// Functions of one package or file have the same text.
fn share(known: &mut HashSet<Arc<str>>, function: &mut Function) {
    for text in [&mut function.package, &mut function.file] {
        match known.get(text) {
            Some(known) => *text = known.clone(),
            None => drop(known.insert(text.clone())),
        }
    }
}

/// The types of all parameters and results, numbered in the order in which functions have them.
fn listed<'t, 'r>(types: &'t Types, resolved: impl Iterator<Item = &'r Resolved>) -> TypeList<'t> {
    let mut list = TypeList::new(types);
    let values = resolved.flat_map(|r| r.params.iter().chain(&r.results)).flat_map(|claim| &claim.values);
    for ty in values.filter_map(|value| value.ty) {
        let _ = list.id(ty);
    }
    list
}

/// Both faces of each ABI wrapper: its role and the other one's entry, by entry.
fn pairs(program: &Program<'_>, resolved: &[Resolved]) -> HashMap<u64, (&'static str, u64)> {
    let mut pairs = HashMap::new();
    for (func, resolved) in program.funcs().iter().zip(resolved) {
        let target = resolved.target.and_then(|t| program.funcs().get(t as usize));
        if let Some(target) = target.filter(|t| t.entry != func.entry) {
            pairs.insert(func.entry, ("wrapper", target.entry));
            pairs.entry(target.entry).or_insert(("target", func.entry));
        }
    }
    pairs
}

fn binary(program: &Program<'_>, data: &[u8]) -> Binary {
    use sha2::Digest;
    let image = program.image;
    let digest = sha2::Sha256::digest(data);
    Binary {
        sha256: digest.iter().map(|b| format!("{b:02x}")).collect(),
        size: data.len() as u64,
        format: image.format.name().to_string(),
        os: image.os.name().to_string(),
        arch: image.arch.info().name.to_string(),
        image_base: Addr(image.base),
        entry: Addr(image.entry),
    }
}

fn go(program: &Program<'_>) -> Go {
    let meta = program.meta;
    let (version, build) = (&meta.version, &meta.build);
    let module = |m: &crate::golang::buildinfo::Module| {
        // What replaces a module is what was compiled.
        let used = m.replace.as_deref().unwrap_or(m);
        let replaced_by = m.replace.as_ref().map(|r| match r.version.as_str() {
            "" => r.path.clone(),
            version => format!("{}@{version}", r.path),
        });
        Module { path: m.path.clone(), version: m.version.clone(), sum: used.sum.clone(), replaced_by }
    };
    Go {
        version: version.text.clone(),
        version_source: version.source.name().to_string(),
        abi: if program.internal.uses_registers() { "ABIInternal" } else { "ABI0" }.to_string(),
        module: build.main.path.clone(),
        module_version: build.main.version.clone(),
        main_package: build.path.clone(),
        deps: build.deps.iter().map(module).collect(),
        settings: build.settings.iter().cloned().collect(),
        pclntab: Some(Addr(meta.pclntab.header.addr)),
        moduledata: meta.modules.iter().map(|m| Addr(m.addr)).collect(),
        cgo: program.has_cgo(),
        obfuscated: meta.obfuscated,
        stripped: program.image.symbols.is_empty(),
    }
}

fn notes(program: &Program<'_>) -> Vec<Note> {
    let unread = (!program.reads_code()).then(|| unread(program));
    let texts = unread.iter().chain(&program.image.notes).chain(&program.meta.notes).chain(&program.notes);
    texts.take(crate::limits::MAX_NOTES).map(|text| Note { at: None, text: text.clone() }).collect()
}

/// What a report on a machine without a decoder rests on.
fn unread(program: &Program<'_>) -> String {
    let arch = program.image.arch.info().name;
    format!(
        "code of {arch} is not read: parameters and results rest on the runtime's metadata, types, signatures and the \
         assignment alone; what only code tells is left open"
    )
}

/// What all functions of a report share.
struct Context<'p, 'a> {
    program: &'p Program<'a>,
    options: &'p Options,
    /// Of ABIInternal and of ABI0.
    clobbers: [Arc<Vec<String>>; 2],
    pairs: HashMap<u64, (&'static str, u64)>,
    types: &'p TypeList<'p>,
}

fn function(context: &Context<'_, '_>, func: &Func, resolved: Resolved, witness: Option<Witness>) -> Function {
    let Context { program, options, clobbers, pairs, types } = context;
    let arch = program.image.arch;
    let name = program.name(func).into_owned();
    let symbol = SymbolName::parse(&name);
    let (file, line) =
        if program.names { program.meta.pclntab.file_line(program.image, func) } else { Default::default() };
    let convention = if resolved.abi == super::Abi::ABIInternal { &program.internal } else { &program.abi0 };
    let seen = witness.unwrap_or_default();
    let evidence = if options.evidence { evidence::list(&resolved, &seen, arch) } else { Box::default() };
    let kind = kind(func, &resolved, symbol.is_closure());
    let package = symbol.package.into();
    let values = |claim: &Option<Claim>| -> Box<[Value]> {
        let values = claim.as_ref().map(|c| &*c.values).unwrap_or_default();
        values.iter().map(|v| placed(v, arch, v.ty.and_then(|id| types.known_id(id)))).collect()
    };
    Function {
        entry: Addr(func.entry),
        end: Some(Addr(func.end)),
        package,
        file: file.into(),
        line,
        abi: resolved.abi,
        c_abi: c_abi(program, &resolved).map(|abi| abi.name().into()),
        kind,
        noreturn: resolved.noreturn,
        pair: pairs
            .get(&func.entry)
            .copied()
            .map(|(role, target)| Box::new(Pair { role: role.to_string(), target: Addr(target) })),
        entries: resolved.helper.as_ref().map(|h| marks::duff_entries(program, func, h)).unwrap_or_default(),
        params: values(&resolved.params),
        results: values(&resolved.results),
        closure_context: convention.closure.filter(|_| resolved.closure).map(|r| reg_name(arch, r).into()),
        captures: resolved.captures.iter().map(|(off, size)| Capture { off: *off, size: *size, ty: None }).collect(),
        clobbers: own_clobbers(program, &resolved)
            .unwrap_or_else(|| clobbers[usize::from(resolved.abi != super::Abi::ABIInternal)].clone()),
        arg_base: convention.arg_base,
        frame: frame(program, func, &resolved),
        source: Sides { params: source(&resolved.params), results: source(&resolved.results) },
        confidence: Sides { params: confidence(&resolved.params), results: confidence(&resolved.results) },
        prototype: Box::default(),
        usercall: None,
        tuple: None,
        notes: resolved.notes.into(),
        evidence,
        listing: seen.lines.into_iter().map(Line::from).collect(),
        callers: calls(program, seen.callers, &resolved.results).map(Box::new),
        callees: calls(program, seen.callees, &None).map(Box::new),
        code: seen.code.map(Addr),
        name,
    }
}

/// The platform's convention, of functions that C calls.
fn c_abi(program: &Program<'_>, resolved: &Resolved) -> Option<CAbi> {
    CAbi::of(program.image.arch, program.image.os).filter(|_| resolved.abi == super::Abi::C)
}

/// What a helper with a convention of its own changes.
fn own_clobbers(program: &Program<'_>, resolved: &Resolved) -> Option<Arc<Vec<String>>> {
    let arch = program.image.arch;
    if let Some(abi) = c_abi(program, resolved) {
        return Some(names(abi.clobbers(), arch));
    }
    match resolved.helper.as_ref()?.special {
        Special::Preserving { kills, .. } => Some(names(kills, arch)),
        _ => None,
    }
}

pub(super) fn names(set: RegSet, arch: Arch) -> Arc<Vec<String>> {
    Arc::new(members(set).map(|r| reg_name(arch, r).to_string()).collect())
}

fn kind(func: &Func, resolved: &Resolved, named_closure: bool) -> FunctionKind {
    match () {
        () if resolved.helper.as_ref().is_some_and(|h| h.has_own_convention()) => FunctionKind::Helper,
        () if resolved.asm => FunctionKind::Asm,
        () if func.id == FuncId::Wrapper => FunctionKind::Wrapper,
        () if resolved.closure || named_closure => FunctionKind::Closure,
        () => FunctionKind::Go,
    }
}

fn frame(program: &Program<'_>, func: &Func, resolved: &Resolved) -> Frame {
    let deltas = program.meta.pclntab.sp_deltas(program.image, func);
    let size = deltas.into_iter().flatten().map(|v| v.value.max(0) as u32).max().unwrap_or(0);
    Frame {
        size,
        args: func.args,
        stack_args: resolved.stack_args,
        stack_results: resolved.stack_results,
        spill: resolved.spill,
        grows: (program.reads_code()).then_some(resolved.growth.is_some()),
    }
}

fn source(claim: &Option<Claim>) -> Option<Source> {
    claim.as_ref().map(|c| c.source)
}

fn confidence(claim: &Option<Claim>) -> Confidence {
    claim.as_ref().map_or(Confidence::Unknown, |c| c.confidence)
}

pub(super) fn value(value: &claims::Value, arch: Arch, types: &mut TypeList<'_>) -> Value {
    placed(value, arch, value.ty.and_then(|id| types.id(id)))
}

/// A value of the type with that number in the report.
fn placed(value: &claims::Value, arch: Arch, ty: Option<u32>) -> Value {
    let piece = |p: &location::Piece| Piece { off: p.off, size: p.size, loc: loc(p.loc, arch), kind: p.kind };
    Value {
        name: value.name.clone(),
        role: value.role,
        ty,
        shape: None,
        size: value.size,
        pieces: value.pieces.iter().map(piece).collect(),
    }
}
