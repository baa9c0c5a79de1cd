//! What closures load from their closure objects.

#[path = "support/go.rs"]
mod go;

/// Every variable of `adder`'s literal, however it is used: added, passed on, returned.
#[test]
fn captured_variables_have_their_offsets() {
    let build =
        go::Build { args: &["-ldflags=-s -w"], toolchain: "go1.26.8", ..go::plain("captures", "linux", "amd64") };
    let report = goabi::analyze(&build.bytes(), &goabi::Options::default()).expect("a report");
    let captures = |name: &str| -> Vec<(u32, u32)> {
        let function = report.functions.iter().find(|f| f.name == name).expect(name);
        function.captures.iter().map(|c| (c.off, c.size)).collect()
    };
    assert_eq!(captures("main.adder.func1"), [(8, 8), (16, 8), (24, 8), (32, 8)]);
    // The compiler orders variables by their first use: `loud` before `n`.
    assert_eq!(captures("main.later.func1"), [(8, 1), (16, 8)]);
    assert_eq!(captures("main.adder"), []);
}
