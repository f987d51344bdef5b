//! Revenue churn: what each customer paid when the period began against what they pay at its end.
//!
//! Each customer's change is one movement: to zero (churned), down (contraction), up (expansion), from zero for the first
//! time (new) or again (reactivation). On the contract basis it is recurring revenue (MRR) on the day before the period
//! against that on its last day, on the inactivity basis revenue of as many days before against that of the period.
//! closing = opening + new + reactivation + expansion − contraction − churned.
//!
//! - **Gross revenue churn** = (churned + contraction) ÷ opening; **GRR** = 1 − it.
//! - **Net revenue churn** = (churned + contraction − expansion) ÷ opening, below zero *negative churn*; **NRR** = 1 − it.
//!   A shop may subtract reactivation, too.
//!
//! Of 1,000 at the start 50 went to zero, 30 down and 120 up, 200 came new: gross (50 + 30) ÷ 1,000 = 8 %, GRR 92 %; net
//! (80 − 120) ÷ 1,000 = −4 %, NRR 104 %; 1,240 at the end. The terms are those of subscription businesses (Skok, "`SaaS`
//! Metrics 2.0"; Farris, Bendle, Pfeifer, Reibstein, "Marketing Metrics", 2010, ch. 5).

use std::cmp::Reverse;

use super::first;
use super::panel::Panel;
use super::sweep::{Reading, Standing};
use crate::domain::parallel;
use crate::domain::{Period, Ratio};

/// How recurring revenue moved over a period, in minor units; each movement is positive.
/// closing = opening + new + reactivation + expansion − contraction − churned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Movements {
    /// On the day before the period (inactivity basis: revenue of the period before).
    pub opening: i128,
    /// Went to zero.
    pub churned: i128,
    /// Went down.
    pub contraction: i128,
    /// Went up.
    pub expansion: i128,
    /// Came from zero for the first time.
    pub new: i128,
    /// Came from zero again.
    pub reactivation: i128,
    /// On the last day (inactivity basis: revenue of the period).
    pub closing: i128,
}

impl Movements {
    /// (churned + contraction) ÷ opening.
    pub fn gross_churn(&self) -> Option<Ratio> {
        let (lost, opening) = self.gross();
        Ratio::of(lost, opening).filter(|_| opening > 0)
    }

    pub(super) fn gross(&self) -> (i128, i128) {
        (self.churned + self.contraction, self.opening)
    }

    /// (churned + contraction − expansion) ÷ opening; reactivation is subtracted too where a shop
    /// counts it in. Below zero it is negative churn.
    pub fn net_churn(&self, reactivation_in: bool) -> Option<Ratio> {
        let (lost, opening) = self.net(reactivation_in);
        Ratio::of(lost, opening).filter(|_| opening > 0)
    }

    pub(super) fn net(&self, reactivation_in: bool) -> (i128, i128) {
        let back = if reactivation_in { self.reactivation } else { 0 };
        (self.churned + self.contraction - self.expansion - back, self.opening)
    }
}

/// What a customer's revenue did over a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Movement {
    /// Came from zero for the first time.
    New,
    /// Came from zero again.
    Reactivation,
    /// Went up.
    Expansion,
    /// Went down.
    Contraction,
    /// Went to zero.
    Churned,
}

impl Movement {
    /// All of them with their names, gains first.
    pub const ALL: [(&'static str, Movement); 5] = [
        ("new", Movement::New),
        ("reactivation", Movement::Reactivation),
        ("expansion", Movement::Expansion),
        ("contraction", Movement::Contraction),
        ("churned", Movement::Churned),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Movement::ALL[self as usize].0
    }

    /// What revenue did that was `before` and is `after`; `None` where it stayed.
    fn of(before: i64, after: i64, first: bool) -> Option<Movement> {
        match (before, after) {
            (b, a) if b == a => None,
            // More refunded than bought: not a customer who comes or goes, but money that does.
            (0, a) if a < 0 => Some(Movement::Contraction),
            (b, 0) if b < 0 => Some(Movement::Expansion),
            // A free trial before the first paid plan is no revenue to come back from.
            (0, _) if first => Some(Movement::New),
            (0, _) => Some(Movement::Reactivation),
            (_, 0) => Some(Movement::Churned),
            (b, a) if a < b => Some(Movement::Contraction),
            _ => Some(Movement::Expansion),
        }
    }
}

/// A customer whose revenue moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// Index into the facts.
    pub customer: u32,
    /// What happened.
    pub movement: Movement,
    /// Revenue when the period began (inactivity basis: of the period before), minor units.
    pub before_minor: i64,
    /// Revenue at its end (inactivity basis: of the period), minor units.
    pub after_minor: i64,
}

impl Moved {
    /// By how much, with its sign, minor units.
    pub fn change_minor(&self) -> i128 {
        i128::from(self.after_minor) - i128::from(self.before_minor)
    }

    /// Largest change first; of equal ones, whoever stands first in the store.
    fn place(&self) -> (Reverse<i128>, u32) {
        (Reverse(self.change_minor().abs()), self.customer)
    }
}

/// The customers whose revenue moved most, and how many moved at all. It never holds more than twice as
/// many as are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Movers {
    /// Largest change first.
    pub most: Vec<Moved>,
    /// All whose revenue moved.
    pub of: usize,
}

impl Movers {
    fn push(&mut self, moved: Moved, wanted: usize) {
        self.of += 1;
        self.most.push(moved);
        self.cut(wanted * 2, wanted);
    }

    /// Where there are more than `limit`, keeps the `wanted` largest.
    fn cut(&mut self, limit: usize, wanted: usize) {
        first::keep(&mut self.most, limit, wanted, Moved::place);
    }
}

impl Movements {
    pub(super) fn add(&mut self, standing: &Standing) {
        let (before, after) = (i128::from(standing.before), i128::from(standing.after));
        self.opening += before;
        self.closing += after;
        let by = (after - before).abs();
        match Movement::of(standing.before, standing.after, standing.first) {
            None => {}
            Some(Movement::New) => self.new += by,
            Some(Movement::Reactivation) => self.reactivation += by,
            Some(Movement::Expansion) => self.expansion += by,
            Some(Movement::Contraction) => self.contraction += by,
            Some(Movement::Churned) => self.churned += by,
        }
    }

    pub(super) fn join(&mut self, other: &Movements) {
        self.opening += other.opening;
        self.churned += other.churned;
        self.contraction += other.contraction;
        self.expansion += other.expansion;
        self.new += other.new;
        self.reactivation += other.reactivation;
        self.closing += other.closing;
    }
}

impl Panel<'_> {
    /// How the revenue of `customers` moved over `period`.
    pub fn movements(&self, customers: &[u32], period: &Period) -> Movements {
        self.slice(customers, period).moved
    }

    /// The `wanted` customers whose revenue moved most over `period`.
    pub fn movers(&self, customers: &[u32], period: &Period, wanted: usize) -> Movers {
        let periods = [*period];
        let work = |customers: &[u32]| {
            let mut reading = Reading::new(self, &periods);
            let mut movers = Movers::default();
            for &customer in customers {
                reading.turn_to(customer);
                let Some(standing) = reading.standing(0, customer) else { continue };
                let (before_minor, after_minor) = (standing.before, standing.after);
                if let Some(movement) = Movement::of(before_minor, after_minor, standing.first) {
                    movers.push(Moved { customer, movement, before_minor, after_minor }, wanted);
                }
            }
            movers
        };
        let mut movers = parallel::fold(customers, work, |sum, part| {
            sum.of += part.of;
            sum.most.extend(part.most);
            sum.cut(wanted, wanted);
        });
        movers.cut(wanted, wanted);
        movers.most.sort_unstable_by_key(Moved::place);
        movers
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::customer::CancelKind;
    use crate::domain::facts::Lens;
    use crate::domain::{Asked, Currency, Customer, Day, PeriodKind, Rates, Rows, Subscription, Transaction};
    use crate::metrics::{Basis, Settings};

    fn rows() -> Rows {
        let currency = Currency::from_code("EUR").unwrap();
        let as_of = "2026-02-02T08:00:00Z".parse().unwrap();
        let (zone, rates) = (jiff::tz::TimeZone::UTC, Rates::default());
        let mut rows = Rows::empty(Lens { as_of, zone, currency, rates });
        rows.customers.push(Customer { id: "1".into(), ..Customer::default() });
        rows
    }

    fn asked() -> Asked {
        let trail = january().trail(4);
        trail.iter().fold(Asked::nothing(day(2026, 2, 2)).activity(90), Asked::period)
    }

    fn day(y: i16, m: i8, d: i8) -> Day {
        Day::of(jiff::civil::date(y, m, d))
    }

    fn january() -> Period {
        Period::last_complete(PeriodKind::Month, day(2026, 2, 2))
    }

    #[test]
    fn the_first_paid_plan_after_a_free_trial_is_new() {
        let mut rows = rows();
        for (starts_on, ends_on, mrr) in
            [(day(2025, 12, 20), day(2026, 1, 3), 0), (day(2026, 1, 3), Day::MAX, 5000)]
        {
            rows.subscriptions.push(Subscription {
                customer: 0,
                plan: None,
                mrr_minor: Some(mrr),
                starts_on,
                ends_on,
                renews_on: None,
                cancel_kind: CancelKind::Unknown,
                cancel_reason: None,
            });
        }
        let settings = Settings::default();
        let facts = rows.facts(asked());
        let moved = Panel::of(&facts, &settings).movements(&[0], &january());
        assert_eq!((moved.new, moved.reactivation, moved.closing), (5000, 0, 5000));
    }

    #[test]
    fn refunds_make_no_movement_negative() {
        let mut rows = rows();
        for (month, amount_minor) in [(10, 900), (12, 300), (1, -500)] {
            let year = if month == 1 { 2026 } else { 2025 };
            let day = day(year, month, 5);
            rows.transactions.push(Transaction {
                customer: 0,
                day,
                amount_minor,
                cost_minor: 0,
                costed: false,
                bought: amount_minor > 0,
                counted: true,
            });
        }
        let facts = rows.facts(asked());
        let settings = Settings { basis: Basis::Inactivity(90), ..Settings::default() };
        let panel = Panel::of(&facts, &settings);
        let mut period = january();
        for _ in 0..4 {
            let m = panel.movements(&[0], &period);
            let flows = [m.churned, m.contraction, m.expansion, m.new, m.reactivation];
            assert!(flows.iter().all(|flow| *flow >= 0), "{m:?}");
            assert_eq!(
                m.closing,
                m.opening + m.new + m.reactivation + m.expansion - m.contraction - m.churned
            );
            period = period.previous();
        }
    }

    /// Fifty customers who go from what they pay to something else, all at once.
    fn movers(wanted: usize) -> Movers {
        let mut rows = rows();
        for n in 1..50u32 {
            rows.customers.push(Customer { id: (n + 1).to_string(), ..Customer::default() });
        }
        for n in 0..50u32 {
            let mrr = |minor: i64, starts_on, ends_on| Subscription {
                customer: n,
                plan: None,
                mrr_minor: Some(minor),
                starts_on,
                ends_on,
                renews_on: None,
                cancel_kind: CancelKind::Unknown,
                cancel_reason: None,
            };
            let amount = i64::from(n) * 100;
            let (long_ago, middle) = (day(2025, 1, 1), day(2026, 1, 15));
            match n % 5 {
                0 => rows.subscriptions.push(mrr(amount, middle, Day::MAX)),
                1 => {
                    rows.subscriptions.push(mrr(7, long_ago, day(2025, 3, 1)));
                    rows.subscriptions.push(mrr(amount, middle, Day::MAX));
                }
                2 => rows.subscriptions.push(mrr(amount, long_ago, middle)),
                3 => {
                    rows.subscriptions.push(mrr(1_000, long_ago, middle));
                    rows.subscriptions.push(mrr(1_000 + amount, middle, Day::MAX));
                }
                _ => {
                    rows.subscriptions.push(mrr(1_000 + amount, long_ago, middle));
                    rows.subscriptions.push(mrr(1_000, middle, Day::MAX));
                }
            }
        }
        let settings = Settings::default();
        let facts = rows.facts(asked());
        let panel = Panel::of(&facts, &settings);
        let movers = panel.movers(&panel.customers, &january(), wanted);
        let moved = panel.movements(&panel.customers, &january());
        if wanted >= 50 {
            let net: i128 = movers.most.iter().map(Moved::change_minor).sum();
            assert_eq!(net, moved.closing - moved.opening);
        }
        movers
    }

    #[test]
    fn those_who_moved_most_come_first_with_what_they_did() {
        let all = movers(100);
        // Customer 0 moved from nothing to nothing.
        assert_eq!((all.of, all.most.len()), (49, 49));
        let told: Vec<_> = all.most.iter().take(5).map(|m| (m.movement.name(), m.change_minor())).collect();
        let expected = [
            ("contraction", -4_900),
            ("expansion", 4_800),
            ("churned", -4_700),
            ("reactivation", 4_600),
            ("new", 4_500),
        ];
        assert_eq!(told, expected);
        assert!(all.most.is_sorted_by_key(Moved::place));
    }

    #[test]
    fn a_few_of_many_are_the_same_few_however_many_are_kept() {
        let all = movers(100);
        for wanted in [1, 3, 10, 48, 49] {
            let few = movers(wanted);
            assert_eq!(few.of, all.of);
            assert_eq!(few.most, all.most[..wanted], "{wanted}");
        }
    }
}
