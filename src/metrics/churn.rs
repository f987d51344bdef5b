//! Customer churn: who was there when the period began, and who still is.
//!
//! Of a period that is under way *l* is today: a contract that ends next week has not ended.
//!
//! A customer is active on a day by a contract that covers it, or (inactivity basis) by a purchase within so many days
//! up to it. For a period with first day *s* and last day *l*:
//!
//! - **Churned**: active on the day before *s* and not on *l*. **Churn rate** by [`Definition::Cohort`]: churned ÷
//!   opening: the customers at risk and no others (Farris, Bendle, Pfeifer, Reibstein, "Marketing Metrics", 2010, ch. 5,
//!   of retention). 200 at the start, 50 of them gone: 25 %. 1,000 at the start, 850 of them still there, 300 new of whom
//!   15 left too: 15 %, and 15 *joined and left* beside it.
//! - By [`Definition::Events`] every departure counts, ÷ opening; by [`Definition::EventsPlusNew`] ÷ (opening + joined).
//!   100 at the start, 30 new, 12 departures of which one was new and one came back: 10.0 %, 12.0 % and 9.2 %.
//! - By [`Definition::InactiveShare`] (inactivity basis): first seen before the period's end and without a transaction in
//!   it ÷ first seen before its end. 59 bought at least once by the end of 2011, 13 of them not in 2011: 22.03 %.
//! - **Retention**: 1 − churn rate. 25 % of churn is 75 % of retention.
//! - **Early churn**: who left within `early_days` of their first active day and is not back on *l* ÷ customers who
//!   became active in the period. 30 joined, 3 left early: 10 %.
//! - **Annualised**: 1 − (1 − rate)ⁿ, where n periods make a year: 2 % a month are 1 − 0.98¹² = 21.5 % a year, and not 24 %.
//! - **Voluntary, involuntary, reasons**: those who left by what the contract that ended last says. Of 12, 9 cancelled
//!   and 3 did not pay: 9 and 3.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::definition::{Basis, Definition};
use super::panel::Panel;
use super::sweep::{Reading, Standing};
use crate::domain::customer::{CancelKind, Contract};
use crate::domain::parallel;
use crate::domain::{Day, Period, Ratio};

/// Customers of a period. Two identities always hold: opening = retained + churned, and
/// closing = opening − churned + new + reactivated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Active on the day before the period.
    pub opening: i128,
    /// Opening customers not active on its last day.
    pub churned: i128,
    /// Of the churned, those whose contract they ended themselves (contract basis).
    pub voluntary: i128,
    /// Of the churned, those whose contract the shop ended.
    pub involuntary: i128,
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
    /// Who left within it, and within `early_days` of their first active day, and is not active on its last day.
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
        let (left, base) = self.fraction(definition);
        Ratio::of(left, base)
    }

    /// What the rate is a fraction of.
    pub(super) fn fraction(&self, definition: Definition) -> (i128, i128) {
        match definition {
            Definition::Cohort => (self.churned, self.opening),
            Definition::Events => (self.departures, self.opening),
            Definition::EventsPlusNew => (self.departures, self.opening + self.joined()),
            Definition::InactiveShare => (self.silent, self.seen),
        }
    }

    /// 1 − churn rate; by [`Definition::Cohort`] that is retained ÷ opening.
    pub fn retention(&self, definition: Definition) -> Option<Ratio> {
        self.rate(definition).map(|rate| rate.complement())
    }

    /// Who left early ÷ customers who became active in the period.
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

impl Fate {
    /// Its name, in tables for machines.
    pub fn name(self) -> &'static str {
        match self {
            Fate::Retained => "retained",
            Fate::Churned => "churned",
            Fate::New => "new",
            Fate::Reactivated => "reactivated",
            Fate::JoinedAndLeft => "joined_and_left",
            Fate::Absent => "absent",
        }
    }

    /// What a customer's two ends of a period and their first active day say.
    pub(super) fn of(opening: bool, closing: bool, first: Day, period: &Period) -> Fate {
        match (opening, closing, first < period.start) {
            (true, true, _) => Fate::Retained,
            (true, false, _) => Fate::Churned,
            (false, true, false) => Fate::New,
            (false, true, true) => Fate::Reactivated,
            (false, false, false) if first < period.end => Fate::JoinedAndLeft,
            (false, false, _) => Fate::Absent,
        }
    }
}

/// What became of one customer over a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Became {
    /// Which side of the counts they are on.
    pub fate: Fate,
    /// How often they left within it.
    pub departures: i128,
    /// Revenue they stood for when it began, minor units.
    pub before_minor: i128,
    /// The same at its end.
    pub after_minor: i128,
}

impl Counts {
    pub(super) fn add(&mut self, standing: &Standing) {
        match standing.fate {
            Fate::Retained => self.retained += 1,
            Fate::Churned => self.churned += 1,
            Fate::New => self.new += 1,
            Fate::Reactivated => self.reactivated += 1,
            Fate::JoinedAndLeft => self.joined_and_left += 1,
            Fate::Absent => {}
        }
        self.opening += i128::from(matches!(standing.fate, Fate::Retained | Fate::Churned));
        self.closing += i128::from(matches!(standing.fate, Fate::Retained | Fate::New | Fate::Reactivated));
        self.voluntary += i128::from(standing.kind == CancelKind::Voluntary);
        self.involuntary += i128::from(standing.kind == CancelKind::Involuntary);
        self.departures += i128::from(standing.departures);
        self.early += i128::from(standing.early);
        self.seen += i128::from(standing.seen);
        self.silent += i128::from(standing.seen && !standing.came);
    }

    pub(super) fn join(&mut self, other: &Counts) {
        self.opening += other.opening;
        self.churned += other.churned;
        self.voluntary += other.voluntary;
        self.involuntary += other.involuntary;
        self.retained += other.retained;
        self.new += other.new;
        self.reactivated += other.reactivated;
        self.joined_and_left += other.joined_and_left;
        self.closing += other.closing;
        self.departures += other.departures;
        self.early += other.early;
        self.seen += other.seen;
        self.silent += other.silent;
    }
}

impl Panel<'_> {
    /// The counts of `customers` over `period`.
    pub fn counts(&self, customers: &[u32], period: &Period) -> Counts {
        self.slice(customers, period).counts
    }

    /// What became of each of `customers` over `period`, in their order.
    pub fn became(&self, customers: &[u32], period: &Period) -> Vec<Became> {
        let periods = [*period];
        let mut reading = Reading::new(self, &periods);
        let became = |customer: &u32| {
            reading.turn_to(*customer);
            let standing = reading.standing(0, *customer);
            Became {
                fate: standing.map_or(Fate::Absent, |s| s.fate),
                departures: standing.map_or(0, |s| i128::from(s.departures)),
                before_minor: standing.map_or(0, |s| i128::from(s.before)),
                after_minor: standing.map_or(0, |s| i128::from(s.after)),
            }
        };
        customers.iter().map(became).collect()
    }

    /// The customers who left in `period` as a definition counts them, those who paid most first: of the inactive share,
    /// whoever had bought in as many days before and did not in the period.
    pub fn leavers(&self, customers: &[u32], period: &Period, definition: Definition) -> Vec<Departure> {
        let left = |standing: &Standing| match definition {
            Definition::Cohort => standing.fate == Fate::Churned,
            Definition::Events | Definition::EventsPlusNew => standing.departures > 0,
            Definition::InactiveShare => standing.seen && !standing.came && standing.before > 0,
        };
        let periods = [*period];
        let mut gone = parallel::fold(
            customers,
            |customers| {
                let mut reading = Reading::new(self, &periods);
                let mut gone = Vec::new();
                for &customer in customers {
                    reading.turn_to(customer);
                    let standing = reading.standing(0, customer);
                    if let Some(standing) = standing.filter(&left) {
                        // Of who departed and is back by the last day nothing is lost.
                        let is_back = standing.departures > 0 && standing.fate == Fate::Retained;
                        let lost = if is_back { 0 } else { i128::from(standing.before) };
                        gone.push(self.departure(customer, period, lost));
                    }
                }
                gone
            },
            Vec::extend,
        );
        // On the inactivity basis most who leave had bought nothing for so long that nothing is lost: then who brought most.
        let brought = |d: &Departure| match self.settings.basis {
            Basis::Contract => 0,
            Basis::Inactivity(_) => self.facts.purchases.tally(d.customer).revenue_minor(),
        };
        gone.sort_by_cached_key(|d| {
            let id = self.facts.customers.id(d.customer).into_owned();
            (Reverse(d.lost_minor), Reverse(brought(d)), id)
        });
        gone
    }

    /// The contract of a customer that ended last, up to a day.
    pub(super) fn ended_last(&self, customer: u32, by: Day) -> Option<&Contract> {
        let contracts = self.facts.contracts.get(customer).iter();
        contracts.filter(|c| c.ends_on <= by).max_by_key(|c| (c.ends_on, c.starts_on))
    }

    fn departure(&self, customer: u32, period: &Period, lost_minor: i128) -> Departure {
        let closing = self.closing_day(period);
        let ended = self.ended_last(customer, closing);
        let activity = self.activity(customer);
        let left_on = activity.spans().iter().map(|s| s.to).filter(|to| *to <= closing).max();
        let terms = ended.map(|contract| self.facts.terms_of(contract));
        Departure {
            customer,
            lost_minor,
            left_on,
            since: activity.first(),
            plan: terms.and_then(|t| t.plan.clone()),
            kind: terms.map_or(CancelKind::Unknown, |t| t.cancel_kind),
            reason: terms.and_then(|t| t.cancel_reason.clone()),
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
