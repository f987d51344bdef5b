//! The transactions: one pass, folded into a summary of each customer.

use rusqlite::Connection;

use super::contracts::{customer_of, later};
use super::currency::{Amounts, other};
use super::days::{Days, Read};
use super::decode::{Bad, RowView, amount_of, missing};
use super::error::StoreError;
use super::pass::{self, Decode, Form};
use super::relation::{Relation, TRANSACTIONS};
use crate::domain::facts::Facts;
use crate::domain::purchases::Fold;
use crate::domain::{Asked, Customers, Transaction};

/// Transactions of customers whose rows do not come by day, held at once to be sorted.
const AGAIN_MAX: u64 = 2_000_000;

const RELATION: Relation = TRANSACTIONS;

/// Reads all transactions into the facts.
pub(super) fn read(
    connections: &mut [&mut Connection],
    form: &Form<'_>,
    asked: Asked,
    facts: &mut Facts,
) -> Result<(), StoreError> {
    let mut fold = Fold::new(facts.customers.len(), asked);
    let new = || Reader::new(form, &facts.customers);
    let (readers, noted) = pass::read(connections, form, new, |rows| fold.add_all(rows))?;
    let foreign: Vec<_> = readers.into_iter().map(|reader| reader.amounts.foreign).collect();
    again(connections, form, &facts.customers, &mut fold)?;
    noted.into_facts(RELATION, facts);
    for of_reader in foreign {
        facts.add_foreign(RELATION.name, of_reader);
    }
    facts.purchases = fold.finish();
    Ok(())
}

/// Reads the customers again whose rows did not come by day, so many at a time that they fit.
fn again(
    connections: &mut [&mut Connection],
    form: &Form<'_>,
    customers: &Customers,
    fold: &mut Fold,
) -> Result<(), StoreError> {
    let mut counts: Vec<u32> = Vec::new();
    let disordered = fold.disordered();
    if disordered.is_empty() {
        return Ok(());
    }
    let new = || Reader::new(form, customers);
    if disordered.len() as u64 * 64 > AGAIN_MAX {
        // Many: count their rows first, so that each share fits.
        counts = vec![0; customers.len()];
        pass::again(connections, form, new, |rows| {
            for row in rows {
                counts[row.customer as usize] = counts[row.customer as usize].saturating_add(1);
            }
        })?;
    }
    let mut from = 0;
    while from < disordered.len() {
        let (mut to, mut rows) = (from, 0);
        while to < disordered.len() && (to == from || rows < AGAIN_MAX) {
            rows += counts.get(disordered[to] as usize).map_or(64, |n| u64::from(*n));
            to += 1;
        }
        let mut share = vec![false; customers.len()];
        disordered[from..to].iter().for_each(|customer| share[*customer as usize] = true);
        let mut held = Vec::new();
        pass::again(connections, form, new, |rows| {
            held.extend(rows.iter().filter(|row| share[row.customer as usize]));
        })?;
        fold.again(held);
        from = to;
    }
    Ok(())
}

struct Reader<'a> {
    customers: &'a Customers,
    customer_id: Option<usize>,
    at: Option<usize>,
    amount_minor: Option<usize>,
    currency: Option<usize>,
    cost_minor: Option<usize>,
    days: Days<'a>,
    amounts: Amounts<'a>,
}

impl<'a> Reader<'a> {
    fn new(form: &'a Form<'a>, customers: &'a Customers) -> Reader<'a> {
        let place = |column| form.places.get(RELATION, column);
        Reader {
            customers,
            customer_id: place("customer_id"),
            at: place("at"),
            amount_minor: place("amount_minor"),
            currency: place("currency"),
            cost_minor: place("cost_minor"),
            days: Days::new(form.lens, form.store_zone),
            amounts: Amounts::new(form.lens),
        }
    }
}

impl Decode for Reader<'_> {
    type Row = Transaction;

    fn decode(&mut self, view: &RowView<'_, '_>, rows: &mut Vec<Transaction>) -> Result<(), Bad> {
        let row = view.row;
        let customer = customer_of(row.get(self.customer_id), self.customers)?;
        let Read::Past(day) = self.days.read(row.get(self.at), "at")? else { return Err(later("at")) };
        let amount = amount_of(row.get(self.amount_minor), "amount_minor")?;
        let amount = amount.ok_or_else(|| missing("amount_minor"))?;
        let cost = amount_of(row.get(self.cost_minor), "cost_minor")?;
        let (costed, cost) = (cost.is_some(), cost.unwrap_or(0));
        let (currency, bought) = (row.get(self.currency), amount > 0);
        if self.amounts.is_own(currency) {
            rows.push(Transaction {
                customer,
                day,
                amount_minor: amount,
                cost_minor: cost,
                costed,
                bought,
                counted: true,
            });
            return Ok(());
        }
        let counted = self.amounts.read(currency, amount, day, true)?;
        if counted.is_none() && self.amounts.are_alone() {
            return Ok(());
        }
        let cost_minor = self.amounts.convert(currency, cost, day);
        let (amount_minor, cost_minor) = counted.map_or((0, 0), |amount| (amount, cost_minor));
        let counted = counted.is_some();
        rows.push(Transaction { customer, day, amount_minor, cost_minor, costed, bought, counted });
        if counted { Ok(()) } else { Err(other()) }
    }
}
