//! Sending what was decided: one lane a channel, each claim, mark and outcome durable before the next
//! step. A lane pauses when the way to its destination is troubled; its messages wait uncharged.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::{SignedDuration, Timestamp};
use tokio::task::{Id, JoinError, JoinSet};

use super::{DaemonError, Shared, greeting, notices, reminding};
use crate::channel::{Attempt, Gate};
use crate::config::Way;
use crate::domain::text::masked;
use crate::ledger::LedgerError;
use crate::ledger::deliveries::{self, Claimed, Outcome, Places};
use crate::ledger::occurrences;
use crate::outbox::{Answer, Delivery, Event, Phase, Scope, Status, delivery};

/// How long a lane pauses after troubles on end, in seconds; the last one repeats.
const PAUSES: [i64; 4] = [30, 60, 120, 300];

/// How often free places are looked at while messages are under way.
const LOOK_AGAIN: std::time::Duration = std::time::Duration::from_secs(2);

/// How long a record waits that the ledger refused: an answer must not be forgotten.
const RECORD_AGAIN: std::time::Duration = std::time::Duration::from_secs(2);

/// How long it pauses when the channel itself is set up wrong.
const CHANNEL_PAUSE: SignedDuration = SignedDuration::from_mins(5);

/// Bodies under way at once, in bytes; the one that goes beyond is the last.
const BYTES_MAX: usize = 16 << 20;

/// One channel's messages on their way.
pub struct Lane {
    name: String,
    shared: Arc<Shared>,
    pause: Option<Timestamp>,
    /// Troubles on end; after one, a single message probes the way.
    troubles: usize,
    last_sent: Option<Timestamp>,
    /// Whether the next odd place goes to the newest of a backlog.
    newest_first: bool,
    stopping: Arc<AtomicBool>,
}

/// A message under way.
struct Flight {
    claimed: Arc<Claimed>,
    /// Whether it may have passed the point of no return.
    passed: Arc<AtomicBool>,
}

/// How an attempt ended, until the ledger has it.
struct Ended {
    flight: Flight,
    outcome: Outcome,
    /// What ops are to hear of it.
    notice: Vec<Delivery>,
}

/// What is claimed: ahead, under way, or ended and not recorded yet.
#[derive(Default)]
struct Traffic {
    ahead: VecDeque<Arc<Claimed>>,
    attempts: JoinSet<Event>,
    flights: HashMap<Id, Flight>,
    ended: Vec<Ended>,
    /// Whether more may be waiting than was claimed.
    more: bool,
}

/// Of a commit: whether each claim it ended was still ours, and the new claims.
type Committed = Result<(Vec<bool>, Vec<Claimed>), LedgerError>;

/// A commit on its way to the disk.
struct Exchange {
    /// What it records.
    recorded: Vec<Ended>,
    /// What it gives back.
    back: Vec<Arc<Claimed>>,
    commit: Pin<Box<dyn Future<Output = Committed> + Send>>,
}

impl Lane {
    /// The lane of a channel.
    pub fn new(name: &str, shared: Arc<Shared>) -> Lane {
        let stopping = Arc::new(AtomicBool::new(false));
        let (name, newest_first) = (name.to_owned(), false);
        Lane { name, shared, pause: None, troubles: 0, last_sent: None, newest_first, stopping }
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
        let shared = self.shared.clone();
        let Some(way) = shared.config.channels.get(&self.name) else { return Ok(()) };
        let mut traffic = Traffic { more: true, ..Traffic::default() };
        // What is under way is waited for whatever goes wrong: its answers must be recorded.
        let mut trouble = None;
        let mut exchange = None;
        loop {
            self.send_off(way, &mut traffic);
            if exchange.is_none() {
                exchange = self.exchange(way, &mut traffic, trouble.is_none());
            }
            if exchange.is_none() && traffic.attempts.is_empty() {
                break;
            }
            tokio::select! {
                committed = commit(&mut exchange) => {
                    if let Some(exchange) = exchange.take() {
                        let error = self.settle(exchange, committed, &mut traffic).await;
                        trouble = trouble.or(error);
                    }
                }
                Some(joined) = traffic.attempts.join_next_with_id() => self.land(joined, &mut traffic),
                // One slow message must not hold back the free places: they are looked at again meanwhile.
                () = tokio::time::sleep(LOOK_AGAIN), if exchange.is_none() => traffic.more = true,
            }
        }
        way.channel.rest().await;
        trouble.map_or(Ok(()), |e| Err(e.into()))
    }

    /// Whether messages may leave.
    fn is_open(&self) -> bool {
        self.paused_until().is_none() && !self.stopping.load(Ordering::SeqCst)
    }

    /// How many may be under way.
    fn concurrency(&self, way: &Way) -> usize {
        let spaced = !way.channel.spacing().is_zero();
        if self.troubles > 0 || spaced { 1 } else { way.channel.concurrency() }
    }

    /// What may be claimed now: a message for each free place, and as many again ahead where a claim says
    /// nothing yet, or nothing that counts, so that no connection waits for a commit that only claims.
    fn places(&self, way: &Way, traffic: &Traffic) -> Option<Places> {
        let (concurrency, phase) = (self.concurrency(way), way.channel.claimed_as());
        let is_free = phase == Phase::Pre || way.channel.knows_again();
        let ahead = if is_free && concurrency > 1 { concurrency } else { 0 };
        let held = traffic.flights.values().map(|f| &f.claimed).chain(&traffic.ahead);
        let bytes = BYTES_MAX.saturating_sub(held.map(|c| c.delivery.payload.stored().len()).sum());
        let messages = (concurrency + ahead).saturating_sub(traffic.flights.len() + traffic.ahead.len());
        (messages > 0 && bytes > 0).then(|| Places {
            channel: self.name.clone(),
            messages,
            bytes,
            newest_first: self.newest_first,
            phase,
        })
    }

    /// Records what ended and claims what may leave, in one commit: however many answers come while one is
    /// on its way to the disk, they share the next. A lane that pauses or stops gives back what it claimed
    /// ahead. None, when there is nothing to say.
    fn exchange(&self, way: &Way, traffic: &mut Traffic, well: bool) -> Option<Exchange> {
        let open = well && self.is_open();
        let back: Vec<Arc<Claimed>> = if open { Vec::new() } else { traffic.ahead.drain(..).collect() };
        let wanted = open && (traffic.more || !traffic.ended.is_empty());
        let places = if wanted { self.places(way, traffic) } else { None };
        if traffic.ended.is_empty() && back.is_empty() && places.is_none() {
            return None;
        }
        let recorded = std::mem::take(&mut traffic.ended);
        let (now, given) = (self.shared.clock.now(), back.clone());
        let outcomes: Vec<Outcome> = recorded.iter().map(|e| e.outcome.clone()).collect();
        let notice: Vec<Delivery> = recorded.iter().flat_map(|e| e.notice.iter().cloned()).collect();
        let work = move |c: &rusqlite::Connection| {
            let ours: Vec<bool> =
                outcomes.iter().map(|o| deliveries::record(c, o, now)).collect::<Result<_, _>>()?;
            occurrences::notice(c, &notice, now)?;
            given.iter().try_for_each(|claimed| deliveries::give_back(c, claimed, now))?;
            let claimed = places.map(|places| deliveries::claim(c, &places, now)).transpose()?;
            Ok((ours, claimed.unwrap_or_default()))
        };
        let ledger = self.shared.ledger.clone();
        Some(Exchange { recorded, back, commit: Box::pin(async move { ledger.run(work).await }) })
    }

    /// Takes note of a commit, or of why there was none.
    async fn settle(
        &mut self,
        exchange: Exchange,
        committed: Committed,
        traffic: &mut Traffic,
    ) -> Option<LedgerError> {
        match committed {
            Ok((ours, claimed)) => {
                for (ended, ours) in exchange.recorded.iter().zip(ours) {
                    ended.tell(ours);
                }
                self.newest_first ^= claimed.len() % 2 == 1;
                traffic.more = !claimed.is_empty();
                traffic.ahead.extend(claimed.into_iter().map(Arc::new));
                None
            }
            Err(LedgerError::Failed(reason))
                if !(exchange.recorded.is_empty() && exchange.back.is_empty()) =>
            {
                tracing::error!(channel = %self.name, reason = %reason, "answers are not recorded yet");
                traffic.ended.splice(0..0, exchange.recorded);
                traffic.ahead.extend(exchange.back);
                tokio::time::sleep(RECORD_AGAIN).await;
                None
            }
            Err(e) => {
                traffic.ahead.clear();
                Some(e)
            }
        }
    }

    /// Gives each free place a message.
    fn send_off(&mut self, way: &Way, traffic: &mut Traffic) {
        while traffic.flights.len() < self.concurrency(way)
            && self.is_open()
            && let Some(claimed) = traffic.ahead.pop_front()
        {
            self.last_sent = Some(self.shared.clock.now());
            let flight = Flight { claimed, passed: Arc::default() };
            let sending = attempt(self.shared.clone(), flight.claimed.clone(), flight.passed.clone());
            let task = traffic.attempts.spawn(sending);
            traffic.flights.insert(task.id(), flight);
        }
    }

    /// An attempt has ended, and perhaps others with it.
    fn land(&mut self, joined: Result<(Id, Event), JoinError>, traffic: &mut Traffic) {
        let mut next = Some(joined);
        while let Some(joined) = next {
            let (id, event) = match joined {
                Ok((id, event)) => (id, Ok(event)),
                Err(panicked) => (panicked.id(), Err(panicked.to_string())),
            };
            if let Some(flight) = traffic.flights.remove(&id) {
                // A panic in a library is an answer, too.
                let event = event.unwrap_or_else(|reason| Event::Answered(flight.panicked(&reason)));
                let ended = self.judge(flight, event);
                traffic.ended.push(ended);
            }
            next = traffic.attempts.try_join_next_with_id();
        }
    }

    /// What an ended attempt means for its message, for the lane, and for ops.
    fn judge(&mut self, flight: Flight, event: Event) -> Ended {
        let (shared, now) = (&self.shared, self.shared.clock.now());
        let (claimed, d) = (&flight.claimed, &flight.claimed.delivery);
        let way = shared.config.channels.get(&d.channel);
        let retry = way.map_or(crate::outbox::Retry::EMAIL, |way| way.channel.retry());
        let state = delivery::after(&claimed.state, &event, now, retry, d.key.seed(), d.expires);
        let mut notice = Vec::new();
        if state.status == Status::Held {
            notice.extend(notices::held(shared, d, &state.reason, now));
        }
        let phase = if flight.passed.load(Ordering::SeqCst) { Phase::Committing } else { Phase::Pre };
        let outcome = Outcome {
            id: claimed.id,
            fence: claimed.fence,
            started: claimed.started,
            phase,
            answer: describe(&event),
            untold: reminding::untold(shared, d, &event, &state),
            state,
        };
        if let Event::Answered(answer) = &event {
            notice.extend(self.heed(answer, now));
        }
        Ended { flight, outcome, notice }
    }

    /// Pauses when the way is troubled.
    fn heed(&mut self, answer: &Answer, now: Timestamp) -> Vec<Delivery> {
        let Answer::NotNow { reason, after, scope: scope @ (Scope::Destination | Scope::Channel) } = answer
        else {
            self.troubles = 0;
            return Vec::new();
        };
        let step = PAUSES[self.troubles.min(PAUSES.len() - 1)];
        let wait = if *scope == Scope::Channel { CHANNEL_PAUSE } else { SignedDuration::from_secs(step) };
        let wait = after.unwrap_or(wait).clamp(SignedDuration::from_secs(1), SignedDuration::from_hours(24));
        self.pause = Some(now + wait);
        self.troubles += 1;
        tracing::warn!(channel = %self.name, reason = %masked(reason), until = %(now + wait), "channel paused");
        if *scope == Scope::Channel || self.troubles == 5 {
            return notices::channel_paused(&self.shared, &self.name, reason, now);
        }
        Vec::new()
    }
}

/// Waits for the commit under way; for ever, if there is none.
async fn commit(exchange: &mut Option<Exchange>) -> Committed {
    match exchange {
        Some(exchange) => exchange.commit.as_mut().await,
        None => std::future::pending().await,
    }
}

impl Flight {
    fn panicked(&self, reason: &str) -> Answer {
        let reason = format!("the channel panicked: {reason}");
        if self.passed.load(Ordering::SeqCst) {
            Answer::Unknown(reason)
        } else {
            Answer::NotNow { reason, after: None, scope: Scope::Message }
        }
    }
}

impl Ended {
    /// Logs it once the ledger has it.
    fn tell(&self, ours: bool) {
        let (claimed, d, state) = (&self.flight.claimed, &self.flight.claimed.delivery, &self.outcome.state);
        if !ours {
            tracing::warn!(delivery.id = claimed.id, "the claim was lost before the answer came");
        }
        tracing::info!(
            delivery.id = claimed.id, attempt.number = claimed.fence, channel = %d.channel, job.name = %d.job,
            recipient = %d.recipient, status = state.status.name(), reason = %masked(&state.reason), "delivery attempted"
        );
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

#[cfg(test)]
mod tests {
    use super::super::tests::{delivery, shared};
    use super::*;
    use crate::outbox::State;

    fn claimed(now: Timestamp) -> Claimed {
        let (delivery, state) = (delivery("room", now), State::pending(now));
        Claimed { id: 1, delivery, state, fence: 1, started: now }
    }

    /// Each message has such a task: one of a kilobyte, what is put before it included, comes from what the allocator
    /// has at hand, and a larger one does not (`docs/performance.md`).
    #[tokio::test]
    async fn an_attempt_is_small() {
        let now: Timestamp = "2026-11-02T11:00:00Z".parse().unwrap();
        let (_folder, shared) = shared(now, "");
        let size = size_of_val(&attempt(shared, Arc::new(claimed(now)), Arc::default()));
        assert!(size <= 800, "{size} bytes");
    }

    #[tokio::test]
    async fn a_panic_is_an_answer_by_how_far_the_attempt_got() {
        let now: Timestamp = "2026-11-02T11:00:00Z".parse().unwrap();
        let (_folder, shared) = shared(now, "");
        let mut lane = Lane::new("room", shared);
        for (passed, expected) in [(false, Status::Pending), (true, Status::Uncertain)] {
            let mut traffic = Traffic::default();
            let flight =
                Flight { claimed: Arc::new(claimed(now)), passed: Arc::new(AtomicBool::new(passed)) };
            let broken = async |promise: &str| -> Event { panic!("{promise}") };
            let task = traffic.attempts.spawn(broken("a library's promise"));
            traffic.flights.insert(task.id(), flight);
            let joined = traffic.attempts.join_next_with_id().await.unwrap();
            lane.land(joined, &mut traffic);
            let ended = traffic.ended.pop().unwrap();
            assert_eq!((ended.outcome.state.status, ended.outcome.state.attempts), (expected, 1));
            assert!(ended.outcome.answer.contains("the channel panicked"), "{}", ended.outcome.answer);
            assert!(traffic.flights.is_empty());
        }
    }
}
