//! Customers whom nobody has been in touch with for longer than their tier allows. Any recorded contact, of
//! whatever kind, starts the clock anew.

use std::collections::HashMap;

use super::case::{About, Case, Steps, Urgency};
use super::history::History;
use super::rule::{Kind, Rule};
use crate::document::Say;
use crate::domain::Day;
use crate::domain::customers::Key;
use crate::metrics::{Activity, Panel};

/// Days before a customer goes back to the pool on which the rep is warned.
const WARNED: i32 = 3;

/// Active customers whose interval is over. One who was never contacted is owed the first contact an interval
/// after their first active day.
pub(super) fn find(rule: &Rule, panel: &Panel<'_>, history: &History) -> Vec<Case> {
    let Kind::ContactGap { ideal, at_most, release_after } = &rule.kind else { return Vec::new() };
    let facts = panel.facts;
    let today = facts.lens.today();
    let tells_activity = panel.tells_activity();
    // There may be a million customers, and a handful whom somebody said to have called.
    let told = history.contacts.iter();
    let told: HashMap<u32, Day> =
        told.filter_map(|(id, day)| Some((facts.customers.find(Key::of(id))?, *day))).collect();
    let mut activity = Activity::default();
    let mut cases = Vec::new();
    for customer in facts.customers.all() {
        let last = facts.contacts.last_day(customer, &facts.lens.zone).max(told.get(&customer).copied());
        let Some(from) = last.or_else(|| panel.first_active(customer)) else { continue };
        let tier = facts.customers.profile(customer).tier.as_deref();
        let days = ideal.of(tier);
        let anchor = from.plus(days);
        if anchor > today {
            continue;
        }
        panel.read_activity(customer, &mut activity);
        if tells_activity && !activity.is_active(today) {
            continue;
        }
        let later = at_most.as_ref().map(|most| most.of(tier) - days).filter(|more| *more > 0);
        let release = release_after.map(|after| after - days).filter(|more| *more > 0);
        let over = later.is_some_and(|more| today.since(anchor) >= more);
        let mut offsets: Vec<i32> = [0].into_iter().chain(later).collect();
        offsets.extend(release.map(|release| (release - WARNED).max(0)));
        offsets.sort_unstable();
        offsets.dedup();
        let goes = release.map(|release| anchor.plus(release));
        let base = Case {
            rule: rule.name.clone(),
            subject: Case::subject(&facts.customers.id(customer), anchor),
            about: About::Customer(customer),
            rep: facts.customers.owner(customer).map(str::to_owned),
            for_lead: false,
            anchor,
            steps: Steps { offsets, repeat: rule.repeat },
            why: why(last, today, days, over, goes),
            what: None,
            urgency: if over { Urgency::Broken } else { Urgency::Waiting },
            escalate_after: rule.escalate_after,
            slot: None,
        };
        if let Some(goes) = goes.filter(|goes| *goes <= today) {
            cases.push(released(base, goes, today));
        } else {
            cases.push(base);
        }
    }
    cases
}

fn why(last: Option<Day>, today: Day, days: i32, over: bool, goes: Option<Day>) -> Say {
    if let Some(goes) = goes.filter(|goes| goes.since(today) <= WARNED) {
        return Say::new("due.release_soon")
            .with("n", i128::from(goes.since(today)))
            .with("day", goes.date());
    }
    let Some(last) = last else { return Say::new("due.never_contacted") };
    let key = if over { "due.contact_over" } else { "due.contact" };
    Say::new(key).with("n", i128::from(today.since(last))).with("usual", i128::from(days))
}

/// The customer goes back to the pool: the rep's lead is told.
fn released(base: Case, goes: Day, today: Day) -> Case {
    Case {
        subject: format!("{}#released", base.subject),
        for_lead: true,
        anchor: goes,
        steps: Steps::once(None),
        why: Say::new("due.released").with("n", i128::from(today.since(goes))),
        urgency: Urgency::Today,
        escalate_after: None,
        ..base
    }
}

/// Whether a case says that its customer goes back to the pool.
pub fn is_release(subject: &str) -> bool {
    subject.ends_with("#released")
}
