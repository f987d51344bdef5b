//! What digests put into their readers' calendars: the dated things they tell, each known by its UID from digest to
//! digest; with a higher sequence once its date has moved, and cancelled once it is over.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use sha2::{Digest as _, Sha256};

use super::case::Slot;
use super::digest::{Known, Linking, Share};
use super::rule::{Kind, Rule, Which};
use super::{Case, History, Staff};
use crate::document::{Appointment, Reach, Say, Value};
use crate::domain::customers::Key;
use crate::domain::facts::Lens;
use crate::domain::{Day, Look, Recipient, When};

/// Something in a reader's calendar, as a digest told it last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appointed {
    /// Its identity there.
    pub uid: String,
    /// The rule that found it.
    pub rule: String,
    /// What it is about, see [`Slot::matter`].
    pub matter: String,
    /// Whose calendar it is in.
    pub recipient: String,
    /// The customer's id.
    pub customer: String,
    /// How often it has changed.
    pub sequence: u32,
    /// When it is.
    pub at: When,
    /// Whether it is over.
    pub cancelled: bool,
    /// The occurrence that told it so.
    pub since: Timestamp,
}

/// What is in everybody's calendars, and where it stands now.
pub struct Book<'a> {
    history: &'a History,
    staff: &'a Staff,
    rules: &'a [Rule],
    today: Day,
    zone: TimeZone,
    /// Cases of what is in somebody's calendar, due or not, by rule and matter.
    standing: BTreeMap<(String, String), Vec<Case>>,
}

/// What a digest's calendar says.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// In the order of their days.
    pub appointments: Vec<Appointment>,
    /// What of it is new or has changed.
    pub changed: Vec<Appointed>,
}

/// All about one matter of a rule, for one reader.
#[derive(Default)]
struct Place<'c> {
    /// Its cases: those that the digest tells, and those that are theirs and not due.
    cases: Vec<(&'c Case, &'c Slot, bool)>,
    /// What is in their calendar.
    rows: Vec<&'c Appointed>,
}

/// What becomes of something in a calendar.
enum Turn<'c> {
    /// The digest tells it, or it has moved.
    Stands(Option<&'c Appointed>, &'c Case, &'c Slot),
    /// It is over.
    Over(&'c Appointed),
}

/// Whether it lasts when its day has passed, until it is done.
fn lasts(rule: &Rule) -> bool {
    matches!(rule.kind, Kind::FollowUp { .. })
}

/// Asks for what is in calendars and may have moved: it may be due no more.
pub fn seek(history: &History, rules: &[Rule], lens: &Lens, look: &mut Look) {
    let today = lens.today();
    for row in history.appointed.values().flatten() {
        let Some(rule) = rules.iter().find(|rule| rule.name == row.rule) else { continue };
        if is_open(row, rule, today, &lens.zone) {
            look.told_customers.insert(row.customer.clone());
            if lasts(rule) {
                look.told_follow_ups.insert(row.matter.clone());
            }
        }
    }
}

/// Whether something can still move or be over. A birthday that has passed stays where it was.
fn is_open(row: &Appointed, rule: &Rule, today: Day, zone: &TimeZone) -> bool {
    !row.cancelled && (lasts(rule) || row.at.day(zone) >= today)
}

impl<'a> Book<'a> {
    /// Of what is known so far.
    pub fn of(history: &'a History, staff: &'a Staff, rules: &'a [Rule], lens: &Lens) -> Book<'a> {
        let rows = history.appointed.values().flatten();
        let standing = rows.map(|row| ((row.rule.clone(), row.matter.clone()), Vec::new())).collect();
        Book { history, staff, rules, today: lens.today(), zone: lens.zone.clone(), standing }
    }

    /// Takes note of what a rule found.
    pub fn note(&mut self, cases: &[Case]) {
        if self.standing.is_empty() {
            return;
        }
        for case in cases {
            let Some(slot) = &case.slot else { continue };
            if let Some(all) = self.standing.get_mut(&(case.rule.clone(), slot.matter.clone())) {
                all.push(case.clone());
            }
        }
    }

    /// The ids of the customers of whom something in a recipient's calendar may be over.
    pub fn customers(&self, recipient: &str) -> impl Iterator<Item = &str> {
        let open = |row: &&Appointed| {
            self.rule(&row.rule).is_some_and(|rule| is_open(row, rule, self.today, &self.zone))
        };
        let rows = self.history.appointed.get(recipient).into_iter().flatten();
        rows.filter(open).map(|row| row.customer.as_str())
    }

    /// The calendar that goes with a digest of the occurrence `at`, of which `shown` entries have links.
    pub fn page(
        &self,
        known: Known<'_>,
        share: &Share,
        shown: usize,
        linking: Option<Linking<'_>>,
        at: Timestamp,
    ) -> Page {
        let writer = Writer { known, share, shown, linking, at };
        let mut page = Page::default();
        for ((name, _), place) in self.places(share) {
            let Some(rule) = self.rule(name) else { continue };
            let rows = place.rows.clone();
            for turn in self.turns(rule, place) {
                let (appointment, changed) = match turn {
                    Turn::Stands(row, case, slot) => {
                        let uid = || self.uid(rule, slot, &share.recipient, &rows);
                        writer.stands(row, case, slot, uid)
                    }
                    Turn::Over(row) => writer.over(row, self.title(rule, row)),
                };
                page.appointments.push(appointment);
                page.changed.extend(changed);
            }
        }
        page.appointments.sort_by(|a, b| {
            let key = |a: &Appointment| (a.at.day(&self.zone), matches!(a.at, When::Instant(_)));
            let moment = |a: &Appointment| if let When::Instant(at) = a.at { Some(at) } else { None };
            (key(a), moment(a), &a.uid).cmp(&(key(b), moment(b), &b.uid))
        });
        page
    }

    fn rule(&self, name: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.name == name)
    }

    /// What a digest tells and what is in its reader's calendar, by rule and matter.
    fn places<'c>(&'c self, share: &'c Share) -> BTreeMap<(&'c str, &'c str), Place<'c>> {
        let mut places: BTreeMap<(&str, &str), Place<'c>> = BTreeMap::new();
        let mut add = |case: &'c Case, slot: &'c Slot, told: bool| {
            let place = places.entry((&case.rule, &slot.matter)).or_default();
            // What is told to a rep and to their lead may be the same reader's.
            if place.cases.iter().all(|(_, known, _)| known.at.day(&self.zone) != slot.at.day(&self.zone)) {
                place.cases.push((case, slot, told));
            }
        };
        for reason in share.entries.iter().flat_map(|entry| &entry.reasons).filter(|r| !r.escalated) {
            if let Some(slot) = &reason.case.slot {
                add(&reason.case, slot, true);
            }
        }
        for case in self.standing.values().flatten() {
            if let Some(slot) = &case.slot
                && self.staff.holds(case, self.history, self.today, &share.recipient)
            {
                add(case, slot, false);
            }
        }
        for row in self.history.appointed.get(&share.recipient.id).into_iter().flatten() {
            places.entry((&row.rule, &row.matter)).or_default().rows.push(row);
        }
        places
    }

    /// What becomes of one matter: what has its day stays, what has lost it moves to a day that is new or is over,
    /// and the rest of what is told is new.
    fn turns<'c>(&self, rule: &Rule, place: Place<'c>) -> Vec<Turn<'c>> {
        let Place { mut cases, mut rows } = place;
        let day = |at: When| at.day(&self.zone);
        cases.sort_by_key(|(case, ..)| case.anchor);
        rows.sort_by_key(|row| (row.cancelled, day(row.at)));
        let mut turns = Vec::new();
        rows.retain(|row| {
            let same =
                |(_, slot, told): &(_, &Slot, bool)| day(slot.at) == day(row.at) && (*told || !row.cancelled);
            let Some(found) = cases.iter().position(same) else { return true };
            let (case, slot, told) = cases.remove(found);
            if told || row.at != slot.at {
                turns.push(Turn::Stands(Some(row), case, slot));
            }
            false
        });
        for row in rows.into_iter().filter(|row| is_open(row, rule, self.today, &self.zone)) {
            if cases.is_empty() {
                turns.push(Turn::Over(row));
            } else {
                let (case, slot, _) = cases.remove(0);
                turns.push(Turn::Stands(Some(row), case, slot));
            }
        }
        let new = cases.into_iter().filter(|(.., told)| *told);
        turns.extend(new.map(|(case, slot, _)| Turn::Stands(None, case, slot)));
        turns
    }

    /// The identity of what is new in a calendar, and what had it before, if anything: it is over, and comes back. A
    /// follow-up is one whatever its day; of days that come again each is one.
    fn uid<'c>(
        &self,
        rule: &Rule,
        slot: &Slot,
        recipient: &Recipient,
        rows: &[&'c Appointed],
    ) -> (String, Option<&'c Appointed>) {
        let day = if lasts(rule) { String::new() } else { slot.at.day(&self.zone).date().to_string() };
        let mut turn = 0u32;
        loop {
            let mut hash = Sha256::new();
            let parts =
                ["retaind-appointment-1", &rule.name, &slot.matter, &day, &recipient.id, &turn.to_string()];
            for part in parts {
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part);
            }
            let hex = |byte: &u8| format!("{byte:02x}");
            let uid = format!("retaind-{}", hash.finalize().iter().take(16).map(hex).collect::<String>());
            match rows.iter().find(|row| row.uid == uid) {
                // It has moved away, and is another one now.
                Some(row) if !row.cancelled => turn += 1,
                before => return (uid, before.copied()),
            }
        }
    }

    /// How what is over is called. Its row may be gone from the shop.
    fn title(&self, rule: &Rule, row: &Appointed) -> Say {
        let cases = self.standing.get(&(row.rule.clone(), row.matter.clone())).into_iter().flatten();
        let slot = cases.filter_map(|case| case.slot.as_ref()).find(|slot| slot.at == row.at);
        slot.map_or_else(|| usual_title(rule, row), |slot| slot.title.clone())
    }
}

fn usual_title(rule: &Rule, row: &Appointed) -> Say {
    match &rule.kind {
        Kind::Renewal { .. } => Say::new("appointment.renewal"),
        Kind::Dates { occasion: Which::Birthday, .. } => Say::new("appointment.birthday"),
        Kind::Dates { occasion: Which::Anniversary, .. } => Say::new("appointment.joined"),
        Kind::Dates { occasion: Which::Other, .. } => {
            let label = row.matter.strip_prefix(&format!("{}/", row.customer)).unwrap_or_default();
            Say::new("appointment.important").with("label", Value::from(label))
        }
        _ => Say::new("appointment.follow_up"),
    }
}

/// Writes what a digest's calendar says.
struct Writer<'c> {
    known: Known<'c>,
    share: &'c Share,
    shown: usize,
    linking: Option<Linking<'c>>,
    at: Timestamp,
}

impl Writer<'_> {
    fn stands<'r>(
        &self,
        row: Option<&'r Appointed>,
        case: &Case,
        slot: &Slot,
        uid: impl Fn() -> (String, Option<&'r Appointed>),
    ) -> (Appointment, Option<Appointed>) {
        let customers = &self.known.panel.facts.customers;
        let customer = case.about.customer().map(|customer| customers.id(customer).into_owned());
        let customer = customer.unwrap_or_default();
        let (uid, row) = match row {
            Some(row) => (row.uid.clone(), Some(row)),
            None => uid(),
        };
        let same = row.filter(|row| !row.cancelled && row.at == slot.at);
        let appointed = Appointed {
            uid,
            rule: case.rule.clone(),
            matter: slot.matter.clone(),
            recipient: self.share.recipient.id.clone(),
            customer: customer.clone(),
            sequence: row.map_or(0, |row| row.sequence + u32::from(same.is_none())),
            at: slot.at,
            cancelled: false,
            since: same.map_or(self.at, |row| row.since),
        };
        let appointment = Appointment {
            what: case.what.clone(),
            facts: slot.facts.clone(),
            reach: self.reach(&customer),
            page: self.link(case, &customer),
            ..self.written(&appointed, slot.title.clone())
        };
        (appointment, same.is_none().then_some(appointed))
    }

    fn over(&self, row: &Appointed, title: Say) -> (Appointment, Option<Appointed>) {
        let sequence = row.sequence + 1;
        let appointed = Appointed { sequence, cancelled: true, since: self.at, ..row.clone() };
        (self.written(&appointed, title), Some(appointed))
    }

    fn written(&self, appointed: &Appointed, title: Say) -> Appointment {
        let facts = self.known.panel.facts;
        let person = facts.customers.find(Key::of(&appointed.customer));
        let name = person.map_or("", |customer| self.known.people.name(customer));
        // Whoever is not in the shop any more has no name.
        let name = if name.is_empty() { &appointed.customer } else { name };
        Appointment {
            uid: appointed.uid.clone(),
            sequence: appointed.sequence,
            at: appointed.at,
            title: title.with("customer", name),
            what: None,
            facts: Vec::new(),
            reach: Vec::new(),
            page: None,
            cancelled: appointed.cancelled,
            changed: appointed.since,
        }
    }

    fn reach(&self, customer: &str) -> Vec<Reach> {
        let customer = self.known.panel.facts.customers.find(Key::of(customer));
        let Some(person) = customer.and_then(|customer| self.known.people.0.get(&customer)) else {
            return Vec::new();
        };
        let reach = [person.phone.clone().map(Reach::Phone), person.email.clone().map(Reach::Email)];
        reach.into_iter().flatten().collect()
    }

    /// The page of its entry: those that the digest shows have one.
    fn link(&self, case: &Case, customer: &str) -> Option<String> {
        let is_shown = self.share.entries.iter().take(self.shown).any(|entry| entry.about == case.about);
        let linking = self.linking.filter(|_| is_shown)?;
        Some(linking.page(&self.share.recipient, customer))
    }
}

#[cfg(test)]
mod tests;
