//! Prototypes of the functions between Go and C: what the table says, and what their frames show.

use super::bridges::Finder;
use super::chain::Chain;
use super::frame::{Field as FrameField, Fields};
use super::roles::{CTXT, FN_FRAME_CTXT, FN_FRAME_SIZE_CTXT, OLD_CGOEXP, Passing, Prototype, Role, Word};
use super::{CFunction, Marks};
use crate::abi::assign::{Placed, assign};
use crate::abi::location::{Pieces, Scalar};
use crate::abi::platform::{CAbi, CPlaced, CValue};
use crate::evidence::{Claim, Value};
use crate::program::Program;
use crate::report::{Abi, Confidence, Side, Sides, Source};
use crate::resolve::Resolved;
use crate::resolve::verdict::Lost;
use crate::types::{Field, Kind, Param, Signature, Type, TypeId, Types};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is found, ready to be used without the finder's view of the functions.
pub(super) struct Found {
    pub(super) chain: Chain,
    frames: BTreeMap<u64, Fields>,
    stubs: BTreeMap<u64, u64>,
}

impl From<Finder<'_, '_>> for Found {
    fn from(finder: Finder<'_, '_>) -> Found {
        Found { chain: finder.chain, frames: finder.frames, stubs: finder.stubs }
    }
}

/// Types by their Go names, made when they are missing.
struct Words<'t> {
    types: &'t mut Types,
    ptr: u32,
}

impl Words<'_> {
    fn named(&mut self, name: &str, size: u32, kind: Kind) -> TypeId {
        self.types.intern(Type { name: name.to_string(), size: size.into(), align: size, kind })
    }

    fn pointer(&mut self) -> TypeId {
        self.named("unsafe.Pointer", self.ptr, Kind::UnsafePointer)
    }

    fn word(&mut self, word: Word) -> TypeId {
        match word {
            Word::Pointer => self.pointer(),
            Word::Uintptr => self.named("uintptr", self.ptr, Kind::Uintptr),
            Word::Int32 => self.named("int32", 4, Kind::Int { signed: true }),
        }
    }

    fn field(&mut self, field: FrameField) -> TypeId {
        match (field.float, field.size) {
            (true, 4) => self.named("float32", 4, Kind::Float),
            (true, _) => self.named("float64", 8, Kind::Float),
            (_, 1) => self.named("int8", 1, Kind::Int { signed: true }),
            (_, 2) => self.named("int16", 2, Kind::Int { signed: true }),
            (_, 4) => self.named("int32", 4, Kind::Int { signed: true }),
            _ => self.named("int64", 8, Kind::Int { signed: true }),
        }
    }

    /// The frame as a struct type, and the pointer to it.
    fn frame(&mut self, name: &str, fields: &Fields) -> TypeId {
        let (mut params, mut results) = (0, 0);
        let mut list = Vec::new();
        for (offset, field) in &fields.fields {
            let (letter, n) = if field.result { ("r", &mut results) } else { ("p", &mut params) };
            let name = format!("{letter}{n}");
            *n += 1;
            list.push(Field { name, offset: u64::from(*offset), ty: self.field(*field) });
        }
        let end = fields.fields.last_key_value().map_or(0, |(at, f)| at + u32::from(f.size));
        let size = u64::from(fields.size.max(end));
        let frame = Type { name: name.to_string(), size, align: self.ptr, kind: Kind::Struct(list) };
        let frame = self.types.intern(frame);
        let (name, size) = (format!("*{name}"), u64::from(self.ptr));
        self.types.intern(Type { name, size, align: self.ptr, kind: Kind::Pointer(Some(frame)) })
    }
}

/// Gives the functions of the chain their prototypes, and says what else is known of them.
pub(super) fn apply(program: &Program<'_>, types: &mut Types, resolved: &mut [Resolved], found: Found) -> Marks {
    let Found { mut chain, frames, stubs } = found;
    let mut words = Words { types, ptr: program.image.arch.ptr_size() };
    let mut functions = Vec::new();
    let entries: Vec<(u64, Role)> = chain.links.iter().map(|(entry, link)| (*entry, link.role)).collect();
    for (entry, role) in entries {
        let Some(index) = program.at(entry) else { continue };
        let args = program.funcs()[index].args;
        if let Some(prototype) = prototype(role, args) {
            let signature = signature(&mut words, prototype);
            set(program, words.types, (entry, &mut resolved[index]), role, &signature);
        }
    }
    for (entry, fields) in &frames {
        let stub = stubs.get(entry).copied();
        let name = frame_name(program, &chain, *entry, stub);
        let frame = words.frame(&name, fields);
        if let Some(link) = chain.links.get_mut(entry) {
            link.frame = Some(name);
        }
        let old = chain.one(Role::CgocallbackGofunc).is_some();
        if let Some(index) = program.at(*entry).filter(|_| !old) {
            let param = |ty| Param { name: "frame".to_string(), ty, role: None };
            let signature = Signature { params: vec![param(frame)], ..Signature::default() };
            set(program, words.types, (*entry, &mut resolved[index]), Role::CgoExp, &signature);
        }
        functions.extend(stub.and_then(|stub| c_function(program, &mut words, &chain, stub, fields)));
    }
    let name = |entry| program.at(entry).map_or(String::new(), |i| program.name(&program.funcs()[i]).into_owned());
    functions.sort_by_key(|f: &CFunction| f.entry);
    let annotations = if chain.crosses() { chain.annotations(name) } else { Vec::new() };
    Marks { annotations, functions, ..Marks::default() }
}

/// The prototype of a role; some changed, which the size of the argument area tells.
fn prototype(role: Role, args: Option<u32>) -> Option<Prototype> {
    match (role, args) {
        (Role::Cgocallback, Some(32)) => Some(FN_FRAME_SIZE_CTXT),
        (Role::CgocallbackGofunc, Some(32)) => Some(FN_FRAME_SIZE_CTXT),
        (Role::Cgocallbackg | Role::Cgocallbackg1 | Role::CgocallbackgWrapper, Some(24)) => Some(FN_FRAME_CTXT),
        (Role::Cgocallbackg | Role::Cgocallbackg1, Some(8)) => Some(CTXT),
        (Role::CgoExp, Some(24)) => Some(OLD_CGOEXP),
        _ => role.row().prototype,
    }
}

fn signature(words: &mut Words<'_>, (params, result): Prototype) -> Signature {
    let mut param = |name: &str, word| Param { name: name.to_string(), ty: words.word(word), role: None };
    Signature {
        params: params.iter().map(|(name, word)| param(name, *word)).collect(),
        results: result.iter().map(|word| param("", *word)).collect(),
        variadic: false,
    }
}

/// Replaces what is claimed of the function at `entry`, unless debug information says it.
fn set(
    program: &Program<'_>,
    types: &Types,
    (entry, resolved): (u64, &mut Resolved),
    role: Role,
    signature: &Signature,
) {
    if resolved.params.as_ref().is_some_and(|claim| claim.source == Source::Dwarf) {
        return;
    }
    let (params, results) = match role.row().passing {
        Passing::C => {
            resolved.abi = Abi::C;
            let Some(abi) = CAbi::of(program.image.arch, program.image.os) else { return };
            c_values(abi, types, signature)
        }
        Passing::Own => {
            let register = resolved.abi == Abi::ABIInternal;
            let convention = if register { &program.internal } else { &program.abi0 };
            let assignment = assign(types, signature, convention);
            let values = |placed: Vec<Placed>, params: &[Param]| {
                placed.into_iter().zip(params).map(|(p, param)| value(param, p.size, p.pieces)).collect()
            };
            (values(assignment.params, &signature.params), values(assignment.results, &signature.results))
        }
    };
    let claim = |values: Box<[Value]>| Claim {
        source: Source::Table,
        confidence: Confidence::Exact,
        values,
        text: program.explain.then(|| Arc::new(role.row().name.to_string())),
        at: entry,
    };
    let (params, results) = (claim(params), claim(results));
    let lost = |side, old: Option<Claim>, new: &Claim| old.map(|old| Lost::to(new, side, old));
    resolved.others.extend(lost(Side::Params, resolved.params.take(), &params));
    resolved.others.extend(lost(Side::Results, resolved.results.take(), &results));
    let why: Box<str> = format!("it is {}, on the way between Go and C", role.row().name).into();
    resolved.why = Some(Sides { params: why.clone(), results: why }.into());
    (resolved.params, resolved.results) = (Some(params), Some(results));
}

fn value(param: &Param, size: u32, pieces: Pieces) -> Value {
    Value { name: param.name.as_str().into(), role: None, ty: Some(param.ty), size, pieces }
}

/// Parameters and results in the platform's convention.
fn c_values(abi: CAbi, types: &Types, signature: &Signature) -> (Box<[Value]>, Box<[Value]>) {
    let size = |param: &Param| types.get(param.ty).map_or(8, |t| t.size as u32);
    let scalar = |param: &Param| {
        let kind = match types.get(param.ty).map(|t| &t.kind) {
            Some(Kind::Float) => Scalar::Float,
            Some(Kind::UnsafePointer | Kind::Pointer(_)) => Scalar::Ptr,
            _ => Scalar::Word,
        };
        CValue::scalar(size(param), kind)
    };
    let params: Vec<CValue> = signature.params.iter().map(scalar).collect();
    let result = signature.results.first().map(scalar);
    let placed = abi.assign(&params, result.as_ref());
    let one = |(param, placed): (&Param, CPlaced)| value(param, size(param), placed.pieces.into());
    let results = signature.results.first().map(|param| one((param, placed.result.clone())));
    (signature.params.iter().zip(placed.params).map(one).collect(), results.into_iter().collect())
}

/// The name of a frame's struct: after the exported function, or after the address.
fn frame_name(program: &Program<'_>, chain: &Chain, entry: u64, stub: Option<u64>) -> String {
    let exported = stub.and_then(|stub| chain.links.get(&stub)).map(|link| link.name.clone());
    let own = program.at(entry).map(|i| program.name(&program.funcs()[i]).into_owned()).unwrap_or_default();
    // `_cgoexp_<hash>_<name>`
    let own = own.strip_prefix("_cgoexp_").and_then(|rest| rest.split_once('_')).map(|(_, name)| name.to_string());
    match exported.filter(|name| !name.is_empty()).or(own) {
        Some(name) => format!("cgo_frame_{name}"),
        None => format!("cgo_frame_{entry:x}"),
    }
}

/// The C prototype of an exported function: its frame's fields in order. Several results come back as a struct, which is
/// left out; it may need a parameter of its own, and so may what the stub does not show.
fn c_function(
    program: &Program<'_>,
    words: &mut Words<'_>,
    chain: &Chain,
    stub: u64,
    fields: &Fields,
) -> Option<CFunction> {
    let abi = CAbi::of(program.image.arch, program.image.os)?;
    let mut signature = Signature::default();
    for field in fields.fields.values() {
        let (list, letter) = match field.result {
            true => (&mut signature.results, "r"),
            false => (&mut signature.params, "p"),
        };
        let name = format!("{letter}{}", list.len());
        list.push(Param { name, ty: words.field(*field), role: None });
    }
    let known = signature.results.len() <= 1;
    let (params, results) = c_values(abi, words.types, &signature);
    let agree = known && fields.agree(params.iter().map(|value| &*value.pieces));
    let name = chain.links.get(&stub).map(|link| link.name.clone()).unwrap_or_default();
    Some(CFunction { entry: stub, name, params: agree.then_some(params), results: known.then_some(results) })
}
