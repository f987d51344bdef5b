//! Several figures over the same periods: a row each, with a line on its own scale, its lowest, its highest
//! and its last value beside it.

use super::draw::{ACCENT, Anchor, Canvas, GRID, INK, MUTED, PAD, PALE, Text, WIDTH, solid};
use super::frame::{self, AXIS};
use super::scale::{count, drawable, extent};
use super::words::{Style, bold, plain};
use super::{Spark, Sparks};

/// The most rows.
const MOST: usize = 14;
const NAME: Style = plain(13.0);
const LEADING: f64 = 15.0;
/// The widest a name may be; longer ones take two lines.
const NAME_ROOM: f64 = 156.0;
const HEAD: Style = plain(12.0);
const EDGE: Style = plain(12.5);
const LAST: Style = bold(14.0);
/// The widest a value may be.
const VALUE_ROOM: f64 = 92.0;
const GAP: f64 = 14.0;
const HEIGHT: f64 = 30.0;
/// How high a line may rise within its row.
const RISE: f64 = 19.0;

/// Where the columns are.
struct Columns {
    /// Where the lines begin and end.
    line: (f64, f64),
    /// Where the values end on the right: lowest, highest, last.
    values: [f64; 3],
}

impl Columns {
    fn of(sparks: &Sparks, rows: &[Spark], names: &[Vec<String>]) -> Self {
        let widest = |texts: &dyn Fn(&Spark) -> &str, style: Style, head: &str| {
            let texts = rows.iter().map(|row| style.width(texts(row)));
            texts.fold(HEAD.width(head), f64::max).min(VALUE_ROOM)
        };
        let last = widest(&|row| &row.last, LAST, &sparks.heads[2]);
        let high = widest(&|row| &row.high, EDGE, &sparks.heads[1]);
        let low = widest(&|row| &row.low, EDGE, &sparks.heads[0]);
        let right = WIDTH - PAD;
        let values = [right - last - high - 2.0 * GAP, right - last - GAP, right];
        let name = names.iter().flatten().map(|line| NAME.width(line)).fold(0.0, f64::max);
        Self { line: (PAD + name + GAP, values[0] - low - GAP), values }
    }
}

/// The rows as SVG.
pub(super) fn draw(sparks: &Sparks) -> String {
    let mut canvas = Canvas::default();
    let mut y = frame::title(&mut canvas, &sparks.title) + 22.0;
    let rows = sparks.rows.get(..MOST).unwrap_or(&sparks.rows);
    let names: Vec<Vec<String>> = rows.iter().map(|row| NAME.wrap_evenly(&row.name, NAME_ROOM, 2)).collect();
    let columns = Columns::of(sparks, rows, &names);
    for (head, x) in sparks.heads.iter().zip(columns.values) {
        let (words, anchor) = (HEAD.fit(head, VALUE_ROOM), Anchor::End);
        canvas.text(&Text { x, y, words: &words, style: HEAD, fill: MUTED, anchor, rim: None });
    }
    y += 8.0;
    for (row, name) in rows.iter().zip(&names) {
        canvas.line(&[(PAD, y), (WIDTH - PAD, y)], solid(GRID, 1.0));
        let middle = y + HEIGHT / 2.0;
        let first = middle + 4.5 - (count(name.len()) - 1.0) * LEADING / 2.0;
        for (n, words) in name.iter().enumerate() {
            let (y, anchor) = (first + count(n) * LEADING, Anchor::Start);
            canvas.text(&Text { x: PAD, y, words, style: NAME, fill: INK, anchor, rim: None });
        }
        spark(&mut canvas, &columns, row, middle);
        let printed = [(&row.low, EDGE, MUTED), (&row.high, EDGE, MUTED), (&row.last, LAST, INK)];
        for ((text, style, fill), x) in printed.into_iter().zip(columns.values) {
            let style = style.shrunk([text.as_str()].into_iter(), VALUE_ROOM, 10.0);
            let (words, anchor) = (style.fit(text, VALUE_ROOM), Anchor::End);
            canvas.text(&Text { x, y: middle + 4.5, words: &words, style, fill, anchor, rim: None });
        }
        y += HEIGHT;
    }
    let lines = AXIS.wrap(&sparks.axis, WIDTH - 2.0 * PAD, 3);
    for (n, words) in lines.iter().enumerate() {
        let y = y + 18.0 + count(n) * 15.5;
        canvas.text(&Text { x: PAD, y, words, style: AXIS, fill: MUTED, anchor: Anchor::Start, rim: None });
    }
    canvas.finish(y + 20.0 + count(lines.len()) * 15.5, &sparks.title)
}

/// One line, broken where nothing is known; its lowest and its highest value are grey dots, the last a blue one.
fn spark(canvas: &mut Canvas, columns: &Columns, row: &Spark, middle: f64) {
    let Some((low, high)) = extent(row.values.iter().flatten().copied()) else { return };
    let (left, right) = (columns.line.0 + 4.0, columns.line.1 - 4.0);
    let steps = count(row.values.len().saturating_sub(1).max(1));
    let at = |n: usize, value: f64| {
        let share = if high > low { (value - low) / (high - low) } else { 0.5 };
        (left + (right - left) * count(n) / steps, middle + RISE / 2.0 - share * RISE)
    };
    let known: Vec<(usize, f64)> =
        row.values.iter().enumerate().filter_map(|(n, value)| Some((n, drawable((*value)?)?))).collect();
    for run in known.chunk_by(|(a, _), (b, _)| a + 1 == *b) {
        canvas.line(&run.iter().map(|(n, value)| at(*n, *value)).collect::<Vec<_>>(), solid(ACCENT, 1.75));
    }
    let Some((last, value)) = known.last().copied() else { return };
    let edges = [low, high].map(|edge| known.iter().rev().find(|(_, value)| (*value - edge).abs() == 0.0));
    for (n, value) in edges.into_iter().flatten().filter(|(n, _)| *n != last && high > low) {
        canvas.dot(at(*n, *value), 3.0, PALE);
    }
    canvas.dot(at(last, value), 4.0, ACCENT);
}
