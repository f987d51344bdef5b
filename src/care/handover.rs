//! Reps who have left and still have customers or open follow-ups: their lead finds somebody for them.

use std::collections::BTreeMap;

use super::case::{About, Case, Steps, Urgency};
use super::history::History;
use super::rule::Rule;
use crate::document::Say;
use crate::domain::Facts;
use crate::metrics::Panel;

/// Each rep who is no longer active and owns something, one case.
pub(super) fn find(rule: &Rule, panel: &Panel<'_>, history: &History) -> Vec<Case> {
    let facts = panel.facts;
    let today = facts.lens.today();
    let gone = |id: &str| facts.reps.get(id).is_some_and(|rep| !rep.active);
    let mut owned: BTreeMap<&str, (i128, i128)> = BTreeMap::new();
    for (owner, count) in customers(facts).into_iter().filter(|(owner, count)| *count > 0 && gone(owner)) {
        owned.entry(owner).or_default().0 += i128::from(count);
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

/// Owners, and how many customers each has.
fn customers(facts: &Facts) -> Vec<(&str, u64)> {
    if let Some(handed) = &facts.matters.handed {
        return handed.iter().map(|(owner, count)| (owner.as_str(), *count)).collect();
    }
    let customers = &facts.customers;
    let all = customers.owners().iter().zip(customers.owned());
    all.filter_map(|(owner, count)| Some((owner.as_deref()?, count))).collect()
}
