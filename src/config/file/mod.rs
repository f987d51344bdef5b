//! The configuration as it is written: every key, its type, its meaning in a sentence. Nothing is
//! checked here beyond types; `retaind schema` prints these very structs as JSON Schema.

mod care;
mod people;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

pub use self::care::{Care, Letter, Rule};
pub use self::people::{Away, Calendar, Person};

/// A value that knows where it stands in the file.
#[derive(Debug, Clone)]
pub struct At<T>(pub toml::Spanned<T>);

impl<T> At<T> {
    /// The value.
    pub fn get(&self) -> &T {
        self.0.get_ref()
    }

    /// Where it stands, in bytes.
    pub fn span(&self) -> std::ops::Range<usize> {
        self.0.span()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for At<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<At<T>, D::Error> {
        toml::Spanned::deserialize(deserializer).map(At)
    }
}

impl<T: JsonSchema> JsonSchema for At<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        T::json_schema(generator)
    }
}

/// Text with its place.
pub type Text = At<String>;

/// retaind's configuration.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// The customer store: where it is and how it is read.
    pub store: At<Store>,
    /// Our own state: what was planned, decided and sent.
    #[serde(default)]
    pub ledger: Ledger,
    /// What holds where a person or a job does not say otherwise.
    #[serde(default)]
    pub defaults: Defaults,
    /// How churn is counted.
    #[serde(default)]
    pub churn: Churn,
    /// How value is counted.
    #[serde(default)]
    pub value: Value,
    /// How customers are owed contacts.
    #[serde(default)]
    pub care: Care,
    /// Working days and holidays, by name.
    #[serde(default)]
    pub calendars: BTreeMap<String, Calendar>,
    /// Ways to reach people, by name.
    #[serde(default)]
    pub channels: BTreeMap<String, At<Channel>>,
    /// People and rooms, by name.
    #[serde(default)]
    pub people: BTreeMap<String, At<Person>>,
    /// Groups of people, by name.
    #[serde(default)]
    pub audiences: BTreeMap<String, At<Vec<Text>>>,
    /// What of a report each audience sees: `all` (default), or `team`: each member only the customers of
    /// the reps who report to them, directly or through others, and their own.
    #[serde(default)]
    pub scopes: BTreeMap<String, Text>,
    /// Links by which recipients act on what they are told. Without this table there are none.
    pub actions: Option<At<Actions>>,
    /// Who hears of trouble.
    #[serde(default)]
    pub ops: Ops,
    /// What is done when, by name.
    #[serde(default)]
    pub jobs: BTreeMap<String, At<Job>>,
    /// What reps are reminded of, by name. Without any: follow-ups.
    #[serde(default)]
    pub rules: BTreeMap<String, At<Rule>>,
    /// A folder with templates that replace ours piece by piece.
    pub templates: Option<Text>,
}

/// The customer store.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// The SQLite file, relative to this configuration.
    pub path: Text,
    /// IANA zone of timestamps without an offset.
    pub zone: Text,
    /// ISO 4217 currency of amounts without one, and of all money figures.
    pub currency: Text,
    /// Where each relation comes from. Without this table: our own schema, as `retaind init` makes it.
    pub relations: Option<BTreeMap<String, At<Relation>>>,
    /// What one unit of another currency is worth in ours, by its code and by the day (`YYYY-MM-DD`) from
    /// which on. Amounts without a rate are left out of money figures, and told apart.
    #[serde(default)]
    pub rates: BTreeMap<String, At<BTreeMap<String, At<f64>>>>,
}

/// Where a relation's rows come from: `table` or `query`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Relation {
    /// A table or view that has our columns by our names.
    pub table: Option<Text>,
    /// One SELECT that yields them.
    pub query: Option<Text>,
}

/// Our own state.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    /// The file, relative to this configuration. Default: `ledger.db`; under systemd, in its state folder.
    pub path: Option<Text>,
    /// How long the bodies of sent messages are kept. Default: `7d`.
    pub keep_bodies: Option<Text>,
}

/// What holds where a person or a job does not say otherwise.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Defaults {
    /// BCP 47 tag of the language. Default: `en`.
    pub language: Option<Text>,
    /// IANA zone of schedules and people. Default: the store's.
    pub zone: Option<Text>,
    /// Calendar of people. Default: every day.
    pub calendar: Option<Text>,
    /// When nothing may arrive, on people's own clocks: `20:00-07:30`. Default: never.
    pub quiet: Option<Text>,
    /// Most digests one reader gets on one day; what is over it waits for the next. Default: as many as there are.
    pub digests_a_day: Option<At<i64>>,
}

/// How churn is counted.
#[derive(Debug, Default, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Churn {
    /// `contract` (a subscription covers the day) or `inactivity` (a purchase lies within `inactive_after`).
    pub basis: Option<Text>,
    /// `cohort`, `events`, `events_plus_new`, or on the inactivity basis `inactive_share`.
    pub definition: Option<Text>,
    /// Days after a purchase during which a customer is active. Default: 90.
    pub inactive_after: Option<At<i64>>,
    /// Days within which a departure is early. Default: 90.
    pub early_days: Option<At<i64>>,
    /// Whether reactivated revenue is subtracted from net revenue churn: `out` (default) or `in`.
    pub reactivation: Option<Text>,
    /// Rates on fewer customers are shown with their fraction. Default: 30.
    pub min_base: Option<At<i64>>,
    /// The usual churn: `established`, `growing` or `general` (default).
    pub band: Option<Text>,
}

/// How value is counted.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Value {
    /// Costs as a share of revenue, from 0 to 1, where rows name no cost.
    pub cost_rate: Option<At<f64>>,
    /// Years that lifetime value is capped at when nobody left. Default: 5.
    pub ltv_cap_years: Option<At<i64>>,
    /// What it costs to win one customer, in minor units.
    pub cac_minor: Option<At<i64>>,
    /// Months ahead that predictive value looks. Default: 12.
    pub horizon_months: Option<At<i64>>,
    /// What money a year from now is worth less, as a share: 0.1 (the default) is 10 % a year.
    pub discount_rate: Option<At<f64>>,
    /// Days, up to the report, whose purchases RFM counts. Default: 365.
    pub rfm_days: Option<At<i64>>,
}

/// When a store is fresh enough for a report, and what happens when it is not.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fresh {
    /// The relation whose last row is looked at. Default: `transactions`.
    pub relation: Option<Text>,
    /// How old its last row may be, such as `26h`.
    pub within: Option<Text>,
    /// The least share of its usual rows that must be there, such as 0.95.
    pub rows: Option<At<f64>>,
    /// How long the report waits for it. Default: `0m`.
    pub wait: Option<Text>,
    /// What happens then: `banner` (default; it goes out and says so) or `warn` (ops is told instead).
    pub otherwise: Option<Text>,
}

/// A way to reach people.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// `smtp`, `folder`, `sendmail`, `webhook`; or a chat service: `slack`, `slack_bot`, `teams`, `discord`,
    /// `mattermost`, `google_chat`, `telegram`, `feishu`, `dingtalk`, `wecom`, `matrix`, `ntfy`.
    pub kind: Text,
    /// Who sends: `Shop <shop@example.com>`. (smtp, folder, sendmail)
    pub from: Option<Text>,
    /// The relay's host. (smtp)
    pub host: Option<Text>,
    /// The relay's port. Default: 587, with implicit TLS 465. (smtp)
    pub port: Option<At<u16>>,
    /// `starttls` (default), `implicit`, or `none` for a relay on this machine. (smtp)
    pub tls: Option<Text>,
    /// A PEM file with one more certificate authority to trust. (smtp)
    pub ca: Option<Text>,
    /// Login at the relay. (smtp)
    pub username: Option<Text>,
    /// Password at the relay. (smtp)
    pub password: Option<At<Secret>>,
    /// The folder that `.eml` files go to. (folder)
    pub folder: Option<Text>,
    /// The command, by default `/usr/sbin/sendmail`. (sendmail)
    pub command: Option<Text>,
    /// The URL, which is a secret. (webhook, slack, teams, discord, mattermost, `google_chat`, feishu, dingtalk, wecom)
    pub url: Option<At<Secret>>,
    /// The signing key: `whsec_…` (webhook), or as the service shows it (feishu, dingtalk).
    pub secret: Option<At<Secret>>,
    /// The form of events: `plain` (default), or `cloudevents` (version 1.0, in structured mode). (webhook)
    pub events: Option<Text>,
    /// The signing key before it, during rotation. (webhook)
    pub old_secret: Option<At<Secret>>,
    /// Whether the URL may lead to a private address. Default: false. (webhook, chat services)
    pub allow_private: Option<At<bool>>,
    /// What proves who we are. (`slack_bot`, telegram, matrix; ntfy, where its server asks for it)
    pub token: Option<At<Secret>>,
    /// The server: `https://matrix.example.org`. Default: the service's own. (matrix, where it must be named; mattermost
    /// has its own in `url`; ntfy, telegram, `slack_bot`)
    pub server: Option<Text>,
    /// The room, chat or topic of whoever has none of their own. (`slack_bot`, telegram, matrix, ntfy)
    pub chat: Option<Text>,
    /// A word that the robot asks every message to hold. (feishu, dingtalk)
    pub keyword: Option<Text>,
    /// Messages under way at once, 1 to 64; for smtp as many connections. Default: 4, for webhooks 8.
    /// (smtp, folder, sendmail, webhook)
    pub concurrency: Option<At<u16>>,
}

/// Where a secret is: never in this file itself. One of `file`, `credential`, `env`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// A file that only we may read.
    pub file: Option<Text>,
    /// A systemd credential (`LoadCredential=`).
    pub credential: Option<Text>,
    /// An environment variable. Others on the machine may be able to see it.
    pub env: Option<Text>,
}

/// Links by which recipients act on what they are told: mark it done, snooze it, hand it over.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Actions {
    /// Where links lead, as recipients reach it: `https://care.shop.example`.
    pub public_url: Text,
    /// The address that their pages are served on. Default: `127.0.0.1:8787`.
    pub listen: Option<Text>,
    /// The key that signs links: base64 of at least 32 bytes.
    pub key: At<Secret>,
    /// The key before it, whose links are still good.
    pub old_key: Option<At<Secret>>,
    /// How long links are good. Default: `14d`.
    pub expire: Option<Text>,
    /// Webhook channels that hear of each act.
    #[serde(default)]
    pub events: Vec<Text>,
}

/// Who hears of trouble.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ops {
    /// People or audiences.
    #[serde(default)]
    pub to: Vec<Text>,
}

/// What is done when.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// `report`, `reminders`, `greetings` or `watch`.
    pub kind: Text,
    /// When: five fields, or six with seconds first.
    pub cron: Option<Text>,
    /// Instead of `cron`: a time of day such as `08:30`, on each recipient's own clock. (reminders)
    pub at: Option<Text>,
    /// Whose clock the schedule means. Default: `defaults.zone`.
    pub zone: Option<Text>,
    /// What runs after an outage: `latest` (default), `all` or `skip`.
    pub misfire: Option<Text>,
    /// Later than this an occurrence is not run. Default: `24h`.
    pub max_late: Option<Text>,
    /// People or audiences. (report, watch; for reminders, who gets what belongs to no active rep)
    #[serde(default)]
    pub to: Vec<Text>,
    /// `churn`, `value`, `rfm`, `cohort`, `survival`, `care`, `funnel` or `executive` (default). (report)
    pub report: Option<Text>,
    /// `week`, `month`, `quarter`, `year` or `rolling:N`. Default: `month`. (report, watch)
    pub period: Option<Text>,
    /// About the period under way rather than the last complete one. Default: false. (report, watch)
    pub current: Option<At<bool>>,
    /// What customers are split by: `segment`, `plan`, `region`, `tier`, `owner`, `tag`, `tenure`, `cohort`.
    /// (report; in a watch one of them, and each group is watched by itself)
    pub split: Option<Vec<Text>>,
    /// Tells the business in this ISO 4217 currency alone: contracts and purchases in others are left out, not converted.
    /// Default: all of it, in the store's currency by its rates. (report, watch)
    pub currency: Option<Text>,
    /// What is attached to mails: `xlsx`, `csv`, `pdf` (in builds that have it), by default `xlsx`; to digests `ics`,
    /// what has a date for the reader's calendar, by default nothing. (report, reminders)
    pub attach: Option<Vec<Text>>,
    /// Waits for a store that is fresh. (report)
    pub fresh: Option<At<Fresh>>,
    /// Counts differently from `[churn]` here. (report, watch)
    pub churn: Option<At<Churn>>,
    /// How reps without an entry in `people` are reached, or customers: names of channels. (reminders, greetings)
    pub via: Option<Vec<Text>>,
    /// What reps are reminded of, or customers written to about: names of rules. Default: all. (reminders;
    /// greetings, where they must be named)
    pub rules: Option<Vec<Text>>,
    /// Days before a follow-up is due that it is told already, where there are no rules. Default: 0. (reminders)
    pub lead_days: Option<At<i64>>,
    /// Most items in one digest. Default: 15. (reminders)
    pub items: Option<At<i64>>,
    /// What each letter to a customer carries. (greetings)
    pub letter: Option<At<Letter>>,
    /// The figure, by its name in docs/figures.md, such as `churn_rate`. (watch)
    pub metric: Option<Text>,
    /// Only these groups of the split. Default: all. (watch)
    pub only: Option<Vec<Text>>,
    /// Told when the figure is over this: rates as shares (0.05), money in minor units. (watch)
    pub above: Option<At<f64>>,
    /// Told when the figure is under this. (watch)
    pub below: Option<At<f64>>,
    /// Told when the figure is worse than what it is held against by more than this share of it. (watch)
    pub change: Option<At<f64>>,
    /// What a change is held against: `previous` (default; the period before) or `year`. (watch)
    pub against: Option<Text>,
    /// Told when the figure is off its own history by more than this robust z-score, such as 3.5. (watch)
    pub deviation: Option<At<f64>>,
    /// Back only at this, or better. Default: the level itself. (watch)
    pub clear: Option<At<f64>>,
    /// Observations in a row that must be beyond the level before it is told. Default: 1. (watch)
    #[serde(rename = "for")]
    pub lasting: Option<At<i64>>,
    /// After how long it is told again while it lasts, such as `7d`. Default: not. (watch)
    pub repeat: Option<Text>,
    /// On a smaller base nothing is told. Default: that of `[churn]`. (watch)
    pub min_base: Option<At<i64>>,
}
