//! A C header: the types that prototypes name, and the prototypes in comments.
//!
//! IDA reads it, and so do C compilers, for whom the few words that they lack are defined.

use std::io::{self, Write};

use crate::report::{Confidence, Report};

use super::c_types;
use super::declare::{self, Kind, comment};
use super::text::escape;
use super::{arch, sure_usercall};

/// Words of IDA's C that other compilers do not know.
const WORDS: &str = "#define __int8 char\n#define __int16 short\n#define __int32 int\n#define __int64 long long\n";

/// Writes types and prototypes.
pub fn write(report: &Report, out: &mut dyn Write, min: Confidence) -> io::Result<()> {
    let version = &report.tool.version;
    writeln!(out, "/* {} {}: {} */", report.tool.name, comment(version), comment(&report.binary.sha256))?;
    writeln!(out, "{}", declarations(report, min))?;
    writeln!(out, "/* Prototypes, with `f` for the name: */")?;
    for f in &report.functions {
        if let Some(usercall) = sure_usercall(f, min) {
            writeln!(out, "/* {} {} */\n/*   {}; */", f.entry, comment(&f.name), escape(usercall))?;
        }
    }
    Ok(())
}

/// Every type that a prototype names, once, before it is used.
pub fn declarations(report: &Report, min: Confidence) -> String {
    let all = declare::all(report, min);
    let mut text = format!(
        "#if (defined(__GNUC__) || defined(__clang__)) && !defined(__IDA__) && !defined(__int64)\n{WORDS}#endif\n"
    );
    text.push_str("#if defined(__GNUC__) || defined(__clang__) || defined(_MSC_VER)\n");
    text.push_str("#ifndef _BOOL1\n#define _BOOL1 unsigned char\n#endif\n");
    let structs = all.iter().filter(|d| d.kind == Kind::Forward || d.id.is_none());
    for name in structs.map(|d| &d.name) {
        text.push_str(&format!("typedef struct {name} {name};\n"));
    }
    text.push_str("#endif\n");
    text.push_str(&format!("#pragma pack(push, {})\n", c_types::pack(arch(report))));
    for one in &all {
        text.push_str(&one.text);
        text.push('\n');
    }
    text.push_str("#pragma pack(pop)\n");
    text
}
