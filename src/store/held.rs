//! A moment of the store, held over several connections, let go of, and another one taken.

use rusqlite::{Connection, ErrorCode};

use super::error::StoreError;
use super::relation::{self, TRANSACTIONS};
use super::snapshot::{ALL, Snapshot, WORTH};
use super::sqlite::SqliteStore;

/// Readers at most. More cores than this are better left to the shop.
const READERS_MAX: usize = 4;

/// Times that a moment is asked for again while the shop commits; each waits as long as the store's connection does.
const PATIENCE: usize = 12;

/// Times that a second connection is tried to be opened between two commits of the shop.
const TRIES: usize = 8;

/// Fixes the moment that a connection sees.
fn begin(connection: &Connection) -> rusqlite::Result<()> {
    // DEFERRED: the first SELECT fixes the snapshot for all that follow.
    connection.execute_batch("BEGIN DEFERRED")?;
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
}

impl Drop for Snapshot<'_> {
    fn drop(&mut self) {
        // A connection that cannot end its reading is closed with the store.
        let _ = self.store.connection.execute_batch("ROLLBACK");
        if let Some(watch) = &self.store.watcher {
            watch.done();
        }
    }
}

impl<'s> Snapshot<'s> {
    pub(super) fn take(store: &'s mut SqliteStore) -> Result<Snapshot<'s>, StoreError> {
        let mut snapshot = Snapshot { store, others: Vec::new(), is_released: false };
        snapshot.begin()?;
        Ok(snapshot)
    }

    /// Lets go of the moment: a shop can commit that has waited for its readers to end. The next [`Self::read`] is of a
    /// later one.
    pub fn release(&mut self) -> Result<(), StoreError> {
        if !self.is_released {
            self.others.clear();
            let ended = self.store.connection.execute_batch("ROLLBACK");
            ended.map_err(|source| StoreError::Read { relation: "customers", source })?;
            self.is_released = true;
        }
        Ok(())
    }

    /// Sees a moment again, if it was let go of. Whoever commits comes first, however long a shop's own patience is.
    pub(super) fn resume(&mut self) -> Result<(), StoreError> {
        let busy = Some(ErrorCode::DatabaseBusy);
        let is_busy = |e: &StoreError| matches!(e, StoreError::Read { source, .. } if source.sqlite_error_code() == busy);
        for left in (0..PATIENCE).rev() {
            if !self.is_released {
                break;
            }
            match self.begin() {
                Err(busy) if left > 0 && is_busy(&busy) => {
                    // What was begun before another connection was refused is given back.
                    self.others.clear();
                    let _ = self.store.connection.execute_batch("ROLLBACK");
                }
                Err(e) => return Err(e),
                Ok(()) => self.is_released = false,
            }
        }
        Ok(())
    }

    fn begin(&mut self) -> Result<(), StoreError> {
        let fail = |source| StoreError::Read { relation: "customers", source };
        begin(&self.store.connection).map_err(fail)?;
        // All connections now: one that is opened later would see a later moment. A mapping that is wrong
        // is told by whoever reads the transactions.
        let large =
            [TRANSACTIONS, relation::CUSTOMERS, relation::SUBSCRIPTIONS].into_iter().any(|relation| {
                let pieces = self.pieces(relation, ALL);
                matches!(pieces, Ok(Some((first, last, _))) if last.saturating_sub(first) > WORTH)
            });
        if large {
            self.widen()?;
        }
        Ok(())
    }

    /// Opens connections for as many readers as there are cores, all to this moment; on a shop that
    /// commits all the time, fewer.
    fn widen(&mut self) -> Result<(), StoreError> {
        let fail = |source| StoreError::Read { relation: TRANSACTIONS.name, source };
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let readers = cores.min(READERS_MAX);
        if readers < 2 {
            return Ok(());
        }
        let Ok(probe) = self.store.another() else { return Ok(()) };
        let version = || probe.pragma_query_value(None, "data_version", |row| row.get::<_, i64>(0));
        for _ in 0..TRIES {
            // Nothing was committed between two looks, so all that began between them see the same.
            let before = version().map_err(fail)?;
            self.store.connection.execute_batch("ROLLBACK").map_err(fail)?;
            begin(&self.store.connection).map_err(fail)?;
            let others: rusqlite::Result<Vec<Connection>> = (1..readers)
                .map(|_| self.store.another().and_then(|other| begin(&other).map(|()| other)))
                .collect();
            let Ok(others) = others else { return Ok(()) };
            if version().map_err(fail)? == before {
                self.others = others;
                return Ok(());
            }
        }
        Ok(())
    }
}
