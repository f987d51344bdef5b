//! Reps who have left and still have customers or open follow-ups: their lead finds somebody for them.

use std::collections::BTreeMap;

use super::case::{About, Case, Steps, Urgency};
use super::history::History;
use super::rule::Rule;
use crate::document::Say;
use crate::metrics::Panel;

/// Each rep who is no longer active and owns something, one case.
pub(super) fn find(rule: &Rule, panel: &Panel<'_>, history: &History) -> Vec<Case> {
    let facts = panel.facts;
    let today = facts.lens.today();
    let gone = |id: &str| facts.reps.get(id).is_some_and(|rep| !rep.active);
    let mut owned: BTreeMap<&str, (i128, i128)> = BTreeMap::new();
    // By number: there may be a million customers, and few owners.
    let mut customers = vec![0; facts.customers.owners().len()];
    for owner in facts.customers.owner_indexes() {
        customers[*owner as usize] += 1;
    }
    for (owner, count) in facts.customers.owners().iter().zip(customers) {
        if let Some(owner) = owner.as_deref().filter(|owner| count > 0 && gone(owner)) {
            owned.entry(owner).or_default().0 += count;
        }
    }
    for follow_up in facts.matters.follow_ups.iter().filter(|f| f.done_at.is_none()) {
        if let Some(rep) = follow_up.rep_id.as_deref().filter(|rep| gone(rep)) {
            owned.entry(rep).or_default().1 += 1;
        }
    }
    let case = |(rep, (customers, follow_ups)): (&str, (i128, i128))| {
        let anchor = history.lasts_since(&rule.name, rep, today);
        let open = match follow_ups {
            0 => crate::document::Value::Empty,
            n => Say::new("due.handover.open").with("n", n).into(),
        };
        Case {
            rule: rule.name.clone(),
            subject: Case::subject(rep, anchor),
            about: About::Rep(rep.to_owned()),
            rep: Some(rep.to_owned()),
            for_lead: true,
            anchor,
            steps: Steps::once(rule.repeat),
            why: match customers {
                0 => Say::new("due.handover.promised").with("n", follow_ups),
                n => Say::new("due.handover").with("n", n).with("open", open),
            },
            what: None,
            urgency: Urgency::Waiting,
            escalate_after: None,
            slot: None,
        }
    };
    owned.into_iter().map(case).collect()
}
