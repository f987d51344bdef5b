//! One message to one recipient over one channel, and the only function that moves it.
//!
//! ```text
//! (commit) -> pending --claim--> claimed --accepted-----------> sent
//!                ^                  |--not now, may retry----> pending (at a later time)
//!                |                  |--not now, last/too old-> dead
//!                |                  |--never-----------------> dead
//!                |                  |--unknown---------------> uncertain --once--> claimed, then held
//!                |                  |--crash in phase pre----> pending (not charged)
//!                |                  `--crash in committing---> uncertain, or held the second time
//!                `----------------requeue (operator)--------- dead | held | uncertain
//! ```

use bytes::Bytes;
use jiff::Timestamp;

use super::answer::{Answer, Scope};
use super::key::DeliveryKey;
use super::retry::{Retry, UNCERTAIN_WAIT};

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Waits for its time.
    Pending,
    /// Taken by a daemon.
    Claimed,
    /// Accepted by the next hop. Never "delivered": that cannot be known.
    Sent,
    /// Accepted or not: not known.
    Uncertain,
    /// Waits for an operator.
    Held,
    /// Will not be tried by itself again.
    Dead,
}

impl Status {
    /// All of them with their names in the ledger and on the command line.
    pub const ALL: [(&'static str, Status); 6] = [
        ("pending", Status::Pending),
        ("claimed", Status::Claimed),
        ("sent", Status::Sent),
        ("uncertain", Status::Uncertain),
        ("held", Status::Held),
        ("dead", Status::Dead),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Status::ALL.iter().find(|(_, status)| *status == self).map_or("dead", |(name, _)| name)
    }

    /// The status of a name.
    pub fn parse(name: &str) -> Option<Status> {
        Status::ALL.iter().find(|(known, _)| *known == name).map(|(_, status)| *status)
    }
}

/// How far an attempt got, marked durably before it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Nothing that cannot be taken back was sent.
    Pre,
    /// The bytes that cannot be taken back are about to go, or went.
    Committing,
}

impl Phase {
    /// Its name in the ledger.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Pre => "pre",
            Phase::Committing => "committing",
        }
    }

    /// The phase of a name.
    pub fn parse(name: &str) -> Phase {
        if name == "committing" { Phase::Committing } else { Phase::Pre }
    }
}

/// A message as the ledger keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Stable identity.
    pub key: DeliveryKey,
    /// Which job decided on it.
    pub job: String,
    /// As of which instant.
    pub occurrence: Timestamp,
    /// Who is told: the recipient's id.
    pub recipient: String,
    /// Over which configured channel.
    pub channel: String,
    /// Where to: an address, or empty where the channel knows.
    pub address: String,
    /// One line that says what it is.
    pub subject: String,
    /// Rendered as it will be sent.
    pub payload: Sealed,
    /// Not before this instant.
    pub not_before: Timestamp,
    /// Of no use after this instant.
    pub expires: Timestamp,
}

/// Rendered bytes with their checksum: a flipped bit in a state file must not reach a customer, and
/// SQLite's own integrity check does not see one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    bytes: Bytes,
    checksum: String,
}

impl Sealed {
    /// Seals bytes.
    pub fn new(bytes: Vec<u8>) -> Sealed {
        let checksum = super::key::checksum(&bytes);
        Sealed { bytes: bytes.into(), checksum }
    }

    /// As stored; [`Sealed::open`] says whether it is still what was sealed.
    pub fn from_stored(bytes: Vec<u8>, checksum: String) -> Sealed {
        Sealed { bytes: bytes.into(), checksum }
    }

    /// The bytes, if they are unharmed.
    pub fn open(&self) -> Option<&Bytes> {
        super::key::is_of(&self.checksum, &self.bytes).then_some(&self.bytes)
    }

    /// The checksum, 32 hexadecimal digits; 64 of what an older version stored.
    pub fn checksum(&self) -> &str {
        &self.checksum
    }

    /// The bytes as stored, harmed or not.
    pub fn stored(&self) -> &[u8] {
        &self.bytes
    }
}

/// What changes over a delivery's life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// Where it stands.
    pub status: Status,
    /// When it may be claimed next.
    pub not_before: Timestamp,
    /// Attempts that were charged.
    pub attempts: u32,
    /// How often it ended uncertain.
    pub ambiguous: u32,
    /// How often a daemon died with it in hand.
    pub crashes: u32,
    /// Why it stands there, in words.
    pub reason: String,
}

impl State {
    /// A fresh one, due at `not_before`.
    pub fn pending(not_before: Timestamp) -> State {
        State {
            status: Status::Pending,
            not_before,
            attempts: 0,
            ambiguous: 0,
            crashes: 0,
            reason: String::new(),
        }
    }
}

/// What happened to a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A channel answered an attempt.
    Answered(Answer),
    /// The daemon that held it is gone.
    Crashed(Phase),
    /// Its time is over before it was sent.
    Expired,
    /// Its bytes are not what was sealed.
    Corrupt,
    /// An operator wants it sent again.
    Requeued,
    /// An operator wants it gone.
    Dropped,
    /// An operator knows that it arrived.
    KnownSent,
}

/// A daemon that dies this often over one message is killed by it: quarantine.
pub const CRASHES_MAX: u32 = 3;

/// An ambiguous message is sent again at most this often, so that nobody gets a third copy.
pub const AMBIGUOUS_MAX: u32 = 1;

/// The one place where a delivery moves. `retry` is its channel's table, `seed` its key's.
pub fn after(
    state: &State,
    event: &Event,
    now: Timestamp,
    retry: Retry,
    seed: u64,
    expires: Timestamp,
) -> State {
    let to =
        |status, reason: &str| State { status, not_before: now, reason: reason.to_owned(), ..state.clone() };
    match event {
        Event::Answered(Answer::Accepted(note)) => to(Status::Sent, note),
        Event::Answered(Answer::Never(reason)) => {
            State { attempts: state.attempts + 1, ..to(Status::Dead, reason) }
        }
        Event::Answered(Answer::Unknown(reason)) => uncertain(state, reason, now),
        Event::Answered(Answer::NotNow { reason, after, scope }) => {
            let charged = state.attempts + u32::from(*scope == Scope::Message);
            let state = State { attempts: charged, reason: reason.clone(), ..state.clone() };
            // What a destination asks for is honoured to the letter. For a message's own trouble it is a
            // lower bound: a greylist that asks for five minutes each time must not use up its tries
            // within hours.
            let own = retry.delay(charged, seed, None);
            let delay = match (own, retry.delay(charged, seed, *after)) {
                (Some(own), Some(asked)) if *scope == Scope::Message => Some(own.max(asked)),
                (_, asked) => asked,
            };
            match delay {
                None => {
                    State { status: Status::Dead, reason: format!("attempts used up: {reason}"), ..state }
                }
                Some(delay) if now + delay >= expires => State {
                    status: Status::Dead,
                    reason: format!("expires before the next try: {reason}"),
                    ..state
                },
                Some(delay) => State { status: Status::Pending, not_before: now + delay, ..state },
            }
        }
        Event::Crashed(phase) => crashed(state, *phase, now),
        Event::Expired => to(Status::Dead, &format!("expired: {}", state.reason)),
        Event::Corrupt => to(Status::Dead, "corrupt: the stored bytes do not match their checksum"),
        Event::Requeued => {
            State { attempts: 0, ambiguous: 0, crashes: 0, ..to(Status::Pending, "requeued by an operator") }
        }
        Event::Dropped => to(Status::Dead, "dropped by an operator"),
        Event::KnownSent => to(Status::Sent, "known to have arrived, says an operator"),
    }
}

fn uncertain(state: &State, reason: &str, now: Timestamp) -> State {
    let ambiguous = state.ambiguous + 1;
    let (status, not_before) = if ambiguous > AMBIGUOUS_MAX {
        (Status::Held, now)
    } else {
        (Status::Uncertain, now + UNCERTAIN_WAIT)
    };
    let attempts = state.attempts + 1;
    State { status, not_before, attempts, ambiguous, crashes: state.crashes, reason: reason.to_owned() }
}

fn crashed(state: &State, phase: Phase, now: Timestamp) -> State {
    let crashes = state.crashes + 1;
    let state = State { crashes, ..state.clone() };
    match phase {
        Phase::Committing => uncertain(&state, "the daemon died while the last bytes were under way", now),
        Phase::Pre if crashes >= CRASHES_MAX => {
            let reason = format!("held: the daemon died {crashes} times with it in hand");
            State { status: Status::Held, not_before: now, reason, ..state }
        }
        // Uncertain before the crash, uncertain after it: the earlier copy may still have arrived.
        Phase::Pre => State { status: Status::Pending, not_before: now, ..state },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;
    use proptest::prelude::*;

    fn now() -> Timestamp {
        "2026-11-02T11:00:00Z".parse().unwrap()
    }

    fn step(state: &State, event: Event) -> State {
        after(state, &event, now(), Retry::EMAIL, 5, now() + SignedDuration::from_hours(120))
    }

    fn not_now(scope: Scope) -> Event {
        Event::Answered(Answer::NotNow { reason: "450 later".into(), after: None, scope })
    }

    #[test]
    fn only_a_messages_own_trouble_is_charged() {
        let fresh = State::pending(now());
        assert_eq!(step(&fresh, not_now(Scope::Message)).attempts, 1);
        assert_eq!(step(&fresh, not_now(Scope::Destination)).attempts, 0);
        assert_eq!(step(&fresh, not_now(Scope::Channel)).attempts, 0);
    }

    #[test]
    fn an_unknown_end_is_repeated_once_and_then_held() {
        let unknown = || Event::Answered(Answer::Unknown("cut after the final dot".into()));
        let first = step(&State::pending(now()), unknown());
        assert_eq!((first.status, first.not_before), (Status::Uncertain, now() + UNCERTAIN_WAIT));
        assert_eq!(step(&first, unknown()).status, Status::Held);
        assert_eq!(step(&first, Event::Crashed(Phase::Committing)).status, Status::Held);
        assert_eq!(step(&first, Event::Answered(Answer::Accepted("250".into()))).status, Status::Sent);
    }

    #[test]
    fn a_crash_before_the_last_bytes_is_free_until_it_looks_like_poison() {
        let mut state = State::pending(now());
        for _ in 0..2 {
            state = step(&state, Event::Crashed(Phase::Pre));
            assert_eq!((state.status, state.attempts), (Status::Pending, 0));
        }
        assert_eq!(step(&state, Event::Crashed(Phase::Pre)).status, Status::Held);
    }

    #[test]
    fn nothing_is_tried_beyond_its_expiry() {
        let state = after(&State::pending(now()), &not_now(Scope::Message), now(), Retry::EMAIL, 5, now());
        assert_eq!(state.status, Status::Dead);
        assert!(state.reason.contains("450 later"));
    }

    #[test]
    fn a_flipped_bit_is_seen() {
        let sealed = Sealed::new(b"Dear Ana".to_vec());
        assert_eq!(sealed.open(), Some(&Bytes::from_static(b"Dear Ana")));
        assert_eq!(Sealed::from_stored(b"Dear Anb".to_vec(), sealed.checksum().to_owned()).open(), None);
    }

    fn events() -> impl Strategy<Value = Event> {
        prop_oneof![
            Just(Event::Answered(Answer::Unknown("?".into()))),
            Just(not_now(Scope::Message)),
            Just(not_now(Scope::Destination)),
            Just(Event::Crashed(Phase::Pre)),
            Just(Event::Crashed(Phase::Committing)),
            Just(Event::Answered(Answer::Accepted("250".into()))),
            Just(Event::Answered(Answer::Never("550".into()))),
        ]
    }

    proptest! {
        // Whatever happens, bytes that cannot be taken back go out at most twice without an operator.
        #[test]
        fn never_a_third_copy(history in prop::collection::vec(events(), 1..60)) {
            let mut state = State::pending(now());
            let mut copies = 0;
            for event in history {
                if !matches!(state.status, Status::Pending | Status::Uncertain) {
                    break;
                }
                copies += u32::from(matches!(
                    event,
                    Event::Answered(Answer::Unknown(_) | Answer::Accepted(_)) | Event::Crashed(Phase::Committing)
                ));
                state = step(&state, event);
                prop_assert!(state.not_before >= now());
            }
            prop_assert!(copies <= 2);
            prop_assert!(state.status == Status::Pending || !state.reason.is_empty());
        }
    }
}
