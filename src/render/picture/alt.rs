//! What stands in for a picture where none is shown: its title and its figures.

use super::after;
use crate::document::Say;
use crate::render::chart::{Cohort, Curve, Picture, Spark, Square};
use crate::render::locale::Locale;

/// The title and the figures in words.
pub(super) fn alt(picture: &Picture, locale: &Locale) -> String {
    let named = |name: &str, text: &str| format!("{name}: {text}");
    let (title, values): (&str, Vec<String>) = match picture {
        Picture::Trend(trend) => {
            let known = trend.points.iter().filter(|point| !point.text.is_empty());
            (&trend.title, known.map(|point| format!("{} {}", point.label, point.text)).collect())
        }
        Picture::Waterfall(fall) => {
            (&fall.title, fall.steps.iter().map(|step| format!("{} {}", step.label, step.text)).collect())
        }
        Picture::Bars(bars) => {
            (&bars.title, bars.bars.iter().map(|bar| named(&bar.label, &bar.text)).collect())
        }
        Picture::Heat(heat) => {
            let title = format!("{}. {}", heat.title, heat.axis);
            return format!("{title}. {}.", joined(heat.rows.iter().map(shares)));
        }
        Picture::Survival(survival) => {
            (&survival.title, survival.curves.iter().map(|curve| falls(curve, locale)).collect())
        }
        Picture::Ranked(ranked) => {
            let bars = ranked.bars.iter().map(|bar| named(&bar.label, &bar.text));
            let more = (!ranked.more.is_empty()).then(|| ranked.more.clone());
            (&ranked.title, bars.chain(more).collect())
        }
        Picture::Grid(grid) => {
            let [top, bottom, first, last] = &grid.ends;
            let row = |row: &[Square]| row.iter().map(|square| square.text.clone()).collect::<Vec<_>>();
            let rows = grid.rows.iter().map(|squares| row(squares).join(", "));
            let title = format!("{}. {}. {top} – {bottom}; {first} – {last}", grid.title, grid.axis);
            return format!("{title}. {}.", joined(rows));
        }
        Picture::Sparks(sparks) => {
            let [low, high, _] = &sparks.heads;
            let row =
                |row: &Spark| format!("{}: {} ({low} {}, {high} {})", row.name, row.last, row.low, row.high);
            let title = format!("{}. {}", sparks.title, sparks.axis);
            return format!("{title}. {}.", joined(sparks.rows.iter().map(row)));
        }
        Picture::Pairs(pairs) => {
            let [actual, expected] = &pairs.names;
            let both = |[a, b]: &[String; 2]| format!("{a} ({b})");
            let groups = pairs.groups.iter().map(|group| named(&group.label, &both(&group.texts)));
            let title = format!("{}. {actual} ({expected})", pairs.title);
            return format!("{title}. {}.", joined(groups));
        }
    };
    format!("{title}. {}.", joined(values.into_iter()))
}

fn joined(values: impl Iterator<Item = String>) -> String {
    values.collect::<Vec<_>>().join("; ")
}

/// A cohort's size and its shares, as far as they are known.
fn shares(row: &Cohort) -> String {
    let end = row.cells.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
    let known = row.cells.iter().take(end);
    let texts: Vec<&str> = known.map(|cell| cell.as_ref().map_or("–", |cell| cell.text.as_str())).collect();
    let size = if row.size.is_empty() { String::new() } else { format!(" ({})", row.size) };
    format!("{}{size}: {}", row.label, texts.join(", "))
}

/// How a curve falls: the share after usual times and at its end, and when half are left.
fn falls(curve: &Curve, locale: &Locale) -> String {
    let end = curve.steps.last().map_or(0.0, |(month, _)| *month);
    let usual = [1.0, 3.0, 6.0, 12.0, 24.0, 36.0, 60.0].into_iter().filter(|month| *month < end);
    let left = |month: f64| {
        let step = curve.steps.iter().rfind(|(from, _)| *from <= month);
        let share = locale.whole_percent(step.map_or(1.0, |(_, share)| *share));
        locale.say(&after(Say::new("chart.survival.point"), month).with("share", share))
    };
    let points = usual.chain([end]).map(left);
    let median = curve.median.as_ref().map(|median| median.words.clone());
    let all = points.chain(median).collect::<Vec<_>>().join(", ");
    if curve.label.is_empty() { all } else { format!("{}: {all}", curve.label) }
}
