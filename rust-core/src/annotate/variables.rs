//! Variables that a Windows program fills at its start: addresses of functions that it looks up by name, and `LazyProc`
//! objects. What is stored into them tells which functions later calls through them reach.

use super::sites::Site;
use super::system;
use crate::code::values::Value;
use crate::program::Program;
use foldhash::HashMap;

/// What was stored into a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stored {
    /// The variable.
    pub(super) at: u64,
    /// A name in it.
    text: String,
    /// Another variable that it refers to: the library.
    pub(super) library: Option<u64>,
}

/// An object that is being filled.
#[derive(Debug, Default)]
pub(super) struct Object {
    fields: Vec<(u32, Value)>,
}

/// Fields of one object that are kept.
const MOST_FIELDS: usize = 16;
/// Longest name of a function or library, in bytes.
const LONGEST: u64 = 128;

impl Object {
    /// A new object.
    pub(super) fn clear(&mut self) {
        self.fields.clear();
    }

    /// A store into it.
    pub(super) fn store(&mut self, at: u32, value: Value) {
        if self.fields.len() < MOST_FIELDS && value != Value::Unknown {
            self.fields.push((at, value));
        }
    }

    /// The object is stored into a variable: what that says, if there is a string in it.
    pub(super) fn stored(&self, program: &Program<'_>, at: u64) -> Option<Stored> {
        let field = |at: u32| self.fields.iter().find(|f| f.0 == at).and_then(|f| f.1.constant());
        let text = self.fields.iter().find_map(|(at, value)| {
            let len = field(at.saturating_add(8)).filter(|len| (2..LONGEST).contains(len))?;
            name(program.image.bytes(value.constant()?, len as usize)?)
        })?;
        let library = self.fields.iter().find_map(|f| if let Value::Static(at) = f.1 { Some(at) } else { None });
        Some(Stored { at, text, library })
    }
}

/// A function's address, looked up by name, is stored into a variable.
pub(super) fn looked_up(at: u64, text: String) -> Stored {
    Stored { at, text, library: None }
}

/// A name of a function or a library that ends with the bytes or at a zero byte.
pub(super) fn name(bytes: &[u8]) -> Option<String> {
    let name = bytes.split(|b| *b == 0).next().unwrap_or_default();
    let fits = |b: &u8| b.is_ascii_alphanumeric() || b"_.-".contains(b);
    (name.len() > 1 && name.iter().all(fits)).then(|| String::from_utf8_lossy(name).into_owned())
}

/// Constants that were stored on the stack since the last call: names are built there.
#[derive(Debug, Default)]
pub(super) struct Recent {
    stores: Vec<(i32, u8, u64)>,
}

impl Recent {
    /// A store at that offset from SP at entry.
    pub(super) fn store(&mut self, at: i32, size: u8, value: u64) {
        if self.stores.len() < LONGEST as usize {
            self.stores.push((at, size, value));
        }
    }

    /// A call: what was stored before it is no longer of interest.
    pub(super) fn clear(&mut self) {
        self.stores.clear();
    }

    /// The bytes at that offset from SP at entry.
    pub(super) fn bytes(&self, at: i32, len: u64) -> Vec<u8> {
        let mut out = vec![0xffu8; len.min(LONGEST) as usize];
        for (from, size, value) in &self.stores {
            for (n, byte) in value.to_le_bytes().iter().cycle().take(usize::from(*size)).enumerate() {
                let index = i64::from(*from) + n as i64 - i64::from(at);
                if let Some(slot) = usize::try_from(index).ok().and_then(|i| out.get_mut(i)) {
                    *slot = *byte;
                }
            }
        }
        out
    }
}

/// Names the functions of call sites that go through variables; drops those that stay without a name.
pub(super) fn resolve(stored: Vec<Stored>, sites: &mut Vec<Site>) {
    let stored: HashMap<u64, Stored> = stored.into_iter().map(|s| (s.at, s)).collect();
    let name = |at: u64| stored.get(&at).map(|s| s.text.clone());
    sites.retain_mut(|site| {
        let Some(variable) = site.variable else { return true };
        let Some((api, name_of)) = site.api.as_mut().zip(name(variable)) else { return false };
        let library = stored.get(&variable).and_then(|s| s.library).and_then(name);
        system::name(api, name_of, library.unwrap_or_default());
        true
    });
}
