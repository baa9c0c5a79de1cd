//! Which function an address is in. Asked for every call and jump, so it looks in one bucket instead of halving a list
//! that no cache holds.

/// Functions' entries, and for each bucket of addresses the first function in it or behind.
#[derive(Debug)]
pub(super) struct Index {
    /// In ascending order.
    entries: Vec<u64>,
    /// A bucket more than there are, so that each has an end.
    buckets: Vec<u32>,
    /// Addresses of a bucket are the same but for so many low bits.
    shift: u32,
}

impl Index {
    /// Of entries in ascending order.
    pub(super) fn new(entries: Vec<u64>) -> Index {
        let span = entries.last().zip(entries.first()).map_or(0, |(last, first)| last - first);
        // About as many buckets as functions, however far apart these are.
        let shift = (0..u64::BITS).find(|shift| span >> shift <= 2 * entries.len() as u64).unwrap_or(0);
        let mut buckets = Vec::with_capacity((span >> shift) as usize + 2);
        for (i, entry) in entries.iter().enumerate() {
            let bucket = ((entry - entries[0]) >> shift) as usize;
            buckets.resize(buckets.len().max(bucket + 1), i as u32);
        }
        buckets.push(entries.len() as u32);
        Index { entries, buckets, shift }
    }

    /// How many entries are at or below `addr`.
    pub(super) fn up_to(&self, addr: u64) -> usize {
        let Some(offset) = self.entries.first().and_then(|first| addr.checked_sub(*first)) else { return 0 };
        let bucket = usize::try_from(offset >> self.shift).unwrap_or(usize::MAX);
        match self.buckets.get(bucket..).unwrap_or_default() {
            [from, to, ..] => {
                let (from, to) = (*from as usize, *to as usize);
                from + self.entries[from..to].partition_point(|entry| *entry <= addr)
            }
            _ => self.entries.len(),
        }
    }

    /// The last function that starts at `addr`.
    pub(super) fn at(&self, addr: u64) -> Option<usize> {
        let before = self.up_to(addr).checked_sub(1)?;
        (self.entries[before] == addr).then_some(before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_a_list_finds() {
        let mut random = 1u64;
        for spread in [3, 8, 40, 63] {
            let mut entries: Vec<u64> = (0..200)
                .map(|_| {
                    random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    0x40_1000 + (random >> (64 - spread))
                })
                .collect();
            entries.sort_unstable();
            let index = Index::new(entries.clone());
            for addr in entries.iter().flat_map(|e| [e - 1, *e, e + 1, e + 7]).chain([0, u64::MAX]) {
                assert_eq!(index.up_to(addr), entries.partition_point(|e| *e <= addr), "{addr:#x}");
                assert_eq!(index.at(addr).map(|i| entries[i]), entries.contains(&addr).then_some(addr));
            }
        }
    }

    #[test]
    fn none_and_one() {
        assert_eq!((Index::new(vec![]).up_to(5), Index::new(vec![]).at(5)), (0, None));
        assert_eq!(
            (Index::new(vec![5]).up_to(5), Index::new(vec![5]).at(5), Index::new(vec![5]).up_to(4)),
            (1, Some(0), 0)
        );
    }
}
