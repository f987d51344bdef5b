//! What has become of cases so far: since when rules are on, what was told to whom, what people did about
//! it, what has lasted since when.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::appointments::Appointed;
use crate::domain::{Act, Acted, Day, Recipient};

/// What a person did last about a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// What.
    pub act: Act,
    /// The recipient's id.
    pub by: String,
    /// On which day.
    pub on: Day,
}

/// A case's rule and subject.
pub type CaseKey = (String, String);

/// What a recipient was told of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The day on which it fell due.
    pub due: Day,
    /// The recipient's id.
    pub recipient: String,
    /// When it may be told, while it waits.
    pub waits: Option<Timestamp>,
}

/// Since when a rule is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct On {
    /// What fell due before is its backlog.
    pub since: Day,
    /// Whether it was looked at before.
    pub looked: bool,
}

/// All of it.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// By rule. One that is not here has always been on.
    pub rules: BTreeMap<String, On>,
    /// By case.
    pub told: BTreeMap<CaseKey, Vec<Told>>,
    /// The last act, by case.
    pub acts: BTreeMap<CaseKey, Response>,
    /// When somebody said last that they had been in touch, by customer id.
    pub contacts: BTreeMap<String, Day>,
    /// Since when something lasts, by rule and subject.
    pub lasting: BTreeMap<CaseKey, Day>,
    /// The job that is looked at.
    pub job: String,
    /// Which digests were told lately, by recipient: job and when.
    pub digests: BTreeMap<String, Vec<(String, Timestamp)>>,
    /// What waits, by recipient: job, and when it may be told.
    pub waiting: BTreeMap<String, Vec<(String, Timestamp)>>,
    /// What is in calendars, by recipient.
    pub appointed: BTreeMap<String, Vec<Appointed>>,
}

impl History {
    /// Whether a recipient was told of a case as it fell due on a day, or later.
    pub fn was_told(&self, key: &CaseKey, due: Day, recipient: &str) -> bool {
        let told = self.told.get(key).into_iter().flatten();
        told.filter(|told| told.waits.is_none()).any(|told| told.due >= due && told.recipient == recipient)
    }

    /// Takes what people did, oldest first. Whoever did something about a customer has been in touch.
    pub fn acted(&mut self, acts: Vec<Acted>, day: impl Fn(Timestamp) -> Day) {
        for acted in acts {
            let on = day(acted.at);
            if acted.act == Act::Done {
                let last = self.contacts.entry(acted.customer).or_insert(on);
                *last = on.max(*last);
            }
            let response = Response { act: acted.act, by: acted.recipient, on };
            self.acts.insert((acted.rule, acted.subject), response);
        }
    }

    /// Whether something waits for a recipient that may be told by `at`.
    pub fn waits_for(&self, recipient: &str, at: Timestamp) -> bool {
        let all = self.told.values().flatten();
        all.filter(|told| told.recipient == recipient).any(|told| told.waits.is_some_and(|from| from <= at))
    }

    /// When a recipient may hear of what is due `now`: when they may be disturbed, and have not had as many digests
    /// today as they get at most. Jobs take turns: what waits of another one and comes today has its place before,
    /// if that one was told longer ago.
    pub fn arrival(&self, recipient: &Recipient, now: Timestamp) -> Timestamp {
        let arrival = recipient.arrival(now);
        let Some(most) = recipient.digests_a_day.filter(|_| arrival <= now) else { return arrival };
        let today =
            |at: &Timestamp| recipient.zone.to_datetime(*at).date() == recipient.zone.to_datetime(now).date();
        let told = self.digests.get(&recipient.id).map(Vec::as_slice).unwrap_or_default();
        let waiting = self.waiting.get(&recipient.id).map(Vec::as_slice).unwrap_or_default();
        let turn =
            |job: &String| (told.iter().filter(|(of, _)| of == job).map(|(_, at)| *at).max(), job.clone());
        let own = turn(&self.job);
        let before = waiting.iter().filter(|(job, at)| *job != self.job && today(at) && turn(job) < own);
        let told_today = told.iter().filter(|(_, at)| today(at));
        if told_today.count() + before.count() < most { arrival } else { recipient.arrival_tomorrow(now) }
    }

    /// Since when something lasts: since an earlier look, or since today. What is there at the first look was
    /// there before.
    pub fn lasts_since(&self, rule: &str, subject: &str, today: Day) -> Day {
        let key = (rule.to_owned(), subject.to_owned());
        let first_look = self.rules.get(rule).is_some_and(|on| !on.looked);
        self.lasting.get(&key).copied().unwrap_or(if first_look { today.plus(-1) } else { today })
    }
}

/// Something that lasts since a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lasting {
    /// The rule.
    pub rule: String,
    /// A customer's or rep's id.
    pub subject: String,
    /// Since when.
    pub since: Day,
}

/// What becomes of a reminder: each case, as it fell due on a day, for one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reminder {
    /// The rule.
    pub rule: String,
    /// The case's subject.
    pub subject: String,
    /// The day on which it fell due.
    pub due: Day,
    /// Who is told.
    pub recipient: String,
    /// The customer's (or rep's) id.
    pub about: String,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a reminder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is in a digest.
    Told,
    /// It waits until its recipient may be disturbed.
    Waits(Timestamp),
    /// It waited, and has resolved itself.
    Resolved,
    /// It is not told, for this reason.
    Withheld(&'static str),
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::SignedDuration;

    use super::*;

    fn reader(most: usize) -> Recipient {
        Recipient { digests_a_day: Some(most), ..Recipient::ana() }
    }

    /// Plays jobs that have something new to tell at each of their hours of each day, for two weeks: the hours at
    /// which each was told, counted from the start.
    fn told(most: usize, hours: &[i64]) -> BTreeMap<usize, Vec<i64>> {
        let (ana, start) = (reader(most), "2026-03-02T00:00:00Z".parse::<Timestamp>().unwrap());
        let mut told: BTreeMap<usize, Vec<i64>> = BTreeMap::new();
        let mut waits: BTreeMap<usize, Timestamp> = BTreeMap::new();
        let mut moments: BTreeSet<(i64, usize)> = BTreeSet::new();
        for day in 0..14 {
            moments.extend(hours.iter().enumerate().map(|(job, hour)| (day * 24 + hour, job)));
        }
        for (hour, job) in moments {
            let now = start + SignedDuration::from_hours(hour);
            let name = |job: &usize| job.to_string();
            let digests = told.iter().flat_map(|(job, hours)| {
                hours.iter().map(|hour| (name(job), start + SignedDuration::from_hours(*hour)))
            });
            let history = History {
                job: name(&job),
                digests: [("ana".to_owned(), digests.collect())].into(),
                waiting: [("ana".to_owned(), waits.iter().map(|(job, at)| (name(job), *at)).collect())]
                    .into(),
                ..History::default()
            };
            let arrival = history.arrival(&ana, now);
            if arrival > now {
                waits.insert(job, arrival);
            } else {
                waits.remove(&job);
                told.entry(job).or_default().push(hour);
            }
        }
        told
    }

    #[test]
    fn a_reader_gets_no_more_digests_a_day_than_they_want_and_no_job_waits_for_ever() {
        for (most, hours) in [
            (1, &[8, 12][..]),
            (1, &[12, 8]),
            (1, &[8, 9, 10]),
            (2, &[8, 9, 10]),
            (1, &[8, 8]),
            (3, &[8, 12]),
        ] {
            let told = told(most, hours);
            let mut days: BTreeMap<i64, usize> = BTreeMap::new();
            told.values().flatten().for_each(|hour| *days.entry(hour / 24).or_default() += 1);
            assert!(days.values().all(|n| *n <= most), "{most} {hours:?}: {told:?}");
            for job in 0..hours.len() {
                let mut last = -24;
                for hour in told[&job].iter().chain([&(14 * 24)]) {
                    let days = (hour - last) / 24;
                    assert!(days <= hours.len() as i64 + 1, "{most} {hours:?}, job {job}: {told:?}");
                    last = *hour;
                }
            }
        }
    }
}
