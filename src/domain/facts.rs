//! What a job needs, what was read for it in one consistent snapshot, and what could not be read.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::customer::Contact;
use super::{Currency, Customer, Day, FollowUp, Rep, Subscription, Transaction};

/// Which relations a job reads. `customers` is always read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "one flag a relation, named as the relations are")]
pub struct Needs {
    /// Contracts.
    pub subscriptions: bool,
    /// Money movements.
    pub transactions: bool,
    /// Promised contacts.
    pub follow_ups: bool,
    /// Past contacts, of which the last a customer is kept.
    pub interactions: bool,
    /// Who looks after whom.
    pub reps: bool,
}

/// The lens a read looks through: as of when, in which zone and currency.
#[derive(Debug, Clone)]
pub struct Lens {
    /// The instant the facts are as of.
    pub as_of: Timestamp,
    /// The zone whose civil days are meant.
    pub zone: TimeZone,
    /// The currency of money figures; also of rows that name none.
    pub currency: Currency,
}

impl Lens {
    /// The civil day of the as-of instant.
    pub fn today(&self) -> Day {
        Day::of(self.zone.to_datetime(self.as_of).date())
    }
}

/// A row that could not become a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// The relation it was read from.
    pub relation: &'static str,
    /// Its id, as far as it could be read.
    pub id: String,
    /// What is wrong with it, in English, for ops.
    pub reason: String,
    /// The class of the fault, for the report's note.
    pub fault: Fault,
}

/// What can be wrong with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// A value that is not of the column's type.
    Unreadable,
    /// A required value is missing.
    Missing,
    /// Names a customer that the store does not have.
    NoCustomer,
    /// The id came before: the mapping multiplies rows, or the store does.
    Repeated,
    /// Dated after the as-of instant. Not an error; counted.
    Later,
    /// In another currency than the report's, and so not in its money figures.
    OtherCurrency,
    /// An optional value of a kept row could not be read and was left empty.
    Blanked,
}

/// What was read for one run. Rows refer to customers by index.
#[derive(Debug, Clone)]
pub struct Facts {
    /// As of when, where and in which money.
    pub lens: Lens,
    /// All customers, in store order.
    pub customers: Vec<Customer>,
    /// Sorted by customer, then start.
    pub subscriptions: Vec<Subscription>,
    /// Sorted by customer, then day.
    pub transactions: Vec<Transaction>,
    /// In store order.
    pub follow_ups: Vec<FollowUp>,
    /// Last contact by customer index.
    pub contacts: BTreeMap<u32, Contact>,
    /// By id.
    pub reps: BTreeMap<String, Rep>,
    /// Up to [`EXAMPLES`] of each (relation, fault), and how many there were.
    pub rejected: BTreeMap<(&'static str, Fault), (u64, Vec<Rejected>)>,
    /// Rows that each read relation yielded, good or bad.
    pub rows: BTreeMap<&'static str, u64>,
}

/// How many ids a data-quality note names for each kind of fault.
pub const EXAMPLES: usize = 5;

impl Facts {
    /// Nothing read yet.
    pub fn empty(lens: Lens) -> Facts {
        Facts {
            lens,
            customers: Vec::new(),
            subscriptions: Vec::new(),
            transactions: Vec::new(),
            follow_ups: Vec::new(),
            contacts: BTreeMap::new(),
            reps: BTreeMap::new(),
            rejected: BTreeMap::new(),
            rows: BTreeMap::new(),
        }
    }

    /// Notes a row that was left out.
    pub fn reject(&mut self, rejected: Rejected) {
        let entry = self.rejected.entry((rejected.relation, rejected.fault)).or_default();
        entry.0 += 1;
        if entry.1.len() < EXAMPLES {
            entry.1.push(rejected);
        }
    }

    /// Puts rows into the order the core relies on.
    pub fn sort(&mut self) {
        self.subscriptions.sort_by_key(|s| (s.customer, s.starts_on, s.ends_on));
        if !self.transactions.is_sorted_by_key(|t| (t.customer, t.day)) {
            self.transactions.sort_by_key(|t| (t.customer, t.day));
        }
    }

    /// The subscriptions of one customer, oldest first.
    pub fn subscriptions_of(&self, customer: u32) -> &[Subscription] {
        slice_of(&self.subscriptions, customer, |s| s.customer)
    }

    /// The transactions of one customer, oldest first.
    pub fn transactions_of(&self, customer: u32) -> &[Transaction] {
        slice_of(&self.transactions, customer, |t| t.customer)
    }

    /// The name of the rep who owns the customer.
    pub fn owner_name(&self, customer: u32) -> Option<&str> {
        let owner = self.customers.get(customer as usize)?.owner_id.as_ref()?;
        self.reps.get(owner).map(|rep| rep.name.as_str())
    }
}

fn slice_of<T>(rows: &[T], customer: u32, key: impl Fn(&T) -> u32) -> &[T] {
    let start = rows.partition_point(|row| key(row) < customer);
    let length = rows[start..].partition_point(|row| key(row) == customer);
    &rows[start..start + length]
}
