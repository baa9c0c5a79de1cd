//! Sample reports, written short: what a sample leaves out has a default, and a piece is `off:size:loc:kind`.
#![allow(dead_code, clippy::panic, clippy::print_stderr)] // each test uses its part, and may panic or say what it skips

pub(crate) mod c_compiler;

use std::path::{Path, PathBuf};

use goabi::report::Report;
use serde_json::{Value, json};

/// Samples: `<name>.sample.json`.
pub(crate) const SAMPLES: [&str; 4] = ["amd64", "386", "arm64", "hostile"];

/// A sample after `emit::fill`.
pub(crate) fn filled(name: &str) -> Report {
    let mut report = sample(name);
    goabi::emit::fill(&mut report);
    report
}

/// Where samples and expected outputs are.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/emit")
}

/// Reads a sample, without filling it.
pub(crate) fn sample(name: &str) -> Report {
    let path = folder().join(format!("{name}.sample.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let short: Value = serde_json::from_str(&text).expect("JSON");
    serde_json::from_value(expand(short)).expect("a report")
}

/// Compares with a golden file, or writes it when `BLESS` is set.
pub(crate) fn check(file: &str, got: &[u8]) {
    let path = folder().join(file);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, got).expect("golden file");
    }
    let want = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}; BLESS=1 writes it", path.display()));
    if want != got {
        panic!("{file} differs (BLESS=1 accepts):\n{}", String::from_utf8_lossy(got));
    }
}

fn expand(mut report: Value) -> Value {
    let base = json!({
        "schema": goabi::report::SCHEMA, "tool": { "name": "goabi", "version": "0.0.0" },
        "binary": { "sha256": "00", "size": 4096, "format": "elf", "os": "linux", "arch": "amd64",
                    "image_base": "0x400000", "entry": "0x401000" },
        "go": { "version": "go1.24", "version_source": "buildinfo", "abi": "ABIInternal", "module": "", "deps": [],
                "settings": {}, "pclntab": null, "moduledata": [], "cgo": false, "obfuscated": false, "stripped": false },
        "packs": [], "types": [], "functions": [], "call_sites": [], "annotations": [], "notes": []
    });
    report = over(base, report);
    let types = report["types"].as_array_mut().expect("types").iter_mut().enumerate();
    for (id, ty) in types {
        *ty = over(json!({ "id": id, "c_name": "", "source": "rtype" }), ty.take());
    }
    let abi0_clobbers =
        json!(["RAX", "RCX", "RDX", "RBX", "RSI", "RDI", "R8", "R9", "R10", "R11", "R12", "R13", "R15"]);
    for f in report["functions"].as_array_mut().expect("functions") {
        *f = over(
            json!({ "end": null, "file": "", "line": 0, "abi": "ABIInternal", "c_abi": null, "kind": "go", "noreturn": false,
                "pair": null, "closure_context": null, "clobbers": abi0_clobbers, "arg_base": 8,
                "frame": { "size": 0, "args": null, "stack_args": 0, "stack_results": 0, "spill": 0 },
                "prototype": "", "usercall": null }),
            f.take(),
        );
        expand_values(f);
    }
    report["call_sites"].as_array_mut().expect("call sites").iter_mut().for_each(expand_values);
    report
}

fn expand_values(holder: &mut Value) {
    for side in ["params", "results"] {
        for value in holder[side].as_array_mut().expect("values") {
            *value = over(json!({ "name": "", "role": null, "type": null }), value.take());
            value["pieces"].as_array_mut().expect("pieces").iter_mut().for_each(|piece| *piece = expand_piece(piece));
        }
    }
}

fn expand_piece(piece: &Value) -> Value {
    let text = piece.as_str().expect("off:size:loc:kind");
    let part: Vec<&str> = text.split(':').collect();
    let number = |n: usize| part[n].parse::<u32>().expect("a number");
    json!({ "off": number(0), "size": number(1), "loc": part[2], "kind": part[3] })
}

/// `top` over `base`, objects member by member.
fn over(base: Value, top: Value) -> Value {
    match (base, top) {
        (Value::Object(mut base), Value::Object(top)) => {
            for (key, value) in top {
                let below = base.remove(&key).unwrap_or(Value::Null);
                base.insert(key, over(below, value));
            }
            Value::Object(base)
        }
        (_, top) => top,
    }
}
