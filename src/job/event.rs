//! Events that webhooks hear beside the messages for people: one delivery a channel.

use jiff::{SignedDuration, Timestamp};

use crate::outbox::{Delivery, DeliveryKey, Sealed};

/// How long an event is of use: as long as a report.
const LIFE: SignedDuration = SignedDuration::from_hours(5 * 24);

/// What happened.
pub(super) struct Event<'a> {
    /// What makes its key, with the instant: a second event of the same is impossible.
    pub(super) topic: (&'a str, Timestamp),
    /// The job it is listed under.
    pub(super) job: &'a str,
    /// The occurrence it is of.
    pub(super) occurrence: Timestamp,
    /// Whom it is about.
    pub(super) recipient: &'a str,
    /// One line for operators.
    pub(super) subject: String,
    /// What webhooks hear.
    pub(super) payload: serde_json::Value,
    /// When it is decided on.
    pub(super) now: Timestamp,
}

impl Event<'_> {
    /// Its deliveries.
    pub(super) fn to(&self, channels: &[String]) -> Vec<Delivery> {
        let payload = Sealed::new(self.payload.to_string().into_bytes());
        let (topic, at) = self.topic;
        let event = |channel: &String| Delivery {
            key: DeliveryKey::of(topic, at, self.recipient, channel),
            job: self.job.to_owned(),
            occurrence: self.occurrence,
            recipient: self.recipient.to_owned(),
            channel: channel.clone(),
            address: String::new(),
            subject: self.subject.clone(),
            payload: payload.clone(),
            not_before: self.now,
            expires: self.now + LIFE,
        };
        channels.iter().map(event).collect()
    }
}
