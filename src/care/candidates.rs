//! Of everybody, those of whom anybody can be told today: whose interval ended on one of the days that are still
//! told, who left on one, and about whom somebody did something. Where it cannot be said, everybody is read.

use std::collections::BTreeSet;

use super::history::Response;
use super::rule::{self, Kind, Rule};
use super::{History, Staff, contact_gap};
use crate::domain::facts::Lens;
use crate::domain::matter::{Candidates, lies_in};
use crate::domain::recipient::Calendar;
use crate::domain::{Act, Day, Look};
use crate::metrics::{Basis, Settings};

/// Says who is enough in the place of everybody, where a look at everybody is for `rules` alone.
pub fn seek(
    (rules, settings): (&[Rule], &Settings),
    (history, staff): (&History, &Staff),
    lens: &Lens,
    look: &mut Look,
) {
    let time = Time { history, staff, today: lens.today() };
    look.candidates = of(rules, settings, &time).filter(|_| look.everybody);
    look_back(rules, (history, staff), lens, look);
}

/// Looks as far back as a lead is told of what was left alone.
pub fn look_back(rules: &[Rule], (history, staff): (&History, &Staff), lens: &Lens, look: &mut Look) {
    let time = Time { history, staff, today: lens.today() };
    for rule in rules {
        escalations(rule, &time, look);
    }
}

/// A lead hears of what its rep left alone, so many working days on: that may be longer ago than anything is told late.
fn escalations(rule: &Rule, time: &Time<'_>, look: &mut Look) {
    let Some((first, _)) = time.escalated(rule) else { return };
    match &rule.kind {
        Kind::Signal { .. } => {
            look.signals = look.signals.map(|since| since.min(first));
            look.notes.iter_mut().for_each(|(since, _)| *since = first.min(*since));
        }
        Kind::Renewal { .. } => look.renewals = look.renewals.map(|(from, to)| (from.min(first), to)),
        _ => {}
    }
}

/// What rules look for before anything has become of it, and whoever may be told: what a store should be ready for.
pub fn looked_for(rules: &[Rule], settings: &Settings, lens: &Lens) -> Look {
    let mut look = rule::needs(rules.iter(), lens, settings).look.unwrap_or_default();
    seek((rules, settings), (&History::default(), &Staff::default()), lens, &mut look);
    look
}

fn of(rules: &[Rule], settings: &Settings, time: &Time<'_>) -> Option<Candidates> {
    // Who was the last to buy on a day is known only when all purchases since are.
    if settings.basis != Basis::Contract {
        return None;
    }
    let mut candidates = Candidates::default();
    for rule in rules {
        match &rule.kind {
            // Whoever waits is told again and again, however long they have waited; and everybody has a risk.
            Kind::ContactGap { .. } if rule.repeat.is_some() => return None,
            Kind::Risk { .. } => return None,
            Kind::ContactGap { .. } => {
                let days = contact_gap::contacted(rule, time);
                let told = time.history.contacts.iter();
                let told = told.filter(|(_, on)| lies_in(&days, **on));
                candidates.acted.extend(told.map(|(customer, _)| customer.clone()));
                candidates.contacted.extend(days);
            }
            Kind::WinBack { after } => {
                let days = after.iter().map(|after| time.still_told(rule, *after));
                candidates.ended.extend(days.chain(time.escalated(rule)));
            }
            _ => continue,
        }
        candidates.acted.extend(acted(rule, time.history, time.today).into_iter().map(str::to_owned));
    }
    Some(candidates)
}

/// The customers about whom somebody did what may have put a case off until a day that is still told.
pub(super) fn acted<'h>(rule: &Rule, history: &'h History, today: Day) -> BTreeSet<&'h str> {
    let since = today.plus(-rule.max_late);
    let lasts = |Response { act, on, .. }: &Response| match act {
        Act::Done => false,
        Act::Snooze(until) => *until >= since,
        Act::HandOver(_) | Act::NotMine => *on >= since,
    };
    let acts = history.acts.iter().filter(|((of, _), response)| *of == rule.name && lasts(response));
    acts.filter_map(|((_, subject), _)| Some(subject.rsplit_once('@')?.0)).collect()
}

/// What has become of cases, who can be told, and when it is.
pub(super) struct Time<'a> {
    history: &'a History,
    staff: &'a Staff,
    today: Day,
}

impl Time<'_> {
    /// The days that a case is about which is still told today, where it falls due so many days `after`: from one up to
    /// and with another.
    pub(super) fn still_told(&self, rule: &Rule, after: i32) -> (Day, Day) {
        (self.today.plus(-rule.max_late - after), self.today.plus(-after))
    }

    /// The days of a case of which a lead is still told: so many of a rep's working days ago.
    pub(super) fn escalated(&self, rule: &Rule) -> Option<(Day, Day)> {
        let days = rule.escalate_after?;
        let since = self.today.plus(-rule.max_late);
        let mut calendars: Vec<&Calendar> = Vec::new();
        for member in self.staff.reps.values() {
            if !calendars.contains(&&member.recipient.calendar) {
                calendars.push(&member.recipient.calendar);
            }
        }
        let is_told = |day: Day| {
            calendars.iter().any(|calendar| Day::of(calendar.after_working_days(day.date(), days)) >= since)
        };
        // The later a day, the later its working days: the first one that is past has only such before it.
        let mut first = since;
        while is_told(first.plus(-1)) {
            first = first.plus(-1);
        }
        Some((first, self.today))
    }
}
