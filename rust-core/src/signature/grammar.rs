//! The grammar of declarations and signatures, by recursive descent with a depth limit.

use std::collections::HashSet;

use super::Written;
use super::build::{Builder, Ref};
use super::cursor::{Cursor, KEYWORDS, qualified};
use super::lexer::{Token, error};
use crate::Result;
use crate::limits::MAX_MEMBERS;
use crate::types::{Kind, Param, Role, Signature, Type, TypeId};

/// A parser over one text.
pub(super) struct Parser<'s, 't> {
    pub(super) cursor: Cursor<'s>,
    pub(super) depth: usize,
    pub(super) builder: Builder<'t>,
    /// Types whose declaration has not been read to its end.
    pub(super) incomplete: HashSet<TypeId>,
}

/// A parameter or a struct field while it is unclear what is name and what is type.
struct Entry<'s> {
    column: usize,
    name: Option<&'s str>,
    ty: Option<Ref>,
    variadic: bool,
}

impl<'s, 't> Parser<'s, 't> {
    pub(super) fn new(tokens: &'s [(Token<'s>, usize)], depth: usize, builder: Builder<'t>) -> Self {
        Parser { cursor: Cursor { tokens, at: 0 }, depth, builder, incomplete: HashSet::new() }
    }

    pub(super) fn input(mut self) -> Result<Written> {
        self.announce_declarations();
        let written = self.declarations_and_function();
        for id in self.incomplete {
            // Nobody shall find by its name what never got a size.
            let unnamed = Type { name: String::new(), size: 0, align: 1, kind: Kind::Struct(Vec::new()) };
            self.builder.types.set(id, unnamed);
        }
        written
    }

    fn declarations_and_function(&mut self) -> Result<Written> {
        self.cursor.skip_semicolons();
        while self.cursor.take_word("type") {
            self.declaration()?;
            self.cursor.skip_semicolons();
        }
        let written = self.function()?;
        if self.cursor.punct("{") {
            return Ok(written); // a body follows; it says nothing about the signature
        }
        self.cursor.skip_semicolons();
        match self.cursor.peek() {
            Token::End => Ok(written),
            other => Err(self.cursor.error(format!("unexpected {} behind the signature", other.describe()))),
        }
    }

    /// Gives every declared name its id, so that declarations may refer to later ones.
    fn announce_declarations(&mut self) {
        let mut nesting = 0usize;
        let mut announced = HashSet::new();
        for (i, (token, _)) in self.cursor.tokens.iter().enumerate() {
            match token {
                Token::Punct("{") => nesting += 1,
                Token::Punct("}") => nesting = nesting.saturating_sub(1),
                Token::Word("type") if nesting == 0 => {
                    let (name, _) = qualified(self.cursor.tokens.get(i + 1..).unwrap_or_default());
                    if announced.insert(name.clone()) {
                        let unknown = Type { name, size: 0, align: 1, kind: Kind::Struct(Vec::new()) };
                        self.incomplete.insert(self.builder.types.push(unknown));
                    }
                }
                _ => {}
            }
        }
    }

    fn declaration(&mut self) -> Result<()> {
        let (column, name) = (self.cursor.column(), self.cursor.qualified_name("a type's name")?);
        let id = self.builder.types.named(&name).find(|id| self.incomplete.contains(id));
        let id = id.ok_or_else(|| error(column, format!("`{name}` is declared twice")))?;
        if self.cursor.punct("[") && !matches!(self.cursor.peek_at(1), Token::Number(_) | Token::Punct("]")) {
            return Err(self.cursor.error("type parameters are not supported: write the concrete types".into()));
        }
        self.cursor.take("=");
        let definition = self.value_type()?;
        let Some(ty) = self.builder.types.get(definition).cloned() else { return Ok(()) };
        self.builder.types.set(id, Type { name, ..ty });
        self.incomplete.remove(&id);
        Ok(())
    }

    fn function(&mut self) -> Result<Written> {
        let func = self.cursor.take_word("func");
        let mut params = Vec::new();
        // `func (s *T) m(…)`: a second list, or a name and a list, follow only a receiver.
        if func && self.cursor.punct("(") && self.receiver_follows() {
            params = self.parameters()?.params;
            let [receiver] = params.as_mut_slice() else {
                return Err(self.cursor.error("a method has one receiver".into()));
            };
            receiver.role = Some(Role::Receiver);
        }
        let name = if self.cursor.punct("(") {
            String::new()
        } else {
            self.cursor.qualified_name("a function's name or `(`")?
        };
        let mut signature = self.signature()?;
        params.append(&mut signature.params);
        Ok(Written { name, signature: Signature { params, ..signature } })
    }

    /// Whether behind the list that starts here stand a name and another list.
    fn receiver_follows(&self) -> bool {
        let mut open = 0usize;
        let rest = self.cursor.tokens.get(self.cursor.at..).unwrap_or_default();
        let close = rest.iter().position(|(token, _)| {
            match token {
                Token::Punct("(") => open += 1,
                Token::Punct(")") => open -= 1,
                _ => {}
            }
            open == 0
        });
        let behind = rest.get(close.map_or(rest.len(), |c| c + 1)..).unwrap_or_default();
        let (name, used) = qualified(behind);
        let next = behind.get(used).map_or(Token::End, |(token, _)| *token);
        !name.is_empty() && !KEYWORDS.contains(&name.as_str()) && next == Token::Punct("(")
    }

    pub(super) fn signature(&mut self) -> Result<Signature> {
        if self.cursor.punct("[") {
            return Err(self.cursor.error("type parameters are not supported: write the concrete types".into()));
        }
        let mut signature = self.parameters()?;
        signature.results = if self.cursor.punct("(") {
            let (column, results) = (self.cursor.column(), self.parameters()?);
            if results.variadic {
                return Err(error(column, "a result can't be variadic".into()));
            }
            results.params
        } else if self.cursor.type_starts() {
            vec![Param { name: String::new(), ty: self.value_type()?, role: None }]
        } else {
            Vec::new()
        };
        Ok(signature)
    }

    fn parameters(&mut self) -> Result<Signature> {
        self.cursor.expect("(")?;
        let mut entries = Vec::new();
        while !self.cursor.punct(")") {
            entries.push(self.entry()?);
            if entries.len() > MAX_MEMBERS {
                return Err(self.cursor.error("too many parameters".into()));
            }
            if !self.cursor.take(",") {
                break;
            }
        }
        self.cursor.expect(")")?;
        self.settle(entries)
    }

    fn entry(&mut self) -> Result<Entry<'s>> {
        let column = self.cursor.column();
        let name = match self.cursor.peek() {
            Token::Word(word) if !KEYWORDS.contains(&word) && self.cursor.peek_at(1) != Token::Punct(".") => Some(word),
            _ => None,
        };
        self.cursor.at += usize::from(name.is_some());
        let variadic = self.cursor.take("...");
        let alone = name.is_some() && !variadic && !self.cursor.type_starts();
        let ty = if alone { None } else { Some(self.any_type()?) };
        Ok(Entry { column, name, ty, variadic })
    }

    /// `(a, b int)` are two names, `(int, string)` two types: one entry with both decides for all.
    fn settle(&mut self, entries: Vec<Entry<'s>>) -> Result<Signature> {
        let named = entries.iter().any(|e| e.name.is_some() && e.ty.is_some());
        let last = entries.len().saturating_sub(1);
        let mut signature = Signature::default();
        let mut group: Option<Ref> = None;
        for (i, entry) in entries.into_iter().enumerate().rev() {
            if entry.variadic && i != last {
                return Err(error(entry.column, "only the last parameter can be variadic".into()));
            }
            signature.variadic |= entry.variadic;
            let (name, ty) = self.settle_entry(&entry, named, &mut group)?;
            let id = self.by_value(&ty, entry.column)?;
            let id = if entry.variadic { self.builder.slice(&ty).id.unwrap_or(id) } else { id };
            signature.params.push(Param { name, ty: id, role: None });
        }
        signature.params.reverse();
        Ok(signature)
    }

    fn settle_entry(&mut self, entry: &Entry<'s>, named: bool, group: &mut Option<Ref>) -> Result<(String, Ref)> {
        let mixed = || error(entry.column, "either all parameters have names or none has".into());
        match (entry.name, &entry.ty) {
            (Some(name), Some(ty)) => {
                *group = Some(ty.clone()).filter(|_| !entry.variadic);
                Ok((name.to_string(), ty.clone()))
            }
            (Some(name), None) if named => Ok((name.to_string(), group.clone().ok_or_else(mixed)?)),
            (Some(name), None) => Ok((String::new(), self.named(name, entry.column)?)),
            (None, Some(ty)) if !named => Ok((String::new(), ty.clone())),
            _ => Err(mixed()),
        }
    }

    /// A type whose size must be known.
    pub(super) fn value_type(&mut self) -> Result<TypeId> {
        let column = self.cursor.column();
        let ty = self.any_type()?;
        self.by_value(&ty, column)
    }

    pub(super) fn by_value(&self, ty: &Ref, column: usize) -> Result<TypeId> {
        match ty.id {
            Some(id) if !self.incomplete.contains(&id) => Ok(id),
            Some(_) => Err(error(column, format!("the size of `{0}` is not known here: declare it first", ty.name))),
            None => Err(error(
                column,
                format!("unknown type `{0}`: declare it in front, as in `type {0} struct{{ … }};`", ty.name),
            )),
        }
    }
}
