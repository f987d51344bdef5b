//! What may be due, and whom it is about: read at the cost of what is due where the store has the indexes
//! (`retaind doctor` says which), and in one look at each table where it has none.
//!
//! What SQL leaves out is only what cannot be due; all else is decided where whole rows are read, so both
//! ways tell the same.

use std::collections::{BTreeMap, BTreeSet};

use super::candidates::Few;
use super::customers::{self, Places};
use super::cut::Way;
use super::errands::{Errand, Fetched};
use super::error::StoreError;
use super::matters::{self, Matter, Sought};
use super::moments::Zones;
use super::pass::{From, Noted};
use super::relation::{self, Relation};
use super::rows::{contact_of, read_rep};
use super::snapshot::{ALL, Snapshot};
use super::{conditions, contracts};
use crate::domain::customers::Key;
use crate::domain::facts::{Contacts, Facts, Fault, Lens, Needs, Rejected};
use crate::domain::matter::{Dated, Noticed, OpenComplaint};
use crate::domain::{Customers, FollowUp, Look, Matters};

/// The ids of customers, see [`conditions::keys`].
pub(super) fn json(customers: &Customers, which: impl Iterator<Item = u32>) -> String {
    conditions::keys(which.filter_map(|customer| customers.key(customer)))
}

/// Customers that are looked for at a time, at least.
const TOGETHER: usize = 1_000;

/// The rows about some customers: their ids.
pub(super) struct Those<'a>(Vec<Key<'a>>);

impl Those<'_> {
    /// All about customers that have these ids.
    pub(super) fn of<'a>(keys: impl Iterator<Item = Key<'a>>) -> Those<'a> {
        Those(keys.collect())
    }

    /// The ids, in as many parts as `readers` are kept busy with; in one, where each part would be a look at all rows.
    pub(super) fn parts(self, readers: usize, finds: bool) -> Vec<String> {
        let Those(mut keys) = self;
        // A column of numbers takes `05` for 5: a row would meet two parts.
        let is_like_a_number = |key: &Key<'_>| matches!(key, Key::Text(text) if text.parse::<f64>().is_ok());
        let is_one = readers < 2 || !finds || keys.iter().any(is_like_a_number);
        let length = if is_one { usize::MAX } else { TOGETHER.max(keys.len() / readers / 4) };
        // Neighbours lie together.
        keys.sort_unstable();
        let parts: Vec<String> =
            keys.chunks(length).map(|part| conditions::keys(part.iter().copied())).collect();
        if parts.is_empty() { vec![conditions::keys(std::iter::empty())] } else { parts }
    }
}

/// The condition for rows about customers whose ids are its parameter, see [`json`].
pub(super) fn among(relation: Relation) -> String {
    let key = if relation == relation::CUSTOMERS { "id" } else { "customer_id" };
    format!("\"{key}\" IN (SELECT value FROM json_each(?1))")
}

/// The reps who left.
fn gone(facts: &Facts) -> Vec<String> {
    facts.reps.values().filter(|rep| !rep.active).map(|rep| rep.id.clone()).collect()
}

/// Rows whose customers have numbers of their own: who they are is not read yet.
#[derive(Default)]
pub(super) struct Found {
    pub(super) ids: Customers,
    pub(super) rows: Matters,
}

impl Found {
    fn take(&mut self, rows: &mut Vec<Sought>) {
        rows.drain(..).for_each(|row| self.add(row));
    }

    /// Adds a row and gives its customer a number.
    fn add(&mut self, row: Sought) {
        let (key, rows) = (row.customer.key(), &mut self.rows);
        // It is new or there.
        let Some(customer) = self.ids.push(key, 0, 0).or_else(|| self.ids.find(key)) else { return };
        match row.matter {
            Matter::FollowUp(row) => rows.follow_ups.push(FollowUp { customer, ..row }),
            Matter::Complaint(row) => rows.complaints.push(OpenComplaint { customer, ..row }),
            Matter::Signal(row) => rows.signals.push(Noticed { customer, ..row }),
            Matter::Note(row) => rows.notes.push(Noticed { customer, ..row }),
            Matter::Date(row) => rows.dates.push(Dated { customer, ..row }),
            Matter::Renewal => {}
        }
    }

    /// Gives rows the numbers of their customers, now that it is known who is there. Whose customer was
    /// deleted or merged drops out, counted.
    fn settle(&mut self, facts: &mut Facts) {
        let (ids, rows) = (&self.ids, std::mem::take(&mut self.rows));
        let Matters { follow_ups, complaints, signals, notes, dates, .. } = rows;
        // Days of customers and notes of contacts that were read anyway are there.
        let mut settled = std::mem::take(&mut facts.matters);
        let of = |row: &mut FollowUp| (row.id.clone(), std::mem::take(&mut row.customer));
        settled.follow_ups =
            keep(follow_ups, relation::FOLLOW_UPS, ids, facts, of, |row, n| row.customer = n);
        let of = |row: &mut OpenComplaint| (row.id.clone(), row.customer);
        settled.complaints =
            keep(complaints, relation::COMPLAINTS, ids, facts, of, |row, n| row.customer = n);
        let of = |row: &mut Noticed| (row.id.clone(), row.customer);
        settled.signals = keep(signals, relation::SIGNALS, ids, facts, of, |row, n| row.customer = n);
        let notes = keep(notes, relation::INTERACTIONS, ids, facts, of, |row, n| row.customer = n);
        settled.notes.extend(notes);
        let of = |row: &mut Dated| (ids.id(row.customer).into_owned(), row.customer);
        let dates = keep(dates, relation::IMPORTANT_DATES, ids, facts, of, |row, n| row.customer = n);
        settled.dates.extend(dates);
        facts.matters = settled;
    }
}

/// The rows whose customers are there, each with its customer's number.
fn keep<T>(
    rows: Vec<T>,
    relation: Relation,
    ids: &Customers,
    facts: &mut Facts,
    of: impl Fn(&mut T) -> (String, u32),
    set: impl Fn(&mut T, u32),
) -> Vec<T> {
    let mut kept = Vec::with_capacity(rows.len());
    for mut row in rows {
        let (id, number) = of(&mut row);
        if let Some(customer) = ids.key(number).and_then(|key| facts.customers.find(key)) {
            set(&mut row, customer);
            kept.push(row);
        } else {
            let flaw = contracts::no_customer(&ids.id(number)).flaw;
            facts.reject(Rejected { relation: relation.name, id, flaw, fault: Fault::NoCustomer });
        }
    }
    kept
}

/// Notes what was read of a relation, which may be looked at for several reasons.
fn note(noted: Noted, relation: Relation, facts: &mut Facts) {
    let before = facts.rows.get(relation.name).copied().unwrap_or(0);
    noted.into_facts(relation, facts);
    *facts.rows.entry(relation.name).or_default() += before;
}

impl Snapshot<'_> {
    /// What may be due, with the customers it is about and their contracts; in the place of everybody, `few`.
    pub(super) fn read_due(
        &mut self,
        needs: &Needs,
        look: &Look,
        few: Option<Few>,
        lens: &Lens,
    ) -> Result<Facts, StoreError> {
        let mut facts = Facts::empty(lens.clone());
        if needs.reps {
            self.each(relation::REPS, ALL, &mut facts, read_rep)?;
        }
        let (mut found, fetched) =
            self.find(look, &[], self.counts(look, few.as_ref(), &facts)?, &mut facts)?;
        let mut rows = BTreeMap::new();
        for fetched in fetched {
            match fetched {
                Fetched::Count(relation, n) => rows.extend([(relation.name, n)]),
                Fetched::Owned(owned) => facts.matters.handed = Some(owned),
                Fetched::Rows(..) => {}
            }
        }
        if let Some(few) = &few {
            for key in few.keys() {
                found.ids.push(key, 0, 0);
            }
        }
        // So many that all are read as fast.
        let many = found.ids.len() > self.most()?;
        let theirs = || (!many).then(|| Those::of(found.ids.keys()));
        self.on_all(relation::CUSTOMERS, &customers::columns(needs), theirs(), lens, |on, form| {
            customers::read(on, form, &[], &mut facts)
        })?;
        found.settle(&mut facts);
        if let Some(few) = &few {
            few.settle(&mut facts);
        }
        let theirs = || (!many).then(|| Those::of(found.ids.keys()));
        if needs.subscriptions {
            self.on_all(relation::SUBSCRIPTIONS, contracts::DUE, theirs(), lens, |on, form| {
                contracts::read(on, form, &mut facts)
            })?;
        }
        if let Some(asked) = needs.transactions.clone() {
            self.purchases(asked, theirs(), lens, &mut facts)?;
        }
        if let Some(few) = few {
            few.noted.into_facts(relation::INTERACTIONS, &mut facts);
        }
        // Today's share of a table says nothing of the whole.
        facts.parts = std::mem::replace(&mut facts.rows, rows);
        Ok(facts)
    }

    /// What is to be counted where not everybody is read.
    fn counts(&self, look: &Look, few: Option<&Few>, facts: &Facts) -> Result<Vec<Errand>, StoreError> {
        // Without the rows of these everybody would wait for a contact, or nobody have left or be handed over.
        let counted = [
            self.count(relation::INTERACTIONS, few.is_some_and(Few::waits)),
            self.count(relation::SUBSCRIPTIONS, look.everybody),
            self.count(relation::CUSTOMERS, look.everybody || look.handed),
            self.count(relation::FOLLOW_UPS, look.follow_ups.is_some()),
        ];
        let mut all: Vec<Errand> = counted.into_iter().flatten().collect();
        let gone = gone(facts);
        let asked = &["id", "owner_id"];
        if look.handed
            && !gone.is_empty()
            && self.gives(relation::CUSTOMERS, "owner_id")?
            && let Some((sql, _)) = self.sourced(relation::CUSTOMERS, asked)?
        {
            let theirs = conditions::one_of("owner_id", gone.iter());
            // However the store compares them: owners are those whose ids are equal letter by letter.
            let rows = format!("FROM ({sql}) WHERE {theirs}");
            let by_owner = "GROUP BY \"owner_id\" COLLATE BINARY";
            // A join that multiplies rows would hand over each customer as often.
            let repeated = self.must_watch(relation::CUSTOMERS)?.then(|| {
                format!("SELECT \"id\", count(*) {rows} GROUP BY \"id\" COLLATE BINARY HAVING count(*) > 1")
            });
            all.push(Errand::Owned(format!("SELECT \"owner_id\", count(*) {rows} {by_owner}"), repeated));
        }
        Ok(all)
    }

    /// To count a relation, where that is asked and it is mapped.
    fn count(&self, relation: Relation, is_asked: bool) -> Option<Errand> {
        (is_asked && self.store.mapping.source(relation).is_some()).then_some(Errand::Count(relation))
    }

    /// Adds what may be due to facts of everybody, with their contracts and days; `noted` where their contacts were read,
    /// with the notes.
    pub(super) fn add_due(&mut self, look: &Look, noted: bool, facts: &mut Facts) -> Result<(), StoreError> {
        // The rows that figures were read from are counted already.
        let counted = facts.rows.clone();
        let noted = noted.then_some(relation::INTERACTIONS);
        let read: Vec<Relation> =
            [relation::SUBSCRIPTIONS, relation::CUSTOMERS].into_iter().chain(noted).collect();
        let promised = self.count(relation::FOLLOW_UPS, look.follow_ups.is_some());
        let promised = promised.filter(|_| !counted.contains_key(relation::FOLLOW_UPS.name));
        let (mut found, fetched) = self.find(look, &read, promised.into_iter().collect(), facts)?;
        found.settle(facts);
        let parts = std::mem::replace(&mut facts.rows, counted);
        facts.parts.extend(parts.into_iter().filter(|(relation, _)| !facts.rows.contains_key(relation)));
        for fetched in fetched {
            if let Fetched::Count(relation, n) = fetched {
                facts.rows.insert(relation.name, n);
            }
        }
        Ok(())
    }

    /// The rows that may be due, but of relations that were `read` with all that is looked for in them; and what else is to be
    /// fetched.
    fn find(
        &mut self,
        look: &Look,
        read: &[Relation],
        mut errands: Vec<Errand>,
        facts: &mut Facts,
    ) -> Result<(Found, Vec<Fetched>), StoreError> {
        let mut found = Found::default();
        for id in &look.told_customers {
            found.ids.push(Key::of(id), 0, 0);
        }
        let (lens, gone) = (facts.lens.clone(), gone(facts));
        let zones = Zones { lens: &lens, store_zone: &self.store.zone.clone() };
        let (searches, mut looks) = (conditions::of(look, &gone, zones), Vec::new());
        for searches in searches.chunk_by(|one, next| one.relation == next.relation) {
            let Some(relation) = searches.first().map(|search| search.relation) else { continue };
            if read.contains(&relation) {
                continue;
            }
            let watch_ids = self.must_watch(relation)?;
            for way in self.ways(relation, searches)? {
                match way.from {
                    From::Whole { .. } => errands.push(Errand::Rows(relation, way, watch_ids)),
                    _ => looks.push((relation, way, watch_ids)),
                }
            }
        }
        let mut rest = Vec::new();
        for fetched in self.run(errands, look, &lens)? {
            match fetched {
                Fetched::Rows(relation, mut rows, noted) => {
                    found.take(&mut rows);
                    note(noted, relation, facts);
                }
                other => rest.push(other),
            }
        }
        for (relation, Way { from, given, days }, watch_ids) in looks {
            self.on(relation, (from, &given, watch_ids), &lens, |on, form| {
                let noted = matters::rows(on, form, (look, &days), |rows| found.take(rows))?;
                note(noted, relation, facts);
                Ok(())
            })?;
        }
        Ok((found, rest))
    }

    /// The last contacts with some customers of facts that were read here; what cannot be read of them is
    /// passed over.
    pub fn contacts(&self, facts: &Facts, of: &BTreeSet<u32>) -> Result<Contacts, StoreError> {
        let (relation, mut contacts) = (relation::INTERACTIONS, Contacts::default());
        let Some((sql, given)) = self.sourced(relation, ALL)? else { return Ok(contacts) };
        let keys = json(&facts.customers, of.iter().copied());
        let (sql, places) = (format!("{sql} WHERE {}", among(relation)), Places::of(relation, &given));
        self.walk(relation, &sql, &places, &facts.lens, Some(&keys), |view| {
            if let Ok((customer, at, kind)) = contact_of(view, &facts.customers) {
                contacts.add(customer, at, kind);
            }
            true
        })?;
        Ok(contacts)
    }
}
