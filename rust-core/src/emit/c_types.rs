//! How each type of a report looks in C: its layout as a C compiler would see it, and how it is spelled.
//!
//! Fields are placed by C's own rules under `#pragma pack` of the machine's largest alignment, which is how Go places
//! them; bytes that C would not leave out by itself get a member. That keeps the host's idea of padding the same as
//! Go's, which matters because IDA wants padding to have no location.

use crate::arch::Arch;
use crate::limits;
use crate::report::Type;

use super::builtin::{Builtin, COMPLEX64, COMPLEX128, EFACE, IFACE, Part, STRING};

/// Bytes above which a type is only declared, never defined.
pub(crate) const MAX_DEFINED: u64 = 1 << 30;
/// Ranges that one value's bytes may fall into.
const MAX_RANGES: usize = 256;

/// What a type is in C.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Form {
    /// No bytes: C has no such thing.
    Empty,
    /// A number or an untyped pointer, by its C word.
    Word(&'static str),
    /// A pointer to a type.
    Pointer(Option<u32>),
    /// A pointer to a struct that stays undefined (map, chan).
    Handle,
    /// A struct that Go's runtime fixes.
    Builtin(&'static Builtin),
    /// A struct of these members.
    Struct(Vec<Member>),
}

/// A member of a struct.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    /// Go name, empty for bytes that have none.
    pub(crate) name: String,
    /// Bytes from the start.
    pub(crate) offset: u64,
    /// What it is.
    pub(crate) what: What,
}

/// What a [`Member`] is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    /// A type of the report.
    Type(u32),
    /// An array of that many of them.
    Array(u32, u64),
    /// A pointer to one.
    Pointer(Option<u32>),
    /// Go's `int`.
    Int,
    /// That many bytes.
    Bytes(u64),
}

/// Size, alignment and form of one type in C.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CType {
    /// Bytes.
    pub(crate) size: u64,
    /// Bytes, under the packing of [`pack`].
    pub(crate) align: u64,
    /// Whether no byte of it is padding.
    pub(crate) solid: bool,
    /// What it is.
    pub(crate) form: Form,
}

impl CType {
    fn plain(size: u64, align: u64, form: Form) -> CType {
        CType { size, align, solid: true, form }
    }

    fn opaque(size: u64) -> CType {
        CType::plain(size, 1, bytes(size))
    }
}

/// The `#pragma pack` under which C and Go agree: on 32-bit machines Go aligns 8-byte values to 4.
pub(crate) fn pack(arch: Arch) -> u64 {
    u64::from(arch.info().max_align)
}

/// The C side of a report's types.
pub(crate) struct CTypes {
    all: Vec<Option<CType>>,
    ptr_size: u64,
    pack: u64,
}

impl CTypes {
    /// Lays out all types.
    pub(crate) fn new(types: &[Type], arch: Arch) -> CTypes {
        let mut c = CTypes { all: vec![None; types.len()], ptr_size: u64::from(arch.ptr_size()), pack: pack(arch) };
        let mut open = vec![false; types.len()];
        for id in 0..types.len() {
            c.lay_out(types, id as u32, &mut open, 0);
        }
        c
    }

    /// Lays out one more type, whose parts are known already.
    pub(crate) fn push(&mut self, types: &[Type]) {
        let id = self.all.len();
        self.all.push(None);
        let mut open = vec![false; id + 1];
        self.lay_out(types, id as u32, &mut open, 0);
    }

    /// C's word for Go's `int`.
    pub(crate) fn int_word(&self) -> &'static str {
        number("int", self.ptr_size).unwrap_or("int")
    }

    /// Bytes of a builtin's member.
    pub(crate) fn part_size(&self, part: Part) -> u64 {
        part.size(self.ptr_size)
    }

    /// Bytes of a builtin.
    pub(crate) fn builtin_size(&self, builtin: &Builtin) -> u64 {
        builtin.members.iter().map(|(part, _)| part.size(self.ptr_size)).sum()
    }

    /// The type at `id`.
    pub(crate) fn get(&self, id: u32) -> Option<&CType> {
        self.all.get(id as usize).and_then(Option::as_ref)
    }

    fn lay_out(&mut self, types: &[Type], id: u32, open: &mut [bool], depth: usize) -> Option<(u64, u64)> {
        let index = id as usize;
        if let Some(done) = self.all.get(index)? {
            return Some((done.size, done.align));
        }
        if open[index] || depth > limits::MAX_TYPE_DEPTH {
            return None;
        }
        open[index] = true;
        let ty = types.get(index)?;
        let made = self.form(types, ty, open, depth);
        open[index] = false;
        let answer = (made.size, made.align);
        self.all[index] = Some(made);
        Some(answer)
    }

    fn form(&mut self, types: &[Type], ty: &Type, open: &mut [bool], depth: usize) -> CType {
        let ptr = self.ptr_size;
        let form = match ty.kind.as_str() {
            _ if ty.size == 0 => Form::Empty,
            "ptr" if ty.size == ptr => Form::Pointer(ty.elem),
            "unsafe.Pointer" if ty.size == ptr => Form::Word("void *"),
            "map" | "chan" if ty.size == ptr => Form::Handle,
            "string" => Form::Builtin(&STRING),
            "interface" if ty.methods.is_empty() => Form::Builtin(&EFACE),
            "interface" => Form::Builtin(&IFACE),
            "complex64" => Form::Builtin(&COMPLEX64),
            "complex128" => Form::Builtin(&COMPLEX128),
            "slice" if ty.size == 3 * ptr => slice_members(ty.elem, ptr),
            "func" if ty.size == ptr => Form::Handle,
            "array" => return self.array(types, ty, open, depth),
            "struct" | "tuple" => return self.structure(types, ty, open, depth),
            kind => number(kind, ty.size).map_or_else(|| bytes(ty.size), Form::Word),
        };
        self.sized(form, ty.size)
    }

    /// Gives a form its size; one that does not have the Go type's size is a mere run of bytes.
    fn sized(&self, form: Form, size: u64) -> CType {
        match &form {
            Form::Builtin(builtin) => {
                if self.builtin_size(builtin) != size {
                    return CType::opaque(size);
                }
                let parts = builtin.members.iter().map(|(part, _)| part.size(self.ptr_size));
                let align = parts.max().unwrap_or(1).min(self.pack);
                CType::plain(size, align, form)
            }
            Form::Struct(members) if matches!(members[..], [Member { what: What::Bytes(_), .. }]) => {
                CType::plain(size, 1, form)
            }
            Form::Struct(_) => CType::plain(size, self.ptr_size, form),
            Form::Empty => CType::plain(0, 1, form),
            _ => CType::plain(size, size.min(self.pack), form),
        }
    }

    fn array(&mut self, types: &[Type], ty: &Type, open: &mut [bool], depth: usize) -> CType {
        let elem = ty.elem.zip(ty.len);
        let laid = elem.and_then(|(elem, len)| Some((elem, len, self.lay_out(types, elem, open, depth + 1)?)));
        match laid {
            Some((elem, len, (size, align))) if size > 0 && size.checked_mul(len) == Some(ty.size) => {
                let member = Member { name: "a".into(), offset: 0, what: What::Array(elem, len) };
                let solid = self.get(elem).is_some_and(|elem| elem.solid);
                CType { size: ty.size, align, solid, form: Form::Struct(vec![member]) }
            }
            _ => CType::opaque(ty.size),
        }
    }

    fn structure(&mut self, types: &[Type], ty: &Type, open: &mut [bool], depth: usize) -> CType {
        let mut body = Body { members: Vec::new(), end: 0, align: 1, pack: self.pack, solid: true };
        for field in ty.fields.iter().take(limits::MAX_MEMBERS) {
            let Some(of) = types.get(field.ty as usize) else { continue };
            if of.size == 0 {
                continue;
            }
            let laid = self.lay_out(types, field.ty, open, depth + 1);
            let what = if of.kind == "array" { self.inner_array(field.ty) } else { None };
            let (align, what) = match laid {
                Some((size, align)) if size == of.size => (align, what.unwrap_or(What::Type(field.ty))),
                _ => (1, What::Bytes(of.size)),
            };
            let fits = field.offset.checked_add(of.size).is_some_and(|end| end <= ty.size);
            if !fits || !body.put(&field.name, field.offset, of.size, align, what) {
                return CType::opaque(ty.size);
            }
            body.solid &= self.get(field.ty).is_some_and(|field| field.solid);
        }
        body.finish(ty.size).unwrap_or_else(|| CType::opaque(ty.size))
    }

    /// An array inside a struct is written as an array, not as the struct that stands for it elsewhere.
    fn inner_array(&self, id: u32) -> Option<What> {
        match &self.get(id)?.form {
            Form::Struct(members) => members.first().map(|member| member.what.clone()),
            _ => None,
        }
    }

    /// The bytes of a value that are not padding, as merged ranges, or `None` when there are too many.
    pub(crate) fn ranges(&self, id: u32) -> Option<Vec<(u64, u64)>> {
        let mut ranges = Vec::new();
        self.add_ranges(id, 0, &mut ranges, 0)?;
        Some(ranges)
    }

    /// Only types with padding are looked into, so that every step adds a range and the work stays below the cap.
    fn add_ranges(&self, id: u32, at: u64, out: &mut Vec<(u64, u64)>, depth: usize) -> Option<()> {
        let ty = self.get(id).filter(|_| depth <= limits::MAX_TYPE_DEPTH)?;
        let members = match &ty.form {
            Form::Struct(members) if !ty.solid && members.len() <= MAX_RANGES => members,
            _ if ty.solid => return add_range(out, at, ty.size),
            _ => return None,
        };
        for member in members {
            let start = at.checked_add(member.offset)?;
            match member.what {
                What::Type(id) => self.add_ranges(id, start, out, depth + 1)?,
                What::Array(id, len) => {
                    let elem = self.get(id)?;
                    if elem.solid {
                        add_range(out, start, elem.size.checked_mul(len)?)?;
                        continue;
                    }
                    for n in 0..len.min(MAX_RANGES as u64 + 1) {
                        self.add_ranges(id, start + n * elem.size, out, depth + 1)?;
                    }
                }
                What::Pointer(_) | What::Int => add_range(out, start, self.ptr_size)?,
                What::Bytes(len) => add_range(out, start, len)?,
            }
        }
        Some(())
    }
}

fn add_range(out: &mut Vec<(u64, u64)>, at: u64, len: u64) -> Option<()> {
    let end = at.checked_add(len)?;
    if len == 0 {
        return Some(());
    }
    match out.last_mut() {
        Some(last) if last.1 == at => last.1 = end,
        _ => out.push((at, end)),
    }
    (out.len() <= MAX_RANGES).then_some(())
}

/// A struct under construction.
struct Body {
    members: Vec<Member>,
    end: u64,
    align: u64,
    pack: u64,
    solid: bool,
}

impl Body {
    /// Adds a member where Go has it, with bytes before it when C would put it elsewhere; false when it overlaps.
    fn put(&mut self, name: &str, offset: u64, size: u64, align: u64, what: What) -> bool {
        let align = align.min(self.pack).max(1);
        let Some(natural) = self.end.checked_next_multiple_of(align).filter(|_| offset >= self.end) else {
            return false;
        };
        let aligned = offset.is_multiple_of(align);
        if natural != offset || !aligned {
            self.fill(offset);
        }
        self.solid &= self.end == offset;
        let (align, what) = if aligned { (align, what) } else { (1, What::Bytes(size)) };
        self.members.push(Member { name: name.to_string(), offset, what });
        self.end = offset + size;
        self.align = self.align.max(align);
        true
    }

    /// Covers the bytes up to `offset` with a member.
    fn fill(&mut self, offset: u64) {
        if offset > self.end {
            let what = What::Bytes(offset - self.end);
            self.members.push(Member { name: String::new(), offset: self.end, what });
            self.end = offset;
        }
    }

    fn finish(mut self, size: u64) -> Option<CType> {
        if self.end.checked_next_multiple_of(self.align)? != size {
            self.fill(size);
        }
        let right = self.end <= size && self.end.checked_next_multiple_of(self.align)? == size;
        let solid = self.solid && self.end == size;
        right.then_some(CType { size, align: self.align, solid, form: Form::Struct(self.members) })
    }
}

/// A struct of bytes: what is left of a type whose inside cannot be written in C.
fn bytes(size: u64) -> Form {
    Form::Struct(vec![Member { name: "bytes".into(), offset: 0, what: What::Bytes(size) }])
}

fn slice_members(elem: Option<u32>, ptr_size: u64) -> Form {
    let member = |name: &str, n: u64, what| Member { name: name.into(), offset: n * ptr_size, what };
    Form::Struct(vec![member("ptr", 0, What::Pointer(elem)), member("len", 1, What::Int), member("cap", 2, What::Int)])
}

/// The C word for a Go number, by kind and size.
pub(crate) fn number(kind: &str, size: u64) -> Option<&'static str> {
    Some(match (kind, size) {
        ("bool", 1) => "_BOOL1",
        ("float32", 4) => "float",
        ("float64", 8) => "double",
        (kind, _) if kind.starts_with("uint") => match size {
            1 => "unsigned __int8",
            2 => "unsigned __int16",
            4 => "unsigned __int32",
            8 => "unsigned __int64",
            _ => return None,
        },
        (kind, _) if kind.starts_with("int") => match size {
            1 => "__int8",
            2 => "__int16",
            4 => "__int32",
            8 => "__int64",
            _ => return None,
        },
        _ => return None,
    })
}
