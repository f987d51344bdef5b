//! Tables, free of any language.

use super::{Say, Value};

/// A table. What is shown may be fewer rows than there are; then it says so.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Machine name: sheet name, CSV name, JSON key.
    pub name: &'static str,
    /// What it shows.
    pub title: Say,
    /// Column headings.
    pub columns: Vec<Column>,
    /// The rows.
    pub rows: Vec<Vec<Value>>,
    /// How many rows there are in all.
    pub of: usize,
    /// How many of them the attached file holds.
    pub held: usize,
}

impl Table {
    /// One of which nothing is left out.
    pub fn whole(name: &'static str, title: Say, columns: Vec<Column>, rows: Vec<Vec<Value>>) -> Table {
        Table { name, title, columns, of: rows.len(), held: rows.len(), rows }
    }

    /// The first `count` rows; [`Table::of`] and [`Table::held`] stay.
    #[must_use]
    pub fn first(&self, count: usize) -> Table {
        Table { rows: self.rows.iter().take(count).cloned().collect(), ..self.clone() }
    }
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Machine name: JSON key.
    pub name: &'static str,
    /// Its heading.
    pub title: Say,
    /// Whether its values are numbers, to be aligned on the right.
    pub numeric: bool,
}
