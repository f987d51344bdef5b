//! The pass over the transactions: row by row into what is kept of each customer.

use super::{Asked, Purchases, REACH, Tally, Uncosted, entries};
use crate::domain::{Day, Grouped, Span, Transaction};

/// Rows whose tallies are looked at together: as many loads as a core keeps under way, and a few.
const NEAR: usize = 32;

/// A tally, and what is known only while its customer's rows come in.
#[repr(C, packed(4))]
#[derive(Debug, Clone, Copy, Default)]
struct Open {
    tally: Tally,
    /// Σ amounts of the day that is not over.
    day_sum: i64,
    /// Where the customer's last entry is.
    entry: u32,
}

/// The pass over the transactions.
#[derive(Debug)]
pub struct Fold {
    asked: Asked,
    bucket_of: Vec<u8>,
    mark: u16,
    tallies: Vec<Open>,
    first_spends: Vec<i64>,
    entries: entries::Open,
    spans: Vec<(u32, Span)>,
    /// Σ amounts of rows that name no cost.
    uncosted: Uncosted,
    /// By customer, whether something was bought on the day that is not over for what cannot be converted; empty while
    /// there was none.
    unpriced: Vec<bool>,
    disordered: Vec<bool>,
    any_disordered: bool,
}

fn base_of(asked: &Asked) -> i32 {
    asked.as_of.0 - REACH
}

impl Fold {
    /// Ready for the transactions of `customers` customers.
    pub fn new(customers: usize, asked: Asked) -> Fold {
        let first_spend = asked.first_spend;
        let base = base_of(&asked);
        let bucket_of = if asked.edges.is_empty() {
            Vec::new()
        } else {
            (0..=i32::from(u16::MAX)).map(|at| asked.bucket(Day(base + at))).collect()
        };
        Fold {
            mark: asked.mark.map_or(0, |mark| (mark.0 - base).clamp(0, i32::from(u16::MAX)) as u16),
            entries: entries::Open::new(asked.sums),
            asked,
            bucket_of,
            tallies: vec![Open::default(); customers],
            first_spends: if first_spend { vec![0; customers] } else { Vec::new() },
            spans: Vec::new(),
            uncosted: Uncosted::Nothing,
            unpriced: Vec::new(),
            disordered: vec![false; customers],
            any_disordered: false,
        }
    }

    /// Takes transactions in their order; the same as one by one, sooner.
    pub fn add_all(&mut self, rows: &[Transaction]) {
        for near in rows.chunks(NEAR) {
            self.touch(near);
            for row in near {
                self.add(row);
            }
        }
    }

    /// Looks at what the rows are about to change. Tallies of a million customers do not fit into a cache;
    /// looked at side by side the rows wait for memory once, not one after the other.
    fn touch(&self, rows: &[Transaction]) {
        let tallies = |sum: u64, row: &Transaction| {
            // Where it begins and where it ends: that may be two lines of a cache.
            let open = &self.tallies[row.customer as usize];
            sum ^ open.tally.revenue as u64 ^ u64::from(open.entry)
        };
        std::hint::black_box(rows.iter().fold(0, tallies));
        let entries = |sum: u32, row: &Transaction| {
            if self.bucket(self.place(row.day)) == 0 {
                return sum;
            }
            sum ^ self.entries.touch(self.tallies[row.customer as usize].entry)
        };
        std::hint::black_box(rows.iter().fold(0, entries));
    }

    /// A day as tallies count it. One further back than any store reaches counts as the first that can be
    /// told.
    fn place(&self, day: Day) -> u16 {
        (day.0 - base_of(&self.asked)).clamp(1, i32::from(u16::MAX)) as u16
    }

    /// The stretch between edges that a day is in; 0 for none.
    fn bucket(&self, day: u16) -> u8 {
        self.bucket_of.get(usize::from(day)).copied().unwrap_or(0)
    }

    /// Takes one transaction. A customer's come by day; else they are marked.
    #[inline]
    pub fn add(&mut self, row: &Transaction) {
        let day = self.place(row.day);
        let open = &mut self.tallies[row.customer as usize];
        let tally = &mut open.tally;
        if day != tally.last {
            if day < tally.last {
                self.disordered[row.customer as usize] = true;
                self.any_disordered = true;
                return;
            }
            let unpriced = self.unpriced.get_mut(row.customer as usize).is_some_and(std::mem::take);
            let first_spend = self.first_spends.get_mut(row.customer as usize);
            tally.close_day((open.day_sum, unpriced), self.mark, first_spend);
            open.day_sum = 0;
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
            open.day_sum = open.day_sum.saturating_add(row.amount_minor);
            tally.cost = tally.cost.saturating_add(row.cost_minor);
        }
        self.note_rare(row);
        let bucket = self.bucket(day);
        if bucket != 0 {
            let open = &mut self.tallies[row.customer as usize];
            open.entry = self.entries.enter(row, bucket, open.entry);
        }
    }

    /// What most shops have none of, and so takes no room in theirs: rows with costs, and purchases without a rate.
    #[inline]
    fn note_rare(&mut self, row: &Transaction) {
        let at = row.customer as usize;
        if row.counted {
            match (&mut self.uncosted, row.costed) {
                (Uncosted::All, false) | (Uncosted::None | Uncosted::Some(_), true) => {}
                (Uncosted::Some(uncosted), false) => {
                    uncosted[at] = uncosted[at].saturating_add(row.amount_minor);
                }
                (Uncosted::Nothing, costed) => {
                    self.uncosted = if costed { Uncosted::None } else { Uncosted::All };
                }
                _ => self.both_kinds(row),
            }
        } else if row.bought {
            if self.unpriced.is_empty() {
                self.unpriced = vec![false; self.tallies.len()];
            }
            self.unpriced[at] = true;
        }
    }

    /// The first row that names a cost where those before it named none, or the other way round.
    #[cold]
    fn both_kinds(&mut self, row: &Transaction) {
        let mut uncosted: Vec<i64> = match self.uncosted {
            Uncosted::All => self.tallies.iter().map(|open| open.tally.revenue).collect(),
            _ => vec![0; self.tallies.len()],
        };
        let own = &mut uncosted[row.customer as usize];
        // Its amount is in the tally already.
        *own = if row.costed { own.saturating_sub(row.amount_minor) } else { row.amount_minor };
        self.uncosted = Uncosted::Some(uncosted);
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
        self.entries.forget(disordered);
        for &customer in &again {
            self.tallies[customer as usize] = Open::default();
            if let Some(spend) = self.first_spends.get_mut(customer as usize) {
                *spend = 0;
            }
            if let Uncosted::Some(uncosted) = &mut self.uncosted {
                uncosted[customer as usize] = 0;
            }
            if let Some(unpriced) = self.unpriced.get_mut(customer as usize) {
                *unpriced = false;
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
        for (customer, open) in (0u32..).zip(&mut self.tallies) {
            let first_spend = self.first_spends.get_mut(customer as usize);
            let unpriced = self.unpriced.get(customer as usize).copied().unwrap_or_default();
            open.tally.close_day((open.day_sum, unpriced), self.mark, first_spend);
            if open.tally.last != 0 && self.asked.gap.is_some() {
                self.spans.push((customer, open.tally.span(&self.asked)));
            }
        }
        self.spans.sort_unstable_by_key(|(customer, span)| (*customer, span.from));
        let customers = self.tallies.len();
        // A column that holds nothing but zeros is one that nobody fills.
        if self.tallies.iter().all(|open| open.tally.cost == 0) {
            self.uncosted = Uncosted::All;
        }
        // In the place where they were open: both lie on four bytes.
        let mut tallies: Vec<Tally> = self.tallies.into_iter().map(|open| open.tally).collect();
        tallies.shrink_to_fit();
        Purchases {
            base: base_of(&self.asked),
            edges: self.asked.edges,
            first_spends: self.first_spends,
            entries: self.entries.close(customers),
            spans: Grouped::of(customers, self.spans),
            uncosted: self.uncosted,
            tallies,
        }
    }
}

impl Tally {
    /// A day whose sum is not positive (given away, refunded) is no purchase, unless something `unpriced` was bought on
    /// it. The sum of the first that is one is written to `first_spend`, where that is asked.
    fn close_day(&mut self, (day_sum, unpriced): (i64, bool), mark: u16, first_spend: Option<&mut i64>) {
        if day_sum > 0 || unpriced {
            if self.bought_days == 0 {
                self.bought_first = self.last;
                if let Some(first_spend) = first_spend {
                    *first_spend = day_sum.max(0);
                }
            }
            self.bought_days = self.bought_days.saturating_add(1);
            self.bought_last = self.last;
            if self.last < mark {
                self.bought_before = self.last;
                self.bought_days_before = self.bought_days;
            }
        }
    }

    fn span(&self, asked: &Asked) -> Span {
        let day = |at: u16| Day(base_of(asked) + i32::from(at));
        Span { from: day(self.active_from), to: day(self.last).plus(asked.gap.unwrap_or(0)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TODAY: Day = Day(20_000);

    /// Every third names no cost, and every fifth has no rate.
    fn row(customer: u32, day: i32, amount_minor: i64) -> Transaction {
        let (counted, bought) = (amount_minor % 5 != 3, amount_minor > 0);
        let costed = counted && amount_minor % 3 != 0;
        let cost_minor = if costed { amount_minor / 3 } else { 0 };
        let amount_minor = if counted { amount_minor } else { 0 };
        Transaction { customer, day: Day(day), amount_minor, cost_minor, costed, bought, counted }
    }

    fn asked() -> Asked {
        Asked::nothing(TODAY)
            .activity(10)
            .first_spend()
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
        assert_eq!((size_of::<Tally>(), size_of::<Open>()), (36, 48));
        // What is mapped in place keeps its alignment.
        assert_eq!(align_of::<Tally>(), align_of::<Open>());
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
        assert_eq!((tally.bought_days(), bought.first_spend_minor(0)), (2, 800));
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
            let counts = Asked::nothing(TODAY).counts(Day(19_950), Day(19_970)).counts(Day(19_990), Day(20_001));
            let counted = fold(&rows, counts);
            let all_zero = (0..8).all(|c| rows.iter().filter(|r| r.customer == c).map(|r| r.cost_minor).sum::<i64>() == 0);
            let any_costed = rows.iter().any(|r| r.costed) && !all_zero;
            for customer in 0..6 {
                let mut own: Vec<_> = rows.iter().filter(|r| r.customer == customer).collect();
                own.sort_by_key(|r| r.day);
                prop_assert_eq!(bought.tally(customer).revenue_minor(), own.iter().map(|r| r.amount_minor).sum::<i64>());
                prop_assert_eq!(bought.cost_minor(customer), own.iter().map(|r| r.cost_minor).sum::<i64>());
                let uncosted = own.iter().filter(|r| !r.costed || all_zero).map(|r| r.amount_minor).sum::<i64>();
                prop_assert_eq!(bought.uncosted_minor(customer), uncosted);
                prop_assert_eq!(bought.any_costed(), any_costed);
                prop_assert_eq!(bought.first(customer), own.first().map(|r| r.day));
                prop_assert_eq!(bought.last(customer), own.last().map(|r| r.day));
                let mut days: Vec<Day> = own.iter().map(|r| r.day).collect();
                days.dedup();
                days.retain(|day| {
                    let of_day = || own.iter().filter(|r| r.day == *day);
                    of_day().map(|r| r.amount_minor).sum::<i64>() > 0 || of_day().any(|r| r.bought && !r.counted)
                });
                prop_assert_eq!(usize::from(bought.tally(customer).bought_days()), days.len());
                prop_assert_eq!(bought.bought(customer), days.first().copied().zip(days.last().copied()));
                let before = days.iter().rfind(|day| day.0 < 19_960).copied();
                prop_assert_eq!(bought.bought_before(customer), before);
                let count = days.iter().filter(|day| day.0 < 19_960).count();
                prop_assert_eq!(usize::from(bought.bought_days_before(customer)), count);
                for (from, to) in [(19_950, 19_970), (19_990, 20_001), (19_950, 20_001)] {
                    let within: Vec<_> = own.iter().filter(|r| (from..to).contains(&r.day.0)).collect();
                    let count = within.iter().filter(|r| r.bought).count() as u32;
                    let sum = within.iter().map(|r| r.amount_minor).sum::<i64>();
                    let (from, to) = (Day(from), Day(to));
                    prop_assert_eq!(bought.within(customer, from, to), (sum, count, !within.is_empty()));
                    prop_assert_eq!(counted.within(customer, from, to), (0, count, !within.is_empty()));
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
