//! Which is how large: horizontal bars with their names at the left and their values at the right.

use super::draw::{ACCENT, Anchor, Canvas, DOWN, INK, MUTED, PAD, PAPER, Text, WIDTH, ZERO, solid};
use super::frame::{self, AXIS};
use super::scale::{count, drawable};
use super::words::{Style, bold, plain};
use super::{Rank, Ranked};

/// The most bars.
const MOST: usize = 12;
const NAME: Style = plain(13.5);
const LEADING: f64 = 16.0;
/// The least that is left for the bars, whatever is written beside them.
const LEAST: f64 = 216.0;
/// The widest a name may be where values are short; longer ones take two lines.
const NAME_ROOM: f64 = 230.0;
/// Between a bar and what is written at either end.
const GAP: f64 = 11.0;
const VALUE: Style = bold(14.0);
/// The widest a value may be.
const VALUE_ROOM: f64 = 140.0;

/// The bars as SVG.
pub(super) fn draw(ranked: &Ranked) -> String {
    let mut canvas = Canvas::default();
    let mut y = frame::title(&mut canvas, &ranked.title) + 12.0;
    let bars = ranked.bars.get(..MOST).unwrap_or(&ranked.bars);
    let style = VALUE.shrunk(bars.iter().map(|bar| bar.text.as_str()), VALUE_ROOM, 11.5);
    let values: Vec<String> = bars.iter().map(|bar| style.fit(&bar.text, VALUE_ROOM)).collect();
    let printed = values.iter().map(|value| style.width(value)).fold(0.0, f64::max);
    let room = (WIDTH - 2.0 * PAD - printed - 2.0 * GAP - LEAST).min(NAME_ROOM);
    let names: Vec<Vec<String>> = bars.iter().map(|bar| NAME.wrap_evenly(&bar.label, room, 2)).collect();
    let widest = names.iter().flatten().map(|line| NAME.width(line));
    let widest = widest.fold(AXIS.width(&ranked.more).min(room), f64::max);
    let left = PAD + widest + GAP;
    let lengths = Lengths::of(bars, left, WIDTH - PAD - printed - GAP);
    let height = if names.iter().any(|lines| lines.len() > 1) { 38.0 } else { 29.0 };
    let top = y;
    for ((bar, name), value) in bars.iter().zip(&names).zip(&values) {
        let middle = y + height / 2.0;
        let (fill, ink) = if bar.alarming { (DOWN, DOWN) } else { (ACCENT, INK) };
        lengths.bar(&mut canvas, bar, middle, fill);
        let first = middle + 4.8 - (count(name.len()) - 1.0) * LEADING / 2.0;
        for (n, words) in name.iter().enumerate() {
            let (x, y, anchor) = (left - GAP, first + count(n) * LEADING, Anchor::End);
            canvas.text(&Text { x, y, words, style: NAME, fill: INK, anchor, rim: None });
        }
        let (x, base, anchor) = (WIDTH - PAD, middle + 4.8, Anchor::End);
        canvas.text(&Text { x, y: base, words: value, style, fill: ink, anchor, rim: None });
        y += height;
    }
    canvas.line(&[(left, top), (left, y)], solid(ZERO, 1.25));
    let bottom = below(&mut canvas, ranked, left, y + 2.0);
    canvas.finish(bottom + 16.0, &ranked.title)
}

/// Says under the bars what they are, and how many are not shown.
fn below(canvas: &mut Canvas, ranked: &Ranked, left: f64, y: f64) -> f64 {
    // Half a pixel for what subtracting loses: the column may be exactly as wide as these words.
    let more = AXIS.fit(&ranked.more, left - PAD - GAP + 0.5);
    let style = AXIS;
    if !more.is_empty() {
        let (x, y, anchor) = (left - GAP, y + 18.0, Anchor::End);
        canvas.text(&Text { x, y, words: &more, style, fill: MUTED, anchor, rim: None });
    }
    let lines = AXIS.wrap(&ranked.axis, WIDTH - PAD - left, 3);
    for (n, words) in lines.iter().enumerate() {
        let y = y + 18.0 + count(n) * LEADING;
        canvas.text(&Text { x: left, y, words, style, fill: MUTED, anchor: Anchor::Start, rim: None });
    }
    y + 2.0 + count(lines.len().max(usize::from(!more.is_empty()))) * LEADING
}

/// How long bars are.
struct Lengths {
    left: f64,
    right: f64,
    /// What reaches the right edge.
    highest: f64,
}

impl Lengths {
    fn of(bars: &[Rank], left: f64, right: f64) -> Self {
        let values = bars.iter().flat_map(|bar| [Some(bar.value), bar.tick]).flatten();
        let highest = values.filter_map(drawable).fold(0.0, f64::max);
        Self { left, right, highest }
    }

    fn x(&self, value: f64) -> f64 {
        let share = if self.highest > 0.0 { drawable(value).unwrap_or(0.0) / self.highest } else { 0.0 };
        self.left + share.clamp(0.0, 1.0) * (self.right - self.left)
    }

    fn bar(&self, canvas: &mut Canvas, bar: &Rank, middle: f64, fill: &'static str) {
        let half = 9.0;
        if bar.value > 0.0 {
            // Even the smallest is seen.
            let length = (self.x(bar.value) - self.left).max(1.5);
            canvas.rect((self.left, middle - half), (length, 2.0 * half), fill);
        }
        if let Some(tick) = bar.tick.and_then(drawable) {
            let x = self.x(tick);
            let reach = half + 3.0;
            canvas.line(&[(x, middle - reach), (x, middle + reach)], solid(PAPER, 4.25));
            canvas.line(&[(x, middle - reach), (x, middle + reach)], solid(INK, 2.25));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(value: f64, tick: Option<f64>, alarming: bool) -> Rank {
        Rank { label: "x".into(), text: format!("{value}"), value, tick, alarming }
    }

    #[test]
    fn the_longest_bar_or_tick_reaches_the_edge_and_nothing_reaches_past_it() {
        let lengths = Lengths::of(&[bar(30.0, Some(60.0), false), bar(f64::NAN, None, false)], 100.0, 500.0);
        let places = [60.0, 30.0, 0.0, -5.0, f64::NAN, 1e300].map(|value| lengths.x(value));
        assert_eq!(places.map(|x| x.round() as i32), [500, 300, 100, 100, 100, 500]);
        let nothing = Lengths::of(&[bar(0.0, None, false)], 100.0, 500.0);
        assert_eq!(nothing.x(0.0) as i32, 100);
    }

    #[test]
    fn bad_news_is_vermilion_and_at_most_twelve_bars_are_drawn() {
        let bars = (0..20).map(|n| bar(f64::from(n), None, n == 3)).collect();
        let ranked = Ranked { title: "t".into(), axis: "a".into(), bars, more: "8 more".into() };
        let drawn = draw(&ranked);
        // The first is of no length; a bad one has its bar and its value in the colour.
        assert_eq!(drawn.matches(&format!("fill=\"{ACCENT}\"")).count(), 10);
        assert_eq!(drawn.matches(&format!("fill=\"{DOWN}\"")).count(), 2);
        assert!(drawn.contains("8 more"));
    }
}
