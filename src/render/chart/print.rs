//! Words on paper: measured, broken into lines and drawn by the very fonts that charts are drawn by.

use std::fmt::Write as _;

use resvg::usvg::Tree;
use unicode_segmentation::UnicodeSegmentation as _;

use super::draw::{Anchor, Canvas, Text, number};
use super::words::{self, Style};
use super::{ChartError, png};

/// How words are printed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Print {
    /// In points.
    pub size: f64,
    /// Semi-bold rather than regular.
    pub bold: bool,
    /// Their colour.
    pub ink: &'static str,
}

/// A line of words on a page.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Where it begins; where it ends, if it is `right`.
    pub x: f64,
    /// Where its baseline is.
    pub y: f64,
    /// Whether `x` is where it ends.
    pub right: bool,
    /// The words.
    pub words: String,
    /// How they are printed.
    pub print: Print,
}

impl Print {
    fn style(self) -> Style {
        Style { size: self.size, bold: self.bold }
    }

    /// The width of words on one line.
    pub fn width(self, text: &str) -> f64 {
        self.style().width(text)
    }

    /// The width of the widest part of the text that is not broken between lines.
    pub fn least(self, text: &str) -> f64 {
        let text = words::legible(text, usize::MAX);
        words::pieces(&text).iter().map(|piece| self.width(piece.trim_end())).fold(0.0, f64::max)
    }

    /// The text in lines no wider than `room`. No word is lost: one that is wider than a line is broken
    /// wherever the line ends.
    pub fn lines(self, text: &str, room: f64) -> Vec<String> {
        let text = words::legible(text, usize::MAX);
        let mut lines = vec![String::new()];
        let mut used = 0.0;
        for piece in words::pieces(text.trim()) {
            let wide = self.width(piece.trim_end());
            let parts: Vec<&str> =
                if wide > room { piece.graphemes(true).collect() } else { vec![piece.as_str()] };
            for part in parts {
                if used + self.width(part.trim_end()) > room && used > 0.0 {
                    lines.push(String::new());
                    used = 0.0;
                }
                if let Some(line) = lines.last_mut() {
                    line.push_str(part);
                    used += self.width(part);
                }
            }
        }
        lines.into_iter().map(|line| line.trim_end().to_owned()).filter(|line| !line.is_empty()).collect()
    }
}

/// Lines of a page as a drawing; the group with the id `n` holds the line of that number.
pub fn page(lines: &[&Line], (width, height): (f64, f64)) -> Result<Tree, ChartError> {
    let mut body = String::new();
    for (n, line) in lines.iter().enumerate() {
        let mut canvas = Canvas::default();
        canvas.text(&Text {
            x: line.x,
            y: line.y,
            words: &line.words,
            style: line.print.style(),
            fill: line.print.ink,
            anchor: if line.right { Anchor::End } else { Anchor::Start },
            rim: None,
        });
        // Writing to a String cannot fail.
        let _ = write!(body, "<g id=\"{n}\">{}</g>", canvas.body());
    }
    let (width, height) = (number(width), number(height));
    tree(&format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" font-family="Inter, sans-serif" xml:space="preserve">{body}</svg>"#
    ))
}

/// A drawing of ours, laid out.
pub fn tree(svg: &str) -> Result<Tree, ChartError> {
    Tree::from_str(svg, &png::options(svg)).map_err(|e| ChartError::Svg(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINT: Print = Print { size: 9.0, bold: false, ink: "#000000" };

    #[test]
    fn every_word_is_kept_and_no_line_is_too_wide() {
        let long = "Отток в ноябре 2026 г. — 4,2 % (55 из 1 292), ".repeat(20);
        let wide = "https://example.com/a-very-long-address/without-any-blank?".repeat(3);
        let chinese = "流失率高于区间，比上月上升，".repeat(9);
        for text in [long.trim(), &wide, &chinese, "a"] {
            for room in [20.0, 61.0, 499.0] {
                let lines = PRINT.lines(text, room);
                assert!(
                    lines.iter().all(|line| PRINT.width(line) <= room || line.graphemes(true).count() == 1)
                );
                let bare = |text: &str| text.replace(' ', "");
                assert_eq!(bare(&lines.concat()), bare(&words::legible(text, usize::MAX)), "{room}");
            }
        }
        assert!(PRINT.lines("", 100.0).is_empty());
        assert_eq!(PRINT.lines("one two", 999.0), ["one two"]);
    }

    #[test]
    fn amounts_are_not_broken() {
        assert!((PRINT.least("R$\u{a0}18.400 a") - PRINT.width("R$\u{a0}18.400")).abs() < 1e-9);
    }
}
