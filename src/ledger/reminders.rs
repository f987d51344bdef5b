//! Since when rules are on, what was told to whom, what waits to be told, what lasts since when.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, Result, params};

use super::{appointments, from_micros, suppressions, to_micros};
use crate::care::History;
use crate::care::appointments::Appointed;
use crate::care::history::{Fate, Lasting, On, Reminder, Told};
use crate::domain::Day;
use crate::outbox::DeliveryKey;

/// What a run of reminders decided, as it is kept.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    /// The rules it looked at.
    pub rules: Vec<String>,
    /// What became of each reminder.
    pub reminders: Vec<Reminder>,
    /// What lasts: of the rules that tell so, all of it.
    pub lasting: Vec<Lasting>,
    /// What is new in calendars, or has changed there.
    pub appointed: Vec<Appointed>,
}

/// A message that will not be sent and has not left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untold {
    /// The job.
    pub job: String,
    /// Its occurrence.
    pub at: Timestamp,
    /// Who was to be told.
    pub recipient: String,
    /// The same message over any channel: one of them is enough.
    pub keys: Vec<DeliveryKey>,
    /// Those of them that are mails, which carry what is for calendars.
    pub mails: Vec<DeliveryKey>,
    /// Why it never can be sent; `None` where it was only too late.
    pub never: Option<String>,
    /// Where it was to go.
    pub address: String,
}

/// How long after a message turned out to be too late what was in it is looked at again.
const AGAIN: SignedDuration = SignedDuration::from_mins(1);

/// Notes which rules there are: one that is new or has changed is on from now, one that is gone is forgotten.
/// The rules that start now.
pub fn switch(c: &Connection, rules: &BTreeMap<String, String>, now: Timestamp) -> Result<Vec<String>> {
    let mut known = BTreeMap::new();
    let mut statement = c.prepare_cached("SELECT rule, fingerprint FROM rule")?;
    for row in statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))? {
        let (rule, fingerprint) = row?;
        known.insert(rule, fingerprint);
    }
    let gone = known.keys().filter(|rule| !rules.contains_key(*rule));
    let changed: Vec<&String> =
        rules.iter().filter(|(rule, is)| known.get(*rule) != Some(is)).map(|(rule, _)| rule).collect();
    for rule in gone.chain(changed.iter().copied()) {
        c.execute("DELETE FROM rule WHERE rule = ?1", [rule])?;
        c.execute("DELETE FROM lasting WHERE rule = ?1", [rule])?;
    }
    for rule in &changed {
        c.execute(
            "INSERT INTO rule (rule, fingerprint, since) VALUES (?1, ?2, ?3)",
            params![rule, rules.get(*rule), to_micros(now)],
        )?;
    }
    Ok(changed.into_iter().cloned().collect())
}

/// Lets a rule tell what fell due before it was switched on. False, where there is no such rule.
pub fn include_backlog(c: &Connection, rule: &str) -> Result<bool> {
    let changed = c.execute("UPDATE rule SET since = 0 WHERE rule = ?1", [rule])?;
    Ok(changed == 1)
}

/// What has become of the cases of some rules: what was told of days from `from` on, and whatever waits.
/// People's acts are not here.
pub fn history(c: &Connection, rules: &[String], from: Day, zone: &TimeZone) -> Result<History> {
    let mut history = History::default();
    let names = serde_json::json!(rules).to_string();
    let mut on = c.prepare_cached(
        "SELECT rule, since, looked FROM rule WHERE rule IN (SELECT value FROM json_each(?1))",
    )?;
    let mut rows = on.query([&names])?;
    while let Some(row) = rows.next()? {
        let since = Day::of(zone.to_datetime(from_micros(row.get(1)?)).date());
        let looked = row.get::<_, Option<i64>>(2)?.is_some();
        history.rules.insert(row.get(0)?, On { since, looked });
    }
    // Each through an index of its own.
    for (condition, waits) in
        [("due >= ?2 AND state = 'told'", false), ("?2 = ?2 AND state = 'waiting'", true)]
    {
        let sql = format!(
            "SELECT rule, subject, due, recipient, release FROM reminder
             WHERE {condition} AND rule IN (SELECT value FROM json_each(?1))"
        );
        let mut told = c.prepare_cached(&sql)?;
        let mut rows = told.query(params![names, from.0])?;
        while let Some(row) = rows.next()? {
            let release = row.get::<_, Option<i64>>(4)?.map(from_micros);
            let told =
                Told { due: Day(row.get(2)?), recipient: row.get(3)?, waits: release.filter(|_| waits) };
            history.told.entry((row.get(0)?, row.get(1)?)).or_default().push(told);
        }
    }
    let mut lasting = c.prepare_cached(
        "SELECT rule, subject, since FROM lasting WHERE rule IN (SELECT value FROM json_each(?1))",
    )?;
    let mut rows = lasting.query([&names])?;
    while let Some(row) = rows.next()? {
        history.lasting.insert((row.get(0)?, row.get(1)?), Day(row.get(2)?));
    }
    Ok(history)
}

/// Adds which digests recipients were told since an instant, and what waits for them.
pub fn digests(c: &Connection, since: Timestamp, history: &mut History) -> Result<()> {
    let mut told = c.prepare_cached("SELECT recipient, job, at FROM digest WHERE at >= ?1")?;
    let mut rows = told.query([to_micros(since)])?;
    while let Some(row) = rows.next()? {
        history.digests.entry(row.get(0)?).or_default().push((row.get(1)?, from_micros(row.get(2)?)));
    }
    let mut waiting = c.prepare_cached(
        "SELECT recipient, job, min(release) FROM reminder WHERE state = 'waiting' GROUP BY recipient, job",
    )?;
    let mut rows = waiting.query([])?;
    while let Some(row) = rows.next()? {
        history.waiting.entry(row.get(0)?).or_default().push((row.get(1)?, from_micros(row.get(2)?)));
    }
    Ok(())
}

/// Stores what the occurrence `at` of a job decided, in the caller's transaction. False, where another run has
/// told the same meanwhile: then nothing of this one may stay.
pub fn keep(c: &Connection, job: &str, at: Timestamp, kept: &Kept) -> Result<bool> {
    let mut insert = c.prepare_cached(
        "INSERT INTO reminder (rule, subject, due, recipient, about, state, reason, job, at, release)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT (rule, subject, due, recipient) DO UPDATE
         SET state = ?6, reason = ?7, job = ?8, at = ?9, release = ?10 WHERE state <> 'told'",
    )?;
    let mut supersede = c.prepare_cached(
        "UPDATE reminder SET state = 'dropped', reason = 'told as of a later day', release = NULL
         WHERE rule = ?1 AND subject = ?2 AND recipient = ?3 AND due < ?4 AND state = 'waiting'",
    )?;
    for reminder in &kept.reminders {
        let (state, reason, release) = match reminder.fate {
            Fate::Told => ("told", "", None),
            Fate::Waits(release) => ("waiting", "", Some(to_micros(release))),
            Fate::Resolved => ("dropped", "no longer due when it could be told", None),
            Fate::Withheld(why) => ("dropped", why, None),
        };
        let stored = insert.execute(params![
            reminder.rule,
            reminder.subject,
            reminder.due.0,
            reminder.recipient,
            reminder.about,
            state,
            reason,
            job,
            to_micros(at),
            release
        ])?;
        if stored == 0 {
            return Ok(false);
        }
        if reminder.fate != Fate::Resolved {
            supersede.execute(params![
                reminder.rule,
                reminder.subject,
                reminder.recipient,
                reminder.due.0
            ])?;
        }
    }
    if !appointments::keep(c, job, at, &kept.appointed)? {
        return Ok(false);
    }
    note_digests(c, job, at, kept)?;
    for rule in &kept.rules {
        c.prepare_cached("DELETE FROM lasting WHERE rule = ?1")?.execute([rule])?;
        c.prepare_cached("UPDATE rule SET looked = ?2 WHERE rule = ?1 AND looked IS NULL")?
            .execute(params![rule, to_micros(at)])?;
    }
    let mut lasts = c.prepare_cached(
        "INSERT INTO lasting (rule, subject, since) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
    )?;
    for lasting in &kept.lasting {
        lasts.execute(params![lasting.rule, lasting.subject, lasting.since.0])?;
    }
    Ok(true)
}

fn note_digests(c: &Connection, job: &str, at: Timestamp, kept: &Kept) -> Result<()> {
    let told = kept.reminders.iter().filter(|reminder| reminder.fate == Fate::Told);
    let recipients: BTreeSet<&String> = told.map(|reminder| &reminder.recipient).collect();
    let mut digest = c.prepare_cached(
        "INSERT INTO digest (at, job, recipient) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
    )?;
    for recipient in recipients {
        digest.execute(params![to_micros(at), job, recipient])?;
    }
    Ok(())
}

/// The instants, up to `until`, at which what waits of each job may be told.
pub fn releases(c: &Connection, until: Timestamp) -> Result<Vec<(String, Timestamp)>> {
    let mut statement = c.prepare_cached(
        "SELECT DISTINCT job, release FROM reminder WHERE state = 'waiting' AND release <= ?1 ORDER BY release",
    )?;
    let rows = statement.query_map([to_micros(until)], |row| Ok((row.get(0)?, from_micros(row.get(1)?))))?;
    rows.collect()
}

/// When something that waits may be told next.
pub fn next_release(c: &Connection, after: Timestamp) -> Result<Option<Timestamp>> {
    let sql = "SELECT min(release) FROM reminder WHERE state = 'waiting' AND release > ?1";
    let at: Option<i64> = c.prepare_cached(sql)?.query_row([to_micros(after)], |row| row.get(0))?;
    Ok(at.map(from_micros))
}

/// What was in a message that will not be sent is not told: it is looked at again, or a row says why not.
pub(super) fn untell(c: &Connection, untold: &Untold, now: Timestamp) -> Result<()> {
    let mut alive = c.prepare_cached("SELECT 1 FROM delivery WHERE key = ?1 AND status <> 'dead'")?;
    if let Some(reason) = &untold.never {
        suppressions::refused(c, &untold.address, reason, now)?;
    }
    let Untold { job, at, recipient, never, .. } = untold;
    let mut any_alive = |keys: &[DeliveryKey]| {
        keys.iter().try_fold(false, |any, key| Ok::<_, rusqlite::Error>(any || alive.exists([key.as_str()])?))
    };
    if !any_alive(&untold.mails)? {
        appointments::take_back(c, job, *at, recipient)?;
    }
    if any_alive(&untold.keys)? {
        return Ok(());
    }
    c.prepare_cached("DELETE FROM digest WHERE at = ?1 AND job = ?2 AND recipient = ?3")?
        .execute(params![to_micros(*at), job, recipient])?;
    match never {
        None => reopen(c, job, *at, recipient, now + AGAIN)?,
        Some(reason) => drop_told(c, job, *at, recipient, reason)?,
    };
    Ok(())
}

/// A digest that did not leave in time: what it told waits again, and is looked at again at `release`.
fn reopen(c: &Connection, job: &str, at: Timestamp, recipient: &str, release: Timestamp) -> Result<usize> {
    c.prepare_cached(
        "UPDATE reminder SET state = 'waiting', release = ?4 WHERE job = ?1 AND at = ?2 AND recipient = ?3
         AND state = 'told'",
    )?
    .execute(params![job, to_micros(at), recipient, to_micros(release)])
}

/// A digest that can never be sent: what it told was not told, and the row says why.
fn drop_told(c: &Connection, job: &str, at: Timestamp, recipient: &str, reason: &str) -> Result<usize> {
    c.prepare_cached(
        "UPDATE reminder SET state = 'dropped', reason = ?4 WHERE job = ?1 AND at = ?2 AND recipient = ?3
         AND state = 'told'",
    )?
    .execute(params![job, to_micros(at), recipient, format!("its message could not be sent: {reason}")])
}

/// What became of a case, newest first: recipient, the day it fell due, state, reason, when that was decided.
pub type FateRow = (String, Day, String, String, Timestamp);

/// What became of a customer's cases of a rule, newest first.
pub fn fates(c: &Connection, rule: &str, about: &str) -> Result<Vec<FateRow>> {
    let mut statement = c.prepare_cached(
        "SELECT recipient, due, state, reason, at FROM reminder WHERE rule = ?1 AND about = ?2 ORDER BY due DESC",
    )?;
    let rows = statement.query_map([rule, about], |row| {
        Ok((row.get(0)?, Day(row.get(1)?), row.get(2)?, row.get(3)?, from_micros(row.get(4)?)))
    })?;
    rows.collect()
}
