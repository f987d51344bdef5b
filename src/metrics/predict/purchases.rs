//! Buyers as the likelihood of [`super::BgNbd`] needs them: sorted, grouped and counted once, before the
//! search begins.
//!
//! Days are whole, so whatever depends on one day alone (a logarithm a day) is a table, those who never
//! came back are a count by age, and equal histories are one history with a weight. What is left for each
//! history in each evaluation is one exponential and one logarithm. Sorting makes the sums the same in
//! whatever order the buyers come.

use super::{Buyer, REPEAT_BUYERS_MIN, Refusal, WEEK};

/// Equal histories with a repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct History {
    pub(super) recency_days: u16,
    pub(super) age_days: u16,
    pub(super) weight: u32,
}

/// Histories of one number of repeats: a range of [`Purchases::histories`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) repeats: u32,
    pub(super) range: std::ops::Range<usize>,
}

/// All buyers, condensed.
#[derive(Debug)]
pub(super) struct Purchases {
    pub(super) customers: usize,
    /// By age in days: customers, and their repeats.
    pub(super) by_age: Vec<(f64, f64)>,
    /// By k: customers with more than k repeats.
    pub(super) beyond: Vec<f64>,
    pub(super) runs: Vec<Run>,
    pub(super) histories: Vec<History>,
    /// Repeats a week between first and last purchase, over all.
    pub(super) weekly_rate: f64,
}

impl Purchases {
    /// The buyers are asked for twice, so that a million of them need not be there at once.
    pub(super) fn of(buyers: impl Iterator<Item = Buyer> + Clone) -> Result<Purchases, Refusal> {
        let mut keys = Vec::with_capacity(buyers.clone().filter(|buyer| buyer.repeats > 0).count());
        let mut customers = 0;
        let mut by_age: Vec<(f64, f64)> = Vec::new();
        let (mut repeats, mut active_days) = (0.0, 0.0);
        for buyer in buyers.map(Buyer::tidied) {
            customers += 1;
            let age = buyer.age_days as usize;
            if age >= by_age.len() {
                by_age.resize(age + 1, (0.0, 0.0));
            }
            by_age[age].0 += 1.0;
            if buyer.repeats > 0 {
                by_age[age].1 += f64::from(buyer.repeats);
                repeats += f64::from(buyer.repeats);
                active_days += f64::from(buyer.recency_days);
                keys.push(key(buyer));
            }
        }
        if keys.len() < REPEAT_BUYERS_MIN {
            return Err(Refusal::TooFewRepeatBuyers { have: keys.len(), need: REPEAT_BUYERS_MIN });
        }
        keys.sort_unstable();
        if keys.len() == customers && keys.first() == keys.last() {
            return Err(Refusal::AllAlike { have: customers });
        }
        let (runs, histories, beyond) = grouped(&keys);
        let weekly_rate = repeats / active_days * WEEK;
        Ok(Purchases { customers, by_age, beyond, runs, histories, weekly_rate })
    }
}

/// Repeats, then age, then recency: each fits since days were cut to a century.
fn key(buyer: Buyer) -> u64 {
    u64::from(buyer.repeats) << 32 | (buyer.age_days as u64) << 16 | buyer.recency_days as u64
}

fn grouped(keys: &[u64]) -> (Vec<Run>, Vec<History>, Vec<f64>) {
    let mut runs: Vec<Run> = Vec::new();
    let mut histories: Vec<History> = Vec::new();
    let most = keys.last().map_or(0, |key| (key >> 32) as usize);
    let mut beyond = vec![0.0; most];
    for same in keys.chunk_by(|one, other| one == other) {
        let repeats = (same[0] >> 32) as u32;
        let weight = same.len() as u32;
        let at = histories.len();
        match runs.last_mut() {
            Some(run) if run.repeats == repeats => run.range.end = at + 1,
            _ => runs.push(Run { repeats, range: at..at + 1 }),
        }
        histories.push(History { recency_days: same[0] as u16, age_days: (same[0] >> 16) as u16, weight });
        // More than k = repeats − 1, and than every smaller k once summed from the end.
        beyond[repeats as usize - 1] += f64::from(weight);
    }
    for k in (1..most).rev() {
        beyond[k - 1] += beyond[k];
    }
    (runs, histories, beyond)
}
