//! The store in SQLite: opened so that we cannot write it, read in one consistent snapshot.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::{Connection, OpenFlags};

use super::error::StoreError;
use super::mapping::{Mapping, Source};
use super::relation::Relation;
use super::snapshot::Snapshot;
use super::watch::Watcher;
use crate::domain::facts::{Facts, Lens, Needs};

/// A read takes no longer than this many virtual-machine steps of SQLite between two looks at the clock
/// of the caller; a query that runs away is stopped after [`STEPS_MAX`].
const STEPS: i32 = 1_000_000;

/// About half an hour of work on a small machine. A store that needs more has a query gone wrong.
const STEPS_MAX: u64 = 200_000;

/// Pages that a connection keeps, in KiB (SQLite wants that below zero).
const CACHE_KIB: i32 = -512;

/// An open store.
pub struct SqliteStore {
    pub(super) connection: Connection,
    pub(super) mapping: Mapping,
    pub(super) zone: jiff::tz::TimeZone,
    pub(super) watcher: Watcher,
    path: PathBuf,
}

impl SqliteStore {
    /// Opens a store. `zone` is that of timestamps without an offset.
    pub fn open(path: &Path, mapping: Mapping, zone: jiff::tz::TimeZone) -> Result<SqliteStore, StoreError> {
        let fail = |source: rusqlite::Error| {
            let hint = match source.sqlite_error_code() {
                Some(rusqlite::ErrorCode::ReadOnly) => {
                    "\n  hint: the store is in WAL mode: let our group write its folder and its -shm file, \
                     or point `path` at a copy"
                }
                Some(rusqlite::ErrorCode::NotADatabase) => {
                    "\n  hint: is it an SQLite database, and unencrypted?"
                }
                _ => "",
            };
            StoreError::Open { path: path.display().to_string(), source, hint }
        };
        let connection = connect(path).map_err(fail)?;
        // The first read takes the locks a WAL store needs; fail here, with the hint, not mid-run.
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())).map_err(fail)?;
        Ok(SqliteStore { connection, mapping, zone, watcher: None, path: path.to_owned() })
    }

    /// The same with somebody who hears how far reads have come.
    #[must_use]
    pub fn watched(mut self, watcher: Watcher) -> SqliteStore {
        self.watcher = watcher;
        self
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether SQLite gives out whole pages here, from which large tables are read sooner.
    pub fn gives_pages(&self) -> bool {
        super::pages::are_given(&self.connection)
    }

    /// The columns a source yields, after proving that it is one reading statement.
    pub fn columns(&self, relation: Relation, source: &Source) -> Result<Vec<String>, StoreError> {
        let read = |source| StoreError::Read { relation: relation.name, source };
        let sql = source.statement();
        let statement = self.connection.prepare(&sql).map_err(|e| match e {
            rusqlite::Error::MultipleStatement => StoreError::NotAQuery { relation: relation.name },
            e => read(e),
        })?;
        if !statement.readonly() || statement.column_count() == 0 {
            return Err(StoreError::NotAQuery { relation: relation.name });
        }
        Ok(statement.column_names().map(str::to_owned).collect())
    }

    /// What is wrong with the mapping, against the live store: everything at once.
    pub fn check(&self) -> Vec<(Relation, StoreError)> {
        let mut problems = Vec::new();
        for (relation, source) in self.mapping.relations() {
            match self.columns(relation, source) {
                Err(e) => problems.push((relation, e)),
                Ok(given) => {
                    for column in relation.columns.iter().filter(|c| c.required) {
                        if !given.iter().any(|g| g.eq_ignore_ascii_case(column.name)) {
                            let given = given.join(", ");
                            let (relation_name, column) = (relation.name, column.name);
                            problems.push((
                                relation,
                                StoreError::NoColumn { relation: relation_name, column, given },
                            ));
                        }
                    }
                }
            }
        }
        problems
    }

    /// Rows of each mapped relation.
    pub fn count(&self) -> Result<Vec<(Relation, u64)>, StoreError> {
        self.mapping.relations().map(|(relation, _)| Ok((relation, self.count_of(relation)?))).collect()
    }

    /// Rows of one relation; none of one that is not mapped.
    pub fn count_of(&self, relation: Relation) -> Result<u64, StoreError> {
        count(&self.connection, &self.mapping, relation, &self.watcher)
    }

    /// Whether a relation has no row.
    pub fn is_empty(&self, relation: Relation) -> Result<bool, StoreError> {
        let Some(source) = self.mapping.source(relation) else { return Ok(true) };
        let sql = format!("SELECT NOT EXISTS (SELECT 1 FROM ({}))", source.statement());
        let empty = self.connection.query_row(&sql, [], |row| row.get(0));
        empty.map_err(|source| StoreError::Read { relation: relation.name, source })
    }

    /// One consistent view of the store, until it is dropped.
    pub fn snapshot(&mut self) -> Result<Snapshot<'_>, StoreError> {
        Snapshot::take(self)
    }

    /// Reads what a job needs, in a snapshot of its own.
    pub fn read(&mut self, needs: Needs, lens: Lens) -> Result<Facts, StoreError> {
        self.snapshot()?.read(needs, lens)
    }

    /// Another connection to the same file.
    pub(super) fn another(&self) -> rusqlite::Result<Connection> {
        connect(&self.path)
    }
}

/// Rows of one relation; none of one that is not mapped.
pub(super) fn count(
    connection: &Connection,
    mapping: &Mapping,
    relation: Relation,
    watcher: &Watcher,
) -> Result<u64, StoreError> {
    let Some(source) = mapping.source(relation) else { return Ok(0) };
    if let Some(watch) = watcher {
        watch.read(relation.name, 0, None);
    }
    let sql = format!("SELECT count(*) FROM ({})", source.statement());
    let n = connection.query_row(&sql, [], |row| row.get::<_, i64>(0));
    n.map(|n| n as u64).map_err(|source| StoreError::Read { relation: relation.name, source })
}

/// A connection that can only read.
fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    harden(&connection)?;
    guard(&mut connection)?;
    Ok(connection)
}

/// Makes writing, attaching and running away impossible on this connection.
fn harden(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    // What is read comes by once, and the system keeps it.
    connection.pragma_update(None, "cache_size", CACHE_KIB)?;
    connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    connection.set_limit(rusqlite::limits::Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    connection.set_limit(rusqlite::limits::Limit::SQLITE_LIMIT_LENGTH, 16 << 20)?;
    Ok(())
}

/// Only reading is allowed, and nothing that reaches outside the file.
fn authorise(context: AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Select
        | AuthAction::Read { .. }
        | AuthAction::Recursive
        | AuthAction::Transaction { .. }
        // Whether others committed, and what a table's ids are like.
        | AuthAction::Pragma { pragma_name: "data_version" | "table_info" | "table_xinfo" | "index_list" | "index_info", .. } => {
            Authorization::Allow
        }
        AuthAction::Function { function_name } if !function_name.eq_ignore_ascii_case("load_extension") => {
            Authorization::Allow
        }
        _ => Authorization::Deny,
    }
}

/// The last two guards, apart from [`harden`] since the pragmas there would be refused: an authoriser,
/// and an end to queries that run away.
fn guard(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.authorizer(Some(authorise))?;
    let mut looks = 0u64;
    let stop = move || {
        looks += 1;
        looks > STEPS_MAX
    };
    connection.progress_handler(STEPS, Some(stop))
}
