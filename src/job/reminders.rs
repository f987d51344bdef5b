//! Reps' digests: what is due, gathered per rep.

use std::collections::BTreeMap;

use super::{Addressed, RemindersSpec};
use crate::care::{digest, digests, follow_up};
use crate::domain::{Facts, Recipient, Rep};
use crate::metrics::Panel;

/// Composes a digest for each active rep who has something due. `recipient` says how a rep is told;
/// what belongs to nobody who is there goes to `nobody`, whoever that is.
pub fn compose(
    facts: &Facts,
    spec: &RemindersSpec,
    recipient: impl Fn(&Rep) -> Recipient,
    nobody: Option<&Recipient>,
) -> Vec<Addressed> {
    let panel = Panel::of(facts, &spec.settings);
    let due = follow_up::due(facts, spec.lead_days);
    let by_rep: BTreeMap<_, _> = digests(&panel, due);
    let mut addressed = Vec::new();
    for (rep, entries) in by_rep {
        let rep = rep.and_then(|id| facts.reps.get(&id));
        let Some(recipient) = rep.map(&recipient).or_else(|| nobody.cloned()) else { continue };
        let document = digest::compose(&panel, &recipient, &entries, spec.items_max);
        addressed.push(Addressed { recipient, document });
    }
    addressed
}
