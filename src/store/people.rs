//! How the few who are named are called and reached.

use std::collections::BTreeSet;

use super::customers::{Names, Naming, Places};
use super::due;
use super::error::StoreError;
use super::pass::{self, From};
use super::relation::CUSTOMERS;
use super::snapshot::Snapshot;
use crate::domain::facts::Facts;
use crate::domain::{People, Person};

const COLUMNS: [&str; 8] = ["id", "name", "email", "phone", "address", "consent", "language", "time_zone"];

impl Snapshot<'_> {
    /// How the customers in `wanted`, of facts that were read here, are called and reached.
    pub fn people(&mut self, facts: &Facts, mut wanted: BTreeSet<u32>) -> Result<People, StoreError> {
        let mut people = People::default();
        let Some((sql, given)) = self.sourced(CUSTOMERS, &COLUMNS)? else { return Ok(people) };
        if wanted.is_empty() {
            return Ok(people);
        }
        let (customers, places) = (&facts.customers, Places::of(CUSTOMERS, &given));
        let naming = Naming::of(customers, &places);
        let among = format!("{sql} WHERE {}", due::among(CUSTOMERS));
        let finds = self.plan(CUSTOMERS, &among)?.finds();
        let keys = wanted.iter().filter_map(|customer| customers.key(*customer)).collect();
        let keys = due::in_parts(keys, if finds { self.readers() } else { 1 });
        self.on(CUSTOMERS, (From::Among { sql: among, keys }, &given, false), &facts.lens, |on, form| {
            let new = || Names { naming: &naming, wanted: &wanted };
            let take = |rows: &mut Vec<(u32, Person)>| {
                for (customer, person) in rows.drain(..) {
                    people.0.entry(customer).or_insert(person);
                }
            };
            pass::read(on, form, new, take).map(|_| ())
        })?;
        wanted.retain(|customer| !people.0.contains_key(customer));
        // Whom the store writes otherwise than we read them is found among all.
        if !wanted.is_empty() {
            self.walk(CUSTOMERS, &sql, &places, &facts.lens, None, |view| {
                if let Some((customer, person)) = naming.person(view, &wanted) {
                    wanted.remove(&customer);
                    people.0.insert(customer, person);
                }
                !wanted.is_empty()
            })?;
        }
        Ok(people)
    }
}
