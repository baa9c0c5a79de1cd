//! Where a written signature puts its values: a list of places and a picture of the argument area.

use schemars::JsonSchema;
use serde::Serialize;

use super::layout_text;
use crate::Result;
use crate::abi::assign::{Assignment, Placed, assign};
use crate::abi::location::{Loc, Piece};
use crate::abi::registers::{Convention, reg_name, sub_register};
use crate::limits::{MAX_COMPONENTS, MAX_TYPE_DEPTH};
use crate::report::{Abi, Frame};
use crate::signature;
use crate::types::{Kind, Param, Role, Signature, Type, TypeId, Types};

/// A signature with all of its places.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Layout {
    /// The function's name, empty when none was written.
    pub name: String,
    /// `amd64`, …; `r10` is the textbook machine.
    pub machine: String,
    /// Its convention.
    pub abi: Abi,
    /// Go-style prototype.
    pub prototype: String,
    /// Bytes from SP at entry to the argument area.
    pub arg_base: u32,
    /// The register that holds the closure when the function is called as one.
    pub closure_context: Option<String>,
    /// Receiver and parameters.
    pub params: Vec<Value>,
    /// Results.
    pub results: Vec<Value>,
    /// Sizes of the argument area.
    pub frame: Frame,
    /// The argument area from its start to its end, without holes.
    pub area: Vec<Slot>,
}

/// A parameter or result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Value {
    /// Go name, empty when there is none.
    pub name: String,
    /// `receiver`, if it is one.
    pub role: Option<String>,
    /// Go spelling of its type.
    #[serde(rename = "type")]
    pub ty: String,
    /// Bytes.
    pub size: u32,
    /// Its scalars in memory order.
    pub pieces: Vec<Part>,
    /// Where the argument area has room for a parameter that is in registers.
    pub spill: Option<u32>,
}

/// A scalar of a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Part {
    /// What Go calls it inside of the value: `len`, `x`, `y[0].ptr`; empty for the value itself.
    pub part: String,
    /// Bytes from the start of the value.
    pub off: u32,
    /// Bytes.
    pub size: u32,
    /// Upper-case full register name, or `stack+N`.
    pub loc: String,
    /// The part of that register which holds the scalar, as assemblers spell it.
    pub register: Option<String>,
    /// `int`, `uint`, `bool`, `ptr`, `float` or `vector`.
    pub kind: String,
}

/// Bytes of the argument area.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Slot {
    /// Bytes from the start of the argument area.
    pub offset: u32,
    /// Bytes.
    pub size: u32,
    /// Which part of the area it is in.
    pub section: Section,
    /// The value, or its field; empty for padding.
    pub name: String,
    /// Go spelling of its type; empty for padding.
    #[serde(rename = "type")]
    pub ty: String,
}

/// Parts of the argument area, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Section {
    /// Parameters that found no registers.
    Parameters,
    /// Results that found no registers.
    Results,
    /// Room for parameters that are in registers.
    Spill,
}

/// Lays out a written signature.
///
/// # Errors
///
/// [`Error::Syntax`](crate::Error::Syntax) when `text` can't be read.
pub fn layout(text: &str, convention: &Convention) -> Result<Layout> {
    let mut types = Types::default();
    let written = signature::parse(text, convention.arch, &mut types)?;
    Ok(layout_of(&written.name, &types, &written.signature, convention))
}

/// The layout as text: every place, and a picture of the argument area.
///
/// # Errors
///
/// As [`layout`].
pub fn layout_text(text: &str, convention: &Convention) -> Result<String> {
    layout(text, convention).map(|layout| layout_text::text(&layout))
}

/// Lays out a signature of known types.
pub fn layout_of(name: &str, types: &Types, signature: &Signature, convention: &Convention) -> Layout {
    let places = assign(types, signature, convention);
    let maker = Maker { types, convention, places: &places };
    let register = |reg| reg_name(convention.arch, reg).to_string();
    let area = places.area;
    Layout {
        name: name.to_string(),
        machine: convention.machine().to_string(),
        abi: if convention.uses_registers() { Abi::ABIInternal } else { Abi::ABI0 },
        prototype: prototype(name, types, signature),
        arg_base: convention.arg_base,
        closure_context: convention.closure.map(register),
        params: maker.values(&signature.params, &places.params),
        results: maker.values(&signature.results, &places.results),
        frame: Frame {
            size: 0,
            args: Some(area.args_size),
            stack_args: area.stack_args,
            stack_results: area.stack_results,
            spill: area.spill_size,
            grows: None,
        },
        area: maker.area(signature),
    }
}

struct Maker<'a> {
    types: &'a Types,
    convention: &'a Convention,
    places: &'a Assignment,
}

impl Maker<'_> {
    fn values(&self, params: &[Param], placed: &[Placed]) -> Vec<Value> {
        let value = |(param, placed): (&Param, &Placed)| Value {
            name: param.name.clone(),
            role: param.role.map(|role| match role {
                Role::Receiver => "receiver".to_string(),
                Role::Dict => "dict".to_string(),
            }),
            ty: self.type_name(param.ty),
            size: placed.size,
            pieces: placed.pieces.iter().map(|piece| self.part(param.ty, piece)).collect(),
            spill: placed.spill.map(|slot| self.places.area.spill_offset.saturating_add(slot)),
        };
        params.iter().zip(placed).map(value).collect()
    }

    fn part(&self, ty: TypeId, piece: &Piece) -> Part {
        let arch = self.convention.arch;
        let register = match piece.loc {
            Loc::Reg(reg) => Some(sub_register(arch, reg, piece.size)),
            Loc::Stack(_) => None,
        };
        Part {
            part: part_name(self.types, ty, piece.off),
            off: piece.off,
            size: piece.size,
            loc: piece.loc.text(arch),
            register,
            kind: piece.kind.name().to_string(),
        }
    }

    /// Every byte of the argument area. Values are in increasing order, so what lies between two is padding.
    fn area(&self, signature: &Signature) -> Vec<Slot> {
        let (area, mut slots) = (self.places.area, Vec::new());
        self.stack_slots(Section::Parameters, &signature.params, &self.places.params, &mut slots);
        pad(Section::Parameters, area.stack_args, &mut slots);
        self.stack_slots(Section::Results, &signature.results, &self.places.results, &mut slots);
        pad(Section::Results, area.spill_offset, &mut slots);
        for (i, (param, placed)) in signature.params.iter().zip(&self.places.params).enumerate() {
            let Some(slot) = placed.spill else { continue };
            let offset = area.spill_offset.saturating_add(slot);
            pad(Section::Spill, offset, &mut slots);
            let (name, ty) = (name_or_number(param, "p", i), self.type_name(param.ty));
            slots.push(Slot { offset, size: placed.size, section: Section::Spill, name, ty });
        }
        pad(Section::Spill, area.args_size, &mut slots);
        slots
    }

    fn stack_slots(&self, section: Section, params: &[Param], placed: &[Placed], slots: &mut Vec<Slot>) {
        let letter = if section == Section::Parameters { "p" } else { "r" };
        for (i, (param, placed)) in params.iter().zip(placed).enumerate() {
            let Some(start) = placed.stack.filter(|_| placed.size > 0) else { continue };
            let name = name_or_number(param, letter, i);
            for (inner, ty, off, size) in self.rows(param.ty, placed.size) {
                let offset = start.saturating_add(off);
                pad(section, offset, slots);
                slots.push(Slot { offset, size, section, name: format!("{name}{inner}"), ty });
            }
        }
    }

    /// A struct's fields, or the whole value: (name behind the value's, type, offset, size).
    fn rows(&self, id: TypeId, size: u32) -> Vec<(String, String, u32, u32)> {
        let Some(Type { kind: Kind::Struct(fields), .. }) = self.types.get(id) else {
            return vec![(String::new(), self.type_name(id), 0, size)];
        };
        if fields.len() > MAX_COMPONENTS {
            return vec![(String::new(), self.type_name(id), 0, size)];
        }
        let row = |field: &crate::types::Field| {
            let size = self.types.get(field.ty).map_or(0, |t| t.size as u32);
            (format!(".{}", field.name), self.type_name(field.ty), field.offset as u32, size)
        };
        fields.iter().map(row).filter(|(.., size)| *size > 0).collect()
    }

    fn type_name(&self, id: TypeId) -> String {
        self.types.get(id).map_or_else(String::new, |t| t.name.clone())
    }
}

/// Fills up to `to` with padding.
fn pad(section: Section, to: u32, slots: &mut Vec<Slot>) {
    let offset = slots.last().map_or(0, |slot| slot.offset.saturating_add(slot.size));
    if to > offset {
        slots.push(Slot { offset, size: to - offset, section, name: String::new(), ty: String::new() });
    }
}

fn name_or_number(param: &Param, letter: &str, index: usize) -> String {
    if param.name.is_empty() || param.name == "_" { format!("{letter}{index}") } else { param.name.clone() }
}

/// What Go calls the scalar at `off` bytes into a value: `x.y[0].len`, empty for a scalar itself.
pub fn part_name(types: &Types, id: TypeId, off: u32) -> String {
    let (mut name, mut id, mut off) = (String::new(), id, u64::from(off));
    for _ in 0..MAX_TYPE_DEPTH {
        let Some(ty) = types.get(id) else { break };
        match &ty.kind {
            Kind::Struct(fields) => {
                let sized = |ty| types.get(ty).is_some_and(|t| t.size > 0);
                let Some(field) = fields.iter().rfind(|f| f.offset <= off && sized(f.ty)) else { break };
                push_part(&mut name, &field.name);
                (id, off) = (field.ty, off - field.offset);
            }
            Kind::Array { elem, .. } => {
                let Some(size) = types.get(*elem).map(|t| t.size).filter(|size| *size > 0) else { break };
                name.push_str(&format!("[{}]", off / size));
                (id, off) = (*elem, off % size);
            }
            _ => {
                push_part(&mut name, scalar_name(ty, off));
                break;
            }
        }
    }
    name
}

fn push_part(name: &mut String, part: &str) {
    if !name.is_empty() && !part.is_empty() {
        name.push('.');
    }
    name.push_str(part);
}

fn scalar_name(ty: &Type, off: u64) -> &'static str {
    let parts: &[&str] = match &ty.kind {
        Kind::String => &["ptr", "len"],
        Kind::Slice(_) => &["ptr", "len", "cap"],
        Kind::Interface { methods } if methods.is_empty() => &["type", "data"],
        Kind::Interface { .. } => &["tab", "data"],
        Kind::Complex => &["real", "imag"],
        _ => return "",
    };
    let each = (ty.size / parts.len() as u64).max(1);
    parts.get((off / each) as usize).copied().unwrap_or("")
}

/// `func (s *T) m(a, …) (r, …)`.
pub(super) fn prototype(name: &str, types: &Types, signature: &Signature) -> String {
    let spell = |param: &Param, variadic: bool| {
        let ty = types.get(param.ty).map_or("?", |t| t.name.as_str());
        let ty = if variadic { ty.replacen("[]", "...", 1) } else { ty.to_string() };
        if param.name.is_empty() { ty } else { format!("{} {ty}", param.name) }
    };
    let (receiver, params) = match signature.params.split_first() {
        Some((first, rest)) if first.role == Some(Role::Receiver) => (format!("({}) ", spell(first, false)), rest),
        _ => (String::new(), signature.params.as_slice()),
    };
    let last = params.len().wrapping_sub(1);
    let params: Vec<String> =
        params.iter().enumerate().map(|(i, p)| spell(p, signature.variadic && i == last)).collect();
    let results = match signature.results.as_slice() {
        [] => String::new(),
        [one] if one.name.is_empty() => format!(" {}", spell(one, false)),
        many => format!(" ({})", many.iter().map(|p| spell(p, false)).collect::<Vec<_>>().join(", ")),
    };
    let space = if receiver.is_empty() && name.is_empty() { "" } else { " " };
    format!("func{space}{receiver}{name}({}){results}", params.join(", "))
}
