//! What is due, and whom it is about: read at the cost of what is due where the store has the indexes
//! (`retaind doctor` says which), and in one look at each table where it has none.
//!
//! What SQL leaves out is only what cannot be due; all else is decided where whole rows are read, so both
//! ways tell the same.

use std::collections::BTreeSet;

use super::customers::{self, Places};
use super::error::StoreError;
use super::relation::{self, Relation};
use super::rows::{contact_of, follow_up_of, read_rep};
use super::snapshot::{ALL, Snapshot};
use super::{contracts, decode};
use crate::domain::customers::Key;
use crate::domain::facts::{Contacts, Facts, Fault, Lens, Needs, Rejected};
use crate::domain::{Customers, Day, FollowUp};

/// The ids of customers as a JSON array, which SQL takes as a list however long it is. A whole number is
/// there as a number and as text, since a store may hold either.
pub(super) fn json(customers: &Customers, which: impl Iterator<Item = u32>) -> String {
    let mut keys: Vec<serde_json::Value> = Vec::new();
    for id in which.filter_map(|customer| customers.key(customer)) {
        match id {
            Key::Whole(n) => keys.extend([n.into(), n.to_string().into()]),
            Key::Text(text) => keys.push(text.into()),
        }
    }
    serde_json::Value::from(keys).to_string()
}

/// The statement for rows about customers whose ids are its parameter, see [`json`].
pub(super) fn among(relation: Relation, statement: &str) -> String {
    let key = if relation == relation::CUSTOMERS { "id" } else { "customer_id" };
    format!("{statement} WHERE \"{key}\" IN (SELECT value FROM json_each(?1))")
}

/// The condition for follow-ups that may be open at the as-of instant and due on or before a day.
///
/// Numbers sort before texts, and texts of our dates as the dates do. What is no date at all is let
/// through, so that it is told; a text that begins with no digit (nothing, blanks) is no moment of doing.
/// No bound looks like a number: a column of numbers would make it one. The bounds keep two days' distance,
/// more than zones are apart. The `+` keeps SQLite from an index on `due_at`: most of what was due is done.
fn open(given: &[String], by: Day, lens: &Lens) -> String {
    let before = by.plus(2).date();
    let due = format!("(+\"due_at\" < '{before}' OR +\"due_at\" >= '2201' OR +\"due_at\" IS NULL)");
    if !given.iter().any(|name| name.eq_ignore_ascii_case("done_at")) {
        return due;
    }
    let seconds = lens.as_of.as_second() - 2 * 86_400;
    let since = lens.today().plus(-2).date();
    format!(
        "{due} AND (\"done_at\" IS NULL OR (\"done_at\" >= {seconds} AND \"done_at\" < '') \
         OR \"done_at\" BETWEEN '' AND '/' OR \"done_at\" >= '{since}')"
    )
}

impl Snapshot<'_> {
    /// What is due by a day, with the customers it is about and their contracts.
    pub(super) fn read_due(&mut self, needs: &Needs, by: Day, lens: &Lens) -> Result<Facts, StoreError> {
        let mut facts = Facts::empty(lens.clone());
        if needs.reps {
            self.each(relation::REPS, ALL, &mut facts, read_rep)?;
        }
        let mut ids = Customers::default();
        let rows = self.read_open(by, &mut ids, &mut facts)?;
        let keys = json(&ids, ids.all());
        self.on_all(relation::CUSTOMERS, &customers::columns(needs), Some(&keys), lens, |on, form| {
            customers::read(on, form, &mut facts)
        })?;
        settle(rows, &ids, &mut facts);
        if needs.subscriptions {
            self.on_all(relation::SUBSCRIPTIONS, ALL, Some(&keys), lens, |on, form| {
                contracts::read(on, form, &mut facts)
            })?;
        }
        // Today's share of a table says nothing of the whole.
        facts.parts = std::mem::take(&mut facts.rows);
        facts.rows.insert(relation::FOLLOW_UPS.name, self.store.count_of(relation::FOLLOW_UPS)?);
        Ok(facts)
    }

    /// The last contacts with some customers of facts that were read here; what cannot be read of them is
    /// passed over.
    pub fn contacts(&self, facts: &Facts, of: &BTreeSet<u32>) -> Result<Contacts, StoreError> {
        let (relation, mut contacts) = (relation::INTERACTIONS, Contacts::default());
        let Some((sql, given)) = self.sourced(relation, ALL)? else { return Ok(contacts) };
        let keys = json(&facts.customers, of.iter().copied());
        let (sql, places) = (among(relation, &sql), Places::of(relation, &given));
        self.walk(relation, &sql, &places, &facts.lens, Some(&keys), |view| {
            if let Ok((customer, at, kind)) = contact_of(view, &facts.customers) {
                contacts.add(customer, at, kind);
            }
            true
        })?;
        Ok(contacts)
    }

    /// Follow-ups that may be due. Their customers are numbered as in `ids`: who they are is not read yet.
    fn read_open(
        &self,
        by: Day,
        ids: &mut Customers,
        facts: &mut Facts,
    ) -> Result<Vec<FollowUp>, StoreError> {
        let mut rows = Vec::new();
        if let Some((sql, places)) = self.open_statement(by, &facts.lens)? {
            self.gather(relation::FOLLOW_UPS, &sql, &places, facts, |view, _| {
                let number = view.key("customer_id", |key| ids.push(key, 0, 0).or_else(|| ids.find(key)))?;
                let number = number.flatten().ok_or_else(|| decode::missing("customer_id"))?;
                rows.push(follow_up_of(view, number, true)?);
                Ok(())
            })?;
        }
        Ok(rows)
    }

    /// The statement for follow-ups that may be open and due, and where it yields what.
    pub(super) fn open_statement(
        &self,
        by: Day,
        lens: &Lens,
    ) -> Result<Option<(String, Places)>, StoreError> {
        let relation = relation::FOLLOW_UPS;
        let Some((sql, given)) = self.sourced(relation, ALL)? else { return Ok(None) };
        let sql = format!("{sql} WHERE {}", open(&given, by, lens));
        Ok(Some((sql, Places::of(relation, &given))))
    }
}

/// Gives follow-ups the numbers of their customers, now that it is known who is there.
fn settle(rows: Vec<FollowUp>, ids: &Customers, facts: &mut Facts) {
    let relation = relation::FOLLOW_UPS.name;
    for mut row in rows {
        if let Some(customer) = ids.key(row.customer).and_then(|key| facts.customers.find(key)) {
            row.customer = customer;
            facts.follow_ups.push(row);
        } else {
            let reason = contracts::no_customer(&ids.id(row.customer)).reason;
            facts.reject(Rejected { relation, id: row.id, reason, fault: Fault::NoCustomer });
        }
    }
}
