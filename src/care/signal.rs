//! What was noticed about customers, and notes of contacts that contain one of the configured words.

use super::case::{About, Case, Steps, Urgency};
use super::rule::Rule;
use crate::document::{Say, Value};
use crate::domain::matter::Noticed;
use crate::metrics::Panel;

/// New signals of the kinds, and notes with one of the words.
pub(super) fn find(rule: &Rule, kinds: &[String], keywords: &[String], panel: &Panel<'_>) -> Vec<Case> {
    let matters = &panel.facts.matters;
    let wanted = |signal: &&Noticed| kinds.is_empty() || kinds.contains(&signal.kind);
    // Whoever asks for words alone does not ask for signals.
    let signals = matters.signals.iter().filter(|_| keywords.is_empty() || !kinds.is_empty()).filter(wanted);
    let mut cases: Vec<Case> = signals
        .map(|signal| {
            let kind = Value::from(signal.kind.replace('_', " "));
            let why = match &signal.value {
                Some(value) => Say::new("due.signal_value").with("value", Value::from(value.as_str())),
                None => Say::new("due.signal"),
            };
            case(rule, panel, signal, &signal.id, why.with("kind", kind))
        })
        .collect();
    for note in &matters.notes {
        let text = note.note.as_deref().unwrap_or_default();
        if let Some(word) = keywords.iter().find(|word| contains(text, word)) {
            let why = Say::new("due.keyword").with("word", Value::from(word.as_str()));
            cases.push(case(rule, panel, note, &format!("note:{}", note.id), why));
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

/// Whether `text` contains `word` as a word, whatever the case of its letters. Scripts that put no blanks
/// between words (Chinese, Japanese, Thai and their neighbours) have no borders to respect.
pub fn contains(text: &str, word: &str) -> bool {
    let (text, word) = (text.to_lowercase(), word.trim().to_lowercase());
    let (Some(first), Some(last)) = (word.chars().next(), word.chars().next_back()) else { return false };
    let mut from = 0;
    while let Some(at) = text[from..].find(&word).map(|at| at + from) {
        let end = at + word.len();
        let before = text[..at].chars().next_back();
        let after = text[end..].chars().next();
        if !joins(before, first) && !joins(after, last) {
            return true;
        }
        from = at + text[at..].chars().next().map_or(1, char::len_utf8);
    }
    false
}

/// Whether a letter beside one of the word's makes both parts of a longer word.
fn joins(beside: Option<char>, own: char) -> bool {
    let runs_on = |c: char| matches!(u32::from(c), 0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17FF | 0x2E80..=0x9FFF | 0xF900..=0xFAFF | 0x20000..=0x3FFFF);
    beside.is_some_and(|c| (c.is_alphanumeric() || c == '_') && !runs_on(c))
        && own.is_alphanumeric()
        && !runs_on(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_as_words_in_any_script() {
        for (text, word, found) in [
            ("They spoke to a Competitor.", "competitor", true),
            ("competitors everywhere", "competitor", false),
            ("the anticompetitor", "competitor", false),
            ("quer CANCELAR já", "cancelar", true),
            ("quer cancelá-lo", "cancelar", false),
            ("хочет расторгнуть договор", "Договор", true),
            ("договоры", "договор", false),
            ("客户想要取消合同", "取消", true),
            ("客户想要续约", "取消", false),
            ("price too high; price", "too high", true),
            ("e-mail: price?", "price", true),
            ("low_price", "price", false),
            ("xcancel cancel", "cancel", true),
            ("anything", "", false),
            ("ÉTÉ", "été", true),
        ] {
            assert_eq!(contains(text, word), found, "{word} in {text}");
        }
    }
}
