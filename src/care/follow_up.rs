//! Follow-ups: promised contacts that are due today, overdue, or due within the lead.

use super::digest::Entry;
use crate::document::Say;
use crate::domain::{Day, Facts, FollowUp};

/// The rule's name: in the ledger, in events.
pub const RULE: &str = "follow_up";

/// The open follow-ups due on or before `today + lead_days`, with whom to tell: whoever promised it, or
/// the customer's owner.
pub fn due(facts: &Facts, lead_days: i32) -> Vec<Entry> {
    let today = facts.lens.today();
    let open = facts.follow_ups.iter().filter(|follow_up| follow_up.done_at.is_none());
    open.filter_map(|follow_up| entry(facts, follow_up, today, lead_days)).collect()
}

fn entry(facts: &Facts, follow_up: &FollowUp, today: Day, lead_days: i32) -> Option<Entry> {
    let due = follow_up.due_at.day(&facts.lens.zone);
    let days_late = today.since(due);
    if days_late < -lead_days {
        return None;
    }
    let owner = facts.customers.owner(follow_up.customer).map(str::to_owned);
    let why = match days_late {
        0 => Say::new("due.today"),
        1.. => Say::new("due.late").with("n", i128::from(days_late)).with("day", due.date()),
        _ => Say::new("due.soon").with("n", i128::from(-days_late)).with("day", due.date()),
    };
    Some(Entry {
        id: follow_up.id.clone(),
        rep_id: follow_up.rep_id.clone().or(owner),
        customer: follow_up.customer,
        days_late,
        why,
        what: follow_up.subject.clone().or_else(|| follow_up.note.clone()),
    })
}
