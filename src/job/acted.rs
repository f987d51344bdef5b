//! From an act to the events that tell of it.

use jiff::SignedDuration;

use crate::domain::Colleague;
use crate::outbox::{Delivery, DeliveryKey, Sealed};
use crate::render::acted::Acting;

/// How long the event of an act is of use: as long as a report.
const LIFE: SignedDuration = SignedDuration::from_hours(5 * 24);

/// An event to each of `channels`. `number` is that of the act among those on its entry: it makes the key,
/// so that a second event for the same act is impossible.
pub fn events(
    acting: &Acting<'_>,
    number: usize,
    colleagues: &[Colleague],
    channels: &[String],
) -> Vec<Delivery> {
    let payload = acting.event(colleagues).to_string().into_bytes();
    let topic = format!("act:{}:{number}", acting.entry.hex());
    let event = |channel: &String| Delivery {
        key: DeliveryKey::of(&topic, acting.occurrence, acting.recipient, channel),
        job: acting.job.to_owned(),
        occurrence: acting.occurrence,
        recipient: acting.recipient.to_owned(),
        channel: channel.clone(),
        address: String::new(),
        subject: acting.brief(),
        payload: Sealed::new(payload.clone()),
        not_before: acting.at,
        expires: acting.at + LIFE,
    };
    channels.iter().map(event).collect()
}
