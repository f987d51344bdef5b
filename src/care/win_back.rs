//! Customers who left some days ago and have not come back.

use super::case::{About, Case, Steps, Urgency};
use super::rule::Rule;
use crate::document::Say;
use crate::metrics::{Activity, Panel};

/// Those who left so many days ago.
pub(super) fn find(rule: &Rule, after: &[i32], panel: &Panel<'_>) -> Vec<Case> {
    let facts = panel.facts;
    let today = facts.lens.today();
    let latest = after.iter().copied().max().unwrap_or(0) + rule.max_late;
    let mut offsets = after.to_vec();
    offsets.sort_unstable();
    offsets.dedup();
    let mut cases = Vec::new();
    let mut activity = Activity::default();
    for customer in facts.customers.all() {
        panel.read_activity(customer, &mut activity);
        let Some(left) = activity.spans().last().map(|span| span.to).filter(|left| *left <= today) else {
            continue;
        };
        let days = today.since(left);
        if days > latest || offsets.first().is_none_or(|first| days < *first) {
            continue;
        }
        cases.push(Case {
            rule: rule.name.clone(),
            subject: Case::subject(&facts.customers.id(customer), left),
            about: About::Customer(customer),
            rep: facts.customers.owner(customer).map(str::to_owned),
            for_lead: false,
            anchor: left,
            steps: Steps { offsets: offsets.clone(), repeat: None },
            why: Say::new("due.left").with("n", i128::from(days)).with("day", left.date()),
            what: None,
            urgency: Urgency::Waiting,
            escalate_after: rule.escalate_after,
            slot: None,
        });
    }
    cases
}
