//! Builds the Go programs in tests/programs, once for each way of building them.

use std::path::{Path, PathBuf};
use std::process::Command;

/// One way of building a program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Build<'a> {
    /// Folder below tests/programs.
    pub(crate) program: &'a str,
    /// GOOS and GOARCH.
    pub(crate) target: (&'a str, &'a str),
    /// Arguments to `go build`.
    pub(crate) args: &'a [&'a str],
    /// Whether C is linked in.
    pub(crate) cgo: bool,
    /// GOTOOLCHAIN, or empty for the one at hand.
    pub(crate) toolchain: &'a str,
}

/// A plain build of `program`.
pub(crate) fn plain<'a>(program: &'a str, goos: &'a str, goarch: &'a str) -> Build<'a> {
    Build { program, target: (goos, goarch), args: &[], cgo: false, toolchain: "" }
}

impl Build<'_> {
    /// The built file, from an earlier run if the source has not changed since.
    pub(crate) fn file(&self) -> PathBuf {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("go");
        std::fs::create_dir_all(&folder).expect("a folder for the built programs");
        let name = [self.program, self.target.0, self.target.1, self.toolchain, &self.args.join("_")].join("-");
        let out = folder.join(name.replace(['/', '=', '\'', ' ', ','], "_"));
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/programs").join(self.program).join("main.go");
        let modified = |path: &Path| std::fs::metadata(path).and_then(|m| m.modified()).ok();
        if modified(&out) <= modified(&source) {
            self.run(&source, &out);
        }
        out
    }

    /// The built file's bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.file()).expect("the built program")
    }

    fn run(&self, source: &Path, out: &Path) {
        // Tests run side by side, and one may already be reading: build elsewhere, then move.
        let fresh = out.with_extension(format!("{:?}", std::thread::current().id()).replace(['(', ')'], ""));
        let mut go = Command::new("go");
        go.arg("build").arg("-o").arg(&fresh).args(self.args).arg(source);
        go.env("GOOS", self.target.0).env("GOARCH", self.target.1).env("CGO_ENABLED", if self.cgo { "1" } else { "0" });
        // Old releases reject flags that users set for new ones, and modules switched off keep others from being used.
        go.env("GOFLAGS", "").env("GOENV", "off").env("GOWORK", "off").env("GO111MODULE", "");
        if !self.toolchain.is_empty() {
            go.env("GOTOOLCHAIN", self.toolchain);
        }
        let done = go.output().expect("Go on PATH (scripts/go finds or fetches it)");
        assert!(done.status.success(), "{self:?}: {}", String::from_utf8_lossy(&done.stderr));
        std::fs::rename(&fresh, out).expect("the built program in its place");
    }
}
