//! What digests put into their readers' calendars. A row is added for each change, so that a message that never left
//! can be taken back as if it had not been.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, Result, Row, params};

use super::{from_micros, to_micros};
use crate::care::appointments::Appointed;
use crate::domain::{Day, When};

/// How long something in a calendar is known that nothing changed: longer than a follow-up stays open.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 400);

/// What is in calendars by some rules, as it was told last, by recipient.
pub fn read(c: &Connection, rules: &[String]) -> Result<BTreeMap<String, Vec<Appointed>>> {
    // Beside max() SQLite takes the other columns from the row that has it.
    let mut statement = c.prepare_cached(
        "SELECT uid, max(sequence), recipient, rule, matter, customer, day, moment, cancelled, at FROM appointment
         WHERE rule IN (SELECT value FROM json_each(?1)) GROUP BY uid",
    )?;
    let rows = statement.query_map([serde_json::json!(rules).to_string()], appointed)?;
    let mut all: BTreeMap<String, Vec<Appointed>> = BTreeMap::new();
    for row in rows {
        let row = row?;
        all.entry(row.recipient.clone()).or_default().push(row);
    }
    Ok(all)
}

fn appointed(row: &Row<'_>) -> Result<Appointed> {
    let moment = row.get::<_, Option<i64>>(7)?.map(|micros| When::Instant(from_micros(micros)));
    let at = match (moment, row.get::<_, Option<i32>>(6)?) {
        (Some(moment), _) => moment,
        (None, day) => When::Day(Day(day.unwrap_or_default())),
    };
    Ok(Appointed {
        uid: row.get(0)?,
        sequence: row.get(1)?,
        recipient: row.get(2)?,
        rule: row.get(3)?,
        matter: row.get(4)?,
        customer: row.get(5)?,
        at,
        cancelled: row.get(8)?,
        since: from_micros(row.get(9)?),
    })
}

/// Keeps what the digests of the occurrence `at` of a job changed, in the caller's transaction. False, where another
/// run has told the same meanwhile.
pub(super) fn keep(c: &Connection, job: &str, at: Timestamp, changed: &[Appointed]) -> Result<bool> {
    let mut insert = c.prepare_cached(
        "INSERT INTO appointment (uid, sequence, recipient, rule, matter, customer, day, moment, cancelled, job, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT DO NOTHING",
    )?;
    for row in changed {
        let (day, moment) = match row.at {
            When::Day(day) => (Some(day.0), None),
            When::Instant(at) => (None, Some(to_micros(at))),
        };
        let stored = insert.execute(params![
            row.uid,
            row.sequence,
            row.recipient,
            row.rule,
            row.matter,
            row.customer,
            day,
            moment,
            row.cancelled,
            job,
            to_micros(at)
        ])?;
        if stored == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What a digest that did not leave would have changed, it has not.
pub(super) fn take_back(c: &Connection, job: &str, at: Timestamp, recipient: &str) -> Result<()> {
    c.prepare_cached("DELETE FROM appointment WHERE job = ?1 AND at = ?2 AND recipient = ?3")?
        .execute(params![job, to_micros(at), recipient])
        .map(|_| ())
}

/// Forgets what has not changed for long, of up to `limit` rows. How many there were.
pub(super) fn purge(c: &Connection, now: Timestamp, limit: usize) -> Result<usize> {
    c.prepare_cached(
        "DELETE FROM appointment WHERE (uid, sequence) IN (
           SELECT uid, sequence FROM appointment AS old WHERE at < ?1 AND NOT EXISTS (
             SELECT 1 FROM appointment AS later WHERE later.uid = old.uid AND later.at >= ?1)
           ORDER BY at LIMIT ?2)",
    )?
    .execute(params![to_micros(now - KEPT), limit as i64])
}

#[cfg(test)]
mod tests {
    use super::super::{Access, Ledger};
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn row(uid: &str, sequence: u32, when: When, since: Timestamp) -> Appointed {
        Appointed {
            uid: uid.to_owned(),
            rule: "promised".to_owned(),
            matter: "f1".to_owned(),
            recipient: "ana".to_owned(),
            customer: "7".to_owned(),
            sequence,
            at: when,
            cancelled: sequence > 1,
            since,
        }
    }

    #[test]
    fn the_last_change_holds_can_be_taken_back_and_is_forgotten_with_all_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(&folder.path().join("ledger.db"), Access::Daemon).unwrap();
        let days = ["2026-06-01T08:00:00Z", "2026-06-02T08:00:00Z", "2026-06-03T08:00:00Z"].map(at);
        let of_day = row("a", 0, When::Day(Day(20_605)), days[0]);
        let moved = row("a", 1, When::Instant(at("2026-06-09T12:30:00Z")), days[1]);
        let over = row("a", 2, When::Day(Day(20_613)), days[2]);
        let other = row("b", 0, When::Day(Day(20_605)), days[0]);
        let rows = [of_day.clone(), moved.clone(), over.clone(), other.clone()];
        let seen = ledger.run_blocking(move |c| {
            let rules = ["promised".to_owned()];
            let all =
                |c: &Connection| Ok::<_, rusqlite::Error>(read(c, &rules)?.remove("ana").unwrap_or_default());
            let mut seen = Vec::new();
            for row in &rows {
                assert!(keep(c, "reps", row.since, std::slice::from_ref(row))?);
            }
            assert!(!keep(c, "reps", days[1], &rows[1..2])?, "another run has told it");
            assert!(read(c, &["renewals".to_owned()])?.is_empty());
            seen.push(all(c)?);
            take_back(c, "reps", days[2], "ana")?;
            seen.push(all(c)?);
            take_back(c, "other", days[1], "ana")?;
            let later = days[0] + KEPT + SignedDuration::from_secs(1);
            assert_eq!(purge(c, later, 10)?, 1, "what changed on the second day is known with its past");
            seen.push(all(c)?);
            assert_eq!(purge(c, later + SignedDuration::from_hours(24), 1)?, 1);
            assert_eq!(purge(c, later + SignedDuration::from_hours(24), 10)?, 1);
            seen.push(all(c)?);
            Ok(seen)
        });
        let wanted = [vec![over, other.clone()], vec![moved.clone(), other], vec![moved], vec![]];
        assert_eq!(seen.unwrap(), wanted);
    }
}
