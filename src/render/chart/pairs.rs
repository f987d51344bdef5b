//! Whether what was expected came: for each group a dot of what happened and a ring of what was expected,
//! and a line through each.

use super::Pairs;
use super::draw::{ACCENT, Anchor, Canvas, INK, MUTED, PAPER, Text, solid};
use super::ends::{self, End};
use super::frame::{self, Columns, Plot};
use super::room::{Area, Room};
use super::scale::{self, count, drawable};
use super::words::{Style, bold};

const HEIGHT: f64 = 178.0;
const VALUE: Style = bold(13.0);
/// What was expected: dark enough a grey to be followed through the blue.
const EXPECTED: &str = "#8592a0";
/// From one group to the next, where there are few.
const WIDEST: f64 = 104.0;
/// The most groups whose dots stand apart.
const MOST: usize = 40;

/// The pairs as SVG.
pub(super) fn draw(pairs: &Pairs, tick: &dyn Fn(f64) -> String) -> String {
    let mut canvas = Canvas::default();
    let top = frame::title(&mut canvas, &pairs.title) + 24.0;
    let groups = pairs.groups.get(..MOST).unwrap_or(&pairs.groups);
    let values = || groups.iter().flat_map(|group| group.values).filter_map(drawable);
    let (low, high) = scale::extent(values()).unwrap_or((0.0, 1.0));
    let high = if high <= 0.0 && low >= 0.0 { 1.0 } else { high.max(0.0) };
    let mut plot = Plot::new(scale::scale((low.min(0.0), high), tick), top, HEIGHT);
    let [actual, expected] = &pairs.names;
    let ends = [End::subject(actual, 3, ACCENT), End::new("", expected, 3, (EXPECTED, MUTED))];
    plot.right -= ends::width(&ends).max(8.0);
    // Few groups stay near the names of their lines.
    let few = count(groups.len()) * WIDEST + 12.0;
    plot.right = plot.right.min(plot.left + few.max(WIDEST * 2.0));
    let columns = Columns::new(&plot, groups.len());
    plot.grid(&mut canvas);
    let line = |which: usize| -> Vec<(f64, f64)> {
        let known = groups.iter().enumerate().filter_map(|(n, group)| {
            Some((columns.middle(n), plot.y(group.values.get(which).copied().and_then(drawable)?)))
        });
        known.collect()
    };
    let lines = [line(0), line(1)];
    for (line, stroke) in lines.iter().zip([solid(ACCENT, 2.75), solid(EXPECTED, 2.0)]).rev() {
        if line.len() > 1 {
            canvas.line(line, stroke);
        }
    }
    // A dot in the middle of its ring is what was expected, and both are seen.
    let (ring, dot) = if columns.pitch < 18.0 { (4.5, 3.0) } else { (7.0, 4.75) };
    lines[1].iter().for_each(|at| canvas.ring(*at, ring, solid(EXPECTED, 2.0)));
    lines[0].iter().for_each(|at| canvas.dot(*at, dot, ACCENT));
    label(&mut canvas, pairs, &plot, &columns, &lines);
    let (words, at): (Vec<End>, Vec<(f64, f64)>) =
        ends.into_iter().zip(&lines).filter_map(|(end, line)| Some((end, *line.last()?))).unzip();
    ends::draw(&mut canvas, &plot, &words, &at);
    let names: Vec<(&str, bool)> = groups.iter().map(|group| (group.label.as_str(), false)).collect();
    let bottom = columns.names(&mut canvas, plot.bottom, &names);
    let bottom = plot.axis(&mut canvas, bottom, &pairs.axis);
    canvas.finish(bottom + 14.0, &pairs.title)
}

/// Prints what happened at each dot, if all the values find a place: some alone would look chosen.
fn label(canvas: &mut Canvas, pairs: &Pairs, plot: &Plot, columns: &Columns, lines: &[Vec<(f64, f64)>; 2]) {
    let mut room = Room::new(Area {
        left: plot.left,
        top: plot.top - 22.0,
        right: plot.right + 6.0,
        bottom: plot.bottom - 1.0,
    });
    for line in lines {
        room.take_line(line);
        for (x, y) in line {
            room.take(Area { left: x - 6.0, top: y - 7.0, right: x + 6.0, bottom: y + 7.0 });
        }
    }
    let mut labels = Vec::new();
    for (n, group) in pairs.groups.iter().enumerate().take(MOST) {
        let [Some(actual), expected] = group.values.map(drawable) else { continue };
        let [words, _] = &group.texts;
        let (x, y) = (columns.middle(n), plot.y(actual));
        let half = VALUE.width(words) / 2.0;
        let above = [y - 12.0, y - 15.0, y - 20.0];
        let below = [y + 21.0, y + 25.0];
        let first = expected.is_none_or(|expected| expected <= actual);
        let rows: Vec<f64> = if first {
            above.into_iter().chain(below).collect()
        } else {
            below.into_iter().chain(above).collect()
        };
        let places: Vec<Area> = [0.0, 0.45, -0.45]
            .iter()
            .flat_map(|aside| rows.iter().map(move |row| (x - half + aside * half, *row)))
            .map(|(left, row)| Area::of(left, row, words, VALUE))
            .collect();
        let Some(area) = room.place(&places) else { return };
        labels.push((area, words));
    }
    for (area, words) in labels {
        let (x, y, anchor) = (area.left, area.bottom - VALUE.size * 0.24, Anchor::Start);
        canvas.text(&Text { x, y, words, style: VALUE, fill: INK, anchor, rim: Some(PAPER) });
    }
}

#[cfg(test)]
mod tests {
    use super::super::Pair;
    use super::*;

    fn pairs(values: &[[f64; 2]]) -> Pairs {
        let group = |(n, values): (usize, &[f64; 2])| Pair {
            label: format!("{n}"),
            values: *values,
            texts: values.map(|value| format!("{value:.0} pcs")),
        };
        Pairs {
            title: "t".into(),
            axis: "a".into(),
            names: ["came".into(), "expected".into()],
            groups: values.iter().enumerate().map(group).collect(),
        }
    }

    fn drawn(values: &[[f64; 2]]) -> String {
        draw(&pairs(values), &|value| format!("{value}"))
    }

    #[test]
    fn each_group_has_a_dot_and_a_ring_and_each_series_one_line() {
        let svg = drawn(&[[9.0, 8.0], [5.0, 6.0], [2.0, 2.5]]);
        assert_eq!(svg.matches("<circle").count(), 6);
        assert_eq!(svg.matches(&format!("stroke=\"{ACCENT}\" stroke-width=\"2.75\"")).count(), 1);
        assert_eq!(
            svg.matches(&format!(
                "fill=\"none\" stroke=\"{EXPECTED}\" stroke-width=\"2\" stroke-linejoin=\"round\"/>"
            ))
            .count(),
            1
        );
        assert!(svg.contains(">came<") && svg.contains(">expected<"));
        assert_eq!(drawn(&[[9.0, f64::NAN]]).matches("<circle").count(), 1);
    }

    #[test]
    fn values_are_printed_all_or_none() {
        let few: Vec<[f64; 2]> = (0..6).map(|n| [90.0 - f64::from(n) * 12.0, 60.0]).collect();
        let many: Vec<[f64; 2]> = (0..40).map(|n| [f64::from(n * 7 % 31), 12.0]).collect();
        assert_eq!(drawn(&few).matches(" pcs<").count(), 6);
        assert_eq!(drawn(&many).matches(" pcs<").count(), 0);
    }
}
