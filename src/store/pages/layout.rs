//! Where a table's columns are in its records, as its schema says.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _};

use super::record::{Kind, Wanted};
use crate::store::mapping::pragma;

/// Which values of a record are read.
pub(super) struct Layout {
    /// By their place in the record.
    pub(super) wanted: Vec<Wanted>,
    /// How many values are given out.
    pub(super) slots: usize,
}

impl Layout {
    /// What is read of every row: of the first `early` columns, and what is not. All is, where columns do not come as they
    /// are stored.
    pub(super) fn split(&self, early: usize) -> (&[Wanted], &[Wanted]) {
        let in_order = self.wanted.iter().enumerate().all(|(nth, want)| want.slot == nth);
        self.wanted.split_at(if in_order { early.min(self.wanted.len()) } else { self.wanted.len() })
    }
}

struct Column {
    name: String,
    affinity: Affinity,
    default: Option<String>,
    in_key: bool,
    is_plain: bool,
}

/// What a column makes of what is put into it (<https://www.sqlite.org/datatype3.html#determination_of_column_affinity>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Affinity {
    Text,
    Real,
    /// Integers and numerals store alike.
    Number,
    None,
}

impl Affinity {
    fn of(declared: &str) -> Affinity {
        let declared = declared.to_ascii_uppercase();
        let has = |word: &str| declared.contains(word);
        if has("INT") {
            Affinity::Number
        } else if has("CHAR") || has("CLOB") || has("TEXT") {
            Affinity::Text
        } else if has("BLOB") || declared.is_empty() {
            Affinity::None
        } else if has("REAL") || has("FLOA") || has("DOUB") {
            Affinity::Real
        } else {
            Affinity::Number
        }
    }

    /// What such a column makes of a constant; `None` where that takes SQLite's own rules.
    fn store(self, value: Value) -> Option<Value> {
        match (self, value) {
            (Affinity::Real, Value::Integer(n)) => Some(Value::Real(n as f64)),
            (_, Value::Null) => Some(Value::Null),
            (Affinity::Text | Affinity::None, value @ Value::Text(_))
            | (Affinity::Number | Affinity::None, value @ Value::Integer(_))
            | (Affinity::Real | Affinity::None, value @ Value::Real(_)) => Some(value),
            _ => None,
        }
    }
}

/// The first page of a table, and where `columns` are in its rows; `None` for what is no plain table.
pub(super) fn of(
    connection: &Connection,
    table: &str,
    columns: &[String],
) -> rusqlite::Result<Option<(u32, Layout)>> {
    let name = match table.split_once('.') {
        None => table,
        Some((schema, name)) if schema.eq_ignore_ascii_case("main") => name,
        Some(_) => return Ok(None),
    };
    let root = "SELECT rootpage FROM sqlite_schema
                WHERE type = 'table' AND rootpage > 1 AND name = ?1 COLLATE NOCASE";
    let root: Option<u32> = connection.query_row(root, [name], |row| row.get(0)).optional()?;
    let Some(root) = root else { return Ok(None) };
    let stored = stored(connection, name)?;
    if stored.iter().any(|column| !column.is_plain) {
        return Ok(None);
    }
    let rowid = rowid(connection, name, &stored)?;
    let mut wanted = Vec::new();
    for (slot, wish) in columns.iter().enumerate() {
        let at = stored.iter().position(|column| column.name.eq_ignore_ascii_case(wish));
        let Some((at, column)) = at.and_then(|at| Some((at, stored.get(at)?))) else { return Ok(None) };
        let Some(default) = column.default(connection) else { return Ok(None) };
        let kind = match column.affinity {
            _ if rowid == Some(at) => Kind::Rowid,
            Affinity::Real => Kind::Real { default },
            _ => Kind::Plain { default },
        };
        wanted.push(Wanted { at, slot, kind });
    }
    wanted.sort_by_key(|want| want.at);
    Ok(Some((root, Layout { wanted, slots: columns.len() })))
}

fn stored(connection: &Connection, table: &str) -> rusqlite::Result<Vec<Column>> {
    let mut statement = connection.prepare(&pragma("table_xinfo", table))?;
    let columns = statement.query_map([], |row| {
        Ok(Column {
            name: row.get(1)?,
            affinity: Affinity::of(&row.get::<_, Option<String>>(2)?.unwrap_or_default()),
            default: row.get(4)?,
            in_key: row.get::<_, i64>(5)? > 0,
            // Others are computed, or belong to a virtual table.
            is_plain: row.get::<_, i64>(6)? == 0,
        })
    })?;
    columns.collect()
}

/// The column that is the rowid by another name: the whole key, without an index of its own.
fn rowid(connection: &Connection, table: &str, columns: &[Column]) -> rusqlite::Result<Option<usize>> {
    let mut key = columns.iter().enumerate().filter(|(_, column)| column.in_key);
    let (Some((at, _)), None) = (key.next(), key.next()) else { return Ok(None) };
    let mut statement = connection.prepare(&pragma("index_list", table))?;
    let origins = statement.query_map([], |row| row.get::<_, String>(3))?;
    let has_index = origins.collect::<rusqlite::Result<Vec<_>>>()?.iter().any(|origin| origin == "pk");
    Ok((!has_index).then_some(at))
}

impl Column {
    /// What rows have that were written before the column was there; `None` for a default that would have to
    /// be changed to be stored.
    fn default(&self, connection: &Connection) -> Option<Value> {
        let Some(written) = &self.default else { return Some(Value::Null) };
        // Only a constant can be the default of a column that is added. Others are in every row; whether
        // they are constants is not ours to tell, so they are read by SQL, too.
        let value = connection.query_row(&format!("SELECT {written}"), [], |row| row.get::<_, Value>(0));
        self.affinity.store(value.ok()?)
    }
}
