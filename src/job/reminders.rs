//! Reps' digests: what is due, told to whom it is theirs, once.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::released::Released;
use super::{Addressed, RemindersSpec};
use crate::care::appointments::{Book, Page};
use crate::care::digest::{Entry, Known, Linking, Share};
use crate::care::greeted::CUSTOMER;
use crate::care::history::{Fate, Lasting, Reminder};
use crate::care::rule::{Kind, Reach};
use crate::care::staff::Duty;
use crate::care::{About, Case, History, Rule, Staff, digest, team};
use crate::domain::customers::Key;
use crate::domain::facts::Contacts;
use crate::domain::{Facts, People, Recipient, parallel};
use crate::metrics::Panel;

/// What is due, before it is known how those it is about are called.
pub struct Due<'a> {
    panel: Panel<'a>,
    history: &'a History,
    /// What everybody is to be told now.
    shares: Vec<Share>,
    /// What lasts, whether or not it is told: rule, subject, since.
    lasting: Vec<Lasting>,
    backlog: Vec<Case>,
    items_max: usize,
    linking: Option<Linking<'a>>,
    /// What is in book, where the job attaches them.
    book: Option<Book<'a>>,
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
    pub fn of(facts: &'a Facts, spec: &'a RemindersSpec, history: &'a History, staff: &'a Staff) -> Due<'a> {
        let panel = Panel::of(facts, &spec.settings);
        let today = facts.lens.today();
        let (mut duties, mut lasting, mut backlog) = (Vec::new(), Vec::new(), Vec::new());
        let mut book = spec.ics.then(|| Book::of(history, staff, &spec.rules, &facts.lens));
        let found = found(&panel, spec, history);
        for (rule, cases) in spec.rules.iter().zip(found) {
            if let Some(book) = &mut book {
                book.note(&cases);
            }
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
                let mut all = all.into_iter().filter(told).peekable();
                // Most cases have one reader, who takes it as it is.
                let mut case = Some(case);
                while let Some(duty) = all.next() {
                    let own = if all.peek().is_some() { case.clone() } else { case.take() };
                    duties.extend(own.map(|case| (case, duty)));
                }
            }
        }
        let mut shares = digest::shares(&panel, duties);
        for share in &mut shares {
            share.team = team::says(staff, history, &share.recipient, today);
        }
        Due { panel, history, shares, lasting, backlog, items_max: spec.items_max, linking: None, book }
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

    /// The customers that are named.
    pub fn wanted(&self) -> BTreeSet<u32> {
        let customers = &self.panel.facts.customers;
        let told = self.shares.iter().flat_map(|share| &share.entries).filter_map(Entry::customer);
        let over = self.book.iter().flat_map(|book| {
            let ids = self.shares.iter().flat_map(|share| book.customers(&share.recipient.id));
            ids.filter_map(|id| customers.find(Key::of(id)))
        });
        told.chain(over).collect()
    }

    /// The customers of whom more is told than their names: whoever may be among the first of a digest, or
    /// whose lead is told unless there was a contact.
    pub fn shown(&self) -> BTreeSet<u32> {
        let first = self.shares.iter().flat_map(|share| share.entries.iter().take(self.items_max));
        let all = self.shares.iter().flat_map(|share| &share.entries);
        let escalated = all.filter(|entry| entry.reasons.iter().any(|reason| reason.escalated));
        first.chain(escalated).filter_map(Entry::customer).collect()
    }

    /// Composes a digest of the occurrence `at` for each recipient who is `served` and may be disturbed `now`; for
    /// the others it waits.
    pub fn tell(
        mut self,
        people: &People,
        contacts: &Contacts,
        (at, now): (Timestamp, Timestamp),
        served: impl Fn(&Recipient) -> bool,
    ) -> Told {
        let facts = self.panel.facts;
        let mut told = Told { lasting: self.lasting, ..Told::default() };
        for share in &mut self.shares {
            share.entries.retain_mut(|entry| still_due(facts, contacts, entry));
        }
        let mut resolved = resolved(self.history, &self.shares);
        for share in self.shares.into_iter().filter(|s| !s.entries.is_empty() && served(&s.recipient)) {
            let arrival = self.history.arrival(&share.recipient, now);
            let fate = if arrival > now { Fate::Waits(arrival) } else { Fate::Told };
            told.reminders.extend(reminders(facts, &share, &fate));
            if arrival > now {
                continue;
            }
            told.released.extend(released(facts, &share));
            let gone = resolved.remove(&share.recipient.id).unwrap_or_default();
            let known = Known { panel: &self.panel, people, contacts };
            let mut document = digest::compose(known, &share, (self.items_max, gone.len()), self.linking);
            let page = self.book.as_ref().map(|c| c.page(known, &share, self.items_max, self.linking, at));
            let Page { appointments, changed } = page.unwrap_or_default();
            document.appointments = appointments;
            told.reminders.extend(gone);
            let recipient = Recipient::clone(&share.recipient);
            told.digests.push(Addressed { recipient, document, appointed: changed });
        }
        // Of those for whom nothing is left, too.
        told.reminders.extend(resolved.into_values().flatten());
        told
    }
}

/// What each rule finds.
fn found(panel: &Panel<'_>, spec: &RemindersSpec, history: &History) -> Vec<Vec<Case>> {
    let find = |rule: &Rule| {
        let mut cases = rule.find(panel, history, Reach::Told);
        if !spec.ics {
            for case in &mut cases {
                case.slot = None;
            }
        }
        cases
    };
    parallel::each(panel.facts.customers.len(), &spec.rules, find)
}

fn id_of(facts: &Facts, about: &About) -> String {
    match about {
        About::Customer(customer) => facts.customers.id(*customer).into_owned(),
        About::Rep(id) => id.clone(),
    }
}

fn reminders(facts: &Facts, share: &Share, fate: &Fate) -> Vec<Reminder> {
    let of_entry = |entry: &Entry| {
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

/// Leaves out what a lead need not hear of: a contact since it fell due is an answer, too. Whether anything is
/// left.
fn still_due(facts: &Facts, contacts: &Contacts, entry: &mut Entry) -> bool {
    if let Some(customer) = entry.customer() {
        let last = contacts.last_day(customer, &facts.lens.zone);
        entry.reasons.retain(|r| !r.escalated || last.is_none_or(|day| day < r.case.anchor));
    }
    !entry.reasons.is_empty()
}

/// Reminders that waited and are due no more, by recipient.
fn resolved(history: &History, shares: &[Share]) -> BTreeMap<String, Vec<Reminder>> {
    let of_share = |share: &'_ Share| {
        let reasons = share.entries.iter().flat_map(|entry| &entry.reasons);
        let key =
            |r: &digest::Reason| (r.case.rule.clone(), r.case.subject.clone(), share.recipient.id.clone());
        reasons.map(key).collect::<Vec<_>>()
    };
    let waits = history.told.values().flatten().any(|told| told.waits.is_some());
    let due: BTreeSet<(String, String, String)> =
        if waits { shares.iter().flat_map(of_share).collect() } else { BTreeSet::new() };
    let mut resolved: BTreeMap<String, Vec<Reminder>> = BTreeMap::new();
    for ((rule, subject), told) in &history.told {
        // What waits for customers is a letter, and another job's.
        let ours = told.iter().filter(|told| !told.recipient.starts_with(CUSTOMER));
        for waits in ours.filter(|told| told.waits.is_some()) {
            if !due.contains(&(rule.clone(), subject.clone(), waits.recipient.clone())) {
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
