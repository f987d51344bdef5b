//! How well customers are looked after: promises kept, contacts made, complaints answered.
//!
//! - **Follow-up compliance** of a period: of the follow-ups that fell due in it, those done on or before
//!   the day they were due. What is due today or later has not fallen due. Also done late, and still open and
//!   overdue at the as-of instant; the delay of what was done late is in whole days. Of 10 due, 7 done in time, 2 a
//!   day and three days late, 1 open: 70 %, median delay (the lower middle, by nearest rank) 1 day.
//! - **Contact coverage**: of the customers active on the as-of day, those whose last contact is no more days before it
//!   than their tier's interval. Of 80 active, 60 with one in time: 75 %.
//! - **Complaint rate** of a period: complaints opened in it ÷ purchases in it (transactions with a positive
//!   amount, so that a refund does not lower the rate) × 100. 3 of 1,200: 0.25 %.
//! - Time to first reply and to resolution of the complaints opened in it, in hours; of those that have
//!   one. Percentiles are by nearest rank: the value at place ⌈p × n⌉. Of 1, 2, 4, 8 and 20 hours the median is 4, the
//!   90th percentile (place ⌈4.5⌉) 20.
//! - **First contact**: complaints resolved with one contact ÷ resolved ones that say how many it took. Of 20 resolved 16
//!   say, 12 of them one: 75 %.
//!
//! They are those of service desks (ISO 10002 asks for times to acknowledge and to resolve; first-contact resolution as
//! call centres count it).

use std::collections::BTreeMap;

use super::activity::Activity;
use super::grid::Grid;
use super::panel::Panel;
use super::segment::Groups;
use crate::domain::customer::Complaint;
use crate::domain::promises::Promise;
use crate::domain::{Period, Ratio, When};

/// What became of the follow-ups that fell due in a period.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Compliance {
    /// Fell due.
    pub due: i128,
    /// Done on or before the day.
    pub in_time: i128,
    /// Done after it.
    pub late: i128,
    /// Open, and the day is over.
    pub overdue: i128,
    /// Days by which each late one was late, sorted.
    delays: Vec<i32>,
}

impl Compliance {
    /// In time ÷ due.
    pub fn rate(&self) -> Option<Ratio> {
        Ratio::of(self.in_time, self.due)
    }

    fn add(&mut self, promise: &Promise) {
        self.due += 1;
        match promise.done {
            _ if promise.is_in_time() => self.in_time += 1,
            Some(done) => {
                self.late += 1;
                self.delays.push(done.since(promise.due));
            }
            None => self.overdue += 1,
        }
    }

    /// Days by which late ones were late, at the middle.
    pub fn median_delay_days(&self) -> Option<i32> {
        rank(&self.delays, 50).copied()
    }
}

/// How complaints of a period were answered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Complaints {
    /// Opened.
    pub opened: i128,
    /// Resolved by the as-of instant.
    pub resolved: i128,
    /// Purchases of the same customers in the period.
    pub purchases: i128,
    /// Resolved ones that say how many contacts it took.
    pub counted: i128,
    /// Of those, the ones that took one.
    pub first_contact: i128,
    /// Hours to the first reply, sorted.
    replies: Vec<i64>,
    /// Hours to the resolution, sorted.
    resolutions: Vec<i64>,
}

impl Complaints {
    /// Complaints ÷ purchases.
    pub fn rate(&self) -> Option<Ratio> {
        Ratio::of(self.opened, self.purchases)
    }

    /// Resolved with one contact ÷ resolved that say.
    pub fn first_contact_rate(&self) -> Option<Ratio> {
        Ratio::of(self.first_contact, self.counted)
    }

    /// How many had a first reply.
    pub fn replied(&self) -> i128 {
        self.replies.len() as i128
    }

    /// Hours to the first reply, at a percentile.
    pub fn reply_hours(&self, percent: usize) -> Option<i64> {
        rank(&self.replies, percent).copied()
    }

    /// Hours to the resolution, at a percentile.
    pub fn resolution_hours(&self, percent: usize) -> Option<i64> {
        rank(&self.resolutions, percent).copied()
    }
}

/// The value at a percentile of a sorted list, by nearest rank.
pub fn rank<T>(sorted: &[T], percent: usize) -> Option<&T> {
    sorted.get((sorted.len() * percent).div_ceil(100).checked_sub(1)?)
}

/// How often customers of a tier are owed a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intervals {
    /// Days, where the tier has none of its own.
    pub usual_days: i32,
    /// Days by tier.
    pub by_tier: BTreeMap<String, i32>,
}

impl Default for Intervals {
    fn default() -> Intervals {
        Intervals { usual_days: 90, by_tier: BTreeMap::new() }
    }
}

impl Intervals {
    /// The days of a tier.
    pub fn of(&self, tier: Option<&str>) -> i32 {
        tier.and_then(|tier| self.by_tier.get(tier)).copied().unwrap_or(self.usual_days)
    }
}

impl Panel<'_> {
    /// What became of the follow-ups among `which` that fell due in `period`, by whoever they belong to:
    /// the rep who promised, or the customer's owner.
    pub fn compliance<'f>(
        &self,
        which: impl Iterator<Item = &'f Promise>,
        period: &Period,
    ) -> BTreeMap<Option<String>, Compliance> {
        let today = self.facts.lens.today();
        let mut by_rep: BTreeMap<Option<String>, Compliance> = BTreeMap::new();
        for promise in which.filter(|promise| promise.fell_due_in(period, today)) {
            let owner = || self.facts.customers.owner(promise.customer);
            let rep = self.facts.promises.rep(promise).or_else(owner).map(str::to_owned);
            by_rep.entry(rep).or_default().add(promise);
        }
        for compliance in by_rep.values_mut() {
            compliance.delays.sort_unstable();
        }
        by_rep
    }

    /// What became of the follow-ups with `customers` and the groups of `splits` that fell due in each of
    /// `periods`, in one pass.
    pub fn compliance_over(
        &self,
        customers: &[u32],
        periods: &[Period],
        splits: &[(&Groups, usize)],
    ) -> Grid<Compliance> {
        let (today, theirs) = (self.facts.lens.today(), self.among(customers));
        let mut grid: Grid<Compliance> = Grid::new(periods.len(), splits);
        for promise in self.facts.promises.with(|customer| theirs[customer as usize]) {
            for at in (0..periods.len()).filter(|at| promise.fell_due_in(&periods[*at], today)) {
                grid.change(splits, promise.customer, at, |told| told.add(promise));
            }
        }
        grid.cells_mut().for_each(|told| told.delays.sort_unstable());
        grid
    }

    /// Of `customers` and the groups of `splits`: those who are active now and were contacted within their interval, and
    /// those who are active now.
    pub fn coverage_over(
        &self,
        customers: &[u32],
        intervals: &Intervals,
        splits: &[(&Groups, usize)],
    ) -> Grid<(i128, i128)> {
        let lens = &self.facts.lens;
        let (today, mut activity) = (lens.today(), Activity::default());
        let mut grid = Grid::new(1, splits);
        for &customer in customers {
            self.read_activity(customer, &mut activity);
            if !activity.is_active(today) {
                continue;
            }
            let days = intervals.of(self.facts.customers.profile(customer).tier.as_deref());
            let last = self.facts.contacts.last_day(customer, &lens.zone);
            let covered = i128::from(last.is_some_and(|last| today.since(last) <= days));
            grid.change(splits, customer, 0, |sum: &mut (i128, i128)| *sum = (sum.0 + covered, sum.1 + 1));
        }
        grid
    }

    /// The share of `customers` who are active now that was contacted within their interval.
    pub fn coverage(&self, customers: &[u32], intervals: &Intervals) -> Option<Ratio> {
        let (covered, active) = self.coverage_over(customers, intervals, &[]).whole.pop()?;
        Ratio::of(covered, active)
    }

    /// The complaints of `customers` that were opened in `period`. Purchases must have been asked for it.
    pub fn complaints(&self, customers: &[u32], period: &Period) -> Complaints {
        self.complaints_over(customers, &[*period], &[]).whole.pop().unwrap_or_default()
    }

    /// The complaints of `customers` and the groups of `splits` that were opened in each of `periods`, and
    /// their purchases: one pass over complaints and one over customers.
    pub fn complaints_over(
        &self,
        customers: &[u32],
        periods: &[Period],
        splits: &[(&Groups, usize)],
    ) -> Grid<Complaints> {
        let bought = &self.facts.purchases;
        let mut grid = self.opened_over(customers, periods, splits);
        // By bucket, the periods that it lies in.
        let mut within: Vec<Vec<usize>> = vec![Vec::new(); 1 + usize::from(u8::MAX)];
        for (at, period) in periods.iter().enumerate() {
            let buckets = bought.buckets(period.start, period.end).into_iter().flatten();
            buckets.for_each(|bucket| within[usize::from(bucket)].push(at));
        }
        for &customer in customers {
            for entry in bought.entries(customer).filter(|entry| entry.count() > 0) {
                for &at in &within[usize::from(entry.bucket())] {
                    let count = i128::from(entry.count());
                    grid.change(splits, customer, at, |told| told.purchases += count);
                }
            }
        }
        grid
    }

    /// The same without purchases, and so without a rate.
    pub fn opened_over(
        &self,
        customers: &[u32],
        periods: &[Period],
        splits: &[(&Groups, usize)],
    ) -> Grid<Complaints> {
        let (zone, theirs) = (&self.facts.lens.zone, self.among(customers));
        let mut grid: Grid<Complaints> = Grid::new(periods.len(), splits);
        for complaint in self.facts.complaints.iter().filter(|c| theirs[c.customer as usize]) {
            let opened = complaint.opened_at.day(zone);
            for at in (0..periods.len()).filter(|at| periods[*at].contains(opened)) {
                grid.change(splits, complaint.customer, at, |told| self.add_complaint(told, complaint));
            }
        }
        for told in grid.cells_mut() {
            told.replies.sort_unstable();
            told.resolutions.sort_unstable();
        }
        grid
    }

    fn add_complaint(&self, told: &mut Complaints, complaint: &Complaint) {
        told.opened += 1;
        told.replies.extend(complaint.first_reply_at.and_then(|at| self.hours(complaint, at)));
        let Some(resolved) = complaint.resolved_at else { return };
        told.resolved += 1;
        told.resolutions.extend(self.hours(complaint, resolved));
        told.counted += i128::from(complaint.contacts.is_some());
        told.first_contact += i128::from(complaint.contacts == Some(1));
    }

    /// Whole hours from a complaint to `at`; days where only days are known.
    fn hours(&self, complaint: &Complaint, at: When) -> Option<i64> {
        let hours = match (complaint.opened_at, at) {
            (When::Instant(from), When::Instant(to)) => to.duration_since(from).as_hours(),
            (from, to) => {
                let zone = &self.facts.lens.zone;
                i64::from(to.day(zone).since(from.day(zone))) * 24
            }
        };
        (hours >= 0).then_some(hours)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::facts::Lens;
    use crate::domain::{Asked, Currency, Customer, Day, PeriodKind, Rates, Rows};
    use crate::metrics::Settings;

    fn day(d: i8) -> Day {
        Day::of(jiff::civil::date(2026, 6, d))
    }

    #[test]
    fn the_worked_example_of_compliance() {
        let as_of = "2026-07-01T08:00:00Z".parse().unwrap();
        let (zone, rates) = (jiff::tz::TimeZone::UTC, Rates::default());
        let currency = Currency::from_code("EUR").unwrap();
        let mut rows = Rows::empty(Lens { as_of, zone, currency, rates });
        rows.customers.push(Customer { id: "1".into(), ..Customer::default() });
        let mut facts = rows.facts(Asked::nothing(day(30)));
        let rep = facts.promises.intern(Some("R".into()));
        let promise = |due, done| Promise { customer: 0, rep, due, done };
        facts.promises.rows = vec![promise(day(10), Some(day(9))); 7];
        facts.promises.rows.extend([promise(day(10), Some(day(11))), promise(day(10), Some(day(13)))]);
        facts.promises.rows.extend([promise(day(10), None), promise(Day(0), None)]);
        let settings = Settings::default();
        let panel = Panel::of(&facts, &settings);
        let june = Period::containing(PeriodKind::Month, day(1));
        let by_rep = panel.compliance(facts.promises.with(|_| true), &june);
        let told = &by_rep[&Some("R".to_owned())];
        assert_eq!((told.due, told.in_time, told.late, told.overdue), (10, 7, 2, 1));
        assert_eq!((told.rate(), told.median_delay_days()), (Ratio::of(7, 10), Some(1)));
    }

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let list = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
        assert_eq!((rank(&list, 50), rank(&list, 90), rank(&list, 100)), (Some(&5), Some(&9), Some(&10)));
        assert_eq!((rank(&[7], 50), rank::<i32>(&[], 50)), (Some(&7), None));
    }
}
