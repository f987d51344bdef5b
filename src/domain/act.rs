//! What a recipient can do with what they were told, and what is kept of both: the entry as it was told,
//! and each act on it.

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::Day;

/// Identity of one entry: what one occurrence of a job told one recipient about one customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(pub [u8; 16]);

impl EntryId {
    /// Derives the id: the first 16 bytes of SHA-256 over the parts. They are length-prefixed, so no two
    /// lists of parts share one; and telling the same again gives the same id.
    pub fn of(job: &str, occurrence: Timestamp, recipient: &str, customer: &str) -> EntryId {
        let mut hash = Sha256::new();
        for part in ["retaind-entry-1", job, &occurrence.to_string(), recipient, customer] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let hash = hash.finalize();
        EntryId(std::array::from_fn(|n| hash[n]))
    }

    /// 32 hexadecimal digits, for keys and lists.
    pub fn hex(self) -> String {
        let digit = |half: u8| char::from(b"0123456789abcdef"[usize::from(half)]);
        self.0.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
    }
}

/// Why something was told: which rule found it, about what, due on which day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The rule's name, such as `follow_up`.
    pub rule: String,
    /// What the rule found: for a follow-up, its id in the store.
    pub subject: String,
    /// The day it is due.
    pub due: Day,
}

/// An entry as it was told: what its page shows, and what an act on it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Its identity.
    pub id: EntryId,
    /// Id of the recipient.
    pub recipient: String,
    /// Id of the customer in the store.
    pub customer: String,
    /// Language of the recipient, BCP 47.
    pub language: String,
    /// IANA zone of the recipient's clock.
    pub zone: String,
    /// Why it was told.
    pub reasons: Vec<Reason>,
    /// What its page shows, until it expires.
    pub shown: Option<Shown>,
    /// Until when its links are good.
    pub expires: Timestamp,
}

/// What the page of an entry shows, in the recipient's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The customer's name.
    pub customer: String,
    /// A sentence a reason.
    pub reasons: Vec<String>,
}

/// What a recipient does with an entry. Later acts replace earlier ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// It is done.
    Done,
    /// It is told again on this day, not before.
    Snooze(Day),
    /// A colleague does it: their id as a recipient.
    HandOver(String),
    /// It is not theirs to do.
    NotMine,
}

impl Act {
    /// The names of all acts.
    pub const NAMES: [&'static str; 4] = ["done", "snooze", "hand_over", "not_mine"];

    /// Its name in forms, in the ledger and in events.
    pub fn name(&self) -> &'static str {
        match self {
            Act::Done => "done",
            Act::Snooze(_) => "snooze",
            Act::HandOver(_) => "hand_over",
            Act::NotMine => "not_mine",
        }
    }

    /// The day it is told again, of a snooze.
    pub fn until(&self) -> Option<Day> {
        if let Act::Snooze(until) = self { Some(*until) } else { None }
    }

    /// Who does it instead, of a hand-over.
    pub fn whom(&self) -> Option<&str> {
        if let Act::HandOver(whom) = self { Some(whom) } else { None }
    }

    /// An act by its parts, as the ledger keeps them; `None` where they do not make one.
    pub fn from_parts(name: &str, until: Option<Day>, whom: Option<String>) -> Option<Act> {
        match (name, until, whom) {
            ("done", None, None) => Some(Act::Done),
            ("snooze", Some(until), None) => Some(Act::Snooze(until)),
            ("hand_over", None, Some(whom)) => Some(Act::HandOver(whom)),
            ("not_mine", None, None) => Some(Act::NotMine),
            _ => None,
        }
    }
}

/// An act on one reason for which something was told: what a later evaluation of the rule looks at. Of
/// several on the same reason the last one holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acted {
    /// Who acted: the recipient who was told.
    pub recipient: String,
    /// Id of the customer in the store.
    pub customer: String,
    /// The rule's name.
    pub rule: String,
    /// What the rule had found.
    pub subject: String,
    /// What was done.
    pub act: Act,
    /// When.
    pub at: Timestamp,
}

/// Somebody an entry can be handed to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Colleague {
    /// How they are called.
    pub name: String,
    /// Their id as a recipient.
    pub id: String,
    /// Their id among the store's reps.
    pub rep: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_differ_when_any_part_does_and_parts_do_not_run_into_one_another() {
        let at: Timestamp = "2026-11-02T11:00:00Z".parse().unwrap();
        let entry = EntryId::of("reps", at, "ana", "17");
        assert_eq!(entry, EntryId::of("reps", at, "ana", "17"));
        assert_eq!(entry.hex().len(), 32);
        for other in [
            EntryId::of("rep", at, "sana", "17"),
            EntryId::of("reps", at, "ana1", "7"),
            EntryId::of("reps", at + jiff::SignedDuration::from_nanos(1), "ana", "17"),
            EntryId::of("reps", at, "an", "17"),
        ] {
            assert_ne!(entry, other);
        }
    }

    #[test]
    fn an_act_comes_back_from_its_parts_and_nothing_else_does() {
        for act in [Act::Done, Act::Snooze(Day(20_000)), Act::HandOver("bo".to_owned()), Act::NotMine] {
            assert!(Act::NAMES.contains(&act.name()));
            let back = Act::from_parts(act.name(), act.until(), act.whom().map(str::to_owned));
            assert_eq!(back, Some(act));
        }
        for (name, until, whom) in [
            ("done", Some(Day(1)), None),
            ("snooze", None, None),
            ("hand_over", None, None),
            ("not_mine", None, Some("bo".to_owned())),
            ("sold", None, None),
        ] {
            assert_eq!(Act::from_parts(name, until, whom), None, "{name}");
        }
    }
}
