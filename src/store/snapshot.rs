//! One consistent view of the store: everything a run reads is of one moment, over however many
//! connections it is read.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::conditions::customers_days;
use super::contacts;
use super::contracts;
use super::customers::{self, Places, place};
use super::cut::{known, select};
use super::decode::{Bad, Cells, Frame, RowView, when_of};
use super::due::{Those, among};
use super::error::StoreError;
use super::follow_ups;
use super::mapping::{Source, quoted};
use super::pass::{Form, From};
use super::relation::{self, Relation, TRANSACTIONS};
use super::repeats::Repeats;
use super::rows::{read_complaint, read_lead, read_rep, read_signal, read_survey};
use super::sqlite::SqliteStore;
use super::transactions;
use crate::domain::facts::{Facts, Lens, Needs};
use crate::domain::purchases::Fold;
use crate::domain::{Asked, Rep, When};

/// Tables with fewer rowids are not worth a second connection.
pub(super) const WORTH: i64 = 100_000;

/// Rows between two words to whoever watches.
const TOLD: u64 = 4_096;

/// The store at one moment.
pub struct Snapshot<'s> {
    pub(super) store: &'s mut SqliteStore,
    /// Other connections to the same moment.
    pub(super) others: Vec<Connection>,
    /// Whether the moment was let go of: what is read next is of another one.
    pub(super) is_released: bool,
}

impl Snapshot<'_> {
    /// Reads what a job needs.
    pub fn read(&mut self, needs: Needs, lens: Lens) -> Result<Facts, StoreError> {
        self.resume()?;
        if let Some(look) = &needs.look
            && !self.finds_many(look, &lens)?
        {
            let few = self.few(look, &lens)?;
            if few.is_some() || !look.everybody {
                return self.read_due(&needs, look, few, &lens);
            }
        }
        self.read_all(&needs, &lens)
    }

    /// Reads each relation from end to end.
    fn read_all(&mut self, needs: &Needs, lens: &Lens) -> Result<Facts, StoreError> {
        let mut facts = Facts::empty(lens.clone());
        let days = needs.look.as_ref().map(customers_days).unwrap_or_default();
        let mut columns = customers::columns(needs);
        columns.extend(days.iter().map(|days| days.column));
        self.on_all(relation::CUSTOMERS, &columns, None, lens, |connections, form| {
            customers::read(connections, form, &days, &mut facts)
        })?;
        if needs.reps {
            self.each(relation::REPS, ALL, &mut facts, read_rep)?;
        }
        if needs.subscriptions {
            let columns = if needs.look.is_some() { contracts::DUE } else { ALL };
            self.on_all(relation::SUBSCRIPTIONS, columns, None, lens, |connections, form| {
                contracts::read(connections, form, &mut facts)
            })?;
        }
        if let Some(asked) = needs.transactions.clone() {
            self.purchases(asked, None, lens, &mut facts)?;
        }
        if needs.follow_ups {
            let columns = &["id", "customer_id", "rep_id", "due_at", "done_at"];
            self.on_all(relation::FOLLOW_UPS, columns, None, lens, |on, form| {
                follow_ups::read(on, form, needs, &mut facts)
            })?;
        }
        if needs.interactions {
            let look = needs.look.as_ref();
            let columns = if look.is_some_and(|look| look.notes.is_some()) {
                contacts::NOTED
            } else {
                contacts::COLUMNS
            };
            self.on_all(relation::INTERACTIONS, columns, None, lens, |on, form| {
                contacts::read(on, form, look, &mut facts)
            })?;
        }
        if needs.complaints {
            self.each(relation::COMPLAINTS, ALL, &mut facts, read_complaint)?;
        }
        if needs.leads {
            self.each(relation::LEADS, ALL, &mut facts, read_lead)?;
        }
        if needs.surveys {
            self.each(relation::SURVEYS, ALL, &mut facts, read_survey)?;
        }
        if needs.signals {
            self.each(relation::SIGNALS, &["id", "customer_id", "at"], &mut facts, read_signal)?;
        }
        if let Some(look) = &needs.look {
            self.add_due(look, needs.interactions, &mut facts)?;
        }
        Ok(facts)
    }

    /// Reads what customers bought, all or those; nothing where transactions are not mapped.
    pub(super) fn purchases(
        &mut self,
        asked: Asked,
        those: Option<Those<'_>>,
        lens: &Lens,
        facts: &mut Facts,
    ) -> Result<(), StoreError> {
        if self.store.mapping.source(TRANSACTIONS).is_none() {
            facts.purchases = Fold::new(facts.customers.len(), asked).finish();
            return Ok(());
        }
        self.on_all(TRANSACTIONS, ALL, those, lens, |connections, form| {
            transactions::read(connections, form, asked, facts)
        })
    }

    /// Everybody who looks after customers.
    pub fn reps(&self, lens: &Lens) -> Result<BTreeMap<String, Rep>, StoreError> {
        let mut facts = Facts::empty(lens.clone());
        self.each(relation::REPS, ALL, &mut facts, read_rep)?;
        Ok(facts.reps)
    }

    /// The moment of a relation's last row up to the as-of instant; `None` without one.
    pub fn latest(&self, relation: Relation, lens: &Lens) -> Result<Option<When>, StoreError> {
        let fail = |source| StoreError::Read { relation: relation.name, source };
        let (Some(source), Some(column)) = (self.store.mapping.source(relation), relation.dated()) else {
            return Ok(None);
        };
        // Rows dated ahead of their time come first, and are passed over.
        let column = quoted(column);
        let sql = format!("SELECT {column} FROM ({}) ORDER BY {column} DESC LIMIT 1000", source.statement());
        let mut statement = self.store.connection.prepare(&sql).map_err(fail)?;
        let mut rows = statement.query([]).map_err(fail)?;
        while let Some(row) = rows.next().map_err(fail)? {
            let value = row.get_ref(0).map_err(fail)?;
            if let Ok(Some(when)) = when_of(value, "at", &self.store.zone)
                && !when.is_after(lens.as_of, &lens.zone)
            {
                return Ok(Some(when));
            }
        }
        Ok(None)
    }

    /// Reads a relation's `columns` on all connections: all rows, or those; not at all where it is not mapped.
    pub(super) fn on_all(
        &mut self,
        relation: Relation,
        columns: &[&str],
        those: Option<Those<'_>>,
        lens: &Lens,
        read: impl FnOnce(&mut [&mut Connection], &Form<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let Some((sql, given)) = self.sourced(relation, columns)? else { return Ok(()) };
        let from = match those {
            Some(those) => {
                let sql = format!("{sql} WHERE {}", among(relation));
                let found = self.plan(relation, &sql)?.finds();
                From::Among { sql, keys: those.parts(1 + self.others.len(), found) }
            }
            None => self.from(relation, columns, (sql, &given))?,
        };
        // Customers are told apart when they are taken in.
        let watch_ids = relation != relation::CUSTOMERS && self.must_watch(relation)?;
        self.on(relation, (from, &given, watch_ids), lens, read)
    }

    /// Reads rows of a relation on all connections: from where, which columns, and whether their ids must be watched.
    pub(super) fn on(
        &mut self,
        relation: Relation,
        (from, given, watch_ids): (From, &[String], bool),
        lens: &Lens,
        read: impl FnOnce(&mut [&mut Connection], &Form<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let places = Places::of(relation, given);
        let store = &mut *self.store;
        let (store_zone, watcher) = (&store.zone, &store.watcher);
        let form = Form { relation, from, places, lens, store_zone, watch_ids, watcher };
        let mut connections = vec![&mut store.connection];
        connections.extend(&mut self.others);
        read(&mut connections, &form)
    }

    /// Whether a relation's ids must be watched: nothing in the store says that they differ.
    pub(super) fn must_watch(&self, relation: Relation) -> Result<bool, StoreError> {
        let fail = |source| StoreError::Read { relation: relation.name, source };
        match self.store.mapping.source(relation) {
            Some(Source::Table(table)) => super::plan::is_unique(&self.store.connection, table, "id")
                .map(|unique| !unique)
                .map_err(fail),
            _ => Ok(true),
        }
    }

    /// The statement of a relation, to which a condition can be added, and the columns it yields: of a
    /// table no more than `columns`. `None` for one that is not mapped.
    pub(super) fn sourced(
        &self,
        relation: Relation,
        columns: &[&str],
    ) -> Result<Option<(String, Vec<String>)>, StoreError> {
        let Some(source) = self.store.mapping.source(relation) else { return Ok(None) };
        let given = self.store.columns(relation, source)?;
        Ok(Some(match source {
            Source::Table(table) => {
                let columns = known(relation, &given, columns);
                (select(table, &columns), columns)
            }
            // Its own limits and expressions stay whole in brackets.
            Source::Query(_) => (format!("SELECT * FROM ({})", source.statement()), given),
        }))
    }

    /// Whether a relation has a column.
    pub(super) fn gives(&self, relation: Relation, column: &str) -> Result<bool, StoreError> {
        let Some(source) = self.store.mapping.source(relation) else { return Ok(false) };
        Ok(place(&self.store.columns(relation, source)?, column).is_some())
    }

    /// Gives each row of a relation to `take`; what it refuses is noted.
    pub(super) fn each(
        &self,
        relation: Relation,
        columns: &[&str],
        facts: &mut Facts,
        mut take: impl FnMut(&RowView<'_, '_>, &mut Facts) -> Result<(), Bad>,
    ) -> Result<(), StoreError> {
        let Some((sql, given)) = self.sourced(relation, columns)? else { return Ok(()) };
        let places = Places::of(relation, &given);
        let keyed = relation.columns[0].name == "id";
        let watch = keyed && self.must_watch(relation)?;
        let lens = facts.lens.clone();
        let (mut count, mut seen) = (0, Repeats::new());
        let mut repeated: Option<(usize, String)> = None;
        self.walk(relation, &sql, &places, &lens, None, |view| {
            count += 1;
            if watch && view.id_hash().is_some_and(|hash| seen.came_before(hash)) {
                repeated.get_or_insert_with(|| (0, view.id_or_unknown())).0 += 1;
            } else if let Err(bad) = take(view, facts) {
                facts.reject(view.rejected(bad));
            }
            true
        })?;
        facts.rows.insert(relation.name, count);
        match repeated {
            None => Ok(()),
            Some((count, example)) => Err(StoreError::Repeated { relation: relation.name, count, example }),
        }
    }

    /// Shows each row to `look`, until it has seen enough.
    pub(super) fn walk(
        &self,
        relation: Relation,
        sql: &str,
        places: &Places,
        lens: &Lens,
        whose: Option<&str>,
        mut look: impl FnMut(&RowView<'_, '_>) -> bool,
    ) -> Result<(), StoreError> {
        let fail = |source| StoreError::Read { relation: relation.name, source };
        let mut statement = self.store.connection.prepare_cached(sql).map_err(fail)?;
        let mut rows = statement.query(rusqlite::params_from_iter(whose)).map_err(fail)?;
        let mut count = 0;
        let of = Frame { places: places.all(), relation, lens, store_zone: &self.store.zone };
        while let Some(row) = rows.next().map_err(fail)? {
            if count % TOLD == 0
                && let Some(watch) = &self.store.watcher
            {
                watch.read(relation.name, count, None);
            }
            count += 1;
            if !look(&RowView { row: Cells::Row(row), of: &of }) {
                break;
            }
        }
        Ok(())
    }
}

/// Every column that we know.
pub(super) const ALL: &[&str] = &[];
