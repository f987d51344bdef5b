//! What a chart in a mail looks like: a line over periods, an opening-to-closing waterfall, bars upright or
//! lying, a cohort triangle, a grid of two scores, survival curves, pairs of values, or a line for each of
//! several figures.
//!
//! Everything is drawn on an opaque white card, labelled directly and not by a legend, and told apart by
//! blue, vermilion and grey, which colour-blind readers keep apart too. All words arrive localised.

mod bars;
mod draw;
mod ends;
mod face;
mod fonts;
mod frame;
mod grid;
mod heat;
mod levels;
mod pairs;
mod png;
#[cfg(feature = "pdf")]
pub mod print;
mod ranked;
mod room;
mod scale;
mod sparks;
mod survival;
mod trend;
mod waterfall;
mod words;

pub use fonts::has_font_for;
pub use png::{ChartError, png};

/// A chart to draw.
#[derive(Debug, Clone, PartialEq)]
pub enum Picture {
    /// A line over periods.
    Trend(Trend),
    /// Opening, movements, closing.
    Waterfall(Waterfall),
    /// Vertical bars.
    Bars(Bars),
    /// A cohort triangle.
    Heat(Heat),
    /// Survival curves.
    Survival(Survival),
    /// Horizontal bars.
    Ranked(Ranked),
    /// Two values a group.
    Pairs(Pairs),
    /// Squares by two scores.
    Grid(Grid),
    /// A line for each of several figures.
    Sparks(Sparks),
}

/// One period of a trend.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The period, as the axis names it.
    pub label: String,
    /// Its value, if there is one.
    pub value: Option<f64>,
    /// The value as printed, e.g. "4.2 %".
    pub text: String,
}

/// A range of values the reader may take for granted.
#[derive(Debug, Clone, PartialEq)]
pub struct Band {
    /// Its lower edge.
    pub low: f64,
    /// Its upper edge.
    pub high: f64,
    /// What it is, e.g. "usual band: up to 1 %".
    pub label: String,
}

/// A line over periods, oldest first (typically 13 points), against the year before and a band.
#[derive(Debug, Clone, PartialEq)]
pub struct Trend {
    /// What the chart says, as a sentence.
    pub title: String,
    /// The direct label of the line.
    pub series: String,
    /// The periods, oldest first.
    pub points: Vec<Point>,
    /// The same periods a year before.
    pub before: Option<Before>,
    /// The band to compare with.
    pub band: Option<Band>,
    /// The levels it is watched by.
    pub levels: Vec<Level>,
    /// Points that are more than points.
    pub marks: Vec<Mark>,
}

/// A level that a value must not pass, or that it must be back at.
#[derive(Debug, Clone, PartialEq)]
pub struct Level {
    /// Where it is.
    pub at: f64,
    /// What it is, e.g. "told over 5 %".
    pub label: String,
    /// Whether passing it is a breach.
    pub breaches: bool,
}

/// A point where something began or ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Which point.
    pub at: usize,
    /// Whether something began there.
    pub begins: bool,
}

/// The line to compare a trend with.
#[derive(Debug, Clone, PartialEq)]
pub struct Before {
    /// Its direct label, e.g. "a year before".
    pub label: String,
    /// Its values, one for each point of the trend.
    pub values: Vec<Option<f64>>,
}

/// What a step of a waterfall does to the level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepKind {
    /// Sets it: the opening, the closing, a subtotal.
    Total,
    /// Raises it.
    Up,
    /// Lowers it.
    Down,
}

/// One bar of a waterfall.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What it is.
    pub label: String,
    /// Its positive magnitude.
    pub amount: f64,
    /// The amount as printed, with its sign.
    pub text: String,
    /// What it does to the level.
    pub kind: StepKind,
}

/// Opening -> movements -> closing.
#[derive(Debug, Clone, PartialEq)]
pub struct Waterfall {
    /// What the chart says, as a sentence.
    pub title: String,
    /// The bars, in order.
    pub steps: Vec<Step>,
}

/// One bar.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// What it counts.
    pub label: String,
    /// Its height.
    pub value: f64,
    /// The value as printed.
    pub text: String,
    /// Whether the reader's eye should go here first.
    pub strong: bool,
}

/// Vertical bars, e.g. customers by value band.
#[derive(Debug, Clone, PartialEq)]
pub struct Bars {
    /// What the chart says, as a sentence.
    pub title: String,
    /// What the x axis is.
    pub axis: String,
    /// The bars, left to right.
    pub bars: Vec<Bar>,
}

/// A cohort triangle: rows of shares that darken with their value.
#[derive(Debug, Clone, PartialEq)]
pub struct Heat {
    /// What the chart says, as a sentence.
    pub title: String,
    /// What the columns are.
    pub axis: String,
    /// The heading of the sizes.
    pub start: String,
    /// The cohorts, newest last.
    pub rows: Vec<Cohort>,
}

/// A row of a cohort triangle.
#[derive(Debug, Clone, PartialEq)]
pub struct Cohort {
    /// Who.
    pub label: String,
    /// How many they were at the start, as printed.
    pub size: String,
    /// The shares by month since then, where known.
    pub cells: Vec<Option<Cell>>,
}

/// A share in a cohort triangle.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// The share.
    pub share: f64,
    /// It as printed, e.g. "91 %".
    pub text: String,
    /// It without the sign, for narrow columns.
    pub bare: String,
}

/// Curves that fall in steps from all to the share that is left.
#[derive(Debug, Clone, PartialEq)]
pub struct Survival {
    /// What the chart says, as a sentence.
    pub title: String,
    /// What the months are counted from.
    pub axis: String,
    /// The marked shares with their labels, 0 and 1 among them.
    pub levels: Vec<(f64, String)>,
    /// What the first curve's band is.
    pub band: String,
    /// The curves, five at most.
    pub curves: Vec<Curve>,
}

/// One survival curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Whose.
    pub label: String,
    /// The share at its end, as printed.
    pub last: String,
    /// From which month on which share is left.
    pub steps: Vec<(f64, f64)>,
    /// From which month on it lies between which shares.
    pub band: Vec<(f64, f64, f64)>,
    /// When half are left.
    pub median: Option<Median>,
}

/// The month in which a curve passes one half.
#[derive(Debug, Clone, PartialEq)]
pub struct Median {
    /// The month.
    pub months: f64,
    /// It as printed, e.g. "14.2".
    pub text: String,
    /// It in words, e.g. "half left after 14.2 months".
    pub words: String,
}

/// Horizontal bars under one another.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranked {
    /// What the chart says, as a sentence.
    pub title: String,
    /// What the lengths and the ticks are.
    pub axis: String,
    /// The bars, twelve at most.
    pub bars: Vec<Rank>,
    /// How many bars are not shown, in words; empty for none.
    pub more: String,
}

/// One horizontal bar.
#[derive(Debug, Clone, PartialEq)]
pub struct Rank {
    /// What it is.
    pub label: String,
    /// The value as printed.
    pub text: String,
    /// The length.
    pub value: f64,
    /// Where its reference tick is.
    pub tick: Option<f64>,
    /// Whether it is bad news.
    pub alarming: bool,
}

/// How many stand where by two scores.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// What the chart says, as a sentence.
    pub title: String,
    /// What lies where.
    pub axis: String,
    /// What the uppermost and the lowest row are, and the first and the last column.
    pub ends: [String; 4],
    /// The squares by row, from the top.
    pub rows: Vec<Vec<Square>>,
}

/// A square of a grid.
#[derive(Debug, Clone, PartialEq)]
pub struct Square {
    /// What those there are called.
    pub name: String,
    /// How many they are.
    pub number: f64,
    /// It as printed.
    pub text: String,
    /// Whether the title is about them.
    pub marked: bool,
}

/// Several figures over the same periods.
#[derive(Debug, Clone, PartialEq)]
pub struct Sparks {
    /// What the chart says, as a sentence.
    pub title: String,
    /// Which periods, and how the lines are scaled.
    pub axis: String,
    /// The headings of the lowest, the highest and the last values.
    pub heads: [String; 3],
    /// The figures.
    pub rows: Vec<Spark>,
}

/// One figure over periods.
#[derive(Debug, Clone, PartialEq)]
pub struct Spark {
    /// What it is.
    pub name: String,
    /// Its values, oldest first.
    pub values: Vec<Option<f64>>,
    /// The lowest as printed.
    pub low: String,
    /// The highest as printed.
    pub high: String,
    /// The last as printed.
    pub last: String,
}

/// What happened and what was expected, by group.
#[derive(Debug, Clone, PartialEq)]
pub struct Pairs {
    /// What the chart says, as a sentence.
    pub title: String,
    /// What the groups are.
    pub axis: String,
    /// What the first value of a group is, and the second.
    pub names: [String; 2],
    /// The groups, left to right.
    pub groups: Vec<Pair>,
}

/// The two values of a group.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// The group.
    pub label: String,
    /// The values.
    pub values: [f64; 2],
    /// The values as printed.
    pub texts: [String; 2],
}

/// The picture as SVG, 600 logical pixels wide; `tick` prints a value of the axis in the reader's language.
pub fn svg(picture: &Picture, tick: &dyn Fn(f64) -> String) -> String {
    match picture {
        Picture::Trend(trend) => trend::draw(trend, tick),
        Picture::Waterfall(waterfall) => waterfall::draw(waterfall, tick),
        Picture::Bars(bars) => bars::draw(bars, tick),
        Picture::Heat(heat) => heat::draw(heat),
        Picture::Survival(survival) => survival::draw(survival, tick),
        Picture::Ranked(ranked) => ranked::draw(ranked),
        Picture::Pairs(pairs) => pairs::draw(pairs, tick),
        Picture::Grid(grid) => grid::draw(grid),
        Picture::Sparks(sparks) => sparks::draw(sparks),
    }
}

#[cfg(test)]
mod tests;
