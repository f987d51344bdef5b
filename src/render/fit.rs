//! A mail's HTML below the size at which Gmail clips it: what would be over it is cut, and the mail says so.
//!
//! Cut are, one after the other and no more than needed: texts that are longer than anybody reads; rows, of
//! the longest tables first, down to a few each; whole tables and things to do, the last of them first. Both
//! bodies of the mail are of the view that is left, so that text and HTML say the same.

use super::locale::Locale;
use super::mime;
use super::template::TemplateError;
use super::view::{BlockView, ItemView, View};
use crate::document::Say;
use crate::domain::text::within;

/// Most bytes of a mail's HTML as it is sent, in quoted-printable. Gmail shows 102 kB of a message and hides
/// the rest behind a link; whether it counts before or after decoding it does not say, so the larger number
/// is held below it, with some room for what relays add.
pub const HTML_MAX: usize = 100_000;

/// Rows that a table keeps as long as whole tables can be left out instead.
const ROWS_MIN: usize = 3;

/// Longest text in a mail that is over the size, in bytes.
const TEXT_MAX: usize = 600;

/// The same where nothing else is left to cut.
const TEXT_MIN: usize = 60;

/// How much is left of a view.
#[derive(Debug, Clone, Copy)]
struct Cut {
    /// Longest text.
    text: usize,
    /// Most rows of a table.
    rows: usize,
    /// How many tables and things to do, from the first on.
    pieces: usize,
}

/// Renders the HTML of `view` by `html`, with as much of it cut as [`HTML_MAX`] asks for; what is too long to be
/// rendered at all is cut, too. `attached` says whether a file holds the tables whole. A template that is too long by
/// itself stays so.
pub fn html(
    view: &mut View,
    locale: &Locale,
    attached: bool,
    html: impl Fn(&View) -> Result<String, TemplateError>,
) -> Result<String, TemplateError> {
    let fitting = |view: &View| match html(view) {
        Ok(html) => Ok(Some(html).filter(|html| mime::fits(html, HTML_MAX))),
        Err(error) if error.too_long => Ok(None),
        Err(error) => Err(error),
    };
    if let Some(whole) = fitting(view)? {
        return Ok(whole);
    }
    let cuts = cuts(view);
    // Each of them leaves less than the one before; the first that fits is looked for.
    let (mut low, mut high) = (0, cuts.len() - 1);
    while low < high {
        let middle = usize::midpoint(low, high);
        let left = cuts[middle].of(view, locale, attached);
        if fitting(&left)?.is_some() { high = middle } else { low = middle + 1 }
    }
    *view = cuts[low].of(view, locale, attached);
    html(view)
}

/// What can be cut, the least first.
fn cuts(view: &View) -> Vec<Cut> {
    let tables = view.blocks.iter().filter_map(|block| block.table.as_ref());
    let longest = tables.clone().map(|table| table.rows.len()).max().unwrap_or(0).max(ROWS_MIN);
    let items: usize = view.blocks.iter().filter_map(|block| block.items.as_ref()).map(Vec::len).sum();
    let all = tables.count() + items;
    let rows = (ROWS_MIN..=longest).rev().map(|rows| Cut { text: TEXT_MAX, rows, pieces: all });
    let pieces = (0..all).rev().map(|pieces| Cut { text: TEXT_MAX, rows: ROWS_MIN, pieces });
    rows.chain(pieces).chain([Cut { text: TEXT_MIN, rows: ROWS_MIN, pieces: 0 }]).collect()
}

impl Cut {
    fn of(self, view: &View, locale: &Locale, attached: bool) -> View {
        let mut left = self.pieces;
        let mut lost_tables = 0i128;
        // Things to do that are not shown, until a sentence has said how many.
        let mut lost_items = 0;
        let mut blocks: Vec<BlockView> = Vec::new();
        for block in &view.blocks {
            if block.counts == 0 {
                blocks.extend(more(std::mem::take(&mut lost_items), locale));
            }
            let mut block = block.clone();
            if block.table.is_some() {
                if left == 0 {
                    lost_tables += 1;
                    continue;
                }
                left -= 1;
            }
            if let Some(items) = &mut block.items {
                lost_items = items.len().saturating_sub(left);
                left -= items.len() - lost_items;
                items.truncate(items.len() - lost_items);
            } else if block.counts > 0 && lost_items > 0 {
                block = more(std::mem::take(&mut lost_items) + block.counts, locale).unwrap_or_default();
            }
            blocks.push(block);
        }
        blocks.extend(more(lost_items, locale));
        let mut view = View { blocks, ..view.clone() };
        view.tables_mut().for_each(|table| table.show(self.rows.min(table.rows.len()), attached, locale));
        shorten(&mut view, self.text);
        // What was left out is told whole, however short all else is.
        let key = if attached { "tables.attached" } else { "tables.left_out" };
        let say = Say::new(key).with("n", lost_tables);
        if lost_tables > 0 {
            view.blocks.push(BlockView { paragraph: Some(locale.say(&say)), ..BlockView::default() });
        }
        view
    }
}

/// "and 13 more".
fn more(counts: usize, locale: &Locale) -> Option<BlockView> {
    let say = Say::new("digest.more").with("n", counts as i128);
    (counts > 0).then(|| BlockView { paragraph: Some(locale.say(&say)), counts, ..BlockView::default() })
}

/// Every text with at most so many bytes.
fn shorten(view: &mut View, bytes: usize) {
    let short = |text: &mut String| {
        if text.len() > bytes {
            *text = within(text, bytes);
        }
    };
    let View { subject, title, preheader, lead, notes, sent_by, signed, .. } = view;
    [subject, title, preheader, sent_by].into_iter().chain(signed).for_each(short);
    lead.iter_mut().chain(notes).for_each(short);
    for block in &mut view.blocks {
        if let Some(figures) = &mut block.figures {
            figures.columns.iter_mut().for_each(short);
            for row in &mut figures.rows {
                [&mut row.name, &mut row.now, &mut row.remark].into_iter().for_each(short);
                row.others.iter_mut().flat_map(|o| [&mut o.value, &mut o.change]).for_each(short);
            }
        }
        if let Some(table) = &mut block.table {
            short(&mut table.title);
            table.columns.iter_mut().map(|column| &mut column.text).for_each(short);
            table.rows.iter_mut().flatten().map(|cell| &mut cell.text).for_each(short);
        }
        block.chart.iter_mut().map(|chart| &mut chart.alt).for_each(short);
        block.paragraph.iter_mut().for_each(short);
        block.items.iter_mut().flatten().for_each(|item| shorten_item(item, bytes, short));
    }
}

fn shorten_item(item: &mut ItemView, bytes: usize, short: impl Fn(&mut String)) {
    let ItemView { customer, why, what, facts, more, reach, .. } = item;
    [customer, why, facts].into_iter().chain(what).for_each(&short);
    for because in more {
        short(&mut because.why);
        because.what.iter_mut().for_each(&short);
    }
    // A link that is cut leads to where nobody meant.
    reach.retain(|reach| reach.url.len() <= bytes.max(TEXT_MAX));
    reach.iter_mut().map(|reach| &mut reach.text).for_each(short);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::document::{Block, Column, Document, Figure, Figures, Item, Kind, Table, Value};
    use crate::job::sample;
    use crate::render::Templates;
    use crate::render::template::Own;
    use crate::render::view::words;

    fn rendered(document: &Document, tag: &str, attached: bool) -> (View, View, String) {
        let (locale, templates) = (Locale::load(tag).unwrap(), Templates::with(&[]).unwrap());
        let whole = words(document, &locale);
        let mut view = whole.clone();
        let html = html(&mut view, &locale, attached, |v| templates.body(document.kind, "html", v)).unwrap();
        (whole, view, html)
    }

    fn table(columns: usize, rows: usize, text: &str) -> Table {
        let column = |n| Column { name: "what", title: Say::new("column.what"), numeric: n % 2 == 1 };
        let row = vec![Value::from(text); columns];
        let rows = vec![row; rows];
        let columns = (0..columns).map(column).collect();
        Table::whole("left", Say::new("table.left"), columns, rows)
    }

    fn item(text: &str) -> Item {
        let Block::Items(items) = &sample::document(Kind::Digest).unwrap().blocks[0] else { unreachable!() };
        Item { customer: text.to_owned(), ..items[0].clone() }
    }

    fn shown(view: &View) -> (usize, usize, usize, usize) {
        let tables = view.blocks.iter().filter_map(|block| block.table.as_ref());
        let items = view.blocks.iter().filter_map(|block| block.items.as_ref()).map(Vec::len).sum();
        let told = view.blocks.iter().map(|block| block.counts).sum();
        (tables.clone().count(), tables.map(|table| table.rows.len()).sum(), items, told)
    }

    #[test]
    fn what_fits_is_left_as_it_is() {
        for kind in Kind::ALL {
            let (whole, view, _) = rendered(&sample::document(kind).unwrap(), "uk", true);
            assert_eq!(format!("{whole:?}"), format!("{view:?}"), "{kind:?}");
        }
    }

    #[test]
    fn the_longest_tables_are_cut_first_and_all_say_so() {
        let mut document = sample::document(Kind::Report).unwrap();
        document.blocks = vec![Block::Table(table(6, 500, "Олена")), Block::Table(table(2, 5, "Рух"))];
        let (mut whole, view, html) = rendered(&document, "uk", true);
        let tables: Vec<_> = view.blocks.iter().filter_map(|block| block.table.as_ref()).collect();
        let [long, short] = tables.as_slice() else { panic!("{} tables", tables.len()) };
        assert!(long.rows.len() > 50 && long.rows.len() < 500, "{} rows", long.rows.len());
        assert_eq!(long.lines.len(), long.rows.len() + 1);
        let said = format!("показано {} із 500; повний перелік у вкладенні", long.rows.len());
        assert_eq!(long.cut.as_ref(), Some(&said));
        assert!(html.contains(&said));
        assert_eq!((short.rows.len(), &short.cut), (5, &None));
        assert!(mime::encoded_len(&html) <= HTML_MAX);
        // One row more would have been too much.
        let (locale, templates) = (Locale::load("uk").unwrap(), Templates::with(&[]).unwrap());
        whole.blocks[0].table.as_mut().unwrap().show(long.rows.len() + 1, true, &locale);
        let more = templates.body(Kind::Report, "html", &whole).unwrap();
        assert!(mime::encoded_len(&more) > HTML_MAX);
        let (_, view, _) = rendered(&document, "uk", false);
        let bare = view.blocks[0].table.as_ref().unwrap().cut.as_ref().unwrap();
        assert!(bare.starts_with("показано") && !bare.contains("вкладенні"), "{bare}");
    }

    #[test]
    fn what_is_too_long_to_be_rendered_is_cut_and_what_is_wrong_is_told() {
        let mut document = sample::document(Kind::Report).unwrap();
        document.blocks = vec![Block::Table(table(2, 1_100, &"Олена ".repeat(500)))];
        let (locale, templates) = (Locale::load("uk").unwrap(), Templates::with(&[]).unwrap());
        let whole = words(&document, &locale);
        let refused = templates.body(Kind::Report, "html", &whole).unwrap_err();
        assert!(refused.too_long, "{refused}");
        let (_, view, html) = rendered(&document, "uk", true);
        assert!(mime::fits(&html, HTML_MAX));
        let table = view.blocks[0].table.as_ref().unwrap();
        assert!(table.rows.len() > 5 && table.cut.is_some(), "{} rows", table.rows.len());
        let text = "{{#each blocks}}{{#each table.rows}}{{nothing}}{{/each}}{{/each}}".to_owned();
        let own = Own { name: "report/body.html".to_owned(), path: "own.hbs".to_owned(), text };
        let templates = Templates::with(&[own]).unwrap();
        let body = |view: &View| templates.body(Kind::Report, "html", view);
        let wrong = super::html(&mut words(&document, &locale), &locale, true, body).unwrap_err();
        assert!(!wrong.too_long && wrong.reason.contains("nothing"), "{wrong}");
    }

    #[test]
    fn what_is_left_out_is_told_whole_where_all_else_is_cut_to_the_shortest() {
        let mut document = sample::document(Kind::Report).unwrap();
        let sentence = || Say::new("quoted").with("text", "Олена ".repeat(500).as_str());
        (document.lead, document.notes) = (vec![sentence(); 8], vec![sentence(); 8]);
        let values = vec![Value::from("<&\"'>".repeat(300).as_str()); 3];
        let row = Figure { name: sentence(), values, remark: Value::Empty, alarming: false };
        let figures = Block::Figures(Figures { columns: vec![Value::Empty; 3], rows: vec![row; 8] });
        document.blocks = vec![figures];
        document.blocks.extend(vec![Block::Table(table(4, 30, "名")); 13]);
        let (_, view, html) = rendered(&document, "ru", false);
        assert!(
            shown(&view).0 == 0 && view.lead.iter().all(|text| text.len() <= TEXT_MIN),
            "{:?}",
            view.lead
        );
        assert!(html.contains("Ещё 13 таблиц не поместились в это письмо."), "{:?}", view.blocks.last());
    }

    #[test]
    fn tables_that_are_left_out_are_counted() {
        let mut document = sample::document(Kind::Report).unwrap();
        document.blocks = vec![Block::Table(table(8, 3, &"名".repeat(20))); 90];
        for (attached, said) in [
            (true, "more tables are in the attachment."),
            (false, "more tables did not fit into this message."),
        ] {
            let (_, view, html) = rendered(&document, "en", attached);
            let (tables, ..) = shown(&view);
            assert!(tables > 5 && tables < 90, "{tables}");
            assert!(html.contains(&format!("{} {said}", 90 - tables)), "{tables}");
        }
    }

    fn text() -> impl Strategy<Value = String> {
        let kinds =
            ["Aurora Log ", "Олена Шевченко ", "<&\"'>", "王芳", "e\u{301}\u{302}\u{303}", "👩‍💻", "=. "];
        (0..kinds.len(), 0..400usize).prop_map(move |(kind, times)| kinds[kind].repeat(times))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn whatever_is_said_stays_below_the_size_and_what_is_cut_is_told(
            texts in prop::collection::vec(text(), 4),
            sizes in prop::collection::vec((1..8usize, 0..40usize), 0..30),
            (items, more) in (0..50usize, 0..30i128),
            (sentences, attached, language) in (0..12usize, any::<bool>(), 0..6usize),
        ) {
            let mut document = sample::document(if items > 0 { Kind::Digest } else { Kind::Report }).unwrap();
            let sentence = || Say::new("quoted").with("text", texts[0].as_str());
            document.lead = vec![sentence(); sentences];
            document.notes = vec![sentence(); sentences];
            document.blocks.clear();
            if items > 0 {
                document.blocks.push(Block::Items(vec![item(&texts[1]); items]));
            }
            if items > 0 && more > 0 {
                document.blocks.push(Block::Paragraph(Say::new("digest.more").with("n", more)));
            }
            if items == 0 {
                let row = Figure { name: sentence(), values: vec![Value::from(texts[3].as_str()); 3], remark: Value::Empty, alarming: false };
                document.blocks.push(Block::Figures(Figures { columns: vec![Value::Empty; 3], rows: vec![row; sentences] }));
                document.blocks.extend(sizes.iter().map(|(columns, rows)| Block::Table(table(*columns, *rows, &texts[2]))));
            }
            let tag = crate::render::locale::tags().nth(language).unwrap();
            let (whole, view, html) = rendered(&document, tag, attached);
            prop_assert!(mime::encoded_len(&html) <= HTML_MAX, "{} bytes", mime::encoded_len(&html));
            let ((tables, _, items, told), (tables_left, _, items_left, told_left)) = (shown(&whole), shown(&view));
            // Whoever is not shown is counted, and each table that lost rows says how many.
            prop_assert_eq!(items + told, items_left + told_left);
            let locale = Locale::load(tag).unwrap();
            for (before, after) in whole.blocks.iter().zip(&view.blocks) {
                if let (Some(before), Some(after)) = (&before.table, &after.table) {
                    prop_assert_eq!(before.rows.len() > after.rows.len(), after.cut.is_some());
                }
            }
            if tables > tables_left {
                let key = if attached { "tables.attached" } else { "tables.left_out" };
                let said = locale.say(&Say::new(key).with("n", (tables - tables_left) as i128));
                prop_assert!(html.contains(&said), "{}", said);
            }
        }
    }
}
