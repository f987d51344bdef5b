//! The figures of a report for an analyst: period by period, and group by group.
//!
//! A row is a period (of a group), and each metric has a column under its own name: a column then holds one
//! thing in one unit, so that a spreadsheet can sum and draw it, and a row of the CSV or the JSON is a
//! record that needs no turning. The order is that of time. What is to date is that of each period's moment.

use super::figures::single;
use super::tables::{by_split, column, split_column, table, worded};
use super::{Fared, Part, Story, TREND, none};
use crate::document::{Column, Figure, Say, Table, Value};
use crate::domain::Ratio;
use crate::job::ReportKind;
use crate::metrics::metric::{History, Source, Topic, Unit};
use crate::metrics::{Measured, Metric, Reading, Split};

/// Places of periods among those that a story looks at: this one, the one before, the same a year ago, and
/// the first of the trend.
pub(super) const NOW: usize = 0;
pub(super) const BEFORE: usize = 1;
pub(super) const YEAR_AGO: usize = 2;
pub(super) const TRAIL: usize = 3;

/// The metrics that a report tells.
pub fn metrics(kind: ReportKind) -> Vec<Metric> {
    let told = |metric: &Metric| {
        let part = match metric.topic() {
            Topic::Churn => Part::Churn,
            Topic::Value => Part::Value,
            Topic::Care => Part::Care,
            Topic::Funnel => Part::Funnel,
            Topic::Rfm => Part::Rfm,
            Topic::Cohort => Part::Cohort,
            Topic::Survival => Part::Survival,
            Topic::Predict => Part::Predict,
        };
        // The page over all reads follow-ups of three periods only, and no base of complaints; how what is to date
        // went is in the report on it.
        let unread = metric.source() == Source::FollowUps || metric.history() == History::ToDate;
        let left_out = kind == ReportKind::Executive && (unread || *metric == Metric::ComplaintRate);
        part.is_in(kind) && !left_out
    };
    Metric::all().filter(told).collect()
}

/// The name of the table by a split.
fn name_of(split: Split) -> &'static str {
    match split {
        Split::Segment => "by_segment",
        Split::Plan => "by_plan",
        Split::Region => "by_region",
        Split::Tier => "by_tier",
        Split::Owner => "by_owner",
        Split::Tag => "by_tag",
        Split::Tenure => "by_tenure",
        Split::Cohort => "by_cohort",
    }
}

fn metric_column(metric: Metric) -> Column {
    Column { name: metric.name(), title: Say::new(format!("metric.{}", metric.name())), numeric: true }
}

/// A metric's value as it is printed; how is told by its unit.
pub(in crate::job) fn printed(metric: Metric, reading: Reading, cap_years: u16) -> Value {
    match (reading.value, metric.unit()) {
        (Measured::Nothing, _) => none(),
        (Measured::Ratio(ratio), Unit::Points) => Value::Signed(ratio.scaled(2)),
        (Measured::Ratio(ratio), Unit::Factor) => Value::Number(ratio.approximate(), 2),
        // Of a model's share nothing is a fraction of anybody.
        (Measured::Ratio(ratio), Unit::Share) if metric.is_estimate() => Value::Percent(ratio.approximate()),
        (Measured::Ratio(ratio), _) => Value::Rate(ratio),
        (Measured::Money(money), _) => Value::Money(money),
        (Measured::AtLeast(money), _) => {
            Say::new("figure.at_least").with("money", money).with("years", i128::from(cap_years)).into()
        }
        (Measured::Whole(n), _) => Value::Count(n),
    }
}

impl Story<'_> {
    /// A share of the whole, in the period at a place.
    pub(super) fn ratio(&self, metric: Metric, at: usize) -> Option<Ratio> {
        self.readings.whole(metric, at).value.exact()
    }

    pub(super) fn printed(&self, metric: Metric, reading: Reading) -> Value {
        printed(metric, reading, self.spec.settings.ltv_cap_years)
    }

    /// A figure now, in the period before, and a year ago.
    pub(super) fn thrice(
        &self,
        key: &'static str,
        metric: Metric,
        print: impl Fn(Reading) -> Value,
    ) -> Figure {
        let values = [NOW, BEFORE, YEAR_AGO].map(|at| print(self.readings.whole(metric, at)));
        Figure { values: values.into(), ..single(key, Value::Empty) }
    }

    /// A figure that is to date, beside what it was at earlier moments; nothing there where nobody looked.
    pub(super) fn beside(&self, figure: Figure, metric: Metric) -> Figure {
        self.beside_as(figure, metric, |reading| self.printed(metric, reading))
    }

    /// The same, printed as figures of its kind are.
    pub(super) fn beside_as(
        &self,
        mut figure: Figure,
        metric: Metric,
        print: impl Fn(Reading) -> Value,
    ) -> Figure {
        for (place, at) in [BEFORE, YEAR_AGO].into_iter().enumerate() {
            if let (Some(value), Some(then)) =
                (figure.values.get_mut(place + 1), self.readings.known(metric, at))
            {
                *value = print(then);
            }
        }
        figure
    }

    /// A share of so many customers, as it is printed.
    pub(super) fn printed_rate(&self, reading: Reading) -> Value {
        self.rate(reading.value.exact())
    }

    /// Whether the store has what a metric is counted from.
    pub(super) fn has(&self, metric: Metric) -> bool {
        let facts = self.panel.facts;
        if !metric.is_told_on(self.spec.settings.basis) {
            return false;
        }
        match metric.source() {
            Source::Activity => metric != Metric::LtvToCac || self.spec.settings.cac_minor.is_some(),
            Source::Purchases
            | Source::Rfm
            | Source::Risks
            | Source::Tenures
            | Source::Cohorts
            | Source::Buying
            | Source::Lasting => true,
            Source::FollowUps => self.read("follow_ups"),
            Source::Contacts => self.read("interactions"),
            Source::Complaints => self.read("complaints"),
            Source::Leads => self.tells_leads(),
            Source::Referrals => !facts.referrers.is_empty(),
            Source::Surveys => self.read("surveys"),
        }
    }

    /// The tables of all metrics: of the whole, and by each split.
    pub(super) fn metric_tables(&self) -> Vec<Table> {
        let mut told = metrics(self.spec.kind);
        told.retain(|metric| self.has(*metric));
        if told.is_empty() {
            return Vec::new();
        }
        let groups = self.splits.iter().enumerate().map(|(at, fared)| self.group_table(&told, at, fared));
        [self.trend_table(&told)].into_iter().chain(groups).collect()
    }

    fn trend_table(&self, told: &[Metric]) -> Table {
        // Where nobody looked at the past, what is to date has none.
        let has_past = |metric: &Metric| {
            metric.history() == History::Period || self.readings.known(*metric, BEFORE).is_some()
        };
        let told: Vec<Metric> = told.iter().copied().filter(has_past).collect();
        let rows = self.trail.iter().zip(TRAIL..TRAIL + TREND).map(|(slice, at)| {
            let values = told.iter().map(|metric| self.printed(*metric, self.readings.whole(*metric, at)));
            [Value::Period(slice.period)].into_iter().chain(values).collect()
        });
        let mut columns = vec![column("period", false)];
        columns.extend(told.iter().map(|metric| metric_column(*metric)));
        table("trend", columns, rows.collect())
    }

    /// Of each group: the same period a year ago, the one before, this one.
    fn group_table(&self, told: &[Metric], at: usize, fared: &Fared) -> Table {
        let told: Vec<Metric> = told.iter().copied().filter(|metric| metric.splits()).collect();
        let split = fared.groups.split;
        let mut periods = vec![(BEFORE, self.before.period), (NOW, self.now.period)];
        if self.has_year_ago() {
            periods.insert(0, (YEAR_AGO, self.year_ago.period));
        }
        let mut rows = Vec::new();
        for (group, label) in fared.groups.labels.iter().enumerate() {
            for (place, period) in &periods {
                let readings: Vec<Reading> =
                    told.iter().map(|metric| self.readings.group(*metric, at, group, *place)).collect();
                // A group that nobody is in has nothing to tell.
                if !readings.iter().any(|reading| reading.value.exact().is_some_and(|n| n.numerator() != 0)) {
                    continue;
                }
                let mut row = vec![worded(split, label.clone()), Value::Period(*period)];
                row.extend(told.iter().zip(readings).map(|(metric, reading)| self.printed(*metric, reading)));
                rows.push(row);
            }
        }
        let mut columns = vec![split_column(split), column("period", false)];
        columns.extend(told.iter().map(|metric| metric_column(*metric)));
        Table { title: by_split("table.by_group", split), ..table(name_of(split), columns, rows) }
    }
}
