//! What the marks say, in the report's words.

use super::assemble::{names, value};
use super::types::TypeList;
use super::{
    Abi, Addr, Api, CallSite, Confidence, Entry, Frame, Function, FunctionKind, InterfaceMethod, Loc, Piece, Sides,
    Source, Value,
};
use crate::abi::assign::{Placed, assign_shapes};
use crate::abi::location::Scalar;
use crate::abi::platform::CAbi;
use crate::abi::shape::Shape;
use crate::annotate::{CFunction, Site};
use crate::evidence;
use crate::evidence::helpers::{Helper, duff};
use crate::golang::pclntab::Func;
use crate::options::Options;
use crate::program::Program;
use crate::types::{Kind, Param, Role, TypeId};
use foldhash::{HashMap, HashMapExt};
use std::sync::Arc;

/// The call sites of the wanted functions.
pub(super) fn sites(
    program: &Program<'_>,
    found: Vec<Site>,
    types: &mut TypeList<'_>,
    wanted: impl Fn(u64) -> bool,
) -> Vec<CallSite> {
    let arch = program.image.arch;
    let [internal, abi0] = [&program.internal, &program.abi0].map(|c| names(c.clobbers(), arch));
    let mut methods: HashMap<(TypeId, u32), Callee> = HashMap::new();
    let mut site = |site: Site| {
        let (mut params, mut results, mut interface): (Box<[Value]>, Box<[Value]>, _) = Default::default();
        if let Some(method) = site.method.filter(|_| site.kind != "closure") {
            interface = Some(InterfaceMethod { ty: String::new(), method: format!("slot {}", method.slot) }.into());
        }
        if let Some((ty, slot)) = site.method.and_then(|m| m.ty.map(|ty| (ty, m.slot))) {
            let known = methods.entry((ty, slot)).or_insert_with(|| callee(program, types, ty, slot));
            (params, results) = (known.params.clone(), known.results.clone());
            interface = known.name.clone().or(interface);
        }
        let on_stack = site.api.as_ref().is_some_and(|api| api.stack.is_some());
        if let Some(stack) = site.api.as_ref().and_then(|api| api.stack) {
            params = api_params(site.api.as_ref().map(|a| a.args.as_slice()).unwrap_or_default(), stack);
            results = [word("", stack + 8 * (params.len() as u32 - 1))].into();
        }
        let known = !(params.is_empty() && results.is_empty());
        CallSite {
            at: Addr(site.at),
            within: Addr(site.within),
            kind: site.kind.into(),
            targets: site.target.into_iter().map(Addr).collect(),
            params,
            results,
            clobbers: match (known, on_stack) {
                (false, _) => Arc::default(),
                (_, true) => abi0.clone(),
                (_, false) => internal.clone(),
            },
            values: site.api.as_ref().map_or(site.words, values),
            api: site.api.map(|api| Box::new(Api { dll: api.dll, name: api.name })),
            interface,
            usercall: None,
            tuple: None,
            source: if site.method.is_some_and(|m| m.ty.is_some()) { Source::Rtype } else { Source::Code },
            confidence: Confidence::Likely,
        }
    };
    found.into_iter().filter(|s| wanted(s.within)).map(&mut site).collect()
}

/// Where code enters duffzero and duffcopy, and what a call there clears or copies, in bytes.
pub(super) fn duff_entries(program: &Program<'_>, func: &Func, helper: &Helper) -> Box<[Entry]> {
    let entry = |(offset, bytes)| Entry { at: Addr(func.entry + u64::from(offset)), bytes };
    duff::entries(program, func, helper.name).map(entry).collect()
}

/// A method of a type, as all its calls have it.
#[derive(Default)]
struct Callee {
    name: Option<Arc<InterfaceMethod>>,
    params: Box<[Value]>,
    results: Box<[Value]>,
}

fn callee(program: &Program<'_>, types: &mut TypeList<'_>, ty: TypeId, slot: u32) -> Callee {
    let known = types.known();
    let Some(interface) = known.get(ty) else { return Callee::default() };
    let (name, signature, receiver) = match &interface.kind {
        Kind::Interface { methods } => {
            let Some(method) = methods.get(slot as usize) else {
                let name = InterfaceMethod { ty: interface.name.clone(), method: format!("slot {slot}") };
                return Callee { name: Some(name.into()), ..Callee::default() };
            };
            let name = InterfaceMethod { ty: interface.name.clone(), method: method.name.clone() };
            let signature = method.ty.and_then(|ty| known.get(ty)).and_then(|ty| match &ty.kind {
                Kind::Func(signature) => Some(signature),
                _ => None,
            });
            (Some(name.into()), signature, true)
        }
        Kind::Func(signature) => (None, Some(signature), false),
        _ => return Callee::default(),
    };
    let Some(signature) = signature else { return Callee { name, ..Callee::default() } };
    let arch = program.image.arch;
    let data = Shape::scalar(arch.ptr_size(), Scalar::Ptr, arch);
    let shapes = |list: &[Param]| list.iter().map(|p| Shape::of(known, p.ty, arch)).collect::<Vec<_>>();
    let params: Vec<Shape> = receiver.then_some(data).into_iter().chain(shapes(&signature.params)).collect();
    let placed = assign_shapes(&params, &shapes(&signature.results), &program.internal);
    let first = evidence::Value { name: "receiver".into(), role: Some(Role::Receiver), ..evidence::Value::default() };
    let of = |p: &Param| evidence::Value { name: p.name.as_str().into(), ty: Some(p.ty), ..evidence::Value::default() };
    let list = |placed: Vec<Placed>, values: Vec<evidence::Value>| -> Vec<evidence::Value> {
        let both = placed.into_iter().zip(values);
        both.map(|(p, v)| evidence::Value { size: p.size, pieces: p.pieces, ..v }).collect()
    };
    let params =
        list(placed.params, receiver.then_some(first).into_iter().chain(signature.params.iter().map(of)).collect());
    let results = list(placed.results, signature.results.iter().map(of).collect());
    let params = params.iter().map(|v| value(v, arch, types)).collect();
    let results = results.iter().map(|v| value(v, arch, types)).collect();
    Callee { name, params, results }
}

/// The pointer and the arguments that lie side by side on the stack.
fn api_params(args: &[(String, Option<u64>)], stack: u32) -> Box<[Value]> {
    let args = args.iter().zip(0..).map(|((name, _), n)| word(name, stack + 8 * n));
    [word("fn", stack - 8)].into_iter().chain(args).collect()
}

fn word(name: &str, at: u32) -> Value {
    let piece = Piece { off: 0, size: 8, loc: Loc::Stack(at.into()), kind: Scalar::Word };
    Value { name: name.into(), size: 8, pieces: [piece].into(), ..Value::default() }
}

/// `dwMilliseconds=0xffffffff`, `?` for what is not constant.
fn values(api: &crate::annotate::Api) -> Vec<String> {
    let one = |(name, value): &(String, Option<u64>)| {
        let value = value.map_or("?".to_string(), |value| match value {
            0..10 => value.to_string(),
            _ => format!("{value:#x}"),
        });
        if name.is_empty() { value } else { format!("{name}={value}") }
    };
    api.args.iter().map(one).collect()
}

/// A C function, which the function table does not have.
pub(super) fn c_function(program: &Program<'_>, function: CFunction, types: &mut TypeList<'_>) -> Function {
    let arch = program.image.arch;
    let abi = CAbi::of(arch, program.image.os);
    let known = Sides { params: function.params.is_some(), results: function.results.is_some() };
    let confidence = |known| if known { Confidence::Likely } else { Confidence::Unknown };
    Function {
        entry: Addr(function.entry),
        end: None,
        package: Arc::default(),
        file: Arc::default(),
        line: 0,
        abi: Abi::C,
        c_abi: abi.map(|abi| abi.name().into()),
        kind: FunctionKind::C,
        noreturn: false,
        pair: None,
        entries: Box::default(),
        params: function.params.iter().flatten().map(|v| value(v, arch, types)).collect(),
        results: function.results.iter().flatten().map(|v| value(v, arch, types)).collect(),
        closure_context: None,
        captures: Box::default(),
        clobbers: abi.map_or_else(Arc::default, |abi| names(abi.clobbers(), arch)),
        arg_base: abi.map_or(0, CAbi::arg_base),
        frame: Frame::default(),
        source: Sides { params: known.params.then_some(Source::Code), results: known.results.then_some(Source::Code) },
        confidence: Sides { params: confidence(known.params), results: confidence(known.results) },
        prototype: Box::default(),
        usercall: None,
        tuple: None,
        notes: Vec::new(),
        evidence: Box::default(),
        listing: Box::default(),
        callers: None,
        callees: None,
        code: None,
        name: function.name,
    }
}

/// Adds the C functions that are asked for to the functions of the report, in the order of addresses.
pub(super) fn add(
    program: &Program<'_>,
    found: Vec<CFunction>,
    options: &Options,
    types: &mut TypeList<'_>,
    functions: &mut Vec<Function>,
) {
    let wanted = found.into_iter().filter(|f| options.wants(f.entry..f.entry.saturating_add(1), &f.name));
    functions.extend(wanted.map(|f| c_function(program, f, types)));
    functions.sort_by_key(|f| f.entry);
}
