//! Names right of the lines they belong to: level with a line's end where there is room, moved apart and led
//! to it where several lines end together.

use super::draw::{Anchor, Canvas, Stroke, Text, solid};
use super::frame::Plot;
use super::scale::count;
use super::words::{Style, bold, plain};

/// The value a line ends at.
const VALUE: Style = bold(14.0);
/// The line's name.
const NAME: Style = plain(12.5);
const LEADING: f64 = 15.5;
/// The widest the words may be.
const MARGIN: f64 = 130.0;
/// Between the lines and the words, for what leads from one to the other.
const GAP: f64 = 14.0;
/// Between two blocks of words.
const APART: f64 = 4.0;

/// The words at the end of one line.
pub(super) struct End {
    value: String,
    name: Vec<String>,
    style: Style,
    line: &'static str,
    words: &'static str,
}

impl End {
    /// The value and the name, in `rows` rows at most, of a line; the colours are the line's and the value's.
    pub(super) fn new(value: &str, name: &str, rows: usize, colours: (&'static str, &'static str)) -> Self {
        let name = NAME.wrap(name, MARGIN, rows);
        Self { value: VALUE.fit(value, MARGIN), name, style: NAME, line: colours.0, words: colours.1 }
    }

    /// A line without a value, with its name in semi-bold: the chart's subject.
    pub(super) fn subject(name: &str, rows: usize, colour: &'static str) -> Self {
        let style = Style { bold: true, ..NAME };
        let name = style.wrap(name, MARGIN, rows);
        Self { value: String::new(), name, style, line: colour, words: colour }
    }

    fn rows(&self) -> usize {
        usize::from(!self.value.is_empty()) + self.name.len()
    }

    fn height(&self) -> f64 {
        count(self.rows()) * LEADING + 1.0
    }

    fn width(&self) -> f64 {
        self.name.iter().map(|line| self.style.width(line)).fold(VALUE.width(&self.value), f64::max)
    }
}

/// The room the words need right of the plot.
pub(super) fn width(ends: &[End]) -> f64 {
    let widest = ends.iter().map(End::width).fold(0.0, f64::max);
    if widest > 0.0 { widest + GAP } else { 0.0 }
}

/// Writes the words; `at` is where each line ends.
pub(super) fn draw(canvas: &mut Canvas, plot: &Plot, ends: &[End], at: &[(f64, f64)]) {
    let wanted: Vec<(f64, f64)> = ends.iter().zip(at).map(|(end, (_, y))| (*y, end.height())).collect();
    let middles = apart(&wanted, (plot.top - 14.0, plot.bottom + 8.0));
    for ((end, (x, y)), middle) in ends.iter().zip(at).zip(middles) {
        // A line that stops early is led to the edge first.
        if *x < plot.right - 8.0 {
            let stroke = Stroke { colour: end.line, width: 2.0, dotted: true };
            canvas.line(&[(x + 7.0, *y), (plot.right, *y)], stroke);
        }
        if (middle - y).abs() > 3.0 {
            let lead = [(plot.right + 2.0, *y), (plot.right + GAP - 4.0, middle)];
            canvas.line(&lead, solid(end.line, 1.25));
        }
        let x = plot.right + GAP;
        let mut base = middle - end.height() / 2.0 + 12.0;
        if !end.value.is_empty() {
            let words = &end.value;
            let anchor = Anchor::Start;
            canvas.text(&Text { x, y: base, words, style: VALUE, fill: end.words, anchor, rim: None });
            base += LEADING;
        }
        for (n, words) in end.name.iter().enumerate() {
            let y = base + count(n) * LEADING;
            let (fill, anchor) = (end.words, Anchor::Start);
            canvas.text(&Text { x, y, words, style: end.style, fill, anchor, rim: None });
        }
    }
}

/// Middles of blocks of these wanted middles and heights, moved as little as keeps them apart and inside.
///
/// Blocks that meet are joined and share the middle they want on average, until none meet.
fn apart(wanted: &[(f64, f64)], (least, most): (f64, f64)) -> Vec<f64> {
    struct Joined {
        members: Vec<usize>,
        height: f64,
        middle: f64,
    }
    let inside = |middle: f64, height: f64| middle.min(most - height / 2.0).max(least + height / 2.0);
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    let at = |n: usize| wanted.get(n).copied().unwrap_or_default();
    order.sort_by(|a, b| at(*a).0.total_cmp(&at(*b).0));
    let mut blocks: Vec<Joined> = Vec::new();
    for n in order {
        let (middle, height) = at(n);
        let mut block = Joined { members: vec![n], height, middle: inside(middle, height) };
        while let Some(above) = blocks
            .pop_if(|above| above.middle + above.height / 2.0 + APART > block.middle - block.height / 2.0)
        {
            let height = above.height + APART + block.height;
            let (a, b) = (count(above.members.len()), count(block.members.len()));
            let middle = (above.middle * a + block.middle * b) / (a + b);
            let members = above.members.into_iter().chain(block.members).collect();
            block = Joined { members, height, middle: inside(middle, height) };
        }
        blocks.push(block);
    }
    let mut middles = vec![0.0; wanted.len()];
    for block in blocks {
        let mut top = block.middle - block.height / 2.0;
        for n in block.members {
            let height = at(n).1;
            if let Some(middle) = middles.get_mut(n) {
                *middle = top + height / 2.0;
            }
            top += height + APART;
        }
    }
    middles
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn alone_a_name_stays_level_with_its_line() {
        assert_eq!(apart(&[(100.0, 30.0), (150.0, 30.0)], (0.0, 200.0)), [100.0, 150.0]);
        assert_eq!(apart(&[(199.0, 30.0)], (0.0, 200.0)), [185.0]);
        assert_eq!(apart(&[], (0.0, 200.0)), Vec::<f64>::new());
    }

    #[test]
    fn names_of_lines_that_end_together_share_the_way() {
        assert_eq!(apart(&[(100.0, 30.0), (100.0, 30.0)], (0.0, 200.0)), [83.0, 117.0]);
    }

    proptest! {
        #[test]
        fn names_keep_apart_inside_and_in_the_order_of_their_lines(
            wanted in prop::collection::vec((-20.0..240.0_f64, 16.0..33.0_f64), 0..=5)
        ) {
            let middles = apart(&wanted, (0.0, 220.0));
            let mut placed: Vec<(f64, f64, f64)> = wanted
                .iter()
                .zip(&middles)
                .map(|((want, height), at)| (at - height / 2.0, at + height / 2.0, *want))
                .collect();
            placed.sort_by(|a, b| a.0.total_cmp(&b.0));
            for pair in placed.windows(2) {
                prop_assert!(pair[0].1 + APART <= pair[1].0 + 1e-9, "{placed:?}");
                prop_assert!(pair[0].2 <= pair[1].2, "{placed:?}");
            }
            prop_assert!(placed.iter().all(|(top, bottom, _)| *top >= -1e-9 && *bottom <= 220.0 + 1e-9));
        }
    }
}
