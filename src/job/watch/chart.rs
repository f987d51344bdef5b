//! The picture of a watched figure: its periods with the levels it is watched by.

use super::judge::{Against, Bounds};
use super::{EARLIER, Evaluation, Finding};
use crate::document::{Chart, Measure, Say, Value};
use crate::domain::watched::Telling;
use crate::domain::{Currency, Money, Ratio};
use crate::metrics::metric::Unit;
use crate::metrics::{Measured, Metric};

/// Periods that are drawn.
const DRAWN: usize = 13;

/// What the values of a metric are drawn as.
pub(super) fn measure(metric: Metric, currency: Currency) -> Measure {
    match metric.unit() {
        Unit::Share => Measure::Percent,
        Unit::Money => Measure::Money(currency),
        Unit::Count | Unit::Days | Unit::Hours | Unit::Points => Measure::Number(0),
        Unit::Factor => Measure::Number(2),
    }
}

/// A value where it is drawn: money in whole units, points in hundredths.
pub(super) fn drawn(metric: Metric, value: f64, currency: Currency) -> f64 {
    match metric.unit() {
        Unit::Money => value / 10f64.powi(i32::from(currency.exponent())),
        Unit::Points => value * 100.0,
        Unit::Share | Unit::Count | Unit::Days | Unit::Hours | Unit::Factor => value,
    }
}

/// A bound of a metric as it is printed.
pub(super) fn amount(metric: Metric, value: Ratio, currency: Currency) -> Value {
    let whole = value.denominator() == 1 || value.numerator() % value.denominator() == 0;
    match metric.unit() {
        Unit::Share => Value::Bound(value),
        Unit::Money => Money::new(value.rounded(), currency).into(),
        Unit::Points => Value::Signed(value.scaled(2)),
        Unit::Factor if whole => value.rounded().into(),
        Unit::Factor => Value::Number(value.approximate(), 2),
        Unit::Days if whole => Say::new("value.days").with("n", value.rounded()).into(),
        Unit::Hours if whole => Say::new("value.hours").with("n", value.rounded()).into(),
        Unit::Count | Unit::Days | Unit::Hours if whole => value.rounded().into(),
        Unit::Count | Unit::Days | Unit::Hours => Value::Number(value.approximate(), 1),
    }
}

impl Evaluation<'_> {
    /// The figure over its periods; none where it has no past to draw.
    pub(super) fn chart(&self, finding: &Finding) -> Option<Chart> {
        let metric = self.look.spec.metric;
        // Of what is to date one earlier moment is read, or none; for its own history all are.
        if self.is_to_date() && self.look.spec.condition.against != Against::History {
            return None;
        }
        let trail = self.look.trail(finding.place).skip((EARLIER + 1).saturating_sub(DRAWN));
        let points: Vec<_> = trail
            .map(|(period, reading)| {
                let value = reading.value.exact().map(|value| self.drawn(value.approximate()));
                let text = match reading.value {
                    // What it is capped at is said where it is told.
                    Measured::AtLeast(money) => money.into(),
                    _ => self.plain(reading),
                };
                (Value::PeriodShort(period), value, text)
            })
            .collect();
        if points.iter().filter(|(_, value, _)| value.is_some()).count() < 2 {
            return None;
        }
        let mark = match finding.telling {
            Some(Telling::Recovery) => Some(false),
            Some(Telling::Breach | Telling::Repeat) => Some(true),
            _ => None,
        };
        Some(Chart::Watched {
            title: self.headline(finding),
            series: self.metric(),
            measure: measure(metric, self.currency()),
            marks: mark.map(|begins| (points.len() - 1, begins)).into_iter().collect(),
            points,
            levels: self.levels(finding),
        })
    }

    fn drawn(&self, value: f64) -> f64 {
        drawn(self.look.spec.metric, value, self.currency())
    }

    /// The lines of the limits. A limit that clears at the same place has one line.
    pub(super) fn levels(&self, finding: &Finding) -> Vec<(f64, Say, bool)> {
        let limits = &finding.judged.limits;
        let side = |bounds: Option<Bounds>, level: &'static str, clear: &'static str| {
            let Some(bounds) = bounds else { return Vec::new() };
            let line = |key: &'static str, limit: super::judge::Limit, breaches| {
                let label = Say::new(key).with("level", self.limit(limit));
                (self.drawn(limit.approximate()), label, breaches)
            };
            let mut lines = vec![line(level, bounds.level, true)];
            lines.extend((bounds.clear != bounds.level).then(|| line(clear, bounds.clear, false)));
            lines
        };
        let over = side(limits.over, "breach.line.over", "breach.line.clear");
        over.into_iter().chain(side(limits.under, "breach.line.under", "breach.line.clear")).collect()
    }
}
