//! What templates see: a document in the words of one language, as plain strings.

use serde::Serialize;
use unicode_width::UnicodeWidthStr as _;

use super::locale::Locale;
use super::picture::{self, Drawn};
use crate::document::{Block, Chart, Document, Figures, Item, Reach, Say, Table, Value};

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
    pub others: Vec<String>,
    /// A remark.
    pub remark: String,
    /// Whether the remark is bad news.
    pub alarming: bool,
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
    /// "showing n of m", where rows are cut.
    pub cut: Option<String>,
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
#[derive(Debug, Clone, Serialize)]
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
    let blocks = document.blocks.iter().filter_map(|b| block(b, locale, drawings, draw)).collect();
    View {
        lang: locale.tag().to_owned(),
        kind: document.kind.name(),
        subject: locale.say(&document.subject),
        title: locale.say(&document.title),
        lead: document.lead.iter().map(|say| tidy(&locale.say(say))).collect(),
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

fn block(
    block: &Block,
    locale: &Locale,
    drawings: &mut Vec<Drawn>,
    draw: &mut dyn FnMut(&Chart) -> Option<Drawn>,
) -> Option<BlockView> {
    let empty = BlockView::default();
    Some(match block {
        Block::Figures(figures) => BlockView { figures: Some(figures_view(figures, locale)), ..empty },
        Block::Table(table) => BlockView { table: Some(table_view(table, locale)), ..empty },
        Block::Paragraph(say) => {
            let n = say.args.iter().find(|(name, _)| say.key == "digest.more" && *name == "n");
            let counts = match n {
                Some((_, Value::Count(n))) => usize::try_from(*n).unwrap_or(0),
                _ => 0,
            };
            BlockView { paragraph: Some(tidy(&locale.say(say))), counts, ..empty }
        }
        Block::Items(items) => {
            let items = items.iter().enumerate().map(|(i, item)| item_view(i + 1, item, locale)).collect();
            BlockView { items: Some(items), ..empty }
        }
        Block::Chart(chart) => {
            let drawn = draw(chart)?;
            let (width, height) = png_size(&drawn.png);
            let cid = format!("chart{}", drawings.len() + 1);
            let view = ChartView { cid, alt: drawn.alt.clone(), width: width / 2, height: height / 2 };
            drawings.push(drawn);
            BlockView { chart: Some(view), ..empty }
        }
    })
}

/// Width and height stand at fixed places in a PNG's first chunk.
fn png_size(png: &[u8]) -> (u32, u32) {
    let number =
        |at: usize| png.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_be_bytes);
    (number(16), number(20))
}

fn figures_view(figures: &Figures, locale: &Locale) -> FiguresView {
    let columns: Vec<String> = figures.columns.iter().map(|value| locale.value(value)).collect();
    let rows: Vec<FigureView> = figures
        .rows
        .iter()
        .map(|figure| {
            let mut values = figure.values.iter().map(|value| locale.value(value));
            FigureView {
                name: locale.say(&figure.name),
                now: values.next().unwrap_or_default(),
                others: values.collect(),
                remark: locale.value(&figure.remark),
                alarming: figure.alarming,
            }
        })
        .collect();
    let mut cells = vec![[vec![String::new()], columns.clone(), vec![String::new()]].concat()];
    for row in &rows {
        cells.push(
            [vec![row.name.clone(), row.now.clone()], row.others.clone(), vec![row.remark.clone()]].concat(),
        );
    }
    let numeric: Vec<bool> = (0..columns.len() + 2).map(|i| i != 0 && i != columns.len() + 1).collect();
    FiguresView { columns, rows, lines: align(&cells, &numeric) }
}

/// A table in words.
pub fn table_view(table: &Table, locale: &Locale) -> TableView {
    let columns: Vec<ColumnView> = table
        .columns
        .iter()
        .map(|c| ColumnView { text: tidy(&locale.say(&c.title)), numeric: c.numeric })
        .collect();
    let rows: Vec<Vec<CellView>> = table
        .rows
        .iter()
        .map(|row| {
            let cells = row.iter().zip(&columns);
            cells
                .map(|(value, column)| CellView { text: locale.value(value), numeric: column.numeric })
                .collect()
        })
        .collect();
    let shown = Say::new("table.cut").with("shown", table.rows.len() as i128).with("of", table.of as i128);
    let mut cells = vec![columns.iter().map(|c| c.text.clone()).collect::<Vec<_>>()];
    cells.extend(
        rows.iter().map(|row| row.iter().map(|cell| crate::domain::text::excerpt(&cell.text, 34)).collect()),
    );
    let numeric: Vec<bool> = columns.iter().map(|c| c.numeric).collect();
    TableView {
        title: locale.say(&table.title),
        lines: align(&cells, &numeric),
        columns,
        rows,
        cut: (table.rows.len() < table.of).then(|| locale.say(&shown)),
    }
}

fn item_view(number: usize, item: &Item, locale: &Locale) -> ItemView {
    let facts: Vec<String> = item.facts.iter().map(|say| locale.say(say)).collect();
    let reach = item.reach.iter().map(|reach| match reach {
        Reach::Phone(phone) => {
            let digits: String = phone.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
            ReachView { text: phone.clone(), url: format!("tel:{digits}") }
        }
        Reach::Email(email) => ReachView { text: email.clone(), url: format!("mailto:{email}") },
        Reach::Place(address) => ReachView { text: address.clone(), url: map(address) },
    });
    let mut reasons = item
        .reasons
        .iter()
        .map(|because| BecauseView { why: locale.say(&because.why), what: because.what.clone() });
    let first = reasons.next().unwrap_or(BecauseView { why: String::new(), what: None });
    let actions = item.actions.iter().map(|action| ActionView {
        text: locale.say(&Say::new(format!("action.{}", action.what))),
        url: action.url.clone(),
    });
    ItemView {
        number,
        customer: item.customer.clone(),
        why: first.why,
        what: first.what,
        more: reasons.collect(),
        facts: facts.join(" · "),
        reach: reach.collect(),
        late: item.late,
        actions: actions.collect(),
    }
}

/// A link that phones and browsers open as a map.
fn map(address: &str) -> String {
    use std::fmt::Write as _;
    let mut url = "https://www.openstreetmap.org/search?query=".to_owned();
    for byte in address.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            url.push(char::from(byte));
        } else {
            let _ = write!(url, "%{byte:02X}");
        }
    }
    url
}

/// Cells as lines: columns as wide as their widest cell, by what a terminal or a mono-spaced mail shows.
fn align(cells: &[Vec<String>], numeric: &[bool]) -> Vec<String> {
    let width =
        |column: usize| cells.iter().filter_map(|row| row.get(column)).map(|c| c.width()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..numeric.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let mut line = String::new();
        for (i, cell) in row.iter().enumerate() {
            let gap = " ".repeat(widths[i].saturating_sub(cell.width()));
            line.push_str(if i == 0 { "" } else { "  " });
            let (before, after) = if numeric[i] { (gap.as_str(), "") } else { ("", gap.as_str()) };
            line.push_str(before);
            line.push_str(cell);
            line.push_str(after);
        }
        line.trim_end().to_owned()
    };
    cells.iter().map(line).collect()
}
