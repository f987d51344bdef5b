//! Whether ids come twice. A join in a mapping multiplies rows, and every figure would be wrong.

use std::hash::BuildHasher as _;

use foldhash::fast::FixedState;
use hashbrown::HashSet;

/// Ids kept at most. Beyond, every second id is watched, then every fourth, …: a join that multiplies rows
/// does it to many, and memory stays bounded.
const KEPT_MAX: usize = 1_000_000;

const HASH: FixedState = FixedState::with_seed(0x0069_6473);

/// The hash of an id.
pub(super) fn hash(id: &[u8]) -> u64 {
    HASH.hash_one(id)
}

/// Watches ids go by. Each is compared by a 64-bit hash: a false alarm among twenty million is less
/// likely than a broken disk.
pub(super) struct Repeats {
    seen: HashSet<u64, FixedState>,
    mask: u64,
}

impl Repeats {
    pub(super) fn new() -> Repeats {
        Repeats { seen: HashSet::with_hasher(HASH), mask: 0 }
    }

    /// Whether the id of this hash came before.
    pub(super) fn came_before(&mut self, hash: u64) -> bool {
        if hash & self.mask != 0 {
            return false;
        }
        let repeated = !self.seen.insert(hash);
        if self.seen.len() > KEPT_MAX {
            self.mask = self.mask << 1 | 1;
            let mask = self.mask;
            self.seen.retain(|hash| hash & mask == 0);
        }
        repeated
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(ids: impl Iterator<Item = u64>) -> usize {
        let mut repeats = Repeats::new();
        ids.filter(|id| repeats.came_before(hash(&id.to_le_bytes()))).count()
    }

    #[test]
    fn a_single_repeat_is_seen_among_a_million_and_a_join_among_many() {
        assert_eq!(count(0..1_000_000), 0);
        assert_eq!(count((0..900_000).chain([17])), 1);
        let many = 2_500_000u64;
        assert!(count((0..many).map(|n| n / 2)) > 100_000);
        assert_eq!(count(0..many), 0);
    }
}
