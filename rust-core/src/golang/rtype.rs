//! Runtime type descriptors (rtypes), read into [`crate::types`].
//!
//! Descriptors are found three ways: the linker's typelinks (Go ≤ 1.26), the ones that other descriptors point at, and a
//! walk over the type data, which also meets the types that nothing but code refers to. A descriptor counts only if it
//! decodes as a whole: kind, size and alignment agree, names are text, code pointers lead to code, fields fit.

mod descriptor;
mod find;
mod judge;
mod kind;
mod layout;
mod name;
#[cfg(test)]
mod tests;
mod uncommon;

pub(crate) use descriptor::Raw;
pub use descriptor::{Header, Tail};
pub use kind::RKind;
pub(crate) use layout::Itab;
pub use uncommon::{RawMethod, RawUncommon};

use super::moduledata::ModuleData;
use super::version::Version;
use crate::image::Image;
use crate::limits::MAX_TYPES;
use crate::types::{Field, Kind, Method, Param, PerType, Role, Signature, Type, TypeId, Types};
use find::{choose, extent, typelinks, walk};
use foldhash::{HashMap, HashMapExt};
use judge::Judge;
use std::cell::Cell;

/// How often the type data may be read, as descriptors refer to each other and share names.
const READS: u64 = 32;
/// How often it may be kept: most names are shared by a type and the pointer to it.
const COPIES: u64 = 8;

/// Type data that there is for each descriptor, in bytes, with its share of names and lists: in most programs, and at the
/// least. Lists may have more room than they use, which costs nothing, but tables are spread all over theirs.
const BYTES: (u64, u64) = (256, 128);

/// Reads descriptors into a [`Types`], each once, and remembers which address became which type.
#[derive(Debug)]
pub struct TypeReader<'a> {
    raw: Raw<'a>,
    /// Bytes of type data that may still be kept: overlapping descriptors must not multiply the memory.
    room: u64,
    /// Which of `found` a descriptor is, by address; `None` if it is none.
    ids: HashMap<u64, Option<u32>>,
    /// In the order in which they were met.
    found: Vec<Descriptor<'a>>,
    /// Those of `found` whose contents are to be read.
    queue: Vec<u32>,
    judge: Judge,
    /// The type of pointers to each type, as far as there is one.
    pointers: PerType<Option<TypeId>>,
    notes: Vec<String>,
}

/// A descriptor that was met.
#[derive(Debug, Clone, Copy)]
struct Descriptor<'a> {
    addr: u64,
    id: TypeId,
    header: Header<'a>,
}

impl<'a> TypeReader<'a> {
    /// A reader for the layout of the Go version, or the one that the type data itself agrees with.
    pub fn new(image: &'a Image<'a>, version: &Version, modules: &'a [ModuleData]) -> Self {
        let extent = extent(image, modules);
        let raw = |layouts| Raw { image, modules, layouts, budget: Cell::new(extent * READS) };
        let (layouts, note) = choose(&raw, version, image.arch.ptr_size());
        TypeReader {
            raw: raw(layouts),
            room: extent * COPIES,
            ids: HashMap::new(),
            found: Vec::new(),
            queue: Vec::new(),
            judge: Judge::default(),
            pointers: PerType::default(),
            notes: note.into_iter().collect(),
        }
    }

    /// What was not as the Go version says.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The type whose descriptor is at `addr`, with everything that it refers to.
    pub fn at(&mut self, addr: u64, types: &mut Types) -> Option<TypeId> {
        let id = self.reserve(addr, types)?;
        self.drain(types);
        self.is_sound(id).then_some(id)
    }

    /// Every descriptor of the binary with its type, by address.
    pub fn enumerate(&mut self, types: &mut Types) -> Vec<(u64, TypeId)> {
        let (usual, most) = BYTES;
        let descriptors = |bytes| (self.room / COPIES / bytes) as usize;
        self.ids.reserve(descriptors(usual));
        self.found.reserve(descriptors(most));
        types.reserve(descriptors(most), descriptors(usual));
        for addr in typelinks(&self.raw).collect::<Vec<_>>() {
            self.reserve(addr, types);
        }
        self.drain(types);
        let known = |addr| self.met(addr).map(|met| met.header);
        for addr in walk(&self.raw, known).collect::<Vec<_>>() {
            self.reserve(addr, types);
        }
        self.drain(types);
        self.known()
    }

    /// The descriptors read so far with their types, by address.
    pub fn known(&self) -> Vec<(u64, TypeId)> {
        let mut all = Vec::with_capacity(self.found.len());
        all.extend(self.found.iter().map(|met| (met.addr, met.id)).filter(|(_, id)| self.is_sound(*id)));
        all.sort_unstable();
        all
    }

    /// The type whose descriptor is at `addr`, if it has been read.
    pub fn lookup(&self, addr: u64) -> Option<TypeId> {
        self.met(addr).map(|met| met.id).filter(|id| self.is_sound(*id))
    }

    fn met(&self, addr: u64) -> Option<&Descriptor<'a>> {
        self.found.get(self.ids.get(&addr).copied()?? as usize)
    }

    /// Import path of the package of the named type whose descriptor is at `addr`, and its spelling.
    pub fn named(&self, addr: u64) -> Option<(&'a str, &'a str)> {
        let header = self.header(addr)?;
        self.path(addr, &header).map(|path| (path, header.name))
    }

    fn path(&self, addr: u64, header: &Header) -> Option<&'a str> {
        if header.named { self.raw.path(addr, header).filter(|path| !path.is_empty()) } else { None }
    }

    /// Whether all that a value of the type consists of is known.
    pub fn is_sound(&self, id: TypeId) -> bool {
        self.judge.is_sound(id)
    }

    /// The header of the descriptor at `addr`.
    pub fn header(&self, addr: u64) -> Option<Header<'a>> {
        let known = self.ids.get(&addr).map(|at| Some(self.found.get((*at)? as usize)?.header));
        known.unwrap_or_else(|| self.raw.header(addr))
    }

    /// The method table and package path of the descriptor at `addr` with that header, when it has them.
    pub fn uncommon(&self, addr: u64, header: &Header) -> Option<RawUncommon<'a>> {
        self.raw.uncommon(addr, header)
    }

    /// The func type at descriptor `addr` with `receiver` before its parameters, if everything in it is known.
    pub fn method(&mut self, addr: u64, receiver: TypeId, types: &mut Types) -> Option<Signature> {
        let id = self.at(addr, types)?;
        let Kind::Func(Signature { params, results, variadic }) = &types.get(id)?.kind else { return None };
        self.keep(8 * (params.len() + results.len()) as u64)?;
        if !params.iter().chain(results).all(|p| self.is_sound(p.ty)) {
            return None;
        }
        let receiver = Param { name: String::new(), ty: receiver, role: Some(Role::Receiver) };
        let mut all = Vec::with_capacity(1 + params.len());
        all.push(receiver);
        all.extend_from_slice(params);
        Some(Signature { params: all, results: results.clone(), variadic: *variadic })
    }

    /// The type of pointers to `elem`: the binary's own, or one made up.
    pub fn pointer_to(&mut self, elem: TypeId, types: &mut Types) -> TypeId {
        if let Some(known) = self.pointers.get(elem) {
            return known;
        }
        let name = types.get(elem).map_or_else(String::new, |t| format!("*{}", t.name));
        let word = self.ptr_size();
        let id = types.push(Type { name, size: word.into(), align: word, kind: Kind::Pointer(Some(elem)) });
        self.pointers.set(elem, Some(id));
        id
    }

    /// Bytes of a pointer.
    pub fn ptr_size(&self) -> u32 {
        self.raw.image.arch.ptr_size()
    }

    pub(crate) fn raw(&self) -> &Raw<'a> {
        &self.raw
    }

    /// The index that the descriptor at `addr` has or will have; its contents are read by `drain`.
    fn reserve(&mut self, addr: u64, types: &mut Types) -> Option<TypeId> {
        if let Some(known) = self.ids.get(&addr) {
            return self.found.get((*known)? as usize).map(|met| met.id);
        }
        let header = if self.ids.len() < MAX_TYPES { self.raw.header(addr) } else { None };
        let header = header.filter(|h| self.keep(self.raw.len(h) + h.name.len() as u64).is_some());
        let at = self.found.len() as u32;
        self.ids.insert(addr, header.map(|_| at));
        let header = header?;
        let id = types.push(opaque(&header));
        self.found.push(Descriptor { addr, id, header });
        self.queue.push(at);
        Some(id)
    }

    /// Sets memory aside; there is no more when type data was kept often enough.
    pub(crate) fn keep(&mut self, bytes: u64) -> Option<()> {
        self.room = self.room.checked_sub(bytes)?;
        Some(())
    }

    /// Reads everything that is queued, and what that refers to.
    fn drain(&mut self, types: &mut Types) {
        while let Some(next) = self.queue.pop() {
            let Some(Descriptor { addr, id, header }) = self.found.get(next as usize).copied() else { continue };
            if self.read(addr, id, &header, types).is_none() {
                self.judge.reject(id);
            }
        }
        self.judge.settle(types);
    }

    fn read(&mut self, addr: u64, id: TypeId, header: &Header, types: &mut Types) -> Option<()> {
        let tail = self.raw.tail(addr, header)?;
        self.keep(self.raw.tail_bytes(&tail))?;
        let kind = self.kind(header, &tail, types)?;
        match &kind {
            Kind::Struct(_) | Kind::Array { .. } => self.judge.add(id),
            Kind::Pointer(Some(elem)) if !header.named => self.pointers.set(*elem, Some(id)),
            _ => {}
        }
        let is_vector = could_be_vector(header) && self.path(addr, header).is_some_and(is_of_simd);
        types.set_kind(id, if is_vector { Kind::Vector } else { kind });
        Some(())
    }

    fn kind(&mut self, header: &Header, tail: &Tail, types: &mut Types) -> Option<Kind> {
        Some(match (header.kind, tail) {
            (RKind::Pointer, Tail::Elem(elem)) => Kind::Pointer(self.reserve(*elem, types)),
            (RKind::Slice, Tail::Elem(elem)) => Kind::Slice(self.reserve(*elem, types)),
            (RKind::Chan, Tail::Elem(elem)) => Kind::Chan(self.reserve(*elem, types)),
            (_, Tail::Array { elem, len }) => {
                let elem = self.reserve(*elem, types)?;
                let fits = types.get(elem)?.size.checked_mul(*len) == Some(header.size);
                fits.then_some(Kind::Array { elem, len: *len })?
            }
            (_, Tail::Map { key, elem, .. }) => {
                Kind::Map { key: self.reserve(*key, types), elem: self.reserve(*elem, types) }
            }
            (_, Tail::Func { params, results, variadic }) => Kind::Func(Signature {
                params: self.list(params, types)?,
                results: self.list(results, types)?,
                variadic: *variadic,
            }),
            (_, Tail::Interface(methods)) => Kind::Interface { methods: self.methods(methods, types) },
            (_, Tail::Struct(fields)) => Kind::Struct(self.fields(fields, header.size, types)?),
            _ => scalar(header.kind),
        })
    }

    fn list(&mut self, addrs: &[u64], types: &mut Types) -> Option<Vec<Param>> {
        let param = |addr: &u64| Some(Param { name: String::new(), ty: self.reserve(*addr, types)?, role: None });
        whole(addrs.len(), addrs.iter().map(param))
    }

    fn methods(&mut self, methods: &[(&str, u64)], types: &mut Types) -> Vec<Method> {
        let method = |(name, ty): &(&str, u64)| Method { name: name.to_string(), ty: self.reserve(*ty, types) };
        methods.iter().map(method).collect()
    }

    fn fields(&mut self, fields: &[(&str, u64, u64)], size: u64, types: &mut Types) -> Option<Vec<Field>> {
        let field = |(name, ty, offset): &(&str, u64, u64)| {
            let ty = self.reserve(*ty, types)?;
            let inside = types.get(ty)?.size.checked_add(*offset)? <= size;
            let name = if name.is_empty() { embedded_name(&types.get(ty)?.name) } else { name };
            inside.then(|| Field { name: name.to_string(), offset: *offset, ty })
        };
        whole(fields.len(), fields.iter().map(field))
    }
}

/// The `n` items of a list, unless one is missing. It is as long as it has to be: there are many, and most are short.
fn whole<T>(n: usize, items: impl Iterator<Item = Option<T>>) -> Option<Vec<T>> {
    let mut list = Vec::with_capacity(n);
    for item in items {
        list.push(item?);
    }
    Some(list)
}

/// A type of which only the header is known.
fn opaque(header: &Header) -> Type {
    Type { name: header.name.to_string(), size: header.size, align: header.align, kind: scalar(header.kind) }
}

/// The kinds that need no more than their number; the others start out empty.
fn scalar(kind: RKind) -> Kind {
    match kind {
        RKind::Bool => Kind::Bool,
        RKind::Int(_) => Kind::Int { signed: true },
        RKind::Uint(_) => Kind::Int { signed: false },
        RKind::Uintptr => Kind::Uintptr,
        RKind::Float(_) => Kind::Float,
        RKind::Complex(_) => Kind::Complex,
        RKind::String => Kind::String,
        RKind::UnsafePointer => Kind::UnsafePointer,
        RKind::Pointer => Kind::Pointer(None),
        RKind::Slice => Kind::Slice(None),
        RKind::Chan => Kind::Chan(None),
        RKind::Map => Kind::Map { key: None, elem: None },
        RKind::Interface => Kind::Interface { methods: Vec::new() },
        RKind::Func => Kind::Func(Signature::default()),
        RKind::Array | RKind::Struct => Kind::Struct(Vec::new()),
    }
}

/// SIMD vectors (Go ≥ 1.26) are structs of package `simd/archsimd` that the compiler keeps in one vector register.
fn could_be_vector(header: &Header) -> bool {
    header.kind == RKind::Struct && matches!(header.size, 16 | 32 | 64)
}

fn is_of_simd(path: &str) -> bool {
    path == "simd" || path.starts_with("simd/")
}

/// The name of an embedded field: its type's, without package, star and type arguments.
fn embedded_name(ty: &str) -> &str {
    let base = ty.split('[').next().unwrap_or(ty);
    base.rsplit(['.', '*']).next().unwrap_or(base)
}
