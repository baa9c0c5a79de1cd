//! Function literals. Their numbers in names follow the order of the source, but releases differ in what else they count
//! and in whether they count what was inlined; so the line decides too.

use super::Wanted;
use super::convert::Converter;
use super::instances::without_arguments;
use crate::golang::Metadata;
use crate::golang::symbol_name::NameKind;
use crate::image::Image;
use crate::signature::build::Ref;
use crate::types::Signature;
use foldhash::{HashMap, HashMapExt};

/// Where functions start, by their index and by package and name.
pub(super) struct Lines<'n> {
    lines: HashMap<usize, u32>,
    outer: HashMap<(super::PackageId, &'n str), usize>,
}

impl<'n> Lines<'n> {
    /// Looks up the lines of literals, and of the functions around them.
    pub(super) fn new(image: &Image<'_>, meta: &Metadata, wanted: &[Wanted<'n>]) -> Self {
        let mut lines = Lines { lines: HashMap::new(), outer: HashMap::with_capacity(wanted.len()) };
        for function in wanted {
            lines.outer.insert((function.package, function.rest), function.index);
        }
        for function in wanted.iter().filter(|f| matches!(f.name.kind, NameKind::Closure | NameKind::RangeBody)) {
            let outer = lines.outer.get(&(function.package, outer(function))).copied();
            for index in outer.into_iter().chain([function.index]) {
                let Some(func) = meta.pclntab.funcs.get(index) else { continue };
                let line = |image| meta.pclntab.file_line(image, func).1;
                lines.lines.entry(index).or_insert_with(|| line(image));
            }
        }
        lines
    }

    /// Lines between the start of the declared function around a literal and the literal; of literals outside of
    /// functions, its line in the file.
    fn distance(&self, function: &Wanted<'_>) -> Option<u32> {
        let line = *self.lines.get(&function.index)?;
        if is_global(function) {
            return Some(line);
        }
        let outer = self.outer.get(&(function.package, outer(function)))?;
        let from = *self.lines.get(outer)?;
        line.checked_sub(from).filter(|_| from > 0)
    }
}

/// The name of the declared function around a literal.
fn outer<'n>(function: &Wanted<'n>) -> &'n str {
    let end = function.rest.len().saturating_sub(function.name.closure.len() + 1);
    function.rest.get(..end).unwrap_or_default()
}

/// Whether a literal is in no function: the compiler calls what is around it `glob.`, or `init` from Go 1.22 on.
fn is_global(function: &Wanted<'_>) -> bool {
    matches!(function.name.name, "glob." | "init") && function.name.receiver.is_none()
}

/// A literal's signature, and whether its line was compared.
pub(super) fn signature(
    converter: &mut Converter<'_, '_, '_>,
    function: &Wanted<'_>,
    args: &[Ref],
    lines: &Lines<'_>,
) -> Option<(Signature, bool)> {
    let name = match function.rest.strip_prefix("init.") {
        Some(literal) if is_global(function) => format!("glob..{literal}"),
        _ => without_arguments(function.rest),
    };
    let def = converter.library.find(function.package, &name).filter(|def| def.flags.is_literal())?;
    if def.flags.is_generic() == args.is_empty() {
        return None;
    }
    let distance = lines.distance(function);
    if distance.is_some_and(|distance| distance as usize != def.line) {
        return None;
    }
    converter.signature(function.package, &def, None, args).map(|signature| (signature, distance.is_some()))
}
