//! How many stand where by two scores: a square for each pair of them, darker the more stand there, named
//! where most of a kind are, with a frame around what the title is about.

use std::cmp::Ordering;

use super::draw::{Anchor, BAND, Canvas, DOWN, INK, MUTED, PAD, PAPER, Text, WIDTH, solid};
use super::frame::{self, AXIS};
use super::heat::{DARK, RAMP, tint};
use super::scale::{count, drawable};
use super::words::{Style, bold, plain};
use super::{Grid, Square};

/// The most rows and the most columns.
const MOST: usize = 8;
const END: Style = plain(12.5);
/// The widest the words at the ends of the rows may be.
const END_ROOM: f64 = 96.0;
const NUMBER: Style = bold(16.0);
const NAME: Style = plain(11.5);
const HEIGHT: f64 = 56.0;

/// Where the squares are.
struct Place {
    left: f64,
    top: f64,
    pitch: f64,
}

impl Place {
    fn at(&self, row: usize, column: usize) -> (f64, f64) {
        (self.left + count(column) * self.pitch, self.top + count(row) * HEIGHT)
    }
}

/// The grid as SVG.
pub(super) fn draw(grid: &Grid) -> String {
    let mut canvas = Canvas::default();
    let top = frame::title(&mut canvas, &grid.title) + 14.0;
    let rows: Vec<&[Square]> =
        grid.rows.iter().take(MOST).map(|row| row.get(..MOST).unwrap_or(row)).collect();
    let columns = rows.iter().map(|row| row.len()).max().unwrap_or(0).max(1);
    let sides = [0, 1].map(|end| END.wrap(&grid.ends[end], END_ROOM, 3));
    let widest = sides.iter().flatten().map(|line| END.width(line)).fold(0.0, f64::max);
    let left = PAD + widest + 10.0;
    let place = Place { left, top, pitch: (WIDTH - PAD - left) / count(columns) };
    squares(&mut canvas, &place, &rows);
    borders(&mut canvas, &place, &rows);
    let bottom = top + count(rows.len()) * HEIGHT;
    let first = top + HEIGHT / 2.0;
    // A row alone is not the last one, too.
    for (lines, middle) in sides.iter().zip([first, bottom - HEIGHT / 2.0]).take(rows.len()) {
        let base = middle + 4.5 - (count(lines.len()) - 1.0) * 7.75;
        for (n, words) in lines.iter().enumerate() {
            let (x, y, anchor) = (left - 10.0, base + count(n) * 15.5, Anchor::End);
            canvas.text(&Text { x, y, words, style: END, fill: MUTED, anchor, rim: None });
        }
    }
    let y = below(&mut canvas, grid, left, bottom);
    canvas.finish(y + 16.0, &grid.title)
}

fn squares(canvas: &mut Canvas, place: &Place, rows: &[&[Square]]) {
    let most = rows.iter().copied().flatten().filter_map(|s| drawable(s.number)).fold(0.0, f64::max);
    for (row, squares) in rows.iter().enumerate() {
        for (column, square) in squares.iter().enumerate() {
            let (x, y) = place.at(row, column);
            let tint = if square.number > 0.0 { tint(square.number, 0.0, most) } else { 0 };
            let fill = if square.number > 0.0 { RAMP.get(tint).copied().unwrap_or(PAPER) } else { BAND };
            canvas.rect((x + 0.5, y + 0.5), (place.pitch - 1.0, HEIGHT - 1.0), fill);
            let ink = if tint < DARK { INK } else { PAPER };
            let named = is_named(rows, row, column);
            let room = place.pitch - 10.0;
            let lines = if named { NAME.wrap(&square.name, room, 2) } else { Vec::new() };
            let (x, middle) = (x + place.pitch / 2.0, y + HEIGHT / 2.0);
            let base = middle + 5.5 - count(lines.len()) * 6.5;
            let style = NUMBER.shrunk([square.text.as_str()].into_iter(), room, 9.0);
            let text = style.fit(&square.text, room);
            let anchor = Anchor::Middle;
            canvas.text(&Text { x, y: base, words: &text, style, fill: ink, anchor, rim: None });
            for (n, words) in lines.iter().enumerate() {
                let y = base + 14.5 + count(n) * 12.5;
                canvas.text(&Text { x, y, words, style: NAME, fill: ink, anchor, rim: None });
            }
        }
    }
}

/// Whether a square bears the name of its kind: the first of the fullest does.
fn is_named(rows: &[&[Square]], row: usize, column: usize) -> bool {
    let Some(own) = rows.get(row).and_then(|row| row.get(column)) else { return false };
    let all =
        rows.iter().enumerate().flat_map(|(r, row)| row.iter().enumerate().map(move |(c, s)| (r, c, s)));
    !all.filter(|(_, _, other)| other.name == own.name).any(|(r, c, other)| {
        match other.number.total_cmp(&own.number) {
            Ordering::Greater => true,
            Ordering::Equal => (r, c) < (row, column),
            Ordering::Less => false,
        }
    })
}

/// White between kinds, and a frame around what the title is about.
fn borders(canvas: &mut Canvas, place: &Place, rows: &[&[Square]]) {
    let at = |row: Option<usize>, column: Option<usize>| rows.get(row?)?.get(column?);
    let mut frames = Vec::new();
    for (row, squares) in rows.iter().enumerate() {
        for (column, square) in squares.iter().enumerate() {
            let ((x, y), (right, bottom)) = (place.at(row, column), place.at(row + 1, column + 1));
            let sides = [
                (at(row.checked_sub(1), Some(column)), [(x, y), (right, y)]),
                (at(Some(row), column.checked_sub(1)), [(x, y), (x, bottom)]),
                (at(Some(row + 1), Some(column)), [(x, bottom), (right, bottom)]),
                (at(Some(row), Some(column + 1)), [(right, y), (right, bottom)]),
            ];
            for (other, side) in sides {
                if other.is_some_and(|other| other.name != square.name) {
                    canvas.line(&side, solid(PAPER, 4.0));
                }
                if square.marked && !other.is_some_and(|other| other.marked) {
                    frames.push(side);
                }
            }
        }
    }
    for side in frames {
        canvas.line(&side, solid(DOWN, 2.5));
    }
}

/// Says under the grid what its columns are and what lies where.
fn below(canvas: &mut Canvas, grid: &Grid, left: f64, bottom: f64) -> f64 {
    let half = (WIDTH - PAD - left) / 2.0 - 8.0;
    let ends = [&grid.ends[2], &grid.ends[3]].map(|words| END.fit(words, half));
    for (words, (x, anchor)) in ends.iter().zip([(left, Anchor::Start), (WIDTH - PAD, Anchor::End)]) {
        canvas.text(&Text { x, y: bottom + 18.0, words, style: END, fill: MUTED, anchor, rim: None });
    }
    let lines = AXIS.wrap(&grid.axis, WIDTH - PAD - left, 3);
    for (n, words) in lines.iter().enumerate() {
        let y = bottom + 38.0 + count(n) * 15.5;
        canvas.text(&Text { x: left, y, words, style: AXIS, fill: MUTED, anchor: Anchor::Start, rim: None });
    }
    bottom + 24.0 + count(lines.len()) * 15.5
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(name: &str, number: f64, marked: bool) -> Square {
        Square { name: name.into(), number, text: format!("{number}"), marked }
    }

    fn grid(rows: Vec<Vec<Square>>) -> Grid {
        let ends = ["lately", "long ago", "seldom", "often"].map(String::from);
        Grid { title: "t".into(), axis: "a".into(), ends, rows }
    }

    #[test]
    fn a_kind_is_named_once_where_most_of_it_are() {
        let rows = vec![
            vec![square("new", 3.0, false), square("loyal", 5.0, false)],
            vec![square("new", 9.0, false), square("loyal", 5.0, false)],
        ];
        let drawn = draw(&grid(rows));
        assert_eq!((drawn.matches(">new<").count(), drawn.matches(">loyal<").count()), (1, 1));
    }

    #[test]
    fn the_frame_goes_around_what_is_marked_and_not_through_it() {
        let rows = vec![
            vec![square("a", 1.0, false), square("b", 1.0, true)],
            vec![square("c", 1.0, false), square("b", 0.0, true)],
        ];
        // Two squares above one another have six sides outside.
        assert_eq!(draw(&grid(rows)).matches(&format!("stroke=\"{DOWN}\"")).count(), 6);
    }
}
