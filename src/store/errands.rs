//! What indexes answer, a little each: on all connections at once, while the tables themselves are left alone.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use super::customers::Places;
use super::cut::Way;
use super::decode::text_of;
use super::error::StoreError;
use super::mapping::{Mapping, Source};
use super::matters::{self, Sought};
use super::pages::Leaves;
use super::pass::{Form, Noted};
use super::relation::{CUSTOMERS, Relation};
use super::snapshot::Snapshot;
use super::sqlite::count;
use crate::domain::Look;
use crate::domain::facts::Lens;

/// Something to fetch, by one reader.
pub(super) enum Errand {
    /// Rows of a relation, and whether their ids must be watched.
    Rows(Relation, Way, bool),
    /// About how many rows a relation has.
    Count(Relation),
    /// How many customers owners have: a statement that yields both, and one for ids that come more than once, where
    /// that must be watched.
    Owned(String, Option<String>),
}

/// What was fetched.
pub(super) enum Fetched {
    Rows(Relation, Vec<Sought>, Noted),
    Count(Relation, u64),
    Owned(BTreeMap<String, u64>),
}

impl Snapshot<'_> {
    /// Runs errands on all connections; gives what they fetched, in their order.
    pub(super) fn run(
        &mut self,
        errands: Vec<Errand>,
        look: &Look,
        lens: &Lens,
    ) -> Result<Vec<Fetched>, StoreError> {
        let store = &mut *self.store;
        let (mapping, store_zone, watcher) = (&store.mapping, &store.zone, &store.watcher);
        let fetch = |errand, connection: &mut Connection| match errand {
            Errand::Rows(relation, Way { from, given, days }, watch_ids) => {
                let places = Places::of(relation, &given);
                let form = Form { relation, from, places, lens, store_zone, watch_ids, watcher };
                let mut all = Vec::new();
                let noted = matters::rows(&mut [connection], &form, (look, &days), |rows| all.append(rows))?;
                Ok(Fetched::Rows(relation, all, noted))
            }
            Errand::Count(relation) => {
                let n = match about(connection, mapping, relation)? {
                    Some(n) => n,
                    None => count(connection, mapping, relation, watcher)?,
                };
                Ok(Fetched::Count(relation, n))
            }
            Errand::Owned(sql, repeated) => owned(connection, &sql, repeated.as_deref()).map(Fetched::Owned),
        };
        let queue = Mutex::new(errands.into_iter().enumerate());
        let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
        let work = |connection: &mut Connection| {
            let mine = std::iter::from_fn(next);
            mine.map(|(nth, errand)| Ok((nth, fetch(errand, connection)?))).collect::<Result<Vec<_>, _>>()
        };
        let mut all = std::thread::scope(|scope| {
            let others: Vec<_> = self.others.iter_mut().map(|other| scope.spawn(|| work(other))).collect();
            let mut all = work(&mut store.connection);
            for other in others {
                let other = other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                all = all.and_then(|mut all| {
                    all.extend(other?);
                    Ok(all)
                });
            }
            all
        })?;
        all.sort_unstable_by_key(|(nth, _)| *nth);
        Ok(all.into_iter().map(|(_, fetched)| fetched).collect())
    }
}

/// About how many rows a relation has, by its pages; `None` where it does not come from a table that has any.
fn about(connection: &Connection, mapping: &Mapping, relation: Relation) -> Result<Option<u64>, StoreError> {
    let fail = |source| StoreError::Read { relation: relation.name, source };
    let Some(Source::Table(table)) = mapping.source(relation) else { return Ok(None) };
    let leaves = Leaves::of(connection, table, &[]).map_err(fail)?;
    leaves.map(|leaves| leaves.about(connection).map_err(fail)).transpose()
}

fn owned(
    connection: &Connection,
    sql: &str,
    repeated: Option<&str>,
) -> Result<BTreeMap<String, u64>, StoreError> {
    let fail = |source| StoreError::Read { relation: CUSTOMERS.name, source };
    if let Some(sql) = repeated {
        refuse_repeated(connection, sql)?;
    }
    let mut statement = connection.prepare(sql).map_err(fail)?;
    let mut rows = statement.query([]).map_err(fail)?;
    let mut owned = BTreeMap::new();
    while let Some(row) = rows.next().map_err(fail)? {
        // An owner who cannot be read is nobody's.
        if let Ok(Some(owner)) = text_of(row.get_ref(0).map_err(fail)?, "owner_id") {
            *owned.entry(owner).or_default() += row.get::<_, i64>(1).map_err(fail)? as u64;
        }
    }
    Ok(owned)
}

/// Refuses ids that come more than once: the statement yields them and how often.
fn refuse_repeated(connection: &Connection, sql: &str) -> Result<(), StoreError> {
    let fail = |source| StoreError::Read { relation: CUSTOMERS.name, source };
    let mut statement = connection.prepare(sql).map_err(fail)?;
    let mut rows = statement.query([]).map_err(fail)?;
    let mut repeated: Option<(usize, String)> = None;
    while let Some(row) = rows.next().map_err(fail)? {
        // Rows without an id are each unreadable.
        if let Ok(Some(id)) = text_of(row.get_ref(0).map_err(fail)?, "id") {
            let again = row.get::<_, i64>(1).map_err(fail)? as usize - 1;
            repeated.get_or_insert((0, id)).0 += again;
        }
    }
    match repeated {
        None => Ok(()),
        Some((count, example)) => Err(StoreError::Repeated { relation: CUSTOMERS.name, count, example }),
    }
}
