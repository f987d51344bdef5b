//! The conditions by which SQL leaves out what cannot be due, for every form in which a store may write a
//! moment.
//!
//! Numbers sort before texts, and texts of our dates as the dates do. What is no date at all is let through,
//! so that it is told. No bound looks like a number: a column of numbers would make it one. The bounds keep
//! some distance, see [`SLACK`].

use super::relation::{
    COMPLAINTS, CUSTOMERS, FOLLOW_UPS, IMPORTANT_DATES, INTERACTIONS, Relation, SIGNALS, SUBSCRIPTIONS,
};
use super::snapshot::ALL;
use crate::domain::customers::Key;
use crate::domain::facts::Lens;
use crate::domain::{Day, Look};

/// Days by which bounds are wider than what is looked for: more than zones are apart.
pub(super) const SLACK: i32 = 2;

/// What makes the condition of the columns that a source gives; `None` where it lacks what it takes.
type Condition<'a> = Box<dyn Fn(&[String]) -> Option<String> + 'a>;

/// Which columns of which relations are looked at, and by which condition; `gone` are the reps who left.
pub(super) fn of<'a>(
    look: &'a Look,
    gone: &'a [&'a str],
    lens: &'a Lens,
) -> Vec<(Relation, &'static [&'static str], Condition<'a>)> {
    let mut all: Vec<(Relation, &'static [&'static str], Condition<'a>)> = Vec::new();
    if let Some(by) = look.follow_ups {
        all.push((FOLLOW_UPS, ALL, Box::new(move |given| Some(promised(given, by, lens)))));
    }
    if !look.told_follow_ups.is_empty() {
        all.push((FOLLOW_UPS, ALL, Box::new(move |given| Some(told(given, look, lens)))));
    }
    if look.handed && !gone.is_empty() {
        all.push((FOLLOW_UPS, ALL, Box::new(move |given| handed(given, look, gone, lens))));
    }
    if look.complaints {
        all.push((COMPLAINTS, ALL, Box::new(|given| Some(open(given, "resolved_at", lens)))));
    }
    if let Some(since) = look.signals {
        all.push((SIGNALS, ALL, Box::new(move |_| Some(on_or_after("at", since, lens)))));
    }
    if let Some(since) = look.notes {
        let condition = move |given: &[String]| {
            has(given, "note").then(|| format!("\"note\" IS NOT NULL AND {}", on_or_after("at", since, lens)))
        };
        all.push((INTERACTIONS, ALL, Box::new(condition)));
    }
    for (wanted, column, columns) in
        [(look.birthdays, "birthday", &["id", "birthday"]), (look.anniversaries, "since", &["id", "since"])]
    {
        if let Some(window) = wanted {
            let columns: &'static [&'static str] = columns;
            let condition = move |given: &[String]| has(given, column).then(|| falls_within(column, window));
            all.push((CUSTOMERS, columns, Box::new(condition)));
        }
    }
    if let Some(window) = look.important_dates {
        all.push((IMPORTANT_DATES, ALL, Box::new(move |_| Some(falls_within("date", window)))));
    }
    if let Some((from, to)) = look.renewals {
        let condition =
            move |given: &[String]| has(given, "renews_on").then(|| between("renews_on", from, to, lens));
        all.push((SUBSCRIPTIONS, &["id", "customer_id", "renews_on"], Box::new(condition)));
    }
    all
}

/// Follow-ups that were told and are not among those that may be due.
fn told(given: &[String], look: &Look, lens: &Lens) -> String {
    let due = look.follow_ups.map_or("FALSE".to_owned(), |by| promised(given, by, lens));
    format!(
        "{} AND NOT coalesce({due}, FALSE)",
        one_of("id", look.told_follow_ups.iter().map(String::as_str))
    )
}

/// Open follow-ups of reps who left that are not among the others.
fn handed(given: &[String], look: &Look, gone: &[&str], lens: &Lens) -> Option<String> {
    let due = look.follow_ups.map_or("FALSE".to_owned(), |by| promised(given, by, lens));
    let told = one_of("id", look.told_follow_ups.iter().map(String::as_str));
    let theirs = has(given, "rep_id").then(|| one_of("rep_id", gone.iter().copied()))?;
    let open = open(given, "done_at", lens);
    Some(format!("({open}) AND {theirs} AND NOT coalesce({due}, FALSE) AND NOT coalesce({told}, FALSE)"))
}

/// Rows whose `column` is one of some ids.
pub(super) fn one_of<'k>(column: &str, ids: impl Iterator<Item = &'k str>) -> String {
    let keys = keys(ids.map(Key::of)).replace('\'', "''");
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
    let due = format!("(+\"due_at\" < '{before}' OR +\"due_at\" >= '2201' OR +\"due_at\" IS NULL)");
    format!("{due} AND ({})", open(given, "done_at", lens))
}

/// Rows whose end, in `column`, may not have come by the as-of instant. A text that begins with no digit
/// (nothing, blanks) is no moment of doing.
fn open(given: &[String], column: &str, lens: &Lens) -> String {
    if !has(given, column) {
        return "TRUE".to_owned();
    }
    let later = on_or_after(column, lens.today(), lens);
    format!("(\"{column}\" IS NULL OR \"{column}\" BETWEEN '' AND '/' OR {later})")
}

/// Rows whose moment may be on a day or later.
fn on_or_after(column: &str, day: Day, lens: &Lens) -> String {
    let (seconds, date) = bound(day.plus(-SLACK), lens);
    format!("((\"{column}\" >= {seconds} AND \"{column}\" < '') OR \"{column}\" >= '{date}')")
}

/// Rows whose moment may lie from one day up to and with another.
fn between(column: &str, from: Day, to: Day, lens: &Lens) -> String {
    let [seconds, dates] = ranges(column, from, to, lens);
    format!("({seconds} OR {dates} OR \"{column}\" >= '2201-')")
}

/// The same without what is no date, in two parts, each of which an index on the column answers.
pub(super) fn ranges(column: &str, from: Day, to: Day, lens: &Lens) -> [String; 2] {
    let ((from, first), (to, last)) = (bound(from.plus(-SLACK), lens), bound(to.plus(SLACK), lens));
    [format!("\"{column}\" BETWEEN {from} AND {to}"), format!("\"{column}\" BETWEEN '{first}' AND '{last}~'")]
}

/// The first second of a day in UTC, and its date.
fn bound(day: Day, lens: &Lens) -> (i64, jiff::civil::Date) {
    let seconds = day
        .date()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .map_or_else(|_| lens.as_of.as_second(), |at| at.timestamp().as_second());
    (seconds, day.date())
}

/// Days beyond which naming each of a year would say nothing.
const NAMED_MAX: i32 = 120;

/// Rows whose day of the year may fall within the window: of plain dates by their month and day, all else is
/// let through.
fn falls_within(column: &str, (from, to): (Day, Day)) -> String {
    if to.since(from) > NAMED_MAX {
        return format!("\"{column}\" IS NOT NULL");
    }
    // The 29th of February falls on a neighbour in most years.
    let mut days = vec!["'02-29'".to_owned()];
    days.extend((-1..=to.since(from) + 1).map(|n| from.plus(n).date().strftime("'%m-%d'").to_string()));
    format!(
        "\"{column}\" IS NOT NULL AND (length(\"{column}\") <> 10 OR substr(\"{column}\", 6) IN ({}))",
        days.join(", ")
    )
}
