//! What a store says of its own tables: which columns differ from row to row, and which index would spare
//! it work.

use rusqlite::{Connection, Result};

use super::due;
use super::error::StoreError;
use super::mapping::{Source, pragma, quote, quoted};
use super::relation::{CUSTOMERS, FOLLOW_UPS, INTERACTIONS, Relation, SUBSCRIPTIONS, TRANSACTIONS};
use super::snapshot::{ALL, Snapshot};
use crate::domain::facts::Lens;

/// Tables with fewer rows are read as fast without an index.
const MANY: u64 = 10_000;

/// A relation that is read whole for the few rows of it that are due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// Which.
    pub relation: Relation,
    /// Its rows.
    pub rows: u64,
    /// The tables that SQLite says it reads from end to end.
    pub scanned: Vec<String>,
    /// The statement that spares it, where the relation is a table.
    pub index: Option<String>,
}

impl Snapshot<'_> {
    /// What would make reminders cheaper, by SQLite's own plans; `purchases` says whether they read those, too.
    pub fn advice(&self, lens: &Lens, purchases: bool) -> std::result::Result<Vec<Advice>, StoreError> {
        let mut all = Vec::new();
        let bought = purchases.then_some((TRANSACTIONS, "customer_id"));
        let usual = [
            (FOLLOW_UPS, "done_at"),
            (CUSTOMERS, "id"),
            (SUBSCRIPTIONS, "customer_id"),
            (INTERACTIONS, "customer_id"),
        ];
        for (relation, column) in usual.into_iter().chain(bought) {
            let sql = if relation == FOLLOW_UPS {
                self.open_statement(lens)?
            } else {
                self.sourced(relation, ALL)?.map(|(sql, _)| due::among(relation, &sql))
            };
            let Some(sql) = sql else { continue };
            let read = |source| StoreError::Read { relation: relation.name, source };
            let scanned = scanned(&self.store.connection, &sql).map_err(read)?;
            // To count is dear; only what is scanned needs it.
            if scanned.is_empty() {
                continue;
            }
            let rows = self.store.count_of(relation)?;
            if rows >= MANY {
                let source = self.store.mapping.source(relation);
                let index = source.and_then(|source| index(source, column, &scanned));
                all.push(Advice { relation, rows, scanned, index });
            }
        }
        Ok(all)
    }
}

/// The tables that a statement reads from end to end.
fn scanned(connection: &Connection, sql: &str) -> Result<Vec<String>> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
    // A plan does not depend on what is bound; whatever is not bound is NULL.
    let details = statement.raw_query().mapped(|row| row.get::<_, String>(3)).collect::<Result<Vec<_>>>()?;
    let tables = details.iter().filter_map(|detail| detail.strip_prefix("SCAN ")?.split(' ').next());
    Ok(tables.filter(|table| *table != "json_each").map(str::to_owned).collect())
}

/// The statement that makes an index on a column of a source that is a table.
fn index(source: &Source, column: &str, scanned: &[String]) -> Option<String> {
    let Source::Table(table) = source else { return None };
    let name = table.rsplit('.').next().unwrap_or(table);
    // A view's plan names the tables behind it.
    let is_table = scanned.iter().any(|scanned| scanned.eq_ignore_ascii_case(name));
    is_table.then(|| {
        format!("CREATE INDEX {} ON {} ({})", quote(&format!("{name}_{column}")), quote(name), quoted(column))
    })
}

/// Whether no two rows of a table share a value of `column`, as the table itself guarantees.
pub(super) fn is_unique(connection: &Connection, table: &str, column: &str) -> Result<bool> {
    let is = |name: &str| name.eq_ignore_ascii_case(column);
    let mut statement = connection.prepare(&pragma("table_info", table))?;
    let key = statement.query_map([], |row| Ok((row.get::<_, String>(1)?, row.get::<_, i64>(5)?)))?;
    let key: Vec<String> = key
        .collect::<Result<Vec<_>>>()?
        .into_iter()
        .filter(|(_, nth)| *nth > 0)
        .map(|(name, _)| name)
        .collect();
    if let [only] = key.as_slice()
        && is(only)
    {
        return Ok(true);
    }
    let mut indexes = connection.prepare(&pragma("index_list", table))?;
    // name, unique, origin, partial
    let indexes = indexes
        .query_map([], |row| Ok((row.get::<_, String>(1)?, row.get::<_, bool>(2)?, row.get::<_, bool>(4)?)))?
        .collect::<Result<Vec<_>>>()?;
    for (index, unique, partial) in indexes {
        if unique && !partial {
            let mut columns = connection.prepare(&format!("PRAGMA index_info({})", quoted(&index)))?;
            let columns = columns.query_map([], |row| row.get::<_, Option<String>>(2))?;
            let columns = columns.collect::<Result<Vec<_>>>()?;
            if let [Some(only)] = columns.as_slice()
                && is(only)
            {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
