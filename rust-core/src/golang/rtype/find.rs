//! Where descriptors are, and which layout they have.

use super::descriptor::{Header, Raw, Tail};
use super::layout::{Layouts, Names};
use crate::golang::itab::{self, StaticItab};
use crate::golang::moduledata::ModuleData;
use crate::golang::version::Version;
use crate::image::Image;
use crate::limits::MAX_TYPES;

/// Bytes that descriptors, names and lists occupy in a binary with this much type data, at most.
pub(super) fn extent(image: &Image, modules: &[ModuleData]) -> u64 {
    let data: u64 = type_data(image, modules).iter().map(|(start, end)| end - start).sum();
    // before Go 1.7 types lie anywhere, so their number has to do
    let links = link_lists(image, modules).map(|(_, (_, n))| n).max().unwrap_or(0);
    let data = if data > 0 { data } else { links.saturating_mul(1 << 10) };
    data.clamp(1 << 16, 1 << 28)
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

/// Address and number of type links, with the address that offsets are from. Before Go 1.5 a section is all there is.
fn link_lists<'r>(image: &'r Image, modules: &'r [ModuleData]) -> impl Iterator<Item = (u64, (u64, u64))> + 'r {
    let section = image.section(".typelink").filter(|_| modules.is_empty());
    let section = section.map(|s| (0, (s.addr, s.size / u64::from(image.arch.ptr_size()))));
    modules.iter().filter_map(|m| Some((m.types, m.typelinks?))).chain(section)
}

/// The descriptors that the linker listed: pointers up to Go 1.6, offsets from then to 1.26.
pub(super) fn typelinks<'r>(raw: &'r Raw) -> impl Iterator<Item = u64> + 'r {
    let links = move |(types, (start, n)): (u64, (u64, u64))| {
        let pointers = raw.layouts.names == Names::Strings;
        let step = if pointers { raw.layouts.ptr } else { 4 };
        let room = raw.image.tail(start).len() as u64 / step;
        (0..n.min(room)).filter_map(move |i| match pointers {
            true => raw.image.word(start + i * step),
            false => raw.image.u32(start + i * step).and_then(|o| types.checked_add(u64::from(o))),
        })
    };
    link_lists(raw.image, raw.modules).flat_map(links).take(MAX_TYPES)
}

/// What lies in the type data and can only be a descriptor. Known ones are passed over.
pub(super) fn walk<'r, 'a>(
    raw: &'r Raw<'a>,
    known: impl Fn(u64) -> Option<Header<'a>> + Copy + 'r,
) -> impl Iterator<Item = u64> + 'r {
    type_data(raw.image, raw.modules).into_iter().flat_map(move |(start, end)| {
        let step = raw.layouts.ptr;
        let mut at = start.checked_next_multiple_of(step).unwrap_or(u64::MAX);
        let (first, bytes) = (at, raw.image.tail(at));
        let may_begin = raw.layouts.beginning();
        std::iter::from_fn(move || {
            while at < end {
                let here = at;
                if !bytes.get((here - first) as usize..).is_some_and(&may_begin) {
                    at = at.saturating_add(step);
                    continue;
                }
                let passed = known(here);
                let found = passed.or_else(|| raw.surely(here));
                // not the whole of it: what follows the header differs most from release to release
                at = at.saturating_add(if found.is_some() { u64::from(raw.layouts.head.size) } else { step });
                if found.is_some() && passed.is_none() {
                    return Some(here);
                }
            }
            None
        })
    })
}

/// Listed descriptors, and itabs, that are looked at to choose a layout.
const SAMPLE: usize = 512;
/// Bytes of type data that are looked at, evenly spread in pages.
const SAMPLE_BYTES: u64 = 1 << 20;
const PAGE: u64 = 1 << 12;

/// The aligned addresses of the sample's pages.
fn pages<'r>(raw: &'r Raw) -> impl Iterator<Item = u64> + 'r {
    let data = type_data(raw.image, raw.modules);
    let all: u64 = data.iter().map(|(start, end)| (end - start) / PAGE + 1).sum();
    let stride = PAGE.saturating_mul(all / (SAMPLE_BYTES / PAGE) + 1);
    let step = raw.layouts.ptr as usize;
    let page = move |at: u64, end: u64| (at..end.min(at.saturating_add(PAGE))).step_by(step);
    let aligned = move |at: u64| at.checked_next_multiple_of(step as u64).unwrap_or(u64::MAX);
    let starts = move |(start, end)| (aligned(start)..end).step_by(stride as usize).map(move |at| (at, end));
    data.into_iter().flat_map(starts).flat_map(move |(at, end)| page(at, end))
}

/// How many descriptors and itabs make sense under a layout.
fn score(raw: &Raw) -> usize {
    let worth = |addr: u64| raw.surely(addr).map_or(0, |h| 1 + usize::from(raw.map_fits(addr, &h)));
    let mut types: usize = pages(raw).map(worth).sum();
    if types == 0 {
        // the lists have unnamed types only, mostly pointers: look at what they point at, too
        let elem = |addr: u64| match raw.tail(addr, &raw.header(addr)?)? {
            Tail::Elem(elem) => Some(elem),
            _ => None,
        };
        let listed = typelinks(raw).take(SAMPLE).flat_map(|addr| [Some(addr), elem(addr)]);
        types = listed.flatten().map(worth).sum();
    }
    let whole = |itab: &StaticItab| !itab.methods.is_empty() && itab.methods.iter().all(|m| m.2 != 0);
    types + itab::list(raw, SAMPLE).iter().filter(|i| whole(i)).count()
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
    // one that describes anything will do when the version is known
    if let ([only], true) = (candidates.as_slice(), min == max) {
        let raw = raw(only.clone());
        let mut listed = typelinks(&raw).take(SAMPLE).chain(pages(&raw));
        if listed.any(|addr| raw.surely(addr).is_some()) {
            return (only.clone(), None);
        }
    }
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
