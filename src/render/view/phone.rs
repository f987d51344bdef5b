//! Whether a table can stand as one on a phone.

use unicode_width::UnicodeWidthStr as _;

use super::{CellView, ColumnView};

/// What stands in a line on a phone of 320 pixels, in figures of 12 pixels, beside the gaps.
const LINE: usize = 42;

/// What a gap between two columns takes of it.
const GAP: usize = 1;

/// Beyond so many, a name is broken rather than the table.
const WORD_MAX: usize = 12;

/// Whether the rows of a table are to be paragraphs on a phone: words in narrow columns would be broken line
/// by line, and figures that do not fit would widen the page.
pub(super) fn is_too_wide(columns: &[ColumnView], rows: &[Vec<CellView>]) -> bool {
    let widest = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.text.as_str());
        cells.chain(columns.get(at).map(|column| column.text.as_str())).map(word).max().unwrap_or(0)
    };
    let wide: usize = (0..columns.len()).map(|at| widest(at) + GAP).sum();
    wide > LINE || columns.iter().skip(1).any(|column| !column.numeric)
}

/// The width of the longest word: a line breaks at blanks that are not joined.
fn word(text: &str) -> usize {
    let words = text.split([' ', '-']).map(|word| {
        let width = word.width();
        // A figure is never broken.
        if word.contains(|c: char| c.is_ascii_digit()) { width } else { width.min(WORD_MAX) }
    });
    words.max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(columns: &[(&str, bool)], row: &[&str]) -> bool {
        let columns: Vec<ColumnView> = columns
            .iter()
            .map(|(text, numeric)| ColumnView { text: (*text).to_owned(), numeric: *numeric })
            .collect();
        let row = row.iter().map(|text| CellView { text: (*text).to_owned(), numeric: true, wrap: "" });
        is_too_wide(&columns, &[row.collect()])
    }

    #[test]
    fn figures_stay_a_table_until_they_are_too_wide() {
        let five = [("Segment", false), ("Start", true), ("Left", true), ("Churn", true), ("Before", true)];
        assert!(!is(&five, &["enterprise", "77", "3", "3.9%", "4.3% (1 of 23)"]));
        assert!(!is(&five, &["a name of many words that is longer than a line", "77", "3", "3.9%", "1.3%"]));
        let millions = "R$\u{a0}13.929.663";
        assert!(is(&five, &["enterprise", millions, millions, millions, millions]));
    }

    #[test]
    fn words_beside_words_are_paragraphs() {
        assert!(is(&[("Customer", false), ("Plan", false)], &["Aurora Log", "Campus"]));
    }
}
