//! Named types that people write without declaring them: the predeclared ones and a few from the standard library.

/// Name and definition. A definition may use every other row.
const KNOWN: [(&str, &str); 17] = [
    ("any", "interface{}"),
    ("error", "interface{ Error() string }"),
    ("comparable", "interface{}"),
    (
        "context.Context",
        "interface{ Deadline() (time.Time, bool); Done() <-chan struct{}; Err() error; Value(any) any }",
    ),
    ("context.CancelFunc", "func()"),
    ("fmt.Stringer", "interface{ String() string }"),
    ("io.Reader", "interface{ Read([]byte) (int, error) }"),
    ("io.Writer", "interface{ Write([]byte) (int, error) }"),
    ("io.Closer", "interface{ Close() error }"),
    ("io.ReadCloser", "interface{ io.Reader; io.Closer }"),
    ("io.ReadWriter", "interface{ io.Reader; io.Writer }"),
    ("io.ReaderAt", "interface{ ReadAt([]byte, int64) (int, error) }"),
    ("io.WriterTo", "interface{ WriteTo(io.Writer) (int64, error) }"),
    ("os.FileMode", "uint32"),
    ("time.Duration", "int64"),
    ("time.Month", "int"),
    ("time.Time", "struct{ wall uint64; ext int64; loc *time.Location }"),
];

/// The definition of a well-known type.
pub(super) fn definition(name: &str) -> Option<&'static str> {
    KNOWN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arch::Arch;
    use crate::types::Types;

    #[test]
    fn every_definition_parses() {
        for (name, _) in KNOWN {
            let mut types = Types::default();
            let written = crate::signature::parse(&format!("f({name}, *{name})"), Arch::Amd64, &mut types);
            assert!(written.is_ok(), "{name}: {written:?}");
            assert!(definition(name).is_some());
        }
    }
}
