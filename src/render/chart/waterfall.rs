//! How an opening level became the closing one, movement by movement.
//!
//! Movements are often small beside the levels. The axis is then broken: zero stays at the bottom with its
//! label, a visible break cuts the bars of the levels, and above it the scale begins near the lowest level.

use super::draw::{Anchor, Canvas, DOWN, PAD, PALE, PAPER, TOTAL, Text, UP, WIDTH, ZERO, solid};
use super::frame::{self, Columns, Plot};
use super::room::{Area, Room};
use super::scale::{self, Scale, drawable};
use super::words::{Style, bold};
use super::{Step, StepKind, Waterfall};

const HEIGHT: f64 = 178.0;
/// The height between zero and the lowest level shown, where the axis is broken.
const BREAK: f64 = 30.0;

/// A bar between two levels.
struct Stand<'a> {
    step: &'a Step,
    from: f64,
    to: f64,
}

/// The waterfall as SVG.
pub(super) fn draw(waterfall: &Waterfall, tick: &dyn Fn(f64) -> String) -> String {
    let mut canvas = Canvas::default();
    let top = frame::title(&mut canvas, &waterfall.title) + 30.0;
    let stands = stands(&waterfall.steps);
    if stands.is_empty() {
        let plot = Plot::new(Scale { low: 0.0, high: 1.0, ticks: Vec::new() }, top, HEIGHT);
        frame::nothing(&mut canvas, &plot);
        return canvas.finish(plot.bottom + 24.0, &waterfall.title);
    }
    let zero = tick(0.0);
    let (scale, broken) = scale_of(&stands, tick);
    let mut plot = Plot::new(scale, top, HEIGHT);
    let mut columns = Columns::new(&plot, stands.len());
    if columns.crowded(waterfall.steps.iter().map(|step| step.text.as_str())) {
        plot = plot.bare(&zero);
        columns = Columns::new(&plot, stands.len());
    }
    let print = Print::of(waterfall, &columns);
    (plot.top, plot.bottom) = (plot.top + print.rows, plot.bottom + print.rows);
    let floor = plot.bottom;
    if broken {
        plot.bottom -= BREAK;
    }
    plot.grid(&mut canvas);
    if broken {
        canvas.line(&[(plot.left, floor), (plot.right, floor)], solid(ZERO, 1.25));
        plot.tick(&mut canvas, floor, &zero);
        cut(&mut canvas, (plot.left - 5.0, plot.left + 5.0), floor - BREAK / 2.0);
    }
    let ground = if broken { floor } else { plot.y(0.0) };
    for (n, stand) in stands.iter().enumerate() {
        bar(&mut canvas, &plot, &columns, n, stand, ground);
        if broken && stand.step.kind == StepKind::Total {
            let left = columns.middle(n) - columns.bar / 2.0;
            cut(&mut canvas, (left - 3.0, left + columns.bar + 3.0), floor - BREAK / 2.0);
        }
    }
    connect(&mut canvas, &plot, &columns, &stands);
    print.values(&mut canvas, &plot, &columns, &stands);
    let names: Vec<(&str, bool)> =
        stands.iter().map(|s| (s.step.label.as_str(), s.step.kind == StepKind::Total)).collect();
    let bottom = columns.names(&mut canvas, floor, &names);
    canvas.finish(bottom + 14.0, &waterfall.title)
}

fn stands(steps: &[Step]) -> Vec<Stand<'_>> {
    let mut level = 0.0;
    let mut stands = Vec::with_capacity(steps.len());
    for step in steps {
        let amount = drawable(step.amount).unwrap_or(0.0);
        let (from, to) = match step.kind {
            StepKind::Total => (0.0, amount),
            StepKind::Up => (level, level + amount),
            StepKind::Down => (level, level - amount),
        };
        level = to;
        stands.push(Stand { step, from, to });
    }
    stands
}

/// The scale, and whether it begins above zero.
fn scale_of(stands: &[Stand<'_>], tick: &dyn Fn(f64) -> String) -> (Scale, bool) {
    let (low, high) = scale::extent(stands.iter().map(|stand| stand.to)).unwrap_or((0.0, 0.0));
    let moved = high - low;
    // Worth a break when the movements would have to share less than half of the height.
    if low > 0.0 && moved > 0.0 && moved < high * 0.5 {
        let cropped = scale::scale((low - moved * 0.15, high), tick);
        if cropped.low > 0.0 {
            return (cropped, true);
        }
    }
    (scale::scale((low.min(0.0), high.max(0.0)), tick), false)
}

fn bar(canvas: &mut Canvas, plot: &Plot, columns: &Columns, n: usize, stand: &Stand<'_>, ground: f64) {
    let (from, fill) = match stand.step.kind {
        StepKind::Total => (ground, TOTAL),
        StepKind::Up => (plot.y(stand.from), UP),
        StepKind::Down => (plot.y(stand.from), DOWN),
    };
    let (upper, lower) = (from.min(plot.y(stand.to)), from.max(plot.y(stand.to)));
    // Even the smallest movement is seen.
    let height = (lower - upper).max(1.5);
    canvas.rect((columns.middle(n) - columns.bar / 2.0, upper), (columns.bar, height), fill);
}

/// The sign of a broken axis: a white slanted gap with an edge on both sides.
fn cut(canvas: &mut Canvas, (left, right): (f64, f64), y: f64) {
    let rise = 3.5;
    canvas.line(&[(left, y + rise), (right, y - rise)], solid(PAPER, 6.0));
    for shift in [-3.0, 3.0] {
        canvas.line(&[(left, y + rise + shift), (right, y - rise + shift)], solid(ZERO, 1.0));
    }
}

/// Thin lines that carry each level over to the next bar.
fn connect(canvas: &mut Canvas, plot: &Plot, columns: &Columns, stands: &[Stand<'_>]) {
    let reach = columns.bar / 2.0;
    for (n, pair) in stands.windows(2).enumerate() {
        let [stand, next] = pair else { continue };
        // A level that does not carry over, as between two unrelated totals, is not connected.
        if next.step.kind == StepKind::Total
            && (next.to - stand.to).abs() > (plot.scale.high - plot.scale.low) * 0.01
        {
            continue;
        }
        let y = plot.y(stand.to);
        canvas.line(&[(columns.middle(n) + reach, y), (columns.middle(n + 1) - reach, y)], solid(PALE, 1.0));
    }
}

/// How the values are printed: at a size at which each keeps to its column, or over several rows.
struct Print {
    style: Style,
    room: f64,
    /// The height kept above the plot for values that had to give way.
    rows: f64,
}

impl Print {
    fn of(waterfall: &Waterfall, columns: &Columns) -> Self {
        let texts = || waterfall.steps.iter().map(|step| step.text.as_str());
        let room = columns.pitch - 5.0;
        let style = bold(14.0).shrunk(texts(), room, 11.5);
        if texts().all(|text| style.width(text) <= room) {
            return Self { style, room, rows: 0.0 };
        }
        // Wider than its column, a value may reach over the gaps beside its bar, but not over the next bars.
        let room = 2.0 * columns.pitch - columns.bar - 8.0;
        Self { style: style.shrunk(texts(), room, 9.0), room, rows: 15.0 }
    }

    fn values(&self, canvas: &mut Canvas, plot: &Plot, columns: &Columns, stands: &[Stand<'_>]) {
        let mut room = Room::new(Area {
            left: 0.0,
            top: plot.top - self.rows - 28.0,
            right: WIDTH,
            bottom: plot.bottom,
        });
        for (n, stand) in stands.iter().enumerate() {
            let fill = match stand.step.kind {
                StepKind::Total => TOTAL,
                StepKind::Up => UP,
                StepKind::Down => DOWN,
            };
            let style = self.style;
            let words = style.fit(&stand.step.text, self.room);
            let width = style.width(&words);
            let left = (columns.middle(n) - width / 2.0).min(WIDTH - PAD - width).max(plot.left);
            let y = plot.y(stand.from.max(stand.to)) - 7.0;
            let below = plot.y(stand.from.min(stand.to)) + style.size + 5.0;
            let rows = [0.0, 1.0, 2.0].map(|row| y - row * (style.size + 3.5));
            let last = (stand.step.kind != StepKind::Total).then_some(below);
            let places: Vec<Area> =
                rows.into_iter().chain(last).map(|y| Area::of(left, y, &words, style)).collect();
            let Some(area) = room.place(&places) else { continue };
            let y = area.bottom - style.size * 0.24;
            let x = left + width / 2.0;
            canvas.text(&Text { x, y, words: &words, style, fill, anchor: Anchor::Middle, rim: Some(PAPER) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(kind: StepKind, amount: f64) -> Step {
        Step { label: "x".into(), amount, text: format!("{amount}"), kind }
    }

    fn exact(v: f64) -> String {
        format!("{v}")
    }

    #[test]
    fn small_movements_break_the_axis_and_zero_stays() {
        let steps = [
            step(StepKind::Total, 470_000.0),
            step(StepKind::Up, 12_000.0),
            step(StepKind::Down, 27_000.0),
            step(StepKind::Total, 455_000.0),
        ];
        let (scale, broken) = scale_of(&stands(&steps), &exact);
        assert!(broken && scale.low > 0.0 && scale.low < 455_000.0, "{scale:?}");
        let drawn = draw(&Waterfall { title: "t".into(), steps: steps.to_vec() }, &exact);
        assert!(drawn.contains(">0</text>"));
    }

    #[test]
    fn large_movements_keep_a_whole_axis() {
        let steps = [step(StepKind::Total, 100.0), step(StepKind::Down, 80.0), step(StepKind::Total, 20.0)];
        let (scale, broken) = scale_of(&stands(&steps), &exact);
        assert!(!broken);
        assert!(scale.low <= 0.0);
    }

    #[test]
    fn levels_follow_the_movements() {
        let steps = [step(StepKind::Total, 5.0), step(StepKind::Down, 8.0), step(StepKind::Up, f64::NAN)];
        let levels: Vec<f64> = stands(&steps).iter().map(|s| s.to).collect();
        assert_eq!(levels, [5.0, -3.0, -3.0]);
    }
}
