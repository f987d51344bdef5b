//! The store in SQLite: opened so that we cannot write it, read in one consistent snapshot.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::{Connection, OpenFlags};

use super::decode::{Bad, RowView};
use super::mapping::{Mapping, Source};
use super::relation::{self, Relation};
use super::rows::{
    read_contact, read_customer, read_follow_up, read_rep, read_subscription, read_transaction,
};
use crate::domain::facts::{Facts, Lens, Needs};

/// A read takes no longer than this many virtual-machine steps of SQLite between two looks at the clock
/// of the caller; a query that runs away is stopped after [`STEPS_MAX`].
const STEPS: i32 = 1_000_000;

/// About half an hour of work on a small machine. A store that needs more has a query gone wrong.
const STEPS_MAX: u64 = 200_000;

/// Customers that fit: their indexes are 32 bits wide, and their summaries must fit in memory.
const CUSTOMERS_MAX: usize = 20_000_000;

/// Why the store cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be opened.
    #[error("store `{path}` cannot be opened: {source}{hint}")]
    Open {
        /// The file.
        path: String,
        /// SQLite's words.
        source: rusqlite::Error,
        /// What to do.
        hint: &'static str,
    },
    /// A relation's query fails.
    #[error("`{relation}` cannot be read: {source}")]
    Read {
        /// The relation.
        relation: &'static str,
        /// SQLite's words.
        source: rusqlite::Error,
    },
    /// A relation's query is not a single reading statement.
    #[error("`{relation}`: the query must be one statement that only reads")]
    NotAQuery {
        /// The relation.
        relation: &'static str,
    },
    /// A relation's query does not give a needed column.
    #[error("`{relation}`: the query gives no column `{column}` (it gives: {given})")]
    NoColumn {
        /// The relation.
        relation: &'static str,
        /// What is missing.
        column: &'static str,
        /// What is there.
        given: String,
    },
    /// Ids come more than once: the mapping multiplies rows, and every figure would be wrong.
    #[error(
        "`{relation}`: {count} ids come more than once (such as {example}); a join in the query multiplies rows"
    )]
    Repeated {
        /// The relation.
        relation: &'static str,
        /// How many.
        count: usize,
        /// One of them.
        example: String,
    },
    /// More customers than fit.
    #[error("more than {CUSTOMERS_MAX} customers; split the shop into several stores")]
    TooMany,
}

/// An open store.
pub struct SqliteStore {
    connection: Connection,
    mapping: Mapping,
    zone: jiff::tz::TimeZone,
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
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags).map_err(fail)?;
        harden(&connection).map_err(fail)?;
        guard(&mut connection).map_err(fail)?;
        // The first read takes the locks a WAL store needs; fail here, with the hint, not mid-run.
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())).map_err(fail)?;
        Ok(SqliteStore { connection, mapping, zone, path: path.to_owned() })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
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
        let mut counts = Vec::new();
        for (relation, source) in self.mapping.relations() {
            let sql = format!("SELECT count(*) FROM ({})", source.statement());
            let n = self.connection.query_row(&sql, [], |row| row.get::<_, i64>(0));
            let n = n.map_err(|source| StoreError::Read { relation: relation.name, source })?;
            counts.push((relation, n as u64));
        }
        Ok(counts)
    }

    /// Reads what a job needs, in one snapshot.
    pub fn read(&mut self, needs: Needs, lens: Lens) -> Result<Facts, StoreError> {
        let fail = |source| StoreError::Read { relation: "customers", source };
        // DEFERRED: the first SELECT fixes the snapshot for all that follow.
        self.connection.execute_batch("BEGIN DEFERRED").map_err(fail)?;
        let facts = self.read_all(needs, lens);
        self.connection.execute_batch("ROLLBACK").map_err(fail)?;
        facts
    }

    fn read_all(&self, needs: Needs, lens: Lens) -> Result<Facts, StoreError> {
        let mut facts = Facts::empty(lens);
        let index = self.read_customers(&mut facts)?;
        if needs.reps {
            self.each(relation::REPS, &mut facts, read_rep)?;
        }
        if needs.subscriptions {
            self.each(relation::SUBSCRIPTIONS, &mut facts, |view, facts| {
                read_subscription(view, facts, &index)
            })?;
        }
        if needs.transactions {
            self.each(relation::TRANSACTIONS, &mut facts, |view, facts| {
                read_transaction(view, facts, &index)
            })?;
        }
        if needs.follow_ups {
            self.each(relation::FOLLOW_UPS, &mut facts, |view, facts| read_follow_up(view, facts, &index))?;
        }
        if needs.interactions {
            self.each(relation::INTERACTIONS, &mut facts, |view, facts| read_contact(view, facts, &index))?;
        }
        facts.sort();
        Ok(facts)
    }

    fn read_customers(&self, facts: &mut Facts) -> Result<HashMap<String, u32>, StoreError> {
        let mut index: HashMap<String, u32> = HashMap::new();
        let mut repeated = Vec::new();
        self.each(relation::CUSTOMERS, facts, |view, facts| {
            let customer = read_customer(view, facts)?;
            if index.contains_key(&customer.id) {
                repeated.push(customer.id.clone());
                return Ok(());
            }
            index.insert(customer.id.clone(), facts.customers.len() as u32);
            facts.customers.push(customer);
            Ok(())
        })?;
        if facts.customers.len() > CUSTOMERS_MAX {
            return Err(StoreError::TooMany);
        }
        refuse_repeated(relation::CUSTOMERS, &repeated)?;
        Ok(index)
    }

    /// Gives each row of a relation to `take`; what it refuses is noted. A relation that is not mapped
    /// has no rows.
    fn each(
        &self,
        relation: Relation,
        facts: &mut Facts,
        mut take: impl FnMut(&RowView<'_, '_>, &mut Facts) -> Result<(), Bad>,
    ) -> Result<(), StoreError> {
        let Some(source) = self.mapping.source(relation) else { return Ok(()) };
        let given = self.columns(relation, source)?;
        let place = |c: &relation::Column| given.iter().position(|g| g.eq_ignore_ascii_case(c.name));
        let places: Vec<Option<usize>> = relation.columns.iter().map(place).collect();
        let read = |source| StoreError::Read { relation: relation.name, source };
        let mut statement = self.connection.prepare(&source.statement()).map_err(read)?;
        let mut rows = statement.query([]).map_err(read)?;
        let lens = facts.lens.clone();
        let (mut count, mut seen, mut repeated) = (0, HashSet::new(), Vec::new());
        // Customers check their own ids; the others must not come twice either.
        let keyed = relation != relation::CUSTOMERS && relation.columns[0].name == "id";
        while let Some(row) = rows.next().map_err(read)? {
            count += 1;
            let view = RowView { row, places: &places, relation, lens: &lens, store_zone: &self.zone };
            if keyed && !seen.insert(hash_of(&view.id_or_unknown())) {
                repeated.push(view.id_or_unknown());
                continue;
            }
            if let Err(bad) = take(&view, facts) {
                facts.reject(view.rejected(bad));
            }
        }
        facts.rows.insert(relation.name, count);
        refuse_repeated(relation, &repeated)
    }
}

/// Ids are compared by a 64-bit hash: twenty million of them fit in memory, and a false alarm is less
/// likely than a broken disk.
fn hash_of(id: &str) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}

fn refuse_repeated(relation: Relation, repeated: &[String]) -> Result<(), StoreError> {
    match repeated.first() {
        None => Ok(()),
        Some(example) => Err(StoreError::Repeated {
            relation: relation.name,
            count: repeated.len(),
            example: example.clone(),
        }),
    }
}

/// Makes writing, attaching and running away impossible on this connection.
fn harden(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
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
        | AuthAction::Transaction { .. } => Authorization::Allow,
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
