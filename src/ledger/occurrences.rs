//! What was planned, what ran, what did not and why.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Result, params};

use super::reminders::{self, Kept};
use super::{acts, deliveries, figures, from_micros, suppressions, to_micros, watches};
use crate::domain::watched::Evaluated;
use crate::domain::{Colleague, Day, Published, Told};
use crate::outbox::{AddressId, Delivery};

/// An occurrence that is planned and not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The job.
    pub job: String,
    /// Its instant: what the run is as of.
    pub at: Timestamp,
    /// Runs that failed so far.
    pub tries: u32,
}

/// What a run decided: everything that is stored in one transaction.
#[derive(Debug, Clone, Default)]
pub struct Decided {
    /// The job.
    pub job: String,
    /// Its instant.
    pub at: Timestamp,
    /// What it read, by relation.
    pub rows: Vec<(&'static str, u64)>,
    /// What is to be sent.
    pub deliveries: Vec<Delivery>,
    /// Recipients who could not be served, each with the reason.
    pub left_out: Vec<(String, String)>,
    /// Figures that are told, to be kept.
    pub published: Vec<Published>,
    /// The first day of the periods that are told again where they change; of earlier ones nobody asks any more.
    pub restated_from: Option<Day>,
    /// Reminders: what became of each.
    pub kept: Kept,
    /// Entries that are told and can be acted on.
    pub entries: Vec<Told>,
    /// Whom they can be handed to; empty where there are no entries.
    pub colleagues: Vec<Colleague>,
    /// What a watch's evaluation leaves behind.
    pub watched: Option<Evaluated>,
    /// Whose addresses letters go to.
    pub letters: Vec<(AddressId, String)>,
}

/// The fingerprint of a job's schedule and up to when it is planned.
pub fn planned_through(c: &Connection, job: &str) -> Result<Option<(String, Timestamp)>> {
    c.query_row("SELECT fingerprint, planned_through FROM schedule WHERE job = ?1", [job], |row| {
        Ok((row.get(0)?, from_micros(row.get(1)?)))
    })
    .optional()
}

/// Moves a job's horizon to `through` and inserts the occurrences before it, in the caller's
/// transaction. `None` for a reason means that it runs. A job that has a horizon for each clock names it.
pub fn advance(
    c: &Connection,
    (job, horizon): (&str, &str),
    fingerprint: &str,
    through: Timestamp,
    due: &[(Timestamp, Option<&'static str>)],
) -> Result<()> {
    c.execute(
        "INSERT INTO schedule (job, fingerprint, planned_through) VALUES (?1, ?2, ?3)
         ON CONFLICT (job) DO UPDATE SET fingerprint = ?2, planned_through = ?3",
        params![horizon, fingerprint, to_micros(through)],
    )?;
    let mut insert = c.prepare_cached(
        "INSERT INTO occurrence (job, at, state, reason, not_before, finished) VALUES (?1, ?2, ?3, ?4, ?2, ?5)
         ON CONFLICT (job, at) DO NOTHING",
    )?;
    for (at, missed) in due {
        let (state, finished) = match missed {
            None => ("planned", None),
            Some(_) => ("missed", Some(to_micros(through))),
        };
        insert.execute(params![job, to_micros(*at), state, missed.unwrap_or(""), finished])?;
    }
    Ok(())
}

/// Plans one occurrence by hand (`retaind fire`). False when it was planned before.
pub fn plan_one(c: &Connection, job: &str, at: Timestamp) -> Result<bool> {
    let inserted = c.execute(
        "INSERT INTO occurrence (job, at, state, not_before) VALUES (?1, ?2, 'planned', ?2)
         ON CONFLICT (job, at) DO NOTHING",
        params![job, to_micros(at)],
    )?;
    Ok(inserted == 1)
}

/// Takes back that an occurrence was given up, stopped or missed, so that an operator can run it.
pub fn reopen(c: &Connection, job: &str, at: Timestamp) -> Result<()> {
    c.execute(
        "UPDATE occurrence SET state = 'planned', finished = NULL
         WHERE job = ?1 AND at = ?2 AND state IN ('failed', 'stopped', 'missed')",
        params![job, to_micros(at)],
    )?;
    Ok(())
}

/// The planned occurrences whose time has come, oldest first.
pub fn waiting(c: &Connection, now: Timestamp, limit: usize) -> Result<Vec<Waiting>> {
    let mut statement = c.prepare_cached(
        "SELECT job, at, tries FROM occurrence WHERE state = 'planned' AND not_before <= ?1
         ORDER BY not_before, at, job LIMIT ?2",
    )?;
    let rows = statement.query_map(params![to_micros(now), limit as i64], |row| {
        Ok(Waiting { job: row.get(0)?, at: from_micros(row.get(1)?), tries: row.get(2)? })
    })?;
    rows.collect()
}

/// When the next planned occurrence wants to run.
pub fn next_waiting(c: &Connection) -> Result<Option<Timestamp>> {
    let at: Option<i64> =
        c.query_row("SELECT min(not_before) FROM occurrence WHERE state = 'planned'", [], |row| row.get(0))?;
    Ok(at.map(from_micros))
}

/// Stores what a run decided. False when the occurrence was done before: then nothing is stored, and a
/// second run of it changes nothing. False, too, when a watch was evaluated by somebody else meanwhile: then
/// the occurrence is still planned.
pub fn commit(c: &Connection, decided: &Decided, now: Timestamp) -> Result<bool> {
    if let Some(watched) = &decided.watched
        && !watches::is_current(c, &decided.job, watched)?
    {
        return Ok(false);
    }
    let done = c.execute(
        "UPDATE occurrence SET state = 'done', finished = ?3, reason = ?4
         WHERE job = ?1 AND at = ?2 AND state = 'planned'",
        params![decided.job, to_micros(decided.at), to_micros(now), outcome(decided)],
    )?;
    if done == 0 {
        return Ok(false);
    }
    for (relation, rows) in &decided.rows {
        c.execute(
            "INSERT INTO row_count (job, at, relation, rows) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
            params![decided.job, to_micros(decided.at), relation, *rows as i64],
        )?;
    }
    for delivery in &decided.deliveries {
        deliveries::insert(c, delivery, now)?;
    }
    figures::keep(c, &decided.job, decided.at, &decided.published)?;
    if let Some(from) = decided.restated_from {
        figures::forget(c, &decided.job, from)?;
    }
    if let Some(watched) = &decided.watched {
        watches::keep(c, &decided.job, decided.at, watched)?;
    }
    suppressions::greet(c, &decided.letters)?;
    acts::keep(c, &decided.job, decided.at, &decided.entries)?;
    if !decided.colleagues.is_empty() {
        acts::keep_colleagues(c, &decided.colleagues)?;
    }
    if !reminders::keep(c, &decided.job, decided.at, &decided.kept)? {
        // Nothing of this piece is stored; the occurrence is still planned and runs again.
        return Err(rusqlite::Error::StatementChangedRows(0));
    }
    Ok(true)
}

/// What a run came to, in words.
fn outcome(decided: &Decided) -> String {
    let messages = match decided.left_out.len() {
        0 => format!("{} messages", decided.deliveries.len()),
        n => format!("{} messages, {n} recipients left out", decided.deliveries.len()),
    };
    match decided.watched.as_ref().map(|watched| watched.said.as_str()) {
        None | Some("") => messages,
        Some(said) => format!("{messages}; {said}"),
    }
}

/// Notes that a run failed: again at `again`, or for good.
pub fn fail(
    c: &Connection,
    waiting: &Waiting,
    reason: &str,
    again: Option<Timestamp>,
    now: Timestamp,
) -> Result<()> {
    match again {
        Some(again) => c.execute(
            "UPDATE occurrence SET tries = tries + 1, reason = ?3, not_before = ?4
             WHERE job = ?1 AND at = ?2 AND state = 'planned'",
            params![waiting.job, to_micros(waiting.at), reason, to_micros(again)],
        )?,
        None => finish(c, waiting, "failed", reason, now)?,
    };
    Ok(())
}

/// Notes that a run was stopped because its input cannot be right.
pub fn stop(c: &Connection, waiting: &Waiting, reason: &str, now: Timestamp) -> Result<()> {
    finish(c, waiting, "stopped", reason, now).map(|_| ())
}

fn finish(c: &Connection, waiting: &Waiting, state: &str, reason: &str, now: Timestamp) -> Result<usize> {
    c.execute(
        "UPDATE occurrence SET state = ?3, reason = ?4, finished = ?5, tries = tries + 1
         WHERE job = ?1 AND at = ?2 AND state = 'planned'",
        params![waiting.job, to_micros(waiting.at), state, reason, to_micros(now)],
    )
}

/// Stores a notice to ops; its key makes a second one for the same trouble impossible.
pub fn notice(c: &Connection, deliveries: &[Delivery], now: Timestamp) -> Result<()> {
    deliveries.iter().try_for_each(|delivery| deliveries::insert(c, delivery, now))
}

/// The median of the rows that the last ten runs of a job read of a relation.
pub fn usual_rows(c: &Connection, job: &str, relation: &str) -> Result<Option<u64>> {
    let mut statement = c.prepare_cached(
        "SELECT rows FROM row_count WHERE job = ?1 AND relation = ?2 ORDER BY at DESC LIMIT 10",
    )?;
    let rows = statement.query_map(params![job, relation], |row| row.get::<_, i64>(0))?;
    let mut rows: Vec<i64> = rows.collect::<Result<_>>()?;
    rows.sort_unstable();
    Ok(rows.get(rows.len() / 2).map(|n| *n as u64))
}

/// The last occurrences, newest first, for people.
pub fn recent(c: &Connection, limit: usize) -> Result<Vec<(String, Timestamp, String, String)>> {
    let mut statement =
        c.prepare("SELECT job, at, state, reason FROM occurrence ORDER BY at DESC, job LIMIT ?1")?;
    let rows = statement.query_map([limit as i64], |row| {
        Ok((row.get(0)?, from_micros(row.get(1)?), row.get(2)?, row.get(3)?))
    })?;
    rows.collect()
}
