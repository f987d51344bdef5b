//! Things to do: what a digest lists.

use jiff::civil::Date;

use super::Say;

/// One thing to do, for one customer.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The customer's (or rep's) id in the store.
    pub customer_id: String,
    /// Their name.
    pub customer: String,
    /// Why it is told, the most pressing first.
    pub reasons: Vec<Because>,
    /// What else helps: value at stake, last contact.
    pub facts: Vec<Say>,
    /// Phone and mail of the customer.
    pub reach: Vec<Reach>,
    /// Days overdue; 0 when due today.
    pub days_late: i32,
    /// Whether something that was promised is late.
    pub late: bool,
    /// What can be done with it by a link.
    pub actions: Vec<Action>,
}

/// A reason for which something is to be done.
#[derive(Debug, Clone, PartialEq)]
pub struct Because {
    /// The rule that found it.
    pub rule: String,
    /// What it is about, for actions and events.
    pub subject: String,
    /// The day on which it fell due.
    pub due: Date,
    /// In words.
    pub why: Say,
    /// What was promised or noted, in the shop's words.
    pub what: Option<String>,
}

/// Something that can be done with an item by a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// Machine name: JSON key, and the last part of its words' key.
    pub what: &'static str,
    /// The page that offers it. Opening it changes nothing.
    pub url: String,
}

/// A way to reach a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// A phone number as the shop wrote it.
    Phone(String),
    /// A mail address.
    Email(String),
    /// Where they are.
    Place(String),
}
