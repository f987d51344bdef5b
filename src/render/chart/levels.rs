//! The levels a value is watched by: lines across a trend, each with its name, and the points where it passed
//! them.

use super::draw::{ACCENT, Anchor, Canvas, DOWN, MUTED, PAD, PAPER, Stroke, Text, WIDTH, solid};
use super::frame::Plot;
use super::room::{Area, Room};
use super::scale::{count, drawable};
use super::trend::{NOTE, Spot, write};
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

/// How many places along its line are tried for the name of a level.
const PLACES: u8 = 32;

/// Names each level above or below its line, where there is room; else at its end, in the margin.
pub(super) fn name(canvas: &mut Canvas, plot: &Plot, levels: &[Level], [room, margin]: [&mut Room; 2]) {
    for level in levels {
        let Some(line) = place(plot, level) else { continue };
        let words = NOTE.fit(&level.label, plot.right - plot.left - 16.0);
        let (left, right) = (plot.left + 8.0, plot.right - 8.0 - NOTE.width(&words));
        let columns = (0..=PLACES).map(|n| left + (right - left) * f64::from(n) / f64::from(PLACES));
        let places: Vec<Area> = [line - 5.0, line + 14.5]
            .into_iter()
            .flat_map(|y| columns.clone().map(move |x| (x, y)))
            .map(|(x, y)| Area::of(x, y, &words, NOTE))
            .collect();
        let free = room.place(&places);
        if free.is_none() && beside(canvas, plot, (line, level), margin) {
            continue;
        }
        let Some(area) = free.or_else(|| room.place_somewhere(&places)) else { continue };
        let (x, y, fill) = (area.left, area.bottom - NOTE.size * 0.24, colour(level));
        let (anchor, rim) = (Anchor::Start, Some(PAPER));
        canvas.text(&Text { x, y, words: &words, style: NOTE, fill, anchor, rim });
    }
}

/// Names a level right of its line, if the words there leave room.
fn beside(canvas: &mut Canvas, plot: &Plot, (line, level): (f64, &Level), margin: &mut Room) -> bool {
    let x = plot.right + 8.0;
    let words = NOTE.wrap(&level.label, WIDTH - PAD - x, 3);
    let is_cut = words.iter().any(|line| line.ends_with('…'));
    let height = count(words.len()) * 15.5 + 2.0;
    let right = x + words.iter().map(|words| NOTE.width(words)).fold(0.0, f64::max);
    let places = [0.5, 0.35, 0.65, 0.2, 0.8].map(|share| {
        let top = line - height * share;
        Area { left: x, top, right, bottom: top + height }
    });
    let free = if is_cut { None } else { margin.place(&places) };
    if let Some(area) = free {
        write(canvas, (x, area.top + 12.5), &words, NOTE, colour(level));
    }
    free.is_some()
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
