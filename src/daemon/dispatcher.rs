//! Sending what was decided: one lane a channel, each claim, mark and outcome durable before the next
//! step. A lane pauses when the way to its destination is troubled; its messages wait uncharged.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use jiff::{SignedDuration, Timestamp};

use super::flight::{Flight, Flying};
use super::{DaemonError, Shared, notices, reminding};
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

/// How long the next answer is waited for that shares a commit with those before it, while enough is claimed ahead.
const GATHER: std::time::Duration = std::time::Duration::from_millis(2);

/// How long it pauses when the channel itself is set up wrong.
const CHANNEL_PAUSE: SignedDuration = SignedDuration::from_mins(5);

/// How many messages a place are claimed ahead: one that is next, and one while what ended gathers for a commit. A
/// new message comes after them, so they must not take long.
const AHEAD: usize = 2;

/// Bodies under way at once, in bytes; the one that goes beyond is the last.
const BYTES_MAX: usize = 16 << 20;

/// One channel's messages on their way.
pub struct Lane {
    name: String,
    shared: Arc<Shared>,
    pause: Option<Timestamp>,
    /// Troubles on end; after one, a single message probes the way.
    troubles: usize,
    /// When the last message left, where the channel wants a time between two.
    last_sent: Option<Timestamp>,
    /// Whether the next odd place goes to the newest of a backlog.
    newest_first: bool,
    stopping: Arc<AtomicBool>,
}

/// How an attempt ended, until the ledger has it.
struct Ended {
    claimed: Arc<Claimed>,
    outcome: Outcome,
    /// What ops are to hear of it.
    notice: Vec<Delivery>,
}

/// What is claimed: ahead, under way, or ended and not recorded yet.
#[derive(Default)]
struct Traffic {
    ahead: VecDeque<Arc<Claimed>>,
    attempts: FuturesUnordered<Flying>,
    /// Of the bodies under way.
    bytes: usize,
    ended: Vec<Arc<Ended>>,
    /// Whether more may be waiting than was claimed.
    more: bool,
    /// Whether nothing has ended for a while, so that no company is waited for.
    quiet: bool,
    /// Whether the ledger refused the last records.
    refused: bool,
}

/// Of a commit: whether each claim it ended was still ours, and the new claims.
type Committed = Result<(Vec<bool>, Vec<Claimed>), LedgerError>;

/// A commit on its way to the disk.
struct Exchange {
    /// What it records.
    recorded: Vec<Arc<Ended>>,
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
        let spaced = self
            .last_sent
            .and_then(|at| Some(at + self.shared.config.channels.get(&self.name)?.channel.spacing()));
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
        // Set anew only where it means something else: for each message that would cost more than to look at it.
        let (mut timer, mut gathered) = (std::pin::pin!(tokio::time::sleep(LOOK_AGAIN)), false);
        loop {
            self.send_off(way, &mut traffic);
            let gathers = trouble.is_none() && self.gathers(way, &traffic);
            if gathers != std::mem::replace(&mut gathered, gathers) {
                timer.set(tokio::time::sleep(if gathers { GATHER } else { LOOK_AGAIN }));
            }
            if exchange.is_none() && !gathers {
                exchange = self.exchange(way, &mut traffic, trouble.is_none());
            }
            if exchange.is_none() && traffic.attempts.is_empty() {
                break;
            }
            tokio::select! {
                committed = commit(&mut exchange) => {
                    if let Some(exchange) = exchange.take() {
                        let error = self.settle(exchange, committed, &mut traffic);
                        trouble = trouble.or(error);
                    }
                }
                Some(landed) = traffic.attempts.next() => self.land(landed, &mut traffic),
                // One slow message must not hold back the free places: they are looked at again meanwhile.
                () = timer.as_mut(), if exchange.is_none() => {
                    (traffic.more, traffic.quiet) = (true, true);
                    timer.set(tokio::time::sleep(LOOK_AGAIN));
                }
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

    /// Whether what ended waits for more to share its commit, of which most of the cost is the disk's: never while
    /// a place could be free for it, nor for more than half of the places.
    fn gathers(&self, way: &Way, traffic: &Traffic) -> bool {
        let half = self.concurrency(way) / 2;
        self.is_open() && !traffic.quiet && traffic.ahead.len() >= half && traffic.ended.len() < half
    }

    /// What may be claimed now: a message for each free place, and [`AHEAD`] for each ahead where a claim says
    /// nothing yet, or nothing that counts, so that no connection waits for a commit that only claims.
    fn places(&self, way: &Way, traffic: &Traffic) -> Option<Places> {
        let (concurrency, phase) = (self.concurrency(way), way.channel.claimed_as());
        let is_free = phase == Phase::Pre || way.channel.knows_again();
        let ahead = if is_free && concurrency > 1 { concurrency * AHEAD } else { 0 };
        let held = traffic.bytes + traffic.ahead.iter().map(|claimed| claimed.bytes()).sum::<usize>();
        let bytes = BYTES_MAX.saturating_sub(held);
        let messages = (concurrency + ahead).saturating_sub(traffic.attempts.len() + traffic.ahead.len());
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
        traffic.quiet = false;
        let recorded = std::mem::take(&mut traffic.ended);
        let (now, given) = (self.shared.clock.now(), back.clone());
        let ended = recorded.clone();
        let work = move |c: &rusqlite::Connection| {
            let ours = deliveries::record(c, ended.iter().map(|e| &e.outcome), now)?;
            ended.iter().try_for_each(|e| occurrences::notice(c, &e.notice, now))?;
            given.iter().try_for_each(|claimed| deliveries::give_back(c, claimed, now))?;
            let claimed = places.map(|places| deliveries::claim(c, &places, now)).transpose()?;
            Ok((ours, claimed.unwrap_or_default()))
        };
        let (ledger, again) = (self.shared.ledger.clone(), std::mem::take(&mut traffic.refused));
        let commit = async move {
            if again {
                tokio::time::sleep(RECORD_AGAIN).await;
            }
            ledger.run(work).await
        };
        Some(Exchange { recorded, back, commit: Box::pin(commit) })
    }

    /// Takes note of a commit, or of why there was none.
    fn settle(
        &mut self,
        exchange: Exchange,
        committed: Committed,
        traffic: &mut Traffic,
    ) -> Option<LedgerError> {
        match committed {
            Ok((ours, claimed)) => {
                exchange.recorded.iter().zip(ours).for_each(|(ended, ours)| ended.tell(ours));
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
                traffic.refused = true;
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
        while traffic.attempts.len() < self.concurrency(way)
            && self.is_open()
            && let Some(claimed) = traffic.ahead.pop_front()
        {
            if !way.channel.spacing().is_zero() {
                self.last_sent = Some(self.shared.clock.now());
            }
            traffic.bytes += claimed.bytes();
            traffic.attempts.push(Flight::of(claimed).send(self.shared.clone()));
        }
    }

    /// An attempt has ended.
    fn land(&mut self, (flight, event): (Flight, Event), traffic: &mut Traffic) {
        traffic.bytes -= flight.claimed.bytes();
        let ended = self.judge(flight, event);
        traffic.ended.push(Arc::new(ended));
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
        let outcome = Outcome {
            id: claimed.id,
            fence: claimed.fence,
            started: claimed.started,
            phase: flight.phase(),
            answer: describe(&event),
            untold: reminding::untold(shared, d, &event, &state),
            state,
        };
        if let Event::Answered(answer) = &event {
            notice.extend(self.heed(answer, now));
        }
        Ended { claimed: flight.claimed, outcome, notice }
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

impl Ended {
    /// Logs it once the ledger has it.
    fn tell(&self, ours: bool) {
        let (claimed, d, state) = (&self.claimed, &self.claimed.delivery, &self.outcome.state);
        if !ours {
            tracing::warn!(delivery.id = claimed.id, "the claim was lost before the answer came");
        }
        macro_rules! line {
            () => {
                tracing::info!(
                    delivery.id = claimed.id, attempt.number = claimed.fence, channel = %d.channel,
                    job.name = %d.job, recipient = %d.recipient, status = state.status.name(),
                    reason = %masked(&state.reason), "delivery attempted"
                )
            };
        }
        // Two kinds of lines, so that what did not go is not left out among the many that did.
        if state.status == Status::Sent { line!() } else { line!() }
    }
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
    use super::super::tests::{claimed, shared};
    use super::*;

    const HOOK: &str = r#"
        [channels.hook]
        kind = "webhook"
        url = { file = "url" }
        secret = { file = "secret" }
        concurrency = 8
    "#;

    /// So many that were accepted.
    fn accepted(lane: &mut Lane, ended: usize, traffic: &mut Traffic) {
        for _ in 0..ended {
            let flight = Flight::of(claimed("hook", lane.shared.clock.now()));
            traffic.bytes += flight.claimed.bytes();
            lane.land((flight, Event::Answered(Answer::Accepted("200".to_owned()))), traffic);
        }
    }

    #[tokio::test]
    async fn a_panic_is_an_answer_by_how_far_the_attempt_got() {
        let now: Timestamp = "2026-11-02T11:00:00Z".parse().unwrap();
        let (_folder, shared) = shared(now, "");
        let mut lane = Lane::new("hook", shared);
        for (passed, expected) in [(false, Status::Pending), (true, Status::Uncertain)] {
            let flight = Flight { claimed: claimed("hook", now), passed: Arc::new(AtomicBool::new(passed)) };
            let mut traffic = Traffic { bytes: flight.claimed.bytes(), ..Traffic::default() };
            let broken = async |promise: &str| -> Event { panic!("{promise}") };
            let landed = flight.until_answered(broken("a library's promise")).await;
            lane.land(landed, &mut traffic);
            let ended = traffic.ended.pop().unwrap();
            assert_eq!((ended.outcome.state.status, ended.outcome.state.attempts), (expected, 1));
            let answer = &ended.outcome.answer;
            assert!(answer.contains("the channel panicked: a library's promise"), "{answer}");
            assert_eq!(traffic.bytes, 0);
        }
    }

    #[tokio::test]
    async fn answers_that_the_ledger_refused_are_in_the_next_commit() {
        let now: Timestamp = "2026-11-02T11:00:00Z".parse().unwrap();
        let (_folder, shared) = shared(now, HOOK);
        let (way, mut lane) = (&shared.config.channels["hook"], Lane::new("hook", shared.clone()));
        let mut traffic = Traffic::default();
        accepted(&mut lane, 2, &mut traffic);
        let refused = lane.exchange(way, &mut traffic, true).unwrap();
        accepted(&mut lane, 1, &mut traffic);
        let error = lane.settle(refused, Err(LedgerError::Failed("busy".to_owned())), &mut traffic);
        assert!(error.is_none() && traffic.refused, "the lane goes on, and waits before it says it again");
        let again = lane.exchange(way, &mut traffic, true).unwrap();
        assert_eq!((again.recorded.len(), traffic.ended.len(), traffic.refused), (3, 0, false));
    }

    #[tokio::test]
    async fn an_answer_waits_for_others_only_while_no_place_waits_for_it() {
        let now: Timestamp = "2026-11-02T11:00:00Z".parse().unwrap();
        let (_folder, shared) = shared(now, HOOK);
        let (way, mut lane) = (&shared.config.channels["hook"], Lane::new("hook", shared.clone()));
        let mut gathers = |ahead: usize, ended: usize, quiet: bool, stopping: bool| {
            let mut traffic = Traffic { quiet, ..Traffic::default() };
            traffic.ahead.extend((0..ahead).map(|_| claimed("hook", now)));
            accepted(&mut lane, ended, &mut traffic);
            assert_eq!(traffic.bytes, 0);
            lane.stopping().store(stopping, Ordering::SeqCst);
            lane.gathers(way, &traffic)
        };
        assert!(gathers(16, 1, false, false) && gathers(4, 3, false, false));
        assert!(!gathers(16, 4, false, false), "half of the places have ended");
        assert!(!gathers(3, 1, false, false), "a place could soon be free for what waits");
        assert!(!gathers(16, 1, true, false), "nobody else came");
        assert!(!gathers(16, 1, false, true), "what is ahead has to be given back");
    }
}
