//! Functions and methods that somebody declared, and methods that a type has from what it embeds.

use super::Wanted;
use super::convert::Converter;
use super::instances::without_arguments;
use super::library::PackageId;
use crate::signature::build::Ref;
use crate::signature::pack::{Definition, Flags, Node};
use crate::types::Signature;
use foldhash::{HashSet, HashSetExt};

/// Levels of embedding that are looked through.
const LEVELS: usize = 8;
/// Types that are looked at for one method.
const TYPES: usize = 256;

/// The signature of a function or method; a method's receiver comes first when `receiver` is wanted. `args` are what
/// type parameters stand for.
pub(super) fn declared(
    converter: &mut Converter<'_, '_, '_>,
    function: &Wanted<'_>,
    args: &[Ref],
    receiver: bool,
) -> Option<Signature> {
    let package = function.package;
    let fits = |def: &Definition| !def.flags.is_type() && def.flags.is_generic() != args.is_empty();
    let Some(ty) = function.name.receiver else {
        let name = without_arguments(function.rest);
        let def = converter.library.find(package, &name).filter(fits)?;
        return converter.signature(package, &def, None, args);
    };
    let found = method(converter, package, ty, function.name.name)?;
    // What is embedded in a generic type has type arguments of its own.
    if !(fits(&found.def) && (args.is_empty() || found.direct)) {
        return None;
    }
    let path = converter.library.get(package).path.clone();
    let mut own = converter.named(&path, ty, args.to_vec());
    if function.name.pointer {
        own = converter.pointer(&own);
    }
    converter.signature(found.package, &found.def, receiver.then_some(own), args)
}

/// A method that was found.
struct Found {
    package: PackageId,
    def: Definition,
    /// Whether it is of the type itself.
    direct: bool,
}

/// The method `name` of a type or of what it embeds, the shallowest first. A method of the value is one of the pointer
/// too.
fn method(converter: &mut Converter<'_, '_, '_>, package: PackageId, ty: &str, name: &str) -> Option<Found> {
    let mut level = vec![(package, ty.to_string())];
    let mut seen = HashSet::new();
    for depth in 0..LEVELS {
        let mut next = Vec::new();
        for (package, ty) in level {
            if seen.len() > TYPES || !seen.insert((package, ty.clone())) {
                continue;
            }
            let library = &converter.library;
            let direct = library.find(package, &format!("(*{ty}).{name}"));
            if let Some(def) = direct.or_else(|| library.find(package, &format!("{ty}.{name}"))) {
                return Some(Found { package, def, direct: depth == 0 });
            }
            let Some(def) = library.find(package, &ty).filter(|def| def.flags.is_type()) else { continue };
            let block = library.block(package);
            match block.node(def.node) {
                Some(Node::Interface(methods)) => {
                    let found = methods.iter().find(|(text, _)| block.text(*text) == name);
                    if let Some((_, node)) = found {
                        let def = Definition { flags: Flags(0), receiver: usize::MAX, line: 0, node: *node };
                        return Some(Found { package, def, direct: false });
                    }
                }
                Some(Node::Struct(members)) => {
                    for member in members.iter().filter(|m| m.embedded) {
                        next.extend(embedded(converter, package, member.ty));
                    }
                }
                _ => {}
            }
        }
        level = next;
    }
    None
}

/// The named type that an embedded field is, or is a pointer to.
fn embedded(converter: &mut Converter<'_, '_, '_>, package: PackageId, node: usize) -> Option<(PackageId, String)> {
    let block = converter.library.block(package);
    let named = match block.node(node)? {
        Node::Pointer(elem) => block.node(elem)?,
        other => other,
    };
    let Node::Named { path, name, .. } = named else { return None };
    Some((converter.library.package(block.text(path))?, block.text(name).to_string()))
}
