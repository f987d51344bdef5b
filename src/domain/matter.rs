//! What reminders look for in a store, and the rows they find: in full, since a person is told of them.

use std::collections::{BTreeMap, BTreeSet};

use super::words::{Found, Words};
use super::{Day, FollowUp, When, Yearly};

/// What reminders look for. The more of it is dated, the less of the store is read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Look {
    /// Open follow-ups that fall due by this day.
    pub follow_ups: Option<Day>,
    /// Complaints that are not settled.
    pub complaints: bool,
    /// What was noticed on this day or later.
    pub signals: Option<Day>,
    /// What was written down about contacts on this day or later, with one of these words.
    pub notes: Option<(Day, Words)>,
    /// Birthdays that fall from one day up to and with another; those of the Chinese calendar within all
    /// days.
    pub birthdays: Option<(Day, Day)>,
    /// The same of the days since when they are customers.
    pub anniversaries: Option<(Day, Day)>,
    /// The same of other days that matter to a customer.
    pub important_dates: Option<(Day, Day)>,
    /// Contracts that renew from one day up to and with another.
    pub renewals: Option<(Day, Day)>,
    /// Follow-ups of which it is to be known where they stand, wherever that is: their ids.
    pub told_follow_ups: BTreeSet<String>,
    /// Customers of whom it is to be known how they are called: their ids.
    pub told_customers: BTreeSet<String>,
    /// Whether it is to be known what reps who left still have: customers and open follow-ups.
    pub handed: bool,
    /// All customers, not only those whom one of the rows is about.
    pub everybody: bool,
    /// Who is enough in the place of everybody, where an index finds them.
    pub candidates: Option<Candidates>,
}

/// Of everybody, those of whom anybody can be told; the others need not be read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Candidates {
    /// Whose last contact, or without one whose first day, was on a day from one up to and with another.
    pub contacted: Vec<(Day, Day)>,
    /// Of whom a contract ended on a day from one up to and with another.
    pub ended: Vec<(Day, Day)>,
    /// About whom somebody did something, or whom they said to have contacted: their ids.
    pub acted: BTreeSet<String>,
}

/// Whether a day is one of `days`, each from one up to and with another.
pub fn lies_in(days: &[(Day, Day)], day: Day) -> bool {
    days.iter().any(|(from, to)| (*from..=*to).contains(&day))
}

/// The rows that were found. They refer to customers by index.
#[derive(Debug, Clone, Default)]
pub struct Matters {
    /// Promised contacts that are open.
    pub follow_ups: Vec<FollowUp>,
    /// Complaints that are not settled.
    pub complaints: Vec<OpenComplaint>,
    /// What was noticed.
    pub signals: Vec<Noticed>,
    /// What was written down about contacts.
    pub notes: Vec<Noticed>,
    /// Days that come back each year, or once.
    pub dates: Vec<Dated>,
    /// Who may wait for a contact, where that was not read of everybody.
    pub waiting: Option<Waiting>,
    /// How many customers reps have who left, where not everybody was read.
    pub handed: Option<BTreeMap<String, u64>>,
}

/// Who may wait for a contact: the only ones of whom the last contact was read.
#[derive(Debug, Clone, Default)]
pub struct Waiting {
    /// Index into the customers.
    pub customers: Vec<u32>,
    /// Whether the shop keeps contracts, be they of others.
    pub contracts: bool,
}

/// A complaint that is not settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenComplaint {
    /// Identity in the store.
    pub id: String,
    /// Index into the customers.
    pub customer: u32,
    /// When it came.
    pub opened_at: When,
    /// When it was first answered, if it was.
    pub first_reply_at: Option<When>,
    /// What it is about, in the shop's words.
    pub category: Option<String>,
}

/// Something that was noticed about a customer, or noted down after a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noticed {
    /// Identity in the store.
    pub id: String,
    /// Index into the customers.
    pub customer: u32,
    /// When.
    pub at: When,
    /// Of which kind, in the shop's words.
    pub kind: String,
    /// How much.
    pub value: Option<String>,
    /// Details.
    pub note: Option<String>,
    /// Of a note, those of the words that it has, each with what stands around it.
    pub words: Found,
}

/// Which day of a customer's it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Occasion {
    /// Their birthday.
    Birthday,
    /// The day since when they are a customer.
    Anniversary,
    /// Another one, by its label in the store.
    Other(String),
}

/// A day that matters to a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dated {
    /// Index into the customers.
    pub customer: u32,
    /// Which.
    pub occasion: Occasion,
    /// When it was first, or falls each year.
    pub date: Yearly,
    /// Whether it comes back each year; one that does not has a year.
    pub yearly: bool,
}
