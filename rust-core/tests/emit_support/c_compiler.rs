//! What C compilers say of a header.

use std::collections::HashMap;

use goabi::emit;
use goabi::report::{Confidence, Report, Type};

/// Compiles a report's declarations as [`check_header`] does; they are many, and every field of every struct has a member.
pub(crate) fn check_layouts(report: &Report) -> Result<(), String> {
    let asserts = Asserts::of(report, &emit::header::declarations(report, Confidence::Guess));
    assert!(asserts.lines.len() > 3, "too few types");
    match asserts.unlike.first() {
        Some(unlike) => Err(unlike.clone()),
        None => check_header(report),
    }
}

/// Compiles a report's declarations, and asserts the size of every struct and the offsets of its fields.
pub(crate) fn check_header(report: &Report) -> Result<(), String> {
    let header = emit::header::declarations(report, Confidence::Guess);
    let source = format!("{header}\n{}\n", Asserts::of(report, &header).lines.join("\n"));
    let wide = if report.binary.arch == "386" { "-m32" } else { "-m64" };
    ["gcc", "clang"].iter().try_for_each(|compiler| compile(compiler, wide, &source))
}

/// What a header is held to.
#[derive(Default)]
struct Asserts {
    lines: Vec<String>,
    /// Structs whose members are not the fields that the report has.
    unlike: Vec<String>,
}

impl Asserts {
    /// Asserts for every struct that the header defines and the report has.
    fn of(report: &Report, header: &str) -> Asserts {
        let types: HashMap<&str, &Type> = report.types.iter().rev().map(|ty| (ty.c_name.as_str(), ty)).collect();
        let mut asserts = Asserts::default();
        let mut lines = header.lines();
        while let Some(line) = lines.next() {
            let Some((name, _)) = line.strip_prefix("struct ").and_then(|rest| rest.split_once(" {")) else { continue };
            let members: Vec<&str> = lines.by_ref().take_while(|line| *line != "};").filter_map(member).collect();
            if let Some(ty) = types.get(name) {
                asserts
                    .lines
                    .push(format!("_Static_assert(sizeof(struct {name}) == {}, \"size of {name}\");", ty.size));
                asserts.fields(report, ty, &members);
            }
        }
        asserts
    }

    /// A struct's fields are its members in order, but for those that fill gaps.
    fn fields(&mut self, report: &Report, ty: &Type, members: &[&str]) {
        // A string, a slice and so on have members of their own.
        if !matches!(ty.kind.as_str(), "struct" | "tuple") {
            return;
        }
        let sized = |id: u32| report.types.get(id as usize).is_some_and(|of| of.size > 0);
        let fields: Vec<_> = ty.fields.iter().filter(|field| sized(field.ty)).collect();
        let fills = |member: &&str| {
            member.strip_prefix("pad_").is_some_and(|offset| offset.bytes().all(|b| b.is_ascii_digit()))
        };
        let named: Vec<_> = members.iter().filter(|member| !fills(member)).collect();
        if fields.len() != named.len() {
            let (fields, named) = (fields.len(), named.len());
            return self.unlike.push(format!("{} has {fields} fields and {named} members", ty.c_name));
        }
        for (field, member) in fields.iter().zip(named) {
            let (c, at) = (&ty.c_name, field.offset);
            let place = format!("__builtin_offsetof(struct {c}, {member}) == {at}");
            self.lines.push(format!("_Static_assert({place}, \"{member} of {c}\");"));
        }
    }
}

/// The name that a line declares.
fn member(line: &str) -> Option<&str> {
    let declared = line.trim().strip_suffix(';')?;
    declared.rsplit([' ', '*']).next()?.split('[').next()
}

/// Compiles C for its errors. Clang may be missing where no CI runs, which is said; gcc may not.
fn compile(compiler: &str, wide: &str, source: &str) -> Result<(), String> {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let mut command = Command::new(compiler);
    command.args(["-x", "c", "-std=c11", "-Wall", "-Werror", "-fsyntax-only", wide, "-"]);
    let child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = match child {
        Err(e)
            if compiler == "clang" && e.kind() == std::io::ErrorKind::NotFound && std::env::var_os("CI").is_none() =>
        {
            eprintln!("skipped: {compiler} is not installed");
            return Ok(());
        }
        child => child.map_err(|e| format!("{compiler}: {e}"))?,
    };
    child.stdin.take().expect("piped").write_all(source.as_bytes()).map_err(|e| e.to_string())?;
    let output = child.wait_with_output().map_err(|e| e.to_string())?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}
