//! The event that a customer goes back to the pool, for webhooks: once for each rule, customer and day.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

use super::event::Event;
use crate::care::greeted::CUSTOMER;
use crate::domain::Day;
use crate::outbox::Delivery;

/// A customer who goes back to the pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Released {
    /// The rule that says so.
    pub rule: String,
    /// Their id in the store.
    pub customer: String,
    /// The rep they were looked after by.
    pub rep: Option<String>,
    /// On which day.
    pub on: Day,
}

/// The deliveries of the event, one a channel. `at` is the occurrence that found it, `now` when it is decided.
pub fn events(
    released: &Released,
    job: &str,
    (at, now): (Timestamp, Timestamp),
    channels: &[String],
) -> Vec<Delivery> {
    let Released { rule, customer, rep, on } = released;
    let payload = json!({
        "type": "customer.released",
        "timestamp": at.to_string(),
        "data": {
            "schema": "retaind.released/1", "version": 1, "job": job, "rule": rule, "customer_id": customer,
            "rep_id": rep, "on": on.date().to_string(),
        },
    });
    // Whoever else is told of the same makes no second event.
    let day = on.date().to_zoned(TimeZone::UTC).map_or(at, |day| day.timestamp());
    let event = Event {
        topic: (&format!("released:{rule}"), day),
        job,
        occurrence: at,
        recipient: &format!("{CUSTOMER}{customer}"),
        subject: format!("released: customer {customer}"),
        payload,
        now,
    };
    event.to(channels)
}
