//! What a store says of its own tables: which columns differ from row to row.

use rusqlite::{Connection, Result};

use super::mapping::{pragma, quoted};

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
