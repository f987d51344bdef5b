//! The event that a customer wants no more letters, for webhooks.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::care::greeted::CUSTOMER;
use crate::outbox::{Delivery, DeliveryKey, Sealed};

/// How long a webhook is tried.
const LIFE: SignedDuration = SignedDuration::from_hours(5 * 24);

/// The deliveries of the event, one a channel.
pub fn events(customer: &str, now: Timestamp, channels: &[String]) -> Vec<Delivery> {
    let payload = json!({
        "type": "customer.unsubscribed",
        "timestamp": now.to_string(),
        "data": {
            "schema": "retaind.unsubscribed/1", "version": 1, "customer_id": customer, "at": now.to_string(),
        },
    });
    let payload = Sealed::new(payload.to_string().into_bytes());
    let recipient = format!("{CUSTOMER}{customer}");
    let event = |channel: &String| Delivery {
        key: DeliveryKey::of("unsubscribed", now, &recipient, channel),
        job: "unsubscribed".to_owned(),
        occurrence: now,
        recipient: recipient.clone(),
        channel: channel.clone(),
        address: String::new(),
        subject: format!("unsubscribed: customer {customer}"),
        payload: payload.clone(),
        not_before: now,
        expires: now + LIFE,
    };
    channels.iter().map(event).collect()
}
