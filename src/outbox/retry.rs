//! When a delivery is tried again, and when it is given up. The tables are those of `docs/operating.md`.

use jiff::SignedDuration;

/// Seconds until the next try, by how many charged tries there were; the last one repeats.
const MAIL: &[i64] = &[60, 300, 900, 1_800, 3_600, 7_200, 14_400];
const WEB: &[i64] = &[5, 30, 120, 600, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
const CHAT: &[i64] = &[5, 30, 120, 600, 1_800, 7_200, 18_000, 36_000];

/// How long to wait before an uncertain message is sent once more.
pub const UNCERTAIN_WAIT: SignedDuration = SignedDuration::from_mins(15);

/// Bounds of what another side may ask us to wait.
const ASKED_MIN: SignedDuration = SignedDuration::from_secs(1);
const ASKED_MAX: SignedDuration = SignedDuration::from_hours(24);

/// A table of delays and its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    delays: &'static [i64],
    attempts_max: u32,
}

impl Retry {
    /// E-mail: minutes, then every four hours; its expiry ends it.
    pub const EMAIL: Retry = Retry { delays: MAIL, attempts_max: 60 };
    /// Generic webhook: 12 tries in 75.7 hours.
    pub const WEBHOOK: Retry = Retry { delays: WEB, attempts_max: 12 };
    /// Chat: as webhooks, up to ten hours apart; its expiry ends it.
    pub const CHAT: Retry = Retry { delays: CHAT, attempts_max: 20 };

    /// How long after the end of charged attempt `attempts` (from 1) the next one is due: the table's
    /// delay ±20 %, drawn from `seed`, so that two daemons and two test runs agree. `None` when the
    /// attempts are used up. What the other side asked for is honoured instead, within a second and a day.
    pub fn delay(&self, attempts: u32, seed: u64, asked: Option<SignedDuration>) -> Option<SignedDuration> {
        if attempts >= self.attempts_max {
            return None;
        }
        if let Some(asked) = asked {
            return Some(asked.clamp(ASKED_MIN, ASKED_MAX));
        }
        let step = (attempts.max(1) as usize - 1).min(self.delays.len() - 1);
        Some(SignedDuration::from_millis(jitter(self.delays[step] * 1000, seed, attempts)))
    }
}

/// `base` ±20 %, from a hash of the seed and the attempt.
fn jitter(base: i64, seed: u64, attempt: u32) -> i64 {
    // SplitMix64's finaliser: neighbouring attempts land far apart.
    let mut z = seed.wrapping_add(u64::from(attempt).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let permille = ((z ^ (z >> 31)) % 401) as i64 - 200;
    base + base * permille / 1000
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn mail_is_tried_about_as_long_as_its_expiry() {
        let mut hours = 0.0;
        for attempt in 1..36 {
            hours += Retry::EMAIL.delay(attempt, 7, None).unwrap().as_secs_f64() / 3600.0;
        }
        assert!((96.0..144.0).contains(&hours), "{hours}");
    }

    #[test]
    fn webhooks_get_twelve_tries() {
        assert!(Retry::WEBHOOK.delay(11, 1, None).is_some());
        assert_eq!(Retry::WEBHOOK.delay(12, 1, None), None);
    }

    proptest! {
        #[test]
        fn jitter_stays_within_a_fifth(seed: u64, attempt in 1u32..20) {
            let base = CHAT[(attempt as usize - 1).min(CHAT.len() - 1)] as f64;
            if let Some(delay) = Retry::CHAT.delay(attempt, seed, None) {
                let share = delay.as_secs_f64() / base;
                prop_assert!((0.799..=1.201).contains(&share));
                prop_assert_eq!(Retry::CHAT.delay(attempt, seed, None), Some(delay));
            }
        }

        #[test]
        fn what_is_asked_is_clamped(seconds in -1_000_000_000i64..1_000_000_000) {
            let asked = Retry::EMAIL.delay(1, 1, Some(SignedDuration::from_secs(seconds))).unwrap();
            prop_assert!(asked >= ASKED_MIN && asked <= ASKED_MAX);
        }
    }
}
