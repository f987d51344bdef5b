//! Customers whom nobody has been in touch with for longer than their tier allows. Any recorded contact, of
//! whatever kind, starts the clock anew.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::candidates::{self, Time};
use super::case::{About, Case, Steps, Urgency};
use super::history::History;
use super::rule::{Kind, Reach, Rule};
use crate::document::Say;
use crate::domain::customers::Key;
use crate::domain::{Day, Profile};
use crate::metrics::care::Intervals;
use crate::metrics::{Activity, Panel};

/// Days before a customer goes back to the pool on which the rep is warned.
const WARNED: i32 = 3;

/// Active customers whose interval is over. One who was never contacted is owed the first contact an interval
/// after their first active day.
pub(super) fn find(rule: &Rule, panel: &Panel<'_>, history: &History, reach: Reach) -> Vec<Case> {
    let Kind::ContactGap { ideal, at_most, release_after } = &rule.kind else { return Vec::new() };
    let facts = panel.facts;
    let today = facts.lens.today();
    let tells_activity = panel.tells_activity();
    // There may be a million customers, and a handful whom somebody said to have called.
    let told = history.contacts.iter();
    let told: HashMap<u32, Day> =
        told.filter_map(|(id, day)| Some((facts.customers.find(Key::of(id))?, *day))).collect();
    let acted = candidates::acted(rule, history, today).into_iter();
    let acted: HashSet<u32> = acted.filter_map(|id| facts.customers.find(Key::of(id))).collect();
    let intervals = (ideal, at_most.as_ref());
    let limits =
        |profile: &Profile| Limits::of_tier(rule, intervals, profile.tier.as_deref(), *release_after);
    // By tier, not by customer.
    let limits: Vec<Limits> = facts.customers.profiles().iter().map(limits).collect();
    let mut activity = Activity::default();
    let mut cases = Vec::new();
    let waiting = facts.matters.waiting.as_ref();
    let everybody = waiting.is_none().then(|| facts.customers.all());
    let waiting = waiting.into_iter().flat_map(|waiting| waiting.customers.iter().copied());
    for customer in waiting.chain(everybody.into_iter().flatten()) {
        let last = facts.contacts.last_day(customer, &facts.lens.zone).max(told.get(&customer).copied());
        let Some(from) = last.or_else(|| panel.first_active(customer)) else { continue };
        let limits = &limits[facts.customers.profile_index(customer) as usize];
        let anchor = from.plus(limits.days);
        if anchor > today
            || (reach == Reach::Told && limits.is_past(rule, anchor, today) && !acted.contains(&customer))
            || !rule.is_for(panel, customer)
        {
            continue;
        }
        panel.read_activity(customer, &mut activity);
        if tells_activity && !activity.is_active(today) {
            continue;
        }
        let goes = limits.goes(anchor);
        let over = limits.later.is_some_and(|more| today.since(anchor) >= more);
        let base = Case {
            rule: rule.name.clone(),
            subject: Case::subject(&facts.customers.id(customer), anchor),
            about: About::Customer(customer),
            rep: facts.customers.owner(customer).map(str::to_owned),
            for_lead: false,
            anchor,
            steps: limits.steps.clone(),
            why: why(last, today, limits.days, over, goes),
            what: None,
            urgency: if over { Urgency::Broken } else { Urgency::Waiting },
            escalate_after: rule.escalate_after,
            slot: None,
        };
        match goes.filter(|goes| *goes <= today) {
            Some(goes) => cases.push(released(base, goes, today)),
            None => cases.push(base),
        }
    }
    cases
}

/// When what is owed to the customers of a tier falls due.
struct Limits {
    /// Days within which they should be contacted.
    days: i32,
    /// Days after these within which they must be.
    later: Option<i32>,
    /// Days after these on which they go back to the pool.
    release: Option<i32>,
    steps: Steps,
}

impl Limits {
    fn of_tier(
        rule: &Rule,
        (ideal, at_most): (&Intervals, Option<&Intervals>),
        tier: Option<&str>,
        release_after: Option<i32>,
    ) -> Limits {
        let days = ideal.of(tier);
        let later = at_most.map(|most| most.of(tier) - days).filter(|more| *more > 0);
        let release = release_after.map(|after| after - days).filter(|more| *more > 0);
        let mut offsets: Vec<i32> = [0].into_iter().chain(later).collect();
        offsets.extend(release.map(|release| (release - WARNED).max(0)));
        offsets.sort_unstable();
        offsets.dedup();
        Limits { days, later, release, steps: Steps { offsets, repeat: rule.repeat } }
    }

    /// When a customer whose interval was over on `anchor` goes back to the pool.
    fn goes(&self, anchor: Day) -> Option<Day> {
        self.release.map(|release| anchor.plus(release))
    }

    /// Whether that fell due so long ago that nobody is told of it any more. Of what a lead hears it is their
    /// calendar that says.
    fn is_past(&self, rule: &Rule, anchor: Day, today: Day) -> bool {
        let due = match self.goes(anchor).filter(|goes| *goes <= today) {
            Some(goes) => Some(goes),
            None if rule.escalate_after.is_some() => None,
            None => self.steps.last(anchor, today),
        };
        due.is_some_and(|due| due < today.plus(-rule.max_late))
    }
}

/// The days of a last contact of which somebody is told today; without one, of the first active day.
pub(super) fn contacted(rule: &Rule, time: &Time<'_>) -> Vec<(Day, Day)> {
    let Kind::ContactGap { ideal, at_most, release_after } = &rule.kind else { return Vec::new() };
    let named = at_most.iter().chain([ideal]).flat_map(|intervals| intervals.by_tier.keys());
    let mut tiers: BTreeSet<Option<&str>> = named.map(|tier| Some(tier.as_str())).chain([None]).collect();
    tiers.retain(|tier| {
        rule.tiers.is_empty() || tier.is_none_or(|tier| rule.tiers.iter().any(|known| known == tier))
    });
    let escalated = time.escalated(rule);
    let of_tier = |tier: Option<&str>| {
        let limits = Limits::of_tier(rule, (ideal, at_most.as_ref()), tier, *release_after);
        let after = limits.steps.offsets.into_iter().chain(limits.release);
        let anchors = after.map(|after| time.still_told(rule, after)).chain(escalated);
        anchors.map(move |(from, to)| (from.plus(-limits.days), to.plus(-limits.days)))
    };
    tiers.into_iter().flat_map(of_tier).collect()
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::super::history::Response;
    use super::super::staff::Staff;
    use super::*;
    use crate::domain::facts::Lens;
    use crate::domain::{Act, Asked, Currency, Customer, Facts, Rates, Recipient, Rows};
    use crate::metrics::Settings;

    /// A shop whose customers were last contacted so many days ago.
    fn facts(ago: &[i32]) -> Facts {
        let as_of: Timestamp = "2026-07-15T08:00:00Z".parse().unwrap();
        let (zone, currency) = (TimeZone::UTC, Currency::from_code("EUR").unwrap());
        let mut rows = Rows::empty(Lens { as_of, zone, currency, rates: Rates::default() });
        let customer = |n: usize| Customer { id: n.to_string(), ..Customer::default() };
        rows.customers = (0..ago.len()).map(customer).collect();
        let today = rows.lens.today();
        let mut facts = rows.facts(Asked::nothing(today));
        for (customer, ago) in (0u32..).zip(ago) {
            facts.contacts.add_day(customer, today.plus(-ago));
        }
        facts
    }

    proptest! {
        /// Nobody misses what they would have been told, had everything been looked at.
        #[test]
        fn what_is_left_out_is_told_to_nobody(
            ago in prop::collection::vec(0i32..160, 1..40),
            (later, release, repeat) in (prop::option::of(1i32..90), prop::option::of(1i32..150), prop::option::of(1i32..9)),
            snoozed in prop::collection::vec((0usize..40, 0i32..30), 0..5),
        ) {
            let facts = facts(&ago);
            let today = facts.lens.today();
            let days = |days| Intervals { usual_days: days, ..Intervals::default() };
            let kind = Kind::ContactGap { ideal: days(30), at_most: later.map(|more| days(30 + more)), release_after: release };
            let rule = Rule::of("gap", kind, repeat);
            let settings = Settings::default();
            let panel = Panel::of(&facts, &settings);
            let mut history = History::default();
            for (n, day) in snoozed {
                let Some(ago) = ago.get(n) else { continue };
                let act = Act::Snooze(today.plus(-day));
                let subject = Case::subject(&n.to_string(), today.plus(30 - ago));
                history.acts.insert(("gap".to_owned(), subject), Response { act, by: "ana".to_owned(), on: today.plus(-day) });
            }
            let staff = Staff { rest: vec![Arc::new(Recipient::ana())], ..Staff::default() };
            let told = |reach| {
                let cases = rule.find(&panel, &history, reach).into_iter();
                let in_time = |case: &Case| {
                    let duties = staff.duties(case, &history, today);
                    duties.iter().any(|duty| duty.due >= today.plus(-rule.max_late))
                };
                cases.filter(in_time).collect::<Vec<Case>>()
            };
            prop_assert_eq!(told(Reach::Told), told(Reach::All));
            prop_assert!(rule.find(&panel, &history, Reach::Told).len() <= rule.find(&panel, &history, Reach::All).len());
        }
    }

    #[test]
    fn who_has_waited_for_long_is_found_only_where_it_is_asked_why() {
        let (facts, settings) = (facts(&[10, 33, 90]), Settings::default());
        let panel = Panel::of(&facts, &settings);
        let days = Intervals { usual_days: 30, ..Intervals::default() };
        let rule =
            Rule::of("gap", Kind::ContactGap { ideal: days, at_most: None, release_after: None }, None);
        let found = |reach| rule.find(&panel, &History::default(), reach).len();
        assert_eq!((found(Reach::Told), found(Reach::All)), (1, 2));
    }
}
