//! Go-style prototypes: `func (s *Server) handle(w io.Writer, name string, n int8) (int, error)`.
//!
//! Types are written as in the function's own package: import paths are cut to the package name, and the package
//! itself is left out. What has no type is written by what is known of its parts: `word` is a pointer or an integer of
//! the machine's word size, `word8` … `word64` are integers or bools of that many bits, `vec128` is a vector; several parts
//! are `struct{word; int64}`. `?` stands for a side that is not known.

use std::fmt::Write;

use crate::arch::Arch;
use crate::report::{Confidence, Function, Piece, Role, Scalar, Type, Value};

use super::names;
use super::text::escape;

/// Characters of one name; longer ones are cut.
const MAX_NAME: usize = 120;

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

    /// The prototype of a function.
    pub(crate) fn of(&self, f: &Function) -> String {
        let package = package_name(f);
        let writer = Writer { types: &self.types, arch: self.arch, package: &package };
        let known = f.confidence.params > Confidence::Unknown;
        let mut params: Vec<(usize, &Value)> = f.params.iter().enumerate().collect();
        let mut text = String::from("func ");
        let receiver = params.first().filter(|(_, value)| known && value.role == Some(Role::Receiver));
        match receiver.copied() {
            Some((_, value)) => {
                params.remove(0);
                let _ = write!(text, "({}) {}", writer.named(0, value), escape(method_name(&f.name)));
            }
            None => text.push_str(&cut(escape(&own_name(f, &package)).into_owned())),
        }
        let list: Vec<String> = params.into_iter().map(|(n, value)| writer.named(n, value)).collect();
        let _ = write!(text, "({})", if known { list.join(", ") } else { "?".into() });
        text.push_str(&writer.results(f));
        text
    }
}

struct Writer<'a> {
    types: &'a [String],
    arch: Arch,
    package: &'a str,
}

impl Writer<'_> {
    fn named(&self, index: usize, value: &Value) -> String {
        let name = match (value.role, value.name.as_str()) {
            (Some(Role::Dict), _) => "dict".to_string(),
            (_, "") => format!("a{}", index + 1),
            (_, name) => escape(name).into_owned(),
        };
        format!("{name} {}", self.value(value))
    }

    fn results(&self, f: &Function) -> String {
        if f.confidence.results == Confidence::Unknown {
            return " ?".into();
        }
        let named = f.results.iter().any(|value| !is_anonymous(&value.name));
        let one = |value: &Value| match value.name.as_str() {
            name if named && is_anonymous(name) => format!("_ {}", self.value(value)),
            name if named => format!("{} {}", escape(name), self.value(value)),
            _ => self.value(value),
        };
        let list: Vec<String> = f.results.iter().map(one).collect();
        match &list[..] {
            [] => String::new(),
            [only] if !named => format!(" {only}"),
            _ => format!(" ({})", list.join(", ")),
        }
    }

    fn value(&self, value: &Value) -> String {
        match value.ty.and_then(|id| self.types.get(id as usize)) {
            Some(name) if !name.is_empty() => self.go_type(name),
            _ => self.untyped(value),
        }
    }

    fn go_type(&self, name: &str) -> String {
        cut(without_package(name, self.package))
    }

    fn untyped(&self, value: &Value) -> String {
        let parts: Vec<String> = value.pieces.iter().map(|piece| self.piece(piece)).collect();
        match &parts[..] {
            [] if value.size == 0 => "struct{}".into(),
            [] => format!("[{}]byte", value.size),
            [one] if value.pieces[0].size == value.size => one.clone(),
            _ => format!("struct{{{}}}", parts.join("; ")),
        }
    }

    fn piece(&self, piece: &Piece) -> String {
        let bits = 8 * u64::from(piece.size);
        match (piece.kind, piece.size) {
            (Scalar::Ptr, _) => "unsafe.Pointer".into(),
            (Scalar::Bool, 1) => "bool".into(),
            (Scalar::Float, 4 | 8) => format!("float{bits}"),
            (Scalar::Vector, _) => format!("vec{bits}"),
            (Scalar::Int, 1 | 2 | 4 | 8) => format!("int{bits}"),
            (Scalar::Uint, 1 | 2 | 4 | 8) => format!("uint{bits}"),
            (_, size) if size == self.arch.ptr_size() => "word".into(),
            (_, 1 | 2 | 4 | 8) => format!("word{bits}"),
            (_, size) => format!("[{size}]byte"),
        }
    }
}

/// Cuts a name that is too long to read.
fn cut(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(MAX_NAME) {
        text.truncate(end);
        text.push('…');
    }
    text
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
    let made = f.name.starts_with("type:") || f.name.starts_with("go:");
    let short = if f.package.is_empty() || made { None } else { f.name.strip_prefix(&f.package) };
    match short.and_then(|rest| rest.strip_prefix('.')) {
        Some(name) if !name.is_empty() => names::strip_paths(name),
        _ if f.name.is_empty() => format!("sub_{:x}", f.entry.0),
        // What the linker and the compiler make is named after a type: `type:.eq.internal/abi.Type`.
        _ if made => f.name.clone(),
        _ => without_package(&names::strip_paths(&f.name), package),
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
fn without_package(text: &str, package: &str) -> String {
    if package.is_empty() || !text.contains(package) {
        return text.to_string();
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
    out + rest
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
