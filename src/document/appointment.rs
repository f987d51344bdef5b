//! Appointments: what of a digest has a date, for calendars.

use jiff::Timestamp;

use super::{Reach, Say};
use crate::domain::When;

/// Something with a date, as calendars know it.
#[derive(Debug, Clone, PartialEq)]
pub struct Appointment {
    /// Its identity, the same from digest to digest.
    pub uid: String,
    /// How often it has changed: what is higher holds.
    pub sequence: u32,
    /// When it is: a day, or a moment.
    pub at: When,
    /// What it is, and with whom.
    pub title: Say,
    /// What was promised, in the shop's words.
    pub what: Option<String>,
    /// What else helps.
    pub facts: Vec<Say>,
    /// Phone and mail of the customer.
    pub reach: Vec<Reach>,
    /// The page of its entry.
    pub page: Option<String>,
    /// Whether it is over.
    pub cancelled: bool,
    /// Since when it is told so.
    pub changed: Timestamp,
}
