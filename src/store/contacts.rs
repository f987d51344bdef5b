//! Contacts by the million: who, and on which day.

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::conditions::Since;
use super::contracts::{customer_of, later};
use super::days::{Days, Read};
use super::decode::{Bad, RowView};
use super::error::StoreError;
use super::matters::noticed;
use super::pass::{self, Decode, Form, Noted};
use super::relation::INTERACTIONS;
use crate::domain::facts::{Contacts, Facts};
use crate::domain::matter::Noticed;
use crate::domain::{Customers, Day};

/// What is read of contacts.
pub(super) const COLUMNS: &[&str] = &["id", "customer_id", "at"];

/// What is read of those with a note.
pub(super) const NOTED: &[&str] = &["id", "customer_id", "at", "kind", "note"];

/// Reads the day of the last contact with each customer into the facts, and what was written down `since`.
pub(super) fn read(
    connections: &mut [&mut Connection],
    form: &Form<'_>,
    since: Option<&Since>,
    facts: &mut Facts,
) -> Result<(), StoreError> {
    let (contacts, noted) = match since {
        None => read_days(connections, form, &facts.customers)?,
        Some(since) => read_noting(connections, form, since, facts)?,
    };
    noted.into_facts(INTERACTIONS, facts);
    facts.contacts = contacts;
    Ok(())
}

/// The same with what was written down `since`, which goes into the facts.
fn read_noting(
    connections: &mut [&mut Connection],
    form: &Form<'_>,
    since: &Since,
    facts: &mut Facts,
) -> Result<(Contacts, Noted), StoreError> {
    let (mut contacts, written) = (Contacts::default(), &mut facts.matters.notes);
    let note = form.places.get(INTERACTIONS, "note");
    let new = || Noting { reader: Reader::new(form, &facts.customers), since, note };
    let (_, noted) = pass::read(connections, form, new, |rows| {
        for row in rows.drain(..) {
            match row {
                Row::Day(customer, day) => contacts.add_day(customer, day),
                Row::Note(note) => written.push(*note),
            }
        }
    })?;
    Ok((contacts, noted))
}

/// The day of the last contact with each of `customers`.
pub(super) fn read_days(
    connections: &mut [&mut Connection],
    form: &Form<'_>,
    customers: &Customers,
) -> Result<(Contacts, Noted), StoreError> {
    let mut contacts = Contacts::default();
    let (_, noted) = pass::read(
        connections,
        form,
        || Reader::new(form, customers),
        |rows| {
            for (customer, day) in rows.iter() {
                contacts.add_day(*customer, *day);
            }
        },
    )?;
    Ok((contacts, noted))
}

struct Reader<'a> {
    customers: &'a Customers,
    customer_id: Option<usize>,
    at: Option<usize>,
    days: Days<'a>,
}

impl<'a> Reader<'a> {
    fn new(form: &Form<'a>, customers: &'a Customers) -> Reader<'a> {
        let place = |column| form.places.get(INTERACTIONS, column);
        let days = Days::new(form.lens, form.store_zone);
        Reader { customers, customer_id: place("customer_id"), at: place("at"), days }
    }

    /// With whom, and on which day.
    #[inline]
    fn read(&mut self, view: &RowView<'_, '_>) -> Result<(u32, Day), Bad> {
        let customer = customer_of(view.row.get(self.customer_id), self.customers)?;
        match self.days.read(view.row.get(self.at), "at")? {
            Read::Past(day) => Ok((customer, day)),
            Read::Later => Err(later("at")),
        }
    }
}

impl Decode for Reader<'_> {
    type Row = (u32, Day);

    fn decode(&mut self, view: &RowView<'_, '_>, rows: &mut Vec<(u32, Day)>) -> Result<(), Bad> {
        rows.push(self.read(view)?);
        Ok(())
    }
}

/// What is kept of a contact where notes are looked for.
enum Row {
    Day(u32, Day),
    Note(Box<Noticed>),
}

/// Reads new notes, too.
struct Noting<'a> {
    reader: Reader<'a>,
    since: &'a Since,
    note: Option<usize>,
}

impl Decode for Noting<'_> {
    type Row = Row;

    fn decode(&mut self, view: &RowView<'_, '_>, rows: &mut Vec<Row>) -> Result<(), Bad> {
        let (customer, day) = self.reader.read(view)?;
        rows.push(Row::Day(customer, day));
        if self.since.has(view.row.get(self.reader.at)) && view.row.get(self.note) != ValueRef::Null {
            let note = noticed(view)?;
            rows.extend(note.map(|note| Row::Note(Box::new(Noticed { customer, ..note }))));
        }
        Ok(())
    }
}
