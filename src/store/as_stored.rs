//! What is looked for, held against values as they are stored: the same as the conditions of SQL, for rows that come
//! from their pages.

use rusqlite::types::ValueRef;

use super::customers::{Id, place, with_key};
use super::moments::Since;
use crate::domain::customers::Key;

/// Says whether a row is one that is looked for.
pub(super) struct Test {
    /// How many values it must be given.
    needs: usize,
    is: Is,
}

type Is = Box<dyn Fn(&[ValueRef<'_>]) -> bool + Send + Sync>;

impl Test {
    /// How many values it must be given.
    pub(super) fn needs(&self) -> usize {
        self.needs
    }

    /// Whether a row passes, by its values as they are given.
    #[inline]
    pub(super) fn passes(&self, values: &[ValueRef<'_>]) -> bool {
        (self.is)(values)
    }

    fn joined(
        tests: Vec<Test>,
        is: impl Fn(&[Test], &[ValueRef<'_>]) -> bool + Send + Sync + 'static,
    ) -> Test {
        let needs = tests.iter().map(|test| test.needs).max().unwrap_or(0);
        Test { needs, is: Box::new(move |values| is(&tests, values)) }
    }
}

/// A test of the value in a column; `None` where it is not given.
pub(super) fn of(
    given: &[String],
    column: &str,
    is: impl Fn(ValueRef<'_>) -> bool + Send + Sync + 'static,
) -> Option<Test> {
    let place = place(given, column)?;
    let is = move |values: &[ValueRef<'_>]| values.get(place).is_some_and(|value| is(*value));
    Some(Test { needs: place + 1, is: Box::new(is) })
}

/// Rows that pass all of some tests.
pub(super) fn all(tests: Vec<Test>) -> Test {
    Test::joined(tests, |tests, values| tests.iter().all(|test| test.passes(values)))
}

/// Rows that pass none of some tests.
pub(super) fn none(tests: Vec<Test>) -> Test {
    Test::joined(tests, |tests, values| !tests.iter().any(|test| test.passes(values)))
}

/// Rows that pass any of some tests.
pub(super) fn any(tests: Vec<Test>) -> Test {
    Test::joined(tests, |tests, values| tests.iter().any(|test| test.passes(values)))
}

/// Rows whose end, in `column`, may not have come by then; all, where none is given.
pub(super) fn open(given: &[String], column: &str, since: Since) -> Test {
    let is_open = move |value: ValueRef<'_>| match value {
        ValueRef::Null => true,
        ValueRef::Text(text) if text <= b"/".as_slice() => true,
        value => since.has(value),
    };
    of(given, column, is_open).unwrap_or_else(|| none(Vec::new()))
}

/// Rows whose id in `column` is one of some.
pub(super) fn one_of<'k>(
    given: &[String],
    column: &str,
    ids: impl Iterator<Item = &'k String>,
) -> Option<Test> {
    let mut ids: Vec<Id> = ids.map(|id| Id::of(Key::of(id))).collect();
    ids.sort_unstable_by(|one, other| one.key().cmp(&other.key()));
    let is_one = move |value: ValueRef<'_>| {
        let found = with_key(value, "", |key| ids.binary_search_by(|id| id.key().cmp(&key)).is_ok());
        found.ok().flatten().unwrap_or(false)
    };
    of(given, column, is_one)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use proptest::prelude::*;
    use rusqlite::types::Value;

    use super::super::moments::Zones;
    use super::super::relation::FOLLOW_UPS;
    use super::super::{conditions, plan};
    use super::*;
    use crate::domain::facts::Lens;
    use crate::domain::words::Words;
    use crate::domain::{Currency, Look, Rates};

    const COLUMNS: [&str; 8] = ["id", "rep_id", "due_at", "done_at", "resolved_at", "at", "note", "since"];

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            "2026-(10-(2[89]|3[01])|11-0[1-7])([T ]10(:00(:00|\\+03|Z|:00Z|é:)?|-03:00))?"
                .prop_map(Value::Text),
            "202610(2[89]|3[01])".prop_map(Value::Text),
            "(|[ /0-9]|yesterday|22[0-9]{2}-01-01|20[12][0-9]-11-03)".prop_map(Value::Text),
            (1_793_000_000i64..1_794_500_000).prop_map(Value::Integer),
            (1_793_000_000i64..1_794_500_000).prop_map(|n| Value::Real(n as f64 + 0.5)),
            (0i64..9).prop_map(Value::Integer),
            prop::collection::vec(proptest::num::u8::ANY, 0..3).prop_map(Value::Blob),
        ]
    }

    fn lens() -> Lens {
        let (zone, currency) = (TimeZone::UTC, Currency::from_code("EUR").unwrap());
        Lens { as_of: "2026-11-02T11:00:00Z".parse().unwrap(), zone, currency, rates: Rates::default() }
    }

    fn look() -> Look {
        let today = lens().today();
        Look {
            follow_ups: Some(today),
            told_follow_ups: ["3", "yesterday"].map(str::to_owned).into(),
            handed: true,
            complaints: true,
            signals: Some(today),
            notes: Some((today, Words::default())),
            anniversaries: Some((today, today)),
            ..Look::default()
        }
    }

    proptest! {
        #[test]
        fn sql_says_the_same(
            row in prop::collection::vec(value(), COLUMNS.len()),
            zone in prop::sample::select(vec!["UTC", "Asia/Shanghai", "America/Sao_Paulo"]),
            types in prop::collection::vec(prop::sample::select(vec!["", "TEXT", "INTEGER", "DATETIME"]), COLUMNS.len()),
        ) {
            let sql = rusqlite::Connection::open_in_memory().unwrap();
            let columns: Vec<String> = COLUMNS.iter().zip(types).map(|(name, of)| format!("{name} {of}")).collect();
            sql.execute_batch(&format!("CREATE TABLE t ({})", columns.join(", "))).unwrap();
            let all: Vec<String> = (1..=row.len()).map(|n| format!("?{n}")).collect();
            let insert = format!("INSERT INTO t VALUES ({})", all.join(", "));
            sql.execute(&insert, rusqlite::params_from_iter(&row)).unwrap();
            // A column of a type changes what is written into it.
            let stored = |row: &rusqlite::Row<'_>| (0..COLUMNS.len()).map(|at| row.get(at)).collect();
            let row: Vec<Value> = sql.query_row("SELECT * FROM t", [], stored).unwrap();
            let values: Vec<ValueRef<'_>> = row.iter().map(ValueRef::from).collect();
            let (look, gone, lens) = (look(), ["5".to_owned(), "/".to_owned()], lens());
            let zone = TimeZone::get(zone).unwrap();
            // By all columns, and by those of a shop that does not say which follow-ups are done.
            for given in [&COLUMNS[..], &COLUMNS[..3]] {
                let given: Vec<String> = given.iter().map(|column| (*column).to_owned()).collect();
                for search in conditions::of(&look, &gone, Zones { lens: &lens, store_zone: &zone }) {
                    if given.len() < COLUMNS.len() && search.relation != FOLLOW_UPS {
                        continue;
                    }
                    let Some(parts) = search.parts(&given) else { continue };
                    let test = search.test_of(&given).unwrap();
                    let count = format!("SELECT count(*) FROM t WHERE {}", plan::any(&parts));
                    let found: i64 = sql.query_row(&count, [], |row| row.get(0)).unwrap();
                    prop_assert_eq!(test.passes(&values[..test.needs()]), found == 1, "{:?} {}", row, count);
                    // Each part may be a statement of its own: a row meets one at most.
                    let parts = parts.iter().map(|part| {
                        let count = format!("SELECT count(*) FROM t WHERE {}", part.condition);
                        sql.query_row(&count, [], |row| row.get::<_, i64>(0)).unwrap()
                    });
                    prop_assert_eq!(parts.sum::<i64>(), found, "{:?} {}", row, count);
                }
            }
        }
    }
}
