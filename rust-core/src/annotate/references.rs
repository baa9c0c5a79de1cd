//! Which functions may mention which addresses: asked in every round of [`super::sites`], found by one look at all code.

use crate::code::steps::{self, Mention};
use crate::program::Program;
use foldhash::{HashMap, HashMapExt, HashSet};
use rayon::prelude::*;

/// What functions mention.
pub(super) struct References {
    /// By function, packed.
    lists: Vec<Box<[u64]>>,
    /// Functions that more call than can be asked what they pass or take.
    busy: HashSet<u64>,
}

/// Calls of a function of which anything is to be learned. What more call is mostly the runtime's, or takes any value.
const MOST_CALLS: u32 = 256;

/// Bits of an address; above is what is done to it, as its place in [`MENTIONS`].
const ADDRESS: u32 = 62;
const MENTIONS: [Mention; 3] = [Mention::Call, Mention::Address, Mention::Store];

impl References {
    /// Of all functions of a program.
    pub(super) fn new(program: &Program<'_>) -> References {
        let segments = || program.image.segments.iter();
        let low = segments().map(|s| s.addr).min().unwrap_or(0);
        let high = segments().map(|s| s.end()).max().unwrap_or(0);
        let one = |func: &crate::golang::pclntab::Func| {
            let mut list = Vec::new();
            steps::mentions(program.image.arch, program.code(func), func.entry, |mention, at| {
                let known = mention != Mention::Call || program.at(at).is_some();
                if (low..high).contains(&at) && at >> ADDRESS == 0 && known {
                    list.push((mention as u64) << ADDRESS | at);
                }
            });
            list.into_boxed_slice()
        };
        let lists: Vec<Box<[u64]>> = program.funcs().par_iter().map(one).collect();
        let mut calls: HashMap<u64, u32> = HashMap::new();
        for packed in lists.iter().flatten().filter(|packed| **packed >> ADDRESS == Mention::Call as u64) {
            *calls.entry(packed & ((1 << ADDRESS) - 1)).or_default() += 1;
        }
        let busy = calls.into_iter().filter(|(_, calls)| *calls > MOST_CALLS).map(|(at, _)| at).collect();
        References { lists, busy }
    }

    /// Whether too many call the function at `entry` to learn from them.
    pub(super) fn is_busy(&self, entry: u64) -> bool {
        self.busy.contains(&entry)
    }

    /// Functions that may do to an address what is `wanted`.
    pub(super) fn mentioning(&self, wanted: impl Fn(Mention, u64) -> bool + Sync) -> Vec<u32> {
        let matches = |packed: &u64| {
            let mention = MENTIONS.get((packed >> ADDRESS) as usize);
            mention.is_some_and(|mention| wanted(*mention, packed & ((1 << ADDRESS) - 1)))
        };
        let one = |(i, list): (usize, &[u64])| list.iter().any(matches).then_some(i as u32);
        self.lists.par_iter().map(|list| &**list).enumerate().filter_map(one).collect()
    }
}
