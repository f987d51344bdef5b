//! The levels a value is watched by: lines across a trend, each with its name, and the points where it passed
//! them.

use super::draw::{ACCENT, Anchor, Canvas, DOWN, MUTED, PAPER, Stroke, Text, solid};
use super::frame::Plot;
use super::room::{Area, Room};
use super::scale::drawable;
use super::trend::{NOTE, Spot};
use super::{Level, Mark};

/// Where a level is; none that the scale does not reach.
fn place(plot: &Plot, level: &Level) -> Option<f64> {
    let at = drawable(level.at)?;
    let shown = !plot.scale.ticks.is_empty() && plot.scale.low <= at && at <= plot.scale.high;
    shown.then(|| plot.y(at))
}

fn colour(level: &Level) -> &'static str {
    if level.breaches { DOWN } else { MUTED }
}

/// Draws the levels, what breaches solid and what clears dotted: they are told apart without colours, too.
pub(super) fn draw(canvas: &mut Canvas, plot: &Plot, levels: &[Level]) {
    for level in levels {
        let Some(y) = place(plot, level) else { continue };
        let stroke = Stroke { colour: colour(level), width: 1.75, dotted: !level.breaches };
        canvas.line(&[(plot.left, y), (plot.right, y)], stroke);
    }
}

/// Names each level above or below its line, where there is room.
pub(super) fn name(canvas: &mut Canvas, plot: &Plot, levels: &[Level], room: &mut Room) {
    for level in levels {
        let Some(line) = place(plot, level) else { continue };
        let words = NOTE.fit(&level.label, plot.right - plot.left - 16.0);
        let (left, right) = (plot.left + 8.0, plot.right - 8.0 - NOTE.width(&words));
        let columns = (0..=8).map(|n| left + (right - left) * f64::from(n) / 8.0);
        let places: Vec<Area> = [line - 5.0, line + 14.5]
            .into_iter()
            .flat_map(|y| columns.clone().map(move |x| (x, y)))
            .map(|(x, y)| Area::of(x, y, &words, NOTE))
            .collect();
        let Some(area) = room.place(&places).or_else(|| room.place_somewhere(&places)) else { continue };
        let (x, y, fill) = (area.left, area.bottom - NOTE.size * 0.24, colour(level));
        let (anchor, rim) = (Anchor::Start, Some(PAPER));
        canvas.text(&Text { x, y, words: &words, style: NOTE, fill, anchor, rim });
    }
}

/// Marks the points where a breach began (full) and ended (hollow).
pub(super) fn mark(canvas: &mut Canvas, marks: &[Mark], line: &[Spot], room: &mut Room) {
    for mark in marks {
        let Some((_, at)) = line.iter().find(|(n, _)| *n == mark.at) else { continue };
        if mark.begins {
            canvas.dot(*at, 5.5, DOWN);
        } else {
            canvas.ring(*at, 4.5, solid(ACCENT, 2.0));
        }
        let (x, y) = *at;
        room.take(Area { left: x - 7.0, top: y - 7.0, right: x + 7.0, bottom: y + 7.0 });
    }
}
