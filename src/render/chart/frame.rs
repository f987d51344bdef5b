//! What all charts share: the title, the value axis with its few lines, and the names under the bars.

use super::draw::{Anchor, Canvas, GRID, INK, MUTED, PAD, Text, WIDTH, ZERO, solid};
use super::scale::{Scale, count};
use super::words::{self, Style, plain};

/// The title.
const TITLE: Style = words::bold(17.0);
/// Its line height.
const LEADING: f64 = 22.0;
/// The labels of the value axis.
pub(super) const TICK: Style = plain(12.5);
/// What an axis is.
pub(super) const AXIS: Style = plain(12.5);
/// The widest a label of the value axis may be.
const TICK_ROOM: f64 = 110.0;
/// Between the axis' labels and the plot.
const GUTTER: f64 = 10.0;

/// Where values are drawn.
pub(super) struct Plot {
    /// Its left edge.
    pub(super) left: f64,
    /// Its right edge.
    pub(super) right: f64,
    /// Where the scale's high end is.
    pub(super) top: f64,
    /// Where the scale's low end is.
    pub(super) bottom: f64,
    /// The values.
    pub(super) scale: Scale,
}

impl Plot {
    /// A plot right of its tick labels.
    pub(super) fn new(scale: Scale, top: f64, height: f64) -> Self {
        let widest = scale.ticks.iter().map(|(_, label)| TICK.width(label)).fold(0.0, f64::max);
        let column = if widest > 0.0 { widest.min(TICK_ROOM) + GUTTER } else { 0.0 };
        Self { left: PAD + column, right: WIDTH - PAD, top, bottom: top + height, scale }
    }

    /// The plot without its lines and labels but zero's, for bars that need the room and say their values.
    pub(super) fn bare(mut self, zero: &str) -> Self {
        self.scale.ticks.retain(|(value, _)| *value == 0.0);
        self.left = PAD + TICK.width(zero).min(TICK_ROOM) + GUTTER;
        self
    }

    /// Where a value is.
    pub(super) fn y(&self, value: f64) -> f64 {
        let Scale { low, high, .. } = self.scale;
        let share = ((value - low) / (high - low)).clamp(0.0, 1.0);
        self.bottom - share * (self.bottom - self.top)
    }

    /// The axis' lines and labels.
    pub(super) fn grid(&self, canvas: &mut Canvas) {
        for (value, label) in &self.scale.ticks {
            let y = self.y(*value);
            let stroke = if *value == 0.0 { solid(ZERO, 1.25) } else { solid(GRID, 1.0) };
            canvas.line(&[(self.left, y), (self.right, y)], stroke);
            self.tick(canvas, y, label);
        }
    }

    /// Says under the plot what its horizontal axis is, and answers where the space under that begins.
    pub(super) fn axis(&self, canvas: &mut Canvas, y: f64, words: &str) -> f64 {
        let lines = AXIS.wrap_evenly(words, self.right - self.left, 2);
        let x = f64::midpoint(self.left, self.right);
        for (n, words) in lines.iter().enumerate() {
            let y = y + 18.0 + count(n) * 15.5;
            canvas.text(&Text { x, y, words, style: AXIS, fill: MUTED, anchor: Anchor::Middle, rim: None });
        }
        if lines.is_empty() { y } else { y + 6.5 + count(lines.len()) * 15.5 }
    }

    /// One label of the axis.
    pub(super) fn tick(&self, canvas: &mut Canvas, y: f64, label: &str) {
        let words = TICK.fit(label, TICK_ROOM);
        let x = self.left - GUTTER;
        let text =
            Text { x, y: y + 4.5, words: &words, style: TICK, fill: MUTED, anchor: Anchor::End, rim: None };
        canvas.text(&text);
    }
}

/// Writes the title and answers where the space under it begins.
pub(super) fn title(canvas: &mut Canvas, title: &str) -> f64 {
    let lines = TITLE.wrap_evenly(title, WIDTH - 2.0 * PAD, 3);
    for (n, words) in lines.iter().enumerate() {
        let y = PAD + 14.0 + count(n) * LEADING;
        canvas.text(&Text { x: PAD, y, words, style: TITLE, fill: INK, anchor: Anchor::Start, rim: None });
    }
    PAD + count(lines.len()) * LEADING
}

/// Says that there is nothing to draw, without a word that would need translating.
pub(super) fn nothing(canvas: &mut Canvas, plot: &Plot) {
    canvas.line(&[(plot.left, plot.bottom), (plot.right, plot.bottom)], solid(ZERO, 1.25));
    let (x, y) = (f64::midpoint(plot.left, plot.right), f64::midpoint(plot.top, plot.bottom));
    let style = plain(20.0);
    canvas.text(&Text { x, y, words: "—", style, fill: MUTED, anchor: Anchor::Middle, rim: None });
}

/// Evenly spaced places for bars.
pub(super) struct Columns {
    left: f64,
    /// From one middle to the next.
    pub(super) pitch: f64,
    /// The width of a bar.
    pub(super) bar: f64,
}

impl Columns {
    /// Places for so many bars over the plot's width; few bars stay slim and stand in the middle.
    pub(super) fn new(plot: &Plot, bars: usize) -> Self {
        let inset = 6.0;
        let all = plot.right - plot.left - 2.0 * inset;
        let pitch = (all / count(bars.max(1))).min(130.0);
        let left = plot.left + inset + (all - pitch * count(bars)) / 2.0;
        Self { left, pitch, bar: (pitch * 0.66).min(72.0) }
    }

    /// The middle of a place.
    pub(super) fn middle(&self, n: usize) -> f64 {
        self.left + (count(n) + 0.5) * self.pitch
    }

    /// Whether values would have to be small to keep to their columns.
    pub(super) fn crowded<'a>(&self, mut texts: impl Iterator<Item = &'a str>) -> bool {
        texts.any(|text| words::bold(11.5).width(text) > self.pitch - 5.0)
    }

    /// Writes the names under the bars and answers where the space under them begins.
    pub(super) fn names(&self, canvas: &mut Canvas, y: f64, names: &[(&str, bool)]) -> f64 {
        // Narrow places share one name between neighbours, each name taking the room of several.
        let every = names.len().div_ceil(28).max(if self.pitch < 26.0 { 2 } else { 1 });
        let room = self.pitch * count(every) - 5.0;
        let shown = || names.iter().enumerate().step_by(every);
        // Smaller than this is hard to read on a phone: longer words are divided instead.
        let size = |(name, strong): &(&str, bool)| {
            let words = words::pieces(name);
            Style { size: 13.0, bold: *strong }.shrunk(words.iter().map(|word| word.trim()), room, 11.5).size
        };
        let size = shown().map(|(_, name)| size(name)).fold(13.0, f64::min);
        let mut deepest = 0;
        for (n, (name, strong)) in shown() {
            let style = Style { size, bold: *strong };
            let lines = style.wrap_evenly(name, room, 3);
            deepest = deepest.max(lines.len());
            for (row, words) in lines.iter().enumerate() {
                let y = y + 18.0 + count(row) * (size + 3.0);
                let fill = if *strong { INK } else { MUTED };
                let x = self.middle(n);
                canvas.text(&Text { x, y, words, style, fill, anchor: Anchor::Middle, rim: None });
            }
        }
        y + 8.0 + count(deepest) * (size + 3.0)
    }
}
