//! The event that a customer wants no more letters, for webhooks.

use jiff::Timestamp;
use serde_json::json;

use super::event::Event;
use crate::care::greeted::CUSTOMER;
use crate::outbox::Delivery;

/// The deliveries of the event, one a channel.
pub fn events(customer: &str, now: Timestamp, channels: &[String]) -> Vec<Delivery> {
    let payload = json!({
        "type": "customer.unsubscribed",
        "timestamp": now.to_string(),
        "data": {
            "schema": "retaind.unsubscribed/1", "version": 1, "customer_id": customer, "at": now.to_string(),
        },
    });
    let event = Event {
        topic: ("unsubscribed", now),
        job: "unsubscribed",
        occurrence: now,
        recipient: &format!("{CUSTOMER}{customer}"),
        subject: format!("unsubscribed: customer {customer}"),
        payload,
        now,
    };
    event.to(channels)
}
