//! What a run knows before it begins, beside the store: figures as they were told, where watches stand; and the
//! word to whoever silenced a watch that the silence is about to end.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::runner::{RunError, unreadable};
use super::{DaemonError, Shared};
use crate::care::greeted::{Greeted, WEEK};
use crate::config::{Config, Job};
use crate::document::{Document, Say, Value};
use crate::domain::watched::{Evaluated, Memory, Silence};
use crate::domain::{Day, Facts, Published, Sketch};
use crate::job::Recipe;
use crate::job::report::TREND;
use crate::job::sample::notice;
use crate::job::seal::{Envelope, Locales, seal};
use crate::job::watch::{Evaluation, Look, WatchSpec};
use crate::ledger::{Access, Ledger, figures, occurrences, operator, suppressions, watches};
use crate::metrics::metric::past::Past;
use crate::outbox::Delivery;
use crate::store::Snapshot;

/// What the ledger knows that a run needs.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// What the job published before.
    pub published: Vec<Published>,
    /// Where the groups of a watch stand, and who has silenced it.
    pub watched: Memory,
    /// Which customers were written to, and which must not be.
    pub greeted: Greeted,
    /// Where more of it is looked up.
    pub recall: Option<Recall>,
}

/// What was published, as a run may look it up.
#[derive(Debug, Clone)]
pub struct Recall {
    ledger: Ledger,
    job: String,
    at: Timestamp,
}

impl Known {
    /// Who a figure was made of when it was published; `None` where that is not known any more. The few that are asked for
    /// are looked up one by one: all of them would be megabytes.
    pub(super) fn sketch(&self, published: &Published) -> Option<Sketch> {
        let Recall { ledger, job, at } = self.recall.clone()?;
        let published = published.clone();
        ledger.run_blocking(move |c| figures::sketch(c, &job, at, &published)).ok().flatten()
    }
}

/// What a job's run of `at` needs to know.
pub fn known(ledger: &Ledger, config: &Config, name: &str, at: Timestamp) -> Result<Known, RunError> {
    let job = name.to_owned();
    let recall = Some(Recall { ledger: ledger.clone(), job: job.clone(), at });
    let (greets, trend) = (greets(config, name), trend(config, name, at));
    let known = ledger.run_blocking(move |c| {
        let greeted = match greets {
            Some((jobs, from, zone)) => suppressions::so_far(c, &jobs, at - from, &zone)?,
            None => Greeted::default(),
        };
        let published = match trend {
            Some(from) => figures::before(c, &job, at, from)?,
            None => Vec::new(),
        };
        Ok(Known { published, watched: watches::memory(c, &job)?, greeted, recall })
    });
    known.map_err(|e| RunError::Broken(e.to_string()))
}

/// Of a report: when the first period of its trend begins. What it told of earlier ones it does not tell again.
pub(super) fn trend(config: &Config, name: &str, at: Timestamp) -> Option<Day> {
    let job = config.jobs.get(name)?;
    let Recipe::Report(spec) = &job.recipe else { return None };
    let period = spec.period.on(Day::of(job.schedule.zone.to_datetime(at).date()));
    period.trail(TREND).first().map(|period| period.start)
}

/// Of a job of greetings: all such jobs, since caps hold over all of them; how far back letters count; the zone of
/// their days.
fn greets(config: &Config, name: &str) -> Option<(Vec<String>, SignedDuration, TimeZone)> {
    let greets = |job: &Job| matches!(job.recipe, Recipe::Greetings(_));
    let job = config.jobs.get(name).filter(|job| greets(job))?;
    let all = config.jobs.iter().filter(|(_, job)| greets(job)).map(|(name, _)| name.clone());
    let back = SignedDuration::from_hours(24 * (i64::from(WEEK) + 1));
    Some((all.collect(), back, job.schedule.zone.clone()))
}

/// The same for an operator's look ahead, where there may be no ledger yet. A watch that is looked at as of
/// before its last evaluation is seen as if it had never been evaluated.
pub fn known_so_far(config: &Config, name: &str, at: Timestamp) -> Known {
    if !config.ledger.exists() {
        return Known::default();
    }
    let ledger = Ledger::open(&config.ledger, Access::Operator);
    let mut known = ledger.ok().and_then(|ledger| known(&ledger, config, name, at).ok()).unwrap_or_default();
    if known.watched.at.is_some_and(|last| last >= at) {
        known.watched = Memory { silences: known.watched.silences, ..Memory::default() };
    }
    known
}

/// What an evaluation of a watch came to.
pub(super) struct Outcome {
    /// What readers hear, if anything.
    pub(super) document: Option<Document>,
    /// What is stored.
    pub(super) leaves: Option<Evaluated>,
    /// What was seen, a line a group.
    pub(super) lines: Vec<String>,
}

/// Evaluates a watch on what was read for its occurrence.
pub(super) fn evaluate(
    (name, at): (&str, Timestamp),
    spec: &WatchSpec,
    (facts, past): (&Facts, Past),
    mut snapshot: Snapshot<'_>,
    known: &Known,
    locales: &Locales,
) -> Result<Outcome, RunError> {
    let look = Look::of(facts, spec, facts.lens.today()).remembering(past);
    let evaluation = Evaluation::of(&look, &known.watched, at);
    let people = snapshot.people(facts, evaluation.wanted()).map_err(unreadable)?;
    // The shop need not wait for what follows.
    drop(snapshot);
    let english =
        &*locales.get("en").ok_or_else(|| RunError::Broken("no languages are loaded".to_owned()))?;
    let document = evaluation.tell(name, &people);
    Ok(Outcome { document, leaves: evaluation.leaves(english), lines: evaluation.lines(english) })
}

/// Tells the authors of silences that end within a day. A message and the note that it was sent are one
/// commit, so each is told once.
pub(super) async fn announce(shared: &std::sync::Arc<Shared>) -> Result<(), DaemonError> {
    let (known, now) = (shared.clone(), shared.clock.now());
    let announced = shared.ledger.run(move |c| {
        let ending = watches::ending(c, now)?;
        for silence in &ending {
            // Who was down for a day has nothing to announce any more.
            if now < silence.until {
                let messages = messages(&known, silence);
                occurrences::notice(c, &messages, now)?;
                let what = format!("announced the end of silence {} to {}", silence.id, silence.author);
                operator::audit(c, "retaind", &what, now)?;
            }
            watches::announced(c, silence.id, now)?;
        }
        Ok(ending.len())
    });
    let announced = announced.await?;
    if announced > 0 {
        tracing::info!(silences = announced, "the end of silences was announced");
    }
    Ok(())
}

/// When the next announcement is wanted.
pub(super) async fn next_wake(shared: &Shared) -> Result<Option<Timestamp>, DaemonError> {
    Ok(shared.ledger.run(watches::next_announcement).await?)
}

/// To the author over all their channels; to ops where the author is no longer among the people.
fn messages(shared: &Shared, silence: &Silence) -> Vec<Delivery> {
    let config = &shared.config;
    let zone = config.jobs.get(&silence.watch).map_or(&config.zone, |job| &job.schedule.zone);
    let group = silence.group.as_ref().map(|group| Say::new("silence.group").with("group", group.as_str()));
    let fill = |say: Say| {
        say.with("watch", silence.watch.as_str())
            .with("group", Value::from(group.clone().map(Value::from)))
            .with("until", Value::Instant(silence.until, zone.clone()))
            .with("reason", silence.reason.as_str())
    };
    let way_on = Say::new("notice.silence.note")
        .with("watch", silence.watch.as_str())
        .with("author", silence.author.as_str());
    let document = notice("notice.silence", fill, vec![way_on]);
    let author = config.people.get(&silence.author);
    let theirs =
        author.iter().flat_map(|person| person.via.iter().map(|via| (&person.recipient, via.as_str())));
    let ops = config.ops.iter().filter(|_| author.is_none()).map(|t| (&t.recipient, t.channel.as_str()));
    let job = format!("silence:{}", silence.id);
    let sealed = theirs.chain(ops).filter_map(|(recipient, channel)| {
        let medium = &config.channels.get(channel)?.medium;
        let occurrence = silence.until - watches::AHEAD;
        let envelope =
            Envelope { job: &job, occurrence, now: occurrence, recipient, channel, medium, attach: &[] };
        let mut delivery = seal(&document, envelope, &config.templates, &shared.locales).ok()?;
        // It is of use until the silence is over, and no longer.
        delivery.expires = silence.until;
        Some(delivery)
    });
    sealed.collect()
}
