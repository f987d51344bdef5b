//! Timestamps as civil days, twenty million times: text is read byte by byte, and zones are asked once a
//! day. What does not have the usual form goes the slow way, which knows all forms.

use jiff::tz::TimeZone;
use rusqlite::types::ValueRef;

use super::decode::{Bad, missing, when_of};
use crate::domain::Day;
use crate::domain::day::YEARS;
use crate::domain::facts::Lens;

/// 1900-01-01.
const FIRST: i32 = -25_567;

/// Days from [`FIRST`] to the end of 2200.
const COUNT: usize = 109_940;

const DAY: i64 = 86_400;

/// Reads days as the lens sees them.
pub(super) struct Days<'a> {
    lens: &'a Lens,
    store_zone: &'a TimeZone,
    same_zone: bool,
    today: Day,
    as_of: i64,
    /// How far each civil day of the store's zone is from UTC, where it is the same all day.
    stored: Offsets,
    /// The same for each UTC day in the report's zone.
    shown: Offsets,
    /// The date that was read last, and its day: most rows have that of the row before.
    last: ([u8; 10], Day),
}

/// A day that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    /// On or before the as-of instant.
    Past(Day),
    /// After it.
    Later,
}

/// Seconds east of UTC by day; made as they are asked for.
struct Offsets(Vec<i32>);

const UNKNOWN: i32 = i32::MAX;
/// A day on which clocks change.
const UNEVEN: i32 = i32::MIN;

impl Offsets {
    fn new() -> Offsets {
        Offsets(Vec::new())
    }

    fn get(&mut self, day: i32, find: impl Fn(i32) -> Option<i32>) -> Option<i64> {
        if self.0.is_empty() {
            self.0 = vec![UNKNOWN; COUNT];
        }
        let known = self.0.get_mut(usize::try_from(day - FIRST).ok()?)?;
        if *known == UNKNOWN {
            *known = find(day).unwrap_or(UNEVEN);
        }
        (*known != UNEVEN).then_some(i64::from(*known))
    }
}

/// The offset of a zone where it is the same all through a civil day.
fn offset_of_civil(zone: &TimeZone, day: i32) -> Option<i32> {
    let midnight = |day: i32| {
        let at = zone.to_ambiguous_timestamp(Day(day).date().at(0, 0, 0, 0));
        let unique = !at.is_ambiguous();
        at.compatible().ok().filter(|_| unique)
    };
    let (from, to) = (midnight(day)?, midnight(day + 1)?);
    (to.duration_since(from).as_secs() == DAY).then(|| zone.to_offset(from).seconds())
}

/// The offset of a zone where it is the same all through a UTC day.
fn offset_of_utc(zone: &TimeZone, day: i32) -> Option<i32> {
    let at = |day: i32| jiff::Timestamp::from_second(i64::from(day) * DAY).ok();
    let (from, to) = (zone.to_offset(at(day)?), zone.to_offset(at(day + 1)?));
    (from == to).then(|| from.seconds())
}

impl<'a> Days<'a> {
    /// Reads what a store in `store_zone` says as `lens` sees it.
    pub(super) fn new(lens: &'a Lens, store_zone: &'a TimeZone) -> Days<'a> {
        Days {
            lens,
            store_zone,
            same_zone: lens.zone == *store_zone,
            today: lens.today(),
            as_of: lens.as_of.as_second(),
            stored: Offsets::new(),
            shown: Offsets::new(),
            last: ([0; 10], Day(0)),
        }
    }

    /// The civil day, in the report's zone, of a value that must be there.
    #[inline]
    pub(super) fn read(&mut self, value: ValueRef<'_>, column: &str) -> Result<Read, Bad> {
        let quick = match value {
            ValueRef::Text(text) => self.quick_text(text),
            ValueRef::Integer(seconds) => self.quick_seconds(seconds),
            _ => None,
        };
        match quick {
            Some(day) => Ok(Read::Past(day)),
            None => self.slow(value, column),
        }
    }

    fn slow(&self, value: ValueRef<'_>, column: &str) -> Result<Read, Bad> {
        let when = when_of(value, column, self.store_zone)?.ok_or_else(|| missing(column))?;
        if when.is_after(self.lens.as_of, &self.lens.zone) {
            return Ok(Read::Later);
        }
        Ok(Read::Past(when.day(&self.lens.zone)))
    }

    /// A day before today of a text in the usual form; `None` sends it the slow way.
    #[inline]
    fn quick_text(&mut self, text: &[u8]) -> Option<Day> {
        let written = text.first_chunk::<10>()?;
        if *written != self.last.0 {
            self.last = (*written, date(written)?);
        }
        let day = self.last.1;
        if text.len() == 10 {
            return (day <= self.today).then_some(day);
        }
        let seconds = time(text.get(10..19)?)?;
        let in_utc = match &text[19..] {
            [] if self.same_zone => {
                let zone = self.store_zone;
                self.stored.get(day.0, |day| offset_of_civil(zone, day))?;
                return (day < self.today).then_some(day);
            }
            [] => {
                let zone = self.store_zone;
                let offset = self.stored.get(day.0, |day| offset_of_civil(zone, day))?;
                i64::from(day.0) * DAY + seconds - offset
            }
            [b'Z'] => i64::from(day.0) * DAY + seconds,
            _ => return None,
        };
        self.quick_seconds(in_utc)
    }

    #[inline]
    fn quick_seconds(&mut self, seconds: i64) -> Option<Day> {
        if seconds >= self.as_of {
            return None;
        }
        let zone = &self.lens.zone;
        let utc_day = i32::try_from(seconds.div_euclid(DAY)).ok()?;
        let offset = self.shown.get(utc_day, |day| offset_of_utc(zone, day))?;
        let day = i32::try_from((seconds + offset).div_euclid(DAY)).ok()?;
        // At the edge of the years that are read, the slow way decides.
        (FIRST + 2..FIRST + COUNT as i32 - 2).contains(&day).then_some(Day(day))
    }
}

/// A civil day of a contract: text that is only a date, in the usual form.
pub(super) fn plain_date(value: ValueRef<'_>) -> Option<Day> {
    match value {
        ValueRef::Text(text) => date(text.try_into().ok()?),
        _ => None,
    }
}

fn two(digits: &[u8]) -> Option<i32> {
    let (a, b) = (digits[0].wrapping_sub(b'0'), digits[1].wrapping_sub(b'0'));
    (a < 10 && b < 10).then(|| i32::from(a) * 10 + i32::from(b))
}

/// The first day of each month from January of the first of [`YEARS`] to the January after the last.
const MONTHS: [i32; 12 * (*YEARS.end() - *YEARS.start() + 1) as usize + 1] = {
    let mut months = [FIRST; 12 * (*YEARS.end() - *YEARS.start() + 1) as usize + 1];
    let mut nth = 1;
    while nth < months.len() {
        let (year, month) = (*YEARS.start() as usize + (nth - 1) / 12, (nth - 1) % 12);
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let length = [31, 28 + is_leap as i32, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month];
        months[nth] = months[nth - 1] + length;
        nth += 1;
    }
    months
};

/// `YYYY-MM-DD` as a day, if it is one.
#[inline]
fn date(text: &[u8; 10]) -> Option<Day> {
    let year = two(&text[..2])? * 100 + two(&text[2..4])? - i32::from(*YEARS.start());
    let (month, day) = (two(&text[5..7])? - 1, two(&text[8..10])? - 1);
    if text[4] != b'-' || text[7] != b'-' || !(0..12).contains(&month) || day < 0 {
        return None;
    }
    let nth = usize::try_from(year * 12 + month).ok()?;
    let (first, next) = (*MONTHS.get(nth)?, *MONTHS.get(nth + 1)?);
    (first + day < next).then_some(Day(first + day))
}

/// `THH:MM:SS`, with a blank for the T if need be, as seconds.
#[inline]
fn time(text: &[u8]) -> Option<i64> {
    let (hour, minute, second) = (two(&text[1..3])?, two(&text[4..6])?, two(&text[7..9])?);
    let form = matches!(text[0], b'T' | b' ') && text[3] == b':' && text[6] == b':';
    (form && hour < 24 && minute < 60 && second < 60).then(|| i64::from(hour * 3600 + minute * 60 + second))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Currency;
    use proptest::prelude::*;

    fn lens(zone: &str, as_of: &str) -> Lens {
        let zone = TimeZone::get(zone).unwrap();
        let currency = Currency::from_code("EUR").unwrap();
        Lens { as_of: as_of.parse().unwrap(), zone, currency, rates: crate::domain::Rates::default() }
    }

    const ZONES: [&str; 6] =
        ["UTC", "America/Sao_Paulo", "Europe/Kyiv", "Pacific/Apia", "Asia/Kathmandu", "Africa/Casablanca"];

    /// The quick way gives what the slow way gives, on every value.
    fn agree(store_zone: &str, report_zone: &str, as_of: &str, value: ValueRef<'_>) {
        let (lens, store_zone) = (lens(report_zone, as_of), TimeZone::get(store_zone).unwrap());
        let mut days = Days::new(&lens, &store_zone);
        let slow = days.slow(value, "at");
        assert_eq!(days.read(value, "at"), slow, "{value:?} {store_zone:?} {report_zone} {as_of}");
    }

    #[test]
    fn the_quick_way_reads_what_the_slow_way_reads() {
        for text in [
            "2011-12-30 10:00:00", // did not happen in Apia
            "2018-11-04 00:30:00", // did not happen in São Paulo
            "2026-03-29T03:30:00", // did not happen in Kyiv
            "2026-02-29",
            "2024-02-29",
            "2024-02-29 24:00:00",
            "2024-02-29 23:59:60",
            "2024-02-29T23:59:59Z",
            "2024-02-29T23:59:59+03:00",
            "2024-02-29 23:59:59.123",
            "0000-00-00",
            "1899-12-31",
            "1900-01-01T00:00:00Z",
            "2200-12-31 23:59:59",
            "9999-12-31",
            "2024/02/29",
            "2024-02-29x10:00:00",
            "２０２４-0",
            "",
            "2026-07-15",
            "2026-07-15 08:00:00",
            "2026-07-15 08:00:01",
            "2026-07-16",
        ] {
            for store in ZONES {
                for report in ZONES {
                    agree(store, report, "2026-07-15T08:00:00Z", ValueRef::Text(text.as_bytes()));
                }
            }
        }
        for seconds in [
            i64::MIN,
            -2_208_988_800,
            -2_208_988_801,
            0,
            1_784_102_400,
            1_784_102_401,
            7_289_654_399,
            i64::MAX,
        ] {
            for zone in ZONES {
                agree("UTC", zone, "2026-07-15T08:00:00Z", ValueRef::Integer(seconds));
            }
        }
    }

    proptest! {
        #[test]
        fn random_moments_too(second in -2_000_000_000i64..1_900_000_000, store in 0usize..6, report in 0usize..6, form in 0u8..4) {
            let at = jiff::Timestamp::from_second(second).unwrap();
            let civil = TimeZone::get(ZONES[store]).unwrap().to_datetime(at);
            let text = match form {
                0 => civil.strftime("%Y-%m-%d %H:%M:%S").to_string(),
                1 => at.to_string(),
                2 => civil.date().to_string(),
                _ => civil.strftime("%Y-%m-%dT%H:%M").to_string(),
            };
            agree(ZONES[store], ZONES[report], "2026-07-15T08:00:00Z", ValueRef::Text(text.as_bytes()));
            agree(ZONES[store], ZONES[report], "2026-07-15T08:00:00Z", ValueRef::Integer(second));
        }

        #[test]
        fn every_day_is_counted(n in FIRST..MONTHS[MONTHS.len() - 1]) {
            let text = Day(n).date().to_string();
            prop_assert_eq!(date(text.as_bytes().try_into().unwrap()), Some(Day(n)));
        }
    }
}
