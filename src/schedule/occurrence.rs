//! Which occurrences are due since the last planned one, and which of them still run.
//!
//! Due is a range, `(planned_through, now]`, never "equals now": an outage delays, it does not lose.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::Cron;

/// How many occurrences one look may name. A schedule of every second that slept for a week is 604,800;
/// the oldest beyond are left out: no policy would run them.
pub const DUE_MAX: usize = 10_000;

/// Lateness within which an occurrence is simply on time: the planner's own rhythm.
pub const ON_TIME: SignedDuration = SignedDuration::from_secs(60);

/// What becomes of occurrences that come late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misfire {
    /// Only the latest of them runs.
    Latest,
    /// Each of them runs.
    All,
    /// None of them runs.
    Skip,
}

/// A cron expression in a zone, with its policy for lateness.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// When.
    pub cron: Cron,
    /// Where: whose clock on the wall is meant.
    pub zone: TimeZone,
    /// What happens when we were down.
    pub misfire: Misfire,
    /// Later than this, an occurrence is not run.
    pub max_late: SignedDuration,
    /// Whether each recipient's own clock is meant; `zone` is that of whoever has none.
    pub own: bool,
}

impl Schedule {
    /// What changes when the schedule changes: a new fingerprint starts from now.
    pub fn fingerprint(&self) -> String {
        format!("{} @ {}", self.cron.written(), self.zone.iana_name().unwrap_or("?"))
    }

    /// The same on another clock.
    #[must_use]
    pub fn on(&self, zone: &TimeZone) -> Schedule {
        Schedule { zone: zone.clone(), ..self.clone() }
    }

    /// Whether an instant is one of its occurrences.
    pub fn is_at(&self, at: Timestamp) -> bool {
        let before = at.checked_sub(SignedDuration::from_nanos(1)).unwrap_or(at);
        self.next_after(before) == Some(at)
    }

    /// The first occurrence after `after`.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        self.cron.next_after(after, &self.zone)
    }

    /// The occurrences in `(after, until]`, oldest first; the newest [`DUE_MAX`] of them.
    pub fn between(&self, after: Timestamp, until: Timestamp) -> Vec<Timestamp> {
        let mut due = std::collections::VecDeque::new();
        let mut at = after;
        while let Some(next) = self.next_after(at).filter(|next| *next <= until) {
            if due.len() == DUE_MAX {
                due.pop_front();
            }
            due.push_back(next);
            at = next;
        }
        due.into()
    }

    /// What becomes of each due occurrence at `now`.
    pub fn judge(&self, due: &[Timestamp], now: Timestamp) -> Vec<(Timestamp, Verdict)> {
        let last = due.last().copied();
        due.iter()
            .map(|&at| {
                let late = now.duration_since(at);
                let verdict = if late <= ON_TIME {
                    Verdict::Run
                } else if late > self.max_late {
                    Verdict::Missed(Missed::TooLate)
                } else {
                    match self.misfire {
                        Misfire::All => Verdict::Run,
                        Misfire::Latest if Some(at) == last => Verdict::Run,
                        Misfire::Latest => Verdict::Missed(Missed::Superseded),
                        Misfire::Skip => Verdict::Missed(Missed::Policy),
                    }
                };
                (at, verdict)
            })
            .collect()
    }
}

/// Whether an occurrence runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It runs, as of its own instant.
    Run,
    /// It does not, and a row says why.
    Missed(Missed),
}

/// Why an occurrence does not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missed {
    /// Later than `max_late`.
    TooLate,
    /// A later one of the same job runs in its stead.
    Superseded,
    /// The job says `misfire = "skip"`.
    Policy,
}

impl Missed {
    /// In words, for the ledger and for ops.
    pub fn reason(self) -> &'static str {
        match self {
            Missed::TooLate => "later than max_late",
            Missed::Superseded => "a later occurrence runs in its stead",
            Missed::Policy => "misfire = \"skip\"",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(misfire: Misfire) -> Schedule {
        Schedule {
            cron: Cron::parse("0 9 * * *").unwrap(),
            zone: TimeZone::UTC,
            misfire,
            max_late: SignedDuration::from_hours(24),
            own: false,
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn down_for_three_days_runs_what_the_policy_says() {
        let (from, now) = (at("2026-03-01T10:00:00Z"), at("2026-03-04T12:00:00Z"));
        for (misfire, expected) in [
            (
                Misfire::Latest,
                vec![Verdict::Missed(Missed::TooLate), Verdict::Missed(Missed::TooLate), Verdict::Run],
            ),
            (
                Misfire::All,
                vec![Verdict::Missed(Missed::TooLate), Verdict::Missed(Missed::TooLate), Verdict::Run],
            ),
            (
                Misfire::Skip,
                vec![
                    Verdict::Missed(Missed::TooLate),
                    Verdict::Missed(Missed::TooLate),
                    Verdict::Missed(Missed::Policy),
                ],
            ),
        ] {
            let schedule = schedule(misfire);
            let due = schedule.between(from, now);
            let verdicts: Vec<Verdict> = schedule.judge(&due, now).into_iter().map(|(_, v)| v).collect();
            assert_eq!(verdicts, expected, "{misfire:?}");
        }
        let mut wide = schedule(Misfire::Latest);
        wide.max_late = SignedDuration::from_hours(24 * 7);
        let verdicts: Vec<Verdict> =
            wide.judge(&wide.between(from, now), now).into_iter().map(|(_, v)| v).collect();
        let superseded = Verdict::Missed(Missed::Superseded);
        assert_eq!(verdicts, [superseded, superseded, Verdict::Run]);
    }

    #[test]
    fn on_time_runs_whatever_the_policy() {
        let schedule = schedule(Misfire::Skip);
        let now = at("2026-03-01T09:00:03Z");
        assert_eq!(schedule.judge(&[at("2026-03-01T09:00:00Z")], now)[0].1, Verdict::Run);
    }

    #[test]
    fn a_long_sleep_is_bounded() {
        let mut every_second = schedule(Misfire::Latest);
        every_second.cron = Cron::parse("* * * * * *").unwrap();
        let due = every_second.between(at("2026-03-01T00:00:00Z"), at("2026-03-01T06:00:00Z"));
        assert_eq!(due.len(), DUE_MAX);
        assert_eq!(due.last(), Some(&at("2026-03-01T06:00:00Z")));
    }
}
