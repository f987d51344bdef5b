//! Who is told: a person or a room, their language, their zone and their working days.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

/// A person or room that is told.
#[derive(Debug, Clone)]
pub struct Recipient {
    /// Stable name in keys and listings: the person's key in the configuration, or `rep:ID`.
    pub id: String,
    /// How they are greeted.
    pub name: String,
    /// Mail address, where they have one.
    pub email: Option<String>,
    /// BCP 47 tag of a language we have words for.
    pub language: String,
    /// Their clock.
    pub zone: TimeZone,
    /// When they work.
    pub calendar: Calendar,
}

/// Working days: weekdays less holidays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    /// Days of the week on which messages may arrive; all seven when nothing is configured.
    pub weekdays: Vec<Weekday>,
    /// Single days off.
    pub holidays: Vec<Date>,
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
        date.series(jiff::Span::new().days(1)).take(366).find(|day| self.is_working_day(*day)).unwrap_or(date)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_holiday_before_a_weekend_leads_to_monday() {
        let calendar = Calendar {
            weekdays: Weekday::Monday.cycle_forward().take(5).collect(),
            holidays: vec![date(2026, 12, 25)],
        };
        assert_eq!(calendar.working_day_from(date(2026, 12, 25)), date(2026, 12, 28));
        assert_eq!(calendar.working_day_from(date(2026, 12, 24)), date(2026, 12, 24));
        let never = Calendar { weekdays: vec![], holidays: vec![] };
        assert_eq!(never.working_day_from(date(2026, 1, 1)), date(2026, 1, 1));
    }
}
