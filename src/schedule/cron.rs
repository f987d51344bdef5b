//! A cron expression as a value: parsed once, refused when it can never fire, and asked for the next
//! instant in a zone.
//!
//! The rule at clock changes is cronie's. A pattern that names its hours fires once at the first valid
//! moment after a gap, and once (on the first pass) in an overlap; a pattern whose hour field starts
//! with `*` follows the clock on the wall, through both passes and over the gap. croner is asked only
//! about civil time, so a whole missing day (Apia, 2011-12-30) is no special case.

use croner::parser::{CronParser, Seconds};
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan};

/// A cron expression of five fields, or six with seconds first.
#[derive(Debug, Clone)]
pub struct Cron {
    written: String,
    parsed: croner::Cron,
    wildcard_hour: bool,
}

/// Why an expression is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CronProblem {
    /// Not in the grammar; the parser's words.
    Form(String),
    /// No date matches it, ever; which field asks for what, and a way out.
    Never {
        /// What cannot be.
        why: String,
        /// What may have been meant.
        hint: Option<String>,
    },
}

impl Cron {
    /// Parses an expression and proves that it fires.
    pub fn parse(written: &str) -> Result<Cron, CronProblem> {
        let parser = CronParser::builder().seconds(Seconds::Optional).build();
        let parsed = parser.parse(written).map_err(|e| {
            let said = e.to_string();
            let said = said.split_once(": ").map_or(said.as_str(), |(_, rest)| rest);
            CronProblem::Form(said.trim_end_matches('.').replace("CronPattern", "the expression"))
        })?;
        let fields: Vec<&str> = written.split_whitespace().collect();
        let hour = fields.get(fields.len().saturating_sub(4)).copied().unwrap_or("*");
        let wildcard_hour = hour.starts_with('*') || written.trim_start().starts_with("@hourly");
        let cron = Cron { written: written.to_owned(), parsed, wildcard_hour };
        // Leap days are at most eight years apart; croner itself looks further than that.
        match cron.next_civil(jiff::civil::date(2000, 1, 1).at(0, 0, 0, 0)) {
            Some(_) => Ok(cron),
            None => Err(never(written, &fields)),
        }
    }

    /// As it was written.
    pub fn written(&self) -> &str {
        &self.written
    }

    /// The first instant strictly after `after` at which it fires in `zone`.
    pub fn next_after(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let mut civil = zone.to_datetime(after);
        // On the first pass of an overlap, civil times behind us are still to come on the second.
        if matches!(zone.to_ambiguous_timestamp(civil).offset(), AmbiguousOffset::Fold { .. }) {
            civil = civil.saturating_sub(25.hours());
        }
        let mut best: Option<Timestamp> = None;
        loop {
            civil = self.next_civil(civil)?;
            let instants = self.instants(civil, zone);
            let mut those = instants.iter().flatten().peekable();
            if those.peek().is_some() && best.is_some_and(|best| those.all(|at| *at > best)) {
                return best;
            }
            let later = instants.into_iter().flatten().filter(|at| *at > after);
            best = later.chain(best).min();
            // Past an overlap no earlier civil time can be an earlier instant.
            if best.is_some() && !self.wildcard_hour {
                return best;
            }
        }
    }

    /// The next matching civil time after `civil`.
    fn next_civil(&self, civil: DateTime) -> Option<DateTime> {
        let start = civil.to_zoned(TimeZone::UTC).ok()?;
        self.parsed.find_next_occurrence(&start, false).ok().map(|at| at.datetime())
    }

    /// The instants a civil time stands for, by the rule above.
    fn instants(&self, civil: DateTime, zone: &TimeZone) -> [Option<Timestamp>; 2] {
        let ambiguous = zone.to_ambiguous_timestamp(civil);
        match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { .. } => [ambiguous.compatible().ok(), None],
            AmbiguousOffset::Gap { .. } if self.wildcard_hour => [None, None],
            AmbiguousOffset::Gap { .. } => [ambiguous.earlier().ok().and_then(|at| gap_end(at, zone)), None],
            AmbiguousOffset::Fold { .. } => {
                let second = if self.wildcard_hour { ambiguous.later().ok() } else { None };
                [ambiguous.earlier().ok(), second]
            }
        }
    }
}

/// The instant at which the gap that `before` lies just in front of ends.
fn gap_end(before: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    zone.following(before).next().map(|transition| transition.timestamp())
}

/// Says which part of the expression asks for a day that no calendar has.
fn never(written: &str, fields: &[&str]) -> CronProblem {
    const MONTHS: [(&str, &str, u8); 5] = [
        ("2", "February", 29),
        ("4", "April", 30),
        ("6", "June", 30),
        ("9", "September", 30),
        ("11", "November", 30),
    ];
    let count = fields.len();
    let named = count.checked_sub(3).zip(count.checked_sub(2)).and_then(|(day, month)| {
        let wanted: u8 = fields.get(day)?.parse().ok()?;
        let month_text = fields.get(month)?.to_ascii_uppercase();
        let (_, name, last) = MONTHS
            .iter()
            .find(|(n, name, _)| month_text == *n || month_text == name.to_ascii_uppercase()[..3])?;
        let mut suggestion: Vec<&str> = fields.to_vec();
        suggestion[day] = "L";
        (wanted > *last).then(|| CronProblem::Never {
            why: format!("{name} has no {wanted}{} day", if wanted == 31 { "st" } else { "th" }),
            hint: Some(format!("`{}` is the last day of {name}", suggestion.join(" "))),
        })
    });
    named.unwrap_or_else(|| CronProblem::Never { why: format!("no date matches `{written}`"), hint: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fires(cron: &str, zone: &str, from: &str, count: usize) -> Vec<String> {
        let zone = TimeZone::get(zone).unwrap();
        let cron = Cron::parse(cron).unwrap();
        let mut at: Timestamp = from.parse().unwrap();
        (0..count)
            .map(|_| {
                at = cron.next_after(at, &zone).unwrap();
                at.to_zoned(zone.clone()).strftime("%F %T%:z").to_string()
            })
            .collect()
    }

    #[test]
    fn nine_oclock_stays_nine_oclock_through_summer_time() {
        assert_eq!(
            fires("0 9 * * *", "Europe/Paris", "2026-03-28T00:00:00Z", 3),
            ["2026-03-28 09:00:00+01:00", "2026-03-29 09:00:00+02:00", "2026-03-30 09:00:00+02:00"]
        );
    }

    #[test]
    fn a_time_in_the_gap_fires_once_where_the_gap_ends() {
        assert_eq!(
            fires("30 2 * * *", "Europe/Paris", "2026-03-28T12:00:00Z", 2),
            ["2026-03-29 03:00:00+02:00", "2026-03-30 02:30:00+02:00"]
        );
        assert_eq!(
            fires("0,15,30 2 * * *", "Europe/Paris", "2026-03-28T12:00:00Z", 2),
            ["2026-03-29 03:00:00+02:00", "2026-03-30 02:00:00+02:00"]
        );
    }

    #[test]
    fn named_hours_fire_once_in_an_overlap_and_wildcards_twice() {
        assert_eq!(
            fires("0 2-3 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 3),
            ["2026-10-25 02:00:00+02:00", "2026-10-25 03:00:00+01:00", "2026-10-26 02:00:00+01:00"]
        );
        assert_eq!(
            fires("30 * * * *", "Europe/Berlin", "2026-10-24T23:45:00Z", 4),
            [
                "2026-10-25 02:30:00+02:00",
                "2026-10-25 02:30:00+01:00",
                "2026-10-25 03:30:00+01:00",
                "2026-10-25 04:30:00+01:00"
            ]
        );
        // Started between the passes: the fixed hour is over, the wildcard is not.
        assert_eq!(
            fires("30 2 * * *", "Europe/Berlin", "2026-10-25T00:45:00Z", 1),
            ["2026-10-26 02:30:00+01:00"]
        );
    }

    #[test]
    fn half_hour_shifts_missing_days_and_odd_zones_hold() {
        assert_eq!(
            fires("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z", 2),
            ["2026-10-04 02:30:00+11:00", "2026-10-05 02:15:00+11:00"]
        );
        assert_eq!(
            fires("0 9 * * *", "Pacific/Apia", "2011-12-29T12:00:00Z", 3),
            ["2011-12-29 09:00:00-10:00", "2011-12-31 00:00:00+14:00", "2011-12-31 09:00:00+14:00"]
        );
        assert_eq!(
            fires("0 0 * * *", "America/Sao_Paulo", "2018-11-03T12:00:00Z", 2),
            ["2018-11-04 01:00:00-02:00", "2018-11-05 00:00:00-02:00"]
        );
    }

    #[test]
    fn what_never_fires_is_refused_with_its_reason() {
        let Err(CronProblem::Never { why, hint }) = Cron::parse("0 8 31 2 *") else { panic!("accepted") };
        assert_eq!(why, "February has no 31st day");
        assert_eq!(hint.as_deref(), Some("`0 8 L 2 *` is the last day of February"));
        assert!(matches!(Cron::parse("0 8 30 FEB *"), Err(CronProblem::Never { .. })));
        assert!(matches!(Cron::parse("61 * * * *"), Err(CronProblem::Form(_))));
        assert!(Cron::parse("0 8 29 2 *").is_ok());
    }
}
