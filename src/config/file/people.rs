//! People, when they work and when they are away, as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{At, Text};

/// Working days and holidays.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    /// `mon` to `sun`. Default: `mon` to `fri`.
    pub working_days: Option<Vec<Text>>,
    /// Days off: `YYYY-MM-DD`.
    #[serde(default)]
    pub holidays: Vec<Text>,
}

/// A person or a room.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// How they are greeted.
    pub name: Text,
    /// Mail address.
    pub email: Option<Text>,
    /// Their room, chat or topic at a chat service that asks for one.
    pub chat: Option<Text>,
    /// BCP 47 tag of their language.
    pub language: Option<Text>,
    /// IANA zone of their clock.
    pub zone: Option<Text>,
    /// When they work.
    pub calendar: Option<Text>,
    /// When nothing may arrive: `20:00-07:30`, or `never`.
    pub quiet: Option<Text>,
    /// Most digests they get on one day; what is over it waits for the next.
    pub digests_a_day: Option<At<i64>>,
    /// When they are away, and who is told meanwhile.
    #[serde(default)]
    pub away: Vec<At<Away>>,
    /// How they are reached: names of channels.
    pub via: Vec<Text>,
    /// Their id in the store's `reps`: digests for that rep go to them, their way.
    pub rep: Option<Text>,
}

/// Days of absence.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Away {
    /// The first day: `YYYY-MM-DD`.
    pub from: Text,
    /// The last day.
    pub to: Text,
    /// The person who is told meanwhile. Without one, messages wait.
    pub deputy: Option<Text>,
}
