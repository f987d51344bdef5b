//! Civil days as small integers, and the strict reading of the dates and timestamps a store holds.
//!
//! SQL date functions accept `2026-02-30` and read an integer as a Julian day; so every value is read
//! here, once, by stated rules.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// A civil day: days since 1970-01-01. Small, ordered, and cheap to count with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i32);

const EPOCH: Date = Date::constant(1970, 1, 1);

/// The years a store may speak of. Outside them a date is a slip of the keyboard, not a fact.
pub(crate) const YEARS: std::ops::RangeInclusive<i16> = 1900..=2200;

impl Day {
    /// Later than every day that can be read: the end of what has no end.
    pub const MAX: Day = Day(i32::MAX);

    /// The day of a civil date.
    pub fn of(date: Date) -> Day {
        Day((date - EPOCH).get_days())
    }

    /// The civil date of this day; days beyond the calendar give its last date.
    pub fn date(self) -> Date {
        EPOCH.checked_add(i64::from(self.0).days()).unwrap_or(Date::MAX)
    }

    /// `days` later (earlier when negative), without overflow.
    #[must_use]
    pub fn plus(self, days: i32) -> Day {
        Day(self.0.saturating_add(days))
    }

    /// How many days from `earlier` to this day.
    pub fn since(self, earlier: Day) -> i32 {
        self.0.saturating_sub(earlier.0)
    }
}

/// A moment as a store states it: an instant, or only a civil day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// A point on the time line.
    Instant(Timestamp),
    /// A civil day, the same in every zone.
    Day(Day),
}

impl When {
    /// The civil day in `zone`.
    pub fn day(self, zone: &TimeZone) -> Day {
        match self {
            When::Instant(at) => Day::of(zone.to_datetime(at).date()),
            When::Day(day) => day,
        }
    }

    /// Whether it lies after `as_of`; a bare day does when it is later than the day of `as_of`.
    pub fn is_after(self, as_of: Timestamp, zone: &TimeZone) -> bool {
        match self {
            When::Instant(at) => at > as_of,
            When::Day(day) => day > Day::of(zone.to_datetime(as_of).date()),
        }
    }
}

/// Why a date or a timestamp cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DateError {
    /// Not in one of the forms we read: ISO 8601 such as 2026-03-27 or 2026-03-27T09:00:00, or Unix
    /// seconds.
    #[error("not a date: `{0}`")]
    Form(String),
    /// A year outside [`YEARS`].
    #[error("year out of range: `{0}` (1900 to 2200)")]
    Range(String),
}

/// Reads a civil date from text: `YYYY-MM-DD`, or a timestamp whose date part is taken in `zone`.
pub fn read_day(text: &str, zone: &TimeZone) -> Result<Day, DateError> {
    read_when(text, zone).map(|when| when.day(zone))
}

/// Reads a date or a timestamp from text. Without an offset it is in `zone`.
pub fn read_when(text: &str, zone: &TimeZone) -> Result<When, DateError> {
    let text = text.trim();
    let wrong = || DateError::Form(crate::domain::text::excerpt(text, 40));
    if text.len() == 10 {
        let date: Date = text.parse().map_err(|_| wrong())?;
        return in_range(date, text).map(|()| When::Day(Day::of(date)));
    }
    if text.len() < 10 || !text.is_char_boundary(10) {
        return Err(wrong());
    }
    // The separator may be a blank, as SQL engines print it; jiff reads both.
    if let Ok(at) = text.parse::<Timestamp>() {
        in_range(zone.to_datetime(at).date(), text)?;
        return Ok(When::Instant(at));
    }
    let civil: DateTime = text.parse().map_err(|_| wrong())?;
    in_range(civil.date(), text)?;
    let at = zone.to_ambiguous_timestamp(civil).compatible().map_err(|_| wrong())?;
    Ok(When::Instant(at))
}

/// Reads Unix seconds.
pub fn read_seconds(seconds: i64, zone: &TimeZone) -> Result<When, DateError> {
    let at = Timestamp::from_second(seconds).map_err(|_| DateError::Form(seconds.to_string()))?;
    in_range(zone.to_datetime(at).date(), &seconds.to_string())?;
    Ok(When::Instant(at))
}

fn in_range(date: Date, written: &str) -> Result<(), DateError> {
    if YEARS.contains(&date.year()) {
        Ok(())
    } else {
        Err(DateError::Range(crate::domain::text::excerpt(written, 40)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paris() -> TimeZone {
        TimeZone::get("Europe/Paris").unwrap()
    }

    #[test]
    fn what_sql_would_accept_is_refused() {
        for bad in [
            "0000-00-00",
            "2026-02-30",
            "12/31/1990",
            "",
            "n/a",
            "2026-1-1",
            "9999-12-31",
            "1066-10-14",
            "2026-13-01 00:00:00",
        ] {
            assert!(read_day(bad, &paris()).is_err(), "{bad} was read");
        }
    }

    #[test]
    fn a_bare_timestamp_is_in_the_stores_zone_and_an_offset_wins() {
        let bare = read_when("2026-07-01 01:30:00", &paris()).unwrap();
        assert_eq!(bare, When::Instant("2026-06-30T23:30:00Z".parse().unwrap()));
        let offset = read_when("2026-07-01T01:30:00-03:00", &paris()).unwrap();
        assert_eq!(offset, When::Instant("2026-07-01T04:30:00Z".parse().unwrap()));
        assert_eq!(read_day("2026-07-01", &paris()).unwrap().date(), jiff::civil::date(2026, 7, 1));
    }

    #[test]
    fn days_and_dates_convert_both_ways() {
        for n in (-25_000..84_000).step_by(17) {
            assert_eq!(Day::of(Day(n).date()), Day(n));
        }
    }
}
