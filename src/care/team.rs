//! What a lead hears of what their reps did by the links in their digests.

use std::collections::BTreeMap;

use super::history::History;
use super::staff::Staff;
use crate::document::{Say, Value};
use crate::domain::{Act, Day, Recipient};

/// Days looked back where a lead was not told before.
const BACK: i32 = 7;

/// The names of acts, in the order in which they are told.
const ACTS: [&str; 4] = ["done", "snooze", "hand_over", "not_mine"];

/// What those who report to `lead` did since the last digest of theirs, up to yesterday: what is done today is in the
/// next one. Nothing, where nobody did anything.
pub fn says(staff: &Staff, history: &History, lead: &Recipient, today: Day) -> Option<Say> {
    let last = history.digests.get(&lead.id).into_iter().flatten().filter(|(job, _)| *job == history.job);
    let last =
        last.map(|(_, at)| Day::of(lead.zone.to_datetime(*at).date())).filter(|day| *day < today).max();
    let since = last.unwrap_or(today.plus(-BACK));
    let is_lead = |rep: &String| staff.reps.get(rep).is_some_and(|member| member.recipient.id == lead.id);
    let members = staff.reps.values().filter(|member| member.lead.as_ref().is_some_and(is_lead));
    let members = members.map(|member| &member.recipient).filter(|recipient| recipient.id != lead.id);
    let team: BTreeMap<&str, &str> = members.map(|r| (r.id.as_str(), r.name.as_str())).collect();
    if team.is_empty() {
        return None;
    }
    let mut did: BTreeMap<&str, [i128; ACTS.len()]> = BTreeMap::new();
    for response in history.acts.values().filter(|act| (since..today).contains(&act.on)) {
        if let Some(name) = team.get(response.by.as_str()) {
            did.entry(name).or_default()[place(&response.act)] += 1;
        }
    }
    let reps: Vec<Value> = did.into_iter().map(|(name, counts)| rep(name, counts)).collect();
    let says = Say::new("digest.team").with("day", Value::DayNear(since.date())).with("list", reps.clone());
    (!reps.is_empty()).then_some(says)
}

fn place(act: &Act) -> usize {
    ACTS.iter().position(|name| *name == act.name()).unwrap_or(0)
}

fn rep(name: &str, counts: [i128; ACTS.len()]) -> Value {
    let told = ACTS.iter().zip(counts).filter(|(_, n)| *n > 0);
    let acts: Vec<Value> = told.map(|(act, n)| Say::new(format!("team.{act}")).with("n", n).into()).collect();
    Say::new("digest.team.rep").with("name", name).with("acts", acts).into()
}
