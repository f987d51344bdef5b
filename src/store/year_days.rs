//! Which days of a year are looked for: as a condition of SQL, which an index answers, and the same of a value that is read
//! from its page, for tables without the index.

use std::sync::Arc;

use rusqlite::types::ValueRef;

use super::conditions::{Index, Part};
use crate::domain::Day;

/// Days beyond which naming each of a year would say nothing.
const NAMED_MAX: i32 = 120;

/// Days that are looked for, and the place of their column among the values of a row.
pub(super) type Placed = (usize, Arc<YearDays>);

/// Those of `days` whose columns have a place.
pub(super) fn placed(days: &[Arc<YearDays>], place: impl Fn(&str) -> Option<usize>) -> Vec<Placed> {
    days.iter().filter_map(|days| Some((place(days.column)?, days.clone()))).collect()
}

/// The days of the year that a column may fall on: of plain dates by their month and day, all else is let through.
pub(super) struct YearDays {
    pub(super) column: &'static str,
    /// `MM-DD`, sorted; `None` for any.
    named: Option<Vec<[u8; 5]>>,
}

impl YearDays {
    /// From one day up to and with another.
    pub(super) fn of(column: &'static str, (from, to): (Day, Day)) -> YearDays {
        let named = (to.since(from) <= NAMED_MAX).then(|| {
            let mut days: Vec<[u8; 5]> = (0..=to.since(from)).map(|n| named(from.plus(n))).collect();
            // The 29th of February falls on a neighbour in most years.
            if days.iter().any(|day| [b"02-28", b"03-01"].contains(&day)) {
                days.push(*b"02-29");
            }
            days.sort_unstable();
            days.dedup();
            days
        });
        YearDays { column, named }
    }

    /// Conditions, each of which an index answers.
    pub(super) fn parts(&self) -> Vec<Part> {
        let column = self.column;
        let Some(named) = &self.named else {
            return vec![Part::plain(format!("\"{column}\" IS NOT NULL"))];
        };
        let named = named.iter().map(|day| format!("'{}'", String::from_utf8_lossy(day)));
        let named: Vec<String> = named.collect();
        let (day, length) = (format!("substr(\"{column}\", 6)"), format!("length(\"{column}\")"));
        let other = format!("({length} <> 10 OR substr(\"{column}\", 5, 1) <> '-')");
        let plain = format!("{length} = 10 AND substr(\"{column}\", 5, 1) = '-'");
        let found_by = |condition, name, on| Part {
            index: Some(Index { name: format!("{column}_{name}"), on }),
            ..Part::plain(condition)
        };
        let by_day = format!("{day} IN ({}) AND {plain}", named.join(", "));
        // The first half is for the plan: it says how the index is gone through.
        let rest = format!("{length} >= 0 AND {other}");
        vec![
            found_by(by_day, "day", format!("({day})")),
            found_by(rest, "other", format!("({length}) WHERE {other}")),
        ]
    }

    /// Whether a value meets one of these conditions.
    pub(super) fn include(&self, value: ValueRef<'_>) -> bool {
        match (value, &self.named) {
            (ValueRef::Null, _) => false,
            (ValueRef::Text(text), Some(named)) => {
                day_of(text).is_none_or(|day| day.try_into().is_ok_and(|day| is_among(named, day)))
            }
            _ => true,
        }
    }
}

/// Whether one of sorted days is that one: as numbers they are compared at once.
fn is_among(named: &[[u8; 5]], day: [u8; 5]) -> bool {
    let number = |[a, b, c, d, e]: [u8; 5]| u64::from_be_bytes([0, 0, 0, a, b, c, d, e]);
    named.binary_search_by_key(&number(day), |known| number(*known)).is_ok()
}

/// `MM-DD`.
fn named(day: Day) -> [u8; 5] {
    let date = day.date();
    let digits = |n: i8| [b'0' + (n / 10) as u8, b'0' + (n % 10) as u8];
    let ([a, b], [c, d]) = (digits(date.month()), digits(date.day()));
    [a, b, b'-', c, d]
}

/// Of ten characters, the fifth of which is a dash, the last five.
fn day_of(text: &[u8]) -> Option<&[u8]> {
    let fifth = |text: &[u8]| text.get(4) == Some(&b'-');
    if text.is_ascii() {
        return (text.len() == 10 && fifth(text)).then(|| &text[5..]);
    }
    let text = std::str::from_utf8(text).ok()?;
    let (dash, _) = text.char_indices().nth(4).filter(|(_, c)| *c == '-')?;
    (text.chars().count() == 10).then(|| &text.as_bytes()[dash + 1..])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rusqlite::types::Value;

    use super::*;

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            (1900i32..2100, 1u32..14, 1u32..33)
                .prop_map(|(y, m, d)| Value::Text(format!("{y}-{m:02}-{d:02}"))),
            "[0-9é]{4}[-é][0-9]{2}-[0-9]{2}".prop_map(Value::Text),
            "[0-9-]{8,11}".prop_map(Value::Text),
            "[0-9]{4}-(02-2[5-9]|03-0[1-4])( 10:00)?".prop_map(Value::Text),
            any::<i64>().prop_map(Value::Integer),
            any::<f64>().prop_map(Value::Real),
            prop::collection::vec(any::<u8>(), 0..12).prop_map(Value::Blob),
        ]
    }

    proptest! {
        #[test]
        fn sql_says_the_same(values in prop::collection::vec(value(), 1..40), from in 0i32..800, more in 0i32..140) {
            let days = YearDays::of("day", (Day(from), Day(from + more)));
            let sql = rusqlite::Connection::open_in_memory().unwrap();
            sql.execute_batch("CREATE TABLE t (day)").unwrap();
            let any: Vec<String> = days.parts().into_iter().map(|part| format!("({})", part.condition)).collect();
            for value in values {
                sql.execute("DELETE FROM t", []).unwrap();
                sql.execute("INSERT INTO t VALUES (?1)", [&value]).unwrap();
                let found: i64 = sql
                    .query_row(&format!("SELECT count(*) FROM t WHERE {}", any.join(" OR ")), [], |row| row.get(0))
                    .unwrap();
                // SQLite has no NaN.
                let value = if matches!(&value, Value::Real(x) if x.is_nan()) { Value::Null } else { value };
                prop_assert_eq!(days.include(ValueRef::from(&value)), found == 1, "{:?}", value);
            }
        }
    }
}
