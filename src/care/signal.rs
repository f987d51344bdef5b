//! What was noticed about customers, and notes of contacts that contain one of the configured words.

use super::case::{About, Case, Steps, Urgency};
use super::rule::Rule;
use crate::document::{Say, Value};
use crate::domain::matter::Noticed;
use crate::domain::words::small;
use crate::metrics::Panel;

/// New signals of the kinds, and notes with one of the words.
pub(super) fn find(rule: &Rule, kinds: &[String], keywords: &[String], panel: &Panel<'_>) -> Vec<Case> {
    let matters = &panel.facts.matters;
    let wanted = |signal: &&Noticed| kinds.is_empty() || kinds.contains(&signal.kind);
    // Whoever asks for words alone does not ask for signals.
    let signals = matters.signals.iter().filter(|_| keywords.is_empty() || !kinds.is_empty()).filter(wanted);
    let ours = |noticed: &&Noticed| rule.is_for(panel, noticed.customer);
    let mut cases: Vec<Case> = signals
        .filter(ours)
        .map(|signal| {
            let kind = Value::from(signal.kind.replace('_', " "));
            let why = match &signal.value {
                Some(value) => Say::new("due.signal_value").with("value", Value::from(value.as_str())),
                None => Say::new("due.signal"),
            };
            case(rule, panel, signal, &signal.id, why.with("kind", kind))
        })
        .collect();
    for note in matters.notes.iter().filter(ours) {
        let found = keywords.iter().find_map(|word| note.words.get_key_value(&small(word)).zip(Some(word)));
        if let Some(((_, passage), word)) = found {
            let why = Say::new("due.keyword").with("word", Value::from(word.as_str()));
            let case = case(rule, panel, note, &format!("note:{}", note.id), why);
            cases.push(Case { what: Some(passage.clone()), ..case });
        }
    }
    cases
}

fn case(rule: &Rule, panel: &Panel<'_>, noticed: &Noticed, id: &str, why: Say) -> Case {
    let facts = panel.facts;
    let anchor = noticed.at.day(&facts.lens.zone);
    Case {
        rule: rule.name.clone(),
        subject: Case::subject(id, anchor),
        about: About::Customer(noticed.customer),
        rep: facts.customers.owner(noticed.customer).map(str::to_owned),
        for_lead: false,
        anchor,
        steps: Steps::once(rule.repeat),
        why: why.with("n", i128::from(facts.lens.today().since(anchor))),
        what: noticed.note.clone(),
        urgency: Urgency::Today,
        escalate_after: rule.escalate_after,
        slot: None,
    }
}
