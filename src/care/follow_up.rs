//! Follow-ups: promised contacts that are due today, overdue, or due soon.

use jiff::civil::Time;
use jiff::tz::TimeZone;

use super::case::{About, Case, Slot, Steps, Urgency};
use super::rule::Rule;
use crate::document::Say;
use crate::domain::{FollowUp, When};
use crate::metrics::Panel;

/// The open follow-ups, each for whoever promised it, or the customer's owner.
pub(super) fn find(rule: &Rule, leads: &[i32], panel: &Panel<'_>) -> Vec<Case> {
    let open = panel.facts.matters.follow_ups.iter().filter(|follow_up| follow_up.done_at.is_none());
    let ours = open.filter(|follow_up| rule.is_for(panel, follow_up.customer));
    ours.map(|follow_up| case(rule, leads, panel, follow_up)).collect()
}

fn case(rule: &Rule, leads: &[i32], panel: &Panel<'_>, follow_up: &FollowUp) -> Case {
    let facts = panel.facts;
    let anchor = follow_up.due_at.day(&facts.lens.zone);
    let late = facts.lens.today().since(anchor);
    let why = match late {
        0 => Say::new("due.today"),
        1.. => Say::new("due.late").with("n", i128::from(late)).with("day", anchor.date()),
        _ => Say::new("due.soon").with("n", i128::from(-late)).with("day", anchor.date()),
    };
    let owner = facts.customers.owner(follow_up.customer).map(str::to_owned);
    Case {
        rule: rule.name.clone(),
        subject: Case::subject(&follow_up.id, anchor),
        about: About::Customer(follow_up.customer),
        rep: follow_up.rep_id.clone().or(owner),
        for_lead: false,
        anchor,
        steps: Steps::ahead(leads, rule.repeat),
        why,
        what: follow_up.subject.clone().or_else(|| follow_up.note.clone()),
        urgency: match late {
            1.. => Urgency::Broken,
            0 => Urgency::Today,
            _ => Urgency::Ahead,
        },
        escalate_after: rule.escalate_after,
        slot: Some(Slot {
            matter: follow_up.id.clone(),
            at: moment(follow_up.due_at, &facts.lens.zone),
            title: Say::new("appointment.follow_up"),
            facts: Vec::new(),
        }),
    }
}

/// When it is due. Midnight is how a store writes a day in a column of moments.
fn moment(due: When, zone: &TimeZone) -> When {
    match due {
        When::Instant(at) if zone.to_datetime(at).time() == Time::midnight() => When::Day(due.day(zone)),
        due => due,
    }
}
