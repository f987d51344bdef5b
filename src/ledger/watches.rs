//! What watches remember between evaluations, what they told and withheld, and who has silenced them.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Result, Row, params};

use super::operator::audit;
use super::{from_micros, to_micros};
use crate::domain::Day;
use crate::domain::watched::{Evaluated, Memory, Observed, Phase, Silence, Standing, Watched};

/// How long before the end of a silence its author is told.
pub const AHEAD: SignedDuration = SignedDuration::from_hours(24);

/// What a watch remembers, and the silences of it.
pub fn memory(c: &Connection, job: &str) -> Result<Memory> {
    let last = c
        .prepare_cached("SELECT fingerprint, at FROM watch WHERE job = ?1 ORDER BY at DESC LIMIT 1")?
        .query_row([job], |row| Ok((row.get::<_, String>(0)?, from_micros(row.get(1)?))))
        .optional()?;
    let (fingerprint, at) = last.unzip();
    let mut statement = c.prepare_cached(
        "SELECT grp, phase, streak, earlier, seen_from, seen_to, since_from, since_to, told, said
         FROM watch_group WHERE job = ?1 ORDER BY grp",
    )?;
    let groups = statement.query_map([job], |row| {
        let span = |from: usize| -> Result<Option<Observed>> {
            let (from, to) = (row.get::<_, Option<i32>>(from)?, row.get::<_, Option<i32>>(from + 1)?);
            Ok(from.zip(to).map(|(from, to)| Observed { from: Day(from), to: Day(to) }))
        };
        let standing = Standing {
            phase: Phase::parse(&row.get::<_, String>(1)?).unwrap_or_default(),
            streak: row.get(2)?,
            earlier: row.get(3)?,
            seen: span(4)?,
            since: span(6)?,
            told: row.get::<_, Option<i64>>(8)?.map(from_micros),
        };
        Ok(Watched { group: row.get(0)?, standing, said: row.get(9)? })
    })?;
    let groups = groups.collect::<Result<Vec<_>>>()?;
    let silences = silences(c, Some(job))?;
    Ok(Memory { fingerprint: fingerprint.unwrap_or_default(), at, groups, silences })
}

/// Whether an evaluation still follows the one that it was made after.
pub fn is_current(c: &Connection, job: &str, evaluated: &Evaluated) -> Result<bool> {
    let last: Option<i64> =
        c.query_row("SELECT at FROM watch WHERE job = ?1", [job], |row| row.get(0)).optional()?;
    Ok(last.map(from_micros) == evaluated.after)
}

/// Stores what the evaluation `at` leaves behind, in the transaction of its messages.
pub fn keep(c: &Connection, job: &str, at: Timestamp, evaluated: &Evaluated) -> Result<()> {
    c.execute(
        "INSERT INTO watch (job, fingerprint, at) VALUES (?1, ?2, ?3)
         ON CONFLICT (job) DO UPDATE SET fingerprint = ?2, at = ?3",
        params![job, evaluated.fingerprint, to_micros(at)],
    )?;
    c.execute("DELETE FROM watch_group WHERE job = ?1", [job])?;
    let mut insert = c.prepare_cached(
        "INSERT INTO watch_group
           (job, grp, phase, streak, earlier, seen_from, seen_to, since_from, since_to, told, said)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?;
    for Watched { group, standing: s, said } in &evaluated.groups {
        let (seen, since) = (s.seen, s.since);
        insert.execute(params![
            job,
            group,
            s.phase.name(),
            s.streak,
            s.earlier,
            seen.map(|o| o.from.0),
            seen.map(|o| o.to.0),
            since.map(|o| o.from.0),
            since.map(|o| o.to.0),
            s.told.map(to_micros),
            said
        ])?;
    }
    let mut insert = c.prepare_cached(
        "INSERT INTO watch_turn (job, grp, at, phase, telling, silence, said) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT DO NOTHING",
    )?;
    for turn in &evaluated.turns {
        let telling = turn.telling.map(crate::domain::watched::Telling::name);
        insert.execute(params![
            job,
            turn.group,
            to_micros(at),
            turn.phase.name(),
            telling,
            turn.silence,
            turn.said
        ])?;
    }
    Ok(())
}

/// A turn as it is kept: group, when, phase, what was told or withheld, by which silence, what was said.
pub type Kept = (String, Timestamp, String, Option<String>, Option<i64>, String);

/// What a watch told, withheld and went through, oldest first.
pub fn turns(c: &Connection, job: &str) -> Result<Vec<Kept>> {
    let mut statement = c.prepare(
        "SELECT grp, at, phase, telling, silence, said FROM watch_turn WHERE job = ?1 ORDER BY at, grp",
    )?;
    let rows = statement.query_map([job], |row| {
        Ok((row.get(0)?, from_micros(row.get(1)?), row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
    })?;
    rows.collect()
}

fn silence(row: &Row<'_>) -> Result<Silence> {
    Ok(Silence {
        id: row.get(0)?,
        watch: row.get(1)?,
        group: row.get(2)?,
        author: row.get(3)?,
        reason: row.get(4)?,
        from: from_micros(row.get(5)?),
        until: from_micros(row.get(6)?),
        ended: row.get::<_, Option<i64>>(7)?.map(from_micros),
    })
}

const SILENCE: &str = "SELECT id, watch, grp, author, reason, starts, until, ended FROM silence";

/// The silences of a watch, or all of them, by number.
pub fn silences(c: &Connection, watch: Option<&str>) -> Result<Vec<Silence>> {
    let mut statement = c.prepare_cached(&format!("{SILENCE} WHERE ?1 IS NULL OR watch = ?1 ORDER BY id"))?;
    statement.query_map([watch], silence)?.collect()
}

/// Silences a watch, with a line in the audit. Answers its number.
pub fn silence_watch(c: &Connection, silence: &Silence, who: &str, now: Timestamp) -> Result<i64> {
    c.execute(
        "INSERT INTO silence (watch, grp, author, reason, starts, until) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            silence.watch,
            silence.group,
            silence.author,
            silence.reason,
            to_micros(silence.from),
            to_micros(silence.until)
        ],
    )?;
    let id = c.last_insert_rowid();
    let group = silence.group.as_ref().map(|group| format!(", group {group},")).unwrap_or_default();
    let Silence { watch, author, reason, until, .. } = silence;
    audit(
        c,
        who,
        &format!("silenced {watch}{group} until {until} for {author}: {reason} (silence {id})"),
        now,
    )?;
    Ok(id)
}

/// Ends a silence before its time, with a line in the audit. False where there is none that still lasts.
pub fn end_silence(c: &Connection, id: i64, who: &str, now: Timestamp) -> Result<bool> {
    let ended = c.execute(
        "UPDATE silence SET ended = ?2 WHERE id = ?1 AND ended IS NULL AND until > ?2",
        params![id, to_micros(now)],
    )?;
    if ended == 1 {
        audit(c, who, &format!("ended silence {id}"), now)?;
    }
    Ok(ended == 1)
}

/// When the end of the next silence is to be announced. One that lasts no longer than [`AHEAD`] is not:
/// whoever made it has just said when it ends.
pub fn next_announcement(c: &Connection) -> Result<Option<Timestamp>> {
    let ahead = AHEAD.as_micros() as i64;
    let at: Option<i64> = c.query_row(
        "SELECT min(until - ?1) FROM silence WHERE announced IS NULL AND ended IS NULL AND until - starts > ?1",
        [ahead],
        |row| row.get(0),
    )?;
    Ok(at.map(from_micros))
}

/// The silences whose end is to be announced now.
pub fn ending(c: &Connection, now: Timestamp) -> Result<Vec<Silence>> {
    let ahead = AHEAD.as_micros() as i64;
    let mut statement = c.prepare_cached(&format!(
        "{SILENCE} WHERE announced IS NULL AND ended IS NULL AND until - starts > ?2 AND until - ?2 <= ?1
         ORDER BY id"
    ))?;
    statement.query_map([to_micros(now), ahead], silence)?.collect()
}

/// Notes that the end of a silence was announced; or that it is too late to.
pub fn announced(c: &Connection, id: i64, now: Timestamp) -> Result<()> {
    c.execute("UPDATE silence SET announced = ?2 WHERE id = ?1", params![id, to_micros(now)]).map(|_| ())
}
