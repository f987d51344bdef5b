//! Seeded chance: the same numbers on every machine, in every build.
//!
//! `SplitMix64` in integers only. Floating point and the platform's own generators are left out on
//! purpose: the demo's rows must come out byte for byte the same wherever they are made.

/// A stream of numbers that follows from its seed alone.
#[derive(Debug, Clone)]
pub(super) struct Chance {
    state: u64,
}

impl Chance {
    /// A stream of its own; each part of the demo takes another seed, so that a change in one part leaves
    /// the rows of the others alone.
    pub(super) const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    const fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `0` to `bound - 1` (`0` where the bound is not positive). The remainder's bias is far
    /// below anything a demo shows.
    pub(super) fn below(&mut self, bound: i64) -> i64 {
        (self.next() % bound.max(1).unsigned_abs()) as i64
    }

    /// A number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below(high - low + 1)
    }

    /// True in so many cases of a thousand.
    pub(super) fn per_mille(&mut self, share: i64) -> bool {
        self.below(1000) < share
    }

    /// One of the items; the default where there is none.
    pub(super) fn pick<T: Copy + Default>(&mut self, items: &[T]) -> T {
        let at = self.below(items.len() as i64) as usize;
        items.get(at).copied().unwrap_or_default()
    }

    /// One of the items, each as often as its weight says.
    pub(super) fn weighted<T: Copy + Default>(&mut self, items: &[(i64, T)]) -> T {
        let mut left = self.below(items.iter().map(|(weight, _)| weight).sum());
        for (weight, item) in items {
            if left < *weight {
                return *item;
            }
            left -= weight;
        }
        T::default()
    }

    /// A number from `low` to `high` with a heavy tail: most draws near `low`, few near `high`. `power` is
    /// how heavy.
    pub(super) fn skewed(&mut self, low: i64, high: i64, power: u32) -> i64 {
        let draw = self.below(1001);
        low + (high - low) * draw.pow(power) / 1000_i64.pow(power)
    }
}

#[cfg(test)]
mod tests {
    use super::Chance;

    #[test]
    fn the_stream_is_splitmix64() {
        let mut chance = Chance::new(1_234_567);
        assert_eq!(
            [chance.next(), chance.next(), chance.next()],
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn draws_stay_within_their_bounds() {
        let mut chance = Chance::new(7);
        for _ in 0..2000 {
            assert!((3..=9).contains(&chance.between(3, 9)));
            assert!((10..=1000).contains(&chance.skewed(10, 1000, 3)));
        }
        assert_eq!(chance.below(0), 0);
        assert_eq!(chance.pick::<i64>(&[]), 0);
        assert_eq!(chance.weighted(&[(0, 1), (5, 2)]), 2);
    }
}
