//! What a chart in a mail looks like: a line over periods, an opening-to-closing waterfall, or bars.
//!
//! Everything is drawn on an opaque white card, labelled directly and not by a legend, and told apart by
//! blue, vermilion and grey, which colour-blind readers keep apart too. All words arrive localised.

mod bars;
mod draw;
mod face;
mod fonts;
mod frame;
mod png;
mod room;
mod scale;
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

/// The picture as SVG, 600 logical pixels wide; `tick` prints a value of the y axis in the reader's language.
pub fn svg(picture: &Picture, tick: &dyn Fn(f64) -> String) -> String {
    match picture {
        Picture::Trend(trend) => trend::draw(trend, tick),
        Picture::Waterfall(waterfall) => waterfall::draw(waterfall, tick),
        Picture::Bars(bars) => bars::draw(bars, tick),
    }
}

#[cfg(test)]
mod tests;
