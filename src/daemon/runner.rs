//! One run of one occurrence: read, look whether the input can be right, compute, compose, seal.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::watching::{self, Known};
use super::{Shared, freshness};
use crate::config::{Config, Job, Target};
use crate::document::Document;
use crate::domain::facts::{Facts, Fault};
use crate::domain::recipient::Calendar;
use crate::domain::{Published, Recipient, Rep};
use crate::job::reminders::Due;
use crate::job::report::{Behind, Story};
use crate::job::seal::{Envelope, Locales, seal};
use crate::job::{Attachment, Recipe, ReportSpec};
use crate::ledger::Ledger;
use crate::ledger::occurrences::{self, Decided};
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
pub fn run(shared: &Shared, name: &str, at: Timestamp, rows: Rows) -> Result<Run, RunError> {
    let check = |facts: &Facts, snapshot: &Snapshot<'_>| {
        let behind = freshness::check(shared, name, at, facts, snapshot)?;
        if rows == Rows::Checked {
            check_rows(&shared.ledger, name, facts)?;
            check_faults(facts)?;
        }
        Ok(behind)
    };
    let known = watching::known(&shared.ledger, name, at)?;
    let mut run = decide(&shared.config, &shared.locales, name, at, &known, check)?;
    let now = shared.clock.now();
    for delivery in &mut run.decided.deliveries {
        // A message lives from when it is decided on: one of an old occurrence is as good as new.
        let life = delivery.expires.duration_since(delivery.not_before);
        delivery.expires = delivery.not_before.max(now) + life;
    }
    Ok(run)
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
        let bad: u64 = [Fault::Unreadable, Fault::Missing, Fault::NoCustomer]
            .iter()
            .filter_map(|fault| facts.rejected.get(&(*relation, *fault)))
            .map(|(n, _)| *n)
            .sum();
        if *rows >= 20 && bad * BAD_SHARE > *rows {
            let first = facts
                .rejected
                .iter()
                .find(|((r, _), _)| r == relation)
                .and_then(|(_, (_, list))| list.first());
            let example = first.map_or(String::new(), |r| format!(", such as {} ({})", r.id, r.reason));
            return Err(RunError::Stopped(format!(
                "{bad} of {rows} rows of `{relation}` cannot be read{example}"
            )));
        }
    }
    Ok(())
}

/// Reads what a job needs as of `at`, computes, composes and seals. What was read must pass `check`.
pub fn decide(
    config: &Config,
    locales: &Locales,
    name: &str,
    at: Timestamp,
    known: &Known,
    check: impl FnOnce(&Facts, &Snapshot<'_>) -> Result<Option<Behind>, RunError>,
) -> Result<Run, RunError> {
    let job = config.jobs.get(name).ok_or_else(|| RunError::Broken(format!("no job `{name}`")))?;
    let lens = config.store.lens(at, job.schedule.zone.clone());
    let mut store = config.store.open().map_err(unreadable)?;
    let mut snapshot = store.snapshot().map_err(unreadable)?;
    let facts = snapshot.read(job.recipe.needs(&lens), lens).map_err(unreadable)?;
    let behind = check(&facts, &snapshot)?;
    let mut sealer =
        Sealer { config, locales, job: name, at, attach: &[], deliveries: Vec::new(), failed: Vec::new() };
    let (mut told, mut watched, mut seen) = (Vec::new(), None, Vec::new());
    match &job.recipe {
        Recipe::Report(spec) => {
            sealer.attach = &spec.attach;
            let documents = tell(job, spec, &facts, &snapshot, (&known.published, behind), &mut told)?;
            // The shop need not wait for what follows.
            drop(snapshot);
            for target in &job.to {
                if let Some(document) = documents.get(&target.team_of) {
                    sealer.seal(document, &target.recipient, &target.channel);
                }
            }
        }
        Recipe::Watch(spec) => {
            let told_of = watching::evaluate((name, at), spec, &facts, snapshot, known, locales)?;
            if let Some(document) = told_of.document {
                job.to.iter().for_each(|target| sealer.seal(&document, &target.recipient, &target.channel));
            }
            (watched, seen) = (told_of.leaves, told_of.lines);
        }
        Recipe::Reminders(spec) => {
            let mut nobody: Vec<Recipient> = job.to.iter().map(|target| target.recipient.clone()).collect();
            nobody.dedup_by(|a, b| a.id == b.id);
            let due = Due::of(&facts, spec);
            let people = snapshot.people(&facts, due.wanted()).map_err(unreadable)?;
            let contacts = snapshot.contacts(&facts, &due.shown()).map_err(unreadable)?;
            drop(snapshot);
            for digest in due.tell(&people, &contacts, |rep| recipient_of(config, rep), &nobody) {
                for channel in ways_of(config, name, &digest.recipient, &job.to) {
                    sealer.seal(&digest.document, &digest.recipient, &channel);
                }
            }
        }
    }
    let Sealer { deliveries, failed, .. } = sealer;
    let rows = facts.rows.iter().map(|(relation, n)| (*relation, *n)).collect();
    let (job, left_out) = (name.to_owned(), failed);
    let decided = Decided { job, at, rows, deliveries, left_out, published: told, watched };
    Ok(Run { decided, seen })
}

/// The report's documents by whose customers they are about; what they publish is added to `told`.
fn tell<'j>(
    job: &'j Job,
    spec: &ReportSpec,
    facts: &Facts,
    snapshot: &Snapshot<'_>,
    (published, behind): (&[Published], Option<Behind>),
    told: &mut Vec<Published>,
) -> Result<BTreeMap<&'j Option<String>, Document>, RunError> {
    let scopes: BTreeSet<&Option<String>> = job.to.iter().map(|target| &target.team_of).collect();
    let mut documents = BTreeMap::new();
    for scope in scopes {
        let mut story = match scope {
            None => Story::of(facts, spec),
            Some(lead) => Story::of_team(facts, spec, lead),
        };
        let lead = scope.as_deref().unwrap_or_default();
        story.behind(behind);
        story.restate(lead, published);
        told.extend(story.published(lead));
        told.extend(story.republished(lead));
        let people = snapshot.people(facts, story.wanted()).map_err(unreadable)?;
        documents.insert(scope, story.tell(people));
    }
    Ok(documents)
}

pub(super) fn unreadable(e: StoreError) -> RunError {
    match e {
        e @ (StoreError::Repeated { .. } | StoreError::TooMany) => RunError::Stopped(e.to_string()),
        e => RunError::Broken(e.to_string()),
    }
}

struct Sealer<'a> {
    config: &'a Config,
    locales: &'a Locales,
    job: &'a str,
    at: Timestamp,
    attach: &'a [Attachment],
    deliveries: Vec<Delivery>,
    failed: Vec<(String, String)>,
}

impl Sealer<'_> {
    /// One bad recipient never stops the others.
    fn seal(&mut self, document: &Document, recipient: &Recipient, channel: &str) {
        let Some(way) = self.config.channels.get(channel) else { return };
        let envelope = Envelope {
            job: self.job,
            occurrence: self.at,
            recipient,
            channel,
            medium: &way.medium,
            attach: self.attach,
        };
        match seal(document, envelope, &self.config.templates, self.locales) {
            Ok(delivery) => self.deliveries.push(delivery),
            Err(reason) => self.failed.push((recipient.id.clone(), reason)),
        }
    }
}

/// A rep as a recipient: as the configuration knows them, or as the store does.
fn recipient_of(config: &Config, rep: &Rep) -> Recipient {
    if let Some(person) = config.people.values().find(|p| p.rep.as_deref() == Some(&rep.id)) {
        return person.recipient.clone();
    }
    let zone = rep.time_zone.as_deref().and_then(|name| jiff::tz::TimeZone::get(name).ok());
    Recipient {
        id: format!("rep:{}", rep.id),
        name: rep.name.clone(),
        email: rep.email.clone(),
        language: rep.language.clone().unwrap_or_else(|| config.language.clone()),
        zone: zone.unwrap_or_else(|| config.zone.clone()),
        calendar: Calendar::default(),
    }
}

/// The channels a digest goes over: the person's own, the target's, or those the job names for reps.
fn ways_of(config: &Config, job: &str, recipient: &Recipient, to: &[Target]) -> Vec<String> {
    if let Some(person) = config.people.get(&recipient.id) {
        return person.via.clone();
    }
    let named: Vec<String> =
        to.iter().filter(|t| t.recipient.id == recipient.id).map(|t| t.channel.clone()).collect();
    let of_job = || config.jobs.get(job).map(|job| job.via.clone()).unwrap_or_default();
    if named.is_empty() { of_job() } else { named }
}
