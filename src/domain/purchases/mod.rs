//! What customers bought, summarised in one pass over the transactions.
//!
//! Twenty million rows do not fit, their summaries do: a [`Tally`] for each customer, the sums of the
//! windows that a job asks for, and, where activity is told from purchases, the spans of it. A customer's
//! rows must come by day; one whose rows do not is marked, and read once more in order
//! ([`Fold::disordered`], [`Fold::again`]).

mod entries;
mod fold;

use std::ops::RangeInclusive;

use self::entries::Entries;
pub use self::entries::Entry;
pub use self::fold::Fold;
use super::{Day, Grouped, Period, Span};

/// What a job asks of the purchases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    as_of: Day,
    gap: Option<i32>,
    mark: Option<Day>,
    first_spend: bool,
    /// Whether windows tell amounts, and not only how often something was bought.
    sums: bool,
    edges: Vec<Day>,
}

/// Windows are told apart by a byte.
const EDGES_MAX: usize = 250;

impl Asked {
    /// Only what needs no window. `as_of` is the last day that is read.
    pub fn nothing(as_of: Day) -> Asked {
        Asked { as_of, gap: None, mark: None, first_spend: false, sums: false, edges: Vec::new() }
    }

    /// Activity, too: a purchase makes its customer active for `days`, its own day included.
    #[must_use]
    pub fn activity(mut self, days: i32) -> Asked {
        self.gap = Some(days);
        self
    }

    /// The last day before `day` on which something was bought, too.
    #[must_use]
    pub fn mark(mut self, day: Day) -> Asked {
        self.mark = Some(day);
        self
    }

    /// What each customer's first purchase brought, too.
    #[must_use]
    pub fn first_spend(mut self) -> Asked {
        self.first_spend = true;
        self
    }

    /// The sums of `[from, to)`, too.
    #[must_use]
    pub fn window(self, from: Day, to: Day) -> Asked {
        Asked { sums: true, ..self.counts(from, to) }
    }

    /// How often something was bought in `[from, to)`, too.
    #[must_use]
    pub fn counts(mut self, from: Day, to: Day) -> Asked {
        for day in [from, to] {
            if let Err(at) = self.edges.binary_search(&day) {
                self.edges.insert(at, day);
            }
        }
        debug_assert!(self.edges.len() <= EDGES_MAX, "windows end on {} days", self.edges.len());
        self
    }

    /// A period and as many days before it.
    #[must_use]
    pub fn period(self, period: &Period) -> Asked {
        self.window(period.start.plus(-period.days()), period.start).window(period.start, period.end)
    }

    fn bucket(&self, day: Day) -> u8 {
        let at = self.edges.partition_point(|edge| *edge <= day);
        if at == self.edges.len() { 0 } else { at as u8 }
    }
}

/// Days of a tally are counted from this long before the as-of day, in 16 bits.
const REACH: i32 = 65_000;

/// One customer's purchases. Compact: there may be millions, and a word of eight bytes would leave four unused.
#[repr(C, packed(4))]
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    revenue: i64,
    cost: i64,
    transactions: u32,
    first: u16,
    last: u16,
    active_from: u16,
    bought_first: u16,
    bought_last: u16,
    bought_days: u16,
    /// The last of them before the mark.
    bought_before: u16,
    bought_days_before: u16,
}

/// What is known of a customer whose purchases were not read.
const NOTHING: Tally = Tally {
    revenue: 0,
    cost: 0,
    transactions: 0,
    first: 0,
    last: 0,
    active_from: 0,
    bought_first: 0,
    bought_last: 0,
    bought_days: 0,
    bought_before: 0,
    bought_days_before: 0,
};

/// Everything that is known of purchases.
#[derive(Debug, Clone)]
pub struct Purchases {
    base: i32,
    edges: Vec<Day>,
    tallies: Vec<Tally>,
    first_spends: Vec<i64>,
    entries: Entries,
    spans: Grouped<Span>,
    uncosted: Uncosted,
}

/// What rows bring that do not say what they cost. By customer only where some say it and some do not.
#[derive(Debug, Clone)]
enum Uncosted {
    /// There was no row.
    Nothing,
    /// No row says it.
    All,
    /// Every row says it.
    None,
    /// Σ amounts of those that do not, by customer, minor units.
    Some(Vec<i64>),
}

impl Tally {
    /// Transactions whose amounts count.
    pub fn transactions(&self) -> u32 {
        self.transactions
    }

    /// Their sum, refunds subtracted, in minor units.
    pub fn revenue_minor(&self) -> i64 {
        self.revenue
    }

    /// Days on which the customer bought for more than was refunded, or for an amount that cannot be converted.
    pub fn bought_days(&self) -> u16 {
        self.bought_days
    }
}

impl Purchases {
    /// Nothing was bought.
    pub fn none(customers: usize, as_of: Day) -> Purchases {
        Fold::new(customers, Asked::nothing(as_of)).finish()
    }

    /// A customer's tally.
    pub fn tally(&self, customer: u32) -> &Tally {
        self.tallies.get(customer as usize).unwrap_or(&NOTHING)
    }

    fn day(&self, at: u16) -> Option<Day> {
        (at != 0).then(|| Day(self.base + i32::from(at)))
    }

    /// Day of the first transaction, whatever its amount.
    pub fn first(&self, customer: u32) -> Option<Day> {
        self.day(self.tally(customer).first)
    }

    /// Day of the last transaction, whatever its amount.
    pub fn last(&self, customer: u32) -> Option<Day> {
        self.day(self.tally(customer).last)
    }

    /// First and last day on which something was bought.
    pub fn bought(&self, customer: u32) -> Option<(Day, Day)> {
        let tally = self.tally(customer);
        self.day(tally.bought_first).zip(self.day(tally.bought_last))
    }

    /// The last day before the mark on which something was bought.
    pub fn bought_before(&self, customer: u32) -> Option<Day> {
        self.day(self.tally(customer).bought_before)
    }

    /// How many such days there were before the mark.
    pub fn bought_days_before(&self, customer: u32) -> u16 {
        self.tally(customer).bought_days_before
    }

    /// What a customer's purchases cost the shop as far as their rows say it, in minor units.
    pub fn cost_minor(&self, customer: u32) -> i64 {
        self.tally(customer).cost
    }

    /// Σ amounts of a customer's rows that do not say what they cost, in minor units.
    pub fn uncosted_minor(&self, customer: u32) -> i64 {
        match &self.uncosted {
            Uncosted::Some(uncosted) => uncosted.get(customer as usize).copied().unwrap_or(0),
            Uncosted::None => 0,
            Uncosted::All | Uncosted::Nothing => self.tally(customer).revenue,
        }
    }

    /// Whether any row says what it cost: zeros alone say nothing.
    pub fn any_costed(&self) -> bool {
        matches!(self.uncosted, Uncosted::None | Uncosted::Some(_))
    }

    /// What the first day on which a customer bought brought, in minor units; only where
    /// [`Asked::first_spend`] was asked.
    pub fn first_spend_minor(&self, customer: u32) -> i64 {
        self.first_spends.get(customer as usize).copied().unwrap_or(0)
    }

    /// When a customer was active; only where [`Asked::activity`] was asked.
    pub fn spans(&self, customer: u32) -> &[Span] {
        self.spans.get(customer)
    }

    /// What a customer bought between edges, by bucket.
    pub fn entries(&self, customer: u32) -> impl Iterator<Item = Entry> + '_ {
        self.entries.of(customer)
    }

    /// The buckets that make up `[from, to)`, both of which were asked; `None` for an empty or a foreign
    /// window.
    pub fn buckets(&self, from: Day, to: Day) -> Option<RangeInclusive<u8>> {
        let (a, b) = (self.edges.binary_search(&from).ok()?, self.edges.binary_search(&to).ok()?);
        (a < b).then(|| a as u8 + 1..=b as u8)
    }

    /// Σ amounts (0 where only [`Asked::counts`] were asked) and number of purchases of a customer in `[from, to)`, and
    /// whether there was any transaction at all.
    pub fn within(&self, customer: u32, from: Day, to: Day) -> (i64, u32, bool) {
        let Some(buckets) = self.buckets(from, to) else { return (0, 0, false) };
        let entries = self.entries(customer).filter(|e| buckets.contains(&e.bucket()));
        entries.fold((0, 0, false), |(sum, count, _), e| {
            (e.amount_minor().saturating_add(sum), e.count().saturating_add(count), true)
        })
    }
}
