//! What the binary says of its functions in so many words, before any code is read.

use crate::annotate::Known;
use crate::evidence::{TypedEntries, dwarf, methods, receivers, signatures};
use crate::golang::Metadata;
use crate::golang::rtype::TypeReader;
use crate::image::Image;
use crate::options::Options;
use crate::report::Pack;
use crate::types::{TypeId, Types};
use foldhash::HashMap;

/// What types, debug information, names and packs of signatures say.
pub(crate) struct Said {
    pub(crate) types: Types,
    pub(crate) typed: TypedEntries,
    pub(crate) known: Known,
    /// Of methods, by entry.
    pub(crate) receivers: HashMap<u64, TypeId>,
    /// The packs that took part.
    pub(crate) packs: Vec<Pack>,
    /// What was not possible or does not fit.
    pub(crate) notes: Vec<String>,
}

impl Said {
    /// Asks all of them. What is left out in `options` is not asked.
    pub(crate) fn gather(image: &Image<'_>, meta: &Metadata, options: &Options) -> Said {
        let mut types = Types::default();
        let mut reader = TypeReader::new(image, &meta.version, &meta.modules);
        let (mut typed, tables) = methods::collect(&mut reader, &mut types, options.evidence);
        let mut notes = reader.notes().to_vec();
        if options.dwarf {
            notes.extend(dwarf::collect(image, meta, &mut types, options.evidence, &mut typed));
        }
        let known = Known::new(&reader);
        let funcs = &meta.pclntab.funcs;
        let spoken_of = if options.names { funcs.as_slice() } else { &[] };
        let names: Vec<_> = spoken_of.iter().map(|f| meta.pclntab.name(image, f)).collect();
        let own = receivers::named_types(&reader, &known.types);
        let named = funcs.iter().zip(&names).map(|(func, name)| (func.entry, &**name));
        let receivers = receivers::collect(&mut reader, &mut types, &own, tables, named);
        let mut packs = Vec::new();
        if options.names && options.signatures {
            packs = signatures::collect(image, meta, options, (&names, &own), &mut types, &mut typed);
        }
        Said { types, typed: TypedEntries::new(typed), known, receivers, packs, notes }
    }
}
