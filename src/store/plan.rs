//! How SQLite goes about a statement, and what its tables say of themselves: both decide which way rows are read.

use rusqlite::Connection;

use super::conditions::Part;
use super::error::StoreError;
use super::mapping::{pragma, quoted};
use super::relation::Relation;
use super::snapshot::Snapshot;

/// How SQLite goes about a statement.
pub(super) struct Plan {
    /// The tables that it reads from end to end.
    pub(super) scanned: Vec<String>,
    /// All tables that it touches.
    pub(super) tables: Vec<String>,
    /// By which column each index that it uses finds rows first.
    by: Vec<String>,
    /// Whether it need not look at the rows themselves.
    covers: bool,
}

impl Plan {
    /// Of a statement.
    fn of(connection: &Connection, sql: &str) -> rusqlite::Result<Plan> {
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
        // A plan does not depend on what is bound; whatever is not bound is NULL.
        let details = statement
            .raw_query()
            .mapped(|row| row.get::<_, String>(3))
            .collect::<rusqlite::Result<Vec<_>>>()?;
        let mut plan = Plan { scanned: Vec::new(), tables: Vec::new(), by: Vec::new(), covers: true };
        for detail in &details {
            let scan = detail.strip_prefix("SCAN ");
            let Some(rest) = scan.or_else(|| detail.strip_prefix("SEARCH ")) else { continue };
            let Some(table) = rest.split(' ').next().filter(|table| *table != "json_each") else { continue };
            // An index that is made for the statement is made of all rows.
            let is_whole = scan.is_some() || rest.contains("AUTOMATIC");
            if is_whole && !plan.scanned.iter().any(|known| known == table) {
                plan.scanned.push(table.to_owned());
            }
            if !plan.tables.iter().any(|known| known == table) {
                plan.tables.push(table.to_owned());
            }
            // As in `t USING INDEX i (a=? AND b<?)`.
            let by = rest.split_once(" (").and_then(|(_, by)| by.split(['=', '<', '>']).next());
            plan.by.extend(by.map(str::to_owned));
            plan.covers &= !is_whole && (rest.contains("COVERING INDEX") || rest.contains("PRIMARY KEY"));
        }
        Ok(plan)
    }

    /// Whether it reads no table from end to end.
    pub(super) fn finds(&self) -> bool {
        self.scanned.is_empty()
    }

    /// Whether both read no table from end to end, and go by the same columns first.
    fn goes_like(&self, other: &Plan) -> bool {
        self.finds() && other.finds() && self.by == other.by
    }

    /// Whether all that it reads is in the index by which it finds it.
    pub(super) fn covers(&self) -> bool {
        self.covers
    }
}

impl Snapshot<'_> {
    /// How SQLite goes about a statement that reads rows of a relation.
    pub(super) fn plan(&self, relation: Relation, sql: &str) -> Result<Plan, StoreError> {
        let fail = |source| StoreError::Read { relation: relation.name, source };
        Plan::of(&self.store.connection, sql).map_err(fail)
    }

    /// A statement for each of some parts, where an index answers each.
    pub(super) fn found(
        &self,
        relation: Relation,
        sql: &str,
        parts: &[Part],
    ) -> Result<Option<Vec<String>>, StoreError> {
        let mut each = Vec::new();
        for Part { condition, rather, no_other, .. } in parts {
            let one = format!("{sql} WHERE {condition}");
            let plan = self.plan(relation, &one)?;
            let goes = match rather.as_ref().filter(|_| *no_other) {
                Some(rather) => plan.goes_like(&self.plan(relation, &format!("{sql} WHERE {rather}"))?),
                None => plan.finds(),
            };
            if !goes {
                return Ok(None);
            }
            each.push(one);
        }
        Ok(Some(each))
    }

    /// Whether the plans of all statements are as they should be.
    pub(super) fn goes(
        &self,
        relation: Relation,
        statements: &[String],
        should: fn(&Plan) -> bool,
    ) -> Result<bool, StoreError> {
        for statement in statements {
            if !should(&self.plan(relation, statement)?) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The condition that a row meets one of some.
pub(super) fn any(parts: &[Part]) -> String {
    let conditions: Vec<&str> = parts.iter().map(|part| part.condition.as_str()).collect();
    format!("(({}))", conditions.join(") OR ("))
}

/// Whether no two rows of a table share a value of `column`, as the table itself guarantees.
pub(super) fn is_unique(connection: &Connection, table: &str, column: &str) -> rusqlite::Result<bool> {
    let is = |name: &str| name.eq_ignore_ascii_case(column);
    let mut statement = connection.prepare(&pragma("table_info", table))?;
    let key = statement.query_map([], |row| Ok((row.get::<_, String>(1)?, row.get::<_, i64>(5)?)))?;
    let key: Vec<String> = key
        .collect::<rusqlite::Result<Vec<_>>>()?
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
        .collect::<rusqlite::Result<Vec<_>>>()?;
    for (index, unique, partial) in indexes {
        if unique && !partial {
            let mut columns = connection.prepare(&format!("PRAGMA index_info({})", quoted(&index)))?;
            let columns = columns.query_map([], |row| row.get::<_, Option<String>>(2))?;
            let columns = columns.collect::<rusqlite::Result<Vec<_>>>()?;
            if let [Some(only)] = columns.as_slice()
                && is(only)
            {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
