//! What a Go symbol's name says: package, receiver, method, closure, instantiation.
//!
//! `cmd/compile` builds the names (`ir.MethodSym`, `ir.ClosureName`, `typecheck.LookupNum`), `cmd/internal/objabi`
//! escapes the package path (`PathToPrefix`: dots behind the last slash become `%2e`). Type arguments are `[...]` in
//! the funcnametab of Go 1.18 to 1.20 and written out from 1.21.

use std::borrow::Cow;
use std::fmt;

/// What kind of function a name belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum NameKind {
    /// A function or method that somebody wrote, or the wrapper of one.
    #[default]
    Func,
    /// A function literal.
    Closure,
    /// The closure that `go f(x)` became.
    GoWrap,
    /// The closure that `defer f(x)` became.
    DeferWrap,
    /// The body of a range-over-func loop.
    RangeBody,
    /// The closure behind a method value `x.M`.
    MethodValue,
    /// `==` of a type.
    Eq,
    /// The hash of a type.
    Hash,
}

/// What a name says about type arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Instance {
    /// No type arguments.
    #[default]
    None,
    /// Type arguments that the name leaves out: shaped code or a wrapper of it.
    Elided,
    /// Shapes: code that takes a dictionary.
    Shaped,
    /// Types: a wrapper that passes a dictionary on.
    Concrete,
}

/// A name taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SymbolName<'a> {
    /// Import path with its dots restored; empty for assembly and C symbols and for `==` and hash functions.
    pub package: Cow<'a, str>,
    /// Receiver's type without star and package; of `==` and hash functions the type.
    pub receiver: Option<&'a str>,
    /// Whether the receiver is a pointer.
    pub pointer: bool,
    /// The function or method, without type arguments. Of a closure: the outermost function around it.
    pub name: &'a str,
    /// Type arguments as written between the brackets of function or receiver.
    pub type_args: Option<&'a str>,
    /// Of a closure: which one, such as `func1.2`.
    pub closure: &'a str,
    /// What it is.
    pub kind: NameKind,
    /// Whether the symbol table marks it as the stack-ABI side (`.abi0`).
    pub abi0: bool,
}

impl<'a> SymbolName<'a> {
    /// Takes `symbol` apart. Whatever cannot be told apart ends up in `name`.
    pub fn parse(symbol: &'a str) -> SymbolName<'a> {
        let (symbol, abi0) = symbol.strip_suffix(".abi0").map_or((symbol, false), |s| (s, true));
        if let Some(alg) = type_function(symbol) {
            return SymbolName { abi0, ..alg };
        }
        let Some((package, rest)) = split_package(symbol) else {
            return SymbolName { name: symbol, abi0, ..Default::default() };
        };
        let mut name = SymbolName { package: unescape(package), abi0, ..Default::default() };
        name.parse_rest(rest);
        name
    }

    /// Whether it is called with a closure context: literals, and what the compiler wraps in one.
    pub fn is_closure(&self) -> bool {
        !matches!(self.kind, NameKind::Func | NameKind::Eq | NameKind::Hash)
    }

    /// What the name says about type arguments.
    pub fn instance(&self) -> Instance {
        match self.type_args {
            None => Instance::None,
            Some("...") => Instance::Elided,
            Some(args) if args.contains("go.shape.") => Instance::Shaped,
            Some(_) => Instance::Concrete,
        }
    }

    /// Whether the code takes a dictionary, as far as the name tells.
    pub fn is_generic_shaped(&self) -> bool {
        self.instance() == Instance::Shaped
    }

    /// Whether it only passes a dictionary on to shaped code.
    pub fn is_generic_wrapper(&self) -> bool {
        self.instance() == Instance::Concrete && !self.is_closure()
    }

    fn parse_rest(&mut self, rest: &'a str) {
        let rest = match strip_any(rest, &["-fm", "·fm"]) {
            Some(method) => {
                self.kind = NameKind::MethodValue;
                method
            }
            None => rest,
        };
        let head = match closure_start(rest) {
            Some(at) => self.cut_closure(rest, at),
            None if rest.starts_with("func·") => self.cut_closure(rest, 0),
            None => rest,
        };
        self.parse_function(head);
    }

    /// Notes the closure part, which begins at `at`, and returns what is before it.
    fn cut_closure(&mut self, rest: &'a str, at: usize) -> &'a str {
        self.closure = rest.get(at..).unwrap_or_default();
        if self.kind == NameKind::Func {
            self.kind = self.closure.rsplit('.').next().and_then(closure_kind).unwrap_or(NameKind::Closure);
        }
        rest.get(..at.saturating_sub(1)).unwrap_or_default()
    }

    /// Receiver, function or method, and type arguments.
    fn parse_function(&mut self, head: &'a str) {
        let mut parts = segments(head);
        let Some(first) = parts.next() else { return };
        let mut rest = parts.peekable();
        let pointer = first.strip_prefix("(*").and_then(|s| s.strip_suffix(')'));
        let is_alone = rest.peek().is_none();
        let is_init = match first {
            // outlined initialisation of maps, Go 1.21
            "map" => rest.peek() == Some(&"init"),
            "init" => rest.all(|s| s.bytes().all(|b| b.is_ascii_digit())),
            _ => false,
        };
        if is_alone || is_init || first == "glob" {
            let (name, args) = split_args(head);
            (self.name, self.type_args) = (name, args);
            return;
        }
        let (receiver, args) = split_args(pointer.unwrap_or(first));
        (self.receiver, self.pointer, self.type_args) = (Some(receiver), pointer.is_some(), args);
        self.name = head.get(first.len() + 1..).unwrap_or_default();
    }
}

/// One line with all that is known; what is absent is left out.
impl fmt::Display for SymbolName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.kind)?;
        let star = if self.pointer { "*" } else { "" };
        let receiver = self.receiver.map(|r| format!("{star}{r}")).unwrap_or_default();
        let parts = [("pkg", &*self.package), ("recv", &receiver), ("name", self.name), ("closure", self.closure)];
        for (what, text) in parts.iter().filter(|p| !p.1.is_empty()) {
            write!(f, " {what}={text}")?;
        }
        match self.instance() {
            Instance::None => {}
            instance => write!(f, " {instance:?}[{}]", self.type_args.unwrap_or_default())?,
        }
        if self.abi0 { write!(f, " abi0") } else { Ok(()) }
    }
}

/// `type:.eq.T` and `type:.hash.T`; up to Go 1.19 `type..eq.T`.
fn type_function(symbol: &str) -> Option<SymbolName<'_>> {
    let rest = symbol.strip_prefix("type:.").or_else(|| symbol.strip_prefix("type.."))?;
    let (kind, ty) = match (rest.strip_prefix("eq."), rest.strip_prefix("hash.")) {
        (Some(ty), _) => (NameKind::Eq, ty),
        (_, Some(ty)) => (NameKind::Hash, ty),
        _ => return None,
    };
    let name = if kind == NameKind::Eq { "eq" } else { "hash" };
    Some(SymbolName { receiver: Some(ty), name, kind, ..Default::default() })
}

/// The escaped package path and what follows its dot. Methods of unnamed structs are in package `go`.
pub fn split_package(symbol: &str) -> Option<(&str, &str)> {
    for prefix in ["go:", "go."] {
        let rest = symbol.strip_prefix(prefix);
        if let Some(rest) = rest.filter(|r| r.starts_with("(*struct {") || r.starts_with("struct {")) {
            return Some(("go", rest));
        }
    }
    let bytes = symbol.as_bytes();
    let end = memchr::memchr3(b'(', b'[', b'{', bytes).unwrap_or(bytes.len());
    let plain = &symbol[..memchr::memchr(b' ', &bytes[..end]).unwrap_or(end)];
    let element = plain.rfind('/').map_or(0, |slash| slash + 1);
    let dot = element + plain[element..].find('.')?;
    (dot > 0).then(|| (&symbol[..dot], &symbol[dot + 1..]))
}

/// The import path of a symbol's package, and what follows its dot.
pub fn split_package_path(symbol: &str) -> Option<(Cow<'_, str>, &str)> {
    split_package(symbol).map(|(package, rest)| (unescape(package), rest))
}

/// Undoes `objabi.PathToPrefix`.
pub fn unescape(path: &str) -> Cow<'_, str> {
    if !path.contains('%') {
        return Cow::Borrowed(path);
    }
    let mut out: Vec<u8> = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|h| std::str::from_utf8(h).ok()).and_then(|h| u8::from_str_radix(h, 16).ok());
        match hex.filter(|_| *byte == b'%') {
            Some(escaped) => {
                out.push(escaped);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                out.push(*byte);
                rest = after;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}

/// The parts between dots that are not inside brackets.
fn segments(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0usize;
    let mut dots = text.bytes().enumerate().filter_map(move |(at, byte)| {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        (byte == b'.' && depth == 0).then_some(at)
    });
    let mut start = Some(0);
    std::iter::from_fn(move || {
        let from = start?;
        let end = dots.next();
        start = end.map(|end| end + 1);
        text.get(from..end.unwrap_or(text.len()))
    })
}

/// Where a closure's part of a name begins: at a segment such as `func1`, or behind the dash of `F-range1`.
fn closure_start(rest: &str) -> Option<usize> {
    // Most names have none, and that is seen at once.
    if !rest.bytes().any(|b| b.is_ascii_digit() || b == b'-') {
        return None;
    }
    let mut at = 0;
    for (i, segment) in segments(rest).enumerate() {
        let (base, _) = cut_range(segment);
        let starts = matches!(closure_kind(base), Some(kind) if kind != NameKind::RangeBody);
        if i > 0 && !is_number(base) && starts {
            return Some(at);
        }
        if base.len() < segment.len() {
            return Some(at + base.len() + 1);
        }
        at += segment.len() + 1;
    }
    None
}

/// What a segment of a closure's part says: `func1`, `gowrap2`, `deferwrap1`, `2`, `range1`, `func1-range3`.
fn closure_kind(segment: &str) -> Option<NameKind> {
    let (base, in_range) = cut_range(segment);
    let numbered = |prefix| base.strip_prefix(prefix).is_some_and(is_number);
    match () {
        () if in_range || numbered("range") => Some(NameKind::RangeBody),
        () if numbered("func") || is_number(base) => Some(NameKind::Closure),
        () if numbered("gowrap") => Some(NameKind::GoWrap),
        () if numbered("deferwrap") => Some(NameKind::DeferWrap),
        () => None,
    }
}

/// What is before `-range`, and whether that is there. Few names have a dash, and a byte is found faster than a word.
fn cut_range(segment: &str) -> (&str, bool) {
    let cut = if segment.contains('-') { segment.split_once("-range") } else { None };
    cut.map_or((segment, false), |(base, _)| (base, true))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// A name and the type arguments in its brackets.
fn split_args(text: &str) -> (&str, Option<&str>) {
    let open = text.find('[').filter(|_| !text.starts_with("struct {"));
    let inner = open.and_then(|at| text.get(at + 1..)).and_then(|s| s.strip_suffix(']'));
    match (open, inner) {
        (Some(at), Some(args)) => (&text[..at], Some(args)),
        _ => (text, None),
    }
}

fn strip_any<'a>(text: &'a str, suffixes: &[&str]) -> Option<&'a str> {
    suffixes.iter().find_map(|s| text.strip_suffix(s))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_apart() {
        let table = [
            ("main.main", "Func pkg=main name=main"),
            ("main.T.M", "Func pkg=main recv=T name=M"),
            ("net/http.(*Server).Serve", "Func pkg=net/http recv=*Server name=Serve"),
            ("gopkg.in/yaml%2ev3.(*decoder).init", "Func pkg=gopkg.in/yaml.v3 recv=*decoder name=init"),
            ("a%25b/c%2e.F", "Func pkg=a%b/c. name=F"),
            ("main.main.func1", "Closure pkg=main name=main closure=func1"),
            ("main.main.func1.2", "Closure pkg=main name=main closure=func1.2"),
            ("main.(*T).M.func1", "Closure pkg=main recv=*T name=M closure=func1"),
            ("main.(*T).M-fm", "MethodValue pkg=main recv=*T name=M"),
            ("main.T.M-fm", "MethodValue pkg=main recv=T name=M"),
            ("main.main.gowrap1", "GoWrap pkg=main name=main closure=gowrap1"),
            ("main.main.func2.deferwrap1", "DeferWrap pkg=main name=main closure=func2.deferwrap1"),
            ("main.glob..func1", "Closure pkg=main name=glob. closure=func1"),
            ("main.init.0", "Func pkg=main name=init.0"),
            ("main.init.0.func1", "Closure pkg=main name=init.0 closure=func1"),
            ("main.map.init.0", "Func pkg=main name=map.init.0"),
            ("main.init.func1", "Closure pkg=main name=init closure=func1"),
            ("main.F-range1", "RangeBody pkg=main name=F closure=range1"),
            ("main.F.func1-range2", "RangeBody pkg=main name=F closure=func1-range2"),
            ("main.(*T).M-range1", "RangeBody pkg=main recv=*T name=M closure=range1"),
            ("main.F-range1.func2", "Closure pkg=main name=F closure=range1.func2"),
            ("main.F[...]", "Func pkg=main name=F Elided[...]"),
            ("main.F[go.shape.int]", "Func pkg=main name=F Shaped[go.shape.int]"),
            (
                "main.F[go.shape.[]a/b.T,int].func1",
                "Closure pkg=main name=F closure=func1 Shaped[go.shape.[]a/b.T,int]",
            ),
            ("main.(*G[int]).M", "Func pkg=main recv=*G name=M Concrete[int]"),
            ("main.(*G[go.shape.func(a.B) c/d.E]).M", "Func pkg=main recv=*G name=M Shaped[go.shape.func(a.B) c/d.E]"),
            ("main.G[...].M.func3", "Closure pkg=main recv=G name=M closure=func3 Elided[...]"),
            ("type:.eq.main.T", "Eq recv=main.T name=eq"),
            ("type..hash.struct { a int; b string }", "Hash recv=struct { a int; b string } name=hash"),
            ("go:(*struct { sync.Mutex; a.T }).Lock", "Func pkg=go recv=*struct { sync.Mutex; a.T } name=Lock"),
            ("go.struct { *a/b.T }.Get", "Func pkg=go recv=struct { *a/b.T } name=Get"),
            ("go.uber.org/zap.New", "Func pkg=go.uber.org/zap name=New"),
            ("runtime.memmove.abi0", "Func pkg=runtime name=memmove abi0"),
            ("_rt0_amd64_linux", "Func name=_rt0_amd64_linux"),
            ("main.func·001", "Closure pkg=main closure=func·001"),
            ("", "Func"),
        ];
        for (symbol, expected) in table {
            assert_eq!(SymbolName::parse(symbol).to_string(), expected, "{symbol}");
        }
    }

    #[test]
    fn what_takes_a_dictionary_or_a_context() {
        let is = |s: &str| {
            let n = SymbolName::parse(s);
            (n.is_closure(), n.is_generic_shaped(), n.is_generic_wrapper())
        };
        assert_eq!(is("main.F[go.shape.int]"), (false, true, false));
        assert_eq!(is("main.F[go.shape.int].func1"), (true, true, false));
        assert_eq!(is("main.(*G[int]).M"), (false, false, true));
        assert_eq!(is("main.F[...]"), (false, false, false));
        assert_eq!(is("main.(*T).M-fm"), (true, false, false));
    }

    proptest::proptest! {
        #[test]
        fn no_name_makes_it_panic(name in r"[a-z.()\[\]*{} /%0-9\-:·]{0,40}") {
            let _ = SymbolName::parse(&name).to_string();
        }
    }
}
