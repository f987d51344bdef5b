//! The conditions by which SQL leaves out what cannot be due, for every form in which a store may write a
//! moment.
//!
//! Numbers sort before texts, and texts of our dates as the dates do. What is no date at all is let through,
//! so that it is told. No bound looks like a number: a column of numbers would make it one. The bounds keep
//! some distance, see [`SLACK`].

use std::sync::Arc;

use super::mapping::quoted;
use super::relation::{
    COMPLAINTS, CUSTOMERS, FOLLOW_UPS, IMPORTANT_DATES, INTERACTIONS, Relation, SIGNALS, SUBSCRIPTIONS,
};
use super::snapshot::ALL;
use super::year_days::YearDays;
use crate::domain::customers::Key;
use crate::domain::facts::Lens;
use crate::domain::{Day, Look};

/// Days by which bounds are wider than what is looked for: more than zones are apart.
pub(super) const SLACK: i32 = 2;

/// What is looked for in a relation.
pub(super) struct Search<'a> {
    pub(super) relation: Relation,
    pub(super) columns: &'static [&'static str],
    parts: Parts<'a>,
    /// The same as all parts together, where a value can be held against it as it is stored.
    pub(super) days: Option<Arc<YearDays>>,
}

/// What makes the parts of the columns that a source gives; `None` where it lacks what it takes.
type Parts<'a> = Box<dyn Fn(&[String]) -> Option<Vec<Part>> + 'a>;

/// A condition, and the index that answers it. A row meets one of a search's at most.
pub(super) struct Part {
    pub(super) condition: String,
    pub(super) index: Option<Index>,
}

impl Part {
    fn of(condition: String, columns: &[&str]) -> Part {
        Part { condition, index: Some(Index::on(columns)) }
    }
}

impl<'a> Search<'a> {
    fn new(
        relation: Relation,
        columns: &'static [&'static str],
        parts: impl Fn(&[String]) -> Option<Vec<Part>> + 'a,
    ) -> Search<'a> {
        Search { relation, columns, parts: Box::new(parts), days: None }
    }

    fn on_days(relation: Relation, columns: &'static [&'static str], days: YearDays) -> Search<'a> {
        let days = Arc::new(days);
        let known = days.clone();
        let parts = move |given: &[String]| has(given, known.column).then(|| known.parts());
        Search { days: Some(days), ..Search::new(relation, columns, parts) }
    }

    /// Its parts, of the columns that the source gives.
    pub(super) fn parts(&self, given: &[String]) -> Option<Vec<Part>> {
        (self.parts)(given)
    }
}

/// Which relations are looked at, and for what; `gone` are the reps who left.
pub(super) fn of<'a>(look: &'a Look, gone: &'a [String], lens: &'a Lens) -> Vec<Search<'a>> {
    let one = |condition: String, column: &str| Some(vec![Part::of(condition, &[column])]);
    let mut all = Vec::new();
    if let Some(by) = look.follow_ups {
        all.push(Search::new(FOLLOW_UPS, ALL, move |given| one(promised(given, by, lens), "done_at")));
    }
    if !look.told_follow_ups.is_empty() {
        let told = |given: &[String]| Some(vec![Part { condition: told(given, look, lens), index: None }]);
        all.push(Search::new(FOLLOW_UPS, ALL, told));
    }
    if look.handed && !gone.is_empty() {
        let theirs = move |given: &[String]| one(handed(given, look, gone, lens)?, "done_at");
        all.push(Search::new(FOLLOW_UPS, ALL, theirs));
    }
    if look.complaints {
        all.push(Search::new(COMPLAINTS, ALL, move |given| {
            one(open(given, "resolved_at", lens), "resolved_at")
        }));
    }
    if let Some(since) = look.signals {
        let lately = move |_: &[String]| {
            Some(on_or_after("at", since, lens).map(|condition| Part::of(condition, &["at"])).into())
        };
        all.push(Search::new(SIGNALS, ALL, lately));
    }
    if let Some(since) = look.notes {
        let noted = |condition| Part::of(format!("\"note\" IS NOT NULL AND {condition}"), AT);
        let lately = move |given: &[String]| {
            has(given, "note").then(|| on_or_after("at", since, lens).map(noted).into())
        };
        all.push(Search::new(INTERACTIONS, ALL, lately));
    }
    if let Some(window) = look.birthdays {
        all.push(Search::on_days(CUSTOMERS, &["id", "birthday"], YearDays::of("birthday", window)));
    }
    if let Some(window) = look.anniversaries {
        all.push(Search::on_days(CUSTOMERS, &["id", "since"], YearDays::of("since", window)));
    }
    if let Some(window) = look.important_dates {
        all.push(Search::on_days(IMPORTANT_DATES, ALL, YearDays::of("date", window)));
    }
    if let Some((from, to)) = look.renewals {
        let near =
            move |given: &[String]| has(given, "renews_on").then(|| between("renews_on", from, to, lens));
        all.push(Search::new(SUBSCRIPTIONS, &["id", "customer_id", "renews_on"], near));
    }
    all
}

/// The index by which contacts of a day are found, each with its customer.
pub(super) const AT: &[&str] = &["at", "customer_id"];

/// Follow-ups that were told and are not among those that may be due.
fn told(given: &[String], look: &Look, lens: &Lens) -> String {
    let due = look.follow_ups.map_or("FALSE".to_owned(), |by| promised(given, by, lens));
    format!("{} AND NOT coalesce({due}, FALSE)", one_of("id", look.told_follow_ups.iter()))
}

/// Open follow-ups of reps who left that are not among the others.
fn handed(given: &[String], look: &Look, gone: &[String], lens: &Lens) -> Option<String> {
    let due = look.follow_ups.map_or("FALSE".to_owned(), |by| promised(given, by, lens));
    let told = one_of("id", look.told_follow_ups.iter());
    let theirs = has(given, "rep_id").then(|| one_of("rep_id", gone.iter()))?;
    let open = open(given, "done_at", lens);
    Some(format!("({open}) AND {theirs} AND NOT coalesce({due}, FALSE) AND NOT coalesce({told}, FALSE)"))
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
    given.iter().any(|name| name.eq_ignore_ascii_case(column))
}

/// Follow-ups that may be open at the as-of instant and due on or before a day. The `+` keeps SQLite from an
/// index on `due_at`: most of what was due is done.
pub(super) fn promised(given: &[String], by: Day, lens: &Lens) -> String {
    let before = by.plus(SLACK).date();
    // Days without dashes come after all others of their year.
    let dashless = before.strftime("+\"due_at\" BETWEEN '%Y0' AND '%Y%m%d~'").to_string();
    let other = "+\"due_at\" >= '2201' OR +\"due_at\" IS NULL";
    let due = format!("(+\"due_at\" < '{before}' OR {dashless} OR {other})");
    format!("{due} AND ({})", open(given, "done_at", lens))
}

/// Rows whose end, in `column`, may not have come by the as-of instant. A text that begins with no digit
/// (nothing, blanks) is no moment of doing.
fn open(given: &[String], column: &str, lens: &Lens) -> String {
    if !has(given, column) {
        return "TRUE".to_owned();
    }
    let later = on_or_after(column, lens.today(), lens).join(" OR ");
    format!("(\"{column}\" IS NULL OR \"{column}\" BETWEEN '' AND '/' OR {later})")
}

/// Rows whose moment may be on a day or later, by numbers and by texts.
fn on_or_after(column: &str, day: Day, lens: &Lens) -> [String; 2] {
    let (seconds, date) = bound(day.plus(-SLACK), lens);
    [format!("(\"{column}\" >= {seconds} AND \"{column}\" < '')"), format!("\"{column}\" >= '{date}'")]
}

/// Rows whose moment may lie from one day up to and with another.
fn between(column: &str, from: Day, to: Day, lens: &Lens) -> Vec<Part> {
    let no_date = format!("\"{column}\" >= '2201-'");
    let all = ranges(column, from, to, lens).into_iter().chain([no_date]);
    all.map(|condition| Part::of(condition, &[column])).collect()
}

/// The same without what is no date, in parts, each of which an index on the column answers: numbers, dates, dates
/// without dashes, and texts that begin with no digit.
pub(super) fn ranges(column: &str, from: Day, to: Day, lens: &Lens) -> [String; 4] {
    let ((from, first), (to, last)) = (bound(from.plus(-SLACK), lens), bound(to.plus(SLACK), lens));
    let within = |low: &str, high: &str| format!("\"{column}\" BETWEEN {low} AND {high}");
    // The last of the day before: with a `~` it is no number.
    let before = first.yesterday().unwrap_or(first).strftime("'%Y%m%d~'").to_string();
    [
        within(&from.to_string(), &to.to_string()),
        within(&format!("'{first}'"), &format!("'{last}~'")),
        within(&before, &last.strftime("'%Y%m%d~'").to_string()),
        within("''", "'/'"),
    ]
}

/// The first second of a day in UTC, and its date.
fn bound(day: Day, lens: &Lens) -> (i64, jiff::civil::Date) {
    let seconds = day
        .date()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .map_or_else(|_| lens.as_of.as_second(), |at| at.timestamp().as_second());
    (seconds, day.date())
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
