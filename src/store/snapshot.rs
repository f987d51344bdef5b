//! One consistent view of the store: everything a run reads is of one moment, over however many
//! connections it is read.

use std::collections::BTreeSet;

use rusqlite::Connection;

use super::contracts;
use super::currency::Amounts;
use super::customers::{self, Named, Places, value};
use super::days::{Days, Read};
use super::decode::{Bad, RowView, when_of};
use super::error::StoreError;
use super::mapping::{Source, quote, quoted};
use super::relation::{self, Relation, TRANSACTIONS};
use super::repeats::Repeats;
use super::rows::{read_complaint, read_contact, read_follow_up, read_lead, read_rep, read_survey};
use super::sqlite::SqliteStore;
use super::transactions::{self, Form, From};
use crate::domain::facts::{Detail, Facts, Lens, Needs};
use crate::domain::{People, When};

/// Readers at most. More cores than this are better left to the shop.
const READERS_MAX: usize = 4;

/// Tables with fewer rowids are not worth a second connection.
const WORTH: i64 = 100_000;

/// Times that a second connection is tried to be opened between two commits of the shop.
const TRIES: usize = 8;

/// The store at one moment.
pub struct Snapshot<'s> {
    store: &'s mut SqliteStore,
    /// Other connections to the same moment.
    others: Vec<Connection>,
}

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
    }
}

impl<'s> Snapshot<'s> {
    pub(super) fn take(store: &'s mut SqliteStore) -> Result<Snapshot<'s>, StoreError> {
        let fail = |source| StoreError::Read { relation: "customers", source };
        let mut snapshot = Snapshot { store, others: Vec::new() };
        begin(&snapshot.store.connection).map_err(fail)?;
        // All connections now: one that is opened later would see a later moment. A mapping that is wrong
        // is told by whoever reads the transactions.
        if let Ok(Some(From::Pieces { first, last, .. })) = snapshot.pieces()
            && last.saturating_sub(first) > WORTH
        {
            snapshot.widen()?;
        }
        Ok(snapshot)
    }

    /// Reads what a job needs.
    pub fn read(&mut self, needs: Needs, lens: Lens) -> Result<Facts, StoreError> {
        let mut facts = Facts::empty(lens);
        self.read_customers(&mut facts)?;
        if needs.reps {
            self.each(relation::REPS, &mut facts, read_rep)?;
        }
        if needs.subscriptions {
            self.read_contracts(&mut facts)?;
        }
        if let Some(asked) = needs.transactions {
            self.read_transactions(asked, &mut facts)?;
        }
        match needs.follow_ups {
            Detail::None => {}
            detail => {
                let (due, words) = (needs.due, detail == Detail::Whole);
                self.each(relation::FOLLOW_UPS, &mut facts, |v, f| read_follow_up(v, f, &due, words))?;
            }
        }
        match needs.interactions {
            Detail::None => {}
            Detail::Days => self.read_contact_days(&mut facts)?,
            Detail::Whole => self.each(relation::INTERACTIONS, &mut facts, read_contact)?,
        }
        if needs.complaints {
            self.each(relation::COMPLAINTS, &mut facts, read_complaint)?;
        }
        if needs.leads {
            self.each(relation::LEADS, &mut facts, read_lead)?;
        }
        if needs.surveys {
            self.each(relation::SURVEYS, &mut facts, read_survey)?;
        }
        Ok(facts)
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

    /// How the customers in `wanted`, of facts that were read here, are called and reached.
    pub fn people(&self, facts: &Facts, wanted: BTreeSet<u32>) -> Result<People, StoreError> {
        if wanted.is_empty() {
            return Ok(People::default());
        }
        let Some((sql, given)) = self.statement(relation::CUSTOMERS)? else { return Ok(People::default()) };
        let places = Places::of(relation::CUSTOMERS, &given);
        let mut named = Named::new(wanted, facts, &places);
        self.walk(relation::CUSTOMERS, &sql, &places, &facts.lens, |view| !named.look(view))?;
        Ok(named.finish())
    }

    fn read_customers(&self, facts: &mut Facts) -> Result<(), StoreError> {
        let Some((sql, given)) = self.statement(relation::CUSTOMERS)? else { return Ok(()) };
        let places = Places::of(relation::CUSTOMERS, &given);
        let mut reader = customers::Reader::new(&places);
        self.gather(relation::CUSTOMERS, &sql, &places, false, facts, |view, facts| {
            reader.take(view, facts)
        })?;
        reader.finish(facts)
    }

    fn read_contracts(&self, facts: &mut Facts) -> Result<(), StoreError> {
        let relation = relation::SUBSCRIPTIONS;
        let Some((sql, given)) = self.statement(relation)? else { return Ok(()) };
        let places = Places::of(relation, &given);
        let lens = facts.lens.clone();
        let mut reader = contracts::Reader::new(&places, lens.today());
        let mut amounts = Amounts::new(&lens);
        let watch = self.must_watch(relation)?;
        self.gather(relation, &sql, &places, watch, facts, |view, facts| {
            reader.take(view, facts, &mut amounts)
        })?;
        let foreign = amounts.foreign.into_iter().map(|(code, of_code)| ((relation.name, code), of_code));
        facts.foreign.extend(foreign);
        reader.finish(facts);
        Ok(())
    }

    /// Of all contacts, the last day of each customer: millions of rows, and two values of each.
    fn read_contact_days(&self, facts: &mut Facts) -> Result<(), StoreError> {
        let relation = relation::INTERACTIONS;
        let Some((sql, given)) = self.statement(relation)? else { return Ok(()) };
        let places = Places::of(relation, &given);
        let (customer_id, at) = (places.get(relation, "customer_id"), places.get(relation, "at"));
        let lens = facts.lens.clone();
        let mut days = Days::new(&lens, &self.store.zone);
        let watch = self.must_watch(relation)?;
        self.gather(relation, &sql, &places, watch, facts, |view, facts| {
            let customer = contracts::customer_of(value(view.row, customer_id), &facts.customers)?;
            match days.read(value(view.row, at), "at")? {
                Read::Past(day) => facts.contacts.add_day(customer, day),
                Read::Later => return Err(contracts::later()),
            }
            Ok(())
        })
    }

    fn read_transactions(
        &mut self,
        asked: crate::domain::Asked,
        facts: &mut Facts,
    ) -> Result<(), StoreError> {
        let Some((sql, given)) = self.statement(TRANSACTIONS)? else {
            facts.purchases = crate::domain::purchases::Fold::new(facts.customers.len(), asked).finish();
            return Ok(());
        };
        let cut = self.pieces()?;
        let given = if cut.is_some() { wanted_columns(&given) } else { given };
        let from = cut.unwrap_or(From::Whole { sql });
        let watch_ids = self.must_watch(TRANSACTIONS)?;
        let lens = facts.lens.clone();
        let form = Form { from: &from, given: &given, lens: &lens, store_zone: &self.store.zone, watch_ids };
        let mut connections = vec![&mut self.store.connection];
        connections.extend(&mut self.others);
        transactions::read(&mut connections, form, asked, facts)
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

    /// How the transactions' table is cut, if they come from one that has rowids.
    fn pieces(&self) -> Result<Option<From>, StoreError> {
        let Some(Source::Table(table)) = self.store.mapping.source(TRANSACTIONS) else { return Ok(None) };
        let given = self.store.columns(TRANSACTIONS, &Source::Table(table.clone()))?;
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
        let columns: Vec<String> = wanted_columns(&given).iter().map(|name| quoted(name)).collect();
        let sql = format!(
            "SELECT {} FROM {} NOT INDEXED WHERE {rowid} BETWEEN ?1 AND ?2",
            columns.join(", "),
            quote(table)
        );
        Ok(Some(From::Pieces { sql, first, last }))
    }

    /// Whether a relation's ids must be watched: nothing in the store says that they differ.
    fn must_watch(&self, relation: Relation) -> Result<bool, StoreError> {
        let fail = |source| StoreError::Read { relation: relation.name, source };
        match self.store.mapping.source(relation) {
            Some(Source::Table(table)) => super::advice::is_unique(&self.store.connection, table, "id")
                .map(|unique| !unique)
                .map_err(fail),
            _ => Ok(true),
        }
    }

    /// The statement of a relation and the columns it yields; `None` for one that is not mapped.
    fn statement(&self, relation: Relation) -> Result<Option<(String, Vec<String>)>, StoreError> {
        let Some(source) = self.store.mapping.source(relation) else { return Ok(None) };
        Ok(Some((source.statement(), self.store.columns(relation, source)?)))
    }

    /// Gives each row of a relation to `take`; what it refuses is noted.
    fn each(
        &self,
        relation: Relation,
        facts: &mut Facts,
        take: impl FnMut(&RowView<'_, '_>, &mut Facts) -> Result<(), Bad>,
    ) -> Result<(), StoreError> {
        let Some((sql, given)) = self.statement(relation)? else { return Ok(()) };
        let places = Places::of(relation, &given);
        let keyed = relation.columns[0].name == "id";
        let watch = keyed && self.must_watch(relation)?;
        self.gather(relation, &sql, &places, watch, facts, take)
    }

    fn gather(
        &self,
        relation: Relation,
        sql: &str,
        places: &Places,
        watch: bool,
        facts: &mut Facts,
        mut take: impl FnMut(&RowView<'_, '_>, &mut Facts) -> Result<(), Bad>,
    ) -> Result<(), StoreError> {
        let lens = facts.lens.clone();
        let (mut count, mut seen) = (0, Repeats::new());
        let mut repeated: Option<(usize, String)> = None;
        self.walk(relation, sql, places, &lens, |view| {
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
    fn walk(
        &self,
        relation: Relation,
        sql: &str,
        places: &Places,
        lens: &Lens,
        mut look: impl FnMut(&RowView<'_, '_>) -> bool,
    ) -> Result<(), StoreError> {
        let fail = |source| StoreError::Read { relation: relation.name, source };
        let mut statement = self.store.connection.prepare(sql).map_err(fail)?;
        let mut rows = statement.query([]).map_err(fail)?;
        while let Some(row) = rows.next().map_err(fail)? {
            let store_zone = &self.store.zone;
            if !look(&RowView { row, places: places.all(), relation, lens, store_zone }) {
                break;
            }
        }
        Ok(())
    }
}

/// Those of the given columns that are read.
fn wanted_columns(given: &[String]) -> Vec<String> {
    let wanted = |name: &&String| TRANSACTIONS.columns.iter().any(|c| c.name.eq_ignore_ascii_case(name));
    given.iter().filter(wanted).cloned().collect()
}
