//! How the few who are named are called and reached.

use std::collections::BTreeSet;

use super::customers::with_key;
use super::decode::{Bad, RowView};
use super::due::Those;
use super::error::StoreError;
use super::pass::{self, Decode};
use super::relation::CUSTOMERS;
use super::snapshot::Snapshot;
use crate::domain::facts::Facts;
use crate::domain::{Customers, People, Person};

const COLUMNS: [&str; 8] = ["id", "name", "email", "phone", "address", "consent", "language", "time_zone"];

impl Snapshot<'_> {
    /// How the customers in `wanted`, of facts that were read here, are called and reached.
    pub fn people(&mut self, facts: &Facts, mut wanted: BTreeSet<u32>) -> Result<People, StoreError> {
        let (customers, mut people) = (&facts.customers, People::default());
        let keys: Vec<_> = wanted.iter().filter_map(|customer| customers.key(*customer)).collect();
        // Whom the store writes otherwise than we read them is found among all.
        for those in [Some(Those::of(keys.into_iter())), None] {
            if wanted.is_empty() {
                break;
            }
            self.on_all(CUSTOMERS, &COLUMNS, those, &facts.lens, |on, form| {
                let id = form.places.get(CUSTOMERS, "id");
                let new = || Reader { customers, id, wanted: &wanted };
                let take = |rows: &mut Vec<(u32, Person)>| {
                    for (customer, person) in rows.drain(..) {
                        people.0.entry(customer).or_insert(person);
                    }
                };
                pass::read(on, form, new, take).map(|_| ())
            })?;
            wanted.retain(|customer| !people.0.contains_key(customer));
        }
        Ok(people)
    }
}

/// Reads those in `wanted`.
struct Reader<'a> {
    customers: &'a Customers,
    id: Option<usize>,
    wanted: &'a BTreeSet<u32>,
}

impl Decode for Reader<'_> {
    type Row = (u32, Person);

    fn decode(&mut self, view: &RowView<'_, '_>, rows: &mut Vec<(u32, Person)>) -> Result<(), Bad> {
        // What cannot be read of an id was noted when customers were read.
        let found = with_key(view.row.get(self.id), "id", |key| self.customers.find(key));
        let customer = found.ok().flatten().flatten().filter(|customer| self.wanted.contains(customer));
        let Some(customer) = customer else { return Ok(()) };
        let text = |column| view.text(column).ok().flatten();
        let person = Person {
            name: text("name").unwrap_or_default(),
            email: text("email"),
            phone: text("phone"),
            address: text("address"),
            // Whoever did not say so, or in a way that we cannot read, did not agree.
            consent: view.boolean("consent", false).unwrap_or(false),
            language: text("language"),
            zone: text("time_zone"),
        };
        rows.push((customer, person));
        Ok(())
    }
}
