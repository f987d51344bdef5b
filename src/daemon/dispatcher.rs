//! Sending what was decided: one lane a channel, each claim, mark and outcome durable before the next
//! step. A lane pauses when the way to its destination is troubled; its messages wait uncharged.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinSet;

use super::{DaemonError, Shared, notices};
use crate::channel::{Attempt, Gate};
use crate::ledger::LedgerError;
use crate::ledger::deliveries::{self, Claimed};
use crate::ledger::occurrences;
use crate::outbox::{Answer, Event, Scope, State, Status, delivery};

/// How long a lane pauses after troubles on end, in seconds; the last one repeats.
const PAUSES: [i64; 4] = [30, 60, 120, 300];

/// How often free places are looked at while messages are under way.
const LOOK_AGAIN: std::time::Duration = std::time::Duration::from_secs(2);

/// How long a record waits that the ledger refused: an answer must not be forgotten.
const RECORD_AGAIN: std::time::Duration = std::time::Duration::from_secs(2);

/// How long it pauses when the channel itself is set up wrong.
const CHANNEL_PAUSE: SignedDuration = SignedDuration::from_mins(5);

/// One channel's messages on their way.
pub struct Lane {
    name: String,
    shared: Arc<Shared>,
    pause: Option<Timestamp>,
    /// Troubles on end; after one, a single message probes the way.
    troubles: usize,
    last_sent: Option<Timestamp>,
    stopping: Arc<AtomicBool>,
}

/// How one attempt ended.
struct Ended {
    claimed: Claimed,
    answer: Option<Answer>,
    state: State,
}

impl Lane {
    /// The lane of a channel.
    pub fn new(name: &str, shared: Arc<Shared>) -> Lane {
        let stopping = Arc::new(AtomicBool::new(false));
        Lane { name: name.to_owned(), shared, pause: None, troubles: 0, last_sent: None, stopping }
    }

    /// A flag that, once set, lets no new message be claimed.
    pub fn stopping(&self) -> Arc<AtomicBool> {
        self.stopping.clone()
    }

    /// Until when nothing is claimed.
    pub fn paused_until(&self) -> Option<Timestamp> {
        let spaced = self.last_sent.and_then(|at| {
            let spacing = self.shared.config.channels.get(&self.name)?.channel.spacing();
            (!spacing.is_zero()).then(|| at + spacing)
        });
        self.pause.into_iter().chain(spaced).max().filter(|until| *until > self.shared.clock.now())
    }

    /// How long the pause still lasts.
    pub fn pause_left(&self) -> Option<std::time::Duration> {
        let left = self.paused_until()?.duration_since(self.shared.clock.now());
        std::time::Duration::try_from(left).ok()
    }

    /// Sends all that is due now, as many at once as the channel allows.
    pub async fn drain(&mut self) -> Result<(), DaemonError> {
        let Some(way) = self.shared.config.channels.get(&self.name) else { return Ok(()) };
        let (concurrency, spaced) = (way.channel.concurrency(), !way.channel.spacing().is_zero());
        let mut under_way: JoinSet<Result<Ended, DaemonError>> = JoinSet::new();
        // What is under way is waited for whatever goes wrong: its answers must be recorded.
        let mut trouble = None;
        loop {
            let room =
                if self.troubles > 0 || spaced { 1 } else { concurrency }.saturating_sub(under_way.len());
            let open = self.paused_until().is_none() && !self.stopping.load(Ordering::SeqCst);
            let claimed =
                if room > 0 && open && trouble.is_none() { self.claim(room).await } else { Ok(Vec::new()) };
            for claimed in claimed.unwrap_or_else(|e| {
                trouble = Some(e);
                Vec::new()
            }) {
                self.last_sent = Some(self.shared.clock.now());
                under_way.spawn(attempt(self.shared.clone(), claimed));
            }
            // One slow message must not hold back the free places: they are looked at again meanwhile.
            let settled = match tokio::time::timeout(LOOK_AGAIN, under_way.join_next()).await {
                Err(_) => continue,
                Ok(None) => break,
                Ok(Some(Ok(Ok(ended)))) => self.settle(ended).await,
                Ok(Some(Ok(Err(e)))) => Err(e),
                Ok(Some(Err(e))) => Err(DaemonError::System(e.to_string())),
            };
            trouble = trouble.or(settled.err());
        }
        if let Some(way) = self.shared.config.channels.get(&self.name) {
            way.channel.rest().await;
        }
        trouble.map_or(Ok(()), Err)
    }

    async fn claim(&self, room: usize) -> Result<Vec<Claimed>, DaemonError> {
        let (name, now, owner) = (self.name.clone(), self.shared.clock.now(), self.shared.owner.clone());
        Ok(self.shared.ledger.run(move |c| deliveries::claim(c, &name, now, room, &owner)).await?)
    }

    /// What an ended attempt means for the lane, and for ops.
    async fn settle(&mut self, ended: Ended) -> Result<(), DaemonError> {
        let now = self.shared.clock.now();
        let mut notice = Vec::new();
        match &ended.answer {
            Some(Answer::NotNow { reason, after, scope: scope @ (Scope::Destination | Scope::Channel) }) => {
                let step = PAUSES[self.troubles.min(PAUSES.len() - 1)];
                let wait =
                    if *scope == Scope::Channel { CHANNEL_PAUSE } else { SignedDuration::from_secs(step) };
                let wait =
                    after.unwrap_or(wait).clamp(SignedDuration::from_secs(1), SignedDuration::from_hours(24));
                self.pause = Some(now + wait);
                self.troubles += 1;
                tracing::warn!(channel = %self.name, reason = %crate::domain::text::masked(reason), until = %(now + wait), "channel paused");
                if *scope == Scope::Channel || self.troubles == 5 {
                    notice = notices::channel_paused(&self.shared, &self.name, reason, now);
                }
            }
            Some(_) => self.troubles = 0,
            None => {}
        }
        if ended.state.status == Status::Held {
            let d = &ended.claimed.delivery;
            notice.extend(notices::held(&self.shared, d, &ended.state.reason, now));
        }
        if !notice.is_empty() {
            self.shared.ledger.run(move |c| occurrences::notice(c, &notice, now)).await?;
        }
        Ok(())
    }
}

/// One attempt, from the claim to the record of its end.
async fn attempt(shared: Arc<Shared>, claimed: Claimed) -> Result<Ended, DaemonError> {
    let now = shared.clock.now();
    let (event, answer) = match claimed.delivery.payload.open() {
        _ if now >= claimed.delivery.expires => (Event::Expired, None),
        None => (Event::Corrupt, None),
        Some(_) => {
            let answer = send(&shared, &claimed).await;
            (Event::Answered(answer.clone()), Some(answer))
        }
    };
    let now = shared.clock.now();
    let d = &claimed.delivery;
    let retry =
        shared.config.channels.get(&d.channel).map_or(crate::outbox::Retry::EMAIL, |way| way.channel.retry());
    let state = delivery::after(&claimed.state, &event, now, retry, d.key.seed(), d.expires);
    let said = describe(&event);
    let ours = loop {
        let (said, recorded, kept) = (said.clone(), claimed.clone(), state.clone());
        match shared.ledger.run(move |c| deliveries::record(c, &recorded, &kept, &said, now)).await {
            Err(LedgerError::Failed(reason)) => {
                tracing::error!(delivery.id = claimed.id, reason = %reason, "the answer is not recorded yet");
                tokio::time::sleep(RECORD_AGAIN).await;
            }
            recorded => break recorded?,
        }
    };
    if !ours {
        tracing::warn!(delivery.id = claimed.id, "the claim was lost before the answer came");
    }
    tracing::info!(
        delivery.id = claimed.id, attempt.number = claimed.number, channel = %d.channel, job.name = %d.job,
        recipient = %d.recipient, status = state.status.name(), reason = %crate::domain::text::masked(&state.reason), "delivery attempted"
    );
    Ok(Ended { claimed, answer, state })
}

/// Sends, with the gate that marks the point of no return. A panic in a library is an answer, too.
async fn send(shared: &Arc<Shared>, claimed: &Claimed) -> Answer {
    let passed = Arc::new(AtomicBool::new(false));
    let gate = gate(shared, claimed, passed.clone());
    let (task, sent) = (shared.clone(), claimed.clone());
    let sending = tokio::spawn(async move {
        let Some(way) = task.config.channels.get(&sent.delivery.channel) else {
            return Answer::Never("its channel is no longer configured".to_owned());
        };
        let Some(payload) = sent.delivery.payload.open() else {
            return Answer::Never("corrupt".to_owned());
        };
        let now = task.clock.now();
        way.channel.send(Attempt { delivery: &sent.delivery, payload, now, gate }).await
    });
    sending.await.unwrap_or_else(|e| {
        let reason = format!("the channel panicked: {e}");
        if passed.load(Ordering::SeqCst) {
            Answer::Unknown(reason)
        } else {
            Answer::NotNow { reason, after: None, scope: Scope::Message }
        }
    })
}

fn gate(shared: &Arc<Shared>, claimed: &Claimed, passed: Arc<AtomicBool>) -> Gate {
    let (shared, id, fence, number) = (shared.clone(), claimed.id, claimed.fence, claimed.number);
    Box::new(move || {
        Box::pin(async move {
            let now = shared.clock.now();
            let marked =
                shared.ledger.run(move |c| deliveries::mark_committing(c, id, fence, number, now)).await;
            let ours = matches!(marked, Ok(true));
            passed.store(ours, Ordering::SeqCst);
            ours
        })
    })
}

fn describe(event: &Event) -> String {
    match event {
        Event::Answered(Answer::Accepted(note)) => format!("accepted: {note}"),
        Event::Answered(Answer::NotNow { reason, .. }) => format!("not now: {reason}"),
        Event::Answered(Answer::Never(reason)) => format!("never: {reason}"),
        Event::Answered(Answer::Unknown(reason)) => format!("unknown: {reason}"),
        Event::Expired => "expired".to_owned(),
        Event::Corrupt => "corrupt".to_owned(),
        other => format!("{other:?}"),
    }
}
