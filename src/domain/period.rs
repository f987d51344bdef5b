//! Half-open spans of civil days: the week, month, quarter, year or last N days a report is about.

use jiff::ToSpan;
use jiff::civil::Date;

use super::Day;

/// How long a period is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PeriodKind {
    /// ISO week, from Monday.
    Week,
    /// Calendar month.
    Month,
    /// Calendar quarter.
    Quarter,
    /// Calendar year.
    Year,
    /// The given number of days up to the day before.
    Rolling(u16),
}

impl PeriodKind {
    /// Reads `week`, `month`, `quarter`, `year` or `rolling:30`.
    pub fn parse(text: &str) -> Option<PeriodKind> {
        match text {
            "week" => Some(PeriodKind::Week),
            "month" => Some(PeriodKind::Month),
            "quarter" => Some(PeriodKind::Quarter),
            "year" => Some(PeriodKind::Year),
            _ => {
                let days: u16 = text.strip_prefix("rolling:")?.parse().ok()?;
                (1..=3660).contains(&days).then_some(PeriodKind::Rolling(days))
            }
        }
    }

    /// How many make a year: what a rate is compounded by. In days for the rolling kind.
    pub fn per_year(self) -> f64 {
        match self {
            PeriodKind::Week => 365.25 / 7.0,
            PeriodKind::Month => 12.0,
            PeriodKind::Quarter => 4.0,
            PeriodKind::Year => 1.0,
            PeriodKind::Rolling(days) => 365.25 / f64::from(days),
        }
    }

    /// How many months it lasts: what turns a period's churn rate into a monthly one. A month is a
    /// twelfth of 365.25 days where the length is in days.
    pub fn months(self) -> (i128, i128) {
        match self {
            PeriodKind::Week => (7 * 1_200, 36_525),
            PeriodKind::Month => (1, 1),
            PeriodKind::Quarter => (3, 1),
            PeriodKind::Year => (12, 1),
            PeriodKind::Rolling(days) => (i128::from(days) * 1_200, 36_525),
        }
    }
}

/// A span of civil days `[start, end)` of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Period {
    /// What it is.
    pub kind: PeriodKind,
    /// First day.
    pub start: Day,
    /// The day after the last one.
    pub end: Day,
}

impl Period {
    /// The last period that was complete when `today` began.
    pub fn last_complete(kind: PeriodKind, today: Day) -> Period {
        Period::containing(kind, today).previous()
    }

    /// The period `today` lies in; for the rolling kind, the span that ends with `today`.
    pub fn containing(kind: PeriodKind, today: Day) -> Period {
        let date = today.date();
        match kind {
            PeriodKind::Week => {
                let start = today.plus(-i32::from(date.weekday().to_monday_zero_offset()));
                Period { kind, start, end: start.plus(7) }
            }
            PeriodKind::Month => Period::months(kind, date.first_of_month(), 1),
            PeriodKind::Quarter => {
                let first = (date.month() - 1) / 3 * 3 + 1;
                Period::months(kind, Date::constant(date.year(), first, 1), 3)
            }
            PeriodKind::Year => Period::months(kind, date.first_of_year(), 12),
            PeriodKind::Rolling(days) => {
                Period { kind, start: today.plus(1 - i32::from(days)), end: today.plus(1) }
            }
        }
    }

    fn months(kind: PeriodKind, start: Date, months: i32) -> Period {
        let end = start.saturating_add(months.months());
        Period { kind, start: Day::of(start), end: Day::of(end) }
    }

    /// The last day of it.
    pub fn last(&self) -> Day {
        self.end.plus(-1)
    }

    /// Days in it.
    pub fn days(&self) -> i32 {
        self.end.since(self.start)
    }

    /// Whether `day` lies in it.
    pub fn contains(&self, day: Day) -> bool {
        self.start <= day && day < self.end
    }

    /// The period of the same kind that ends where this one starts.
    #[must_use]
    pub fn previous(&self) -> Period {
        match self.kind {
            PeriodKind::Rolling(days) => {
                Period { kind: self.kind, start: self.start.plus(-i32::from(days)), end: self.start }
            }
            kind => Period::containing(kind, self.start.plus(-1)),
        }
    }

    /// The same period a year earlier; for weeks and rolling spans, 52 weeks earlier, so that
    /// weekdays match.
    #[must_use]
    pub fn year_before(&self) -> Period {
        match self.kind {
            PeriodKind::Week | PeriodKind::Rolling(_) => {
                Period { kind: self.kind, start: self.start.plus(-364), end: self.end.plus(-364) }
            }
            kind => Period::containing(kind, Day::of(self.start.date().saturating_sub(1.year()))),
        }
    }

    /// The last `count` periods that end with this one, oldest first.
    pub fn trail(&self, count: usize) -> Vec<Period> {
        let mut trail = Vec::with_capacity(count);
        let mut period = *self;
        for _ in 0..count {
            trail.push(period);
            period = period.previous();
        }
        trail.reverse();
        trail
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn day(y: i16, m: i8, d: i8) -> Day {
        Day::of(date(y, m, d))
    }

    #[test]
    fn the_last_complete_period_ends_before_today() {
        let monday = day(2026, 11, 2);
        for (kind, start, end) in [
            (PeriodKind::Week, day(2026, 10, 26), day(2026, 11, 2)),
            (PeriodKind::Month, day(2026, 10, 1), day(2026, 11, 1)),
            (PeriodKind::Quarter, day(2026, 7, 1), day(2026, 10, 1)),
            (PeriodKind::Year, day(2025, 1, 1), day(2026, 1, 1)),
            (PeriodKind::Rolling(30), day(2026, 10, 3), day(2026, 11, 2)),
        ] {
            let period = match kind {
                PeriodKind::Rolling(_) => Period::containing(kind, monday.plus(-1)),
                _ => Period::last_complete(kind, monday),
            };
            assert_eq!((period.start, period.end), (start, end), "{kind:?}");
        }
    }

    #[test]
    fn trails_touch_and_years_match() {
        let period = Period::last_complete(PeriodKind::Month, day(2026, 3, 15));
        let trail = period.trail(13);
        assert_eq!(trail[12], period);
        assert_eq!(trail[0], period.year_before());
        assert!(trail.windows(2).all(|w| w[0].end == w[1].start));
        assert_eq!(Period::containing(PeriodKind::Week, day(2026, 1, 1)).start, day(2025, 12, 29));
    }

    #[test]
    fn kinds_are_read_strictly() {
        assert_eq!(PeriodKind::parse("rolling:30"), Some(PeriodKind::Rolling(30)));
        for bad in ["rolling:0", "rolling:", "rolling:-3", "months", "Week"] {
            assert_eq!(PeriodKind::parse(bad), None, "{bad}");
        }
    }
}
