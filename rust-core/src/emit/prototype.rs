//! Go-style prototypes: `func (s *Server) handle(w io.Writer, name string, n int8) (int, error)`.
//!
//! Types are written as in the function's own package: import paths are cut to the package name, and the package
//! itself is left out. What has no type is written by what is known of its parts: `word` is a pointer or an integer of
//! the machine's word size, `word8` … `word64` are integers or bools of that many bits, `vec128` is a vector; several parts
//! are `struct{word; int64}`, many equal ones `struct{word×12}`. `?` stands for a side that is not known.

use std::borrow::Cow;
use std::fmt::Write;

use crate::arch::Arch;
use crate::report::{Confidence, Function, Piece, Role, Scalar, Type, Value};

use super::names;
use super::text::escape;

/// Characters of one name; longer ones are cut.
const MAX_NAME: usize = 120;
/// Equal parts in a row that are written out; more are counted.
const LONGEST_RUN: usize = 4;
/// How names begin of functions that the linker and the compiler make: with `.` up to Go 1.19, with `:` after.
const MADE: [&str; 4] = ["type:", "go:", "type..", "go.."];

/// Writes prototypes.
pub(crate) struct Prototypes {
    /// Go names of the report's types, without paths and escaped.
    types: Vec<String>,
    arch: Arch,
}

impl Prototypes {
    pub(crate) fn new(types: &[Type], arch: Arch) -> Prototypes {
        let short = |ty: &Type| escape(&names::strip_paths(&ty.go_name)).into_owned();
        Prototypes { types: types.iter().map(short).collect(), arch }
    }

    /// Writes the prototype of a function to `out` alone.
    pub(crate) fn write<'t>(&self, f: &Function, out: &'t mut String) -> &'t str {
        let package = package_name(f);
        out.clear();
        let mut writer = Writer { types: &self.types, arch: self.arch, package: &package, out: &mut *out };
        writer.out.push_str("func ");
        let known = f.confidence.params > Confidence::Unknown;
        let receiver = f.params.first().filter(|value| known && value.role == Some(Role::Receiver));
        match receiver {
            Some(value) => {
                writer.out.push('(');
                writer.param(0, value);
                let _ = write!(writer.out, ") {}(", escape(method_name(&f.name)));
            }
            None => {
                let _ = write!(writer.out, "{}(", cut(escape(&own_name(f, &package))));
            }
        }
        if known {
            let first = usize::from(receiver.is_some());
            writer.list(f.params.iter().enumerate().skip(first), |writer, (n, value)| writer.param(n, value));
        } else {
            writer.out.push('?');
        }
        writer.out.push(')');
        writer.results(f);
        out
    }
}

struct Writer<'a> {
    types: &'a [String],
    arch: Arch,
    package: &'a str,
    out: &'a mut String,
}

impl Writer<'_> {
    /// Writes items with commas between them.
    fn list<T>(&mut self, items: impl Iterator<Item = T>, mut write: impl FnMut(&mut Self, T)) {
        for (n, item) in items.enumerate() {
            self.out.push_str(if n == 0 { "" } else { ", " });
            write(self, item);
        }
    }

    fn param(&mut self, index: usize, value: &Value) {
        let _ = match (value.role, &*value.name) {
            (Some(Role::Dict), _) => write!(self.out, "dict "),
            (_, "") => write!(self.out, "a{} ", index + 1),
            (_, name) => write!(self.out, "{} ", escape(name)),
        };
        self.value(value);
    }

    fn results(&mut self, f: &Function) {
        if f.confidence.results == Confidence::Unknown {
            return self.out.push_str(" ?");
        }
        let named = f.results.iter().any(|value| !is_anonymous(&value.name));
        match &f.results[..] {
            [] => {}
            [only] if !named => {
                self.out.push(' ');
                self.value(only);
            }
            all => {
                self.out.push_str(" (");
                self.list(all.iter(), |writer, value| writer.result(value, named));
                self.out.push(')');
            }
        }
    }

    fn result(&mut self, value: &Value, named: bool) {
        if named {
            let name = if is_anonymous(&value.name) { "_" } else { &value.name };
            let _ = write!(self.out, "{} ", escape(name));
        }
        self.value(value);
    }

    fn value(&mut self, value: &Value) {
        match value.ty.and_then(|id| self.types.get(id as usize)) {
            Some(name) if !name.is_empty() => self.out.push_str(&cut(without_package(name, self.package))),
            _ => self.untyped(value),
        }
    }

    fn untyped(&mut self, value: &Value) {
        match &value.pieces[..] {
            [] if value.size == 0 => self.out.push_str("struct{}"),
            [] => {
                let _ = write!(self.out, "[{}]byte", value.size);
            }
            [one] if one.size == value.size => self.piece(one),
            pieces => {
                self.out.push_str("struct{");
                self.pieces(pieces);
                self.out.push('}');
            }
        }
    }

    /// The pieces' words, a run of equal ones as `word×3`.
    fn pieces(&mut self, pieces: &[Piece]) {
        let same = |a: &Piece, b: &Piece| (a.kind, a.size) == (b.kind, b.size);
        for (n, run) in pieces.chunk_by(same).enumerate() {
            self.out.push_str(if n == 0 { "" } else { "; " });
            match run {
                [piece] => self.piece(piece),
                [piece, rest @ ..] if run.len() > LONGEST_RUN => {
                    self.piece(piece);
                    let _ = write!(self.out, "×{}", rest.len() + 1);
                }
                _ => {
                    for (n, piece) in run.iter().enumerate() {
                        self.out.push_str(if n == 0 { "" } else { "; " });
                        self.piece(piece);
                    }
                }
            }
        }
    }

    fn piece(&mut self, piece: &Piece) {
        let bits = 8 * u64::from(piece.size);
        let _ = match (piece.kind, piece.size) {
            (Scalar::Ptr, _) => write!(self.out, "unsafe.Pointer"),
            (Scalar::Bool, 1) => write!(self.out, "bool"),
            (Scalar::Float, 4 | 8) => write!(self.out, "float{bits}"),
            (Scalar::Vector, _) => write!(self.out, "vec{bits}"),
            (Scalar::Int, 1 | 2 | 4 | 8) => write!(self.out, "int{bits}"),
            (Scalar::Uint, 1 | 2 | 4 | 8) => write!(self.out, "uint{bits}"),
            (_, size) if size == self.arch.ptr_size() => write!(self.out, "word"),
            (_, 1 | 2 | 4 | 8) => write!(self.out, "word{bits}"),
            (_, size) => write!(self.out, "[{size}]byte"),
        };
    }
}

/// Cuts a name that is too long to read.
fn cut(text: Cow<'_, str>) -> Cow<'_, str> {
    match text.char_indices().nth(MAX_NAME) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => text,
    }
}

/// Whether the compiler made the name up (`~r0`), or there is none.
fn is_anonymous(name: &str) -> bool {
    name.is_empty() || name == "_" || name.starts_with('~')
}

/// Last element of the package path.
fn package_name(f: &Function) -> String {
    let dotted = names::strip_paths(&format!("{}.", f.package));
    dotted.trim_end_matches('.').to_string()
}

/// The function's name within its package, or a name for its address.
fn own_name(f: &Function, package: &str) -> String {
    let made = MADE.iter().any(|start| f.name.starts_with(start));
    let short = if f.package.is_empty() || made { None } else { f.name.strip_prefix(&*f.package) };
    match short.and_then(|rest| rest.strip_prefix('.')) {
        Some(name) if !name.is_empty() => names::strip_paths(name),
        _ if f.name.is_empty() => format!("sub_{:x}", f.entry.0),
        // What the linker and the compiler make is named after a type: `type:.eq.internal/abi.Type`.
        _ if made => f.name.clone(),
        _ => without_package(&names::strip_paths(&f.name), package).into_owned(),
    }
}

/// `M` of `pkg.(*T[go.shape.int]).M`.
fn method_name(name: &str) -> &str {
    let mut depth = 0usize;
    for (at, c) in name.char_indices().rev() {
        match c {
            ']' | ')' => depth += 1,
            '[' | '(' => depth = depth.saturating_sub(1),
            '.' if depth == 0 => return &name[at + 1..],
            _ => {}
        }
    }
    name
}

/// Takes `package.` from the front of every name in a Go text.
fn without_package<'t>(text: &'t str, package: &str) -> Cow<'t, str> {
    if package.is_empty() || !text.contains(package) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(package) {
        let (before, found) = rest.split_at(at);
        let after = &found[package.len()..];
        let starts_word = !before.chars().next_back().or(out.chars().next_back()).is_some_and(is_name_char);
        out.push_str(before);
        match after.strip_prefix('.').filter(|_| starts_word) {
            Some(after) => rest = after,
            None => {
                out.push_str(package);
                rest = after;
            }
        }
    }
    Cow::Owned(out + rest)
}

fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '.'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_package_is_left_out() {
        assert_eq!(without_package("map[main.K]*xmain.V", "main"), "map[K]*xmain.V");
        assert_eq!(without_package("func(main.A, *main.B)", "main"), "func(A, *B)");
        assert_eq!(without_package("maintain.T", "main"), "maintain.T");
    }

    #[test]
    fn methods() {
        assert_eq!(method_name("main.(*List[go.shape.int]).Push"), "Push");
        assert_eq!(method_name("net/http.Header.Get"), "Get");
    }
}
