//! Itabs that the linker laid out: a concrete type seen through an interface, with a code address for each method.
//!
//! Source: `runtime/iface.go`. Static ones exist from Go 1.7; 1.7 to 1.26 list them (itablinks), from 1.27 they lie side
//! by side.

use super::rtype::{Itab, Raw, Tail, TypeReader};
use crate::limits::MAX_TYPES;

/// An itab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaticItab<'a> {
    /// Its address.
    pub addr: u64,
    /// Descriptor of the interface.
    pub interface: u64,
    /// Descriptor of the concrete type.
    pub concrete: u64,
    /// Methods in slot order: name, descriptor of the func type without receiver, code. Slots without code are 0.
    pub methods: Vec<(&'a str, u64, u64)>,
}

/// The itab at `addr`, with the number of bytes it occupies.
fn read<'a>(raw: &Raw<'a>, addr: u64) -> Option<(StaticItab<'a>, u64)> {
    let ptr = raw.layouts.ptr;
    let word = |field| raw.image.word(addr.checked_add(u64::from(raw.layouts.itab.offset(field)?))?);
    let (interface, concrete) = (word(Itab::Inter)?, word(Itab::Type)?);
    raw.header(concrete)?;
    let Tail::Interface(list) = raw.tail(interface, &raw.header(interface)?)? else { return None };
    let fun = addr.checked_add(u64::from(raw.layouts.itab.size))?;
    let len = u64::from(raw.layouts.itab.size) + list.len() as u64 * ptr;
    raw.spend(len * SHARE)?;
    let code = |at: u64| raw.image.word(at).filter(|c| raw.image.is_exec(*c)).unwrap_or(0);
    let slots = (0..).map(|i| code(fun.saturating_add(i * ptr)));
    let methods = list.into_iter().zip(slots).map(|((name, ty), code)| (name, ty, code)).collect();
    Some((StaticItab { addr, interface, concrete, methods }, len))
}

/// Itabs do not overlap, so all together may cost this part of what may be read.
const SHARE: u64 = 16;

/// All of them, by address within each module.
pub fn enumerate<'a>(reader: &TypeReader<'a>) -> Vec<StaticItab<'a>> {
    list(reader.raw(), MAX_TYPES)
}

/// The first `most` of each module.
pub(super) fn list<'a>(raw: &Raw<'a>, most: usize) -> Vec<StaticItab<'a>> {
    let (image, ptr) = (raw.image, raw.layouts.ptr);
    let mut out = Vec::new();
    for module in raw.modules {
        let (start, n) = module.itablinks.unwrap_or((0, 0));
        let room = image.tail(start).len() as u64 / ptr;
        let listed = (0..n.min(room)).filter_map(|i| read(raw, image.word(start + i * ptr)?));
        out.extend(listed.map(|(itab, _)| itab).take(most));
        let (first, size) = module.itabs.unwrap_or((0, 0));
        let mut at = first;
        let next = || {
            let (itab, len) = if at < first.saturating_add(size) { read(raw, at)? } else { return None };
            at = at.saturating_add(len.max(ptr));
            Some(itab)
        };
        out.extend(std::iter::from_fn(next).take(most));
    }
    out
}
