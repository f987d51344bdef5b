//! The conditions by which SQL leaves out what cannot be due, and the indexes that answer them.

use std::sync::Arc;

use rusqlite::types::ValueRef;

use super::as_stored::{self, Test};
use super::customers::place;
use super::mapping::quoted;
use super::moments::{Due, Since, Zones, between};
use super::relation::{
    COMPLAINTS, CUSTOMERS, FOLLOW_UPS, IMPORTANT_DATES, INTERACTIONS, Relation, SIGNALS, SUBSCRIPTIONS,
};
use super::snapshot::ALL;
use super::year_days::YearDays;
use crate::domain::Look;
use crate::domain::customers::Key;
use crate::domain::matter::Occasion;

/// What is looked for in a relation.
pub(super) struct Search<'a> {
    pub(super) relation: Relation,
    pub(super) columns: &'static [&'static str],
    parts: Parts<'a>,
    test: Option<Tests<'a>>,
    /// Days that are looked for.
    pub(super) days: Option<Arc<YearDays>>,
}

/// What makes the parts of the columns that a source gives; `None` where it lacks what it takes.
type Parts<'a> = Box<dyn Fn(&[String]) -> Option<Vec<Part>> + 'a>;

/// What makes a test of the columns that a source gives: the same as all parts together, where values can be held against
/// it as they are stored.
type Tests<'a> = Box<dyn Fn(&[String]) -> Option<Test> + 'a>;

/// A condition, and the index that answers it. A row meets one of a search's at most.
pub(super) struct Part {
    pub(super) condition: String,
    pub(super) index: Option<Index>,
    /// The same, so that no index answers it that would find too much.
    pub(super) rather: Option<String>,
    /// Whether such an index is worse than a look at all rows.
    pub(super) no_other: bool,
}

impl Part {
    pub(super) fn of(condition: String, columns: &[&str]) -> Part {
        Part { index: Some(Index::on(columns)), ..Part::plain(condition) }
    }

    /// One for which no index is advised.
    pub(super) fn plain(condition: String) -> Part {
        Part { condition, index: None, rather: None, no_other: false }
    }
}

impl<'a> Search<'a> {
    fn new(
        relation: Relation,
        columns: &'static [&'static str],
        parts: impl Fn(&[String]) -> Option<Vec<Part>> + 'a,
    ) -> Search<'a> {
        Search { relation, columns, parts: Box::new(parts), test: None, days: None }
    }

    fn test(self, test: impl Fn(&[String]) -> Option<Test> + 'a) -> Search<'a> {
        Search { test: Some(Box::new(test)), ..self }
    }

    fn on_days(relation: Relation, columns: &'static [&'static str], days: Arc<YearDays>) -> Search<'a> {
        let (known, stored) = (days.clone(), days.clone());
        let parts = move |given: &[String]| has(given, known.column).then(|| known.parts());
        let search = Search::new(relation, columns, parts).test(move |given| {
            let days = stored.clone();
            as_stored::of(given, stored.column, move |value| days.include(value))
        });
        Search { days: Some(days), ..search }
    }

    /// Its parts, of the columns that the source gives.
    pub(super) fn parts(&self, given: &[String]) -> Option<Vec<Part>> {
        (self.parts)(given)
    }

    /// A test of rows that give these columns, where there is one.
    pub(super) fn test_of(&self, given: &[String]) -> Option<Test> {
        self.test.as_ref()?(given)
    }
}

/// Which relations are looked at, one after the other, and for what; `gone` are the reps who left.
pub(super) fn of<'a>(look: &'a Look, gone: &'a [String], zones: Zones<'a>) -> Vec<Search<'a>> {
    let today = Since::of(zones.today(), zones);
    let mut all = follow_ups(look, gone, zones);
    if look.complaints {
        let (since, settled) = (today.clone(), "resolved_at");
        let parts = move |given: &[String]| Some(vec![Part::of(open(given, settled, &since), &[settled])]);
        let complaints = Search::new(COMPLAINTS, ALL, parts);
        all.push(complaints.test(move |given| Some(as_stored::open(given, settled, today.clone()))));
    }
    if let Some(since) = look.signals {
        all.push(lately(SIGNALS, Since::of(since, zones), None));
    }
    if let Some((since, _)) = &look.notes {
        all.push(lately(INTERACTIONS, Since::of(*since, zones), Some("note")));
    }
    for days in customers_days(look) {
        let columns: &[_] = if days.column == BIRTHDAY { &["id", BIRTHDAY] } else { &["id", SINCE] };
        all.push(Search::on_days(CUSTOMERS, columns, days));
    }
    if let Some(window) = look.important_dates {
        all.push(Search::on_days(IMPORTANT_DATES, ALL, Arc::new(YearDays::of("date", window))));
    }
    if let Some((from, to)) = look.renewals {
        let near =
            move |given: &[String]| has(given, "renews_on").then(|| between("renews_on", from, to, zones));
        all.push(Search::new(SUBSCRIPTIONS, &["id", "customer_id", "renews_on"], near));
    }
    all
}

/// Follow-ups that may be due, those that were told, and those of reps who left: a row is one of them at most.
fn follow_ups<'a>(look: &'a Look, gone: &'a [String], zones: Zones<'a>) -> Vec<Search<'a>> {
    let mut all = Vec::new();
    let is_open = move |given: &[String]| as_stored::open(given, DONE, Since::of(zones.today(), zones));
    let is_due = move |given: &[String]| {
        let Some(by) = look.follow_ups else { return Some(as_stored::any(Vec::new())) };
        let due = Due::by(by);
        let due = as_stored::of(given, "due_at", move |value| due.has(value))?;
        Some(as_stored::all(vec![is_open(given), due]))
    };
    let is_told = |given: &[String]| as_stored::one_of(given, "id", look.told_follow_ups.iter());
    if let Some(by) = look.follow_ups {
        let parts = move |given: &[String]| Some(promised(given, &Due::by(by), zones));
        all.push(Search::new(FOLLOW_UPS, ALL, parts).test(is_due));
    }
    if !look.told_follow_ups.is_empty() {
        let parts = move |given: &[String]| Some(vec![Part::plain(told(given, look, zones))]);
        let search = Search::new(FOLLOW_UPS, ALL, parts);
        all.push(search.test(move |given| {
            let others = as_stored::none(vec![is_due(given)?]);
            Some(as_stored::all(vec![is_told(given)?, others]))
        }));
    }
    if look.handed && !gone.is_empty() {
        let parts = move |given: &[String]| handed(given, look, gone, zones);
        all.push(Search::new(FOLLOW_UPS, ALL, parts).test(move |given| {
            let theirs = as_stored::one_of(given, "rep_id", gone.iter())?;
            let others = as_stored::none(vec![is_due(given)?, is_told(given)?]);
            Some(as_stored::all(vec![is_open(given), theirs, others]))
        }));
    }
    all
}

/// Rows of a day or later; of those with a text in a column, where one is named.
fn lately<'a>(relation: Relation, since: Since, written: Option<&'static str>) -> Search<'a> {
    let known = since.clone();
    let parts = move |given: &[String]| {
        let is_written = written.map(|column| format!("\"{column}\" IS NOT NULL AND ")).unwrap_or_default();
        let index = if written.is_some() { AT } else { &["at"] };
        let part = |condition| Part::of(format!("{is_written}{condition}"), index);
        written.is_none_or(|column| has(given, column)).then(|| known.sql("at").map(part).into())
    };
    Search::new(relation, ALL, parts).test(move |given| {
        let since = since.clone();
        let at = as_stored::of(given, "at", move |value| since.has(value))?;
        let Some(column) = written else { return Some(at) };
        let is_written = as_stored::of(given, column, |value| value != ValueRef::Null)?;
        Some(as_stored::all(vec![is_written, at]))
    })
}

/// The columns of customers' days.
const BIRTHDAY: &str = "birthday";
const SINCE: &str = "since";

/// The days of customers that are looked for.
pub(super) fn customers_days(look: &Look) -> Vec<Arc<YearDays>> {
    let all = [(BIRTHDAY, look.birthdays), (SINCE, look.anniversaries)].into_iter();
    all.filter_map(|(column, window)| Some(Arc::new(YearDays::of(column, window?)))).collect()
}

/// What a day of a customer's is, by its column.
pub(super) fn occasion(column: &str) -> Occasion {
    if column == BIRTHDAY { Occasion::Birthday } else { Occasion::Anniversary }
}

/// The index by which contacts of a day are found, each with its customer.
pub(super) const AT: &[&str] = &["at", "customer_id"];

/// Follow-ups that were told and are not among those that may be due.
fn told(given: &[String], look: &Look, zones: Zones<'_>) -> String {
    format!("{} AND {}", one_of("id", look.told_follow_ups.iter()), not_promised(given, look, zones))
}

/// Open follow-ups of reps who left that are not among the others.
fn handed(given: &[String], look: &Look, gone: &[String], zones: Zones<'_>) -> Option<Vec<Part>> {
    let theirs = has(given, "rep_id").then(|| one_of("rep_id", gone.iter()))?;
    let told = one_of("id", look.told_follow_ups.iter());
    let others = format!("{} AND NOT coalesce({told}, FALSE)", not_promised(given, look, zones));
    let theirs = format!("{theirs} AND {others}");
    if !has(given, DONE) {
        return Some(vec![Part::of(theirs, &["rep_id"])]);
    }
    // However few follow-ups are open, those of a rep are fewer.
    let open = format!("likelihood(\"{DONE}\" IS NULL, 0.5) AND {theirs}");
    let rather = Some(format!("+\"{DONE}\" IS NULL AND {theirs}"));
    let later = format!("{} AND {theirs}", not_over(DONE, &Since::of(zones.today(), zones)));
    Some(vec![Part { rather, ..Part::of(open, &["rep_id", DONE]) }, Part::plain(later)])
}

/// Rows whose `column` is one of some ids.
pub(super) fn one_of<'k>(column: &str, ids: impl Iterator<Item = &'k String>) -> String {
    let keys = keys(ids.map(|id| Key::of(id))).replace('\'', "''");
    format!("\"{column}\" IN (SELECT value FROM json_each('{keys}'))")
}

/// Ids as a JSON array, which SQL takes as a list however long it is. A whole number is there as a number and as text,
/// since a store may hold either.
pub(super) fn keys<'k>(ids: impl Iterator<Item = Key<'k>>) -> String {
    let mut keys: Vec<serde_json::Value> = Vec::new();
    for id in ids {
        match id {
            Key::Whole(n) => keys.extend([n.into(), n.to_string().into()]),
            Key::Text(text) => keys.push(text.into()),
        }
    }
    serde_json::Value::from(keys).to_string()
}

fn has(given: &[String], column: &str) -> bool {
    place(given, column).is_some()
}

/// Follow-ups that may be open at the as-of instant, and due.
fn promised(given: &[String], due: &Due, zones: Zones<'_>) -> Vec<Part> {
    // Most of what was due is done.
    if !has(given, DONE) {
        return vec![Part::plain(due.sql())];
    }
    let open = |due: String| format!("\"{DONE}\" IS NULL AND {due}");
    let open = due.each("\"due_at\"").map(open).map(|condition| Part {
        rather: Some(open(due.sql())),
        no_other: true,
        ..Part::of(condition, &[DONE, "due_at"])
    });
    let later = format!("{} AND {}", not_over(DONE, &Since::of(zones.today(), zones)), due.sql());
    open.into_iter().chain([Part::of(later, &[DONE, "due_at"])]).collect()
}

/// The others.
fn not_promised(given: &[String], look: &Look, zones: Zones<'_>) -> String {
    let due = look.follow_ups.map_or("FALSE".to_owned(), |by| {
        format!("{} AND {}", Due::by(by).sql(), open(given, DONE, &Since::of(zones.today(), zones)))
    });
    format!("NOT coalesce({due}, FALSE)")
}

/// When a follow-up was done.
const DONE: &str = "done_at";

/// Rows whose end, in `column`, may not have come by then.
fn open(given: &[String], column: &str, since: &Since) -> String {
    if !has(given, column) {
        return "TRUE".to_owned();
    }
    format!("(\"{column}\" IS NULL OR {})", not_over(column, since))
}

/// Rows that have something in `column`, and it may not have come. A text that begins with no digit (nothing, blanks)
/// is no moment of doing.
fn not_over(column: &str, since: &Since) -> String {
    format!("(\"{column}\" BETWEEN '' AND '/' OR {})", since.sql(column).join(" OR "))
}

/// What an index is on, and how it is called after its table's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Index {
    pub(super) name: String,
    pub(super) on: String,
}

impl Index {
    /// On columns.
    pub(super) fn on(columns: &[&str]) -> Index {
        let quoted: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
        Index { name: columns.join("_"), on: format!("({})", quoted.join(", ")) }
    }
}
