//! What is forgotten, in pieces that hold nobody up.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, Result, params};

use super::{acts, appointments, deliveries, figures, to_micros};
use crate::domain::Day;

/// How long it is known what was told: longer than any rule looks back.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 800);

/// Empties bodies of messages that were sent longer than `bodies` ago, entries whose links have expired, and forgets
/// what was told of reminders and watches, and who figures were made of, years ago; of each at most `limit` rows. Whether
/// there may be more.
pub fn purge(c: &Connection, now: Timestamp, bodies: SignedDuration, limit: usize) -> Result<bool> {
    let pieces = [
        deliveries::purge(c, now, bodies, limit)?,
        acts::purge(c, now, limit)?,
        reminders(c, now, limit)?,
        turns(c, now, limit)?,
        digests(c, now, limit)?,
        appointments::purge(c, now, limit)?,
        figures::purge(c, now - KEPT, limit)?,
    ];
    Ok(pieces.contains(&limit))
}

fn reminders(c: &Connection, now: Timestamp, limit: usize) -> Result<usize> {
    let first = Day::of(TimeZone::UTC.to_datetime(now - KEPT).date());
    c.prepare_cached(
        "DELETE FROM reminder WHERE (rule, subject, due, recipient) IN (
           SELECT rule, subject, due, recipient FROM reminder WHERE due < ?1 AND state <> 'waiting'
           ORDER BY due LIMIT ?2)",
    )?
    .execute(params![first.0, limit as i64])
}

fn turns(c: &Connection, now: Timestamp, limit: usize) -> Result<usize> {
    c.prepare_cached(
        "DELETE FROM watch_turn WHERE (job, grp, at) IN (
           SELECT job, grp, at FROM watch_turn WHERE at < ?1 LIMIT ?2)",
    )?
    .execute(params![to_micros(now - KEPT), limit as i64])
}

fn digests(c: &Connection, now: Timestamp, limit: usize) -> Result<usize> {
    c.prepare_cached(
        "DELETE FROM digest WHERE (at, job, recipient) IN (
           SELECT at, job, recipient FROM digest WHERE at < ?1 LIMIT ?2)",
    )?
    .execute(params![to_micros(now - KEPT), limit as i64])
}

#[cfg(test)]
mod tests {
    use super::super::{Access, Ledger};
    use super::*;

    #[test]
    fn what_was_told_years_ago_is_forgotten_in_pieces_and_what_waits_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(&folder.path().join("ledger.db"), Access::Daemon).unwrap();
        let now: Timestamp = "2026-11-02T11:00:00Z".parse().unwrap();
        let today = Day::of(TimeZone::UTC.to_datetime(now).date());
        let left = ledger.run_blocking(move |c| {
            for (n, (ago, state)) in
                [(799, "told"), (801, "told"), (802, "dropped"), (900, "waiting"), (903, "told")]
                    .iter()
                    .enumerate()
            {
                c.execute(
                    "INSERT INTO reminder (rule, subject, due, recipient, about, state, reason, job, at)
                     VALUES ('r', ?1, ?2, 'ana', '1', ?3, '', 'j', 0)",
                    params![n.to_string(), today.0 - ago, state],
                )?;
                c.execute(
                    "INSERT INTO watch_turn (job, grp, at, phase, said) VALUES ('w', ?1, ?2, 'ok', '')",
                    params![n.to_string(), to_micros(now - SignedDuration::from_hours(24 * i64::from(*ago)))],
                )?;
            }
            let week = SignedDuration::from_hours(24 * 7);
            let mut pieces = 0;
            while purge(c, now, week, 2)? {
                pieces += 1;
            }
            let list = |sql: &str| c.query_row(sql, [], |row| row.get::<_, String>(0));
            Ok((
                pieces,
                list("SELECT group_concat(subject) FROM (SELECT subject FROM reminder ORDER BY subject)")?,
                list("SELECT group_concat(grp) FROM watch_turn")?,
            ))
        });
        assert_eq!(left.unwrap(), (2, "0,3".to_owned(), "0".to_owned()));
    }
}
