//! What a customer is worth over the months ahead: purchases to come, each at its expected spend, in
//! money of today.
//!
//! Σ over months i of (purchases expected to the end of month i − to the end of month i − 1) × expected
//! spend ÷ (1 + d)^i, as Lifetimes and the literature have it; a payment counts as made at its month's end. One purchase
//! expected in each of two months at 100, at 1 % a month: 100 ÷ 1.01 + 100 ÷ 1.0201 = 197.04.

use std::collections::HashMap;

use super::{BgNbd, Buyer, WEEK};

/// Weeks of a mean month: 30.4375 days.
pub const MONTH_WEEKS: f64 = 30.4375 / WEEK;

/// Discounted purchases to come, for any number of customers.
///
/// What is expected of a customer who has not left depends on repeats and age alone, so it is computed
/// once for each pair of these and remembered; only the chance of not having left is each customer's own.
#[derive(Debug)]
pub struct Ahead<'a> {
    model: &'a BgNbd,
    /// Weeks from now, and the weight of the purchases expected up to then.
    ends: Vec<(f64, f64)>,
    known: HashMap<(u32, i32), f64>,
}

impl<'a> Ahead<'a> {
    /// Over `months` from now, discounted at `yearly_rate` (0.1 is ten percent a year, (1 + d)^(1/12) − 1
    /// a month; 0 not at all).
    pub fn new(model: &'a BgNbd, months: u32, yearly_rate: f64) -> Ahead<'a> {
        let monthly = (1.0 + yearly_rate.max(0.0)).powf(1.0 / 12.0);
        let worth = |month: u32| monthly.powf(-f64::from(month));
        // Σ w_i (E_i − E_{i−1}) = Σ (w_i − w_{i+1}) E_i: each E_i once, and one alone without a discount.
        let weight = |month| if month == months { worth(month) } else { worth(month) - worth(month + 1) };
        let ends = (1..=months)
            .map(|month| (f64::from(month) * MONTH_WEEKS, weight(month)))
            .filter(|(_, weight)| *weight != 0.0)
            .collect();
        Ahead { model, ends, known: HashMap::new() }
    }

    /// Over so many weeks in one, without a discount: plain expected purchases.
    pub fn weeks(model: &'a BgNbd, weeks: f64) -> Ahead<'a> {
        Ahead { model, ends: vec![(weeks.max(0.0), 1.0)], known: HashMap::new() }
    }

    /// Purchases expected of a customer, discounted. Times their expected spend, this is their value.
    pub fn purchases(&mut self, buyer: Buyer) -> f64 {
        let buyer = buyer.tidied();
        let Ahead { model, ends, known } = self;
        let if_alive = known.entry((buyer.repeats, buyer.age_days)).or_insert_with(|| {
            ends.iter().map(|(weeks, weight)| weight * model.if_alive(*weeks, buyer)).sum()
        });
        model.p_alive(buyer) * *if_alive
    }
}
