//! How the drawing is written down: SVG elements with rounded coordinates and escaped words.

use std::fmt::Write as _;

use super::fonts::{self, Drawn};
use super::words::{self, Style};

/// The width of every chart.
pub(super) const WIDTH: f64 = 600.0;
/// The white around the drawing.
pub(super) const PAD: f64 = 20.0;

/// The card.
pub(super) const PAPER: &str = "#ffffff";
/// Words that matter.
pub(super) const INK: &str = "#16202b";
/// Words that explain.
pub(super) const MUTED: &str = "#5b6673";
/// Lines that only guide the eye.
pub(super) const GRID: &str = "#e3e8ed";
/// Where zero is.
pub(super) const ZERO: &str = "#6b7682";
/// The subject of the chart.
pub(super) const ACCENT: &str = "#0b5cab";
/// What the subject is compared with.
pub(super) const PALE: &str = "#a3aeba";
/// Bars beside a strong one.
pub(super) const QUIET: &str = "#b4c7da";
/// Where values usually are.
pub(super) const BAND: &str = "#eef3f7";
/// Rises. Blue against vermilion survives every common colour blindness.
pub(super) const UP: &str = "#1f77b8";
/// Falls.
pub(super) const DOWN: &str = "#c74a12";
/// Levels.
pub(super) const TOTAL: &str = "#3d4955";

/// Which part of a text stands at its x.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    /// Its start.
    Start,
    /// Its middle.
    Middle,
    /// Its end.
    End,
}

/// A text to be drawn.
pub(super) struct Text<'a> {
    /// Where the anchor is.
    pub(super) x: f64,
    /// Where the baseline is.
    pub(super) y: f64,
    /// The words.
    pub(super) words: &'a str,
    /// Size and weight.
    pub(super) style: Style,
    /// The colour.
    pub(super) fill: &'static str,
    /// What stands at `x`.
    pub(super) anchor: Anchor,
    /// The ground's colour, for a rim that keeps the words apart from lines behind them.
    pub(super) rim: Option<&'static str>,
}

/// A stroke.
#[derive(Clone, Copy)]
pub(super) struct Stroke {
    /// The colour.
    pub(super) colour: &'static str,
    /// The width.
    pub(super) width: f64,
    /// Whether it is dotted.
    pub(super) dotted: bool,
}

/// A solid stroke.
pub(super) const fn solid(colour: &'static str, width: f64) -> Stroke {
    Stroke { colour, width, dotted: false }
}

/// An SVG being written.
#[derive(Default)]
pub(super) struct Canvas {
    body: String,
}

impl Canvas {
    fn put(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = self.body.write_fmt(element);
        self.body.push('\n');
    }

    /// A rectangle with slightly rounded corners; upside-down ones are turned.
    pub(super) fn rect(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), fill: &str) {
        let (y, height) = if height < 0.0 { (y + height, -height) } else { (y, height) };
        let radius = if width > 6.0 && height > 3.0 && width < 200.0 { r#" rx="1.5""# } else { "" };
        let (x, y, w, h) = (number(x), number(y), number(width.max(0.0)), number(height));
        self.put(format_args!(r#"<rect x="{x}" y="{y}" width="{w}" height="{h}"{radius} fill="{fill}"/>"#));
    }

    /// A line through the points.
    pub(super) fn line(&mut self, points: &[(f64, f64)], stroke: Stroke) {
        let Stroke { colour, width, dotted } = stroke;
        let through: Vec<String> =
            points.iter().map(|&(x, y)| format!("{} {}", number(x), number(y))).collect();
        let dash = if dotted { r#" stroke-dasharray="0.1 4" stroke-linecap="round""# } else { "" };
        let (path, width) = (through.join("L"), number(width));
        self.put(format_args!(
            r#"<path d="M{path}" fill="none" stroke="{colour}" stroke-width="{width}" stroke-linejoin="round"{dash}/>"#
        ));
    }

    /// A filled shape with the corners.
    pub(super) fn area(&mut self, corners: &[(f64, f64)], fill: &str) {
        let path: Vec<String> =
            corners.iter().map(|&(x, y)| format!("{} {}", number(x), number(y))).collect();
        let path = path.join("L");
        self.put(format_args!(r#"<path d="M{path}Z" fill="{fill}"/>"#));
    }

    /// A filled disc with a white rim.
    pub(super) fn dot(&mut self, (x, y): (f64, f64), radius: f64, fill: &str) {
        let (x, y, r) = (number(x), number(y), number(radius));
        self.put(format_args!(
            r#"<circle cx="{x}" cy="{y}" r="{r}" fill="{fill}" stroke="{PAPER}" stroke-width="1.5"/>"#
        ));
    }

    /// A ring, white inside.
    pub(super) fn ring(&mut self, (x, y): (f64, f64), radius: f64, stroke: Stroke) {
        let (x, y, r) = (number(x), number(y), number(radius));
        let (colour, width) = (stroke.colour, number(stroke.width));
        self.put(format_args!(
            r#"<circle cx="{x}" cy="{y}" r="{r}" fill="{PAPER}" stroke="{colour}" stroke-width="{width}"/>"#
        ));
    }

    /// Words.
    pub(super) fn text(&mut self, text: &Text<'_>) {
        let words = words::clean(text.words);
        let words = words.trim();
        let runs = words::stretches(words, text.style.bold);
        if let [(drawn, run)] = runs.as_slice() {
            self.run(text, text.x, text.anchor, *drawn, run);
            return;
        }
        let whole = text.style.width(words);
        let mut x = match text.anchor {
            Anchor::Start => text.x,
            Anchor::Middle => text.x - whole / 2.0,
            Anchor::End => text.x - whole,
        };
        for (drawn, run) in &runs {
            self.run(text, x, Anchor::Start, *drawn, run);
            x += text.style.width(run);
        }
    }

    fn run(&mut self, text: &Text<'_>, x: f64, anchor: Anchor, drawn: Drawn, run: &str) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => r#" text-anchor="middle""#,
            Anchor::End => r#" text-anchor="end""#,
        };
        let weight = if text.style.bold { r#" font-weight="600""# } else { "" };
        let fill = text.fill;
        let light =
            matches!(drawn, Drawn::System(n) if fonts::system().get(n).is_some_and(|face| !face.heavy));
        let stroke = if let Some(ground) = text.rim {
            format!(r#" stroke="{ground}" stroke-width="3.5" stroke-linejoin="round" paint-order="stroke""#)
        } else if light && text.style.bold {
            // No semi-bold face has these characters: a thin outline stands in for it.
            format!(r#" stroke="{fill}" stroke-width="{}""#, number(text.style.size * 0.03))
        } else {
            String::new()
        };
        let (x, y, size, run) = (number(x), number(text.y), number(text.style.size), escape(run));
        self.put(format_args!(
            r#"<text x="{x}" y="{y}" font-size="{size}"{weight}{anchor} fill="{fill}"{stroke}>{run}</text>"#
        ));
    }

    /// What was drawn so far.
    #[cfg(feature = "pdf")]
    pub(super) fn body(&self) -> &str {
        &self.body
    }

    /// The document.
    pub(super) fn finish(self, height: f64, title: &str) -> String {
        let (width, height, body) = (number(WIDTH), number(height.ceil()), self.body);
        let title = escape(&words::clean(title));
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" font-family="Inter, sans-serif" xml:space="preserve" role="img">
<title>{title}</title>
<rect x="0" y="0" width="{width}" height="{height}" fill="{PAPER}"/>
{body}</svg>
"#
        )
    }
}

/// A coordinate: at most two decimals, and always a number.
pub(super) fn number(value: f64) -> String {
    let value = if value.is_finite() { value.clamp(-1e6, 1e6) } else { 0.0 };
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Words as XML character data.
pub(super) fn escape(words: &str) -> String {
    let mut safe = String::with_capacity(words.len());
    for c in words.chars().filter(|&c| !fonts::invisible(c)) {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_escaped_and_control_characters_dropped() {
        assert_eq!(
            escape("<a href=\"x\">'&'\u{0}\u{8}</a>"),
            "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;"
        );
    }

    #[test]
    fn numbers_are_short_and_finite() {
        for (value, text) in [(1.0, "1"), (-0.001, "0"), (2.505, "2.5"), (10.0, "10"), (-3.456, "-3.46")] {
            assert_eq!(number(value), text);
        }
        for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(number(odd), "0");
        }
    }
}
