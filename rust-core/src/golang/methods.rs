//! Code whose signature the runtime types say: methods, through types and itabs, and the `==` and hash functions.
//!
//! A method table entry has two code addresses: `tfn` takes the receiver as declared, `ifn` takes what an interface's
//! data word holds, which is the value itself when it is one pointer and a pointer to it otherwise. An itab's slots are
//! the `ifn`s of the interface's methods. The linker drops methods that nothing can call; itab slots of those lead to
//! `runtime.unreachableMethod`, which has no signature worth telling.

use super::itab;
use super::rtype::{RKind, RawMethod, Tail, TypeReader};
use crate::types::{Kind, Param, Role, Signature, Type, TypeId, Types};
use std::collections::{HashMap, HashSet};

/// Which structure a signature was found through; the order is the one in which duplicates are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// A method table's `tfn`.
    Method,
    /// A method table's `ifn`.
    IfaceMethod,
    /// An itab's slot.
    Itab,
    /// A type's `equal`.
    Equal,
    /// A map type's `hasher`, up to Go 1.13 any type's hash.
    Hasher,
}

/// A code address with its signature. All of this code is ABIInternal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypedCode {
    /// Entry.
    pub addr: u64,
    /// With the receiver first, if it is a method.
    pub signature: Signature,
    /// Where it was found.
    pub why: Why,
    /// The descriptor or itab that says so.
    pub at: u64,
    /// The type whose method or function it is; the receiver may be a pointer to it.
    pub owner: TypeId,
    /// Method name; empty for `==` and hash functions.
    pub method: String,
    /// Another structure says something else of the same address, so neither is to be trusted.
    pub disputed: bool,
}

impl TypedCode {
    /// What it is, in one line, such as `method Close of *os.File`.
    pub fn text(&self, types: &Types) -> String {
        let name: String = types.get(self.owner).map(|t| t.name.chars().take(LONGEST).collect()).unwrap_or_default();
        match self.why {
            Why::Method | Why::IfaceMethod => format!("method {} of {name}", self.method),
            Why::Itab => format!("itab slot {} of {name}", self.method),
            Why::Equal => format!("== of {name}"),
            Why::Hasher => format!("hash of {name}"),
        }
    }
}

/// Characters of a type's name that a text repeats.
const LONGEST: usize = 200;

/// Everything that the types say about code, by address, equal statements once.
pub fn typed_code(reader: &mut TypeReader, types: &mut Types) -> Vec<TypedCode> {
    let known = reader.enumerate(types);
    let basics = Basics::new(reader, types);
    let mut found = Found { reader, types, basics, out: Vec::new(), tables: HashMap::new(), dropped: HashSet::new() };
    for (addr, id) in known {
        found.methods(addr, id);
        found.algorithms(addr, id);
    }
    found.itabs();
    let Found { mut out, dropped, .. } = found;
    out.retain(|c| !dropped.contains(&c.addr));
    settle(out)
}

/// Receivers of all code in method tables, also of methods whose func type the linker dropped.
pub fn receivers(reader: &mut TypeReader, types: &mut Types) -> Vec<(u64, TypeId)> {
    let mut out = Vec::new();
    for (addr, id) in reader.known() {
        for method in reader.uncommon(addr).map(|u| u.methods).unwrap_or_default() {
            if method.tfn != 0 && reader.keep(size_of::<(u64, TypeId)>() as u64).is_some() {
                out.push((method.tfn, id));
            }
            if method.ifn != 0 && method.ifn != method.tfn && reader.header(addr).is_some_and(|h| !h.direct) {
                out.push((method.ifn, reader.pointer_to(id, types)));
            }
        }
    }
    out
}

/// Keeps one of each statement and marks contradictions.
fn settle(mut all: Vec<TypedCode>) -> Vec<TypedCode> {
    all.sort_by_key(|c| (c.addr, c.why, c.at));
    let mut out: Vec<TypedCode> = Vec::with_capacity(all.len());
    for code in all {
        let start = out.partition_point(|c| c.addr < code.addr);
        let same = out.get_mut(start..).unwrap_or_default();
        if same.iter().any(|c| c.signature == code.signature) {
            continue;
        }
        let disputed = !same.is_empty();
        same.iter_mut().for_each(|c| c.disputed |= disputed);
        if same.len() < MAX_STATEMENTS {
            out.push(TypedCode { disputed, ..code });
        }
    }
    out
}

/// Different statements kept about one address; more add nothing, they are not trusted anyway.
const MAX_STATEMENTS: usize = 4;

/// Predeclared types that the signatures of `==` and hash functions need.
struct Basics {
    pointer: TypeId,
    bool: TypeId,
    uintptr: TypeId,
}

impl Basics {
    fn new(reader: &TypeReader, types: &mut Types) -> Basics {
        let ptr = reader.raw().layouts.ptr;
        let mut basic = |name: &str, size: u64, kind: Kind| {
            let known = types.named(name).find(|id| types.get(*id).is_some_and(|t| t.kind == kind));
            known.unwrap_or_else(|| types.push(Type { name: name.to_string(), size, align: size as u32, kind }))
        };
        Basics {
            pointer: basic("unsafe.Pointer", ptr, Kind::UnsafePointer),
            bool: basic("bool", 1, Kind::Bool),
            uintptr: basic("uintptr", ptr, Kind::Uintptr),
        }
    }
}

struct Found<'r, 'a> {
    reader: &'r mut TypeReader<'a>,
    types: &'r mut Types,
    basics: Basics,
    out: Vec<TypedCode>,
    /// Method tables by descriptor.
    tables: HashMap<u64, Vec<RawMethod<'a>>>,
    /// What itab slots of dropped methods lead to.
    dropped: HashSet<u64>,
}

impl Found<'_, '_> {
    /// The receiver that code called through an interface takes.
    fn iface_receiver(&mut self, addr: u64, id: TypeId) -> Option<TypeId> {
        let direct = self.reader.header(addr)?.direct;
        Some(if direct { id } else { self.reader.pointer_to(id, self.types) })
    }

    fn methods(&mut self, addr: u64, id: TypeId) -> Option<()> {
        let methods = self.reader.uncommon(addr)?.methods;
        let iface = self.iface_receiver(addr, id)?;
        for method in &methods {
            let Some(signature) = self.reader.signature(method.mtyp, self.types) else { continue };
            for (code, receiver, why) in [(method.tfn, id, Why::Method), (method.ifn, iface, Why::IfaceMethod)] {
                self.add(code, Some(receiver), &signature, why, addr, id, method.name);
            }
        }
        self.tables.insert(addr, methods);
        Some(())
    }

    fn algorithms(&mut self, addr: u64, id: TypeId) -> Option<()> {
        let (header, raw) = (self.reader.header(addr)?, self.reader.raw());
        let of_map = if header.kind == RKind::Map { raw.tail(addr, &header) } else { None };
        let hasher = match of_map {
            Some(Tail::Map { hasher, .. }) if hasher != 0 => hasher,
            _ => header.equal.1,
        };
        let (equal, hasher) = (raw.func_value(header.equal.0), raw.func_value(hasher));
        let Basics { pointer, bool, uintptr } = self.basics;
        let param = |ty| Param { name: String::new(), ty, role: None };
        let signature = |params: [TypeId; 2], result| Signature {
            params: params.map(param).to_vec(),
            results: vec![param(result)],
            variadic: false,
        };
        self.add(equal, None, &signature([pointer, pointer], bool), Why::Equal, addr, id, "");
        self.add(hasher, None, &signature([pointer, uintptr], uintptr), Why::Hasher, addr, id, "");
        Some(())
    }

    fn itabs(&mut self) {
        for itab in itab::enumerate(self.reader) {
            let Some(id) = self.reader.at(itab.concrete, self.types) else { continue };
            let Some(receiver) = self.iface_receiver(itab.concrete, id) else { continue };
            if !self.tables.contains_key(&itab.concrete) {
                self.methods(itab.concrete, id);
            }
            for (name, ty, code) in itab.methods.iter().filter(|m| m.2 != 0) {
                if self.is_dropped(itab.concrete, name) {
                    self.dropped.insert(*code);
                    continue;
                }
                if let Some(signature) = self.reader.signature(*ty, self.types) {
                    self.add(*code, Some(receiver), &signature, Why::Itab, itab.addr, id, name);
                }
            }
        }
    }

    /// Whether the type's own table says that nothing can call its method `name`.
    fn is_dropped(&self, concrete: u64, name: &str) -> bool {
        let mut rows = self.tables.get(&concrete).into_iter().flatten().filter(|m| m.name == name).peekable();
        rows.peek().is_some() && rows.all(|m| m.ifn == 0)
    }

    #[expect(clippy::too_many_arguments)]
    fn add(
        &mut self,
        code: u64,
        receiver: Option<TypeId>,
        func: &Signature,
        why: Why,
        at: u64,
        id: TypeId,
        method: &str,
    ) {
        let cost =
            size_of::<TypedCode>() + size_of::<Param>() * (func.params.len() + func.results.len()) + method.len();
        if code == 0 || self.reader.keep(cost as u64 / 4).is_none() {
            return;
        }
        let receiver = receiver.map(|ty| Param { name: String::new(), ty, role: Some(Role::Receiver) });
        let params = receiver.into_iter().chain(func.params.iter().cloned()).collect();
        let signature = Signature { params, results: func.results.clone(), variadic: func.variadic };
        let method = method.to_string();
        self.out.push(TypedCode { addr: code, signature, why, at, owner: id, method, disputed: false });
    }
}
