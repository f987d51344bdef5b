//! What the metrics of the catalogue are: for many periods, for the whole and for the groups of several
//! splits, from one pass over each source.
//!
//! ```text
//! panel.readings(&[Metric::ChurnRate, Metric::Nps], &periods, &[(&groups, periods.len())])
//!     .group(Metric::Nps, 0, group, 0)
//! ```

use super::super::care::{Complaints, Compliance};
use super::super::churn::annualised;
use super::super::definition::{Basis, Definition, Settings};
use super::super::funnel::{Answers, Leads};
use super::super::grid::Grid;
use super::super::panel::Panel;
use super::super::risk::Risks;
use super::super::segment::Groups;
use super::super::sweep::{Slice, Swept};
use super::super::value::{Value, arpa, lifetime};
use super::counted::{of_complaints, of_follow_ups, of_leads};
use super::past::Past;
use super::today::{Today, millionths};
use super::{History, Metric, Source};
use crate::domain::{Currency, Day, Money, Period, Ratio};

/// A metric's value, exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measured {
    /// There is nothing to divide by, nobody to ask, or no past to look at.
    Nothing,
    /// Of shares, points and factors.
    Ratio(Ratio),
    /// Of money.
    Money(Money),
    /// Of money that is at least this much: nobody left, and the value is capped.
    AtLeast(Money),
    /// Of counts, days and hours.
    Whole(i128),
}

impl Measured {
    /// As a number of the metric's unit, money in minor units: what a threshold is held against.
    pub fn exact(self) -> Option<Ratio> {
        match self {
            Measured::Nothing => None,
            Measured::Ratio(ratio) => Some(ratio),
            Measured::Money(money) | Measured::AtLeast(money) => Some(Ratio::whole(money.minor)),
            Measured::Whole(n) => Some(Ratio::whole(n)),
        }
    }
}

/// What a metric is, and how much it rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The value.
    pub value: Measured,
    /// How many customers, rows or answers it is a share or a mean of; `None` of what is counted itself.
    pub base: Option<i128>,
}

impl Reading {
    /// No value.
    pub const NOTHING: Reading = Reading { value: Measured::Nothing, base: None };

    pub(super) fn whole(n: i128) -> Reading {
        Reading { value: Measured::Whole(n), base: None }
    }

    /// A share of what it is divided by.
    pub(super) fn share(ratio: Option<Ratio>) -> Reading {
        ratio.map_or(Reading::NOTHING, |ratio| Reading::ratio(Some(ratio), ratio.denominator()))
    }

    pub(super) fn ratio(ratio: Option<Ratio>, base: i128) -> Reading {
        Reading { value: ratio.map_or(Measured::Nothing, Measured::Ratio), base: Some(base) }
    }

    pub(super) fn rank(n: Option<i64>, base: i128) -> Reading {
        let value = n.map_or(Measured::Nothing, |n| Measured::Whole(i128::from(n)));
        Reading { value, base: Some(base) }
    }
}

/// Everything that was counted for some metrics.
#[derive(Debug, Clone)]
pub struct Readings {
    settings: Settings,
    currency: Currency,
    as_of: Day,
    margin: Ratio,
    /// When the periods end: what is to date is told of those that end last, and of others from their past.
    ends: Vec<Day>,
    slices: Grid<Slice>,
    worth: Grid<Value>,
    compliance: Grid<Compliance>,
    covered: Grid<(i128, i128)>,
    complaints: Grid<Complaints>,
    leads: Vec<Leads>,
    referrers: Grid<i128>,
    answers: Grid<Answers>,
    today: Today,
    /// The labels of each split's groups.
    labels: Vec<Vec<Option<String>>>,
    past: Past,
}

/// A cell of a grid: of the whole, or of a group of a split; and of which period.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    group: Option<(usize, usize)>,
    at: usize,
}

impl Place {
    pub(super) fn of<T>(self, grid: &Grid<T>) -> Option<&T> {
        match self.group {
            None => grid.whole.get(self.at),
            Some((split, group)) => grid.groups.get(split)?.get(group)?.get(self.at),
        }
    }
}

impl Panel<'_> {
    /// The readings of `metrics` over `periods` (up to sixty), of each group of `splits` over the first so
    /// many. What is to date is told of the periods that end last; of others once it is [`Readings::remembering`]
    /// them. The facts must have been read with the [`super::needs()`] of the same.
    pub fn readings(&self, metrics: &[Metric], periods: &[Period], splits: &[(&Groups, usize)]) -> Readings {
        let active = |metric: &Metric| matches!(metric.source(), Source::Activity | Source::Referrals);
        let swept = if metrics.iter().any(active) {
            self.sweep(&self.customers, periods, splits)
        } else {
            Swept { whole: Vec::new(), groups: Vec::new() }
        };
        self.readings_of(metrics, periods, splits, swept)
    }

    /// The same where the sweep over `periods` and `splits` has been made.
    pub fn readings_of(
        &self,
        metrics: &[Metric],
        periods: &[Period],
        splits: &[(&Groups, usize)],
        swept: Swept,
    ) -> Readings {
        let all = &self.customers;
        let told = metrics.iter().copied().filter(|metric| metric.is_told_on(self.settings.basis));
        let metrics: Vec<Metric> = told.collect();
        let reads = |source: Source| metrics.iter().any(|metric| metric.source() == source);
        let slices = Grid { whole: swept.whole, groups: swept.groups };
        let takes_margin = metrics.iter().any(|metric| metric.takes_margin());
        let mut readings = Readings {
            settings: self.settings.clone(),
            currency: self.facts.lens.currency,
            as_of: self.facts.lens.today(),
            margin: if takes_margin { self.gross_margin() } else { Ratio::whole(1) },
            ends: periods.iter().map(|period| period.end).collect(),
            slices,
            worth: Grid::default(),
            compliance: Grid::default(),
            covered: Grid::default(),
            complaints: Grid::default(),
            leads: Vec::new(),
            referrers: Grid::default(),
            answers: Grid::default(),
            today: Today::default(),
            labels: splits.iter().map(|(groups, _)| groups.labels.clone()).collect(),
            past: Past::default(),
        };
        if reads(Source::Purchases) {
            // To date: one value for the whole and each group.
            readings.worth = Grid::of_members(all, splits, |members| self.value_so_far(members));
        }
        if reads(Source::FollowUps) {
            readings.compliance = self.compliance_over(all, periods, splits);
        }
        if reads(Source::Contacts) {
            let first: Vec<_> = splits.iter().map(|(groups, _)| (*groups, 1)).collect();
            readings.covered = self.coverage_over(all, &self.settings.intervals, &first);
        }
        if metrics.contains(&Metric::ComplaintRate) {
            readings.complaints = self.complaints_over(all, periods, splits);
        } else if reads(Source::Complaints) {
            readings.complaints = self.opened_over(all, periods, splits);
        }
        if reads(Source::Leads) {
            readings.leads = self.leads_over(periods);
        }
        if reads(Source::Referrals) {
            readings.referrers = self.referrers_over(all, periods, splits);
        }
        if reads(Source::Surveys) {
            readings.answers = self.answers_over(all, periods, splits);
        }
        readings.today = self.today(&metrics, periods, splits);
        readings
    }
}

impl Readings {
    /// The same with what metrics that are to date were at earlier moments.
    #[must_use]
    pub fn remembering(self, past: Past) -> Readings {
        Readings { past, ..self }
    }

    /// What a metric is of the whole in the period at `at` of the list.
    pub fn whole(&self, metric: Metric, at: usize) -> Reading {
        self.known(metric, at).unwrap_or(Reading::NOTHING)
    }

    /// The same; `None` where nobody asked for it, or nobody looked at its past.
    pub fn known(&self, metric: Metric, at: usize) -> Option<Reading> {
        self.read(metric, Place { group: None, at })
    }

    /// What a metric is of a group, by its place among the labels, of the split at `split` of the list, in
    /// the period at `at`.
    pub fn group(&self, metric: Metric, split: usize, group: usize, at: usize) -> Reading {
        self.read(metric, Place { group: Some((split, group)), at }).unwrap_or(Reading::NOTHING)
    }

    /// The value figures to date of the whole, where a metric needed them.
    pub fn worth(&self) -> Option<&Value> {
        self.worth.whole.first()
    }

    /// The highest risks of the whole, where a metric needed them.
    pub fn risks(&self) -> &Risks {
        self.today.risks()
    }

    /// The value figures to date of a group.
    pub fn worth_of_group(&self, split: usize, group: usize) -> Option<&Value> {
        self.worth.groups.get(split)?.get(group)?.first()
    }

    fn read(&self, metric: Metric, place: Place) -> Option<Reading> {
        let now = Place { at: 0, ..place };
        let is_last = self.ends.get(place.at) == self.ends.iter().max();
        let is_told = metric.is_told_on(self.settings.basis);
        if !is_told {
            return None;
        }
        if metric.history() == History::ToDate && !is_last {
            return self.then(metric, place);
        }
        Some(match metric.source() {
            Source::Activity => self.of_slice(metric, place.of(&self.slices)?),
            Source::Purchases => self.of_worth(metric, now.of(&self.worth)?),
            Source::FollowUps => of_follow_ups(metric, place.of(&self.compliance)?),
            Source::Contacts => {
                let (covered, active) = *now.of(&self.covered)?;
                Reading::share(Ratio::of(covered, active))
            }
            Source::Complaints => of_complaints(metric, place.of(&self.complaints)?),
            // A lead is nobody's yet.
            Source::Leads => of_leads(metric, self.leads.get(place.at).filter(|_| place.group.is_none())?),
            Source::Referrals => {
                let active = place.of(&self.slices)?.counts.closing;
                Reading::share(Ratio::of(*place.of(&self.referrers)?, active))
            }
            Source::Surveys => Reading::share(place.of(&self.answers)?.nps()),
            Source::Rfm
            | Source::Risks
            | Source::Tenures
            | Source::Cohorts
            | Source::Buying
            | Source::Lasting => self.today.read(metric, now, self.currency)?,
        })
    }

    /// What a metric that is to date was at the moment of an earlier period.
    fn then(&self, metric: Metric, place: Place) -> Option<Reading> {
        let end = *self.ends.get(place.at)?;
        match place.group {
            None => self.past.whole(metric, end),
            Some((split, group)) => {
                self.past.group(metric, (split, self.labels.get(split)?.get(group)?), end)
            }
        }
    }

    fn money(&self, minor: i128) -> Measured {
        Measured::Money(Money::new(minor, self.currency))
    }

    fn amount(&self, minor: i128) -> Reading {
        Reading { value: self.money(minor), base: None }
    }

    fn of_slice(&self, metric: Metric, slice: &Slice) -> Reading {
        let (counts, moved, settings) = (&slice.counts, &slice.moved, &self.settings);
        let of_opening = |ratio| Reading::ratio(ratio, counts.opening);
        let net = || moved.net_churn(settings.reactivation_in);
        // Of a period under way nobody knows yet how many leave, or how much is bought.
        let is_over = slice.period.end <= self.as_of;
        match metric {
            Metric::Opening => Reading::whole(counts.opening),
            Metric::New => Reading::whole(counts.new),
            Metric::Reactivated => Reading::whole(counts.reactivated),
            Metric::Churned => Reading::whole(counts.churned),
            Metric::Retained => Reading::whole(counts.retained),
            Metric::ChurnedVoluntary => Reading::whole(counts.voluntary),
            Metric::ChurnedInvoluntary => Reading::whole(counts.involuntary),
            Metric::Closing => Reading::whole(counts.closing),
            Metric::JoinedAndLeft => Reading::whole(counts.joined_and_left),
            Metric::Departures => Reading::whole(counts.departures),
            Metric::ChurnRate => Reading::share(counts.rate(settings.definition)),
            Metric::Retention => Reading::share(counts.retention(settings.definition)),
            Metric::ChurnAnnualised => {
                // A share of all who were ever seen is not one of each period.
                let is_compounded = is_over && settings.definition != Definition::InactiveShare;
                let rate = counts.rate(settings.definition).filter(|_| is_compounded);
                let yearly = rate.map(|rate| annualised(rate, slice.period.kind.per_year()));
                Reading::ratio(yearly.and_then(millionths), rate.map_or(0, |rate| rate.denominator()))
            }
            Metric::RevenueOpening => self.amount(moved.opening),
            Metric::RevenueNew => self.amount(moved.new),
            Metric::RevenueReactivation => self.amount(moved.reactivation),
            Metric::RevenueExpansion => self.amount(moved.expansion),
            Metric::RevenueContraction => self.amount(moved.contraction),
            Metric::RevenueChurned => self.amount(moved.churned),
            Metric::RevenueClosing => self.amount(moved.closing),
            Metric::GrossRevenueChurn => of_opening(moved.gross_churn()),
            Metric::NetRevenueChurn => of_opening(net()),
            Metric::Grr => of_opening(moved.gross_churn().map(|rate| rate.complement())),
            Metric::Nrr => of_opening(net().map(|rate| rate.complement())),
            Metric::EarlyChurn => Reading::share(counts.early_rate()),
            Metric::Arpa if !is_over && settings.basis != Basis::Contract => Reading::NOTHING,
            Metric::Arpa => {
                let value =
                    arpa(slice, settings).map_or(Measured::Nothing, |arpa| self.money(arpa.rounded()));
                Reading { value, base: Some(counts.closing) }
            }
            _ if is_over => self.of_lifetime(metric, slice),
            _ => Reading::NOTHING,
        }
    }

    fn of_lifetime(&self, metric: Metric, slice: &Slice) -> Reading {
        let lifetime = lifetime(slice, &self.settings, self.margin);
        let value = match (metric, lifetime) {
            (Metric::LtvSubscription, Some(l)) if l.capped => {
                Measured::AtLeast(Money::new(l.value_minor, self.currency))
            }
            (Metric::LtvSubscription, Some(l)) => self.money(l.value_minor),
            (Metric::LtvToCac, Some(l)) => {
                let cac = self.settings.cac_minor.map_or(0, i128::from);
                Ratio::of(l.value_minor, cac).map_or(Measured::Nothing, Measured::Ratio)
            }
            _ => Measured::Nothing,
        };
        Reading { value, base: Some(slice.counts.closing) }
    }

    fn of_worth(&self, metric: Metric, worth: &Value) -> Reading {
        let n = worth.customers;
        let mean = |minor: Option<i128>| Reading {
            value: minor.map_or(Measured::Nothing, |minor| self.money(minor)),
            base: Some(n),
        };
        match metric {
            Metric::Buyers => Reading::whole(n),
            Metric::Historic => mean(Some(worth.historic_minor)),
            Metric::HistoricNet => mean(Some(worth.historic_net_minor)),
            Metric::LtvAverage => mean(worth.average_minor),
            Metric::LtvMedian => mean(worth.median_minor),
            Metric::LtvNet => mean(Ratio::of(worth.historic_net_minor, n).map(|net| net.rounded())),
            Metric::LtvSimple => mean(worth.simple.map(|simple| simple.gross_minor)),
            Metric::LtvSimpleNet => mean(worth.simple.map(|simple| simple.net_minor)),
            Metric::Top20 => Reading::ratio(worth.top_20, n),
            Metric::Top30 => Reading::ratio(worth.top_30, n),
            Metric::Gini => Reading::ratio(worth.gini, n),
            _ => Reading::NOTHING,
        }
    }
}
