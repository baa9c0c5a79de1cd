//! The grammar of types.

use super::build::{Builder, Ref};
use super::cursor::KEYWORDS;
use super::grammar::Parser;
use super::known;
use super::lexer::{Token, error, tokens};
use crate::Result;
use crate::limits::{MAX_MEMBERS, MAX_TYPE_DEPTH};
use crate::types::{Kind, Method, Type, TypeId};

impl Parser<'_, '_> {
    pub(super) fn any_type(&mut self) -> Result<Ref> {
        if self.depth > MAX_TYPE_DEPTH {
            return Err(self.cursor.error("types are nested too deeply".into()));
        }
        self.depth += 1;
        let ty = self.type_body();
        self.depth -= 1;
        ty
    }

    fn type_body(&mut self) -> Result<Ref> {
        let column = self.cursor.column();
        match self.cursor.next() {
            Token::Punct("*") => self.any_type().map(|elem| self.builder.pointer(&elem)),
            Token::Punct("[") => self.array_or_slice(),
            Token::Punct("(") => {
                let ty = self.any_type()?;
                self.cursor.expect(")").map(|()| ty)
            }
            Token::Punct("<-") => {
                self.cursor.expect_word("chan")?;
                self.any_type().map(|elem| self.builder.chan("<-chan", &elem))
            }
            Token::Word("chan") => {
                let direction = if self.cursor.take("<-") { "chan<-" } else { "chan" };
                self.any_type().map(|elem| self.builder.chan(direction, &elem))
            }
            Token::Word("map") => self.map(),
            Token::Word("func") => self.signature().map(|s| self.builder.func(s)),
            Token::Word("struct") => self.structure(column),
            Token::Word("interface") => self.interface(),
            Token::Word(word) if !KEYWORDS.contains(&word) => {
                self.cursor.at -= 1;
                let name = self.cursor.qualified_name("a type")?;
                self.named(&name, column)
            }
            other => Err(error(column, format!("expected a type, found {}", other.describe()))),
        }
    }

    fn array_or_slice(&mut self) -> Result<Ref> {
        if self.cursor.take("]") {
            return self.any_type().map(|elem| self.builder.slice(&elem));
        }
        let column = self.cursor.column();
        let len = match self.cursor.next() {
            Token::Number(len) => len,
            other => {
                return Err(error(column, format!("expected an array's length or `]`, found {}", other.describe())));
            }
        };
        self.cursor.expect("]")?;
        let elem_column = self.cursor.column();
        let elem = self.any_type()?;
        self.by_value(&elem, elem_column)?;
        self.builder.array(&elem, len).ok_or_else(|| error(column, "the array is too large".into()))
    }

    fn map(&mut self) -> Result<Ref> {
        self.cursor.expect("[")?;
        let key = self.any_type()?;
        self.cursor.expect("]")?;
        let elem = self.any_type()?;
        Ok(self.builder.map(&key, &elem))
    }

    fn structure(&mut self, column: usize) -> Result<Ref> {
        self.cursor.expect("{")?;
        let mut members = Vec::new();
        self.cursor.skip_semicolons();
        while !self.cursor.punct("}") {
            self.fields(&mut members)?;
            if members.len() > MAX_MEMBERS {
                return Err(self.cursor.error("too many fields".into()));
            }
            if self.cursor.peek() == Token::Tag {
                self.cursor.at += 1;
            }
            if !self.cursor.take(";") {
                break;
            }
            self.cursor.skip_semicolons();
        }
        self.cursor.expect("}")?;
        self.builder.structure(&members).ok_or_else(|| error(column, "the struct is too large".into()))
    }

    /// `a, b T`, or an embedded `T`, `p.T` or `*T`.
    fn fields(&mut self, members: &mut Vec<(String, TypeId)>) -> Result<()> {
        let embedded = match self.cursor.peek() {
            Token::Punct("*") => true,
            _ => matches!(self.cursor.peek_at(1), Token::Punct("." | ";" | "}") | Token::Tag),
        };
        if embedded {
            let id = self.value_type()?;
            let spelled = self.builder.types.get(id).map_or("", |t| t.name.as_str());
            let name = spelled.rsplit(['.', '*']).next().unwrap_or(spelled).to_string();
            members.push((name, id));
            return Ok(());
        }
        let mut names = vec![self.cursor.name("a field's name")?];
        while self.cursor.take(",") {
            names.push(self.cursor.name("a field's name")?);
        }
        let id = self.value_type()?;
        members.extend(names.into_iter().map(|name| (name.to_string(), id)));
        Ok(())
    }

    fn interface(&mut self) -> Result<Ref> {
        self.cursor.expect("{")?;
        let mut methods = Vec::new();
        self.cursor.skip_semicolons();
        while !self.cursor.punct("}") {
            if self.cursor.peek_at(1) == Token::Punct("(") {
                let name = self.cursor.name("a method's name")?.to_string();
                let signature = self.signature()?;
                methods.push(Method { name, ty: self.builder.func(signature).id });
            } else {
                methods.extend(self.embedded_methods()?);
            }
            if methods.len() > MAX_MEMBERS {
                return Err(self.cursor.error("too many methods".into()));
            }
            if !self.cursor.take(";") {
                break;
            }
            self.cursor.skip_semicolons();
        }
        self.cursor.expect("}")?;
        Ok(self.builder.interface(methods))
    }

    fn embedded_methods(&mut self) -> Result<Vec<Method>> {
        let column = self.cursor.column();
        let id = self.value_type()?;
        match self.builder.types.get(id).map(|t| &t.kind) {
            Some(Kind::Interface { methods }) => Ok(methods.clone()),
            _ => Err(error(column, "only interfaces can be embedded in an interface".into())),
        }
    }

    /// A type by name: declared here, known to the caller, predeclared or well known, in this order.
    pub(super) fn named(&mut self, name: &str, column: usize) -> Result<Ref> {
        // A declaration of this text is younger than what is in the table from elsewhere.
        let youngest = self.builder.types.named(name).last();
        if let Some(id) = youngest {
            return Ok(Ref { name: name.to_string(), id: Some(id) });
        }
        if let Some(basic) = self.builder.basic(name) {
            return Ok(basic);
        }
        let Some(definition) = known::definition(name) else { return Ok(Ref { name: name.to_string(), id: None }) };
        self.define(name, definition, column)
    }

    fn define(&mut self, name: &str, definition: &str, column: usize) -> Result<Ref> {
        let tokens = tokens(definition);
        let builder = Builder { types: &mut *self.builder.types, arch: self.builder.arch };
        let mut inner = Parser::new(&tokens, self.depth + 1, builder);
        let underlying = inner.value_type()?;
        let ty = self.builder.types.get(underlying).cloned();
        let ty = ty.ok_or_else(|| error(column, format!("unknown type `{name}`")))?;
        let id = self.builder.types.push(Type { name: name.to_string(), ..ty });
        Ok(Ref { name: name.to_string(), id: Some(id) })
    }
}
