//! Reminders: whose turn it is at an occurrence, what has become of cases so far, and the digests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Shared;
use super::runner::{Context, RunError, Sealer, unreadable};
use crate::care::digest::Linking;
use crate::care::greeted::CUSTOMER;
use crate::care::staff::Member;
use crate::care::{History, Staff, appointments, candidates};
use crate::config::{Config, Job, Target};
use crate::domain::facts::Facts;
use crate::domain::{Colleague, Recipient, Rep};
use crate::job::reminders::{Due, Told};
use crate::job::{RemindersSpec, released};
use crate::ledger::reminders::{Kept, Untold};
use crate::outbox::{AddressId, Answer, Delivery, DeliveryKey, Event, State, Status};

/// Who is told at an occurrence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Everybody: an operator wants it now, or a look ahead.
    Everybody,
    /// Those whose time it is, and those for whom something waited until now.
    Due,
}

/// What a run of reminders decided, apart from its messages.
#[derive(Default)]
pub(super) struct Reminded {
    pub(super) kept: Kept,
    pub(super) rows: BTreeMap<&'static str, u64>,
    /// What webhooks hear, beside the digests.
    pub(super) events: Vec<Delivery>,
    /// Whom entries can be handed to; nobody, where there are none.
    pub(super) colleagues: Vec<Colleague>,
    /// Whose the addresses are that letters go to.
    pub(super) letters: Vec<(AddressId, String)>,
}

/// Reads what is due as each of those sees it whose turn it is, and seals their digests.
pub(super) fn remind(
    context: &mut Context<'_, '_>,
    (job, spec): (&Job, &RemindersSpec),
    sealer: &mut Sealer<'_>,
) -> Result<Reminded, RunError> {
    let config = context.config;
    let at = context.as_of();
    let reps =
        context.snapshot.reps(&config.store.lens(at, job.schedule.zone.clone())).map_err(unreadable)?;
    let staff = staff(config, job, &reps);
    let mut reminded = Reminded::default();
    reminded.kept.rules = spec.rules.iter().map(|rule| rule.name.clone()).collect();
    for zone in clocks(job, context, &staff) {
        let lens = config.store.lens(at, zone.clone());
        let history = (context.history)(&lens).map_err(RunError::Broken)?;
        let mut needs = job.recipe.needs(&lens);
        if let Some(look) = &mut needs.look {
            if spec.ics {
                appointments::seek(&history, &spec.rules, &lens, look);
            }
            candidates::seek((&spec.rules, &spec.settings), (&history, &staff), &lens, look);
        }
        let facts = context.snapshot.read(needs, lens).map_err(unreadable)?;
        (context.check)(&facts, context.snapshot)?;
        let told = tell(context, (job, spec), (&facts, &history, &staff), sealer.linking)?;
        for digest in &told.digests {
            let mut mailed = false;
            for channel in ways_of(config, job, &digest.recipient) {
                let is_sealed = sealer.seal(&digest.document, &digest.recipient, &channel);
                mailed |= is_sealed && is_mail(config, &channel);
            }
            sealer.keep(digest);
            // Nothing is in the calendar of somebody who gets none.
            reminded.kept.appointed.extend(digest.appointed.iter().filter(|_| mailed).cloned());
        }
        for released in &told.released {
            let events = spec.rules.iter().filter(|rule| rule.name == released.rule).map(|rule| &rule.events);
            let when = (context.at, context.now);
            reminded.events.extend(events.flat_map(|to| released::events(released, context.job, when, to)));
        }
        reminded.kept.reminders.extend(told.reminders);
        reminded.kept.lasting = told.lasting;
        reminded.rows = facts.rows;
    }
    if !sealer.entries.is_empty() {
        reminded.colleagues = colleagues_of(config, &reps);
    }
    Ok(reminded)
}

fn tell(
    context: &mut Context<'_, '_>,
    (job, spec): (&Job, &RemindersSpec),
    (facts, history, staff): (&Facts, &History, &Staff),
    linking: Option<Linking<'_>>,
) -> Result<Told, RunError> {
    let due = Due::of(facts, spec, history, staff).linked(linking);
    let people = context.snapshot.people(facts, due.wanted()).map_err(unreadable)?;
    let contacts = context.snapshot.contacts(facts, &due.shown()).map_err(unreadable)?;
    let today = facts.lens.today().date();
    let served = |recipient: &Recipient| {
        let on_day = !job.schedule.own || recipient.zone.to_datetime(context.at).date() == today;
        on_day && is_served(job, context, history, recipient)
    };
    Ok(due.tell(&people, &contacts, (context.at, context.now), served))
}

/// Whether it is a recipient's turn.
pub(super) fn is_served(
    job: &Job,
    context: &Context<'_, '_>,
    history: &History,
    recipient: &Recipient,
) -> bool {
    context.turn == Turn::Everybody
        || is_time(job, recipient, context.at)
        || history.waits_for(&recipient.id, context.at)
}

fn is_time(job: &Job, recipient: &Recipient, at: Timestamp) -> bool {
    if job.schedule.own { job.schedule.on(&recipient.zone).is_at(at) } else { job.schedule.is_at(at) }
}

/// The clocks by which days are told: the schedule's; or, where each recipient's own is meant, one for each
/// civil day that it is where somebody's turn has come.
fn clocks(job: &Job, context: &Context<'_, '_>, staff: &Staff) -> Vec<TimeZone> {
    if !job.schedule.own {
        return vec![job.schedule.zone.clone()];
    }
    let everybody = || staff.reps.values().map(|member| &member.recipient).chain(&staff.rest);
    let is_turn =
        |recipient: &&Arc<Recipient>| context.turn == Turn::Everybody || is_time(job, recipient, context.at);
    let mut days = BTreeSet::new();
    let mut zones: Vec<TimeZone> = Vec::new();
    // Those whose turn has come lead: most of what waits does so for somebody on the same day.
    for recipient in everybody().filter(is_turn).chain(everybody()) {
        if days.insert(recipient.zone.to_datetime(context.at).date()) {
            zones.push(recipient.zone.clone());
        }
    }
    zones
}

/// Everybody who can be told.
pub fn staff(config: &Config, job: &Job, reps: &BTreeMap<String, Rep>) -> Staff {
    let member = |rep: &Rep| Member {
        recipient: Arc::new(recipient_of(config, rep)),
        active: rep.active,
        lead: rep.manager_id.clone(),
    };
    let mut rest: Vec<Arc<Recipient>> =
        job.to.iter().map(|target| Arc::new(target.recipient.clone())).collect();
    rest.dedup_by(|a, b| a.id == b.id);
    Staff {
        reps: reps.iter().map(|(id, rep)| (id.clone(), member(rep))).collect(),
        people: config.people.iter().map(|(id, p)| (id.clone(), Arc::new(p.recipient.clone()))).collect(),
        rest,
    }
}

/// A rep as a recipient: as the configuration knows them, or as the store does.
fn recipient_of(config: &Config, rep: &Rep) -> Recipient {
    if let Some(person) = config.people.values().find(|p| p.rep.as_deref() == Some(&rep.id)) {
        return person.recipient.clone();
    }
    let zone = rep.time_zone.as_deref().and_then(|name| TimeZone::get(name).ok());
    Recipient {
        id: format!("rep:{}", rep.id),
        name: rep.name.clone(),
        email: rep.email.clone(),
        chat: rep.chat.clone(),
        language: rep.language.clone().unwrap_or_else(|| config.language.clone()),
        zone: zone.unwrap_or_else(|| config.zone.clone()),
        calendar: config.calendar.clone(),
        quiet: config.quiet,
        away: Vec::new(),
        digests_a_day: config.digests_a_day,
    }
}

/// Whom an entry can be handed to: the active reps, and people who are no reps and have a mail address (a
/// room or a program has none). Those of one name are sorted by id.
fn colleagues_of(config: &Config, reps: &BTreeMap<String, Rep>) -> Vec<Colleague> {
    let reps = reps.values().filter(|rep| rep.active).map(|rep| {
        let recipient = recipient_of(config, rep);
        Colleague { name: recipient.name, id: recipient.id, rep: Some(rep.id.clone()) }
    });
    let others = config.people.values().filter(|person| person.rep.is_none());
    let others = others.map(|person| &person.recipient).filter(|recipient| recipient.email.is_some());
    let others = others.map(|r| Colleague { name: r.name.clone(), id: r.id.clone(), rep: None });
    let mut all: Vec<Colleague> = reps.chain(others).collect();
    all.sort();
    all
}

/// Whether what goes over a channel is a mail.
fn is_mail(config: &Config, channel: &str) -> bool {
    config.channels.get(channel).is_some_and(|way| way.medium.is_mail())
}

/// The channels a digest goes over: the person's own, the target's, or those the job names for reps.
pub fn ways_of(config: &Config, job: &Job, recipient: &Recipient) -> Vec<String> {
    if let Some(person) = config.people.get(&recipient.id) {
        return person.via.clone();
    }
    let of = |target: &&Target| target.recipient.id == recipient.id;
    let named: Vec<String> = job.to.iter().filter(of).map(|target| target.channel.clone()).collect();
    if named.is_empty() { job.via.clone() } else { named }
}

/// The clocks of everybody who may be told by a job: those of the configuration, and of the store's reps.
pub(super) fn zones_of(config: &Config, job: &Job, of_reps: &BTreeSet<String>) -> Vec<TimeZone> {
    let mut zones: Vec<TimeZone> = vec![job.schedule.zone.clone(), config.zone.clone()];
    zones.extend(config.people.values().map(|person| person.recipient.zone.clone()));
    zones.extend(of_reps.iter().filter_map(|name| TimeZone::get(name).ok()));
    let mut seen = BTreeSet::new();
    zones.retain(|zone| seen.insert(zone.iana_name().unwrap_or("UTC").to_owned()));
    zones
}

/// The address that a letter to a customer goes to; nothing for what stays in the house.
pub(super) fn letter_to(d: &Delivery) -> Option<String> {
    let is_letter = d.recipient.starts_with(CUSTOMER) && !d.address.is_empty();
    is_letter.then(|| d.address.clone())
}

/// What becomes of the reminders in a message that ended. What may have arrived counts as told.
pub(super) fn untold(shared: &Shared, d: &Delivery, event: &Event, state: &State) -> Option<Untold> {
    if state.status != Status::Dead || state.ambiguous > 0 {
        return None;
    }
    let never = match event {
        Event::Answered(Answer::Never(reason)) => Some(reason.clone()),
        _ => None,
    };
    let key = |channel: &String| DeliveryKey::of(&d.job, d.occurrence, &d.recipient, channel);
    let channels = shared.config.channels.keys();
    let mails = channels.clone().filter(|channel| is_mail(&shared.config, channel)).map(key).collect();
    Some(Untold {
        job: d.job.clone(),
        at: d.occurrence,
        recipient: d.recipient.clone(),
        keys: channels.map(key).collect(),
        mails,
        never,
        address: letter_to(d).unwrap_or_default(),
    })
}
