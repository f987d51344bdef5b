//! Letters to customers: on a day of theirs, to those who agreed, and not too often.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Addressed;
use crate::care::greeted::{CUSTOMER, Caps, Greeted, SUPPRESSED};
use crate::care::history::{Fate, Reminder};
use crate::care::rule::{Kind as RuleKind, Reach};
use crate::care::{About, Case, History, Rule};
use crate::document::{Document, Kind, Letter, Say, Stop, Value};
use crate::domain::recipient::{Calendar, Quiet};
use crate::domain::{Day, Facts, People, Person, Recipient};
use crate::metrics::{Panel, Settings};
use crate::outbox::{AddressId, Links};
use crate::render::{locale, mime};

/// Greetings to customers.
#[derive(Debug, Clone)]
pub struct GreetingsSpec {
    /// What is looked for; those named first come first, where a cap leaves room for one.
    pub rules: Vec<Rule>,
    /// Who is active, and the like.
    pub settings: Settings,
    /// Who signs.
    pub signed: String,
    /// Who writes, with a postal address.
    pub imprint: String,
    /// A mailbox for those who want no more.
    pub stop: Option<String>,
    /// Most letters to one customer.
    pub caps: Caps,
}

/// How customers are written to, where they do not say.
#[derive(Clone, Copy)]
pub struct House<'a> {
    /// The language.
    pub language: &'a str,
    /// The zone.
    pub zone: &'a TimeZone,
    /// When nothing may arrive.
    pub quiet: Option<Quiet>,
    /// Makes the links by which they ask for no more.
    pub links: Option<&'a Links>,
}

/// What a run of greetings decided.
#[derive(Debug, Clone, Default)]
pub struct Written {
    /// The letters.
    pub letters: Vec<Addressed>,
    /// What became of each.
    pub reminders: Vec<Reminder>,
    /// Whose the addresses are.
    pub addresses: Vec<(AddressId, String)>,
}

/// What there is to write about today, before it is known to whom it may be written.
pub fn due(facts: &Facts, spec: &GreetingsSpec, history: &History) -> Vec<(Case, Day)> {
    let panel = Panel::of(facts, &spec.settings);
    let today = facts.lens.today();
    let mut all = Vec::new();
    for rule in &spec.rules {
        let on = history.rules.get(&rule.name);
        for case in rule.find(&panel, history, Reach::Told) {
            let About::Customer(customer) = case.about else { continue };
            let Some(day) = day_of(rule, &case, today) else { continue };
            let recipient = format!("{CUSTOMER}{}", facts.customers.id(customer));
            let key = (case.rule.clone(), case.subject.clone());
            let before = on.is_some_and(|on| day < on.since) || history.was_told(&key, day, &recipient);
            if !before && !case.for_lead {
                all.push((case, day));
            }
        }
    }
    all
}

/// The day on which a letter about a case falls due, if it has come: of days the day itself and no other, since
/// a late greeting is worse than none; of renewals each step, as long as it has not renewed.
pub fn day_of(rule: &Rule, case: &Case, today: Day) -> Option<Day> {
    match rule.kind {
        RuleKind::Dates { .. } => (case.anchor == today).then_some(today),
        RuleKind::Renewal { .. } => {
            let step = case.steps.last(case.anchor, today)?;
            (case.anchor >= today && step >= today.plus(-rule.max_late)).then_some(step)
        }
        _ => None,
    }
}

/// The customers that are named.
pub fn wanted(due: &[(Case, Day)]) -> BTreeSet<u32> {
    let customer = |(case, _): &(Case, Day)| match case.about {
        About::Customer(customer) => Some(customer),
        About::Rep(_) => None,
    };
    due.iter().filter_map(customer).collect()
}

/// Writes to those who agreed and are `served` now.
pub fn write(
    (facts, people): (&Facts, &People),
    (spec, house): (&GreetingsSpec, House<'_>),
    due: &[(Case, Day)],
    (history, greeted, now): (&History, &Greeted, Timestamp),
    served: impl Fn(&Recipient) -> bool,
) -> Written {
    let today = facts.lens.today();
    let mut written = Written::default();
    let mut sent = greeted.letters.clone();
    for (case, day) in due {
        let About::Customer(customer) = case.about else { continue };
        let person = people.0.get(&customer).filter(|person| person.consent);
        let Some((person, email)) = person.and_then(|p| p.email.as_ref().map(|email| (p, email))) else {
            continue;
        };
        let id = facts.customers.id(customer).into_owned();
        let recipient = recipient_of(&id, person, house);
        if !served(&recipient) {
            continue;
        }
        let address = AddressId::of(&greeted.salt, email);
        let so_far = sent.entry(recipient.id.clone()).or_default();
        let arrival = recipient.arrival(now);
        let fate = match hindrance(spec, greeted, (email, address), so_far, today) {
            Some(why) => Fate::Withheld(why),
            None if arrival > now => Fate::Waits(arrival),
            None => Fate::Told,
        };
        if fate == Fate::Told {
            so_far.push(today);
            let letter = letter(spec, house, address);
            written.letters.push(Addressed {
                document: compose(case, person, letter),
                recipient: recipient.clone(),
                appointed: Vec::new(),
            });
            written.addresses.push((address, id.clone()));
        }
        let (rule, subject) = (case.rule.clone(), case.subject.clone());
        written.reminders.push(Reminder {
            rule,
            subject,
            due: *day,
            recipient: recipient.id,
            about: id,
            fate,
        });
    }
    let over = resolved(history, &written.reminders, now);
    written.reminders.extend(over);
    written
}

/// Letters that waited until now and are not written after all: the day is over, or they agree no more.
fn resolved(history: &History, decided: &[Reminder], now: Timestamp) -> Vec<Reminder> {
    let is_decided = |rule: &str, subject: &str, recipient: &str| {
        decided.iter().any(|r| r.rule == rule && r.subject == subject && r.recipient == recipient)
    };
    let mut over = Vec::new();
    for ((rule, subject), told) in &history.told {
        let letters = told.iter().filter(|told| told.recipient.starts_with(CUSTOMER));
        for letter in letters.filter(|told| told.waits.is_some_and(|until| until <= now)) {
            if !is_decided(rule, subject, &letter.recipient) {
                over.push(Reminder {
                    rule: rule.clone(),
                    subject: subject.clone(),
                    due: letter.due,
                    recipient: letter.recipient.clone(),
                    about: letter.recipient.trim_start_matches(CUSTOMER).to_owned(),
                    fate: Fate::Resolved,
                });
            }
        }
    }
    over
}

/// Why nothing is written, if so.
pub fn hindrance(
    spec: &GreetingsSpec,
    greeted: &Greeted,
    (email, address): (&str, AddressId),
    so_far: &[Day],
    today: Day,
) -> Option<&'static str> {
    if greeted.suppressed.contains(&address) {
        return Some(SUPPRESSED);
    }
    if mime::address(email).is_err() {
        return Some("this is no mail address that can be written to");
    }
    spec.caps.hinder(so_far, today)
}

/// A customer as somebody who is written to.
pub fn recipient_of(id: &str, person: &Person, house: House<'_>) -> Recipient {
    let zone = person.zone.as_deref().and_then(|name| TimeZone::get(name).ok());
    let language = person.language.as_deref().and_then(locale::serving);
    Recipient {
        id: format!("{CUSTOMER}{id}"),
        name: person.name.clone(),
        email: person.email.clone(),
        chat: None,
        language: language.unwrap_or_else(|| house.language.to_owned()),
        zone: zone.unwrap_or_else(|| house.zone.clone()),
        // A birthday is one on Sundays, too.
        calendar: Calendar::default(),
        quiet: house.quiet,
        away: Vec::new(),
        digests_a_day: None,
    }
}

fn letter(spec: &GreetingsSpec, house: House<'_>, address: AddressId) -> Letter {
    let stop = Stop { url: house.links.map(|links| links.stop_url(address)), address: spec.stop.clone() };
    Letter { signed: spec.signed.clone(), imprint: spec.imprint.clone(), stop }
}

/// What reps hear as `due.…`, customers read as `greeting.…`.
fn compose(case: &Case, person: &Person, letter: Letter) -> Document {
    let occasion = case.why.key.strip_prefix("due.").unwrap_or(&case.why.key);
    let say = |part: &str| {
        let mut say = Say::new(format!("greeting.{occasion}.{part}"));
        say.args.extend(case.why.args.iter().cloned().map(|(name, value)| match value {
            Value::Day(date) => (name, Value::DayFull(date)),
            other => (name, other),
        }));
        say.with("name", person.name.as_str())
    };
    document(say("subject"), say("lead"), letter)
}

fn document(subject: Say, lead: Say, letter: Letter) -> Document {
    Document {
        kind: Kind::Greeting,
        about: None,
        telling: None,
        letter: Some(letter),
        title: subject.clone(),
        subject,
        lead: vec![lead],
        blocks: Vec::new(),
        notes: Vec::new(),
        sheets: Vec::new(),
        appointments: Vec::new(),
    }
}

/// A letter as it may look, for templates.
pub(super) fn sample() -> Document {
    let subject = Say::new("greeting.birthday.subject").with("name", "Customer 1 <&>");
    let lead = Say::new("greeting.birthday.lead").with("name", "Customer 1 <&>");
    let stop = Stop {
        url: Some("https://care.example.com/u/AAAA".to_owned()),
        address: Some("stop@example.com".to_owned()),
    };
    document(subject, lead, Letter { signed: "Ana".to_owned(), imprint: "Shop, Street 1".to_owned(), stop })
}
