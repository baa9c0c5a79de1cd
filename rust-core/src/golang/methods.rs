//! Code whose signature the runtime types say: methods, through types and itabs, and the `==` and hash functions.
//!
//! A method table entry has two code addresses: `tfn` takes the receiver as declared, `ifn` takes what an interface's
//! data word holds, which is the value itself when it is one pointer and a pointer to it otherwise. An itab's slots are
//! the `ifn`s of the interface's methods. The linker drops methods that nothing can call; itab slots of those lead to
//! `runtime.unreachableMethod`, which has no signature worth telling.

use super::itab::{self, StaticItab};
use super::rtype::{Header, RKind, RawMethod, Tail, TypeReader};
use crate::types::{Kind, Param, Signature, Type, TypeId, Types};
use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};
use std::collections::hash_map::Entry;
use std::sync::Arc;

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
pub struct TypedCode<'a> {
    /// Entry.
    pub addr: u64,
    /// With the receiver first, if it is a method. Shared by all code that has the same.
    pub signature: Arc<Signature>,
    /// Where it was found.
    pub why: Why,
    /// The descriptor or itab that says so.
    pub at: u64,
    /// The type whose method or function it is; the receiver may be a pointer to it.
    pub owner: TypeId,
    /// Method name; empty for `==` and hash functions.
    pub method: &'a str,
    /// Another structure says something else of the same address, so neither is to be trusted.
    pub disputed: bool,
}

impl TypedCode<'_> {
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

/// What the types say about code.
#[derive(Debug, Default)]
pub struct Methods<'a> {
    /// By address, equal statements once.
    pub code: Vec<TypedCode<'a>>,
    /// Receivers of all code in method tables, also of methods whose func type the linker dropped.
    pub receivers: Vec<(u64, TypeId)>,
}

/// Statements of each kind that a type makes, on average, at most: room that is not used costs nothing.
const STATEMENTS: usize = 4;

/// Signatures of one type for which room is kept for the next one: it costs time to empty.
const MOST_KEPT: usize = 64;

/// Reads everything that the types say about code.
pub fn read<'a>(reader: &mut TypeReader<'a>, types: &mut Types) -> Methods<'a> {
    let known = reader.enumerate(types);
    let mut itabs = itab::enumerate(reader);
    itabs.sort_unstable_by_key(|itab| (itab.concrete, itab.addr));
    let basics = Basics::new(reader, types);
    let mut found = Found {
        reader,
        types,
        basics,
        out: Methods::default(),
        signatures: HashMap::new(),
        dropped: HashSet::new(),
        compared: HashMap::new(),
    };
    found.out.code.reserve(STATEMENTS * known.len());
    found.out.receivers.reserve(STATEMENTS * known.len());
    let mut rest = itabs.as_slice();
    for (addr, id) in known {
        let strays = rest.split_off(..rest.partition_point(|itab| itab.concrete < addr));
        let own = rest.split_off(..rest.partition_point(|itab| itab.concrete == addr));
        strays.into_iter().flatten().for_each(|itab| found.stray(itab));
        found.of_type(addr, id, own.unwrap_or_default());
    }
    rest.iter().for_each(|itab| found.stray(itab));
    found.name_algorithms();
    let Found { out: Methods { mut code, receivers }, dropped, .. } = found;
    code.retain(|c| !dropped.contains(&c.addr));
    Methods { code: settle(code), receivers }
}

/// Keeps one of each statement and marks contradictions.
fn settle(mut all: Vec<TypedCode<'_>>) -> Vec<TypedCode<'_>> {
    all.sort_unstable_by_key(|c| (c.addr, c.why, c.at, c.method));
    // What is kept, and of that what is of the last address.
    let (mut kept, mut start) = (0, 0);
    for at in 0..all.len() {
        let (before, rest) = all.split_at_mut(at);
        let Some(code) = rest.first_mut() else { break };
        if before.get(..kept).and_then(<[_]>::last).is_some_and(|c| c.addr != code.addr) {
            start = kept;
        }
        let same = before.get_mut(start..kept).unwrap_or_default();
        if same.iter().any(|c| c.signature == code.signature) {
            continue;
        }
        code.disputed = !same.is_empty();
        same.iter_mut().for_each(|c| c.disputed = true);
        if same.len() < MAX_STATEMENTS {
            all.swap(kept, at);
            kept += 1;
        }
    }
    all.truncate(kept);
    all
}

/// Different statements kept about one address; more add nothing, they are not trusted anyway.
const MAX_STATEMENTS: usize = 4;

/// The signatures of `==` and hash functions, which are the same for all types.
struct Basics {
    equal: Arc<Signature>,
    hasher: Arc<Signature>,
}

impl Basics {
    fn new(reader: &TypeReader, types: &mut Types) -> Basics {
        let ptr = reader.raw().layouts.ptr;
        let mut basic = |name: &str, size: u64, kind: Kind| {
            let known = types.named(name).find(|id| types.get(*id).is_some_and(|t| t.kind == kind));
            known.unwrap_or_else(|| types.push(Type { name: name.to_string(), size, align: size as u32, kind }))
        };
        let pointer = basic("unsafe.Pointer", ptr, Kind::UnsafePointer);
        let (bool, uintptr) = (basic("bool", 1, Kind::Bool), basic("uintptr", ptr, Kind::Uintptr));
        let param = |ty| Param { name: String::new(), ty, role: None };
        let signature = |params: [TypeId; 2], result| {
            let (params, results) = (params.map(param).to_vec(), vec![param(result)]);
            Arc::new(Signature { params, results, variadic: false })
        };
        Basics { equal: signature([pointer, pointer], bool), hasher: signature([pointer, uintptr], uintptr) }
    }
}

struct Found<'r, 'a> {
    reader: &'r mut TypeReader<'a>,
    types: &'r mut Types,
    basics: Basics,
    out: Methods<'a>,
    /// Signatures of the methods of the type at hand, by receiver and descriptor of the func type.
    signatures: HashMap<(TypeId, u64), Option<Arc<Signature>>>,
    /// What itab slots of dropped methods lead to.
    dropped: HashSet<u64>,
    /// The types that a `==` function compares, `None` when there are several.
    compared: HashMap<u64, Option<TypeId>>,
}

impl<'a> Found<'_, 'a> {
    /// What the descriptor at `addr` and the itabs of its type say.
    fn of_type(&mut self, addr: u64, id: TypeId, itabs: &[StaticItab<'a>]) {
        let Some(header) = self.reader.header(addr) else { return };
        let table = self.reader.uncommon(addr, &header).map(|uncommon| uncommon.methods).unwrap_or_default();
        // Code called through an interface takes the value itself, or a pointer to it.
        let by_value = header.direct || (table.is_empty() && itabs.is_empty());
        let takes = if by_value { id } else { self.reader.pointer_to(id, self.types) };
        self.methods(&table, addr, (id, takes));
        self.algorithms(addr, id, &header);
        itabs.iter().for_each(|itab| self.itab(itab, &table, (id, takes)));
        self.signatures.clear();
        self.signatures.shrink_to(MOST_KEPT);
    }

    /// What an itab says whose type nothing else led to.
    fn stray(&mut self, itab: &StaticItab<'a>) {
        if let Some(id) = self.reader.at(itab.concrete, self.types) {
            self.of_type(itab.concrete, id, std::slice::from_ref(itab));
        }
    }

    /// What the method table of the type `id` says, of which code called through an interface takes `takes`.
    fn methods(&mut self, table: &[RawMethod<'a>], addr: u64, (id, takes): (TypeId, TypeId)) {
        for method in table {
            self.receiver(method.tfn, id);
            if method.ifn != method.tfn && takes != id {
                self.receiver(method.ifn, takes);
            }
            let both = [(method.tfn, id, Why::Method), (method.ifn, takes, Why::IfaceMethod)];
            // Methods of pointers are their own interface methods.
            let differ = if method.ifn == method.tfn && takes == id { 1 } else { 2 };
            for (code, receiver, why) in both.into_iter().take(differ) {
                if let Some(signature) = self.method(receiver, method.mtyp) {
                    self.add(code, signature, why, addr, id, method.name);
                }
            }
        }
    }

    fn receiver(&mut self, code: u64, receiver: TypeId) {
        if code != 0 && self.reader.keep(size_of::<(u64, TypeId)>() as u64).is_some() {
            self.out.receivers.push((code, receiver));
        }
    }

    /// The signature of methods with the func type at `mtyp`, if everything in it is known.
    fn method(&mut self, receiver: TypeId, mtyp: u64) -> Option<Arc<Signature>> {
        if let Some(known) = self.signatures.get(&(receiver, mtyp)) {
            return known.clone();
        }
        let signature = self.reader.method(mtyp, receiver, self.types).map(Arc::new);
        self.signatures.insert((receiver, mtyp), signature.clone());
        signature
    }

    fn algorithms(&mut self, addr: u64, id: TypeId, header: &Header<'a>) {
        let raw = self.reader.raw();
        let of_map = if header.kind == RKind::Map { raw.tail(addr, header) } else { None };
        let hasher = match of_map {
            Some(Tail::Map { hasher, .. }) if hasher != 0 => hasher,
            _ => header.equal.1,
        };
        let (equal, hasher) = (raw.func_value(header.equal.0), raw.func_value(hasher));
        // Most types share the runtime's; what is said once need not be said again.
        let others = self.compared.entry(equal).and_modify(|ty| *ty = None);
        if matches!(others, Entry::Vacant(_)) {
            others.insert_entry(Some(id));
            self.add(equal, self.basics.equal.clone(), Why::Equal, addr, id, "");
        }
        self.add(hasher, self.basics.hasher.clone(), Why::Hasher, addr, id, "");
    }

    /// The compiler writes a `==` function for a struct or array of its own, with pointers to it as parameters. What
    /// several types have is the runtime's, and takes any.
    fn name_algorithms(&mut self) {
        for at in 0..self.out.code.len() {
            let TypedCode { addr, owner, why, .. } = self.out.code[at];
            let own = |ty: &Type| matches!(ty.kind, Kind::Struct(_) | Kind::Array { .. }) && ty.size > 0;
            if why != Why::Equal
                || self.compared.get(&addr) != Some(&Some(owner))
                || !self.types.get(owner).is_some_and(own)
            {
                continue;
            }
            let pointer = self.reader.pointer_to(owner, self.types);
            let mut signature = Signature::clone(&self.basics.equal);
            signature.params.iter_mut().for_each(|param| param.ty = pointer);
            self.out.code[at].signature = Arc::new(signature);
        }
    }

    /// What an itab says beside the method table of its concrete type, `id`.
    fn itab(&mut self, itab: &StaticItab<'a>, table: &[RawMethod<'a>], (id, takes): (TypeId, TypeId)) {
        for (name, ty, code) in itab.methods.iter().filter(|m| m.2 != 0) {
            // The type's own table says it already, or says that nothing can call the method.
            let (told, dropped) = own_table(table, (name, *ty, *code));
            if dropped {
                self.dropped.insert(*code);
            }
            if told || dropped {
                continue;
            }
            if let Some(signature) = self.method(takes, *ty) {
                self.add(*code, signature, Why::Itab, itab.addr, id, name);
            }
        }
    }

    fn add(&mut self, addr: u64, signature: Arc<Signature>, why: Why, at: u64, owner: TypeId, method: &'a str) {
        if addr != 0 && self.reader.keep(size_of::<TypedCode>() as u64 / 4).is_some() {
            self.out.code.push(TypedCode { addr, signature, why, at, owner, method, disputed: false });
        }
    }
}

/// Whether a type's own table has such a method (name, func type, code for interfaces), and whether it says that nothing
/// can call any of that name.
fn own_table(table: &[RawMethod], (name, ty, code): (&str, u64, u64)) -> (bool, bool) {
    let (mut any, mut told, mut callable) = (false, false, false);
    for row in table.iter().filter(|row| row.name == name) {
        any = true;
        told |= (row.ifn, row.mtyp) == (code, ty);
        callable |= row.ifn != 0;
    }
    (told, any && !callable)
}
