//! What the assignment has to know of a type: size, alignment, the scalars in it, and whether registers may hold it.

use super::location::Scalar;
use crate::arch::Arch;
use crate::limits::{MAX_COMPONENTS, MAX_SHAPE_VISITS, MAX_TYPE_DEPTH};
use crate::types::{Kind, TypeId, Types};
use smallvec::{SmallVec, smallvec};

/// A scalar inside of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Component {
    /// Bytes from the start of the value.
    pub off: u32,
    /// Bytes.
    pub size: u32,
    /// What it is.
    pub kind: Scalar,
}

/// Scalars of a value: mostly few.
pub type Components = SmallVec<[Component; 4]>;

/// A type as the assignment sees it. Built from a type, or by hand where only sizes are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// Bytes of a value.
    pub size: u32,
    /// Alignment on the stack, in bytes, at least 1.
    pub align: u32,
    /// Scalars in memory order, without padding. A value of more than `MAX_COMPONENTS` scalars is one [`Scalar::Word`]
    /// over everything.
    pub components: Components,
    /// Whether registers may hold it, as far as the type alone decides: no array of two or more elements is in it, and
    /// it is not far beyond any machine's registers.
    pub registers: bool,
}

impl Shape {
    /// The shape of the type `id`; of an index that is not in `types`, a value of no size.
    pub fn of(types: &Types, id: TypeId, arch: Arch) -> Shape {
        let mut walk = Walk { types, word: arch.ptr_size(), found: Components::new(), visits: 0, registers: true };
        walk.value(id, 0, 0);
        let (size, align) = types.get(id).map_or((0, 0), |t| (saturate(t.size), t.align));
        let align = if align == 0 { walk.natural_align() } else { align };
        Shape { size, align, components: walk.found, registers: walk.registers }.bounded(arch)
    }

    /// A single scalar, aligned to its size as far as the machine goes (8 bytes align to 4 on 32-bit machines).
    pub fn scalar(size: u32, kind: Scalar, arch: Arch) -> Shape {
        let components = smallvec![Component { off: 0, size, kind }];
        Shape { size, align: size, components, registers: true }.bounded(arch)
    }

    /// An aggregate of known scalars. `size` may be larger than they need (padding, fields of no size).
    pub fn aggregate(size: u32, components: Components, arch: Arch) -> Shape {
        let align = components.iter().map(|c| c.size).max().unwrap_or(1);
        Shape { size, align, components, registers: true }.bounded(arch)
    }

    /// Scalars of each class: (integers and pointers, floats and vectors).
    pub fn needs(&self) -> (usize, usize) {
        let floats = self.components.iter().filter(|c| c.kind.is_float()).count();
        (self.components.len() - floats, floats)
    }

    fn bounded(mut self, arch: Arch) -> Shape {
        let most = arch.info().max_align;
        self.align = self.align.clamp(1, most).checked_next_power_of_two().unwrap_or(most);
        if self.components.len() > MAX_COMPONENTS {
            self.components = smallvec![Component { off: 0, size: self.size, kind: Scalar::Word }];
            self.registers = false;
        }
        self
    }
}

/// A walk over a type that stops when it has seen enough.
struct Walk<'a> {
    types: &'a Types,
    word: u32,
    found: Components,
    visits: usize,
    registers: bool,
}

impl Walk<'_> {
    fn value(&mut self, id: TypeId, at: u32, depth: usize) {
        self.visits += 1;
        if depth > MAX_TYPE_DEPTH || self.visits > MAX_SHAPE_VISITS || self.found.len() > MAX_COMPONENTS {
            self.registers = false;
            return;
        }
        let types = self.types;
        let Some(ty) = types.get(id) else { return };
        let (size, word) = (saturate(ty.size), self.word);
        match &ty.kind {
            Kind::Struct(fields) => {
                for field in fields {
                    self.value(field.ty, at.saturating_add(saturate(field.offset)), depth + 1);
                }
            }
            Kind::Array { elem, len } => self.array(*elem, *len, at, depth),
            Kind::Complex => self.scalars(at, size / 2, &[Scalar::Float, Scalar::Float]),
            Kind::String => self.scalars(at, word, &[Scalar::Ptr, Scalar::Int]),
            Kind::Slice(_) => self.scalars(at, word, &[Scalar::Ptr, Scalar::Int, Scalar::Int]),
            Kind::Interface { .. } => self.scalars(at, word, &[Scalar::Ptr, Scalar::Ptr]),
            Kind::Bool => self.scalars(at, size, &[Scalar::Bool]),
            Kind::Int { signed: true } => self.scalars(at, size, &[Scalar::Int]),
            Kind::Int { signed: false } | Kind::Uintptr => self.scalars(at, size, &[Scalar::Uint]),
            Kind::Float => self.scalars(at, size, &[Scalar::Float]),
            Kind::Vector => self.scalars(at, size, &[Scalar::Vector]),
            Kind::UnsafePointer | Kind::Pointer(_) | Kind::Map { .. } | Kind::Chan(_) | Kind::Func(_) => {
                self.scalars(at, word, &[Scalar::Ptr])
            }
        }
    }

    fn array(&mut self, elem: TypeId, len: u64, at: u32, depth: usize) {
        // Registers can't be indexed: Go keeps arrays of two and more in memory, whatever their elements.
        self.registers &= len < 2;
        let stride = self.types.get(elem).map_or(0, |t| saturate(t.size));
        for i in 0..len {
            if self.found.len() > MAX_COMPONENTS || self.visits > MAX_SHAPE_VISITS || (i > 0 && stride == 0) {
                return;
            }
            self.value(elem, at.saturating_add(saturate(i).saturating_mul(stride)), depth + 1);
        }
    }

    fn scalars(&mut self, at: u32, size: u32, kinds: &[Scalar]) {
        let each = (0u32..).zip(kinds);
        self.found.extend(each.map(|(i, kind)| Component {
            off: at.saturating_add(i.saturating_mul(size)),
            size,
            kind: *kind,
        }));
    }

    fn natural_align(&self) -> u32 {
        self.found.iter().map(|c| c.size).max().unwrap_or(1)
    }
}

fn saturate(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
