//! How customers are looked after, as it is written.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{At, Text};

/// How customers are owed contacts.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Care {
    /// Days within which a customer is owed a contact. Default: 90.
    pub contact_days: Option<At<i64>>,
    /// The same by the customer's tier.
    #[serde(default)]
    pub contact_days_by_tier: BTreeMap<String, At<i64>>,
    /// What the factors of the risk score weigh: `rhythm`, `gone`, `complaints`, `contact`, `follow_ups`,
    /// `contraction`, `renewal`, `signals`, `survey`. 0 leaves one out.
    #[serde(default)]
    pub risk: BTreeMap<String, At<i64>>,
}

/// What reps are reminded of.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// `follow_up`, `contact_gap`, `birthday`, `anniversary`, `important_date`, `renewal`, `win_back`,
    /// `handover`, `complaint`, `risk` or `signal`.
    pub kind: Text,
    /// Only customers of these tiers.
    pub tiers: Option<Vec<Text>>,
    /// Only customers of these segments.
    pub segments: Option<Vec<Text>>,
    /// Days after it fell due within which it is still told. Default: 7.
    pub max_late_days: Option<At<i64>>,
    /// Every how many days it is told again while it lasts; 0 for once. Default: follow-ups and complaints
    /// each day, handovers each week, all else once.
    pub repeat_days: Option<At<i64>>,
    /// Working days of the rep after which their lead is told of what is neither done nor followed by a
    /// contact. Default: never.
    pub escalate_after: Option<At<i64>>,
    /// Days before, each of which is told. Default: none; for renewals 90, 60, 30 and 7. (`follow_up`, birthday,
    /// anniversary, `important_date`, renewal)
    pub lead_days: Option<Vec<At<i64>>>,
    /// Days after a customer left. Default: 30. (`win_back`)
    pub after_days: Option<Vec<At<i64>>>,
    /// Days within which a customer should be contacted. Default: those of `[care]`. (`contact_gap`)
    pub contact_days: Option<At<i64>>,
    /// The same by the customer's tier. (`contact_gap`)
    pub contact_days_by_tier: Option<BTreeMap<String, At<i64>>>,
    /// Days within which a customer must be contacted: they are told once more then. (`contact_gap`)
    pub at_most_days: Option<At<i64>>,
    /// The same by the customer's tier. (`contact_gap`)
    pub at_most_days_by_tier: Option<BTreeMap<String, At<i64>>>,
    /// Days without a contact after which a customer goes back to the pool. The rep is warned three days
    /// before; the lead is told. Default: never. (`contact_gap`)
    pub release_after_days: Option<At<i64>>,
    /// Webhook channels that hear of each customer who goes back to the pool. (`contact_gap`)
    pub events: Option<Vec<Text>>,
    /// `civil` (default), or `lunar`: the Chinese calendar. (birthday, anniversary, `important_date`)
    pub birthday_calendar: Option<Text>,
    /// When 29 February falls in common years: `28-february` (default) or `1-march`. (birthday, anniversary,
    /// `important_date`)
    pub leap_day: Option<Text>,
    /// From this recurring revenue a month on, in minor units, the rep's lead is told, too. (renewal)
    pub lead_above_minor: Option<At<i64>>,
    /// Within what time the first reply is owed. Default: `24h`. (complaint)
    pub reply_within: Option<Text>,
    /// Within what time it is to be settled. Default: `5d`. (complaint)
    pub resolve_within: Option<Text>,
    /// From which risk score on. Default: 50. (risk)
    pub level: Option<At<i64>>,
    /// Below which score it is over. Default: ten less than `level`. (risk)
    pub clear: Option<At<i64>>,
    /// Kinds of signals. Default: all; none, where there are `keywords`. (signal)
    pub signals: Option<Vec<Text>>,
    /// Words that are looked for in notes of contacts. (signal)
    pub keywords: Option<Vec<Text>>,
}

/// What each letter to a customer carries, and how many there may be.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Letter {
    /// Who signs: `Your team at Porto Belo`.
    pub signed: Text,
    /// Who writes, with a postal address.
    pub imprint: Text,
    /// A mailbox for those who want no more letters. Needed where there are no `[actions]`, whose pages take it in
    /// one click.
    pub stop: Option<Text>,
    /// Most letters to one customer a day. Default: 1.
    pub a_day: Option<At<i64>>,
    /// Most letters to one customer in seven days. Default: 3.
    pub a_week: Option<At<i64>>,
}
