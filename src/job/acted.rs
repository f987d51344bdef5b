//! From an act to the events that tell of it.

use super::event::Event;
use crate::domain::Colleague;
use crate::outbox::Delivery;
use crate::render::acted::Acting;

/// An event to each of `channels`. `number` is that of the act among those on its entry: it makes the key,
/// so that a second event for the same act is impossible.
pub fn events(
    acting: &Acting<'_>,
    number: usize,
    colleagues: &[Colleague],
    channels: &[String],
) -> Vec<Delivery> {
    let event = Event {
        topic: (&format!("act:{}:{number}", acting.entry.hex()), acting.occurrence),
        job: acting.job,
        occurrence: acting.occurrence,
        recipient: acting.recipient,
        subject: acting.brief(),
        payload: acting.event(colleagues),
        now: acting.at,
    };
    event.to(channels)
}
