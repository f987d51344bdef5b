//! Figures beside the churn rate that were told before and are not so any more: what they were, and what they are.

use super::trend::{NOW, TRAIL};
use super::{Section, Story, TREND, metrics};
use crate::document::{Say, Value};
use crate::domain::{Money, Period, Published, Ratio};
use crate::metrics::metric::Unit;
use crate::metrics::{Measured, Metric, Reading};

/// Those that only late data can change: what of a period is told as of now (conversion, what is still open, what has a
/// share in today's margin) moves by itself.
const KEPT: [Metric; 9] = [
    Metric::Closing,
    Metric::RevenueClosing,
    Metric::GrossRevenueChurn,
    Metric::NetRevenueChurn,
    Metric::FollowUpsOnTime,
    Metric::Complaints,
    Metric::ComplaintRate,
    Metric::Leads,
    Metric::Nps,
];

/// Changes in a sentence; more are counted.
const TOLD: usize = 4;

/// A figure of a period that is told differently now.
pub(super) struct Revised {
    metric: Metric,
    period: Period,
    was: Ratio,
    now: Ratio,
}

impl Story<'_> {
    /// The figures of this report that are kept: none of a team, whose past changes with whoever moves into it.
    fn kept(&self) -> impl Iterator<Item = Metric> {
        // Contracts in other currencies are worth what they are worth today.
        let foreign = self.panel.facts.foreign.iter();
        let moves =
            foreign.filter(|((relation, _), of)| *relation == "subscriptions" && of.converted > 0).count()
                > 0;
        let told = if self.panel.is_whole { metrics(self.spec.kind) } else { Vec::new() };
        let is_money = |metric: &Metric| {
            matches!(metric, Metric::RevenueClosing | Metric::GrossRevenueChurn | Metric::NetRevenueChurn)
        };
        KEPT.into_iter()
            .filter(move |metric| told.contains(metric) && self.has(*metric))
            .filter(move |metric| !moves || !is_money(metric))
    }

    fn kept_as(&self, metric: Metric) -> String {
        // Money of another currency is another figure.
        let alone = self.spec.settings.currency.map(|currency| format!("/{currency}")).unwrap_or_default();
        format!("{}#{}{alone}", self.definition_name(), metric.name())
    }

    /// What is told now of what was published before, the latest period first.
    pub(super) fn revised(&self, scope: &str, published: &[Published]) -> Vec<Revised> {
        let mut revised = Vec::new();
        for (slice, at) in self.trail.iter().zip(TRAIL..TRAIL + TREND).rev() {
            for metric in self.kept() {
                let name = self.kept_as(metric);
                let told = published.iter().find(|p| p.is_of(scope, &name, &slice.period));
                let now = self.ratio(metric, at);
                if let Some((told, now)) = told.zip(now).filter(|(told, now)| told.rate != *now) {
                    revised.push(Revised { metric, period: slice.period, was: told.rate, now });
                }
            }
        }
        revised
    }

    /// What this report publishes of them.
    pub(super) fn figures_published(&self, scope: &str) -> Vec<Published> {
        let now = self.kept().filter_map(|metric| Some((metric, self.now.period, self.ratio(metric, NOW)?)));
        let again = self.revised.iter().map(|revised| (revised.metric, revised.period, revised.now));
        let publish = |(metric, period, rate): (Metric, Period, Ratio)| Published {
            scope: scope.to_owned(),
            definition: self.kept_as(metric),
            from: period.start,
            to: period.end,
            rate,
            churned: None,
        };
        again.chain(now).map(publish).collect()
    }

    pub(super) fn revised_section(&self) -> Section {
        let told = |metric: Metric, ratio: Ratio| {
            let value = match metric.unit() {
                Unit::Money => Measured::Money(Money::new(ratio.rounded(), self.panel.facts.lens.currency)),
                Unit::Count => Measured::Whole(ratio.rounded()),
                _ => Measured::Ratio(ratio),
            };
            self.printed(metric, Reading { value, base: None })
        };
        let change = |revised: &Revised| {
            Say::new("report.revised")
                .with("figure", Say::new(format!("metric.{}", revised.metric.name())))
                .with("period", revised.period)
                .with("was", told(revised.metric, revised.was))
                .with("now", told(revised.metric, revised.now))
                .into()
        };
        let mut changes: Vec<Value> = self.revised.iter().take(TOLD).map(change).collect();
        let more = self.revised.len().saturating_sub(TOLD);
        if more > 0 {
            changes.push(Say::new("count.others").with("n", more as i128).into());
        }
        let sentence = Say::new("report.lead.revised").with("changes", Value::List(changes));
        Section {
            lead: (!self.revised.is_empty()).then_some(sentence).into_iter().collect(),
            ..Section::default()
        }
    }
}
