//! What customers bought, summarised in one pass over the transactions.
//!
//! Twenty million rows do not fit, their summaries do: a [`Tally`] for each customer, the sums of the
//! windows that a job asks for, and, where activity is told from purchases, the spans of it. A customer's
//! rows must come by day; one whose rows do not is marked, and read once more in order
//! ([`Fold::disordered`], [`Fold::again`]).

use std::ops::RangeInclusive;

use super::{Day, Grouped, Period, Span, Transaction};

/// What a job asks of the purchases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    as_of: Day,
    gap: Option<i32>,
    mark: Option<Day>,
    edges: Vec<Day>,
}

/// Windows are told apart by a byte.
const EDGES_MAX: usize = 250;

impl Asked {
    /// Only what needs no window. `as_of` is the last day that is read.
    pub fn nothing(as_of: Day) -> Asked {
        Asked { as_of, gap: None, mark: None, edges: Vec::new() }
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

    /// The sums of `[from, to)`, too.
    #[must_use]
    pub fn window(mut self, from: Day, to: Day) -> Asked {
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

/// One customer's purchases. Compact: there may be millions.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    revenue: i64,
    day_sum: i64,
    first_spend: i64,
    entry: u32,
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

/// What a customer bought between two neighbouring edges of the windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    customer: u32,
    /// Bucket in the upper byte, purchases in the other three.
    packed: u32,
    /// Σ amounts, refunds subtracted, minor units.
    pub amount_minor: i64,
}

const COUNT: u32 = 0x00ff_ffff;

impl Entry {
    /// Which stretch between edges.
    pub fn bucket(&self) -> u8 {
        (self.packed >> 24) as u8
    }

    /// Transactions with a positive amount.
    pub fn count(&self) -> u32 {
        self.packed & COUNT
    }
}

/// The pass over the transactions.
#[derive(Debug)]
pub struct Fold {
    asked: Asked,
    bucket_of: Vec<u8>,
    mark: u16,
    tallies: Vec<Tally>,
    costs: Vec<i64>,
    entries: Vec<Entry>,
    spans: Vec<(u32, Span)>,
    disordered: Vec<bool>,
    any_disordered: bool,
}

/// Everything that is known of purchases.
#[derive(Debug, Clone)]
pub struct Purchases {
    base: i32,
    edges: Vec<Day>,
    tallies: Vec<Tally>,
    costs: Vec<i64>,
    entries: Grouped<Entry>,
    spans: Grouped<Span>,
}

fn base_of(asked: &Asked) -> i32 {
    asked.as_of.0 - REACH
}

impl Fold {
    /// Ready for the transactions of `customers` customers.
    pub fn new(customers: usize, asked: Asked) -> Fold {
        let base = base_of(&asked);
        let bucket_of = if asked.edges.is_empty() {
            Vec::new()
        } else {
            (0..=i32::from(u16::MAX)).map(|at| asked.bucket(Day(base + at))).collect()
        };
        Fold {
            mark: asked.mark.map_or(0, |mark| (mark.0 - base).clamp(0, i32::from(u16::MAX)) as u16),
            asked,
            bucket_of,
            tallies: vec![Tally::default(); customers],
            costs: Vec::new(),
            entries: Vec::new(),
            spans: Vec::new(),
            disordered: vec![false; customers],
            any_disordered: false,
        }
    }

    /// Takes one transaction. A customer's come by day; else they are marked.
    pub fn add(&mut self, row: &Transaction) {
        // A day further back than any store reaches counts as the first that can be told.
        let day = (row.day.0 - base_of(&self.asked)).clamp(1, i32::from(u16::MAX)) as u16;
        let tally = &mut self.tallies[row.customer as usize];
        if day != tally.last {
            if day < tally.last {
                self.disordered[row.customer as usize] = true;
                self.any_disordered = true;
                return;
            }
            tally.close_day(self.mark);
            if tally.last == 0 {
                tally.first = day;
                tally.active_from = day;
            } else if self.asked.gap.is_some_and(|gap| i32::from(day) > i32::from(tally.last) + gap) {
                self.spans.push((row.customer, tally.span(&self.asked)));
                tally.active_from = day;
            }
            tally.last = day;
        }
        if row.counted {
            tally.transactions = tally.transactions.saturating_add(1);
            tally.revenue = tally.revenue.saturating_add(row.amount_minor);
            tally.day_sum = tally.day_sum.saturating_add(row.amount_minor);
            if row.cost_minor != 0 {
                if self.costs.is_empty() {
                    self.costs = vec![0; self.tallies.len()];
                }
                let cost = &mut self.costs[row.customer as usize];
                *cost = cost.saturating_add(row.cost_minor);
            }
        }
        let bucket = self.bucket_of.get(usize::from(day)).copied().unwrap_or(0);
        if bucket != 0 {
            self.enter(row, bucket);
        }
    }

    fn enter(&mut self, row: &Transaction, bucket: u8) {
        let tally = &mut self.tallies[row.customer as usize];
        let bought = u32::from(row.counted && row.amount_minor > 0);
        let known = self.entries.get_mut(tally.entry as usize);
        let same = known.filter(|e| e.customer == row.customer && e.bucket() == bucket && e.count() < COUNT);
        if let Some(entry) = same {
            entry.packed += bought;
            entry.amount_minor = entry.amount_minor.saturating_add(row.amount_minor);
        } else {
            tally.entry = self.entries.len() as u32;
            let packed = u32::from(bucket) << 24 | bought;
            self.entries.push(Entry { customer: row.customer, packed, amount_minor: row.amount_minor });
        }
    }

    /// Whether a customer's rows did not come by day.
    pub fn is_disordered(&self, customer: u32) -> bool {
        self.disordered[customer as usize]
    }

    /// The customers whose rows did not come by day; empty where all did. Asking forgets what was read
    /// of them: they are to be read [`Self::again`].
    pub fn disordered(&mut self) -> Vec<u32> {
        if !self.any_disordered {
            return Vec::new();
        }
        let again: Vec<u32> = (0u32..).zip(&self.disordered).filter(|(_, d)| **d).map(|(c, _)| c).collect();
        let disordered = &self.disordered;
        self.spans.retain(|(customer, _)| !disordered[*customer as usize]);
        self.entries.retain(|entry| !disordered[entry.customer as usize]);
        for &customer in &again {
            self.tallies[customer as usize] = Tally::default();
            if let Some(cost) = self.costs.get_mut(customer as usize) {
                *cost = 0;
            }
        }
        // Entries moved: the places that tallies remember are of other customers now.
        again
    }

    /// Takes all transactions of some disordered customers, in any order.
    pub fn again(&mut self, mut rows: Vec<Transaction>) {
        rows.sort_by_key(|row| (row.customer, row.day));
        for row in &rows {
            self.add(row);
        }
    }

    /// Closes the books.
    pub fn finish(mut self) -> Purchases {
        for (customer, tally) in (0u32..).zip(&mut self.tallies) {
            tally.close_day(self.mark);
            if tally.last != 0 && self.asked.gap.is_some() {
                self.spans.push((customer, tally.span(&self.asked)));
            }
        }
        self.entries.sort_unstable_by_key(|e| (e.customer, e.packed));
        self.spans.sort_unstable_by_key(|(customer, span)| (*customer, span.from));
        let customers = self.tallies.len();
        Purchases {
            base: base_of(&self.asked),
            edges: self.asked.edges,
            costs: self.costs,
            entries: Grouped::sorted(customers, self.entries, |e| e.customer),
            spans: Grouped::of(customers, self.spans),
            tallies: self.tallies,
        }
    }
}

impl Tally {
    /// A day whose sum is not positive (given away, refunded) is no purchase.
    fn close_day(&mut self, mark: u16) {
        if self.day_sum > 0 {
            if self.bought_days == 0 {
                self.bought_first = self.last;
                self.first_spend = self.day_sum;
            }
            self.bought_days = self.bought_days.saturating_add(1);
            self.bought_last = self.last;
            if self.last < mark {
                self.bought_before = self.last;
                self.bought_days_before = self.bought_days;
            }
        }
        self.day_sum = 0;
    }

    fn span(&self, asked: &Asked) -> Span {
        let day = |at: u16| Day(base_of(asked) + i32::from(at));
        Span { from: day(self.active_from), to: day(self.last).plus(asked.gap.unwrap_or(0)) }
    }

    /// Transactions whose amounts count.
    pub fn transactions(&self) -> u32 {
        self.transactions
    }

    /// Their sum, refunds subtracted, in minor units.
    pub fn revenue_minor(&self) -> i64 {
        self.revenue
    }

    /// Days on which the customer bought for more than was refunded.
    pub fn bought_days(&self) -> u16 {
        self.bought_days
    }

    /// What the first of these days brought, in minor units.
    pub fn first_spend_minor(&self) -> i64 {
        self.first_spend
    }
}

impl Purchases {
    /// Nothing was bought.
    pub fn none(customers: usize, as_of: Day) -> Purchases {
        Fold::new(customers, Asked::nothing(as_of)).finish()
    }

    /// A customer's tally.
    pub fn tally(&self, customer: u32) -> &Tally {
        &self.tallies[customer as usize]
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

    /// What a customer's purchases cost the shop, in minor units.
    pub fn cost_minor(&self, customer: u32) -> i64 {
        self.costs.get(customer as usize).copied().unwrap_or(0)
    }

    /// When a customer was active; only where [`Asked::activity`] was asked.
    pub fn spans(&self, customer: u32) -> &[Span] {
        self.spans.get(customer)
    }

    /// What a customer bought between edges, by bucket.
    pub fn entries(&self, customer: u32) -> &[Entry] {
        self.entries.get(customer)
    }

    /// The buckets that make up `[from, to)`, both of which were asked; `None` for an empty or a foreign
    /// window.
    pub fn buckets(&self, from: Day, to: Day) -> Option<RangeInclusive<u8>> {
        let (a, b) = (self.edges.binary_search(&from).ok()?, self.edges.binary_search(&to).ok()?);
        (a < b).then(|| a as u8 + 1..=b as u8)
    }

    /// Σ amounts and number of purchases of a customer in `[from, to)`, and whether there was any
    /// transaction at all.
    pub fn within(&self, customer: u32, from: Day, to: Day) -> (i64, u32, bool) {
        let Some(buckets) = self.buckets(from, to) else { return (0, 0, false) };
        let entries = self.entries(customer).iter().filter(|e| buckets.contains(&e.bucket()));
        entries.fold((0, 0, false), |(sum, count, _), e| {
            (e.amount_minor.saturating_add(sum), e.count().saturating_add(count), true)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TODAY: Day = Day(20_000);

    fn row(customer: u32, day: i32, amount_minor: i64) -> Transaction {
        Transaction { customer, day: Day(day), amount_minor, cost_minor: amount_minor / 3, counted: true }
    }

    fn asked() -> Asked {
        Asked::nothing(TODAY)
            .activity(10)
            .mark(Day(19_960))
            .window(Day(19_950), Day(19_970))
            .window(Day(19_990), Day(20_001))
    }

    fn fold(rows: &[Transaction], asked: Asked) -> Purchases {
        let mut fold = Fold::new(8, asked);
        for row in rows {
            fold.add(row);
        }
        let again = fold.disordered();
        fold.again(rows.iter().filter(|row| again.contains(&row.customer)).copied().collect());
        fold.finish()
    }

    #[test]
    fn a_tally_stays_small() {
        assert_eq!(size_of::<Tally>(), 48);
        assert_eq!(size_of::<Entry>(), 16);
    }

    #[test]
    fn purchases_of_a_day_are_one_and_refunds_are_none() {
        let rows = [
            row(0, 19_900, 0),
            row(0, 19_910, 500),
            row(0, 19_910, 300),
            row(0, 19_920, -300),
            row(0, 19_930, 100),
        ];
        let bought = fold(&rows, asked());
        let tally = bought.tally(0);
        assert_eq!((tally.bought_days(), tally.first_spend_minor()), (2, 800));
        assert_eq!((tally.revenue_minor(), tally.transactions()), (600, 5));
        assert_eq!(bought.bought(0), Some((Day(19_910), Day(19_930))));
        assert_eq!((bought.first(0), bought.last(0)), (Some(Day(19_900)), Some(Day(19_930))));
        assert_eq!((bought.first(1), bought.bought(1)), (None, None));
    }

    #[test]
    fn a_purchase_on_the_day_activity_ends_prolongs_it_and_one_later_does_not() {
        let to = |day| Day(day);
        for (second, spans) in [(19_910, 1), (19_911, 2)] {
            let bought = fold(&[row(0, 19_900, 1), row(0, second, 1)], asked());
            assert_eq!(bought.spans(0).len(), spans, "{second}");
            assert_eq!(bought.spans(0)[0].from, to(19_900));
        }
    }

    #[test]
    fn a_window_that_was_not_asked_is_empty_and_not_another() {
        let bought = fold(&[row(0, 19_955, 7)], asked());
        assert_eq!(bought.within(0, Day(19_950), Day(19_970)), (7, 1, true));
        assert_eq!(bought.within(0, Day(19_950), Day(19_960)), (0, 0, false));
        assert_eq!(bought.within(0, Day(19_970), Day(19_950)), (0, 0, false));
    }

    proptest! {
        /// Against the plain way: all rows of a customer, sorted, and asked one by one.
        #[test]
        fn the_order_of_rows_does_not_matter(
            rows in prop::collection::vec((0u32..6, 19_900i32..=20_000, -40i64..100), 0..80),
        ) {
            let rows: Vec<Transaction> = rows.into_iter().map(|(c, d, a)| row(c, d, a)).collect();
            let bought = fold(&rows, asked());
            for customer in 0..6 {
                let mut own: Vec<_> = rows.iter().filter(|r| r.customer == customer).collect();
                own.sort_by_key(|r| r.day);
                prop_assert_eq!(bought.tally(customer).revenue_minor(), own.iter().map(|r| r.amount_minor).sum::<i64>());
                prop_assert_eq!(bought.cost_minor(customer), own.iter().map(|r| r.cost_minor).sum::<i64>());
                prop_assert_eq!(bought.first(customer), own.first().map(|r| r.day));
                prop_assert_eq!(bought.last(customer), own.last().map(|r| r.day));
                let mut days: Vec<Day> = own.iter().map(|r| r.day).collect();
                days.dedup();
                days.retain(|day| own.iter().filter(|r| r.day == *day).map(|r| r.amount_minor).sum::<i64>() > 0);
                prop_assert_eq!(usize::from(bought.tally(customer).bought_days()), days.len());
                prop_assert_eq!(bought.bought(customer), days.first().copied().zip(days.last().copied()));
                let before = days.iter().rfind(|day| day.0 < 19_960).copied();
                prop_assert_eq!(bought.bought_before(customer), before);
                let count = days.iter().filter(|day| day.0 < 19_960).count();
                prop_assert_eq!(usize::from(bought.bought_days_before(customer)), count);
                for (from, to) in [(19_950, 19_970), (19_990, 20_001), (19_950, 20_001)] {
                    let within: Vec<_> = own.iter().filter(|r| (from..to).contains(&r.day.0)).collect();
                    let count = within.iter().filter(|r| r.amount_minor > 0).count() as u32;
                    let sum = within.iter().map(|r| r.amount_minor).sum::<i64>();
                    prop_assert_eq!(bought.within(customer, Day(from), Day(to)), (sum, count, !within.is_empty()));
                }
                for day in 19_890..20_020 {
                    let active = own.iter().any(|r| r.day.0 <= day && day < r.day.0 + 10);
                    let spans = bought.spans(customer);
                    prop_assert_eq!(spans.iter().any(|s| s.from.0 <= day && day < s.to.0), active);
                    prop_assert!(spans.windows(2).all(|w| w[0].to < w[1].from));
                }
            }
        }
    }
}
