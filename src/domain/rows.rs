//! A shop small enough to be held row by row: samples, and what tests make up.

use std::collections::BTreeMap;

use super::facts::{Contracts, Lens};
use super::purchases::Fold;
use super::{Asked, Customer, Facts, People, Person, Subscription, Transaction};

/// The rows of a shop. Rows refer to customers by their place in the list.
#[derive(Debug, Clone)]
pub struct Rows {
    /// As of when, where and in which money.
    pub lens: Lens,
    /// All customers; their ids differ.
    pub customers: Vec<Customer>,
    /// Contracts, in any order.
    pub subscriptions: Vec<Subscription>,
    /// Transactions, in any order.
    pub transactions: Vec<Transaction>,
}

impl Rows {
    /// No rows.
    pub fn empty(lens: Lens) -> Rows {
        Rows { lens, customers: Vec::new(), subscriptions: Vec::new(), transactions: Vec::new() }
    }

    /// The facts that a store of these rows would give.
    pub fn facts(&self, asked: Asked) -> Facts {
        let mut facts = Facts::empty(self.lens.clone());
        for customer in &self.customers {
            facts.customers.add(customer);
        }
        facts.customers.seal();
        let mut contracts = Contracts::default();
        self.subscriptions.iter().for_each(|row| contracts.add(row));
        contracts.finish(&mut facts);
        let mut fold = Fold::new(facts.customers.len(), asked);
        fold.again(self.transactions.clone());
        facts.purchases = fold.finish();
        facts
    }

    /// How they are all called and reached.
    pub fn people(&self) -> People {
        let person = |row: &Customer| Person {
            name: row.name.clone(),
            email: row.email.clone(),
            phone: row.phone.clone(),
            ..Person::default()
        };
        People((0..).zip(self.customers.iter().map(person)).collect::<BTreeMap<_, _>>())
    }
}
