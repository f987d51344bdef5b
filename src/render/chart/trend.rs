//! How a value went: a line over periods, with the year before in grey and the usual band behind.

use super::draw::{ACCENT, Anchor, BAND, Canvas, INK, MUTED, PALE, PAPER, Stroke, Text, solid};
use super::frame::{self, Plot};
use super::levels;
use super::room::{Area, Room};
use super::scale::{self, count, drawable};
use super::words::{Style, bold, plain};
use super::{Band, Trend};

const HEIGHT: f64 = 172.0;
const PERIOD: Style = plain(12.5);
/// The widest the name of a period may be.
const PERIOD_ROOM: f64 = 96.0;
pub(super) const NOTE: Style = plain(12.5);
const LATEST: Style = bold(17.0);
const SERIES: Style = bold(12.5);
/// The widest the words right of the lines may be.
const MARGIN: f64 = 118.0;

/// A value's place: which period, and where.
pub(super) type Spot = (usize, (f64, f64));

/// The trend as SVG.
pub(super) fn draw(trend: &Trend, tick: &dyn Fn(f64) -> String) -> String {
    let mut canvas = Canvas::default();
    let top = frame::title(&mut canvas, &trend.title) + 28.0;
    let known: Vec<Option<f64>> = trend.points.iter().map(|p| p.value.and_then(drawable)).collect();
    let earlier: Vec<Option<f64>> =
        trend.before.iter().flat_map(|b| &b.values).map(|v| v.and_then(drawable)).collect();
    // Values past the last period have no place on the axis.
    let earlier = earlier.get(..known.len()).map_or(earlier.clone(), <[_]>::to_vec);
    let mut plot = Plot::new(scale_of(trend, &known, &earlier, tick), top, HEIGHT);
    let ends = Ends::of(trend, &known, &earlier);
    // The name of the last period is centred under the last value and needs its room too.
    let name = trend.points.last().map_or(0.0, |p| PERIOD.width(&p.label).min(PERIOD_ROOM) / 2.0);
    plot.right -= ends.width().max(name - 14.0);
    let line = spots(&plot, &known, known.len());
    let before = spots(&plot, &earlier, known.len());

    let band = trend.band.as_ref().and_then(|band| draw_band(&mut canvas, &plot, band));
    if line.is_empty() && before.is_empty() {
        frame::nothing(&mut canvas, &plot);
    } else {
        plot.grid(&mut canvas);
    }
    levels::draw(&mut canvas, &plot, &trend.levels);
    draw_line(&mut canvas, &before, solid(PALE, 2.0));
    draw_line(&mut canvas, &line, solid(ACCENT, 2.75));

    let mut room = Room::new(Area {
        left: plot.left,
        top: top - 22.0,
        right: plot.right + 2.0,
        bottom: plot.bottom + 4.0,
    });
    for spots in [&line, &before] {
        room.take_line(&spots.iter().map(|(_, at)| *at).collect::<Vec<_>>());
    }
    let mut margin = Room::new(Area { left: plot.right + 4.0, right: super::draw::WIDTH, ..room.bounds });
    ends.draw(&mut canvas, &plot, &line, &before).into_iter().for_each(|area| margin.take(area));
    levels::mark(&mut canvas, &trend.marks, &line, &mut room);
    levels::name(&mut canvas, &plot, &trend.levels, [&mut room, &mut margin]);
    note_extremes(&mut canvas, trend, &line, band, &mut room);
    if let (Some(edges), Some(band)) = (band, &trend.band) {
        note_band(&mut canvas, &plot, edges, &band.label, &mut room);
    }
    periods(&mut canvas, trend, &plot);
    canvas.finish(plot.bottom + 38.0, &trend.title)
}

fn scale_of(
    trend: &Trend,
    known: &[Option<f64>],
    earlier: &[Option<f64>],
    tick: &dyn Fn(f64) -> String,
) -> scale::Scale {
    let values = scale::extent(known.iter().chain(earlier).flatten().copied());
    let Some((low, high)) = values else {
        return scale::Scale { low: 0.0, high: 1.0, ticks: Vec::new() };
    };
    let (mut low, mut high) = scale::with_zero((low, high));
    let edges = trend.band.iter().flat_map(|band| [band.low, band.high]);
    for edge in edges.chain(trend.levels.iter().map(|level| level.at)).filter_map(drawable) {
        // A far edge would press the line flat: the band is then cut at the plot's edge.
        let span = high - low;
        if edge >= low - span && edge <= high + span || span == 0.0 {
            (low, high) = (low.min(edge), high.max(edge));
        }
    }
    scale::scale((low, high), tick)
}

/// Where the values are, the first at the left and the last period at the right.
fn spots(plot: &Plot, values: &[Option<f64>], periods: usize) -> Vec<Spot> {
    let known = values.iter().enumerate().filter_map(|(n, value)| Some((n, (*value)?)));
    known.map(|(n, value)| (n, (x_of(plot, n, periods), plot.y(value)))).collect()
}

fn x_of(plot: &Plot, n: usize, periods: usize) -> f64 {
    let (left, right) = (plot.left + 10.0, plot.right - 6.0);
    if periods < 2 { right } else { left + (right - left) * count(n) / count(periods - 1) }
}

/// A line that breaks where periods have no value; a value alone between gaps is a dot.
fn draw_line(canvas: &mut Canvas, spots: &[Spot], stroke: Stroke) {
    for run in spots.chunk_by(|(a, _), (b, _)| a + 1 == *b) {
        match run {
            [(_, at)] => canvas.dot(*at, stroke.width + 0.75, stroke.colour),
            _ => canvas.line(&run.iter().map(|(_, at)| *at).collect::<Vec<_>>(), stroke),
        }
    }
}

/// Draws the band as far as it is inside the plot and answers its upper and lower edge there.
fn draw_band(canvas: &mut Canvas, plot: &Plot, band: &Band) -> Option<(f64, f64)> {
    let (low, high) = (drawable(band.low)?, drawable(band.high)?);
    if plot.scale.ticks.is_empty() || high <= low || high < plot.scale.low || low > plot.scale.high {
        return None;
    }
    let (upper, lower) = (plot.y(high), plot.y(low));
    canvas.rect((plot.left, upper), (plot.right - plot.left, lower - upper), BAND);
    Some((upper, lower))
}

fn note_band(canvas: &mut Canvas, plot: &Plot, (upper, lower): (f64, f64), label: &str, room: &mut Room) {
    let words = NOTE.fit(label, plot.right - plot.left - 16.0);
    let width = NOTE.width(&words);
    let (left, right) = (plot.left + 8.0, plot.right - 8.0 - width);
    let inside = lower - upper >= 18.0;
    let rows = if inside {
        [lower - 6.0, upper + 14.5, upper - 5.0]
    } else {
        [upper - 5.0, upper - 18.0, upper - 31.0]
    };
    let columns = (0..=8).map(|n| left + (right - left) * f64::from(n) / 8.0);
    let places: Vec<Area> =
        rows.iter().flat_map(|y| columns.clone().map(|x| Area::of(x, *y, &words, NOTE))).collect();
    if let Some(area) = room.place_somewhere(&places) {
        let y = area.bottom - NOTE.size * 0.24;
        canvas.text(&Text {
            x: area.left,
            y,
            words: &words,
            style: NOTE,
            fill: MUTED,
            anchor: Anchor::Start,
            rim: Some(ground(Some((upper, lower)), &area)),
        });
    }
}

/// What a label stands on.
fn ground(edges: Option<(f64, f64)>, area: &Area) -> &'static str {
    let middle = f64::midpoint(area.top, area.bottom);
    if edges.is_some_and(|(upper, lower)| middle > upper && middle < lower) { BAND } else { PAPER }
}

/// Names the highest and the lowest value where there is room; the last one is named in the margin.
fn note_extremes(
    canvas: &mut Canvas,
    trend: &Trend,
    line: &[Spot],
    edges: Option<(f64, f64)>,
    room: &mut Room,
) {
    let Some((last, end)) = line.last() else { return };
    room.take(Area { left: end.0 - 8.0, top: end.1 - 8.0, right: end.0 + 8.0, bottom: end.1 + 8.0 });
    // Of equal values the latest is named; y grows downwards.
    let highest = line.iter().rev().min_by(|a, b| a.1.1.total_cmp(&b.1.1));
    let lowest = line.iter().rev().max_by(|a, b| a.1.1.total_cmp(&b.1.1).then(a.0.cmp(&b.0)));
    let (Some(highest), Some(lowest)) = (highest, lowest) else { return };
    if lowest.1.1 - highest.1.1 < 8.0 {
        return;
    }
    for (spot, sides) in [(highest, [-1.0, 1.0]), (lowest, [1.0, -1.0])] {
        let (n, (x, y)) = *spot;
        let Some(point) = trend.points.get(n).filter(|_| n != *last && (end.1 - y).abs() > 1.0) else {
            continue;
        };
        let width = NOTE.width(&point.text);
        let places: Vec<Area> = sides
            .iter()
            .flat_map(|side| {
                let base = if *side < 0.0 { y - 9.0 } else { y + 18.5 };
                [0.5, 0.3, 0.7, 0.1, 0.9].map(|share| Area::of(x - width * share, base, &point.text, NOTE))
            })
            .collect();
        if let Some(area) = room.place(&places) {
            canvas.dot((x, y), 3.5, ACCENT);
            let y = area.bottom - NOTE.size * 0.24;
            canvas.text(&Text {
                x: area.left,
                y,
                words: &point.text,
                style: NOTE,
                fill: INK,
                anchor: Anchor::Start,
                rim: Some(ground(edges, &area)),
            });
        }
    }
}

/// Names of periods, thinned so that they stand apart; the last is always named.
fn periods(canvas: &mut Canvas, trend: &Trend, plot: &Plot) {
    let Some(last) = trend.points.len().checked_sub(1) else { return };
    let names: Vec<String> = trend.points.iter().map(|p| PERIOD.fit(&p.label, PERIOD_ROOM)).collect();
    let widest = names.iter().map(|name| PERIOD.width(name)).fold(0.0, f64::max) + 12.0;
    // The first name may have to move in from the edge of the card.
    let moved = (super::draw::PAD + widest / 2.0 - x_of(plot, 0, names.len())).max(0.0);
    let widest = widest + moved;
    let pitch = x_of(plot, 1, names.len()) - x_of(plot, 0, names.len());
    let narrowest = (1..last.max(1)).find(|step| pitch * count(*step) >= widest).unwrap_or(last.max(1));
    // A step that also meets the first period reads better, if one is near.
    let usual = || [1, 2, 3, 4, 6, 12, 24].into_iter().find(|step| *step >= narrowest);
    let step = (narrowest..=narrowest * 2).find(|step| last % step == 0).or_else(usual).unwrap_or(narrowest);
    for (n, words) in names.iter().enumerate().filter(|(n, _)| (last - n) % step == 0) {
        let half = PERIOD.width(words) / 2.0;
        let x = x_of(plot, n, names.len()).max(super::draw::PAD + half);
        let fill = if n == last { INK } else { MUTED };
        let y = plot.bottom + 22.0;
        canvas.text(&Text { x, y, words, style: PERIOD, fill, anchor: Anchor::Middle, rim: None });
    }
}

/// The words right of the lines: the last value and what it is, and what the grey line is.
struct Ends {
    value: (String, Style),
    series: Vec<String>,
    before: Vec<String>,
}

impl Ends {
    fn of(trend: &Trend, known: &[Option<f64>], earlier: &[Option<f64>]) -> Self {
        let mut ends = Self { value: (String::new(), LATEST), series: Vec::new(), before: Vec::new() };
        let last = trend.points.iter().zip(known).rev().find(|(_, value)| value.is_some());
        if let Some((point, _)) = last {
            let style = LATEST.shrunk([point.text.as_str()].into_iter(), MARGIN, 11.0);
            ends.value = (style.fit(&point.text, MARGIN), style);
            ends.series = SERIES.wrap(&trend.series, MARGIN, 3);
        }
        if let Some(before) = trend.before.as_ref().filter(|_| earlier.iter().any(Option::is_some)) {
            ends.before = NOTE.wrap(&before.label, MARGIN, 3);
        }
        ends
    }

    /// The room they need, the gap to the lines included.
    fn width(&self) -> f64 {
        let series = self.series.iter().map(|line| SERIES.width(line));
        let before = self.before.iter().map(|line| NOTE.width(line));
        let widest = series.chain(before).fold(self.value.1.width(&self.value.0), f64::max);
        if widest > 0.0 { widest + 12.0 } else { 16.0 }
    }

    /// Writes them, and answers what they cover.
    fn draw(&self, canvas: &mut Canvas, plot: &Plot, line: &[Spot], before: &[Spot]) -> Vec<Area> {
        let x = plot.right + 8.0;
        let ends = [line.last(), before.last()].map(|spot| spot.map(|(_, at)| *at));
        let heights = [20.0 + count(self.series.len()) * 15.5, count(self.before.len()) * 15.5 + 2.0];
        let tops =
            stacked(ends.map(|at| at.map(|(_, y)| y - 10.0)), heights, (plot.top - 16.0, plot.bottom + 4.0));
        for (end, colour) in ends.into_iter().zip([ACCENT, PALE]) {
            // A line that stops early is led to its words.
            if let Some((from, y)) = end.filter(|(from, _)| *from < plot.right - 12.0) {
                canvas.line(&[(from + 8.0, y), (plot.right, y)], Stroke { colour, width: 2.0, dotted: true });
            }
        }
        if let (Some(at), Some(top)) = (ends[0], tops[0]) {
            canvas.dot(at, 5.0, ACCENT);
            let (words, style) = &self.value;
            canvas.text(&Text {
                x,
                y: top + 16.0,
                words,
                style: *style,
                fill: ACCENT,
                anchor: Anchor::Start,
                rim: None,
            });
            write(canvas, (x, top + 32.0), &self.series, SERIES, ACCENT);
        }
        if let Some(top) = tops[1] {
            write(canvas, (x, top + 14.0), &self.before, NOTE, MUTED);
        }
        let right = super::draw::WIDTH;
        let covered = tops.into_iter().zip(heights).filter_map(|(top, height)| Some((top?, height)));
        covered.map(|(top, height)| Area { left: x, top, right, bottom: top + height }).collect()
    }
}

pub(super) fn write(
    canvas: &mut Canvas,
    (x, y): (f64, f64),
    lines: &[String],
    style: Style,
    fill: &'static str,
) {
    for (n, words) in lines.iter().enumerate() {
        let y = y + count(n) * 15.5;
        canvas.text(&Text { x, y, words, style, fill, anchor: Anchor::Start, rim: None });
    }
}

/// Moves two blocks apart just as far as they overlap, and keeps them between the limits.
fn stacked(wanted: [Option<f64>; 2], heights: [f64; 2], (least, most): (f64, f64)) -> [Option<f64>; 2] {
    let kept = |top: f64, height: f64| top.min(most - height).max(least);
    let [Some(one), Some(two)] = wanted else {
        return [wanted[0].map(|top| kept(top, heights[0])), wanted[1].map(|top| kept(top, heights[1]))];
    };
    // Lines that end together low in the plot: the grey words go above, where there is room.
    let swapped = two < one || (two - one < 6.0 && one > f64::midpoint(least, most));
    let ((upper, upper_height), (lower, lower_height)) =
        if swapped { ((two, heights[1]), (one, heights[0])) } else { ((one, heights[0]), (two, heights[1])) };
    let overlap = (upper + upper_height + 4.0 - lower).max(0.0);
    // The subject of the chart stays at its line if it can; the grey words give way.
    let upper = kept(if swapped { upper - overlap } else { upper }, upper_height + 4.0 + lower_height);
    let lower = kept(lower.max(upper + upper_height + 4.0), lower_height);
    if swapped { [Some(lower), Some(upper)] } else { [Some(upper), Some(lower)] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_never_overlap_and_stay_inside() {
        for one in (0..300).step_by(9).map(f64::from) {
            for two in (0..300).step_by(7).map(f64::from) {
                let [Some(a), Some(b)] = stacked([Some(one), Some(two)], [51.0, 33.0], (40.0, 220.0)) else {
                    panic!("both were wanted")
                };
                assert!(
                    a >= 40.0 && b >= 40.0 && a + 51.0 <= 220.0 && b + 33.0 <= 220.0,
                    "{one} {two}: {a} {b}"
                );
                assert!(a + 51.0 <= b || b + 33.0 <= a, "{one} {two}: {a} {b}");
            }
        }
    }
}
