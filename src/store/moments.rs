//! Moments that are looked for, in every form in which a store may write one: as conditions of SQL, and held against
//! values as they are stored.
//!
//! Numbers sort before texts, and texts of our dates as the dates do. What is no date at all is let through,
//! so that it is told. No bound looks like a number: a column of numbers would make it one. Where it is not known in
//! which zone a moment is written, the bounds keep some distance, see [`SLACK`].

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rusqlite::types::ValueRef;

use super::conditions::Part;
use super::snapshot::Snapshot;
use crate::domain::Day;
use crate::domain::facts::Lens;

/// Days by which bounds are wider than what is looked for: more than zones are apart.
pub(super) const SLACK: i32 = 2;

/// Whose days are meant, and in which zone the store writes what names none.
#[derive(Clone, Copy)]
pub(super) struct Zones<'a> {
    pub(super) lens: &'a Lens,
    pub(super) store_zone: &'a TimeZone,
}

impl Snapshot<'_> {
    /// Whose days a lens means, in this store.
    pub(super) fn zones<'a>(&'a self, lens: &'a Lens) -> Zones<'a> {
        Zones { lens, store_zone: &self.store.zone }
    }
}

impl Zones<'_> {
    pub(super) fn today(self) -> Day {
        self.lens.today()
    }

    /// The first second of a day in UTC.
    fn seconds(self, day: Day) -> i64 {
        let at = day.date().to_zoned(TimeZone::UTC);
        at.map_or_else(|_| self.lens.as_of.as_second(), |at| at.timestamp().as_second())
    }

    /// The first date on which the store writes moments of a day and later, where it names no zone.
    fn first(self, day: Day) -> Date {
        self.stored(day, 0).map_or(day.date(), |date| date.min(day.date()))
    }

    /// The last one of a day and before.
    fn last(self, day: Day) -> Date {
        self.stored(day.plus(1), -1).map_or(day.date(), |date| date.max(day.date()))
    }

    /// The date that the store writes so many seconds after a day begins.
    fn stored(self, day: Day, after: i64) -> Option<Date> {
        let begins = day.date().to_zoned(self.lens.zone.clone()).ok()?.timestamp();
        let at = Timestamp::from_second(begins.as_second() + after).ok()?;
        Some(self.store_zone.to_datetime(at).date())
    }
}

/// Texts that name no zone: a date, or one with a time to the second.
fn names_no_zone(column: &str) -> String {
    let colon = |place: u8| format!("substr({column}, {place}, 1) = ':'");
    format!("(length({column}) = 10 OR length({column}) = 19 AND {} AND {})", colon(14), colon(17))
}

/// The same of a text.
fn has_no_zone(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text);
    match text.chars().count() {
        10 => true,
        // An hour with an offset is as long, and has one colon.
        19 => [13, 16].iter().all(|place| text.chars().nth(*place) == Some(':')),
        _ => false,
    }
}

/// Moments on a day or later.
#[derive(Clone)]
pub(super) struct Since {
    seconds: i64,
    date: String,
    /// The first date of texts that name no zone.
    no_zone: String,
}

impl Since {
    pub(super) fn of(day: Day, zones: Zones<'_>) -> Since {
        let before = day.plus(-SLACK);
        let (date, no_zone) = (before.date().to_string(), zones.first(day).to_string());
        Since { seconds: zones.seconds(before), date, no_zone }
    }

    /// Two conditions, by numbers and by texts.
    pub(super) fn sql(&self, column: &str) -> [String; 2] {
        let (Since { seconds, date, no_zone }, column) = (self, format!("\"{column}\""));
        let texts = format!("({column} >= '{no_zone}' OR NOT {})", names_no_zone(&column));
        [format!("({column} >= {seconds} AND {column} < '')"), format!("({column} >= '{date}' AND {texts})")]
    }

    /// Whether a moment, as it is stored, may be on the day or later.
    pub(super) fn has(&self, value: ValueRef<'_>) -> bool {
        match value {
            ValueRef::Null => false,
            ValueRef::Integer(n) => n >= self.seconds,
            ValueRef::Real(x) => x >= self.seconds as f64,
            ValueRef::Text(text) => {
                text >= self.date.as_bytes() && (text >= self.no_zone.as_bytes() || !has_no_zone(text))
            }
            // After all texts.
            ValueRef::Blob(_) => true,
        }
    }
}

/// Moments on a day or before, and what is no date.
pub(super) struct Due {
    /// The first day after them.
    before: String,
    /// Days without dashes come after all others of their year.
    dashless: (String, String),
}

impl Due {
    /// From here on nothing is a date.
    const NO_DATE: &str = "2200~";

    pub(super) fn by(day: Day) -> Due {
        let before = day.plus(SLACK).date();
        let dashless = (before.strftime("%Y/").to_string(), before.strftime("%Y%m%d~").to_string());
        Due { before: before.to_string(), dashless }
    }

    /// Conditions for a column, of which it meets one at most.
    pub(super) fn each(&self, column: &str) -> [String; 4] {
        let Due { before, dashless: (low, high) } = self;
        [
            format!("{column} < '{before}'"),
            format!("{column} BETWEEN '{low}' AND '{high}'"),
            format!("{column} >= '{}'", Due::NO_DATE),
            format!("{column} IS NULL"),
        ]
    }

    /// The `+` keeps SQLite from an index on `due_at`: most of what was due is done.
    pub(super) fn sql(&self) -> String {
        format!("({})", self.each("+\"due_at\"").join(" OR "))
    }

    /// Whether a moment, as it is stored, may be on the day or before; what is no date is let through.
    pub(super) fn has(&self, value: ValueRef<'_>) -> bool {
        let ValueRef::Text(text) = value else { return true };
        let (low, high) = &self.dashless;
        text < self.before.as_bytes()
            || (low.as_bytes() <= text && text <= high.as_bytes())
            || text >= Due::NO_DATE.as_bytes()
    }
}

/// Rows whose moment may lie from one day up to and with another.
pub(super) fn between(column: &str, from: Day, to: Day, zones: Zones<'_>) -> Vec<Part> {
    let no_date = format!("\"{column}\" >= '{}'", Due::NO_DATE);
    let all = ranges(column, from, to, zones).into_iter().chain([no_date]);
    all.map(|condition| Part::of(condition, &[column])).collect()
}

/// The same without what is no date, in parts, each of which an index on the column answers: numbers, dates, dates
/// without dashes, and texts that begin with no digit.
pub(super) fn ranges(column: &str, from: Day, to: Day, zones: Zones<'_>) -> [String; 4] {
    let column = format!("\"{column}\"");
    let within = |low: &str, high: &str| format!("{column} BETWEEN {low} AND {high}");
    let no_zone = within(&format!("'{}'", zones.first(from)), &format!("'{}~'", zones.last(to)));
    let (from, to) = (from.plus(-SLACK), to.plus(SLACK));
    let (first, last) = (from.date(), to.date());
    let any_zone = within(&format!("'{first}'"), &format!("'{last}~'"));
    // The last of the day before: with a `~` it is no number.
    let before = first.yesterday().unwrap_or(first).strftime("'%Y%m%d~'").to_string();
    [
        within(&zones.seconds(from).to_string(), &zones.seconds(to).to_string()),
        format!("{any_zone} AND ({no_zone} OR NOT {})", names_no_zone(&column)),
        within(&before, &last.strftime("'%Y%m%d~'").to_string()),
        within("''", "'/'"),
    ]
}

#[cfg(test)]
mod tests {
    use super::has_no_zone;

    #[test]
    fn an_hour_with_an_offset_names_a_zone() {
        for (text, names_none) in [
            ("2026-11-01", true),
            ("2026-11-01 23:03:00", true),
            ("2026-11-01T23:03:00", true),
            ("2026-11-01T23-03:00", false),
            ("20261101T2300-03:00", false),
            ("2026-11-01T23:00+03", false),
            ("2026-11-01T23:03:00Z", false),
        ] {
            assert_eq!(has_no_zone(text.as_bytes()), names_none, "{text}");
        }
    }
}
