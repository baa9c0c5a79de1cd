//! Builds that differ in one thing each.

use super::*;
use serde_json::json;

fn function(at: u64, name: &str, code: u64, calls: &[u64]) -> Function {
    let list: Vec<_> =
        calls.iter().map(|to| json!({ "at": "0x1", "function": format!("{to:#x}"), "name": "" })).collect();
    serde_json::from_value(json!({
        "entry": format!("{at:#x}"), "end": format!("{:#x}", at + 16), "name": name, "package": "", "file": "", "line": 0,
        "abi": "ABIInternal", "c_abi": null, "kind": "go", "noreturn": false, "pair": null,
        "params": [{ "name": "", "role": null, "type": null, "size": 8, "pieces": [{ "off": 0, "size": 8, "loc": "RAX", "kind": "int" }] }],
        "results": [], "closure_context": null, "clobbers": [], "arg_base": 8,
        "frame": { "size": 0, "args": 8, "stack_args": 0, "stack_results": 0, "spill": 8 },
        "source": { "params": "spill", "results": "code" }, "confidence": { "params": "exact", "results": "likely" },
        "prototype": format!("func {name}(a1 int)"), "usercall": null, "code": format!("{code:#x}"),
        "callees": if calls.is_empty() { serde_json::Value::Null } else { json!({ "count": calls.len(), "list": list }) },
    }))
    .expect("a function")
}

fn report(functions: Vec<Function>) -> Report {
    serde_json::from_value(json!({
        "schema": "goabi.report/1", "tool": { "name": "goabi", "version": "0" },
        "binary": { "sha256": "", "size": 0, "format": "elf", "os": "linux", "arch": "amd64", "image_base": "0x0", "entry": "0x0" },
        "go": { "version": "", "version_source": "", "abi": "ABIInternal", "module": "", "deps": [], "settings": {}, "pclntab": null,
                "moduledata": [], "cgo": false, "obfuscated": false, "stripped": true },
        "packs": [], "types": [], "functions": serde_json::to_value(functions).expect("JSON"), "call_sites": [], "annotations": [], "notes": [],
    }))
    .expect("a report")
}

/// `what old>new matched` of every change.
fn changed(diff: &Diff) -> Vec<String> {
    diff.changed.iter().map(|c| format!("{:?} {}>{} {:?}", c.what, c.old.entry, c.new.entry, c.matched)).collect()
}

#[test]
fn the_same_functions_elsewhere_are_unchanged() {
    let old = report(vec![function(0x10, "a", 1, &[]), function(0x20, "b", 2, &[0x10])]);
    let new = report(vec![function(0x50, "a", 1, &[]), function(0x90, "b", 3, &[0x50])]);
    let diff = compare(&old, &new);
    assert_eq!((diff.unchanged, changed(&diff), diff.added.len(), diff.removed.len()), (2, vec![], 0, 0));
}

#[test]
fn places_types_and_conventions_are_told_apart() {
    let was = || report(vec![function(0x10, "a", 1, &[])]);
    let after = |change: fn(&mut Function)| {
        let mut new = was();
        change(&mut new.functions[0]);
        changed(&compare(&was(), &new)).join("")
    };
    assert_eq!(after(|f| f.params[0].pieces[0].loc = Loc::Register("RBX")), "[Params] 0x10>0x10 Name");
    assert_eq!(after(|f| f.results = f.params.clone()), "[Results] 0x10>0x10 Name");
    assert_eq!(after(|f| f.abi = Abi::ABI0), "[Abi] 0x10>0x10 Name");
    assert_eq!(after(|f| f.params[0].name = "n".into()), "[Types] 0x10>0x10 Name");
    assert_eq!(after(|f| f.confidence.results = Confidence::Unknown), "[Known] 0x10>0x10 Name");
    assert_eq!(after(|f| f.line = 7), "");
}

#[test]
fn without_names_code_decides_and_then_the_calls() {
    // Two leaves with the same code are told apart by who calls them.
    let old = report(vec![
        function(0x10, "", 7, &[]),
        function(0x20, "", 7, &[]),
        function(0x30, "", 1, &[0x10]),
        function(0x40, "", 2, &[0x20]),
    ]);
    let mut new = report(vec![
        function(0x110, "x", 7, &[]),
        function(0x120, "y", 7, &[]),
        function(0x130, "z", 2, &[0x110]),
        function(0x140, "w", 1, &[0x120]),
    ]);
    let calls = |at: &str, from: &str| {
        serde_json::from_value(json!({ "count": 1, "list": [{ "at": at, "function": from, "name": "" }] }))
            .expect("calls")
    };
    let mut old = old;
    old.functions[0].callers = Some(Box::new(calls("0x31", "0x30")));
    old.functions[1].callers = Some(Box::new(calls("0x41", "0x40")));
    new.functions[0].callers = Some(Box::new(calls("0x131", "0x130")));
    new.functions[1].callers = Some(Box::new(calls("0x141", "0x140")));
    let diff = compare(&old, &new);
    let expected =
        ["[Name] 0x20>0x110 Calls", "[Name] 0x10>0x120 Calls", "[Name] 0x40>0x130 Code", "[Name] 0x30>0x140 Code"];
    assert_eq!(changed(&diff), expected);
}

#[test]
fn what_is_in_one_build_only_is_listed() {
    let diff = compare(&report(vec![function(0x10, "gone", 1, &[])]), &report(vec![function(0x10, "come", 2, &[])]));
    assert_eq!((diff.removed[0].name.as_str(), diff.added[0].name.as_str(), diff.unchanged), ("gone", "come", 0));
}

#[test]
fn of_one_function_only_its_own_change_is_said() {
    let old = report(vec![function(0x10, "a", 1, &[]), function(0x20, "b", 2, &[]), function(0x30, "gone", 3, &[])]);
    let mut new =
        report(vec![function(0x50, "a", 4, &[]), function(0x60, "b", 2, &[]), function(0x70, "come", 5, &[])]);
    for f in &mut new.functions {
        f.params[0].pieces[0].loc = Loc::Register("RBX");
    }
    let said = |name: &str| {
        let diff = compare_some(&old, &new, |f| f.name == name, |f| f.name == name);
        (diff.unchanged, changed(&diff).join(""), diff.added.len(), diff.removed.len())
    };
    assert_eq!(said("a"), (0, "[Params] 0x10>0x50 Name".into(), 0, 0));
    assert_eq!(said("gone"), (0, String::new(), 0, 1));
    assert_eq!(said("come"), (0, String::new(), 1, 0));
    assert_eq!(said("none"), (0, String::new(), 0, 0));
    let diff = compare_some(&old, &old, |_| false, |f| f.entry.0 == 0x20);
    assert_eq!((diff.unchanged, changed(&diff).len()), (1, 0));
}
