//! The outbox in the ledger: claim, mark, record.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Result, Row, params};

use super::{from_micros, to_micros};
use crate::outbox::{Delivery, DeliveryKey, Phase, Sealed, State, Status};

/// How long a claim holds without news. Longer than the longest time a channel may take over a message
/// (10 MiB of body and ten minutes for the last answer are three quarters of an hour).
pub const LEASE: SignedDuration = SignedDuration::from_hours(2);

/// A delivery in a daemon's hands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// Its row.
    pub id: i64,
    /// What is to be sent.
    pub delivery: Delivery,
    /// Where it stood.
    pub state: State,
    /// Rises with every claim; a stale owner's word no longer counts.
    pub fence: i64,
    /// The number of this attempt.
    pub number: u32,
}

/// A delivery as operators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its row.
    pub id: i64,
    /// What it is.
    pub delivery: Delivery,
    /// Where it stands.
    pub state: State,
    /// When it was decided on.
    pub created: Timestamp,
    /// When it was finished.
    pub finished: Option<Timestamp>,
}

const COLUMNS: &str = "id, key, job, occurrence, recipient, channel, address, subject, payload, checksum, \
    not_before, expires, status, attempts, ambiguous, crashes, reason, created, finished, fence";

fn listed(row: &Row<'_>) -> Result<Listed> {
    let status: String = row.get(12)?;
    let not_before = from_micros(row.get(10)?);
    Ok(Listed {
        id: row.get(0)?,
        delivery: Delivery {
            key: DeliveryKey::from_stored(&row.get::<_, String>(1)?),
            job: row.get(2)?,
            occurrence: from_micros(row.get(3)?),
            recipient: row.get(4)?,
            channel: row.get(5)?,
            address: row.get(6)?,
            subject: row.get(7)?,
            payload: Sealed::from_stored(row.get(8)?, row.get(9)?),
            not_before,
            expires: from_micros(row.get(11)?),
        },
        state: State {
            status: Status::parse(&status).unwrap_or(Status::Held),
            not_before,
            attempts: row.get(13)?,
            ambiguous: row.get(14)?,
            crashes: row.get(15)?,
            reason: row.get(16)?,
        },
        created: from_micros(row.get(17)?),
        finished: row.get::<_, Option<i64>>(18)?.map(from_micros),
    })
}

/// Stores a new delivery. A key that is there already is the same message: nothing happens.
pub fn insert(c: &Connection, delivery: &Delivery, now: Timestamp) -> Result<()> {
    let mut statement = c.prepare_cached(
        "INSERT INTO delivery (key, job, occurrence, recipient, channel, address, subject, payload, checksum,
           created, not_before, expires, status)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 'pending') ON CONFLICT (key) DO NOTHING",
    )?;
    statement.execute(params![
        delivery.key.as_str(),
        delivery.job,
        to_micros(delivery.occurrence),
        delivery.recipient,
        delivery.channel,
        delivery.address,
        delivery.subject,
        delivery.payload.stored(),
        delivery.payload.checksum(),
        to_micros(now),
        to_micros(delivery.not_before),
        to_micros(delivery.expires),
    ])?;
    Ok(())
}

/// Takes up to `limit` due deliveries of `channel`, oldest first, and opens an attempt for each.
pub fn claim(
    c: &Connection,
    channel: &str,
    now: Timestamp,
    limit: usize,
    owner: &str,
) -> Result<Vec<Claimed>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM delivery WHERE status IN ('pending', 'uncertain') AND not_before <= ?1
         AND channel = ?2 ORDER BY not_before, id LIMIT ?3"
    );
    let mut statement = c.prepare_cached(&sql)?;
    let rows = statement.query_map(params![to_micros(now), channel, limit as i64], |row| {
        Ok((listed(row)?, row.get::<_, i64>(19)?))
    })?;
    let due: Vec<(Listed, i64)> = rows.collect::<Result<_>>()?;
    let mut taken = Vec::with_capacity(due.len());
    for (listed, fence) in due {
        c.prepare_cached(
            "UPDATE delivery SET status = 'claimed', phase = 'pre', owner = ?2, lease_until = ?3, fence = ?4
             WHERE id = ?1",
        )?
        .execute(params![listed.id, owner, to_micros(now + LEASE), fence + 1])?;
        let number: u32 = c
            .prepare_cached("SELECT coalesce(max(number), 0) + 1 FROM attempt WHERE delivery = ?1")?
            .query_row([listed.id], |row| row.get(0))?;
        c.prepare_cached("INSERT INTO attempt (delivery, number, started) VALUES (?1, ?2, ?3)")?
            .execute(params![listed.id, number, to_micros(now)])?;
        let Listed { id, delivery, state, .. } = listed;
        taken.push(Claimed { id, delivery, state, fence: fence + 1, number });
    }
    Ok(taken)
}

/// Marks that the bytes which cannot be taken back go now. False when the claim is no longer ours: then
/// they must not go.
pub fn mark_committing(c: &Connection, id: i64, fence: i64, number: u32, now: Timestamp) -> Result<bool> {
    let marked = c
        .prepare_cached(
            "UPDATE delivery SET phase = 'committing', lease_until = ?3
             WHERE id = ?1 AND fence = ?2 AND status = 'claimed'",
        )?
        .execute(params![id, fence, to_micros(now + LEASE)])?;
    c.prepare_cached("UPDATE attempt SET phase = 'committing' WHERE delivery = ?1 AND number = ?2")?
        .execute(params![id, number])?;
    Ok(marked == 1)
}

/// Records how an attempt ended and where the delivery stands now. False when the claim is no longer
/// ours; the attempt's row still says what was answered.
pub fn record(
    c: &Connection,
    claimed: &Claimed,
    state: &State,
    answer: &str,
    now: Timestamp,
) -> Result<bool> {
    c.prepare_cached("UPDATE attempt SET ended = ?3, answer = ?4 WHERE delivery = ?1 AND number = ?2")?
        .execute(params![claimed.id, claimed.number, to_micros(now), answer])?;
    let recorded = update(c, claimed.id, Some(claimed.fence), state, now)?;
    Ok(recorded == 1)
}

fn update(c: &Connection, id: i64, fence: Option<i64>, state: &State, now: Timestamp) -> Result<usize> {
    let finished = matches!(state.status, Status::Sent | Status::Dead).then(|| to_micros(now));
    c.prepare_cached(
        "UPDATE delivery SET status = ?2, not_before = ?3, attempts = ?4, ambiguous = ?5, crashes = ?6,
           reason = ?7, finished = ?8, owner = NULL, lease_until = NULL
         WHERE id = ?1 AND (?9 IS NULL OR (fence = ?9 AND status = 'claimed'))",
    )?
    .execute(params![
        id,
        state.status.name(),
        to_micros(state.not_before),
        state.attempts,
        state.ambiguous,
        state.crashes,
        state.reason,
        finished,
        fence
    ])
}

/// The deliveries whose claim nobody holds: at a start all that are claimed, since the lock proves that
/// their daemon is gone (`lapsed` is `None`); later those whose lease ended before `lapsed`.
pub fn orphans(c: &Connection, lapsed: Option<Timestamp>) -> Result<Vec<(Listed, Phase)>> {
    let sql = format!(
        "SELECT {COLUMNS}, phase FROM delivery WHERE status = 'claimed' AND (?1 IS NULL OR lease_until < ?1)
         ORDER BY id"
    );
    let mut statement = c.prepare(&sql)?;
    let rows = statement.query_map([lapsed.map(to_micros)], |row| {
        let phase: String = row.get(20)?;
        let phase = if phase == "committing" { Phase::Committing } else { Phase::Pre };
        Ok((listed(row)?, phase))
    })?;
    rows.collect()
}

/// Waiting deliveries whose channel is none of the known ones.
pub fn waiting_elsewhere(c: &Connection, known: &[String]) -> Result<Vec<Listed>> {
    let sql = format!("SELECT {COLUMNS} FROM delivery WHERE status IN ('pending', 'uncertain') ORDER BY id");
    let mut statement = c.prepare(&sql)?;
    let mut elsewhere = Vec::new();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let channel: String = row.get(5)?;
        if !known.contains(&channel) {
            elsewhere.push(listed(row)?);
        }
    }
    Ok(elsewhere)
}

/// Stores a new state outside an attempt: rescue, or an operator's word.
pub fn restate(c: &Connection, id: i64, state: &State, now: Timestamp) -> Result<()> {
    update(c, id, None, state, now).map(|_| ())
}

/// When the next delivery wants to leave, by channel.
pub fn next_due(c: &Connection) -> Result<Vec<(String, Timestamp)>> {
    let mut statement = c.prepare_cached(
        "SELECT channel, min(not_before) FROM delivery WHERE status IN ('pending', 'uncertain') GROUP BY channel",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, from_micros(row.get(1)?))))?;
    rows.collect()
}

/// Deliveries by status, newest first.
pub fn list(c: &Connection, status: Option<Status>, limit: usize) -> Result<Vec<Listed>> {
    let sql =
        format!("SELECT {COLUMNS} FROM delivery WHERE ?1 IS NULL OR status = ?1 ORDER BY id DESC LIMIT ?2");
    let mut statement = c.prepare(&sql)?;
    let rows = statement.query_map(params![status.map(Status::name), limit as i64], listed)?;
    rows.collect()
}

/// How many there are of each status.
pub fn tally(c: &Connection) -> Result<Vec<(String, i64)>> {
    let mut statement = c.prepare("SELECT status, count(*) FROM delivery GROUP BY status ORDER BY status")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

/// One delivery.
pub fn get(c: &Connection, id: i64) -> Result<Option<Listed>> {
    let sql = format!("SELECT {COLUMNS} FROM delivery WHERE id = ?1");
    c.query_row(&sql, [id], listed).optional()
}

/// An attempt's number, start, end, phase and answer.
pub type AttemptRow = (u32, Timestamp, Option<Timestamp>, String, Option<String>);

/// The attempts of one delivery.
pub fn attempts(c: &Connection, id: i64) -> Result<Vec<AttemptRow>> {
    let mut statement = c.prepare(
        "SELECT number, started, ended, phase, answer FROM attempt WHERE delivery = ?1 ORDER BY number",
    )?;
    let rows = statement.query_map([id], |row| {
        let ended: Option<i64> = row.get(2)?;
        Ok((row.get(0)?, from_micros(row.get(1)?), ended.map(from_micros), row.get(3)?, row.get(4)?))
    })?;
    rows.collect()
}

/// Empties the bodies of messages sent longer than `keep` ago. What is not kept cannot leak.
pub fn purge(c: &Connection, now: Timestamp, keep: SignedDuration) -> Result<usize> {
    c.execute(
        "UPDATE delivery SET payload = x'', checksum = 'purged' WHERE status = 'sent' AND finished < ?1
         AND checksum <> 'purged'",
        [to_micros(now - keep)],
    )
}
