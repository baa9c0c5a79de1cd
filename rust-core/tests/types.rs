//! Runtime types and the code that they speak of, compared with what the program says of itself through reflect.

#![allow(clippy::unwrap_used, clippy::panic)] // a test fails by panicking

#[path = "support/go.rs"]
mod go;

use goabi::golang::methods::{self, Methods, TypedCode, Why};
use goabi::golang::rtype::TypeReader;
use goabi::golang::{Metadata, Version, symbol_name::SymbolName};
use goabi::image::Image;
use goabi::types::{Kind, Param, Signature, TypeId, Types};
use std::collections::HashSet;
use std::process::Command;

fn name(types: &Types, id: TypeId) -> &str {
    &types.get(id).unwrap().name
}

fn names(types: &Types, params: &[Param], separator: &str) -> String {
    params.iter().map(|p| name(types, p.ty)).collect::<Vec<_>>().join(separator)
}

/// As reflect writes it, the receiver as a parameter.
fn spell(types: &Types, signature: &Signature) -> String {
    let mut params: Vec<String> = signature.params.iter().map(|p| name(types, p.ty).to_string()).collect();
    if let (true, Some(last)) = (signature.variadic, params.last_mut()) {
        *last = last.replacen("[]", "...", 1);
    }
    let results = names(types, &signature.results, ", ");
    let results = match signature.results.len() {
        0 => String::new(),
        1 => format!(" {results}"),
        _ => format!(" ({results})"),
    };
    format!("func({}){results}", params.join(", "))
}

/// The lines that the program prints about a type.
fn lines(types: &Types, id: TypeId) -> Vec<String> {
    let ty = types.get(id).unwrap();
    let n = &ty.name;
    let mut out = vec![format!("type {n} {} {} {}", ty.kind_name(), ty.size, ty.align)];
    let inner = |id: &Option<TypeId>| name(types, id.unwrap()).to_string();
    match &ty.kind {
        Kind::Array { elem, len } => out.push(format!("array {n} {len} {}", name(types, *elem))),
        Kind::Pointer(elem) | Kind::Slice(elem) | Kind::Chan(elem) => out.push(format!("elem {n}: {}", inner(elem))),
        Kind::Map { key, elem } => out.push(format!("map {n}: {}: {}", inner(key), inner(elem))),
        Kind::Func(f) => {
            let (params, results) = (names(types, &f.params, "; "), names(types, &f.results, "; "));
            out.push(format!("func {n}: {params} -> {results} {}", f.variadic));
        }
        Kind::Struct(fields) => out.extend(
            fields
                .iter()
                .enumerate()
                .map(|(i, f)| format!("field {n}: {i} {} {} {}", f.name, f.offset, name(types, f.ty))),
        ),
        Kind::Interface { methods } => {
            out.extend(methods.iter().enumerate().map(|(i, m)| format!("imethod {n}: {i} {} {}", m.name, inner(&m.ty))))
        }
        _ => {}
    }
    out
}

struct Read<'a> {
    types: Types,
    receivers: Vec<(u64, TypeId)>,
    lines: HashSet<String>,
    code: Vec<TypedCode<'a>>,
}

fn read_as<'a>(image: &'a Image, meta: &'a Metadata, version: &Version) -> Read<'a> {
    let mut types = Types::default();
    let mut reader = TypeReader::new(image, version, &meta.modules);
    let Methods { code, receivers } = methods::read(&mut reader, &mut types);
    assert_eq!(reader.notes(), [""; 0]);
    let mut all: HashSet<String> = reader.known().iter().flat_map(|(_, id)| lines(&types, *id)).collect();
    let methods = code.iter().filter(|c| c.why == Why::Method);
    all.extend(methods.map(|c| {
        format!("method {}: {} {:#x} {}", name(&types, c.owner), c.method, c.addr, spell(&types, &c.signature))
    }));
    Read { receivers, types, lines: all, code }
}

/// Symbol names of code are the second witness: receiver and method must be what the types say.
fn check_symbols(image: &Image, read: &Read) {
    let named = read.code.iter().map(|c| (c, image.symbols_at(c.addr))).filter(|(_, s)| !s.is_empty());
    let (good, bad): (Vec<_>, Vec<_>) = named.partition(|(code, symbols)| {
        symbols.iter().any(|s| fits(&SymbolName::parse(&s.name), code, name(&read.types, code.owner)))
    });
    let bad: Vec<String> = bad
        .iter()
        .map(|(c, s)| format!("{:?} {} {} {}", c.why, name(&read.types, c.owner), c.method, s[0].name))
        .collect();
    assert!(bad.is_empty(), "{} of {}: {bad:#?}", bad.len(), bad.len() + good.len());
    assert!(good.len() > 500, "only {} of {} have symbols", good.len(), read.code.len());
    assert!(read.code.iter().all(|c| !c.disputed));
    let known: HashSet<u64> = read.code.iter().map(|c| c.addr).collect();
    let mut more = 0;
    for (addr, ty) in read.receivers.iter().filter(|(addr, _)| !known.contains(addr)) {
        let symbols = image.symbols_at(*addr);
        let names: Vec<String> = symbols.iter().map(|s| receiver(&SymbolName::parse(&s.name))).collect();
        let ty = bare(name(&read.types, *ty));
        assert!(symbols.is_empty() || names.contains(&ty), "{addr:#x} of {symbols:?} takes {ty}");
        more += 1;
    }
    assert!(more > 50, "only {more} receivers without signature");
}

/// Without type arguments, which symbols and types spell differently.
fn bare(name: &str) -> String {
    name.split('[').next().unwrap_or_default().to_string()
}

/// The receiver with its package's name; symbols have the whole path.
fn receiver(symbol: &SymbolName) -> String {
    let star = if symbol.pointer { "*" } else { "" };
    let package = symbol.package.rsplit('/').next().unwrap_or_default();
    format!("{star}{package}.{}", bare(symbol.receiver.unwrap_or_default()))
}

fn fits(symbol: &SymbolName, code: &TypedCode, owner: &str) -> bool {
    if matches!(code.why, Why::Equal | Why::Hasher) {
        return code.method.is_empty();
    }
    let (star, of) = owner.strip_prefix('*').map_or((false, owner), |t| (true, t));
    // an interface calls methods of values that are not one pointer through a pointer
    let pointer = if code.why == Why::Method { symbol.pointer == star } else { symbol.pointer || !star };
    // unnamed structs are spelled with more qualifiers in symbols
    let same = match &*symbol.package {
        "go" => of.starts_with("struct {"),
        _ => bare(of) == receiver(symbol).trim_start_matches('*'),
    };
    symbol.name == code.method && pointer && same
}

fn check(release: &str, goos: &str, goarch: &str) {
    let args: &[&str] = if release < "go1.18" { &[] } else { &[GENERICS] };
    let build = go::Build { toolchain: release, args, ..go::plain("types", goos, goarch) };
    let data = build.bytes();
    let image = Image::parse(&data).unwrap();
    let meta = Metadata::read(&image).unwrap();
    let read = read_as(&image, &meta, &meta.version);
    check_symbols(&image, &read);
    // nothing but the types themselves says which layout they have
    let blind = read_as(&image, &meta, &Version::inferred(2, u16::MAX));
    let differ: Vec<&String> = blind.lines.symmetric_difference(&read.lines).collect();
    assert!(differ.is_empty(), "{release} {goos}/{goarch} without its version: {differ:#?}");
    if goos == "linux" {
        let out = Command::new(build.file()).output().unwrap();
        let word = if goarch == "386" { "32" } else { "64" };
        let told: Vec<String> = String::from_utf8(out.stdout).unwrap().lines().map(|l| by_size(l, word)).collect();
        assert!(told.len() > 400, "{told:#?}");
        let missing: Vec<&String> = told.iter().filter(|l| !read.lines.contains(*l)).collect();
        assert!(missing.is_empty(), "{release} {goarch}: {} of {}: {missing:#?}", missing.len(), told.len());
    }
}

/// Named types of kind int are known by their size only.
fn by_size(line: &str, word: &str) -> String {
    let int = |kind| format!(" {kind} {} ", if word == "32" { 4 } else { 8 });
    match line.starts_with("type int ") || line.starts_with("type uint ") {
        true => line.to_string(),
        false => ["int", "uint"].iter().fold(line.to_string(), |l, kind| {
            l.replace(&int(kind), &int(kind).replacen(kind, &format!("{kind}{word}"), 1))
        }),
    }
}

/// Go 1.10 ignores build constraints of files that are named, so this one is named only for those who can read it.
const GENERICS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/programs/types/generics.go");
/// Every layout that there are toolchains for.
const RELEASES: [&str; 9] =
    ["go1.10.8", "go1.15.15", "go1.17.13", "go1.18.10", "go1.20.14", "go1.22.12", "go1.24.11", "go1.26.8", "go1.27.0"];

#[test]
fn types_are_what_reflect_says() {
    for release in RELEASES {
        check(release, "linux", "amd64");
        check(release, "linux", "386");
    }
    check("go1.26.8", "windows", "amd64");
    check("go1.22.12", "darwin", "arm64");
}

/// Damaged type data costs what it describes and nothing else: no panic, no contradiction with the layout's limits, and
/// not more memory than the data is worth.
#[test]
fn damaged_types_do_no_harm() {
    for release in ["go1.10.8", "go1.26.8", "go1.27.0"] {
        let data = go::Build { toolchain: release, ..go::plain("types", "linux", "amd64") }.bytes();
        let image = Image::parse(&data).unwrap();
        let meta = Metadata::read(&image).unwrap();
        let module = meta.module().unwrap();
        let whole = types_of(&image, &meta).len();
        let mut seed = 1u64;
        let mut random = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % below
        };
        for round in 0..12 {
            let mut damaged = image.clone();
            let at = damaged.segments.iter().position(|s| s.addr <= module.types && module.types < s.end()).unwrap();
            let segment = &mut damaged.segments[at];
            let (from, to) = ((module.types - segment.addr) as usize, (module.etypes - segment.addr) as usize);
            let bytes = &mut segment.data.to_mut()[from..to];
            for _ in 0..(bytes.len() >> (2 + round)).max(1) {
                let i = random(bytes.len() as u64) as usize;
                bytes[i] = if round % 2 == 0 { random(256) as u8 } else { bytes[random(bytes.len() as u64) as usize] };
            }
            let left = types_of(&damaged, &meta);
            assert!(left.len() < 4 * whole, "{release}: {} types out of {whole}", left.len());
        }
    }
}

fn types_of(image: &Image, meta: &Metadata) -> Types {
    let mut types = Types::default();
    let mut reader = TypeReader::new(image, &meta.version, &meta.modules);
    let Methods { code, .. } = methods::read(&mut reader, &mut types);
    assert!(code.iter().all(|c| image.is_exec(c.addr)));
    types
}
