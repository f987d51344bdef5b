//! The pictures: the trend against last year and the band, how revenue moved, how value is spread. Each
//! has a sentence as its title that says what is seen.

use super::trend::TRAIL;
use super::{Story, TREND};
use crate::document::{Chart, Say, Value};
use crate::domain::Ratio;
use crate::metrics::value::distribution;
use crate::metrics::{Metric, Reading, Slice};

/// What the page over all shows over time, where the store has it.
const SPARKS: [Metric; 12] = [
    Metric::ChurnRate,
    Metric::GrossRevenueChurn,
    Metric::NetRevenueChurn,
    Metric::EarlyChurn,
    Metric::New,
    Metric::Closing,
    Metric::RevenueClosing,
    Metric::Arpa,
    Metric::Complaints,
    Metric::Leads,
    Metric::Conversion,
    Metric::Nps,
];

/// Fewer known periods are no line.
const KNOWN_MIN: usize = 4;

impl Story<'_> {
    /// What a page over all shows of churn: first of all how each figure went.
    pub(super) fn brief_charts(&self) -> Vec<Chart> {
        self.sparks(&SPARKS).into_iter().chain(self.churn_charts()).collect()
    }

    /// How figures went, each on a line of its own, as far as the store has them.
    pub(super) fn sparks(&self, shown: &[Metric]) -> Option<Chart> {
        let (mut rows, mut highest, mut lowest) = (Vec::new(), 0, 0);
        for metric in shown.iter().copied().filter(|metric| self.has(*metric)) {
            let readings = (TRAIL..TRAIL + TREND).map(|at| self.readings.whole(metric, at));
            let readings: Vec<(Option<Ratio>, Reading)> = readings.map(|r| (r.value.exact(), r)).collect();
            let known = || readings.iter().filter_map(|(exact, r)| Some(((*exact)?, *r)));
            let least = known().min_by(|(a, _), (b, _)| a.cmp(b));
            let most = known().max_by(|(a, _), (b, _)| a.cmp(b));
            let (Some(least), Some(most), Some((Some(latest), now))) = (least, most, readings.last()) else {
                continue;
            };
            if known().count() < KNOWN_MIN || least.0 == most.0 {
                continue;
            }
            highest += i128::from(*latest == most.0);
            lowest += i128::from(*latest == least.0);
            let printed = [least.1, most.1, *now].map(|reading| self.printed(metric, reading));
            let values = readings.iter().map(|(exact, _)| exact.map(|n| n.approximate())).collect();
            rows.push((Say::new(format!("metric.{}", metric.name())), values, printed));
        }
        let (first, last) = (self.trail.first()?.period, self.trail.last()?.period);
        (rows.len() > 1).then(|| Chart::Sparks {
            title: Say::new("chart.sparks.title")
                .with("n", TREND as i128)
                .with("high", highest)
                .with("low", lowest)
                .with("of", rows.len() as i128),
            axis: Say::new("chart.sparks.axis").with("from", first).with("to", last),
            rows,
        })
    }

    pub(super) fn churn_charts(&self) -> Vec<Chart> {
        [self.trend(), self.waterfall()].into_iter().flatten().collect()
    }

    fn trend(&self) -> Option<Chart> {
        let rates = |slices: &[Slice]| slices.iter().map(|s| self.churn_rate(s)).collect::<Vec<_>>();
        let (now, before) = (rates(&self.trail), rates(&self.trail_before));
        // Years before the shop began are no part of its story.
        let begins = now.iter().position(Option::is_some).unwrap_or(0);
        let before = before[begins..].to_vec();
        let points: Vec<_> = self.trail.iter().map(|slice| slice.period).zip(now).skip(begins).collect();
        let known: Vec<Ratio> = points.iter().filter_map(|(_, rate)| *rate).collect();
        let now = points.last().and_then(|(_, rate)| *rate)?;
        let highest = known.iter().max()?;
        let lowest = known.iter().min()?;
        let place = match now {
            // What is not over is no lowest.
            _ if known.len() < 2 || self.spec.period.current => Value::Empty,
            now if now == *highest && now > *lowest => {
                Say::new("chart.trend.highest").with("n", known.len() as i128).into()
            }
            now if now == *lowest && now < *highest => {
                Say::new("chart.trend.lowest").with("n", known.len() as i128).into()
            }
            _ => Say::new("chart.trend.between").with("low", *lowest).with("high", *highest).into(),
        };
        let (low, high) = self.spec.settings.band.bounds(self.now.period.kind.per_year());
        let name = Say::new("chart.band").with("high", Value::Percent(high));
        Some(Chart::Trend {
            title: Say::new("chart.trend.title")
                .with("rate", self.rate(Some(now)))
                .with("period", self.now.period)
                .with("place", place),
            series: Say::new("figure.churn"),
            points,
            before,
            band: self.is_compounded().then_some((low, high, name)),
        })
    }

    fn waterfall(&self) -> Option<Chart> {
        let moved = &self.now.moved;
        if moved.opening <= 0 {
            return None;
        }
        let step = |key: &str, minor: i128, total| {
            (Say::new(format!("chart.moved.{key}")), self.money(minor), total)
        };
        let change = moved.closing - moved.opening;
        let key = match change {
            0 => "chart.moved.stayed",
            1.. => "chart.moved.grew",
            _ => "chart.moved.shrank",
        };
        Some(Chart::Waterfall {
            title: self
                .by_basis(key)
                .with("change", self.money(change.abs()))
                .with("closing", self.money(moved.closing)),
            steps: vec![
                step("opening", moved.opening, true),
                step("new", moved.new, false),
                step("reactivation", moved.reactivation, false),
                step("expansion", moved.expansion, false),
                step("contraction", -moved.contraction, false),
                step("churned", -moved.churned, false),
                step("closing", moved.closing, true),
            ],
        })
    }

    pub(super) fn value_chart(&self) -> Option<Chart> {
        let amounts = self.panel.amounts(&self.panel.customers);
        let currency = self.panel.facts.lens.currency;
        let unit = 10i128.pow(u32::from(currency.exponent()));
        let bars = distribution(&amounts, unit);
        let median = self.worth.median_minor?;
        let bars = bars
            .into_iter()
            .map(|(from, to, n)| (from.map(|m| self.money(m)), to.map(|m| self.money(m)), n as i128))
            .collect();
        Some(Chart::Distribution {
            title: Say::new("chart.value.title").with("median", self.money(median)),
            axis: Say::new("chart.value.axis"),
            bars,
        })
    }
}
