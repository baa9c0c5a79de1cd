//! Every prototype that is emitted is one that IDA takes, and the checker of that can say no.

mod emit_support;
mod usercall_grammar;

use emit_support::folder;
use usercall_grammar::check;

fn vectors(file: &str) -> Vec<(String, String, String)> {
    let text = std::fs::read_to_string(folder().join(file)).expect("vectors");
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let split = |line: &str| {
        let (arch, rest) = line.split_once(' ').expect("architecture and prototype");
        let (prototype, why) = rest.split_once(" # ").unwrap_or((rest, ""));
        (arch.to_string(), prototype.to_string(), why.to_string())
    };
    let found: Vec<_> = lines.map(split).collect();
    assert!(found.len() > 10, "{file} has too few lines");
    found
}

#[test]
fn good_ones_pass() {
    for (arch, prototype, _) in vectors("good_usercall.txt") {
        assert_eq!(check(&prototype, &arch), Ok(()), "{prototype}");
    }
}

#[test]
fn bad_ones_fail() {
    for (arch, prototype, why) in vectors("bad_usercall.txt") {
        assert!(check(&prototype, &arch).is_err(), "{prototype} passed, but: {why}");
    }
}

#[test]
fn too_many_arguments_fail() {
    let list: Vec<String> = (0..257).map(|n| format!("__int64 a{n}@<^{}.8>", 8 * n)).collect();
    assert!(check(&format!("void __usercall f({})", list.join(", ")), "amd64").is_err());
    assert_eq!(check(&format!("void __usercall f({})", list[1..].join(", ")), "amd64"), Ok(()));
}

#[test]
fn everything_emitted_passes() {
    for name in emit_support::SAMPLES {
        let report = emit_support::filled(name);
        let functions = report.functions.iter().filter_map(|f| Some((f.entry, f.usercall.as_ref()?)));
        let sites = report.call_sites.iter().filter_map(|site| Some((site.at, site.usercall.as_ref()?)));
        let mut count = 0;
        for (at, usercall) in functions.chain(sites) {
            assert_eq!(check(usercall, &report.binary.arch), Ok(()), "{name} {at}: {usercall}");
            count += 1;
        }
        assert!(count > 1, "{name} has no prototypes");
    }
}
