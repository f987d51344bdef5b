//! What a digest told its recipient, entry by entry, in the words they read: what is kept so that they can
//! act on it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::care::digest::Linking;
use crate::document::{Because, Block, Document, Item};
use crate::domain::act::Shown;
use crate::domain::text::excerpt;
use crate::domain::{Day, EntryId, Reason, Recipient, Told};
use crate::render::Locale;

/// Longest promise that a page repeats, in graphemes.
const PROMISE_MAX: usize = 300;

/// The entries of a digest whose items have links: one a customer, whatever number of reasons it has.
pub fn entries(
    document: &Document,
    recipient: &Recipient,
    linking: Linking<'_>,
    locale: &Locale,
) -> Vec<Told> {
    let items = document.blocks.iter().filter_map(|block| match block {
        Block::Items(items) => Some(items),
        _ => None,
    });
    let mut by_customer: BTreeMap<&str, Vec<&Item>> = BTreeMap::new();
    for item in items.flatten().filter(|item| !item.actions.is_empty()) {
        by_customer.entry(&item.customer_id).or_default().push(item);
    }
    let expires: Timestamp = linking.links.expiry(linking.occurrence);
    let told = by_customer.into_iter().map(|(customer, items)| Told {
        id: EntryId::of(linking.job, linking.occurrence, &recipient.id, customer),
        recipient: recipient.id.clone(),
        customer: customer.to_owned(),
        language: locale.tag().to_owned(),
        zone: recipient.zone.iana_name().unwrap_or("UTC").to_owned(),
        reasons: items.iter().flat_map(|item| item.reasons.iter().map(reason)).collect(),
        shown: Some(Shown {
            customer: items.first().map(|item| item.customer.clone()).unwrap_or_default(),
            reasons: sentences(&items, locale),
        }),
        expires,
    });
    told.collect()
}

fn reason(because: &Because) -> Reason {
    Reason { rule: because.rule.clone(), subject: because.subject.clone(), due: Day::of(because.due) }
}

/// Why an entry was told. Two rules may say the same: it is read once.
fn sentences(items: &[&Item], locale: &Locale) -> Vec<String> {
    let mut said = Vec::new();
    for because in items.iter().flat_map(|item| &item.reasons) {
        let words = sentence(because, locale);
        if !said.contains(&words) {
            said.push(words);
        }
    }
    said
}

/// Why it was told, and what was promised.
fn sentence(because: &Because, locale: &Locale) -> String {
    let why = locale.say(&because.why);
    match &because.what {
        Some(what) => format!("{why}: {}", locale.quoted(&excerpt(what, PROMISE_MAX))),
        None => why,
    }
}
