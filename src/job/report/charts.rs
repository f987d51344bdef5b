//! The pictures: the trend against last year and the band, how revenue moved, how value is spread. Each
//! has a sentence as its title that says what is seen.

use super::Story;
use crate::document::{Chart, Say, Value};
use crate::domain::Ratio;
use crate::metrics::Slice;
use crate::metrics::value::distribution;

impl Story<'_> {
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
            _ if known.len() < 2 => Value::Empty,
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
            band: Some((low, high, name)),
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
        let key = if change >= 0 { "chart.moved.grew" } else { "chart.moved.shrank" };
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
