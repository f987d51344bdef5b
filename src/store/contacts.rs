//! Contacts by the million: who, and on which day.

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::contracts::{customer_of, later};
use super::days::{Days, Read};
use super::decode::{Bad, RowView};
use super::error::StoreError;
use super::matters::note;
use super::pass::{self, Decode, Form, Noted};
use super::relation::INTERACTIONS;
use crate::domain::facts::{Contacts, Facts};
use crate::domain::matter::Noticed;
use crate::domain::{Customers, Day, Look};

/// What is read of contacts.
pub(super) const COLUMNS: &[&str] = &["id", "customer_id", "at"];

/// What is read of those with a note.
pub(super) const NOTED: &[&str] = &["id", "customer_id", "at", "kind", "note"];

/// Reads the day of the last contact with each customer into the facts, and what was written down that is looked for.
pub(super) fn read(
    connections: &mut [&mut Connection],
    form: &Form<'_>,
    look: Option<&Look>,
    facts: &mut Facts,
) -> Result<(), StoreError> {
    let (contacts, mut written, noted) = read_all(connections, form, look, &facts.customers)?;
    // Each reader has some: in an order of their own they are the same on any machine.
    written.sort_unstable_by(|one, other| one.id.cmp(&other.id));
    facts.matters.notes = written;
    facts.contacts = contacts;
    noted.into_facts(INTERACTIONS, facts);
    Ok(())
}

/// The day of the last contact with each of `customers`.
pub(super) fn read_days(
    connections: &mut [&mut Connection],
    form: &Form<'_>,
    customers: &Customers,
) -> Result<(Contacts, Noted), StoreError> {
    let (contacts, _, noted) = read_all(connections, form, None, customers)?;
    Ok((contacts, noted))
}

fn read_all(
    connections: &mut [&mut Connection],
    form: &Form<'_>,
    look: Option<&Look>,
    customers: &Customers,
) -> Result<(Contacts, Vec<Noticed>, Noted), StoreError> {
    let mut contacts = Contacts::default();
    let place = |column| form.places.get(INTERACTIONS, column);
    let new = || Reader {
        customers,
        customer_id: place("customer_id"),
        at: place("at"),
        note: place("note"),
        days: Days::new(form.lens, form.store_zone),
        look: look.filter(|look| look.notes.is_some()),
        notes: Vec::new(),
    };
    let (readers, noted) = pass::read(connections, form, new, |rows| {
        for (customer, day) in rows.iter() {
            contacts.add_day(*customer, *day);
        }
    })?;
    Ok((contacts, readers.into_iter().flat_map(|reader| reader.notes).collect(), noted))
}

struct Reader<'a> {
    customers: &'a Customers,
    customer_id: Option<usize>,
    at: Option<usize>,
    note: Option<usize>,
    days: Days<'a>,
    /// What is looked for in notes, if anything.
    look: Option<&'a Look>,
    notes: Vec<Noticed>,
}

impl Decode for Reader<'_> {
    type Row = (u32, Day);

    const ALWAYS: &'static [&'static str] = &["customer_id", "at"];

    fn decode(&mut self, view: &RowView<'_, '_>, rows: &mut Vec<(u32, Day)>) -> Result<(), Bad> {
        let customer = customer_of(view.row.get(self.customer_id), self.customers)?;
        let Read::Past(day) = self.days.read(view.row.get(self.at), "at")? else { return Err(later("at")) };
        rows.push((customer, day));
        if let Some(look) = self.look
            && look.notes.as_ref().is_some_and(|(since, _)| day >= *since)
            && view.row.get(self.note) != ValueRef::Null
        {
            self.notes.extend(note(view, look)?.map(|note| Noticed { customer, ..note }));
        }
        Ok(())
    }
}
