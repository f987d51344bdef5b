//! How a language writes days and periods.

use jiff::civil::Date;
use serde::Deserialize;

use super::{Locale, fill};
use crate::domain::{Period, PeriodKind};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Formats {
    pub(super) months: Vec<String>,
    /// Months as they stand after a day, in languages that decline them: `{month_of}`.
    #[serde(default)]
    pub(super) months_of: Vec<String>,
    pub(super) months_short: Vec<String>,
    /// Short months as they stand alone, where that differs: `{mon_alone}`.
    #[serde(default)]
    pub(super) months_short_alone: Vec<String>,
    /// In full; only where `{weekday_name}` is asked for.
    #[serde(default)]
    pub(super) weekdays: Vec<String>,
    pub(super) weekdays_short: Vec<String>,
    pub(super) day: String,
    /// As a letter to a customer has it: the name of the month in full.
    pub(super) day_full: String,
    pub(super) day_short: String,
    pub(super) day_near: String,
    pub(super) month: String,
    pub(super) month_short: String,
    pub(super) month_axis: String,
    pub(super) week: String,
    pub(super) week_short: String,
    pub(super) quarter: String,
    #[serde(default = "bare_year")]
    pub(super) year: String,
    pub(super) rolling: String,
    pub(super) instant: String,
    pub(super) percent: String,
    pub(super) money: String,
    pub(super) list_two: String,
    /// Before the sound of i, where that takes a word of its own: "y" in Spanish, yet "e Iberia".
    pub(super) list_two_i: Option<String>,
    pub(super) list_more: String,
}

/// How most languages write a year that stands alone.
fn bare_year() -> String {
    "{y}".to_owned()
}

impl Locale {
    pub(super) fn date(&self, pattern: &str, date: Date) -> String {
        let formats = &self.file.format;
        let name = |names: &[String], at: i8| names.get(at as usize).cloned().unwrap_or_default();
        fill(pattern, |field| {
            Some(match field {
                "d" => date.day().to_string(),
                "month" => name(&formats.months, date.month() - 1),
                "month_of" => name(&formats.months_of, date.month() - 1),
                "mon_alone" => name(&formats.months_short_alone, date.month() - 1),
                "mon" => name(&formats.months_short, date.month() - 1),
                "weekday" => name(&formats.weekdays_short, date.weekday().to_monday_zero_offset()),
                "weekday_name" => name(&formats.weekdays, date.weekday().to_monday_zero_offset()),
                "y" => date.year().to_string(),
                "q" => ((date.month() - 1) / 3 + 1).to_string(),
                "w" => date.iso_week_date().week().to_string(),
                _ => return None,
            })
        })
    }

    pub(super) fn period(&self, period: &Period, short: bool) -> String {
        let formats = &self.file.format;
        let start = period.start.date();
        let pattern = match (period.kind, short) {
            (PeriodKind::Week, false) => &formats.week,
            (PeriodKind::Week, true) => &formats.week_short,
            (PeriodKind::Month, false) => &formats.month,
            (PeriodKind::Month, true) => &formats.month_short,
            (PeriodKind::Quarter, _) => &formats.quarter,
            (PeriodKind::Year, _) => &formats.year,
            (PeriodKind::Rolling(_), false) => &formats.rolling,
            (PeriodKind::Rolling(_), true) => return self.date(&formats.day_short, period.last().date()),
        };
        let from = self.date(&formats.day_short, start);
        let to = self.date(&formats.day_short, period.last().date());
        self.date(&pattern.replace("{from}", &from).replace("{to}", &to), start)
    }
}
