//! Revenue churn: what each customer paid when the period began against what they pay at its end.

use super::panel::Panel;
use super::sweep::Standing;
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
        Ratio::of(self.churned + self.contraction, self.opening).filter(|_| self.opening > 0)
    }

    /// (churned + contraction − expansion) ÷ opening; reactivation is subtracted too where a shop
    /// counts it in. Below zero it is negative churn.
    pub fn net_churn(&self, reactivation_in: bool) -> Option<Ratio> {
        let back = if reactivation_in { self.reactivation } else { 0 };
        Ratio::of(self.churned + self.contraction - self.expansion - back, self.opening)
            .filter(|_| self.opening > 0)
    }
}

impl Movements {
    pub(super) fn add(&mut self, standing: &Standing) {
        let (before, after) = (i128::from(standing.before), i128::from(standing.after));
        self.opening += before;
        self.closing += after;
        match (before, after) {
            (b, a) if b == a => {}
            // More refunded than bought: not a customer who comes or goes, but money that does.
            (0, a) if a < 0 => self.contraction -= a,
            (b, 0) if b < 0 => self.expansion -= b,
            // A free trial before the first paid plan is no revenue to come back from.
            (0, a) if standing.first => self.new += a,
            (0, a) => self.reactivation += a,
            (b, 0) => self.churned += b,
            (b, a) if a < b => self.contraction += b - a,
            (b, a) => self.expansion += a - b,
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
}
