//! Reps' digests: what is due, gathered per rep.

use std::collections::BTreeMap;

use super::{Addressed, RemindersSpec};
use crate::care::{Entry, by_rep, digest, follow_up};
use crate::domain::{Facts, Recipient, Rep};
use crate::metrics::Panel;

/// Composes a digest for each active rep who has something due; `recipient` says how a rep is told. What
/// belongs to nobody who is there goes to each of `nobody`. Whoever is told for several reasons (a rep who
/// also gets what belongs to nobody) gets one digest of it all.
pub fn compose(
    facts: &Facts,
    spec: &RemindersSpec,
    recipient: impl Fn(&Rep) -> Recipient,
    nobody: &[Recipient],
) -> Vec<Addressed> {
    let panel = Panel::of(facts, &spec.settings);
    let due = follow_up::due(facts, spec.lead_days);
    let mut by_recipient: BTreeMap<String, (Recipient, Vec<Entry>)> = BTreeMap::new();
    for (rep, entries) in by_rep(&panel, due) {
        let rep = rep.and_then(|id| facts.reps.get(&id));
        let told = rep.map_or_else(|| nobody.to_vec(), |rep| vec![recipient(rep)]);
        for recipient in told {
            let entry = by_recipient.entry(recipient.id.clone());
            entry.or_insert_with(|| (recipient, Vec::new())).1.extend(entries.iter().cloned());
        }
    }
    let digests = by_recipient.into_values().map(|(recipient, mut entries)| {
        digest::order(&panel, &mut entries);
        let document = digest::compose(&panel, &recipient, &entries, spec.items_max);
        Addressed { recipient, document }
    });
    digests.collect()
}
