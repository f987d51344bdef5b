//! Seeded chance: the same shop on every machine. `SplitMix64`, integers only.

/// A stream of numbers that follows from its seed alone.
pub(super) struct Chance(u64);

impl Chance {
    /// A stream of its own: each part of the shop takes another seed.
    pub(super) const fn new(seed: u64) -> Chance {
        Chance(seed)
    }

    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `0` to `bound - 1`; `0` where the bound is `0`.
    pub(super) const fn below(&mut self, bound: u64) -> u64 {
        ((self.next() as u128 * bound as u128) >> 64) as u64
    }

    /// A number from `low` to `high`, both included.
    pub(super) const fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// True in so many cases of a thousand.
    pub(super) const fn per_mille(&mut self, share: u64) -> bool {
        self.below(1000) < share
    }

    /// One of the items.
    pub(super) const fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len() as u64) as usize]
    }

    /// A whole number from 1 to 2 to the power of `octaves`, with a tail: each doubling is reached by
    /// `share` of a thousand of those before it.
    pub(super) const fn tail(&mut self, share: u64, octaves: u32) -> u64 {
        let mut power = 0;
        while power < octaves && self.per_mille(share) {
            power += 1;
        }
        let least = 1 << power;
        if power == octaves { least } else { least + self.below(least) }
    }
}
