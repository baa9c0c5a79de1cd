//! Generic code: type arguments as the linker spells them in names, and the dictionary that shaped code takes.
//!
//! From Go 1.21 on names in the function table have the arguments (`slices.Sort[go.shape.[]int,go.shape.int]`); before,
//! they have `[...]`, and then only functions whose values' sizes do not depend on the arguments are known.

use super::Wanted;
use super::convert::Converter;
use crate::abi::assign::assign;
use crate::abi::registers::Convention;
use crate::golang::symbol_name::{NameKind, split_package_path};
use crate::limits::{MAX_MEMBERS, MAX_TYPE_DEPTH};
use crate::signature::build::Ref;
use crate::types::{Param, Role, Signature};

/// What the names of shapes start with: a type that stands for all of one layout.
const SHAPE: &str = "go.shape.";
/// Type arguments of one function that are looked at.
const MOST: usize = 64;

/// The types that a name has between brackets; unknown ones where it leaves them out.
pub(super) fn arguments(converter: &mut Converter<'_, '_, '_>, spelled: &str) -> Vec<Ref> {
    if spelled == "..." {
        return vec![Ref { name: "T".into(), id: None }; MOST];
    }
    let mut parser = Parser { converter, rest: spelled };
    let mut out = Vec::new();
    while out.len() < MOST {
        let from = parser.rest;
        match parser.ty(0) {
            Some(ty) => out.push(ty),
            None => {
                parser.rest = skip(from, &[',']);
                out.push(Ref { name: "?".into(), id: None });
            }
        }
        if !parser.take(",") {
            break;
        }
    }
    out
}

/// A name without what is between brackets.
pub(super) fn without_arguments(name: &str) -> String {
    let (mut depth, mut out) = (0usize, String::with_capacity(name.len()));
    for c in name.chars() {
        depth += usize::from(c == '[');
        if depth == 0 {
            out.push(c);
        }
        depth = depth.saturating_sub(usize::from(c == ']'));
    }
    out
}

/// Puts the dictionary into the signature of generic code that takes one. Where the name does not say whether it does,
/// the size of the arguments has to.
pub(super) fn with_dictionary(
    converter: &mut Converter<'_, '_, '_>,
    function: &Wanted<'_>,
    plain: Signature,
    convention: &Convention,
) -> Option<Signature> {
    let spelled = function.name.type_args.unwrap_or_default();
    if function.name.kind != NameKind::Func || !(spelled == "..." || spelled.contains(SHAPE)) {
        return Some(plain);
    }
    let mut shaped = plain.clone();
    let behind = function.name.receiver.is_some() && !function.dictionary_first;
    let word = converter.basic("uintptr")?;
    let ty = converter.pointer(&word).id?;
    let dict = Param { name: ".dict".into(), ty, role: Some(Role::Dict) };
    shaped.params.insert(usize::from(behind).min(shaped.params.len()), dict);
    if spelled != "..." {
        return Some(shaped);
    }
    let fits =
        |signature: &Signature| Some(assign(converter.types(), signature, convention).area.args_size) == function.args;
    match (fits(&plain), fits(&shaped)) {
        (true, false) => Some(plain),
        (false, true) => Some(shaped),
        _ => None,
    }
}

/// Reads one type after another.
struct Parser<'c, 'l, 'd, 't, 'n> {
    converter: &'c mut Converter<'l, 'd, 't>,
    rest: &'n str,
}

impl<'n> Parser<'_, '_, '_, '_, 'n> {
    fn take(&mut self, word: &str) -> bool {
        let rest = self.rest.strip_prefix(word);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// A type, `None` when it cannot be told; then what was read of it does not matter.
    fn ty(&mut self, depth: usize) -> Option<Ref> {
        if depth > MAX_TYPE_DEPTH {
            return None;
        }
        while self.take(SHAPE) {}
        if self.take("*") {
            let elem = self.ty(depth + 1)?;
            return Some(self.converter.pointer(&elem));
        }
        if self.take("[]") {
            let elem = self.ty(depth + 1)?;
            return Some(self.converter.slice(&elem));
        }
        if self.take("[") {
            let len = self.until(']').parse().ok()?;
            let elem = self.ty(depth + 1)?;
            return self.converter.array(&elem, len);
        }
        if self.take("map[") {
            let key = self.ty(depth + 1)?;
            let elem = self.take("]").then(|| self.ty(depth + 1))??;
            return Some(self.converter.map(&key, &elem));
        }
        for direction in ["chan<-", "<-chan", "chan"] {
            if self.take(&format!("{direction} ")) {
                let elem = self.ty(depth + 1)?;
                return Some(self.converter.chan(direction, &elem));
            }
        }
        if self.take("func(") {
            return self.func(depth);
        }
        if self.take("interface {") {
            self.rest = skip(self.rest, &['}']);
            let words = self.take("}").then(Vec::new)?;
            return Some(self.converter.interface_of(words));
        }
        if self.take("struct {") { self.structure(depth) } else { self.named(depth) }
    }

    /// The text before `end`, and moves behind it.
    fn until(&mut self, end: char) -> &'n str {
        let (text, rest) = self.rest.split_once(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        text
    }

    /// All func types are one word; what is in them is not looked at.
    fn func(&mut self, depth: usize) -> Option<Ref> {
        self.rest = skip(self.rest, &[')']);
        if !self.take(")") {
            return None;
        }
        if self.take(" (") {
            self.rest = skip(self.rest, &[')']);
            return self.take(")").then(|| self.converter.func_of(Signature::default()));
        }
        if self.take(" ") {
            self.ty(depth + 1)?;
        }
        Some(self.converter.func_of(Signature::default()))
    }

    /// Fields, each with the package's path before a name that is not exported; ` = ` before an embedded type.
    fn structure(&mut self, depth: usize) -> Option<Ref> {
        let mut fields = Vec::new();
        while !self.take(" }") && !self.take("}") && fields.len() < MAX_MEMBERS {
            self.take(";");
            self.take(" ");
            let name = self.until(' ');
            let name = name.rsplit('.').next().unwrap_or(name).to_string();
            self.take("= ");
            let ty = self.ty(depth + 1)?;
            if self.rest.starts_with(" \"") {
                return None; // a tag
            }
            fields.push((name, self.converter.sized(&ty, depth)?));
        }
        self.converter.structure_of(&fields)
    }

    /// A basic type, or a package's path and a name, with type arguments of its own.
    fn named(&mut self, depth: usize) -> Option<Ref> {
        let end = self.rest.find([',', ']', ')', ';', ' ', '}', '[']).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        let mut args = Vec::new();
        if self.take("[") {
            while args.len() < MOST {
                args.push(self.ty(depth + 1)?);
                if !self.take(",") {
                    break;
                }
            }
            if !self.take("]") {
                return None;
            }
        }
        // Up to Go 1.20 shapes end with the position of their parameter.
        let basic = name.rsplit_once('_').map_or(name, |(basic, _)| basic);
        if let Some(basic) = self.converter.basic(basic).filter(|_| args.is_empty()) {
            return Some(basic);
        }
        let (path, name) = match split_package_path(name) {
            Some((path, name)) => (path.into_owned(), name),
            None => (String::new(), name),
        };
        let known = !path.is_empty() || matches!(name, "error" | "any" | "comparable");
        known.then(|| self.converter.named(&path, name, args))
    }
}

/// `text` from where one of `ends` stands outside of all brackets.
fn skip<'n>(text: &'n str, ends: &[char]) -> &'n str {
    let mut depth = 0usize;
    for (at, c) in text.char_indices() {
        match c {
            c if depth == 0 && ends.contains(&c) => return text.get(at..).unwrap_or_default(),
            '[' | '(' | '{' => depth += 1,
            ']' | ')' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_go_and_are_skipped() {
        assert_eq!(without_arguments("(*G[go.shape.[]int,int]).M.func1"), "(*G).M.func1");
        assert_eq!(without_arguments("F"), "F");
        assert_eq!(skip("a[b,c],d", &[',']), ",d");
        assert_eq!(skip("(", &[',']), "");
    }
}
