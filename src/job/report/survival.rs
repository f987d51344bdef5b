//! Survival: how long customers stay, for the whole shop and by group.

use super::figures::single;
use super::tables::{columns, table, worded};
use super::{Fared, Section, Story, none};
use crate::document::{Chart, Curve, Figure, Say, Table, Value};
use crate::metrics::Metric;
use crate::metrics::survival::{DAYS_A_MONTH, Survival, TOLD, days};

/// Curves in one picture.
const CURVES: usize = 5;

fn months(days: u32) -> f64 {
    f64::from(days) / DAYS_A_MONTH
}

fn share(share: Option<f64>) -> Value {
    share.map_or_else(none, Value::Percent)
}

/// The median tenure in months, or that more than half are still there.
fn median(days: Option<u32>) -> Value {
    match days {
        Some(days) => Say::new("value.months").with("n", Value::Number(months(days), 1)).into(),
        None => Say::new("value.over_half").into(),
    }
}

impl Story<'_> {
    fn survival_subject(&self, whole: &Survival) -> Option<Say> {
        let share = Value::Percent(whole.share_after(days(12))?);
        Some(Say::new("report.subject.survival").with("period", self.now.period).with("share", share))
    }

    pub(super) fn survival_section(&self) -> Section {
        let whole = self.panel.survival(&self.panel.customers);
        let subject = self.survival_subject(&whole);
        if whole.customers == 0 {
            return Section { subject, ..Section::default() };
        }
        let stay = [Metric::Stay1, Metric::Stay3, Metric::Stay6, Metric::Stay12, Metric::Stay24];
        let half = single("figure.survival.median", median(whole.median_days()));
        let mut figures = vec![self.beside_as(half, Metric::MedianTenure, |then| match then.base {
            None | Some(0) => none(),
            Some(_) => median(then.value.exact().and_then(|days| u32::try_from(days.rounded()).ok())),
        })];
        figures.extend(TOLD.into_iter().zip(stay).map(|(n, metric)| {
            let name = Say::new("figure.survival").with("n", i128::from(n));
            let figure = single("figure.survival", share(whole.share_after(days(n))));
            self.beside(Figure { name, ..figure }, metric)
        }));
        let groups: Vec<(Value, Survival)> = match self.splits.first() {
            None => Vec::new(),
            Some(fared) => {
                let members = fared.groups.members(&self.panel.customers);
                let names = fared.groups.labels.iter().map(|name| worded(fared.groups.split, name.clone()));
                names.zip(members.iter().map(|members| self.panel.survival(members))).collect()
            }
        };
        let lead = Say::new("report.lead.survival")
            .with("customers", Say::new("count.customers").with("n", i128::from(whole.customers)))
            .with("left", i128::from(whole.left))
            .with("share", share(whole.share_after(days(12))))
            .with("median", median(whole.median_days()));
        Section {
            subject,
            lead: vec![lead],
            figures,
            charts: vec![survival_chart(&whole, &groups)],
            tables: self
                .splits
                .first()
                .map(|fared| self.survival_groups(fared, &groups))
                .into_iter()
                .collect(),
            sheets: vec![step_table(&whole)],
            notes: vec![Say::new("note.survival")],
        }
    }

    fn survival_groups(&self, fared: &Fared, groups: &[(Value, Survival)]) -> Table {
        let rows = |group: usize, _: &[u32]| {
            let survival = &groups[group].1;
            let counts = [i128::from(survival.customers), i128::from(survival.left)].map(Value::Count);
            let mut row: Vec<Value> = counts.into();
            row.push(median(survival.median_days()));
            row.extend([3, 12, 24].map(|n| share(survival.share_after(days(n)))));
            if survival.customers > 0 { vec![row] } else { Vec::new() }
        };
        let columns =
            columns(&[], &["customers", "left", "median_tenure", "after_3", "after_12", "after_24"]);
        self.by_members("survival_groups", fared, columns, rows)
    }
}

fn curve(name: Value, survival: &Survival, band: bool) -> Curve {
    let mut steps: Vec<(f64, f64)> = survival.steps.iter().map(|s| (months(s.days), s.share)).collect();
    let last = steps.last().map_or(1.0, |step| step.1);
    steps.push((months(survival.longest_days), last));
    let low_high = survival.steps.iter().map(|s| (months(s.days), s.interval.0, s.interval.1)).collect();
    Curve { name, steps, low_high: band.then_some(low_high), median: survival.median_days().map(months) }
}

/// The largest groups beside one another; where there is only one, the whole with its interval.
fn survival_chart(whole: &Survival, groups: &[(Value, Survival)]) -> Chart {
    let mut largest: Vec<&(Value, Survival)> =
        groups.iter().filter(|(_, survival)| survival.customers > 0).collect();
    largest.sort_by_key(|(_, survival)| std::cmp::Reverse(survival.customers));
    let of = largest.len();
    largest.truncate(CURVES);
    let mut axis = Say::new("chart.survival.axis");
    if largest.len() < of {
        axis = Say::new("chart.largest").with("axis", axis);
        axis = axis.with("shown", largest.len() as i128).with("of", of as i128);
    }
    let curves = match largest.len() {
        0 | 1 => vec![curve(Say::new("survival.all").into(), whole, true)],
        _ => largest.iter().map(|(name, survival)| curve(name.clone(), survival, false)).collect(),
    };
    Chart::Survival {
        title: Say::new("chart.survival.title").with("share", share(whole.share_after(days(12)))),
        axis,
        curves,
    }
}

fn step_table(whole: &Survival) -> Table {
    let rows = whole.steps.iter().map(|step| {
        vec![
            i128::from(step.days).into(),
            i128::from(step.at_risk).into(),
            i128::from(step.left).into(),
            Value::Percent(step.share),
            Value::Percent(step.interval.0),
            Value::Percent(step.interval.1),
        ]
    });
    table("survival", columns(&[], &["day", "at_risk", "left", "stay", "low", "high"]), rows.collect())
}
