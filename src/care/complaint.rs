//! Complaints that are not answered, or not settled, within the time that is owed.

use jiff::SignedDuration;

use super::case::{About, Case, Steps, Urgency};
use super::rule::{Kind, Rule};
use crate::document::Say;
use crate::domain::matter::OpenComplaint;
use crate::domain::{Day, When};
use crate::metrics::Panel;

/// Open complaints whose reply or settlement is owed today or was owed before.
pub(super) fn find(rule: &Rule, panel: &Panel<'_>) -> Vec<Case> {
    let Kind::Complaint { reply_hours, resolve_hours } = rule.kind else { return Vec::new() };
    let mut cases = Vec::new();
    let complaints = panel.facts.matters.complaints.iter();
    for complaint in complaints.filter(|complaint| rule.is_for(panel, complaint.customer)) {
        let reply = (complaint.first_reply_at.is_none(), reply_hours, "reply");
        let resolve = (true, resolve_hours, "resolve");
        // Of a complaint that is late in both, the settlement says it all.
        let late = [resolve, reply].into_iter().find_map(|(owed, hours, part)| {
            let by = owed_by(panel, complaint, hours).filter(|by| owed && *by <= panel.facts.lens.today())?;
            Some((by, hours, part))
        });
        cases.extend(late.map(|late| case(rule, panel, complaint, late)));
    }
    cases
}

/// A time in words: days, where it is whole ones.
fn within(hours: i64) -> Say {
    match (hours / 24, hours % 24) {
        (days @ 2.., 0) => Say::new("span.days").with("n", i128::from(days)),
        _ => Say::new("span.hours").with("n", i128::from(hours)),
    }
}

/// The day by whose end something is owed.
fn owed_by(panel: &Panel<'_>, complaint: &OpenComplaint, hours: i64) -> Option<Day> {
    let zone = &panel.facts.lens.zone;
    Some(match complaint.opened_at {
        When::Instant(at) => When::Instant(at.checked_add(SignedDuration::from_hours(hours)).ok()?).day(zone),
        When::Day(day) => day.plus(i32::try_from(hours.div_euclid(24) + i64::from(hours % 24 != 0)).ok()?),
    })
}

fn case(
    rule: &Rule,
    panel: &Panel<'_>,
    complaint: &OpenComplaint,
    (by, hours, part): (Day, i64, &'static str),
) -> Case {
    let facts = panel.facts;
    let today = facts.lens.today();
    let open = today.since(complaint.opened_at.day(&facts.lens.zone));
    let key = if part == "reply" { "due.complaint_reply" } else { "due.complaint_resolve" };
    Case {
        rule: rule.name.clone(),
        subject: Case::subject(&format!("{}#{part}", complaint.id), by),
        about: About::Customer(complaint.customer),
        rep: facts.customers.owner(complaint.customer).map(str::to_owned),
        for_lead: false,
        anchor: by,
        steps: Steps::once(rule.repeat),
        why: Say::new(key).with("n", i128::from(open)).with("within", within(hours)),
        what: complaint.category.clone(),
        urgency: if by < today { Urgency::Broken } else { Urgency::Today },
        escalate_after: rule.escalate_after,
        slot: None,
    }
}
