//! Signatures from source: the standard library's, which goabi carries, and those of module packs.
//!
//! *Reads* function names and what go/types says of the function with that name (`docs/signatures.md`). *Can be trusted*:
//! for the very release and system it is what the compiler compiled; another patch release of the same minor version
//! differs rarely. *Lies* when a program has other functions under these names, or changed sources; so a claim counts only
//! where it agrees with the sizes and places that the binary gives. *Example*: `os.(*File).Read` takes `f *os.File, b
//! []uint8` and gives `n int, err error`.

mod convert;
mod instances;
mod library;
mod literals;
mod methods;

use super::Typed;
use super::receivers::NamedTypes;
use crate::abi::registers::Convention;
use crate::golang::Metadata;
use crate::golang::symbol_name::{NameKind, SymbolName, split_package, unescape};
use crate::image::Image;
use crate::options::Options;
use crate::report::{self, Confidence, Source};
use crate::signature::pack::Pack;
use crate::types::{Signature, Types};
use convert::Converter;
use library::{Fit, Library, PackageId, Target};
use literals::Lines;
use std::borrow::Cow;
use std::sync::Arc;

/// Signatures of the standard library, written by `scripts/std_signatures`.
static STD: &[u8] = include_bytes!("../../data/std.sigs");

/// A function that some pack may know.
struct Wanted<'n> {
    entry: u64,
    /// Index in the function table.
    index: usize,
    package: PackageId,
    /// What is behind the package's path and dot.
    rest: &'n str,
    name: SymbolName<'n>,
    /// `_func.args`.
    args: Option<u32>,
    /// A method's dictionary is before its receiver.
    dictionary_first: bool,
}

/// Adds what packs say of the program's functions, which have these `names`, in terms of its `own` types. Says which packs
/// took part.
pub fn collect(
    image: &Image<'_>,
    meta: &Metadata,
    options: &Options,
    (names, own): (&[Cow<'_, str>], &NamedTypes<'_>),
    types: &mut Types,
    out: &mut Vec<Typed>,
) -> Vec<report::Pack> {
    let target = Target {
        release: &meta.version.text,
        minor: meta.version.minor(),
        os: image.os.name(),
        arch: image.arch.info().name,
        ptr_size: image.arch.ptr_size(),
    };
    let mut library = Library::new();
    let mut used = Vec::new();
    for data in options.packs.iter().map(|data| &data[..]).chain([STD]) {
        let fit = Pack::read(data).map(|pack| (pack.modules.clone(), library.add(pack, &target)));
        used.extend(fit.map(|(modules, fit)| said(modules, data, fit)).unwrap_or_default());
    }
    let wanted = wanted(&mut library, meta, names);
    let lines = Lines::new(image, meta, &wanted);
    let registers = !meta.version.experiment("noregabi");
    let convention = match registers {
        true => Convention::abi_internal(image.arch, image.os, target.minor.into()),
        false => Convention::abi0(image.arch),
    };
    let mut converter = Converter::new(&mut library, types, image.arch, own);
    for function in &wanted {
        let Some((signature, sure)) = signature(&mut converter, function, &lines, &convention) else { continue };
        let package = converter.library.get(function.package);
        let (source, fit) = (package.source, package.fit);
        let confidence = if sure && fit == Fit::Exact { Confidence::Exact } else { Confidence::Likely };
        let text = match source {
            Source::Std => "sources of the standard library",
            _ => "sources of the module",
        };
        out.push(Typed {
            entry: function.entry,
            source,
            signature: signature.into(),
            has_results: true,
            confidence,
            text: options.evidence.then(|| Arc::new(text.to_string())),
            at: function.entry,
        });
    }
    converter.finish();
    used
}

/// What the report says of a pack, module by module.
fn said(modules: Vec<(String, String)>, data: &[u8], fit: Option<Fit>) -> Vec<report::Pack> {
    use sha2::Digest;
    if modules.is_empty() {
        return Vec::new();
    }
    let sha256: String = sha2::Sha256::digest(data).iter().map(|b| format!("{b:02x}")).collect();
    let status = match fit {
        Some(Fit::Exact) => "used",
        Some(_) => "nearest version",
        None => "not for this machine",
    };
    let entry =
        |(module, version)| report::Pack { module, version, sha256: sha256.clone(), status: status.to_string() };
    modules.into_iter().map(entry).collect()
}

/// Functions whose package is in some pack.
fn wanted<'n>(library: &mut Library<'_>, meta: &Metadata, names: &'n [Cow<'n, str>]) -> Vec<Wanted<'n>> {
    let mut out = Vec::new();
    let dictionary_first = meta.version.dictionary_first();
    // The linker keeps a package's functions together.
    let mut last = ("", None);
    for (index, (func, name)) in meta.pclntab.funcs.iter().zip(names).enumerate() {
        let Some((path, rest)) = split_package(name) else { continue };
        if path != last.0 {
            last = (path, library.package(&unescape(path)));
        }
        if let Some(package) = last.1 {
            let (entry, args, name) = (func.entry, func.args, SymbolName::parse(name));
            out.push(Wanted { entry, index, package, rest, name, args, dictionary_first });
        }
    }
    out
}

/// A function's signature, and whether nothing but a changed source could make it wrong.
fn signature(
    converter: &mut Converter<'_, '_, '_>,
    function: &Wanted<'_>,
    lines: &Lines<'_>,
    convention: &Convention,
) -> Option<(Signature, bool)> {
    let args = function.name.type_args.map(|spelled| instances::arguments(converter, spelled)).unwrap_or_default();
    let (plain, sure) = match function.name.kind {
        NameKind::Func => (methods::declared(converter, function, &args, true)?, true),
        NameKind::MethodValue => (methods::declared(converter, function, &args, false)?, true),
        NameKind::Closure | NameKind::RangeBody => literals::signature(converter, function, &args, lines)?,
        NameKind::GoWrap | NameKind::DeferWrap => (Signature::default(), true),
        NameKind::Eq | NameKind::Hash => return None,
    };
    instances::with_dictionary(converter, function, plain, convention).map(|signature| (signature, sure))
}
