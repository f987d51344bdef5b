//! How all of a relation is read: which statement yields it, and whether its table is cut into pieces, of pages or
//! of rowids, for several readers.

use super::as_stored::{Test, any};
use super::conditions::{Part, Search};
use super::customers::place;
use super::error::StoreError;
use super::mapping::{Source, quote, quoted};
use super::pages::Leaves;
use super::pass::From;
use super::plan;
use super::relation::Relation;
use super::snapshot::{ALL, Snapshot, WORTH};
use super::year_days::{Placed, placed};

/// How rows are read that are looked for.
pub(super) struct Way {
    pub(super) from: From,
    /// The columns that they give.
    pub(super) given: Vec<String>,
    /// The days that are looked for in them.
    pub(super) days: Vec<Placed>,
}

impl Snapshot<'_> {
    /// How all of a relation is read, of which `sql` yields the columns `given`.
    pub(super) fn from(
        &self,
        relation: Relation,
        columns: &[&str],
        (sql, given): (String, &[String]),
    ) -> Result<From, StoreError> {
        let Some((first, last, pieces)) = self.pieces(relation, columns)? else {
            return Ok(From::Whole { sql });
        };
        let fail = |source| StoreError::Read { relation: relation.name, source };
        let leaves = match self.store.mapping.source(relation) {
            Some(Source::Table(table)) => Leaves::of(&self.store.connection, table, given).map_err(fail)?,
            _ => None,
        };
        Ok(match leaves {
            Some(leaves) => From::Pages { leaves, sql: pieces, first, last, only: None },
            None => From::Pieces { sql: pieces, first, last, all: true },
        })
    }

    /// How the rows of a relation are read that are looked for: what indexes find by them, all else in one look at all
    /// rows.
    pub(super) fn ways(&self, relation: Relation, searches: &[Search<'_>]) -> Result<Vec<Way>, StoreError> {
        let (mut ways, mut rest) = (Vec::new(), Vec::new());
        for search in searches {
            let Some((sql, given)) = self.sourced(relation, search.columns)? else { continue };
            let Some(parts) = search.parts(&given) else { continue };
            let days = placed(search.days.as_slice(), |column| place(&given, column));
            match self.found(relation, &sql, &parts)? {
                Some(each) => ways.extend(each.into_iter().map(|sql| Way {
                    from: From::Whole { sql },
                    given: given.clone(),
                    days: days.clone(),
                })),
                None => rest.push((search, parts)),
            }
        }
        ways.extend(self.one_look(relation, rest)?);
        Ok(ways)
    }

    /// How all that is looked for is read in one look at all rows: at their pages, where it is known what to look for in
    /// them, else in pieces where that is worth several readers.
    fn one_look(
        &self,
        relation: Relation,
        searches: Vec<(&Search<'_>, Vec<Part>)>,
    ) -> Result<Option<Way>, StoreError> {
        if searches.is_empty() {
            return Ok(None);
        }
        let mut columns: Vec<&str> =
            searches.iter().flat_map(|(search, _)| search.columns).copied().collect();
        if searches.iter().any(|(search, _)| search.columns == ALL) {
            columns.clear();
        }
        let Some((sql, given)) = self.sourced(relation, &columns)? else { return Ok(None) };
        let days: Vec<_> = searches.iter().filter_map(|(search, _)| search.days.clone()).collect();
        let days = placed(&days, |column| place(&given, column));
        let tests: Option<Vec<Test>> = searches.iter().map(|(search, _)| search.test_of(&given)).collect();
        let parts: Vec<Part> = searches.into_iter().flat_map(|(_, parts)| parts).collect();
        let condition = plan::any(&parts);
        let from = match (self.from(relation, &columns, (sql.clone(), &given))?, tests) {
            (From::Pages { leaves, sql, first, last, .. }, Some(tests)) => {
                From::Pages { leaves, sql, first, last, only: Some(any(tests)) }
            }
            (From::Pages { sql, first, last, .. } | From::Pieces { sql, first, last, .. }, _)
                if last.saturating_sub(first) > WORTH =>
            {
                From::Pieces { sql: format!("{sql} AND {condition}"), first, last, all: false }
            }
            _ => From::Whole { sql: format!("{sql} WHERE {condition}") },
        };
        Ok(Some(Way { from, given, days }))
    }

    /// First and last rowid of a relation's table, if it comes from one that has rowids, and the statement
    /// for those between two.
    pub(super) fn pieces(
        &self,
        relation: Relation,
        columns: &[&str],
    ) -> Result<Option<(i64, i64, String)>, StoreError> {
        let Some(Source::Table(table)) = self.store.mapping.source(relation) else { return Ok(None) };
        let given = self.store.columns(relation, &Source::Table(table.clone()))?;
        // One of the three names is the rowid's, unless columns have all of them.
        let rowid = ["rowid", "_rowid_", "oid"];
        let free = rowid.into_iter().find(|name| !given.iter().any(|g| g.eq_ignore_ascii_case(name)));
        let Some(rowid) = free else { return Ok(None) };
        // Each end is a look at the tree; both in one SELECT would be a walk through all of it.
        let end = |which| format!("(SELECT {which}({rowid}) FROM {} NOT INDEXED)", quote(table));
        let range = format!("SELECT {}, {}", end("min"), end("max"));
        let read =
            |row: &rusqlite::Row<'_>| Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, Option<i64>>(1)?));
        // A view, or a table without rowids, refuses.
        let Ok((Some(first), Some(last))) = self.store.connection.query_row(&range, [], read) else {
            return Ok(None);
        };
        let select = select(table, &known(relation, &given, columns));
        let sql = format!("{select} NOT INDEXED WHERE {rowid} BETWEEN ?1 AND ?2");
        Ok(Some((first, last, sql)))
    }
}

/// Those of the given columns that are read: known to the relation, and among `columns` unless that is
/// [`super::snapshot::ALL`].
pub(super) fn known(relation: Relation, given: &[String], columns: &[&str]) -> Vec<String> {
    let wanted = |name: &&String| {
        let is = |other: &str| other.eq_ignore_ascii_case(name);
        relation.columns.iter().any(|c| is(c.name)) && (columns.is_empty() || columns.iter().any(|c| is(c)))
    };
    given.iter().filter(wanted).cloned().collect()
}

/// The statement that yields columns of a table; of a table that has none of them, one that yields
/// nothing of use.
pub(super) fn select(table: &str, columns: &[String]) -> String {
    let columns: Vec<String> = columns.iter().map(|name| quoted(name)).collect();
    let columns = if columns.is_empty() { "NULL".to_owned() } else { columns.join(", ") };
    format!("SELECT {columns} FROM {}", quote(table))
}
