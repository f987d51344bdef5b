//! Reps' digests: what is due, gathered per rep.

use std::collections::{BTreeMap, BTreeSet};

use super::{Addressed, RemindersSpec};
use crate::care::{Entry, by_rep, digest, follow_up};
use crate::domain::{Facts, People, Recipient, Rep};
use crate::metrics::Panel;

/// What is due, before it is known how those it is about are called.
pub struct Due<'a> {
    panel: Panel<'a>,
    entries: Vec<Entry>,
}

impl<'a> Due<'a> {
    /// What `spec` finds due in `facts`.
    pub fn of(facts: &'a Facts, spec: &'a RemindersSpec) -> Due<'a> {
        let entries = follow_up::due(facts, spec.lead_days);
        Due { panel: Panel::of(facts, &spec.settings), entries }
    }

    /// The customers that are named.
    pub fn wanted(&self) -> BTreeSet<u32> {
        self.entries.iter().map(|entry| entry.customer).collect()
    }

    /// Composes a digest for each active rep who has something due; `recipient` says how a rep is told.
    /// What belongs to nobody who is there goes to each of `nobody`. Whoever is told for several reasons
    /// (a rep who also gets what belongs to nobody) gets one digest of it all.
    pub fn tell(
        self,
        people: &People,
        items_max: usize,
        recipient: impl Fn(&Rep) -> Recipient,
        nobody: &[Recipient],
    ) -> Vec<Addressed> {
        let panel = self.panel;
        let mut by_recipient: BTreeMap<String, (Recipient, Vec<Entry>)> = BTreeMap::new();
        for (rep, entries) in by_rep(&panel, self.entries) {
            let rep = rep.and_then(|id| panel.facts.reps.get(&id));
            let told = rep.map_or_else(|| nobody.to_vec(), |rep| vec![recipient(rep)]);
            for recipient in told {
                let entry = by_recipient.entry(recipient.id.clone());
                entry.or_insert_with(|| (recipient, Vec::new())).1.extend(entries.iter().cloned());
            }
        }
        let digests = by_recipient.into_values().map(|(recipient, mut entries)| {
            digest::order(&panel, &mut entries);
            let document = digest::compose(&panel, people, &recipient, &entries, items_max);
            Addressed { recipient, document }
        });
        digests.collect()
    }
}
