//! The configuration: as written ([`mod@file`]) and as meant ([`Config`]). It is built once, and all that is
//! wrong with it is said at once; no later code checks it again.

mod actions;
mod channels;
mod chats;
pub mod file;
mod greetings;
mod jobs;
mod people;
pub mod problem;
mod reports;
mod rules;
mod secret;
mod store;
mod templates;
mod walk;
mod watches;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use serde::Deserialize as _;

pub use self::actions::Actions;
pub use self::jobs::Job;
pub use self::people::{Person, Target};
use self::problem::{Problem, Severity, one_of};
pub use self::templates::{Restyled, restyled};
use crate::channel::Channel;
use crate::domain::facts::Lens;
use crate::domain::recipient::{Calendar, Quiet};
use crate::domain::{Currency, Rates};
use crate::metrics::Settings;
use crate::outbox::Medium;
use crate::render::Templates;
use crate::store::{Mapping, SqliteStore, Watcher};

/// A shop's configuration, as meant.
pub struct Config {
    /// The customer store.
    pub store: Store,
    /// Where our state is.
    pub ledger: PathBuf,
    /// How long bodies of sent messages are kept.
    pub keep_bodies: SignedDuration,
    /// Ways to reach people.
    pub channels: BTreeMap<String, Way>,
    /// People and rooms.
    pub people: BTreeMap<String, Person>,
    /// Who hears of trouble.
    pub ops: Vec<Target>,
    /// What is done when.
    pub jobs: BTreeMap<String, Job>,
    /// How figures are counted where a job does not say otherwise.
    pub settings: Settings,
    /// How recipients act by links, if they do.
    pub actions: Option<Actions>,
    /// Whether links are configured and none are made, for want of the key: only where none is needed.
    pub unlinked: bool,
    /// The templates, compiled.
    pub templates: Arc<Templates>,
    /// Zone where nobody says otherwise.
    pub zone: TimeZone,
    /// Language where nobody says otherwise.
    pub language: String,
    /// Working days where nobody says otherwise.
    pub calendar: Calendar,
    /// Quiet hours where nobody says otherwise.
    pub quiet: Option<Quiet>,
    /// Most digests a day, of who does not say otherwise.
    pub digests_a_day: Option<usize>,
}

/// The customer store, as meant.
#[derive(Debug, Clone)]
pub struct Store {
    /// The file.
    pub path: PathBuf,
    /// Where each relation comes from.
    pub mapping: Mapping,
    /// Zone of timestamps without an offset.
    pub zone: TimeZone,
    /// Currency of money figures.
    pub currency: Currency,
    /// What other currencies are worth.
    pub rates: Rates,
    /// Who hears how far reads have come, if anybody does.
    pub watcher: Watcher,
}

impl Store {
    /// What a run of `at` sees, by the calendar of `zone`.
    pub fn lens(&self, at: jiff::Timestamp, zone: TimeZone) -> Lens {
        Lens { as_of: at, zone, currency: self.currency, rates: self.rates.clone() }
    }

    /// Opens it.
    pub fn open(&self) -> Result<SqliteStore, crate::store::StoreError> {
        let store = SqliteStore::open(&self.path, self.mapping.clone(), self.zone.clone())?;
        Ok(store.watched(self.watcher.clone()))
    }
}

/// A channel and what messages for it look like.
pub struct Way {
    /// The channel.
    pub channel: Channel,
    /// The form of its messages.
    pub medium: Medium,
    /// Where it leads, for people, without its secrets.
    pub shown: String,
}

/// A configuration that cannot be used, or one that can but hardly as meant.
#[derive(Debug)]
pub struct Findings {
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// The file.
    pub path: PathBuf,
    /// Its text.
    pub source: String,
}

impl Findings {
    /// Whether nothing may start.
    pub fn are_fatal(&self) -> bool {
        self.problems.iter().any(|p| p.severity == Severity::Error)
    }

    /// As text for people.
    pub fn render(&self, colour: bool) -> String {
        problem::render(&self.problems, &self.path.display().to_string(), &self.source, colour)
    }
}

/// The title of the problem that credentials are named and systemd did not give any.
pub const NO_CREDENTIALS: &str = "no credentials here";

/// How messages leave: as configured, or all of them into a capture server on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outlet {
    /// As configured.
    Configured,
    /// SMTP and HTTP ports of a capture server on loopback.
    Capture {
        /// SMTP.
        smtp: u16,
        /// HTTP.
        http: u16,
        /// Where the pages of links are served; 0 where they are not.
        pages: u16,
    },
}

impl Outlet {
    /// For commands that send nothing: no secret is needed, and none is read.
    pub const OFFLINE: Outlet = Outlet::Capture { smtp: 0, http: 0, pages: 0 };
}

/// What all parts of the configuration are built with.
struct Builder {
    folder: PathBuf,
    problems: Vec<Problem>,
    outlet: Outlet,
}

/// The JSON Schema of the file.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(file::File).to_value()
}

/// Reads a positive duration such as `90s`, `24h` or `7d`. jiff's friendly form lacks days for exact
/// durations; a day here is 24 hours.
pub fn read_duration(text: &str) -> Option<SignedDuration> {
    let days = text.strip_suffix('d').and_then(|n| n.trim().parse::<i64>().ok());
    let days = days.and_then(|n| n.checked_mul(24)).map(SignedDuration::from_hours);
    days.or_else(|| text.parse().ok()).filter(SignedDuration::is_positive)
}

/// Loads a configuration. The findings are there either way; without a configuration they say why.
pub fn load(path: &Path, outlet: Outlet) -> (Option<Config>, Findings) {
    let (file, mut findings) = read(path);
    let Some(file) = file else { return (None, findings) };
    let mut builder = Builder::of(path, std::mem::take(&mut findings.problems), outlet);
    let config = builder.config(&file);
    findings.problems = builder.problems;
    (config.filter(|_| !findings.are_fatal()), findings)
}

/// Reads a configuration as it is written.
fn read(path: &Path) -> (Option<file::File>, Findings) {
    let source = match std::fs::read_to_string(path) {
        Ok(source) => source,
        Err(e) => {
            let problem = Problem::error(format!("`{}` cannot be read: {e}", path.display()));
            let problems = vec![problem.help("`retaind init DIR` writes a configuration to start from")];
            return (None, Findings { problems, path: path.to_owned(), source: String::new() });
        }
    };
    let mut secrets = Vec::new();
    let (file, problems) = parse(&source, &mut secrets);
    (file, Findings { problems, path: path.to_owned(), source: without(source, &secrets) })
}

/// The text with stars over what must not be printed; all else stays where it is.
fn without(source: String, secrets: &[Span]) -> String {
    secrets.iter().fold(source, |mut text, span| {
        text.replace_range(span.clone(), &"*".repeat(span.len()));
        text
    })
}

type Span = std::ops::Range<usize>;

fn parse(source: &str, secrets: &mut Vec<Span>) -> (Option<file::File>, Vec<Problem>) {
    let (mut table, errors) = toml::de::DeTable::parse_recoverable(source);
    if !errors.is_empty() {
        let problem = |e: &toml::de::Error| {
            let repeated = e.message() == "duplicate key";
            let problem = Problem::error(if repeated { "this is here twice" } else { "this is not TOML" });
            let span = e.span().unwrap_or(0..0);
            problem.at(span, e.message().to_owned())
        };
        return (None, errors.iter().map(problem).collect());
    }
    let walked = walk::walk(&mut table, &schema());
    *secrets = walked.secrets;
    let mut problems = walked.problems;
    if walked.stuck {
        return (None, problems);
    }
    match file::File::deserialize(toml::de::Deserializer::from(table)) {
        Ok(file) => (Some(file), problems),
        Err(e) => {
            let problem = Problem::error("this cannot be read");
            problems.push(problem.at(e.span().unwrap_or(0..0), e.message().to_owned()));
            (None, problems)
        }
    }
}

impl Builder {
    fn of(path: &Path, problems: Vec<Problem>, outlet: Outlet) -> Builder {
        Builder { folder: path.parent().map(Path::to_owned).unwrap_or_default(), problems, outlet }
    }

    /// Builds every part, whatever the others lack, so that everything wrong is found.
    fn config(&mut self, file: &file::File) -> Option<Config> {
        let zone = self.zone(&file.store.get().zone);
        let store = self.store(file.store.get(), zone.clone());
        let default_zone = file.defaults.zone.as_ref().map_or(zone, |text| self.zone(text));
        let language = self.language(file.defaults.language.as_ref(), "en");
        let calendars = self.calendars(&file.calendars);
        let calendar = self.calendar(file.defaults.calendar.as_ref(), &calendars, &Calendar::default());
        let quiet = self.quiet(file.defaults.quiet.as_ref(), None);
        let digests_a_day = self.digests_a_day(file.defaults.digests_a_day.as_ref());
        let (zone, spoken) = (default_zone.clone(), language.clone());
        let defaults = people::Defaults { zone, language: spoken, calendar, quiet, digests_a_day };
        let channels = self.channels(&file.channels);
        let people = self.people(file, &channels, &calendars, &defaults);
        let audiences = self.audiences(file, &people);
        let ops = self.targets(&file.ops.to, &people, &audiences);
        if file.ops.to.is_empty() && !file.jobs.is_empty() {
            let problem = Problem::warning("nobody hears of trouble");
            self.problems.push(problem.help("[ops]\nto = [\"somebody\"]"));
        }
        let settings = self.settings(file);
        let rules = self.rules(file, &settings);
        let context = jobs::Context {
            rules: &rules,
            people: &people,
            audiences: &audiences,
            channels: &channels,
            zone: &default_zone,
            pages: file.actions.is_some(),
            currency: Currency::from_code(file.store.get().currency.get()),
        };
        let jobs = self.jobs(file, &context, &settings);
        let actions = self.actions(file);
        let templates = self.templates(file.templates.as_ref());
        let ledger = self.ledger_path(file.ledger.path.as_ref());
        let week = SignedDuration::from_hours(7 * 24);
        let keep_bodies =
            file.ledger.keep_bodies.as_ref().map_or(week, |text| self.duration(text).unwrap_or(week));
        Some(Config {
            store: store?,
            ledger,
            keep_bodies,
            channels,
            people,
            ops,
            jobs,
            settings,
            unlinked: file.actions.is_some() && actions.is_none(),
            actions,
            templates: Arc::new(templates?),
            zone: default_zone,
            language,
            calendar: defaults.calendar,
            quiet: defaults.quiet,
            digests_a_day: defaults.digests_a_day,
        })
    }

    fn error(&mut self, title: impl Into<String>, at: &file::Text, label: impl Into<String>) {
        self.problems.push(Problem::error(title).at(at.span(), label));
    }

    fn zone(&mut self, text: &file::Text) -> TimeZone {
        TimeZone::get(text.get()).unwrap_or_else(|_| {
            let known: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
            let near = problem::nearest(text.get(), known.iter().map(String::as_str));
            let near = near.map(|n| format!("; did you mean `{n}`?")).unwrap_or_default();
            let label = format!("an IANA name such as Europe/Paris{near}");
            self.error(format!("unknown time zone `{}`", text.get()), text, label);
            TimeZone::UTC
        })
    }

    fn language(&mut self, text: Option<&file::Text>, default: &str) -> String {
        let Some(text) = text else { return default.to_owned() };
        if let Some(tag) = crate::render::locale::serving(text.get()) {
            return tag;
        }
        let known: Vec<&str> = crate::render::locale::tags().collect();
        self.error(format!("no words for language `{}`", text.get()), text, one_of(text.get(), &known));
        default.to_owned()
    }

    /// A word out of a list of named values.
    fn choice<T: Copy>(
        &mut self,
        what: &str,
        text: Option<&file::Text>,
        known: &[(&str, T)],
        default: T,
    ) -> T {
        let Some(text) = text else { return default };
        if let Some((_, value)) = known.iter().find(|(name, _)| name == text.get()) {
            return *value;
        }
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        self.error(format!("unknown {what} `{}`", text.get()), text, one_of(text.get(), &names));
        default
    }

    fn number(
        &mut self,
        what: &str,
        number: Option<&file::At<i64>>,
        range: std::ops::RangeInclusive<i64>,
        default: i64,
    ) -> i64 {
        let Some(number) = number else { return default };
        if range.contains(number.get()) {
            return *number.get();
        }
        let label = match (range.start(), range.end()) {
            (start, &i64::MAX) => format!("{start} or more"),
            (start, end) => format!("from {start} to {end}"),
        };
        self.problems.push(Problem::error(format!("{what} is out of range")).at(number.span(), label));
        default
    }

    fn duration(&mut self, text: &file::Text) -> Option<SignedDuration> {
        let longest = SignedDuration::from_hours(24 * 3660);
        let read = read_duration(text.get()).filter(|d| *d <= longest);
        if read.is_none() {
            self.error(format!("not a duration: `{}`", text.get()), text, "such as 90s, 30m, 24h, 7d");
        }
        read
    }

    /// Relative to the configuration; under systemd, its state folder where nothing is said.
    fn ledger_path(&self, text: Option<&file::Text>) -> PathBuf {
        match (text, std::env::var_os("STATE_DIRECTORY")) {
            (Some(text), _) => self.folder.join(text.get()),
            (None, Some(folder)) => PathBuf::from(folder).join("ledger.db"),
            (None, None) => self.folder.join("ledger.db"),
        }
    }
}
