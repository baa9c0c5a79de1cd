//! Where descriptors are, and which layout they have.

use super::descriptor::{Header, Raw};
use super::layout::{Layouts, Names};
use crate::golang::moduledata::ModuleData;
use crate::golang::version::Version;
use crate::image::Image;
use crate::limits::MAX_TYPES;

/// Bytes that descriptors, names and lists occupy in a binary with this much type data, at most.
pub(super) fn extent(image: &Image, modules: &[ModuleData]) -> u64 {
    let data: u64 = type_data(image, modules).iter().map(|(start, end)| end - start).sum();
    // before Go 1.7 types lie anywhere, so their number has to do
    let links = modules.iter().filter_map(|m| m.typelinks).map(|(_, n)| n).max().unwrap_or(0);
    data.max(links.saturating_mul(1 << 10)).clamp(1 << 16, 1 << 28)
}

/// The type data of all modules: start and end, by address, without overlaps.
fn type_data(image: &Image, modules: &[ModuleData]) -> Vec<(u64, u64)> {
    let mapped = |m: &ModuleData| m.types.saturating_add(image.tail(m.types).len() as u64);
    let mut all: Vec<(u64, u64)> = modules.iter().map(|m| (m.types, m.etypes.min(mapped(m)))).collect();
    all.sort_unstable();
    let mut done = 0;
    for (start, end) in &mut all {
        *start = (*start).max(done);
        *end = (*end).max(*start);
        done = *end;
    }
    all
}

/// The descriptors that the linker listed: pointers up to Go 1.6, offsets from then to 1.26.
pub(super) fn typelinks<'r>(raw: &'r Raw) -> impl Iterator<Item = u64> + 'r {
    let links = move |m: &'r ModuleData| {
        let (start, n) = m.typelinks.unwrap_or((0, 0));
        let pointers = raw.layouts.names == Names::Strings;
        let step = if pointers { raw.layouts.ptr } else { 4 };
        let room = raw.image.tail(start).len() as u64 / step;
        (0..n.min(room)).filter_map(move |i| match pointers {
            true => raw.image.word(start + i * step),
            false => raw.image.u32(start + i * step).and_then(|o| m.types.checked_add(u64::from(o))),
        })
    };
    raw.modules.iter().flat_map(links).take(MAX_TYPES)
}

/// What lies in the type data and can only be a descriptor. Known ones are passed over.
pub(super) fn walk<'r, 'a>(
    raw: &'r Raw<'a>,
    known: impl Fn(u64) -> Option<Header<'a>> + Copy + 'r,
) -> impl Iterator<Item = u64> + 'r {
    type_data(raw.image, raw.modules).into_iter().flat_map(move |(start, end)| {
        let step = raw.layouts.ptr;
        let mut at = start.checked_next_multiple_of(step).unwrap_or(u64::MAX);
        std::iter::from_fn(move || {
            while at < end {
                let here = at;
                let passed = known(here);
                let found = passed.or_else(|| raw.surely(here));
                at = at.saturating_add(found.map_or(step, |h| raw.len(&h).next_multiple_of(step)));
                if found.is_some() && passed.is_none() {
                    return Some(here);
                }
            }
            None
        })
    })
}

/// Descriptors that are looked at to choose a layout.
const SAMPLE: usize = 512;

/// How many descriptors make sense under a layout.
fn score(raw: &Raw) -> usize {
    let listed: Vec<u64> = typelinks(raw).take(SAMPLE).collect();
    match listed.is_empty() {
        true => walk(raw, |_| None).take(SAMPLE).count(),
        false => listed.into_iter().filter(|addr| raw.surely(*addr).is_some()).count(),
    }
}

/// The layout of the Go version, unless another one fits and it doesn't; of several possible ones the best, then newest.
pub(super) fn choose<'a>(raw: &impl Fn(Layouts) -> Raw<'a>, version: &Version, ptr: u32) -> (Layouts, Option<String>) {
    let (min, max) = (version.min, version.max);
    let all = Layouts::releases();
    let likely = all.iter().copied().filter(|m| min < *m && *m <= max).chain([min]);
    let mut candidates: Vec<Layouts> = likely.map(|minor| Layouts::new(minor, ptr)).collect();
    if version.experiment("noswissmap") || min != max {
        candidates = candidates.into_iter().flat_map(|l| [l.clone().with_bucket_maps(), l]).collect();
    }
    let best = |candidates: Vec<Layouts>| {
        let scored = candidates.into_iter().map(|l| (score(&raw(l.clone())), l));
        scored.max_by_key(|(score, l)| (*score, l.minor))
    };
    match best(candidates) {
        Some((hits, layouts)) if hits > 0 => (layouts, None),
        _ => match best(all.iter().map(|minor| Layouts::new(*minor, ptr)).collect()) {
            Some((hits, layouts)) if hits > 0 => {
                let note = format!("types are laid out as in Go 1.{}, not as in {}", layouts.minor, version.text);
                (layouts, Some(note))
            }
            _ => (Layouts::new(max, ptr), None),
        },
    }
}
