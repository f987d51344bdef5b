//! Birthdays, anniversaries and other days that matter to a customer.

use super::case::{About, Case, Slot, Steps, Urgency, around};
use super::rule::{Kind, Rule};
use crate::document::{Say, Value};
use crate::domain::matter::{Dated, Occasion};
use crate::domain::{Day, When};
use crate::metrics::Panel;

/// The days of the rule's kind that are near.
pub(super) fn find(rule: &Rule, panel: &Panel<'_>) -> Vec<Case> {
    let Kind::Dates { occasion, leads, custom } = &rule.kind else { return Vec::new() };
    let today = panel.facts.lens.today();
    let lead = leads.iter().copied().max().unwrap_or(0);
    let mut cases = Vec::new();
    let those = panel.facts.matters.dates.iter().filter(|dated| occasion.is(&dated.occasion));
    for dated in those.filter(|dated| rule.is_for(panel, dated.customer)) {
        for (day, count) in around(dated.date, today, rule.max_late, lead, dated.yearly, *custom) {
            cases.push(case(rule, leads, panel, dated, (day, count)));
        }
    }
    cases
}

fn case(
    rule: &Rule,
    leads: &[i32],
    panel: &Panel<'_>,
    dated: &Dated,
    (day, count): (Day, Option<i32>),
) -> Case {
    let customers = &panel.facts.customers;
    let days = day.since(panel.facts.lens.today());
    let id = customers.id(dated.customer);
    let label = match &dated.occasion {
        Occasion::Other(label) => format!("{id}/{label}"),
        _ => id.into_owned(),
    };
    Case {
        rule: rule.name.clone(),
        subject: Case::subject(&label, day),
        slot: Some(Slot {
            matter: label,
            at: When::Day(day),
            title: title(&dated.occasion, count),
            facts: Vec::new(),
        }),
        about: About::Customer(dated.customer),
        rep: customers.owner(dated.customer).map(str::to_owned),
        for_lead: false,
        anchor: day,
        steps: Steps::ahead(leads, None),
        why: why(&dated.occasion, days, day, count),
        what: None,
        urgency: if days > 0 { Urgency::Ahead } else { Urgency::Today },
        escalate_after: None,
    }
}

/// What it is called in a calendar.
fn title(occasion: &Occasion, count: Option<i32>) -> Say {
    match (occasion, count) {
        (Occasion::Birthday, _) => Say::new("appointment.birthday"),
        (Occasion::Anniversary, Some(years)) => {
            Say::new("appointment.anniversary").with("n", i128::from(years))
        }
        (Occasion::Anniversary, None) => Say::new("appointment.joined"),
        (Occasion::Other(label), _) => {
            Say::new("appointment.important").with("label", Value::from(label.as_str()))
        }
    }
}

fn why(occasion: &Occasion, days: i32, day: Day, count: Option<i32>) -> Say {
    let when = match days {
        0 => Say::new("when.today"),
        1.. => Say::new("when.ahead").with("n", i128::from(days)).with("day", day.date()),
        _ => Say::new("when.past").with("n", i128::from(-days)).with("day", day.date()),
    };
    let say = match (occasion, count) {
        (Occasion::Birthday, _) => Say::new("due.birthday"),
        (Occasion::Anniversary, Some(years)) => Say::new("due.anniversary").with("n", i128::from(years)),
        (Occasion::Anniversary, None) => Say::new("due.joined"),
        (Occasion::Other(label), _) => Say::new("due.important").with("label", Value::from(label.as_str())),
    };
    say.with("when", when)
}
