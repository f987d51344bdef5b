//! The pieces of a document's body in words.

use unicode_width::UnicodeWidthStr as _;

use super::{
    ActionView, BecauseView, BlockView, CellView, ChartView, ColumnView, FigureView, FiguresView, ItemView,
    OtherView, ReachView, TableView, tidy,
};
use crate::document::{Block, Chart, Figures, Item, Reach, Say, Table, Value};
use crate::render::locale::Locale;
use crate::render::picture::Drawn;

pub(super) fn block(
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
            let mut values = figure.values.iter().map(|value| whole(locale.value(value)));
            let now = values.next().unwrap_or_default();
            let others = values.zip(figure.changes()).map(|(value, change)| OtherView {
                value,
                change: if is_from_zero(&change) { String::new() } else { locale.value(&change) },
            });
            FigureView {
                name: locale.say(&figure.name),
                now,
                others: others.collect(),
                remark: locale.value(&figure.remark),
                alarming: figure.alarming,
            }
        })
        .collect();
    let lines = figure_lines(&columns, &rows);
    FiguresView { columns, rows, lines }
}

/// Figures as lines of text: each value with what the figure did since beside it.
fn figure_lines(columns: &[String], rows: &[FigureView]) -> Vec<String> {
    let (first, others) =
        columns.split_first().map_or((String::new(), [].as_slice()), |(f, o)| (f.clone(), o));
    let heads = others.iter().flat_map(|column| [column.clone(), String::new()]);
    let mut cells: Vec<Vec<String>> = vec![[String::new(), first].into_iter().chain(heads).collect()];
    cells.extend(rows.iter().map(|row| {
        let others = row.others.iter().flat_map(|other| [other.value.clone(), other.change.clone()]);
        [row.name.clone(), row.now.clone()].into_iter().chain(others).collect()
    }));
    cells[0].push(String::new());
    cells.iter_mut().skip(1).zip(rows).for_each(|(cells, row)| cells.push(row.remark.clone()));
    // Names, changes and remarks begin where the others do.
    let numeric: Vec<bool> = (0..others.len() * 2 + 3)
        .map(|i| i == 1 || i > 1 && i % 2 == 0 && i < others.len() * 2 + 2)
        .collect();
    align(&cells, &numeric)
}

/// Beside a value of zero it need not be said that it was zero.
fn is_from_zero(change: &Value) -> bool {
    matches!(change, Value::Say(say) if say.key == "change.from_zero")
}

/// From so many columns on a table is dense.
const DENSE: usize = 10;

/// A table in words.
pub fn table_view(table: &Table, locale: &Locale) -> TableView {
    let columns: Vec<ColumnView> = table
        .columns
        .iter()
        .map(|c| ColumnView { text: tidy(&locale.say(&c.title)), numeric: c.numeric })
        .collect();
    let says = |at: &usize| table.rows.iter().any(|row| row.get(*at).is_some_and(|v| *v != Value::Empty));
    let dense = (0..columns.len()).filter(says).count() >= DENSE;
    let row = |row: &Vec<Value>| {
        row.iter().zip(&columns).map(|(value, c)| cell(value, c.numeric, dense, locale)).collect()
    };
    let mut view = TableView {
        title: locale.say(&table.title),
        rows: table.rows.iter().map(row).collect(),
        columns,
        of: table.of,
        held: table.held,
        dense,
        gap: if dense { 8 } else { 14 },
        lines: Vec::new(),
        stacks: false,
        cut: None,
    };
    view.fit();
    view.show(table.rows.len(), false, locale);
    view
}

fn cell(value: &Value, numeric: bool, dense: bool, locale: &Locale) -> CellView {
    let text = match value {
        Value::Month(_) => locale.short(value),
        // Where columns stand close, decimals would only widen them; the file has them.
        Value::Rate(share) if dense => locale.whole_percent(share.scaled(2) as f64 / 100.0),
        _ => locale.value(value),
    };
    let joined = matches!(value, Value::Day(_) | Value::DayNear(_) | Value::Month(_));
    let text = match (joined, numeric) {
        // Word knows no line that must not break, but blanks that must not.
        (true, _) => text.replace(' ', "\u{a0}"),
        (false, true) => whole(text),
        (false, false) => text,
    };
    CellView { text, numeric, wrap: if joined { "white-space:nowrap;" } else { "" } }
}

/// A table as lines of text, that of the headings first.
pub(super) fn lines(columns: &[ColumnView], rows: &[Vec<CellView>]) -> Vec<String> {
    let short = |cell: &CellView| crate::domain::text::excerpt(&cell.text, 34);
    let mut cells = vec![columns.iter().map(|c| c.text.clone()).collect::<Vec<_>>()];
    cells.extend(rows.iter().map(|row| row.iter().map(short).collect()));
    let numeric: Vec<bool> = columns.iter().map(|c| c.numeric).collect();
    align(&cells, &numeric)
}

/// A figure whose fraction stays on one line: "6.7% (2 of 30)".
fn whole(text: String) -> String {
    let joined = |(before, fraction): (&str, &str)| format!("{before}({}", fraction.replace(' ', "\u{a0}"));
    text.split_once('(').map(joined).unwrap_or(text)
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
    let mut said: Vec<BecauseView> = Vec::new();
    for because in &item.reasons {
        let view = BecauseView {
            why: locale.say(&because.why),
            what: because.what.as_deref().map(|what| locale.quoted(what)),
        };
        // Two rules, or two contracts of a customer, may say the same: it is read once.
        if !said.contains(&view) {
            said.push(view);
        }
    }
    let mut reasons = said.into_iter();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Because;

    #[test]
    fn what_two_rules_say_in_the_same_words_is_read_once() {
        let because = |rule: &str, why: Say, what: Option<&str>| Because {
            rule: rule.to_owned(),
            subject: rule.to_owned(),
            due: jiff::civil::date(2026, 11, 3),
            why,
            what: what.map(str::to_owned),
        };
        let renews = || Say::new("due.renews_today").with("money", "€9");
        let item = Item {
            customer_id: "C-1".to_owned(),
            customer: "Acme".to_owned(),
            reasons: vec![
                because("a", renews(), None),
                because("b", renews(), None),
                because("c", Say::new("due.today"), Some("call")),
                because("c", Say::new("due.today"), Some("write")),
            ],
            facts: Vec::new(),
            reach: Vec::new(),
            days_late: 0,
            late: false,
            actions: Vec::new(),
        };
        let view = item_view(1, &item, &Locale::load("ru").unwrap());
        let more: Vec<&str> = view.more.iter().filter_map(|because| because.what.as_deref()).collect();
        assert_eq!(view.why, "договор продлевается сегодня (€9 в месяц)");
        assert_eq!(more, ["«call»", "«write»"], "two promises are two, in the quotes of the language");
    }
}
