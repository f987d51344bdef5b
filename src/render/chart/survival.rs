//! How long customers stay: curves that fall in steps from all to those left, with the month in which half
//! are left, and a band for how sure that is.

use super::draw::{ACCENT, Anchor, Canvas, DOWN, MUTED, PALE, PAPER, Stroke, TOTAL, Text, ZERO, solid};
use super::ends::{self, End};
use super::frame::{self, Plot, TICK};
use super::room::{Area, Room};
use super::scale::{Scale, count, drawable};
use super::words::{Style, bold};
use super::{Curve, Median, Survival};

const HEIGHT: f64 = 196.0;
/// The most curves that can be told apart.
const MOST: usize = 5;
const MEDIAN: Style = bold(13.0);
/// The tint of the first curve's band.
const BAND: &str = "#dfeaf5";
/// The level whose month is marked.
const HALF: f64 = 0.5;
/// The least distance of two corners that is seen, and the least that matters to words beside them.
const SEEN: f64 = 0.4;
const NEAR: f64 = 3.0;
/// At how many corners of the band's outline its words may stand.
const STOPS: usize = 48;
/// The last month that is drawn: a hundred years.
const LATEST: f64 = 1200.0;
/// The colours of lines and of words beside them: two blues and two vermilions, each pair apart in
/// lightness, and a dark grey between.
const COLOURS: [(&str, &str); MOST] =
    [(ACCENT, ACCENT), (DOWN, DOWN), (TOTAL, TOTAL), ("#5aa9e0", "#256fa6"), ("#e8a27c", "#a3561f")];

/// The curves as SVG; `tick` prints a month.
pub(super) fn draw(survival: &Survival, tick: &dyn Fn(f64) -> String) -> String {
    let mut canvas = Canvas::default();
    let top = frame::title(&mut canvas, &survival.title) + 20.0;
    let curves: Vec<(&Curve, Vec<(f64, f64)>)> =
        survival.curves.iter().map(|curve| (curve, steps(curve))).take(MOST).collect();
    let scale = Scale { low: 0.0, high: 1.0, ticks: survival.levels.clone() };
    let mut plot = Plot::new(scale, top, HEIGHT);
    let rows = if curves.len() > 3 { 1 } else { 2 };
    let words = curves.iter().zip(COLOURS);
    let ends: Vec<End> =
        words.map(|((curve, _), colours)| End::new(&curve.last, &curve.label, rows, colours)).collect();
    plot.right -= ends::width(&ends).max(16.0);
    let months = Months::of(&plot, &curves);

    let path = |steps: &[(f64, f64)]| -> Vec<(f64, f64)> {
        stairs(steps).into_iter().map(|(month, share)| (months.x(month), plot.y(share))).collect()
    };
    let band = curves.first().map(|(curve, _)| band(curve, &months, &plot)).unwrap_or_default();
    if !band.is_empty() {
        canvas.area(&band, BAND);
    }
    levels(&mut canvas, &plot);
    let paths: Vec<Vec<(f64, f64)>> = curves.iter().map(|(_, steps)| thinned(&path(steps), SEEN)).collect();
    // The first curve is the subject: it is drawn over the others.
    for (path, (line, _)) in paths.iter().zip(COLOURS).rev() {
        canvas.line(path, solid(line, 2.5));
    }
    let mut room = Room::new(Area {
        left: plot.left + 4.0,
        top: plot.top,
        right: plot.right,
        bottom: plot.bottom - 4.0,
    });
    for path in &paths {
        room.take_line(&thinned(path, NEAR));
    }
    medians(&mut canvas, &curves, &months, &plot, &mut room);
    if !band.is_empty() {
        let half = [plot.left, plot.right].map(|x| (x, plot.y(HALF)));
        let aim = months.away_from(curves.first().and_then(|(curve, _)| curve.median.as_ref()));
        note_band(&mut canvas, &survival.band, &band, &half, aim, &mut room);
    }
    let last: Vec<(f64, f64)> = paths.iter().filter_map(|path| path.last().copied()).collect();
    ends::draw(&mut canvas, &plot, &ends, &last);
    months.names(&mut canvas, &plot, tick);
    let bottom = plot.axis(&mut canvas, plot.bottom + 22.0, &survival.axis);
    canvas.finish(bottom + 14.0, &survival.title)
}

/// The steps from all at the start on, in order and within what can be drawn.
fn steps(curve: &Curve) -> Vec<(f64, f64)> {
    let mut steps: Vec<(f64, f64)> = curve
        .steps
        .iter()
        .filter_map(|(month, share)| {
            Some((drawable(*month)?.clamp(0.0, LATEST), drawable(*share)?.clamp(0.0, 1.0)))
        })
        .collect();
    steps.sort_by(|a, b| a.0.total_cmp(&b.0));
    if steps.first().is_none_or(|(month, _)| *month > 0.0) {
        steps.insert(0, (0.0, 1.0));
    }
    steps
}

/// The corners of stairs through the steps: each value holds until the next.
fn stairs(steps: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut corners: Vec<(f64, f64)> = Vec::with_capacity(steps.len() * 2);
    for (month, share) in steps {
        if let Some((_, before)) = corners.last() {
            corners.push((*month, *before));
        }
        corners.push((*month, *share));
    }
    corners
}

/// The path without corners closer together than `least`; thousands of customers make as many steps.
fn thinned(path: &[(f64, f64)], least: f64) -> Vec<(f64, f64)> {
    let mut kept: Vec<(f64, f64)> = Vec::new();
    for at in path {
        if kept.last().is_none_or(|had| (at.0 - had.0).abs() + (at.1 - had.1).abs() >= least) {
            kept.push(*at);
        }
    }
    kept.extend(path.last().filter(|end| kept.last() != Some(end)));
    kept
}

/// The outline of the band, along its upper edge and back along its lower; empty when there is none.
fn band(curve: &Curve, months: &Months, plot: &Plot) -> Vec<(f64, f64)> {
    let mut known: Vec<(f64, f64, f64)> = curve
        .band
        .iter()
        .filter_map(|(month, low, high)| Some((drawable(*month)?, drawable(*low)?, drawable(*high)?)))
        .collect();
    known.sort_by(|a, b| a.0.total_cmp(&b.0));
    // It holds as long as the curve does.
    let end = steps(curve).last().map_or(0.0, |(month, _)| *month);
    known.retain(|(month, ..)| (0.0..=end).contains(month));
    known.extend(known.last().map(|(_, low, high)| (end, *low, *high)));
    if known.len() < 2 {
        return Vec::new();
    }
    let edge = |pick: &dyn Fn(&(f64, f64, f64)) -> f64| {
        let steps: Vec<(f64, f64)> = known.iter().map(|step| (step.0, pick(step).clamp(0.0, 1.0))).collect();
        let at = stairs(&steps).into_iter().map(|(month, share)| (months.x(month), plot.y(share)));
        thinned(&at.collect::<Vec<_>>(), SEEN)
    };
    let (upper, lower) = (edge(&|step| step.2), edge(&|step| step.1));
    upper.into_iter().chain(lower.into_iter().rev()).collect()
}

/// The lines of the shares, one half's dotted.
fn levels(canvas: &mut Canvas, plot: &Plot) {
    let whole = Plot {
        scale: Scale {
            ticks: plot.scale.ticks.iter().filter(|(share, _)| *share != HALF).cloned().collect(),
            ..plot.scale
        },
        ..*plot
    };
    whole.grid(canvas);
    let y = plot.y(HALF);
    canvas.line(&[(plot.left, y), (plot.right, y)], Stroke { colour: ZERO, width: 1.5, dotted: true });
    for (_, label) in plot.scale.ticks.iter().filter(|(share, _)| *share == HALF) {
        plot.tick(canvas, y, label);
    }
}

/// Marks where curves pass one half, and writes the month where there is room: in words beside the first.
fn medians(
    canvas: &mut Canvas,
    curves: &[(&Curve, Vec<(f64, f64)>)],
    months: &Months,
    plot: &Plot,
    room: &mut Room,
) {
    let y = plot.y(HALF);
    let found: Vec<(f64, &Median, (&str, &'static str))> = curves
        .iter()
        .zip(COLOURS)
        .filter_map(|((curve, _), colours)| {
            let median = curve.median.as_ref()?;
            let month = drawable(median.months).filter(|month| (0.0..=months.last).contains(month))?;
            Some((months.x(month), median, colours))
        })
        .collect();
    if let ([(x, ..)], 1) = (found.as_slice(), curves.len()) {
        canvas.line(&[(*x, y), (*x, plot.bottom)], Stroke { colour: ZERO, width: 1.5, dotted: true });
    }
    for (x, _, (line, _)) in &found {
        canvas.dot((*x, y), 5.0, line);
        room.take(Area { left: x - 6.0, top: y - 6.0, right: x + 6.0, bottom: y + 6.0 });
    }
    let (mut noted, mut worded): (Vec<f64>, bool) = (Vec::new(), false);
    for (x, median, (_, fill)) in found {
        // Numbers of months that all but coincide would only be in each other's way.
        if noted.iter().any(|other| (other - x).abs() < 14.0) {
            continue;
        }
        let alone = curves.len() == 1;
        let words = (!worded).then(|| beside(x, y, &median.words));
        let text = || beside(x, y, &median.text);
        let place = words
            .and_then(|places| if alone { room.place_somewhere(&places) } else { room.place(&places) })
            .map(|area| (area, &median.words))
            .or_else(|| Some((room.place(&text())?, &median.text)));
        let Some((area, words)) = place else { continue };
        noted.push(x);
        worded |= *words == median.words;
        let (x, y, anchor) = (area.left, area.bottom - MEDIAN.size * 0.24, Anchor::Start);
        canvas.text(&Text { x, y, words, style: MEDIAN, fill, anchor, rim: Some(PAPER) });
    }
}

/// Places for words beside a mark, the nearest first.
fn beside(x: f64, y: f64, words: &str) -> Vec<Area> {
    let width = MEDIAN.width(words);
    let columns = [x + 9.0, x - width - 9.0, x + 6.5, x - width - 6.5];
    let rows = [y - 9.5, y + 19.0, y - 24.0, y + 34.0];
    rows.iter().flat_map(|row| columns.map(|column| Area::of(column, *row, words, MEDIAN))).collect()
}

/// Says what the band is: under its lower edge or over its upper one, near `aim`.
fn note_band(
    canvas: &mut Canvas,
    words: &str,
    outline: &[(f64, f64)],
    half: &[(f64, f64)],
    aim: f64,
    room: &mut Room,
) {
    let outline = thinned(outline, NEAR);
    room.take_line(&outline);
    room.take_line(half);
    let width = TICK.width(words);
    let places = |shift: [f64; 3], left: f64| {
        outline
            .iter()
            .step_by(outline.len().div_ceil(STOPS).max(1))
            .flat_map(move |(x, y)| shift.map(|shift| Area::of(x - left, y + shift, words, TICK)))
            .collect::<Vec<_>>()
    };
    let (under, over) = (places([15.0, 20.0, 26.0], width), places([-6.0, -10.0, -16.0], 0.0));
    let mut all: Vec<Area> = under.into_iter().chain(over).collect();
    let off = |area: &Area| (f64::midpoint(area.left, area.right) - aim).abs();
    all.sort_by(|a, b| off(a).total_cmp(&off(b)));
    let Some(area) = room.place(&all).or_else(|| room.place_somewhere(&all)) else { return };
    let (x, y, anchor) = (area.left, area.bottom - TICK.size * 0.24, Anchor::Start);
    canvas.text(&Text { x, y, words, style: TICK, fill: MUTED, anchor, rim: Some(PAPER) });
}

/// The axis of months.
struct Months {
    left: f64,
    right: f64,
    last: f64,
}

impl Months {
    fn of(plot: &Plot, curves: &[(&Curve, Vec<(f64, f64)>)]) -> Self {
        let ends = curves.iter().filter_map(|(_, steps)| steps.last()).map(|(month, _)| *month);
        Self { left: plot.left, right: plot.right, last: ends.fold(1.0, f64::max) }
    }

    fn x(&self, month: f64) -> f64 {
        self.left + (month / self.last).clamp(0.0, 1.0) * (self.right - self.left)
    }

    /// The middle of the longer side of the median, so that words there are not read with the median's.
    fn away_from(&self, median: Option<&Median>) -> f64 {
        let middle = f64::midpoint(self.left, self.right);
        let Some(x) = median.map(|median| self.x(median.months)).filter(|x| x.is_finite()) else {
            return middle;
        };
        f64::midpoint(x, if x < middle { self.right } else { self.left })
    }

    /// Writes months under the plot, in steps that years are made of.
    fn names(&self, canvas: &mut Canvas, plot: &Plot, tick: &dyn Fn(f64) -> String) {
        let widest = TICK.width(&tick(self.last.floor())) + 16.0;
        let most = ((self.right - self.left) / widest).clamp(2.0, 9.0);
        let mut steps = [1.0, 2.0, 3.0, 6.0, 12.0, 24.0, 36.0, 60.0, 120.0].into_iter();
        let step = steps.find(|step| self.last / step <= most).unwrap_or(300.0);
        for n in 0..=((self.last / step) as usize) {
            let month = count(n) * step;
            let x = self.x(month);
            canvas.line(&[(x, plot.bottom), (x, plot.bottom + 4.0)], solid(PALE, 1.0));
            let (words, y, anchor) = (tick(month), plot.bottom + 19.0, Anchor::Middle);
            canvas.text(&Text { x, y, words: &words, style: TICK, fill: MUTED, anchor, rim: None });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(steps: &[(f64, f64)]) -> Curve {
        Curve {
            label: "all".into(),
            last: "40 %".into(),
            steps: steps.to_vec(),
            band: Vec::new(),
            median: None,
        }
    }

    fn survival(curves: Vec<Curve>) -> Survival {
        let levels = [0.0, 0.5, 1.0].map(|share| (share, format!("{share}"))).to_vec();
        Survival { title: "t".into(), axis: "a".into(), levels, band: "sure".into(), curves }
    }

    #[test]
    fn a_share_holds_until_the_next_step() {
        let steps = steps(&curve(&[(6.0, 0.5), (2.0, 0.8), (f64::NAN, 0.1), (9.0, -1.0)]));
        assert_eq!(steps, [(0.0, 1.0), (2.0, 0.8), (6.0, 0.5), (9.0, 0.0)]);
        assert_eq!(stairs(&steps)[..4], [(0.0, 1.0), (2.0, 1.0), (2.0, 0.8), (6.0, 0.8)]);
    }

    #[test]
    fn thousands_of_steps_make_no_longer_a_path_than_can_be_seen() {
        let many: Vec<(f64, f64)> =
            (0..20_000).map(|n| (f64::from(n) / 500.0, 1.0 - f64::from(n) / 30_000.0)).collect();
        let drawn = draw(&survival(vec![curve(&many)]), &|v| format!("{v}"));
        assert!(drawn.len() < 40_000, "{}", drawn.len());
    }

    #[test]
    fn half_is_dotted_and_its_month_is_said_in_words_once() {
        let median = |months: f64| {
            Some(Median { months, text: format!("{months}"), words: format!("half after {months}") })
        };
        let one = Curve { median: median(10.0), ..curve(&[(10.0, 0.5), (24.0, 0.3)]) };
        let two = Curve { median: median(20.0), ..curve(&[(20.0, 0.5), (24.0, 0.4)]) };
        let past = Curve { median: median(99.0), ..curve(&[(24.0, 0.8)]) };
        let drawn = draw(&survival(vec![one.clone(), two, past.clone()]), &|v| format!("{v}"));
        assert_eq!(drawn.matches("half after").count(), 1);
        assert!(drawn.contains(">half after 10<") && drawn.contains(">20<"));
        assert_eq!(drawn.matches("<circle").count(), 2, "a median past the last month has no place");
        assert_eq!(drawn.matches("stroke-dasharray").count(), 1);
        let alone = draw(&survival(vec![one]), &|v| format!("{v}"));
        assert_eq!(alone.matches("stroke-dasharray").count(), 2, "alone, it is led to its month");
    }

    #[test]
    fn only_the_first_curve_has_its_band() {
        let with = |band: Vec<(f64, f64, f64)>| Curve { band, ..curve(&[(5.0, 0.6), (9.0, 0.4)]) };
        let edges = vec![(0.0, 1.0, 1.0), (5.0, 0.5, 0.7), (99.0, 0.0, 1.0), (f64::NAN, 0.0, 1.0)];
        let bands = |curves: Vec<Curve>| draw(&survival(curves), &|v| format!("{v}")).matches(BAND).count();
        assert_eq!(bands(vec![with(edges.clone())]), 1);
        assert_eq!(bands(vec![with(edges.clone()), with(edges.clone())]), 1);
        assert_eq!(bands(vec![with(Vec::new()), with(edges)]), 0);
    }
}
