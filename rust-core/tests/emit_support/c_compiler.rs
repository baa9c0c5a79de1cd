//! What a C compiler says of a header.

use goabi::emit;
use goabi::report::{Confidence, Report};

/// Compiles a report's declarations, which are many, as [`check_header`] does.
pub(crate) fn check_layouts(report: &Report) -> Result<(), String> {
    let header = emit::header::declarations(report, Confidence::Guess);
    assert!(layout_asserts(report, &header).len() > 3, "too few types");
    check_header(report)
}

/// Compiles a report's declarations, and asserts the size of every type and the offsets of its fields.
pub(crate) fn check_header(report: &Report) -> Result<(), String> {
    let header = emit::header::declarations(report, Confidence::Guess);
    let asserts = layout_asserts(report, &header);
    let source = format!("{header}\n{}\n", asserts.join("\n"));
    let wide = if report.binary.arch == "386" { "-m32" } else { "-m64" };
    ["gcc", "clang"].iter().try_for_each(|compiler| compile(compiler, wide, &source))
}

fn layout_asserts(report: &Report, header: &str) -> Vec<String> {
    let mut asserts = Vec::new();
    for ty in report.types.iter().filter(|ty| header.contains(&format!("struct {} {{", ty.c_name))) {
        asserts.push(format!("_Static_assert(sizeof({}) == {}, \"size\");", ty.c_name, ty.size));
        for field in &ty.fields {
            let member = format!(" {};", field.name);
            let plain = !field.name.is_empty() && field.name.bytes().all(|b| b.is_ascii_alphanumeric());
            if plain && header.contains(&member) && report.types.get(field.ty as usize).is_some_and(|of| of.size > 0) {
                let (c, f, at) = (&ty.c_name, &field.name, field.offset);
                asserts.push(format!("_Static_assert(__builtin_offsetof({c}, {f}) == {at}, \"offset\");"));
            }
        }
    }
    asserts
}

/// Compiles C for its errors; a compiler that is not installed says nothing, as long as it is not the only one.
fn compile(compiler: &str, wide: &str, source: &str) -> Result<(), String> {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let mut command = Command::new(compiler);
    command.args(["-x", "c", "-std=c11", "-Wall", "-Werror", "-fsyntax-only", wide, "-"]);
    let child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = match child {
        Err(e) if compiler == "clang" && e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        child => child.map_err(|e| format!("{compiler}: {e}"))?,
    };
    child.stdin.take().expect("piped").write_all(source.as_bytes()).map_err(|e| e.to_string())?;
    let output = child.wait_with_output().map_err(|e| e.to_string())?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}
