//! A chart of a document as a drawing in the reader's language.

use super::chart::{self, Band, Bar, Bars, Before, Picture, Point, Step, StepKind, Trend, Waterfall};
use super::locale::Locale;
use crate::document::{Chart, Say, Value};
use crate::domain::{Money, Ratio};

/// A drawn chart: an image and the words that stand in for it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Drawn {
    /// PNG at twice its size.
    pub png: Vec<u8>,
    /// SVG source.
    pub svg: String,
    /// What a reader without images gets: the title and the figures.
    pub alt: String,
}

/// Draws `chart`; `None` where the picture cannot be made (the words remain).
pub fn draw(chart: &Chart, locale: &Locale) -> Option<Drawn> {
    let (picture, money) = picture(chart, locale);
    let tick = |value: f64| match money {
        Some(unit) => {
            let minor = (value * 10f64.powi(i32::from(unit.currency.exponent()))).round() as i128;
            locale.value(&Value::Money(Money::new(minor, unit.currency)))
        }
        None if matches!(chart, Chart::Distribution { .. }) => {
            locale.value(&Value::Count(value.round() as i128))
        }
        None => locale.percent(value),
    };
    let svg = chart::svg(&picture, &tick);
    let png = chart::png(&svg).ok()?;
    Some(Drawn { png, svg, alt: alt(&picture) })
}

fn picture(chart: &Chart, locale: &Locale) -> (Picture, Option<Money>) {
    match chart {
        Chart::Trend { title, series, points, before, band } => {
            let value = |rate: &Option<Ratio>| rate.map(|r| r.approximate());
            let text = |rate: &Option<Ratio>| rate.map_or(String::new(), |r| locale.value(&Value::Rate(r)));
            let label = |period| locale.value(&Value::PeriodShort(period));
            let trend = Trend {
                title: locale.say(title),
                series: locale.say(series),
                points: points
                    .iter()
                    .map(|(period, rate)| Point {
                        label: label(*period),
                        value: value(rate),
                        text: text(rate),
                    })
                    .collect(),
                before: before.iter().any(Option::is_some).then(|| Before {
                    label: locale.word("figure.year_ago"),
                    values: before.iter().map(value).collect(),
                }),
                band: band.as_ref().map(|(low, high, name)| Band {
                    low: *low,
                    high: *high,
                    label: locale.say(name),
                }),
            };
            (Picture::Trend(trend), None)
        }
        Chart::Waterfall { title, steps } => {
            let unit = steps.first().map(|(_, money, _)| *money);
            let drawn = steps.iter().filter(|(_, money, total)| *total || money.minor != 0);
            let steps = drawn.map(|(name, money, total)| step(name, *money, *total, locale)).collect();
            (Picture::Waterfall(Waterfall { title: locale.say(title), steps }), unit)
        }
        Chart::Distribution { title, axis, bars } => {
            let bars = bars
                .iter()
                .map(|(from, to, n)| Bar {
                    label: range(*from, *to, locale),
                    value: *n as f64,
                    text: locale.value(&Value::Count(*n)),
                    strong: false,
                })
                .collect();
            (Picture::Bars(Bars { title: locale.say(title), axis: locale.say(axis), bars }), None)
        }
    }
}

fn step(name: &Say, money: Money, total: bool, locale: &Locale) -> Step {
    let kind = match (total, money.minor >= 0) {
        (true, _) => StepKind::Total,
        (false, true) => StepKind::Up,
        (false, false) => StepKind::Down,
    };
    let text = locale.value(&Value::Money(money));
    let text = if kind == StepKind::Up { format!("+{text}") } else { text };
    Step { label: locale.say(name), amount: money.approximate().abs(), text, kind }
}

fn range(from: Option<Money>, to: Option<Money>, locale: &Locale) -> String {
    let say = match (from, to) {
        (None, None) => Say::new("range.all"),
        (None, Some(to)) => Say::new("range.under").with("to", to),
        (Some(from), None) => Say::new("range.over").with("from", from),
        (Some(from), Some(to)) => Say::new("range.between").with("from", from).with("to", to),
    };
    locale.say(&say)
}

fn alt(picture: &Picture) -> String {
    let (title, values): (&str, Vec<String>) = match picture {
        Picture::Trend(trend) => {
            let known = trend.points.iter().filter(|point| !point.text.is_empty());
            (&trend.title, known.map(|point| format!("{} {}", point.label, point.text)).collect())
        }
        Picture::Waterfall(fall) => {
            (&fall.title, fall.steps.iter().map(|step| format!("{} {}", step.label, step.text)).collect())
        }
        Picture::Bars(bars) => {
            (&bars.title, bars.bars.iter().map(|bar| format!("{}: {}", bar.label, bar.text)).collect())
        }
    };
    format!("{title}. {}.", values.join("; "))
}
