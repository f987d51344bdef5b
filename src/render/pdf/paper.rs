//! Pages being filled from top to bottom: what stands on them, and which part of the document it is.

use crate::render::chart::print::{Line, Print};

/// A4, in points.
pub(super) const SIZE: (f64, f64) = (595.28, 841.89);
/// White at the left and the right.
const SIDE: f64 = 50.0;
const TOP: f64 = 52.0;
/// White at the bottom, with the page's number in it.
const BOTTOM: f64 = 64.0;
/// Where words and charts begin.
pub(super) const LEFT: f64 = SIDE;
/// How wide they may be.
pub(super) const WIDTH: f64 = SIZE.0 - 2.0 * SIDE;
/// Where the page's number stands.
const FOOT: f64 = SIZE.1 - 32.0;

/// Words that matter.
pub(super) const INK: &str = "#1b2430";
/// Words that explain.
pub(super) const QUIET: &str = "#5d6877";
/// Bad news.
pub(super) const BAD: &str = "#b3261e";
/// Lines between rows.
pub(super) const RULE: &str = "#e3e6ea";
/// Lines under headings.
pub(super) const RULE_STRONG: &str = "#c9d0d8";

/// What a part of the document is, for whoever hears it read.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Element {
    /// The title.
    Title(String),
    /// A heading.
    Heading(String),
    /// A sentence or more.
    Paragraph,
    /// A picture, and the words in its stead.
    Figure(String),
    /// A table.
    Table,
}

/// Which part something belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// The element of that number.
    Of(usize),
    /// A cell of the table of that number: its row (the first is the head) and column.
    Cell(usize, usize, usize),
    /// Nothing that was said: lines, page numbers, headings that are repeated.
    Aside,
}

/// Something on a page.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Mark {
    /// Words.
    Words(Line),
    /// A horizontal line.
    Rule {
        /// Where it begins.
        x: f64,
        /// Where it is.
        y: f64,
        /// How long it is.
        width: f64,
        /// How thick.
        thick: f64,
        /// Its colour.
        ink: &'static str,
    },
    /// The chart of that number.
    Chart {
        /// Which.
        number: usize,
        /// Its upper edge.
        y: f64,
        /// How much smaller than drawn it is.
        scale: f64,
    },
}

/// A page.
pub(super) type Page = Vec<(Part, Mark)>;

/// A page and a height on it, for bookmarks.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bookmark {
    pub(super) title: String,
    pub(super) page: usize,
    pub(super) y: f64,
}

/// Pages and what they say.
#[derive(Debug, Default)]
pub(super) struct Paper {
    pub(super) pages: Vec<Page>,
    pub(super) elements: Vec<Element>,
    pub(super) bookmarks: Vec<Bookmark>,
    y: f64,
}

impl Paper {
    /// A paper with an empty page.
    pub(super) fn new() -> Paper {
        Paper { pages: vec![Page::new()], y: TOP, ..Paper::default() }
    }

    /// Begins a part.
    pub(super) fn element(&mut self, element: Element) -> usize {
        self.elements.push(element);
        self.elements.len() - 1
    }

    /// Leaves white, unless at the top of a page.
    pub(super) fn gap(&mut self, height: f64) {
        if self.y > TOP {
            self.y += height;
        }
    }

    /// Turns the page, unless there is room for so much or the page is empty; whether it did.
    pub(super) fn keep(&mut self, height: f64) -> bool {
        let turns = self.y + height > SIZE.1 - BOTTOM && self.y > TOP;
        if turns {
            self.pages.push(Page::new());
            self.y = TOP;
        }
        turns
    }

    /// How much fits on a page.
    pub(super) fn room() -> f64 {
        SIZE.1 - BOTTOM - TOP
    }

    /// Where the next thing goes.
    pub(super) fn y(&self) -> f64 {
        self.y
    }

    /// Goes down.
    pub(super) fn advance(&mut self, height: f64) {
        self.y += height;
    }

    /// Puts something on the page.
    pub(super) fn put(&mut self, part: Part, mark: Mark) {
        if let Some(page) = self.pages.last_mut() {
            page.push((part, mark));
        }
    }

    /// Puts a line over the whole width, or a part of it.
    pub(super) fn rule(&mut self, (x, width): (f64, f64), thick: f64, ink: &'static str) {
        let y = self.y;
        self.put(Part::Aside, Mark::Rule { x, y, width, thick, ink });
    }

    /// Marks this place for the list of contents.
    pub(super) fn bookmark(&mut self, title: &str) {
        let (page, y) = (self.pages.len() - 1, self.y);
        self.bookmarks.push(Bookmark { title: title.to_owned(), page, y });
    }

    /// Words over the whole width; their lines may be on two pages, though no line is left alone.
    pub(super) fn paragraph(&mut self, part: Part, text: &str, print: Print, leading: f64) {
        let lines = print.lines(text, WIDTH);
        let last = lines.len().saturating_sub(1);
        for (n, words) in lines.into_iter().enumerate() {
            // The first keeps the second with it, the last but one the last.
            let together = last > 0 && (n == 0 || n + 1 == last);
            self.keep(if together { 2.0 * leading } else { leading });
            let y = baseline(self.y, print, leading);
            self.put(part, Mark::Words(Line { x: LEFT, y, right: false, words, print }));
            self.y += leading;
        }
    }

    /// Numbers the pages, and says below who sends this.
    pub(super) fn number(&mut self, sent_by: &str) {
        let (of, print) = (self.pages.len(), Print { size: 8.0, bold: false, ink: QUIET });
        for (n, page) in self.pages.iter_mut().enumerate() {
            let line = |x, right, words| Mark::Words(Line { x, y: FOOT, right, words, print });
            let number = format!("{} / {of}", n + 1);
            page.push((Part::Aside, line(LEFT, false, sent_by.to_owned())));
            page.push((Part::Aside, line(LEFT + WIDTH, true, number)));
        }
    }
}

/// Where the words of a line stand that begins at `y`.
pub(super) fn baseline(y: f64, print: Print, leading: f64) -> f64 {
    // Capitals of Inter are 0.73 em high: they stand in the middle of their line.
    y + f64::midpoint(leading, 0.73 * print.size)
}
