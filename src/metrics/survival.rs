//! Survival: how long customers stay, told by those who left and those who are still there
//! (Kaplan & Meier, "Nonparametric Estimation from Incomplete Observations", 1958).
//!
//! A customer's tenure runs from their first active day to their first departure; whoever has not left by
//! the as-of day is censored there: they count among those at risk up to then, and never as a departure.
//! S(t) is the product, over the days up to t, of 1 − departures ÷ customers at risk. The interval is 95 %,
//! on the log-minus-log scale, with Greenwood's variance.
//!
//! Of five customers two left after 10 and 20 days, and three are still there after 15, 25 and 30:
//! S(10) = 1 − 1/5 = 0.8, and S(20) = 0.8 × (1 − 1/3) ≈ 0.533.

use super::activity::Activity;
use super::panel::Panel;
use crate::domain::Day;
use crate::domain::parallel;

/// A month is a twelfth of 365.25 days where tenure is told in months.
pub const DAYS_A_MONTH: f64 = 30.4375;

/// Months that reports tell.
pub const TOLD: [u32; 5] = [1, 3, 6, 12, 24];

/// The last whole day of so many months: 6 months are 182.6 days, and who leaves on day 183 has stayed longer.
pub fn days(months: u32) -> u32 {
    (f64::from(months) * DAYS_A_MONTH).floor() as u32
}

/// The 97.5 % point of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// What rounding adds to a share at most; a customer among twenty million is more.
const HAIR: f64 = 1e-9;

/// A day on which somebody left, and how many were still there after it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Days since they became active.
    pub days: u32,
    /// Customers whose tenure reached it.
    pub at_risk: u64,
    /// Those who left on it.
    pub left: u64,
    /// The share that stays longer.
    pub share: f64,
    /// 95 % interval of the share.
    pub interval: (f64, f64),
}

/// How long a group of customers stays.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Survival {
    /// How many customers.
    pub customers: u64,
    /// How many of them left.
    pub left: u64,
    /// The days on which somebody left.
    pub steps: Vec<Step>,
    /// The longest tenure seen, in days: nothing is known beyond.
    pub longest_days: u32,
}

impl Survival {
    /// From tenures in days, and whether each ended.
    pub fn of(tenures: impl IntoIterator<Item = (u32, bool)>) -> Survival {
        let mut counts = Counted::default();
        tenures.into_iter().for_each(|(days, left)| counts.add(days, left));
        counts.survival()
    }

    /// The share that stays longer than `days`; `None` beyond what was seen, unless nobody was left.
    pub fn share_after(&self, days: u32) -> Option<f64> {
        let is_over = self.steps.last().is_some_and(|step| step.share <= HAIR);
        if days > self.longest_days && !is_over || self.customers == 0 {
            return None;
        }
        let after = self.steps.partition_point(|step| step.days <= days);
        Some(after.checked_sub(1).map_or(1.0, |at| self.steps[at].share))
    }

    /// The day by which half have left; `None` while more than half stay.
    pub fn median_days(&self) -> Option<u32> {
        // A product of fractions that is a half may be a hair over it.
        self.steps.iter().find(|step| step.share <= 0.5 + HAIR).map(|step| step.days)
    }
}

/// Tenures counted by day.
#[derive(Debug, Default)]
struct Counted {
    /// By days: how many left, and how many were last seen there.
    by_days: Vec<(u64, u64)>,
}

impl Counted {
    fn add(&mut self, days: u32, left: bool) {
        let at = days as usize;
        if self.by_days.len() <= at {
            self.by_days.resize(at + 1, (0, 0));
        }
        let (gone, seen) = &mut self.by_days[at];
        *gone += u64::from(left);
        *seen += u64::from(!left);
    }

    fn survival(&self) -> Survival {
        let customers: u64 = self.by_days.iter().map(|(left, seen)| left + seen).sum();
        let (mut at_risk, mut share, mut greenwood, mut gone) = (customers, 1.0f64, 0.0f64, 0);
        let mut steps = Vec::new();
        for (days, (left, seen)) in self.by_days.iter().enumerate() {
            if *left > 0 {
                let (d, n) = (*left as f64, at_risk as f64);
                share *= 1.0 - d / n;
                greenwood += if left < &at_risk { d / (n * (n - d)) } else { f64::INFINITY };
                gone += left;
                let interval = interval(share, greenwood);
                steps.push(Step { days: days as u32, at_risk, left: *left, share, interval });
            }
            at_risk -= left + seen;
        }
        let longest_days = self.by_days.len().saturating_sub(1) as u32;
        Survival { customers, left: gone, steps, longest_days }
    }
}

/// S^exp(±z √v ÷ ln S) with v Greenwood's sum.
fn interval(share: f64, greenwood: f64) -> (f64, f64) {
    if share <= 0.0 || share >= 1.0 || !greenwood.is_finite() {
        return (share, share);
    }
    let width = Z * greenwood.sqrt() / share.ln();
    (share.powf((-width).exp()), share.powf(width.exp()))
}

impl Panel<'_> {
    /// How long `customers` stay.
    pub fn survival(&self, customers: &[u32]) -> Survival {
        let today = self.facts.lens.today();
        let work = |customers: &[u32]| {
            let mut counted = Counted::default();
            let mut activity = Activity::default();
            for &customer in customers {
                self.read_activity(customer, &mut activity);
                if let Some((days, left)) = tenure(&activity, today) {
                    counted.add(days, left);
                }
            }
            counted
        };
        let counted = parallel::fold(customers, work, |sum: &mut Counted, part| {
            for (days, (left, seen)) in part.by_days.into_iter().enumerate() {
                if sum.by_days.len() <= days {
                    sum.by_days.resize(days + 1, (0, 0));
                }
                sum.by_days[days].0 += left;
                sum.by_days[days].1 += seen;
            }
        });
        counted.survival()
    }
}

/// Days from the first active day to the first departure, or to `today`.
pub(super) fn tenure(activity: &Activity, today: Day) -> Option<(u32, bool)> {
    let span = activity.spans().first()?;
    let left = span.to <= today;
    let end = if left { span.to } else { today };
    Some((u32::try_from(end.since(span.from)).ok()?, left))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worked_example() {
        let survival = Survival::of([(10, true), (20, true), (15, false), (25, false), (30, false)]);
        let shares: Vec<(u32, u64, f64)> =
            survival.steps.iter().map(|s| (s.days, s.at_risk, s.share)).collect();
        assert_eq!(shares[0], (10, 5, 0.8));
        assert!(shares[1].0 == 20 && shares[1].1 == 3 && (shares[1].2 - 0.8 * 2.0 / 3.0).abs() < 1e-15);
        assert_eq!(survival.median_days(), None);
        assert_eq!((survival.share_after(9), survival.share_after(10)), (Some(1.0), Some(0.8)));
        assert_eq!(survival.share_after(31), None);
    }

    /// Freireich's leukaemia remission times, 6-MP arm, in weeks: the textbook case of the estimator and
    /// of the log-minus-log interval (as `survfit(..., conf.type = "log-log")` of R's survival prints it).
    #[test]
    fn remission_times_of_the_textbook() {
        let left = [6, 6, 6, 7, 10, 13, 16, 22, 23].map(|weeks| (weeks, true));
        let seen = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35].map(|weeks| (weeks, false));
        let survival = Survival::of(left.into_iter().chain(seen));
        let rows: Vec<(u32, u64, String)> =
            survival.steps.iter().map(|s| (s.days, s.at_risk, format!("{:.3}", s.share))).collect();
        let expected = [
            (6, 21, "0.857"),
            (7, 17, "0.807"),
            (10, 15, "0.753"),
            (13, 12, "0.690"),
            (16, 11, "0.627"),
            (22, 7, "0.538"),
            (23, 6, "0.448"),
        ];
        assert_eq!(rows, expected.map(|(w, n, s)| (w, n, s.to_owned())));
        assert_eq!(survival.median_days(), Some(23));
        let (low, high) = survival.steps[0].interval;
        assert_eq!((format!("{low:.3}"), format!("{high:.3}")), ("0.620".to_owned(), "0.952".to_owned()));
    }

    #[test]
    fn half_is_half_however_many_steps_lead_to_it() {
        for n in 1..300 {
            assert_eq!(Survival::of((1..=2 * n).map(|day| (day, true))).median_days(), Some(n));
            assert_eq!(Survival::of((1..2 * n).map(|day| (day, true))).median_days(), Some(n));
        }
    }

    #[test]
    fn nobody_and_everybody() {
        assert_eq!(Survival::of([]).share_after(0), None);
        let all = Survival::of([(5, true), (5, true)]);
        assert_eq!((all.steps[0].share, all.median_days()), (0.0, Some(5)));
        assert_eq!((all.share_after(4), all.share_after(400)), (Some(1.0), Some(0.0)));
        assert_eq!(all.steps[0].interval, (0.0, 0.0));
    }
}
