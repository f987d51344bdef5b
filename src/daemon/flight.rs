//! One message on its way, from its claim to an answer.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt as _;

use super::{Shared, greeting};
use crate::channel::{Attempt, Gate};
use crate::ledger::deliveries::{self, Claimed};
use crate::outbox::{Answer, Event, Phase, Scope};

/// A message under way.
pub(super) struct Flight {
    pub(super) claimed: Arc<Claimed>,
    /// Whether it may have passed the point of no return.
    pub(super) passed: Arc<AtomicBool>,
}

/// A message on its way, and how that ended.
pub(super) type Flying = Pin<Box<dyn Future<Output = (Flight, Event)> + Send>>;

impl Flight {
    /// Of a claimed message.
    pub(super) fn of(claimed: Arc<Claimed>) -> Flight {
        Flight { claimed, passed: Arc::default() }
    }

    /// Sends it.
    pub(super) fn send(self, shared: Arc<Shared>) -> Flying {
        let sending = attempt(shared, self.claimed.clone(), self.passed.clone());
        Box::pin(self.until_answered(sending))
    }

    /// A panic in a library is an answer, too.
    pub(super) fn until_answered(
        self,
        sending: impl Future<Output = Event> + Send,
    ) -> impl Future<Output = (Flight, Event)> + Send {
        // A lane's messages are one task: what a task may do before it must yield is not meant for sixty of them.
        let sending = AssertUnwindSafe(tokio::task::unconstrained(sending)).catch_unwind();
        // Not `async`, which would keep a second place for what it waits for.
        sending.map(|ended| {
            let event = ended.unwrap_or_else(|panic| {
                let said = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
                let said = said.or_else(|| panic.downcast_ref::<String>().cloned());
                Event::Answered(self.panicked(&said.unwrap_or_default()))
            });
            (self, event)
        })
    }

    /// How far it got.
    pub(super) fn phase(&self) -> Phase {
        if self.passed.load(Ordering::SeqCst) { Phase::Committing } else { Phase::Pre }
    }

    fn panicked(&self, reason: &str) -> Answer {
        let reason = format!("the channel panicked: {reason}");
        match self.phase() {
            Phase::Committing => Answer::Unknown(reason),
            Phase::Pre => Answer::NotNow { reason, after: None, scope: Scope::Message },
        }
    }
}

/// One attempt, from the claim to its end.
async fn attempt(shared: Arc<Shared>, claimed: Arc<Claimed>, passed: Arc<AtomicBool>) -> Event {
    let (d, now) = (&claimed.delivery, shared.clock.now());
    if now >= d.expires {
        return Event::Expired;
    }
    let Some(payload) = d.payload.open() else { return Event::Corrupt };
    let Some(way) = shared.config.channels.get(&d.channel) else {
        return Event::Answered(Answer::Never("its channel is no longer configured".to_owned()));
    };
    if let Some(answer) = greeting::hindered(&shared, d).await {
        return Event::Answered(answer);
    }
    let gate = gate(&shared, &claimed, way.channel.claimed_as(), passed);
    Event::Answered(way.channel.send(Attempt { delivery: d, payload, now, gate }).await)
}

/// The point of no return: marked durably before the bytes that cannot be taken back.
fn gate(shared: &Arc<Shared>, claimed: &Claimed, phase: Phase, passed: Arc<AtomicBool>) -> Gate {
    let (ledger, id, fence) = (shared.ledger.clone(), claimed.id, claimed.fence);
    Box::new(move || {
        Box::pin(async move {
            let ours = match phase {
                Phase::Committing => true,
                Phase::Pre => {
                    let mark = ledger.run(move |c| deliveries::mark_committing(c, id, fence));
                    matches!(mark.await, Ok(true))
                }
            };
            passed.store(ours, Ordering::SeqCst);
            ours
        })
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::super::tests::{claimed, shared};
    use super::*;

    /// Each message has such a box: one of a kilobyte, what is put before it included, comes from what the allocator
    /// has at hand, and a larger one does not (`docs/performance.md`).
    #[tokio::test]
    async fn a_flight_is_small() {
        let now: Timestamp = "2026-11-02T11:00:00Z".parse().unwrap();
        let (_folder, shared) = shared(now, "");
        let size = size_of_val(&*Flight::of(claimed("room", now)).send(shared));
        assert!(size <= 700, "{size} bytes");
    }
}
