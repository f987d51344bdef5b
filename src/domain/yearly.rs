//! Days that come back each year: birthdays, anniversaries; by the civil calendar or by the Chinese one.
//!
//! A 29 February falls on 28 February in common years, or on 1 March where that is the custom. A Chinese
//! birthday falls on the same month and day of each Chinese year: one on the 30th of a month that has 29 days
//! falls on the 29th; one in a leap month falls in the ordinary month of that number in years without it.
//! Chinese dates are those of GB/T 33661-2017, by ICU4X.

use icu_calendar::Date as LunarDate;
use icu_calendar::cal::{ChineseTraditional, Iso};
use icu_calendar::types::Month;
use jiff::civil::Date;

use super::Day;
use super::day::YEARS;

/// A day of a year, with the year it was first where that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Yearly {
    /// The year it was first.
    pub year: Option<i16>,
    /// From 1 to 12.
    pub month: i8,
    /// From 1 to 31.
    pub day: i8,
}

/// By which custom such days fall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Custom {
    /// Whether 29 February falls on 1 March in common years rather than on 28 February.
    pub march: bool,
    /// Whether days are those of the Chinese calendar. A date with a year is a civil one whose Chinese day is
    /// meant; one without is a Chinese month and day.
    pub lunar: bool,
}

impl Yearly {
    /// Of a date.
    pub fn of(date: Date) -> Yearly {
        Yearly { year: Some(date.year()), month: date.month(), day: date.day() }
    }

    /// Reads `MM-DD`; `None` where it is no such day.
    pub fn read(text: &str) -> Option<Yearly> {
        let (month, day) = text.trim().trim_start_matches("--").split_once('-')?;
        let (month, day) = (two_digits(month)?, two_digits(day)?);
        // A leap year has every day there is.
        Date::new(2024, month, day).ok().map(|_| Yearly { year: None, month, day })
    }

    /// The day on which it falls in a year; in the Chinese calendar, in the Chinese year that begins in it.
    pub fn on(self, year: i16, custom: Custom) -> Option<Day> {
        if custom.lunar {
            return self.on_lunar(year);
        }
        let date = Date::new(year, self.month, self.day).or_else(|e| match (self.month, self.day) {
            (2, 29) if custom.march => Date::new(year, 3, 1),
            (2, 29) => Date::new(year, 2, 28),
            _ => Err(e),
        });
        date.ok().map(Day::of)
    }

    fn on_lunar(self, year: i16) -> Option<Day> {
        let (month, day) = match self.year {
            None => (Month::new(self.month as u8), self.day as u8),
            Some(first) => {
                let born = LunarDate::try_new_iso(first.into(), self.month as u8, self.day as u8).ok()?;
                let born = born.to_calendar(ChineseTraditional::new());
                (born.month().to_input(), born.day_of_month().0)
            }
        };
        let try_on = |month, day| LunarDate::try_new_chinese_traditional(year.into(), month, day).ok();
        let ordinary = Month::new(month.number());
        let date = [month, ordinary].into_iter().find_map(|month| {
            // Months have 29 or 30 days.
            try_on(month, day).or_else(|| (day == 30).then(|| try_on(month, 29)).flatten())
        })?;
        let date = date.to_calendar(Iso);
        let civil = Date::new(year_of(date)?, date.month().ordinal as i8, date.day_of_month().0 as i8);
        civil.ok().map(Day::of)
    }

    /// Every day in `[from, to]` on which it falls, with how often it came back by then; of one that is not
    /// yearly, only the first.
    pub fn within(self, from: Day, to: Day, yearly: bool, custom: Custom) -> Vec<(Day, Option<i32>)> {
        if !yearly {
            let once = self.year.and_then(|year| Date::new(year, self.month, self.day).ok()).map(Day::of);
            return once.filter(|day| (from..=to).contains(day)).map(|day| (day, None)).into_iter().collect();
        }
        // A Chinese year ends in the civil year after the one in which it began.
        let years = from.date().year().saturating_sub(1)..=to.date().year();
        let all = years.filter_map(|year| {
            let day = self.on(year, custom).filter(|day| (from..=to).contains(day))?;
            let count = self.year.map(|first| i32::from(year) - i32::from(self.first_year(first, custom)));
            Some((day, count)).filter(|(_, count)| count.is_none_or(|n| n > 0))
        });
        all.collect()
    }

    /// The year in which it was first: of a Chinese day, that in which its Chinese year began.
    fn first_year(self, civil: i16, custom: Custom) -> i16 {
        if !custom.lunar {
            return civil;
        }
        let born = LunarDate::try_new_iso(civil.into(), self.month as u8, self.day as u8).ok();
        let year = born.map(|born| born.to_calendar(ChineseTraditional::new()).cyclic_year().related_iso);
        year.and_then(|year| i16::try_from(year).ok()).unwrap_or(civil)
    }
}

fn year_of(date: LunarDate<Iso>) -> Option<i16> {
    i16::try_from(date.year().extended_year()).ok().filter(|year| YEARS.contains(year))
}

fn two_digits(text: &str) -> Option<i8> {
    (text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    const CIVIL: Custom = Custom { march: false, lunar: false };
    const MARCH: Custom = Custom { march: true, lunar: false };
    const LUNAR: Custom = Custom { march: false, lunar: true };

    #[test]
    fn the_29th_of_february_over_four_hundred_years() {
        let born = Yearly { year: Some(1904), month: 2, day: 29 };
        let mut leap_days = 0;
        for year in 1800..2200 {
            let leap = Date::new(year, 2, 29).is_ok();
            leap_days += usize::from(leap);
            let (usual, march) = (born.on(year, CIVIL).unwrap().date(), born.on(year, MARCH).unwrap().date());
            if leap {
                assert_eq!((usual, march), (date(year, 2, 29), date(year, 2, 29)));
            } else {
                assert_eq!((usual, march), (date(year, 2, 28), date(year, 3, 1)), "{year}");
            }
        }
        // Every 400 years of the Gregorian calendar hold 97 leap days.
        assert_eq!(leap_days, 97);
    }

    #[test]
    fn every_other_day_falls_on_itself_each_year() {
        for day in 0..366 {
            let first = date(2024, 1, 1).checked_add(jiff::Span::new().days(day)).unwrap();
            if (first.month(), first.day()) != (2, 29) {
                let falls = Yearly::of(first).on(2027, CIVIL).unwrap().date();
                assert_eq!((falls.month(), falls.day()), (first.month(), first.day()));
            }
        }
    }

    #[test]
    fn chinese_days_are_those_of_the_almanac() {
        // New Year's days, and the Mid-Autumn festivals (8th month, 15th day), as published.
        for (year, month, day, falls) in [
            (2023, 1, 1, date(2023, 1, 22)),
            (2024, 1, 1, date(2024, 2, 10)),
            (2025, 1, 1, date(2025, 1, 29)),
            (2026, 1, 1, date(2026, 2, 17)),
            (2033, 1, 1, date(2033, 1, 31)),
            (2034, 1, 1, date(2034, 2, 19)),
            (2024, 8, 15, date(2024, 9, 17)),
            (2025, 8, 15, date(2025, 10, 6)),
            (2026, 8, 15, date(2026, 9, 25)),
            // The last day of a year falls in the next civil one.
            (2025, 12, 29, date(2026, 2, 16)),
        ] {
            let yearly = Yearly { year: None, month, day };
            assert_eq!(yearly.on(year, LUNAR).map(Day::date), Some(falls), "{year}-{month}-{day}");
        }
    }

    #[test]
    fn a_civil_birthday_comes_back_on_its_chinese_day() {
        // 1990-01-27 was the first day of the Chinese year.
        let born = Yearly::of(date(1990, 1, 27));
        assert_eq!(born.on(2026, LUNAR).map(Day::date), Some(date(2026, 2, 17)));
        // 2020-06-10 lay in the leap fourth month; 2026 has none, so it falls in the fourth.
        let leap = Yearly::of(date(2020, 6, 10));
        assert_eq!(leap.on(2026, LUNAR), Yearly { year: None, month: 4, day: 19 }.on(2026, LUNAR));
        let within = born.within(Day::of(date(2026, 1, 1)), Day::of(date(2026, 12, 31)), true, LUNAR);
        assert_eq!(within, [(Day::of(date(2026, 2, 17)), Some(36))]);
    }

    #[test]
    fn a_window_over_new_year_finds_both_sides_and_never_the_first_day_itself() {
        let born = Yearly::of(date(2020, 1, 2));
        let days = |from, to| born.within(Day::of(from), Day::of(to), true, CIVIL);
        assert_eq!(days(date(2025, 12, 20), date(2026, 1, 10)), [(Day::of(date(2026, 1, 2)), Some(6))]);
        assert_eq!(days(date(2020, 1, 1), date(2020, 1, 31)), []);
        let once = born.within(Day::of(date(2020, 1, 1)), Day::of(date(2020, 1, 31)), false, CIVIL);
        assert_eq!(once, [(Day::of(date(2020, 1, 2)), None)]);
    }

    #[test]
    fn days_without_a_year_are_read_and_nonsense_is_not() {
        assert_eq!(Yearly::read("02-29"), Some(Yearly { year: None, month: 2, day: 29 }));
        assert_eq!(Yearly::read("--12-31"), Some(Yearly { year: None, month: 12, day: 31 }));
        for wrong in ["02-30", "13-01", "1-1", "0229", "", "a-b", "+1-01"] {
            assert_eq!(Yearly::read(wrong), None, "{wrong}");
        }
    }
}
