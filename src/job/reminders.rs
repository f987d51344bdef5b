//! Reps' digests: what is due, gathered per rep.

use std::collections::{BTreeMap, BTreeSet};

use super::{Addressed, RemindersSpec};
use crate::care::digest::{About, Linking};
use crate::care::{Entry, by_rep, digest, follow_up};
use crate::domain::facts::Contacts;
use crate::domain::{Facts, People, Recipient, Rep};
use crate::metrics::Panel;

/// What is due, before it is known how those it is about are called.
pub struct Due<'a> {
    panel: Panel<'a>,
    /// Of each rep, the most pressing first; `None` holds what belongs to nobody who is there.
    by_rep: BTreeMap<Option<String>, Vec<Entry>>,
    items_max: usize,
    linking: Option<Linking<'a>>,
}

impl<'a> Due<'a> {
    /// What `spec` finds due in `facts`.
    pub fn of(facts: &'a Facts, spec: &'a RemindersSpec) -> Due<'a> {
        let panel = Panel::of(facts, &spec.settings);
        let mut by_rep = by_rep(&panel, follow_up::due(facts, spec.lead_days));
        for entries in by_rep.values_mut() {
            digest::order(&panel, entries);
        }
        Due { panel, by_rep, items_max: spec.items_max, linking: None }
    }

    /// With links by which recipients act.
    #[must_use]
    pub fn linked(self, linking: Option<Linking<'a>>) -> Due<'a> {
        Due { linking, ..self }
    }

    /// The customers that are named.
    pub fn wanted(&self) -> BTreeSet<u32> {
        self.by_rep.values().flatten().map(|entry| entry.customer).collect()
    }

    /// The customers of whom more is told than their names: whoever may be among the first of a digest.
    pub fn shown(&self) -> BTreeSet<u32> {
        let first = self.by_rep.values().flat_map(|entries| entries.iter().take(self.items_max));
        first.map(|entry| entry.customer).collect()
    }

    /// Composes a digest for each active rep who has something due; `recipient` says how a rep is told.
    /// What belongs to nobody who is there goes to each of `nobody`. Whoever is told for several reasons
    /// (a rep who also gets what belongs to nobody) gets one digest of it all.
    pub fn tell(
        self,
        people: &People,
        contacts: &Contacts,
        recipient: impl Fn(&Rep) -> Recipient,
        nobody: &[Recipient],
    ) -> Vec<Addressed> {
        let (panel, items_max, linking) = (self.panel, self.items_max, self.linking);
        let mut by_recipient: BTreeMap<String, (Recipient, Vec<Entry>)> = BTreeMap::new();
        for (rep, entries) in self.by_rep {
            let rep = rep.and_then(|id| panel.facts.reps.get(&id));
            let told = rep.map_or_else(|| nobody.to_vec(), |rep| vec![recipient(rep)]);
            for recipient in told {
                let entry = by_recipient.entry(recipient.id.clone());
                entry.or_insert_with(|| (recipient, Vec::new())).1.extend(entries.iter().cloned());
            }
        }
        let digests = by_recipient.into_values().map(|(recipient, mut entries)| {
            digest::order(&panel, &mut entries);
            let about = About { panel: &panel, people, contacts };
            let document = digest::compose(about, &recipient, &entries, items_max, linking);
            Addressed { recipient, document }
        });
        digests.collect()
    }
}
