//! Reps' digests: what is due, told to whom it is theirs, once.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::released::Released;
use super::{Addressed, RemindersSpec};
use crate::care::digest::{Known, Linking, Share};
use crate::care::history::{Fate, Lasting, Reminder};
use crate::care::rule::Kind;
use crate::care::staff::Duty;
use crate::care::{About, Case, History, Staff, digest};
use crate::domain::facts::Contacts;
use crate::domain::{Facts, People, Recipient};
use crate::metrics::Panel;

/// What is due, before it is known how those it is about are called.
pub struct Due<'a> {
    panel: Panel<'a>,
    history: &'a History,
    /// Every case that somebody is to be told now.
    duties: Vec<(Case, Duty)>,
    /// What lasts, whether or not it is told: rule, subject, since.
    lasting: Vec<Lasting>,
    backlog: Vec<Case>,
    items_max: usize,
    linking: Option<Linking<'a>>,
}

/// What a run of reminders decided.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// The digests.
    pub digests: Vec<Addressed>,
    /// What became of each reminder.
    pub reminders: Vec<Reminder>,
    /// What lasts.
    pub lasting: Vec<Lasting>,
    /// Customers who go back to the pool.
    pub released: Vec<Released>,
}

impl<'a> Due<'a> {
    /// What `spec` finds due in `facts`, for whom of `staff`, after what `history` knows.
    pub fn of(facts: &'a Facts, spec: &'a RemindersSpec, history: &'a History, staff: &Staff) -> Due<'a> {
        let panel = Panel::of(facts, &spec.settings);
        let today = facts.lens.today();
        let (mut duties, mut lasting, mut backlog) = (Vec::new(), Vec::new(), Vec::new());
        for rule in &spec.rules {
            let cases = rule.find(&panel, history);
            if matches!(rule.kind, Kind::Risk { .. } | Kind::Handover) {
                lasting.extend(cases.iter().map(|case| Lasting {
                    rule: rule.name.clone(),
                    subject: id_of(facts, &case.about),
                    since: case.anchor,
                }));
            }
            let on = history.rules.get(&rule.name);
            for case in cases {
                // What has been due since before the rule was switched on is not told, however long it lasts.
                if on.is_some_and(|on| rule.repeat.is_some() && case.anchor < on.since) {
                    backlog.push(case);
                    continue;
                }
                let all = staff.duties(&case, history, today);
                if on.is_some_and(|on| all.iter().any(|duty| !duty.escalated && duty.due < on.since)) {
                    backlog.push(case);
                    continue;
                }
                let key = (case.rule.clone(), case.subject.clone());
                let told = |duty: &Duty| {
                    // What a deputy was told of is not told again to whom they stood in for.
                    let deputies = duty.recipient.away.iter().filter_map(|away| away.deputy.as_ref());
                    let mut those = deputies.chain([&duty.recipient.id]);
                    duty.due >= today.plus(-rule.max_late)
                        && !those.any(|id| history.was_told(&key, duty.due, id))
                };
                duties.extend(all.into_iter().filter(told).map(|duty| (case.clone(), duty)));
            }
        }
        Due { panel, history, duties, lasting, backlog, items_max: spec.items_max, linking: None }
    }

    /// With links by which recipients act.
    #[must_use]
    pub fn linked(self, linking: Option<Linking<'a>>) -> Due<'a> {
        Due { linking, ..self }
    }

    /// What fell due before its rule was switched on.
    pub fn backlog(&self) -> &[Case] {
        &self.backlog
    }

    /// Every case that somebody is to be told, with whom.
    pub fn duties(&self) -> &[(Case, Duty)] {
        &self.duties
    }

    /// The customers that are named.
    pub fn wanted(&self) -> BTreeSet<u32> {
        let about = self.duties.iter().filter_map(|(case, _)| match case.about {
            About::Customer(customer) => Some(customer),
            About::Rep(_) => None,
        });
        about.collect()
    }

    /// The customers of whom more is told than their names: whoever may be among the first of a digest, or
    /// whose lead is told unless there was a contact.
    pub fn shown(&self) -> BTreeSet<u32> {
        let mut shown = BTreeSet::new();
        for share in digest::shares(&self.panel, self.duties.clone()) {
            shown.extend(share.entries.iter().take(self.items_max).filter_map(digest::Entry::customer));
        }
        let escalated = self.duties.iter().filter(|(_, duty)| duty.escalated);
        shown.extend(escalated.filter_map(|(case, _)| match case.about {
            About::Customer(customer) => Some(customer),
            About::Rep(_) => None,
        }));
        shown
    }

    /// Composes a digest for each recipient who is `served` and may be disturbed `now`; for the others it waits.
    pub fn tell(
        mut self,
        people: &People,
        contacts: &Contacts,
        now: Timestamp,
        served: impl Fn(&Recipient) -> bool,
    ) -> Told {
        let facts = self.panel.facts;
        let zone = &facts.lens.zone;
        // A contact since it fell due is an answer, too.
        self.duties.retain(|(case, duty)| {
            let About::Customer(customer) = case.about else { return true };
            !duty.escalated || contacts.last_day(customer, zone).is_none_or(|day| day < case.anchor)
        });
        let mut told = Told { lasting: self.lasting, ..Told::default() };
        let mut resolved = resolved(self.history, &self.duties);
        for share in digest::shares(&self.panel, self.duties).into_iter().filter(|s| served(&s.recipient)) {
            let arrival = share.recipient.arrival(now);
            let fate = if arrival > now { Fate::Waits(arrival) } else { Fate::Told };
            told.reminders.extend(reminders(facts, &share, &fate));
            if arrival > now {
                continue;
            }
            told.released.extend(released(facts, &share));
            let gone = resolved.remove(&share.recipient.id).unwrap_or_default();
            let known = Known { panel: &self.panel, people, contacts };
            let document = digest::compose(known, &share, (self.items_max, gone.len()), self.linking);
            told.reminders.extend(gone);
            told.digests.push(Addressed { recipient: share.recipient, document });
        }
        // Of those for whom nothing is left, too.
        told.reminders.extend(resolved.into_values().flatten());
        told
    }
}

fn id_of(facts: &Facts, about: &About) -> String {
    match about {
        About::Customer(customer) => facts.customers.id(*customer).into_owned(),
        About::Rep(id) => id.clone(),
    }
}

fn reminders(facts: &Facts, share: &Share, fate: &Fate) -> Vec<Reminder> {
    let of_entry = |entry: &digest::Entry| {
        let about = id_of(facts, &entry.about);
        let reminder = |reason: &digest::Reason| Reminder {
            rule: reason.case.rule.clone(),
            subject: reason.case.subject.clone(),
            due: reason.due,
            recipient: share.recipient.id.clone(),
            about: about.clone(),
            fate: fate.clone(),
        };
        entry.reasons.iter().map(reminder).collect::<Vec<_>>()
    };
    share.entries.iter().flat_map(of_entry).collect()
}

/// Reminders that waited and are due no more, by recipient.
fn resolved(history: &History, duties: &[(Case, Duty)]) -> BTreeMap<String, Vec<Reminder>> {
    let due: BTreeSet<(&str, &str, &str)> = duties
        .iter()
        .map(|(case, duty)| (case.rule.as_str(), case.subject.as_str(), duty.recipient.id.as_str()))
        .collect();
    let mut resolved: BTreeMap<String, Vec<Reminder>> = BTreeMap::new();
    for ((rule, subject), told) in &history.told {
        for waits in told.iter().filter(|told| told.waits.is_some()) {
            if !due.contains(&(rule.as_str(), subject.as_str(), waits.recipient.as_str())) {
                resolved.entry(waits.recipient.clone()).or_default().push(Reminder {
                    rule: rule.clone(),
                    subject: subject.clone(),
                    due: waits.due,
                    recipient: waits.recipient.clone(),
                    about: String::new(),
                    fate: Fate::Resolved,
                });
            }
        }
    }
    resolved
}

/// The customers of a share who go back to the pool.
fn released(facts: &Facts, share: &Share) -> Vec<Released> {
    let mut all = Vec::new();
    for entry in &share.entries {
        for reason in entry.reasons.iter().filter(|r| crate::care::contact_gap::is_release(&r.case.subject)) {
            let (rule, customer) = (reason.case.rule.clone(), id_of(facts, &entry.about));
            all.push(Released { rule, customer, rep: reason.case.rep.clone(), on: reason.case.anchor });
        }
    }
    all
}
