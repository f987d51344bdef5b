//! What metrics that are to date were at earlier moments.
//!
//! Such a metric says how things stand: scores of customers against each other, what they brought so far, what models
//! expect of them. Its past is told from the store as it would have been read then: rows dated later are not there,
//! and what was done or settled later was still open. What a row says without a date (an owner, a region) is what it
//! says now.
//!
//! An earlier period's moment lies as long after its end as the as-of instant lies after the end of the period that
//! is told: a report on July that is made on 3 August holds how things stand on 3 August against 3 July, 31 days
//! before, and 3 June. Of a period that is under way it lies as many days after the start, and within the period: on 15
//! July July is held against 15 June; on 31 March March against 28 February.

use std::collections::BTreeMap;

use super::super::panel::Panel;
use super::super::rfm::Standing;
use super::super::segment::{Groups, Split};
use super::reading::Reading;
use super::{History, Metric};
use crate::domain::facts::Lens;
use crate::domain::{Customers, Day, Period};

/// When metrics that are to date are looked at again.
#[derive(Debug, Clone)]
pub struct Moment {
    /// The period that it belongs to.
    pub period: Period,
    /// As of when.
    pub lens: Lens,
}

impl Moment {
    /// The moment of `period`, where `lens` is that of `now`; `None` where it is no earlier one.
    pub fn of(lens: &Lens, now: &Period, period: Period) -> Option<Moment> {
        let today = lens.today();
        let days = if today < now.end {
            let then = period.start.plus(today.since(now.start)).min(period.last());
            today.since(then)
        } else {
            now.end.since(period.end)
        };
        (period.end < now.end && days > 0).then(|| Moment { period, lens: lens.earlier(days) })
    }
}

/// What was told at some earlier moments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Past {
    then: Vec<Then>,
    /// What each customer was at one of them, where that was asked.
    standings: Option<Standings>,
}

/// What each customer was, by index, at the moment of a period.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Standings {
    end: Day,
    /// Of the ids: the store may have other customers by now.
    digest: u64,
    of: Vec<Option<Standing>>,
}

type Told = BTreeMap<Metric, Reading>;

#[derive(Debug, Clone, PartialEq, Eq)]
struct Then {
    /// Where the period ends that it belongs to.
    end: Day,
    whole: Told,
    /// By split and label.
    groups: Vec<BTreeMap<Option<String>, Told>>,
}

impl Past {
    /// Keeps what each customer was in `panel`, whose facts were read through the lens of the period that ends with `end`.
    pub fn keep_standings(&mut self, panel: &Panel<'_>, end: Day) {
        let customers = &panel.facts.customers;
        let digest = customers.digest(customers.len());
        self.standings = Some(Standings { end, digest, of: panel.standings() });
    }

    /// Adds what `panel` tells, whose facts were read through a moment's lens, of the moment's `period`.
    pub fn add(&mut self, panel: &Panel<'_>, metrics: &[Metric], period: &Period, splits: &[Split]) {
        let told: Vec<Metric> = to_date(metrics).collect();
        let groups: Vec<Groups<'_>> = splits.iter().map(|split| panel.groups(*split, period)).collect();
        let asked: Vec<(&Groups, usize)> = groups.iter().map(|groups| (groups, 1)).collect();
        let readings = panel.readings(&told, &[*period], &asked);
        let of =
            |read: &dyn Fn(Metric) -> Reading| told.iter().map(|metric| (*metric, read(*metric))).collect();
        let whole = of(&|metric| readings.whole(metric, 0));
        let groups = groups.into_iter().enumerate().map(|(split, groups)| {
            let labels = groups.labels.into_iter().enumerate();
            labels
                .map(|(group, label)| (label, of(&|metric| readings.group(metric, split, group, 0))))
                .collect()
        });
        let groups = groups.collect();
        self.then.push(Then { end: period.end, whole, groups });
    }

    /// Adds what was told at other moments.
    pub fn join(&mut self, other: &Past) {
        self.then.extend(other.then.iter().cloned());
    }

    /// What each of `customers` was at the moment of the period that ends with `end`, by index; those after the last are
    /// new. `None` where nobody looked, or other customers were there.
    pub fn standings(&self, end: Day, customers: &Customers) -> Option<&[Option<Standing>]> {
        let then = self.standings.as_ref().filter(|then| then.end == end)?;
        let same = customers.len() >= then.of.len() && customers.digest(then.of.len()) == then.digest;
        same.then_some(then.of.as_slice())
    }

    /// What a metric was of the whole; `None` where nobody looked.
    pub(super) fn whole(&self, metric: Metric, end: Day) -> Option<Reading> {
        self.then(end)?.whole.get(&metric).copied()
    }

    /// What it was of a group of the split at a place.
    pub(super) fn group(
        &self,
        metric: Metric,
        (split, label): (usize, &Option<String>),
        end: Day,
    ) -> Option<Reading> {
        let groups = self.then(end)?.groups.get(split)?;
        // Whoever was not there then had nothing to tell.
        Some(groups.get(label).and_then(|told| told.get(&metric).copied()).unwrap_or(Reading::NOTHING))
    }

    fn then(&self, end: Day) -> Option<&Then> {
        self.then.iter().find(|then| then.end == end)
    }
}

/// Those that are to date: whose past is told from earlier moments.
pub fn to_date(metrics: &[Metric]) -> impl Iterator<Item = Metric> {
    metrics.iter().copied().filter(|metric| metric.history() == History::ToDate)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use jiff::tz::TimeZone;

    use super::*;
    use crate::domain::{Currency, PeriodKind, Rates};

    #[test]
    fn an_earlier_moment_lies_as_long_after_its_period() {
        let zone = TimeZone::get("America/Sao_Paulo").unwrap();
        let currency = Currency::from_code("BRL").unwrap();
        let at = |y, m, d| date(y, m, d).at(8, 30, 0, 0).to_zoned(zone.clone()).unwrap().timestamp();
        let lens = |as_of| Lens { as_of, zone: zone.clone(), currency, rates: Rates::default() };
        // As of; the period's kind, and whether it is under way; how many before; the moment.
        for (as_of, kind, current, before, then) in [
            (at(2026, 8, 3), PeriodKind::Month, false, 1, Some(at(2026, 7, 3))),
            (at(2026, 8, 3), PeriodKind::Month, false, 2, Some(at(2026, 6, 3))),
            (at(2026, 3, 1), PeriodKind::Month, false, 1, Some(at(2026, 2, 1))),
            (at(2026, 3, 1), PeriodKind::Quarter, false, 4, Some(at(2025, 3, 1))),
            // As many days after the start, and not after the end.
            (at(2026, 7, 15), PeriodKind::Month, true, 1, Some(at(2026, 6, 15))),
            (at(2026, 3, 1), PeriodKind::Month, true, 1, Some(at(2026, 2, 1))),
            (at(2026, 3, 31), PeriodKind::Month, true, 1, Some(at(2026, 2, 28))),
            (at(2026, 4, 1), PeriodKind::Quarter, true, 1, Some(at(2026, 1, 1))),
            (at(2028, 12, 31), PeriodKind::Year, true, 1, Some(at(2027, 12, 31))),
            (at(2026, 8, 3), PeriodKind::Rolling(7), false, 1, Some(at(2026, 7, 27))),
            (at(2026, 8, 3), PeriodKind::Month, false, 0, None),
            // The clock is that of the zone: summer time ended in between.
            (at(2019, 3, 1), PeriodKind::Month, false, 1, Some(at(2019, 2, 1))),
        ] {
            let lens = lens(as_of);
            let mut now = Period::containing(kind, lens.today());
            if !current && kind != PeriodKind::Rolling(7) {
                now = now.previous();
            }
            let period = (0..before).fold(now, |period, _| period.previous());
            let found = Moment::of(&lens, &now, period).map(|moment| moment.lens.as_of);
            assert_eq!(found, then, "{as_of} {kind:?} {before}");
        }
    }
}
