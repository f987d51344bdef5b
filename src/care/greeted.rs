//! How often customers are written to: what is known of letters so far, and the caps.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::Day;
use crate::outbox::AddressId;

/// What the ids of customers begin with, where they are recipients.
pub const CUSTOMER: &str = "customer:";

/// Why whoever asked so is not written to.
pub const SUPPRESSED: &str = "the address is not written to any more";

/// Days that the longer of the caps looks back.
pub const WEEK: i32 = 7;

/// What is known of letters so far.
#[derive(Debug, Clone, Default)]
pub struct Greeted {
    /// The salt of the hashes.
    pub salt: Vec<u8>,
    /// Addresses that must not be written to.
    pub suppressed: BTreeSet<AddressId>,
    /// The days of the last week on which customers were written to, by recipient.
    pub letters: BTreeMap<String, Vec<Day>>,
}

/// Most letters to one customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// On one day.
    pub a_day: usize,
    /// Within [`WEEK`] days.
    pub a_week: usize,
}

impl Caps {
    /// Why one who was written to on `days` is not written to today, if so.
    pub fn hinder(self, days: &[Day], today: Day) -> Option<&'static str> {
        let since = |first: Day| days.iter().filter(|day| (first..=today).contains(*day)).count();
        if since(today) >= self.a_day {
            return Some("they were written to today as often as `a_day` allows");
        }
        (since(today.plus(1 - WEEK)) >= self.a_week)
            .then_some("they were written to this week as often as `a_week` allows")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_is_seven_days_with_today() {
        let today = Day(20_000);
        let caps = Caps { a_day: 1, a_week: 2 };
        let hindered = |days: &[i32]| {
            let days: Vec<Day> = days.iter().map(|ago| today.plus(-ago)).collect();
            caps.hinder(&days, today).is_some()
        };
        for (days, is) in [
            (&[][..], false),
            (&[0], true),
            (&[1], false),
            (&[1, 2], true),
            (&[1, 6], true),
            (&[1, 7], false),
            (&[7, 8, 9], false),
        ] {
            assert_eq!(hindered(days), is, "{days:?}");
        }
    }
}
