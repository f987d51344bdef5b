//! Entries as they were told, and what their recipients did with them.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Result, Row, params};
use serde_json::{Value as Json, json};

use super::{from_micros, to_micros};
use crate::domain::act::Shown;
use crate::domain::{Act, Acted, Colleague, Day, EntryId, Reason, Told};

/// Most acts on one entry: whoever holds a link may change their mind, and not fill the disk.
pub const ACTS_MAX: usize = 40;

/// An entry with its job, its occurrence, and what was done with it so far, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The job that told it.
    pub job: String,
    /// The occurrence it is of.
    pub at: Timestamp,
    /// What was told.
    pub told: Told,
    /// What was done, and when.
    pub acts: Vec<(Act, Timestamp)>,
}

/// What became of an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is stored, as the entry's act of this number, from 1.
    New(usize),
    /// The same was done last; nothing changed.
    Before(Timestamp),
    /// There are [`ACTS_MAX`] already; nothing changed.
    Full,
}

/// An act as operators list it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The entry.
    pub entry: EntryId,
    /// The job that told the entry.
    pub job: String,
    /// The occurrence that told it.
    pub occurrence: Timestamp,
    /// Who acted.
    pub recipient: String,
    /// On whose entry.
    pub customer: String,
    /// Why it had been told.
    pub reasons: Vec<Reason>,
    /// What was done.
    pub act: Act,
    /// When.
    pub at: Timestamp,
}

/// Keeps what the occurrence `at` of a job told. What is kept already stays as it is.
pub fn keep(c: &Connection, job: &str, at: Timestamp, told: &[Told]) -> Result<()> {
    let mut insert = c.prepare_cached(
        "INSERT INTO entry (id, job, at, recipient, customer, language, zone, reasons, shown, expires)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (id) DO NOTHING",
    )?;
    for told in told {
        let reasons = told
            .reasons
            .iter()
            .map(|reason| json!({ "rule": reason.rule, "subject": reason.subject, "due": reason.due.0 }));
        let shown = told.shown.as_ref();
        let shown = shown.map(|s| json!({ "customer": s.customer, "reasons": s.reasons }).to_string());
        insert.execute(params![
            told.id.0,
            job,
            to_micros(at),
            told.recipient,
            told.customer,
            told.language,
            told.zone,
            reasons.collect::<Json>().to_string(),
            shown,
            to_micros(told.expires),
        ])?;
    }
    Ok(())
}

/// Keeps whom entries can be handed to, in place of those before.
pub fn keep_colleagues(c: &Connection, colleagues: &[Colleague]) -> Result<()> {
    c.execute("DELETE FROM colleague", [])?;
    let mut insert =
        c.prepare_cached("INSERT OR REPLACE INTO colleague (id, rep, name) VALUES (?1, ?2, ?3)")?;
    colleagues.iter().try_for_each(|who| insert.execute(params![who.id, who.rep, who.name]).map(|_| ()))
}

/// Whom entries can be handed to, by name.
pub fn colleagues(c: &Connection) -> Result<Vec<Colleague>> {
    let mut statement = c.prepare_cached("SELECT name, id, rep FROM colleague ORDER BY name, id")?;
    let rows = statement
        .query_map([], |row| Ok(Colleague { name: row.get(0)?, id: row.get(1)?, rep: row.get(2)? }))?;
    rows.collect()
}

/// An entry with its acts.
pub fn find(c: &Connection, id: EntryId) -> Result<Option<Found>> {
    let mut statement = c.prepare_cached(
        "SELECT job, at, recipient, customer, language, zone, reasons, shown, expires FROM entry WHERE id = ?1",
    )?;
    let found = statement.query_row([id.0], |row| {
        let shown: Option<String> = row.get(7)?;
        let told = Told {
            id,
            recipient: row.get(2)?,
            customer: row.get(3)?,
            language: row.get(4)?,
            zone: row.get(5)?,
            reasons: reasons(row.get_ref(6)?.as_str()?),
            shown: shown.map(|text| read_shown(&text)),
            expires: from_micros(row.get(8)?),
        };
        Ok(Found { job: row.get(0)?, at: from_micros(row.get(1)?), told, acts: Vec::new() })
    });
    let Some(mut found) = found.optional()? else { return Ok(None) };
    let mut statement =
        c.prepare_cached("SELECT what, until, whom, at FROM act WHERE entry = ?1 ORDER BY id")?;
    let rows = statement.query_map([id.0], |row| Ok((act(row, 0)?, from_micros(row.get(3)?))))?;
    found.acts = rows.collect::<Result<_>>()?;
    Ok(Some(found))
}

/// Does something with an entry. The same as the last time changes nothing.
pub fn act_on(c: &Connection, found: &Found, act: &Act, now: Timestamp) -> Result<Outcome> {
    if let Some((_, at)) = found.acts.last().filter(|(last, _)| last == act) {
        return Ok(Outcome::Before(*at));
    }
    if found.acts.len() >= ACTS_MAX {
        return Ok(Outcome::Full);
    }
    c.prepare_cached("INSERT INTO act (entry, at, what, until, whom) VALUES (?1, ?2, ?3, ?4, ?5)")?.execute(
        params![found.told.id.0, to_micros(now), act.name(), act.until().map(|day| day.0), act.whom()],
    )?;
    Ok(Outcome::New(found.acts.len() + 1))
}

/// All acts since an instant, oldest first, one for each reason of their entries: for the evaluation of
/// what is due. Of several on one reason the last one holds.
pub fn since(c: &Connection, at: Timestamp) -> Result<Vec<Acted>> {
    let mut statement = c.prepare_cached(&format!("{SELECT} WHERE act.at >= ?1 ORDER BY act.at, act.id"))?;
    let rows = statement.query_map([to_micros(at)], listed)?;
    let mut acts = Vec::new();
    for row in rows {
        let Listed { recipient, customer, reasons, act, at, .. } = row?;
        acts.extend(reasons.into_iter().map(|Reason { rule, subject, .. }| Acted {
            recipient: recipient.clone(),
            customer: customer.clone(),
            rule,
            subject,
            act: act.clone(),
            at,
        }));
    }
    Ok(acts)
}

/// The last acts, newest first, of everybody or of one recipient.
pub fn list(c: &Connection, recipient: Option<&str>, limit: usize) -> Result<Vec<Listed>> {
    let mut statement = c.prepare(&format!(
        "{SELECT} WHERE ?1 IS NULL OR entry.recipient = ?1 ORDER BY act.id DESC LIMIT ?2"
    ))?;
    let rows = statement.query_map(params![recipient, limit as i64], listed)?;
    rows.collect()
}

/// Removes what is not needed once links have expired, of up to `limit` entries: what the page showed, and
/// whole entries that nobody acted on. How many there were.
pub fn purge(c: &Connection, now: Timestamp, limit: usize) -> Result<usize> {
    let removed = c
        .prepare_cached(
            "DELETE FROM entry WHERE id IN (SELECT id FROM entry WHERE shown IS NOT NULL AND expires <= ?1
               AND NOT EXISTS (SELECT 1 FROM act WHERE act.entry = entry.id) ORDER BY expires LIMIT ?2)",
        )?
        .execute(params![to_micros(now), limit as i64])?;
    let emptied = c
        .prepare_cached(
            "UPDATE entry SET shown = NULL WHERE id IN (SELECT id FROM entry WHERE shown IS NOT NULL
               AND expires <= ?1 ORDER BY expires LIMIT ?2)",
        )?
        .execute(params![to_micros(now), limit.saturating_sub(removed) as i64])?;
    Ok(removed + emptied)
}

const SELECT: &str =
    "SELECT act.entry, act.what, act.until, act.whom, act.at, job, entry.at, recipient, customer,
    reasons FROM act JOIN entry ON entry.id = act.entry";

fn listed(row: &Row<'_>) -> Result<Listed> {
    Ok(Listed {
        entry: EntryId(row.get(0)?),
        act: act(row, 1)?,
        at: from_micros(row.get(4)?),
        job: row.get(5)?,
        occurrence: from_micros(row.get(6)?),
        recipient: row.get(7)?,
        customer: row.get(8)?,
        reasons: reasons(row.get_ref(9)?.as_str()?),
    })
}

/// An act from its three columns, of which `first` is the first.
fn act(row: &Row<'_>, first: usize) -> Result<Act> {
    let until: Option<i32> = row.get(first + 1)?;
    let act = Act::from_parts(row.get_ref(first)?.as_str()?, until.map(Day), row.get(first + 2)?);
    act.ok_or(rusqlite::Error::InvalidColumnType(first, "what".to_owned(), rusqlite::types::Type::Text))
}

fn reasons(text: &str) -> Vec<Reason> {
    let all: Json = serde_json::from_str(text).unwrap_or_default();
    let reason = |json: &Json| {
        Some(Reason {
            rule: json["rule"].as_str()?.to_owned(),
            subject: json["subject"].as_str()?.to_owned(),
            due: Day(i32::try_from(json["due"].as_i64()?).ok()?),
        })
    };
    all.as_array().into_iter().flatten().filter_map(reason).collect()
}

fn read_shown(text: &str) -> Shown {
    let json: Json = serde_json::from_str(text).unwrap_or_default();
    let text = |json: &Json| json.as_str().unwrap_or_default().to_owned();
    Shown {
        customer: text(&json["customer"]),
        reasons: json["reasons"].as_array().into_iter().flatten().map(text).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn told(customer: &str, subjects: &[&str]) -> Told {
        let reason = |subject: &&str| Reason {
            rule: "follow_up".to_owned(),
            subject: (*subject).to_owned(),
            due: Day(20_759),
        };
        Told {
            id: EntryId::of("reps", at("2026-11-02T11:00:00Z"), "ana", customer),
            recipient: "ana".to_owned(),
            customer: customer.to_owned(),
            language: "en".to_owned(),
            zone: "America/Sao_Paulo".to_owned(),
            reasons: subjects.iter().map(reason).collect(),
            shown: Some(Shown {
                customer: "“Casa” <Verde>".to_owned(),
                reasons: vec!["due today".to_owned()],
            }),
            expires: at("2026-11-16T11:00:00Z"),
        }
    }

    fn ledger() -> Connection {
        let mut c = Connection::open_in_memory().unwrap();
        super::super::schema::migrate(&mut c).unwrap();
        keep(&c, "reps", at("2026-11-02T11:00:00Z"), &[told("7", &["a", "b"]), told("8", &["c"])]).unwrap();
        c
    }

    fn act_at(c: &Connection, customer: &str, act: &Act, now: &str) -> Outcome {
        let found = find(c, told(customer, &[]).id).unwrap().unwrap();
        act_on(c, &found, act, at(now)).unwrap()
    }

    #[test]
    fn an_entry_comes_back_as_it_was_told_and_telling_it_again_changes_nothing() {
        let c = ledger();
        let seven = told("7", &["a", "b"]);
        keep(&c, "reps", at("2026-11-02T11:00:00Z"), &[Told { reasons: vec![], ..seven.clone() }]).unwrap();
        let found = find(&c, seven.id).unwrap().unwrap();
        assert_eq!((found.told, found.job.as_str()), (seven, "reps"));
        assert_eq!((found.at, found.acts), (at("2026-11-02T11:00:00Z"), vec![]));
        assert_eq!(find(&c, EntryId([0; 16])).unwrap(), None);
    }

    #[test]
    fn the_same_again_changes_nothing_and_says_when_it_was_done() {
        let c = ledger();
        let (first, later) = ("2026-11-02T12:12:00Z", "2026-11-02T13:00:00Z");
        assert_eq!(act_at(&c, "7", &Act::Done, first), Outcome::New(1));
        assert_eq!(act_at(&c, "7", &Act::Done, later), Outcome::Before(at(first)));
        assert_eq!(act_at(&c, "7", &Act::Snooze(Day(20_762)), later), Outcome::New(2));
        assert_eq!(act_at(&c, "7", &Act::Snooze(Day(20_763)), later), Outcome::New(3), "another day");
        assert_eq!(act_at(&c, "7", &Act::Done, later), Outcome::New(4), "a mind changed back");
        assert_eq!(list(&c, None, 10).unwrap().len(), 4);
        assert_eq!(list(&c, Some("bo"), 10).unwrap().len(), 0);
    }

    #[test]
    fn one_entry_takes_so_many_acts_and_no_more() {
        let c = ledger();
        for n in 0..ACTS_MAX {
            let act = Act::Snooze(Day(n as i32));
            assert_eq!(act_at(&c, "7", &act, "2026-11-02T12:12:00Z"), Outcome::New(n + 1));
        }
        assert_eq!(act_at(&c, "7", &Act::Done, "2026-11-02T12:12:00Z"), Outcome::Full);
        assert_eq!(act_at(&c, "8", &Act::Done, "2026-11-02T12:12:00Z"), Outcome::New(1));
    }

    #[test]
    fn acts_are_told_by_reason_in_their_order_from_an_instant_on() {
        let c = ledger();
        act_at(&c, "7", &Act::Done, "2026-11-02T12:00:00Z");
        act_at(&c, "8", &Act::HandOver("bo".to_owned()), "2026-11-02T12:30:00Z");
        act_at(&c, "7", &Act::Snooze(Day(20_762)), "2026-11-02T13:00:00Z");
        let brief = |from: &str| {
            let acts = since(&c, at(from)).unwrap().into_iter();
            acts.map(|a| (a.customer, a.rule, a.subject, a.act)).collect::<Vec<_>>()
        };
        let row = |customer: &str, subject: &str, act: Act| {
            (customer.to_owned(), "follow_up".to_owned(), subject.to_owned(), act)
        };
        let all = [
            row("7", "a", Act::Done),
            row("7", "b", Act::Done),
            row("8", "c", Act::HandOver("bo".to_owned())),
            row("7", "a", Act::Snooze(Day(20_762))),
            row("7", "b", Act::Snooze(Day(20_762))),
        ];
        assert_eq!(brief("2026-11-01T00:00:00Z"), all);
        assert_eq!(brief("2026-11-02T12:30:00Z"), all[2..], "from that instant on");
        assert_eq!(brief("2026-11-02T13:00:01Z"), []);
    }

    #[test]
    fn what_expired_says_no_more_than_what_was_done() {
        let c = ledger();
        act_at(&c, "7", &Act::Done, "2026-11-02T12:00:00Z");
        assert_eq!(purge(&c, at("2026-11-16T10:59:59Z"), 10).unwrap(), 0);
        assert_eq!(purge(&c, at("2026-11-16T11:00:00Z"), 1).unwrap(), 1);
        assert_eq!(purge(&c, at("2026-11-16T11:00:00Z"), 10).unwrap(), 1);
        assert_eq!(purge(&c, at("2026-11-16T11:00:00Z"), 10).unwrap(), 0, "and nothing is left to remove");
        let left = find(&c, told("7", &[]).id).unwrap().unwrap();
        assert_eq!((left.told.shown, left.acts.len()), (None, 1));
        assert_eq!(find(&c, told("8", &[]).id).unwrap(), None, "nobody acted on it");
        assert_eq!(since(&c, at("2026-11-01T00:00:00Z")).unwrap().len(), 2);
    }

    #[test]
    fn those_an_entry_can_be_handed_to_are_the_last_ones_kept() {
        let c = ledger();
        let who = |id: &str, name: &str| Colleague { id: id.to_owned(), name: name.to_owned(), rep: None };
        keep_colleagues(&c, &[who("bo", "Bo"), who("rep:3", "Ada")]).unwrap();
        assert_eq!(colleagues(&c).unwrap(), [who("rep:3", "Ada"), who("bo", "Bo")]);
        keep_colleagues(&c, &[who("bo", "Bo Berg")]).unwrap();
        assert_eq!(colleagues(&c).unwrap(), [who("bo", "Bo Berg")]);
    }
}
