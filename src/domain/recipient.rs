//! Who is told: a person or a room, their language, their clock, and when they may be disturbed.

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// A person or room that is told.
#[derive(Debug, Clone)]
pub struct Recipient {
    /// Stable name in keys and listings: the person's key in the configuration, or `rep:ID`.
    pub id: String,
    /// How they are greeted.
    pub name: String,
    /// Mail address, where they have one.
    pub email: Option<String>,
    /// Their room, chat or topic at a chat service, where they have one.
    pub chat: Option<String>,
    /// BCP 47 tag of a language we have words for.
    pub language: String,
    /// Their clock.
    pub zone: TimeZone,
    /// When they work.
    pub calendar: Calendar,
    /// When nothing may arrive.
    pub quiet: Option<Quiet>,
    /// When they are away.
    pub away: Vec<Away>,
    /// Most digests they get on one day; what is over it waits for the next. `None`: as many as there are.
    pub digests_a_day: Option<usize>,
}

/// Working days: weekdays less holidays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    /// Days of the week on which messages may arrive; all seven when nothing is configured.
    pub weekdays: Vec<Weekday>,
    /// Single days off.
    pub holidays: Vec<Date>,
}

/// A time of day in which nothing may arrive: `[from, to)`, over midnight where `to` is not later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quiet {
    /// When it begins.
    pub from: Time,
    /// When it ends.
    pub to: Time,
}

/// Days of absence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Away {
    /// The first day.
    pub from: Date,
    /// The last day.
    pub to: Date,
    /// Who is told meanwhile: a person's key in the configuration.
    pub deputy: Option<String>,
}

impl Default for Calendar {
    fn default() -> Calendar {
        Calendar { weekdays: Weekday::Monday.cycle_forward().take(7).collect(), holidays: Vec::new() }
    }
}

impl Calendar {
    /// Whether messages may arrive on `date`.
    pub fn is_working_day(&self, date: Date) -> bool {
        self.weekdays.contains(&date.weekday()) && !self.holidays.contains(&date)
    }

    /// `date` itself or the first working day after it; `date` when a year holds none.
    pub fn working_day_from(&self, date: Date) -> Date {
        days_from(date).take(366).find(|day| self.is_working_day(*day)).unwrap_or(date)
    }

    /// The working day that comes so many working days after `date`; `date` when years hold too few.
    pub fn after_working_days(&self, date: Date, days: i32) -> Date {
        let later = days_from(date).skip(1).take(366 * 10).filter(|day| self.is_working_day(*day));
        match usize::try_from(days - 1) {
            Ok(nth) => later.clone().nth(nth).unwrap_or(date),
            Err(_) => date,
        }
    }
}

fn days_from(date: Date) -> impl Iterator<Item = Date> + Clone {
    (0..).map_while(move |n| date.checked_add(Span::new().days(n)).ok())
}

impl Quiet {
    /// Whether nothing may arrive at a time of day.
    pub fn holds(self, time: Time) -> bool {
        if self.from < self.to {
            (self.from..self.to).contains(&time)
        } else {
            time >= self.from || time < self.to
        }
    }
}

#[cfg(test)]
impl Recipient {
    /// Ana, who is there all day and reads English.
    pub(crate) fn ana() -> Recipient {
        Recipient {
            id: "ana".to_owned(),
            name: "Ana".to_owned(),
            email: None,
            chat: None,
            language: "en".to_owned(),
            zone: TimeZone::UTC,
            calendar: Calendar::default(),
            quiet: None,
            away: Vec::new(),
            digests_a_day: None,
        }
    }
}

impl Recipient {
    /// The absence that a date lies in.
    pub fn absence(&self, date: Date) -> Option<&Away> {
        self.away.iter().find(|away| (away.from..=away.to).contains(&date))
    }

    /// Whether a date is one on which they work.
    fn is_there(&self, date: Date) -> bool {
        self.calendar.is_working_day(date) && self.absence(date).is_none()
    }

    /// When what is due at an instant may arrive: then, or at the same time of their next working day, or when
    /// their quiet hours are over. When a year holds no such moment, then.
    pub fn arrival(&self, at: Timestamp) -> Timestamp {
        let local = self.zone.to_datetime(at);
        let moved = days_from(local.date()).take(366).find_map(|date| self.moment_on(date, local));
        match moved.filter(|moved| *moved != local) {
            None => at,
            Some(moved) => {
                let moved = self.zone.to_ambiguous_timestamp(moved).compatible().unwrap_or(at);
                // A gap can push a time on, into quiet hours again; never back.
                moved.max(at)
            }
        }
    }

    /// The moment of a date, not before `wanted`, at which something may arrive.
    fn moment_on(&self, date: Date, wanted: DateTime) -> Option<DateTime> {
        if !self.is_there(date) {
            return None;
        }
        let time = wanted.time();
        let at = match self.quiet.filter(|quiet| quiet.holds(time)) {
            None => date.to_datetime(time),
            // Of what is due in the evening the end lies in the next morning.
            Some(quiet) if quiet.to <= time && date == wanted.date() => return None,
            Some(quiet) => date.to_datetime(quiet.to),
        };
        Some(at).filter(|at| *at >= wanted)
    }

    /// The same time of the next day, moved as any other.
    pub fn arrival_tomorrow(&self, at: Timestamp) -> Timestamp {
        let tomorrow = at.to_zoned(self.zone.clone()).checked_add(Span::new().days(1));
        tomorrow.map_or(at, |tomorrow| self.arrival(tomorrow.timestamp()))
    }

    /// The first moment from `at` on at which nothing may arrive any more, within a week; `at` plus a week where
    /// there is none.
    pub fn closes(&self, at: Timestamp) -> Timestamp {
        let week = at + jiff::SignedDuration::from_hours(7 * 24);
        let local = self.zone.to_datetime(at);
        let ends = days_from(local.date()).take(8).flat_map(|date| {
            let midnight = (!self.is_there(date)).then(|| date.to_datetime(Time::midnight()));
            let evening = self.quiet.map(|quiet| date.to_datetime(quiet.from));
            midnight.into_iter().chain(evening)
        });
        let first = ends.filter(|end| *end > local).min();
        let first = first.and_then(|end| self.zone.to_ambiguous_timestamp(end).compatible().ok());
        first.map_or(week, |end| end.min(week))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::{date, time};
    use proptest::prelude::*;

    fn weekdays() -> Vec<Weekday> {
        Weekday::Monday.cycle_forward().take(5).collect()
    }

    fn somebody(quiet: Option<(i8, i8)>, zone: &str) -> Recipient {
        Recipient {
            id: "ana".into(),
            name: "Ana".into(),
            email: None,
            chat: None,
            language: "en".into(),
            zone: TimeZone::get(zone).unwrap(),
            calendar: Calendar { weekdays: weekdays(), holidays: vec![date(2026, 12, 25)] },
            quiet: quiet.map(|(from, to)| Quiet { from: time(from, 0, 0, 0), to: time(to, 30, 0, 0) }),
            away: vec![Away { from: date(2026, 12, 28), to: date(2026, 12, 30), deputy: None }],
            digests_a_day: None,
        }
    }

    #[test]
    fn a_holiday_before_a_weekend_leads_to_monday() {
        let calendar = Calendar { weekdays: weekdays(), holidays: vec![date(2026, 12, 25)] };
        assert_eq!(calendar.working_day_from(date(2026, 12, 25)), date(2026, 12, 28));
        assert_eq!(calendar.working_day_from(date(2026, 12, 24)), date(2026, 12, 24));
        let never = Calendar { weekdays: vec![], holidays: vec![] };
        assert_eq!(never.working_day_from(date(2026, 1, 1)), date(2026, 1, 1));
        // Thursday; Friday is a holiday: the second working day is Tuesday.
        assert_eq!(calendar.after_working_days(date(2026, 12, 24), 2), date(2026, 12, 29));
        assert_eq!(calendar.after_working_days(date(2026, 12, 24), 0), date(2026, 12, 24));
    }

    #[test]
    fn what_may_not_arrive_now_arrives_when_it_may() {
        let ana = somebody(Some((20, 7)), "America/Sao_Paulo");
        for (due, arrives) in [
            ("2026-12-21T08:00:00-03:00", "2026-12-21T08:00:00-03:00"),
            // In the morning before the quiet hours end, in the evening after they began.
            ("2026-12-21T06:00:00-03:00", "2026-12-21T07:30:00-03:00"),
            ("2026-12-21T21:00:00-03:00", "2026-12-22T07:30:00-03:00"),
            // The 25th is a holiday, then a weekend, then three days away.
            ("2026-12-25T08:00:00-03:00", "2026-12-31T08:00:00-03:00"),
            ("2026-12-24T22:00:00-03:00", "2026-12-31T07:30:00-03:00"),
        ] {
            let due: Timestamp = due.parse().unwrap();
            assert_eq!(ana.arrival(due), arrives.parse::<Timestamp>().unwrap(), "{due}");
        }
        assert_eq!(
            ana.closes("2026-12-24T08:00:00-03:00".parse().unwrap()),
            "2026-12-24T20:00:00-03:00".parse::<Timestamp>().unwrap()
        );
        let calm = somebody(None, "America/Sao_Paulo");
        assert_eq!(
            calm.closes("2026-12-24T08:00:00-03:00".parse().unwrap()),
            "2026-12-25T00:00:00-03:00".parse::<Timestamp>().unwrap()
        );
    }

    proptest! {
        // Whenever it is due: not before, never in quiet hours or on a day off, and settled.
        #[test]
        fn arrivals_keep_the_rules(
            second in 1_767_000_000i64..1_830_000_000, from in 0i8..24, to in 0i8..24,
            zone in prop::sample::select(vec!["Europe/Paris", "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu"]),
        ) {
            let ana = somebody(Some((from, to)), zone);
            let due = Timestamp::from_second(second).unwrap();
            let arrival = ana.arrival(due);
            prop_assert!(arrival >= due);
            let local = ana.zone.to_datetime(arrival);
            prop_assert!(ana.is_there(local.date()), "{local}");
            prop_assert!(!ana.quiet.unwrap().holds(local.time()) || from == to, "{local}");
            prop_assert_eq!(ana.arrival(arrival), arrival);
            prop_assert!(ana.closes(arrival) > arrival);
        }
    }
}
