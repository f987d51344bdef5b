//! An act as a record for machines: what `retaind acts --json` lists, and `data` of the event that webhooks
//! hear. Described in `docs/webhook.md`.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::domain::{Act, Colleague, EntryId, Reason};

/// The version of the schema. It rises when a field changes its meaning or goes; fields may be added
/// without.
pub const VERSION: u32 = 1;

/// What a recipient did with an entry of their digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ActRecord {
    /// Which record this is, in which version of the schema.
    pub schema: ActSchema,
    /// The number in `schema`.
    pub version: u32,
    /// The entry: the same in all acts on it. The latest by `at` holds.
    pub entry: String,
    /// done, snooze, `hand_over` or `not_mine`.
    pub act: String,
    /// The day it is told again, ISO 8601; of a snooze.
    pub until: Option<String>,
    /// Who does it instead, as a recipient; of a hand-over.
    pub whom: Option<String>,
    /// Their id among the store's reps.
    pub whom_rep_id: Option<String>,
    /// When, RFC 3339.
    pub at: String,
    /// Who acted: whoever holds the recipient's link.
    pub recipient: String,
    /// Their id among the store's reps.
    pub rep_id: Option<String>,
    /// Id of the customer in the store.
    pub customer_id: String,
    /// Why it had been told.
    pub reasons: Vec<ReasonRecord>,
    /// The job that told it.
    pub job: String,
    /// The occurrence that told it, RFC 3339.
    pub occurrence: String,
}

/// The name of the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub enum ActSchema {
    /// What a recipient did.
    #[serde(rename = "retaind.act/1")]
    Act,
}

/// Why something had been told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ReasonRecord {
    /// The rule, such as `follow_up`.
    pub rule: String,
    /// What the rule found: of a follow-up, its id in the store.
    pub subject: String,
    /// The day it is due, ISO 8601.
    pub due: String,
}

/// The JSON Schema of a record.
pub fn schema() -> Json {
    schemars::schema_for!(ActRecord).to_value()
}

/// An act with all that is told of it.
#[derive(Debug, Clone, Copy)]
pub struct Acting<'a> {
    /// The entry.
    pub entry: EntryId,
    /// What was done.
    pub act: &'a Act,
    /// When.
    pub at: Timestamp,
    /// Who acted.
    pub recipient: &'a str,
    /// On whose entry.
    pub customer: &'a str,
    /// Why it had been told.
    pub reasons: &'a [Reason],
    /// The job that told it.
    pub job: &'a str,
    /// The occurrence that told it.
    pub occurrence: Timestamp,
}

impl Acting<'_> {
    /// As a record; `colleagues` says who is which rep.
    pub fn record(&self, colleagues: &[Colleague]) -> ActRecord {
        let rep = |id: &str| colleagues.iter().find(|c| c.id == id).and_then(|c| c.rep.clone());
        let reasons = self.reasons.iter().map(|reason| ReasonRecord {
            rule: reason.rule.clone(),
            subject: reason.subject.clone(),
            due: reason.due.date().to_string(),
        });
        ActRecord {
            schema: ActSchema::Act,
            version: VERSION,
            entry: self.entry.hex(),
            act: self.act.name().to_owned(),
            until: self.act.until().map(|day| day.date().to_string()),
            whom: self.act.whom().map(str::to_owned),
            whom_rep_id: self.act.whom().and_then(rep),
            at: self.at.to_string(),
            recipient: self.recipient.to_owned(),
            rep_id: rep(self.recipient),
            customer_id: self.customer.to_owned(),
            reasons: reasons.collect(),
            job: self.job.to_owned(),
            occurrence: self.occurrence.to_string(),
        }
    }

    /// The event that webhooks hear.
    pub fn event(&self, colleagues: &[Colleague]) -> Json {
        json!({ "type": "care.acted", "timestamp": self.at.to_string(), "data": self.record(colleagues) })
    }

    /// In a line, for operators: who did what with whose entry, by ids.
    pub fn brief(&self) -> String {
        let more = match self.act {
            Act::Done | Act::NotMine => String::new(),
            Act::Snooze(until) => format!(" until {}", until.date()),
            Act::HandOver(whom) => format!(" to {whom}"),
        };
        format!("{}{more}: customer {}", self.act.name(), self.customer)
    }
}
