//! What is attached as tables: the key figures, the tables whole, and how all of it was counted. Whoever keeps the file
//! and not the mail still has the definitions.

use super::{Block, Column, Document, Figure, Figures, Kind, Say, Table, Value, change};

/// Names of the columns of values: the period, the one before, the same a year ago.
const VALUES: [&str; 3] = ["value", "value_before", "value_year_ago"];

impl Document {
    /// The tables of a workbook, or of files beside each other.
    pub fn files(&self) -> Vec<Table> {
        let figures = self.blocks.iter().filter_map(|block| match block {
            Block::Figures(figures) => Some(of_figures(figures)),
            _ => None,
        });
        let notes = (self.kind == Kind::Report && !self.notes.is_empty()).then(|| self.of_notes());
        figures.chain(self.sheets.iter().cloned()).chain(notes).collect()
    }

    fn of_notes(&self) -> Table {
        let rows: Vec<Vec<Value>> =
            [&self.title].into_iter().chain(&self.notes).map(|note| vec![note.clone().into()]).collect();
        let title = || Say::new("notes.title");
        let columns = vec![Column { name: "note", title: title(), numeric: false }];
        Table::whole("notes", title(), columns, rows)
    }
}

fn of_figures(figures: &Figures) -> Table {
    let word = |name, title: &'static str| Column { name, title: Say::new(title), numeric: false };
    let values = VALUES.into_iter().zip(&figures.columns).map(|(name, heading)| Column {
        name,
        title: Say::new("as_is").with("value", heading.clone()),
        numeric: true,
    });
    let changes = [word("change", "column.change"), word("change_year_ago", "column.change_year_ago")];
    // One against each period there is beside the first.
    let changes = changes.into_iter().take(figures.columns.len().saturating_sub(1));
    let columns = [word("figure", "column.figure")].into_iter().chain(values).chain(changes);
    let columns = columns.chain([word("remark", "column.remark")]).collect();
    let row = |figure: &Figure| {
        let mut row: Vec<Value> = vec![figure.name.clone().into()];
        row.extend(figure.values.iter().cloned());
        row.extend(figure.changes());
        row.push(figure.remark.clone());
        row
    };
    Table::whole("figures", Say::new("table.figures"), columns, figures.rows.iter().map(row).collect())
}

impl Figure {
    /// What it did against each of the periods that it is beside.
    pub fn changes(&self) -> impl Iterator<Item = Value> {
        let now = self.values.first().cloned().unwrap_or(Value::Empty);
        self.values.iter().skip(1).map(move |was| change(&now, was))
    }
}
