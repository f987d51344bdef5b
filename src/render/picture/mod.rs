//! A chart of a document as a drawing in the reader's language.

mod alt;

use self::alt::alt;
use super::chart::{
    self, Band, Bar, Bars, Before, Cell, Cohort, Curve, Grid, Heat, Level, Mark, Median, Pair, Pairs,
    Picture, Point, Rank, Ranked, Spark, Sparks, Square, Step, StepKind, Survival, Trend, Waterfall,
};
use super::locale::Locale;
use crate::document::{self, Chart, Measure as Unit, Say, Value};
use crate::domain::{Money, Period, Ratio};

/// The most curves of a survival chart.
const CURVES: usize = 5;
/// The most bars of a ranking.
const RANKS: usize = 12;

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

impl Unit {
    fn print(self, value: f64, locale: &Locale) -> String {
        match self {
            Unit::Percent => locale.percent(value),
            Unit::Money(currency) => {
                let minor = (value * 10f64.powi(i32::from(currency.exponent()))).round() as i128;
                locale.value(&Value::Money(Money::new(minor, currency)))
            }
            Unit::Number(decimals) => locale.value(&Value::Number(value, decimals)),
        }
    }
}

/// Draws `chart`; `None` where the picture cannot be made (the words remain) or shows nothing.
pub fn draw(chart: &Chart, locale: &Locale) -> Option<Drawn> {
    let (picture, unit) = picture(chart, locale)?;
    let svg = chart::svg(&picture, &|value| unit.print(value, locale));
    let png = chart::png(&svg).ok()?;
    Some(Drawn { png, svg, alt: alt(&picture, locale) })
}

/// Draws several, two at a time: drawing is most of what a small report costs, and more at once would take
/// more memory than it saves time.
pub fn draw_all(charts: &[&Chart], locale: &Locale) -> Vec<Option<Drawn>> {
    let (ahead, rest) = charts.split_at(charts.len() / 2);
    if ahead.is_empty() {
        return rest.iter().map(|chart| draw(chart, locale)).collect();
    }
    std::thread::scope(|scope| {
        let ahead = scope.spawn(|| ahead.iter().map(|chart| draw(chart, locale)).collect::<Vec<_>>());
        let rest: Vec<_> = rest.iter().map(|chart| draw(chart, locale)).collect();
        let ahead = ahead.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        ahead.into_iter().chain(rest).collect()
    })
}

fn picture(chart: &Chart, locale: &Locale) -> Option<(Picture, Unit)> {
    Some(match chart {
        Chart::Trend { title, series, points, before, band } => {
            let (title, series) = (locale.say(title), locale.say(series));
            let trend = Trend { title, series, ..trend(points, before, band.as_ref(), locale) };
            (Picture::Trend(trend), Unit::Percent)
        }
        Chart::Watched { title, series, measure, points, levels, marks } => {
            (Picture::Trend(watched([title, series], points, levels, marks, locale)), *measure)
        }
        Chart::Waterfall { title, steps } => {
            let unit = steps.first().map_or(Unit::Percent, |(_, money, _)| Unit::Money(money.currency));
            let drawn = steps.iter().filter(|(_, money, total)| *total || money.minor != 0);
            let steps = drawn.map(|(name, money, total)| step(name, *money, *total, locale)).collect();
            (Picture::Waterfall(Waterfall { title: locale.say(title), steps }), unit)
        }
        Chart::Distribution { title, axis, bars } => {
            let bars = bars.iter().map(|(from, to, n)| bar(*from, *to, *n, locale)).collect();
            let bars = Bars { title: locale.say(title), axis: locale.say(axis), bars };
            (Picture::Bars(bars), Unit::Number(0))
        }
        Chart::Heat { title, rows, cells, axis } => {
            let heat = heat(axis, cohorts(rows, cells, locale), locale)?;
            (Picture::Heat(Heat { title: locale.say(title), ..heat }), Unit::Percent)
        }
        Chart::Survival { title, axis, curves } => {
            let curves = survival(curves, locale)?;
            (
                Picture::Survival(Survival { title: locale.say(title), axis: locale.say(axis), ..curves }),
                Unit::Number(0),
            )
        }
        Chart::Ranked { title, axis, bars } => {
            let more = bars.len().saturating_sub(RANKS);
            let more = Say::new("count.others").with("n", more as i128);
            let more = if bars.len() > RANKS { locale.say(&more) } else { String::new() };
            let bars: Vec<Rank> = bars.iter().take(RANKS).map(|one| rank(one, locale)).collect();
            if bars.is_empty() {
                return None;
            }
            let ranked = Ranked { title: locale.say(title), axis: locale.say(axis), bars, more };
            (Picture::Ranked(ranked), Unit::Percent)
        }
        Chart::Grid { title, axis, ends, rows } => {
            let grid = Grid { title: locale.say(title), axis: locale.say(axis), ..grid(ends, rows, locale)? };
            (Picture::Grid(grid), Unit::Number(0))
        }
        Chart::Sparks { title, axis, rows } => {
            let sparks = Sparks { title: locale.say(title), axis: locale.say(axis), ..sparks(rows, locale)? };
            (Picture::Sparks(sparks), Unit::Number(0))
        }
        Chart::Pairs { title, axis, groups, names } => {
            let unit = Unit::Number(decimals(groups)?);
            let groups = groups.iter().map(|group| pair(group, unit, locale)).collect();
            let names = [&names.0, &names.1].map(|name| locale.say(name));
            (Picture::Pairs(Pairs { title: locale.say(title), axis: locale.say(axis), names, groups }), unit)
        }
    })
}

/// The trend without its words.
fn trend(
    points: &[(Period, Option<Ratio>)],
    before: &[Option<Ratio>],
    band: Option<&(f64, f64, Say)>,
    locale: &Locale,
) -> Trend {
    let value = |rate: &Option<Ratio>| rate.map(|r| r.approximate());
    let text = |rate: &Option<Ratio>| rate.map_or(String::new(), |r| locale.value(&Value::Rate(r)));
    let point = |(period, rate): &(Period, Option<Ratio>)| Point {
        label: locale.value(&Value::PeriodShort(*period)),
        value: value(rate),
        text: text(rate),
    };
    Trend {
        title: String::new(),
        series: String::new(),
        points: points.iter().map(point).collect(),
        before: before.iter().any(Option::is_some).then(|| Before {
            label: locale.word("figure.year_ago"),
            values: before.iter().map(value).collect(),
        }),
        band: band.map(|(low, high, name)| Band { low: *low, high: *high, label: locale.say(name) }),
        levels: Vec::new(),
        marks: Vec::new(),
    }
}

fn watched(
    words: [&Say; 2],
    points: &[(Value, Option<f64>, Value)],
    levels: &[(f64, Say, bool)],
    marks: &[(usize, bool)],
    locale: &Locale,
) -> Trend {
    let point = |(name, value, text): &(Value, Option<f64>, Value)| Point {
        label: locale.short(name),
        value: *value,
        text: if value.is_some() { locale.value(text) } else { String::new() },
    };
    let level = |(at, label, breaches): &(f64, Say, bool)| Level {
        at: *at,
        label: locale.say(label),
        breaches: *breaches,
    };
    let [title, series] = words.map(|say| locale.say(say));
    Trend {
        title,
        series,
        points: points.iter().map(point).collect(),
        before: None,
        band: None,
        levels: levels.iter().map(level).collect(),
        marks: marks.iter().map(|(at, begins)| Mark { at: *at, begins: *begins }).collect(),
    }
}

fn bar(from: Option<Money>, to: Option<Money>, n: i128, locale: &Locale) -> Bar {
    let text = locale.value(&Value::Count(n));
    Bar { label: range(from, to, locale), value: n as f64, text, strong: false }
}

/// The triangle without its title; none where no share is known.
fn heat(axis: &Say, rows: Vec<Cohort>, locale: &Locale) -> Option<Heat> {
    let axis = locale.say(&Say::new("chart.heat.axis").with("axis", axis.clone()));
    let is_empty = rows.iter().all(|row| row.cells.iter().all(Option::is_none));
    let start = locale.word("chart.heat.start");
    (!is_empty).then(|| Heat { title: String::new(), axis, start, rows })
}

fn cohorts(rows: &[(Value, Value)], cells: &[Vec<Option<Ratio>>], locale: &Locale) -> Vec<Cohort> {
    let cell = |share: Ratio| {
        let whole = share.scaled(2);
        let bare = locale.value(&Value::Count(whole));
        Cell { share: share.approximate(), text: locale.whole_percent(whole as f64 / 100.0), bare }
    };
    let cohort = |((name, size), cells): (&(Value, Value), &Vec<Option<Ratio>>)| Cohort {
        label: locale.short(name),
        size: locale.value(size),
        cells: cells.iter().map(|share| share.map(cell)).collect(),
    };
    rows.iter().zip(cells).map(cohort).collect()
}

/// The curves without their title; none where there are none.
fn survival(curves: &[document::Curve], locale: &Locale) -> Option<Survival> {
    let curves: Vec<Curve> = curves.iter().filter_map(|one| curve(one, locale)).take(CURVES).collect();
    (!curves.is_empty()).then(|| Survival {
        title: String::new(),
        axis: String::new(),
        levels: [0.0, 0.25, 0.5, 0.75, 1.0].map(|share| (share, locale.whole_percent(share))).to_vec(),
        band: locale.word("chart.survival.band"),
        curves,
    })
}

fn curve(curve: &document::Curve, locale: &Locale) -> Option<Curve> {
    let (_, last) = curve.steps.last()?;
    let median = curve.median.map(|months| Median {
        months,
        text: locale.value(&in_months(months).0),
        words: locale.say(&after(Say::new("chart.survival.median"), months)),
    });
    Some(Curve {
        label: locale.value(&curve.name),
        last: locale.whole_percent(*last),
        steps: curve.steps.clone(),
        band: curve.low_high.clone().unwrap_or_default(),
        median,
    })
}

/// A time in months to one decimal, whole ones without; and whether it is one month.
fn in_months(months: f64) -> (Value, bool) {
    let tenths = (months * 10.0).round() as i64;
    let decimals = u8::from(tenths % 10 != 0);
    (Value::Number(tenths as f64 / 10.0, decimals), tenths == 10)
}

/// A sentence about a number of months, which need not be whole.
fn after(say: Say, months: f64) -> Say {
    let (number, one) = in_months(months);
    // Fractions are worded as several are.
    say.with("n", number).with("months", if one { 1i128 } else { 2 })
}

fn rank(
    (name, text, value, tick, alarming): &(Value, Value, f64, Option<f64>, bool),
    locale: &Locale,
) -> Rank {
    let (label, text) = (locale.short(name), locale.value(text));
    Rank { label, text, value: *value, tick: *tick, alarming: *alarming }
}

/// How many decimals tell the values apart; `None` when there are no values.
fn decimals(groups: &[(Value, f64, f64)]) -> Option<u8> {
    let values = || groups.iter().flat_map(|(_, a, b)| [*a, *b]).filter(|value| value.is_finite());
    let highest = values().map(f64::abs).reduce(f64::max)?;
    let whole = values().all(|value| value.fract() == 0.0);
    Some(match highest {
        _ if whole => 0,
        high if high >= 20.0 => 0,
        high if high >= 1.0 => 1,
        _ => 2,
    })
}

fn pair((name, actual, expected): &(Value, f64, f64), unit: Unit, locale: &Locale) -> Pair {
    let values = [*actual, *expected];
    Pair { label: locale.short(name), values, texts: values.map(|value| unit.print(value, locale)) }
}

/// The grid without its title; none where nobody stands in it.
fn grid(ends: &[Say; 4], rows: &[Vec<(Say, i128, bool)>], locale: &Locale) -> Option<Grid> {
    let square = |(name, n, marked): &(Say, i128, bool)| Square {
        name: locale.say(name),
        number: *n as f64,
        text: locale.value(&Value::Count(*n)),
        marked: *marked,
    };
    let is_empty = rows.iter().flatten().all(|(_, n, _)| *n == 0);
    (!is_empty).then(|| Grid {
        title: String::new(),
        axis: String::new(),
        ends: ends.each_ref().map(|end| locale.say(end)),
        rows: rows.iter().map(|row| row.iter().map(square).collect()).collect(),
    })
}

/// A figure's name, its values, and three of them as printed.
type Row = (Say, Vec<Option<f64>>, [Value; 3]);

/// The lines without their title; none where there are none.
fn sparks(rows: &[Row], locale: &Locale) -> Option<Sparks> {
    let heads = ["chart.sparks.low", "chart.sparks.high", "chart.sparks.last"];
    let spark = |(name, values, printed): &Row| {
        let [low, high, last] = printed.each_ref().map(|value| locale.value(value));
        Spark { name: locale.say(name), values: values.clone(), low, high, last }
    };
    (!rows.is_empty()).then(|| Sparks {
        title: String::new(),
        axis: String::new(),
        heads: heads.map(|head| locale.word(head)),
        rows: rows.iter().map(spark).collect(),
    })
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

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn locale(tag: &str) -> Locale {
        Locale::load(tag).unwrap()
    }

    /// Words of the shop as a sentence: the title of a chart whose words are not looked at.
    fn say() -> Say {
        Say::new("label.none")
    }

    fn heat() -> Chart {
        let month = |m| Value::Month(date(2026, m, 1));
        let share = |n| Ratio::of(n, 200);
        Chart::Heat {
            title: say(),
            rows: vec![(month(5), Value::Count(1200)), (month(6), Value::Count(80))],
            cells: vec![vec![share(200), None, share(121)], vec![share(200), share(100), None]],
            axis: say(),
        }
    }

    fn survival(median: Option<f64>) -> Chart {
        let steps = vec![(0.0, 1.0), (3.0, 0.8), (14.5, 0.5), (20.0, 0.416)];
        let all = document::Curve { name: "Pro".into(), steps, low_high: None, median };
        let none = document::Curve { name: "Nobody".into(), steps: vec![], low_high: None, median: None };
        Chart::Survival { title: say(), axis: say(), curves: vec![none, all] }
    }

    fn ranked(count: usize) -> Chart {
        let bar = ("At risk".into(), Value::Count(1048), 1048.0, Some(21.0), true);
        Chart::Ranked { title: say(), axis: say(), bars: vec![bar; count] }
    }

    fn pairs(groups: Vec<(Value, f64, f64)>) -> Chart {
        Chart::Pairs { title: say(), axis: say(), groups, names: (say(), say()) }
    }

    #[test]
    fn each_chart_is_told_in_words_as_each_language_writes_numbers() {
        let calibration = pairs(vec![("0".into(), 812.0, 790.4), ("7+".into(), 9.5, 1004.0)]);
        let shares = pairs(vec![("0".into(), 1.25, 2.0)]);
        let table = [
            (
                heat(),
                "(none). (none), in % of the start. May 2026 (1,200): 100%, –, 61%; Jun 2026 (80): 100%, 50%.",
                "(nenhum). (nenhum), em % do início. mai. 2026 (1.200): 100%, –, 61%; jun. 2026 (80): 100%, 50%.",
            ),
            (
                survival(Some(14.5)),
                "(none). Pro: 100% after 1 month, 80% after 3 months, 80% after 6 months, 80% after 12 months, \
                 42% after 20 months, half left after 14.5 months.",
                "(nenhum). Pro: 100% após 1 mês, 80% após 3 meses, 80% após 6 meses, 80% após 12 meses, \
                 42% após 20 meses, metade após 14,5 meses.",
            ),
            (
                ranked(14),
                &["(none). ", &["At risk: 1,048"; 12].join("; "), "; 2 more."].concat(),
                &["(nenhum). ", &["At risk: 1.048"; 12].join("; "), "; mais 2."].concat(),
            ),
            (
                calibration,
                "(none). (none) ((none)). 0: 812 (790); 7+: 10 (1,004).",
                "(nenhum). (nenhum) ((nenhum)). 0: 812 (790); 7+: 10 (1.004).",
            ),
            (
                shares,
                "(none). (none) ((none)). 0: 1.3 (2.0).",
                "(nenhum). (nenhum) ((nenhum)). 0: 1,3 (2,0).",
            ),
        ];
        for (chart, english, portuguese) in &table {
            assert_eq!(draw(chart, &locale("en")).unwrap().alt, *english);
            assert_eq!(draw(chart, &locale("pt-BR")).unwrap().alt, *portuguese);
        }
    }

    #[test]
    fn what_has_nothing_to_show_is_no_picture() {
        let unknown = Chart::Heat {
            title: say(),
            rows: vec![("a".into(), Value::Count(0))],
            cells: vec![vec![None, None]],
            axis: say(),
        };
        let curves = vec![document::Curve { name: "a".into(), steps: vec![], low_high: None, median: None }];
        let empty = Chart::Survival { title: say(), axis: say(), curves };
        let nan = pairs(vec![("0".into(), f64::NAN, f64::INFINITY)]);
        for chart in [unknown, empty, ranked(0), pairs(vec![]), nan] {
            assert_eq!(draw(&chart, &locale("en")), None, "{chart:?}");
        }
    }

    #[test]
    fn months_are_whole_or_have_one_decimal_and_one_is_singular() {
        let after = |months: f64| locale("en").say(&after(Say::new("chart.survival.median"), months));
        for (months, words) in [
            (1.0, "half left after 1 month"),
            (0.96, "half left after 1 month"),
            (1.5, "half left after 1.5 months"),
            (14.04, "half left after 14 months"),
            (0.0, "half left after 0 months"),
        ] {
            assert_eq!(after(months), words);
        }
    }
}
