//! Itabs that the linker laid out: a concrete type seen through an interface, with a code address for each method.
//!
//! Source: `runtime/iface.go`. Static ones exist from Go 1.7; 1.7 to 1.26 list them (itablinks), from 1.27 they lie side
//! by side.

use super::rtype::{Itab, Tail, TypeReader};
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
pub fn read<'a>(reader: &TypeReader<'a>, addr: u64) -> Option<(StaticItab<'a>, u64)> {
    let (raw, ptr) = (reader.raw(), reader.raw().layouts.ptr);
    let word = |field| raw.image.word(addr.checked_add(u64::from(raw.layouts.itab.offset(field)?))?);
    let (interface, concrete) = (word(Itab::Inter)?, word(Itab::Type)?);
    raw.header(concrete)?;
    let Tail::Interface(list) = raw.tail(interface, &raw.header(interface)?)? else { return None };
    let fun = addr.checked_add(u64::from(raw.layouts.itab.size))?;
    let len = u64::from(raw.layouts.itab.size) + list.len() as u64 * ptr;
    let code = |at: u64| raw.image.word(at).filter(|c| raw.image.is_exec(*c)).unwrap_or(0);
    let slots = (0..).map(|i| code(fun.saturating_add(i * ptr)));
    let methods = list.into_iter().zip(slots).map(|((name, ty), code)| (name, ty, code)).collect();
    Some((StaticItab { addr, interface, concrete, methods }, len))
}

/// All of them, by address within each module.
pub fn enumerate<'a>(reader: &TypeReader<'a>) -> Vec<StaticItab<'a>> {
    let mut out = Vec::new();
    for module in reader.raw().modules {
        let (start, n) = module.itablinks.unwrap_or((0, 0));
        let (image, ptr) = (reader.raw().image, reader.raw().layouts.ptr);
        let room = image.tail(start).len() as u64 / ptr;
        let listed = (0..n.min(room)).filter_map(|i| read(reader, image.word(start + i * ptr)?));
        out.extend(listed.map(|(itab, _)| itab).take(MAX_TYPES));
        let (mut at, size) = module.itabs.unwrap_or((0, 0));
        let end = at.saturating_add(size);
        while let Some((itab, len)) = if at < end { read(reader, at) } else { None } {
            out.push(itab);
            at = at.saturating_add(len.max(ptr));
        }
    }
    out
}
