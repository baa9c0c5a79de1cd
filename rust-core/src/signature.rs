//! Go signatures as people write them: text in, types and a [`Signature`] out.
//!
//! ```text
//! input     = { "type" name type ";" } [ "func" ] [ "(" receiver ")" ] [ name ] parameters [ results ] [ "{" … ]
//! name      = identifier { "." identifier }
//! ```
//!
//! Types are those of Go, without type parameters. A named type must be predeclared, well known (`io.Reader`), in the
//! given [`Types`] already, or declared in front; behind a pointer any name will do.

pub(crate) mod build;
mod cursor;
mod grammar;
mod known;
mod lexer;
pub mod pack;
mod types;

use crate::Result;
use crate::arch::Arch;
use crate::limits::MAX_SIGNATURE_TEXT;
use crate::types::{Signature, Types};

/// A signature that was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Written {
    /// The function's name as written, without receiver; may be empty.
    pub name: String,
    /// Its receiver, parameters and results; the types are in the [`Types`] that were given.
    pub signature: Signature,
}

/// Reads a signature, adding its types to `types` with the sizes that they have on `arch`.
///
/// # Errors
///
/// [`Error::Syntax`](crate::Error::Syntax) with the 1-based column in `text`, counted in characters.
pub fn parse(text: &str, arch: Arch, types: &mut Types) -> Result<Written> {
    if text.len() > MAX_SIGNATURE_TEXT {
        return Err(lexer::error(1, format!("more than {MAX_SIGNATURE_TEXT} bytes")));
    }
    let tokens = lexer::tokens(text);
    grammar::Parser::new(&tokens, 0, build::Builder { types, arch }).input()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `name: type/size/align, …` of receiver and parameters, then of the results.
    fn read(text: &str, arch: Arch) -> String {
        let mut types = Types::default();
        let written = match parse(text, arch, &mut types) {
            Ok(written) => written,
            Err(error) => return error.to_string(),
        };
        let side = |params: &[crate::types::Param]| {
            let each = params.iter().map(|p| {
                let ty = types.get(p.ty).expect("a type of this table");
                format!("{} {}/{}/{}", p.name, ty.name, ty.size, ty.align)
            });
            each.collect::<Vec<_>>().join(", ")
        };
        let signature = &written.signature;
        format!("{}({}) ({})", written.name, side(&signature.params), side(&signature.results))
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(read(text, Arch::Amd64), expected, "{text}");
    }

    #[test]
    fn names_group_or_are_missing() {
        check("func f(a, b int, c string) bool", "f(a int/8/8, b int/8/8, c string/16/8) ( bool/1/1)");
        check("(int, string)", "( int/8/8,  string/16/8) ()");
        check("f(int, *T) (n int, err error)", "f( int/8/8,  *T/8/8) (n int/8/8, err error/16/8)");
        check("f(a []int, b [3]uint16)", "f(a []int/24/8, b [3]uint16/6/2) ()");
        check("f(_ byte, _, x rune)", "f(_ uint8/1/1, _ int32/4/4, x int32/4/4) ()");
        check("f(a int, b ...string)", "f(a int/8/8, b []string/24/8) ()");
        check("f(...any)", "f( []any/24/8) ()");
        check("func()", "() ()");
        check("main.f(x io.Reader) { return x.y + 1.5 }", "main.f(x io.Reader/16/8) ()");
    }

    #[test]
    fn receivers_come_first() {
        check("func (s *Server) handle(n int8)", "handle(s *Server/8/8, n int8/1/1) ()");
        check("func (*Server) handle() (int)", "handle( *Server/8/8) ( int/8/8)");
        let mut types = Types::default();
        let written = parse("func (t *T) m(a int)", Arch::Amd64, &mut types).expect("a method");
        assert_eq!(written.signature.params[0].role, Some(crate::types::Role::Receiver));
        assert_eq!(written.signature.params[1].role, None);
        check("func (a int) (b int)", "(a int/8/8) (b int/8/8)");
    }

    #[test]
    fn types_have_the_compilers_sizes() {
        check("f(struct{a int8; b int64; c int8})", "f( struct { a int8; b int64; c int8 }/24/8) ()");
        check("f(struct{a int32; b struct{}})", "f( struct { a int32; b struct {} }/8/4) ()");
        check("f(struct{b struct{}; a int32})", "f( struct { b struct {}; a int32 }/4/4) ()");
        check("f(struct{ a, b int8; error; *T })", "f( struct { a int8; b int8; error error; T *T }/32/8) ()");
        check(
            "f(map[string]chan<- func(int, ...string) (bool, error))",
            "f( map[string]chan<- func(int, ...string) (bool, error)/8/8) ()",
        );
        check(
            "f(interface{ Write(p []byte) (int, error); Close() error })",
            "f( interface { Close() error; Write([]uint8) (int, error) }/16/8) ()",
        );
        check(
            "f(time.Time, context.Context, unsafe.Pointer)",
            "f( time.Time/24/8,  context.Context/16/8,  unsafe.Pointer/8/8) ()",
        );
        assert_eq!(
            read("f(struct{a int8; b int64}, complex128, string, uintptr)", Arch::Arm),
            "f( struct { a int8; b int64 }/12/4,  complex128/16/4,  string/8/4,  uintptr/4/4) ()"
        );
    }

    #[test]
    fn declarations_come_in_front() {
        check("type T struct{ n int; next *T }; func f(t T)", "f(t T/16/8) ()");
        check("type P *Q; type Q struct{ p P }; func f(p P, q Q)", "f(p P/8/8, q Q/8/8) ()");
        check(
            "type http.ResponseWriter interface{}\nfunc f(w http.ResponseWriter, r *http.Request)",
            "f(w http.ResponseWriter/16/8, r *http.Request/8/8) ()",
        );
        check("type T struct {\n a int // first\n b string `json:\"b\"`\n}\nfunc f(T)", "f( T/24/8) ()");
    }

    #[test]
    fn errors_name_the_column() {
        check(
            "f(w http.Handler)",
            "signature, column 3: unknown type `http.Handler`: declare it in front, as in `type http.Handler struct{ … };`",
        );
        check("f(a int, string)", "signature, column 10: either all parameters have names or none has");
        check("f(a ...int, b int)", "signature, column 3: only the last parameter can be variadic");
        check("f(a int", "signature, column 8: expected `)`, found the end");
        check("f(a [x]int)", "signature, column 6: expected an array's length or `]`, found `x`");
        check("f(a int) int int", "signature, column 14: unexpected `int` behind the signature");
        check("f[T any](a T)", "signature, column 2: type parameters are not supported: write the concrete types");
        check(
            "type T struct{ t T }; f(T)",
            "signature, column 18: the size of `T` is not known here: declare it first",
        );
        check("type T int; type T bool; f(T)", "signature, column 18: `T` is declared twice");
        check("f(a [4294967296]int)", "signature, column 6: the array is too large");
        check("f(é §)", "signature, column 5: expected `)`, found '§'");
        check("", "signature, column 1: expected a function's name or `(`, found the end");
        check(&format!("f(a {}int)", "[]".repeat(1000)), "signature, column 135: types are nested too deeply");
        check(&" ".repeat(1 << 17), "signature, column 1: more than 65536 bytes");
    }

    #[test]
    fn failed_declarations_leave_no_names() {
        let mut types = Types::default();
        assert!(parse("type T struct{ x ??? }; f(T)", Arch::Amd64, &mut types).is_err());
        assert_eq!(types.named("T").count(), 0);
    }
}
