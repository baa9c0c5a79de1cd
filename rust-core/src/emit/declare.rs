//! C declarations of the types that prototypes name: each once, before it is used.

use foldhash::{HashSet, HashSetExt};
use std::fmt::Write;

use crate::report::{Confidence, Report, Type, Value};

use super::builtin::{BUILTINS, Builtin, Part};
use super::c_types::{CTypes, Form, MAX_DEFINED, Member, What};
use super::names::{self, Scope};
use super::text::escape;
use super::{arch, sure_usercall, usercall};

/// Characters of a Go name in a comment.
const MAX_COMMENT: usize = 200;

/// What a [`Declaration`] does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Says that there is a struct.
    Forward,
    /// Names another type.
    Alias,
    /// Says what is in a struct.
    Define,
}

/// One declaration, with what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Declaration {
    pub(crate) kind: Kind,
    /// C identifier.
    pub(crate) name: String,
    /// Bytes, 0 when there is no definition.
    pub(crate) size: u64,
    /// C text without a newline at the end.
    pub(crate) text: String,
    /// The type that it declares; builtins have none.
    pub(crate) id: Option<u32>,
}

/// Everything that the prototypes of a report need, in order.
pub(crate) fn all(report: &Report, min: Confidence) -> Vec<Declaration> {
    let c = CTypes::new(&report.types, arch(report));
    let used = used_types(report, &c, min);
    let writer = Writer { types: &report.types, c: &c };
    let mut out = writer.builtins(&used);
    out.extend(used.iter().filter_map(|id| writer.alias(*id)));
    out.extend(used.iter().filter_map(|id| writer.forward(*id)));
    out.extend(in_order(&c, &used).into_iter().filter_map(|id| writer.definition(id)));
    out
}

/// Types that prototypes name, and what those consist of or point to, by id.
pub(crate) fn used_types(report: &Report, c: &CTypes, min: Confidence) -> Vec<u32> {
    let mut open: Vec<u32> = Vec::new();
    for f in report.functions.iter().filter(|f| sure_usercall(f, min).is_some()) {
        open.extend(f.params.iter().chain(&f.results).filter_map(usercall::host_type).chain(f.tuple));
    }
    for site in report.call_sites.iter().filter(|site| site.usercall.is_some() && site.confidence >= min) {
        let values: std::iter::Chain<std::slice::Iter<'_, Value>, _> = site.params.iter().chain(&site.results);
        open.extend(values.filter_map(usercall::host_type).chain(site.tuple));
    }
    let mut used = HashSet::new();
    while let Some(id) = open.pop() {
        if (id as usize) < report.types.len() && used.insert(id) {
            open.extend(parts(c, id, true));
        }
    }
    let mut used: Vec<u32> = used.into_iter().collect();
    used.sort_unstable();
    used
}

/// Types that a type's members name: those that it contains, and with `pointed` those that it points to.
fn parts(c: &CTypes, id: u32, pointed: bool) -> Vec<u32> {
    let target = |elem: &Option<u32>| elem.filter(|_| pointed);
    match c.get(id).map(|c| &c.form) {
        Some(Form::Pointer(elem)) => target(elem).into_iter().collect(),
        Some(Form::Struct(members)) => members
            .iter()
            .filter_map(|member| match &member.what {
                What::Type(id) | What::Array(id, _) => Some(*id),
                What::Pointer(elem) => target(elem),
                What::Int | What::Bytes(_) => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// The used types so that each comes after what it contains. Layouts contain no cycles, but may be deep.
fn in_order(c: &CTypes, used: &[u32]) -> Vec<u32> {
    let mut order = Vec::with_capacity(used.len());
    let mut seen = HashSet::new();
    for id in used {
        let mut path = vec![(*id, parts(c, *id, false))];
        while let Some((id, open)) = path.last_mut() {
            match open.pop() {
                Some(part) if !seen.contains(&part) => path.push((part, parts(c, part, false))),
                Some(_) => {}
                None => {
                    if seen.insert(*id) {
                        order.push(*id);
                    }
                    path.pop();
                }
            }
        }
    }
    order
}

struct Writer<'a> {
    types: &'a [Type],
    c: &'a CTypes,
}

impl Writer<'_> {
    fn form(&self, id: u32) -> Option<&Form> {
        self.c.get(id).map(|c| &c.form)
    }

    fn builtins(&self, used: &[u32]) -> Vec<Declaration> {
        let forms: Vec<&Form> = used.iter().filter_map(|id| self.form(*id)).collect();
        let func = |ty: &Type| ty.kind == "func";
        let funcs = used.iter().filter_map(|id| self.types.get(*id as usize)).any(func);
        let needed = |b: &&&Builtin| {
            forms.iter().any(|form| matches!(form, Form::Builtin(own) if own == *b)) || (funcs && b.name == "go_func")
        };
        BUILTINS.iter().filter(needed).map(|b| self.builtin(b)).collect()
    }

    fn builtin(&self, builtin: &Builtin) -> Declaration {
        let mut text = format!("struct {} {{\n", builtin.name);
        for (part, name) in builtin.members {
            let word = match part {
                Part::Ptr => "void *",
                Part::Text => "unsigned __int8 *",
                Part::Int => self.c.int_word(),
                Part::F32 => "float",
                Part::F64 => "double",
            };
            member(&mut text, word, name, "");
        }
        text.push_str("};");
        let size = self.c.builtin_size(builtin);
        Declaration { kind: Kind::Define, name: builtin.name.into(), size, text, id: None }
    }

    fn alias(&self, id: u32) -> Option<Declaration> {
        let ty = self.types.get(id as usize)?;
        let of = match self.form(id)? {
            Form::Word(word) => word,
            Form::Builtin(builtin) => builtin.name,
            _ => return None,
        };
        if ty.c_name == of {
            return None;
        }
        let text = format!("typedef {of} {}; /* {} */", ty.c_name, comment(&ty.go_name));
        Some(Declaration { kind: Kind::Alias, name: ty.c_name.clone(), size: ty.size, text, id: Some(id) })
    }

    fn forward(&self, id: u32) -> Option<Declaration> {
        let ty = self.types.get(id as usize)?;
        let name = match self.form(id)? {
            Form::Handle if ty.kind == "func" => return None,
            Form::Handle => ty.c_name.trim_end_matches(" *"),
            Form::Struct(_) | Form::Empty => &ty.c_name,
            _ => return None,
        };
        let text = format!("struct {name};");
        Some(Declaration { kind: Kind::Forward, name: name.into(), size: 0, text, id: Some(id) })
    }

    fn definition(&self, id: u32) -> Option<Declaration> {
        let ty = self.types.get(id as usize)?;
        let Form::Struct(members) = self.form(id).filter(|_| ty.size <= MAX_DEFINED)? else { return None };
        let mut text = format!("struct {} {{ /* {} */\n", ty.c_name, comment(&ty.go_name));
        let mut scope = Scope::default();
        for one in members {
            let name = scope.unique(member_name(one));
            match &one.what {
                What::Type(id) => member(&mut text, self.spelled(*id), &name, ""),
                What::Array(id, len) => member(&mut text, self.spelled(*id), &name, &format!("[{len}]")),
                What::Pointer(elem) => {
                    let target = elem.map_or("void", |id| self.spelled(id));
                    let space = if target.ends_with('*') { "" } else { " " };
                    member(&mut text, &format!("{target}{space}*"), &name, "");
                }
                What::Int => member(&mut text, self.c.int_word(), &name, ""),
                What::Bytes(len) => member(&mut text, "unsigned __int8", &name, &format!("[{len}]")),
            }
        }
        text.push_str("};");
        Some(Declaration { kind: Kind::Define, name: ty.c_name.clone(), size: ty.size, text, id: Some(id) })
    }

    fn spelled(&self, id: u32) -> &str {
        self.types.get(id as usize).map_or("void", |ty| &ty.c_name)
    }
}

/// The name of a member before it is made unique.
pub(crate) fn member_name(member: &Member) -> String {
    let ident = names::member_ident(&member.name);
    match (&member.what, ident.is_empty()) {
        (What::Bytes(_), true) => format!("pad_{}", member.offset),
        (_, true) => format!("field_{}", member.offset),
        _ => ident,
    }
}

fn member(text: &mut String, word: &str, name: &str, array: &str) {
    let space = if word.ends_with('*') { "" } else { " " };
    let _ = writeln!(text, "  {word}{space}{name}{array};");
}

/// Text from a sample, fit for a C comment.
pub(crate) fn comment(text: &str) -> String {
    let cut: String = text.chars().take(MAX_COMMENT).collect();
    escape(&cut).replace("*/", "* /").replace("/*", "/ *").replace('\\', "\\\\")
}
