//! How the few customers who are named are called and reached.

use std::collections::BTreeMap;

/// How a customer is called and reached.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Person {
    /// Display name, cleaned.
    pub name: String,
    /// Where they can be written to.
    pub email: Option<String>,
    /// As the shop wrote it.
    pub phone: Option<String>,
    /// Where they are.
    pub address: Option<String>,
    /// Whether they agreed to be written to.
    pub consent: bool,
    /// BCP 47 tag of their language.
    pub language: Option<String>,
    /// IANA zone of their clock.
    pub zone: Option<String>,
}

/// The customers who are named, by index.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct People(pub BTreeMap<u32, Person>);

impl People {
    /// A customer's name; empty for one who was not read.
    pub fn name(&self, customer: u32) -> &str {
        self.0.get(&customer).map_or("", |person| &person.name)
    }
}
