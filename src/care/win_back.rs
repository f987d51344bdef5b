//! Customers who left some days ago and have not come back.

use super::case::{About, Case, Steps, Urgency};
use super::rule::Rule;
use crate::document::Say;
use crate::metrics::Panel;

/// Those who left so many days ago.
pub(super) fn find(rule: &Rule, after: &[i32], panel: &Panel<'_>) -> Vec<Case> {
    let facts = panel.facts;
    let today = facts.lens.today();
    let mut offsets = after.to_vec();
    offsets.sort_unstable();
    offsets.dedup();
    let (Some(first), Some(last)) = (offsets.first(), offsets.last()) else { return Vec::new() };
    let mut cases = Vec::new();
    let left = panel.left_within(today.plus(-last - rule.max_late), today.plus(-first));
    for (customer, left) in left.into_iter().filter(|(customer, _)| rule.is_for(panel, *customer)) {
        cases.push(Case {
            rule: rule.name.clone(),
            subject: Case::subject(&facts.customers.id(customer), left),
            about: About::Customer(customer),
            rep: facts.customers.owner(customer).map(str::to_owned),
            for_lead: false,
            anchor: left,
            steps: Steps { offsets: offsets.clone(), repeat: None },
            why: Say::new("due.left").with("n", i128::from(today.since(left))).with("day", left.date()),
            what: None,
            urgency: Urgency::Waiting,
            escalate_after: rule.escalate_after,
            slot: None,
        });
    }
    cases
}
