//! The rows of the store as the core sees them.

use jiff::Timestamp;

use super::{Day, When};

/// A paying party, one identity in the store.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Customer {
    /// Identity in the store; integers are written in decimal.
    pub id: String,
    /// Display name, cleaned.
    pub name: String,
    /// Where they can be written to.
    pub email: Option<String>,
    /// As the shop wrote it.
    pub phone: Option<String>,
    /// Business segment, such as `enterprise`.
    pub segment: Option<String>,
    /// Plan on the customer's row; a subscription's own plan wins.
    pub plan: Option<String>,
    /// Sales region.
    pub region: Option<String>,
    /// Care tier: how often they are owed a contact.
    pub tier: Option<String>,
    /// Free labels.
    pub tags: Vec<String>,
    /// The rep who looks after them.
    pub owner_id: Option<String>,
    /// Customer since.
    pub since: Option<Day>,
}

/// A contract as its row says: a plan at a monthly price over `[starts_on, ends_on)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Index into [`super::Facts::customers`].
    pub customer: u32,
    /// What was bought.
    pub plan: Option<String>,
    /// Recurring revenue a month in minor units; `None` when it is in another currency than the report's.
    pub mrr_minor: Option<i64>,
    /// First day of service.
    pub starts_on: Day,
    /// First day without service; [`Day::MAX`] while open.
    pub ends_on: Day,
    /// When it renews.
    pub renews_on: Option<Day>,
    /// Who ended it.
    pub cancel_kind: CancelKind,
    /// Why, in the shop's words.
    pub cancel_reason: Option<String>,
}

/// A contract as it is kept: compact, for there may be millions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contract {
    /// First day of service.
    pub starts_on: Day,
    /// First day without service; [`Day::MAX`] while open.
    pub ends_on: Day,
    /// When it renews; [`Day::MAX`] where it does not say.
    pub renews_on: Day,
    /// Which of [`super::Facts::terms`].
    pub terms: u32,
    /// Recurring revenue a month in minor units; 0 when it is in another currency than the report's.
    pub mrr_minor: i64,
}

impl Contract {
    /// Whether it covers `day`.
    pub fn covers(&self, day: Day) -> bool {
        self.starts_on <= day && day < self.ends_on
    }
}

/// What many contracts have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Terms {
    /// What was bought.
    pub plan: Option<String>,
    /// Who ended it.
    pub cancel_kind: CancelKind,
    /// Why, in the shop's words.
    pub cancel_reason: Option<String>,
}

/// Who ended a contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CancelKind {
    /// The customer decided to leave.
    Voluntary,
    /// A payment failed, an account was closed by the shop.
    Involuntary,
    /// Not recorded.
    Unknown,
}

/// A dated money movement; a refund is negative. Compact: there may be millions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transaction {
    /// Index into [`super::Facts::customers`].
    pub customer: u32,
    /// Civil day in the report's zone.
    pub day: Day,
    /// Minor units; `None`-like amounts (another currency) are 0 with `counted` false.
    pub amount_minor: i64,
    /// What it cost the shop; 0 where it is not `costed`.
    pub cost_minor: i64,
    /// Whether the row says what it cost.
    pub costed: bool,
    /// Whether something was bought: the amount is positive, in whatever currency.
    pub bought: bool,
    /// Whether the amount is in the report's currency and so is in the money figures.
    pub counted: bool,
}

/// A promised contact with a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowUp {
    /// Identity in the store.
    pub id: String,
    /// Index into [`super::Facts::customers`].
    pub customer: u32,
    /// Who promised it; the customer's owner where it is empty.
    pub rep_id: Option<String>,
    /// When it is due.
    pub due_at: When,
    /// When it was done, if it was by the as-of instant.
    pub done_at: Option<When>,
    /// What was promised.
    pub subject: Option<String>,
    /// Details.
    pub note: Option<String>,
}

/// Who looks after customers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rep {
    /// Identity in the store.
    pub id: String,
    /// Display name.
    pub name: String,
    /// Mail address.
    pub email: Option<String>,
    /// Chat handle.
    pub chat: Option<String>,
    /// To whom they report.
    pub manager_id: Option<String>,
    /// IANA name of their zone.
    pub time_zone: Option<String>,
    /// BCP 47 tag of their language.
    pub language: Option<String>,
    /// Whether they still work here.
    pub active: bool,
}

/// A customer's complaint. What happened after the as-of instant has not happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Complaint {
    /// Index into [`super::Facts::customers`].
    pub customer: u32,
    /// When it came.
    pub opened_at: When,
    /// When it was first answered.
    pub first_reply_at: Option<When>,
    /// When it was settled.
    pub resolved_at: Option<When>,
    /// How many contacts it took.
    pub contacts: Option<i64>,
}

/// Somebody who may become a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lead {
    /// Civil day, in the report's zone, on which they were captured.
    pub created: Day,
    /// Where they came from.
    pub source: Option<String>,
    /// Whether they had become a customer by the as-of instant.
    pub converted: bool,
}

/// An answer to "how likely are you to recommend us".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Survey {
    /// Index into [`super::Facts::customers`].
    pub customer: u32,
    /// Civil day, in the report's zone.
    pub day: Day,
    /// 0 to 10.
    pub score: u8,
}

impl Survey {
    /// What it adds to promoters less detractors: of 9 and 10 one, of 0 to 6 minus one.
    pub fn vote(&self) -> i8 {
        match self.score {
            9.. => 1,
            7..=8 => 0,
            _ => -1,
        }
    }
}

/// Something that was noticed about a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signal {
    /// Index into [`super::Facts::customers`].
    pub customer: u32,
    /// Civil day, in the report's zone.
    pub day: Day,
}

/// The last contact with a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// When.
    pub at: Timestamp,
    /// `call`, `visit`, `email`, `meeting`, …
    pub kind: String,
}
