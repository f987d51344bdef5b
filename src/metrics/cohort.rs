//! Cohorts: the customers who became active in a month, and how many of them, and how much of their
//! revenue, is still there each month since.
//!
//! Month 0 is the month they joined in. A customer counts in month k when active on its last day, so a
//! month's column is read like its closing count. Revenue is, on the contract basis, the recurring revenue
//! on that day; on the inactivity basis, what was bought in the month. Shares are of the cohort's size,
//! and of its revenue in month 0.
//!
//! Of 4 customers who joined in January, one left in the same month and one in March: January's row reads
//! 75 %, 75 %, 50 %. Their MRR on 31 January was 300, on 28 February 330, on 31 March 240: 100 %, 110 %, 80 %. The table is
//! the one of cohort analysis in medicine and insurance (Glenn, "Cohort Analysis", 2005), by the month of joining.

use super::activity::Activity;
use super::definition::Basis;
use super::panel::Panel;
use crate::domain::parallel;
use crate::domain::{Asked, Day, Period, PeriodKind, Ratio};

/// How many months, and so cohorts, are shown.
pub const MONTHS: usize = 13;

/// Months since joining that reports tell.
pub const TOLD: [usize; 4] = [1, 3, 6, 12];

/// One month's cohort.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cohort {
    /// The month they became active in.
    pub month: Period,
    /// How many did.
    pub size: i128,
    /// For each month since: how many were active on its last day.
    pub active: Vec<i128>,
    /// For each month since: their revenue, minor units.
    pub revenue_minor: Vec<i128>,
}

impl Cohort {
    /// The share that was active at the end of each month since.
    pub fn shares(&self) -> impl Iterator<Item = Option<Ratio>> {
        self.active.iter().map(|active| Ratio::of(*active, self.size))
    }

    /// Each month's revenue as a share of the first one's.
    pub fn revenue_shares(&self) -> impl Iterator<Item = Option<Ratio>> {
        let first = self.revenue_minor.first().copied().unwrap_or(0);
        self.revenue_minor.iter().map(move |minor| Ratio::of(*minor, first).filter(|_| first > 0))
    }
}

/// The months that end with the last complete one as of a day, whatever period is told: nobody knows who will still be
/// there at the end of one that is under way.
pub fn months(today: Day) -> Vec<Period> {
    Period::containing(PeriodKind::Month, today).previous().trail(MONTHS)
}

/// Of all who joined so long ago, the share still there after `month` months. Of cohorts of 4 and 6 of whom
/// 2 and 5 are there after three months, that is 7 ÷ 10.
pub fn pooled(cohorts: &[Cohort], month: usize) -> Option<Ratio> {
    let old = cohorts.iter().filter(|cohort| cohort.active.len() > month);
    let (active, size) = old.fold((0, 0), |(a, s), cohort| (a + cohort.active[month], s + cohort.size));
    Ratio::of(active, size)
}

/// What cohorts ask of the purchases.
#[must_use]
pub fn asks(asked: Asked, months: &[Period]) -> Asked {
    months.iter().fold(asked, |asked, month| asked.window(month.start, month.end))
}

impl Panel<'_> {
    /// The cohorts of `months`, which follow one another, among `customers`.
    pub fn cohorts(&self, customers: &[u32], months: &[Period]) -> Vec<Cohort> {
        let empty = || -> Vec<Cohort> {
            let cohort = |(n, month): (usize, &Period)| Cohort {
                month: *month,
                size: 0,
                active: vec![0; months.len() - n],
                revenue_minor: vec![0; months.len() - n],
            };
            months.iter().enumerate().map(cohort).collect()
        };
        let work = |customers: &[u32]| {
            let mut cohorts = empty();
            let mut activity = Activity::default();
            for &customer in customers {
                self.read_activity(customer, &mut activity);
                let Some(first) = activity.first() else { continue };
                let Some(at) = months.iter().position(|month| month.contains(first)) else { continue };
                let cohort = &mut cohorts[at];
                cohort.size += 1;
                for (since, month) in months[at..].iter().enumerate() {
                    cohort.active[since] += i128::from(activity.is_active(month.last()));
                    cohort.revenue_minor[since] += match self.settings.basis {
                        Basis::Contract => self.mrr_on(customer, month.last()),
                        Basis::Inactivity(_) => {
                            i128::from(self.facts.purchases.within(customer, month.start, month.end).0)
                        }
                    };
                }
            }
            cohorts
        };
        parallel::fold(customers, work, |sum, part| {
            for (a, b) in sum.iter_mut().zip(part) {
                a.size += b.size;
                a.active.iter_mut().zip(b.active).for_each(|(a, b)| *a += b);
                a.revenue_minor.iter_mut().zip(b.revenue_minor).for_each(|(a, b)| *a += b);
            }
        })
    }
}
