//! A place in the tokens.

use super::lexer::{Token, error};
use crate::{Error, Result};

/// The words that Go reserves and that can't be names here.
pub(super) const KEYWORDS: [&str; 7] = ["chan", "const", "func", "interface", "map", "struct", "type"];

/// The tokens and how many have been read.
pub(super) struct Cursor<'s> {
    pub(super) tokens: &'s [(Token<'s>, usize)],
    pub(super) at: usize,
}

impl<'s> Cursor<'s> {
    pub(super) fn type_starts(&self) -> bool {
        match self.peek() {
            Token::Word(word) => word != "type" && word != "const",
            Token::Punct(p) => matches!(p, "*" | "[" | "(" | "<-"),
            _ => false,
        }
    }

    pub(super) fn qualified_name(&mut self, expected: &str) -> Result<String> {
        let (name, used) = qualified(self.tokens.get(self.at..).unwrap_or_default());
        if name.is_empty() || KEYWORDS.contains(&name.as_str()) {
            return Err(self.error(format!("expected {expected}, found {}", self.peek().describe())));
        }
        self.at += used;
        Ok(name)
    }

    pub(super) fn name(&mut self, expected: &str) -> Result<&'s str> {
        match self.peek() {
            Token::Word(word) if !KEYWORDS.contains(&word) => {
                self.at += 1;
                Ok(word)
            }
            other => Err(self.error(format!("expected {expected}, found {}", other.describe()))),
        }
    }

    pub(super) fn skip_semicolons(&mut self) {
        while self.take(";") {}
    }

    pub(super) fn take(&mut self, punct: &str) -> bool {
        let found = self.punct(punct);
        self.at += usize::from(found);
        found
    }

    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let found = self.peek() == Token::Word(word);
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, punct: &str) -> Result<()> {
        if self.take(punct) { Ok(()) } else { Err(self.expected(punct)) }
    }

    pub(super) fn expect_word(&mut self, word: &str) -> Result<()> {
        if self.take_word(word) { Ok(()) } else { Err(self.expected(word)) }
    }

    pub(super) fn expected(&self, what: &str) -> Error {
        self.error(format!("expected `{what}`, found {}", self.peek().describe()))
    }

    pub(super) fn punct(&self, punct: &str) -> bool {
        matches!(self.peek(), Token::Punct(p) if p == punct)
    }

    pub(super) fn peek(&self) -> Token<'s> {
        self.peek_at(0)
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Token<'s> {
        self.tokens.get(self.at + ahead).map_or(Token::End, |(token, _)| *token)
    }

    pub(super) fn next(&mut self) -> Token<'s> {
        let token = self.peek();
        self.at += 1;
        token
    }

    pub(super) fn column(&self) -> usize {
        self.tokens.get(self.at).or(self.tokens.last()).map_or(1, |(_, column)| *column)
    }

    pub(super) fn error(&self, reason: String) -> Error {
        error(self.column(), reason)
    }
}

/// The dotted name at the start and how many tokens it takes.
pub(super) fn qualified(tokens: &[(Token<'_>, usize)]) -> (String, usize) {
    let mut name = String::new();
    let mut used = 0;
    while let Some((Token::Word(word), _)) = tokens.get(used) {
        name.push_str(word);
        used += 1;
        if !matches!(tokens.get(used..), Some([(Token::Punct("."), _), (Token::Word(_), _), ..])) {
            break;
        }
        name.push('.');
        used += 1;
    }
    (name, used)
}
