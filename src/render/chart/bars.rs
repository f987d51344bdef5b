//! How things are spread: vertical bars, one or two of them strong.

use super::Bars;
use super::draw::{ACCENT, Anchor, Canvas, INK, PAPER, QUIET, Text};
use super::frame::{self, Columns, Plot};
use super::scale::{self, Scale, drawable};
use super::words::{Style, bold};

const HEIGHT: f64 = 172.0;
/// The smallest size a value may be printed in; below it only the telling bars are labelled.
const LEAST: f64 = 9.5;

/// The bars as SVG.
pub(super) fn draw(bars: &Bars, tick: &dyn Fn(f64) -> String) -> String {
    let mut canvas = Canvas::default();
    let top = frame::title(&mut canvas, &bars.title) + 30.0;
    let values: Vec<f64> = bars.bars.iter().map(|bar| drawable(bar.value).unwrap_or(0.0)).collect();
    let Some((low, high)) = scale::extent(values.iter().copied()) else {
        let plot = Plot::new(Scale { low: 0.0, high: 1.0, ticks: Vec::new() }, top, HEIGHT);
        frame::nothing(&mut canvas, &plot);
        return finish(canvas, bars, &plot, plot.bottom + 4.0);
    };
    let mut plot = Plot::new(scale::scale((low.min(0.0), high.max(0.0)), tick), top, HEIGHT);
    let columns = Columns::new(&plot, values.len());
    // Labels under negative bars stand between the lowest line and the names.
    let below = if low < 0.0 { 14.0 } else { 0.0 };
    plot.bottom -= below;
    let ground = plot.y(0.0);
    let any_strong = bars.bars.iter().any(|bar| bar.strong);
    plot.grid(&mut canvas);
    for (n, (bar, value)) in bars.bars.iter().zip(&values).enumerate() {
        let fill = if bar.strong || !any_strong { ACCENT } else { QUIET };
        let height = ground - plot.y(*value);
        canvas.rect((columns.middle(n) - columns.bar / 2.0, ground - height), (columns.bar, height), fill);
    }
    label(&mut canvas, bars, &values, &plot, &columns);
    let names: Vec<(&str, bool)> = bars.bars.iter().map(|bar| (bar.label.as_str(), bar.strong)).collect();
    let bottom = columns.names(&mut canvas, plot.bottom + below, &names);
    finish(canvas, bars, &plot, bottom)
}

fn finish(mut canvas: Canvas, bars: &Bars, plot: &Plot, bottom: f64) -> String {
    let bottom = plot.axis(&mut canvas, bottom, &bars.axis);
    canvas.finish(bottom + 14.0, &bars.title)
}

fn label(canvas: &mut Canvas, bars: &Bars, values: &[f64], plot: &Plot, columns: &Columns) {
    let room = columns.pitch - 5.0;
    let texts = || bars.bars.iter().map(|bar| bar.text.as_str());
    let style = bold(14.0).shrunk(texts(), room, LEAST);
    let all = texts().all(|text| style.width(text) <= room);
    let highest = values.iter().copied().fold(f64::MIN, f64::max);
    let mut free_from = f64::MIN;
    for (n, (bar, value)) in bars.bars.iter().zip(values).enumerate() {
        if !all && !bar.strong && *value < highest {
            continue;
        }
        let style = if all { style } else { bold(12.0) };
        let half = style.width(&bar.text) / 2.0;
        let x = columns.middle(n).clamp(plot.left + half, (plot.right - half).max(plot.left + half));
        if x - half < free_from {
            continue;
        }
        free_from = x + half + 4.0;
        let y = if *value < 0.0 { plot.y(*value) + style.size + 3.0 } else { plot.y(*value) - 7.0 };
        let style = Style { bold: bar.strong, ..style };
        let fill = if bar.strong { ACCENT } else { INK };
        canvas.text(&Text { x, y, words: &bar.text, style, fill, anchor: Anchor::Middle, rim: Some(PAPER) });
    }
}
