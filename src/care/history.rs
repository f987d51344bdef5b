//! What has become of cases so far: since when rules are on, what was told to whom, what people did about
//! it, what has lasted since when.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::{Act, Acted, Day};

/// What a person did last about a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// What.
    pub act: Act,
    /// The recipient's id.
    pub by: String,
    /// On which day.
    pub on: Day,
}

/// A case's rule and subject.
pub type CaseKey = (String, String);

/// What a recipient was told of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The day on which it fell due.
    pub due: Day,
    /// The recipient's id.
    pub recipient: String,
    /// When it may be told, while it waits.
    pub waits: Option<Timestamp>,
}

/// Since when a rule is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct On {
    /// What fell due before is its backlog.
    pub since: Day,
    /// Whether it was looked at before.
    pub looked: bool,
}

/// All of it.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// By rule. One that is not here has always been on.
    pub rules: BTreeMap<String, On>,
    /// By case.
    pub told: BTreeMap<CaseKey, Vec<Told>>,
    /// The last act, by case.
    pub acts: BTreeMap<CaseKey, Response>,
    /// When somebody said last that they had been in touch, by customer id.
    pub contacts: BTreeMap<String, Day>,
    /// Since when something lasts, by rule and subject.
    pub lasting: BTreeMap<CaseKey, Day>,
}

impl History {
    /// Whether a recipient was told of a case as it fell due on a day, or later.
    pub fn was_told(&self, key: &CaseKey, due: Day, recipient: &str) -> bool {
        let told = self.told.get(key).into_iter().flatten();
        told.filter(|told| told.waits.is_none()).any(|told| told.due >= due && told.recipient == recipient)
    }

    /// Takes what people did, oldest first. Whoever did something about a customer has been in touch.
    pub fn acted(&mut self, acts: Vec<Acted>, day: impl Fn(Timestamp) -> Day) {
        for acted in acts {
            let on = day(acted.at);
            if acted.act == Act::Done {
                let last = self.contacts.entry(acted.customer).or_insert(on);
                *last = on.max(*last);
            }
            let response = Response { act: acted.act, by: acted.recipient, on };
            self.acts.insert((acted.rule, acted.subject), response);
        }
    }

    /// Whether something waits for a recipient that may be told by `at`.
    pub fn waits_for(&self, recipient: &str, at: Timestamp) -> bool {
        let all = self.told.values().flatten();
        all.filter(|told| told.recipient == recipient).any(|told| told.waits.is_some_and(|from| from <= at))
    }

    /// Since when something lasts: since an earlier look, or since today. What is there at the first look was
    /// there before.
    pub fn lasts_since(&self, rule: &str, subject: &str, today: Day) -> Day {
        let key = (rule.to_owned(), subject.to_owned());
        let first_look = self.rules.get(rule).is_some_and(|on| !on.looked);
        self.lasting.get(&key).copied().unwrap_or(if first_look { today.plus(-1) } else { today })
    }
}

/// Something that lasts since a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lasting {
    /// The rule.
    pub rule: String,
    /// A customer's or rep's id.
    pub subject: String,
    /// Since when.
    pub since: Day,
}

/// What becomes of a reminder: each case, as it fell due on a day, for one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reminder {
    /// The rule.
    pub rule: String,
    /// The case's subject.
    pub subject: String,
    /// The day on which it fell due.
    pub due: Day,
    /// Who is told.
    pub recipient: String,
    /// The customer's (or rep's) id.
    pub about: String,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a reminder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is in a digest.
    Told,
    /// It waits until its recipient may be disturbed.
    Waits(Timestamp),
    /// It waited, and has resolved itself.
    Resolved,
    /// It is not told, for this reason.
    Withheld(&'static str),
}
