//! What templates see: a document in the words of one language, as plain strings.

mod block;
mod phone;

use serde::Serialize;

pub use self::block::table_view;
use super::locale::Locale;
use super::picture::{self, Drawn};
use crate::document::{Block, Chart, Document, Say};
use crate::domain::text::excerpt;

/// Longest preheader, in graphemes: what inboxes show of it beside the subject.
const PREHEADER_MAX: usize = 140;

/// A document, worded.
#[derive(Debug, Clone, Serialize)]
pub struct View {
    /// BCP 47 tag.
    pub lang: String,
    /// `report`, `digest`, `notice`, `breach` or `greeting`.
    pub kind: &'static str,
    /// One line.
    pub subject: String,
    /// The heading.
    pub title: String,
    /// What an inbox shows beside the subject.
    pub preheader: String,
    /// The answer first.
    pub lead: Vec<String>,
    /// The body.
    pub blocks: Vec<BlockView>,
    /// Heading of the notes.
    pub notes_title: String,
    /// How it was counted.
    pub notes: Vec<String>,
    /// Who sends this.
    pub sent_by: String,
    /// Says that a file holds the rest; only mails have files.
    pub attached: Option<String>,
    /// Who signs a letter to a customer.
    pub signed: Option<String>,
    /// How its reader asks for no more.
    pub stop: Option<ActionView>,
}

/// A piece of the body; one of its fields is set.
#[derive(Debug, Clone, Serialize, Default)]
pub struct BlockView {
    /// Key figures.
    pub figures: Option<FiguresView>,
    /// A picture.
    pub chart: Option<ChartView>,
    /// A table.
    pub table: Option<TableView>,
    /// Things to do.
    pub items: Option<Vec<ItemView>>,
    /// A sentence.
    pub paragraph: Option<String>,
    /// How many items it stands for: "and 13 more".
    pub counts: usize,
}

/// Key figures.
#[derive(Debug, Clone, Serialize)]
pub struct FiguresView {
    /// Headings of the value columns.
    pub columns: Vec<String>,
    /// The figures.
    pub rows: Vec<FigureView>,
    /// The same as lines of text, aligned.
    pub lines: Vec<String>,
}

/// A key figure.
#[derive(Debug, Clone, Serialize)]
pub struct FigureView {
    /// What it is.
    pub name: String,
    /// The value of now.
    pub now: String,
    /// The values it is held against.
    pub others: Vec<OtherView>,
    /// A remark.
    pub remark: String,
    /// Whether the remark is bad news.
    pub alarming: bool,
}

/// A value that a figure is held against.
#[derive(Debug, Clone, Serialize)]
pub struct OtherView {
    /// What it was.
    pub value: String,
    /// What the figure did since; empty where that cannot be said.
    pub change: String,
}

/// A picture.
#[derive(Debug, Clone, Serialize)]
pub struct ChartView {
    /// Content-ID of the image.
    pub cid: String,
    /// Words in its stead.
    pub alt: String,
    /// Logical size, as in the HTML.
    pub width: u32,
    /// Logical size, as in the HTML.
    pub height: u32,
}

/// A table.
#[derive(Debug, Clone, Serialize)]
pub struct TableView {
    /// What it shows.
    pub title: String,
    /// Headings.
    pub columns: Vec<ColumnView>,
    /// Rows of cells.
    pub rows: Vec<Vec<CellView>>,
    /// How many rows there are in all.
    pub of: usize,
    /// How many of them a file holds, where one is attached.
    #[serde(skip)]
    pub held: usize,
    /// "showing n of m", where rows are cut.
    pub cut: Option<String>,
    /// Whether it is too wide for a phone, and its rows are to be paragraphs there.
    pub stacks: bool,
    /// Whether it has so many columns that they have to stand close.
    pub dense: bool,
    /// Pixels right of a figure.
    pub gap: u8,
    /// The same as lines of text, aligned.
    pub lines: Vec<String>,
}

/// A heading.
#[derive(Debug, Clone, Serialize)]
pub struct ColumnView {
    /// Its words.
    pub text: String,
    /// Whether its cells are aligned on the right.
    pub numeric: bool,
}

/// A cell.
#[derive(Debug, Clone, Serialize)]
pub struct CellView {
    /// Its words.
    pub text: String,
    /// Whether it is aligned on the right.
    pub numeric: bool,
    /// Style of what stays on one line: a date, a month; else empty.
    pub wrap: &'static str,
}

/// A thing to do.
#[derive(Debug, Clone, Serialize)]
pub struct ItemView {
    /// From 1.
    pub number: usize,
    /// The customer.
    pub customer: String,
    /// Why it is told first of all.
    pub why: String,
    /// What was promised.
    pub what: Option<String>,
    /// Further reasons.
    pub more: Vec<BecauseView>,
    /// Value, renewal, last contact, in one line.
    pub facts: String,
    /// How to reach them.
    pub reach: Vec<ReachView>,
    /// Whether it is overdue.
    pub late: bool,
    /// What can be done with it by a link.
    pub actions: Vec<ActionView>,
}

/// Something that can be done by a link.
#[derive(Debug, Clone, Serialize)]
pub struct ActionView {
    /// What.
    pub text: String,
    /// The page that offers it.
    pub url: String,
}

/// A further reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BecauseView {
    /// In words.
    pub why: String,
    /// What was promised.
    pub what: Option<String>,
}

/// A way to reach a customer.
#[derive(Debug, Clone, Serialize)]
pub struct ReachView {
    /// As it is read.
    pub text: String,
    /// As it is dialled or written to.
    pub url: String,
}

/// A document in words, with its drawings in the order of their `cid`s.
pub fn view(document: &Document, locale: &Locale) -> (View, Vec<Drawn>) {
    let mut drawings = Vec::new();
    let charts = document.blocks.iter().filter_map(|block| match block {
        Block::Chart(chart) => Some(chart),
        _ => None,
    });
    let mut drawn = picture::draw_all(&charts.collect::<Vec<_>>(), locale).into_iter();
    let draw = &mut |_: &Chart| drawn.next().flatten();
    let view = worded(document, locale, &mut drawings, draw);
    (view, drawings)
}

/// A document in words alone; its pictures are named and not drawn.
pub fn words(document: &Document, locale: &Locale) -> View {
    worded(document, locale, &mut Vec::new(), &mut |_| Some(Drawn::default()))
}

fn worded(
    document: &Document,
    locale: &Locale,
    drawings: &mut Vec<Drawn>,
    draw: &mut dyn FnMut(&Chart) -> Option<Drawn>,
) -> View {
    let letter = document.letter.as_ref();
    let blocks: Vec<BlockView> =
        document.blocks.iter().filter_map(|b| block::block(b, locale, drawings, draw)).collect();
    let lead: Vec<String> = document.lead.iter().map(|say| tidy(&locale.say(say))).collect();
    View {
        lang: locale.tag().to_owned(),
        kind: document.kind.name(),
        subject: locale.say(&document.subject),
        title: locale.say(&document.title),
        preheader: preheader(&blocks, &lead),
        lead,
        blocks,
        notes_title: locale.word("notes.title"),
        notes: document.notes.iter().map(|say| tidy(&locale.say(say))).collect(),
        // A customer knows the shop, not us.
        sent_by: letter.map_or_else(|| locale.word("sent_by"), |letter| letter.imprint.clone()),
        attached: None,
        signed: letter.map(|letter| letter.signed.clone()),
        stop: letter
            .map(|letter| ActionView { text: locale.word("greeting.stop"), url: letter.stop.shown() }),
    }
}

/// Where an optional part of a sentence is empty, two blanks or a blank before a stop remain.
pub(super) fn tidy(text: &str) -> String {
    let mut text = text.replace(" .", ".").replace(" ,", ",").replace(" :", ":");
    while text.contains("  ") {
        text = text.replace("  ", " ");
    }
    // A sentence may begin with a name of ours in lower case, such as "the week of".
    let mut rest = text.trim().chars();
    rest.next().map_or(String::new(), |first| first.to_uppercase().chain(rest).collect())
}

/// The first to be done, or else the first sentence.
fn preheader(blocks: &[BlockView], lead: &[String]) -> String {
    let items = blocks.iter().filter_map(|block| block.items.as_ref()).flatten().take(3);
    let items: Vec<String> =
        items.map(|item| format!("{} – {}", excerpt(&item.customer, 60), item.why)).collect();
    let text = if items.is_empty() { lead.first().cloned().unwrap_or_default() } else { items.join(" · ") };
    excerpt(&text, PREHEADER_MAX)
}

impl View {
    /// The tables of its body.
    pub fn tables_mut(&mut self) -> impl Iterator<Item = &mut TableView> {
        self.blocks.iter_mut().filter_map(|block| block.table.as_mut())
    }
}

impl TableView {
    /// Keeps the first `count` rows and says so; where `attached`, that a file holds them all, or how many.
    pub fn show(&mut self, count: usize, attached: bool, locale: &Locale) {
        if count < self.rows.len() {
            self.rows.truncate(count);
            self.fit();
        }
        let key = match attached && self.rows.len() < self.held {
            true if self.held < self.of => "table.cut_more",
            true => "table.cut",
            false => "table.shown",
        };
        let shown = Say::new(key)
            .with("shown", self.rows.len() as i128)
            .with("of", self.of as i128)
            .with("held", self.held as i128);
        self.cut = (self.rows.len() < self.of).then(|| locale.say(&shown));
    }

    /// What hangs on which rows are there.
    fn fit(&mut self) {
        if self.dense {
            self.drop_empty();
        }
        self.lines = block::lines(&self.columns, &self.rows);
        self.stacks = phone::is_too_wide(&self.columns, &self.rows);
    }

    /// Where columns stand close, one that says nothing of any row shown is room for the others.
    fn drop_empty(&mut self) {
        let says = |at: usize| self.rows.iter().any(|row| row.get(at).is_some_and(|c| !c.text.is_empty()));
        let kept: Vec<bool> =
            (0..self.columns.len()).map(|at| at == 0 || self.rows.is_empty() || says(at)).collect();
        let mut keeps = kept.iter();
        self.columns.retain(|_| keeps.next().copied().unwrap_or(true));
        for row in &mut self.rows {
            let mut keeps = kept.iter();
            row.retain(|_| keeps.next().copied().unwrap_or(true));
        }
    }
}
