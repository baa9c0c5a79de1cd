//! Signature packs: the file that `scripts/signatures` writes. `docs/signatures.md` has the format.
//!
//! A pack may come from anybody, so everything in it is checked as it is read, and nothing is inflated beyond limits.

use crate::limits::{MAX_INFLATION, MAX_NAME, MAX_PACK_BLOCK, MAX_PACK_ENTRIES};
use crate::reader::Reader;
use foldhash::HashMap;
use miniz_oxide::inflate::decompress_slice_iter_to_slice;
use std::iter;

/// What a pack starts with; the last byte is the version of the format.
const MAGIC: &[u8] = b"goabisg\x01";
/// Bytes of the checksum at the end, SHA-256 of all before it.
const CHECKSUM: usize = 32;

/// A release and a system that a pack was made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct System {
    /// `go1.24.11`.
    pub release: String,
    /// `GOOS`.
    pub os: String,
    /// `GOARCH`.
    pub arch: String,
}

/// A package in a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The package's name, which need not be the end of its path.
    pub name: String,
    at: usize,
    packed: usize,
    raw: usize,
}

/// A pack whose index has been read.
#[derive(Debug, Clone)]
pub struct Pack<'d> {
    data: &'d [u8],
    /// What it was made for; sets of systems are bits in this order.
    pub systems: Vec<System>,
    /// Modules that it was made from (path, version); none for the standard library.
    pub modules: Vec<(String, String)>,
    /// By import path.
    pub packages: HashMap<String, Listed>,
    sets: Vec<Vec<u8>>,
}

impl<'d> Pack<'d> {
    /// Reads the index.
    pub fn read(data: &'d [u8]) -> Option<Pack<'d>> {
        let body = data.get(..data.len().checked_sub(CHECKSUM)?)?;
        let mut header = reader(body.strip_prefix(MAGIC)?);
        let (packed, raw) = (header.u32()? as usize, header.u32()? as usize);
        let start = MAGIC.len() + header.pos();
        let index = inflate(body.get(start..start.checked_add(packed)?)?, raw)?;
        let mut index = reader(&index);
        let systems = list(&mut index, |r| Some(System { release: text(r)?, os: text(r)?, arch: text(r)? }))?;
        let modules = list(&mut index, |r| Some((text(r)?, text(r)?)))?;
        let sets = list(&mut index, |r| {
            let len = number(r)?;
            r.bytes(len).map(<[u8]>::to_vec)
        })?;
        let mut at = start + packed;
        let packages = list(&mut index, |r| {
            let (path, name) = (text(r)?, text(r)?);
            let (packed, raw) = (number(r)?, number(r)?);
            let here = at;
            at = at.checked_add(packed)?;
            Some((path, Listed { name, at: here, packed, raw }))
        })?;
        Some(Pack { data: body, systems, modules, packages: packages.into_iter().collect(), sets })
    }

    /// Whether the checksum at the end is that of the rest.
    pub fn is_whole(data: &[u8]) -> bool {
        use sha2::Digest;
        let Some((body, sum)) = data.len().checked_sub(CHECKSUM).map(|at| data.split_at(at)) else { return false };
        sha2::Sha256::digest(body).as_slice() == sum
    }

    /// A package's block.
    pub fn block(&self, package: &Listed) -> Option<Block> {
        let packed = self.data.get(package.at..package.at.checked_add(package.packed)?)?;
        Block::read(inflate(packed, package.raw)?)
    }

    /// Whether a set of systems has the one with this number.
    pub fn has(&self, set: usize, system: usize) -> bool {
        let byte = self.sets.get(set).and_then(|bits| bits.get(system / 8));
        byte.is_some_and(|byte| byte & (1 << (system % 8)) != 0)
    }
}

fn inflate(packed: &[u8], raw: usize) -> Option<Vec<u8>> {
    let most = (packed.len() as u64).saturating_mul(MAX_INFLATION).min(MAX_PACK_BLOCK);
    if raw as u64 > most {
        return None;
    }
    let mut out = vec![0; raw];
    let len = decompress_slice_iter_to_slice(&mut out, iter::once(packed), false, true).ok()?;
    (len == raw).then_some(out)
}

fn reader(data: &[u8]) -> Reader<'_> {
    Reader::new(data, false, 8)
}

fn number(reader: &mut Reader<'_>) -> Option<usize> {
    usize::try_from(reader.uvarint()?).ok()
}

fn text(reader: &mut Reader<'_>) -> Option<String> {
    let len = number(reader).filter(|len| *len <= MAX_NAME)?;
    Some(String::from_utf8_lossy(reader.bytes(len)?).into_owned())
}

/// As many items as the number before them says; each takes a byte at least.
fn list<T>(reader: &mut Reader<'_>, mut item: impl FnMut(&mut Reader<'_>) -> Option<T>) -> Option<Vec<T>> {
    let count = number(reader).filter(|count| *count <= reader.rest().len())?;
    (0..count).map(|_| item(reader)).collect()
}

/// What an entry is; the bits of its flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flags(pub u8);

impl Flags {
    const TYPE: u8 = 1;
    const METHOD: u8 = 1 << 1;
    const POINTER: u8 = 1 << 2;
    const GENERIC: u8 = 1 << 3;
    const LITERAL: u8 = 1 << 5;

    fn has(self, bit: u8) -> bool {
        self.0 & bit != 0
    }
    /// A named type; its node is what it is made of.
    pub fn is_type(self) -> bool {
        self.has(Self::TYPE)
    }
    /// A method, whose receiver is not in its signature.
    pub fn is_method(self) -> bool {
        self.has(Self::METHOD)
    }
    /// A method of a pointer.
    pub fn has_pointer(self) -> bool {
        self.has(Self::POINTER)
    }
    /// It has type parameters, or is inside of something that has.
    pub fn is_generic(self) -> bool {
        self.has(Self::GENERIC)
    }
    /// A function literal.
    pub fn is_literal(self) -> bool {
        self.has(Self::LITERAL)
    }
}

/// What one entry is in some systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Definition {
    /// What it is.
    pub flags: Flags,
    /// Name of a method's receiver, as the number of a string.
    pub receiver: usize,
    /// Lines between the start of a function and the start of a literal inside it.
    pub line: usize,
    /// Signature, or what a type is made of.
    pub node: usize,
}

/// A type, with the numbers of strings and of other nodes; those of its parts are smaller than its own.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Node {
    Invalid,
    Basic(usize),
    Pointer(usize),
    Slice(usize),
    Array { len: u64, elem: usize },
    Map { key: usize, elem: usize },
    Chan { direction: usize, elem: usize },
    Func { params: Vec<(usize, usize)>, results: Vec<(usize, usize)>, variadic: bool },
    Struct(Vec<Member>),
    Interface(Vec<(usize, usize)>),
    Named { path: usize, name: usize, args: Vec<usize> },
    Param(usize),
}

/// A field of a struct.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Whether it has no name of its own.
    pub embedded: bool,
    /// The number of its name.
    pub name: usize,
    /// The number of its type.
    pub ty: usize,
}

/// One package of a pack: strings, nodes and entries by position in its bytes.
#[derive(Debug, Clone)]
pub struct Block {
    data: Vec<u8>,
    strings: Vec<u8>,
    /// Ends of the strings.
    ends: Vec<u32>,
    nodes: Vec<u32>,
    /// Name and position, in order of names.
    entries: Vec<(u32, u32)>,
}

impl Block {
    fn read(data: Vec<u8>) -> Option<Block> {
        let mut r = reader(&data);
        let (mut strings, mut ends): (Vec<u8>, Vec<u32>) = (Vec::new(), Vec::new());
        let mut last = 0;
        for _ in 0..number(&mut r).filter(|n| *n <= MAX_PACK_ENTRIES)? {
            let (shared, len) = (number(&mut r)?, number(&mut r)?);
            let rest = r.bytes(len)?;
            let start = strings.len();
            let end = last + shared;
            if end > start || shared + len > MAX_NAME || start as u64 > MAX_PACK_BLOCK {
                return None;
            }
            strings.extend_from_within(last..end);
            strings.extend_from_slice(rest);
            ends.push(u32::try_from(strings.len()).ok()?);
            last = start;
        }
        let nodes = positions(&mut r, skip_node)?;
        let count = number(&mut r).filter(|n| *n <= r.rest().len())?;
        let mut entries = Vec::with_capacity(count);
        for _ in 0..count {
            let name = u32::try_from(number(&mut r)?).ok()?;
            entries.push((name, u32::try_from(r.pos()).ok()?));
            for _ in 0..number(&mut r)? {
                definition(&mut r)?;
            }
        }
        Some(Block { data, strings, ends, nodes, entries })
    }

    /// A string by its number, empty when there is none.
    pub fn text(&self, number: usize) -> &str {
        let end = self.ends.get(number).map_or(0, |end| *end as usize);
        let start = number.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |end| *end as usize);
        self.strings.get(start..end).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }

    /// The node with this number.
    pub fn node(&self, number: usize) -> Option<Node> {
        let at = *self.nodes.get(number)? as usize;
        let node = Block::node_at(&mut reader(&self.data).at(at))?;
        node.refers_below(number).then_some(node)
    }

    /// What an entry is in the systems that `wanted` accepts.
    pub fn find(&self, name: &str, wanted: impl Fn(usize) -> bool) -> Option<Definition> {
        let at = self.entries.binary_search_by(|(number, _)| self.text(*number as usize).cmp(name)).ok()?;
        let mut r = reader(&self.data).at(self.entries.get(at)?.1 as usize);
        (0..number(&mut r)?).map_while(|_| definition(&mut r)).find(|(set, _)| wanted(*set)).map(|(_, d)| d)
    }

    /// Entries whose name starts with `prefix`, in order.
    pub fn starting<'b>(
        &'b self,
        prefix: &'b str,
        wanted: impl Fn(usize) -> bool + 'b,
    ) -> impl Iterator<Item = (&'b str, Definition)> {
        let from = self.entries.partition_point(|(number, _)| self.text(*number as usize) < prefix);
        let entries = self.entries.get(from..).unwrap_or_default().iter();
        let names = entries.map(|(number, at)| (self.text(*number as usize), *at));
        names.take_while(move |(name, _)| name.starts_with(prefix)).filter_map(move |(name, at)| {
            let mut r = reader(&self.data).at(at as usize);
            let mut variants = (0..number(&mut r)?).map_while(|_| definition(&mut r));
            variants.find(|(set, _)| wanted(*set)).map(|(_, definition)| (name, definition))
        })
    }

    fn node_at(r: &mut Reader<'_>) -> Option<Node> {
        Some(match r.u8()? {
            0 => Node::Invalid,
            1 => Node::Basic(number(r)?),
            2 => Node::Pointer(number(r)?),
            3 => Node::Slice(number(r)?),
            4 => Node::Array { len: r.uvarint()?, elem: number(r)? },
            5 => Node::Map { key: number(r)?, elem: number(r)? },
            6 => Node::Chan { direction: number(r)?, elem: number(r)? },
            7 => {
                let (params, variadic, results) = (number(r)?, number(r)? != 0, number(r)?);
                Node::Func { params: pairs(r, params)?, results: pairs(r, results)?, variadic }
            }
            8 => {
                Node::Struct(list(r, |r| Some(Member { embedded: number(r)? != 0, name: number(r)?, ty: number(r)? }))?)
            }
            9 => {
                let count = number(r)?;
                Node::Interface(pairs(r, count)?)
            }
            10 => Node::Named { path: number(r)?, name: number(r)?, args: list(r, number)? },
            11 => Node::Param(number(r)?),
            _ => return None,
        })
    }
}

impl Node {
    /// Whether all nodes that it speaks of have smaller numbers: then following them comes to an end.
    fn refers_below(&self, own: usize) -> bool {
        let below = |pairs: &[(usize, usize)]| pairs.iter().all(|(_, ty)| *ty < own);
        match self {
            Node::Invalid | Node::Basic(_) | Node::Param(_) => true,
            Node::Pointer(elem) | Node::Slice(elem) | Node::Array { elem, .. } | Node::Chan { elem, .. } => *elem < own,
            Node::Map { key, elem } => *key < own && *elem < own,
            Node::Func { params, results, .. } => below(params) && below(results),
            Node::Struct(members) => members.iter().all(|m| m.ty < own),
            Node::Interface(methods) => below(methods),
            Node::Named { args, .. } => args.iter().all(|arg| *arg < own),
        }
    }
}

fn pairs(r: &mut Reader<'_>, count: usize) -> Option<Vec<(usize, usize)>> {
    (count <= r.rest().len()).then(|| (0..count).map(|_| Some((number(r)?, number(r)?))).collect())?
}

/// Moves over a node.
fn skip_node(r: &mut Reader<'_>) -> Option<()> {
    let numbers = match r.u8()? {
        0 => 0,
        1..=3 | 11 => 1,
        4..=6 => 2,
        7 => {
            let (params, _, results) = (number(r)?, number(r)?, number(r)?);
            params.checked_add(results)?.checked_mul(2)?
        }
        8 => number(r)?.checked_mul(3)?,
        9 => number(r)?.checked_mul(2)?,
        10 => {
            let (_, _, args) = (number(r)?, number(r)?, number(r)?);
            args
        }
        _ => return None,
    };
    (0..numbers).try_for_each(|_| number(r).map(drop))
}

/// Where each of the items begins.
fn positions(r: &mut Reader<'_>, item: impl Fn(&mut Reader<'_>) -> Option<()>) -> Option<Vec<u32>> {
    list(r, |r| {
        let at = u32::try_from(r.pos()).ok()?;
        item(r).map(|()| at)
    })
}

/// A definition and the set of systems that have it.
fn definition(r: &mut Reader<'_>) -> Option<(usize, Definition)> {
    let set = number(r)?;
    let flags = Flags(r.u8()?);
    let receiver = if flags.is_method() { number(r)? } else { 0 };
    let line = if flags.is_literal() { number(r)? } else { 0 };
    Some((set, Definition { flags, receiver, line, node: number(r)? }))
}
