//! Revenue churn: what each customer paid when the period began against what they pay at its end.

use super::definition::Basis;
use super::panel::Panel;
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

impl Panel<'_> {
    /// What a customer stood for when `period` began.
    pub fn opening_revenue(&self, customer: u32, period: &Period) -> i128 {
        match self.settings.basis {
            Basis::Contract => self.mrr_on(customer, period.start.plus(-1)),
            Basis::Inactivity(_) => {
                self.revenue_in(customer, period.start.plus(-period.days()), period.start)
            }
        }
    }

    /// What a customer stood for when `period` ended.
    pub fn closing_revenue(&self, customer: u32, period: &Period) -> i128 {
        match self.settings.basis {
            Basis::Contract => self.mrr_on(customer, period.last()),
            Basis::Inactivity(_) => self.revenue_in(customer, period.start, period.end),
        }
    }

    /// How the revenue of `customers` moved over `period`.
    pub fn movements(&self, customers: &[u32], period: &Period) -> Movements {
        let mut moved = Movements::default();
        for &customer in customers {
            let before = self.opening_revenue(customer, period);
            let after = self.closing_revenue(customer, period);
            moved.opening += before;
            moved.closing += after;
            match (before, after) {
                (b, a) if b == a => {}
                // More refunded than bought: not a customer who comes or goes, but money that does.
                (0, a) if a < 0 => moved.contraction -= a,
                (b, 0) if b < 0 => moved.expansion -= b,
                (0, a) if self.is_first_revenue(customer, period) => moved.new += a,
                (0, a) => moved.reactivation += a,
                (b, 0) => moved.churned += b,
                (b, a) if a < b => moved.contraction += b - a,
                (b, a) => moved.expansion += a - b,
            }
        }
        moved
    }

    fn is_first_revenue(&self, customer: u32, period: &Period) -> bool {
        match self.settings.basis {
            // A free trial before the first paid plan is no revenue to come back from.
            Basis::Contract => !self.facts.subscriptions_of(customer).iter().any(|s| {
                s.starts_on < period.start && s.starts_on < s.ends_on && s.mrr_minor.is_some_and(|m| m != 0)
            }),
            Basis::Inactivity(_) => self.summary(customer).first.is_some_and(|first| first >= period.start),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::customer::CancelKind;
    use crate::domain::facts::{Facts, Lens};
    use crate::domain::{Currency, Customer, Day, PeriodKind, Subscription, Transaction};
    use crate::metrics::Settings;

    fn facts() -> Facts {
        let currency = Currency::from_code("EUR").unwrap();
        let as_of = "2026-02-02T08:00:00Z".parse().unwrap();
        let mut facts = Facts::empty(Lens { as_of, zone: jiff::tz::TimeZone::UTC, currency });
        facts.customers.push(Customer { id: "1".into(), ..Customer::default() });
        facts
    }

    fn day(y: i16, m: i8, d: i8) -> Day {
        Day::of(jiff::civil::date(y, m, d))
    }

    fn january() -> Period {
        Period::last_complete(PeriodKind::Month, day(2026, 2, 2))
    }

    #[test]
    fn the_first_paid_plan_after_a_free_trial_is_new() {
        let mut facts = facts();
        for (starts_on, ends_on, mrr) in
            [(day(2025, 12, 20), day(2026, 1, 3), 0), (day(2026, 1, 3), Day::MAX, 5000)]
        {
            facts.subscriptions.push(Subscription {
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
        let moved = Panel::of(&facts, &settings).movements(&[0], &january());
        assert_eq!((moved.new, moved.reactivation, moved.closing), (5000, 0, 5000));
    }

    #[test]
    fn refunds_make_no_movement_negative() {
        let mut facts = facts();
        for (month, amount_minor) in [(10, 900), (12, 300), (1, -500)] {
            let year = if month == 1 { 2026 } else { 2025 };
            let day = day(year, month, 5);
            facts.transactions.push(Transaction {
                customer: 0,
                day,
                amount_minor,
                cost_minor: 0,
                counted: true,
            });
        }
        facts.sort();
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
