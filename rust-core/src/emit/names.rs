//! C identifiers from Go names, which may be obfuscated, hostile, or thousands of characters long.

use foldhash::{HashMap, HashSet};

use crate::abi::registers;
use crate::arch::Arch;

/// Characters of an identifier; longer ones end in a hash of what was cut.
const MAX_IDENT: usize = 64;

/// Words of C and C++ that a parser may know in either mode, and words of IDA without leading underscores.
const KEYWORDS: &[&str] = &[
    "alignas",
    "alignof",
    "and",
    "asm",
    "auto",
    "bool",
    "break",
    "case",
    "catch",
    "char",
    "class",
    "concept",
    "const",
    "constexpr",
    "continue",
    "decltype",
    "default",
    "delete",
    "do",
    "double",
    "else",
    "enum",
    "explicit",
    "export",
    "extern",
    "false",
    "float",
    "for",
    "friend",
    "goto",
    "if",
    "inline",
    "int",
    "long",
    "mutable",
    "namespace",
    "new",
    "noexcept",
    "not",
    "nullptr",
    "operator",
    "or",
    "private",
    "protected",
    "public",
    "register",
    "requires",
    "restrict",
    "return",
    "short",
    "signed",
    "sizeof",
    "static",
    "struct",
    "switch",
    "template",
    "this",
    "throw",
    "true",
    "try",
    "typedef",
    "typeid",
    "typename",
    "typeof",
    "union",
    "unsigned",
    "using",
    "virtual",
    "void",
    "volatile",
    "wchar_t",
    "while",
    "xor",
    "near",
    "far",
    "cdecl",
    "pascal",
    "stdcall",
    "fastcall",
    "interrupt",
    "NULL",
    "BOOL",
    "BYTE",
    "WORD",
    "DWORD",
    "QWORD",
];

/// Identifiers that are in use, within one scope.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    taken: HashSet<String>,
    next: HashMap<String, u32>,
}

impl Scope {
    /// Marks a name as used.
    pub(crate) fn reserve(&mut self, name: &str) {
        self.taken.insert(name.to_string());
    }

    /// Whether a name is used.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.taken.contains(name)
    }

    /// `base`, or `base_2`, `base_3`, … when that is taken.
    pub(crate) fn unique(&mut self, base: String) -> String {
        if self.taken.insert(base.clone()) {
            return base;
        }
        let next = self.next.entry(base.clone()).or_insert(1);
        loop {
            *next += 1;
            let name = format!("{base}_{next}");
            if self.taken.insert(name.clone()) {
                return name;
            }
        }
    }
}

/// Names that no parameter may have: those of registers, of all sizes.
pub(crate) fn register_names(arch: Arch) -> HashSet<String> {
    let sizes = [1, 2, 4, 8, 16];
    let parts = |reg| sizes.into_iter().map(move |size| registers::sub_register(arch, reg, size));
    let segments = ["cs", "ds", "es", "fs", "gs", "ss", "ah", "bh", "ch", "dh", "ip", "eip", "rip", "pc", "lr", "st"];
    registers::all_regs(arch).flat_map(parts).chain(segments.map(String::from)).collect()
}

/// Whether a word means something to a C or C++ parser.
pub(crate) fn is_keyword(name: &str) -> bool {
    KEYWORDS.contains(&name)
}

/// An identifier for a parameter, field or result; empty when the Go name says nothing (`""`, `_`).
pub(crate) fn member_ident(go_name: &str) -> String {
    let ident = shorten(clean(go_name));
    if is_keyword(&ident) { format!("{ident}_") } else { ident }
}

/// An identifier for a type: `net/http.Request` is `http_Request`, and whatever has no package starts with `go_`.
pub(crate) fn type_ident(go_name: &str) -> String {
    spell_type(&strip_paths(go_name))
}

/// The same with whole import paths, for when two packages have one name: `internal_runtime_atomic_Uint32`.
pub(crate) fn long_type_ident(go_name: &str) -> String {
    spell_type(go_name)
}

fn spell_type(short: &str) -> String {
    let mut text = String::with_capacity(short.len() + 8);
    let mut rest = short;
    while let Some(first) = rest.chars().next() {
        match spelled(rest) {
            Some((word, used)) => {
                text.push_str(word);
                rest = &rest[used..];
            }
            None => {
                // `[4]` opens an array, any other bracket is a type argument or a map.
                let counted = first == '[' && rest[1..].starts_with(|c: char| c.is_ascii_digit());
                text.push_str(if counted { "array_" } else { "" });
                text.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    let ident = clean(&text);
    let composite = ["*", "[", "map[", "chan ", "<-", "func(", "struct", "interface"];
    let unqualified = !short.contains('.') || composite.iter().any(|start| short.starts_with(start));
    shorten(if unqualified || ident.is_empty() { format!("go_{ident}") } else { ident })
}

/// What Go's punctuation is called in an identifier, and how much of it was read.
fn spelled(rest: &str) -> Option<(&'static str, usize)> {
    const WORDS: [(&str, &str); 5] =
        [("[]", "slice_"), ("*", "ptr_"), ("<-chan ", "recv_"), ("chan<- ", "send_"), ("...", "")];
    WORDS.iter().find(|(go, _)| rest.starts_with(go)).map(|(go, word)| (*word, go.len()))
}

/// Go text with every import path cut to its last element: `map[string]*net/http.Request` to `map[string]*http.Request`.
/// A major version (`/v2`) is no name; the element before it is.
pub(crate) fn strip_paths(go_text: &str) -> String {
    let mut out = String::with_capacity(go_text.len());
    let mut word = 0; // where the present path element starts in `out`
    let mut before = None; // the element before it, when a '/' ended it
    for c in go_text.chars() {
        match c {
            '/' => {
                let element = out.split_off(word);
                before = Some(element);
                continue;
            }
            '.' => {
                let version = out[word..].strip_prefix('v').is_some_and(|n| !n.is_empty() && is_number(n));
                if let Some(name) = before.take().filter(|_| version) {
                    out.truncate(word);
                    out.push_str(&name);
                }
            }
            c if !(c.is_alphanumeric() || "_-%~@".contains(c)) => {
                out.push(c);
                word = out.len();
                before = None;
                continue;
            }
            _ => {}
        }
        out.push(c);
    }
    out
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// Letters, digits and single underscores; other letters by their code point.
fn clean(text: &str) -> String {
    let mut ident = String::with_capacity(text.len());
    for c in text.chars().take(4 * MAX_IDENT + 1) {
        if c.is_ascii_alphanumeric() {
            ident.push(c);
        } else if c.is_alphanumeric() {
            ident.push_str(&format!("u{:04x}", c as u32));
        } else if !ident.ends_with('_') && !ident.is_empty() {
            ident.push('_');
        }
    }
    ident.truncate(ident.trim_end_matches('_').len());
    if ident.starts_with(|c: char| c.is_ascii_digit()) { format!("n{ident}") } else { ident }
}

/// Cuts an identifier that is too long and adds a hash of the whole.
pub(crate) fn shorten(ident: String) -> String {
    if ident.len() <= MAX_IDENT {
        return ident;
    }
    format!("{}_{:08x}", &ident[..MAX_IDENT - 9], fnv(&ident))
}

/// 32-bit FNV-1a: stable between runs and versions.
fn fnv(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_idents() {
        for (go, c) in [
            ("net/http.Request", "http_Request"),
            ("*net/http.Request", "go_ptr_http_Request"),
            ("[]uint8", "go_slice_uint8"),
            ("map[string]*gopkg.in/x/y/v2.Node", "go_map_string_ptr_y_Node"),
            ("error", "go_error"),
            ("[4]uint8", "go_array_4_uint8"),
            ("main.List[int]", "main_List_int"),
            ("struct { F uintptr; x int }", "go_struct_F_uintptr_x_int"),
            ("main.é", "main_u00e9"),
            ("", "go_"),
            ("a*/ b", "go_aptr_b"),
        ] {
            assert_eq!(type_ident(go), c, "{go}");
        }
    }

    #[test]
    fn long_names_stay_apart() {
        let one = type_ident(&format!("main.{}A", "x".repeat(5000)));
        assert!(one.len() <= MAX_IDENT && one.is_ascii());
        let (two, three) = (type_ident(&"y".repeat(90)), type_ident(&format!("{}z", "y".repeat(90))));
        assert_ne!(two, three);
    }

    #[test]
    fn members() {
        assert_eq!(member_ident("_"), "");
        assert_eq!(member_ident("int"), "int_");
        assert_eq!(member_ident("~r0"), "r0");
        assert_eq!(member_ident("9lives"), "n9lives");
    }

    #[test]
    fn scopes_are_unique() {
        let mut scope = Scope::default();
        let names: Vec<String> = ["a", "a", "a_2", "a"].iter().map(|n| scope.unique(n.to_string())).collect();
        assert_eq!(names, ["a", "a_2", "a_2_2", "a_3"]);
    }
}
