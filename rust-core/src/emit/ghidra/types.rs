//! Data types of a plan: sizes, and members at their offsets.

use serde::Serialize;

use super::super::builtin::{Builtin, Part as Field};
use super::super::c_types::{CTypes, Form, Member, What};
use super::super::declare;
use crate::report::Type;

#[derive(Serialize)]
pub(super) struct TypeLine<'a> {
    id: u32,
    /// Empty for a number without a name of its own, and for what a pointer without a name points to.
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
    go_name: &'a str,
    /// `bool`, `int`, `uint`, `float`, `pointer`, `struct` or `void` (no bytes).
    kind: &'static str,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    elem: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    members: Vec<MemberLine>,
}

#[derive(Serialize)]
pub(super) struct MemberLine {
    name: String,
    offset: u64,
    size: u64,
    /// As of types, or `type`, `array`, `bytes`.
    kind: &'static str,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    ty: Option<u32>,
    /// Elements of an array, or bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    len: Option<u64>,
}

impl MemberLine {
    /// A member of type `ty`.
    pub(super) fn of_type(name: &str, ty: u32, offset: u64, size: u64) -> MemberLine {
        MemberLine { name: name.into(), offset, size, kind: "type", ty: Some(ty), len: None }
    }
}

/// The line of type `id`.
pub(super) fn line<'a>(types: &'a [Type], ctypes: &CTypes, id: u32) -> Option<TypeLine<'a>> {
    let ty = types.get(id as usize)?;
    let c = ctypes.get(id)?;
    let mut line = TypeLine {
        id,
        name: ty.c_name.trim_end_matches([' ', '*']),
        go_name: &ty.go_name,
        kind: "struct",
        size: c.size,
        elem: None,
        members: Vec::new(),
    };
    match &c.form {
        Form::Empty => line.kind = "void",
        Form::Word(word) => {
            line.kind = word_kind(word);
            line.name = if line.name == *word { "" } else { line.name };
        }
        Form::Pointer(elem) => (line.kind, line.elem) = ("pointer", *elem),
        Form::Handle => line.kind = "pointer",
        Form::Builtin(builtin) => line.members = builtin_members(builtin, ctypes),
        Form::Struct(members) => line.members = members.iter().map(|member| member_line(member, ctypes)).collect(),
    }
    Some(line)
}

fn member_line(member: &Member, c: &CTypes) -> MemberLine {
    let of = |id: u32| c.get(id).map_or(0, |c| c.size);
    let (kind, ty, len, size) = match member.what {
        What::Type(id) => ("type", Some(id), None, of(id)),
        What::Array(id, len) => ("array", Some(id), Some(len), of(id).saturating_mul(len)),
        What::Pointer(elem) => ("pointer", elem, None, c.part_size(Field::Ptr)),
        What::Int => ("int", None, None, c.part_size(Field::Int)),
        What::Bytes(len) => ("bytes", None, Some(len), len),
    };
    MemberLine { name: declare::member_name(member), offset: member.offset, size, kind, ty, len }
}

fn builtin_members(builtin: &Builtin, c: &CTypes) -> Vec<MemberLine> {
    let mut offset = 0;
    let mut members = Vec::new();
    for (part, name) in builtin.members {
        let size = c.part_size(*part);
        members.push(MemberLine { name: name.to_string(), offset, size, kind: part.kind(), ty: None, len: None });
        offset += size;
    }
    members
}

fn word_kind(word: &str) -> &'static str {
    match word {
        "_BOOL1" => "bool",
        "float" | "double" => "float",
        "void *" => "pointer",
        _ if word.starts_with("unsigned") => "uint",
        _ => "int",
    }
}
