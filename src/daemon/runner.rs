//! One run of one occurrence: read, look whether the input can be right, compute, compose, seal.

use jiff::{SignedDuration, Timestamp};

use super::reminding::{self, Reminded, Turn};
use super::watching::{self, Known};
use super::{Shared, freshness, greeting, past, reporting};
use crate::care::History;
use crate::care::digest::Linking;
use crate::config::Config;
use crate::document::Document;
use crate::domain::facts::{Facts, Fault, Lens};
use crate::domain::{Day, Recipient, Told};
use crate::job::report::Behind;
use crate::job::seal::{Envelope, Locales, seal};
use crate::job::{Addressed, Attachment, Recipe, told};
use crate::ledger::occurrences::{self, Decided};
use crate::ledger::{Access, Ledger, acts, appointments, reminders};
use crate::outbox::Delivery;
use crate::store::{Snapshot, StoreError};

/// Why a run decides nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// The input cannot be right; trying again would not make it so.
    #[error("{0}")]
    Stopped(String),
    /// The store is not fresh yet; the report waits.
    #[error("{0}")]
    Stale(String),
    /// It cannot be read or made just now.
    #[error("{0}")]
    Broken(String),
}

/// Whether the number of rows is held against what is usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// It is.
    Checked,
    /// An operator knows that it is right.
    Accepted,
}

/// What a run decided.
#[derive(Debug, Clone)]
pub struct Run {
    /// What is committed.
    pub decided: Decided,
    /// What a watch saw, a line a group, and why it speaks or does not.
    pub seen: Vec<String>,
}

/// Above this share of unreadable rows a relation is taken for broken.
const BAD_SHARE: u64 = 20; // one in twenty

/// Runs occurrence `at` of a job. Blocks.
pub fn run(shared: &Shared, name: &str, at: Timestamp, rows: Rows, turn: Turn) -> Result<Run, RunError> {
    let check = |facts: &Facts, snapshot: &Snapshot<'_>| {
        let behind = freshness::check(shared, name, at, facts, snapshot)?;
        if rows == Rows::Checked {
            check_rows(&shared.ledger, name, facts)?;
            check_faults(facts)?;
        }
        Ok(behind)
    };
    let known = watching::known(&shared.ledger, &shared.config, name, at)?;
    let rules = rules_of(&shared.config, name);
    let history = |lens: &Lens| history(&shared.ledger, (name, &rules), lens);
    let now = shared.clock.now().max(at);
    let asked = Asked { job: name, at, now, turn, known: &known, history: &history };
    decide(&shared.config, &shared.locales, &asked, check)
}

/// A store that suddenly has no rows, or half of the usual, is a broken view or an import under way, not
/// a shop without customers.
fn check_rows(ledger: &Ledger, name: &str, facts: &Facts) -> Result<(), RunError> {
    for (relation, rows) in &facts.rows {
        let (job, relation_name, rows) = (name.to_owned(), *relation, *rows);
        let usual = ledger.run_blocking(move |c| occurrences::usual_rows(c, &job, relation_name));
        let usual = usual.map_err(|e| RunError::Broken(e.to_string()))?;
        if let Some(usual) = usual.filter(|usual| rows * 2 < *usual) {
            let reason = format!("`{relation}` gave {rows} rows, usually about {usual}");
            return Err(RunError::Stopped(reason));
        }
    }
    Ok(())
}

fn check_faults(facts: &Facts) -> Result<(), RunError> {
    let whole = facts.rows.iter().filter(|(relation, _)| !facts.parts.contains_key(*relation));
    for (relation, rows) in whole.chain(&facts.parts) {
        let of = |fault| facts.rejected.get(&(*relation, fault)).map_or(0, |(n, _)| *n);
        let (bad, orphans) = (of(Fault::Unreadable) + of(Fault::Missing), of(Fault::NoCustomer));
        // What is due of customers who were deleted or merged drops out; where it is most of all, it is a mapping
        // that went wrong.
        let is_part = facts.parts.contains_key(*relation);
        let allowed = if is_part { *rows / 2 } else { *rows / BAD_SHARE };
        let is_bad = bad * BAD_SHARE > *rows || bad + orphans > allowed;
        let bad = bad + orphans;
        if *rows >= 20 && is_bad {
            let first = facts
                .rejected
                .iter()
                .find(|((r, _), _)| r == relation)
                .and_then(|(_, (_, list))| list.first());
            let example = first.map_or(String::new(), |r| format!(", such as {} ({})", r.id, r.flaw));
            return Err(RunError::Stopped(format!(
                "{bad} of {rows} rows of `{relation}` cannot be read{example}"
            )));
        }
    }
    Ok(())
}

/// How far back people's acts count: longer than anything stays open.
const ACTED: SignedDuration = SignedDuration::from_hours(24 * 800);

/// How far back it is known who was told something when.
const LATELY: SignedDuration = SignedDuration::from_hours(24 * 9);

/// How a job is run.
pub struct Asked<'a> {
    /// Which.
    pub job: &'a str,
    /// As of when.
    pub at: Timestamp,
    /// When it runs: not before it.
    pub now: Timestamp,
    /// Who is told.
    pub turn: Turn,
    /// What the ledger knows of reports and watches.
    pub known: &'a Known,
    /// What has become of the cases of reminders so far.
    pub history: &'a dyn Fn(&Lens) -> Result<History, String>,
}

/// What a run reads from, and what was read must pass.
pub(super) struct Context<'a, 's> {
    pub(super) config: &'a Config,
    pub(super) job: &'a str,
    pub(super) at: Timestamp,
    pub(super) now: Timestamp,
    pub(super) turn: Turn,
    pub(super) snapshot: &'a mut Snapshot<'s>,
    pub(super) history: &'a dyn Fn(&Lens) -> Result<History, String>,
    pub(super) check: &'a mut Check<'a>,
}

impl<'a, 's> Context<'a, 's> {
    fn of(
        config: &'a Config,
        asked: &Asked<'a>,
        snapshot: &'a mut Snapshot<'s>,
        check: &'a mut Check<'a>,
    ) -> Context<'a, 's> {
        let Asked { job, at, now, turn, history, .. } = *asked;
        Context { config, job, at, now, turn, snapshot, history, check }
    }

    /// As of when it looks: who is told late is told of what is still so.
    pub(super) fn as_of(&self) -> Timestamp {
        if self.turn == Turn::Due { self.now } else { self.at }
    }
}

/// What was read must pass it.
pub(super) type Check<'a> = dyn FnMut(&Facts, &Snapshot<'_>) -> Result<Option<Behind>, RunError> + 'a;

/// Reads what a job needs, computes, composes and seals. What was read must pass `check`.
pub fn decide(
    config: &Config,
    locales: &Locales,
    asked: &Asked<'_>,
    mut check: impl FnMut(&Facts, &Snapshot<'_>) -> Result<Option<Behind>, RunError>,
) -> Result<Run, RunError> {
    let (name, at) = (asked.job, asked.at);
    let job = config.jobs.get(name).ok_or_else(|| RunError::Broken(format!("no job `{name}`")))?;
    let mut store = config.store.open().map_err(unreadable)?;
    let mut snapshot = store.snapshot().map_err(unreadable)?;
    let mut sealer = Sealer::of(config, locales, asked);
    let mut decided = Decided { job: name.to_owned(), at, ..Decided::default() };
    let mut seen = Vec::new();
    match &job.recipe {
        Recipe::Report(spec) => {
            sealer.attach = &spec.attach;
            let lens = config.store.lens(at, job.schedule.zone.clone()).alone(spec.settings.currency);
            let reported = reporting::report((job, spec), lens, (snapshot, &mut check), asked.known)?;
            for target in &job.to {
                if let Some(document) = reported.documents.get(&target.team_of) {
                    sealer.seal(document, &target.recipient, &target.channel);
                }
            }
            (decided.published, decided.rows) = (reported.published, reported.rows.into_iter().collect());
            decided.restated_from = watching::trend(config, name, at);
        }
        Recipe::Watch(spec) => {
            let lens = config.store.lens(at, job.schedule.zone.clone()).alone(spec.settings.currency);
            let whole = [&None].into();
            let (facts, _, pasts) = past::looked(&job.recipe, lens, whole, &mut snapshot, &mut check)?;
            let past = pasts.into_values().next().unwrap_or_default();
            let told_of =
                watching::evaluate((name, at), spec, (&facts, past), snapshot, asked.known, locales)?;
            if let Some(document) = told_of.document {
                for target in &job.to {
                    sealer.seal(&document, &target.recipient, &target.channel);
                }
            }
            decided.rows = facts.rows.into_iter().collect();
            (decided.watched, seen) = (told_of.leaves, told_of.lines);
        }
        Recipe::Reminders(spec) => {
            let mut context = Context::of(config, asked, &mut snapshot, &mut check);
            remembered(reminding::remind(&mut context, (job, spec), &mut sealer)?, &mut decided);
        }
        Recipe::Greetings(spec) => {
            let mut context = Context::of(config, asked, &mut snapshot, &mut check);
            let greeted = &asked.known.greeted;
            remembered(greeting::greet(&mut context, (job, spec), greeted, &mut sealer)?, &mut decided);
        }
    }
    decided.deliveries.extend(sealer.deliveries);
    decided.left_out = sealer.failed;
    decided.entries = sealer.entries;
    Ok(Run { decided, seen })
}

fn remembered(reminded: Reminded, decided: &mut Decided) {
    decided.rows = reminded.rows.into_iter().collect();
    decided.kept = reminded.kept;
    decided.colleagues = reminded.colleagues;
    decided.deliveries = reminded.events;
    decided.letters = reminded.letters;
}

/// The names of the rules that a job looks at.
pub(super) fn rules_of(config: &Config, name: &str) -> Vec<(String, i32)> {
    let rules = config.jobs.get(name).map(|job| job.recipe.rules()).unwrap_or_default();
    rules.iter().map(|rule| (rule.name.clone(), rule.max_late)).collect()
}

/// What has become of the cases of rules, each with the days it looks back, so far.
pub(super) fn history(
    ledger: &Ledger,
    (job, rules): (&str, &[(String, i32)]),
    lens: &Lens,
) -> Result<History, String> {
    let names: Vec<String> = rules.iter().map(|(name, _)| name.clone()).collect();
    let late = rules.iter().map(|(_, late)| *late).max().unwrap_or(0);
    let (from, zone) = (lens.today().plus(-late - 1), lens.zone.clone());
    let since = lens.as_of.checked_sub(ACTED).unwrap_or(Timestamp::MIN);
    let job = job.to_owned();
    let lately = lens.as_of.checked_sub(LATELY).unwrap_or(Timestamp::MIN);
    let read = ledger.run_blocking(move |c| {
        let mut history = reminders::history(c, &names, from, &zone)?;
        reminders::digests(c, lately, &mut history)?;
        history.appointed = appointments::read(c, &names)?;
        history.job = job;
        let day = |at| Day::of(zone.to_datetime(at).date());
        history.acted(acts::since(c, since)?, day);
        Ok(history)
    });
    read.map_err(|e| e.to_string())
}

/// What an operator's look ahead takes: everybody's turn, and what the ledger knows, where there is one.
pub fn look(
    config: &Config,
    locales: &Locales,
    (name, at, turn): (&str, Timestamp, Turn),
    known: &Known,
) -> Result<Run, RunError> {
    let ledger =
        config.ledger.exists().then(|| Ledger::open(&config.ledger, Access::Operator).ok()).flatten();
    let rules = rules_of(config, name);
    let so_far = |lens: &Lens| match &ledger {
        Some(ledger) => history(ledger, (name, &rules), lens),
        None => Ok(History::default()),
    };
    let asked = Asked { job: name, at, now: at, turn, known, history: &so_far };
    decide(config, locales, &asked, |_, _| Ok(None))
}

pub(super) fn unreadable(e: StoreError) -> RunError {
    match e {
        e @ (StoreError::Repeated { .. } | StoreError::TooMany) => RunError::Stopped(e.to_string()),
        e => RunError::Broken(e.to_string()),
    }
}

/// Seals documents for one occurrence.
pub(super) struct Sealer<'a> {
    config: &'a Config,
    locales: &'a Locales,
    job: &'a str,
    at: Timestamp,
    now: Timestamp,
    attach: &'a [Attachment],
    pub(super) linking: Option<Linking<'a>>,
    deliveries: Vec<Delivery>,
    failed: Vec<(String, String)>,
    pub(super) entries: Vec<Told>,
}

impl<'a> Sealer<'a> {
    fn of(config: &'a Config, locales: &'a Locales, asked: &Asked<'a>) -> Sealer<'a> {
        let Asked { job, at, now, .. } = *asked;
        let linking = config.actions.as_ref().map(|a| Linking { links: &a.links, job, occurrence: at });
        let (deliveries, failed, entries) = (Vec::new(), Vec::new(), Vec::new());
        Sealer { config, locales, job, at, now, attach: &[], linking, deliveries, failed, entries }
    }

    /// One bad recipient never stops the others. Whether there is a message.
    pub(super) fn seal(&mut self, document: &Document, recipient: &Recipient, channel: &str) -> bool {
        let Some(way) = self.config.channels.get(channel) else { return false };
        let envelope = Envelope {
            job: self.job,
            occurrence: self.at,
            now: self.now,
            recipient,
            channel,
            medium: &way.medium,
            attach: self.attach,
        };
        match seal(document, envelope, &self.config.templates, self.locales) {
            Ok(delivery) => {
                self.deliveries.push(delivery);
                true
            }
            Err(reason) => {
                self.failed.push((recipient.id.clone(), reason));
                false
            }
        }
    }

    /// Keeps what a digest told, where its recipient can act on it.
    pub(super) fn keep(&mut self, digest: &Addressed) {
        let recipient = &digest.recipient;
        if let Some((linking, locale)) = self.linking.zip(self.locales.get(&recipient.language)) {
            self.entries.extend(told::entries(&digest.document, recipient, linking, &locale));
        }
    }
}
