//! The subscriptions' rows: a plan, a price and two days each.

use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::currency::{Amounts, other};
use super::customers::{Numbers, locked, with_key};
use super::days::plain_date;
use super::decode::{Bad, RowView, amount_of, missing, when_of};
use super::error::StoreError;
use super::pass::{self, Decode, Form};
use super::relation::SUBSCRIPTIONS;
use crate::domain::customer::{CancelKind, Contract, Terms};
use crate::domain::facts::{Contracts, Facts, Fault};
use crate::domain::{Customers, Day, Wrong};

/// What reminders read of contracts: neither what they are for nor why they ended.
pub(super) const DUE: &[&str] =
    &["id", "customer_id", "mrr_minor", "currency", "starts_on", "ends_on", "renews_on"];

/// Reads subscriptions into the facts.
pub(super) fn read(
    connections: &mut [&mut Connection],
    form: &Form<'_>,
    facts: &mut Facts,
) -> Result<(), StoreError> {
    let contracts = Mutex::new(Contracts::default());
    let (readers, noted) = pass::read(
        connections,
        form,
        || Reader::new(form, &facts.customers, &contracts),
        |rows| locked(&contracts).extend(rows.drain(..)),
    )?;
    let foreign: Vec<_> = readers.into_iter().map(|reader| reader.amounts.foreign).collect();
    noted.into_facts(SUBSCRIPTIONS, facts);
    for of_reader in foreign {
        facts.add_foreign(SUBSCRIPTIONS.name, of_reader);
    }
    contracts.into_inner().unwrap_or_else(PoisonError::into_inner).finish(facts);
    Ok(())
}

/// Reads subscriptions row by row.
struct Reader<'a> {
    customer_id: Option<usize>,
    mrr_minor: Option<usize>,
    currency: Option<usize>,
    starts_on: Option<usize>,
    ends_on: Option<usize>,
    renews_on: Option<usize>,
    terms: [Option<usize>; 3],
    customers: &'a Customers,
    /// Where terms get their numbers.
    contracts: &'a Mutex<Contracts>,
    known: Numbers,
    amounts: Amounts<'a>,
    today: Day,
}

/// A row that names a customer the store does not have.
pub(super) fn no_customer(id: &str) -> Bad {
    Bad::of(Fault::NoCustomer, "customer_id", Wrong::NoCustomer, id)
}

/// The customer a row is of.
#[inline]
pub(super) fn customer_of(value: ValueRef<'_>, customers: &Customers) -> Result<u32, Bad> {
    let found = with_key(value, "customer_id", |key| customers.find(key))?;
    let id = || super::decode::text_of(value, "customer_id").ok().flatten().unwrap_or_default();
    found.ok_or_else(|| missing("customer_id"))?.ok_or_else(|| no_customer(&id()))
}

/// A row about what was not yet at the as-of instant.
pub(super) fn later(column: &str) -> Bad {
    Bad::of(Fault::Later, column, Wrong::Later, "")
}

impl<'a> Reader<'a> {
    fn new(form: &'a Form<'a>, customers: &'a Customers, contracts: &'a Mutex<Contracts>) -> Reader<'a> {
        let place = |column| form.places.get(SUBSCRIPTIONS, column);
        Reader {
            customer_id: place("customer_id"),
            mrr_minor: place("mrr_minor"),
            currency: place("currency"),
            starts_on: place("starts_on"),
            ends_on: place("ends_on"),
            renews_on: place("renews_on"),
            terms: ["plan", "cancel_kind", "cancel_reason"].map(place),
            customers,
            contracts,
            known: Numbers::default(),
            amounts: Amounts::new(form.lens),
            today: form.lens.today(),
        }
    }

    fn terms_of(&mut self, view: &RowView<'_, '_>) -> Result<u32, Bad> {
        self.known.of(view, &self.terms, || {
            let cancel_kind = match view.text("cancel_kind")?.as_deref() {
                Some("voluntary") => CancelKind::Voluntary,
                Some("involuntary") => CancelKind::Involuntary,
                _ => CancelKind::Unknown,
            };
            let (plan, cancel_reason) = (view.text("plan")?, view.text("cancel_reason")?);
            Ok(locked(self.contracts).intern(Terms { plan, cancel_kind, cancel_reason }))
        })
    }
}

impl Decode for Reader<'_> {
    type Row = (u32, Contract);

    fn decode(&mut self, view: &RowView<'_, '_>, rows: &mut Vec<(u32, Contract)>) -> Result<(), Bad> {
        let row = view.row;
        let day = |place, column| {
            let raw = row.get(place);
            match plain_date(raw) {
                Some(day) => Ok(Some(day)),
                None => {
                    Ok(when_of(raw, column, view.of.store_zone)?.map(|when| when.day(view.of.store_zone)))
                }
            }
        };
        let customer = customer_of(row.get(self.customer_id), self.customers)?;
        let starts_on = day(self.starts_on, "starts_on")?.ok_or_else(|| missing("starts_on"))?;
        if starts_on > self.today {
            return Err(later("starts_on"));
        }
        let mrr = amount_of(row.get(self.mrr_minor), "mrr_minor")?.ok_or_else(|| missing("mrr_minor"))?;
        let ends_on = day(self.ends_on, "ends_on")?.unwrap_or(Day::MAX);
        let renews_on = day(self.renews_on, "renews_on")?.unwrap_or(Day::MAX);
        let terms = self.terms_of(view)?;
        // At today's rate on every day: a rate that moves is no expansion.
        // What ended long ago is no amount of today.
        let runs = self.today < ends_on;
        let mrr_minor = self.amounts.read(row.get(self.currency), mrr, self.today, runs)?;
        if mrr_minor.is_none() && self.amounts.are_alone() {
            return Ok(());
        }
        let contract = Contract { starts_on, ends_on, renews_on, terms, mrr_minor: mrr_minor.unwrap_or(0) };
        rows.push((customer, contract));
        if mrr_minor.is_some() { Ok(()) } else { Err(other()) }
    }
}
