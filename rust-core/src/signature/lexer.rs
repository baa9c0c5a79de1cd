//! Tokens of Go source, with their columns and the semicolons that line ends stand for.

use crate::Error;

/// A token's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A name or keyword.
    Word(&'a str),
    /// A decimal, hexadecimal, octal or binary number.
    Number(u64),
    /// A struct tag; nothing reads it.
    Tag,
    /// Punctuation.
    Punct(&'static str),
    /// A character that no signature contains.
    Other(char),
    /// Behind the last token.
    End,
}

impl Token<'_> {
    /// How a message names it.
    pub(super) fn describe(self) -> String {
        match self {
            Token::Word(word) => format!("`{word}`"),
            Token::Number(n) => format!("`{n}`"),
            Token::Tag => "a string".to_string(),
            Token::Punct(p) => format!("`{p}`"),
            Token::Other(c) => format!("{c:?}"),
            Token::End => "the end".to_string(),
        }
    }

    /// Whether a line end behind it is a semicolon, as the Go specification has it.
    fn ends_line(self) -> bool {
        matches!(self, Token::Word(_) | Token::Number(_) | Token::Tag | Token::Punct(")" | "]" | "}"))
    }
}

/// Longest first.
const PUNCTUATION: [&str; 13] = ["...", "<-", "(", ")", "[", "]", "{", "}", ",", ";", ".", "*", "="];

/// All tokens of `text` and the 1-based columns at which they start. The last is [`Token::End`].
pub(super) fn tokens(text: &str) -> Vec<(Token<'_>, usize)> {
    let mut found: Vec<(Token<'_>, usize)> = Vec::new();
    let mut rest = text;
    let mut column = 1;
    while let Some(first) = rest.chars().next() {
        let (token, length) = next_token(rest, first);
        let (taken, behind) = rest.split_at_checked(length).unwrap_or((rest, ""));
        match token {
            Some(token) => found.push((token, column)),
            None if taken.contains('\n') && found.last().is_some_and(|(last, _)| last.ends_line()) => {
                found.push((Token::Punct(";"), column));
            }
            None => {}
        }
        column += taken.chars().count();
        rest = behind;
    }
    found.push((Token::End, column));
    found
}

/// The token at the start of `rest` and its length in bytes, `None` for what separates tokens.
fn next_token(rest: &str, first: char) -> (Option<Token<'_>>, usize) {
    if let Some(length) = separator(rest, first) {
        return (None, length);
    }
    if first.is_alphabetic() || first == '_' {
        let word = prefix(rest, |c| c.is_alphanumeric() || c == '_');
        return (Some(Token::Word(word)), word.len());
    }
    if first.is_ascii_digit() {
        let digits = prefix(rest, |c| c.is_ascii_alphanumeric() || c == '_');
        return (Some(number(digits).map_or(Token::Other(first), Token::Number)), digits.len());
    }
    if let Some(length) = tag(rest, first) {
        return (Some(Token::Tag), length);
    }
    match PUNCTUATION.into_iter().find(|p| rest.starts_with(p)) {
        Some(punct) => (Some(Token::Punct(punct)), punct.len()),
        None => (Some(Token::Other(first)), first.len_utf8()),
    }
}

/// Bytes of white space or of a comment at the start of `rest`.
fn separator(rest: &str, first: char) -> Option<usize> {
    if first.is_whitespace() {
        return Some(prefix(rest, char::is_whitespace).len());
    }
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    let comment = rest.strip_prefix("/*")?;
    comment.find("*/").map(|end| end + 4)
}

fn prefix(text: &str, belongs: impl Fn(char) -> bool) -> &str {
    let end = text.find(|c| !belongs(c)).unwrap_or(text.len());
    text.get(..end).unwrap_or("")
}

fn number(digits: &str) -> Option<u64> {
    let digits = digits.replace('_', "").to_ascii_lowercase();
    let radix = |prefix, radix| digits.strip_prefix(prefix).map(|rest| u64::from_str_radix(rest, radix).ok());
    radix("0x", 16).or_else(|| radix("0b", 2)).or_else(|| radix("0o", 8)).unwrap_or_else(|| digits.parse().ok())
}

/// Bytes of a struct tag, quotes included.
fn tag(rest: &str, quote: char) -> Option<usize> {
    if !matches!(quote, '"' | '`') {
        return None;
    }
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' if quote == '"' => escaped = true,
            c if c == quote => return Some(at + c.len_utf8()),
            _ => {}
        }
    }
    None
}

/// A complaint about a written signature.
pub(super) fn error(column: usize, reason: String) -> Error {
    Error::Syntax { what: "signature", column, reason }
}
