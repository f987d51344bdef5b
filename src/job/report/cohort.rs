//! Cohorts: of those who joined in a month, how many, and how much of their revenue, is still there.

use super::figures::{plain, single};
use super::tables::{column, columns, table};
use super::{Fared, Section, Story};
use crate::document::{Chart, Column, Figure, Say, Table, Value};
use crate::domain::Ratio;
use crate::metrics::Metric;
use crate::metrics::cohort::{Cohort, MONTHS, TOLD, months, pooled};

/// Names of the columns by months since joining.
const NTH: [&str; MONTHS] = ["m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9", "m10", "m11", "m12"];

impl Story<'_> {
    fn cohorts_of(&self, customers: &[u32]) -> Vec<Cohort> {
        self.panel.cohorts(customers, &months(self.panel.facts.lens.today()))
    }

    fn cohort_subject(&self, cohorts: &[Cohort]) -> Option<Say> {
        let share = self.rate(Some(pooled(cohorts, 3)?));
        Some(Say::new("report.subject.cohort").with("period", self.now.period).with("share", share))
    }

    pub(super) fn cohort_section(&self) -> Section {
        let cohorts = self.cohorts_of(&self.panel.customers);
        let subject = self.cohort_subject(&cohorts);
        if cohorts.iter().all(|cohort| cohort.size == 0) {
            return Section { subject, ..Section::default() };
        }
        let kept = [Metric::Kept1, Metric::Kept3, Metric::Kept6, Metric::Kept12];
        let told = |(month, metric): (usize, Metric)| {
            let name = Say::new("figure.cohort").with("n", month as i128);
            let share = self.rate(pooled(&cohorts, month));
            let figure = Figure { name, ..single("figure.cohort", share) };
            self.beside_as(figure, metric, |then| self.printed_rate(then))
        };
        let charts = Self::heat(&cohorts).into_iter().collect();
        if self.is_brief() {
            return Section { charts, ..Section::default() };
        }
        let mut sheets = vec![self.revenue_sheet(&cohorts)];
        sheets.extend(self.splits.first().map(|fared| self.cohort_groups(fared)));
        Section {
            subject,
            lead: self.cohort_lead(&cohorts).into_iter().collect(),
            figures: TOLD.into_iter().zip(kept).map(told).collect(),
            charts,
            tables: vec![Self::active_sheet(&cohorts)],
            sheets,
            notes: vec![Say::new("note.cohort")],
        }
    }

    fn cohort_groups(&self, fared: &Fared) -> Table {
        let rows = |_: usize, members: &[u32]| {
            let cohorts = self.cohorts_of(members);
            let joined = cohorts.iter().map(|cohort| cohort.size).sum::<i128>();
            let shares = TOLD.map(|month| self.rate(pooled(&cohorts, month)));
            vec![[joined.into()].into_iter().chain(shares).collect()]
        };
        let columns = [column("joined", true)].into_iter().chain(TOLD.map(nth)).collect();
        self.by_members("cohort_groups", fared, columns, rows)
    }

    /// The youngest cohort that has three months behind it against all before it.
    fn cohort_lead(&self, cohorts: &[Cohort]) -> Option<Say> {
        let at = cohorts.iter().rposition(|cohort| cohort.active.len() > 3 && cohort.size > 0)?;
        let cohort = &cohorts[at];
        let share = Ratio::of(cohort.active[3], cohort.size)?;
        let before = pooled(&cohorts[..at], 3)?;
        Some(
            Say::new("report.lead.cohort")
                .with("customers", Say::new("count.customers").with("n", cohort.size))
                .with("month", Value::Month(cohort.month.start.date()))
                .with("share", self.rate(Some(share)))
                .with("before", self.rate(Some(before))),
        )
    }

    fn heat(cohorts: &[Cohort]) -> Option<Chart> {
        let seen: Vec<&Cohort> = cohorts.iter().skip_while(|cohort| cohort.size == 0).collect();
        let share = pooled(cohorts, 3).or_else(|| pooled(cohorts, 1))?;
        let rows = seen.iter().map(|c| (Value::Month(c.month.start.date()), Value::Count(c.size)));
        Some(Chart::Heat {
            title: Say::new("chart.cohort.title").with("share", share),
            rows: rows.collect(),
            cells: seen.iter().map(|cohort| cohort.shares().collect()).collect(),
            axis: Say::new("chart.cohort.axis"),
        })
    }

    fn active_sheet(cohorts: &[Cohort]) -> Table {
        let rows = cohorts.iter().rev().filter(|c| c.size > 0).map(|cohort| {
            let mut row = vec![Value::Month(cohort.month.start.date()), cohort.size.into()];
            row.extend(cohort.shares().map(plain));
            row.resize(2 + MONTHS, Value::Empty);
            row
        });
        table("cohorts", cohort_columns(column("joined", true)), rows.collect())
    }

    fn revenue_sheet(&self, cohorts: &[Cohort]) -> Table {
        let rows = cohorts.iter().rev().filter(|c| c.size > 0).map(|cohort| {
            let first = cohort.revenue_minor.first().copied().unwrap_or(0);
            let mut row = vec![Value::Month(cohort.month.start.date()), self.money(first).into()];
            row.extend(cohort.revenue_shares().map(plain));
            row.resize(2 + MONTHS, Value::Empty);
            row
        });
        table("cohort_revenue", cohort_columns(column("money_first", true)), rows.collect())
    }
}

fn cohort_columns(size: Column) -> Vec<Column> {
    let mut columns = columns(&["month"], &[]);
    columns.push(size);
    columns.extend((0..MONTHS).map(nth));
    columns
}

fn nth(month: usize) -> Column {
    let title = Say::new("column.nth").with("n", month as i128);
    Column { name: NTH.get(month).copied().unwrap_or("m"), title, numeric: true }
}
