//! Contacts by the million: who, and on which day.

use rusqlite::Connection;

use super::contracts::{customer_of, later};
use super::days::{Days, Read};
use super::decode::{Bad, RowView};
use super::error::StoreError;
use super::pass::{self, Decode, Form, Noted};
use super::relation::INTERACTIONS;
use crate::domain::facts::{Contacts, Facts};
use crate::domain::{Customers, Day};

/// Reads the day of the last contact with each customer into the facts.
pub(super) fn read(
    connections: &mut [&mut Connection],
    form: &Form<'_>,
    facts: &mut Facts,
) -> Result<(), StoreError> {
    let (contacts, noted) = read_days(connections, form, &facts.customers)?;
    noted.into_facts(INTERACTIONS, facts);
    facts.contacts = contacts;
    Ok(())
}

/// The day of the last contact with each of `customers`.
pub(super) fn read_days(
    connections: &mut [&mut Connection],
    form: &Form<'_>,
    customers: &Customers,
) -> Result<(Contacts, Noted), StoreError> {
    let mut contacts = Contacts::default();
    let place = |column| form.places.get(INTERACTIONS, column);
    let new = || Reader {
        customers,
        customer_id: place("customer_id"),
        at: place("at"),
        days: Days::new(form.lens, form.store_zone),
    };
    let (_, noted) = pass::read(connections, form, new, |rows| {
        for (customer, day) in rows.iter() {
            contacts.add_day(*customer, *day);
        }
    })?;
    Ok((contacts, noted))
}

struct Reader<'a> {
    customers: &'a Customers,
    customer_id: Option<usize>,
    at: Option<usize>,
    days: Days<'a>,
}

impl Decode for Reader<'_> {
    type Row = (u32, Day);

    fn decode(&mut self, view: &RowView<'_, '_>, rows: &mut Vec<(u32, Day)>) -> Result<(), Bad> {
        let customer = customer_of(view.row.get(self.customer_id), self.customers)?;
        match self.days.read(view.row.get(self.at), "at")? {
            Read::Past(day) => rows.push((customer, day)),
            Read::Later => return Err(later("at")),
        }
        Ok(())
    }
}
