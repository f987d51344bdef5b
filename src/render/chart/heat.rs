//! Who stayed how long: a row for each cohort, a column for each month since it joined, and a tint that
//! darkens with the share that is left.

use super::draw::{Anchor, Canvas, INK, MUTED, PAD, PAPER, Text, WIDTH};
use super::frame::{self, AXIS};
use super::scale::{count, drawable};
use super::words::{Style, bold, plain};
use super::{Cell, Cohort, Heat};

/// The most cohorts and the most months that are drawn: a year and the month it began with.
const MOST: usize = 13;
const NAME: Style = plain(13.0);
/// The widest the name of a cohort may be beside 13 months, and beside few.
const NAME_ROOM: (f64, f64) = (104.0, 230.0);
/// The widest the size of a cohort may be.
const SIZE_ROOM: f64 = 74.0;
const HEAD: Style = plain(12.5);
/// From one cell to the next, where there are few.
const WIDEST: f64 = 64.0;
/// From one cell to the next, where long names want some of the room.
const ROOMY: f64 = 50.0;
/// Between two cells.
const GAP: f64 = 2.0;
/// The least difference that spans the whole ramp: less would make noise look like news.
const LEAST_SPAN: f64 = 0.2;

/// Light to dark. No tint is of the middling lightness on which neither black nor white words are readable.
pub(super) const RAMP: [&str; 10] = [
    "#e9f1f9", "#d7e5f3", "#c1d8ed", "#a5c8e5", "#82b4da", "#5598cb", "#2b74b8", "#0f5ba6", "#0a4684",
    "#073260",
];
/// The first tint with white words.
pub(super) const DARK: usize = 6;

/// The triangle as SVG.
pub(super) fn draw(heat: &Heat) -> String {
    let mut canvas = Canvas::default();
    let top = frame::title(&mut canvas, &heat.title) + 6.0;
    let rows = heat.rows.get(heat.rows.len().saturating_sub(MOST)..).unwrap_or_default();
    let grid = Grid::of(rows, &heat.start, top);
    let top = grid.heads(&mut canvas, heat);
    let (low, high) = extent(rows);
    let style = Print::of(rows, &grid);
    for (n, row) in rows.iter().enumerate() {
        let y = top + count(n) * grid.height;
        let base = y + grid.height / 2.0 - GAP / 2.0 + 4.5;
        let write = |canvas: &mut Canvas, x, words: &str, style, fill, anchor| {
            canvas.text(&Text { x, y: base, words, style, fill, anchor, rim: None });
        };
        write(&mut canvas, PAD, &NAME.fit(&row.label, grid.names), NAME, INK, Anchor::Start);
        let size = HEAD.fit(&row.size, SIZE_ROOM);
        write(&mut canvas, grid.sizes, &size, HEAD, MUTED, Anchor::End);
        for (month, cell) in known(row).iter().enumerate() {
            let x = grid.left + count(month) * grid.pitch;
            let Some(cell) = cell else {
                // A gap among known shares is not the end of the cohort.
                write(&mut canvas, x + grid.pitch / 2.0, "–", HEAD, MUTED, Anchor::Middle);
                continue;
            };
            let tint = tint(cell.share, low, high);
            let fill = RAMP.get(tint).copied().unwrap_or(PAPER);
            canvas.rect((x, y), (grid.pitch - GAP, grid.height - GAP), fill);
            let middle = x + (grid.pitch - GAP) / 2.0;
            let fill = if tint < DARK { INK } else { PAPER };
            write(&mut canvas, middle, &style.words(cell), style.style, fill, Anchor::Middle);
        }
    }
    canvas.finish(top + count(rows.len()) * grid.height + 18.0, &heat.title)
}

/// The cells up to the last known one.
fn known(row: &Cohort) -> &[Option<Cell>] {
    let cells = row.cells.get(..MOST).unwrap_or(&row.cells);
    let end = cells.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
    cells.get(..end).unwrap_or_default()
}

/// Where things stand.
struct Grid {
    top: f64,
    /// The room for names.
    names: f64,
    /// Where the sizes end.
    sizes: f64,
    /// Where the cells begin.
    left: f64,
    pitch: f64,
    height: f64,
    months: usize,
}

impl Grid {
    fn of(rows: &[Cohort], start: &str, top: f64) -> Self {
        let widest = rows.iter().map(|row| HEAD.width(&row.size)).fold(0.0, f64::max);
        let heading = if widest > 0.0 { HEAD.width(start) } else { 0.0 };
        let column = widest.max(heading).min(SIZE_ROOM);
        let months = rows.iter().map(|row| known(row).len()).max().unwrap_or(0).max(1);
        let spare = WIDTH - 2.0 * PAD - column - 22.0 - count(months) * ROOMY;
        let room = spare.clamp(NAME_ROOM.0, NAME_ROOM.1);
        let names = rows.iter().map(|row| NAME.width(&row.label)).fold(0.0, f64::max).min(room);
        let sizes = PAD + names + if column > 0.0 { 12.0 + column } else { 0.0 };
        let left = sizes + 10.0;
        let pitch = ((WIDTH - PAD + GAP - left) / count(months)).min(WIDEST);
        let height = if rows.len() > 8 { 27.0 } else { 31.0 };
        Self { top, names, sizes, left, pitch, height, months }
    }

    /// Says what the columns are, and answers where the first row begins.
    fn heads(&self, canvas: &mut Canvas, heat: &Heat) -> f64 {
        // Words too long for the room over the cells may begin over the names.
        let over = WIDTH - PAD - self.left;
        let x = if AXIS.width(&heat.axis) <= over { self.left } else { PAD };
        let lines = AXIS.wrap(&heat.axis, WIDTH - PAD - x, 2);
        let mut y = self.top;
        for words in &lines {
            y += 16.0;
            canvas.text(&Text { x, y, words, style: AXIS, fill: MUTED, anchor: Anchor::Start, rim: None });
        }
        y += 19.0;
        if heat.rows.iter().any(|row| !row.size.is_empty()) {
            let words = HEAD.fit(&heat.start, SIZE_ROOM);
            let (x, anchor) = (self.sizes, Anchor::End);
            canvas.text(&Text { x, y, words: &words, style: HEAD, fill: MUTED, anchor, rim: None });
        }
        for month in 0..self.months {
            let x = self.left + (count(month) + 0.5) * self.pitch - GAP / 2.0;
            let (words, anchor) = (month.to_string(), Anchor::Middle);
            canvas.text(&Text { x, y, words: &words, style: HEAD, fill: MUTED, anchor, rim: None });
        }
        y + 8.0
    }
}

/// How the shares are printed: with their sign where all have room for it, else bare.
struct Print {
    style: Style,
    bare: bool,
    room: f64,
}

impl Print {
    fn of(rows: &[Cohort], grid: &Grid) -> Self {
        let cells = || rows.iter().flat_map(known).flatten();
        let room = grid.pitch - GAP - 3.0;
        let signed = bold(14.0).shrunk(cells().map(|cell| cell.text.as_str()), room, 13.0);
        if cells().all(|cell| signed.width(&cell.text) <= room) {
            return Self { style: signed, bare: false, room };
        }
        let bare = bold(14.0).shrunk(cells().map(|cell| cell.bare.as_str()), room, 9.0);
        Self { style: bare, bare: true, room }
    }

    fn words(&self, cell: &Cell) -> String {
        self.style.fit(if self.bare { &cell.bare } else { &cell.text }, self.room)
    }
}

/// The shares that the lightest and the darkest tint stand for. In month 0 all are there: that would only
/// press the others together.
fn extent(rows: &[Cohort]) -> (f64, f64) {
    let shares = |from: usize| {
        rows.iter()
            .flat_map(move |row| known(row).iter().skip(from))
            .flatten()
            .filter_map(|cell| drawable(cell.share))
            .fold(None, |had: Option<(f64, f64)>, share| {
                Some(had.map_or((share, share), |(low, high)| (low.min(share), high.max(share))))
            })
    };
    let (low, high) = shares(1).or_else(|| shares(0)).unwrap_or((0.0, 1.0));
    (low.min(high - LEAST_SPAN), high)
}

/// Which tint stands for a value between two others.
pub(super) fn tint(share: f64, low: f64, high: f64) -> usize {
    let share = drawable(share).unwrap_or(low);
    let step = ((share - low) / (high - low)).clamp(0.0, 1.0) * count(RAMP.len());
    (step as usize).min(RAMP.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Contrast of two colours as WCAG 2.2 defines it, 1 to 21.
    fn contrast(one: &str, two: &str) -> f64 {
        let luminance = |colour: &str| {
            let part = |at: usize| {
                let c = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
                if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
        };
        let (a, b) = (luminance(one), luminance(two));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn words_are_readable_on_every_tint_and_tints_only_darken() {
        for (n, tint) in RAMP.iter().enumerate() {
            let words = if n < DARK { INK } else { PAPER };
            assert!(contrast(tint, words) >= 4.5, "{words} on {tint}: {}", contrast(tint, words));
        }
        assert!(RAMP.windows(2).all(|pair| contrast(pair[0], PAPER) < contrast(pair[1], PAPER)));
        assert!((contrast("#000000", "#ffffff") - 21.0).abs() < 1e-9);
    }

    fn cohort(shares: &[Option<f64>]) -> Cohort {
        let cell = |share: &f64| {
            let bare = format!("{:.0}", share * 100.0);
            Cell { share: *share, text: format!("{bare} %"), bare }
        };
        let cells = shares.iter().map(|share| share.as_ref().map(cell)).collect();
        Cohort { label: "Sep 2026".into(), size: "40".into(), cells }
    }

    #[test]
    fn tints_span_what_was_seen_after_month_0() {
        let rows = [cohort(&[Some(1.0), Some(0.8), Some(0.4)]), cohort(&[Some(1.0), Some(0.6), None])];
        let (low, high) = extent(&rows);
        assert_eq!((low, high), (0.4, 0.8));
        assert_eq!([1.0, 0.8, 0.6, 0.4, f64::NAN].map(|share| tint(share, low, high)), [9, 9, 4, 0, 0]);
        let (low, high) = extent(&[cohort(&[Some(1.0), Some(0.97)])]);
        assert!((high - low - LEAST_SPAN).abs() < 1e-9, "little differences are not stretched");
    }

    #[test]
    fn signs_give_way_before_the_words_become_small() {
        let drawn = |months: usize| {
            let rows = vec![cohort(&vec![Some(1.0); months]); 3];
            draw(&Heat { title: "t".into(), axis: "a".into(), start: "s".into(), rows })
        };
        assert!(drawn(4).contains(">100 %<"));
        assert!(drawn(13).contains(">100<") && !drawn(13).contains('%'));
    }

    #[test]
    fn a_gap_is_marked_and_the_future_is_left_blank() {
        let rows = vec![cohort(&[Some(1.0), None, Some(0.5), None, None])];
        let drawn = draw(&Heat { title: "t".into(), axis: "a".into(), start: "s".into(), rows });
        assert_eq!(drawn.matches(">–<").count(), 1);
        assert!(drawn.contains(">2<") && !drawn.contains(">3<"));
    }
}
