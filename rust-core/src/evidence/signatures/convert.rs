//! Types of packs as [`Types`]: sizes and offsets follow from the machine.

use super::library::{Library, PackageId};
use crate::arch::Arch;
use crate::evidence::receivers::NamedTypes;
use crate::limits::{MAX_TYPE_DEPTH, MAX_TYPES};
use crate::signature::build::{Builder, Ref};
use crate::signature::pack::{Definition, Member, Node};
use crate::types::{Kind, Method, Param, Role, Signature, Type, TypeId, Types};
use foldhash::{HashMap, HashMapExt};
use std::collections::VecDeque;

/// The basic types by their number (`basics` in `scripts/signatures/nodes.go`).
const BASIC: [&str; 18] = [
    "bool",
    "int",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "uintptr",
    "float32",
    "float64",
    "complex64",
    "complex128",
    "string",
    "unsafe.Pointer",
];

/// Packages with a type `align64`, which the compiler aligns to 8 bytes everywhere (`cmd/compile/internal/types`,
/// `size.go`, `isAtomicStdPkg`).
const ATOMICS: [&str; 3] = ["sync/atomic", "runtime/internal/atomic", "internal/runtime/atomic"];

/// Where a definition is, with what its type parameters stand for.
#[derive(Clone)]
struct Place {
    package: PackageId,
    node: usize,
    args: Vec<Ref>,
}

/// How far a named type is.
enum State {
    /// Nobody needed its size yet.
    Pending(Place),
    /// It is being made.
    Open,
    /// It cannot be made.
    Broken,
}

/// Makes types, each once.
pub(super) struct Converter<'l, 'd, 't> {
    /// Where packages come from.
    pub(super) library: &'l mut Library<'d>,
    types: &'t mut Types,
    arch: Arch,
    /// Types that the program itself describes, by import path and name.
    own: &'l NamedTypes<'l>,
    made: HashMap<(PackageId, usize), Ref>,
    named: HashMap<(String, String), Ref>,
    states: HashMap<TypeId, State>,
    waiting: VecDeque<TypeId>,
    /// Conversions that may still be done.
    budget: usize,
}

impl<'l, 'd, 't> Converter<'l, 'd, 't> {
    /// A converter that adds to `types`.
    pub(super) fn new(library: &'l mut Library<'d>, types: &'t mut Types, arch: Arch, own: &'l NamedTypes<'l>) -> Self {
        let (made, named, states) = (HashMap::new(), HashMap::new(), HashMap::new());
        let waiting = VecDeque::new();
        Converter { library, types, arch, own, made, named, states, waiting, budget: MAX_TYPES }
    }

    /// The signature of a function, of a method with its receiver first. `None` when some size is not known.
    pub(super) fn signature(
        &mut self,
        package: PackageId,
        def: &Definition,
        receiver: Option<Ref>,
        args: &[Ref],
    ) -> Option<Signature> {
        let block = self.library.block(package);
        let Node::Func { params, results, variadic } = block.node(def.node)? else { return None };
        let mut out = Signature { variadic, ..Signature::default() };
        if let Some(receiver) = receiver {
            let name = block.text(def.receiver).to_string();
            out.params.push(self.param(name, receiver, Some(Role::Receiver))?);
        }
        for (to, list) in [(&mut out.params, params), (&mut out.results, results)] {
            for (name, node) in list {
                let ty = self.ty(package, node, args, 0);
                to.push(self.param(block.text(name).to_string(), ty, None)?);
            }
        }
        Some(out)
    }

    fn param(&mut self, name: String, ty: Ref, role: Option<Role>) -> Option<Param> {
        let ty = self.sized(&ty, 0)?;
        Some(Param { name: if name == "_" { String::new() } else { name }, ty, role })
    }

    /// A type of which the size is known.
    pub(super) fn sized(&mut self, ty: &Ref, depth: usize) -> Option<TypeId> {
        let id = ty.id?;
        if let Some(State::Pending(_)) = self.states.get(&id) {
            self.define(id, depth + 1);
        }
        (!self.states.contains_key(&id)).then_some(id)
    }

    fn define(&mut self, id: TypeId, depth: usize) {
        let Some(State::Pending(place)) = self.states.insert(id, State::Open) else { return };
        let made = self.ty(place.package, place.node, &place.args, depth);
        let made = self.sized(&made, depth).and_then(|made| self.types.get(made).cloned());
        match (made, self.types.get(id).map(|t| t.name.clone())) {
            (Some(made), Some(name)) => {
                let align = if self.is_align64(&place, &name) { 8 } else { made.align };
                self.types.set(id, Type { name, align, ..made });
                self.states.remove(&id);
            }
            _ => drop(self.states.insert(id, State::Broken)),
        }
    }

    fn is_align64(&self, place: &Place, name: &str) -> bool {
        name.ends_with(".align64") && ATOMICS.contains(&self.library.get(place.package).path.as_str())
    }

    /// Makes what is only pointed at too.
    pub(super) fn finish(mut self) {
        while let Some(id) = self.waiting.pop_front() {
            self.define(id, 0);
        }
    }

    fn builder(&mut self) -> Builder<'_> {
        Builder { types: self.types, arch: self.arch }
    }

    /// A node as a type; its id is missing when something that it holds by value is not known.
    pub(super) fn ty(&mut self, package: PackageId, node: usize, args: &[Ref], depth: usize) -> Ref {
        if let Some(made) = self.made.get(&(package, node)).filter(|_| args.is_empty()) {
            return made.clone();
        }
        if depth > MAX_TYPE_DEPTH || self.budget == 0 {
            return unknown();
        }
        self.budget -= 1;
        let Some(shape) = self.library.block(package).node(node) else { return unknown() };
        let made = self.convert(package, shape, args, depth + 1).unwrap_or_else(unknown);
        if args.is_empty() {
            self.made.insert((package, node), made.clone());
        }
        made
    }

    fn convert(&mut self, package: PackageId, node: Node, args: &[Ref], depth: usize) -> Option<Ref> {
        Some(match node {
            Node::Invalid => return None,
            Node::Basic(number) => return self.builder().basic(BASIC.get(number)?),
            Node::Param(number) => return args.get(number).cloned(),
            Node::Pointer(elem) => {
                let elem = self.ty(package, elem, args, depth);
                self.builder().pointer(&elem)
            }
            Node::Slice(elem) => {
                let elem = self.ty(package, elem, args, depth);
                self.builder().slice(&elem)
            }
            Node::Array { len, elem } => {
                let elem = self.ty(package, elem, args, depth);
                self.sized(&elem, depth)?;
                return self.builder().array(&elem, len);
            }
            Node::Map { key, elem } => {
                let (key, elem) = (self.ty(package, key, args, depth), self.ty(package, elem, args, depth));
                self.builder().map(&key, &elem)
            }
            Node::Chan { direction, elem } => {
                let elem = self.ty(package, elem, args, depth);
                let direction = ["chan", "chan<-", "<-chan"].get(direction)?;
                self.builder().chan(direction, &elem)
            }
            Node::Func { params, results, variadic } => {
                let signature = self.func(package, &params, &results, variadic, args, depth);
                self.builder().func(signature)
            }
            Node::Struct(members) => return self.structure(package, &members, args, depth),
            Node::Interface(methods) => self.interface(package, &methods, args, depth),
            Node::Named { path, name, args: own } => {
                let own: Vec<Ref> = own.iter().map(|arg| self.ty(package, *arg, args, depth)).collect();
                let block = self.library.block(package);
                self.named(block.text(path), block.text(name), own)
            }
        })
    }

    /// A func type; only its words matter, so unknown parameters are left out.
    fn func(
        &mut self,
        package: PackageId,
        params: &[(usize, usize)],
        results: &[(usize, usize)],
        variadic: bool,
        args: &[Ref],
        depth: usize,
    ) -> Signature {
        let mut side = |list: &[(usize, usize)]| -> Vec<Param> {
            let types = list.iter().filter_map(|(_, node)| self.ty(package, *node, args, depth).id);
            types.map(|ty| Param { name: String::new(), ty, role: None }).collect()
        };
        let (params, results) = (side(params), side(results));
        Signature { params, results, variadic }
    }

    fn structure(&mut self, package: PackageId, members: &[Member], args: &[Ref], depth: usize) -> Option<Ref> {
        let block = self.library.block(package);
        let mut fields = Vec::with_capacity(members.len());
        for member in members {
            let ty = self.ty(package, member.ty, args, depth);
            fields.push((block.text(member.name).to_string(), self.sized(&ty, depth)?));
        }
        self.builder().structure(&fields)
    }

    fn interface(&mut self, package: PackageId, methods: &[(usize, usize)], args: &[Ref], depth: usize) -> Ref {
        let block = self.library.block(package);
        let method = |(name, node): &(usize, usize)| Method {
            name: block.text(*name).to_string(),
            ty: self.ty(package, *node, args, depth).id,
        };
        let methods = methods.iter().map(method).collect();
        self.builder().interface(methods)
    }

    /// A type by its name; what is in it is found out when it is needed.
    pub(super) fn named(&mut self, path: &str, name: &str, args: Vec<Ref>) -> Ref {
        let spelled: Vec<&str> = args.iter().map(|arg| arg.name.as_str()).collect();
        let spelled = if args.is_empty() { name.to_string() } else { format!("{name}[{}]", spelled.join(",")) };
        let key = (path.to_string(), spelled);
        if let Some(known) = self.named.get(&key) {
            return known.clone();
        }
        let made = self.new_named(&key, name, args);
        self.named.insert(key, made.clone());
        made
    }

    fn new_named(&mut self, key: &(String, String), name: &str, args: Vec<Ref>) -> Ref {
        if let Some(id) = self.own.get(key.0.as_str()).and_then(|package| package.get(key.1.as_str())) {
            let name = self.types.get(*id).map_or(key.1.clone(), |t| t.name.clone());
            return Ref { name, id: Some(*id) };
        }
        if key.0.is_empty() {
            return self.predeclared(&key.1);
        }
        let package = self.library.package(&key.0);
        let def = package.and_then(|package| self.library.find(package, name)).filter(|def| def.flags.is_type());
        let (Some(package), Some(def)) = (package, def) else {
            let last = key.0.rsplit('/').next().unwrap_or_default();
            return Ref { name: format!("{last}.{}", key.1), id: None };
        };
        let name = format!("{}.{}", self.library.get(package).name, key.1);
        let id = self.types.push(Type { name: name.clone(), size: 0, align: 1, kind: Kind::Struct(Vec::new()) });
        self.states.insert(id, State::Pending(Place { package, node: def.node, args }));
        self.waiting.push_back(id);
        Ref { name, id: Some(id) }
    }

    fn predeclared(&mut self, name: &str) -> Ref {
        let string = self.builder().basic("string").and_then(|string| string.id);
        let results = string.map(|ty| Param { name: String::new(), ty, role: None }).into_iter().collect();
        let ty = self.builder().func(Signature { results, ..Signature::default() }).id;
        let methods = if name == "error" { vec![Method { name: "Error".into(), ty }] } else { Vec::new() };
        let made = self.builder().interface(methods);
        let ty = made.id.and_then(|id| self.types.get(id).cloned());
        let id = ty.map(|ty| self.types.intern(Type { name: name.to_string(), ..ty }));
        Ref { name: name.to_string(), id }
    }

    /// What has been made so far.
    pub(super) fn types(&self) -> &Types {
        self.types
    }

    /// A predeclared type that is not a composite.
    pub(super) fn basic(&mut self, name: &str) -> Option<Ref> {
        self.builder().basic(name)
    }

    /// A pointer.
    pub(super) fn pointer(&mut self, elem: &Ref) -> Ref {
        self.builder().pointer(elem)
    }

    /// A slice.
    pub(super) fn slice(&mut self, elem: &Ref) -> Ref {
        self.builder().slice(elem)
    }

    /// An array; `None` when the element's size is not known.
    pub(super) fn array(&mut self, elem: &Ref, len: u64) -> Option<Ref> {
        self.sized(elem, 0)?;
        self.builder().array(elem, len)
    }

    /// A map.
    pub(super) fn map(&mut self, key: &Ref, elem: &Ref) -> Ref {
        self.builder().map(key, elem)
    }

    /// A channel; `direction` is `chan`, `<-chan` or `chan<-`.
    pub(super) fn chan(&mut self, direction: &str, elem: &Ref) -> Ref {
        self.builder().chan(direction, elem)
    }

    /// A func type.
    pub(super) fn func_of(&mut self, signature: Signature) -> Ref {
        self.builder().func(signature)
    }

    /// An interface.
    pub(super) fn interface_of(&mut self, methods: Vec<Method>) -> Ref {
        self.builder().interface(methods)
    }

    /// A struct of (name, type) in order.
    pub(super) fn structure_of(&mut self, members: &[(String, TypeId)]) -> Option<Ref> {
        self.builder().structure(members)
    }
}

fn unknown() -> Ref {
    Ref { name: "?".to_string(), id: None }
}
