//! The outbox in the ledger: claim, mark, record.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{CachedStatement, Connection, OptionalExtension as _, Result, Row, params};
use serde_json::Value as Json;

use super::reminders::{self, Untold};
use super::{from_micros, to_micros};
use crate::outbox::{Delivery, DeliveryKey, Phase, Sealed, State, Status};

/// How long a claim holds. Longer than the longest time a channel may take over a message (10 MiB of body
/// and ten minutes for the last answer are three quarters of an hour).
pub const LEASE: SignedDuration = SignedDuration::from_hours(2);

/// What waits longer than this is a backlog; then half of the places go to what came due last, so that a
/// new message need not wait for all of it.
const BACKLOG: SignedDuration = SignedDuration::from_secs(30);

/// A delivery in a daemon's hands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// Its row.
    pub id: i64,
    /// What is to be sent.
    pub delivery: Delivery,
    /// Where it stood.
    pub state: State,
    /// Rises by one with every claim, so it is the attempt's number, too; a stale owner's word no longer
    /// counts.
    pub fence: u32,
    /// When it was claimed.
    pub started: Timestamp,
}

impl Claimed {
    /// How long its body is.
    pub fn bytes(&self) -> usize {
        self.delivery.payload.stored().len()
    }
}

/// What may be claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// Over which channel.
    pub channel: String,
    /// How many messages.
    pub messages: usize,
    /// How many bytes of bodies; the one that goes beyond is the last.
    pub bytes: usize,
    /// Whether an odd place goes to the newest.
    pub newest_first: bool,
    /// As how far they are marked: [`Phase::Committing`] where nothing precedes the bytes that cannot be
    /// taken back.
    pub phase: Phase,
}

/// How an attempt ended, as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The delivery's row.
    pub id: i64,
    /// Under which claim.
    pub fence: u32,
    /// When the attempt began.
    pub started: Timestamp,
    /// How far it got.
    pub phase: Phase,
    /// What was answered.
    pub answer: String,
    /// Where the delivery stands now.
    pub state: State,
    /// What becomes of the reminders in it, where it will not be sent.
    pub untold: Option<Untold>,
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

const SELECT: &str = "SELECT id, key, job, occurrence, recipient, channel, address, subject,
    coalesce(payload, x''), checksum, not_before, expires, status, attempts, ambiguous, crashes, reason, created,
    finished, fence, phase, lease_until FROM delivery LEFT JOIN body ON body.delivery = delivery.id";

fn listed(row: &Row<'_>) -> Result<Listed> {
    let not_before = from_micros(row.get(10)?);
    Ok(Listed {
        id: row.get(0)?,
        delivery: Delivery {
            key: DeliveryKey::from_stored(row.get_ref(1)?.as_str()?),
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
            status: Status::parse(row.get_ref(12)?.as_str()?).unwrap_or(Status::Held),
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
    let inserted = c
        .prepare_cached(
            "INSERT INTO delivery (key, job, occurrence, recipient, channel, address, subject, checksum,
               created, not_before, expires, status)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'pending') ON CONFLICT (key) DO NOTHING",
        )?
        .execute(params![
            delivery.key.as_str(),
            delivery.job,
            to_micros(delivery.occurrence),
            delivery.recipient,
            delivery.channel,
            delivery.address,
            delivery.subject,
            delivery.payload.checksum(),
            to_micros(now),
            to_micros(delivery.not_before),
            to_micros(delivery.expires),
        ])?;
    if inserted == 1 {
        c.prepare_cached("INSERT INTO body (delivery, payload) VALUES (?1, ?2)")?
            .execute(params![c.last_insert_rowid(), delivery.payload.stored()])?;
    }
    Ok(())
}

/// Takes due deliveries, oldest first; of a backlog the newest in turn with the oldest.
pub fn claim(c: &Connection, places: &Places, now: Timestamp) -> Result<Vec<Claimed>> {
    let mut taken = Vec::new();
    if oldest(c, &places.channel)?.is_some_and(|due| due < now - BACKLOG) {
        let newest = places.messages.midpoint(usize::from(places.newest_first));
        take(c, places, now, "DESC", newest, &mut taken)?;
    }
    take(c, places, now, "ASC", places.messages - taken.len(), &mut taken)?;
    Ok(taken)
}

fn take(
    c: &Connection,
    places: &Places,
    now: Timestamp,
    order: &str,
    limit: usize,
    taken: &mut Vec<Claimed>,
) -> Result<()> {
    let sql = format!(
        "{SELECT} WHERE status IN ('pending', 'uncertain') AND channel = ?1 AND not_before <= ?2
         ORDER BY not_before {order}, id {order} LIMIT ?3"
    );
    let before = taken.len();
    {
        let mut bytes: usize = taken.iter().map(|t| t.delivery.payload.stored().len()).sum();
        let mut statement = c.prepare_cached(&sql)?;
        let mut rows = statement.query(params![places.channel, to_micros(now), limit as i64])?;
        while bytes < places.bytes
            && let Some(row) = rows.next()?
        {
            let Listed { id, delivery, state, .. } = listed(row)?;
            bytes += delivery.payload.stored().len();
            taken.push(Claimed { id, delivery, state, fence: row.get::<_, u32>(19)? + 1, started: now });
        }
    }
    let ids: Vec<i64> = taken[before..].iter().map(|claimed| claimed.id).collect();
    if ids.is_empty() {
        return Ok(());
    }
    c.prepare_cached(
        "UPDATE delivery SET status = 'claimed', phase = ?2, lease_until = ?3, fence = fence + 1
         WHERE id IN (SELECT value FROM json_each(?1))",
    )?
    .execute(params![Json::from(ids).to_string(), places.phase.name(), to_micros(now + LEASE)])?;
    Ok(())
}

/// When the delivery that waits longest over a channel came, or comes, due.
pub fn oldest(c: &Connection, channel: &str) -> Result<Option<Timestamp>> {
    let at: Option<i64> = c
        .prepare_cached(
            "SELECT not_before FROM delivery WHERE status IN ('pending', 'uncertain') AND channel = ?1
             ORDER BY not_before, id LIMIT 1",
        )?
        .query_row([channel], |row| row.get(0))
        .optional()?;
    Ok(at.map(from_micros))
}

/// Marks that the bytes which cannot be taken back go now. False when the claim is no longer ours: then
/// they must not go.
pub fn mark_committing(c: &Connection, id: i64, fence: u32) -> Result<bool> {
    let marked = c
        .prepare_cached(
            "UPDATE delivery SET phase = 'committing' WHERE id = ?1 AND fence = ?2 AND status = 'claimed'",
        )?
        .execute(params![id, fence])?;
    Ok(marked == 1)
}

/// Records how attempts ended and where their deliveries stand now. False for each whose claim is no longer
/// ours; its attempt's row still says what was answered.
pub fn record<'o>(
    c: &Connection,
    outcomes: impl IntoIterator<Item = &'o Outcome>,
    now: Timestamp,
) -> Result<Vec<bool>> {
    // A claim that lapsed and was taken back has its row already.
    let mut attempt = c.prepare_cached(
        "INSERT INTO attempt (delivery, number, started, ended, phase, answer) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (delivery, number) DO UPDATE SET ended = ?4, phase = ?5, answer = ?6",
    )?;
    let mut move_on = c.prepare_cached(UPDATE)?;
    let record = |outcome: &Outcome| {
        attempt.execute(params![
            outcome.id,
            outcome.fence,
            to_micros(outcome.started),
            to_micros(now),
            outcome.phase.name(),
            outcome.answer
        ])?;
        let is_ours = update(&mut move_on, outcome.id, Some(outcome.fence), &outcome.state, now)?;
        if let Some(untold) = outcome.untold.as_ref().filter(|_| is_ours) {
            reminders::untell(c, untold, now)?;
        }
        Ok(is_ours)
    };
    outcomes.into_iter().map(record).collect()
}

const UPDATE: &str =
    "UPDATE delivery SET status = ?2, not_before = ?3, attempts = ?4, ambiguous = ?5, crashes = ?6,
       reason = ?7, finished = ?8, lease_until = NULL
     WHERE id = ?1 AND (?9 IS NULL OR (fence = ?9 AND status = 'claimed'))";

/// By [`UPDATE`]; whether there was something to change.
fn update(
    statement: &mut CachedStatement<'_>,
    id: i64,
    fence: Option<u32>,
    state: &State,
    now: Timestamp,
) -> Result<bool> {
    let finished = matches!(state.status, Status::Sent | Status::Dead).then(|| to_micros(now));
    let changed = statement.execute(params![
        id,
        state.status.name(),
        to_micros(state.not_before),
        state.attempts,
        state.ambiguous,
        state.crashes,
        state.reason,
        finished,
        fence
    ])?;
    Ok(changed == 1)
}

/// Gives back a claim that was not used: it waits again where it stood.
pub fn give_back(c: &Connection, claimed: &Claimed, now: Timestamp) -> Result<()> {
    update(&mut c.prepare_cached(UPDATE)?, claimed.id, Some(claimed.fence), &claimed.state, now).map(|_| ())
}

/// The deliveries whose claim nobody holds: at a start all that are claimed, since the lock proves that
/// their daemon is gone (`lapsed` is `None`); later those whose lease ended before `lapsed`. Their
/// attempts get their rows, without an end.
pub fn orphans(c: &Connection, lapsed: Option<Timestamp>) -> Result<Vec<(Listed, Phase)>> {
    let sql = format!("{SELECT} WHERE status = 'claimed' AND (?1 IS NULL OR lease_until < ?1) ORDER BY id");
    let mut statement = c.prepare(&sql)?;
    let rows = statement.query_map([lapsed.map(to_micros)], |row| {
        let claimed: i64 = row.get::<_, Option<i64>>(21)?.unwrap_or_default();
        let started = from_micros(claimed).checked_sub(LEASE).unwrap_or(Timestamp::UNIX_EPOCH);
        Ok((listed(row)?, Phase::parse(row.get_ref(20)?.as_str()?), row.get::<_, u32>(19)?, started))
    })?;
    let found: Vec<(Listed, Phase, u32, Timestamp)> = rows.collect::<Result<_>>()?;
    for (listed, phase, fence, started) in &found {
        c.execute(
            "INSERT INTO attempt (delivery, number, started, phase) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (delivery, number) DO UPDATE SET phase = ?4",
            params![listed.id, fence, to_micros(*started), phase.name()],
        )?;
    }
    Ok(found.into_iter().map(|(listed, phase, ..)| (listed, phase)).collect())
}

/// Up to `limit` waiting deliveries whose channel is none of the known ones.
pub fn waiting_elsewhere(c: &Connection, known: &[String], limit: usize) -> Result<Vec<Listed>> {
    // From one channel to the next through the index, not from one delivery to the next.
    let mut next = c.prepare_cached(
        "SELECT channel FROM delivery WHERE status IN ('pending', 'uncertain') AND channel > ?1
         ORDER BY channel LIMIT 1",
    )?;
    let mut channel = String::new();
    while let Some(found) = next.query_row([&channel], |row| row.get::<_, String>(0)).optional()? {
        if !known.contains(&found) {
            let sql = format!(
                "{SELECT} WHERE status IN ('pending', 'uncertain') AND channel = ?1 ORDER BY not_before, id LIMIT ?2"
            );
            let mut statement = c.prepare_cached(&sql)?;
            return statement.query_map(params![found, limit as i64], listed)?.collect();
        }
        channel = found;
    }
    Ok(Vec::new())
}

/// Stores a new state outside an attempt: rescue, or an operator's word.
pub fn restate(c: &Connection, id: i64, state: &State, now: Timestamp) -> Result<()> {
    update(&mut c.prepare_cached(UPDATE)?, id, None, state, now).map(|_| ())
}

/// Deliveries by status, newest first.
pub fn list(c: &Connection, status: Option<Status>, limit: usize) -> Result<Vec<Listed>> {
    // The status is written out, so that an index of such deliveries alone can be used.
    let of = status.map_or_else(String::new, |status| format!("WHERE status = '{}'", status.name()));
    let mut statement = c.prepare(&format!("{SELECT} {of} ORDER BY id DESC LIMIT ?1"))?;
    let rows = statement.query_map([limit as i64], listed)?;
    rows.collect()
}

/// How many there are of each status.
pub fn tally(c: &Connection) -> Result<Vec<(String, i64)>> {
    // Each is counted in an index of its own kind; what was sent is most of all, and is what is left.
    let count = |condition: &str| {
        c.query_row(&format!("SELECT count(*) FROM delivery {condition}"), [], |row| row.get::<_, i64>(0))
    };
    let of = |status: &str| count(&format!("WHERE status = '{status}'"));
    let (claimed, dead, held, uncertain) = (of("claimed")?, of("dead")?, of("held")?, of("uncertain")?);
    let pending = count("WHERE status IN ('pending', 'uncertain')")? - uncertain;
    let sent = count("")? - claimed - dead - held - pending - uncertain;
    let all = [
        ("claimed", claimed),
        ("dead", dead),
        ("held", held),
        ("pending", pending),
        ("sent", sent),
        ("uncertain", uncertain),
    ];
    Ok(all.into_iter().filter(|(_, n)| *n > 0).map(|(status, n)| (status.to_owned(), n)).collect())
}

/// One delivery.
pub fn get(c: &Connection, id: i64) -> Result<Option<Listed>> {
    c.query_row(&format!("{SELECT} WHERE id = ?1"), [id], listed).optional()
}

/// An attempt's number, start, end, phase and answer.
pub type AttemptRow = (u32, Timestamp, Option<Timestamp>, String, Option<String>);

/// The attempts of one delivery that ended, or whose daemon did.
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

/// Removes the bodies of up to `limit` messages sent longer than `keep` ago; how many there were. What is
/// not kept cannot leak.
pub fn purge(c: &Connection, now: Timestamp, keep: SignedDuration, limit: usize) -> Result<usize> {
    let mut old = c.prepare_cached(
        "SELECT id FROM delivery WHERE status = 'sent' AND checksum <> 'purged' AND finished < ?1
         ORDER BY finished LIMIT ?2",
    )?;
    let rows = old.query_map(params![to_micros(now - keep), limit as i64], |row| row.get(0))?;
    let ids: Vec<i64> = rows.collect::<Result<_>>()?;
    for id in &ids {
        c.prepare_cached("DELETE FROM body WHERE delivery = ?1")?.execute([id])?;
        c.prepare_cached("UPDATE delivery SET checksum = 'purged' WHERE id = ?1")?.execute([id])?;
    }
    Ok(ids.len())
}
