//! Customer churn: who was there when the period began, and who still is.

use std::collections::BTreeMap;

use super::definition::Definition;
use super::panel::Panel;
use crate::domain::customer::CancelKind;
use crate::domain::{Day, Period, Ratio};

/// Customers of a period. Two identities always hold: opening = retained + churned, and
/// closing = opening − churned + new + reactivated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Active on the day before the period.
    pub opening: i128,
    /// Opening customers not active on its last day.
    pub churned: i128,
    /// Opening customers active on its last day.
    pub retained: i128,
    /// Active on its last day, never before it.
    pub new: i128,
    /// Active on its last day, not on the day before it, active on some earlier day.
    pub reactivated: i128,
    /// First active within it and not active on its last day. Not in the churn rate.
    pub joined_and_left: i128,
    /// Active on its last day.
    pub closing: i128,
    /// Departures within it, whoever they were.
    pub departures: i128,
    /// Departures within it that came within `early_days` of the customer's first active day.
    pub early: i128,
    /// First seen before its end (inactivity basis: first transaction).
    pub seen: i128,
    /// Of those, without a transaction in it.
    pub silent: i128,
}

impl Counts {
    /// Customers who first became active in the period, whether they stayed or not.
    pub fn joined(&self) -> i128 {
        self.new + self.joined_and_left
    }

    /// The churn rate by a definition; `None` when its base is empty.
    pub fn rate(&self, definition: Definition) -> Option<Ratio> {
        match definition {
            Definition::Cohort => Ratio::of(self.churned, self.opening),
            Definition::Events => Ratio::of(self.departures, self.opening),
            Definition::EventsPlusNew => Ratio::of(self.departures, self.opening + self.joined()),
            Definition::InactiveShare => Ratio::of(self.silent, self.seen),
        }
    }

    /// 1 − churn rate; by [`Definition::Cohort`] that is retained ÷ opening.
    pub fn retention(&self, definition: Definition) -> Option<Ratio> {
        self.rate(definition).map(|rate| rate.complement())
    }

    /// Early departures ÷ customers who became active in the period.
    pub fn early_rate(&self) -> Option<Ratio> {
        Ratio::of(self.early, self.joined())
    }
}

/// 1 − (1 − rate)^n, never rate × n. `per_year` is how many periods make a year.
pub fn annualised(rate: Ratio, per_year: f64) -> f64 {
    1.0 - (1.0 - rate.approximate()).max(0.0).powf(per_year)
}

/// What became of a customer over a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Active before and at the end.
    Retained,
    /// Active before, not at the end.
    Churned,
    /// There for the first time.
    New,
    /// There again.
    Reactivated,
    /// Came and went within the period.
    JoinedAndLeft,
    /// Active at neither end and not first seen within.
    Absent,
}

impl Panel<'_> {
    /// What became of one customer over `period`.
    pub fn fate(&self, customer: u32, period: &Period) -> Fate {
        let activity = &self.summary(customer).activity;
        let opening = activity.is_active(period.start.plus(-1));
        let closing = activity.is_active(period.last());
        let before = activity.was_active_before(period.start);
        match (opening, closing, before) {
            (true, true, _) => Fate::Retained,
            (true, false, _) => Fate::Churned,
            (false, true, false) => Fate::New,
            (false, true, true) => Fate::Reactivated,
            (false, false, false) if activity.first().is_some_and(|d| period.contains(d)) => {
                Fate::JoinedAndLeft
            }
            (false, false, _) => Fate::Absent,
        }
    }

    /// The counts of `customers` over `period`.
    pub fn counts(&self, customers: &[u32], period: &Period) -> Counts {
        let mut counts = Counts::default();
        for &customer in customers {
            match self.fate(customer, period) {
                Fate::Retained => counts.retained += 1,
                Fate::Churned => counts.churned += 1,
                Fate::New => counts.new += 1,
                Fate::Reactivated => counts.reactivated += 1,
                Fate::JoinedAndLeft => counts.joined_and_left += 1,
                Fate::Absent => {}
            }
            self.count_departures(customer, period, &mut counts);
            if self.summary(customer).first.is_some_and(|first| first < period.end) {
                counts.seen += 1;
                counts.silent += i128::from(!self.has_transaction_in(customer, period.start, period.end));
            }
        }
        counts.opening = counts.retained + counts.churned;
        counts.closing = counts.retained + counts.new + counts.reactivated;
        counts
    }

    fn count_departures(&self, customer: u32, period: &Period, counts: &mut Counts) {
        let activity = &self.summary(customer).activity;
        let Some(first) = activity.first() else { return };
        for day in activity.departures(period) {
            counts.departures += 1;
            counts.early += i128::from(day.since(first) <= self.settings.early_days);
        }
    }

    /// The churn rate of `customers` over `period`, by the shop's definition.
    pub fn churn_rate(&self, customers: &[u32], period: &Period) -> Option<Ratio> {
        self.counts(customers, period).rate(self.settings.definition)
    }

    /// The customers who churned in `period`, those who paid most first.
    pub fn churned(&self, customers: &[u32], period: &Period) -> Vec<Departure> {
        let mut gone: Vec<Departure> = customers
            .iter()
            .filter(|customer| self.fate(**customer, period) == Fate::Churned)
            .map(|&customer| self.departure(customer, period))
            .collect();
        gone.sort_by(|a, b| {
            let id = |d: &Departure| self.facts.customers[d.customer as usize].id.clone();
            b.lost_minor.cmp(&a.lost_minor).then_with(|| id(a).cmp(&id(b)))
        });
        gone
    }

    fn departure(&self, customer: u32, period: &Period) -> Departure {
        let ended = self
            .facts
            .subscriptions_of(customer)
            .iter()
            .filter(|s| s.ends_on <= period.last())
            .max_by_key(|s| (s.ends_on, s.starts_on));
        let activity = &self.summary(customer).activity;
        let left_on = activity.spans().iter().map(|s| s.to).filter(|to| *to <= period.last()).max();
        Departure {
            customer,
            lost_minor: self.opening_revenue(customer, period),
            left_on,
            since: activity.first(),
            plan: ended.and_then(|s| s.plan.clone()),
            kind: ended.map_or(CancelKind::Unknown, |s| s.cancel_kind),
            reason: ended.and_then(|s| s.cancel_reason.clone()),
        }
    }
}

/// A customer who churned, with what is known about why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Departure {
    /// Index into the facts.
    pub customer: u32,
    /// Revenue they stood for when the period began, minor units.
    pub lost_minor: i128,
    /// First day without service.
    pub left_on: Option<Day>,
    /// First active day.
    pub since: Option<Day>,
    /// Plan of the subscription that ended last.
    pub plan: Option<String>,
    /// Who ended it.
    pub kind: CancelKind,
    /// Why.
    pub reason: Option<String>,
}

/// Departures by who ended them.
pub fn by_kind(gone: &[Departure]) -> BTreeMap<CancelKind, i128> {
    let mut counts = BTreeMap::new();
    for departure in gone {
        *counts.entry(departure.kind).or_default() += 1;
    }
    counts
}

/// Departures by reason, most frequent first; `None` is "no reason given".
pub fn by_reason(gone: &[Departure]) -> Vec<(Option<String>, i128, i128)> {
    let mut counts: BTreeMap<Option<String>, (i128, i128)> = BTreeMap::new();
    for departure in gone {
        let entry = counts.entry(departure.reason.clone()).or_default();
        entry.0 += 1;
        entry.1 += departure.lost_minor;
    }
    let mut rows: Vec<_> = counts.into_iter().map(|(reason, (n, lost))| (reason, n, lost)).collect();
    rows.sort_by(|a, b| b.1.cmp(&a.1).then(b.2.cmp(&a.2)).then(a.0.cmp(&b.0)));
    rows
}
